//! How one proves who one is: an authenticator app, recovery codes, and proof once more before any of it changes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use infra::spoken::OrLog as _;
use infra::validate::Check;
use routing::revocation::{self, Revocation};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenant::login::{self, LoginError, User};
use tenant::proof::passkey::{self, PasskeyChallenge};
use tenant::proof::totp::{self, TotpSetup};
use tenant::proof::{self, Overview, ProofError, recovery};
use tenant::session::Method;
use tenant::session::own::{self, NotProven};
use tenant::sign_in::{self, NotThisWay};
use tenant::sign_in_letters::Changed;
use tenant::throttle::Rate;
use tenant::token::BadToken;
use tenant::{Actor, AgentId, Member, Scope, audit, membership};

use super::Problems;
use super::second_factor::{checked_code, passkey_answer, prove_by_code};
use crate::App;
use crate::extract::{AsEnrolling, AsMember, Body};
use crate::problem::Problem;

/// The person behind a member.
pub(crate) async fn person(app: &App, scope: &Scope<Member>) -> Result<User, Problem> {
    let member = membership::find(&app.world, scope.who.agent_id).await?.ok_or(BadToken)?;
    Ok(login::find(&app.world, member.login_id).await?.ok_or(BadToken)?)
}

/// The person, if they have proven who they are within the last minutes.
pub(crate) async fn proven_person(app: &App, scope: &Scope<Member>) -> Result<User, Problem> {
    own::require_recent_proof(&app.world, scope.session()?).await?;
    person(app, scope).await
}

/// Notes what became of somebody's login in each company of theirs, but for the one where it stands already. It is done by then: a
/// company that cannot be written to just now keeps no other from reading of it.
pub(crate) async fn note_elsewhere(
    app: &App,
    user: &User,
    here: Option<AgentId>,
    action: &'static str,
) -> Result<(), Problem> {
    for member in membership::of_login(&app.world, user.id).await? {
        if Some(member.id) == here || member.disabled_at.is_some() {
            continue;
        }
        let actor = Actor::Person { id: member.id, name: user.name.clone() };
        let (target, detail) = (Some(member.id.to_string()), serde_json::json!({}));
        let noted = audit::note_from_outside(&app.world, member.account_id, &actor, action, target, detail).await;
        noted.or_log("noting what became of a login");
    }
    Ok(())
}

/// Notes what somebody has changed of how they sign in, where the admins of their companies look for it, and tells them by letter.
pub(crate) async fn changed(
    app: &App,
    scope: &Scope<Member>,
    user: &User,
    action: &'static str,
    what: Changed,
) -> Result<(), Problem> {
    let tx = scope.begin().await?;
    audit::note(&tx, &scope.actor(), action, Some(scope.who.agent_id.to_string()), serde_json::json!({})).await?;
    tx.commit().await?;
    note_elsewhere(app, user, Some(scope.who.agent_id), action).await?;
    Ok(proof::tell(&app.world, user, what).await?)
}

/// Every socket and token of a person is looked at again, in each of their companies.
pub(crate) async fn look_again(app: &App, user: &User) -> Result<(), Problem> {
    for member in membership::of_login(&app.world, user.id).await? {
        revocation::revoke(&app.routing, Revocation::Session(member.account_id, member.id)).await;
    }
    Ok(())
}

/// A factor more: this session is worth it, and whoever came in by less on another device comes in again.
pub(crate) async fn strengthened(app: &App, scope: &Scope<Member>, user: &User, by: Method) -> Result<(), Problem> {
    let session = scope.session()?;
    own::prove(&app.world, session, Some(by)).await?;
    own::end_others(&app.world, user.id, session).await?;
    look_again(app, user).await
}

/// Recovery codes, for who has none yet.
pub(crate) async fn first_codes(app: &App, user: &User, overview: &Overview) -> Result<Vec<String>, Problem> {
    if overview.recovery_codes_left > 0 {
        return Ok(Vec::new());
    }
    Ok(recovery::renew(&app.world, user.id).await?)
}

/// The last factor stays where a company asks for one; where none does, nothing is left for recovery codes to stand in for.
pub(crate) async fn may_weaken(app: &App, user: &User) -> Result<(), Problem> {
    let overview = proof::overview(&app.world, user).await?;
    let left = overview.passkeys.len() + usize::from(overview.totp_since.is_some());
    if left <= 1 && sign_in::demanded_of(&app.world, user.id).await? {
        return Err(NotThisWay::LastFactor.into());
    }
    Ok(())
}

pub(crate) async fn weakened(app: &App, user: &User) -> Result<(), Problem> {
    if !proof::factors(&app.world, user.id).await?.any() {
        recovery::forget(&app.world, user.id).await?;
    }
    Ok(())
}

/// How one proves who one is.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Security {
    /// What is set up.
    #[serde(flatten)]
    overview: Overview,
    /// Until when what only the person may do is open to this browser; null when it asks for proof first.
    proven_until: Option<DateTime<Utc>>,
    /// By what this browser was signed in.
    method: Method,
    /// Whether a company of theirs asks for a second factor.
    second_factor_required: bool,
}

/// How one proves who one is
#[utoipa::path(get, path = "/v1/auth/security", tag = "security", responses((status = 200, body = Security), Problems))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    AsEnrolling(scope): AsEnrolling,
) -> Result<Json<Security>, Problem> {
    let (session, user) = (scope.session()?, person(&app, &scope).await?);
    Ok(Json(Security {
        overview: proof::overview(&app.world, &user).await?,
        proven_until: own::proven_until(&app.world, session).await?,
        method: own::method(&app.world, session).await?,
        second_factor_required: sign_in::demanded_of(&app.world, user.id).await?,
    }))
}

/// Proof of who sits there: a passkey alone, or the password with what else is set up.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof {
    /// The password, for who has one.
    #[serde(default)]
    password: Option<String>,
    /// A code of the authenticator app or a recovery code, for who has a second factor.
    #[serde(default)]
    code: Option<String>,
    /// The challenge to a passkey.
    #[serde(default)]
    passkey_challenge: Option<String>,
    /// What `navigator.credentials.get` gave for it, with binary members as base64url.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    credential: Option<Value>,
}

/// Until when the proof counts.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Proven {
    /// Ten minutes from now.
    proven_until: Option<DateTime<Utc>>,
}

/// Prove again who one is
///
/// Changing how oneself or others sign in, and making API keys, asks for this when the last proof is ten minutes old.
#[utoipa::path(post, path = "/v1/auth/reauthenticate", tag = "security", request_body = Proof, responses((status = 200, body = Proven), Problems))]
pub(crate) async fn reauthenticate(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<Proof>,
) -> Result<Json<Proven>, Problem> {
    let (session, world) = (scope.session()?, &app.world);
    let key = passkey_answer(ask.passkey_challenge, ask.credential)?;
    let mut check = Check::new();
    let code = ask.code.map(|code| checked_code(&mut check, "code", &code));
    if ask.password.is_none() && code.is_none() && key.is_none() {
        check.refuse("password", "answer_missing", "A password, a code or a passkey's answer.");
    }
    if ask.password.as_ref().is_some_and(|text| text.chars().count() > 1000 || text.contains(char::is_control)) {
        // No password is like this: not worth an attempt.
        check.refuse("password", "password_wrong", "This is not your password.");
    }
    check.finish()?;
    let user = person(&app, &scope).await?;
    world.throttle.attempt(&world.database, &format!("login:{}", user.email), Rate::new(10, 60), world.now()).await?;
    let by = match key {
        Some((challenge, key)) => {
            passkey::prove(world, user.id, &challenge, &key).await?;
            Some(Method::Passkey)
        }
        None => {
            let factors = proof::factors(world, user.id).await?;
            if !user.has_password() && !factors.any() {
                // There is nothing to prove it by but the company's own provider.
                return Err(NotProven::TooLongAgo.into());
            }
            if user.has_password() {
                let password = ask.password.unwrap_or_default();
                if !login::is_password(&user, password).await? {
                    return Err(LoginError::Credentials.into());
                }
            }
            match code {
                Some(code) if factors.any() => Some(prove_by_code(world, user.id, &code).await?),
                None if factors.any() => return Err(ProofError::Code.into()),
                Some(_) | None => None,
            }
        }
    };
    own::prove(world, session, by).await?;
    Ok(Json(Proven { proven_until: own::proven_until(world, session).await? }))
}

/// Ask for one of one's own passkeys
#[utoipa::path(post, path = "/v1/auth/reauthenticate/passkey", tag = "security", responses((status = 200, body = PasskeyChallenge), Problems))]
pub(crate) async fn challenge(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<PasskeyChallenge>, Problem> {
    scope.require_person()?;
    let user = person(&app, &scope).await?;
    Ok(Json(passkey::ask(&app.world, user.id).await?))
}

/// Begin to set up an authenticator app
///
/// Codes are asked for once one of them has been confirmed.
#[utoipa::path(post, path = "/v1/auth/totp", tag = "security", responses((status = 200, body = TotpSetup), Problems))]
pub(crate) async fn begin_totp(
    State(app): State<Arc<App>>,
    AsEnrolling(scope): AsEnrolling,
) -> Result<Json<TotpSetup>, Problem> {
    let user = proven_person(&app, &scope).await?;
    Ok(Json(totp::begin(&app.world, &user).await?))
}

/// A code.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TotpCode {
    /// Six digits.
    code: String,
}

/// Recovery codes, shown this once.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RecoveryCodes {
    /// Ten, each good once in the place of a second factor; none when there were some before.
    recovery_codes: Vec<String>,
}

/// Confirm an authenticator app
///
/// From now on its codes are asked for. Every other browser of the person is signed out.
#[utoipa::path(post, path = "/v1/auth/totp/confirm", tag = "security", request_body = TotpCode, responses((status = 200, body = RecoveryCodes), Problems))]
pub(crate) async fn confirm_totp(
    State(app): State<Arc<App>>,
    AsEnrolling(scope): AsEnrolling,
    Body(ask): Body<TotpCode>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let mut check = Check::new();
    let code = checked_code(&mut check, "code", &ask.code);
    check.finish()?;
    let (world, user) = (&app.world, proven_person(&app, &scope).await?);
    let rate = Rate::new(10, 60);
    world.throttle.attempt(&world.database, &format!("second:{}", user.id), rate, world.now()).await?;
    totp::confirm(world, user.id, &code).await?;
    let overview = proof::overview(world, &user).await?;
    let recovery_codes = first_codes(&app, &user, &overview).await?;
    strengthened(&app, &scope, &user, Method::Totp).await?;
    changed(&app, &scope, &user, "login.totp_added", Changed::TotpAdded).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Remove the authenticator app
#[utoipa::path(delete, path = "/v1/auth/totp", tag = "security", responses((status = 204), Problems))]
pub(crate) async fn remove_totp(State(app): State<Arc<App>>, AsMember(scope): AsMember) -> Result<StatusCode, Problem> {
    let user = proven_person(&app, &scope).await?;
    may_weaken(&app, &user).await?;
    if !totp::remove(&app.world, user.id).await? {
        return Err(Problem::not_found());
    }
    weakened(&app, &user).await?;
    changed(&app, &scope, &user, "login.totp_removed", Changed::TotpRemoved).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make new recovery codes
///
/// The old ones do not work any more.
#[utoipa::path(post, path = "/v1/auth/recovery-codes", tag = "security", responses((status = 200, body = RecoveryCodes), Problems))]
pub(crate) async fn renew_recovery_codes(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<RecoveryCodes>, Problem> {
    let user = proven_person(&app, &scope).await?;
    if !proof::factors(&app.world, user.id).await?.any() {
        return Err(ProofError::NoTotp.into());
    }
    let recovery_codes = recovery::renew(&app.world, user.id).await?;
    changed(&app, &scope, &user, "login.recovery_codes_renewed", Changed::RecoveryCodes).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}
