//! Doors for what other services tell us unasked. Each checks that it is really them, over the bytes as they came, and
//! acknowledges only what is durable.
//!
//! What must be absent: these are no operations of the API; nobody but the service that was set up may knock.

mod stripe;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;

use crate::App;

/// How large a notice may be; the largest invoices have some hundred lines.
const LARGEST_NOTICE: usize = 1024 * 1024;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/hooks/stripe", post(stripe::receive)).layer(DefaultBodyLimit::max(LARGEST_NOTICE))
}
