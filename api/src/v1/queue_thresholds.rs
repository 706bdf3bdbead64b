//! Past which numbers the queue board raises its voice.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use desk::queue::{self, Thresholds, ThresholdsRequest};
use serde_json::json;

use super::Problems;
use super::setup::{Setup, look};
use crate::App;
use crate::extract::{AsMember, Body};
use crate::problem::Problem;

/// Show the thresholds of the queue board
#[utoipa::path(get, path = "/v1/queue/thresholds", tag = "queue", operation_id = "show_thresholds",
    responses((status = 200, body = Thresholds), Problems))]
pub(crate) async fn show(AsMember(scope): AsMember) -> Result<Json<Thresholds>, Problem> {
    let tx = look(&scope).await?;
    Ok(Json(queue::thresholds(&tx).await?))
}

/// Choose the thresholds of the queue board
#[utoipa::path(put, path = "/v1/queue/thresholds", tag = "queue", operation_id = "set_thresholds", request_body = ThresholdsRequest,
    responses((status = 200, body = Thresholds), Problems))]
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<ThresholdsRequest>,
) -> Result<Json<Thresholds>, Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let thresholds = queue::set_thresholds(&setup.tx, ask).await?;
    let detail = json!({ "waiting": thresholds.waiting, "longest_seconds": thresholds.longest_seconds });
    setup.done("queue.thresholds_changed", None, detail).await?;
    Ok(Json(thresholds))
}
