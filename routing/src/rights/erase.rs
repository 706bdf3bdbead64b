//! Erasing a person everywhere: first on the list beside the files, then in the company's tables, then wherever else they are named.
//! Every step may be repeated, so what a crash cut short is finished by asking again.

use desk::contact::ContactId;
use desk::erasure::{self, ErasureError, ErasurePreview};
use infra::blob::BlobError;
use infra::database::StoreError;
use infra::spoken::OrLog as _;
use infra::{Fault, Kind};
use serde_json::json;
use tenant::erasure::{self as list, ListError, Subject};
use tenant::{Actor, Tenant, audit, export};

use crate::Routing;
use crate::revocation::{Revocation, revoke};

/// How sure whoever asks is.
#[derive(Debug, Clone, Copy)]
pub enum Confirmed<'a> {
    /// A person has typed this.
    Typed(&'a str),
    /// A rule of the company, or the list of those who were erased before.
    ByRule,
}

/// Why somebody was not erased, or not everywhere.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// In the company's tables.
    #[error(transparent)]
    Erasure(#[from] ErasureError),
    /// In the store of files.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// On the list.
    #[error(transparent)]
    List(#[from] ListError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for EraseError {
    fn kind(&self) -> Kind {
        match self {
            Self::Erasure(error) => error.kind(),
            Self::Blob(error) | Self::List(ListError::Blob(error)) => error.kind(),
            Self::Store(error) | Self::List(ListError::Store(error)) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Erasure(error) => error.code(),
            Self::Blob(error) | Self::List(ListError::Blob(error)) => error.code(),
            Self::Store(error) | Self::List(ListError::Store(error)) => error.code(),
        }
    }
}

/// Erases a contact. Says what there was of them.
pub async fn erase(
    routing: &Routing,
    tenant: &Tenant,
    actor: &Actor,
    id: ContactId,
    confirmed: Confirmed<'_>,
) -> Result<ErasurePreview, EraseError> {
    let world = &routing.world;
    let (account, uuid) = (tenant.id(), id.uuid());
    {
        let tx = tenant.begin().await?;
        let preview = erasure::preview(&tx, id).await?;
        if let Confirmed::Typed(words) = confirmed
            && words.trim() != preview.confirm_with.trim()
        {
            return Err(ErasureError::Unconfirmed.into());
        }
    }
    list::announce(world, account, uuid).await?;

    let mut tx = tenant.begin().await?;
    let erased = erasure::erase(&mut tx, id).await?;
    let detail = json!({ "conversations": erased.what.conversations, "messages": erased.what.messages });
    audit::note(&tx, actor, "contact.erased", Some(id.to_string()), detail).await?;
    tx.commit().await?;

    list::record(world, account, uuid).await?;
    let mut ids = vec![id.to_string()];
    ids.extend(erased.conversations.iter().map(ToString::to_string));
    list::forget_answers(world, format!("{account}/{id}"), ids).await?;
    for archive in export::withdraw_of(world, account, uuid).await? {
        archive.remove_files(world).await?;
    }
    // Last, when nothing would let them in again.
    revoke(routing, Revocation::Contact(account, id)).await;
    Ok(erased.what)
}

/// Erases again whoever is on a list and is there all the same, as after an older backup was restored. The list is this company's own,
/// or of the one that its rows came from. Says how many there were.
pub async fn erase_again(
    routing: &Routing,
    tenant: &Tenant,
    listed_by: tenant::AccountId,
) -> Result<usize, EraseError> {
    let mut listed = list::list(&routing.world, tenant.id()).await?;
    if listed_by != tenant.id() {
        listed.extend(list::list(&routing.world, listed_by).await?);
    }
    if listed.is_empty() {
        return Ok(0);
    }
    let tx = tenant.begin().await?;
    let found = erasure::to_erase_again(&tx, |id| listed.contains(&Subject::of(id))).await?;
    drop(tx);
    let mut again = 0;
    for id in found {
        let done = erase(routing, tenant, &Actor::System, id, Confirmed::ByRule).await;
        again += usize::from(done.or_log("erasing somebody again").is_some());
    }
    Ok(again)
}
