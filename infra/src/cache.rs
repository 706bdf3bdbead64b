//! Redis: presence, rate limits and caches. It may lose everything at any time; every caller has a way without it.

use std::time::Duration;

use deadpool_redis::{Config, Connection, Pool, PoolError, Runtime, Timeouts};

pub use deadpool_redis::redis;

/// A pool whose waits are short: a hanging Redis must not hang a chat.
#[derive(Clone)]
pub struct Cache(Pool);

/// The address could not be used.
#[derive(Debug, thiserror::Error)]
#[error("REDIS_URL cannot be used: {0}")]
pub struct BadAddress(String);

impl Cache {
    /// Makes the pool; connects when first asked.
    pub fn new(url: &str) -> Result<Self, BadAddress> {
        let mut config = Config::from_url(url);
        let short = Some(Duration::from_millis(250));
        config.pool = Some(deadpool_redis::PoolConfig {
            max_size: 16,
            timeouts: Timeouts { wait: short, create: Some(Duration::from_secs(1)), recycle: short },
            ..Default::default()
        });
        config.create_pool(Some(Runtime::Tokio1)).map(Self).map_err(|error| BadAddress(error.to_string()))
    }

    /// A connection, soon or not at all.
    pub async fn connection(&self) -> Result<Connection, PoolError> {
        self.0.get().await
    }
}
