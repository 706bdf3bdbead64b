//! There and back: to the company's provider with a challenge, and back with a code that is worth who somebody is.

use infra::database::{Rows as _, sql};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreIdTokenClaims, CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, SignatureVerificationError,
    TokenResponse as _,
};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account::AccountId;
use crate::hash::{same, sha256};
use crate::login::LoginId;
use crate::membership::AgentId;
use crate::proof::ceremony::{self, Purpose};
use crate::seal::Place;
use crate::sign_in;
use crate::sso::domain;
use crate::sso::provider::{self, Asked, told};
use crate::sso::{Config, SsoError, join, redirect_uri};
use crate::world::World;

/// The algorithms a provider may sign with: those whose keys it publishes. Ours to check with is not ours to sign with.
const SIGNED_BY: [CoreJwsSigningAlgorithm; 5] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What is remembered of somebody who was sent away.
#[derive(Serialize, Deserialize)]
struct Begun {
    account_id: Uuid,
    issuer: String,
    client_id: String,
    nonce: String,
    /// The verifier of PKCE, sealed.
    verifier: Vec<u8>,
    /// The hash of what their browser keeps.
    browser: Vec<u8>,
}

/// Where to send somebody.
#[derive(Debug)]
pub struct Departure {
    /// The provider's page.
    pub redirect_url: String,
    /// What their browser keeps until they are back.
    pub browser: String,
}

/// Somebody who is back, and who they are.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// The company.
    pub account_id: AccountId,
    /// The person.
    pub login_id: LoginId,
    /// The person in the company.
    pub member_id: AgentId,
    /// Whether they came for the first time.
    pub joined: bool,
    /// Whether an unproven login of the same address was taken over: its password, factors and sessions are void.
    pub voided: bool,
}

type ReadyClient =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

async fn client(world: &World, config: &Config, metadata: CoreProviderMetadata) -> Result<ReadyClient, SsoError> {
    let secret = config.secret(world).await?.map(ClientSecret::new);
    let back = RedirectUrl::new(redirect_uri(world)).map_err(|error| SsoError::Provider(error.to_string()))?;
    Ok(CoreClient::from_provider_metadata(metadata, ClientId::new(config.client_id.clone()), secret)
        .set_redirect_uri(back))
}

#[derive(FromQueryResult)]
struct Candidate {
    account_id: Uuid,
}

/// The company that an address belongs to: one the person is in, else the one that proved the domain first.
async fn company_of(world: &World, email: &str) -> Result<AccountId, SsoError> {
    let domain = domain::of(email).ok_or(SsoError::Unknown)?;
    let row: Option<Candidate> = world
        .database
        .orm()
        .one(sql(
            "select d.account_id from shared.sso_domain d join shared.sign_in s on s.account_id = d.account_id \
             join shared.account a on a.id = d.account_id \
             where d.domain = $1 and d.proven_at is not null and s.sso_issuer is not null and a.status = 'active' \
             order by exists (select 1 from shared.membership m join shared.login l on l.id = m.login_id \
               where m.account_id = d.account_id and l.email = $2 and m.disabled_at is null) desc, d.proven_at, d.id limit 1",
            [domain.into(), email.into()],
        ))
        .await?;
    row.map(|row| AccountId::from_uuid(row.account_id)).ok_or(SsoError::Unknown)
}

/// Sends somebody with this address to their company's provider.
pub async fn begin(world: &World, email: &str) -> Result<Departure, SsoError> {
    let account = company_of(world, email).await?;
    let config = sign_in::policy(world, account).await?.sso.ok_or(SsoError::Unknown)?;
    let metadata = provider::recent(world, &config.issuer).await?;
    let client = client(world, &config, CoreProviderMetadata::clone(&metadata)).await?;
    let (nonce, browser) = (world.chance.secret(), world.chance.secret());
    let verifier = PkceCodeVerifier::new(world.chance.secret());
    let begun = Begun {
        account_id: account.uuid(),
        issuer: config.issuer.clone(),
        client_id: config.client_id.clone(),
        nonce: nonce.clone(),
        verifier: world.sealer.seal(&world.chance, verifier_place(account), verifier.secret().as_bytes())?,
        browser: sha256(&browser),
    };
    let state = serde_json::to_value(&begun).map_err(|error| SsoError::Provider(error.to_string()))?;
    let state = ceremony::begin(world, Purpose::Sso, None, None, state).await?;
    let (url, _, _) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            move || CsrfToken::new(state),
            move || Nonce::new(nonce),
        )
        .add_scope(Scope::new("email".into()))
        .add_scope(Scope::new("profile".into()))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .add_extra_param("login_hint", email.to_owned())
        .url();
    Ok(Departure { redirect_url: url.to_string(), browser })
}

fn verifier_place(account: AccountId) -> Place {
    Place::new("sso-verifier", account.uuid())
}

/// Takes somebody in who is back with a code, in the browser that was sent.
pub async fn finish(world: &World, state: &str, code: &str, browser: &str) -> Result<Arrival, SsoError> {
    let begun = ceremony::take(world, Purpose::Sso, state).await?.state;
    let begun: Begun = serde_json::from_value(begun).map_err(|_| SsoError::Refused)?;
    if !same(&begun.browser, &sha256(browser)) {
        return Err(SsoError::Refused);
    }
    let account = AccountId::from_uuid(begun.account_id);
    // The company may have changed its provider meanwhile: whom it does not trust any more, we do not believe.
    let config = sign_in::policy(world, account).await?.sso.ok_or(SsoError::Unknown)?;
    if config.issuer != begun.issuer || config.client_id != begun.client_id {
        return Err(SsoError::Refused);
    }
    let metadata = provider::recent(world, &config.issuer).await?;
    let client = client(world, &config, CoreProviderMetadata::clone(&metadata)).await?;
    let verifier = world.sealer.open(verifier_place(account), &begun.verifier)?;
    let verifier = PkceCodeVerifier::new(String::from_utf8(verifier).map_err(|_| SsoError::Refused)?);
    let asked = Asked::of(world);
    let answer = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .map_err(|error| SsoError::Provider(error.to_string()))?
        .set_pkce_verifier(verifier)
        .request_async(&asked)
        .await
        .map_err(|error| {
            tracing::info!(error = told(&error), "a provider did not take a code");
            SsoError::Refused
        })?;
    let token = answer.id_token().ok_or(SsoError::Refused)?;
    let claims = judged(world, &config, &client, token, &Nonce::new(begun.nonce)).await?;
    let person = join::Person {
        subject: claims.subject().as_str().to_owned(),
        email: claims.email().map(|email| email.trim().to_lowercase()).ok_or(SsoError::ForeignAddress)?,
        // A provider that says nothing about it speaks for its own people; one that says no, says no.
        email_verified: claims.email_verified() != Some(false),
        name: claims.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned()),
    };
    join::join(world, &config, person).await
}

/// What a token says, if it is the provider's, for us, for this person's journey, and of now.
async fn judged(
    world: &World,
    config: &Config,
    client: &ReadyClient,
    token: &CoreIdToken,
    nonce: &Nonce,
) -> Result<CoreIdTokenClaims, SsoError> {
    match verified(world, client, token, nonce) {
        Ok(claims) => Ok(claims),
        // A key that is not known may be a new one.
        Err(ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey | SignatureVerificationError::CryptoError(_),
        )) => {
            let newer = provider::newer(world, &config.issuer).await?.ok_or(SsoError::Refused)?;
            let client = self::client(world, config, CoreProviderMetadata::clone(&newer)).await?;
            verified(world, &client, token, nonce).map_err(|error| refused(&error))
        }
        Err(error) => Err(refused(&error)),
    }
}

fn verified(
    world: &World,
    client: &ReadyClient,
    token: &CoreIdToken,
    nonce: &Nonce,
) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
    let clock = world.clock.clone();
    let verifier = client.id_token_verifier().set_allowed_algs(SIGNED_BY).set_time_fn(move || clock.now());
    token.claims(&verifier, nonce).cloned()
}

fn refused(error: &ClaimsVerificationError) -> SsoError {
    tracing::info!(error = told(error), "a provider's token was refused");
    SsoError::Refused
}
