//! Signed-in answers: an access token in the body, the refresh secret in a cookie that scripts cannot read.

use std::sync::Arc;

use axum::Json;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use cookie::{Cookie, SameSite};
use routing::revocation::{self, Revocation};
use serde::Serialize;
use tenant::account::Status;
use tenant::device::Device;
use tenant::login::{self, LoginId, User};
use tenant::membership::{self, Membership, Role};
use tenant::permission::Permissions;
use tenant::proof::ceremony::{self, Purpose};
use tenant::proof::{self, Factors};
use tenant::role::CustomRole;
use tenant::scope::Via;
use tenant::session::own::{Came, SessionId};
use tenant::session::{Method, Session, Start};
use tenant::sight::Sight;
use tenant::sign_in::{self, NotThisWay};
use tenant::support::Visit;
use tenant::token::{Audience, BadToken};
use tenant::{Account, AccountId, Actor, AgentId, Limits, Member, Scope, Tenant, World, agent, audit};

use super::agents::{AgentView, Skilled};
use crate::App;
use crate::problem::Problem;

/// One company of a person.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AccountBrief {
    /// Its id.
    id: AccountId,
    /// Its name.
    name: String,
    /// Its name in addresses.
    slug: String,
    /// What the person is there.
    role: Role,
    /// The role that the company made, if they hold one.
    custom_role: Option<CustomRole>,
    /// Where the company stands.
    status: Status,
    /// Until when its owner can restore it, when it is closed.
    delete_after: Option<DateTime<Utc>>,
}

/// Who is signed in, where, and what they may do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Me {
    /// The person.
    user: User,
    /// The company they act in.
    account: Account,
    /// The person as an agent of this company.
    agent: AgentView,
    /// What they may do here.
    permissions: Permissions,
    /// Every company of theirs.
    accounts: Vec<AccountBrief>,
    /// How much the company may have.
    limits: Limits,
    /// Set when this is one of our own people, let in by the company.
    support: Option<Visit>,
}

/// An access token and what it is worth.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SessionView {
    /// For the `Authorization` header.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// How long it lives, in seconds.
    expires_in: i64,
    /// Whether the company asks for a second factor that is yet to be set up: until then the token is good for that only.
    second_factor_due: bool,
    /// Who is signed in.
    me: Me,
}

/// What is known of a member.
pub(crate) async fn me(app: &Arc<App>, member: &Membership, permissions: Permissions) -> Result<Me, Problem> {
    let world = &app.world;
    let user = login::find(world, member.login_id).await?.ok_or(BadToken)?;
    let mut accounts = Vec::new();
    for other in membership::of_login(world, member.login_id).await?.iter().filter(|other| other.disabled_at.is_none())
    {
        if let Some(tenant) = Tenant::find(world, other.account_id).await? {
            accounts.push(AccountBrief {
                id: tenant.id(),
                name: tenant.account.name.clone(),
                slug: tenant.account.slug.clone(),
                role: other.standing.role,
                custom_role: other.standing.custom.clone(),
                status: tenant.account.status,
                delete_after: tenant.account.delete_after,
            });
        }
    }
    let tenant = Tenant::active(world, member.account_id).await?;
    let tx = tenant.begin().await?;
    // Who is here already writes nothing: a company on its way to another database can be looked at.
    let profile = match agent::find(&tx, member.id).await? {
        Some(profile) => profile,
        None => {
            agent::join(&tx, member.id, &member.name).await?;
            agent::find(&tx, member.id).await?.ok_or_else(Problem::internal)?
        }
    };
    let skilled = Skilled::load(&tx).await?;
    tx.commit().await?;
    let here = app.routing.presence.who(tenant.id(), world.now()).await;
    Ok(Me {
        user,
        account: Account::clone(&tenant.account),
        agent: AgentView::new(member, Some(&profile), &skilled, here.contains(&member.id)),
        permissions,
        accounts,
        limits: tenant.account.limits,
        support: None,
    })
}

/// The same for one of our own people, who sees this company and no other of whoever let them in.
pub(crate) async fn me_in_support(app: &Arc<App>, scope: &Scope<Member>, visit: Visit) -> Result<Me, Problem> {
    let member = membership::find(&app.world, scope.who.agent_id).await?.ok_or(BadToken)?;
    let mut me = me(app, &member, scope.who.permissions.clone()).await?;
    me.accounts.retain(|account| account.id == scope.tenant.id());
    me.support = Some(visit);
    Ok(me)
}

/// The answer to one of our own people who has just come in by a link: a token, and no cookie.
pub(crate) async fn answer_support(app: &Arc<App>, visit: Visit) -> Result<Json<SessionView>, Problem> {
    let world = &app.world;
    let (account, host) = (visit.account_id.uuid(), visit.granted_by.uuid());
    let access_token = world.keys.sign(Audience::Support, account, host, visit.id.uuid(), world.now())?;
    let scope = Scope::<Member>::enter(world, &access_token).await?;
    let expires_in = (visit.expires_at - world.now()).num_seconds().max(1);
    let me = me_in_support(app, &scope, visit).await?;
    Ok(Json(SessionView { access_token, token_type: "Bearer", expires_in, second_factor_due: false, me }))
}

/// The answer to whoever has just signed in, or come back.
pub(crate) async fn answer(
    app: &Arc<App>,
    status: StatusCode,
    session: Session,
    account: AccountId,
) -> Result<Response, Problem> {
    let world = &app.world;
    let member = membership::find(world, session.membership_id)
        .await?
        .filter(|member| member.disabled_at.is_none())
        .ok_or(BadToken)?;
    let access_token = world.keys.sign(Audience::Member, account.uuid(), member.id.uuid(), session.id, world.now())?;
    let view = SessionView {
        access_token,
        token_type: "Bearer",
        expires_in: Audience::Member.lifetime().num_seconds(),
        second_factor_due: session.enrol_only,
        me: me(app, &member, member.standing.permissions()).await?,
    };
    let mut response = (status, Json(view)).into_response();
    keep_cookie(app, &mut response, session.cookie);
    Ok(response)
}

/// Gives the browser the secret that it comes back with.
pub(crate) fn keep_cookie(app: &App, response: &mut Response, secret: String) {
    set_cookie(response, &refresh_cookie(app, secret, tenant::session::LIFETIME.num_seconds()));
}

/// Somebody who has proven who they are, on their way in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// The answer's status when they are in.
    pub(crate) status: StatusCode,
    /// Who, in which company.
    pub(crate) member: AgentId,
    /// By what.
    pub(crate) method: Method,
    /// Set when they only go to another of their companies: how they came in before, which is no new proof.
    pub(crate) before: Option<Came>,
}

impl Entry {
    /// Somebody who has just come in by this.
    pub(crate) const fn fresh(status: StatusCode, member: AgentId, method: Method) -> Self {
        Self { status, member, method, before: None }
    }
}

/// The password was right; something else is asked for.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct LoginChallenge {
    /// Comes back with the answer.
    challenge: String,
    /// What would be an answer.
    factors: Factors,
    /// How long it may take, in seconds.
    expires_in: i64,
}

/// What is asked for beside the password, of whoever has set something up. Without a member, the answer lets into no company.
pub(crate) async fn challenge(
    world: &World,
    login: LoginId,
    member: Option<AgentId>,
) -> Result<Option<LoginChallenge>, Problem> {
    let factors = proof::factors(world, login).await?;
    if !factors.any() {
        return Ok(None);
    }
    let challenge = ceremony::begin(world, Purpose::SecondFactor, Some(login), member, serde_json::json!({})).await?;
    Ok(Some(LoginChallenge { challenge, factors, expires_in: ceremony::LIFETIME.num_seconds() }))
}

/// Where the browser's clock is; for the list of one's own sessions.
pub(crate) const TIME_ZONE: &str = "x-time-zone";

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Lets somebody in, or asks for what is still missing. The only way to a session: whatever a company demands is demanded here. The
/// session that the browser had before ends.
pub(crate) async fn enter(app: &Arc<App>, headers: &HeaderMap, entry: Entry) -> Result<Response, Problem> {
    let world = &app.world;
    let member =
        membership::find(world, entry.member).await?.filter(|member| member.disabled_at.is_none()).ok_or(BadToken)?;
    let tenant = Tenant::active(world, member.account_id).await?;
    let policy = sign_in::policy(world, member.account_id).await?;
    if policy.sso_only && entry.method != Method::Sso && member.standing.role != Role::Owner {
        return Err(NotThisWay::SsoRequired.into());
    }
    if !entry.method.is_strong()
        && let Some(challenge) = challenge(world, member.login_id, Some(member.id)).await?
    {
        return Ok((StatusCode::ACCEPTED, Json(challenge)).into_response());
    }
    let now = world.now();
    let (came_at, proven_at) = match (entry.before, entry.method) {
        (Some(before), _) => (before.at, before.proven_at),
        // Who may speak for a person in one company may not change how they come into another.
        (None, Method::Sso) => (now, (membership::of_login(world, member.login_id).await?.len() == 1).then_some(now)),
        (None, Method::Password | Method::Totp | Method::RecoveryCode | Method::Passkey) => (now, Some(now)),
    };
    let user_agent = header(headers, "user-agent").unwrap_or_default();
    let start = Start {
        login: member.login_id,
        member: member.id,
        method: entry.method,
        came_at,
        proven_at,
        enrol_only: policy.second_factor_required && !entry.method.is_strong(),
        user_agent,
        time_zone: header(headers, TIME_ZONE),
    };
    let session = tenant::session::begin(world, start).await?;
    end(app, headers).await?;
    let who = Member {
        agent_id: member.id,
        name: member.name.clone(),
        permissions: member.standing.permissions(),
        sight: Sight::of(member.id, member.standing.visibility()),
        standing: member.standing.clone(),
        via: Via::Session(session.id),
    };
    let tx = tenant.begin().await?;
    let detail = serde_json::json!({ "method": entry.method, "device": Device::read(user_agent) });
    let target = SessionId::from_uuid(session.id).to_string();
    audit::note(&tx, &Actor::Member(who), "session.began", Some(target), detail).await?;
    tx.commit().await?;
    answer(app, entry.status, session, member.account_id).await
}

/// Ends the browser's session, and the sockets it had opened.
pub(crate) async fn end(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(cookie) = read_cookie(app, headers) else { return Ok(()) };
    if let Some(agent) = tenant::session::end(&app.world, &cookie).await?
        && let Some(member) = membership::find(&app.world, agent).await?
    {
        revocation::revoke(&app.routing, Revocation::Session(member.account_id, member.id)).await;
    }
    Ok(())
}

const COOKIE_NAME: &str = "fd_refresh";
/// A browser keeps this name to our own host and TLS only.
const SECURE_COOKIE_NAME: &str = "__Host-fd_refresh";

fn cookie_name(app: &App) -> &'static str {
    if app.is_secure() { SECURE_COOKIE_NAME } else { COOKIE_NAME }
}

fn refresh_cookie(app: &App, secret: String, seconds: i64) -> Cookie<'static> {
    cookie(app, cookie_name(app), secret, seconds)
}

fn cookie(app: &App, name: &'static str, secret: String, seconds: i64) -> Cookie<'static> {
    Cookie::build((name, secret))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(app.is_secure())
        .max_age(cookie::time::Duration::seconds(seconds))
        .build()
}

fn set_cookie(response: &mut Response, cookie: &Cookie<'_>) {
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// The refresh secret of a request.
pub(crate) fn read_cookie(app: &App, headers: &HeaderMap) -> Option<String> {
    find_cookie(headers, cookie_name(app))
}

fn find_cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

/// Takes the cookie away.
pub(crate) fn forget_cookie(app: &App, response: &mut Response) {
    set_cookie(response, &refresh_cookie(app, String::new(), 0));
}

const JOURNEY_NAME: &str = "fd_sso";
const SECURE_JOURNEY_NAME: &str = "__Host-fd_sso";

fn journey_name(app: &App) -> &'static str {
    if app.is_secure() { SECURE_JOURNEY_NAME } else { JOURNEY_NAME }
}

fn journey_cookie(app: &App, secret: String, seconds: i64) -> Cookie<'static> {
    // Strict is enough: it is our own page that comes back with the code and asks.
    cookie(app, journey_name(app), secret, seconds)
}

/// Marks the browser that is sent to a company's provider.
pub(crate) fn set_journey(app: &App, response: &mut Response, secret: String) {
    set_cookie(response, &journey_cookie(app, secret, ceremony::LIFETIME.num_seconds()));
}

/// The mark of a browser that is back.
pub(crate) fn read_journey(app: &App, headers: &HeaderMap) -> Option<String> {
    find_cookie(headers, journey_name(app))
}

/// Takes the mark away.
pub(crate) fn forget_journey(app: &App, response: &mut Response) {
    set_cookie(response, &journey_cookie(app, String::new(), 0));
}
