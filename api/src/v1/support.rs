//! Letting our own people in, and seeing that they are there.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use infra::validate::Check;
use routing::revocation::{self, Revocation};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenant::support::{self, Grant, MOST_HOURS, Visit};
use tenant::{Permission, audit};

use super::Problems;
use super::session::{self, SessionView};
use crate::App;
use crate::extract::{AsMember, Body};
use crate::problem::Problem;

/// Whether support may come in, and whether it has.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SupportAccess {
    /// The word that holds now.
    grant: Option<Grant>,
    /// The latest visits, newest first, at most 20.
    visits: Vec<Visit>,
}

/// Show whether support may come in
///
/// Everybody in the company may know who looks over their shoulder.
#[utoipa::path(get, path = "/v1/account/support-access", tag = "account", operation_id = "show_support_access",
    responses((status = 200, body = SupportAccess), Problems))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<SupportAccess>, Problem> {
    let account = scope.tenant.id();
    let grant = support::open_grant(&app.world, account).await?;
    let visits = support::visits(&app.world, account).await?;
    Ok(Json(SupportAccess { grant, visits }))
}

/// For how long, and how far.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SupportGrantRequest {
    /// 1 to 72.
    hours: i64,
    /// Whether support may also change things; it may only look when absent.
    #[serde(default)]
    changes: bool,
}

/// Let support in for some hours
///
/// Support then sees what the caller sees, without keys, people and the company itself being in its hands. A grant given before
/// ends with this one.
#[utoipa::path(post, path = "/v1/account/support-access", tag = "account", operation_id = "grant_support_access",
    request_body = SupportGrantRequest, responses((status = 201, body = Grant), Problems))]
pub(crate) async fn grant(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<SupportGrantRequest>,
) -> Result<(StatusCode, Json<Grant>), Problem> {
    scope.require(Permission::AccountManage)?;
    scope.require_person()?;
    let mut check = Check::new();
    if !(1..=MOST_HOURS).contains(&ask.hours) {
        check.refuse("hours", "hours_out_of_range", "1 to 72.");
    }
    check.finish()?;
    let (account, agent) = (scope.tenant.id(), scope.who.agent_id);
    let hosts: Vec<_> = support::visits(&app.world, account).await?.iter().map(|visit| visit.granted_by).collect();
    let grant = support::grant(&app.world, account, agent, ask.hours, ask.changes).await?;
    let tx = scope.begin().await?;
    let detail = json!({ "hours": ask.hours, "changes": ask.changes });
    audit::note(&tx, &scope.actor(), "support.granted", Some(grant.id.to_string()), detail).await?;
    tx.commit().await?;
    for host in hosts {
        revocation::revoke(&app.routing, Revocation::Session(account, host)).await;
    }
    Ok((StatusCode::CREATED, Json(grant)))
}

/// Let support in no more
///
/// Whoever is in is out at once.
#[utoipa::path(delete, path = "/v1/account/support-access", tag = "account", operation_id = "revoke_support_access",
    responses((status = 204), Problems))]
pub(crate) async fn revoke(State(app): State<Arc<App>>, AsMember(scope): AsMember) -> Result<StatusCode, Problem> {
    scope.require(Permission::AccountManage)?;
    scope.require_person()?;
    let account = scope.tenant.id();
    let host = support::open_grant(&app.world, account).await?.map(|grant| grant.granted_by);
    if support::revoke(&app.world, account).await? {
        let tx = scope.begin().await?;
        audit::note(&tx, &scope.actor(), "support.revoked", None, json!({})).await?;
        tx.commit().await?;
    }
    if let Some(host) = host {
        revocation::revoke(&app.routing, Revocation::Session(account, host)).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The secret of a visit's link.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SupportToken {
    /// From the link that `frontdesk tenant impersonate` printed.
    token: String,
}

/// Come in as support
#[utoipa::path(post, path = "/v1/auth/support", tag = "auth", operation_id = "enter_as_support", security(()),
    request_body = SupportToken, responses((status = 200, body = SessionView), Problems))]
pub(crate) async fn enter(
    State(app): State<Arc<App>>,
    Body(ask): Body<SupportToken>,
) -> Result<Json<SessionView>, Problem> {
    let visit = support::visit_of_secret(&app.world, &ask.token).await?;
    session::answer_support(&app, visit).await
}
