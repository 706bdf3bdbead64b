//! Where Stripe tells what has happened.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use crate::App;
use crate::problem::Problem;

/// Takes an event. What it says is looked up at Stripe, by the workers, a moment later.
pub(super) async fn receive(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<serde_json::Value>, Problem> {
    let signature = headers.get("stripe-signature").and_then(|header| header.to_str().ok()).unwrap_or_default();
    // Other bytes than text were never signed.
    let Ok(body) = std::str::from_utf8(&body) else {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "body_unreadable", None));
    };
    app.billing.receive(body, signature).await?;
    Ok(Json(serde_json::json!({ "received": true })))
}
