//! Estimates held against what came of them: the next ones are corrected by how wrong the last ones were.
//!
//! The range is widened or narrowed until it would have covered 80 % of the recent waits, as in V. Vovk, A. Gammerman and
//! G. Shafer, "Algorithmic Learning in a Random World" (2005), and Y. Romano, E. Patterson and E. Candès, "Conformalized
//! Quantile Regression" (Advances in Neural Information Processing Systems, 2019); the middle is shifted so that half of them would have been longer.

use super::draws::normal;
use super::standing::{Estimate, quantile};

/// What was estimated when somebody came, uncorrected, and how long they then waited.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Promise {
    /// What was said, before correction.
    pub estimate: Estimate,
    /// What came.
    pub actual_seconds: f64,
}

/// How true earlier estimates were.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Logarithms of the factors for the three numbers.
    middle: f64,
    low: f64,
    high: f64,
}

impl Default for Calibration {
    /// Nothing to correct.
    fn default() -> Self {
        Self { middle: 0.0, low: 0.0, high: 0.0 }
    }
}

/// For how many waits the assumption counts that the estimates are right as they are, and how far waits scatter around them then.
const BELIEVED: u32 = 20;
const SCATTER: f64 = 0.5;
/// Waits shorter than this are alike to who waits, and would make any ratio great.
const SHORTEST: f64 = 5.0;

impl Calibration {
    /// Learns from recent waits; some hundreds do.
    pub fn learn(promises: &[Promise]) -> Self {
        if promises.is_empty() {
            return Self::default();
        }
        let factor = |share: f64, of: fn(&Estimate) -> u32| {
            let mut ratios: Vec<f64> = promises
                .iter()
                .map(|one| (one.actual_seconds.max(SHORTEST) / f64::from(of(&one.estimate)).max(SHORTEST)).ln())
                .collect();
            ratios.extend((0..BELIEVED).map(|n| {
                let even = (f64::from(n) + 0.5) / f64::from(BELIEVED);
                SCATTER * (normal(even) - normal(share))
            }));
            ratios.sort_by(f64::total_cmp);
            quantile(&ratios, ratios.len(), share).unwrap_or_default()
        };
        Self {
            middle: factor(0.5, |e| e.seconds),
            low: factor(0.1, |e| e.low_seconds),
            high: factor(0.9, |e| e.high_seconds),
        }
    }

    /// Corrects an estimate.
    pub fn correct(&self, estimate: Estimate) -> Estimate {
        let by = |seconds: u32, logarithm: f64| {
            let seconds = f64::from(seconds) * logarithm.clamp(-1.5, 1.5).exp();
            seconds.clamp(0.0, 86_400.0).round() as u32
        };
        let seconds = by(estimate.seconds, self.middle);
        Estimate {
            seconds,
            low_seconds: by(estimate.low_seconds, self.low).min(seconds),
            high_seconds: by(estimate.high_seconds, self.high).max(seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promise(seconds: u32, actual_seconds: f64) -> Promise {
        Promise { estimate: Estimate { seconds, low_seconds: seconds / 2, high_seconds: seconds * 2 }, actual_seconds }
    }

    #[test]
    fn what_was_right_stays_and_nothing_known_changes_nothing() {
        let estimate = promise(300, 0.0).estimate;
        assert_eq!(Calibration::learn(&[]).correct(estimate), estimate);
        assert_eq!(Calibration::default().correct(estimate), estimate);
    }

    #[test]
    fn estimates_that_were_half_of_the_truth_are_doubled_bit_by_bit() {
        let seconds = |n: u32| {
            let past: Vec<Promise> = (0..n).map(|n| promise(100 + n, 2.0 * f64::from(100 + n))).collect();
            Calibration::learn(&past).correct(promise(300, 0.0).estimate).seconds
        };
        assert!(seconds(3) < seconds(15) && seconds(15) <= seconds(300));
        assert!((580..=600).contains(&seconds(300)), "{}", seconds(300));
    }

    #[test]
    fn the_range_grows_until_it_would_have_covered_four_fifths() {
        let past: Vec<Promise> =
            (0..400).map(|n| promise(300, 300.0 * (1.5 * normal((f64::from(n) + 0.5) / 400.0)).exp())).collect();
        let range = Calibration::learn(&past);
        let covered = past.iter().filter(|one| {
            let estimate = range.correct(one.estimate);
            (f64::from(estimate.low_seconds)..=f64::from(estimate.high_seconds)).contains(&one.actual_seconds)
        });
        let share = covered.count() as f64 / 400.0;
        assert!((0.77..=0.83).contains(&share), "{share}");
    }
}
