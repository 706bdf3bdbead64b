//! Erasing a contact: first what would go, then, when somebody has typed that they mean it, all of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use desk::contact::ContactId;
use desk::erasure::{self, ErasurePreview};
use infra::validate::Check;
use routing::rights::{self, Confirmed};
use serde::Deserialize;
use tenant::Permission;

use super::Problems;
use crate::App;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// A second thought.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EraseRequest {
    /// What the preview says in `confirm_with`, letter by letter.
    confirm: String,
}

/// Show what erasing a contact would do
#[utoipa::path(get, path = "/v1/contacts/{id}/erasure", tag = "data", params(("id" = ContactId, Path)), responses((status = 200, body = ErasurePreview), Problems))]
pub(crate) async fn preview_erasure(
    AsMember(scope): AsMember,
    Path(id): Path<ContactId>,
) -> Result<Json<ErasurePreview>, Problem> {
    scope.require(Permission::DataManage)?;
    let tx = scope.begin().await?;
    Ok(Json(erasure::preview(&tx, id).await?))
}

/// Erase a contact
///
/// Their name, addresses and everything they and others have written in their conversations is erased for good, also from exports made
/// earlier; conversations that are going on end. Numbers and times stay. Answers with what there was.
#[utoipa::path(post, path = "/v1/contacts/{id}/erase", tag = "data", params(("id" = ContactId, Path)), request_body = EraseRequest,
    responses((status = 200, body = ErasurePreview), Problems))]
pub(crate) async fn erase_contact(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<ContactId>,
    Body(ask): Body<EraseRequest>,
) -> Result<Json<ErasurePreview>, Problem> {
    scope.require(Permission::DataManage)?;
    let mut check = Check::new();
    let typed = check.line("confirm", &ask.confirm, 1, 300);
    check.finish()?;
    Ok(Json(rights::erase(&app.routing, &scope.tenant, &scope.actor(), id, Confirmed::Typed(&typed)).await?))
}
