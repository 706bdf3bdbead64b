//! Keys that visitors' tokens are signed with: several at a time for each inbox, so that one can take over from another.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use infra::{Fault, FieldFault, Id, Kind, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::data_key::{self, Ring};
use crate::scope::InboxKind;
use crate::seal::{Place, Unsealable};
use crate::tx::TenantTx;

/// Marks ids of identity keys.
#[derive(Debug)]
pub enum IdentityKeyKind {}
impl ids::Prefixed for IdentityKeyKind {
    const PREFIX: &'static str = "ikey";
}

/// The id of an identity key: the `kid` of a token's header.
pub type IdentityKeyId = Id<IdentityKeyKind>;

/// How many keys an inbox may have that still count.
const MOST: usize = 10;
/// What the secrets begin with, so that one found in a public place is recognised.
const MARK: &str = "fdi_";
/// How long before a use is noted again.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = IdentityAlgorithm)]
pub enum Algorithm {
    /// A secret that both sides have.
    #[serde(rename = "HS256")]
    Hs256,
    /// Ed25519: we have the public key alone.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Algorithm {
    /// As in a token's header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::EdDsa => "EdDSA",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Hs256, Self::EdDsa].into_iter().find(|algorithm| algorithm.as_str() == text)
    }
}

/// A key, without what it is made of.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct IdentityKey {
    /// Its id: the `kid` of a token's header.
    pub id: IdentityKeyId,
    /// What it is for.
    #[schema(example = "Our server")]
    pub name: String,
    /// How tokens are signed.
    pub algorithm: Algorithm,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When a token of it was last taken, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Its tokens are refused from then on.
    pub ends_at: Option<DateTime<Utc>>,
}

impl IdentityKey {
    /// Whether its tokens count.
    pub fn counts(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|ends| ends > now)
    }
}

/// What signatures are checked with.
pub enum Material {
    /// HS256.
    Secret(Vec<u8>),
    /// `EdDSA`.
    Public(Vec<u8>),
}

/// What can go wrong with a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No such key here.
    #[error("no such key")]
    Unknown,
    /// It has ended already.
    #[error("this key has ended")]
    Ended,
    /// Enough is enough.
    #[error("an inbox has at most {MOST} keys that count")]
    TooMany,
    /// Fields were refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// It cannot be opened.
    #[error(transparent)]
    Sealed(#[from] Unsealable),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<data_key::KeyError> for KeyError {
    fn from(error: data_key::KeyError) -> Self {
        match error {
            data_key::KeyError::Sealed(error) => error.into(),
            data_key::KeyError::Store(error) => error.into(),
        }
    }
}

impl Fault for KeyError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown => Kind::NotFound,
            Self::Ended | Self::TooMany => Kind::Conflict,
            Self::Invalid(error) => error.kind(),
            Self::Sealed(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "identity_key_unknown",
            Self::Ended => "identity_key_ended",
            Self::TooMany => "identity_keys_too_many",
            Self::Invalid(error) => error.code(),
            Self::Sealed(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::Unknown | Self::Ended | Self::TooMany | Self::Sealed(_) | Self::Store(_) => Vec::new(),
        }
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    algorithm: String,
    material: Vec<u8>,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
}

impl Row {
    fn read(self) -> Result<(IdentityKey, Vec<u8>), StoreError> {
        let id = IdentityKeyId::from_uuid(self.id);
        let algorithm = Algorithm::parse(&self.algorithm).ok_or_else(|| StoreError::Inconsistent {
            table: "identity_key",
            id: id.to_string(),
            what: "an unknown algorithm".into(),
        })?;
        let key = IdentityKey {
            id,
            name: self.name,
            algorithm,
            created_at: self.created_at,
            last_used_at: self.last_used_at,
            ends_at: self.ends_at,
        };
        Ok((key, self.material))
    }
}

/// The keys of an inbox, newest first.
pub async fn list(tx: &TenantTx, inbox: Id<InboxKind>) -> Result<Vec<IdentityKey>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            "select id, name, algorithm, material, created_at, last_used_at, ends_at from identity_key where inbox_id = $1 \
             order by created_at desc, id desc limit 200",
            [inbox.uuid().into()],
        ))
        .await?;
    rows.into_iter().map(|row| row.read().map(|(key, _)| key)).collect()
}

/// One key of an inbox, with what its signatures are checked with.
pub async fn find(
    tx: &TenantTx,
    keys: &Ring,
    inbox: Id<InboxKind>,
    id: IdentityKeyId,
) -> Result<Option<(IdentityKey, Material)>, KeyError> {
    let row: Option<Row> = tx
        .one(sql(
            "select id, name, algorithm, material, created_at, last_used_at, ends_at from identity_key where inbox_id = $1 and id = $2",
            [inbox.uuid().into(), id.uuid().into()],
        ))
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (key, material) = row.read()?;
    let material = match key.algorithm {
        Algorithm::Hs256 => Material::Secret(keys.open(place(id), &material)?),
        Algorithm::EdDsa => Material::Public(material),
    };
    Ok(Some((key, material)))
}

/// Whether this key of an inbox still counts.
pub async fn counts(tx: &TenantTx, inbox: Id<InboxKind>, id: Uuid) -> Result<bool, StoreError> {
    #[derive(FromQueryResult)]
    struct Counts {
        counts: bool,
    }
    let row: Option<Counts> = tx
        .one(sql(
            "select ends_at is null or ends_at > $3 as counts from identity_key where inbox_id = $1 and id = $2",
            [inbox.uuid().into(), id.into(), tx.now().into()],
        ))
        .await?;
    Ok(row.is_some_and(|row| row.counts))
}

pub(super) fn place(id: IdentityKeyId) -> Place {
    Place::new("identity_key", id.uuid())
}

/// A key to make.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// What it is for, 1 to 80 characters.
    pub name: String,
    /// How tokens are signed.
    pub algorithm: Algorithm,
    /// For `EdDSA`: the public key, as PEM (`-----BEGIN PUBLIC KEY-----`) or as the 32 bytes in base64url (the `x` of a JWK).
    #[serde(default)]
    pub public_key: Option<String>,
}

/// Makes a key. The secret of HS256 is made here, returned once, and kept sealed with the company's own key.
pub async fn create(
    tx: &TenantTx,
    keys: &Ring,
    inbox: Id<InboxKind>,
    ask: NewKey,
) -> Result<(IdentityKey, Option<String>), KeyError> {
    let mut check = Check::new();
    let name = check.line("name", &ask.name, 1, 80);
    let public = match (ask.algorithm, ask.public_key) {
        (Algorithm::Hs256, None) => None,
        (Algorithm::Hs256, Some(_)) => {
            check.refuse("public_key", "public_key_unwanted", "A shared secret is made here.");
            None
        }
        (Algorithm::EdDsa, given) => {
            let public = given.as_deref().and_then(public_key);
            if public.is_none() {
                let how = "An Ed25519 public key: PEM, or its 32 bytes in base64url.";
                check.refuse("public_key", "public_key_invalid", how);
            }
            public
        }
    };
    check.finish()?;
    let now = tx.now();
    // Two at once must not both take the last place.
    tx.run(sql("lock table identity_key in share row exclusive mode", [])).await?;
    if list(tx, inbox).await?.iter().filter(|key| key.counts(now)).count() >= MOST {
        return Err(KeyError::TooMany);
    }
    let id: IdentityKeyId = tx.id();
    let (material, secret) = match public {
        Some(public) => (public, None),
        None => {
            let secret = format!("{MARK}{}", tx.secret());
            (keys.seal(tx.chance(), place(id), secret.as_bytes())?, Some(secret))
        }
    };
    tx.run(sql(
        "insert into identity_key (id, inbox_id, name, algorithm, material, created_at) values ($1, $2, $3, $4, $5, $6)",
        [
            id.uuid().into(),
            inbox.uuid().into(),
            name.clone().into(),
            ask.algorithm.as_str().into(),
            material.into(),
            now.into(),
        ],
    ))
    .await?;
    let key = IdentityKey { id, name, algorithm: ask.algorithm, created_at: now, last_used_at: None, ends_at: None };
    Ok((key, secret))
}

/// Makes a successor of the same kind; the key itself ends after `overlap`.
pub async fn rotate(
    tx: &TenantTx,
    keys: &Ring,
    inbox: Id<InboxKind>,
    id: IdentityKeyId,
    public_key: Option<String>,
    overlap: TimeDelta,
) -> Result<(IdentityKey, Option<String>), KeyError> {
    let old = list(tx, inbox).await?.into_iter().find(|key| key.id == id).ok_or(KeyError::Unknown)?;
    if !old.counts(tx.now()) {
        return Err(KeyError::Ended);
    }
    let made = create(tx, keys, inbox, NewKey { name: old.name, algorithm: old.algorithm, public_key }).await?;
    end(tx, id, tx.now() + overlap).await?;
    Ok(made)
}

/// Ends a key at once. Whoever came in by it has to come in anew.
pub async fn revoke(tx: &TenantTx, inbox: Id<InboxKind>, id: IdentityKeyId) -> Result<(), KeyError> {
    if !list(tx, inbox).await?.iter().any(|key| key.id == id) {
        return Err(KeyError::Unknown);
    }
    Ok(end(tx, id, tx.now()).await?)
}

async fn end(tx: &TenantTx, id: IdentityKeyId, at: Timestamp) -> Result<(), StoreError> {
    tx.run(sql(
        "update identity_key set ends_at = least(coalesce(ends_at, $2), $2) where id = $1",
        [id.uuid().into(), at.into()],
    ))
    .await
    .map(drop)
}

/// Notes that a token of this key was taken, at most once a minute.
pub async fn note_use(tx: &TenantTx, key: &IdentityKey) -> Result<(), StoreError> {
    if key.last_used_at.is_some_and(|used| tx.now() - used < NOTED_EVERY) {
        return Ok(());
    }
    tx.run(sql("update identity_key set last_used_at = $2 where id = $1", [key.id.uuid().into(), tx.now().into()]))
        .await
        .map(drop)
}

/// What every Ed25519 public key begins with in DER (RFC 8410).
const DER: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The 32 bytes of an Ed25519 public key, from PEM or base64url.
fn public_key(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let bytes = match text.strip_prefix("-----BEGIN PUBLIC KEY-----") {
        Some(rest) => {
            let body: String =
                rest.strip_suffix("-----END PUBLIC KEY-----")?.chars().filter(|c| !c.is_whitespace()).collect();
            STANDARD.decode(body).ok()?.strip_prefix(&DER)?.to_vec()
        }
        None => URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?,
    };
    // Of all zeros anybody could sign anything.
    (bytes.len() == 32 && bytes.iter().any(|byte| *byte != 0)).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_is_read_as_pem_and_as_a_jwk_has_it_and_nothing_else_is() {
        let raw = [7_u8; 32];
        let der = [DER.as_slice(), &raw].concat();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&der));
        assert_eq!(public_key(&pem).unwrap(), raw);
        assert_eq!(public_key(&URL_SAFE_NO_PAD.encode(raw)).unwrap(), raw);
        let rsa = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", STANDARD.encode([1; 60]));
        let private = pem.replace("PUBLIC", "PRIVATE");
        let zeros = URL_SAFE_NO_PAD.encode([0_u8; 32]);
        let long = URL_SAFE_NO_PAD.encode([7_u8; 33]);
        for bad in ["", "x", rsa.as_str(), &private, &zeros, &long] {
            assert_eq!(public_key(bad), None, "{bad}");
        }
    }
}
