//! Who belongs to which company, and as what.

use std::sync::Arc;

use infra::database::{Rows, StoreError, Tx, sql};
use infra::{Id, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account::AccountId;
use crate::limits::{self, LimitReached, Limits};
use crate::login::{LoginId, LoginKind};
use crate::role::Standing;
use crate::world::World;

/// Marks ids of agents.
#[derive(Debug)]
pub enum AgentKind {}
impl ids::Prefixed for AgentKind {
    const PREFIX: &'static str = "agent";
}
/// The id of one person in one company.
pub type AgentId = Id<AgentKind>;

/// What a member is in the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Answers visitors.
    Agent,
    /// Also sees ratings and usage.
    Supervisor,
    /// Also manages people, inboxes and settings.
    Admin,
    /// An admin that cannot be removed by another.
    Owner,
}

impl Role {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Agent, Self::Supervisor, Self::Admin, Self::Owner].into_iter().find(|role| role.as_str() == text)
    }
}

/// One person in one company.
#[derive(Debug, Clone)]
pub struct Membership {
    /// The person as an agent of this company.
    pub id: AgentId,
    /// The company.
    pub account_id: AccountId,
    /// The person.
    pub login_id: LoginId,
    /// What they are here.
    pub standing: Standing,
    /// Their e-mail address.
    pub email: String,
    /// Their own name for themselves.
    pub name: String,
    /// By what the company's directory knows them.
    pub external_id: Option<String>,
    /// When they were switched off.
    pub disabled_at: Option<Timestamp>,
    /// When they joined.
    pub created_at: Timestamp,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    account_id: Uuid,
    login_id: Uuid,
    role: String,
    email: String,
    name: String,
    external_id: Option<String>,
    disabled_at: Option<Timestamp>,
    created_at: Timestamp,
    custom_id: Option<Uuid>,
    custom_name: Option<String>,
    custom_permissions: Option<serde_json::Value>,
    custom_visibility: Option<String>,
}

impl TryFrom<Row> for Membership {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = AgentId::from_uuid(row.id);
        let custom = (row.custom_id, row.custom_name, row.custom_permissions, row.custom_visibility);
        let standing = Standing::read(&row.role, custom).map_err(|what| StoreError::Inconsistent {
            table: "shared.membership",
            id: id.to_string(),
            what: what.into(),
        })?;
        Ok(Self {
            id,
            account_id: Id::from_uuid(row.account_id),
            login_id: Id::<LoginKind>::from_uuid(row.login_id),
            standing,
            email: row.email,
            name: row.name,
            external_id: row.external_id,
            disabled_at: row.disabled_at,
            created_at: row.created_at,
        })
    }
}

/// The columns of [`Row`], with `$tail` behind them.
macro_rules! select_membership {
    ($tail:literal) => {
        concat!(
            "select m.id, m.account_id, m.login_id, m.role, l.email, l.name, m.external_id, m.disabled_at, m.created_at, r.id as custom_id, \
             r.name as custom_name, r.permissions as custom_permissions, r.visibility as custom_visibility \
             from shared.membership m join shared.login l on l.id = m.login_id \
             left join shared.custom_role r on r.id = m.custom_role_id ",
            $tail
        )
    };
}

const FIND: &str = select_membership!("where m.id = $1");
const OF_ACCOUNT: &str = select_membership!("where m.account_id = $1 order by m.created_at, m.id");
const OF_LOGIN: &str = select_membership!("where m.login_id = $1 order by m.created_at, m.id");

/// The member, at most a few seconds old.
pub async fn recent(world: &World, id: AgentId) -> Result<Option<Arc<Membership>>, StoreError> {
    let now = world.now();
    if let Some(known) = world.directory.recent_member(id.uuid(), now) {
        return Ok(Some(known));
    }
    let member = find(world, id).await?.map(Arc::new);
    if let Some(member) = &member {
        world.directory.remember_member(id.uuid(), member, now);
    }
    Ok(member)
}

/// The member as they are.
pub async fn find(world: &World, id: AgentId) -> Result<Option<Membership>, StoreError> {
    world.database.orm().one::<Row>(sql(FIND, [id.uuid().into()])).await?.map(Membership::try_from).transpose()
}

/// Everyone in the company, first comer first.
pub async fn of_account(world: &World, account: AccountId) -> Result<Vec<Membership>, StoreError> {
    let rows: Vec<Row> = world.database.orm().all(sql(OF_ACCOUNT, [account.uuid().into()])).await?;
    rows.into_iter().map(Membership::try_from).collect()
}

/// Every company of a person.
pub async fn of_login(world: &World, login: LoginId) -> Result<Vec<Membership>, StoreError> {
    let rows: Vec<Row> = world.database.orm().all(sql(OF_LOGIN, [login.uuid().into()])).await?;
    rows.into_iter().map(Membership::try_from).collect()
}

/// Writes a membership; a second one of the same person in the same company breaks `membership_account_login_key`.
pub(crate) async fn insert(
    tx: &Tx,
    id: AgentId,
    account: AccountId,
    login: LoginId,
    standing: &Standing,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (role, custom) = standing.parts();
    tx.run(sql(
        "insert into shared.membership (id, account_id, login_id, role, custom_role_id, created_at) values ($1, $2, $3, $4, $5, $6)",
        [id.uuid().into(), account.uuid().into(), login.uuid().into(), role.into(), custom.into(), now.into()],
    ))
    .await
    .map(drop)
}

/// Writes by what the company's directory knows a member; what another one there has breaks `membership_external_key`.
pub(crate) async fn set_external_id(
    rows: &impl Rows,
    id: AgentId,
    external_id: Option<String>,
) -> Result<(), StoreError> {
    rows.run(sql("update shared.membership set external_id = $2 where id = $1", [id.uuid().into(), external_id.into()]))
        .await
        .map(drop)
}

#[derive(FromQueryResult)]
struct Seats {
    taken: i64,
}

/// Whether one more may join: who is here and who is invited count. Outer errors are the database's.
pub(crate) async fn seat_free(
    tx: &Tx,
    account: AccountId,
    limits: Limits,
    now: Timestamp,
) -> Result<Result<(), LimitReached>, StoreError> {
    let seats: Option<Seats> = tx
        .one(sql(
            "select (select count(*) from shared.membership where account_id = $1 and disabled_at is null) \
               + (select count(*) from shared.invitation where account_id = $1 and accepted_at is null and revoked_at is null and expires_at > $2) as taken",
            [account.uuid().into(), now.into()],
        ))
        .await?;
    let taken = seats.and_then(|seats| u64::try_from(seats.taken).ok()).unwrap_or(0);
    Ok(limits::room_for_one_more("agents", limits.agents, taken))
}

/// Whether one more may come in who is not invited. Whoever is takes a seat with the invitation.
pub async fn room(world: &World, account: AccountId, limits: Limits) -> Result<Result<(), LimitReached>, StoreError> {
    let tx = world.database.begin("".into()).await?;
    seat_free(&tx, account, limits, world.now()).await
}

#[derive(FromQueryResult)]
struct Active {
    active: i64,
}

/// Whether somebody who was invited finds a seat still: others may have been switched on since. The caller holds the company's row.
pub(crate) async fn seat_kept(
    tx: &Tx,
    account: AccountId,
    limits: Limits,
) -> Result<Result<(), LimitReached>, StoreError> {
    let seats: Option<Active> = tx
        .one(sql(
            "select count(*) as active from shared.membership where account_id = $1 and disabled_at is null",
            [account.uuid().into()],
        ))
        .await?;
    let taken = seats.and_then(|seats| u64::try_from(seats.active).ok()).unwrap_or(0);
    Ok(limits::room_for_one_more("agents", limits.agents, taken))
}

/// Changes role or presence in the company. Nobody changes the owner, so a company always has one.
pub async fn update(
    world: &World,
    account: AccountId,
    id: AgentId,
    standing: Option<&Standing>,
    disabled: Option<bool>,
) -> Result<bool, StoreError> {
    let now = world.now();
    let (role, custom) = standing.map(Standing::parts).unzip();
    let touched = world
        .database
        .orm()
        .run(sql(
            "update shared.membership set role = coalesce($3, role), custom_role_id = case when $3::text is null then custom_role_id else $6 end, \
             disabled_at = case when $4::boolean is null then disabled_at when $4 then coalesce(disabled_at, $5) else null end \
             where id = $1 and account_id = $2 and role <> 'owner'",
            [
                id.uuid().into(),
                account.uuid().into(),
                role.into(),
                disabled.into(),
                now.into(),
                custom.flatten().into(),
            ],
        ))
        .await?;
    if disabled == Some(true) {
        crate::session::revoke_of_member(world, id).await?;
    }
    world.directory.forget(account);
    Ok(touched > 0)
}

/// Makes another member the owner; the one before is an admin from then on. False when they are not the owner, or the other one is
/// not a member who may sign in.
pub async fn hand_over(world: &World, account: AccountId, from: AgentId, to: AgentId) -> Result<bool, StoreError> {
    let tx = world.database.begin("".into()).await?;
    // The two at once: a company never has two owners, nor none.
    let left = tx
        .run(sql(
            "update shared.membership set role = 'admin' where id = $1 and account_id = $2 and role = 'owner'",
            [from.uuid().into(), account.uuid().into()],
        ))
        .await?;
    let taken = tx
        .run(sql(
            "update shared.membership set role = 'owner', custom_role_id = null \
             where id = $1 and account_id = $2 and id <> $3 and disabled_at is null",
            [to.uuid().into(), account.uuid().into(), from.uuid().into()],
        ))
        .await?;
    if left == 0 || taken == 0 {
        return Ok(false);
    }
    tx.commit().await?;
    world.directory.forget(account);
    Ok(true)
}
