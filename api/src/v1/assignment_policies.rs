//! Assignment policies.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::assignment_policy::{self, AssignmentPolicy, Landscape, PolicyId, PolicyRequest};
use desk::setup::{Noun, SetupError};
use serde::Deserialize;
use serde_json::json;
use tenant::page::Page;

use super::Problems;
use super::setup::{Setup, disabled, landscape, look};
use crate::App;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// With what will not work as somebody may hope.
fn judged(policy: AssignmentPolicy, landscape: &Landscape) -> AssignmentPolicy {
    AssignmentPolicy { warnings: landscape.warn_of_policy(&policy), ..policy }
}

/// List assignment policies
///
/// The default first. There is always one.
#[utoipa::path(get, path = "/v1/assignment-policies", tag = "assignment-policies", responses((status = 200, body = Page<AssignmentPolicy>), Problems))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<Page<AssignmentPolicy>>, Problem> {
    let off = disabled(&app, &scope).await?;
    let tx = look(&scope).await?;
    assignment_policy::ensure_default(&tx).await?;
    let landscape = landscape(&tx, &off).await?;
    tx.commit().await?;
    let view = |policy: &AssignmentPolicy| judged(policy.clone(), &landscape);
    Ok(Json(Page::whole(landscape.policies().iter().map(view).collect())))
}

/// Make an assignment policy
///
/// What can never work is refused; what works otherwise than meant comes back with warnings.
#[utoipa::path(post, path = "/v1/assignment-policies", tag = "assignment-policies", request_body = PolicyRequest, responses((status = 201, body = AssignmentPolicy), Problems))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<PolicyRequest>,
) -> Result<(StatusCode, Json<AssignmentPolicy>), Problem> {
    let off = disabled(&app, &scope).await?;
    let setup = Setup::begin(&app, &scope).await?;
    let made = assignment_policy::create(&setup.tx, ask).await?;
    let view = judged(made, &landscape(&setup.tx, &off).await?);
    let detail = json!({ "name": view.name });
    setup.done("assignment_policy.created", Some(view.id.to_string()), detail).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Show an assignment policy
#[utoipa::path(get, path = "/v1/assignment-policies/{id}", tag = "assignment-policies", params(("id" = PolicyId, Path)), responses((status = 200, body = AssignmentPolicy), Problems))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<PolicyId>,
) -> Result<Json<AssignmentPolicy>, Problem> {
    let off = disabled(&app, &scope).await?;
    let tx = look(&scope).await?;
    let found = assignment_policy::find(&tx, id).await?.ok_or(SetupError::Unknown(Noun::AssignmentPolicy))?;
    Ok(Json(judged(found, &landscape(&tx, &off).await?)))
}

/// Write an assignment policy anew
///
/// What can never work is refused; what works otherwise than meant comes back with warnings.
#[utoipa::path(put, path = "/v1/assignment-policies/{id}", tag = "assignment-policies", params(("id" = PolicyId, Path)), request_body = PolicyRequest,
    responses((status = 200, body = AssignmentPolicy), Problems))]
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<PolicyId>,
    Body(ask): Body<PolicyRequest>,
) -> Result<Json<AssignmentPolicy>, Problem> {
    let off = disabled(&app, &scope).await?;
    let setup = Setup::begin(&app, &scope).await?;
    let changed = assignment_policy::replace(&setup.tx, id, ask).await?;
    let view = judged(changed, &landscape(&setup.tx, &off).await?);
    let detail = json!({ "name": view.name, "rules": view.rules });
    setup.done("assignment_policy.updated", Some(id.to_string()), detail).await?;
    Ok(Json(view))
}

/// Remove an assignment policy
///
/// Refused while a team or an inbox names it, and for the default.
#[utoipa::path(delete, path = "/v1/assignment-policies/{id}", tag = "assignment-policies", params(("id" = PolicyId, Path)), responses((status = 204), Problems))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<PolicyId>,
) -> Result<StatusCode, Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let gone = assignment_policy::remove(&setup.tx, id).await?;
    setup.done("assignment_policy.removed", Some(id.to_string()), json!({ "name": gone.name })).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which one is to hold where no other is named.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DefaultPolicy {
    /// Which.
    assignment_policy_id: PolicyId,
}

/// Choose the default assignment policy
#[utoipa::path(put, path = "/v1/assignment-policies/default", tag = "assignment-policies", request_body = DefaultPolicy,
    responses((status = 200, body = AssignmentPolicy), Problems))]
pub(crate) async fn make_default(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<DefaultPolicy>,
) -> Result<Json<AssignmentPolicy>, Problem> {
    let off = disabled(&app, &scope).await?;
    let setup = Setup::begin(&app, &scope).await?;
    let policy = assignment_policy::make_default(&setup.tx, ask.assignment_policy_id).await?;
    let view = judged(policy, &landscape(&setup.tx, &off).await?);
    let (id, detail) = (view.id.to_string(), json!({ "name": view.name }));
    setup.done("assignment_policy.made_default", Some(id), detail).await?;
    Ok(Json(view))
}
