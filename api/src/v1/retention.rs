//! For how long people's data is kept.

use axum::Json;
use desk::retention::{self, Retention, RetentionPreview, RetentionRequest};
use serde_json::json;
use tenant::{Permission, audit};

use super::Problems;
use crate::extract::{AsMember, Body};
use crate::problem::Problem;

/// Show for how long data is kept
#[utoipa::path(get, path = "/v1/retention", tag = "data", responses((status = 200, body = Retention), Problems))]
pub(crate) async fn show_retention(AsMember(scope): AsMember) -> Result<Json<Retention>, Problem> {
    scope.require(Permission::DataManage)?;
    let tx = scope.begin().await?;
    Ok(Json(retention::show(&tx).await?))
}

/// Choose for how long data is kept
///
/// Carried out within the hour, in small portions. What is erased cannot be brought back: look at the preview first.
#[utoipa::path(put, path = "/v1/retention", tag = "data", request_body = RetentionRequest, responses((status = 200, body = Retention), Problems))]
pub(crate) async fn set_retention(
    AsMember(scope): AsMember,
    Body(ask): Body<RetentionRequest>,
) -> Result<Json<Retention>, Problem> {
    scope.require(Permission::DataManage)?;
    let tx = scope.begin().await?;
    let chosen = retention::set(&tx, &ask).await?;
    let detail = json!({
        "conversation_days": chosen.conversation_days, "contact_days": chosen.contact_days, "audit_days": chosen.audit_days,
    });
    audit::note(&tx, &scope.actor(), "retention.updated", None, detail).await?;
    tx.commit().await?;
    Ok(Json(chosen))
}

/// Show what a choice would erase at once
///
/// Changes nothing.
#[utoipa::path(post, path = "/v1/retention/preview", tag = "data", request_body = RetentionRequest, responses((status = 200, body = RetentionPreview), Problems))]
pub(crate) async fn preview_retention(
    AsMember(scope): AsMember,
    Body(ask): Body<RetentionRequest>,
) -> Result<Json<RetentionPreview>, Problem> {
    scope.require(Permission::DataManage)?;
    let tx = scope.begin().await?;
    Ok(Json(retention::preview(&tx, &ask).await?))
}
