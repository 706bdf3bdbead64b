//! Limits on attempts, shared by all servers through Redis, with a count of our own while Redis is away.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use infra::cache::{Cache, redis};
use infra::{Fault, Kind, Timestamp};

/// Too often.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("too many attempts; try again in {} seconds", .0.as_secs())]
pub struct TooOften(pub Duration);

impl Fault for TooOften {
    fn kind(&self) -> Kind {
        Kind::RateLimited(self.0)
    }
    fn code(&self) -> &'static str {
        "rate_limited"
    }
}

/// So many in so many seconds.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// How many.
    pub most: u32,
    /// In how many seconds.
    pub seconds: u32,
}

/// Counts in fixed windows.
#[derive(Default)]
pub struct Throttle {
    local: Mutex<HashMap<String, u32>>,
}

impl Throttle {
    /// Counts one attempt under `key` and refuses it when it is one too many.
    pub async fn attempt(&self, cache: &Cache, key: &str, rate: Rate, now: Timestamp) -> Result<(), TooOften> {
        let seconds = i64::from(rate.seconds.max(1));
        let window = now.timestamp().div_euclid(seconds);
        let key = format!("fd:throttle:{key}:{window}");
        let count = match Self::shared(cache, &key, rate.seconds).await {
            Some(count) => count,
            None => self.own(key, window),
        };
        if count <= rate.most {
            return Ok(());
        }
        let left = seconds - now.timestamp().rem_euclid(seconds);
        Err(TooOften(Duration::from_secs(u64::try_from(left).unwrap_or(1).max(1))))
    }

    async fn shared(cache: &Cache, key: &str, seconds: u32) -> Option<u32> {
        let mut connection = cache.connection().await.ok()?;
        let mut both = redis::pipe();
        both.incr(key, 1).cmd("EXPIRE").arg(key).arg(seconds).ignore();
        let (count,): (u32,) =
            tokio::time::timeout(Duration::from_millis(250), both.query_async(&mut connection)).await.ok()?.ok()?;
        Some(count)
    }

    fn own(&self, key: String, window: i64) -> u32 {
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        if local.len() > 50_000 {
            let ending = format!(":{window}");
            local.retain(|key, _| key.ends_with(&ending));
        }
        let count = local.entry(key).or_insert(0);
        *count = count.saturating_add(1);
        *count
    }
}
