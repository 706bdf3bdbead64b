//! The emergency plan.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use desk::emergency::{self, Emergency, EmergencyPlan};
use serde_json::json;
use tenant::{Permission, audit};

use super::Problems;
use crate::App;
use crate::extract::{AsMember, Body};
use crate::problem::Problem;

/// Show the emergency plan
#[utoipa::path(get, path = "/v1/emergency", tag = "account", operation_id = "show_emergency",
    responses((status = 200, body = Emergency), Problems))]
pub(crate) async fn show(AsMember(scope): AsMember) -> Result<Json<Emergency>, Problem> {
    let tx = scope.begin().await?;
    Ok(Json(emergency::find(&tx).await?))
}

/// Write the emergency plan, and switch it on or off
///
/// Everybody who is connected, agents and visitors, hears of it at once. Chat goes on meanwhile.
#[utoipa::path(put, path = "/v1/emergency", tag = "account", operation_id = "set_emergency", request_body = EmergencyPlan,
    responses((status = 200, body = Emergency), Problems))]
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<EmergencyPlan>,
) -> Result<Json<Emergency>, Problem> {
    scope.require(Permission::AccountManage)?;
    let tx = scope.begin().await?;
    let plan = emergency::set(&tx, ask).await?;
    let detail = json!({ "active": plan.active, "contacts": plan.contacts.len() });
    audit::note(&tx, &scope.actor(), "emergency.updated", None, detail).await?;
    tx.commit().await?;
    routing::emergency::tell(&app.routing, scope.tenant.id(), plan.clone()).await;
    Ok(Json(plan))
}
