//! API keys: a program's way in, with scopes, never more than their maker may do.

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::{Id, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::Serialize;
use uuid::Uuid;

use crate::account::AccountId;
use crate::hash::{same, sha256};
use crate::membership::AgentId;
use crate::permission::Permissions;
use crate::world::World;

/// Marks ids of API keys.
#[derive(Debug)]
pub enum ApiKeyKind {}
impl ids::Prefixed for ApiKeyKind {
    const PREFIX: &'static str = "key";
}
/// The id of an API key.
pub type ApiKeyId = Id<ApiKeyKind>;

/// What every key begins with, so that scanners of leaked secrets can find them.
pub const MARK: &str = "fdk_";

/// A key, without its secret.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Permissions,
    /// How it begins, to recognise it by.
    pub prefix: String,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it last got a new secret.
    pub rotated_at: Option<DateTime<Utc>>,
    /// Until when the secret before still works.
    pub previous_until: Option<DateTime<Utc>>,
    #[serde(skip)]
    pub(crate) account_id: AccountId,
    /// Who made it: it sees what they see.
    #[serde(skip)]
    pub created_by: AgentId,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    account_id: Uuid,
    name: String,
    scopes: serde_json::Value,
    prefix: String,
    secret_hash: Vec<u8>,
    created_by: Uuid,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    rotated_at: Option<Timestamp>,
    previous_hash: Option<Vec<u8>>,
    previous_until: Option<Timestamp>,
}

impl Row {
    /// Whether a secret is this key's at present, or was until a while ago and is still honoured.
    fn is_opened_by(&self, secret: &str, now: Timestamp) -> bool {
        let given = sha256(secret);
        let before = self.previous_hash.as_ref().filter(|_| self.previous_until.is_some_and(|until| until > now));
        same(&self.secret_hash, &given) || before.is_some_and(|hash| same(hash, &given))
    }
}

impl TryFrom<Row> for ApiKey {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = ApiKeyId::from_uuid(row.id);
        let scopes = serde_json::from_value(row.scopes).map_err(|_| StoreError::Inconsistent {
            table: "shared.api_key",
            id: id.to_string(),
            what: "unknown scopes".into(),
        })?;
        Ok(Self {
            id,
            name: row.name,
            scopes,
            prefix: row.prefix,
            last_used_at: row.last_used_at,
            created_at: row.created_at,
            revoked_at: row.revoked_at,
            expires_at: row.expires_at,
            rotated_at: row.rotated_at,
            previous_until: row.previous_until,
            account_id: Id::from_uuid(row.account_id),
            created_by: Id::from_uuid(row.created_by),
        })
    }
}

/// Makes a key. The secret is returned once and kept only as a hash.
pub async fn create(
    world: &World,
    account: AccountId,
    by: AgentId,
    name: String,
    scopes: Permissions,
    expires_at: Option<Timestamp>,
) -> Result<(ApiKey, String), StoreError> {
    let now = world.now();
    let id: ApiKeyId = world.chance.id(now);
    let secret = format!("{MARK}{}_{}", id.suffix(), world.chance.secret());
    let prefix: String = secret.chars().take(12).collect();
    let stored = serde_json::to_value(&scopes).map_err(|error| StoreError::Refused(error.to_string()))?;
    world
        .database
        .orm()
        .run(sql(
            "insert into shared.api_key (id, account_id, name, scopes, prefix, secret_hash, created_by, created_at, expires_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                id.uuid().into(),
                account.uuid().into(),
                name.clone().into(),
                stored.into(),
                prefix.clone().into(),
                sha256(&secret).into(),
                by.uuid().into(),
                now.into(),
                expires_at.into(),
            ],
        ))
        .await?;
    let key = ApiKey {
        id,
        name,
        scopes,
        prefix,
        last_used_at: None,
        created_at: now,
        revoked_at: None,
        expires_at,
        rotated_at: None,
        previous_until: None,
        account_id: account,
        created_by: by,
    };
    Ok((key, secret))
}

/// The company's keys, newest first.
pub async fn list(world: &World, account: AccountId) -> Result<Vec<ApiKey>, StoreError> {
    let rows: Vec<Row> = world
        .database
        .orm()
        .all(sql(
            "select id, account_id, name, scopes, prefix, secret_hash, created_by, created_at, last_used_at, revoked_at, expires_at, rotated_at, \
             previous_hash, previous_until \
             from shared.api_key where account_id = $1 order by created_at desc, id desc limit 200",
            [account.uuid().into()],
        ))
        .await?;
    rows.into_iter().map(ApiKey::try_from).collect()
}

/// Revokes a key; false when the company has no such key.
pub async fn revoke(world: &World, account: AccountId, id: ApiKeyId) -> Result<bool, StoreError> {
    let now = world.now();
    let touched = world
        .database
        .orm()
        .run(sql(
            "update shared.api_key set revoked_at = coalesce(revoked_at, $3) where id = $1 and account_id = $2",
            [id.uuid().into(), account.uuid().into(), now.into()],
        ))
        .await?;
    Ok(touched > 0)
}

/// Gives a live key a new secret. The one before is honoured until then; `None` when the company has no such live key.
pub async fn rotate(
    world: &World,
    account: AccountId,
    id: ApiKeyId,
    previous_until: Timestamp,
) -> Result<Option<(ApiKey, String)>, StoreError> {
    let now = world.now();
    let secret = format!("{MARK}{}_{}", id.suffix(), world.chance.secret());
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            "update shared.api_key set previous_hash = secret_hash, previous_until = $4, secret_hash = $3, rotated_at = $5 \
             where id = $1 and account_id = $2 and revoked_at is null and (expires_at is null or expires_at > $5) \
             returning id, account_id, name, scopes, prefix, secret_hash, created_by, created_at, last_used_at, revoked_at, expires_at, rotated_at, \
             previous_hash, previous_until",
            [id.uuid().into(), account.uuid().into(), sha256(&secret).into(), previous_until.into(), now.into()],
        ))
        .await?;
    Ok(row.map(ApiKey::try_from).transpose()?.map(|key| (key, secret)))
}

/// The live key with this secret. Notes its use, at most once a minute.
pub(crate) async fn find_by_secret(world: &World, secret: &str) -> Result<Option<ApiKey>, StoreError> {
    let Some(id) = secret.strip_prefix(MARK).and_then(|rest| rest.get(..26)).and_then(ids::decode) else {
        return Ok(None);
    };
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            "select id, account_id, name, scopes, prefix, secret_hash, created_by, created_at, last_used_at, revoked_at, expires_at, rotated_at, \
             previous_hash, previous_until \
             from shared.api_key where id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)",
            [id.into(), world.now().into()],
        ))
        .await?;
    let now = world.now();
    let Some(row) = row.filter(|row| row.is_opened_by(secret, now)) else { return Ok(None) };
    if row.last_used_at.is_none_or(|used| now - used > chrono::TimeDelta::minutes(1)) {
        world
            .database
            .orm()
            .run(sql("update shared.api_key set last_used_at = $2 where id = $1", [id.into(), now.into()]))
            .await?;
    }
    ApiKey::try_from(row).map(Some)
}

pub(crate) async fn is_live(world: &World, id: ApiKeyId) -> Result<bool, StoreError> {
    #[derive(FromQueryResult)]
    struct Live {
        live: bool,
    }
    let row: Option<Live> = world
        .database
        .orm()
        .one(sql("select revoked_at is null and (expires_at is null or expires_at > $2) as live from shared.api_key where id = $1",
            [id.uuid().into(), world.now().into()],
        ))
        .await?;
    Ok(row.is_some_and(|row| row.live))
}
