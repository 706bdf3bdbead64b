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
    /// The logarithms of the factors for the middle, the low and the high end: at [`SHORTEST`], and then at each [`STEP`]. Empty when
    /// nothing is known.
    knots: Vec<[f64; 3]>,
}

/// How many times as long as said it took, for the three numbers, as logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ratios {
    said: f64,
    middle: f64,
    low: f64,
    high: f64,
}

/// What corrects a number of an estimate.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// The share of waits that should be shorter.
    share: f64,
    /// How many earlier estimates of about the same length count: short waits go wrong in other ways than long ones.
    nearest: usize,
    /// For how many waits the assumption counts that the estimates are right as they are.
    believed: u32,
    of: fn(&Ratios) -> f64,
}

const LOW: Rule = Rule { share: 0.1, nearest: 80, believed: 16, of: |one| one.low };
/// The middle is believed for longer: it needs many waits to be found wrong, and a few mislead.
const MIDDLE: Rule = Rule { share: 0.5, nearest: 200, believed: 100, of: |one| one.middle };
const HIGH: Rule = Rule { share: 0.9, nearest: 80, believed: 16, of: |one| one.high };

/// How far waits are believed to scatter around their estimates: the standard deviation of the logarithm.
const SCATTER: f64 = 0.5;
/// How far the lengths are from each other at which corrections are worked out, as a logarithm; straight lines between.
const STEP: f64 = 0.4;
/// So many such steps reach beyond a day.
const STEPS: u32 = 26;
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
        if past.is_empty() {
            return Self::default();
        }
        past.sort_by(|one, other| one.said.total_cmp(&other.said));
        let knot = |n: u32| {
            let said = SHORTEST.ln() + STEP * f64::from(n);
            [MIDDLE, LOW, HIGH].map(|rule| correction(&past, said, rule))
        };
        Self { knots: (0..STEPS).map(knot).collect() }
    }

    /// Corrects an estimate.
    pub fn correct(&self, estimate: Estimate) -> Estimate {
        let steps = (f64::from(estimate.seconds).max(SHORTEST) / SHORTEST).ln() / STEP;
        let below = steps as usize;
        let Some(before) = self.knots.get(below).or(self.knots.last()) else { return estimate };
        let after = self.knots.get(below + 1).unwrap_or(before);
        let by = |seconds: u32, which: usize| {
            let (Some(before), Some(after)) = (before.get(which), after.get(which)) else { return seconds };
            let factor = (before + (after - before) * steps.fract()).clamp(-2.0, 2.0).exp();
            (f64::from(seconds).max(1.0) * factor).clamp(0.0, 86_400.0).round() as u32
        };
        let seconds = by(estimate.seconds, 0);
        Estimate {
            seconds,
            low_seconds: by(estimate.low_seconds, 1).min(seconds),
            high_seconds: by(estimate.high_seconds, 2).max(seconds),
        }
    }
}

/// The logarithm of the factor that would have put the rule's share of the waits below, of those that said about the same.
fn correction(past: &[Ratios], said: f64, rule: Rule) -> f64 {
    let mut ratios: Vec<f64> = near(past, said, rule.nearest).iter().map(rule.of).collect();
    ratios.extend((0..rule.believed).map(|n| {
        let even = (f64::from(n) + 0.5) / f64::from(rule.believed);
        SCATTER * (normal(even) - normal(rule.share))
    }));
    ratios.sort_by(f64::total_cmp);
    quantile(&ratios, ratios.len(), rule.share).unwrap_or_default()
}

/// Those that said about the same.
fn near(past: &[Ratios], said: f64, most: usize) -> &[Ratios] {
    let (mut first, mut end) = (0, past.len());
    let distance = |place: usize| past.get(place).map_or(f64::INFINITY, |one| (one.said - said).abs());
    while end - first > most {
        // Of equals, the older ones go.
        if distance(first) >= distance(end - 1) {
            first += 1;
        } else {
            end -= 1;
        }
    }
    past.get(first..end).unwrap_or_default()
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
