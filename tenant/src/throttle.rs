//! Limits on attempts at guarded doors: sign-in, sign-up, letters. Counted in Postgres, where such an attempt goes anyhow: the count
//! is one for all servers, whatever becomes of Redis, and from whatever address somebody tries.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use infra::database::{Database, Rows as _, StoreError, Tx, sql};
use infra::{Fault, Kind, Timestamp};
use sea_orm::FromQueryResult;

use crate::hash::sha256;

/// Too often.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("too many attempts; try again in {} seconds", .0.as_secs().max(1))]
pub struct TooOften(pub Duration);

impl Fault for TooOften {
    fn kind(&self) -> Kind {
        Kind::RateLimited(self.0)
    }
    fn code(&self) -> &'static str {
        "rate_limited"
    }
}

/// An attempt that may not be made now.
#[derive(Debug, thiserror::Error)]
pub enum NotNow {
    /// Too often.
    #[error(transparent)]
    TooOften(#[from] TooOften),
    /// It cannot be counted, so it is not let through.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for NotNow {
    fn kind(&self) -> Kind {
        match self {
            Self::TooOften(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::TooOften(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

/// Never more than so many in any so many seconds.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub(crate) most: u32,
    pub(crate) seconds: u32,
}

/// How many refusals a server remembers by itself, so that whoever hammers at a door costs no look-up.
const REMEMBERED: usize = 50_000;

impl Rate {
    /// Never more than `most` in any `seconds`.
    pub const fn new(most: u32, seconds: u32) -> Self {
        Self { most, seconds }
    }

    /// How many may come at once. The rest of the allowance comes back evenly, so that no window holds more than all of it.
    const fn burst(self) -> u32 {
        let kept = self.most / 4;
        self.most - if kept == 0 { 1 } else { kept }
    }

    /// After how long one more may come.
    fn each(self) -> TimeDelta {
        let slowly = (self.most - self.burst()).max(1);
        TimeDelta::microseconds(i64::from(self.seconds.max(1)) * 1_000_000 / i64::from(slowly))
    }

    /// How far ahead of time one may be.
    fn ahead(self) -> TimeDelta {
        self.each() * i32::try_from(self.burst()).unwrap_or(i32::MAX)
    }
}

/// Who is refused until when, as far as this server knows.
#[derive(Default)]
pub struct Throttle {
    refused: Mutex<HashMap<Vec<u8>, Timestamp>>,
}

#[derive(FromQueryResult)]
struct Due {
    due: Timestamp,
}

/// Counts one attempt, unless it is one too many.
const COUNT: &str = "insert into shared.attempt as a (key, due) values ($1, $2::timestamptz + $3 * interval '1 microsecond') \
    on conflict (key) do update set due = greatest(a.due, $2) + $3 * interval '1 microsecond' \
    where greatest(a.due, $2) + $3 * interval '1 microsecond' <= $2 + $4 * interval '1 microsecond' returning due";

/// Counts one attempt under `key` in the caller's transaction: with what comes of it, or not at all. False when it is one too many.
pub(crate) async fn count_in(tx: &Tx, key: &str, rate: Rate, now: Timestamp) -> Result<bool, StoreError> {
    let counted: Option<Due> = tx
        .one(sql(COUNT, [sha256(key).into(), now.into(), micros(rate.each()).into(), micros(rate.ahead()).into()]))
        .await?;
    Ok(counted.is_some())
}

impl Throttle {
    /// Counts one attempt under `key`, and refuses it when it is one too many. What is refused does not count.
    pub async fn attempt(&self, database: &Database, key: &str, rate: Rate, now: Timestamp) -> Result<(), NotNow> {
        // Keys hold addresses, which are nobody's business here.
        let key = sha256(key);
        if let Some(until) = self.refused_until(&key, now) {
            return Err(TooOften((until - now).to_std().unwrap_or_default()).into());
        }
        let counted: Option<Due> = database
            .orm()
            .one(sql(COUNT, [key.clone().into(), now.into(), micros(rate.each()).into(), micros(rate.ahead()).into()]))
            .await?;
        if counted.is_some() {
            return Ok(());
        }
        let due: Option<Due> =
            database.orm().one(sql("select due from shared.attempt where key = $1", [key.clone().into()])).await?;
        let until = due.map_or(now, |row| row.due) + rate.each() - rate.ahead();
        self.remember(key, until, now);
        Err(TooOften((until - now).to_std().unwrap_or(Duration::from_secs(1))).into())
    }

    /// Takes back one attempt that came to nothing by our own fault, so that whoever tries again as told is not locked out for it.
    pub async fn forgive(&self, database: &Database, key: &str, rate: Rate) -> Result<(), StoreError> {
        let statement = "update shared.attempt set due = due - $2 * interval '1 microsecond' where key = $1";
        database.orm().run(sql(statement, [sha256(key).into(), micros(rate.each()).into()])).await.map(drop)
    }

    fn refused_until(&self, key: &[u8], now: Timestamp) -> Option<Timestamp> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.get(key).copied().filter(|until| *until > now)
    }

    fn remember(&self, key: Vec<u8>, until: Timestamp, now: Timestamp) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() >= REMEMBERED {
            refused.retain(|_, until| *until > now);
        }
        if refused.len() < REMEMBERED {
            refused.insert(key, until);
        }
    }
}

fn micros(time: TimeDelta) -> f64 {
    // An allowance is hours, not centuries: nothing is lost here.
    i32::try_from(time.num_milliseconds()).map_or(f64::from(i32::MAX), f64::from) * 1000.0
}

/// Forgets attempts that do not count any more.
pub async fn forget(database: &Database, now: Timestamp) -> Result<(), StoreError> {
    database.orm().run(sql("delete from shared.attempt where due < $1", [now.into()])).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_holds_more_than_the_allowance() {
        for rate in [Rate::new(10, 60), Rate::new(20, 3600), Rate::new(5, 3600), Rate::new(5, 86_400), Rate::new(2, 10)]
        {
            let (burst, each) = (i64::from(rate.burst()), rate.each());
            let later = i64::from(rate.seconds) * 1_000_000 / each.num_microseconds().unwrap();
            assert!(burst + later <= i64::from(rate.most), "{rate:?}: {burst} at once and {later} more");
            assert!(burst >= 1);
        }
    }

    #[test]
    fn whoever_hammers_is_remembered_until_their_time_and_no_longer() {
        let (throttle, now) = (Throttle::default(), chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        throttle.remember(vec![1], now + TimeDelta::seconds(5), now);
        assert!(throttle.refused_until(&[1], now).is_some());
        assert!(throttle.refused_until(&[1], now + TimeDelta::seconds(5)).is_none());
        assert!(throttle.refused_until(&[2], now).is_none());
        for number in 0..REMEMBERED {
            throttle.remember(number.to_le_bytes().to_vec(), now + TimeDelta::seconds(5), now);
        }
        assert_eq!(throttle.refused.lock().unwrap().len(), REMEMBERED);
    }
}
