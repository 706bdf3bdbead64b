//! Signing in by one's company's own provider: there and back.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use infra::validate::Check;
use serde::{Deserialize, Serialize};
use tenant::session::Method;
use tenant::sso::SsoError;
use tenant::sso::flow;
use tenant::throttle::Rate;
use tenant::{Actor, Tenant, audit, login, membership};

use super::Problems;
use super::security::look_again;
use super::session::{self, Entry, SessionView};
use crate::address::AtTheDoor;
use crate::extract::Body;
use crate::problem::Problem;
use crate::{App, onboarding};

/// Whose company's provider.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SsoStart {
    /// The address at the company; its domain says which company.
    email: String,
}

/// Where to go.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SsoDeparture {
    /// The provider's page. It sends the browser back to `/login/sso` with `code` and `state`.
    redirect_url: String,
}

/// Begin to sign in by one's company
///
/// Sets a cookie: only the browser that was sent away can come back.
#[utoipa::path(post, path = "/v1/auth/sso/begin", tag = "auth", security(()), request_body = SsoStart, responses((status = 200, body = SsoDeparture), Problems))]
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    _: AtTheDoor,
    Body(ask): Body<SsoStart>,
) -> Result<Response, Problem> {
    let world = &app.world;
    let mut check = Check::new();
    let email = check.email("email", &ask.email);
    check.finish()?;
    world.throttle.attempt(&world.database, &format!("login:{email}"), Rate::new(10, 60), world.now()).await?;
    let departure = flow::begin(world, &email).await?;
    let mut response = Json(SsoDeparture { redirect_url: departure.redirect_url }).into_response();
    session::set_journey(&app, &mut response, departure.browser);
    Ok(response)
}

/// What the provider sent the browser back with.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SsoReturn {
    /// `state`, as it was in the address.
    state: String,
    /// `code`, as it was in the address.
    code: String,
}

/// Come back from one's company's provider
///
/// Who comes for the first time becomes a member, when the provider speaks for an address of a domain that the company has proven.
#[utoipa::path(post, path = "/v1/auth/sso/finish", tag = "auth", security(()), request_body = SsoReturn, responses((status = 200, body = SessionView), Problems))]
pub(crate) async fn finish(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Body(ask): Body<SsoReturn>,
) -> Result<Response, Problem> {
    let world = &app.world;
    let mut check = Check::new();
    let code = check.line("code", &ask.code, 1, 4000);
    check.finish()?;
    let browser = session::read_journey(&app, &headers).ok_or(SsoError::Refused)?;
    let arrival = flow::finish(world, &ask.state, &code, &browser).await?;
    if arrival.joined {
        onboarding::welcome_member(world, arrival.account_id, arrival.member_id).await?;
    }
    if arrival.voided {
        let user = login::find(world, arrival.login_id).await?.ok_or(SsoError::Refused)?;
        look_again(&app, &user).await?;
        for member in membership::of_login(world, user.id).await? {
            if let Some(tenant) = Tenant::find(world, member.account_id).await? {
                let tx = tenant.begin().await?;
                let detail =
                    serde_json::json!({ "why": "the address was proven by single sign-on for the first time" });
                audit::note(&tx, &Actor::System, "login.voided", Some(member.id.to_string()), detail).await?;
                tx.commit().await?;
            }
        }
    }
    let entry = Entry::fresh(StatusCode::OK, arrival.member_id, Method::Sso);
    let mut response = session::enter(&app, &headers, entry).await?;
    session::forget_journey(&app, &mut response);
    Ok(response)
}
