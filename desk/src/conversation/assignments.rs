//! Who had a conversation, and why.

use chrono::{DateTime, Utc};
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use serde::Serialize;
use tenant::{AgentId, TenantTx};
use uuid::Uuid;

use super::ConversationId;
use crate::setup;

/// One decision about who has a conversation.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Assignment {
    /// Who got it; null when it went back into line.
    pub agent_id: Option<AgentId>,
    /// Their name.
    pub agent_name: Option<String>,
    /// The colleague who decided; null for the routing.
    pub decided_by: Option<AgentId>,
    /// Their name.
    pub decided_by_name: Option<String>,
    /// The grounds. Of the routing: `policy`, `strategy`, `step`, `required`, `preferred`, `candidates`, `reason`,
    /// `waited_seconds`; of others at least `reason`.
    #[schema(value_type = Object)]
    pub why: serde_json::Value,
    /// When.
    pub created_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct Row {
    agent_id: Option<Uuid>,
    agent_name: Option<String>,
    decided_by: String,
    why: serde_json::Value,
    created_at: Timestamp,
}

/// The newest decisions about a conversation, newest first; at most 100.
pub async fn assignments(tx: &TenantTx, id: ConversationId) -> Result<Vec<Assignment>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            "select s.agent_id, a.name as agent_name, s.decided_by, s.why, s.created_at \
             from assignment s left join agent a on a.id = s.agent_id \
             where s.conversation_id = $1 order by s.created_at desc, s.number desc limit 100",
            [id.uuid().into()],
        ))
        .await?;
    let deciders: Vec<AgentId> = rows.iter().filter_map(|row| row.decided_by.parse().ok()).collect();
    let names = tenant::agent::names(tx, &deciders).await?;
    let read = |row: Row| {
        let decided_by: Option<AgentId> = row.decided_by.parse().ok();
        Assignment {
            agent_id: row.agent_id.map(AgentId::from_uuid),
            agent_name: row.agent_name,
            decided_by,
            decided_by_name: decided_by.and_then(|agent| names.get(&agent).cloned()),
            why: row.why,
            created_at: row.created_at,
        }
    };
    Ok(rows.into_iter().map(read).collect())
}

/// A decision about to be written.
pub(super) struct Decided {
    pub(super) conversation: ConversationId,
    pub(super) agent: Option<AgentId>,
    pub(super) by: String,
    pub(super) why: serde_json::Value,
}

#[derive(Serialize)]
struct DecidedRow {
    id: Uuid,
    conversation_id: Uuid,
    agent_id: Option<Uuid>,
    decided_by: String,
    why: serde_json::Value,
}

/// Writes decisions down, each under the next number of its conversation.
pub(super) async fn decide(tx: &TenantTx, all: Vec<Decided>) -> Result<(), StoreError> {
    let rows = all.into_iter().map(|one| DecidedRow {
        id: tx.uuid(),
        conversation_id: one.conversation.uuid(),
        agent_id: one.agent.map(AgentId::uuid),
        decided_by: one.by,
        why: one.why,
    });
    let rows: Vec<DecidedRow> = rows.collect();
    tx.run(sql(
        "insert into assignment (id, conversation_id, agent_id, decided_by, why, created_at, number) \
         select d.id, d.conversation_id, d.agent_id, d.decided_by, coalesce(d.why, '{}'::jsonb), $2, \
             (select count(*) from assignment a where a.conversation_id = d.conversation_id) \
         from jsonb_to_recordset($1) as d (id uuid, conversation_id uuid, agent_id uuid, decided_by text, why jsonb)",
        [setup::stored(&rows)?.into(), tx.now().into()],
    ))
    .await
    .map(drop)
}
