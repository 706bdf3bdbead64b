//! Logs. Message text, tokens, passwords and whole e-mail addresses never go into them.

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
