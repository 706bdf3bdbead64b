//! One's own password and address.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use infra::validate::Check;
use serde::Deserialize;
use tenant::sign_in_letters::Changed;
use tenant::throttle::Rate;
use tenant::{audit, email_change, login, membership, password};

use super::Problems;
use super::security::{changed, look_again, note_elsewhere, proven_person};
use crate::App;
use crate::extract::{AsMember, Body};
use crate::problem::Problem;

/// A new password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    /// At least 8 characters.
    password: String,
}

/// Change one's password
///
/// Every other browser of the person is signed out.
#[utoipa::path(put, path = "/v1/auth/password", tag = "security", request_body = PasswordChange, responses((status = 204), Problems))]
pub(crate) async fn change_password(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let session = scope.session()?;
    let mut check = Check::new();
    password::check(&mut check, "password", &ask.password, "");
    check.finish()?;
    let user = proven_person(&app, &scope).await?;
    login::set_password(&app.world, user.id, password::hash(ask.password).await?, session).await?;
    look_again(&app, &user).await?;
    changed(&app, &scope, &user, "login.password_changed", Changed::Password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new address.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailChange {
    /// The address.
    email: String,
}

/// Ask for another e-mail address
///
/// Sends a link to the new address, and word of it to the old one. Until the link is used, nothing changes.
#[utoipa::path(post, path = "/v1/auth/email", tag = "security", request_body = EmailChange, responses((status = 204), Problems))]
pub(crate) async fn change_email(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<EmailChange>,
) -> Result<StatusCode, Problem> {
    scope.require_person()?;
    let world = &app.world;
    let mut check = Check::new();
    let email = check.email("email", &ask.email);
    check.finish()?;
    let user = proven_person(&app, &scope).await?;
    // Neither a stranger's mailbox nor one's own is ours to fill.
    for whose in [format!("email:{}", user.id), format!("email:{email}")] {
        world.throttle.attempt(&world.database, &whose, Rate::new(5, 3600), world.now()).await?;
    }
    email_change::ask(world, &user, &email).await?;
    let tx = scope.begin().await?;
    let target = Some(scope.who.agent_id.to_string());
    audit::note(&tx, &scope.actor(), "login.email_change_asked", target, serde_json::json!({})).await?;
    tx.commit().await?;
    note_elsewhere(&app, &user, Some(scope.who.agent_id), "login.email_change_asked").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The secret of a link.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailConfirmation {
    /// From the link.
    token: String,
}

/// Take a new e-mail address
#[utoipa::path(post, path = "/v1/auth/email/confirm", tag = "security", security(()), request_body = EmailConfirmation,
    responses((status = 204), Problems))]
pub(crate) async fn confirm_email(
    State(app): State<Arc<App>>,
    Body(ask): Body<EmailConfirmation>,
) -> Result<StatusCode, Problem> {
    let (login, owed) = email_change::confirm(&app.world, &ask.token).await?;
    for member in membership::of_login(&app.world, login).await? {
        app.world.directory.forget(member.account_id);
    }
    for one in &owed {
        audit::owed::pay(&app.world, one).await;
    }
    Ok(StatusCode::NO_CONTENT)
}
