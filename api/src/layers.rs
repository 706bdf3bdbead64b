//! What every request passes through: an id, a clock that is right, bounds, security headers, and a task of its own.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument as _;
use tracing::field::Empty;

use crate::App;
use crate::pace::{self, Told};
use crate::problem::{Problem, Unanswered};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request an id, and its problem (if it comes to that) the same.
pub(crate) async fn identify(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let told = Told::default();
    request.extensions_mut().insert(told.clone());
    let given = request.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok());
    let fits = |id: &&str| {
        (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let id = given
        .filter(fits)
        .map_or_else(|| infra::ids::encode(app.world.chance.uuid(app.world.now())), ToOwned::to_owned);
    let is_api = request.uri().path().starts_with("/v1/");
    let is_scim = request.uri().path().starts_with("/v1/scim/");
    let tell = |problem: Problem| if is_scim { problem.answer_to_a_directory(&id) } else { problem.answer(&id) };
    let method = request.method().clone();
    // The pattern, never the path: a path may hold the secret of an invitation.
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let began = std::time::Instant::now();

    let span = tracing::debug_span!("request", otel.name = %format_args!("{method} {route}"), request.id = %id, status = Empty);
    let mut response = next.run(request).instrument(span.clone()).await;
    span.record("status", response.status().as_u16());

    let status = response.status();
    if let Some(Unanswered(problem)) = response.extensions_mut().remove::<Unanswered>() {
        response = keep_headers(&response, tell(problem));
    } else if is_api && status.is_client_error() && !is_json(&response) {
        // What axum itself refuses (an unknown path or method) speaks the same language.
        let code = match status {
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
            StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
            _ => "request_invalid",
        };
        response = keep_headers(&response, tell(Problem::new(status, code, None)));
    }
    if is_api {
        pace::tell(&told, &mut response);
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID.clone(), value);
    }
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
    let class = match status.as_u16() / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "1xx",
    };
    metrics::counter!("frontdesk_http_requests_total", "status" => class).increment(1);
    if is_api && response.extensions().get::<LongLived>().is_none() {
        metrics::histogram!("frontdesk_api_request_seconds").record(began.elapsed());
    }
    if status.is_server_error() {
        tracing::warn!(request.id = %id, %method, route, status = status.as_u16(), "answered");
    } else {
        tracing::debug!(request.id = %id, %method, route, status = status.as_u16(), "answered");
    }
    response
}

/// Turns away what would be judged and written down by a clock that was never held against Postgres's: it may be wrong by days, and
/// a token that is good would be taken for old. Pages, and whether the process lives and is ready, are told all the same.
pub(crate) async fn in_time(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let goes_by_time = path.starts_with("/v1/") || path.starts_with("/hooks/");
    if goes_by_time && !app.world.clock.is_compared() {
        let why = "this server does not know yet what time it is".to_owned();
        return Problem::from(infra::database::StoreError::Unavailable(why)).into_response();
    }
    next.run(request).await
}

/// Marks an answer that took its time on purpose: it says nothing about how quick the server is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LongLived;

fn is_json(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().ends_with(b"json"))
}

fn keep_headers(old: &Response, mut new: Response) -> Response {
    if let Some(allow) = old.headers().get(header::ALLOW) {
        new.headers_mut().insert(header::ALLOW, allow.clone());
    }
    new
}

/// How long a request may take before its caller is told to come again. Its work still runs to its end.
const PATIENCE: Duration = Duration::from_secs(4);
/// The same while the database is known to be away: nobody waits for what is not there, yet the first request after its
/// return succeeds.
const PATIENCE_IN_VAIN: Duration = Duration::from_secs(2);

/// The same when another service has to answer first, which has its own bounds.
const PATIENCE_ABROAD: Duration = Duration::from_secs(25);

/// Runs the handler in a task of its own: a client that hangs up cannot cut a transaction in half. A panic is this
/// request's alone.
pub(crate) async fn uncancelled(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let in_vain = app.routing.health.now().database == Some(false);
    to_its_end(request, next, if in_vain { PATIENCE_IN_VAIN } else { PATIENCE }).await
}

/// The same for what waits for the answer of another service.
pub(crate) async fn uncancelled_abroad(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let in_vain = app.routing.health.now().database == Some(false);
    to_its_end(request, next, if in_vain { PATIENCE_IN_VAIN } else { PATIENCE_ABROAD }).await
}

/// The answer to a request whose handler panicked. What it said has been printed as it happened.
pub(crate) fn panicked() -> Response {
    tracing::error!("a handler died");
    Problem::internal().into_response()
}

async fn to_its_end(request: Request, next: Next, patience: Duration) -> Response {
    let work = tokio::spawn(next.run(request).in_current_span());
    match tokio::time::timeout(patience, work).await {
        Ok(Ok(response)) => response,
        Ok(Err(died)) => {
            tracing::error!(error = %died, "a handler died");
            Problem::internal().into_response()
        }
        Err(_) => {
            Problem::from(infra::database::StoreError::Unavailable("the request took too long".into())).into_response()
        }
    }
}
