//! Roles: the four that every company has, and those that it makes itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use routing::revocation::{self, Revocation};
use serde_json::json;
use tenant::page::Page;
use tenant::permission::Denied;
use tenant::role::{self, RoleRequest, RoleView};
use tenant::{Member, Permission, Permissions, RoleId, Scope, Standing, Visibility, audit};

use super::Problems;
use crate::App;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// Refuses when these rights, or this sight, are more than the caller's own: nobody gives away or takes from another what they have
/// not themselves.
pub(crate) fn within_ones_own(
    scope: &Scope<Member>,
    permissions: &Permissions,
    visibility: Visibility,
) -> Result<(), Denied> {
    scope.who.permissions.cover(permissions)?;
    if visibility > scope.who.standing.visibility() { Err(Denied(Permission::ConversationsRead)) } else { Ok(()) }
}

/// The same for what somebody is, or is to be.
pub(crate) fn standing_within_ones_own(scope: &Scope<Member>, standing: &Standing) -> Result<(), Denied> {
    within_ones_own(scope, &standing.permissions(), standing.visibility())
}

/// List roles
///
/// The four that every company has, then its own by name, each with how many hold it.
#[utoipa::path(get, path = "/v1/roles", tag = "roles", responses((status = 200, body = Page<RoleView>), Problems))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<Page<RoleView>>, Problem> {
    scope.require(Permission::AgentsManage)?;
    Ok(Json(Page::whole(role::list(&app.world, scope.tenant.id()).await?)))
}

/// Make a role
///
/// A name for a set of rights and how far its holders see: every conversation (`all`), those of their teams and their own (`teams`), or
/// their own and what nobody has yet in their teams (`own`). Never more than whoever makes it has.
#[utoipa::path(post, path = "/v1/roles", tag = "roles", request_body = RoleRequest, responses((status = 201, body = RoleView), Problems))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<RoleRequest>,
) -> Result<(StatusCode, Json<RoleView>), Problem> {
    scope.require(Permission::AgentsManage)?;
    within_ones_own(&scope, &ask.permissions, ask.visibility)?;
    let made = role::create(&app.world, scope.tenant.id(), ask).await?;
    note(&scope, "role.created", &made).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Show a role
#[utoipa::path(get, path = "/v1/roles/{id}", tag = "roles", params(("id" = RoleId, Path)), responses((status = 200, body = RoleView), Problems))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<RoleId>,
) -> Result<Json<RoleView>, Problem> {
    scope.require(Permission::AgentsManage)?;
    Ok(Json(role::find(&app.world, scope.tenant.id(), id).await?))
}

/// Write a role anew
///
/// For everybody who holds it, at once: their sockets close and come back with what they may see now.
#[utoipa::path(put, path = "/v1/roles/{id}", tag = "roles", params(("id" = RoleId, Path)), request_body = RoleRequest,
    responses((status = 200, body = RoleView), Problems))]
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<RoleId>,
    Body(ask): Body<RoleRequest>,
) -> Result<Json<RoleView>, Problem> {
    scope.require(Permission::AgentsManage)?;
    let before = role::find(&app.world, scope.tenant.id(), id).await?;
    within_ones_own(&scope, &before.permissions, before.visibility)?;
    within_ones_own(&scope, &ask.permissions, ask.visibility)?;
    let changed = role::replace(&app.world, scope.tenant.id(), id, ask).await?;
    note(&scope, "role.updated", &changed).await?;
    revocation::revoke(&app.routing, Revocation::Keys(scope.tenant.id())).await;
    Ok(Json(changed))
}

/// Remove a role
///
/// Refused while somebody holds it, or is invited to it.
#[utoipa::path(delete, path = "/v1/roles/{id}", tag = "roles", params(("id" = RoleId, Path)), responses((status = 204), Problems))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<RoleId>,
) -> Result<StatusCode, Problem> {
    scope.require(Permission::AgentsManage)?;
    let before = role::find(&app.world, scope.tenant.id(), id).await?;
    within_ones_own(&scope, &before.permissions, before.visibility)?;
    let gone = role::remove(&app.world, scope.tenant.id(), id).await?;
    note(&scope, "role.removed", &gone).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn note(scope: &Scope<Member>, action: &'static str, role: &RoleView) -> Result<(), Problem> {
    let tx = scope.begin().await?;
    let detail = json!({ "name": role.name, "permissions": role.permissions, "visibility": role.visibility });
    audit::note(&tx, &scope.actor(), action, Some(role.id.clone()), detail).await?;
    Ok(tx.commit().await?)
}
