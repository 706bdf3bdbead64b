//! What companies had used by an hour that is over. A year's usage is millions of rows: whoever takes a new conversation reads those
//! of the last hours, and all of them only now and then.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DurationRound as _, TimeDelta};
use infra::Timestamp;

use crate::account::AccountId;
use crate::usage::Meter;

/// A row is written within seconds of its time: so long afterwards there are no more.
const SETTLED_AFTER: TimeDelta = TimeDelta::minutes(30);
/// How old a sum may get before all is counted again.
const BELIEVED: TimeDelta = TimeDelta::hours(2);

/// What was used in `from..to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) sums: Vec<(Meter, i64)>,
}

/// The tallies of a process.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<HashMap<AccountId, Tally>>);

/// Up to when everything that was used by now has been written.
pub(crate) fn settled(now: Timestamp) -> Timestamp {
    let at = now - SETTLED_AFTER;
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}

impl Tallies {
    /// What is known since `from`, if it is good enough.
    pub(crate) fn of(&self, account: AccountId, from: Timestamp, now: Timestamp) -> Option<Tally> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&account).filter(|tally| tally.from == from && tally.is_good(now)).cloned()
    }

    /// Keeps what was counted.
    pub(crate) fn keep(&self, account: AccountId, tally: Tally, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > 10_000 {
            known.retain(|_, tally| tally.is_good(now));
        }
        known.insert(account, tally);
    }
}

impl Tally {
    /// A clock that was set back makes it look too young.
    fn is_good(&self, now: Timestamp) -> bool {
        (SETTLED_AFTER..BELIEVED).contains(&(now - self.to))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_tally_is_believed_while_it_is_whole_and_young_and_of_the_same_span() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (from, now) = (at("2027-03-01T00:00:00Z"), at("2027-03-10T12:40:00Z"));
        assert_eq!(settled(now), at("2027-03-10T12:00:00Z"));
        let (tallies, account) = (Tallies::default(), AccountId::from_uuid(Uuid::nil()));
        let tally = Tally { from, to: settled(now), sums: vec![(Meter::Messages, 7)] };
        tallies.keep(account, tally.clone(), now);
        assert_eq!(tallies.of(account, from, now), Some(tally));
        assert_eq!(tallies.of(account, at("2027-02-01T00:00:00Z"), now), None, "another span");
        assert_eq!(tallies.of(account, from, now + TimeDelta::hours(2)), None, "too old");
        assert_eq!(tallies.of(account, from, now - TimeDelta::hours(1)), None, "not yet, by a clock that was set back");
    }
}
