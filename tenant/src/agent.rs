//! Agents inside their company: the name they sign with, whether they want chats, and how many at once.

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
    /// Here, but no new chats.
    Away,
}

impl Availability {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Away => "away",
        }
    }
}

/// An agent's own row.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Who.
    pub id: AgentId,
    /// The name visitors read.
    pub name: String,
    /// What they have chosen.
    pub availability: Availability,
    /// How many open conversations they take at once.
    pub capacity: i32,
    /// How many they have.
    pub open_conversations: i64,
    /// When they were last given one.
    pub last_assigned_at: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    availability: String,
    capacity: i32,
    open_conversations: i64,
    last_assigned_at: Option<Timestamp>,
}

impl From<Row> for Profile {
    fn from(row: Row) -> Self {
        Self {
            id: AgentId::from_uuid(row.id),
            name: row.name,
            availability: if row.availability == "away" { Availability::Away } else { Availability::Online },
            capacity: row.capacity,
            open_conversations: row.open_conversations,
            last_assigned_at: row.last_assigned_at,
        }
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
            "select a.id, a.name, a.availability, a.capacity, a.last_assigned_at, \
             (select count(*) from conversation c where c.assignee_id = a.id and c.status = 'open') as open_conversations \
             from agent a order by a.created_at, a.id",
            [],
        ))
        .await?;
    Ok(rows.into_iter().map(Profile::from).collect())
}

/// One agent's row.
pub async fn find(tx: &TenantTx, id: AgentId) -> Result<Option<Profile>, StoreError> {
    let row: Option<Row> = tx
        .one(sql(
            "select a.id, a.name, a.availability, a.capacity, a.last_assigned_at, \
             (select count(*) from conversation c where c.assignee_id = a.id and c.status = 'open') as open_conversations \
             from agent a where a.id = $1",
            [id.uuid().into()],
        ))
        .await?;
    Ok(row.map(Profile::from))
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

/// The name a member signs with: their own choice in this company.
pub async fn signature(tx: &TenantTx, member: &Member) -> Result<String, StoreError> {
    Ok(find_name(tx, member.agent_id).await?.unwrap_or_else(|| member.name.clone()))
}

/// Changes some of an agent's row; false when there is none.
pub async fn update(
    tx: &TenantTx,
    id: AgentId,
    name: Option<String>,
    availability: Option<Availability>,
    capacity: Option<i32>,
) -> Result<bool, StoreError> {
    let touched = tx
        .run(sql(
            "update agent set name = coalesce($2, name), availability = coalesce($3, availability), capacity = coalesce($4, capacity) where id = $1",
            [id.uuid().into(), name.into(), availability.map(Availability::as_str).into(), capacity.into()],
        ))
        .await?;
    Ok(touched > 0)
}
