//! The audit log: read, searched, taken along, and checked for tampering.

use axum::Json;
use axum::body::Body as Stream;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use infra::database::StoreError;
use serde::Deserialize;
use serde_json::json;
use tenant::audit::chain::{self, Verdict};
use tenant::audit::export::{self, Format};
use tenant::audit::{self, AuditEntry, Filter};
use tenant::page::{Cursor, Page};
use tenant::throttle::Rate;
use tenant::{Member, Permission, Scope};

use super::Problems;
use crate::extract::{AsMember, Query, cursor, limit};
use crate::problem::Problem;

/// Which part of a list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100; 25 when absent.
    limit: Option<u64>,
}

impl PageQuery {
    /// Where to go on, and how far.
    pub(crate) fn bounds(&self) -> Result<(Option<Cursor>, u64), Problem> {
        Ok((cursor(self.cursor.as_deref())?, limit(self.limit)?))
    }
}

/// Which part of the log; what is absent does not narrow.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Of this actor: the id of an agent or of an API key.
    actor_id: Option<String>,
    /// This action, or all of a noun: `agent` finds `agent.updated` too.
    action: Option<String>,
    /// Done to the thing with this id.
    target: Option<String>,
    /// A part of the actor's name, the action, the target or the detail.
    query: Option<String>,
    /// From this instant on.
    from: Option<DateTime<Utc>>,
    /// Before this instant.
    to: Option<DateTime<Utc>>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100; 25 when absent.
    limit: Option<u64>,
}

/// Which entries, and how they are written.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditExportQuery {
    /// How they are written.
    #[param(inline)]
    format: Format,
    /// Of this actor: the id of an agent or of an API key.
    actor_id: Option<String>,
    /// This action, or all of a noun: `agent` finds `agent.updated` too.
    action: Option<String>,
    /// Done to the thing with this id.
    target: Option<String>,
    /// A part of the actor's name, the action, the target or the detail.
    query: Option<String>,
    /// From this instant on.
    from: Option<DateTime<Utc>>,
    /// Before this instant.
    to: Option<DateTime<Utc>>,
}

/// What is asked for. Ids and actions that cannot be any are refused; words are looked for as they are.
fn checked(mut filter: Filter) -> Result<Filter, Problem> {
    let words = filter.words.as_deref().map(|text| text.replace('\0', "").trim().chars().take(100).collect::<String>());
    filter.words = words.filter(|text| !text.is_empty());
    filter.actor_id = name(filter.actor_id, false)?;
    filter.action = name(filter.action, true)?;
    filter.target = name(filter.target, false)?;
    Ok(filter)
}

/// An id, or an action with its dot.
fn name(text: Option<String>, dotted: bool) -> Result<Option<String>, Problem> {
    let is_name = |text: &str| {
        let is_letter = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_' || (dotted && c == b'.');
        (1..=80).contains(&text.len()) && text.bytes().all(is_letter)
    };
    match text {
        None => Ok(None),
        Some(text) if is_name(&text) => Ok(Some(text)),
        Some(_) => {
            let detail = Some("An id, or an action like `agent.updated`.");
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "query_invalid", detail))
        }
    }
}

/// Read the audit log
///
/// Newest first.
#[utoipa::path(get, path = "/v1/audit-log", tag = "audit-log", params(AuditQuery), responses((status = 200, body = Page<AuditEntry>), Problems))]
pub(crate) async fn list(
    AsMember(scope): AsMember,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    scope.require(Permission::AuditRead)?;
    let (cursor, limit) = (cursor(query.cursor.as_deref())?, limit(query.limit)?);
    let AuditQuery { actor_id, action, target, query: words, from, to, .. } = query;
    let filter = checked(Filter { actor_id, action, target, words, from, to })?;
    let _room = scope.tenant.reads_much().await?;
    let tx = scope.begin().await?;
    Ok(Json(audit::list(&tx, &filter, cursor, limit).await?))
}

/// Take the audit log along
///
/// Newest first, all of it that fits, as a file.
#[utoipa::path(get, path = "/v1/audit-log/export", tag = "audit-log", params(AuditExportQuery),
    responses((status = 200, description = "The entries", content((String = "text/csv"), (String = "application/x-ndjson"))), Problems))]
pub(crate) async fn export(
    AsMember(scope): AsMember,
    Query(query): Query<AuditExportQuery>,
) -> Result<Response, Problem> {
    scope.require(Permission::AuditRead)?;
    let AuditExportQuery { format, actor_id, action, target, query: words, from, to } = query;
    let filter = checked(Filter { actor_id, action, target, words, from, to })?;
    let (world, account) = (&scope.tenant.world, scope.tenant.id());
    world
        .throttle
        .attempt(&world.database, &format!("audit-export:{account}"), Rate::new(30, 3600), scope.now())
        .await?;
    let tx = scope.begin().await?;
    audit::note(&tx, &scope.actor(), "audit.exported", None, json!({ "format": format })).await?;
    tx.commit().await?;
    let day = scope.now().format("%Y-%m-%d");
    let name = format!("attachment; filename=\"audit-log-{day}.{}\"", format.extension());
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).map_err(|_| Problem::internal())?),
    ];
    Ok((headers, Stream::from_stream(parts(scope, format, filter))).into_response())
}

/// Where an export stands.
enum Progress {
    Begin,
    At(Option<Cursor>),
    End,
}

/// The file, part by part, each read when the one before was taken.
fn parts(
    scope: Scope<Member>,
    format: Format,
    filter: Filter,
) -> impl futures::Stream<Item = Result<String, StoreError>> + Send {
    futures::stream::try_unfold((scope, filter, Progress::Begin), move |(scope, filter, at)| async move {
        let cursor = match at {
            Progress::Begin => return Ok(Some((format.head(), (scope, filter, Progress::At(None))))),
            Progress::At(cursor) => cursor,
            Progress::End => return Ok(None),
        };
        let tx = scope.begin().await?;
        let (text, next) = export::part(&tx, format, &filter, cursor).await?;
        drop(tx);
        let at = next.map_or(Progress::End, |cursor| Progress::At(Some(cursor)));
        Ok(Some((text, (scope, filter, at))))
    })
}

/// Check the audit log
///
/// Every entry seals the one before it: says whether any was changed, taken out or slipped in.
#[utoipa::path(get, path = "/v1/audit-log/integrity", tag = "audit-log", responses((status = 200, body = Verdict), Problems))]
pub(crate) async fn integrity(AsMember(scope): AsMember) -> Result<Json<Verdict>, Problem> {
    scope.require(Permission::AuditRead)?;
    let tx = scope.begin().await?;
    Ok(Json(chain::verify(&tx).await?))
}
