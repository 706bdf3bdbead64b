//! What a company's log is owed: deeds in the directory, which the company's own tables may be in another database from. The debt is
//! written in the transaction of the deed, and paid right behind it; where that is not possible, a worker pays it later, and only once.
//!
//! What must be absent: a deed of the directory that is noted by nobody if the server stops behind it.

use chrono::TimeDelta;
use infra::database::{StoreError, Tx};
use infra::spoken::OrLog as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::chain::{self, Deed};
use super::writable;
use crate::account::AccountId;
use crate::jobs::{self, Job};
use crate::scope::Actor;
use crate::world::{SharedWorld, World};

/// How long workers leave a debt to whoever has made it.
const LEFT_ALONE: TimeDelta = TimeDelta::seconds(30);

/// A deed that a company's log is owed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Owed {
    /// Its id in the log, and the job's.
    id: Uuid,
    /// Whose log.
    account_id: AccountId,
    deed: Deed,
}

/// Owes a company's log a deed, in the transaction of the deed.
pub(crate) async fn owe(
    tx: &Tx,
    world: &World,
    account_id: AccountId,
    actor: &Actor,
    action: &'static str,
    target: Option<String>,
    detail: serde_json::Value,
) -> Result<Owed, StoreError> {
    let deed = Deed::of(actor, action, target, detail);
    let owed = Owed { id: world.chance.uuid(world.now()), account_id, deed };
    jobs::enqueue_later(tx, world, owed.id, &Job::NoteDeed(owed.clone()), LEFT_ALONE).await?;
    Ok(owed)
}

/// Pays at once. The deed is done: a company that cannot be written to just now is paid by a worker.
pub async fn pay(world: &SharedWorld, owed: &Owed) {
    if write(world, owed).await.or_log("noting what a company's log is owed").is_some() {
        jobs::forget(world, owed.id).await.or_log("striking out what a company's log was owed");
    }
}

/// Writes it, unless it stands there already, or the company has no log any more.
pub(crate) async fn write(world: &SharedWorld, owed: &Owed) -> Result<(), StoreError> {
    let Some(tenant) = writable(world, owed.account_id).await? else { return Ok(()) };
    let tx = tenant.begin().await?;
    chain::append_once(&tx, owed.id, owed.deed.clone()).await?;
    tx.commit().await
}
