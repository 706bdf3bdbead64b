//! Redis: presence, rate limits and caches. It may lose everything at any time; every caller has a way without it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_redis::redis::{FromRedisValue, Pipeline, RedisError};
use deadpool_redis::{Config, Pool, PoolConfig, PoolError, Runtime, Timeouts};

pub use deadpool_redis::redis;

use crate::breaker::Breaker;

/// How long a question may take, from asking for a connection to the answer.
const ASK_WITHIN: Duration = Duration::from_millis(250);

/// A pool behind a breaker: a hanging Redis must not hang a chat, nor cost every request its patience.
#[derive(Clone)]
pub struct Cache {
    pool: Pool,
    breaker: Arc<Mutex<Breaker>>,
}

/// The address could not be used.
#[derive(Debug, thiserror::Error)]
#[error("REDIS_URL cannot be used: {0}")]
pub struct BadAddress(String);

/// There is no answer; go on without it.
#[derive(Debug, thiserror::Error)]
pub enum Away {
    /// It did not answer in time.
    #[error("the cache did not answer in time")]
    Late,
    /// It was not asked, because it did not answer the last few times.
    #[error("the cache is not asked for now")]
    Resting,
    /// There is no connection to it.
    #[error(transparent)]
    Connection(#[from] PoolError),
    /// It refused, as when its memory is full.
    #[error(transparent)]
    Refused(#[from] RedisError),
}

impl Cache {
    /// Makes the pool; connects when first asked.
    pub fn new(url: &str) -> Result<Self, BadAddress> {
        let mut config = Config::from_url(url);
        let short = Some(ASK_WITHIN);
        config.pool = Some(PoolConfig {
            max_size: 16,
            timeouts: Timeouts { wait: short, create: short, recycle: short },
            ..Default::default()
        });
        let pool = config.create_pool(Some(Runtime::Tokio1)).map_err(|error| BadAddress(error.to_string()))?;
        Ok(Self { pool, breaker: Arc::default() })
    }

    /// Asks, and has the answer soon or not at all. The only way to Redis. Never ask with a transaction open: a quarter of a
    /// second of a connection to Postgres is worth more than what Redis knows.
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn ask<T: FromRedisValue>(&self, question: &Pipeline) -> Result<T, Away> {
        let leave = self.breaker.lock().unwrap_or_else(PoisonError::into_inner).leave(Instant::now());
        let Some(leave) = leave else {
            metrics::counter!("frontdesk_cache_questions_total", "outcome" => "not_asked").increment(1);
            return Err(Away::Resting);
        };
        let answer = tokio::time::timeout(ASK_WITHIN, async {
            let mut connection = self.pool.get().await?;
            Ok(question.query_async(&mut connection).await?)
        });
        let answer = answer.await.unwrap_or(Err(Away::Late));
        // A caller that is dropped while it waits tells the breaker nothing: that says nothing about Redis.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner).heard(leave, answer.is_ok(), Instant::now());
        let told = if answer.is_ok() { "answered" } else { "failed" };
        metrics::counter!("frontdesk_cache_questions_total", "outcome" => told).increment(1);
        answer
    }
}
