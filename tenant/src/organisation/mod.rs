//! Groups of companies: who manages them, which companies are in them, and moves between, to which both sides agree.
//!
//! What must be absent: any look into a company. Figures of a group are put together outside, company by company.

mod moves;

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, Tx, sql};
use infra::validate::{Check, Invalid};
use infra::{Fault, FieldFault, Id, Kind, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::Serialize;
use uuid::Uuid;

use crate::account::{AccountId, Status};
use crate::login::LoginId;
use crate::world::World;

pub use moves::{Direction, Move, Side, answer, ask, moves};

/// Marks ids of groups.
#[derive(Debug)]
pub enum OrganisationKind {}
impl ids::Prefixed for OrganisationKind {
    const PREFIX: &'static str = "org";
}
/// The id of a group.
pub type OrganisationId = Id<OrganisationKind>;

/// A group.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Somebody who manages a group.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct GroupAdmin {
    /// Who.
    pub user_id: LoginId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
}

/// A company of a group.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct GroupAccount {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    /// Where it stands.
    pub status: Status,
    /// Its plan.
    pub plan: String,
    /// When it signed up.
    pub created_at: DateTime<Utc>,
}

/// What can go wrong with a group.
#[derive(Debug, thiserror::Error)]
pub enum OrganisationError {
    /// No such group, or not one of the caller's.
    #[error("no such organisation")]
    Unknown,
    /// No such company here, or no such person.
    #[error("no such thing in this organisation")]
    NotHere,
    /// The company is in a group already, or not in this one.
    #[error("this company is in a group already, or not in this one")]
    Placed,
    /// Nobody has asked for a move, or it was one's own side that asked.
    #[error("there is nothing to answer")]
    NothingAsked,
    /// Somebody must manage the group.
    #[error("a group keeps its last admin")]
    LastAdmin,
    /// Fields were refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for OrganisationError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown | Self::NotHere => Kind::NotFound,
            Self::Placed | Self::NothingAsked | Self::LastAdmin => Kind::Conflict,
            Self::Invalid(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "organisation_unknown",
            Self::NotHere => "not_in_organisation",
            Self::Placed => "organisation_differs",
            Self::NothingAsked => "move_not_asked",
            Self::LastAdmin => "last_group_admin",
            Self::Invalid(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::Unknown | Self::NotHere | Self::Placed | Self::NothingAsked | Self::LastAdmin | Self::Store(_) => {
                Vec::new()
            }
        }
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    created_at: Timestamp,
}

impl From<Row> for Organisation {
    fn from(row: Row) -> Self {
        Self { id: Id::from_uuid(row.id), name: row.name, created_at: row.created_at }
    }
}

/// A name within bounds.
fn checked(name: &str) -> Result<String, Invalid> {
    let mut check = Check::new();
    let name = check.line("name", name, 1, 80);
    check.finish()?;
    Ok(name)
}

/// Makes a group around a company, managed by this person.
pub async fn found(
    world: &World,
    account: AccountId,
    login: LoginId,
    name: &str,
) -> Result<Organisation, OrganisationError> {
    let name = checked(name)?;
    let now = world.now();
    let id: OrganisationId = world.chance.id(now);
    let tx = world.database.begin("".into()).await?;
    tx.run(sql(
        "insert into shared.organisation (id, name, created_at) values ($1, $2, $3)",
        [id.uuid().into(), name.clone().into(), now.into()],
    ))
    .await?;
    join(&tx, account, id).await?;
    admit(&tx, id, login, now).await?;
    tx.commit().await?;
    world.directory.forget(account);
    Ok(Organisation { id, name, created_at: now })
}

/// Puts a company that is in no group into one, in the caller's transaction.
pub(crate) async fn join(tx: &Tx, account: AccountId, id: OrganisationId) -> Result<(), OrganisationError> {
    let joined = tx
        .run(sql(
            "update shared.account set organisation_id = $2 where id = $1 and organisation_id is null",
            [account.uuid().into(), id.uuid().into()],
        ))
        .await?;
    if joined == 0 { Err(OrganisationError::Placed) } else { Ok(()) }
}

async fn admit(tx: &Tx, id: OrganisationId, login: LoginId, now: Timestamp) -> Result<(), StoreError> {
    tx.run(sql(
        "insert into shared.organisation_admin (organisation_id, login_id, created_at) values ($1, $2, $3) on conflict do nothing",
        [id.uuid().into(), login.uuid().into(), now.into()],
    ))
    .await
    .map(drop)
}

/// The groups that a person manages, by name.
pub async fn of_admin(world: &World, login: LoginId) -> Result<Vec<Organisation>, StoreError> {
    let rows: Vec<Row> = world
        .database
        .orm()
        .all(sql(
            "select o.id, o.name, o.created_at from shared.organisation o \
             join shared.organisation_admin a on a.organisation_id = o.id where a.login_id = $1 order by lower(o.name), o.id",
            [login.uuid().into()],
        ))
        .await?;
    Ok(rows.into_iter().map(Organisation::from).collect())
}

/// A group, for one of its admins.
pub async fn managed(world: &World, id: OrganisationId, by: LoginId) -> Result<Organisation, OrganisationError> {
    of_admin(world, by).await?.into_iter().find(|group| group.id == id).ok_or(OrganisationError::Unknown)
}

/// The group of a company.
pub async fn of_account(world: &World, account: AccountId) -> Result<Option<Organisation>, StoreError> {
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            "select o.id, o.name, o.created_at from shared.organisation o join shared.account a on a.organisation_id = o.id where a.id = $1",
            [account.uuid().into()],
        ))
        .await?;
    Ok(row.map(Organisation::from))
}

/// Gives a group another name.
pub async fn rename(world: &World, id: OrganisationId, name: &str) -> Result<(), OrganisationError> {
    let name = checked(name)?;
    let statement = sql("update shared.organisation set name = $2 where id = $1", [id.uuid().into(), name.into()]);
    Ok(world.database.orm().run(statement).await.map(drop)?)
}

/// Who manages a group, by name.
pub async fn admins(world: &World, id: OrganisationId) -> Result<Vec<GroupAdmin>, StoreError> {
    #[derive(FromQueryResult)]
    struct Admin {
        id: Uuid,
        name: String,
        email: String,
    }
    let rows: Vec<Admin> = world
        .database
        .orm()
        .all(sql(
            "select l.id, l.name, l.email from shared.organisation_admin a join shared.login l on l.id = a.login_id \
             where a.organisation_id = $1 order by lower(l.name), l.id",
            [id.uuid().into()],
        ))
        .await?;
    let admin = |row: Admin| GroupAdmin { user_id: Id::from_uuid(row.id), name: row.name, email: row.email };
    Ok(rows.into_iter().map(admin).collect())
}

/// Makes somebody who belongs to one of the group's companies an admin of the group.
pub async fn add_admin(world: &World, id: OrganisationId, email: &str) -> Result<GroupAdmin, OrganisationError> {
    let mut check = Check::new();
    let email = check.email("email", email);
    check.finish()?;
    let added = world
        .database
        .orm()
        .run(sql(
            "insert into shared.organisation_admin (organisation_id, login_id, created_at) \
             select distinct $1, l.id, $3 from shared.login l join shared.membership m on m.login_id = l.id and m.disabled_at is null \
             join shared.account a on a.id = m.account_id where l.email = $2 and a.organisation_id = $1 on conflict do nothing",
            [id.uuid().into(), email.clone().into(), world.now().into()],
        ))
        .await?;
    let known = admins(world, id).await?.into_iter().find(|admin| admin.email == email);
    match known {
        Some(admin) => Ok(admin),
        None if added == 0 => Err(OrganisationError::NotHere),
        None => Err(OrganisationError::Unknown),
    }
}

/// Takes the management of a group from somebody; the last admin stays.
pub async fn remove_admin(world: &World, id: OrganisationId, who: LoginId) -> Result<(), OrganisationError> {
    let tx = world.database.begin("".into()).await?;
    // Two who remove each other must not leave nobody.
    tx.run(sql("select id from shared.organisation where id = $1 for update", [id.uuid().into()])).await?;
    let gone = tx
        .run(sql(
            "delete from shared.organisation_admin where organisation_id = $1 and login_id = $2",
            [id.uuid().into(), who.uuid().into()],
        ))
        .await?;
    let left: Vec<Row> = tx
        .all(sql(
            "select o.id, o.name, o.created_at from shared.organisation o \
             join shared.organisation_admin a on a.organisation_id = o.id where o.id = $1 limit 1",
            [id.uuid().into()],
        ))
        .await?;
    if gone == 0 {
        return Err(OrganisationError::NotHere);
    }
    if left.is_empty() {
        return Err(OrganisationError::LastAdmin);
    }
    Ok(tx.commit().await?)
}

/// The companies of a group, oldest first.
pub async fn accounts(world: &World, id: OrganisationId) -> Result<Vec<GroupAccount>, StoreError> {
    #[derive(FromQueryResult)]
    struct Account {
        id: Uuid,
        name: String,
        slug: String,
        status: String,
        plan: String,
        created_at: Timestamp,
    }
    let rows: Vec<Account> = world
        .database
        .orm()
        .all(sql(
            "select id, name, slug, status, plan, created_at from shared.account where organisation_id = $1 and status <> 'deleted' \
             order by created_at, id",
            [id.uuid().into()],
        ))
        .await?;
    rows.into_iter()
        .map(|row| {
            let status = Status::parse(&row.status).ok_or_else(|| StoreError::Inconsistent {
                table: "shared.account",
                id: AccountId::from_uuid(row.id).to_string(),
                what: "an unknown status".into(),
            })?;
            let (id, created_at) = (Id::from_uuid(row.id), row.created_at);
            Ok(GroupAccount { id, name: row.name, slug: row.slug, status, plan: row.plan, created_at })
        })
        .collect()
}

/// One company of a group.
pub async fn account(world: &World, id: OrganisationId, which: AccountId) -> Result<GroupAccount, OrganisationError> {
    accounts(world, id).await?.into_iter().find(|account| account.id == which).ok_or(OrganisationError::NotHere)
}
