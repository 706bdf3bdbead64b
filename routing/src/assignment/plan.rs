//! The decision: fills every place that can be filled, in line order.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use chrono::TimeDelta;
use desk::ConversationId;
use desk::assignment_policy::Strategy;
use infra::Timestamp;
use tenant::AgentId;

use super::ladder::{Reach, effective, next_rung};
use super::model::{Floor, Offer, Place, Seat, Ticket};
use super::rank::{Ranking, Want, unwilling};
use super::why::{Ground, Refusal, Why};

/// Who gets what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Whose it is now, or to whom it is offered.
    pub agent: AgentId,
    /// For how many seconds it is offered; `None` when it is given at once.
    pub offer: Option<u32>,
    /// What to keep as the agent's `last_assigned_at`, for an offer too: an agent who lets offers pass takes turns like the
    /// others. No two decisions have the same, or turns would be decided by who was made first.
    pub stamp: Timestamp,
    /// Everybody able had declined it: who did is forgotten.
    pub new_round: bool,
    /// The grounds.
    pub why: Why,
}

/// What is decided now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// In line order.
    pub decisions: Vec<Decision>,
    /// When to plan again if nothing happens before: a rung, the end of an offer, another round.
    pub wake_at: Option<Timestamp>,
    /// Whether somebody who takes conversations has room still: those further back in line, had there been more of it, could get something.
    pub has_room: bool,
}

/// How long an agent who declined is left in peace when there is nobody else, where the policy sets no time for offers.
const PEACE_SECONDS: u32 = 30;

/// Decides for everybody in line. The floor is left as it is once the decisions are carried out.
pub fn plan(floor: &mut Floor, now: Timestamp) -> Plan {
    plan_to(floor, now, None)
}

/// Decides for those in line up to this place: of the others not all are on this floor, and nobody is to be passed over.
pub fn plan_to(floor: &mut Floor, now: Timestamp, last: Option<Place>) -> Plan {
    let mut planner = Planner::new(floor, now);
    // A heap, because most plans have one place to give, and need not know who comes last.
    let line = floor.tickets.iter().enumerate().filter(|(_, ticket)| ticket.offer.is_none());
    let mut line: BinaryHeap<_> = line.map(|(index, ticket)| Reverse((ticket.place(), index))).collect();
    let mut given = BTreeSet::new();
    while planner.open > 0
        && let Some(Reverse((_, index))) = line.pop()
    {
        let Some(ticket) = floor.tickets.get_mut(index) else { continue };
        if last.is_some_and(|last| ticket.place() > last) {
            break;
        }
        let reach = effective(ticket, &floor.brands, now);
        let Some(decision) = planner.decide(&mut floor.seats, ticket, reach) else { continue };
        if let Some(seconds) = decision.offer {
            let until = now + TimeDelta::seconds(seconds.into());
            (ticket.offer, ticket.last_offer_at) = (Some(Offer { to: decision.agent, until }), Some(now));
            if decision.new_round {
                ticket.declined.clear();
            }
        } else {
            given.insert(decision.conversation);
        }
        planner.plan.decisions.push(decision);
    }
    planner.plan.has_room = planner.open > 0;
    if !given.is_empty() {
        floor.tickets.retain(|ticket| !given.contains(&ticket.conversation));
    }
    for ticket in &floor.tickets {
        let Some(offer) = ticket.offer else {
            if let Some(at) = next_rung(ticket, now) {
                planner.wake(at);
            }
            continue;
        };
        planner.wake(offer.until);
        // A place kept for an offer is not a load yet.
        let place = planner.places.get(&offer.to).copied();
        if let Some(seat) = place.and_then(|index| floor.seats.get_mut(index)) {
            seat.remove(ticket.weight, &ticket.channel);
        }
    }
    planner.plan
}

/// Why this agent could not have this conversation now; `None` when they could. `reach` is what it asks for by now.
pub fn refusal(seat: &Seat, ticket: &Ticket, reach: &Reach) -> Option<Refusal> {
    let want = Want::of(ticket, reach);
    if ticket.only_agent.is_some_and(|only| only != seat.agent) {
        return Some(Refusal::NotNamed);
    }
    let named = ticket.only_agent.is_some();
    unwilling(seat)
        .or_else(|| if named { None } else { want.unable(seat) })
        .or_else(|| ticket.declined.contains(&seat.agent).then_some(Refusal::Declined))
        .or_else(|| want.crowded(seat))
}

struct Planner {
    now: Timestamp,
    /// The next stamp.
    stamp: Timestamp,
    places: HashMap<AgentId, usize>,
    /// Those who take conversations and had room when last looked at.
    free: Vec<usize>,
    /// How many of them have room.
    open: usize,
    kinds: HashMap<Want, usize>,
    rankings: Vec<Ranking>,
    plan: Plan,
}

impl Planner {
    fn new(floor: &mut Floor, now: Timestamp) -> Self {
        let places: HashMap<AgentId, usize> =
            floor.seats.iter().enumerate().map(|(index, seat)| (seat.agent, index)).collect();
        for ticket in &floor.tickets {
            let to = ticket.offer.and_then(|offer| places.get(&offer.to).copied());
            if let Some(seat) = to.and_then(|index| floor.seats.get_mut(index)) {
                seat.add(ticket.weight, &ticket.channel);
            }
        }
        let with_room = |(_, seat): &(usize, &Seat)| seat.takes() && seat.load < seat.capacity;
        let free: Vec<usize> = floor.seats.iter().enumerate().filter(with_room).map(|(index, _)| index).collect();
        // Later than everything before, also when another machine's clock was ahead.
        let latest = floor.seats.iter().filter_map(|seat| seat.last_assigned_at).max();
        let stamp = latest.map_or(now, |latest| now.max(latest + TimeDelta::microseconds(1)));
        Self {
            now,
            stamp,
            places,
            open: free.len(),
            free,
            kinds: HashMap::new(),
            rankings: Vec::new(),
            plan: Plan::default(),
        }
    }

    fn wake(&mut self, at: Timestamp) {
        if at > self.now {
            self.plan.wake_at = Some(self.plan.wake_at.map_or(at, |before| before.min(at)));
        }
    }

    fn decide(&mut self, seats: &mut [Seat], ticket: &Ticket, reach: Reach) -> Option<Decision> {
        let (chosen, reason, ranking) = if let Some(only) = ticket.only_agent {
            let index = self.places.get(&only).copied()?;
            if refusal(seats.get(index)?, ticket, &reach).is_some() {
                return None;
            }
            (index, Ground::Named, None)
        } else {
            if ticket.rules.strategy == Strategy::Manual {
                return None;
            }
            let kind = self.kind(ticket, &reach, seats);
            let (index, reason) = self.choose(seats, ticket, &reach, kind)?;
            (index, reason, Some(kind))
        };
        let why = self.why(seats, ticket, reach, (chosen, reason, ranking));
        let stamp = self.stamp;
        self.stamp += TimeDelta::microseconds(1);
        let seat = seats.get_mut(chosen)?;
        seat.add(ticket.weight, &ticket.channel);
        seat.last_assigned_at = Some(stamp);
        self.open -= usize::from(seat.load >= seat.capacity);
        Some(Decision {
            conversation: ticket.conversation,
            agent: seat.agent,
            offer: ticket.rules.accept_seconds,
            stamp,
            new_round: reason == Ground::SecondRound,
            why,
        })
    }

    /// The ranking for what it asks for.
    fn kind(&mut self, ticket: &Ticket, reach: &Reach, seats: &[Seat]) -> usize {
        let want = Want::of(ticket, reach);
        if let Some(kind) = self.kinds.get(&want) {
            return *kind;
        }
        self.free.retain(|index| seats.get(*index).is_some_and(|seat| seat.load < seat.capacity));
        let kind = self.rankings.len();
        self.rankings.push(Ranking::new(want.clone(), seats, &self.free));
        self.kinds.insert(want, kind);
        kind
    }

    fn choose(&mut self, seats: &[Seat], ticket: &Ticket, reach: &Reach, kind: usize) -> Option<(usize, Ground)> {
        let ranking = self.rankings.get_mut(kind).filter(|ranking| !ranking.exhausted)?;
        if ticket.rules.sticky
            && let Some(index) = ticket.last_agent.and_then(|last| self.places.get(&last).copied())
            && seats.get(index).is_some_and(|seat| refusal(seat, ticket, reach).is_none())
        {
            return Some((index, Ground::LastAgent));
        }
        if let Some(index) = ranking.best(seats, &ticket.declined) {
            let reason = match ticket.rules.strategy {
                Strategy::RoundRobin | Strategy::Manual => Ground::LongestWithout,
                Strategy::LeastBusy => Ground::LeastBusy,
                Strategy::BestSkill => Ground::BestSkill,
            };
            return Some((index, reason));
        }
        if ranking.exhausted {
            return None;
        }
        // Only those who declined have room. They are left in peace for a while, and asked again before a visitor waits beside
        // somebody who is free.
        let peace = ticket.rules.accept_seconds.unwrap_or(PEACE_SECONDS);
        let again_at = ticket.last_offer_at.map_or(self.now, |at| at + TimeDelta::seconds(peace.into()));
        if again_at > self.now {
            self.wake(again_at);
            return None;
        }
        ranking.best(seats, &BTreeSet::new()).map(|index| (index, Ground::SecondRound))
    }

    fn why(
        &mut self,
        seats: &[Seat],
        ticket: &Ticket,
        reach: Reach,
        (chosen, reason, ranking): (usize, Ground, Option<usize>),
    ) -> Why {
        let candidates = match ranking.and_then(|kind| self.rankings.get_mut(kind)) {
            Some(ranking) => ranking.candidates(seats, ticket, chosen),
            None => {
                let want = Want::of(ticket, &reach);
                seats.get(chosen).map(|seat| want.candidate(seat, None)).into_iter().collect()
            }
        };
        Why {
            policy: ticket.policy,
            strategy: ticket.rules.strategy,
            step: reach.step,
            required: reach.required,
            preferred: reach.preferred,
            candidates,
            reason,
            waited_seconds: (self.now - ticket.since).num_seconds().max(0),
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod test_floor;
#[cfg(test)]
mod tests;
