//! Who comes first for a kind of demand. Conversations that ask for the same share one ranking, so that a kind for which
//! nobody has room is looked at once, however many wait.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use desk::assignment_policy::{LanguageRule, Strategy};
use desk::skill::{Demand, SkillId};
use desk::team::TeamId;
use tenant::AgentId;

use super::ladder::{Reach, Teams};
use super::model::{Seat, Ticket};
use super::why::{Candidate, Refusal};

/// What a conversation asks for, without what is its own affair: equal wants share a ranking.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Want {
    team: Option<TeamId>,
    teams: Teams,
    required: Vec<Demand>,
    preferred: Vec<Demand>,
    language: Option<String>,
    language_required: bool,
    pub(crate) channel: String,
    pub(crate) weight: u32,
    strategy: Strategy,
}

impl Want {
    pub(crate) fn of(ticket: &Ticket, reach: &Reach) -> Self {
        let rule = ticket.rules.language;
        Self {
            team: reach.team,
            teams: reach.teams.clone(),
            required: reach.required.clone(),
            preferred: reach.preferred.clone(),
            language: if rule == LanguageRule::Ignore { None } else { ticket.language.clone() },
            language_required: rule == LanguageRule::Require,
            channel: ticket.channel.clone(),
            weight: ticket.weight,
            strategy: ticket.rules.strategy,
        }
    }

    /// Why this agent could not take it, however much room they had.
    pub(crate) fn unable(&self, seat: &Seat) -> Option<Refusal> {
        if !self.teams.include(seat) {
            return Some(Refusal::OtherTeam);
        }
        for demand in &self.required {
            match seat.skills.get(&demand.skill_id) {
                None => return Some(Refusal::SkillMissing),
                Some(level) if *level < demand.level => return Some(Refusal::LevelTooLow),
                Some(_) => {}
            }
        }
        let spoken = self.language.as_ref().is_none_or(|language| seat.speaks(language));
        (self.language_required && !spoken).then_some(Refusal::Language)
    }

    /// Why this agent has no room for it.
    pub(super) fn crowded(&self, seat: &Seat) -> Option<Refusal> {
        if !seat.has_channel(&self.channel) {
            Some(Refusal::ChannelFull)
        } else if !seat.has_room(self.weight) {
            Some(Refusal::Full)
        } else {
            None
        }
    }

    /// The sum of an agent's levels in the skills asked for.
    fn level(&self, seat: &Seat) -> u16 {
        let asked: BTreeSet<SkillId> =
            self.required.iter().chain(&self.preferred).map(|demand| demand.skill_id).collect();
        asked.iter().filter_map(|skill| seat.skills.get(skill)).map(|level| u16::from(*level)).sum()
    }

    fn key(&self, seat: &Seat) -> Key {
        let missed = |demand: &&Demand| seat.skills.get(&demand.skill_id).is_none_or(|level| *level < demand.level);
        let by_load = matches!(self.strategy, Strategy::LeastBusy | Strategy::BestSkill);
        Key {
            language_missed: self.language.as_ref().is_some_and(|language| !seat.speaks(language)),
            preferred_missed: self.preferred.iter().filter(missed).count(),
            foreign: self.team.is_some_and(|team| !seat.teams.contains(&team)),
            level: Reverse(if self.strategy == Strategy::BestSkill { self.level(seat) } else { 0 }),
            // A fraction in 32 bits after the point tells any two loads of people apart, without rounding that depends on order.
            load: if by_load { (u64::from(seat.load) << 32) / u64::from(seat.capacity.max(1)) } else { 0 },
            last_assigned: seat.last_assigned_at.map_or(i64::MIN, |at| at.timestamp_micros()),
            agent: seat.agent,
        }
    }

    pub(super) fn candidate(&self, seat: &Seat, refused: Option<Refusal>) -> Candidate {
        Candidate { agent_id: seat.agent, load: seat.load, capacity: seat.capacity, level: self.level(seat), refused }
    }
}

/// Less is better. Giving an agent something makes their key greater and never less: that is what the lazy heap relies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    language_missed: bool,
    preferred_missed: usize,
    foreign: bool,
    level: Reverse<u16>,
    load: u64,
    last_assigned: i64,
    agent: AgentId,
}

/// The agents who may take one kind of demand, best first.
pub(super) struct Ranking {
    pub(super) want: Want,
    heap: BinaryHeap<Reverse<(Key, usize)>>,
    /// Nobody able has room, and within this plan nobody will.
    pub(super) exhausted: bool,
    /// Those to name among the refused: the able first.
    others: Option<Vec<(usize, Option<Refusal>)>>,
}

/// How many candidates are kept on record.
const KEPT: usize = 10;

impl Ranking {
    /// Ranks those of `free` who may take it.
    pub(super) fn new(want: Want, seats: &[Seat], free: &[usize]) -> Self {
        let able = free.iter().filter_map(|index| {
            let seat = seats.get(*index)?;
            let fits = want.unable(seat).is_none() && want.crowded(seat).is_none();
            fits.then(|| Reverse((want.key(seat), *index)))
        });
        let heap: BinaryHeap<_> = able.collect();
        Self { exhausted: heap.is_empty(), want, heap, others: None }
    }

    /// The best with room who is not among the declined.
    pub(super) fn best(&mut self, seats: &[Seat], declined: &BTreeSet<AgentId>) -> Option<usize> {
        let mut aside = Vec::new();
        let mut found = None;
        while let Some(entry) = self.next(seats) {
            let Reverse((key, index)) = entry;
            aside.push(entry);
            if !declined.contains(&key.agent) {
                found = Some(index);
                break;
            }
        }
        self.exhausted = aside.is_empty();
        self.heap.extend(aside);
        found
    }

    /// Takes out the best entry that is true: what is stale goes back where it belongs, who has no room is dropped.
    fn next(&mut self, seats: &[Seat]) -> Option<Reverse<(Key, usize)>> {
        while let Some(Reverse((key, index))) = self.heap.pop() {
            let Some(seat) = seats.get(index).filter(|seat| self.want.crowded(seat).is_none()) else { continue };
            let true_key = self.want.key(seat);
            if true_key == key {
                return Some(Reverse((key, index)));
            }
            self.heap.push(Reverse((true_key, index)));
        }
        None
    }

    /// Those looked at: the chosen one, the next best, then some who could not.
    pub(super) fn candidates(&mut self, seats: &[Seat], ticket: &Ticket, chosen: usize) -> Vec<Candidate> {
        let mut named = vec![chosen];
        let mut aside = Vec::new();
        while named.len() < KEPT && aside.len() < 2 * KEPT {
            let Some(entry) = self.next(seats) else { break };
            aside.push(entry);
            if entry.0.1 != chosen && !ticket.declined.contains(&entry.0.0.agent) {
                named.push(entry.0.1);
            }
        }
        self.heap.extend(aside);
        let mut candidates: Vec<Candidate> =
            named.iter().filter_map(|index| Some(self.want.candidate(seats.get(*index)?, None))).collect();
        if candidates.len() < KEPT {
            let want = &self.want;
            let others = self.others.get_or_insert_with(|| notable(want, seats));
            for (index, unable) in others.iter().filter(|(index, _)| !named.contains(index)) {
                let Some(seat) = seats.get(*index) else { continue };
                let refused = unable.or_else(|| unwilling(seat)).or_else(|| {
                    ticket.declined.contains(&seat.agent).then_some(Refusal::Declined).or_else(|| want.crowded(seat))
                });
                if refused.is_some() && candidates.len() < KEPT {
                    candidates.push(want.candidate(seat, refused));
                }
            }
        }
        candidates
    }
}

/// Why this agent takes none at all.
pub(super) fn unwilling(seat: &Seat) -> Option<Refusal> {
    if !seat.here {
        Some(Refusal::Offline)
    } else if !seat.takes() {
        Some(Refusal::Away)
    } else {
        None
    }
}

/// Whom a reader asks about: those who could but for presence and room, then those of the team who lack something.
fn notable(want: &Want, seats: &[Seat]) -> Vec<(usize, Option<Refusal>)> {
    let (mut able, mut unable) = (Vec::new(), Vec::new());
    for (index, seat) in seats.iter().enumerate() {
        match want.unable(seat) {
            None if able.len() < 4 * KEPT => able.push((index, None)),
            Some(Refusal::OtherTeam) | None => {}
            refusal @ Some(_) if unable.len() < KEPT => unable.push((index, refusal)),
            Some(_) => {}
        }
    }
    able.extend(unable);
    able
}
