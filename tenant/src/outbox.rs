//! Facts between COMMIT and the bus. The committing process publishes at once; [`unpublished`] finds what a crash left.

use std::sync::Arc;

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::account::AccountId;
use crate::tx::TenantTx;

/// One thing that happened in one company.
#[derive(Debug, Clone)]
pub struct Fact {
    /// The company.
    pub account: AccountId,
    /// The outbox row.
    pub id: Uuid,
    /// The dotted, past-tense name.
    pub event: String,
    /// What happened.
    pub payload: Arc<serde_json::Value>,
    /// When.
    pub at: Timestamp,
    /// Whether there is an outbox row to be marked once this is published.
    pub kept: bool,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    event: String,
    payload: serde_json::Value,
    created_at: Timestamp,
}

/// Facts committed before `before` that nobody has published, oldest first, at most `limit`, without those in `known`.
pub async fn unpublished(
    tx: &TenantTx,
    before: Timestamp,
    limit: u64,
    known: Vec<Uuid>,
) -> Result<Vec<Fact>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            "select id, event, payload, created_at from outbox where published_at is null and created_at < $1 and not (id = any($3::uuid[])) \
             order by created_at, id limit $2 for update skip locked",
            [before.into(), limit.into(), known.into()],
        ))
        .await?;
    let account = tx.account();
    Ok(rows
        .into_iter()
        .map(|row| Fact {
            account,
            id: row.id,
            event: row.event,
            payload: Arc::new(row.payload),
            at: row.created_at,
            kept: true,
        })
        .collect())
}

/// Notes that these facts are on the bus.
pub async fn mark_published(tx: &TenantTx, ids: Vec<Uuid>) -> Result<(), StoreError> {
    tx.run(sql("update outbox set published_at = $2 where id = any($1::uuid[])", [ids.into(), tx.now().into()]))
        .await
        .map(drop)
}

/// Removes facts published before `before`. They are history of no use: the rows they tell of stay.
pub async fn forget(tx: &TenantTx, before: Timestamp) -> Result<u64, StoreError> {
    tx.run(sql("delete from outbox where published_at < $1", [before.into()])).await
}
