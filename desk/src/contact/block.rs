//! Contacts from whom the company does not want to hear. Their words so far stay, for them too; they cannot write more.

use std::sync::Arc;

use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::TenantTx;

use super::{Contact, ContactError, ContactId, find};
use crate::event::Event;
use crate::sight;

/// Blocks a contact, or lets them write again; says whether that changed anything. The row stays locked: whoever gives them a token
/// meanwhile waits, and then knows.
pub async fn set_blocked(tx: &mut TenantTx, id: ContactId, blocked: bool) -> Result<(Contact, bool), ContactError> {
    let touched = tx
        .run(sql(
            "update contact set blocked_at = case when $2 then $3::timestamptz end where id = $1 and (blocked_at is not null) <> $2",
            [id.uuid().into(), blocked.into(), tx.now().into()],
        ))
        .await?;
    let contact = find(tx, id).await?.ok_or(ContactError::Unknown)?;
    if touched > 0 {
        let audiences = sight::audiences(tx, id).await?;
        Event::ContactUpdated { contact: Arc::new(contact.clone()), audiences }.tell(tx)?;
    }
    Ok((contact, touched > 0))
}

/// Makes every browser of a contact forget who they are: the secrets they keep find nobody any more.
pub async fn sign_out(tx: &TenantTx, id: ContactId) -> Result<(), ContactError> {
    tx.run(sql("select id from contact where id = $1 for update", [id.uuid().into()])).await?;
    find(tx, id).await?.ok_or(ContactError::Unknown)?;
    tx.run(sql("delete from contact_inbox where contact_id = $1", [id.uuid().into()])).await?;
    Ok(())
}

/// What a token must say of a contact.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub struct Standing {
    /// Whether somebody vouched for them.
    pub verified: bool,
    /// Whether they may only read.
    pub blocked: bool,
}

/// How a contact stands. Waits for whoever is changing that.
pub async fn standing(tx: &TenantTx, id: ContactId) -> Result<Option<Standing>, StoreError> {
    tx.one(sql(
        "select verified, blocked_at is not null as blocked from contact where id = $1 for no key update",
        [id.uuid().into()],
    ))
    .await
}
