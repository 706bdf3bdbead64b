//! Lets each company, key or address go at its pace and no faster, whatever server it comes to.
//!
//! The count is in Redis (GCRA: a burst of ten seconds' worth, then evenly). A server takes from it not one by one but as many as it
//! is likely to need within a tenth of a second, and spends them by itself; so a message costs no question. While Redis is away each
//! server lets a part of the pace through, counted by itself, so that a few servers together stay within it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use infra::cache::{Cache, redis};
use infra::{Fault, Kind, Timestamp};
use uuid::Uuid;

use crate::pace::Class;

/// Without the shared count each server lets this part of a pace through.
const SHARE: i64 = 3;
/// How many buckets a server keeps before those that stand still are forgotten.
const KEPT: usize = 50_000;
/// How long what was taken is good for. Who has not spent it by then would otherwise spend it in a later crowd.
const GOOD_FOR_US: i64 = 1_000_000;
/// How often a busy server asks.
const ASKS_EVERY_US: i64 = 100_000;

/// `KEYS[1]`: the instant at which the bucket is empty again. `ARGV`: now, what one costs, how far ahead of time one may be, how many
/// are wanted; in microseconds. Gives how many are granted, how long until the next, how many are left.
const TAKE: &str = "\
local now, each, ahead, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local due = tonumber(redis.call('GET', KEYS[1]) or '0')
if due < now then due = now end
local room = math.floor((now + ahead - due) / each)
if room < 1 then return {0, math.ceil(due + each - now - ahead), 0} end
local granted = math.min(room, want)
due = due + granted * each
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1000)
return {granted, 0, room - granted}";

/// So many a minute, of which a sixth may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speed {
    per_minute: u32,
}

impl Speed {
    /// So many a minute.
    pub const fn per_minute(per_minute: u32) -> Self {
        Self { per_minute: if per_minute == 0 { 1 } else { per_minute } }
    }

    /// What one costs, in microseconds.
    fn each(self) -> i64 {
        (60_000_000 / i64::from(self.per_minute)).max(1)
    }

    /// How many may come at once.
    pub fn burst(self) -> u32 {
        (self.per_minute / 6).max(2)
    }
}

/// What a caller may know of the limit that it has just come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// Which.
    pub class: Class,
    /// So many a minute.
    pub per_minute: u32,
    /// How many may come at once now, about.
    pub left: u32,
}

/// Faster than may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too much at once; try again in {} seconds", .wait.as_secs().max(1))]
pub struct TooFast {
    /// Of what.
    pub class: Class,
    /// So many a minute may be.
    pub per_minute: u32,
    /// Until the next one may come.
    pub wait: Duration,
}

impl Fault for TooFast {
    fn kind(&self) -> Kind {
        Kind::RateLimited(self.wait)
    }
    fn code(&self) -> &'static str {
        match self.class {
            // Whoever hears it is not to blame: the whole company is.
            Class::Messages | Class::Requests | Class::VisitorRequests | Class::Visitors => "company_busy",
            Class::KeyRequests => "rate_limited",
        }
    }
}

/// Whose pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Whose {
    /// A company, or a key.
    pub id: Uuid,
    /// One of its addresses, hashed; 0 for all.
    pub address: u64,
    /// Of what.
    pub class: Class,
}

impl Whose {
    /// Of a company or a key as a whole.
    pub const fn all(id: Uuid, class: Class) -> Self {
        Self { id, address: 0, class }
    }

    fn name(self) -> String {
        format!("fd:pace:{}:{}:{:x}", infra::ids::encode(self.id), self.class.as_str(), self.address)
    }
}

#[derive(Debug, Default)]
struct Bucket {
    /// Whoever asks, asks for all who wait.
    asking: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// Instants are microseconds since 1970.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// Taken and not spent.
    left: u32,
    good_until: i64,
    /// What Redis had left besides.
    beyond: u32,
    refused_until: i64,
    asked_at: i64,
    wants: u32,
    /// The same count as in Redis, of what was let through here, at this server's share.
    due: i64,
    refused: u64,
}

impl State {
    fn is_still(&self, now: i64) -> bool {
        now - self.asked_at > 60_000_000 && self.due <= now
    }

    /// `None` when Redis is to be asked.
    fn spend(&mut self, now: i64) -> Option<Result<u32, i64>> {
        if self.left > 0 && now < self.good_until {
            self.left -= 1;
            return Some(Ok(self.left + self.beyond));
        }
        if self.refused_until > now {
            self.refused += 1;
            return Some(Err(self.refused_until - now));
        }
        None
    }

    /// How many to ask for: twice as many as the last time when those went at once, and one when nothing goes on.
    fn wanted(&mut self, now: i64, speed: Speed) -> u32 {
        let most = (speed.per_minute / 600).max(1);
        let busy = now - self.asked_at < ASKS_EVERY_US;
        self.wants = if busy { self.wants.saturating_mul(2).clamp(1, most) } else { (self.wants / 2).max(1) };
        self.asked_at = now;
        self.wants
    }

    fn note(&mut self, now: i64, granted: u32, speed: Speed) {
        // Never further ahead than the share allows: who took all while Redis was there must not wait for minutes afterwards.
        let (each, ahead) = own_share(speed);
        self.due = (self.due.max(now) + each * i64::from(granted)).min(now + ahead);
    }

    fn grant(&mut self, now: i64, granted: u32, beyond: u32) -> u32 {
        self.left = granted.saturating_sub(1);
        self.good_until = now + GOOD_FOR_US;
        self.beyond = beyond;
        self.left + beyond
    }

    fn refuse(&mut self, now: i64, wait: i64) -> i64 {
        self.refused_until = now + wait.max(1);
        self.refused += 1;
        wait
    }

    /// Decides without Redis.
    fn alone(&mut self, now: i64, speed: Speed) -> Result<u32, i64> {
        let (each, ahead) = own_share(speed);
        let due = self.due.max(now);
        if due + each > now + ahead {
            return Err(self.refuse(now, due + each - now - ahead));
        }
        self.due = due + each;
        Ok(u32::try_from((now + ahead - self.due) / each).unwrap_or(0))
    }
}

/// What one costs, and how far ahead of time one may be, at a server that counts for itself.
fn own_share(speed: Speed) -> (i64, i64) {
    let each = speed.each() * SHARE;
    (each, each * (i64::from(speed.burst()) / SHARE).max(1))
}

/// Every bucket of this server.
#[derive(Default)]
pub struct Gate {
    buckets: Mutex<HashMap<Whose, Arc<Bucket>>>,
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    /// Counts one, and refuses it when it is one too many; what is refused does not count. Never with a transaction open: see
    /// [`Cache::ask`].
    pub async fn pass(&self, cache: &Cache, whose: Whose, speed: Speed, now: Timestamp) -> Result<Passed, TooFast> {
        let bucket = self.bucket(whose, now);
        let passed = self.try_pass(cache, &bucket, whose, speed, now.timestamp_micros()).await;
        if passed.is_err() {
            metrics::counter!("frontdesk_pace_refused_total", "class" => whose.class.as_str()).increment(1);
        }
        match passed {
            Ok(left) => Ok(Passed { class: whose.class, per_minute: speed.per_minute, left }),
            Err(wait) => Err(TooFast {
                class: whose.class,
                per_minute: speed.per_minute,
                wait: Duration::from_micros(wait.max(1).unsigned_abs()),
            }),
        }
    }

    async fn try_pass(&self, cache: &Cache, bucket: &Bucket, whose: Whose, speed: Speed, now: i64) -> Result<u32, i64> {
        if let Some(decided) = lock(&bucket.state).spend(now) {
            return decided;
        }
        let _turn = bucket.asking.lock().await;
        let wanted = {
            let mut state = lock(&bucket.state);
            if let Some(decided) = state.spend(now) {
                return decided;
            }
            state.wanted(now, speed)
        };
        let ahead = speed.each() * i64::from(speed.burst());
        let mut question = redis::pipe();
        let key = whose.name();
        question.cmd("EVAL").arg(TAKE).arg(1).arg(key).arg(now).arg(speed.each()).arg(ahead).arg(wanted);
        let answer = cache.ask::<((u32, i64, u32),)>(&question).await;
        let mut state = lock(&bucket.state);
        match answer {
            Ok(((0, wait, _),)) => Err(state.refuse(now, wait)),
            Ok(((granted, _, beyond),)) => {
                state.note(now, granted, speed);
                Ok(state.grant(now, granted, beyond))
            }
            Err(_) => state.alone(now, speed),
        }
    }

    fn bucket(&self, whose: Whose, now: Timestamp) -> Arc<Bucket> {
        let mut buckets = lock(&self.buckets);
        if buckets.len() >= KEPT && !buckets.contains_key(&whose) {
            let now = now.timestamp_micros();
            buckets.retain(|_, bucket| !lock(&bucket.state).is_still(now));
            if buckets.len() >= KEPT {
                // A crowd of strangers' addresses: those are counted together rather than not at all.
                return Arc::clone(buckets.entry(Whose { address: 0, ..whose }).or_default());
            }
        }
        Arc::clone(buckets.entry(whose).or_default())
    }

    /// How many were refused at this server since it began.
    pub fn refused(&self, whose: Whose) -> u64 {
        lock(&self.buckets).get(&whose).map_or(0, |bucket| lock(&bucket.state).refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEED: Speed = Speed::per_minute(600);

    fn at(millis: i64) -> Timestamp {
        chrono::DateTime::from_timestamp_millis(1_800_000_000_000 + millis).unwrap()
    }

    /// Nobody listens there.
    fn away() -> Cache {
        Cache::new("redis://127.0.0.1:1").unwrap()
    }

    #[tokio::test]
    async fn three_servers_alone_let_through_what_one_may_and_no_more() {
        let (servers, cache) = ([Gate::default(), Gate::default(), Gate::default()], away());
        let mut passed = 0_u32;
        for step in 0..6_000 {
            let (server, now) = (&servers[step % 3], at(i64::try_from(step).unwrap() * 10));
            passed +=
                u32::from(server.pass(&cache, Whose::all(Uuid::nil(), Class::Messages), SPEED, now).await.is_ok());
        }
        assert!((600..=700).contains(&passed), "{passed} in a minute of 600, with 100 at once");
    }

    #[test]
    fn what_was_taken_is_spent_before_anybody_is_asked_and_is_not_kept_for_long() {
        let mut state = State::default();
        let now = at(0).timestamp_micros();
        assert_eq!(state.spend(now), None);
        state.grant(now, 3, 40);
        assert_eq!([state.spend(now), state.spend(now)], [Some(Ok(41)), Some(Ok(40))]);
        assert_eq!(state.spend(now), None);
        state.grant(now, 3, 40);
        let later = now + GOOD_FOR_US;
        assert_eq!(state.spend(later), None, "too old");
        state.refuse(later, 5_000);
        assert_eq!(state.spend(later + 1_000), Some(Err(4_000)));
        assert_eq!(state.spend(later + 5_000), None);
    }

    #[test]
    fn the_busier_a_server_the_more_it_takes_at_once_up_to_a_tenth_of_a_second() {
        let fast = Speed::per_minute(60_000);
        let mut state = State::default();
        let now = at(0).timestamp_micros();
        let taken: Vec<u32> = (0..9).map(|step| state.wanted(now + step * 1_000, fast)).collect();
        assert_eq!(taken, [1, 2, 4, 8, 16, 32, 64, 100, 100]);
        assert_eq!(state.wanted(now + 5_000_000, fast), 50, "and less once it is quiet");
        assert_eq!(State::default().wanted(now, Speed::per_minute(60)), 1);
    }
}
