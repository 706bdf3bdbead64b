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
    agents: BTreeMap<AgentId, Seen>,
    seen_at: Option<Timestamp>,
    /// Of those who are here, those who have gone a short while ago, and those who have been gone for longer.
    there: Spell,
    short: Spell,
    long: Spell,
}

/// How an agent was seen last.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Seen {
    takes: bool,
    /// Since when, if they were seen coming or going.
    since: Option<Timestamp>,
}

/// How long all together were so, and how often that ended.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Spell {
    seconds: f64,
    ended: f64,
}

impl Spell {
    /// How often it ends, in a second; as if for so long before it had not ended.
    fn rate(self, believed: f64) -> f64 {
        self.ended / (self.seconds + believed)
    }
}

/// Before anything was seen: as if for so long nobody had come or gone.
const STILL_SECONDS: f64 = 7_200.0;
/// The same for those who have just gone.
const SOON_SECONDS: f64 = 300.0;
/// A short while: connections break and come back, and pauses end, otherwise than work does.
const SHORT_SECONDS: f64 = 300.0;
/// After so long without a look, nobody knows what happened meanwhile.
const UNSEEN_SECONDS: f64 = 120.0;
/// After so many hours of agents at work, older ones begin to be forgotten.
const REMEMBERED_SECONDS: f64 = 400_000.0;

impl Turnover {
    /// Looks at the floor; the oftener, the better.
    pub fn observe(&mut self, seats: &[Seat], now: Timestamp) {
        let passed = self.seen_at.map_or(0.0, |at| (now - at).as_seconds_f64().max(0.0));
        if passed > UNSEEN_SECONDS {
            self.agents.clear();
        }
        for seat in seats {
            let takes = seat.takes();
            let Some(seen) = self.agents.get_mut(&seat.agent) else {
                self.agents.insert(seat.agent, Seen { takes, since: None });
                continue;
            };
            let changed = if seen.takes == takes { 0.0 } else { 1.0 };
            if seen.takes {
                self.there.seconds += passed;
                self.there.ended += changed;
            } else {
                let gone = seen.since.map_or(f64::INFINITY, |since| (now - since).as_seconds_f64().max(0.0));
                let short = (SHORT_SECONDS - (gone - passed)).clamp(0.0, passed);
                self.short.seconds += short;
                self.long.seconds += passed - short;
                let ended = if gone <= SHORT_SECONDS { &mut self.short } else { &mut self.long };
                ended.ended += changed;
            }
            if seen.takes != takes {
                *seen = Seen { takes, since: Some(now) };
            }
        }
        self.seen_at = Some(self.seen_at.map_or(now, |at| at.max(now)));
        if self.there.seconds > REMEMBERED_SECONDS {
            for spell in [&mut self.there, &mut self.short, &mut self.long] {
                (spell.seconds, spell.ended) = (spell.seconds / 2.0, spell.ended / 2.0);
            }
        }
    }

    /// How many seconds after having come somebody goes, in this chance between 0 and 1; `None` for never.
    pub(super) fn goes_after(&self, chance: f64) -> Option<f64> {
        let rate = self.there.rate(STILL_SECONDS);
        (rate > 0.0).then(|| -(1.0 - chance).ln() / rate)
    }

    /// How many seconds from now somebody comes back who has been gone for so long, in this chance; `None` for never.
    pub(super) fn comes_after(&self, gone: f64, chance: f64) -> Option<f64> {
        let (soon, late) = (self.short.rate(SOON_SECONDS), self.long.rate(STILL_SECONDS));
        let short = (SHORT_SECONDS - gone).max(0.0);
        let hazard = -(1.0 - chance).ln();
        if soon * short >= hazard && soon > 0.0 {
            return Some(hazard / soon);
        }
        (late > 0.0).then(|| short + (hazard - soon * short) / late)
    }

    /// For how long this agent has been gone; `None` for who is here.
    pub(super) fn gone_seconds(&self, seat: &Seat, now: Timestamp) -> Option<f64> {
        let seen = self.agents.get(&seat.agent).filter(|seen| !seen.takes);
        let gone =
            seen.and_then(|seen| seen.since).map_or(f64::INFINITY, |since| (now - since).as_seconds_f64().max(0.0));
        (!seat.takes()).then_some(gone)
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
        let half = 2.0_f64.ln().recip();
        let goes = turnover.goes_after(0.5).unwrap() * half;
        assert!((3_000.0..6_000.0).contains(&goes), "about once an hour: {goes}");
        let soon = turnover.comes_after(0.0, 0.5).unwrap();
        assert!((30.0..90.0).contains(&soon), "who has just gone is back in a minute: {soon}");
        assert_eq!(turnover.comes_after(f64::INFINITY, 0.5), None, "the other never comes");
        assert_eq!((Turnover::default().goes_after(0.5), Turnover::default().comes_after(0.0, 0.5)), (None, None));
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
            Turnover { seen_at: Some(at(7_200)), agents: turnover.agents.clone(), ..Turnover::default() }
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
