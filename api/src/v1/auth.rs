//! Signing in and out, and proving addresses.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use infra::validate::Check;
use routing::revocation::{self, Revocation};
use serde::Deserialize;
use tenant::login::LoginId;
use tenant::scope::Via;
use tenant::session::{Method, Session, SessionError, own};
use tenant::sign_in::NotThisWay;
use tenant::throttle::Rate;
use tenant::token::BadToken;
use tenant::{AccountId, AgentId, Tenant, email_token, login, membership, password, refusals, signup, support};

use super::Problems;
use super::security::note_elsewhere;
use super::session::{self, Entry, LoginChallenge, Me, SessionView};
use crate::App;
use crate::address::AtTheDoor;
use crate::extract::{AsMember, Body};
use crate::problem::Problem;

/// An address and a password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    /// The address.
    email: String,
    /// The password.
    password: String,
    /// The company to act in; the first one when absent.
    #[serde(default)]
    account_id: Option<AccountId>,
}

/// Sign in
///
/// 202 when something beside the password is asked for: `POST /v1/auth/login/second-factor` takes the answer. Where the browser's
/// clock is, like `Europe/Berlin`, may be said in the header `X-Time-Zone`, for the list of one's own sessions.
#[utoipa::path(post, path = "/v1/auth/login", tag = "auth", security(()), request_body = LoginRequest,
    responses((status = 200, body = SessionView), (status = 202, body = LoginChallenge), Problems))]
pub(crate) async fn log_in(
    State(app): State<Arc<App>>,
    _: AtTheDoor,
    headers: HeaderMap,
    Body(ask): Body<LoginRequest>,
) -> Result<Response, Problem> {
    let world = &app.world;
    let email = ask.email.trim().to_lowercase();
    world.throttle.attempt(&world.database, &format!("login:{email}"), Rate::new(10, 60), world.now()).await?;
    if email.contains(char::is_control) {
        // No login has such an address, and the database would not take it as a text.
        return Err(login::LoginError::Credentials.into());
    }
    let known = login::authenticate(world, &email, ask.password.chars().take(1000).collect()).await;
    if matches!(known, Err(login::LoginError::Credentials)) {
        refusals::login_failed(world, &email);
    }
    let member = choose(&app, known?.id, ask.account_id).await?;
    session::enter(&app, &headers, Entry::fresh(StatusCode::OK, member, Method::Password)).await
}

/// The company to act in: the one that was named, else the first that is open.
pub(crate) async fn choose(app: &App, login: LoginId, account_id: Option<AccountId>) -> Result<AgentId, Problem> {
    let memberships = membership::of_login(&app.world, login).await?;
    let mut wanted = None;
    for member in memberships.iter().filter(|member| member.disabled_at.is_none()) {
        let open = account_id.is_none() && Tenant::active(&app.world, member.account_id).await.is_ok();
        // A company that is switched off is chosen only by name, or when there is no other.
        if open || account_id == Some(member.account_id) {
            wanted = Some(member.id);
            break;
        }
        if account_id.is_none() {
            wanted = wanted.or(Some(member.id));
        }
    }
    wanted.ok_or_else(|| login::LoginError::Credentials.into())
}

/// Get a fresh access token
///
/// Uses the refresh cookie, which changes each time. Needs the header `X-Frontdesk: 1`, which no foreign page can send.
#[utoipa::path(post, path = "/v1/auth/refresh", tag = "auth", security(()), params(("X-Frontdesk" = String, Header, description = "Always 1")),
    responses((status = 200, body = SessionView), Problems))]
pub(crate) async fn refresh(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    same_site(&headers)?;
    let cookie = session::read_cookie(&app, &headers).ok_or(SessionError::Over)?;
    let continued = match tenant::session::rotate(&app.world, &cookie).await {
        Ok(session) => session,
        Err(SessionError::Over) => {
            let mut response = Problem::from(SessionError::Over).into_response();
            session::forget_cookie(&app, &mut response);
            return Ok(response);
        }
        Err(error) => return Err(error.into()),
    };
    let cookie = continued.cookie.clone();
    // The old secret is spent: without the new one, a browser whose company cannot be read just now would be signed out for coming again.
    match go_on(&app, continued).await {
        Err(problem) if problem.is_passing() => {
            let mut response = problem.into_response();
            session::keep_cookie(&app, &mut response, cookie);
            Ok(response)
        }
        answer => answer,
    }
}

async fn go_on(app: &Arc<App>, session: Session) -> Result<Response, Problem> {
    let member = membership::find(&app.world, session.membership_id)
        .await?
        .filter(|member| member.disabled_at.is_none())
        .ok_or(SessionError::Over)?;
    session::answer(app, StatusCode::OK, session, member.account_id).await
}

fn same_site(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.get("x-frontdesk").is_some_and(|value| value == "1") {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "header_missing", Some("Send the header X-Frontdesk: 1.")))
}

/// Sign out
#[utoipa::path(post, path = "/v1/auth/logout", tag = "auth", security(()), params(("X-Frontdesk" = String, Header, description = "Always 1")),
    responses((status = 204), Problems))]
pub(crate) async fn log_out(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    same_site(&headers)?;
    session::end(&app, &headers).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    session::forget_cookie(&app, &mut response);
    Ok(response)
}

/// Another company of the same person.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwitchRequest {
    /// The company.
    account_id: AccountId,
}

/// Act in another company
#[utoipa::path(post, path = "/v1/auth/switch", tag = "auth", request_body = SwitchRequest,
    responses((status = 200, body = SessionView), (status = 202, body = LoginChallenge), Problems))]
pub(crate) async fn switch(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    headers: HeaderMap,
    Body(ask): Body<SwitchRequest>,
) -> Result<Response, Problem> {
    let came = own::came(&app.world, scope.session()?).await?.ok_or(BadToken)?;
    let here = membership::find(&app.world, scope.who.agent_id).await?.ok_or(BadToken)?;
    let there = membership::of_login(&app.world, here.login_id).await?;
    let there = there
        .iter()
        .find(|member| member.account_id == ask.account_id && member.disabled_at.is_none())
        .ok_or_else(Problem::not_found)?;
    if came.method == Method::Sso && there.account_id != here.account_id {
        return Err(NotThisWay::SsoElsewhere.into());
    }
    let entry = Entry { status: StatusCode::OK, member: there.id, method: came.method, before: Some(came) };
    session::enter(&app, &headers, entry).await
}

/// Who is signed in
#[utoipa::path(get, path = "/v1/auth/me", tag = "auth", responses((status = 200, body = Me), Problems))]
pub(crate) async fn who_am_i(State(app): State<Arc<App>>, AsMember(scope): AsMember) -> Result<Json<Me>, Problem> {
    if let Via::Support(visit, _) = scope.who.via {
        let visit = support::live_visit(&app.world, visit).await?.ok_or(BadToken)?;
        return Ok(Json(session::me_in_support(&app, &scope, visit).await?));
    }
    scope.require_person()?;
    let member = membership::find(&app.world, scope.who.agent_id).await?.ok_or(BadToken)?;
    Ok(Json(session::me(&app, &member, scope.who.permissions).await?))
}

/// The secret of a link.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkToken {
    /// From the link.
    token: String,
}

/// Prove an e-mail address
#[utoipa::path(post, path = "/v1/auth/verify-email", tag = "auth", security(()), request_body = LinkToken, responses((status = 204), Problems))]
pub(crate) async fn verify_email(
    State(app): State<Arc<App>>,
    Body(ask): Body<LinkToken>,
) -> Result<StatusCode, Problem> {
    email_token::verify(&app.world, &ask.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send the verification letter again
#[utoipa::path(post, path = "/v1/auth/resend-verification", tag = "auth", responses((status = 204), Problems))]
pub(crate) async fn resend_verification(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<StatusCode, Problem> {
    scope.require_person()?;
    let world = &app.world;
    world
        .throttle
        .attempt(&world.database, &format!("verify:{}", scope.who.agent_id), Rate::new(5, 3600), world.now())
        .await?;
    let member = membership::find(world, scope.who.agent_id).await?.ok_or(BadToken)?;
    let user = login::find(world, member.login_id).await?.ok_or(BadToken)?;
    if !user.email_verified {
        let company =
            Tenant::find(world, member.account_id).await?.map(|tenant| tenant.account.name.clone()).unwrap_or_default();
        signup::resend_verification(world, &user, &company).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// An address.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgotRequest {
    /// The address.
    email: String,
}

/// Ask for a link to set a new password
///
/// Always 204: whether the address has a login is not told.
#[utoipa::path(post, path = "/v1/auth/forgot-password", tag = "auth", security(()), request_body = ForgotRequest, responses((status = 204), Problems))]
pub(crate) async fn forgot_password(
    State(app): State<Arc<App>>,
    _: AtTheDoor,
    Body(ask): Body<ForgotRequest>,
) -> Result<StatusCode, Problem> {
    let world = &app.world;
    let mut check = Check::new();
    let email = check.email("email", &ask.email);
    check.finish()?;
    world.throttle.attempt(&world.database, &format!("forgot:{email}"), Rate::new(5, 3600), world.now()).await?;
    signup::forgot_password(world, &email).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new password, by a link.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetRequest {
    /// From the link.
    token: String,
    /// At least 8 characters.
    password: String,
}

/// Set a new password
///
/// Ends every session of the person.
#[utoipa::path(post, path = "/v1/auth/reset-password", tag = "auth", security(()), request_body = ResetRequest, responses((status = 204), Problems))]
pub(crate) async fn reset_password(
    State(app): State<Arc<App>>,
    Body(ask): Body<ResetRequest>,
) -> Result<StatusCode, Problem> {
    let mut check = Check::new();
    password::check(&mut check, "password", &ask.password, "");
    check.finish()?;
    let login = email_token::reset(&app.world, &ask.token, password::hash(ask.password).await?).await?;
    for member in membership::of_login(&app.world, login).await? {
        revocation::revoke(&app.routing, Revocation::Session(member.account_id, member.id)).await;
    }
    if let Some(user) = login::find(&app.world, login).await? {
        note_elsewhere(&app, &user, None, "login.password_reset").await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
