//! Visitors whom the company's own server vouches for: the keys it signs with, and the tokens it signs.
//!
//! What must be absent: who the person is to the company. `desk` knows contacts; here is only what was signed, and by which key.

pub mod key;
mod reseal;
pub mod token;

use infra::database::{Rows as _, StoreError, sql};
use infra::{Id, ids};
use sea_orm::FromQueryResult;

use crate::hash::sha256;
use crate::scope::InboxKind;
use crate::tx::TenantTx;

pub use key::{IdentityKey, IdentityKeyId};
pub(crate) use reseal::bring_along;
pub use reseal::reseal_all;
pub use token::{Refusal, Vouched};

/// Notes that a token was presented, and refuses it when it was before: by another attempt, for the same one may have lost our
/// answer. In the transaction of what it is used for, so that a use that came to nothing does not count.
pub async fn use_once(
    tx: &TenantTx,
    inbox: Id<InboxKind>,
    vouched: &Vouched,
    attempt: uuid::Uuid,
) -> Result<bool, StoreError> {
    #[derive(FromQueryResult)]
    struct First {
        attempt: uuid::Uuid,
    }
    let hash = used(inbox, &vouched.token_id);
    // Past its time a token is refused anyhow: there is no need to know that it was used.
    tx.run(sql("delete from identity_token where expires_at < $1", [(tx.now() - token::SKEW).into()])).await?;
    tx.run(sql(
        "insert into identity_token (token_hash, attempt, expires_at) values ($1, $2, $3) on conflict (token_hash) do nothing",
        [hash.clone().into(), attempt.into(), vouched.expires_at.into()],
    ))
    .await?;
    let first: Option<First> =
        tx.one(sql("select attempt from identity_token where token_hash = $1", [hash.into()])).await?;
    Ok(first.is_some_and(|first| first.attempt == attempt))
}

/// Whether a token was presented already.
pub async fn was_used(tx: &TenantTx, inbox: Id<InboxKind>, vouched: &Vouched) -> Result<bool, StoreError> {
    #[derive(FromQueryResult)]
    struct Used {
        used: bool,
    }
    let row: Option<Used> = tx
        .one(sql(
            "select exists (select 1 from identity_token where token_hash = $1) as used",
            [used(inbox, &vouched.token_id).into()],
        ))
        .await?;
    Ok(row.is_some_and(|row| row.used))
}

fn used(inbox: Id<InboxKind>, token_id: &str) -> Vec<u8> {
    sha256(&format!("{}\0{token_id}", ids::encode(inbox.uuid())))
}
