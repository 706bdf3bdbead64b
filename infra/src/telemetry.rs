//! Logs and metrics. Message text, tokens, passwords and whole e-mail addresses never go into them.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

/// Keep it until the end: what is still on its way to a collector of traces is sent when it goes.
#[must_use]
pub struct Telemetry {
    #[cfg(feature = "otel")]
    _traces: Option<crate::traces::Traces>,
}

/// Starts logging to standard error: JSON when `json`, else for people. `RUST_LOG` overrides the filter. Traces go to the
/// collector at `collector`, if this program was built to know of collectors.
/// A second call in one process does nothing, so that two apps fit in one test.
pub fn init(json: bool, collector: Option<&str>) -> Telemetry {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,async_nats=warn,sea_orm=warn,hyper=warn"));
    // At `debug` it writes down the values of every statement, texts of messages among them.
    let filter = match "tokio_postgres=info".parse() {
        Ok(quiet) => filter.add_directive(quiet),
        Err(_) => filter,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if json { lines.json().boxed() } else { lines.boxed() };
    let registry = tracing_subscriber::registry().with(lines.with_filter(filter));
    #[cfg(feature = "otel")]
    {
        let (traces, layer) = crate::traces::start(collector).unzip();
        if registry.with(layer).try_init().is_ok() {
            tracing::debug!("logging started");
        }
        Telemetry { _traces: traces }
    }
    #[cfg(not(feature = "otel"))]
    {
        if registry.try_init().is_ok() && collector.is_some() {
            tracing::warn!("OTEL_EXPORTER_OTLP_ENDPOINT is set, but this program was built without the feature `otel`");
        }
        Telemetry {}
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
