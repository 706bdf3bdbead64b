//! Companies come into groups and leave them, when both sides want it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenant::membership::Role;
use tenant::organisation::{self, Direction, Move, Organisation, OrganisationId, Side};
use tenant::permission::Denied;
use tenant::{AccountId, Member, Permission, Scope};

use super::Problems;
use super::organisations::{manager, note, person};
use crate::App;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// A move to ask for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveRequest {
    /// The company.
    account_id: AccountId,
    /// Into the group, or out of it.
    direction: Direction,
}

/// Ask a company to come into a group, or to leave it
///
/// Its owner answers.
#[utoipa::path(post, path = "/v1/organisations/{id}/moves", tag = "organisations", params(("id" = OrganisationId, Path)),
    request_body = MoveRequest, responses((status = 204), Problems))]
pub(crate) async fn ask_account(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<OrganisationId>,
    Body(ask): Body<MoveRequest>,
) -> Result<StatusCode, Problem> {
    manager(&app, &scope, id).await?;
    organisation::ask(&app.world, id, ask.account_id, ask.direction, Side::Organisation).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An answer to a move.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveAnswer {
    /// Whether it may be.
    accept: bool,
}

/// Answer a company that wants to come into a group, or to leave it
#[utoipa::path(put, path = "/v1/organisations/{id}/moves/{account_id}", tag = "organisations",
    params(("id" = OrganisationId, Path), ("account_id" = AccountId, Path)), request_body = MoveAnswer, responses((status = 204), Problems))]
pub(crate) async fn answer_account(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path((id, account)): Path<(OrganisationId, AccountId)>,
    Body(ask): Body<MoveAnswer>,
) -> Result<StatusCode, Problem> {
    let (who, group) = manager(&app, &scope, id).await?;
    let direction = organisation::answer(&app.world, id, account, Side::Organisation, ask.accept).await?;
    if ask.accept {
        note(&app, account, &who.actor, moved(direction), json!({ "name": group.name })).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

const fn moved(direction: Direction) -> &'static str {
    match direction {
        Direction::Join => "organisation.joined",
        Direction::Leave => "organisation.left",
    }
}

/// What a company has to do with groups.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AccountGroup {
    /// Its group, if it is in one.
    organisation: Option<Organisation>,
    /// The move that waits for an answer.
    pending: Option<Move>,
}

/// Show which group the company is in
#[utoipa::path(get, path = "/v1/account/organisation", tag = "account", responses((status = 200, body = AccountGroup), Problems))]
pub(crate) async fn of_account(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<AccountGroup>, Problem> {
    scope.require(Permission::AccountManage)?;
    let account = scope.tenant.id();
    let pending = organisation::moves(&app.world, None, Some(account)).await?.into_iter().next();
    Ok(Json(AccountGroup { organisation: organisation::of_account(&app.world, account).await?, pending }))
}

/// A move that a company asks for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountMoveRequest {
    /// The group.
    organisation_id: OrganisationId,
    /// Into it, or out of it.
    direction: Direction,
}

fn owner(scope: &Scope<Member>) -> Result<(), Denied> {
    if scope.who.standing.role == Role::Owner { Ok(()) } else { Err(Denied(Permission::AccountManage)) }
}

/// Ask to come into a group, or to leave it
///
/// By the owner. One of the group's admins answers.
#[utoipa::path(post, path = "/v1/account/organisation/moves", tag = "account", request_body = AccountMoveRequest,
    responses((status = 204), Problems))]
pub(crate) async fn ask_group(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<AccountMoveRequest>,
) -> Result<StatusCode, Problem> {
    person(&app, &scope).await?;
    owner(&scope)?;
    organisation::ask(&app.world, ask.organisation_id, scope.tenant.id(), ask.direction, Side::Account).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An answer to a group.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupAnswer {
    /// The group.
    organisation_id: OrganisationId,
    /// Whether it may be.
    accept: bool,
}

/// Answer a group that wants the company, or wants it to leave
///
/// By the owner. Saying no also takes back what one has asked oneself.
#[utoipa::path(put, path = "/v1/account/organisation/moves", tag = "account", request_body = GroupAnswer, responses((status = 204), Problems))]
pub(crate) async fn answer_group(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<GroupAnswer>,
) -> Result<StatusCode, Problem> {
    let who = person(&app, &scope).await?;
    owner(&scope)?;
    let account = scope.tenant.id();
    let direction = organisation::answer(&app.world, ask.organisation_id, account, Side::Account, ask.accept).await?;
    if ask.accept {
        note(&app, account, &who.actor, moved(direction), json!({ "organisation_id": ask.organisation_id })).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
