//! `/operator`: what comes in, how companies stand and what is not as it should be, on a page for whoever runs the installation. It shows
//! what `frontdesk billing report` says, and lies where `/metrics` lies.
//!
//! What must be absent: anything that changes anything, and a way to it from the public's address.

mod page;
mod texts;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use billing::gateway::Provider;
use infra::spoken::OrLog as _;
use tokio::time::timeout;

use self::texts::{Texts, wanted};
use crate::App;

/// The server that is asked, once it has started: counts are served before.
pub(crate) type Later = Arc<OnceLock<Arc<App>>>;

/// How long the page waits for the database.
const PATIENCE: Duration = Duration::from_secs(10);
/// Nothing is fetched, run or framed.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) fn routes(app: Later) -> Router {
    Router::new().route("/operator", get(show)).with_state(app)
}

async fn show(State(app): State<Later>, headers: HeaderMap) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !is_inside(host) {
        return (StatusCode::MISDIRECTED_REQUEST, "this address is not for names of the internet").into_response();
    }
    let texts = wanted(headers.get(header::ACCEPT_LANGUAGE).and_then(|asked| asked.to_str().ok()).unwrap_or_default());
    // By a clock that was never compared, nothing can be said of the last days.
    match app.get().filter(|app| app.world.clock.is_compared()) {
        Some(app) => report(app, texts).await,
        None => answer(StatusCode::SERVICE_UNAVAILABLE, page::unavailable(texts)),
    }
}

/// Whether a browser that asks for this host can only have been sent here on purpose. A stranger's page may give its own name this address
/// (DNS rebinding) and then read what it gets; numbers, `localhost` and names without a dot are nobody's on the internet.
fn is_inside(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<std::net::IpAddr>().is_ok() || !(bare.is_empty() || bare.contains(['.', ':']))
}

async fn report(app: &App, texts: &Texts) -> Response {
    let report = match timeout(PATIENCE, app.billing.report()).await {
        Ok(report) => report.or_log("making the operator's page"),
        Err(_) => None,
    };
    match report {
        Some(report) => {
            let is_charged = app.billing.provider() == Provider::Stripe;
            answer(StatusCode::OK, page::of(&report, is_charged, texts))
        }
        None => answer(StatusCode::SERVICE_UNAVAILABLE, page::unavailable(texts)),
    }
}

fn answer(status: StatusCode, page: String) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept-language"),
    ];
    (status, headers, Html(page)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_internet_is_not_answered() {
        for inside in ["127.0.0.1:7409", "[::1]:7409", "[::1]", "localhost:7409", "frontdesk", "10.0.0.8"] {
            assert!(is_inside(inside), "{inside}");
        }
        for outside in ["", "evil.example:7409", "127.0.0.1.evil.example", "localhost.", "a.b", ":7409"] {
            assert!(!is_inside(outside), "{outside}");
        }
    }
}
