//! `Idempotency-Key` on any write: a repeat within 24 hours gets the first answer.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use infra::spoken::OrLog as _;
use tenant::idempotency::{Claim, claim, record, release};
use tenant::{Member, Scope, Visitor};
use uuid::Uuid;

use crate::App;
use crate::extract::bearer;
use crate::problem::Problem;

/// How large a body may be.
pub(crate) const LARGEST_BODY: usize = 128 * 1024;

/// Answers a repeated write with what it got the first time. Requests without a key or a caller pass through; signup keeps
/// its own book, in the transaction of the signup itself.
pub(crate) async fn remember(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let key = match request.headers().get("idempotency-key") {
        Some(key) if *request.method() != Method::GET && is_kept(request.uri().path()) => key,
        _ => return next.run(request).await,
    };
    let Some(key) = key.to_str().ok().and_then(|key| Uuid::parse_str(key).ok()) else {
        return Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_invalid",
            Some("Idempotency-Key is a UUID."),
        )
        .into_response();
    };
    let token = bearer(request.headers()).map(ToOwned::to_owned);
    let Some(caller) = caller(&app, token).await else { return next.run(request).await };

    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST_BODY).await else {
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", Some("At most 128 KiB.")).into_response();
    };
    let fingerprint = format!("{} {}\n{}", parts.method, parts.uri.path(), String::from_utf8_lossy(&bytes));
    match claim(&app.world, &caller, key, &fingerprint).await {
        Err(error) => Problem::from(error).into_response(),
        Ok(Claim::Mismatch) => {
            Problem::new(StatusCode::CONFLICT, "idempotency_key_reused", Some("This key was used for another request."))
                .into_response()
        }
        Ok(Claim::Busy) => Problem::new(
            StatusCode::CONFLICT,
            "idempotency_key_busy",
            Some("The first request with this key is still at work."),
        )
        .into_response(),
        Ok(Claim::Answered { status, body }) => replay(status, body),
        Ok(Claim::Fresh) => {
            let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
            keep(&app, &caller, key, response).await
        }
    }
}

/// Answers that hold a secret are never written down, not even for a repeat.
fn is_kept(path: &str) -> bool {
    !path.starts_with("/v1/auth/")
        && !path.starts_with("/v1/invitations/by-token/")
        && !path.starts_with("/v1/api-keys")
        && !["/v1/signup", "/v1/widget/session", "/v1/widget/identify"].contains(&path)
        && !path.contains("/identity/keys")
}

async fn caller(app: &Arc<App>, token: Option<String>) -> Option<String> {
    let token = token?;
    if let Ok(scope) = Scope::<Member>::enter(&app.world, &token).await {
        return Some(scope.who.agent_id.to_string());
    }
    let scope = Scope::<Visitor>::enter(&app.world, &token).await.ok()?;
    Some(format!("{}/{}", scope.tenant.id(), scope.who.contact_id))
}

fn replay(status: i16, body: Vec<u8>) -> Response {
    let status =
        u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK);
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

/// Keeps a success. A refusal is not kept: the caller may mend the request and use the key again.
async fn keep(app: &App, caller: &str, key: Uuid, response: Response) -> Response {
    if !response.status().is_success() {
        release(&app.world, caller, key).await.or_log("releasing an idempotency key");
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, 4 * LARGEST_BODY).await else { return Problem::internal().into_response() };
    let status = i16::try_from(parts.status.as_u16()).unwrap_or(200);
    record(&app.world, caller, key, status, bytes.to_vec()).await.or_log("keeping an answer");
    Response::from_parts(parts, Body::from(bytes))
}
