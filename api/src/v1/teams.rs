//! Teams.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::assignment_policy::Landscape;
use desk::setup::{Noun, SetupError};
use desk::team::{self, Team, TeamId, TeamRequest};
use routing::revocation::{self, Revocation};
use serde::Deserialize;
use serde_json::json;
use tenant::AgentId;
use tenant::page::Page;

use super::Problems;
use super::setup::{Setup, disabled, landscape, look};
use crate::App;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// With what will not work as somebody may hope.
fn judged(team: Team, landscape: &Landscape) -> Team {
    Team { warnings: landscape.warn_of_team(&team), ..team }
}

/// List teams
#[utoipa::path(get, path = "/v1/teams", tag = "teams", responses((status = 200, body = Page<Team>), Problems))]
pub(crate) async fn list(State(app): State<Arc<App>>, AsMember(scope): AsMember) -> Result<Json<Page<Team>>, Problem> {
    let off = disabled(&app, &scope).await?;
    let tx = look(&scope).await?;
    let landscape = landscape(&tx, &off).await?;
    let view = |team: &Team| judged(team.clone(), &landscape);
    Ok(Json(Page::whole(landscape.teams().iter().map(view).collect())))
}

/// Make a team
#[utoipa::path(post, path = "/v1/teams", tag = "teams", request_body = TeamRequest, responses((status = 201, body = Team), Problems))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<TeamRequest>,
) -> Result<(StatusCode, Json<Team>), Problem> {
    let off = disabled(&app, &scope).await?;
    let setup = Setup::begin(&app, &scope).await?;
    let made = team::create(&setup.tx, ask).await?;
    let view = judged(made, &landscape(&setup.tx, &off).await?);
    let detail = json!({ "name": view.name });
    setup.done("team.created", Some(view.id.to_string()), detail).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Show a team
#[utoipa::path(get, path = "/v1/teams/{id}", tag = "teams", params(("id" = TeamId, Path)), responses((status = 200, body = Team), Problems))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<TeamId>,
) -> Result<Json<Team>, Problem> {
    let off = disabled(&app, &scope).await?;
    let tx = look(&scope).await?;
    let found = team::find(&tx, id).await?.ok_or(SetupError::Unknown(Noun::Team))?;
    Ok(Json(judged(found, &landscape(&tx, &off).await?)))
}

/// Write a team anew
///
/// Its members stay. A policy with which conversations would go round for ever is refused with `overflow_cycle`.
#[utoipa::path(put, path = "/v1/teams/{id}", tag = "teams", params(("id" = TeamId, Path)), request_body = TeamRequest,
    responses((status = 200, body = Team), Problems))]
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<TeamId>,
    Body(ask): Body<TeamRequest>,
) -> Result<Json<Team>, Problem> {
    let off = disabled(&app, &scope).await?;
    let setup = Setup::begin(&app, &scope).await?;
    let changed = team::replace(&setup.tx, id, ask).await?;
    let view = judged(changed, &landscape(&setup.tx, &off).await?);
    let detail = json!({ "name": view.name, "brand_id": view.brand_id, "public": view.public,
        "assignment_policy_id": view.assignment_policy_id, "business_hours_id": view.business_hours_id });
    setup.done("team.updated", Some(id.to_string()), detail).await?;
    Ok(Json(view))
}

/// Remove a team
///
/// Refused while an inbox, a policy or a rule leads to it, or it has conversations that are not resolved.
#[utoipa::path(delete, path = "/v1/teams/{id}", tag = "teams", params(("id" = TeamId, Path)), responses((status = 204), Problems))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<TeamId>,
) -> Result<StatusCode, Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let gone = team::remove(&setup.tx, id).await?;
    setup.done("team.removed", Some(id.to_string()), json!({ "name": gone.name })).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is to be in a team.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TeamMembers {
    /// Each agent once; at most 1,000.
    agent_ids: Vec<AgentId>,
}

/// Say who is in a team
#[utoipa::path(put, path = "/v1/teams/{id}/members", tag = "teams", params(("id" = TeamId, Path)), request_body = TeamMembers,
    responses((status = 200, body = Team), Problems))]
pub(crate) async fn set_members(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<TeamId>,
    Body(ask): Body<TeamMembers>,
) -> Result<Json<Team>, Problem> {
    let off = disabled(&app, &scope).await?;
    let setup = Setup::begin(&app, &scope).await?;
    let changed = team::set_members(&setup.tx, id, ask.agent_ids).await?;
    let view = judged(changed, &landscape(&setup.tx, &off).await?);
    let detail = json!({ "name": view.name, "agent_ids": view.agent_ids });
    setup.done("team.members_changed", Some(id.to_string()), detail).await?;
    // Whoever sees only what their teams have sees something else now.
    revocation::revoke(&app.routing, Revocation::Sight(scope.tenant.id())).await;
    Ok(Json(view))
}
