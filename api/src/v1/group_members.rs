//! Who manages a group, and who is what in its companies.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use infra::validate::Check;
use routing::revocation::{self, Revocation};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenant::login::LoginId;
use tenant::membership::{self, Role};
use tenant::organisation::{self, GroupAdmin, OrganisationId};
use tenant::page::Page;
use tenant::permission::Denied;
use tenant::session::own;
use tenant::{AccountId, Permission, Tenant, invitation};

use super::Problems;
use super::invitations::INVITES;
use super::organisations::{manager, note, note_in_all};
use crate::App;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// Somebody's address.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupAdminRequest {
    /// Of somebody who belongs to one of the group's companies.
    email: String,
}

/// Let somebody manage a group
///
/// With fresh proof of who asks. It stands in the audit log of each of the group's companies.
#[utoipa::path(post, path = "/v1/organisations/{id}/admins", tag = "organisations", params(("id" = OrganisationId, Path)),
    request_body = GroupAdminRequest, responses((status = 201, body = GroupAdmin), Problems))]
pub(crate) async fn add_admin(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<OrganisationId>,
    Body(ask): Body<GroupAdminRequest>,
) -> Result<(StatusCode, Json<GroupAdmin>), Problem> {
    let (who, group) = manager(&app, &scope, id).await?;
    own::require_recent_proof(&app.world, scope.session()?).await?;
    let before = organisation::admins(&app.world, id).await?;
    let added = organisation::add_admin(&app.world, id, &ask.email).await?;
    if !before.iter().any(|admin| admin.user_id == added.user_id) {
        let detail = json!({ "name": group.name, "email": added.email });
        note_in_all(&app, id, &who.actor, "organisation.admin_added", &detail).await?;
    }
    Ok((StatusCode::CREATED, Json(added)))
}

/// Take the management of a group from somebody
///
/// The last one stays. With fresh proof of who asks. It stands in the audit log of each of the group's companies.
#[utoipa::path(delete, path = "/v1/organisations/{id}/admins/{user_id}", tag = "organisations",
    params(("id" = OrganisationId, Path), ("user_id" = LoginId, Path)), responses((status = 204), Problems))]
pub(crate) async fn remove_admin(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path((id, user)): Path<(OrganisationId, LoginId)>,
) -> Result<StatusCode, Problem> {
    let (who, group) = manager(&app, &scope, id).await?;
    own::require_recent_proof(&app.world, scope.session()?).await?;
    let gone = organisation::admins(&app.world, id).await?.into_iter().find(|admin| admin.user_id == user);
    organisation::remove_admin(&app.world, id, user).await?;
    let detail = json!({ "name": group.name, "email": gone.map(|admin| admin.email) });
    note_in_all(&app, id, &who.actor, "organisation.admin_removed", &detail).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A member of one of a group's companies.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct GroupMember {
    /// Their id in that company.
    agent_id: tenant::AgentId,
    /// Their name.
    name: String,
    /// Their address.
    email: String,
    /// What they are there.
    role: Role,
    /// The role that the company made, if they hold one.
    custom_role: Option<tenant::role::CustomRole>,
}

/// List the members of a company in a group
#[utoipa::path(get, path = "/v1/organisations/{id}/accounts/{account_id}/members", tag = "organisations",
    params(("id" = OrganisationId, Path), ("account_id" = AccountId, Path)), responses((status = 200, body = Page<GroupMember>), Problems))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path((id, account)): Path<(OrganisationId, AccountId)>,
) -> Result<Json<Page<GroupMember>>, Problem> {
    manager(&app, &scope, id).await?;
    organisation::account(&app.world, id, account).await?;
    let members = membership::of_account(&app.world, account).await?;
    let view = |member: membership::Membership| GroupMember {
        agent_id: member.id,
        name: member.name,
        email: member.email,
        role: member.standing.role,
        custom_role: member.standing.custom,
    };
    Ok(Json(Page::whole(members.into_iter().filter(|member| member.disabled_at.is_none()).map(view).collect())))
}

/// Who is to be what.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupRole {
    /// Their address.
    email: String,
    /// `admin`, `supervisor` or `agent`.
    role: Role,
}

/// What became of it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct GroupRoleGiven {
    /// Whether they were a member already; otherwise a letter with an invitation is on its way.
    is_member: bool,
}

/// Give somebody a role in a company of a group
///
/// Whoever is a member there gets the role at once; others are invited by a letter. The owner stays the owner.
#[utoipa::path(put, path = "/v1/organisations/{id}/accounts/{account_id}/members", tag = "organisations",
    params(("id" = OrganisationId, Path), ("account_id" = AccountId, Path)), request_body = GroupRole,
    responses((status = 200, body = GroupRoleGiven), Problems))]
pub(crate) async fn give_role(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path((id, account)): Path<(OrganisationId, AccountId)>,
    Body(ask): Body<GroupRole>,
) -> Result<Json<GroupRoleGiven>, Problem> {
    let (who, _) = manager(&app, &scope, id).await?;
    organisation::account(&app.world, id, account).await?;
    let mut check = Check::new();
    let email = check.email("email", &ask.email);
    if ask.role == Role::Owner {
        check.refuse("role", "role_invalid", "One of: admin, supervisor, agent.");
    }
    check.finish()?;
    let tenant = Tenant::active(&app.world, account).await?;
    let members = membership::of_account(&app.world, account).await?;
    let standing = tenant::Standing::built_in(ask.role);
    let known = members.iter().find(|member| member.email == email);
    match known {
        Some(member) if member.standing.role == Role::Owner => {
            return Err(Denied(Permission::AgentsManage).into());
        }
        Some(member) => {
            membership::update(&app.world, account, member.id, Some(&standing), None).await?;
            revocation::revoke(&app.routing, Revocation::Agent(account, member.id)).await;
        }
        None => {
            tenant.account.may_grow()?;
            // A stranger's mailbox is not ours to fill, whoever asks.
            let world = &app.world;
            world.throttle.attempt(&world.database, &format!("invite:{email}"), INVITES, world.now()).await?;
            let (by, inviter) = (scope.who.agent_id, who.user.name.as_str());
            invitation::invite(&app.world, &tenant.account, by, inviter, &email, standing).await?;
        }
    }
    note(&app, account, &who.actor, "organisation.role_given", json!({ "email": email, "role": ask.role })).await?;
    Ok(Json(GroupRoleGiven { is_member: known.is_some() }))
}
