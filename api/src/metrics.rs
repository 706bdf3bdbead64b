//! `/metrics` for Prometheus, on an address of its own that the public does not reach.

use std::net::SocketAddr;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use infra::spoken::OrLog as _;
use tokio::net::TcpListener;

use crate::app::StartError;

/// Counts from now on and serves the counts.
pub(crate) async fn serve(address: SocketAddr) -> Result<(), StartError> {
    let handle = infra::telemetry::count().ok_or_else(|| StartError::Listen("metrics are counted already".into()))?;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| StartError::Listen(format!("cannot listen on {address} for metrics: {error}")))?;
    let text = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    let router = Router::new().route("/metrics", get(move || async move { (text, handle.render()) }));
    tokio::spawn(async move { axum::serve(listener, router).await.or_log("serving metrics") });
    Ok(())
}
