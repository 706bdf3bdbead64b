//! Sessions as their owner sees them: where one is signed in, and an end to what is not one's own. And proof, once more, of who sits
//! there, before what only the person may do.

use chrono::{DateTime, TimeDelta, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::{Fault, Id, Kind, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::Serialize;
use uuid::Uuid;

use super::Method;
use crate::account::AccountId;
use crate::device::Device;
use crate::login::LoginId;
use crate::membership::AgentId;
use crate::world::World;

/// Marks ids of sessions.
#[derive(Debug)]
pub enum SessionKind {}
impl ids::Prefixed for SessionKind {
    const PREFIX: &'static str = "sess";
}
/// The id of a session.
pub type SessionId = Id<SessionKind>;

/// How long a proof is good for what only the person may do.
pub const PROVEN_FOR: TimeDelta = TimeDelta::minutes(10);

/// A signed-in browser.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = SignedInSession)]
pub struct Listed {
    /// Its id.
    pub id: SessionId,
    /// The browser and its system.
    pub device: Device,
    /// Where its clock is, like `Europe/Berlin`; as it says itself.
    pub time_zone: Option<String>,
    /// By what it was signed in.
    pub method: Method,
    /// The company it acts in.
    pub account_id: AccountId,
    /// That company's name.
    pub account_name: String,
    /// When it was signed in.
    pub created_at: DateTime<Utc>,
    /// When it was last heard of, to a quarter of an hour.
    pub last_seen_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub current: bool,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    account_id: Uuid,
    account_name: String,
    user_agent: String,
    time_zone: Option<String>,
    method: String,
    created_at: Timestamp,
    rotated_at: Timestamp,
}

impl Row {
    fn view(self, current: Option<Uuid>) -> Listed {
        Listed {
            id: Id::from_uuid(self.id),
            device: Device::read(&self.user_agent),
            time_zone: self.time_zone,
            method: Method::parse(&self.method),
            account_id: Id::from_uuid(self.account_id),
            account_name: self.account_name,
            created_at: self.created_at,
            last_seen_at: self.rotated_at,
            current: Some(self.id) == current,
        }
    }
}

/// The live sessions of a person, in all their companies, newest use first.
pub async fn of_login(world: &World, login: LoginId, current: Uuid) -> Result<Vec<Listed>, StoreError> {
    let rows: Vec<Row> = world
        .database
        .orm()
        .all(sql(
            "select s.id, m.account_id, a.name as account_name, s.user_agent, s.time_zone, s.method, s.created_at, s.rotated_at \
             from shared.session s join shared.membership m on m.id = s.membership_id join shared.account a on a.id = m.account_id \
             where s.login_id = $1 and s.revoked_at is null and s.expires_at > $2 order by s.rotated_at desc, s.id desc limit 100",
            [login.uuid().into(), world.now().into()],
        ))
        .await?;
    Ok(rows.into_iter().map(|row| row.view(Some(current))).collect())
}

/// The live sessions of a member in this company: what they do elsewhere is not its admins' to see.
pub async fn of_member(world: &World, member: AgentId, current: Option<Uuid>) -> Result<Vec<Listed>, StoreError> {
    let rows: Vec<Row> = world
        .database
        .orm()
        .all(sql(
            "select s.id, m.account_id, a.name as account_name, s.user_agent, s.time_zone, s.method, s.created_at, s.rotated_at \
             from shared.session s join shared.membership m on m.id = s.membership_id join shared.account a on a.id = m.account_id \
             where s.membership_id = $1 and s.revoked_at is null and s.expires_at > $2 order by s.rotated_at desc, s.id desc limit 100",
            [member.uuid().into(), world.now().into()],
        ))
        .await?;
    Ok(rows.into_iter().map(|row| row.view(current)).collect())
}

#[derive(FromQueryResult)]
struct Ended {
    membership_id: Uuid,
}

/// Ends one of a person's own sessions; says in which company they acted there.
pub async fn end_own(world: &World, login: LoginId, id: SessionId) -> Result<Option<AgentId>, StoreError> {
    let row: Option<Ended> = world
        .database
        .orm()
        .one(sql(
            "update shared.session set revoked_at = $3 where id = $1 and login_id = $2 and revoked_at is null returning membership_id",
            [id.uuid().into(), login.uuid().into(), world.now().into()],
        ))
        .await?;
    Ok(row.map(|row| AgentId::from_uuid(row.membership_id)))
}

/// Ends a session of a member of the company; false when they have no such one here.
pub async fn end_of_member(world: &World, member: AgentId, id: SessionId) -> Result<bool, StoreError> {
    let ended = world
        .database
        .orm()
        .run(sql(
            "update shared.session set revoked_at = $3 where id = $1 and membership_id = $2 and revoked_at is null",
            [id.uuid().into(), member.uuid().into(), world.now().into()],
        ))
        .await?;
    Ok(ended > 0)
}

/// Ends every session of a member of the company, but the one that asks; says how many.
pub async fn end_all_of_member(world: &World, member: AgentId, spared: Option<Uuid>) -> Result<u64, StoreError> {
    world
        .database
        .orm()
        .run(sql(
            "update shared.session set revoked_at = $2 where membership_id = $1 and revoked_at is null and id is distinct from $3",
            [member.uuid().into(), world.now().into(), spared.into()],
        ))
        .await
}

/// Ends every session of a person but one.
pub async fn end_others(world: &World, login: LoginId, spared: Uuid) -> Result<u64, StoreError> {
    world
        .database
        .orm()
        .run(sql(
            "update shared.session set revoked_at = $3 where login_id = $1 and id <> $2 and revoked_at is null",
            [login.uuid().into(), spared.into(), world.now().into()],
        ))
        .await
}

/// Ends the sessions of a company that came in by other ways than it now asks for. The owner's stay, so that nobody locks a company
/// out of itself.
pub async fn end_unfit(world: &World, account: AccountId, fit: Fit, spared: Uuid) -> Result<u64, StoreError> {
    world
        .database
        .orm()
        .run(sql(
            "update shared.session set revoked_at = $3 from shared.membership m where m.id = membership_id and m.account_id = $1 \
             and shared.session.id <> $4 and revoked_at is null and case when $2 then method <> 'sso' and m.role <> 'owner' else method = 'password' end",
            [account.uuid().into(), (fit == Fit::SsoOnly).into(), world.now().into(), spared.into()],
        ))
        .await
}

/// What a company now asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// More than a password.
    TwoFactors,
    /// Its own provider.
    SsoOnly,
}

/// The person has proven again who they are, by this. The session is worth that from now on, and a second factor that was due is not.
pub async fn prove(world: &World, id: Uuid, by: Option<Method>) -> Result<(), StoreError> {
    world
        .database
        .orm()
        .run(sql(
            "update shared.session set proven_at = $2, method = coalesce($3, method), enrol_only = enrol_only and $3 is null where id = $1",
            [id.into(), world.now().into(), by.map(Method::as_str).into()],
        ))
        .await
        .map(drop)
}

/// By what this session was signed in.
pub async fn method(world: &World, id: Uuid) -> Result<Method, StoreError> {
    Ok(came(world, id).await?.map_or(Method::Password, |came| came.method))
}

/// How, and when, the person behind a session came in, and when they last proved who they are.
#[derive(Debug, Clone, Copy)]
pub struct Came {
    /// By what.
    pub method: Method,
    /// When.
    pub at: Timestamp,
    /// When they last proved it.
    pub proven_at: Option<Timestamp>,
}

/// How the person behind a session came in. It carries over to a session in another company, where it is no new proof.
pub async fn came(world: &World, id: Uuid) -> Result<Option<Came>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        method: String,
        proven_at: Option<Timestamp>,
        created_at: Timestamp,
    }
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql("select method, proven_at, created_at from shared.session where id = $1", [id.into()]))
        .await?;
    Ok(row.map(|row| Came { method: Method::parse(&row.method), at: row.created_at, proven_at: row.proven_at }))
}

/// Until when what only the person may do is open to this session; none when it is shut.
pub async fn proven_until(world: &World, id: Uuid) -> Result<Option<Timestamp>, StoreError> {
    let until = came(world, id).await?.and_then(|came| came.proven_at).map(|at| at + PROVEN_FOR);
    Ok(until.filter(|until| *until > world.now()))
}

/// The person is to prove again who they are.
#[derive(Debug, thiserror::Error)]
pub enum NotProven {
    /// It is too long ago.
    #[error("prove who you are again: this changes how people sign in, or what the company pays")]
    TooLongAgo,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for NotProven {
    fn kind(&self) -> Kind {
        match self {
            Self::TooLongAgo => Kind::Forbidden,
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::TooLongAgo => "reauthentication_required",
            Self::Store(error) => error.code(),
        }
    }
}

/// Refuses unless the person has proven within the last minutes who they are.
pub async fn require_recent_proof(world: &World, id: Uuid) -> Result<(), NotProven> {
    proven_until(world, id).await?.map(drop).ok_or(NotProven::TooLongAgo)
}

/// The same for what concerns the company of this session alone: there, its own provider speaks for who has just come by it, in
/// however many other companies they are.
pub async fn require_recent_proof_here(world: &World, id: Uuid) -> Result<(), NotProven> {
    let by_provider = came(world, id).await?.filter(|came| came.method == Method::Sso);
    if by_provider.is_some_and(|came| came.at + PROVEN_FOR > world.now()) {
        return Ok(());
    }
    require_recent_proof(world, id).await
}
