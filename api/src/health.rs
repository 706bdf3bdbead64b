//! Whether the process lives, and whether a send would succeed.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::App;

/// The process answers.
pub(crate) async fn live() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// 200 when a message could be written now; 503 while Postgres is away, migrations are missing, or the server is going away.
/// Answers from what was measured within the last second or two, so it is quick also while a service hangs.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> (StatusCode, Json<serde_json::Value>) {
    let state = app.routing.health.now();
    let database = state.database == Some(true);
    let going = app.going_away.is_cancelled();
    let status = if database && !going { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let told = serde_json::json!({
        "database": database, "going_away": going, "bus": state.bus, "cache": state.cache,
    });
    (status, Json(told))
}
