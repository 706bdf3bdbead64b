//! The progress bar: moves on with time and with the line, and never back unless it is said why.

use super::standing::Estimate;

/// What a visitor was shown last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// The position.
    pub position: u32,
    /// How far the bar had come.
    pub progress: f32,
}

/// What a visitor is shown now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Between 0 and 1.
    pub progress: f32,
    /// Somebody was let in ahead, which is said; only then the bar may have moved back.
    pub inserted: bool,
}

/// Full is only who is served.
const NEARLY: f64 = 0.97;
/// Without an estimate, each place gained brings this share of what is left.
const PLACE: f64 = 0.5;

/// Moves the bar. `waited_seconds` is how long the visitor has waited.
///
/// With an estimate, the bar is the share of the whole wait that is over. When the estimate grows, the bar stands still until
/// the truth has caught up with it. Without one, it moves with the position alone.
pub fn advance(before: Option<Shown>, position: u32, waited_seconds: f64, estimate: Option<&Estimate>) -> Bar {
    let inserted = before.is_some_and(|shown| position > shown.position);
    let best = before.map_or(0.0, |shown| f64::from(shown.progress));
    let reached = match (estimate, before) {
        (Some(estimate), _) => {
            let whole = waited_seconds + f64::from(estimate.seconds);
            if whole > 0.0 { waited_seconds / whole } else { 0.0 }
        }
        (None, Some(shown)) => {
            let gained = shown.position.saturating_sub(position);
            1.0 - (1.0 - best) * PLACE.powi(i32::try_from(gained).unwrap_or(i32::MAX))
        }
        (None, None) => 0.0,
    };
    let progress = if inserted { best.min(reached) } else { best.max(reached) };
    let progress = progress.clamp(0.0, NEARLY) as f32;
    Bar { progress, inserted }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{ProptestConfig, prop_assert, proptest};

    fn estimate(seconds: u32) -> Estimate {
        Estimate { seconds, low_seconds: seconds / 2, high_seconds: seconds * 2 }
    }

    #[test]
    fn the_bar_is_the_share_of_the_wait_that_is_over() {
        let first = advance(None, 3, 0.0, Some(&estimate(300)));
        assert_eq!((first.progress, first.inserted), (0.0, false));
        let half = advance(Some(Shown { position: 3, progress: 0.0 }), 2, 150.0, Some(&estimate(150)));
        assert!((half.progress - 0.5).abs() < 1e-6);
        let late = advance(Some(Shown { position: 2, progress: 0.5 }), 2, 160.0, Some(&estimate(600)));
        assert!((late.progress - 0.5).abs() < 1e-6, "a worse estimate does not take back what was shown");
    }

    #[test]
    fn an_insert_ahead_is_announced_and_may_move_it_back() {
        let bar = advance(Some(Shown { position: 1, progress: 0.8 }), 2, 100.0, Some(&estimate(300)));
        assert!(bar.inserted && (bar.progress - 0.25).abs() < 1e-6);
    }

    #[test]
    fn without_an_estimate_it_moves_with_the_line() {
        let start = advance(None, 4, 10.0, None);
        let bar = advance(Some(Shown { position: 4, progress: start.progress }), 3, 500.0, None);
        assert!((bar.progress - 0.5).abs() < 1e-6);
        let same = advance(Some(Shown { position: 3, progress: bar.progress }), 3, 900.0, None);
        assert_eq!(same.progress.to_bits(), bar.progress.to_bits());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn it_never_moves_back_unannounced(line in proptest::collection::vec((1_u32..9, 0_u32..900, proptest::bool::ANY), 1..40)) {
            let (mut before, mut waited): (Option<Shown>, f64) = (None, 0.0);
            for (position, seconds, known) in line {
                let bar = advance(before, position, waited, known.then(|| estimate(seconds)).as_ref());
                prop_assert!((0.0..1.0).contains(&bar.progress));
                let back = before.is_some_and(|shown| bar.progress < shown.progress);
                prop_assert!(!back || bar.inserted);
                prop_assert!(!bar.inserted || before.is_some_and(|shown| position > shown.position));
                before = Some(Shown { position, progress: bar.progress });
                waited += 7.0;
            }
        }
    }
}
