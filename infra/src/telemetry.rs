//! Logs and metrics. Message text, tokens, passwords and whole e-mail addresses never go into them.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// Starts logging to standard error: JSON when `json`, else for people. `RUST_LOG` overrides the filter.
/// A second call in one process does nothing, so that two apps fit in one test.
pub fn init(json: bool) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,async_nats=warn,sea_orm=warn,hyper=warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if json { builder.json().try_init().is_ok() } else { builder.try_init().is_ok() };
    if started {
        tracing::debug!("logging started");
    }
}

/// Seconds, from a tenth of a millisecond to the patience of a request.
const BUCKETS: [f64; 14] = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// Starts counting; the handle renders what was counted, in Prometheus's text format. `None` when the process counts already.
/// No label ever carries a company, a person or a text: their number has no bound, and they are nobody's business.
pub fn count() -> Option<PrometheusHandle> {
    let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &BUCKETS).ok()?;
    builder.install_recorder().ok()
}
