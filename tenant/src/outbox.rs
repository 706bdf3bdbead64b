//! Facts between COMMIT and the bus. The committing process publishes at once; [`left_behind`] finds what a crash left.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::account::AccountId;
use crate::tx::TenantTx;

/// Things that one transaction has made true in one company, on their way to whoever reacts.
#[derive(Clone)]
pub struct Fact {
    /// The company.
    pub account: AccountId,
    /// The outbox row to be removed once this is published; none for marks that the next mark repairs.
    pub id: Option<Uuid>,
    /// What happened, in the words of the crate that told it.
    pub body: Arc<dyn Any + Send + Sync>,
    /// When.
    pub at: Timestamp,
}

impl fmt::Debug for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fact").field("account", &self.account).field("id", &self.id).finish_non_exhaustive()
    }
}

/// A fact that nobody has published: where the news is.
#[derive(Debug, FromQueryResult)]
pub struct Left {
    /// The row.
    pub id: Uuid,
    /// The dotted, past-tense name.
    pub event: String,
    /// Where to read what happened.
    pub payload: serde_json::Value,
    /// When.
    pub created_at: Timestamp,
}

/// Facts committed before `before` that nobody has published, oldest first, at most `limit`, without those in `known`.
pub async fn left_behind(
    tx: &TenantTx,
    before: Timestamp,
    limit: u64,
    known: Vec<Uuid>,
) -> Result<Vec<Left>, StoreError> {
    tx.all(sql(
        "select id, event, payload, created_at from outbox where created_at < $1 and not (id = any($3::uuid[])) \
         order by created_at, id limit $2",
        [before.into(), limit.into(), known.into()],
    ))
    .await
}

/// Those of these facts that nobody has removed.
pub async fn still_there(tx: &TenantTx, ids: Vec<Uuid>) -> Result<Vec<Uuid>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
    }
    let rows: Vec<Row> = tx.all(sql("select id from outbox where id = any($1::uuid[])", [ids.into()])).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// [`leave`], for a [`crate::lane::Lane`].
pub const LEAVE: &str =
    "update tenant.outbox set created_at = created_at - interval '1 hour' where id = any($1::uuid[])";

/// Leaves facts to others that the bus has not taken from here: whoever reaches it finds them old enough to be published.
pub async fn leave(tx: &TenantTx, ids: Vec<Uuid>) -> Result<(), StoreError> {
    tx.run(sql(
        "update outbox set created_at = created_at - interval '1 hour' where id = any($1::uuid[])",
        [ids.into()],
    ))
    .await
    .map(drop)
}

/// [`remove`], for a [`crate::lane::Lane`].
pub const REMOVE: &str = "delete from tenant.outbox where id = any($1::uuid[])";

/// Removes facts that are on the bus. What they tell of stays where it is.
pub async fn remove(tx: &TenantTx, ids: Vec<Uuid>) -> Result<(), StoreError> {
    tx.run(sql("delete from outbox where id = any($1::uuid[])", [ids.into()])).await.map(drop)
}
