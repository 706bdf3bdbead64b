//! Whether an inbox takes only those for whom the company's own server vouches.

use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::TenantTx;

use super::{InboxError, InboxId};

/// How an inbox takes visitors for whom nobody vouches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct Unvouched {
    /// Whether only those who are vouched for are to write.
    pub required: bool,
    /// Whether that is so now: there is a key, and the site has shown that it knows how to sign with one.
    pub refused: bool,
}

/// As it is now.
pub async fn unvouched(tx: &TenantTx, id: InboxId) -> Result<Option<Unvouched>, StoreError> {
    tx.one(sql(
        "select i.identity_required as required, i.identity_required and i.identified_at is not null and exists \
         (select 1 from identity_key k where k.inbox_id = i.id and (k.ends_at is null or k.ends_at > $2)) as refused \
         from inbox i where i.id = $1",
        [id.uuid().into(), tx.now().into()],
    ))
    .await
}

/// Chooses whether only those who are vouched for may write.
pub async fn require_identity(tx: &TenantTx, id: InboxId, required: bool) -> Result<(), InboxError> {
    let touched = tx
        .run(sql(
            "update inbox set identity_required = $2, updated_at = $3 where id = $1",
            [id.uuid().into(), required.into(), tx.now().into()],
        ))
        .await?;
    if touched == 0 { Err(InboxError::Unknown) } else { Ok(()) }
}

/// Notes that somebody was vouched for here; true the first time.
pub async fn note_identified(tx: &TenantTx, id: InboxId) -> Result<bool, StoreError> {
    let touched = tx
        .run(sql(
            "update inbox set identified_at = $2 where id = $1 and identified_at is null",
            [id.uuid().into(), tx.now().into()],
        ))
        .await?;
    Ok(touched > 0)
}
