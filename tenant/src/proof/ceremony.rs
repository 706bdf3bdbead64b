//! What stands between two requests of one proof: kept here and named by a secret, because whoever holds the state of a challenge
//! could answer it with an old answer.

use chrono::TimeDelta;
use infra::database::{Rows as _, StoreError, sql};
use infra::{Timestamp, ids};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::hash::{same, sha256};
use crate::login::LoginId;
use crate::membership::AgentId;
use crate::proof::ProofError;
use crate::world::World;

/// How long an answer may take.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// How many wrong answers a challenge bears.
const ATTEMPTS: i32 = 5;

/// What a challenge is for. One for one thing is none for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The password was right, and something else is asked for.
    SecondFactor,
    /// A passkey is being registered.
    PasskeyNew,
    /// Somebody signs in by a passkey.
    PasskeyLogin,
    /// Somebody who is signed in proves it again by a passkey.
    PasskeyProof,
    /// Somebody was sent to their company's provider.
    Sso,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SecondFactor => "second_factor",
            Self::PasskeyNew => "passkey_new",
            Self::PasskeyLogin => "passkey_login",
            Self::PasskeyProof => "passkey_proof",
            Self::Sso => "sso",
        }
    }
}

/// A challenge that waits for its answer.
#[derive(Debug, Clone)]
pub struct Ceremony {
    pub(crate) id: Uuid,
    /// Whose, when that is known.
    pub login: Option<LoginId>,
    /// In which company, when that is known.
    pub member: Option<AgentId>,
    /// What is needed to judge the answer.
    pub state: serde_json::Value,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    secret_hash: Vec<u8>,
    login_id: Option<Uuid>,
    membership_id: Option<Uuid>,
    state: serde_json::Value,
}

/// Begins one, and gives the text it is named by.
pub async fn begin(
    world: &World,
    purpose: Purpose,
    login: Option<LoginId>,
    member: Option<AgentId>,
    state: serde_json::Value,
) -> Result<String, StoreError> {
    let now = world.now();
    let (id, secret) = (world.chance.uuid(now), world.chance.secret());
    world
        .database
        .orm()
        .run(sql(
            "insert into shared.ceremony (id, secret_hash, kind, login_id, membership_id, state, expires_at) values ($1, $2, $3, $4, $5, $6, $7)",
            [
                id.into(),
                sha256(&secret).into(),
                purpose.as_str().into(),
                login.map(infra::Id::uuid).into(),
                member.map(infra::Id::uuid).into(),
                state.into(),
                (now + LIFETIME).into(),
            ],
        ))
        .await?;
    Ok(format!("{}.{secret}", ids::encode(id)))
}

fn parts(name: &str) -> Option<(Uuid, &str)> {
    let (id, secret) = name.split_once('.')?;
    Some((ids::decode(id)?, secret))
}

fn read(row: Option<Row>, secret: &str) -> Result<Ceremony, ProofError> {
    let row = row.filter(|row| same(&row.secret_hash, &sha256(secret))).ok_or(ProofError::Over)?;
    Ok(Ceremony {
        id: row.id,
        login: row.login_id.map(LoginId::from_uuid),
        member: row.membership_id.map(AgentId::from_uuid),
        state: row.state,
    })
}

/// Takes it: whatever the answer is worth, there is no second one.
pub async fn take(world: &World, purpose: Purpose, name: &str) -> Result<Ceremony, ProofError> {
    let (id, secret) = parts(name).ok_or(ProofError::Over)?;
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            "delete from shared.ceremony where id = $1 and kind = $2 and secret_hash = $3 and expires_at > $4 \
             returning id, secret_hash, login_id, membership_id, state",
            [id.into(), purpose.as_str().into(), sha256(secret).into(), world.now().into()],
        ))
        .await?;
    read(row, secret)
}

/// Looks at it and counts an attempt; a few are borne. [`finish`] ends it.
pub async fn attempt(world: &World, purpose: Purpose, name: &str) -> Result<Ceremony, ProofError> {
    let (id, secret) = parts(name).ok_or(ProofError::Over)?;
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            "update shared.ceremony set attempts = attempts + 1 where id = $1 and kind = $2 and secret_hash = $3 and expires_at > $4 \
             and attempts < $5 returning id, secret_hash, login_id, membership_id, state",
            [id.into(), purpose.as_str().into(), sha256(secret).into(), world.now().into(), ATTEMPTS.into()],
        ))
        .await?;
    read(row, secret)
}

/// Looks at it and counts nothing: to make a challenge within it.
pub async fn peek(world: &World, purpose: Purpose, name: &str) -> Result<Ceremony, ProofError> {
    let (id, secret) = parts(name).ok_or(ProofError::Over)?;
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            "select id, secret_hash, login_id, membership_id, state from shared.ceremony \
             where id = $1 and kind = $2 and expires_at > $3 and attempts < $4",
            [id.into(), purpose.as_str().into(), world.now().into(), ATTEMPTS.into()],
        ))
        .await?;
    read(row, secret)
}

/// Ends it; false when somebody was quicker.
pub async fn finish(world: &World, ceremony: &Ceremony) -> Result<bool, StoreError> {
    let gone = world.database.orm().run(sql("delete from shared.ceremony where id = $1", [ceremony.id.into()])).await?;
    Ok(gone > 0)
}

/// Sweeps away what nobody answered.
pub async fn sweep(world: &World, before: Timestamp) -> Result<u64, StoreError> {
    world.database.orm().run(sql("delete from shared.ceremony where expires_at < $1", [before.into()])).await
}
