//! The door: a transaction inside one company's schema, under that company's role.
//!
//! What must be absent: any way to make one but [`crate::Scope::begin`], and any statement about `shared`.

use std::ops::Deref;
use std::sync::Arc;

use infra::database::Rows as _;
use infra::database::{StoreError, Tx, sql};
use infra::{Chance, Timestamp};
use serde::Serialize;
use tokio::sync::mpsc::UnboundedSender;
use uuid::Uuid;

use crate::account::AccountId;
use crate::outbox::Fact;
use crate::scope::Tenant;

/// An open transaction of one tenant. Facts told with [`TenantTx::emit`] become outbox rows and are published after COMMIT.
#[derive(Debug)]
pub struct TenantTx {
    tx: Tx,
    account: AccountId,
    now: Timestamp,
    chance: Chance,
    facts: Vec<Fact>,
    hints: Vec<Fact>,
    publish: UnboundedSender<Fact>,
}

impl Deref for TenantTx {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.tx
    }
}

impl TenantTx {
    pub(crate) async fn open(tenant: &Tenant) -> Result<Self, StoreError> {
        let tx = tenant.world.database.begin(tenant.account.schema.enter()).await?;
        Ok(Self {
            tx,
            account: tenant.account.id,
            now: tenant.world.now(),
            chance: tenant.world.chance.clone(),
            facts: Vec::new(),
            hints: Vec::new(),
            publish: tenant.world.facts.clone(),
        })
    }

    /// Whose transaction this is.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// When it began: one instant for everything written in it.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A fresh id.
    pub fn id<E>(&self) -> infra::Id<E> {
        self.chance.id(self.now)
    }

    /// A fresh secret.
    pub fn secret(&self) -> String {
        self.chance.secret()
    }

    /// A fresh database key.
    pub fn uuid(&self) -> Uuid {
        self.chance.uuid(self.now)
    }

    /// Tells the rest of the system, once this transaction is durable.
    pub fn emit(&mut self, event: &'static str, payload: &impl Serialize) -> Result<(), StoreError> {
        let fact = self.fact(event, payload)?;
        self.facts.push(fact);
        Ok(())
    }

    /// Tells the rest of the system as well, but keeps no outbox row: for marks whose loss the next one repairs.
    pub fn hint(&mut self, event: &'static str, payload: &impl Serialize) -> Result<(), StoreError> {
        let fact = self.fact(event, payload)?;
        self.hints.push(Fact { kept: false, ..fact });
        Ok(())
    }

    fn fact(&self, event: &'static str, payload: &impl Serialize) -> Result<Fact, StoreError> {
        let payload = serde_json::to_value(payload).map_err(|error| StoreError::Refused(error.to_string()))?;
        Ok(Fact {
            account: self.account,
            id: self.uuid(),
            event: event.to_owned(),
            payload: Arc::new(payload),
            at: self.now,
            kept: true,
        })
    }

    /// Makes everything durable, then publishes the facts. An error means that nothing was written, or (when the
    /// connection broke during COMMIT) that it is unknown: repeat with the same keys.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let mut facts = std::mem::take(&mut self.facts);
        let mut hints = std::mem::take(&mut self.hints);
        if !facts.is_empty() {
            let ids: Vec<Uuid> = facts.iter().map(|fact| fact.id).collect();
            let events: Vec<String> = facts.iter().map(|fact| fact.event.clone()).collect();
            let payloads: Vec<serde_json::Value> = facts.iter().map(|fact| fact.payload.as_ref().clone()).collect();
            self.tx
                .run(sql(
                    "insert into outbox (id, event, payload, created_at) \
                     select * from unnest($1::uuid[], $2::text[], $3::jsonb[], array_fill($4::timestamptz, array[cardinality($1::uuid[])]))",
                    [ids.into(), events.into(), payloads.into(), self.now.into()],
                ))
                .await?;
        }
        facts.append(&mut hints);
        // The publishing rides in the task that commits: a caller that goes away takes neither with it.
        let Self { tx, publish, .. } = self;
        let done = tokio::spawn(async move {
            tx.commit().await?;
            for fact in facts {
                // A closed channel means the process is going down; the sweep of another will publish.
                drop(publish.send(fact));
            }
            Ok(())
        });
        done.await.unwrap_or_else(|died| Err(StoreError::Unavailable(died.to_string())))
    }
}
