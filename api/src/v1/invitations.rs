//! Inviting colleagues, and coming in by an invitation.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use infra::validate::Check;
use serde::{Deserialize, Serialize};
use tenant::invitation::{self, Invitation, InvitationId};
use tenant::membership::Role;
use tenant::page::Page;
use tenant::role::CustomRole;
use tenant::session::Method;
use tenant::sign_in::{self, NotThisWay};
use tenant::throttle::Rate;
use tenant::{Permission, RoleId, Standing, Tenant, agent, audit, password};

use super::session::{self, Entry, LoginChallenge, SessionView};
use super::{Problems, agents, roles};
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;
use crate::{App, onboarding};

/// List invitations
#[utoipa::path(get, path = "/v1/invitations", tag = "invitations", responses((status = 200, body = Page<Invitation>), Problems))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<Page<Invitation>>, Problem> {
    scope.require(Permission::AgentsManage)?;
    Ok(Json(Page::whole(invitation::list(&app.world, scope.tenant.id()).await?)))
}

/// Whom to invite, and as what.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InviteRequest {
    /// Their address.
    email: String,
    /// `admin`, `supervisor` or `agent`.
    #[serde(default)]
    role: Option<Role>,
    /// A role that the company made, instead of `role`.
    #[serde(default)]
    custom_role_id: Option<RoleId>,
}

/// How many invitations one mailbox gets, whoever sends them.
pub(crate) const INVITES: Rate = Rate::new(5, 86_400);

/// Invite a colleague
///
/// Sends a letter with a link. A pending invitation of the same address is replaced.
#[utoipa::path(post, path = "/v1/invitations", tag = "invitations", request_body = InviteRequest, responses((status = 201, body = Invitation), Problems))]
pub(crate) async fn invite(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<InviteRequest>,
) -> Result<(StatusCode, Json<Invitation>), Problem> {
    scope.require(Permission::AgentsManage)?;
    scope.tenant.account.may_grow()?;
    let world = &app.world;
    let mut check = Check::new();
    let email = check.email("email", &ask.email);
    if ask.role == Some(Role::Owner) || (ask.role.is_none() && ask.custom_role_id.is_none()) {
        check.refuse("role", "role_invalid", "One of: admin, supervisor, agent.");
    }
    let standing = agents::wanted(&app, &scope, ask.role, ask.custom_role_id, &mut check).await?;
    check.finish()?;
    let standing = standing.unwrap_or(Standing::built_in(Role::Agent));
    roles::standing_within_ones_own(&scope, &standing)?;
    // A stranger's mailbox is not ours to fill, whoever asks.
    world.throttle.attempt(&world.database, &format!("invite:{email}"), INVITES, world.now()).await?;
    let tx = scope.begin().await?;
    let inviter = agent::signature(&tx, &scope.who).await?;
    // A request that holds one connection and waits for another can starve the pool.
    tx.commit().await?;
    let (invitation, _) =
        invitation::invite(world, &scope.tenant.account, scope.who.agent_id, &inviter, &email, standing).await?;
    let tx = scope.begin().await?;
    let detail = serde_json::json!({ "email": email, "role": invitation.role, "custom_role": invitation.custom_role.as_ref().map(|role| &role.name) });
    audit::note(&tx, &scope.actor(), "invitation.created", Some(invitation.id.to_string()), detail).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(invitation)))
}

/// Take an invitation back
#[utoipa::path(delete, path = "/v1/invitations/{id}", tag = "invitations", params(("id" = InvitationId, Path)), responses((status = 204), Problems))]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<InvitationId>,
) -> Result<StatusCode, Problem> {
    scope.require(Permission::AgentsManage)?;
    if !invitation::revoke(&app.world, scope.tenant.id(), id).await? {
        return Err(Problem::not_found());
    }
    let tx = scope.begin().await?;
    audit::note(&tx, &scope.actor(), "invitation.revoked", Some(id.to_string()), serde_json::json!({})).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What an invited person sees first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct InvitationGreeting {
    /// The company.
    account_name: String,
    /// The invited address.
    email: String,
    /// As what.
    role: Role,
    /// As what, when it is a role that the company made.
    custom_role: Option<CustomRole>,
    /// Whether the address has a login already: then its password is asked for, not a new one.
    has_login: bool,
    /// Until when the link works.
    expires_at: DateTime<Utc>,
}

/// Look at an invitation
#[utoipa::path(get, path = "/v1/invitations/by-token/{token}", tag = "invitations", security(()), params(("token" = String, Path, description = "From the link")),
    responses((status = 200, body = InvitationGreeting), Problems))]
pub(crate) async fn greet(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
) -> Result<Json<InvitationGreeting>, Problem> {
    let (account, invitation, has_login) = invitation::by_token(&app.world, &token).await?;
    let tenant = Tenant::find(&app.world, account).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(InvitationGreeting {
        account_name: tenant.account.name.clone(),
        email: invitation.email,
        role: invitation.role,
        custom_role: invitation.custom_role,
        has_login,
        expires_at: invitation.expires_at,
    }))
}

/// Who comes in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptRequest {
    /// The name of someone new.
    #[serde(default)]
    name: Option<String>,
    /// The existing login's password, or a new one of at least 8 characters.
    password: String,
}

/// Come in by an invitation
#[utoipa::path(post, path = "/v1/invitations/by-token/{token}/accept", tag = "invitations", security(()), params(("token" = String, Path, description = "From the link")),
    request_body = AcceptRequest, responses((status = 200, body = SessionView), (status = 202, body = LoginChallenge), Problems))]
pub(crate) async fn accept(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Body(ask): Body<AcceptRequest>,
) -> Result<Response, Problem> {
    let world = &app.world;
    let (company, pending, has_login) = invitation::by_token(world, &token).await?;
    if sign_in::policy(world, company).await?.sso_only {
        // Coming by the company's own provider accepts the invitation.
        return Err(NotThisWay::SsoRequired.into());
    }
    world
        .throttle
        .attempt(&world.database, &format!("login:{}", pending.email), Rate::new(10, 60), world.now())
        .await?;
    let mut check = Check::new();
    if !has_login {
        password::check(&mut check, "password", &ask.password, &pending.email);
    }
    let name = ask.name.map(|name| check.line("name", &name, 0, 80));
    check.finish()?;
    let (account, member, _) = invitation::accept(world, &token, name, ask.password).await?;
    onboarding::welcome_member(world, account, member).await?;
    session::enter(&app, &headers, Entry::fresh(StatusCode::OK, member, Method::Password)).await
}
