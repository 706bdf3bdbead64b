//! A guard against one visitor who writes without end. Each process counts for itself and asks nobody, so it costs nothing
//! and holds while everything else is away; a visitor speaks to one process at a time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use infra::Timestamp;
use uuid::Uuid;

use crate::throttle::{Rate, TooOften};

/// How many visitors are kept in mind before those who have been quiet are forgotten.
const KEPT: usize = 50_000;

/// Lets everybody write so much at once, and then as fast as that much in that time (GCRA).
#[derive(Debug)]
pub struct Flood {
    /// What one message costs.
    each: TimeDelta,
    /// How far ahead of time one may be.
    ahead: TimeDelta,
    /// As far as it can come.
    farthest: TimeDelta,
    /// When each visitor would be back to nothing.
    due: Mutex<HashMap<Uuid, Timestamp>>,
}

impl Flood {
    /// Nobody has written yet.
    pub fn new(rate: Rate) -> Self {
        let seconds = i64::from(rate.seconds.max(1));
        let each = TimeDelta::microseconds(seconds * 1_000_000 / i64::from(rate.most.max(1)));
        let farthest = TimeDelta::seconds(seconds);
        Self { each, ahead: farthest - each, farthest, due: Mutex::default() }
    }

    /// Counts one message and refuses it when it is one too many. What is refused does not count.
    pub fn attempt(&self, who: Uuid, now: Timestamp) -> Result<(), TooOften> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if due.len() >= KEPT {
            due.retain(|_, due| *due > now);
        }
        let due = due.entry(who).or_insert(now);
        if *due - now > self.farthest {
            // The clock was set back: nobody waits for the time that it has come through already.
            *due = now;
        }
        let early = *due - now - self.ahead;
        if early > TimeDelta::zero() {
            return Err(TooOften(early.to_std().unwrap_or(Duration::from_secs(1))));
        }
        *due = (*due).max(now) + self.each;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        chrono::DateTime::from_timestamp_millis(1_800_000_000_000 + milliseconds).unwrap()
    }

    fn flood() -> Flood {
        Flood::new(Rate::new(30, 10))
    }

    #[test]
    fn thirty_at_once_and_then_three_a_second() {
        let (flood, ana, bea) = (flood(), Uuid::from_u128(1), Uuid::from_u128(2));
        for _ in 0..30 {
            flood.attempt(ana, at(0)).unwrap();
        }
        let TooOften(wait) = flood.attempt(ana, at(0)).unwrap_err();
        assert!((1..=334).contains(&wait.as_millis()), "{wait:?}");
        flood.attempt(bea, at(0)).unwrap();
        flood.attempt(ana, at(0) + wait).unwrap();
        assert!(flood.attempt(ana, at(0) + wait).is_err(), "the wait was for one");
        for _ in 0..30 {
            flood.attempt(ana, at(11_000)).unwrap();
        }
    }

    #[test]
    fn nobody_waits_for_a_clock_that_was_set_back() {
        let (flood, who) = (flood(), Uuid::from_u128(1));
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
            flood.attempt(Uuid::from_u128(who as u128), at(0)).unwrap();
        }
        flood.attempt(Uuid::from_u128(7), at(5_000)).unwrap();
        assert_eq!(flood.due.lock().unwrap().len(), 1);
    }

    #[test]
    fn who_never_stops_gets_the_rate_and_no_more() {
        let (flood, who) = (flood(), Uuid::from_u128(1));
        let taken: Vec<i64> =
            (0..400).map(|turn| turn * 50).filter(|time| flood.attempt(who, at(*time)).is_ok()).collect();
        assert_eq!(taken.len(), 30 + 59, "the burst, and three a second for almost twenty seconds");
        let late = taken.iter().filter(|time| **time >= 10_000).count();
        assert_eq!(late, 30);
    }
}
