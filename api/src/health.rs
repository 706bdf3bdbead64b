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

/// 200 when a message could be written now; 503 while Postgres is away or has not said yet what time it is, migrations are missing, or the
/// server is going away.
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

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn the_images_health_check_looks_for_what_a_live_process_answers() {
        let dockerfile = include_str!("../../infra/deploy/Dockerfile");
        let check = dockerfile.lines().find(|line| line.contains("GET /livez ")).unwrap();
        let looked_for = check.split_once("grep -q ' ").and_then(|(_, rest)| rest.split_once(" '")).unwrap().0;
        let status = live().now_or_never().unwrap();
        assert_eq!(looked_for, status.as_str());
    }
}
