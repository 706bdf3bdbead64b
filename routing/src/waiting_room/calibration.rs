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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Calibration {
    /// By what was said.
    past: Vec<Ratios>,
}

/// How many times as long as said it took, for the three numbers, as logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ratios {
    said: f64,
    middle: f64,
    low: f64,
    high: f64,
}

/// For how many waits the assumption counts that the estimates are right as they are, and how far waits scatter around them then.
const BELIEVED: u32 = 16;
/// The middle is believed for longer: it needs many waits to be found wrong, and a few mislead.
const BELIEVED_MIDDLE: u32 = 150;
const SCATTER: f64 = 0.5;
/// How many earlier estimates of about the same length correct one: short waits go wrong in other ways than long ones.
const NEAREST: usize = 80;
/// Waits shorter than this are alike to who waits, and would make any ratio great.
const SHORTEST: f64 = 5.0;

impl Calibration {
    /// Learns from recent waits, the oldest first; some hundreds do.
    pub fn learn(promises: &[Promise]) -> Self {
        let logarithm = |seconds: f64| seconds.max(SHORTEST).ln();
        let mut past: Vec<Ratios> = promises
            .iter()
            .map(|one| {
                let (came, said) = (logarithm(one.actual_seconds), one.estimate);
                let ratio = |seconds: u32| came - logarithm(f64::from(seconds));
                Ratios {
                    said: logarithm(f64::from(said.seconds)),
                    middle: ratio(said.seconds),
                    low: ratio(said.low_seconds),
                    high: ratio(said.high_seconds),
                }
            })
            .collect();
        past.sort_by(|one, other| one.said.total_cmp(&other.said));
        Self { past }
    }

    /// Corrects an estimate.
    pub fn correct(&self, estimate: Estimate) -> Estimate {
        let near = self.near(f64::from(estimate.seconds).max(SHORTEST).ln());
        if near.is_empty() {
            return estimate;
        }
        let by = |seconds: u32, share: f64, (of, believed): (fn(&Ratios) -> f64, u32)| {
            let seconds = f64::from(seconds).max(1.0) * correction(near, share, (of, believed)).clamp(-2.0, 2.0).exp();
            seconds.clamp(0.0, 86_400.0).round() as u32
        };
        let seconds = by(estimate.seconds, 0.5, (|one| one.middle, BELIEVED_MIDDLE));
        Estimate {
            seconds,
            low_seconds: by(estimate.low_seconds, 0.1, (|one| one.low, BELIEVED)).min(seconds),
            high_seconds: by(estimate.high_seconds, 0.9, (|one| one.high, BELIEVED)).max(seconds),
        }
    }

    /// Those that said about the same.
    fn near(&self, said: f64) -> &[Ratios] {
        let (mut first, mut end) = (0, self.past.len());
        let distance = |place: usize| self.past.get(place).map_or(f64::INFINITY, |one| (one.said - said).abs());
        while end - first > NEAREST {
            // Of equals, the older ones go.
            if distance(first) >= distance(end - 1) {
                first += 1;
            } else {
                end -= 1;
            }
        }
        self.past.get(first..end).unwrap_or_default()
    }
}

/// The logarithm of the factor that would have put this share of the waits below.
fn correction(near: &[Ratios], share: f64, (of, believed): (fn(&Ratios) -> f64, u32)) -> f64 {
    let mut ratios: Vec<f64> = near.iter().map(of).collect();
    ratios.extend((0..believed).map(|n| {
        let even = (f64::from(n) + 0.5) / f64::from(believed);
        SCATTER * (normal(even) - normal(share))
    }));
    ratios.sort_by(f64::total_cmp);
    quantile(&ratios, ratios.len(), share).unwrap_or_default()
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
    fn short_waits_are_corrected_by_short_ones_and_long_by_long() {
        let past: Vec<Promise> =
            (0..200).flat_map(|n| [promise(20, 60.0), promise(900 + n, 900.0 + f64::from(n))]).collect();
        let learnt = Calibration::learn(&past);
        assert!((50..=60).contains(&learnt.correct(promise(20, 0.0).estimate).seconds));
        assert!((950..=1_050).contains(&learnt.correct(promise(1_000, 0.0).estimate).seconds));
    }

    #[test]
    fn the_range_grows_until_it_would_have_covered_four_fifths() {
        let past: Vec<Promise> = (0..400)
            .map(|n| promise(300, 300.0 * (1.5 * normal((f64::from(n * 149 % 400) + 0.5) / 400.0)).exp()))
            .collect();
        let range = Calibration::learn(&past);
        let covered = past.iter().filter(|one| {
            let estimate = range.correct(one.estimate);
            (f64::from(estimate.low_seconds)..=f64::from(estimate.high_seconds)).contains(&one.actual_seconds)
        });
        let share = covered.count() as f64 / 400.0;
        assert!((0.74..=0.84).contains(&share), "{share}");
    }
}
