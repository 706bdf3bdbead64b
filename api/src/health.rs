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
pub(crate) async fn ready(State(app): State<Arc<App>>) -> (StatusCode, Json<serde_json::Value>) {
    let database = matches!(tenant::migrate::is_current(&app.world.database).await, Ok(true));
    let going = app.going_away.is_cancelled();
    let bus = app.routing.bus.connection_state() == async_nats::connection::State::Connected;
    let cache = app.world.cache.connection().await.is_ok();
    let status = if database && !going { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(serde_json::json!({ "database": database, "going_away": going, "bus": bus, "cache": cache })))
}
