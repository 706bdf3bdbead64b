//! Who belongs to which company, and as what.

use std::sync::Arc;

use infra::database::{Rows as _, StoreError, Tx, sql};
use infra::{Id, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account::AccountId;
use crate::login::{LoginId, LoginKind};
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
    pub role: Role,
    /// Their e-mail address.
    pub email: String,
    /// Their own name for themselves.
    pub name: String,
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
    disabled_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl TryFrom<Row> for Membership {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = AgentId::from_uuid(row.id);
        let role = Role::parse(&row.role).ok_or_else(|| StoreError::Inconsistent {
            table: "shared.membership",
            id: id.to_string(),
            what: "an unknown role".into(),
        })?;
        Ok(Self {
            id,
            account_id: Id::from_uuid(row.account_id),
            login_id: Id::<LoginKind>::from_uuid(row.login_id),
            role,
            email: row.email,
            name: row.name,
            disabled_at: row.disabled_at,
            created_at: row.created_at,
        })
    }
}

const FIND: &str = "select m.id, m.account_id, m.login_id, m.role, l.email, l.name, m.disabled_at, m.created_at \
    from shared.membership m join shared.login l on l.id = m.login_id where m.id = $1";
const OF_ACCOUNT: &str = "select m.id, m.account_id, m.login_id, m.role, l.email, l.name, m.disabled_at, m.created_at \
    from shared.membership m join shared.login l on l.id = m.login_id where m.account_id = $1 order by m.created_at, m.id";
const OF_LOGIN: &str = "select m.id, m.account_id, m.login_id, m.role, l.email, l.name, m.disabled_at, m.created_at \
    from shared.membership m join shared.login l on l.id = m.login_id where m.login_id = $1 order by m.created_at, m.id";

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
    role: Role,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.run(sql(
        "insert into shared.membership (id, account_id, login_id, role, created_at) values ($1, $2, $3, $4, $5)",
        [id.uuid().into(), account.uuid().into(), login.uuid().into(), role.as_str().into(), now.into()],
    ))
    .await
    .map(drop)
}

/// Changes role or presence in the company. Nobody changes the owner, so a company always has one.
pub async fn update(
    world: &World,
    account: AccountId,
    id: AgentId,
    role: Option<Role>,
    disabled: Option<bool>,
) -> Result<bool, StoreError> {
    let now = world.now();
    let touched = world
        .database
        .orm()
        .run(sql(
            "update shared.membership set role = coalesce($3, role), \
             disabled_at = case when $4::boolean is null then disabled_at when $4 then coalesce(disabled_at, $5) else null end \
             where id = $1 and account_id = $2 and role <> 'owner'",
            [id.uuid().into(), account.uuid().into(), role.map(Role::as_str).into(), disabled.into(), now.into()],
        ))
        .await?;
    if disabled == Some(true) {
        crate::session::revoke_of_member(world, id).await?;
    }
    world.directory.forget(account);
    Ok(touched > 0)
}
