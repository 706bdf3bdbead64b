//! The rest of signing in: what is asked for beside the password, and passkeys, which need none.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use infra::validate::{Check, Invalid};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tenant::login::LoginId;
use tenant::proof::ceremony::{self, Ceremony, Purpose};
use tenant::proof::passkey::{self, PasskeyChallenge};
use tenant::proof::{ProofError, recovery, totp};
use tenant::session::Method;
use tenant::throttle::Rate;
use tenant::{AccountId, World};

use super::session::{self, Entry, SessionView};
use super::{Problems, auth};
use crate::App;
use crate::address::AtTheDoor;
use crate::extract::Body;
use crate::problem::Problem;

/// How often somebody may guess at what is asked for beside a password.
const GUESSES: Rate = Rate::new(10, 60);

/// Reads what a browser's `navigator.credentials` gave.
pub(crate) fn credential<T: DeserializeOwned>(field: &str, value: Value) -> Result<T, Invalid> {
    serde_json::from_value(value).map_err(|_| {
        let mut check = Check::new();
        check.refuse(field, "credential_invalid", "This is not what navigator.credentials gives.");
        check.finish().err().unwrap_or(Invalid(Vec::new()))
    })
}

/// Whether a code is of the app or one of the recovery codes, and right.
pub(crate) async fn prove_by_code(world: &World, login: LoginId, code: &str) -> Result<Method, Problem> {
    world.throttle.attempt(&world.database, &format!("second:{login}"), GUESSES, world.now()).await?;
    let is_totp = code.chars().filter(|c| !c.is_whitespace()).count() == 6;
    if is_totp {
        totp::prove(world, login, code).await?;
        return Ok(Method::Totp);
    }
    recovery::prove(world, login, code).await?;
    Ok(Method::RecoveryCode)
}

/// A passkey's answer, when there is one: to which challenge, and what the browser gave.
pub(crate) fn passkey_answer(
    challenge: Option<String>,
    given: Option<Value>,
) -> Result<Option<(String, passkey::Answer)>, Invalid> {
    match (challenge, given) {
        (None, None) => Ok(None),
        (Some(challenge), Some(given)) => Ok(Some((challenge, credential("credential", given)?))),
        (challenge, _) => {
            let missing = if challenge.is_some() { "credential" } else { "passkey_challenge" };
            let mut check = Check::new();
            check.refuse(
                missing,
                "answer_missing",
                "A passkey's answer needs its challenge, and a challenge its answer.",
            );
            check.finish().map(|()| None)
        }
    }
}

/// A code, as somebody types it.
pub(crate) fn checked_code(check: &mut Check, field: &str, code: &str) -> String {
    check.line(field, code, 6, 40)
}

/// What was asked for beside the password: a code, or a passkey's answer.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondFactorAnswer {
    /// The challenge of the sign-in.
    challenge: String,
    /// Six digits of the authenticator app, or a recovery code.
    #[serde(default)]
    code: Option<String>,
    /// The challenge to the passkey.
    #[serde(default)]
    passkey_challenge: Option<String>,
    /// What `navigator.credentials.get` gave for it, with binary members as base64url.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    credential: Option<Value>,
}

/// An answer that may be right.
pub(crate) struct Answered {
    challenge: String,
    code: Option<String>,
    key: Option<(String, passkey::Answer)>,
}

impl SecondFactorAnswer {
    /// A code or a passkey's answer, and not both.
    pub(crate) fn checked(self) -> Result<Answered, Invalid> {
        let key = passkey_answer(self.passkey_challenge, self.credential)?;
        let mut check = Check::new();
        let code = self.code.map(|code| checked_code(&mut check, "code", &code));
        if code.is_some() == key.is_some() {
            check.refuse("code", "answer_missing", "Either a code or a passkey's answer.");
        }
        check.finish()?;
        Ok(Answered { challenge: self.challenge, code, key })
    }
}

impl Answered {
    /// Whose challenge it was, and by what it is answered rightly. It is over then; a wrong answer counts.
    pub(crate) async fn prove(self, world: &World) -> Result<(Ceremony, LoginId, Method), Problem> {
        let begun = ceremony::attempt(world, Purpose::SecondFactor, &self.challenge).await?;
        let login = begun.login.ok_or(ProofError::Over)?;
        let method = match (self.code, self.key) {
            (_, Some((challenge, key))) => {
                passkey::prove(world, login, &challenge, &key).await?;
                Method::Passkey
            }
            (code, None) => prove_by_code(world, login, &code.unwrap_or_default()).await?,
        };
        if !ceremony::finish(world, &begun).await? {
            return Err(ProofError::Over.into());
        }
        Ok((begun, login, method))
    }
}

/// Give the second factor
///
/// Five wrong answers end the challenge.
#[utoipa::path(post, path = "/v1/auth/login/second-factor", tag = "auth", security(()), request_body = SecondFactorAnswer,
    responses((status = 200, body = SessionView), Problems))]
pub(crate) async fn finish(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Body(ask): Body<SecondFactorAnswer>,
) -> Result<Response, Problem> {
    let (begun, _, method) = ask.checked()?.prove(&app.world).await?;
    // A challenge that was not to a sign-in lets nobody in.
    let member = begun.member.ok_or(ProofError::Over)?;
    session::enter(&app, &headers, Entry::fresh(StatusCode::OK, member, method)).await
}

/// Whose passkey is asked for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyLoginRequest {
    /// The challenge of a sign-in by password, when a passkey is to be its second factor; absent, the passkey lets in alone.
    #[serde(default)]
    challenge: Option<String>,
}

/// Ask for a passkey
#[utoipa::path(post, path = "/v1/auth/login/passkey/begin", tag = "auth", security(()), request_body = PasskeyLoginRequest,
    responses((status = 200, body = PasskeyChallenge), Problems))]
pub(crate) async fn begin_passkey(
    State(app): State<Arc<App>>,
    _: AtTheDoor,
    Body(ask): Body<PasskeyLoginRequest>,
) -> Result<Json<PasskeyChallenge>, Problem> {
    let Some(challenge) = ask.challenge else { return Ok(Json(passkey::ask_anybody(&app.world).await?)) };
    let begun = ceremony::peek(&app.world, Purpose::SecondFactor, &challenge).await?;
    let login = begun.login.ok_or(ProofError::Over)?;
    Ok(Json(passkey::ask(&app.world, login).await?))
}

/// Somebody with a passkey.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyLogin {
    /// The challenge, as it was given.
    challenge: String,
    /// What `navigator.credentials.get` gave, with binary members as base64url.
    #[schema(value_type = Object)]
    credential: Value,
    /// The company to act in; the first one when absent.
    #[serde(default)]
    account_id: Option<AccountId>,
}

/// Sign in by a passkey
#[utoipa::path(post, path = "/v1/auth/login/passkey", tag = "auth", security(()), request_body = PasskeyLogin,
    responses((status = 200, body = SessionView), Problems))]
pub(crate) async fn finish_passkey(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Body(ask): Body<PasskeyLogin>,
) -> Result<Response, Problem> {
    let key = credential::<passkey::Answer>("credential", ask.credential)?;
    let login = passkey::recognise(&app.world, &ask.challenge, &key).await?;
    let member = auth::choose(&app, login, ask.account_id).await?;
    session::enter(&app, &headers, Entry::fresh(StatusCode::OK, member, Method::Passkey)).await
}
