//! Taking data along: archives of one contact or of the whole company, made in the background, fetched by whoever asked for them.

use axum::Json;
use axum::body::Body as Stream;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use desk::contact::{self, ContactError, ContactId};
use infra::validate::Check;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenant::export::{self, DataExport, ExportError, ExportHolds, ExportId, ExportStatus};
use tenant::page::Page;
use tenant::throttle::Rate;
use tenant::token::Audience;
use tenant::{Member, Permission, Scope, audit, vault};

use super::Problems;
use crate::extract::{AsMember, Body, Path, Query};
use crate::layers::LongLived;
use crate::problem::Problem;

/// How many exports of contacts a company may ask for in an hour, and of itself in a day.
const CONTACTS_AN_HOUR: Rate = Rate::new(60, 3600);
const ACCOUNTS_A_DAY: Rate = Rate::new(12, 86_400);

/// What to take along.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportRequest {
    /// The whole company, or one contact.
    holds: ExportHolds,
    /// Whose data, for an export of one contact.
    #[serde(default)]
    contact_id: Option<ContactId>,
}

/// A way to the file.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DownloadLink {
    /// Where it is, below the address of this server. Good for whoever asked for it and nobody else, with their own access token.
    url: String,
    /// Until when.
    expires_at: DateTime<Utc>,
}

/// The link.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinkQuery {
    /// As it is in the `url`.
    link: String,
}

async fn noted(scope: &Scope<Member>, action: &'static str, export: &DataExport, more: Value) -> Result<(), Problem> {
    let tx = scope.begin().await?;
    let mut detail = json!({ "holds": export.holds, "contact_id": export.contact_id });
    if let (Some(detail), Value::Object(more)) = (detail.as_object_mut(), more) {
        detail.extend(more);
    }
    audit::note(&tx, &scope.actor(), action, Some(export.id.to_string()), detail).await?;
    Ok(tx.commit().await?)
}

/// List exports
///
/// Newest first, at most 100.
#[utoipa::path(get, path = "/v1/data-exports", tag = "data", responses((status = 200, body = Page<DataExport>), Problems))]
pub(crate) async fn list_exports(AsMember(scope): AsMember) -> Result<Json<Page<DataExport>>, Problem> {
    scope.require(Permission::DataManage)?;
    Ok(Json(Page::whole(export::list(scope.world(), scope.tenant.id()).await?)))
}

/// Ask for an export
///
/// It is made in the background; look at it again until it is `ready`. `storage_full` while the archives that are kept take all the
/// room for files that the plan has.
#[utoipa::path(post, path = "/v1/data-exports", tag = "data", request_body = ExportRequest, responses((status = 201, body = DataExport), Problems))]
pub(crate) async fn ask_for_export(
    AsMember(scope): AsMember,
    Body(ask): Body<ExportRequest>,
) -> Result<(StatusCode, Json<DataExport>), Problem> {
    scope.require(Permission::DataManage)?;
    let mut check = Check::new();
    match (ask.holds, ask.contact_id) {
        (ExportHolds::Contact, None) => check.refuse("contact_id", "contact_missing", "Say whose data."),
        (ExportHolds::Account, Some(_)) => {
            check.refuse("contact_id", "contact_unwanted", "The whole account has everybody's.");
        }
        (ExportHolds::Account, None) | (ExportHolds::Contact, Some(_)) => {}
    }
    check.finish()?;
    if let Some(id) = ask.contact_id {
        let tx = scope.begin().await?;
        contact::find(&tx, id).await?.ok_or(ContactError::Unknown)?;
    }
    let (world, account) = (scope.world(), scope.tenant.id());
    let (key, rate) = match ask.holds {
        ExportHolds::Account => (format!("export:{account}"), ACCOUNTS_A_DAY),
        ExportHolds::Contact => (format!("export-contact:{account}"), CONTACTS_AN_HOUR),
    };
    world.throttle.attempt(&world.database, &key, rate, scope.now()).await?;
    let made = export::ask(world, account, scope.who.agent_id, ask.contact_id, scope.limits().storage_bytes).await?;
    noted(&scope, "data_export.requested", &made, json!({})).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Show an export
#[utoipa::path(get, path = "/v1/data-exports/{id}", tag = "data", params(("id" = ExportId, Path)), responses((status = 200, body = DataExport), Problems))]
pub(crate) async fn show_export(
    AsMember(scope): AsMember,
    Path(id): Path<ExportId>,
) -> Result<Json<DataExport>, Problem> {
    scope.require(Permission::DataManage)?;
    Ok(Json(export::find(scope.world(), scope.tenant.id(), id).await?))
}

/// Take an export back
///
/// Its file is removed at once.
#[utoipa::path(delete, path = "/v1/data-exports/{id}", tag = "data", params(("id" = ExportId, Path)), responses((status = 204), Problems))]
pub(crate) async fn withdraw_export(
    AsMember(scope): AsMember,
    Path(id): Path<ExportId>,
) -> Result<StatusCode, Problem> {
    scope.require(Permission::DataManage)?;
    let gone = export::withdraw(scope.world(), scope.tenant.id(), id).await?;
    gone.remove_files(scope.world()).await?;
    noted(&scope, "data_export.withdrawn", &gone, json!({})).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get a link to an export
///
/// For whoever asked for the export, for 15 minutes.
#[utoipa::path(post, path = "/v1/data-exports/{id}/link", tag = "data", params(("id" = ExportId, Path)), responses((status = 200, body = DownloadLink), Problems))]
pub(crate) async fn link_to_export(
    AsMember(scope): AsMember,
    Path(id): Path<ExportId>,
) -> Result<Json<DownloadLink>, Problem> {
    scope.require(Permission::DataManage)?;
    let found = export::find(scope.world(), scope.tenant.id(), id).await?;
    if found.requested_by != scope.who.agent_id {
        return Err(ExportError::BadLink.into());
    }
    if found.status != ExportStatus::Ready {
        return Err(ExportError::NotReady.into());
    }
    let (account, person, now) = (scope.tenant.id().uuid(), scope.who.agent_id.uuid(), scope.now());
    let link = scope.world().keys.sign(Audience::Download, account, person, id.uuid(), now)?;
    let expires_at = now + Audience::Download.lifetime();
    Ok(Json(DownloadLink { url: format!("/v1/data-exports/{id}/file?link={link}"), expires_at }))
}

/// Fetch an export
///
/// With a link, and the access token of the person whom it was given.
#[utoipa::path(get, path = "/v1/data-exports/{id}/file", tag = "data", params(("id" = ExportId, Path), LinkQuery),
    responses((status = 200, description = "A ZIP file", content_type = "application/zip"), Problems))]
pub(crate) async fn fetch_export(
    AsMember(scope): AsMember,
    Path(id): Path<ExportId>,
    Query(query): Query<LinkQuery>,
) -> Result<Response, Problem> {
    scope.require(Permission::DataManage)?;
    let found = export::find(scope.world(), scope.tenant.id(), id).await?;
    let link =
        scope.world().keys.verify(Audience::Download, &query.link, scope.now()).map_err(|_| ExportError::BadLink)?;
    let meant = (scope.tenant.id().uuid(), scope.who.agent_id.uuid(), id.uuid());
    if (link.tid, link.sub, link.sid) != meant || found.requested_by != scope.who.agent_id {
        return Err(ExportError::BadLink.into());
    }
    if found.status != ExportStatus::Ready {
        return Err(ExportError::NotReady.into());
    }
    let file = vault::read(scope.world(), found.account(), found.place(), &found.path()).await?;
    noted(&scope, "data_export.downloaded", &found, json!({ "bytes": found.bytes })).await?;
    let name = format!("attachment; filename=\"{}\"", found.file_name());
    let mut headers: Vec<(HeaderName, HeaderValue)> = vec![
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).map_err(|_| Problem::internal())?),
    ];
    headers.extend(found.bytes.map(|bytes| (header::CONTENT_LENGTH, HeaderValue::from(bytes))));
    let mut response = Stream::from_stream(file).into_response();
    response.headers_mut().extend(headers);
    response.extensions_mut().insert(LongLived);
    Ok(response)
}
