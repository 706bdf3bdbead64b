//! The simulator of routing: random companies live through random days on a virtual clock, and the real decision code serves
//! their lines.
//!
//! What is simulated here is everything that production reads from its tables: who is here, what they have in hand, who waits
//! for what. What decides, relaxes and estimates is [`routing`] itself. What judges is neither: [`watch`] keeps books of its own
//! and works out by itself who could take whom, so that a mistake in the decision code does not excuse itself.
//!
//! **Invariant.** Only this module of this crate knows a product crate.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a simulator whose books do not add up must stop, not go on"
)]

mod ask;
mod books;
mod company;
mod day;
mod dice;
pub mod eta;
mod happen;
mod peers;
mod serve;
pub mod speed;
mod turns;
mod watch;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::chance::Chance;
use day::Day;

pub use watch::Violation;

/// What came out of some schedules.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// Schedules lived through.
    pub schedules: u64,
    /// Conversations that came.
    pub conversations: u64,
    /// Decisions made.
    pub decisions: u64,
    /// Steps at which everything was checked.
    pub steps: u64,
    /// How often each promise was broken.
    pub violations: [u64; Violation::KINDS],
    /// Between equally available agents who take turns: the most that one got more than another over any stretch.
    pub fairness_gap: u64,
    /// Decisions in which agents took turns.
    pub turns: u64,
    /// Waits that began with an estimate and ended with an agent.
    pub waits: Vec<eta::Wait>,
    /// Waits that began with an estimate and ended otherwise.
    pub left: u64,
    /// Waits that began when nobody could be named who would end them.
    pub unknown: u64,
    /// How often a bar moved, and how often it moved back unannounced.
    pub bar_moves: u64,
    /// See `bar_moves`.
    pub bar_backward: u64,
    /// What was broken first, told as a sentence.
    pub examples: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.schedules += other.schedules;
        self.conversations += other.conversations;
        self.decisions += other.decisions;
        self.steps += other.steps;
        for (sum, more) in self.violations.iter_mut().zip(other.violations) {
            *sum += more;
        }
        self.fairness_gap = self.fairness_gap.max(other.fairness_gap);
        self.turns += other.turns;
        self.waits.extend(other.waits);
        self.left += other.left;
        self.unknown += other.unknown;
        self.bar_moves += other.bar_moves;
        self.bar_backward += other.bar_backward;
        self.examples.extend(other.examples);
        self.examples.truncate(10);
    }

    /// Promises broken, of all kinds.
    pub fn broken(&self) -> u64 {
        self.violations.iter().sum::<u64>() + self.bar_backward
    }
}

/// Lives through so many schedules on both cores. Each has chance of its own: their number and order change nothing in them.
pub fn play(seed: u64, schedules: u64) -> Tally {
    let next = AtomicU64::new(0);
    let work = || {
        let mut tally = Tally::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= schedules {
                return tally;
            }
            tally.add(Day::new(Chance::new(seed).part(&format!("schedule {number}")), number).live());
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let mut all = Tally::default();
        for worker in workers {
            match worker.join() {
                Ok(tally) => all.add(tally),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        // Which thread lived through which day is chance; what is told of it is not.
        all.waits.sort_by_key(|wait| (wait.schedule, wait.number));
        all.examples.sort();
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_keeps_every_promise_and_a_seed_lives_the_same_day() {
        let tally = play(5, 1);
        assert_eq!((tally.broken(), tally.schedules), (0, 1), "{:?}", tally.examples);
        assert!(tally.decisions > 200 && tally.waits.len() > 20 && tally.fairness_gap <= 1);
        let again = play(5, 1);
        assert_eq!((tally.decisions, tally.steps, tally.waits), (again.decisions, again.steps, again.waits));
    }
}
