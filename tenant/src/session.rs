//! Signed-in browsers: a refresh secret that changes at each use, kept as a hash, in one row a browser.

use chrono::TimeDelta;
use infra::database::{Rows as _, StoreError, sql};
use infra::{Fault, Kind, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::hash::{same, sha256};
use crate::login::LoginId;
use crate::membership::AgentId;
use crate::world::World;

pub mod own;

/// How long a browser stays signed in without being used.
pub const LIFETIME: TimeDelta = TimeDelta::days(30);
/// How long the previous secret is still honoured: two tabs may refresh at once.
const GRACE: TimeDelta = TimeDelta::seconds(30);

/// A live session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id, in the access tokens made from it.
    pub id: Uuid,
    /// The person.
    pub login_id: LoginId,
    /// The company they act in.
    pub membership_id: AgentId,
    /// Whether a second factor is to be set up before anything else.
    pub enrol_only: bool,
    /// What the browser keeps in its cookie: the id and the present secret.
    pub cookie: String,
}

/// The session is over, or never was.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Sign in again.
    #[error("the session is over")]
    Over,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for SessionError {
    fn kind(&self) -> Kind {
        match self {
            Self::Over => Kind::Unauthenticated,
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Over => "session_expired",
            Self::Store(error) => error.code(),
        }
    }
}

/// By what somebody came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SignInMethod)]
pub enum Method {
    /// A password alone.
    Password,
    /// A password and a code of an authenticator app.
    Totp,
    /// A password and a recovery code.
    RecoveryCode,
    /// A passkey.
    Passkey,
    /// The company's own provider.
    Sso,
}

impl Method {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::Passkey => "passkey",
            Self::Sso => "sso",
        }
    }

    fn parse(text: &str) -> Self {
        [Self::Totp, Self::RecoveryCode, Self::Passkey, Self::Sso]
            .into_iter()
            .find(|method| method.as_str() == text)
            .unwrap_or(Self::Password)
    }

    /// Whether it is worth two factors. What a company's own provider asked for is the company's business.
    pub const fn is_strong(self) -> bool {
        !matches!(self, Self::Password)
    }
}

/// A session about to begin.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The person.
    pub login: LoginId,
    /// The person in the company they act in.
    pub member: AgentId,
    /// By what they came in.
    pub method: Method,
    /// When they came in by it.
    pub came_at: Timestamp,
    /// When they last proved who they are, for what only the person may do; absent when that is somebody else's to say.
    pub proven_at: Option<Timestamp>,
    /// Good for setting up a second factor, and for nothing else.
    pub enrol_only: bool,
    /// What the browser says of itself.
    pub user_agent: &'a str,
    /// Where the browser's clock is, like `Europe/Berlin`.
    pub time_zone: Option<&'a str>,
}

/// Begins a session.
pub async fn begin(world: &World, start: Start<'_>) -> Result<Session, StoreError> {
    let now = world.now();
    let (id, secret) = (world.chance.uuid(now), world.chance.secret());
    let user_agent: String = start.user_agent.chars().take(300).collect();
    let named = |zone: &&str| {
        zone.len() <= 64 && zone.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'+'))
    };
    let time_zone = start.time_zone.filter(named).map(ToOwned::to_owned);
    world
        .database
        .orm()
        .run(sql(
            "insert into shared.session (id, login_id, membership_id, secret_hash, rotated_at, expires_at, user_agent, created_at, \
             method, proven_at, enrol_only, time_zone) values ($1, $2, $3, $4, $5, $6, $7, $12, $8, $9, $10, $11)",
            [
                id.into(),
                start.login.uuid().into(),
                start.member.uuid().into(),
                sha256(&secret).into(),
                now.into(),
                (now + LIFETIME).into(),
                user_agent.into(),
                start.method.as_str().into(),
                start.proven_at.into(),
                start.enrol_only.into(),
                time_zone.into(),
                start.came_at.into(),
            ],
        ))
        .await?;
    Ok(Session {
        id,
        login_id: start.login,
        membership_id: start.member,
        enrol_only: start.enrol_only,
        cookie: cookie(id, &secret),
    })
}

fn cookie(id: Uuid, secret: &str) -> String {
    format!("{}.{secret}", ids::encode(id))
}

/// The reverse of [`cookie`]; `None` for what we did not write.
fn parts(cookie_text: &str) -> Option<(Uuid, &str)> {
    let (id, secret) = cookie_text.split_once('.')?;
    Some((ids::decode(id)?, secret))
}

#[derive(FromQueryResult)]
struct Row {
    login_id: Uuid,
    membership_id: Uuid,
    secret_hash: Vec<u8>,
    previous_hash: Option<Vec<u8>>,
    rotated_at: Timestamp,
    enrol_only: bool,
}

/// Continues the session of a cookie and gives it a new secret. A secret that was already replaced ends the session:
/// somebody has a copy.
pub async fn rotate(world: &World, cookie_text: &str) -> Result<Session, SessionError> {
    let now = world.now();
    let (id, secret) = parts(cookie_text).ok_or(SessionError::Over)?;
    let tx = world.database.begin("".into()).await?;
    let row: Option<Row> = tx
        .one(sql(
            "select login_id, membership_id, secret_hash, previous_hash, rotated_at, enrol_only from shared.session \
             where id = $1 and revoked_at is null and expires_at > $2 for update",
            [id.into(), now.into()],
        ))
        .await?;
    let row = row.ok_or(SessionError::Over)?;
    let given = sha256(secret);
    let mut fresh = world.keys.successor(id, secret);
    if same(&given, &row.secret_hash) {
        tx.run(sql(
            "update shared.session set previous_hash = secret_hash, secret_hash = $2, rotated_at = $3, expires_at = $4 where id = $1",
            [id.into(), sha256(&fresh).into(), now.into(), (now + LIFETIME).into()],
        ))
        .await?;
    } else if row.previous_hash.is_some_and(|previous| same(&given, &previous)) && now - row.rotated_at < GRACE {
        // The other tab's answer carries the same cookie, or that answer was lost. While the installation's secret is replaced, it
        // may have been a server with the other one that gave it.
        let given = world.keys.successors_beside(id, secret).find(|other| same(&sha256(other), &row.secret_hash));
        fresh = given.unwrap_or(fresh);
    } else {
        tx.run(sql("update shared.session set revoked_at = $2 where id = $1", [id.into(), now.into()])).await?;
        tx.commit().await?;
        return Err(SessionError::Over);
    }
    tx.commit().await?;
    Ok(Session {
        id,
        login_id: LoginId::from_uuid(row.login_id),
        membership_id: AgentId::from_uuid(row.membership_id),
        enrol_only: row.enrol_only,
        cookie: cookie(id, &fresh),
    })
}

/// Ends the session of a cookie, and says whose it was; an unknown cookie is already ended.
pub async fn end(world: &World, cookie_text: &str) -> Result<Option<AgentId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Ended {
        membership_id: Uuid,
    }
    let Some((id, secret)) = parts(cookie_text) else {
        return Ok(None);
    };
    let ended: Option<Ended> = world
        .database
        .orm()
        .one(sql(
            "update shared.session set revoked_at = $3 \
             where id = $1 and (secret_hash = $2 or previous_hash = $2) and revoked_at is null returning membership_id",
            [id.into(), sha256(secret).into(), world.now().into()],
        ))
        .await?;
    Ok(ended.map(|row| AgentId::from_uuid(row.membership_id)))
}

/// Ends every session of a person in one company.
pub(crate) async fn revoke_of_member(world: &World, member: AgentId) -> Result<(), StoreError> {
    let now = world.now();
    world
        .database
        .orm()
        .run(sql(
            "update shared.session set revoked_at = $2 where membership_id = $1 and revoked_at is null",
            [member.uuid().into(), now.into()],
        ))
        .await
        .map(drop)
}

/// What a session is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Worth {
    /// Whether its access tokens still count.
    pub(crate) live: bool,
    /// Whether they count for setting up a second factor only.
    pub(crate) enrol_only: bool,
}

/// What the session is good for, as of a few seconds ago.
pub(crate) async fn worth_recently(world: &World, id: Uuid) -> Result<Worth, StoreError> {
    let now = world.now();
    if let Some(worth) = world.directory.recent_session(id, now) {
        return Ok(worth);
    }
    let worth = worth(world, id).await?;
    world.directory.remember_session(id, worth, now);
    Ok(worth)
}

async fn worth(world: &World, id: Uuid) -> Result<Worth, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        live: bool,
        enrol_only: bool,
    }
    let row: Option<Found> = world
        .database
        .orm()
        .one(sql(
            "select revoked_at is null and expires_at > $2 as live, enrol_only from shared.session where id = $1",
            [id.into(), world.now().into()],
        ))
        .await?;
    Ok(row.map_or(Worth { live: false, enrol_only: false }, |row| Worth { live: row.live, enrol_only: row.enrol_only }))
}

/// Whether access tokens of this session still count.
pub async fn is_live(world: &World, id: Uuid) -> Result<bool, StoreError> {
    Ok(worth(world, id).await?.live)
}
