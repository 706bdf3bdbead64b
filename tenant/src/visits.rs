//! Visits that have ended before their tokens did: a contact was blocked, merged or signed out, a key was revoked, an inbox takes
//! none but those who are vouched for.
//!
//! The rows are the truth. Each process remembers the young ones of the companies whose visitors it sees, looks for more every few
//! seconds, and is told of new ones at once while the bus is there. So a visitor's request and an open socket cost no look-up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::account::AccountId;
use crate::scope::{Tenant, Visitor};
use crate::token::Audience;
use crate::tx::TenantTx;

/// How long what was read is believed, while nobody has said otherwise.
const BELIEVED: TimeDelta = TimeDelta::seconds(5);
/// A row that was written within this time before the last look may not have been there yet: its transaction was still open.
const UNSEEN: TimeDelta = TimeDelta::seconds(20);
/// How many companies are remembered before those that nobody visits are forgotten.
const KEPT: usize = 5_000;

/// What this process knows.
#[derive(Default)]
pub struct Visits {
    known: Mutex<HashMap<AccountId, Arc<Known>>>,
}

#[derive(Default)]
struct Known {
    /// Whoever looks, looks for all who wait.
    looking: tokio::sync::Mutex<()>,
    ends: Mutex<Ends>,
}

#[derive(Default)]
struct Ends {
    looked_at: Option<Timestamp>,
    /// Milliseconds since 1970.
    at: HashMap<Uuid, i64>,
}

#[derive(FromQueryResult)]
struct Row {
    subject: Uuid,
    at: Timestamp,
}

impl Visits {
    /// Whether the visit of this token has ended. A database that is away ends no visit that was good a moment ago.
    pub async fn has_ended(&self, tenant: &Tenant, visitor: &Visitor) -> Result<bool, StoreError> {
        let known = self.of(tenant.id(), tenant.now());
        if !known.is_fresh(tenant.now()) {
            let looked = {
                let _turn = known.looking.lock().await;
                if known.is_fresh(tenant.now()) { Ok(()) } else { known.look(tenant).await }
            };
            if let Err(error) = looked {
                let never = known.ends.lock().unwrap_or_else(PoisonError::into_inner).looked_at.is_none();
                if never {
                    return Err(error);
                }
                tracing::warn!(%error, "ended visits could not be read");
            }
        }
        let ends = known.ends.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(visitor.subjects().any(|subject| ends.at.get(&subject).is_some_and(|at| visitor.since_ms <= *at)))
    }

    /// Takes note of an end that another process, or this one, has written.
    pub fn note(&self, account: AccountId, subject: Uuid, at: Timestamp) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&account).cloned();
        // Whose visitors were not seen here is read when they are.
        if let Some(known) = known {
            known.ends.lock().unwrap_or_else(PoisonError::into_inner).put(subject, at);
        }
    }

    fn of(&self, account: AccountId, now: Timestamp) -> Arc<Known> {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT && !all.contains_key(&account) {
            all.retain(|_, known| known.is_fresh(now));
        }
        Arc::clone(all.entry(account).or_default())
    }
}

impl Known {
    fn is_fresh(&self, now: Timestamp) -> bool {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.looked_at.is_some_and(|at| now - at < BELIEVED)
    }

    async fn look(&self, tenant: &Tenant) -> Result<(), StoreError> {
        let now = tenant.now();
        let oldest = now - Audience::Visitor.lifetime();
        let before = self.ends.lock().unwrap_or_else(PoisonError::into_inner).looked_at;
        let since = before.map_or(oldest, |at| (at - UNSEEN).max(oldest));
        let tx = tenant.begin().await?;
        let rows: Vec<Row> = tx.all(sql("select subject, at from visit_end where at > $1", [since.into()])).await?;
        drop(tx);
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        // No token is older than that.
        ends.at.retain(|_, at| *at > oldest.timestamp_millis());
        for row in rows {
            ends.put(row.subject, row.at);
        }
        ends.looked_at = Some(now);
        Ok(())
    }
}

impl Ends {
    fn put(&mut self, subject: Uuid, at: Timestamp) {
        let at = at.timestamp_millis();
        self.at.entry(subject).and_modify(|known| *known = at.max(*known)).or_insert(at);
    }
}

/// A token whose transaction is open while its key is revoked may be a little younger than the end. Where no new one would be good
/// anyhow, the end is said to be later by this.
pub const MARGIN: TimeDelta = TimeDelta::seconds(5);

/// Ends the visits of a contact, of a key, of an unvouched inbox, or one visit: tokens up to `at` count no more. Whoever commits
/// tells the other processes.
pub async fn end(tx: &TenantTx, subject: Uuid, at: Timestamp) -> Result<(), StoreError> {
    // Older than any token that could be renewed.
    let forgotten = tx.now() - Audience::Visit.lifetime() - TimeDelta::hours(1);
    tx.run(sql("delete from visit_end where at < $1", [forgotten.into()])).await?;
    tx.run(sql(
        "insert into visit_end (subject, at) values ($1, $2) on conflict (subject) do update set at = greatest(visit_end.at, excluded.at)",
        [subject.into(), at.into()],
    ))
    .await
    .map(drop)
}

/// Whether a visit has ended, as the rows say: for what lives longer than this process remembers.
pub async fn has_ended(tx: &TenantTx, visitor: &Visitor) -> Result<bool, StoreError> {
    let subjects: Vec<Uuid> = visitor.subjects().collect();
    let rows: Vec<Row> =
        tx.all(sql("select subject, at from visit_end where subject = any($1)", [subjects.into()])).await?;
    Ok(rows.iter().any(|row| visitor.since_ms <= row.at.timestamp_millis()))
}
