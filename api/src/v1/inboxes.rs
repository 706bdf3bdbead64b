//! Inboxes.

use axum::Json;
use axum::http::StatusCode;
use desk::inbox::{self, Inbox, InboxError, InboxId, InboxSettingsChange};
use serde::Deserialize;
use tenant::page::Page;
use tenant::{Permission, audit};

use super::Problems;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// List inboxes
#[utoipa::path(get, path = "/v1/inboxes", tag = "inboxes", responses((status = 200, body = Page<Inbox>), Problems))]
pub(crate) async fn list(AsMember(scope): AsMember) -> Result<Json<Page<Inbox>>, Problem> {
    scope.require(Permission::InboxesRead)?;
    let tx = scope.begin().await?;
    Ok(Json(Page::whole(inbox::list(&tx).await?)))
}

/// An inbox to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InboxRequest {
    /// 1 to 80 characters.
    name: String,
    /// How the widget looks and what it says.
    #[serde(default)]
    settings: InboxSettingsChange,
}

/// Make an inbox
#[utoipa::path(post, path = "/v1/inboxes", tag = "inboxes", request_body = InboxRequest, responses((status = 201, body = Inbox), Problems))]
pub(crate) async fn create(
    AsMember(scope): AsMember,
    Body(ask): Body<InboxRequest>,
) -> Result<(StatusCode, Json<Inbox>), Problem> {
    scope.require(Permission::InboxesManage)?;
    let tx = scope.begin().await?;
    let inbox = inbox::create(&tx, &ask.name, ask.settings, scope.limits().inboxes).await?;
    audit::note(
        &tx,
        &scope.actor(),
        "inbox.created",
        Some(inbox.id.to_string()),
        serde_json::json!({ "name": inbox.name }),
    )
    .await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(inbox)))
}

/// Show an inbox
#[utoipa::path(get, path = "/v1/inboxes/{id}", tag = "inboxes", params(("id" = InboxId, Path)), responses((status = 200, body = Inbox), Problems))]
pub(crate) async fn show(AsMember(scope): AsMember, Path(id): Path<InboxId>) -> Result<Json<Inbox>, Problem> {
    scope.require(Permission::InboxesRead)?;
    let tx = scope.begin().await?;
    Ok(Json(inbox::find(&tx, id).await?.ok_or(InboxError::Unknown)?))
}

/// What may be changed of an inbox; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InboxChange {
    /// 1 to 80 characters.
    #[serde(default)]
    name: Option<String>,
    /// Some of the settings.
    #[serde(default)]
    settings: InboxSettingsChange,
}

/// Change an inbox
#[utoipa::path(patch, path = "/v1/inboxes/{id}", tag = "inboxes", params(("id" = InboxId, Path)), request_body = InboxChange,
    responses((status = 200, body = Inbox), Problems))]
pub(crate) async fn change(
    AsMember(scope): AsMember,
    Path(id): Path<InboxId>,
    Body(ask): Body<InboxChange>,
) -> Result<Json<Inbox>, Problem> {
    scope.require(Permission::InboxesManage)?;
    let tx = scope.begin().await?;
    let inbox = inbox::update(&tx, id, ask.name, ask.settings).await?;
    audit::note(&tx, &scope.actor(), "inbox.updated", Some(id.to_string()), serde_json::json!({ "name": inbox.name }))
        .await?;
    tx.commit().await?;
    Ok(Json(inbox))
}
