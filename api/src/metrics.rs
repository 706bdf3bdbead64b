//! `/metrics` for Prometheus and the operator's page, on an address of their own that the public does not reach.

use std::net::SocketAddr;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use billing::report::Vitals;
use infra::spoken::OrLog as _;
use tokio::net::TcpListener;

use crate::app::StartError;
use crate::operator::{self, Later};

/// Counts from now on and serves the counts; and the operator's page, as soon as there is a server to ask.
pub(crate) async fn serve(address: SocketAddr, app: Later) -> Result<(), StartError> {
    let handle = infra::telemetry::count().ok_or_else(|| StartError::Listen("metrics are counted already".into()))?;
    begin_at_zero();
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| StartError::Listen(format!("cannot listen on {address} for metrics: {error}")))?;
    let text = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    let counts = Router::new().route("/metrics", get(move || async move { (text, handle.render()) }));
    let router = counts.merge(operator::routes(app));
    tokio::spawn(async move { axum::serve(listener, router).await.or_log("serving metrics") });
    Ok(())
}

/// What has not happened yet is 0, not unknown: a rule about a rate misses the first time otherwise.
fn begin_at_zero() {
    for status in ["2xx", "4xx", "5xx"] {
        metrics::counter!("frontdesk_http_requests_total", "status" => status).increment(0);
    }
    for reason in ["going away", "revoked", "too slow", "unauthenticated"] {
        metrics::counter!("frontdesk_socket_closes_total", "reason" => reason).increment(0);
    }
    metrics::counter!("frontdesk_sends_shed_total").increment(0);
    metrics::counter!("frontdesk_typing_shed_total").increment(0);
    metrics::counter!("frontdesk_slow_sockets_total").increment(0);
    metrics::counter!("frontdesk_silent_sockets_total").increment(0);
    metrics::counter!("frontdesk_assignments_total").increment(0);
    metrics::gauge!("frontdesk_sockets").set(0.0);
    metrics::gauge!("frontdesk_event_streams").set(0.0);
    show_billing(&Vitals { unsent_seconds: 0, stopped: 0, event_seconds: 0, differences: 0 });
}

/// How far money lags behind.
pub(crate) fn show_billing(vitals: &Vitals) {
    let number = |value: i64| f64::from(u32::try_from(value.max(0)).unwrap_or(u32::MAX));
    metrics::gauge!("frontdesk_billing_unsent_seconds").set(number(vitals.unsent_seconds));
    metrics::gauge!("frontdesk_billing_stopped_batches").set(number(vitals.stopped));
    metrics::gauge!("frontdesk_billing_event_seconds").set(number(vitals.event_seconds));
    metrics::gauge!("frontdesk_billing_differences").set(number(vitals.differences));
}
