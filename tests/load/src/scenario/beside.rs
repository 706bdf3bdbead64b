//! Servers beside each other on the same services, measured in turns: what drifts, drifts for all, and each goes first as often.

use std::sync::Arc;
use std::time::Duration;

use load::Outcome;
use load::actors::Client;
use load::report::median;
use load::scene::Scene;

use super::send::press;
use super::{Spent, now};

/// One of them, and those who send to it.
pub(crate) struct Side<'a> {
    pub(crate) name: &'a str,
    pub(crate) scene: &'a Scene,
    pub(crate) senders: &'a [Arc<Client>],
}

impl Side<'_> {
    /// All of them send as fast as answers come, for one window.
    pub(crate) async fn press(&self, long: Duration) -> Outcome<Spent> {
        let spent = press(self.scene, self.senders, 1, long).await?;
        now(&format!("{}: {:.0}/s", self.name, spent.acks_per_second()));
        Ok(spent)
    }
}

/// Measures each of them once in every round.
pub(crate) async fn in_turns<S, T, const N: usize>(
    sides: &[S; N],
    rounds: usize,
    measure: impl AsyncFn(&S) -> Outcome<T>,
) -> Outcome<[Vec<T>; N]> {
    let mut measured: [Vec<T>; N] = std::array::from_fn(|_| Vec::new());
    for round in 0..rounds {
        now(&format!("round {} of {rounds}", round + 1));
        for place in order(N, round) {
            if let (Some(side), Some(measured)) = (sides.get(place), measured.get_mut(place)) {
                measured.push(measure(side).await?);
            }
        }
    }
    Ok(measured)
}

/// Whoever goes first has the fresher tables: every second round goes backwards, and every two begin one place further on.
fn order(sides: usize, round: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sides).collect();
    order.rotate_left((round / 2) % sides.max(1));
    if !round.is_multiple_of(2) {
        order.reverse();
    }
    order
}

/// What was acknowledged a second in each window.
pub(crate) fn rates(windows: &[Spent]) -> Vec<f64> {
    windows.iter().map(Spent::acks_per_second).collect()
}

/// The middle of the rounds' ratios, for what is measured in one round is of the same minute. There is no ratio to nothing.
pub(crate) fn middle_ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    let rounds = ours.iter().zip(theirs).filter(|(_, other)| **other > 0.0);
    median(&rounds.map(|(one, other)| one / other).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_measured_in_every_round_and_goes_first_as_often_as_the_others() {
        for sides in 1..=4 {
            let mut first = vec![0; sides];
            for round in 0..2 * sides {
                let order = order(sides, round);
                first[order[0]] += 1;
                let mut sorted = order;
                sorted.sort_unstable();
                assert_eq!(sorted, (0..sides).collect::<Vec<_>>(), "round {round} of {sides}");
            }
            assert_eq!(first, vec![2; sides]);
        }
        assert_eq!([0, 1, 2, 3].map(|round| order(2, round)), [[0, 1], [1, 0], [1, 0], [0, 1]]);
    }

    #[tokio::test]
    async fn what_is_measured_stands_with_whom_it_is_of_and_a_failure_ends_it() {
        let measured = in_turns(&["a", "b"], 3, async |side| Ok(*side)).await.unwrap();
        assert_eq!(measured, [vec!["a"; 3], vec!["b"; 3]]);
        let failed =
            in_turns(&[1, 2], 3, async |side| if *side == 1 { Ok(()) } else { Err(load::Failed::because("no")) });
        assert!(failed.await.is_err());
    }

    #[test]
    fn a_gain_is_of_the_rounds_and_not_of_their_middles() {
        // The machine became twice as slow after the first round, for both.
        assert!((middle_ratio(&[300.0, 120.0, 150.0], &[200.0, 100.0, 100.0]) - 1.5).abs() < 1e-9);
        assert!((middle_ratio(&[300.0, 120.0], &[200.0, 0.0]) - 1.5).abs() < 1e-9, "that round says nothing");
        assert!(middle_ratio(&[300.0], &[0.0]).abs() < 1e-9);
    }
}
