//! One's own passkeys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use infra::validate::Check;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenant::proof;
use tenant::proof::passkey::{self, Passkey, PasskeyChallenge, PasskeyId};
use tenant::session::Method;
use tenant::sign_in_letters::Changed;

use super::Problems;
use super::second_factor::credential;
use super::security::{changed, first_codes, may_weaken, proven_person, strengthened, weakened};
use crate::App;
use crate::extract::{AsEnrolling, AsMember, Body, Path};
use crate::problem::Problem;

/// Begin to register a passkey
#[utoipa::path(post, path = "/v1/auth/passkeys/begin", tag = "security", responses((status = 200, body = PasskeyChallenge), Problems))]
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    AsEnrolling(scope): AsEnrolling,
) -> Result<Json<PasskeyChallenge>, Problem> {
    let user = proven_person(&app, &scope).await?;
    Ok(Json(passkey::begin(&app.world, &user).await?))
}

/// A passkey to register.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyRegistration {
    /// The challenge, as it was given.
    challenge: String,
    /// What `navigator.credentials.create` gave, with binary members as base64url.
    #[schema(value_type = Object)]
    credential: Value,
    /// What to call it, 1 to 60 characters.
    name: String,
}

/// A passkey, and the recovery codes that came with the first factor.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PasskeyRegistered {
    /// The passkey.
    passkey: Passkey,
    /// Shown this once; none when there were some before.
    recovery_codes: Vec<String>,
}

/// Register a passkey
///
/// From now on a password alone is not enough. Every other browser of the person is signed out.
#[utoipa::path(post, path = "/v1/auth/passkeys", tag = "security", request_body = PasskeyRegistration,
    responses((status = 201, body = PasskeyRegistered), Problems))]
pub(crate) async fn register(
    State(app): State<Arc<App>>,
    AsEnrolling(scope): AsEnrolling,
    Body(ask): Body<PasskeyRegistration>,
) -> Result<(StatusCode, Json<PasskeyRegistered>), Problem> {
    let name = checked_name(&ask.name)?;
    let key = credential::<passkey::NewAnswer>("credential", ask.credential)?;
    let user = proven_person(&app, &scope).await?;
    let passkey = passkey::register(&app.world, user.id, &ask.challenge, &key, name).await?;
    let overview = proof::overview(&app.world, &user).await?;
    let recovery_codes = first_codes(&app, &user, &overview).await?;
    strengthened(&app, &scope, &user, Method::Passkey).await?;
    changed(&app, &scope, &user, "login.passkey_added", Changed::PasskeyAdded).await?;
    Ok((StatusCode::CREATED, Json(PasskeyRegistered { passkey, recovery_codes })))
}

fn checked_name(name: &str) -> Result<String, Problem> {
    let mut check = Check::new();
    let name = check.line("name", name, 1, 60);
    check.finish()?;
    Ok(name)
}

/// Another name.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyName {
    /// 1 to 60 characters.
    name: String,
}

/// Rename a passkey
#[utoipa::path(patch, path = "/v1/auth/passkeys/{id}", tag = "security", params(("id" = PasskeyId, Path)), request_body = PasskeyName,
    responses((status = 204), Problems))]
pub(crate) async fn rename(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<PasskeyId>,
    Body(ask): Body<PasskeyName>,
) -> Result<StatusCode, Problem> {
    scope.require_person()?;
    let name = checked_name(&ask.name)?;
    let user = super::security::person(&app, &scope).await?;
    if !passkey::rename(&app.world, user.id, id, &name).await? {
        return Err(Problem::not_found());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a passkey
#[utoipa::path(delete, path = "/v1/auth/passkeys/{id}", tag = "security", params(("id" = PasskeyId, Path)), responses((status = 204), Problems))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<PasskeyId>,
) -> Result<StatusCode, Problem> {
    let user = proven_person(&app, &scope).await?;
    if !passkey::list(&app.world, user.id).await?.iter().any(|key| key.id == id) {
        return Err(Problem::not_found());
    }
    may_weaken(&app, &user).await?;
    if !passkey::remove(&app.world, user.id, id).await? {
        return Err(Problem::not_found());
    }
    weakened(&app, &user).await?;
    changed(&app, &scope, &user, "login.passkey_removed", Changed::PasskeyRemoved).await?;
    Ok(StatusCode::NO_CONTENT)
}
