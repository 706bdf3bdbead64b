//! Skills.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::setup::{Noun, SetupError};
use desk::skill::{self, Skill, SkillId, SkillRequest};
use serde_json::json;
use tenant::page::Page;

use super::Problems;
use super::setup::{Setup, look};
use crate::App;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// List skills
#[utoipa::path(get, path = "/v1/skills", tag = "skills", responses((status = 200, body = Page<Skill>), Problems))]
pub(crate) async fn list(AsMember(scope): AsMember) -> Result<Json<Page<Skill>>, Problem> {
    let tx = look(&scope).await?;
    Ok(Json(Page::whole(skill::list(&tx).await?)))
}

/// Make a skill
#[utoipa::path(post, path = "/v1/skills", tag = "skills", request_body = SkillRequest, responses((status = 201, body = Skill), Problems))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<SkillRequest>,
) -> Result<(StatusCode, Json<Skill>), Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let made = skill::create(&setup.tx, ask).await?;
    setup.done("skill.created", Some(made.id.to_string()), json!({ "name": made.name })).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Show a skill
#[utoipa::path(get, path = "/v1/skills/{id}", tag = "skills", params(("id" = SkillId, Path)), responses((status = 200, body = Skill), Problems))]
pub(crate) async fn show(AsMember(scope): AsMember, Path(id): Path<SkillId>) -> Result<Json<Skill>, Problem> {
    let tx = look(&scope).await?;
    Ok(Json(skill::find(&tx, id).await?.ok_or(SetupError::Unknown(Noun::Skill))?))
}

/// Write a skill anew
#[utoipa::path(put, path = "/v1/skills/{id}", tag = "skills", params(("id" = SkillId, Path)), request_body = SkillRequest,
    responses((status = 200, body = Skill), Problems))]
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<SkillId>,
    Body(ask): Body<SkillRequest>,
) -> Result<Json<Skill>, Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let changed = skill::replace(&setup.tx, id, ask).await?;
    setup.done("skill.updated", Some(id.to_string()), json!({ "name": changed.name })).await?;
    Ok(Json(changed))
}

/// Remove a skill
///
/// Agents lose it. Refused while a rule or a conversation that waits asks for it.
#[utoipa::path(delete, path = "/v1/skills/{id}", tag = "skills", params(("id" = SkillId, Path)), responses((status = 204), Problems))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<SkillId>,
) -> Result<StatusCode, Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let gone = skill::remove(&setup.tx, id).await?;
    setup.done("skill.removed", Some(id.to_string()), json!({ "name": gone.name })).await?;
    Ok(StatusCode::NO_CONTENT)
}
