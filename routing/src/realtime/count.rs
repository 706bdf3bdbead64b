//! What is said on the bus is counted, so that what the bus has lost is noticed, also when nothing follows it.
//!
//! Each process numbers what it says of each company: a number that was passed over was lost. And who has stopped speaking of a company
//! says how far it has come, for the last word has no higher number behind it. Companies that are quiet, and those that are spoken of
//! all the time, cost nothing.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use tenant::AccountId;
use tokio::time::Instant;

/// So long after its last word of a company a process says how far it has come: several times, for that may be lost as well.
const REMINDS_AFTER: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// How many other processes are remembered. There are fewer, but each start makes a new one.
const PROCESSES: usize = 64;

/// How far a process has come in one company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    /// The number of what it said last before this; 0 if this is the first.
    pub(super) before: u64,
    /// The number of this; the same as `before` if this says nothing new.
    pub(super) number: u64,
    /// How long ago it said what was before this.
    pub(super) ago: Duration,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.before, self.number, self.ago.as_millis())
    }
}

impl Count {
    /// Reads what was written. `None` for what a later version may write.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let (before, number) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { before, number, ago: Duration::from_millis(parts.next()?.parse().ok()?) })
    }
}

/// What this process has said.
#[derive(Debug, Default)]
pub(super) struct Voice {
    /// The last number of each company, and when it was said.
    last: HashMap<AccountId, (u64, Instant)>,
    /// The companies whose listeners are to be reminded still, and how often they have been.
    ending: HashMap<AccountId, usize>,
}

impl Voice {
    /// Something is about to be said of a company.
    pub(super) fn speaks(&mut self, account: AccountId, now: Instant) -> Count {
        self.ending.insert(account, 0);
        let (last, at) = self.last.entry(account).or_insert((0, now));
        let count = Count { before: *last, number: *last + 1, ago: now.saturating_duration_since(*at) };
        (*last, *at) = (count.number, now);
        count
    }

    /// The companies whose listeners are to be reminded now.
    pub(super) fn reminders(&mut self, now: Instant) -> Vec<(AccountId, Count)> {
        let mut due = Vec::new();
        self.ending.retain(|account, reminded| {
            let (Some((number, at)), Some(after)) = (self.last.get(account), REMINDS_AFTER.get(*reminded)) else {
                return false;
            };
            let ago = now.saturating_duration_since(*at);
            if ago >= *after {
                *reminded += 1;
                due.push((*account, Count { before: *number, number: *number, ago }));
            }
            true
        });
        due
    }
}

/// How far each other process was heard, of one company.
#[derive(Debug, Default)]
pub(super) struct Ear(HashMap<String, u64>);

impl Ear {
    /// Hears from a process. True when something that it has said was not heard here, `listening` for so long. What was said before
    /// somebody began to listen is nothing that they have missed.
    pub(super) fn misses(&mut self, node: &str, count: Count, listening: Option<Duration>) -> bool {
        if let Some(heard) = self.0.get_mut(node) {
            let misses = *heard < count.before;
            *heard = count.number.max(*heard);
            return misses;
        }
        if self.0.len() >= PROCESSES {
            self.0.clear();
        }
        self.0.insert(node.to_owned(), count.number);
        count.before > 0 && listening.is_some_and(|listening| listening > count.ago)
    }
}

#[cfg(test)]
mod tests {
    use infra::Id;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const LONG: Option<Duration> = Some(Duration::from_mins(1));

    fn company() -> AccountId {
        Id::from_uuid(Uuid::from_u128(1))
    }

    #[test]
    fn whoever_stops_speaking_says_several_times_how_far_it_came_and_then_nothing_more() {
        let began = Instant::now();
        let at = |millis: u64| began + Duration::from_millis(millis);
        let mut voice = Voice::default();
        for millis in [0, 300, 600, 900] {
            voice.speaks(company(), at(millis));
            assert!(voice.reminders(at(millis + 200)).is_empty(), "its next word says it");
        }
        let reminded: Vec<u64> =
            (1..40).filter(|half| !voice.reminders(at(900 + half * 500)).is_empty()).map(|half| half * 500).collect();
        assert_eq!(reminded, [500, 1_000, 2_000, 4_000]);
        assert!(voice.ending.is_empty());
        assert_eq!(voice.speaks(company(), at(60_000)).before, 4, "its numbers go on");
    }

    #[test]
    fn the_first_word_is_missed_by_who_was_listening_and_by_nobody_else() {
        let began = Instant::now();
        let mut voice = Voice::default();
        voice.speaks(company(), began);
        let reminder = voice.reminders(began + Duration::from_millis(600)).pop().unwrap().1;
        assert!(Ear::default().misses("a", reminder, LONG));
        assert!(!Ear::default().misses("a", reminder, Some(Duration::from_millis(100))), "it came later");
        assert!(!Ear::default().misses("a", reminder, None), "it has only begun");
        let (first, mut ear) = (Count { before: 0, number: 1, ago: Duration::ZERO }, Ear::default());
        assert!(!ear.misses("a", first, LONG));
        assert!(!ear.misses("a", reminder, LONG) && ear.misses("b", reminder, LONG), "each process counts for itself");
    }

    #[test]
    fn a_count_is_read_as_it_was_written_and_nothing_else_is() {
        let count = Count { before: 6, number: 7, ago: Duration::from_millis(1_234) };
        assert_eq!(Count::parse(&count.to_string()), Some(count));
        for text in ["", "1", "1 2", "1 2 x", "-1 2 3"] {
            assert_eq!(Count::parse(text), None, "{text}");
        }
    }

    proptest! {
        /// Whatever the bus loses is noticed once the next word, or a reminder, comes through; and nothing else is.
        #[test]
        fn what_is_lost_is_noticed_and_nothing_else(lost in prop::collection::vec(any::<bool>(), 1..60)) {
            let began = Instant::now();
            let (mut voice, mut ear, mut missing) = (Voice::default(), Ear::default(), 0);
            for (number, lost) in lost.iter().enumerate() {
                let count = voice.speaks(company(), began + Duration::from_millis(u64::try_from(number).unwrap()));
                if *lost {
                    missing += 1;
                } else {
                    prop_assert_eq!(ear.misses("a", count, LONG), missing > 0);
                    missing = 0;
                }
            }
            let reminder = voice.reminders(began + Duration::from_secs(1)).pop().unwrap().1;
            prop_assert_eq!(ear.misses("a", reminder, LONG), missing > 0);
            prop_assert!(!ear.misses("a", reminder, LONG), "once");
        }
    }
}
