//! A company's own provider (`OpenID` Connect): authorization code with PKCE, state and nonce, and a browser that is the same at
//! both ends.
//!
//! The provider speaks for addresses of domains that the company has proven to be its own, and for nobody else.
//!
//! Must be absent: HTTP, cookies, and what a member may do once they are in.

pub mod domain;
pub mod flow;
mod join;
mod provider;

pub use provider::Providers;

use infra::database::{Rows as _, StoreError, sql};
use infra::{Fault, Kind};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::account::AccountId;
use crate::data_key::{KeyError, Resealed, Ring, Unopened};
use crate::limits::{LimitReached, Restricted};
use crate::membership::Role;
use crate::proof::ProofError;
use crate::seal::{Place, Unsealable};
use crate::world::World;

/// A company's provider.
#[derive(Clone)]
pub struct Config {
    /// The company.
    pub account_id: AccountId,
    /// The provider's issuer.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there, sealed.
    pub sealed_secret: Option<Vec<u8>>,
    /// What somebody is who comes for the first time.
    pub default_role: Role,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Config of {} at {}", self.account_id, self.issuer)
    }
}

fn place(account: AccountId) -> Place {
    Place::new("sso-client-secret", account.uuid())
}

/// Seals the secret that the company has at its provider, with the company's own key.
pub async fn seal_secret(world: &World, account: AccountId, secret: &str) -> Result<Vec<u8>, KeyError> {
    Ok(Ring::to_seal(world, account).await?.seal(&world.chance, place(account), secret.as_bytes())?)
}

#[derive(FromQueryResult)]
struct Kept {
    account_id: Uuid,
    sso_client_secret: Vec<u8>,
}

/// Seals every client secret anew that anything but its company's newest key had sealed; says how many needed it. What nobody can open
/// is left as it is, and does not hold up the next company.
pub async fn reseal_all(world: &World) -> Result<Resealed, SsoError> {
    let all: Vec<Kept> = world
        .database
        .orm()
        .all(sql("select account_id, sso_client_secret from shared.sign_in where sso_client_secret is not null", []))
        .await?;
    let mut done = Resealed::default();
    for row in all {
        let account = AccountId::from_uuid(row.account_id);
        match reseal(world, account, row.sso_client_secret).await {
            Ok(touched) => done.anew += usize::from(touched),
            Err(KeyError::Sealed(_)) => {
                tracing::warn!(%account, "a secret at a sign-in provider cannot be opened and stays as it is");
                done.unopened.push(Unopened { what: "sign_in_service", of: account.to_string(), which: None });
            }
            Err(KeyError::Store(error)) => return Err(error.into()),
        }
    }
    Ok(done)
}

async fn reseal(world: &World, account: AccountId, before: Vec<u8>) -> Result<bool, KeyError> {
    let keys = Ring::to_seal(world, account).await?;
    if !keys.is_stale(&before) {
        return Ok(false);
    }
    let secret = keys.open(place(account), &before)?;
    let sealed = keys.seal(&world.chance, place(account), &secret)?;
    let touched = world
        .database
        .orm()
        .run(sql(
            "update shared.sign_in set sso_client_secret = $2 where account_id = $1 and sso_client_secret = $3",
            [account.uuid().into(), sealed.into(), before.into()],
        ))
        .await?;
    Ok(touched > 0)
}

impl Config {
    async fn secret(&self, world: &World) -> Result<Option<String>, KeyError> {
        let Some(sealed) = &self.sealed_secret else { return Ok(None) };
        let plain = Ring::of(world, self.account_id).await?.open(place(self.account_id), sealed)?;
        Ok(Some(String::from_utf8(plain).map_err(|_| Unsealable)?))
    }
}

/// Where a provider sends people back to.
pub fn redirect_uri(world: &World) -> String {
    format!("{}/login/sso", world.public_url)
}

/// Whether the provider can be asked, and says of itself what it should.
pub async fn try_provider(world: &World, issuer: &str) -> Result<(), SsoError> {
    provider::fresh(world, issuer).await.map(drop)
}

/// Why somebody did not come in by their company's provider.
#[derive(Debug, thiserror::Error)]
pub enum SsoError {
    /// No company has proven the address's domain and has a provider.
    #[error("no company signs in with addresses of this domain")]
    Unknown,
    /// The provider does not answer, or not as it should.
    #[error("the company's sign-in service cannot be used: {0}")]
    Provider(String),
    /// The provider sent them back without proof, or with a proof that is not good.
    #[error("the company's sign-in service has not confirmed who this is")]
    Refused,
    /// The provider speaks for an address that it may not speak for.
    #[error("the sign-in service named an address that is not the company's")]
    ForeignAddress,
    /// They were switched off.
    #[error("this person is switched off in this company")]
    Disabled,
    /// No seat is free.
    #[error(transparent)]
    Limit(#[from] LimitReached),
    /// The company does not grow while it owes.
    #[error(transparent)]
    Restricted(#[from] Restricted),
    /// The way back was too late, taken before, or in another browser.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Unsealable> for SsoError {
    fn from(error: Unsealable) -> Self {
        Self::Proof(error.into())
    }
}

impl From<KeyError> for SsoError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Sealed(error) => error.into(),
            KeyError::Store(error) => error.into(),
        }
    }
}

impl Fault for SsoError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown => Kind::NotFound,
            Self::Provider(_) => Kind::Conflict,
            Self::Refused => Kind::Unauthenticated,
            Self::ForeignAddress | Self::Disabled => Kind::Forbidden,
            Self::Limit(error) => error.kind(),
            Self::Restricted(error) => error.kind(),
            Self::Proof(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "sso_unknown",
            Self::Provider(_) => "sso_provider_failed",
            Self::Refused => "sso_refused",
            Self::ForeignAddress => "sso_address_not_allowed",
            Self::Disabled => "member_disabled",
            Self::Limit(error) => error.code(),
            Self::Restricted(error) => error.code(),
            Self::Proof(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}
