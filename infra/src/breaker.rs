//! A breaker: after a few failures in a row a service is not asked for a while, then once, to see whether it is back.
//! A pure state machine; the instant is an argument.

use std::time::{Duration, Instant};

/// This many failures in a row open it.
const PATIENCE: u32 = 3;
/// So long nobody asks. A probe that is never answered counts as failed after the same time.
pub const REST: Duration = Duration::from_secs(1);

/// Leave to ask once; its outcome is told to [`Breaker::heard`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leave {
    /// Leave from before the breaker last changed is not listened to any more: its outcome is old news.
    era: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    Probing { until: Instant },
}

/// Whether to ask a service.
#[derive(Debug)]
pub struct Breaker {
    state: State,
    era: u64,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: State::Closed { failures: 0 }, era: 0 }
    }
}

impl Breaker {
    /// Leave to ask now, or `None` when it is no use.
    pub fn leave(&mut self, now: Instant) -> Option<Leave> {
        match self.state {
            State::Closed { .. } => {}
            State::Open { until } | State::Probing { until } if now < until => return None,
            State::Open { .. } | State::Probing { .. } => self.turn(State::Probing { until: now + REST }),
        }
        Some(Leave { era: self.era })
    }

    /// What came of asking.
    pub fn heard(&mut self, leave: Leave, good: bool, now: Instant) {
        if leave.era != self.era {
            return;
        }
        match (self.state, good) {
            (State::Closed { .. }, true) => self.state = State::Closed { failures: 0 },
            (State::Probing { .. } | State::Open { .. }, true) => self.turn(State::Closed { failures: 0 }),
            (State::Closed { failures }, false) if failures + 1 < PATIENCE => {
                self.state = State::Closed { failures: failures + 1 };
            }
            (State::Closed { .. } | State::Probing { .. } | State::Open { .. }, false) => {
                self.turn(State::Open { until: now + REST });
            }
        }
    }

    /// Whether the service counts as away.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }

    fn turn(&mut self, state: State) {
        self.state = state;
        self.era += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One thing that happens, and how many milliseconds after the one before.
    #[derive(Debug, Clone, Copy)]
    enum Step {
        Ask,
        /// One of the open questions is answered.
        Answer(usize, bool),
        /// One of them is given up and never answered.
        Forget(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
        let step = prop_oneof![
            3 => Just(Step::Ask),
            3 => (any::<usize>(), any::<bool>()).prop_map(|(which, good)| Step::Answer(which, good)),
            1 => any::<usize>().prop_map(Step::Forget),
        ];
        prop::collection::vec((0_u64..700, step), 0..120)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// While it is open at most one question a second gets through, whatever is answered late or never.
        #[test]
        fn an_open_breaker_lets_one_probe_through_in_each_rest(steps in steps()) {
            let (mut breaker, mut now) = (Breaker::default(), Instant::now());
            let mut asked = Vec::new();
            let mut last_probe: Option<Instant> = None;
            for (wait, step) in steps {
                now += Duration::from_millis(wait);
                match step {
                    Step::Ask => {
                        let was_open = breaker.is_open();
                        if let Some(leave) = breaker.leave(now) {
                            if was_open {
                                prop_assert!(last_probe.is_none_or(|last| now - last >= REST), "two probes in one rest");
                                last_probe = Some(now);
                            }
                            asked.push(leave);
                        } else {
                            prop_assert!(was_open, "a closed breaker never refuses");
                        }
                    }
                    Step::Answer(which, good) if !asked.is_empty() => {
                        let leave = asked.swap_remove(which % asked.len());
                        breaker.heard(leave, good, now);
                        if !breaker.is_open() {
                            last_probe = None;
                        }
                    }
                    Step::Forget(which) if !asked.is_empty() => {
                        asked.swap_remove(which % asked.len());
                    }
                    Step::Answer(..) | Step::Forget(_) => {}
                }
            }
            // Whatever happened: the service is asked again after a rest, and its first good answer closes the breaker.
            now += REST;
            let leave = breaker.leave(now);
            prop_assert!(leave.is_some(), "it never gives up for good");
            breaker.heard(leave.unwrap(), true, now);
            prop_assert!(!breaker.is_open());
        }

        /// A service that answers well is never cut off by questions that failed here and there.
        #[test]
        fn failures_that_are_not_in_a_row_do_not_open_it(failures in prop::collection::vec(0_u32..PATIENCE, 0..40)) {
            let (mut breaker, now) = (Breaker::default(), Instant::now());
            for in_a_row in failures {
                for _ in 0..in_a_row {
                    let leave = breaker.leave(now).unwrap();
                    breaker.heard(leave, false, now);
                }
                let leave = breaker.leave(now).unwrap();
                breaker.heard(leave, true, now);
            }
            prop_assert!(!breaker.is_open());
        }
    }

    #[test]
    fn a_service_that_hangs_is_asked_three_times_and_then_once_a_rest() {
        let (mut breaker, start) = (Breaker::default(), Instant::now());
        let mut asked = 0;
        for millis in 0..10_000 {
            let now = start + Duration::from_millis(millis);
            if let Some(leave) = breaker.leave(now) {
                asked += 1;
                breaker.heard(leave, false, now);
            }
        }
        assert_eq!(asked, 3 + 9, "three to notice, and a probe each second of the rest");
    }

    #[test]
    fn an_answer_from_before_it_opened_does_not_close_it() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        let slow = breaker.leave(now).unwrap();
        for _ in 0..PATIENCE {
            let leave = breaker.leave(now).unwrap();
            breaker.heard(leave, false, now);
        }
        breaker.heard(slow, true, now);
        assert!(breaker.is_open());
        assert_eq!(breaker.leave(now), None);
    }
}
