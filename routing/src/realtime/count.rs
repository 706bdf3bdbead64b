//! What is said on the bus is counted, so that what the bus has lost is noticed, also when nothing follows it.
//!
//! Each process numbers what it says of each company: a number that was passed over was lost. And who has stopped speaking of a company
//! says how far it has come, for the last word has no higher number behind it. Companies that are quiet, and those that are spoken of
//! all the time, cost nothing.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use tenant::AccountId;
use tokio::time::Instant;

/// So long after its last word of a company a process says how far it has come: several times, for that may be lost as well.
const REMINDS_AFTER: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// How many other processes are remembered. There are fewer, but each start makes a new one.
const PROCESSES: usize = 64;
/// How long a number may be missing before it counts as lost: of what a process says at the same time, the later may go out first.
const OVERTAKEN_FOR: Duration = Duration::from_millis(500);
/// How many missing numbers of a process are waited for. More are no disorder.
const MISSING: u64 = 256;

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
pub(super) struct Ear(HashMap<String, Heard>);

/// How far one process was heard.
#[derive(Debug)]
struct Heard {
    /// What it said before this is nothing that anybody here has missed.
    first: u64,
    /// The highest number that is known of.
    last: u64,
    /// The numbers that have not come yet, and since when that is known.
    missing: BTreeMap<u64, Instant>,
}

impl Ear {
    /// Hears from a process, `listening` for so long. What was said before somebody began to listen is nothing that they have missed.
    /// What is missing may still come: it was overtaken by this. Gives since when it is known that something is lost, where so much
    /// is missing that nobody waits for it.
    pub(super) fn hears(
        &mut self,
        node: &str,
        count: Count,
        listening: Option<Duration>,
        now: Instant,
    ) -> Option<Instant> {
        if let Some(heard) = self.0.get_mut(node) {
            return heard.hears(count, listening, now);
        }
        let lost = if self.0.len() >= PROCESSES { self.gives_up() } else { None };
        let mut heard = Heard { first: count.number.saturating_add(1), last: count.number, missing: BTreeMap::new() };
        let too_much = heard.hears(count, listening, now);
        self.0.insert(node.to_owned(), heard);
        lost.or(too_much)
    }

    /// When what is missing now counts as lost, if something is.
    pub(super) fn due(&self) -> Option<Instant> {
        self.missing_since().map(|since| since + OVERTAKEN_FOR)
    }

    /// What counts as lost by now: since when it is missing. Given once.
    pub(super) fn lost(&mut self, now: Instant) -> Option<Instant> {
        let since = self.missing_since().filter(|since| *since + OVERTAKEN_FOR <= now)?;
        for heard in self.0.values_mut() {
            heard.missing.retain(|_, since| *since + OVERTAKEN_FOR > now);
        }
        Some(since)
    }

    /// Forgets everybody, and waits for nothing any more: since when something is missing.
    pub(super) fn gives_up(&mut self) -> Option<Instant> {
        let since = self.missing_since();
        self.0.clear();
        since
    }

    fn missing_since(&self) -> Option<Instant> {
        self.0.values().flat_map(|heard| heard.missing.values()).min().copied()
    }
}

impl Heard {
    fn hears(&mut self, count: Count, listening: Option<Duration>, now: Instant) -> Option<Instant> {
        // A reminder is not the word that it is about.
        if count.before < count.number {
            self.missing.remove(&count.number);
        }
        let mut earlier = None;
        if count.before < self.first {
            earlier = self.misses(count.number.saturating_add(1)..self.first, now);
            if count.before > 0 && listening.is_some_and(|listening| listening > count.ago) {
                self.missing.insert(count.before, now);
            }
            self.first = count.before;
        }
        let later = self.misses(self.last.saturating_add(1)..count.before.saturating_add(1), now);
        self.last = self.last.max(count.number);
        earlier.or(later)
    }

    fn misses(&mut self, numbers: Range<u64>, now: Instant) -> Option<Instant> {
        let known = u64::try_from(self.missing.len()).unwrap_or(u64::MAX);
        if numbers.end.saturating_sub(numbers.start).saturating_add(known) > MISSING {
            let since = self.missing.values().min().copied().unwrap_or(now);
            self.missing.clear();
            return Some(since);
        }
        self.missing.extend(numbers.map(|number| (number, now)));
        None
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
        let now = began + Duration::from_millis(600);
        let misses = |listening| {
            let mut ear = Ear::default();
            ear.hears("a", reminder, listening, now).is_some() || ear.due().is_some()
        };
        assert!(misses(LONG));
        assert!(!misses(Some(Duration::from_millis(100))), "it came later");
        assert!(!misses(None), "it has only begun");
        let (first, mut ear) = (Count { before: 0, number: 1, ago: Duration::ZERO }, Ear::default());
        ear.hears("a", first, LONG, now);
        ear.hears("a", reminder, LONG, now);
        assert_eq!(ear.due(), None);
        ear.hears("b", reminder, LONG, now);
        assert_eq!(ear.due(), Some(now + OVERTAKEN_FOR), "each process counts for itself");
    }

    #[test]
    fn what_was_only_overtaken_is_not_lost_and_what_stays_away_is_after_half_a_second() {
        let began = Instant::now();
        let at = |millis: u64| began + Duration::from_millis(millis);
        let say = |number| Count { before: number - 1, number, ago: Duration::ZERO };
        let mut ear = Ear::default();
        for (number, millis) in [(3, 0), (1, 1), (2, 2), (6, 10), (4, 11), (5, 12)] {
            assert_eq!(ear.hears("a", say(number), LONG, at(millis)), None);
        }
        assert_eq!((ear.due(), ear.lost(at(5_000))), (None, None), "everything came");

        ear.hears("a", say(8), LONG, at(6_000));
        ear.hears("a", say(10), LONG, at(6_100));
        assert_eq!((ear.due(), ear.lost(at(6_499))), (Some(at(6_500)), None));
        assert_eq!(ear.lost(at(6_500)), Some(at(6_000)));
        assert_eq!(ear.due(), Some(at(6_600)), "the other one has its own time");
        ear.hears("a", say(9), LONG, at(6_550));
        assert_eq!((ear.due(), ear.lost(at(9_000))), (None, None), "a loss is told once");
    }

    #[test]
    fn who_misses_very_much_waits_for_none_of_it() {
        let now = Instant::now();
        let say = |number| Count { before: number - 1, number, ago: Duration::ZERO };
        let mut ear = Ear::default();
        ear.hears("a", say(1), LONG, now);
        assert_eq!(ear.hears("a", say(MISSING + 2), LONG, now), None);
        assert_eq!(ear.hears("a", say(MISSING + 4), LONG, now), Some(now));
        assert_eq!(ear.due(), None);
        ear.hears("a", say(MISSING + 6), LONG, now);
        assert_eq!((ear.gives_up(), ear.due()), (Some(now), None));
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
        /// Whatever the bus loses is noticed once the next word, or a reminder, comes through and half a second is over; and nothing
        /// else is, in whatever order it comes.
        #[test]
        fn what_is_lost_is_noticed_and_nothing_else(
            said in prop::collection::vec((any::<bool>(), 0_u64..8), 1..60),
        ) {
            let began = Instant::now();
            let (mut voice, mut ear, mut coming) = (Voice::default(), Ear::default(), Vec::new());
            for (number, (_, late)) in (0_u64..).zip(&said) {
                let count = voice.speaks(company(), began + Duration::from_millis(number));
                coming.push((number + late, count));
            }
            let is_lost = said.iter().any(|(lost, _)| *lost);
            let mut coming: Vec<_> = coming.into_iter().zip(&said).filter(|(_, (lost, _))| !lost).collect();
            coming.sort_by_key(|((at, _), _)| *at);
            for ((at, count), _) in coming {
                let now = began + Duration::from_millis(at);
                prop_assert_eq!(ear.hears("a", count, LONG, now), None);
                prop_assert_eq!(ear.lost(now), None);
            }
            let later = began + Duration::from_secs(1);
            let reminder = voice.reminders(later).pop().unwrap().1;
            prop_assert_eq!(ear.hears("a", reminder, LONG, later), None);
            prop_assert_eq!(ear.lost(later + OVERTAKEN_FOR).is_some(), is_lost);
            prop_assert_eq!(ear.lost(later + OVERTAKEN_FOR), None, "once");
        }
    }
}
