//! Reads a company's floor: its agents with what they have in hand, its line, and the rules that hold.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use desk::ConversationId;
use desk::assignment_policy::{self, PolicyId, Rules};
use desk::queue::floor::{self, AgentRow, Held, Hold};
use desk::queue::{self, QueueEntry};
use desk::{brand, skill, team};
use infra::Timestamp;
use infra::database::StoreError;
use tenant::{AgentId, TenantTx};

use super::model::{Floor, Offer, Place, Seat, Ticket, WHOLE};

/// A floor, with what is kept beside it in the database.
#[derive(Debug)]
pub struct Loaded {
    /// What decisions are made from.
    pub floor: Floor,
    /// The entries that the tickets were made of.
    pub entries: HashMap<ConversationId, QueueEntry>,
    /// Who has been gone for longer than a page takes to load anew.
    pub gone: BTreeSet<AgentId>,
    /// The policies by id, and the one that holds where none is named.
    pub policies: Policies,
    /// How long the line is.
    pub waiting: usize,
    /// Set when the line was not read to its end: when the next rung is that somebody in it reaches.
    pub cut: Option<Cut>,
}

/// What is known of a line that was not read to its end.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// The last place of its head. Of those behind it only some were read.
    pub last: Option<Place>,
    /// When the next rung is that somebody reaches, them or others.
    pub next_step_at: Option<Timestamp>,
}

/// How much of a line is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The head, where most places are filled, and whoever there is something to do for. To read all of a line of thousands takes far longer
    /// than to fill a place.
    Head,
    /// Everybody.
    Whole,
}

/// A longer line is read to this length first: more than one round gives away.
pub const HEAD: u32 = 500;

impl Loaded {
    /// Whether it is longer than a round has to read.
    pub fn is_long(&self) -> bool {
        u32::try_from(self.waiting).is_ok_and(|waiting| waiting > HEAD)
    }
}

/// The policies of a company.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    by_id: HashMap<PolicyId, Arc<Rules>>,
    default: Option<PolicyId>,
    otherwise: Arc<Rules>,
}

impl Policies {
    /// Reads them.
    pub async fn load(tx: &TenantTx) -> Result<Self, StoreError> {
        let all = assignment_policy::list(tx).await?;
        let default = all.iter().find(|policy| policy.is_default).map(|policy| policy.id);
        let by_id = all.into_iter().map(|policy| (policy.id, Arc::new(policy.rules))).collect();
        Ok(Self { by_id, default, otherwise: Arc::default() })
    }

    /// Whether waiting changes what anybody asks for.
    fn have_ladders(&self) -> bool {
        self.by_id.values().chain([&self.otherwise]).any(|rules| !rules.ladder.is_empty())
    }

    /// The rules under this name, else the default's, else what holds until somebody writes some.
    pub fn holding(&self, named: Option<PolicyId>) -> (Option<PolicyId>, Arc<Rules>) {
        let id = named.filter(|id| self.by_id.contains_key(id)).or(self.default);
        let rules = id.and_then(|id| self.by_id.get(&id)).unwrap_or(&self.otherwise);
        (id, Arc::clone(rules))
    }
}

/// Reads the floor. `here` are the agents who are connected.
pub async fn load(tx: &TenantTx, here: &BTreeSet<AgentId>, depth: Depth) -> Result<Loaded, StoreError> {
    let policies = Policies::load(tx).await?;
    // The line before what agents have in hand: what is accepted in between is counted twice, and never not at all.
    let (entries, waiting, cut) = line(tx, depth, policies.have_ladders()).await?;
    let rows = floor::agents(tx).await?;
    let is_gone = |row: &&AgentRow| row.gone_at.is_some_and(|at| at <= tx.now() - floor::GRACE);
    let gone = rows.iter().filter(is_gone).map(|row| row.id).collect();
    let seats = seats(tx, rows, here).await?;
    let tickets = tickets(tx, &entries, &policies).await?;
    // In line order: whoever was read besides stands behind these.
    let last = usize::try_from(HEAD).ok().and_then(|head| tickets.get(head.saturating_sub(1))).map(Ticket::place);
    let cut = cut.map(|next_step_at| Cut { last, next_step_at });
    let mut brands: BTreeMap<brand::BrandId, BTreeSet<team::TeamId>> = BTreeMap::new();
    for team in team::list(tx).await? {
        if let Some(brand) = team.brand_id {
            brands.entry(brand).or_default().insert(team.id);
        }
    }
    let entries = entries.into_iter().map(|entry| (entry.conversation, entry)).collect();
    Ok(Loaded { floor: Floor { seats, tickets, brands }, entries, gone, policies, waiting, cut })
}

/// The line, how long it is, and, where it was not read to its end, when the next rung is that somebody in it reaches.
async fn line(
    tx: &TenantTx,
    depth: Depth,
    is_laddered: bool,
) -> Result<(Vec<QueueEntry>, usize, Option<Option<Timestamp>>), StoreError> {
    if depth == Depth::Head {
        let length = queue::length(tx).await?;
        if length.waiting > i64::from(HEAD) {
            let head = queue::head(tx, HEAD, is_laddered).await?;
            let waiting = usize::try_from(length.waiting).unwrap_or(usize::MAX);
            return Ok((head, waiting, Some(length.next_step_at)));
        }
    }
    let entries = queue::list(tx).await?;
    let waiting = entries.len();
    Ok((entries, waiting, None))
}

async fn seats(tx: &TenantTx, rows: Vec<AgentRow>, here: &BTreeSet<AgentId>) -> Result<Vec<Seat>, StoreError> {
    let mut by_agent: HashMap<AgentId, Vec<Held>> = HashMap::new();
    for held in floor::held(tx).await? {
        by_agent.entry(held.agent).or_default().push(held);
    }
    let mut teams = team::of_agents(tx).await?;
    let mut skills = skill::of_agents(tx).await?;
    let seat = |row: AgentRow| {
        let held = by_agent.remove(&row.id).unwrap_or_default();
        let load = held.iter().map(|held| held.weight).sum::<i64>();
        let number = |of: i64| u32::try_from(of).unwrap_or(u32::MAX);
        Seat {
            agent: row.id,
            here: here.contains(&row.id),
            availability: row.availability,
            capacity: u32::try_from(row.capacity).unwrap_or_default().saturating_mul(WHOLE),
            load: number(load),
            channel_load: held.into_iter().map(|held| (held.channel, number(held.conversations))).collect(),
            channel_most: row.channel_capacity.into_iter().map(|(channel, most)| (channel, most.into())).collect(),
            teams: teams.remove(&row.id).into_iter().flatten().collect(),
            skills: skills.remove(&row.id).into_iter().flatten().map(|skill| (skill.skill_id, skill.level)).collect(),
            languages: row.languages,
            last_assigned_at: row.last_assigned_at,
        }
    };
    Ok(rows.into_iter().map(seat).collect())
}

async fn tickets(tx: &TenantTx, entries: &[QueueEntry], policies: &Policies) -> Result<Vec<Ticket>, StoreError> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let ids = entries.iter().map(|entry| entry.conversation.uuid()).collect();
    let holds: HashMap<ConversationId, Hold> =
        floor::holds(tx, ids).await?.into_iter().map(|hold| (hold.conversation, hold)).collect();
    Ok(entries.iter().map(|entry| ticket(entry, holds.get(&entry.conversation), policies)).collect())
}

fn ticket(entry: &QueueEntry, hold: Option<&Hold>, policies: &Policies) -> Ticket {
    let (policy, rules) = policies.holding(hold.and_then(|hold| hold.policy));
    Ticket {
        conversation: entry.conversation,
        team: entry.team,
        rules,
        policy,
        entered_at: entry.entered_at,
        since: hold.and_then(|hold| hold.since).unwrap_or(entry.entered_at),
        rank: entry.rank,
        vip: entry.vip,
        patient: entry.patient,
        demands: entry.demands.clone(),
        language: entry.language.clone(),
        channel: entry.channel.clone(),
        weight: u32::try_from(entry.weight).unwrap_or(WHOLE),
        last_agent: entry.last_agent,
        only_agent: entry.only_agent,
        declined: entry.declined.iter().copied().collect(),
        last_offer_at: entry.last_offer_at,
        offer: entry.offer.map(|offer| Offer { to: offer.agent, until: offer.until }),
        reason: entry.reason,
        step: u16::try_from(entry.step).unwrap_or_default(),
        moved_from: hold.into_iter().flat_map(|hold| hold.moved_from.iter().copied()).collect(),
    }
}
