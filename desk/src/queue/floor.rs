//! What routing reads of a company at once: who could take something, what they have, and which rules hold for what waits.

use chrono::TimeDelta;
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::agent::{Availability, ChannelCapacity};
use tenant::{AgentId, TenantTx};
use uuid::Uuid;

use crate::assignment_policy::PolicyId;
use crate::conversation::{ConversationError, ConversationId};
use crate::team::TeamId;

/// An agent's own row, as far as routing is concerned.
#[derive(Debug, Clone)]
pub struct AgentRow {
    /// Who.
    pub id: AgentId,
    /// What they have chosen.
    pub availability: Availability,
    /// How many open conversations they take at once.
    pub capacity: i32,
    /// The same for single channels.
    pub channel_capacity: ChannelCapacity,
    /// What they speak, as language tags.
    pub languages: Vec<String>,
    /// When they were last given one.
    pub last_assigned_at: Option<Timestamp>,
    /// Since when nobody is connected as this agent.
    pub gone_at: Option<Timestamp>,
}

/// What an agent has of one channel.
#[derive(Debug, Clone)]
pub struct Held {
    /// Who.
    pub agent: AgentId,
    /// Of which channel.
    pub channel: String,
    /// How many.
    pub conversations: i64,
    /// What they weigh together, in hundredths of a usual conversation.
    pub weight: i64,
}

/// What holds for a conversation in line.
#[derive(Debug, Clone)]
pub struct Hold {
    /// Which.
    pub conversation: ConversationId,
    /// The policy of its team, or of its inbox.
    pub policy: Option<PolicyId>,
    /// Since when it waits this time.
    pub since: Option<Timestamp>,
    /// The teams whose lines this wait has overflowed from: it moves into none of them again.
    pub moved_from: Vec<TeamId>,
}

#[derive(FromQueryResult)]
struct SeatRow {
    id: Uuid,
    availability: String,
    capacity: i32,
    channel_capacity: serde_json::Value,
    languages: Vec<String>,
    last_assigned_at: Option<Timestamp>,
    gone_at: Option<Timestamp>,
}

/// Every agent.
pub async fn agents(tx: &TenantTx) -> Result<Vec<AgentRow>, StoreError> {
    let rows: Vec<SeatRow> = tx
        .all(sql(
            "select id, availability, capacity, channel_capacity, languages, last_assigned_at, gone_at from agent order by created_at, id",
            [],
        ))
        .await?;
    let read = |row: SeatRow| {
        let id = AgentId::from_uuid(row.id);
        Ok(AgentRow {
            id,
            availability: Availability::read(&row.availability),
            capacity: row.capacity,
            channel_capacity: crate::setup::read("agent", &id, row.channel_capacity)?,
            languages: row.languages,
            last_assigned_at: row.last_assigned_at,
            gone_at: row.gone_at,
        })
    };
    rows.into_iter().map(read).collect()
}

#[derive(FromQueryResult)]
struct HeldRow {
    agent_id: Uuid,
    channel: String,
    conversations: i64,
    weight: i64,
}

/// What agents have in hand. What is being passed on to somebody takes a place of theirs already.
pub async fn held(tx: &TenantTx) -> Result<Vec<Held>, StoreError> {
    let rows: Vec<HeldRow> = tx
        .all(sql(
            "select agent_id, channel, count(*) as conversations, sum(weight)::bigint as weight from (\
             select c.assignee_id as agent_id, i.channel, i.weight from conversation c join inbox i on i.id = c.inbox_id \
             where c.status = 'open' and c.assignee_id is not null \
             union all select t.to_agent_id, i.channel, i.weight from transfer t join conversation c on c.id = t.conversation_id \
             join inbox i on i.id = c.inbox_id) held group by agent_id, channel",
            [],
        ))
        .await?;
    let read = |row: HeldRow| Held {
        agent: AgentId::from_uuid(row.agent_id),
        channel: row.channel,
        conversations: row.conversations,
        weight: row.weight,
    };
    Ok(rows.into_iter().map(read).collect())
}

#[derive(FromQueryResult)]
struct HoldRow {
    conversation_id: Uuid,
    policy_id: Option<Uuid>,
    since: Option<Timestamp>,
    moved_from: Vec<Uuid>,
}

/// What holds for each of these conversations, if it is in line.
pub async fn holds(tx: &TenantTx, ids: Vec<Uuid>) -> Result<Vec<Hold>, StoreError> {
    let rows: Vec<HoldRow> = tx
        .all(sql(
            "select q.conversation_id, coalesce(t.assignment_policy_id, i.assignment_policy_id) as policy_id, \
             coalesce(w.entered_at, (select max(o.entered_at) from wait o where o.conversation_id = c.id and o.episode = c.episode)) as since, \
             coalesce(w.moved_from, '{}') as moved_from from queue_entry q join conversation c on c.id = q.conversation_id \
             join inbox i on i.id = c.inbox_id left join wait w on w.conversation_id = q.conversation_id and w.left_at is null \
             left join team t on t.id = q.team_id where q.conversation_id = any($1)",
            [ids.into()],
        ))
        .await?;
    let read = |row: HoldRow| Hold {
        conversation: ConversationId::from_uuid(row.conversation_id),
        policy: row.policy_id.map(PolicyId::from_uuid),
        since: row.since,
        moved_from: row.moved_from.into_iter().map(TeamId::from_uuid).collect(),
    };
    Ok(rows.into_iter().map(read).collect())
}

/// How long whoever is asked may be gone before the question goes on: a page that is loaded anew is back at once.
pub const GRACE: TimeDelta = TimeDelta::seconds(5);

/// Whether a closer look is worth its while: most are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct Pulse {
    /// Something waits in line, and somebody who is here takes conversations and has room.
    pub can_give: bool,
    /// An offer, a question to a colleague or a team, or a rung of the ladder has come to its time.
    pub is_due: bool,
    /// Somebody who is gone, who gave up, or who has a limit on their time owes an answer.
    pub is_owed: bool,
}

/// Feels a company's pulse, in one question.
pub async fn pulse(tx: &TenantTx, here: Vec<Uuid>) -> Result<Pulse, StoreError> {
    // Postgres takes a plan for this very list of agents for cheaper than the one it has, and would make one for every question,
    // which takes three times as long as answering it.
    tx.run(sql("set local plan_cache_mode = force_generic_plan", [])).await?;
    let row: Option<Pulse> = tx
        .one(sql(
            "select exists (select 1 from queue_entry) and exists (select 1 from agent a where a.id = any($1::uuid[]) and a.availability = 'online' and a.capacity * 100 > \
             coalesce((select sum(i.weight) from conversation c join inbox i on i.id = c.inbox_id \
             where c.assignee_id = a.id and c.status = 'open'), 0)) as can_give, \
             exists (select 1 from queue_entry where offered_until <= $2 or step_at <= $2 or return_at <= $2) or exists (select 1 from queue_entry q \
             join agent a on a.id = q.offered_to where a.availability <> 'online' or a.gone_at <= $3) or exists (select 1 from transfer where until <= $2) as is_due, \
             exists (select 1 from agent a join conversation c on c.assignee_id = a.id where c.status = 'open' \
             and c.waiting_since is not null and (a.gone_at is not null or a.availability = 'reassigning' \
             or exists (select 1 from assignment_policy p where p.rules ->> 'answer_seconds' is not null))) as is_owed",
            [here.into(), tx.now().into(), (tx.now() - GRACE).into()],
        ))
        .await?;
    row.ok_or_else(|| StoreError::Refused("a question without an answer".to_owned()))
}

#[derive(FromQueryResult)]
struct Fits {
    fits: bool,
}

/// Refuses when an agent has no room for a conversation that is not theirs: as much as they take in all, or of its channel. What they
/// are being asked about takes a place already. To be asked within one's turn.
pub async fn make_sure_of_room(tx: &TenantTx, agent: AgentId, id: ConversationId) -> Result<(), ConversationError> {
    let row: Option<Fits> = tx
        .one(sql(
            "with held as (select i.channel, i.weight from conversation c join inbox i on i.id = c.inbox_id \
             where c.assignee_id = $1 and c.status = 'open' and c.id <> $2 \
             union all select i.channel, i.weight from transfer t join conversation c on c.id = t.conversation_id \
             join inbox i on i.id = c.inbox_id where t.to_agent_id = $1 and t.conversation_id <> $2 \
             union all select q.channel, q.weight from queue_entry q where q.offered_to = $1 and q.conversation_id <> $2) \
             select (c.status <> 'open' or c.assignee_id is not distinct from a.id \
             or (a.capacity * 100 >= i.weight + coalesce((select sum(h.weight) from held h), 0) \
             and coalesce((a.channel_capacity ->> i.channel)::bigint > (select count(*) from held h where h.channel = i.channel), true))) as fits \
             from agent a, conversation c join inbox i on i.id = c.inbox_id where a.id = $1 and c.id = $2",
            [agent.uuid().into(), id.uuid().into()],
        ))
        .await?;
    // Who or what is not there is said by whoever looks for it.
    if row.is_some_and(|row| !row.fits) {
        return Err(ConversationError::AgentFull);
    }
    Ok(())
}

/// Waits for one's turn to count free places, and keeps it until the transaction ends.
pub async fn take_turn(tx: &TenantTx) -> Result<(), StoreError> {
    tx.run(sql(
        "insert into counter as n (name, value) values ('assignment', 1) on conflict (name) do update set value = n.value + 1",
        [],
    ))
    .await
    .map(drop)
}
