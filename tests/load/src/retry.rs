//! How long a client of ours waits before it sends again what was not taken, and how often it may. No clock, no chance of its own.

use std::time::{Duration, Instant};

const LONGEST: Duration = Duration::from_secs(30);
/// So many repeats may follow each other without any pause of the budget's …
const AT_ONCE: u32 = 10;
/// … and one in so long for good.
const EACH: Duration = Duration::from_secs(6);

/// One second before the first repeat, then two, four … up to thirty, of which chance (`draw`, below 1,000) leaves out up to a half; never
/// less than the server asked for.
pub fn wait(tries: u32, asked: Duration, draw: u32) -> Duration {
    let whole = Duration::from_secs(1 << tries.saturating_sub(1).min(5)).min(LONGEST);
    (whole * (500 + draw.min(1_000) / 2) / 1_000).max(asked)
}

/// What one client may repeat, of whatever messages: a server that is in trouble must not get more from its clients than before.
#[derive(Debug, Default)]
pub struct Budget {
    /// When it will be whole again.
    whole_at: Option<Instant>,
}

impl Budget {
    /// Books a repeat that is wanted then. When it may be.
    pub fn book(&mut self, wanted: Instant) -> Instant {
        let whole_at = self.whole_at.map_or(wanted, |at| at.max(wanted));
        let earliest = whole_at.checked_sub(EACH * (AT_ONCE - 1)).unwrap_or(wanted);
        self.whole_at = Some(whole_at + EACH);
        earliest.max(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_scatter_and_are_never_shorter_than_what_was_asked() {
        let whole: Vec<u64> = (1..=8).map(|tries| wait(tries, Duration::ZERO, 1_000).as_secs()).collect();
        assert_eq!(whole, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(wait(3, Duration::ZERO, 0), Duration::from_secs(2), "chance leaves out a half at most");
        assert!(wait(3, Duration::ZERO, 400) < wait(3, Duration::ZERO, 600));
        assert_eq!(wait(1, Duration::from_millis(4_700), 1_000), Duration::from_millis(4_700));
        assert_eq!(wait(u32::MAX, Duration::from_secs(5), 1_000), LONGEST);
    }

    #[test]
    fn ten_repeats_come_at_once_and_then_one_in_six_seconds() {
        let (mut budget, now) = (Budget::default(), Instant::now() + Duration::from_mins(10));
        let booked: Vec<u64> = (0..13).map(|_| (budget.book(now) - now).as_secs()).collect();
        assert_eq!(booked, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 12, 18]);
        let later = now + Duration::from_secs(30);
        assert_eq!((budget.book(later) - later).as_secs(), 0, "time fills it");
        assert_eq!((budget.book(now + Duration::from_hours(1)) - now).as_secs(), 3_600);
    }
}
