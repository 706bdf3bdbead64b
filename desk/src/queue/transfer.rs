//! Passing a conversation on to a colleague who is asked first. It stays where it is until they accept, so that the visitor never
//! falls between two chairs.

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::{AgentId, TenantTx};
use uuid::Uuid;

use crate::conversation::ConversationId;

/// A conversation on its way to a colleague.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// Which.
    pub conversation: ConversationId,
    /// Who passes it on.
    pub from: AgentId,
    /// Who is asked.
    pub to: AgentId,
    /// Until when.
    pub until: Timestamp,
}

#[derive(FromQueryResult)]
struct Row {
    conversation_id: Uuid,
    from_agent_id: Uuid,
    to_agent_id: Uuid,
    until: Timestamp,
}

impl From<Row> for Transfer {
    fn from(row: Row) -> Self {
        Self {
            conversation: ConversationId::from_uuid(row.conversation_id),
            from: AgentId::from_uuid(row.from_agent_id),
            to: AgentId::from_uuid(row.to_agent_id),
            until: row.until,
        }
    }
}

/// Asks a colleague. Asking another one takes the first question back.
pub async fn ask(tx: &TenantTx, transfer: Transfer) -> Result<(), StoreError> {
    tx.run(sql(
        "insert into transfer (conversation_id, from_agent_id, to_agent_id, until, created_at) values ($1, $2, $3, $4, $5) \
         on conflict (conversation_id) do update set from_agent_id = excluded.from_agent_id, to_agent_id = excluded.to_agent_id, \
         until = excluded.until, created_at = excluded.created_at",
        [
            transfer.conversation.uuid().into(),
            transfer.from.uuid().into(),
            transfer.to.uuid().into(),
            transfer.until.into(),
            tx.now().into(),
        ],
    ))
    .await
    .map(drop)
}

/// Every question that stands.
pub async fn all(tx: &TenantTx) -> Result<Vec<Transfer>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            "select conversation_id, from_agent_id, to_agent_id, until from transfer order by until, conversation_id",
            [],
        ))
        .await?;
    Ok(rows.into_iter().map(Transfer::from).collect())
}

/// The question about a conversation, if one stands.
pub async fn of(tx: &TenantTx, id: ConversationId) -> Result<Option<Transfer>, StoreError> {
    let row: Option<Row> = tx
        .one(sql(
            "select conversation_id, from_agent_id, to_agent_id, until from transfer where conversation_id = $1",
            [id.uuid().into()],
        ))
        .await?;
    Ok(row.map(Transfer::from))
}

/// Takes a question back; false when none stands.
pub async fn end(tx: &TenantTx, id: ConversationId) -> Result<bool, StoreError> {
    let touched = tx.run(sql("delete from transfer where conversation_id = $1", [id.uuid().into()])).await?;
    Ok(touched > 0)
}
