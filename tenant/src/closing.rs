//! The end of a company. Its owner closes it; for thirty days the owner may restore it; then a worker takes it away in steps, each of
//! which is one transaction and says that it is done, so that a crash between any two loses nothing and does nothing twice.

use chrono::TimeDelta;
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use infra::spoken::OrLog as _;
use sea_orm::{ConnectionTrait as _, FromQueryResult};
use uuid::Uuid;

use crate::account::{AccountId, NoSuchTransition, Status};
use crate::jobs::{self, Job};
use crate::letters::{Post, Template};
use crate::scope::Tenant;
use crate::world::{SharedWorld, World};

/// For how long a closed company can be restored.
pub const GRACE: TimeDelta = TimeDelta::days(30);
/// How many rows of the audit log are kept in one go.
const KEPT_TOGETHER: u64 = 500;

/// Why a company was not closed, or not restored.
#[derive(Debug, thiserror::Error)]
pub enum ClosingError {
    /// Not possible from where it stands.
    #[error(transparent)]
    Transition(#[from] NoSuchTransition),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl infra::Fault for ClosingError {
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

#[derive(FromQueryResult)]
struct Row {
    status: String,
    erasure: Option<String>,
    delete_after: Option<Timestamp>,
}

async fn look(world: &World, account: AccountId) -> Result<Option<(Status, Row)>, StoreError> {
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql("select status, erasure, delete_after from shared.account where id = $1", [account.uuid().into()]))
        .await?;
    row.map(|row| {
        let status = Status::parse(&row.status).ok_or_else(|| StoreError::Inconsistent {
            table: "shared.account",
            id: account.to_string(),
            what: "an unknown status".into(),
        })?;
        Ok((status, row))
    })
    .transpose()
}

/// Closes a company, and writes to its owner how long it can be restored. Closing twice keeps the first time.
pub async fn close(world: &World, tenant: &Tenant, owner: (String, String)) -> Result<Timestamp, ClosingError> {
    let now = world.now();
    let account = &tenant.account;
    if account.status == Status::Closed {
        let row = look(world, account.id).await?;
        return Ok(row.and_then(|(_, row)| row.delete_after).unwrap_or(now + GRACE));
    }
    account.status.become_(Status::Closed)?;
    let until = now + GRACE;
    let tx = world.database.begin("".into()).await?;
    let closed = tx
        .run(sql(
            "update shared.account set status = 'closed', closed_at = $2, delete_after = $3, updated_at = $2 where id = $1 and status = $4",
            [account.id.uuid().into(), now.into(), until.into(), account.status.as_str().into()],
        ))
        .await?;
    if closed > 0 {
        let (to, locale) = owner;
        let link = format!("{}/login", world.public_url);
        let template =
            Template::Closed { company: account.name.clone(), until: until.format("%Y-%m-%d").to_string(), link };
        jobs::enqueue(&tx, world, &Job::SendMail(Post { to, locale, sender: None, template })).await?;
    }
    tx.commit().await?;
    world.directory.forget(account.id);
    Ok(until)
}

/// Opens a closed company again, within its time. False when it is too late, or it was not closed.
pub async fn restore(world: &World, account: AccountId) -> Result<bool, StoreError> {
    let now = world.now();
    let restored = world
        .database
        .orm()
        .run(sql(
            "update shared.account set status = 'active', suspended_by_owner = false, closed_at = null, delete_after = null, updated_at = $2 \
             where id = $1 and status = 'closed' and delete_after > $2",
            [account.uuid().into(), now.into()],
        ))
        .await?;
    world.directory.forget(account);
    Ok(restored > 0)
}

/// How far a company's end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It cannot be restored any more.
    Begun,
    /// What the operator keeps of its audit log is kept.
    AuditKept,
    /// Its schema and its role are gone, with everything that was in them.
    SchemaDropped,
    /// Its people, its name and its addresses are forgotten.
    Forgotten,
}

/// Takes the next step towards the end of a company whose time is over; `None` when there is none to take.
pub async fn advance(world: &SharedWorld, account: AccountId) -> Result<Option<Step>, StoreError> {
    let Some((status, row)) = look(world, account).await? else { return Ok(None) };
    let step = match (status, row.erasure.as_deref()) {
        (Status::Closed, _) if row.delete_after.is_some_and(|after| after <= world.now()) => {
            if !begin(world, account).await? {
                return Ok(None);
            }
            Step::Begun
        }
        (Status::Deleting, None) => {
            keep_audit(world, account).await?;
            Step::AuditKept
        }
        (Status::Deleting, Some("audit_kept")) => {
            drop_schema(world, account).await?;
            Step::SchemaDropped
        }
        (Status::Deleting, Some(_)) => {
            forget(world, account).await?;
            Step::Forgotten
        }
        (Status::Provisioning | Status::Active | Status::Suspended | Status::Closed | Status::Deleted, _) => {
            return Ok(None);
        }
    };
    world.directory.forget(account);
    Ok(Some(step))
}

/// Takes away the companies whose time is over; says how many. What fails is tried again by the next sweep.
pub async fn sweep(world: &SharedWorld) -> Result<usize, StoreError> {
    #[derive(FromQueryResult)]
    struct Due {
        id: Uuid,
    }
    let due: Vec<Due> = world
        .database
        .orm()
        .all(sql(
            "select id from shared.account where status = 'deleting' or (status = 'closed' and delete_after <= $1) order by delete_after",
            [world.now().into()],
        ))
        .await?;
    let mut gone = 0;
    for Due { id } in due {
        let account = AccountId::from_uuid(id);
        // One that cannot go on just now holds up nobody behind it.
        while let Some(step) = advance(world, account).await.or_log("taking a closed company away").flatten() {
            tracing::info!(%account, ?step, "a closed company is being taken away");
            gone += usize::from(step == Step::Forgotten);
        }
    }
    Ok(gone)
}

/// False while somebody would go on paying for a company that is gone.
async fn begin(world: &World, account: AccountId) -> Result<bool, StoreError> {
    let statement = "update shared.account set status = 'deleting', updated_at = $2 \
        where id = $1 and status = 'closed' and delete_after <= $2 and not exists (select 1 from shared.subscription \
        where account_id = $1 and status in ('trialing', 'active', 'past_due', 'unpaid', 'paused'))";
    let begun = world.database.orm().run(sql(statement, [account.uuid().into(), world.now().into()])).await?;
    Ok(begun > 0)
}

/// Copies the log in order, a part at a time; a part that is there already is not copied twice.
async fn keep_audit(world: &SharedWorld, account: AccountId) -> Result<(), StoreError> {
    let Some(tenant) = Tenant::find(world, account).await? else { return Ok(()) };
    let mut after = None;
    loop {
        let (rows, last) = {
            let tx = tenant.begin().await?;
            crate::audit::oldest_after(&tx, after, KEPT_TOGETHER).await?
        };
        if rows.is_empty() {
            break;
        }
        let orm = world.database.orm();
        orm.run(sql(
            "insert into shared.kept_audit (account_id, id, actor_kind, actor_id, action, target, at) \
             select $1, r.id, r.actor_kind, r.actor_id, r.action, r.target, r.at from jsonb_to_recordset($2::jsonb) \
             as r (id uuid, actor_kind text, actor_id text, action text, target text, at timestamptz) on conflict do nothing",
            [account.uuid().into(), serde_json::Value::from(rows).into()],
        ))
        .await?;
        after = last;
    }
    mark(world, account, "audit_kept").await
}

async fn mark(world: &World, account: AccountId, done: &'static str) -> Result<(), StoreError> {
    let statement = "update shared.account set erasure = $2 where id = $1 and status = 'deleting'";
    world.database.orm().run(sql(statement, [account.uuid().into(), done.into()])).await.map(drop)
}

/// Schema, role and the directory's word of them, in one transaction: they are all there, or none is.
async fn drop_schema(world: &SharedWorld, account: AccountId) -> Result<(), StoreError> {
    let files = world.blobs.remove_all(&account.to_string()).await;
    files.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let Some(tenant) = Tenant::find(world, account).await? else { return Ok(()) };
    crate::relocate::drop_copies_of(world, account).await?;
    let schema = &tenant.account.schema;
    // Whoever still reads there is not waited for long; the next sweep tries again.
    let patience = "SET LOCAL lock_timeout = '5s'";
    if tenant.account.database.is_some() {
        let there = world.sites.get(tenant.account.database.as_deref())?.database.begin(patience.into()).await?;
        there.execute_unprepared(&schema.destroy()).await?;
        there.commit().await?;
    }
    let tx = world.database.begin(patience.into()).await?;
    if tenant.account.database.is_none() {
        tx.execute_unprepared(&schema.destroy()).await?;
    }
    tx.run(sql("delete from shared.schema_level where schema_name = $1", [schema.as_str().into()])).await?;
    tx.run(sql(
        "update shared.account set erasure = 'schema_dropped' where id = $1 and status = 'deleting'",
        [account.uuid().into()],
    ))
    .await?;
    tx.commit().await
}

/// A statement up to the id of a login, for those who are in no other company that is still there.
macro_rules! nobodys {
    ($statement:literal) => {
        concat!(
            $statement,
            " in (select m.login_id from shared.membership m where m.account_id = $1 \
             and not exists (select 1 from shared.membership o join shared.account a on a.id = o.account_id \
             where o.login_id = m.login_id and o.account_id <> $1 and a.status <> 'deleted'))"
        )
    };
}

/// What is written over the directory's rows, in order. Ids stay, so that what others keep still fits together.
const FORGET: [&str; 23] = [
    // Whatever was sealed with its keys is noise from here on.
    "delete from shared.data_key where account_id = $1",
    "delete from shared.data_export where account_id = $1",
    "delete from shared.session where membership_id in (select id from shared.membership where account_id = $1)",
    "delete from shared.signup where account_id = $1",
    "delete from shared.sign_in where account_id = $1",
    "delete from shared.sso_domain where account_id = $1",
    "delete from shared.sso_identity where account_id = $1",
    "delete from shared.ceremony where membership_id in (select id from shared.membership where account_id = $1)",
    "update shared.api_key set name = '', prefix = '', secret_hash = '', revoked_at = coalesce(revoked_at, $2) where account_id = $1",
    "update shared.invitation set email = id::text, token_hash = decode(replace(id::text, '-', ''), 'hex'), \
     custom_role_id = null, revoked_at = coalesce(revoked_at, $2) where account_id = $1",
    "update shared.membership set custom_role_id = null, external_id = null, disabled_at = coalesce(disabled_at, $2) where account_id = $1",
    "delete from shared.custom_role where account_id = $1",
    "delete from shared.organisation_move where account_id = $1",
    // Who of us looked, and when, stays; what they wrote down about the company does not.
    "update shared.support_visit set reason = '' where account_id = $1",
    "delete from shared.stripe_event where customer = (select customer from shared.subscription where account_id = $1)",
    // Who is in no other company that lives is nobody's any more, and their address is free.
    nobodys!("delete from shared.email_token where login_id"),
    nobodys!("delete from shared.totp where login_id"),
    nobodys!("delete from shared.recovery_code where login_id"),
    nobodys!("delete from shared.passkey where login_id"),
    nobodys!("delete from shared.ceremony where login_id"),
    nobodys!("delete from shared.organisation_admin where login_id"),
    nobodys!(
        "update shared.login set email = id::text || '@deleted.invalid', name = '', password_hash = '', email_verified_at = null where id"
    ),
    "update shared.account set status = 'deleted', name = '', slug = 'deleted-' || translate(left(id::text, 36), '-', ''), limits = '{}', organisation_id = null, \
     deleted_at = $2, updated_at = $2 where id = $1 and status = 'deleting'",
];

async fn forget(world: &World, account: AccountId) -> Result<(), StoreError> {
    let now = world.now();
    let tx = world.database.begin("".into()).await?;
    for statement in FORGET {
        // A statement may name fewer values than it is given, but not more.
        let values: [sea_orm::Value; 2] = [account.uuid().into(), now.into()];
        let needed = if statement.contains("$2") { 2 } else { 1 };
        tx.run(sql(statement, values.into_iter().take(needed))).await?;
    }
    tx.commit().await
}
