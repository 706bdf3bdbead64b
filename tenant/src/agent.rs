//! Agents inside their company: the name they sign with, whether they want chats, and how many at once.

use std::collections::{BTreeMap, HashMap};

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::membership::AgentId;
use crate::scope::Member;
use crate::tx::TenantTx;

/// What an agent has chosen. Whether they are reachable is presence's affair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// Gives me chats.
    Online,
    /// At work on what I have: no new chats.
    Busy,
    /// Here, but no new chats.
    Away,
    /// Away, and what waits for my answer goes to others.
    Reassigning,
}

impl Availability {
    const ALL: [Self; 4] = [Self::Online, Self::Busy, Self::Away, Self::Reassigning];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Busy => "busy",
            Self::Away => "away",
            Self::Reassigning => "reassigning",
        }
    }

    /// As read. What was never written gets no chats.
    pub fn read(text: &str) -> Self {
        Self::ALL.into_iter().find(|one| one.as_str() == text).unwrap_or(Self::Away)
    }
}

/// Who has chosen it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChosenBy {
    /// The agent.
    #[serde(rename = "self")]
    Oneself,
    /// The routing, after offers that nobody answered.
    Auto,
}

impl ChosenBy {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Oneself => "self",
            Self::Auto => "auto",
        }
    }
}

/// How many conversations of a channel an agent takes at once, by channel. A channel that is not named has no bound of its own.
pub type ChannelCapacity = BTreeMap<String, u16>;

/// An agent's own row.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Who.
    pub id: AgentId,
    /// The name visitors read.
    pub name: String,
    /// What they have chosen.
    pub availability: Availability,
    /// Why, when they do not take chats.
    pub away_reason: Option<String>,
    /// Who has chosen it.
    pub availability_by: ChosenBy,
    /// Since when.
    pub availability_since: Option<Timestamp>,
    /// The languages they speak, as BCP 47 tags.
    pub languages: Vec<String>,
    /// How many open conversations they take at once.
    pub capacity: i32,
    /// The same for single channels.
    pub channel_capacity: ChannelCapacity,
    /// How many they have.
    pub open_conversations: i64,
    /// Offers in a row that ran out unanswered.
    pub missed_offers: i16,
    /// When they were last given one.
    pub last_assigned_at: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    availability: String,
    away_reason: Option<String>,
    availability_by: String,
    availability_since: Option<Timestamp>,
    languages: Vec<String>,
    capacity: i32,
    channel_capacity: serde_json::Value,
    open_conversations: i64,
    missed_offers: i16,
    last_assigned_at: Option<Timestamp>,
}

impl TryFrom<Row> for Profile {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = AgentId::from_uuid(row.id);
        let channel_capacity = serde_json::from_value(row.channel_capacity).map_err(|error| {
            StoreError::Inconsistent { table: "agent", id: id.to_string(), what: error.to_string() }
        })?;
        Ok(Self {
            id,
            name: row.name,
            availability: Availability::read(&row.availability),
            away_reason: row.away_reason,
            availability_by: if row.availability_by == "auto" { ChosenBy::Auto } else { ChosenBy::Oneself },
            availability_since: row.availability_since,
            languages: row.languages,
            capacity: row.capacity,
            channel_capacity,
            open_conversations: row.open_conversations,
            missed_offers: row.missed_offers,
            last_assigned_at: row.last_assigned_at,
        })
    }
}

/// How many chats an agent takes at once until told otherwise.
pub const DEFAULT_CAPACITY: i32 = 8;

/// Makes the row of someone who has just joined; a second time changes nothing.
pub async fn join(tx: &TenantTx, id: AgentId, name: &str) -> Result<(), StoreError> {
    tx.run(sql(
        "insert into agent (id, name, availability, capacity, created_at) values ($1, $2, 'online', $3, $4) on conflict (id) do nothing",
        [id.uuid().into(), name.into(), DEFAULT_CAPACITY.into(), tx.now().into()],
    ))
    .await
    .map(drop)
}

/// Everybody's rows, with what they have in hand.
pub async fn list(tx: &TenantTx) -> Result<Vec<Profile>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            "select a.id, a.name, a.availability, a.away_reason, a.availability_by, a.availability_since, a.languages, a.capacity, \
             a.channel_capacity, a.missed_offers, a.last_assigned_at, \
             (select count(*) from conversation c where c.assignee_id = a.id and c.status = 'open') as open_conversations \
             from agent a order by a.created_at, a.id",
            [],
        ))
        .await?;
    rows.into_iter().map(Profile::try_from).collect()
}

/// One agent's row.
pub async fn find(tx: &TenantTx, id: AgentId) -> Result<Option<Profile>, StoreError> {
    let row: Option<Row> = tx
        .one(sql(
            "select a.id, a.name, a.availability, a.away_reason, a.availability_by, a.availability_since, a.languages, a.capacity, \
             a.channel_capacity, a.missed_offers, a.last_assigned_at, \
             (select count(*) from conversation c where c.assignee_id = a.id and c.status = 'open') as open_conversations \
             from agent a where a.id = $1",
            [id.uuid().into()],
        ))
        .await?;
    row.map(Profile::try_from).transpose()
}

#[derive(FromQueryResult)]
struct Name {
    name: String,
}

/// The name an agent signs with in this company.
pub async fn find_name(tx: &TenantTx, id: AgentId) -> Result<Option<String>, StoreError> {
    let row: Option<Name> = tx.one(sql("select name from agent where id = $1", [id.uuid().into()])).await?;
    Ok(row.map(|row| row.name))
}

#[derive(FromQueryResult)]
struct Called {
    id: Uuid,
    name: String,
}

/// The names of these agents, without those nobody knows.
pub async fn names(tx: &TenantTx, ids: &[AgentId]) -> Result<HashMap<AgentId, String>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows: Vec<Called> = tx.all(sql("select id, name from agent where id = any($1::uuid[])", [ids.into()])).await?;
    Ok(rows.into_iter().map(|row| (AgentId::from_uuid(row.id), row.name)).collect())
}

/// The name a member signs with: their own choice in this company.
pub async fn signature(tx: &TenantTx, member: &Member) -> Result<String, StoreError> {
    Ok(find_name(tx, member.agent_id).await?.unwrap_or_else(|| member.name.clone()))
}

/// What may be changed of an agent's row; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The name visitors read.
    pub name: Option<String>,
    /// How many open conversations they take at once.
    pub capacity: Option<i32>,
    /// The languages they speak.
    pub languages: Option<Vec<String>>,
    /// How many conversations of single channels they take at once.
    pub channel_capacity: Option<ChannelCapacity>,
}

/// Changes some of an agent's row; false when there is none.
pub async fn update(tx: &TenantTx, id: AgentId, change: Change) -> Result<bool, StoreError> {
    let channels = change.channel_capacity.map(serde_json::to_value).transpose();
    let channels = channels.map_err(|error| StoreError::Refused(error.to_string()))?;
    let touched = tx
        .run(sql(
            "update agent set name = coalesce($2, name), capacity = coalesce($3, capacity), languages = coalesce($4, languages), \
             channel_capacity = coalesce($5, channel_capacity) where id = $1",
            [id.uuid().into(), change.name.into(), change.capacity.into(), change.languages.into(), channels.into()],
        ))
        .await?;
    Ok(touched > 0)
}

/// Chooses whether an agent gets chats, and why not. A reason is kept only beside a choice that needs one. False when there is
/// no such agent.
pub async fn choose(
    tx: &TenantTx,
    id: AgentId,
    availability: Availability,
    reason: Option<String>,
    by: ChosenBy,
) -> Result<bool, StoreError> {
    let reason = reason.filter(|_| availability != Availability::Online);
    let touched = tx
        .run(sql(
            "update agent set availability = $2, away_reason = $3, availability_by = $4, missed_offers = 0, \
             availability_since = case when availability = $2 then coalesce(availability_since, $5) else $5 end where id = $1",
            [id.uuid().into(), availability.as_str().into(), reason.into(), by.as_str().into(), tx.now().into()],
        ))
        .await?;
    Ok(touched > 0)
}
