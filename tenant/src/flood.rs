//! A guard against one visitor who writes without end. Each process counts for itself and asks nobody, so it costs nothing
//! and holds while everything else is away.
//!
//! What is written is told to the others a moment later, by way of Redis: whoever writes to several processes at once gets no more in the
//! end than at one. Before the processes have told each other, each lets through what one may at once; what was too much is then waited
//! for by whoever wrote it, at every process. While Redis is away each process stands alone.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use infra::Timestamp;
use infra::cache::{Cache, redis};
use uuid::Uuid;

use crate::account::AccountId;
use crate::throttle::{Rate, TooOften};

/// How many visitors are kept in mind before those who have been quiet are forgotten.
const KEPT: usize = 50_000;
/// How often the processes tell each other.
pub const SHARED_EVERY: Duration = Duration::from_millis(250);
/// How many visitors are told of in one question.
const TOLD_AT_ONCE: usize = 500;
/// How many times over somebody may have taken what they may at once; nobody waits longer for it than that takes.
const DEBT: i32 = 12;

/// `KEYS[1]`: the instant at which the visitor would be back to nothing. `ARGV`: when they began to write what is told now, what that
/// costs, and how far ahead they can come; in microseconds. Gives the instant of all processes together. An instant that nobody can come
/// to, not even by another process's clock, was written before a clock was set back: it is let go.
const ADD: &str = "\
local since, cost, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), since)
if due > since + 2 * most then due = since end
due = math.min(due + cost, since + most)
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - since) / 1000) + 1000)
return due";

/// Somebody in a company.
pub type Person = (AccountId, Uuid);

/// Lets everybody write so much at once, and then as fast as that much in that time (GCRA).
#[derive(Debug)]
pub struct Flood<Who = Person> {
    /// What one message costs.
    each: TimeDelta,
    /// How far ahead of time one may be.
    ahead: TimeDelta,
    /// As far as it can come.
    farthest: TimeDelta,
    /// Whether the other processes are told.
    is_shared: bool,
    kept: Mutex<Kept<Who>>,
}

#[derive(Debug)]
struct Kept<Who> {
    turns: HashMap<Who, Turn>,
    /// Who has written since the others were told.
    untold: Vec<Who>,
}

#[derive(Debug, Clone, Copy)]
struct Turn {
    /// When they would be back to nothing.
    due: Timestamp,
    /// How many messages the others have not been told of, and since when.
    untold: u32,
    since: Timestamp,
}

/// What the others are told of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told<Who> {
    who: Who,
    since: Timestamp,
    many: u32,
}

impl<Who: Copy + Eq + Hash> Flood<Who> {
    /// Nobody has written yet, and no other process hears of it.
    pub fn new(rate: Rate) -> Self {
        let seconds = i64::from(rate.seconds.max(1));
        let each = TimeDelta::microseconds(seconds * 1_000_000 / i64::from(rate.most.max(1)));
        let whole = TimeDelta::seconds(seconds);
        let kept = Mutex::new(Kept { turns: HashMap::new(), untold: Vec::new() });
        Self { each, ahead: whole - each, farthest: whole * DEBT, is_shared: false, kept }
    }

    /// The same, counted together with the other processes: see [`Flood::share`].
    pub fn shared(rate: Rate) -> Self {
        Self { is_shared: true, ..Self::new(rate) }
    }

    fn kept(&self) -> MutexGuard<'_, Kept<Who>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one message and refuses it when it is one too many. What is refused does not count.
    pub fn attempt(&self, who: Who, now: Timestamp) -> Result<(), TooOften> {
        let mut kept = self.kept();
        let Kept { turns, untold } = &mut *kept;
        if turns.len() >= KEPT {
            turns.retain(|_, turn| turn.due > now);
        }
        let turn = turns.entry(who).or_insert(Turn { due: now, untold: 0, since: now });
        if turn.due - now > self.farthest * 2 {
            // The clock was set back: nobody waits for the time that it has come through already. Twice as far as one can come, because
            // another process, whose clock may be a little ahead, has told how far.
            turn.due = now;
        }
        let early = turn.due - now - self.ahead;
        if early > TimeDelta::zero() {
            return Err(TooOften(early.to_std().unwrap_or(Duration::from_secs(1))));
        }
        turn.due = turn.due.max(now) + self.each;
        // When nobody tells the others, nothing piles up: here it is counted all the same.
        if self.is_shared && untold.len() < KEPT {
            if turn.untold == 0 {
                turn.since = now;
                untold.push(who);
            }
            turn.untold += 1;
        }
        Ok(())
    }

    /// What so many messages cost, in microseconds.
    fn cost(&self, many: u32) -> i64 {
        self.each.num_microseconds().unwrap_or(0).saturating_mul(i64::from(many))
    }

    /// How far ahead somebody can come, in microseconds.
    fn most(&self) -> i64 {
        self.farthest.num_microseconds().unwrap_or(0)
    }

    fn take_untold(&self) -> Vec<Told<Who>> {
        let mut kept = self.kept();
        let Kept { turns, untold } = &mut *kept;
        let mut told = Vec::with_capacity(untold.len());
        for who in untold.drain(..) {
            // Who was quiet for so long that they were forgotten owes nothing.
            let Some(turn) = turns.get_mut(&who).filter(|turn| turn.untold > 0) else { continue };
            told.push(Told { who, since: turn.since, many: turn.untold });
            turn.untold = 0;
        }
        told
    }

    fn hear(&self, told: &[Told<Who>], due: &[i64]) {
        let mut kept = self.kept();
        for (told, due) in told.iter().zip(due) {
            let (turn, due) = (kept.turns.get_mut(&told.who), DateTime::from_timestamp_micros(*due));
            if let (Some(turn), Some(due)) = (turn, due) {
                turn.due = turn.due.max(due);
            }
        }
    }
}

impl Flood {
    /// Tells the other processes what was written here, and hears what was written there by the same visitors. What cannot be told is
    /// not told later: here it was counted.
    pub async fn share(&self, cache: &Cache) {
        let told = self.take_untold();
        for part in told.chunks(TOLD_AT_ONCE) {
            let mut question = redis::pipe();
            for told in part {
                let (account, who) = told.who;
                let key = format!("fd:flood:{}:{}", infra::ids::encode(account.uuid()), infra::ids::encode(who));
                let since = told.since.timestamp_micros();
                question.cmd("EVAL").arg(ADD).arg(1).arg(key).arg(since).arg(self.cost(told.many)).arg(self.most());
            }
            let Ok(due) = cache.ask::<Vec<i64>>(&question).await else { return };
            self.hear(part, &due);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        chrono::DateTime::from_timestamp_millis(1_800_000_000_000 + milliseconds).unwrap()
    }

    fn person(number: u128) -> Person {
        (AccountId::from_uuid(Uuid::from_u128(1)), Uuid::from_u128(number))
    }

    fn flood() -> Flood {
        Flood::new(Rate::new(30, 10))
    }

    #[test]
    fn thirty_at_once_and_then_three_a_second() {
        let (flood, ana, bea) = (flood(), person(1), person(2));
        let elsewhere = (AccountId::from_uuid(Uuid::from_u128(2)), ana.1);
        for _ in 0..30 {
            flood.attempt(ana, at(0)).unwrap();
        }
        let TooOften(wait) = flood.attempt(ana, at(0)).unwrap_err();
        assert!((1..=334).contains(&wait.as_millis()), "{wait:?}");
        flood.attempt(bea, at(0)).unwrap();
        flood.attempt(elsewhere, at(0)).unwrap();
        flood.attempt(ana, at(0) + wait).unwrap();
        assert!(flood.attempt(ana, at(0) + wait).is_err(), "the wait was for one");
        for _ in 0..30 {
            flood.attempt(ana, at(11_000)).unwrap();
        }
    }

    #[test]
    fn nobody_waits_for_a_clock_that_was_set_back() {
        let (flood, who) = (flood(), person(1));
        for _ in 0..30 {
            flood.attempt(who, at(3_600_000)).unwrap();
        }
        for _ in 0..30 {
            flood.attempt(who, at(0)).unwrap();
        }
        assert!(flood.attempt(who, at(0)).is_err(), "it counts anew");
    }

    #[test]
    fn those_who_are_quiet_are_forgotten() {
        let flood = flood();
        for who in 0..KEPT {
            flood.attempt(person(who as u128), at(0)).unwrap();
        }
        flood.attempt(person(7), at(5_000)).unwrap();
        assert_eq!(flood.kept().turns.len(), 1);
    }

    #[test]
    fn who_never_stops_gets_the_rate_and_no_more() {
        let (flood, who) = (flood(), person(1));
        let taken: Vec<i64> =
            (0..400).map(|turn| turn * 50).filter(|time| flood.attempt(who, at(*time)).is_ok()).collect();
        assert_eq!(taken.len(), 30 + 59, "the burst, and three a second for almost twenty seconds");
        let late = taken.iter().filter(|time| **time >= 10_000).count();
        assert_eq!(late, 30);
    }

    /// What Redis does with it.
    #[derive(Default)]
    struct Shared(HashMap<Person, i64>);

    impl Shared {
        fn tells(&mut self, flood: &Flood) {
            let told = flood.take_untold();
            let due: Vec<i64> = told
                .iter()
                .map(|told| {
                    let since = told.since.timestamp_micros();
                    let due = self.0.entry(told.who).or_default();
                    *due = (*due).max(since);
                    if *due > since + 2 * flood.most() {
                        *due = since;
                    }
                    *due = (*due + flood.cost(told.many)).min(since + flood.most());
                    *due
                })
                .collect();
            flood.hear(&told, &due);
        }
    }

    #[test]
    fn whoever_writes_to_many_servers_gets_no_more_than_at_one() {
        let who = person(1);
        for servers in [1_usize, 2, 3, 8] {
            let floods: Vec<Flood> = (0..servers).map(|_| Flood::shared(Rate::new(30, 10))).collect();
            let mut shared = Shared::default();
            let (mut taken, mut at_once) = (0, 0);
            // Two minutes, a try at each server every hundredth of a second.
            for time in (0..120_000).step_by(10) {
                for flood in &floods {
                    taken += usize::from(flood.attempt(who, at(time)).is_ok());
                }
                if time % 250 == 240 {
                    for flood in &floods {
                        shared.tells(flood);
                    }
                }
                if time == 240 {
                    at_once = taken;
                }
            }
            assert!(at_once <= 31 * servers, "{at_once} before they could tell each other, at {servers}");
            assert!((360..=429).contains(&taken), "{taken} of 390 in two minutes, at {servers}");
        }
    }

    #[test]
    fn what_was_told_by_a_clock_a_little_ahead_is_waited_for_as_long_as_it_takes() {
        let (here, ahead, who) = (Flood::shared(Rate::new(30, 10)), Flood::shared(Rate::new(30, 10)), person(1));
        let mut shared = Shared::default();
        // As much as counts, and the other clock is 200 ms ahead.
        here.attempt(who, at(0)).unwrap();
        here.take_untold();
        let told = Told { who, since: at(200), many: 1 };
        let due = told.since.timestamp_micros() + ahead.most();
        here.hear(&[told], &[due]);
        let TooOften(wait) = here.attempt(who, at(0)).unwrap_err();
        assert!(wait > Duration::from_secs(100), "{wait:?}");
        // A clock that was set back by an hour is not waited for, neither there nor here.
        ahead.attempt(who, at(3_600_000)).unwrap();
        shared.tells(&ahead);
        ahead.attempt(who, at(0)).unwrap();
        shared.tells(&ahead);
        assert!(ahead.attempt(who, at(0)).is_ok());
    }

    #[test]
    fn at_one_server_it_is_the_same_whether_others_are_told_or_not() {
        let (alone, told, who) = (flood(), Flood::shared(Rate::new(30, 10)), person(1));
        let mut shared = Shared::default();
        for time in (0..60_000).step_by(70) {
            assert_eq!(alone.attempt(who, at(time)).is_ok(), told.attempt(who, at(time)).is_ok(), "at {time}");
            if time % 350 == 0 {
                shared.tells(&told);
            }
        }
        assert!(alone.take_untold().is_empty());
    }

    #[test]
    fn what_nobody_tells_does_not_pile_up() {
        let flood = Flood::shared(Rate::new(30, 10));
        for who in 0..2 * KEPT {
            flood.attempt(person(who as u128), at(i64::try_from(who).unwrap())).unwrap();
        }
        assert_eq!(flood.kept().untold.len(), KEPT);
    }
}
