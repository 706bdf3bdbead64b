//! Limits on attempts, shared by all servers through Redis. Each server counts for itself too, and goes by its own count
//! while Redis is away.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use infra::cache::{Cache, redis};
use infra::{Fault, Kind, Timestamp};

use crate::hash::sha256;

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
    pub(crate) most: u32,
    pub(crate) seconds: u32,
    door: Door,
}

/// What to do when there is no shared count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Rather refuse an honest attempt than admit a thousand guesses.
    Guarded,
    /// Rather admit too many than turn a customer away.
    Open,
}

/// Without the shared count each server admits this part of a guarded rate, so that a few servers together stay near it.
const SHARE: u32 = 3;
/// How many keys a server counts for itself. Beyond, guarded doors are shut and open ones open.
const COUNTED: usize = 50_000;

impl Rate {
    /// For doors to guess at: sign-in, sign-up, letters.
    pub const fn guarded(most: u32, seconds: u32) -> Self {
        Self { most, seconds, door: Door::Guarded }
    }

    /// For doors that customers come through.
    pub const fn open(most: u32, seconds: u32) -> Self {
        Self { most, seconds, door: Door::Open }
    }

    /// Whether this server alone admits an attempt, `None` when it cannot count it.
    fn admits_alone(self, count: Option<u32>) -> bool {
        match (self.door, count) {
            (Door::Guarded, Some(count)) => count <= self.most.div_ceil(SHARE),
            (Door::Open, Some(count)) => count <= self.most,
            (Door::Guarded, None) => false,
            (Door::Open, None) => true,
        }
    }
}

#[derive(Debug)]
struct Counted {
    count: u32,
    /// The end of its window, in seconds.
    until: i64,
}

/// Counts in fixed windows.
#[derive(Default)]
pub struct Throttle {
    own: Mutex<HashMap<String, Counted>>,
}

impl Throttle {
    /// Counts one attempt under `key` and refuses it when it is one too many. Never with a transaction open: see [`Cache::ask`].
    pub async fn attempt(&self, cache: &Cache, key: &str, rate: Rate, now: Timestamp) -> Result<(), TooOften> {
        let seconds = i64::from(rate.seconds.max(1));
        let window = now.timestamp().div_euclid(seconds);
        let until = (window + 1) * seconds;
        let key = hidden(key, window);
        let own = self.count_here(&key, until, now);
        let admitted = match Self::count_everywhere(cache, &key, rate.seconds).await {
            Some(count) => count <= rate.most,
            None => rate.admits_alone(own),
        };
        if admitted {
            return Ok(());
        }
        Err(TooOften(Duration::from_secs(u64::try_from(until - now.timestamp()).unwrap_or(1).max(1))))
    }

    async fn count_everywhere(cache: &Cache, key: &str, seconds: u32) -> Option<u32> {
        let mut both = redis::pipe();
        both.incr(key, 1).cmd("EXPIRE").arg(key).arg(seconds).ignore();
        cache.ask::<(u32,)>(&both).await.ok().map(|(count,)| count)
    }

    /// `None` when there is no room for another key.
    fn count_here(&self, key: &str, until: i64, now: Timestamp) -> Option<u32> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if own.len() >= COUNTED && !own.contains_key(key) {
            own.retain(|_, counted| counted.until > now.timestamp());
            if own.len() >= COUNTED {
                return None;
            }
        }
        let counted = own.entry(key.to_owned()).or_insert(Counted { count: 0, until });
        counted.count = counted.count.saturating_add(1);
        Some(counted.count)
    }
}

/// The name of a count. Keys hold addresses, which are nobody's business in Redis.
fn hidden(key: &str, window: i64) -> String {
    let mut name = "fd:throttle:".to_owned();
    for byte in sha256(key).iter().take(16) {
        // Writing to a String cannot fail.
        let _written = write!(name, "{byte:02x}");
    }
    let _written = write!(name, ":{window}");
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    /// Nobody listens there.
    fn away() -> Cache {
        Cache::new("redis://127.0.0.1:1").unwrap()
    }

    async fn admitted(throttle: &Throttle, cache: &Cache, rate: Rate, attempts: u32, now: Timestamp) -> u32 {
        let mut admitted = 0;
        for _ in 0..attempts {
            admitted += u32::from(throttle.attempt(cache, "somebody", rate, now).await.is_ok());
        }
        admitted
    }

    #[tokio::test]
    async fn alone_a_server_admits_its_share_of_guesses_and_all_of_the_customers() {
        let (throttle, cache) = (Throttle::default(), away());
        assert_eq!(admitted(&throttle, &cache, Rate::guarded(10, 60), 30, at(0)).await, 4);
        assert_eq!(admitted(&throttle, &cache, Rate::guarded(10, 60), 30, at(60)).await, 4, "a new window");
        assert_eq!(admitted(&Throttle::default(), &cache, Rate::open(20, 60), 30, at(0)).await, 20);
    }

    #[tokio::test]
    async fn with_its_memory_full_guarded_doors_are_shut_open_ones_open_and_it_grows_no_further() {
        let throttle = Throttle::default();
        for number in 0..COUNTED {
            throttle.count_here(&number.to_string(), at(60).timestamp(), at(0));
        }
        let cache = away();
        assert_eq!(admitted(&throttle, &cache, Rate::guarded(10, 60), 3, at(0)).await, 0);
        assert_eq!(admitted(&throttle, &cache, Rate::open(10, 60), 3, at(0)).await, 3);
        assert_eq!(throttle.own.lock().unwrap().len(), COUNTED);
        assert_eq!(admitted(&throttle, &cache, Rate::guarded(10, 60), 3, at(61)).await, 3, "the minute is over");
    }

    #[test]
    fn no_address_is_in_a_key() {
        let name = hidden("login:ana@mail.test", 7);
        assert!(name.starts_with("fd:throttle:") && name.ends_with(":7") && !name.contains("ana"), "{name}");
        assert_ne!(name, hidden("login:bo@mail.test", 7));
    }
}
