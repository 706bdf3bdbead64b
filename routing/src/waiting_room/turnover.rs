//! How often agents come and go, learnt by watching the floor: whoever waits for an hour waits for people who are not here yet,
//! and not for some who are.

use std::collections::BTreeMap;

use infra::Timestamp;
use tenant::AgentId;

use crate::assignment::model::Seat;

/// What was seen of comings and goings. Lost with the process, and soon learnt again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Turnover {
    taking: BTreeMap<AgentId, bool>,
    seen_at: Option<Timestamp>,
    there_seconds: f64,
    left: f64,
    away_seconds: f64,
    came: f64,
}

/// Before anything was seen: as if for so long nobody had come or gone.
const STILL_SECONDS: f64 = 7_200.0;
/// After so many hours of agents at work, older ones begin to be forgotten.
const REMEMBERED_SECONDS: f64 = 400_000.0;

impl Turnover {
    /// Looks at the floor; the oftener, the better.
    pub fn observe(&mut self, seats: &[Seat], now: Timestamp) {
        let passed = self.seen_at.map_or(0.0, |at| (now - at).as_seconds_f64().max(0.0));
        for seat in seats {
            let takes = seat.takes();
            let Some(took) = self.taking.insert(seat.agent, takes) else { continue };
            let (seconds, changes) =
                if took { (&mut self.there_seconds, &mut self.left) } else { (&mut self.away_seconds, &mut self.came) };
            *seconds += passed;
            *changes += if took == takes { 0.0 } else { 1.0 };
        }
        self.seen_at = Some(self.seen_at.map_or(now, |at| at.max(now)));
        if self.there_seconds > REMEMBERED_SECONDS {
            for sum in [&mut self.there_seconds, &mut self.left, &mut self.away_seconds, &mut self.came] {
                *sum /= 2.0;
            }
        }
    }

    /// How often somebody who is here stops taking conversations, in a second.
    pub(super) fn leaving(&self) -> f64 {
        self.left / (self.there_seconds + STILL_SECONDS)
    }

    /// How often somebody who is not here comes, in a second.
    pub(super) fn coming(&self) -> f64 {
        self.came / (self.away_seconds + STILL_SECONDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::plan::test_floor::{at, seat};

    #[test]
    fn comings_and_goings_are_counted_against_the_time_there_was_for_them() {
        let mut turnover = Turnover::default();
        let mut seats = vec![seat(1, 1), seat(2, 1)];
        seats[1].here = false;
        for minute in 0..600 {
            seats[0].here = minute % 60 != 59;
            turnover.observe(&seats, at(minute * 60));
        }
        let leaving = 1.0 / turnover.leaving();
        assert!((3_000.0..6_000.0).contains(&leaving), "about once an hour: {leaving}");
        assert!(turnover.coming() > 0.0 && turnover.coming() < 1.0 / 3_000.0, "one comes back, the other never does");
        assert_eq!((Turnover::default().leaving(), Turnover::default().coming()), (0.0, 0.0));
    }
}
