//! The audit log.

use axum::Json;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tenant::Permission;
use tenant::audit::{self, AuditEntry, Filter};
use tenant::page::{Cursor, Page};

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

impl AuditQuery {
    /// What is asked for. Ids and actions that cannot be any are refused; words are looked for as they are.
    pub(crate) fn filter(&self) -> Result<Filter, Problem> {
        let words =
            self.query.as_deref().map(|text| text.replace('\0', "").trim().chars().take(100).collect::<String>());
        Ok(Filter {
            actor_id: name(self.actor_id.as_deref(), false)?,
            action: name(self.action.as_deref(), true)?,
            target: name(self.target.as_deref(), false)?,
            words: words.filter(|text| !text.is_empty()),
            from: self.from,
            to: self.to,
        })
    }
}

/// An id, or an action with its dot.
fn name(text: Option<&str>, dotted: bool) -> Result<Option<String>, Problem> {
    let is_name = |text: &str| {
        let is_letter = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_' || (dotted && c == b'.');
        (1..=80).contains(&text.len()) && text.bytes().all(is_letter)
    };
    match text {
        None => Ok(None),
        Some(text) if is_name(text) => Ok(Some(text.to_owned())),
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
    let tx = scope.begin().await?;
    Ok(Json(audit::list(&tx, query.filter()?, cursor, limit).await?))
}
