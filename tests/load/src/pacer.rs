//! An open loop: so many arrivals a second, whether anybody is answered or not. It has no clock of its own.

use std::time::Duration;

/// Of what fell due while the generator itself did not get its turn, so much is made up for at once; more would be a flood of ours.
const MADE_UP: Duration = Duration::from_millis(500);

/// Says how many arrivals are due.
#[derive(Debug)]
pub struct Pacer {
    per_second: u64,
    counted: u64,
    left_out: u64,
}

impl Pacer {
    /// So many a second, from now on.
    pub const fn new(per_second: u64) -> Self {
        Self { per_second, counted: 0, left_out: 0 }
    }

    /// How many have fallen due since it was asked last, so long after its beginning.
    pub fn due(&mut self, elapsed: Duration) -> u64 {
        let all = self.within(elapsed);
        let due = all.saturating_sub(self.counted);
        self.counted = self.counted.max(all);
        let now = due.min(self.within(MADE_UP).max(1));
        self.left_out += due - now;
        now
    }

    /// How many fell due and were never asked for, because the generator came too late.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    fn within(&self, long: Duration) -> u64 {
        u64::try_from(long.as_micros() * u128::from(self.per_second) / 1_000_000).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_come_as_were_promised_however_often_it_is_asked() {
        for step in [1, 7, 130] {
            let mut pacer = Pacer::new(333);
            let asked = (0..=3_000 / step).map(|turn| Duration::from_millis(turn * step));
            let come: u64 = asked.map(|at| pacer.due(at)).sum();
            assert_eq!((come, pacer.left_out()), ((3_000 / step) * step * 333 / 1_000, 0), "asked every {step} ms");
        }
    }

    #[test]
    fn who_comes_late_makes_up_for_half_a_second_and_says_what_was_left_out() {
        let mut pacer = Pacer::new(1_000);
        assert_eq!(pacer.due(Duration::from_millis(10)), 10);
        assert_eq!((pacer.due(Duration::from_secs(3)), pacer.left_out()), (500, 2_490));
        assert_eq!(pacer.due(Duration::from_secs(3)), 0, "nobody comes twice");
        assert_eq!((pacer.due(Duration::from_millis(3_020)), pacer.left_out()), (20, 2_490));
    }
}
