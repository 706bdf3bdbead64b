//! Carrying out for how long what is kept: company by company, in portions small enough that nobody waits behind them.

use chrono::TimeDelta;
use desk::retention::{self, Over};
use infra::database::StoreError;
use infra::spoken::OrLog as _;
use serde_json::json;
use tenant::account::Status;
use tenant::{Actor, Tenant, audit};

use super::erase::{Confirmed, EraseError, erase};
use crate::Routing;

/// How often a company is looked at.
const EVERY: TimeDelta = TimeDelta::hours(1);
/// How many conversations, or entries of the audit log, are in one portion.
const PORTION: u64 = 200;
/// How many contacts are in one.
const CONTACTS: u64 = 50;
/// How many portions of one kind one look takes on. The rest waits for the next one.
const PORTIONS: usize = 200;

/// What one look has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Conversations that lost their texts.
    pub conversations: u64,
    /// Contacts who were erased.
    pub contacts: u64,
    /// Entries of the audit log that were removed.
    pub audit_entries: u64,
}

/// Looks at every company whose turn it is.
pub async fn sweep_all(routing: &Routing) -> Result<(), StoreError> {
    for account in routing.world.directory.all(&routing.world.database, Status::Active).await? {
        if let Some(tenant) = Tenant::find(&routing.world, account.id).await? {
            sweep(routing, &tenant).await.or_log("looking for what is over");
        }
    }
    Ok(())
}

/// Looks at one company, unless that was done within the hour.
pub async fn sweep(routing: &Routing, tenant: &Tenant) -> Result<Swept, EraseError> {
    let tx = tenant.begin().await?;
    if !retention::take_turn(&tx, tenant.now() - EVERY).await? {
        return Ok(Swept::default());
    }
    let over = retention::show(&tx).await?.over(tx.now());
    tx.commit().await?;
    let swept = carry_out(routing, tenant, over).await?;
    if swept != Swept::default() {
        let tx = tenant.begin().await?;
        let detail = json!({
            "conversations": swept.conversations, "contacts": swept.contacts, "audit_entries": swept.audit_entries,
        });
        audit::note(&tx, &Actor::System, "retention.carried_out", None, detail).await?;
        tx.commit().await?;
    }
    Ok(swept)
}

async fn carry_out(routing: &Routing, tenant: &Tenant, over: Over) -> Result<Swept, EraseError> {
    let mut swept = Swept::default();
    if let Some(before) = over.conversations {
        for _ in 0..PORTIONS {
            let tx = tenant.begin().await?;
            let erased = retention::erase_old_texts(&tx, before, PORTION).await?;
            tx.commit().await?;
            swept.conversations += erased;
            if erased == 0 {
                break;
            }
        }
    }
    if let Some(before) = over.contacts {
        for _ in 0..PORTIONS {
            let tx = tenant.begin().await?;
            let gone = retention::long_gone(&tx, before, CONTACTS).await?;
            drop(tx);
            if gone.is_empty() {
                break;
            }
            for contact in gone {
                erase(routing, tenant, &Actor::System, contact, Confirmed::ByRule).await?;
                swept.contacts += 1;
            }
        }
    }
    if let Some(before) = over.audit {
        for _ in 0..PORTIONS {
            let tx = tenant.begin().await?;
            let removed = audit::chain::cut(&tx, before, i64::try_from(PORTION).unwrap_or(i64::MAX)).await?;
            tx.commit().await?;
            swept.audit_entries += removed;
            if removed == 0 {
                break;
            }
        }
    }
    Ok(swept)
}
