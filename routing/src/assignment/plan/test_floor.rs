//! Small floors for the tests of decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use desk::ConversationId;
use desk::assignment_policy::{Rules, Strategy};
use desk::skill::{Demands, Level, SkillId};
use desk::team::TeamId;
use infra::{Id, Timestamp};
use tenant::AgentId;
use tenant::agent::Availability;
use uuid::Uuid;

use desk::queue::Reason;

use crate::assignment::model::{Floor, Seat, Ticket, WHOLE};

pub(crate) fn at(seconds: i64) -> Timestamp {
    chrono::DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

pub(crate) fn agent(n: u128) -> AgentId {
    Id::from_uuid(Uuid::from_u128(n))
}

pub(crate) fn chat(n: u128) -> ConversationId {
    Id::from_uuid(Uuid::from_u128(n))
}

pub(crate) fn team(n: u128) -> TeamId {
    Id::from_uuid(Uuid::from_u128(n))
}

pub(crate) fn skill(n: u128) -> SkillId {
    Id::from_uuid(Uuid::from_u128(n))
}

/// Online, with room for so many.
pub(crate) fn seat(n: u128, capacity: u32) -> Seat {
    Seat {
        agent: agent(n),
        here: true,
        availability: Availability::Online,
        capacity: capacity * WHOLE,
        load: 0,
        channel_load: BTreeMap::new(),
        channel_most: BTreeMap::new(),
        teams: BTreeSet::new(),
        skills: BTreeMap::new(),
        languages: Vec::new(),
        last_assigned_at: None,
    }
}

pub(crate) fn skilled(n: u128, skills: &[(u128, Level)]) -> Seat {
    let skills = skills.iter().map(|(which, level)| (skill(*which), *level)).collect();
    Seat { skills, ..seat(n, 1) }
}

/// Came in at so many seconds, asks for nothing.
pub(crate) fn ticket(n: u128, seconds: i64) -> Ticket {
    Ticket {
        conversation: chat(n),
        team: None,
        rules: Arc::new(Rules { strategy: Strategy::RoundRobin, ..Rules::default() }),
        policy: None,
        entered_at: at(seconds),
        since: at(seconds),
        rank: 0,
        vip: false,
        patient: false,
        demands: Demands::default(),
        language: None,
        channel: "website".to_owned(),
        weight: WHOLE,
        last_agent: None,
        only_agent: None,
        declined: BTreeSet::new(),
        last_offer_at: None,
        offer: None,
        reason: Reason::New,
        step: 0,
        moved_from: BTreeSet::new(),
    }
}

pub(crate) fn with_rules(ticket: Ticket, rules: Rules) -> Ticket {
    Ticket { rules: Arc::new(rules), ..ticket }
}

pub(crate) fn floor(seats: Vec<Seat>, tickets: Vec<Ticket>) -> Floor {
    Floor { seats, tickets, brands: BTreeMap::new() }
}
