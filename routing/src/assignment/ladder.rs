//! What a conversation asks for by now: its demands after the rungs of the ladder that its wait has reached.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use desk::assignment_policy::{Rung, Step};
use desk::brand::BrandId;
use desk::skill::Demand;
use desk::team::TeamId;
use infra::Timestamp;

use super::model::{Seat, Ticket};

/// Whose agents may take it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Teams {
    /// Everybody's.
    All,
    /// Only these.
    Of(BTreeSet<TeamId>),
}

impl Teams {
    /// Whether this agent is in one of them.
    pub fn include(&self, seat: &Seat) -> bool {
        match self {
            Self::All => true,
            Self::Of(teams) => teams.iter().any(|team| seat.teams.contains(team)),
        }
    }

    fn widen(&mut self, more: impl IntoIterator<Item = TeamId>) {
        if let Self::Of(teams) = self {
            teams.extend(more);
        }
    }
}

/// Who may take a conversation now, and what is preferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Whose line it stands in: its own team's, or the one it moved to.
    pub team: Option<TeamId>,
    /// Whose agents may take it.
    pub teams: Teams,
    /// Only agents who have all of these.
    pub required: Vec<Demand>,
    /// Agents who have these come first.
    pub preferred: Vec<Demand>,
    /// Whether the visitor is asked to leave a message instead.
    pub message_form: bool,
    /// How many rungs have been taken.
    pub step: u16,
    /// When the next one is taken.
    pub next_at: Option<Timestamp>,
}

/// What it asks for now, and when that changes next. A rung once taken stays taken.
pub fn effective(ticket: &Ticket, brands: &BTreeMap<BrandId, BTreeSet<TeamId>>, now: Timestamp) -> Reach {
    let ladder = &ticket.rules.ladder;
    let taken = taken(ticket, now);
    let mut reach = Reach {
        team: ticket.team,
        teams: ticket.team.map_or(Teams::All, |team| Teams::Of([team].into())),
        required: ticket.demands.required.clone(),
        preferred: ticket.demands.preferred.clone(),
        message_form: false,
        step: u16::try_from(taken).unwrap_or(u16::MAX),
        next_at: next_rung(ticket, now),
    };
    for rung in ladder.iter().take(taken) {
        reach.take(rung.step, ticket, brands);
    }
    reach
}

/// How many rungs have been taken.
fn taken(ticket: &Ticket, now: Timestamp) -> usize {
    let ladder = &ticket.rules.ladder;
    let due = ladder.iter().take_while(|rung| reached_at(ticket, rung) <= now).count();
    due.max(usize::from(ticket.step)).min(ladder.len())
}

/// When the next rung is taken.
pub(super) fn next_rung(ticket: &Ticket, now: Timestamp) -> Option<Timestamp> {
    ticket.rules.ladder.get(taken(ticket, now)).map(|rung| reached_at(ticket, rung))
}

fn reached_at(ticket: &Ticket, rung: &Rung) -> Timestamp {
    ticket.since + TimeDelta::seconds(rung.after_seconds.into())
}

impl Reach {
    fn take(&mut self, step: Step, ticket: &Ticket, brands: &BTreeMap<BrandId, BTreeSet<TeamId>>) {
        match step {
            Step::DropPreferred {} => self.preferred.clear(),
            Step::LowerLevel { by } => {
                for demand in &mut self.required {
                    demand.level = demand.level.saturating_sub(by).max(1);
                }
            }
            Step::WidenToTeam { team_id } => self.teams.widen([team_id]),
            // It has been in that line and goes round in no circle. Agents of the line it stands in are to have it still.
            Step::OverflowToTeam { team_id } if ticket.moved_from.contains(&team_id) => {}
            Step::OverflowToTeam { team_id } => {
                self.team = Some(team_id);
                self.teams = Teams::Of([team_id].into());
            }
            Step::OverflowToBrand { brand_id } => {
                self.teams.widen(brands.get(&brand_id).into_iter().flatten().copied());
            }
            Step::MessageForm {} => self.message_form = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::test_floor::{at, skill, team, ticket, with_rules};
    use super::*;
    use desk::assignment_policy::Rules;

    fn ladder(steps: &[(u32, Step)]) -> Rules {
        let ladder =
            steps.iter().map(|(after_seconds, step)| Rung { after_seconds: *after_seconds, step: *step }).collect();
        Rules { ladder, ..Rules::default() }
    }

    #[test]
    fn a_wait_climbs_the_ladder_rung_by_rung() {
        let rules = ladder(&[
            (10, Step::DropPreferred {}),
            (20, Step::LowerLevel { by: 2 }),
            (30, Step::WidenToTeam { team_id: team(2) }),
            (40, Step::LowerLevel { by: 4 }),
            (50, Step::OverflowToTeam { team_id: team(3) }),
            (60, Step::MessageForm {}),
        ]);
        let mut it = with_rules(ticket(1, 0), rules);
        it.team = Some(team(1));
        it.demands.required = vec![Demand { skill_id: skill(1), level: 4 }];
        it.demands.preferred = vec![Demand { skill_id: skill(2), level: 1 }];
        let reach = |seconds| effective(&it, &BTreeMap::new(), at(seconds));
        let level = |seconds| reach(seconds).required.first().map(|demand| demand.level);

        assert_eq!((reach(9).step, reach(9).next_at, reach(9).preferred.len()), (0, Some(at(10)), 1));
        assert_eq!((reach(10).step, reach(10).next_at, reach(10).preferred.len()), (1, Some(at(20)), 0));
        assert_eq!((level(19), level(20), level(40)), (Some(4), Some(2), Some(1)));
        assert_eq!(reach(30).teams, Teams::Of([team(1), team(2)].into()));
        assert_eq!((reach(50).teams, reach(50).team), (Teams::Of([team(3)].into()), Some(team(3))));
        assert!(!reach(59).message_form && reach(60).message_form);
        assert_eq!(reach(60).next_at, None);
    }

    #[test]
    fn a_rung_once_taken_stays_taken_when_the_wait_begins_anew() {
        let mut it = with_rules(ticket(1, 0), ladder(&[(10, Step::DropPreferred {}), (20, Step::MessageForm {})]));
        it.demands.preferred = vec![Demand { skill_id: skill(2), level: 1 }];
        (it.step, it.since) = (1, at(100));
        let reach = effective(&it, &BTreeMap::new(), at(101));
        assert!(reach.preferred.is_empty());
        assert_eq!((reach.step, reach.next_at), (1, Some(at(120))));
        it.step = 9;
        assert!(effective(&it, &BTreeMap::new(), at(101)).message_form, "a shorter ladder is simply at its end");
    }

    #[test]
    fn a_wait_stays_where_it_is_rather_than_go_back_where_it_overflowed_from_and_climbs_on() {
        let rules = ladder(&[
            (10, Step::WidenToTeam { team_id: team(4) }),
            (20, Step::OverflowToTeam { team_id: team(1) }),
            (30, Step::OverflowToTeam { team_id: team(3) }),
        ]);
        let mut it = with_rules(ticket(1, 0), rules);
        (it.team, it.moved_from) = (Some(team(2)), [team(1)].into());
        let reach = |seconds| effective(&it, &BTreeMap::new(), at(seconds));
        assert_eq!((reach(20).team, reach(20).teams), (Some(team(2)), Teams::Of([team(2), team(4)].into())));
        assert_eq!((reach(20).step, reach(20).next_at), (2, Some(at(30))));
        assert_eq!((reach(30).team, reach(30).teams), (Some(team(3)), Teams::Of([team(3)].into())));
    }

    #[test]
    fn a_brand_is_all_its_teams_and_whoever_waits_for_all_stays_there() {
        let brand = BrandId::from_uuid(uuid::Uuid::from_u128(1));
        let brands = BTreeMap::from([(brand, BTreeSet::from([team(5), team(6)]))]);
        let rules = ladder(&[(10, Step::OverflowToBrand { brand_id: brand })]);
        let mut it = with_rules(ticket(1, 0), rules);
        assert_eq!(effective(&it, &brands, at(10)).teams, Teams::All);
        it.team = Some(team(1));
        assert_eq!(effective(&it, &brands, at(10)).teams, Teams::Of([team(1), team(5), team(6)].into()));
    }
}
