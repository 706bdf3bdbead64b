//! The door: a transaction inside one company's schema, under that company's role.
//!
//! What must be absent: any way to make one but [`crate::Scope::begin`], and any statement about `shared`.

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;

use infra::database::Rows as _;
use infra::database::{StoreError, Tx, sql};
use infra::{Chance, Timestamp};
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::UnboundedSender;
use uuid::Uuid;

use crate::account::AccountId;
use crate::limits::Limits;
use crate::outbox::Fact;
use crate::scope::Tenant;
use crate::shares::Asking;
use crate::sight::Sight;
use crate::tally::Tallies;

/// What a fact says, in the words of the crate that tells it.
type Body = Arc<dyn Any + Send + Sync>;

/// An open transaction of one tenant. Facts told with [`TenantTx::emit`] become outbox rows and are published after COMMIT.
#[derive(Debug)]
pub struct TenantTx {
    tx: Tx,
    place: OwnedSemaphorePermit,
    account: AccountId,
    limits: Limits,
    tallies: Arc<Tallies>,
    sight: Sight,
    now: Timestamp,
    chance: Chance,
    rows: Vec<(Uuid, &'static str, serde_json::Value)>,
    facts: Vec<Fact>,
    publish: UnboundedSender<Fact>,
}

impl Deref for TenantTx {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.tx
    }
}

impl TenantTx {
    /// Sees one instant of everything from now on, however long it takes, and writes nothing. Must be the first thing that is asked.
    pub async fn hold_still(&self) -> Result<(), StoreError> {
        self.run(sql("set transaction isolation level repeatable read, read only", [])).await.map(drop)
    }

    /// With a place at the database, which the transaction keeps.
    pub(crate) async fn open(
        tenant: &Tenant,
        sight: Sight,
        (place, asking): (OwnedSemaphorePermit, Asking),
    ) -> Result<Self, StoreError> {
        let tie = tenant.account.id.uuid().as_u128();
        let tenant = &tenant.as_of_now().await?;
        let account = &tenant.account;
        let site = tenant.world.sites.get(account.database.as_deref())?;
        let enter = if account.moving { account.schema.enter_to_read() } else { account.schema.enter() };
        let tx = site.database.begin_tied(enter, tie).await?;
        drop(asking);
        Ok(Self {
            tx,
            place,
            account: tenant.account.id,
            limits: tenant.account.limits,
            tallies: tenant.world.directory.tallies(),
            sight,
            now: tenant.world.now(),
            chance: tenant.world.chance.clone(),
            rows: Vec::new(),
            facts: Vec::new(),
            publish: tenant.world.facts.clone(),
        })
    }

    /// Whose transaction this is.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// How much the company may have.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// What companies had used by an hour that is over.
    pub(crate) fn tallies(&self) -> &Tallies {
        &self.tallies
    }

    /// With whose eyes it reads.
    pub fn sight(&self) -> Sight {
        self.sight
    }

    /// When it began: one instant for everything written in it.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A fresh id.
    pub fn id<E>(&self) -> infra::Id<E> {
        self.chance.id(self.now)
    }

    /// Chance.
    pub(crate) fn chance(&self) -> &Chance {
        &self.chance
    }

    /// A fresh secret.
    pub fn secret(&self) -> String {
        self.chance.secret()
    }

    /// A fresh database key.
    pub fn uuid(&self) -> Uuid {
        self.chance.uuid(self.now)
    }

    /// Tells the rest of the system, once this transaction is durable. `place` says where the news is to be read, for the case
    /// that this process dies before it could tell; `body` is the news.
    pub fn emit(&mut self, event: &'static str, place: &impl Serialize, body: Body) -> Result<(), StoreError> {
        let place = serde_json::to_value(place).map_err(|error| StoreError::Refused(error.to_string()))?;
        let id = self.uuid();
        self.rows.push((id, event, place));
        self.tell(Some(id), body);
        Ok(())
    }

    /// Tells the rest of the system as well, but keeps no outbox row: for marks whose loss the next one repairs.
    pub fn hint(&mut self, body: Body) {
        self.tell(None, body);
    }

    fn tell(&mut self, id: Option<Uuid>, body: Body) {
        self.facts.push(Fact { account: self.account, id, body, at: self.now });
    }

    /// Makes everything durable, then publishes the facts. An error means that nothing was written, or (when the
    /// connection broke during COMMIT) that it is unknown: repeat with the same keys.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let facts = std::mem::take(&mut self.facts);
        let rows = std::mem::take(&mut self.rows);
        if !rows.is_empty() {
            let ids: Vec<Uuid> = rows.iter().map(|row| row.0).collect();
            let events: Vec<String> = rows.iter().map(|row| row.1.to_owned()).collect();
            let payloads: Vec<serde_json::Value> = rows.into_iter().map(|row| row.2).collect();
            self.tx
                .run(sql(
                    "insert into outbox (id, event, payload, created_at) \
                     select * from unnest($1::uuid[], $2::text[], $3::jsonb[], array_fill($4::timestamptz, array[cardinality($1::uuid[])]))",
                    [ids.into(), events.into(), payloads.into(), self.now.into()],
                ))
                .await?;
        }
        // The publishing rides in the task that commits: a caller that goes away takes neither with it.
        let Self { tx, place, publish, .. } = self;
        let done = tokio::spawn(async move {
            tx.commit().await?;
            drop(place);
            for fact in facts {
                // A closed channel means the process is going down; the sweep of another will publish.
                drop(publish.send(fact));
            }
            Ok(())
        });
        done.await.unwrap_or_else(|died| Err(StoreError::Unavailable(died.to_string())))
    }
}
