//! Time as an argument. Everything asks a [`Clock`]; tests move it by hand.
//!
//! A server's clock is read from the machine once, when it starts, and from then on goes by what nobody sets. What it is wrong by,
//! measured against a clock that all servers share, is put right with [`Clock::heed`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// An instant in UTC. Kept to microseconds, because Postgres keeps no more and a reloaded value must equal the first.
pub type Timestamp = DateTime<Utc>;

/// An answer that took longer than this tells too little of the time, unless a clock is wrong by more than it took.
const ROUND_TRIP: Duration = Duration::from_millis(300);
/// What a clock may be wrong by: more than the longest round trip can be mistaken for.
const LEEWAY: TimeDelta = TimeDelta::milliseconds(250);
/// A clock that is ahead by no more than this is held back little by little instead of being set back.
const HELD_BACK: TimeDelta = TimeDelta::seconds(5);
/// By how much at once.
const LITTLE: TimeDelta = TimeDelta::milliseconds(100);

/// Where "now" comes from. Its copies are one clock.
#[derive(Clone, Debug)]
pub struct Clock {
    /// What the machine said when this clock was made.
    began: Timestamp,
    /// The same moment by the clock that nobody sets.
    since: Instant,
    /// What has been put right since, in microseconds.
    put_right: Arc<AtomicI64>,
    /// Whether the shared clock has said anything yet.
    compared: Arc<AtomicBool>,
    /// By how much the last answer would have it wrong, in microseconds, where that was too much to be believed at once; 0 where not.
    doubted: Arc<AtomicI64>,
    /// How far a test has moved it, in microseconds; none for the system clock, which does not move.
    moved: Option<Arc<AtomicI64>>,
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::wrong_by(TimeDelta::zero())
    }

    /// The clock of a machine that is wrong by so much. For tests.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn wrong_by(by: TimeDelta) -> Self {
        Self {
            began: Utc::now() + by,
            since: Instant::now(),
            put_right: Arc::default(),
            compared: Arc::default(),
            doubted: Arc::default(),
            moved: None,
        }
    }

    /// The machine's clock plus an offset that tests move with [`Clock::advance`]. It is taken for right.
    pub fn adjustable() -> Self {
        Self { moved: Some(Arc::default()), compared: Arc::new(AtomicBool::new(true)), ..Self::system() }
    }

    /// The present instant, to the microsecond.
    pub fn now(&self) -> Timestamp {
        let moved = self.moved.as_ref().map_or(0, |moved| moved.load(Ordering::SeqCst));
        (self.unmoved() + TimeDelta::microseconds(moved)).trunc_subsecs(6)
    }

    /// What it would be if no test had moved it.
    fn unmoved(&self) -> Timestamp {
        let passed = TimeDelta::from_std(self.since.elapsed()).unwrap_or_default();
        self.began + passed + TimeDelta::microseconds(self.put_right.load(Ordering::SeqCst))
    }

    /// Moves an adjustable clock; the system clock does not move.
    pub fn advance(&self, by: TimeDelta) {
        if let Some(moved) = &self.moved {
            moved.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
        }
    }

    /// Heeds what the shared clock said it was, at some moment of a round trip that ends now; what tests have moved stays moved.
    /// Says by how much this clock was put right, if it was: what is behind goes ahead at once; what is a little ahead is held
    /// back, so that time does not leap back; what is far ahead is set back. Once it has been compared, one answer alone moves it by no
    /// more than what is held back: the next one has to agree.
    pub fn heed(&self, said: Timestamp, round_trip: Duration) -> Option<TimeDelta> {
        let by = self.correction(said, round_trip);
        let by = if self.is_believed(by.unwrap_or_default()) { by } else { None };
        if let Some(by) = by {
            self.put_right.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
        }
        self.compared.store(true, Ordering::SeqCst);
        by
    }

    /// Whether that much is put right now, or only once the next answer says the same.
    fn is_believed(&self, by: TimeDelta) -> bool {
        if by.abs() <= HELD_BACK || !self.is_compared() {
            self.doubted.store(0, Ordering::SeqCst);
            return true;
        }
        let by = by.num_microseconds().unwrap_or(i64::MAX);
        let before = self.doubted.swap(by, Ordering::SeqCst);
        let agrees = before != 0 && TimeDelta::microseconds(before.saturating_sub(by)).abs() <= HELD_BACK;
        if agrees {
            self.doubted.store(0, Ordering::SeqCst);
        }
        agrees
    }

    fn correction(&self, said: Timestamp, round_trip: Duration) -> Option<TimeDelta> {
        let doubt = if round_trip > ROUND_TRIP { TimeDelta::from_std(round_trip).ok()? } else { LEEWAY };
        let passed = TimeDelta::from_std(round_trip / 2).unwrap_or_default();
        let wrong = said + passed - self.unmoved();
        if wrong.abs() <= doubt {
            return None;
        }
        Some(if wrong < TimeDelta::zero() && wrong >= -HELD_BACK { -LITTLE } else { wrong })
    }

    /// Whether it has been held against the shared clock since this process began. Until then it may be wrong by days, and nothing must
    /// be taken for over by it.
    pub fn is_compared(&self) -> bool {
        self.compared.load(Ordering::SeqCst)
    }

    /// Waits in real time. For loops of workers; never for a rule about the business.
    #[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
    pub async fn pause(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(10);

    fn apart(one: &Clock, other: &Clock) -> TimeDelta {
        (one.now() - other.now()).abs()
    }

    #[test]
    fn a_clock_that_is_far_off_is_put_right_at_once_either_way() {
        let right = Clock::system();
        for hours in [1, -1] {
            let wrong = Clock::wrong_by(TimeDelta::hours(hours));
            assert!(apart(&wrong, &right) > TimeDelta::minutes(59));
            assert!(wrong.heed(right.now(), SOON).is_some());
            assert!(apart(&wrong, &right) < LEEWAY);
            assert_eq!(wrong.heed(right.now(), SOON), None, "once is enough");
        }
    }

    #[test]
    fn a_clock_that_is_a_little_ahead_is_held_back_little_by_little() {
        let (right, ahead) = (Clock::system(), Clock::wrong_by(TimeDelta::seconds(2)));
        let mut before = ahead.now();
        for _ in 0..30 {
            let put = ahead.heed(right.now(), SOON);
            assert!(put.is_none_or(|put| put == -LITTLE));
            assert!(ahead.now() - before >= -LITTLE);
            before = ahead.now();
        }
        assert!(apart(&ahead, &right) <= LEEWAY + LITTLE);
        assert_eq!(ahead.heed(right.now(), SOON), None);
    }

    #[test]
    fn a_slow_answer_puts_right_what_is_wrong_by_more_than_it_took_and_a_quick_one_the_rest() {
        let (right, ahead) = (Clock::system(), Clock::wrong_by(TimeDelta::days(36)));
        let slow = Duration::from_secs(2);
        assert!(!ahead.is_compared());
        assert!(ahead.heed(right.now() - TimeDelta::seconds(2), slow).is_some());
        assert!(ahead.is_compared() && ahead.clone().is_compared());
        assert!(apart(&ahead, &right) <= TimeDelta::milliseconds(1_100));
        assert_eq!(ahead.heed(right.now() - TimeDelta::seconds(2), slow), None, "it cannot tell any better");
        assert!(ahead.heed(right.now(), SOON).is_some());
        assert!(apart(&ahead, &right) < LEEWAY);
    }

    #[test]
    fn one_answer_alone_moves_a_clock_that_was_compared_by_little() {
        let (right, clock) = (Clock::system(), Clock::system());
        assert_eq!(clock.heed(right.now(), SOON), None);
        for hours in [36, -36] {
            let leap = TimeDelta::hours(hours);
            assert_eq!(clock.heed(right.now() + leap, SOON), None);
            assert_eq!(clock.heed(right.now(), SOON), None, "it was a slip");
            assert_eq!(clock.heed(right.now() + leap, SOON), None);
            assert_eq!(clock.heed(right.now() - leap, SOON), None, "they do not agree");
            assert_eq!(clock.heed(right.now(), SOON), None);
            assert!(apart(&clock, &right) < LEEWAY);
        }
        assert!(clock.heed(right.now() + TimeDelta::seconds(3), SOON).is_some(), "a little is believed at once");
        assert_eq!(clock.heed(right.now() + TimeDelta::hours(1), SOON), None);
        assert!(clock.heed(right.now() + TimeDelta::hours(1), SOON).is_some());
        assert!((clock.now() - right.now() - TimeDelta::hours(1)).abs() < LEEWAY, "two agree");
    }

    #[test]
    fn what_says_too_little_is_not_heeded_and_what_a_test_has_moved_stays_moved() {
        let (right, clock) = (Clock::system(), Clock::adjustable());
        assert_eq!(clock.heed(right.now() + TimeDelta::milliseconds(200), SOON), None, "within the leeway");
        assert_eq!(clock.heed(right.now() + TimeDelta::seconds(1), Duration::from_secs(3)), None, "a slow answer");
        clock.advance(TimeDelta::days(3));
        assert_eq!(clock.heed(right.now(), SOON), None, "its own time is right");
        let copy = clock.clone();
        assert_eq!(clock.heed(right.now() + TimeDelta::minutes(1), SOON), None, "nobody else has said so");
        assert!(clock.heed(right.now() + TimeDelta::minutes(1), SOON).is_some());
        assert!(apart(&clock, &copy) < LEEWAY, "copies are one clock");
        assert!((copy.now() - right.now() - TimeDelta::days(3) - TimeDelta::minutes(1)).abs() < LEEWAY);
    }
}
