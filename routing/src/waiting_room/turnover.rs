//! How often agents come and go, learnt by watching the floor: whoever waits for an hour waits for people who are not here yet,
//! and not for some who are.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use infra::Timestamp;
use tenant::{AccountId, AgentId};

use crate::assignment::model::Seat;

/// What was seen of comings and goings.
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
/// After so long without a look, nobody knows what happened meanwhile.
const UNSEEN_SECONDS: f64 = 120.0;
/// After so many hours of agents at work, older ones begin to be forgotten.
const REMEMBERED_SECONDS: f64 = 400_000.0;

impl Turnover {
    /// Looks at the floor; the oftener, the better.
    pub fn observe(&mut self, seats: &[Seat], now: Timestamp) {
        let passed = self.seen_at.map_or(0.0, |at| (now - at).as_seconds_f64().max(0.0));
        if passed > UNSEEN_SECONDS {
            self.taking.clear();
        }
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

/// The turnover of each company, as far as this process has looked at their lines. Lost with it, and soon learnt again.
#[derive(Debug, Default)]
pub struct Turnovers(Mutex<HashMap<AccountId, Turnover>>);

/// So many companies are remembered, and more only while all of them are busy.
const COMPANIES: usize = 1_000;

impl Turnovers {
    /// Looks at a company's floor; says what is known by now.
    pub(super) fn watch(&self, account: AccountId, seats: &[Seat], now: Timestamp) -> Turnover {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= COMPANIES && !all.contains_key(&account) {
            all.retain(|_, one| one.seen_at.is_some_and(|at| (now - at).as_seconds_f64() <= UNSEEN_SECONDS));
        }
        let turnover = all.entry(account).or_default();
        turnover.observe(seats, now);
        turnover.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::plan::test_floor::{at, seat};
    use infra::Id;
    use uuid::Uuid;

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

    #[test]
    fn what_happened_while_nobody_looked_is_not_guessed_at() {
        let mut turnover = Turnover::default();
        let mut seats = vec![seat(1, 1)];
        turnover.observe(&seats, at(0));
        seats[0].here = false;
        turnover.observe(&seats, at(7_200));
        assert_eq!(
            turnover,
            Turnover { seen_at: Some(at(7_200)), taking: turnover.taking.clone(), ..Turnover::default() }
        );
    }

    #[test]
    fn companies_are_forgotten_when_there_are_many_and_nothing_happens_there() {
        let watched = Turnovers::default();
        let company = |n: usize| Id::from_uuid(Uuid::from_u128(n as u128));
        for n in 0..COMPANIES {
            watched.watch(company(n), &[seat(1, 1)], at(if n == 7 { 300 } else { 0 }));
        }
        watched.watch(company(5_000), &[seat(1, 1)], at(310));
        let all = watched.0.lock().unwrap();
        assert_eq!(all.len(), 2);
        assert!(all.contains_key(&company(7)) && all.contains_key(&company(5_000)));
    }
}
