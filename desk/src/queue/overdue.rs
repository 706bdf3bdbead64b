//! Visitors who wait for an answer of the agent who has them.

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::agent::Availability;
use tenant::{AgentId, TenantTx};
use uuid::Uuid;

use crate::assignment_policy::PolicyId;
use crate::conversation::ConversationId;

/// A conversation whose agent owes an answer.
#[derive(Debug, Clone, Copy)]
pub struct Owed {
    /// Which.
    pub conversation: ConversationId,
    /// Who owes it.
    pub agent: AgentId,
    /// Since when they do: since the visitor wrote, or since they have it.
    pub since: Timestamp,
    /// Since when nobody is connected as this agent.
    pub gone_at: Option<Timestamp>,
    /// What the agent has chosen.
    pub availability: Availability,
    /// The policy of its team, or of its inbox.
    pub policy: Option<PolicyId>,
    /// How often it has waited in this episode.
    pub waits: i64,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    assignee_id: Uuid,
    since: Timestamp,
    gone_at: Option<Timestamp>,
    availability: String,
    policy_id: Option<Uuid>,
    waits: i64,
}

/// All of them.
pub async fn owed(tx: &TenantTx) -> Result<Vec<Owed>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            "select c.id, c.assignee_id, greatest(c.waiting_since, coalesce(h.started_at, c.waiting_since)) as since, a.gone_at, \
             a.availability, coalesce(t.assignment_policy_id, i.assignment_policy_id) as policy_id, \
             (select count(*) from wait w where w.conversation_id = c.id and w.episode = c.episode) as waits \
             from conversation c join agent a on a.id = c.assignee_id join inbox i on i.id = c.inbox_id \
             left join team t on t.id = c.team_id left join handling h on h.conversation_id = c.id and h.ended_at is null \
             where c.status = 'open' and c.assignee_id is not null and c.waiting_since is not null order by c.waiting_since, c.id",
            [],
        ))
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Owed {
            conversation: ConversationId::from_uuid(row.id),
            agent: AgentId::from_uuid(row.assignee_id),
            since: row.since,
            gone_at: row.gone_at,
            availability: Availability::read(&row.availability),
            policy: row.policy_id.map(PolicyId::from_uuid),
            waits: row.waits,
        })
        .collect())
}

/// Notes who is connected: whoever is not, is gone since now, if not already. Rows in other hands are left for the next time; to be
/// committed by itself, as rounds hold such rows while they wait.
pub async fn note_presence(tx: &TenantTx, here: Vec<Uuid>) -> Result<u64, StoreError> {
    tx.run(sql(
        "update agent set gone_at = case when id = any($1::uuid[]) then null else $2::timestamptz end \
         where id in (select id from agent where (gone_at is null) <> (id = any($1::uuid[])) for no key update skip locked)",
        [here.into(), tx.now().into()],
    ))
    .await
}
