//! Asking agents, and noting what a wait has come to. Entries are changed here only while they are there: one that has left the
//! line meanwhile must not come back. An entry in other hands is left alone: whoever holds it may be waiting for what this
//! transaction holds.

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::{AgentId, TenantTx};
use uuid::Uuid;

use crate::conversation::ConversationId;

/// A question to an agent.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who is asked.
    pub to: AgentId,
    /// Until when.
    pub until: Timestamp,
    /// What the turn of whoever is asked counts from.
    pub stamp: Timestamp,
    /// Why them.
    pub why: serde_json::Value,
    /// Whether those who declined are forgotten.
    pub is_new_round: bool,
}

/// Asks an agent; false when the conversation has left the line, or somebody else is being asked.
pub async fn offer(tx: &TenantTx, id: ConversationId, question: Question) -> Result<bool, StoreError> {
    let Question { to, until, stamp, why, is_new_round } = question;
    let touched = tx
        .run(sql(
            "update queue_entry set offered_to = $2, offered_at = $3, offered_until = $4, offer_why = $5, \
             declined = case when $6 then '{}' else declined end, updated_at = $3 \
             where conversation_id = (select q.conversation_id from queue_entry q join conversation c on c.id = q.conversation_id \
             where q.conversation_id = $1 and q.offered_to is null and c.status = 'open' and c.assignee_id is null \
             for update of q skip locked)",
            [id.uuid().into(), to.uuid().into(), tx.now().into(), until.into(), why.into(), is_new_round.into()],
        ))
        .await?;
    if touched == 0 {
        return Ok(false);
    }
    tx.run(sql("update agent set last_assigned_at = $2 where id = $1", [to.uuid().into(), stamp.into()])).await?;
    Ok(true)
}

/// Notes that whom it was offered to does not take it; false when they are not being asked. Who `declined` is not asked again this
/// time round.
pub async fn pass_on(tx: &TenantTx, id: ConversationId, from: AgentId, declined: bool) -> Result<bool, StoreError> {
    let touched = tx
        .run(sql(
            "update queue_entry set offered_to = null, offered_until = null, offer_why = null, \
             declined = case when $4 then array_append(declined, $2) else declined end, \
             reason = case when $4 then 'declined' else reason end, updated_at = $3 \
             where conversation_id = (select conversation_id from queue_entry where conversation_id = $1 and offered_to = $2 \
             for update skip locked)",
            [id.uuid().into(), from.uuid().into(), tx.now().into(), declined.into()],
        ))
        .await?;
    Ok(touched > 0)
}

#[derive(FromQueryResult)]
struct Why {
    offer_why: Option<serde_json::Value>,
}

/// The grounds on which an agent is being asked; `None` when they are not, or not any more.
pub async fn offered(tx: &TenantTx, id: ConversationId, to: AgentId) -> Result<Option<serde_json::Value>, StoreError> {
    let row: Option<Why> = tx
        .one(sql(
            "select offer_why from queue_entry where conversation_id = $1 and offered_to = $2 and offered_until > $3",
            [id.uuid().into(), to.uuid().into(), tx.now().into()],
        ))
        .await?;
    Ok(row.map(|row| row.offer_why.unwrap_or_default()))
}

/// Notes how many rungs of the ladder were taken, and when the next one is.
pub async fn climb(tx: &TenantTx, id: ConversationId, step: i16, next_at: Option<Timestamp>) -> Result<(), StoreError> {
    tx.run(sql(
        "update queue_entry set step = $2, step_at = $3, updated_at = $4 \
         where conversation_id = (select conversation_id from queue_entry where conversation_id = $1 for update skip locked)",
        [id.uuid().into(), step.into(), next_at.into(), tx.now().into()],
    ))
    .await
    .map(drop)
}

/// Something that was passed on to a team for a time.
#[derive(Debug, Clone, Copy)]
pub struct PassedOn {
    /// Which.
    pub conversation: ConversationId,
    /// When it goes back.
    pub return_at: Timestamp,
    /// Who is being asked.
    pub asked: Option<AgentId>,
}

#[derive(FromQueryResult)]
struct PassedRow {
    conversation_id: Uuid,
    return_at: Timestamp,
    offered_to: Option<Uuid>,
}

/// What goes back if nobody takes it, the earliest first.
pub async fn passed_on(tx: &TenantTx) -> Result<Vec<PassedOn>, StoreError> {
    let rows: Vec<PassedRow> = tx
        .all(sql(
            "select conversation_id, return_at, offered_to from queue_entry where return_at is not null order by return_at, conversation_id",
            [],
        ))
        .await?;
    let read = |row: PassedRow| PassedOn {
        conversation: ConversationId::from_uuid(row.conversation_id),
        return_at: row.return_at,
        asked: row.offered_to.map(AgentId::from_uuid),
    };
    Ok(rows.into_iter().map(read).collect())
}

#[derive(FromQueryResult)]
struct Missed {
    missed_offers: i16,
}

/// Counts an offer that an agent let pass; says how many in a row.
pub async fn missed(tx: &TenantTx, agent: AgentId) -> Result<i16, StoreError> {
    let row: Option<Missed> = tx
        .one(sql(
            "update agent set missed_offers = least(missed_offers + 1, 1000) where id = $1 returning missed_offers",
            [agent.uuid().into()],
        ))
        .await?;
    Ok(row.map_or(0, |row| row.missed_offers))
}
