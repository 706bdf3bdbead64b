//! What decisions are made from: agents on the floor, conversations in line, and their rules.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use desk::ConversationId;
use desk::assignment_policy::{PolicyId, Rules};
use desk::brand::BrandId;
use desk::queue::Reason;
use desk::skill::{Demands, Level, SkillId};
use desk::team::TeamId;
use infra::Timestamp;
use tenant::AgentId;
use tenant::agent::Availability;

/// How much of an agent's capacity a usual conversation takes. Capacity and load are counted in hundredths of one.
pub const WHOLE: u32 = 100;

/// An agent, as far as routing is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Who.
    pub agent: AgentId,
    /// Whether they are connected.
    pub here: bool,
    /// What they have chosen.
    pub availability: Availability,
    /// How much they take at once: [`WHOLE`] for each conversation.
    pub capacity: u32,
    /// How much of it is taken by conversations that are theirs. What they are being offered is counted by [`plan()`](super::plan()).
    pub load: u32,
    /// Channel → how many conversations of it are theirs.
    pub channel_load: BTreeMap<String, u32>,
    /// Channel → how many of it at most, within the capacity as a whole.
    pub channel_most: BTreeMap<String, u32>,
    /// Their teams.
    pub teams: BTreeSet<TeamId>,
    /// What they can do, and how well.
    pub skills: BTreeMap<SkillId, Level>,
    /// What they speak, as language tags.
    pub languages: Vec<String>,
    /// When they were last given one.
    pub last_assigned_at: Option<Timestamp>,
}

impl Seat {
    /// Whether they take new conversations at all.
    pub fn takes(&self) -> bool {
        self.here && self.availability == Availability::Online
    }

    /// Whether so much more fits.
    pub fn has_room(&self, weight: u32) -> bool {
        self.load.saturating_add(weight) <= self.capacity
    }

    /// Whether one more of this channel fits.
    pub fn has_channel(&self, channel: &str) -> bool {
        self.channel_most
            .get(channel)
            .is_none_or(|most| self.channel_load.get(channel).copied().unwrap_or_default() < *most)
    }

    /// Whether they speak it: `zh-CN` is spoken by whoever speaks `zh`, and the other way round.
    pub fn speaks(&self, language: &str) -> bool {
        self.languages.iter().any(|spoken| primary(spoken).eq_ignore_ascii_case(primary(language)))
    }

    /// Takes one more into account.
    pub(super) fn add(&mut self, weight: u32, channel: &str) {
        self.load = self.load.saturating_add(weight);
        match self.channel_load.get_mut(channel) {
            Some(load) => *load += 1,
            None => {
                self.channel_load.insert(channel.to_owned(), 1);
            }
        }
    }

    /// Takes one less into account.
    pub(super) fn remove(&mut self, weight: u32, channel: &str) {
        self.load = self.load.saturating_sub(weight);
        if let Some(load) = self.channel_load.get_mut(channel) {
            *load = load.saturating_sub(1);
        }
    }
}

/// `zh` of `zh-CN`.
fn primary(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or(tag)
}

/// An offer that is running: the place is kept free until it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Whom.
    pub to: AgentId,
    /// Until when.
    pub until: Timestamp,
}

/// A conversation in line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Which.
    pub conversation: ConversationId,
    /// Whose line; `None` for everybody's.
    pub team: Option<TeamId>,
    /// The rules that hold for it: its team's, else its inbox's, else the company's.
    pub rules: Arc<Rules>,
    /// Which policy these are, for the record; `None` for the rules that hold until somebody writes some.
    pub policy: Option<PolicyId>,
    /// When it first came into line in this episode: its place. Kept when it comes back, so that it stands at the head.
    pub entered_at: Timestamp,
    /// Since when it has been waiting this time: the ladder counts from here. Later than `entered_at` for what came back.
    pub since: Timestamp,
    /// Higher goes first.
    pub rank: i16,
    /// Goes before everybody who is not.
    pub vip: bool,
    /// Left a message or wants to be called: goes after everybody who waits now.
    pub patient: bool,
    /// What it asks for.
    pub demands: Demands,
    /// The visitor's language.
    pub language: Option<String>,
    /// Where it came in.
    pub channel: String,
    /// How much of an agent's capacity it takes, 1 to [`WHOLE`].
    pub weight: u32,
    /// Who had the contact last.
    pub last_agent: Option<AgentId>,
    /// The only one who may have it: it was passed on to them.
    pub only_agent: Option<AgentId>,
    /// Whom it was offered to in vain, this time round.
    pub declined: BTreeSet<AgentId>,
    /// When it was last offered to somebody, answered or not.
    pub last_offer_at: Option<Timestamp>,
    /// To whom it is being offered now.
    pub offer: Option<Offer>,
    /// Why it is in line.
    pub reason: Reason,
    /// How many rungs of the ladder have been taken: never undone.
    pub step: u16,
    /// The teams whose lines it has overflowed from: a rung that would move it into one of them again does nothing.
    pub moved_from: BTreeSet<TeamId>,
}

/// Where a ticket stands: less goes first.
pub type Place = (bool, bool, Reverse<i16>, Timestamp, ConversationId);

impl Ticket {
    /// Its place in line. No two are equal.
    pub fn place(&self) -> Place {
        (self.patient, !self.vip, Reverse(self.rank), self.entered_at, self.conversation)
    }
}

/// Everything a decision needs to know of a company.
#[derive(Debug, Clone, Default)]
pub struct Floor {
    /// Its agents, each once, in any order.
    pub seats: Vec<Seat>,
    /// Its line, in any order.
    pub tickets: Vec<Ticket>,
    /// The teams of each brand.
    pub brands: BTreeMap<BrandId, BTreeSet<TeamId>>,
}

impl Floor {
    /// The line, in order.
    pub fn line(&self) -> Vec<&Ticket> {
        let mut line: Vec<&Ticket> = self.tickets.iter().collect();
        line.sort_by_cached_key(|ticket| ticket.place());
        line
    }
}
