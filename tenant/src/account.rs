//! Companies: the directory's rows, their life, and a short memory of recently used ones.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use infra::database::{Database, Rows as _, StoreError, Tx, sql};
use infra::validate::{Check, Invalid};
use infra::{Id, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::limits::{Limits, Restricted};
use crate::membership::Membership;
use crate::organisation::OrganisationId;
use crate::pace::Pace;
use crate::schema::SchemaName;
use crate::session::Worth;
use crate::tally::Tallies;

/// Marks ids of accounts.
#[derive(Debug)]
pub enum AccountKind {}
impl ids::Prefixed for AccountKind {
    const PREFIX: &'static str = "acct";
}
/// The id of a company.
pub type AccountId = Id<AccountKind>;

/// Where a company stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AccountStatus)]
pub enum Status {
    /// Signed up; its schema is being furnished.
    Provisioning,
    /// In use.
    Active,
    /// Switched off, by us or by its owner; its data stays.
    Suspended,
    /// Ended by its owner; its data waits out the grace period.
    Closed,
    /// Its time is over: it is being taken away, and cannot come back.
    Deleting,
    /// Gone. Its row stays, without a name.
    Deleted,
}

/// The asked change of state is not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a {from} account cannot become {to}")]
pub struct NoSuchTransition {
    from: &'static str,
    to: &'static str,
}

impl Status {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "provisioning",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let all = [Self::Provisioning, Self::Active, Self::Suspended, Self::Closed, Self::Deleting, Self::Deleted];
        all.into_iter().find(|status| status.as_str() == text)
    }

    /// Moves to `to`. Repeating a move is allowed, so that a sweep may finish what a crash cut short.
    pub fn become_(self, to: Self) -> Result<Self, NoSuchTransition> {
        let possible = match (self, to) {
            (Self::Provisioning | Self::Suspended, Self::Active | Self::Closed)
            | (Self::Active, Self::Suspended | Self::Closed)
            | (Self::Closed, Self::Active | Self::Deleting)
            | (Self::Deleting, Self::Deleted) => true,
            (from, to) => from == to,
        };
        if possible { Ok(to) } else { Err(NoSuchTransition { from: self.as_str(), to: to.as_str() }) }
    }
}

/// A company, as its members see it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name, as visitors read it.
    #[schema(example = "Blue Teapot")]
    pub name: String,
    /// Its name in addresses.
    #[schema(example = "blue-teapot")]
    pub slug: String,
    /// Where it stands.
    pub status: Status,
    /// Its plan.
    #[schema(example = "free")]
    pub plan: String,
    /// The language it is run in: `en` or `zh-CN`.
    pub locale: String,
    /// When it signed up.
    pub created_at: DateTime<Utc>,
    /// Until when it can be restored, when it is closed.
    pub delete_after: Option<DateTime<Utc>>,
    /// The group it is in.
    pub organisation_id: Option<OrganisationId>,
    /// Where its rows are.
    #[serde(skip)]
    pub schema: SchemaName,
    /// The database they are in; none for the one of the directory.
    #[serde(skip)]
    pub database: Option<Arc<str>>,
    /// Whether it is on its way to another database: it can be read meanwhile, and not written.
    #[serde(skip)]
    pub moving: bool,
    /// How much it may have.
    #[serde(skip)]
    pub limits: Limits,
    /// How fast it may go.
    #[serde(skip)]
    pub pace: Pace,
    /// Payments are overdue: nothing may be added.
    #[serde(skip)]
    pub restricted: bool,
}

impl Account {
    /// Refuses to add anything while payments are overdue.
    pub fn may_grow(&self) -> Result<(), Restricted> {
        if self.restricted { Err(Restricted) } else { Ok(()) }
    }
}

/// The period that a company has bought and is in; after a change of plan, what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
    /// Usage from before it is not charged.
    pub metered_from: Option<Timestamp>,
    /// How often is paid, as stored.
    pub every: String,
}

/// What a company holds, of which `billing` makes limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// Its plan.
    pub plan: String,
    /// The seats it has bought, when it has bought any.
    pub seats: Option<u32>,
    /// The period it is in, when it has bought one.
    pub bought: Option<Bought>,
    /// Usage stops at what is included: by the company's own choice, or because it tries the plan and pays nothing.
    pub hard_limit: bool,
    /// Payments are overdue.
    pub restricted: bool,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    slug: String,
    schema_name: String,
    status: String,
    plan: String,
    limits: serde_json::Value,
    locale: String,
    created_at: Timestamp,
    seats: Option<i32>,
    every: Option<String>,
    period_from: Option<Timestamp>,
    period_to: Option<Timestamp>,
    metered_from: Option<Timestamp>,
    hard_limit: bool,
    restricted: bool,
    delete_after: Option<Timestamp>,
    organisation_id: Option<Uuid>,
    database: Option<String>,
    moving: bool,
}

/// What a plan and a company's own choices allow; comes from `billing`.
#[derive(Debug, Clone, Copy)]
pub struct Plans {
    /// How much.
    pub limits: fn(&Held) -> Limits,
    /// How fast, on a plan of this name.
    pub pace: fn(&str) -> Pace,
}

fn read(row: Row, plans: Plans) -> Result<Account, StoreError> {
    let id = AccountId::from_uuid(row.id);
    let bad =
        |what: &str| StoreError::Inconsistent { table: "shared.account", id: id.to_string(), what: what.to_owned() };
    let own: Limits = serde_json::from_value(row.limits.clone()).map_err(|_| bad("unreadable limits"))?;
    let own_pace: Pace = serde_json::from_value(row.limits).map_err(|_| bad("an unreadable pace"))?;
    let bought = match (row.every, row.period_from, row.period_to) {
        (Some(every), Some(from), Some(to)) => Some(Bought { from, to, metered_from: row.metered_from, every }),
        _ => None,
    };
    let held = Held {
        plan: row.plan,
        seats: row.seats.and_then(|seats| u32::try_from(seats).ok()),
        bought,
        hard_limit: row.hard_limit,
        restricted: row.restricted,
    };
    Ok(Account {
        id,
        name: row.name,
        slug: row.slug,
        status: Status::parse(&row.status).ok_or_else(|| bad("an unknown status"))?,
        limits: (plans.limits)(&held).overridden_by(own),
        pace: (plans.pace)(&held.plan).overridden_by(own_pace),
        restricted: held.restricted,
        plan: held.plan,
        locale: row.locale,
        created_at: row.created_at,
        delete_after: row.delete_after,
        organisation_id: row.organisation_id.map(Id::from_uuid),
        schema: row.schema_name.parse().map_err(|_| bad("an impossible schema name"))?,
        database: row.database.map(Arc::from),
        moving: row.moving,
    })
}

/// How long what was read of the directory is believed. A role that was taken away is gone everywhere after this.
pub(crate) const BELIEVED: TimeDelta = TimeDelta::seconds(2);

/// A short memory of accounts and memberships, so that a request costs no look-up.
pub struct Directory {
    plans: Plans,
    accounts: Mutex<HashMap<AccountId, (Timestamp, Arc<Account>)>>,
    members: Mutex<HashMap<Uuid, (Timestamp, Arc<Membership>)>>,
    sessions: Mutex<HashMap<Uuid, (Timestamp, Arc<Worth>)>>,
    tallies: Arc<Tallies>,
}

/// Holds a company's row until the end of the transaction: two who come at once must not both take the last of something.
pub(crate) async fn hold(tx: &Tx, id: AccountId) -> Result<(), StoreError> {
    tx.run(sql("select id from shared.account where id = $1 for update", [id.uuid().into()])).await.map(drop)
}

/// The columns of [`Row`], with `$tail` behind them.
macro_rules! select_account {
    ($tail:literal) => {
        concat!(
            "select a.id, a.name, a.slug, a.schema_name, a.status, a.plan, a.limits, a.locale, a.created_at, a.delete_after, a.organisation_id, a.database, \
             a.moving_since is not null as moving, \
             case when s.status in ('trialing', 'active', 'past_due', 'unpaid', 'paused') then s.seats end as seats, \
             case when s.status in ('trialing', 'active', 'past_due', 'unpaid', 'paused') then s.every end as every, \
             case when s.provider = 'stripe' then greatest(s.period_from, s.turned_at) else s.period_from end as period_from, \
             s.period_to, s.metered_from, \
             coalesce(s.hard_limit or s.state = 'trialing', false) as hard_limit, coalesce(s.state = 'restricted', false) as restricted \
             from shared.account a left join shared.subscription s on s.account_id = a.id ",
            $tail
        )
    };
}

impl Directory {
    /// Remembers nothing yet. What a plan gives, `billing` knows.
    pub fn new(plans: Plans) -> Self {
        Self {
            plans,
            accounts: Mutex::default(),
            members: Mutex::default(),
            sessions: Mutex::default(),
            tallies: Arc::default(),
        }
    }

    /// What companies had used by an hour that is over.
    pub(crate) fn tallies(&self) -> Arc<Tallies> {
        Arc::clone(&self.tallies)
    }

    /// The account, at most a few seconds old; `None` when there is none.
    pub async fn account(
        &self,
        database: &Database,
        id: AccountId,
        now: Timestamp,
    ) -> Result<Option<Arc<Account>>, StoreError> {
        if let Some(known) = recent(&self.accounts, &id, now) {
            return Ok(Some(known));
        }
        let account = self.load(database, id).await?.map(Arc::new);
        if let Some(account) = &account {
            remember(&self.accounts, id, account, now);
        }
        Ok(account)
    }

    /// The account as it is.
    pub async fn load(&self, database: &Database, id: AccountId) -> Result<Option<Account>, StoreError> {
        let row: Option<Row> = database.orm().one(sql(select_account!("where a.id = $1"), [id.uuid().into()])).await?;
        row.map(|row| read(row, self.plans)).transpose()
    }

    /// Every account in one of these states, oldest first.
    pub async fn all(&self, database: &Database, status: Status) -> Result<Vec<Account>, StoreError> {
        let rows: Vec<Row> = database
            .orm()
            .all(sql(select_account!("where a.status = $1 order by a.created_at"), [status.as_str().into()]))
            .await?;
        rows.into_iter().map(|row| read(row, self.plans)).collect()
    }

    pub(crate) fn recent_member(&self, id: Uuid, now: Timestamp) -> Option<Arc<Membership>> {
        recent(&self.members, &id, now)
    }

    pub(crate) fn remember_member(&self, id: Uuid, member: &Arc<Membership>, now: Timestamp) {
        remember(&self.members, id, member, now);
    }

    pub(crate) fn recent_session(&self, id: Uuid, now: Timestamp) -> Option<Worth> {
        recent(&self.sessions, &id, now).map(|worth| *worth)
    }

    pub(crate) fn remember_session(&self, id: Uuid, worth: Worth, now: Timestamp) {
        remember(&self.sessions, id, &Arc::new(worth), now);
    }

    /// Forgets what was known of a company and its members, after a change, and of sessions: few seconds' worth for everybody.
    pub fn forget(&self, id: AccountId) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        self.members.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, (_, member)| member.account_id != id);
    }
}

type Memory<K, V> = Mutex<HashMap<K, (Timestamp, Arc<V>)>>;

fn recent<K: Eq + std::hash::Hash, V>(memory: &Memory<K, V>, key: &K, now: Timestamp) -> Option<Arc<V>> {
    let memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
    memory.get(key).filter(|(read_at, _)| now - *read_at < BELIEVED).map(|(_, value)| Arc::clone(value))
}

fn remember<K: Eq + std::hash::Hash, V>(memory: &Memory<K, V>, key: K, value: &Arc<V>, now: Timestamp) {
    let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
    if memory.len() > 10_000 {
        memory.retain(|_, (read_at, _)| now - *read_at < BELIEVED);
    }
    memory.insert(key, (now, Arc::clone(value)));
}

/// What may be changed of a company; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Its name.
    pub name: Option<String>,
    /// Its language.
    pub locale: Option<String>,
    /// Its name in addresses, as [`crate::slug::check`] let it through.
    pub slug: Option<String>,
}

/// Why a company was not changed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// Another company has this name in addresses, or one that a reader would take for it.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl infra::Fault for UpdateError {
    fn kind(&self) -> infra::Kind {
        match self {
            Self::Invalid(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<infra::FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::Store(_) => Vec::new(),
        }
    }
}

/// Changes what members may change of their company. Its schema keeps its name, whatever the company is called.
pub async fn update(database: &Database, id: AccountId, change: Change, now: Timestamp) -> Result<(), UpdateError> {
    let changed = database
        .orm()
        .run(sql(
            "update shared.account set name = coalesce($2, name), locale = coalesce($3, locale), slug = coalesce($5, slug), updated_at = $4 \
             where id = $1 and ($5::text is null or not exists (select 1 from shared.account o where o.id <> $1 and \
             translate(replace(o.slug, '-', ''), '0135l', 'oiesi') = translate(replace($5, '-', ''), '0135l', 'oiesi')))",
            [id.uuid().into(), change.name.into(), change.locale.into(), now.into(), change.slug.into()],
        ))
        .await;
    let taken = match changed {
        Ok(changed) => changed == 0,
        // Somebody else took it at this moment.
        Err(error) if error.broke("account_slug_key") => true,
        Err(error) => return Err(error.into()),
    };
    let mut check = Check::new();
    if taken {
        check.refuse("slug", "slug_taken", "Another company has this name, or one that looks like it.");
    }
    Ok(check.finish()?)
}

/// Moves an account along its life. False when it stands elsewhere by now than `account` says: somebody was quicker.
pub async fn set_status(
    database: &Database,
    account: &Account,
    to: Status,
    now: Timestamp,
) -> Result<bool, SetStatusError> {
    account.status.become_(to)?;
    let touched = database
        .orm()
        .run(sql(
            "update shared.account set status = $2, suspended_by_owner = false, updated_at = $3 where id = $1 and status = $4",
            [account.id.uuid().into(), to.as_str().into(), now.into(), account.status.as_str().into()],
        ))
        .await?;
    Ok(touched > 0)
}

/// Why an account did not change its state.
#[derive(Debug, thiserror::Error)]
pub enum SetStatusError {
    /// Not possible from where it stands.
    #[error(transparent)]
    Transition(#[from] NoSuchTransition),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl infra::Fault for SetStatusError {
    fn kind(&self) -> infra::Kind {
        match self {
            Self::Transition(_) => infra::Kind::Conflict,
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Transition(_) => "account_transition_impossible",
            Self::Store(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_account_can_be_restored_but_not_suspended() {
        assert_eq!(Status::Closed.become_(Status::Active), Ok(Status::Active));
        assert!(Status::Closed.become_(Status::Suspended).is_err());
        assert!(Status::Active.become_(Status::Provisioning).is_err());
    }

    #[test]
    fn what_is_being_deleted_never_comes_back() {
        use Status::{Active, Closed, Deleted, Deleting, Provisioning, Suspended};
        assert_eq!(Closed.become_(Deleting), Ok(Deleting));
        assert_eq!(Deleting.become_(Deleted), Ok(Deleted));
        for to in [Provisioning, Active, Suspended, Closed] {
            assert!(Deleting.become_(to).is_err() && Deleted.become_(to).is_err(), "{to:?}");
        }
        for from in [Provisioning, Active, Suspended] {
            assert!(from.become_(Deleting).is_err() && from.become_(Deleted).is_err(), "{from:?} was never closed");
        }
    }
}
