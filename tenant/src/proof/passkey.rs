//! Passkeys (`WebAuthn`): a device, or a keychain, that has verified the person itself. One is two factors in one, so it lets in alone.

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::{Id, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, Passkey as Credential, PasskeyAuthentication,
    PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Url,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::login::{LoginId, User};
use crate::proof::ProofError;
use crate::proof::ceremony::{self, Purpose};
use crate::world::World;

/// Marks ids of passkeys.
#[derive(Debug)]
pub enum PasskeyKind {}
impl ids::Prefixed for PasskeyKind {
    const PREFIX: &'static str = "pkey";
}
/// The id of a passkey.
pub type PasskeyId = Id<PasskeyKind>;

/// How many one person may have.
const MOST: i64 = 20;

/// A passkey, as its owner sees it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// What its owner calls it.
    #[schema(example = "My phone")]
    pub name: String,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it last let its owner in.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A challenge for a browser's `navigator.credentials`.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PasskeyChallenge {
    /// Comes back with the answer.
    pub challenge: String,
    /// What `navigator.credentials.create` or `.get` takes; its binary members are base64url.
    #[schema(value_type = Object)]
    pub options: Value,
}

/// The judge of passkeys for the address that browsers reach us by. None where that is no domain name.
pub fn judge(public_url: &str) -> Option<Webauthn> {
    let origin = Url::parse(public_url).ok()?;
    let domain = origin.domain()?;
    let builder = WebauthnBuilder::new(domain, &origin).ok()?.rp_name("Frontdesk");
    builder.build().ok()
}

fn judge_of(world: &World) -> Result<&Webauthn, ProofError> {
    world.passkeys.as_ref().ok_or(ProofError::PasskeysUnavailable)
}

fn kept<T: Serialize>(state: &T) -> Result<Value, StoreError> {
    serde_json::to_value(state).map_err(|error| StoreError::Refused(error.to_string()))
}

fn wrong(error: impl std::fmt::Display) -> ProofError {
    tracing::debug!(%error, "a passkey was not accepted");
    ProofError::Passkey
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    login_id: Uuid,
    credential: Value,
    name: String,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
}

impl Row {
    fn credential(&self) -> Result<Credential, StoreError> {
        serde_json::from_value(self.credential.clone()).map_err(|_| StoreError::Inconsistent {
            table: "shared.passkey",
            id: self.id.to_string(),
            what: "an unreadable credential".into(),
        })
    }

    fn view(self) -> Passkey {
        Passkey {
            id: Id::from_uuid(self.id),
            name: self.name,
            created_at: self.created_at,
            last_used_at: self.last_used_at,
        }
    }
}

async fn rows(world: &World, login: LoginId) -> Result<Vec<Row>, StoreError> {
    world
        .database
        .orm()
        .all(sql(
            "select id, login_id, credential, name, created_at, last_used_at from shared.passkey where login_id = $1 order by created_at, id",
            [login.uuid().into()],
        ))
        .await
}

/// Somebody's passkeys, oldest first.
pub async fn list(world: &World, login: LoginId) -> Result<Vec<Passkey>, StoreError> {
    Ok(rows(world, login).await?.into_iter().map(Row::view).collect())
}

/// Begins to register one.
pub async fn begin(world: &World, user: &User) -> Result<PasskeyChallenge, ProofError> {
    let judge = judge_of(world)?;
    let known = rows(world, user.id).await?;
    if i64::try_from(known.len()).is_ok_and(|count| count >= MOST) {
        return Err(ProofError::TooManyPasskeys);
    }
    let known = known.iter().map(|row| row.credential().map(|key| key.cred_id().clone())).collect::<Result<_, _>>()?;
    let (asked, state) = judge
        .start_passkey_registration(user.id.uuid(), &user.email, &user.name, Some(known))
        .map_err(|error| StoreError::Refused(error.to_string()))?;
    let challenge = ceremony::begin(world, Purpose::PasskeyNew, Some(user.id), None, kept(&state)?).await?;
    let mut options = kept(&asked)?;
    // To sign in without an address, the device must know by itself whose key it is.
    if let Some(selection) = options.pointer_mut("/publicKey/authenticatorSelection") {
        selection["residentKey"] = json!("required");
        selection["requireResidentKey"] = json!(true);
    }
    Ok(PasskeyChallenge { challenge, options: options.get("publicKey").cloned().unwrap_or(options) })
}

/// Registers it.
pub async fn register(
    world: &World,
    login: LoginId,
    challenge: &str,
    answer: &RegisterPublicKeyCredential,
    name: String,
) -> Result<Passkey, ProofError> {
    let judge = judge_of(world)?;
    let begun = ceremony::take(world, Purpose::PasskeyNew, challenge).await?;
    if begun.login != Some(login) {
        return Err(ProofError::Over);
    }
    let state: PasskeyRegistration = serde_json::from_value(begun.state).map_err(wrong)?;
    let key = judge.finish_passkey_registration(answer, &state).map_err(wrong)?;
    let now = world.now();
    let id: PasskeyId = world.chance.id(now);
    let written = world
        .database
        .orm()
        .run(sql(
            "insert into shared.passkey (id, login_id, credential_id, credential, name, created_at) values ($1, $2, $3, $4, $5, $6)",
            [
                id.uuid().into(),
                login.uuid().into(),
                key.cred_id().clone().into(),
                kept(&key)?.into(),
                name.clone().into(),
                now.into(),
            ],
        ))
        .await;
    match written {
        Err(error) if error.broke("passkey_credential_key") => return Err(ProofError::PasskeyTaken),
        other => other?,
    };
    Ok(Passkey { id, name, created_at: now, last_used_at: None })
}

/// Asks whoever comes for a passkey: they need not say who they are.
pub async fn ask_anybody(world: &World) -> Result<PasskeyChallenge, ProofError> {
    let (asked, state) =
        judge_of(world)?.start_discoverable_authentication().map_err(|error| StoreError::Refused(error.to_string()))?;
    let challenge = ceremony::begin(world, Purpose::PasskeyLogin, None, None, kept(&state)?).await?;
    Ok(PasskeyChallenge { challenge, options: public_key(&asked)? })
}

/// Asks one person for one of their passkeys.
pub async fn ask(world: &World, login: LoginId) -> Result<PasskeyChallenge, ProofError> {
    let keys = rows(world, login).await?.iter().map(Row::credential).collect::<Result<Vec<_>, _>>()?;
    let (asked, state) = judge_of(world)?.start_passkey_authentication(&keys).map_err(wrong)?;
    let challenge = ceremony::begin(world, Purpose::PasskeyProof, Some(login), None, kept(&state)?).await?;
    Ok(PasskeyChallenge { challenge, options: public_key(&asked)? })
}

fn public_key<T: Serialize>(asked: &T) -> Result<Value, StoreError> {
    let options = kept(asked)?;
    Ok(options.get("publicKey").cloned().unwrap_or(options))
}

/// Whoever answers a challenge to anybody.
pub async fn recognise(world: &World, challenge: &str, answer: &PublicKeyCredential) -> Result<LoginId, ProofError> {
    let judge = judge_of(world)?;
    let begun = ceremony::take(world, Purpose::PasskeyLogin, challenge).await?;
    let state: DiscoverableAuthentication = serde_json::from_value(begun.state).map_err(wrong)?;
    let (whose, which) = judge.identify_discoverable_authentication(answer).map_err(wrong)?;
    let login = LoginId::from_uuid(whose);
    let row = find(world, login, which).await?.ok_or(ProofError::Passkey)?;
    let key = row.credential()?;
    let result = judge.finish_discoverable_authentication_v2(answer, state, &key).map_err(wrong)?;
    used(world, &row, key, &result).await?;
    Ok(login)
}

/// Whether the answer to a challenge to this person is good.
pub async fn prove(
    world: &World,
    login: LoginId,
    challenge: &str,
    answer: &PublicKeyCredential,
) -> Result<(), ProofError> {
    let judge = judge_of(world)?;
    let begun = ceremony::take(world, Purpose::PasskeyProof, challenge).await?;
    if begun.login != Some(login) {
        return Err(ProofError::Over);
    }
    let state: PasskeyAuthentication = serde_json::from_value(begun.state).map_err(wrong)?;
    let result = judge.finish_passkey_authentication(answer, &state).map_err(wrong)?;
    let row = find(world, login, result.cred_id()).await?.ok_or(ProofError::Passkey)?;
    let key = row.credential()?;
    used(world, &row, key, &result).await
}

async fn find(world: &World, login: LoginId, credential: &[u8]) -> Result<Option<Row>, StoreError> {
    world
        .database
        .orm()
        .one(sql(
            "select id, login_id, credential, name, created_at, last_used_at from shared.passkey where login_id = $1 and credential_id = $2",
            [login.uuid().into(), credential.to_vec().into()],
        ))
        .await
}

/// Notes the use, and refuses a key whose counter stands still: somebody has a copy of it.
async fn used(world: &World, row: &Row, mut key: Credential, result: &AuthenticationResult) -> Result<(), ProofError> {
    let counted_before = row.credential.pointer("/cred/counter").and_then(Value::as_u64).unwrap_or(0);
    if counted_before > 0 && u64::from(result.counter()) <= counted_before {
        tracing::warn!(login.id = %LoginId::from_uuid(row.login_id), "a passkey's counter stands still: it may have been copied");
        return Err(ProofError::Passkey);
    }
    key.update_credential(result);
    world
        .database
        .orm()
        .run(sql(
            "update shared.passkey set credential = $2, last_used_at = $3 where id = $1",
            [row.id.into(), kept(&key)?.into(), world.now().into()],
        ))
        .await?;
    Ok(())
}

/// Gives it another name; false when they have no such key.
pub async fn rename(world: &World, login: LoginId, id: PasskeyId, name: &str) -> Result<bool, StoreError> {
    let changed = world
        .database
        .orm()
        .run(sql(
            "update shared.passkey set name = $3 where id = $1 and login_id = $2",
            [id.uuid().into(), login.uuid().into(), name.into()],
        ))
        .await?;
    Ok(changed > 0)
}

/// Takes it away; false when they have no such key.
pub async fn remove(world: &World, login: LoginId, id: PasskeyId) -> Result<bool, StoreError> {
    let gone = world
        .database
        .orm()
        .run(sql("delete from shared.passkey where id = $1 and login_id = $2", [id.uuid().into(), login.uuid().into()]))
        .await?;
    Ok(gone > 0)
}

pub use webauthn_rs::prelude::{PublicKeyCredential as Answer, RegisterPublicKeyCredential as NewAnswer};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_bound_to_a_name_and_a_number_is_none() {
        assert!(judge("https://desk.example").is_some());
        assert!(judge("http://localhost:7400").is_some());
        assert!(judge("http://127.0.0.1:7400").is_none());
        assert!(judge("no address").is_none());
    }
}
