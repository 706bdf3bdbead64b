//! Business hours.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use desk::business_hours::{self, BusinessHours, BusinessHoursRequest, HoursId};
use desk::hours::Span;
use desk::setup::{Noun, SetupError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenant::page::Page;

use super::Problems;
use super::setup::{Setup, look};
use crate::App;
use crate::extract::{AsMember, Body, Path, Query};
use crate::problem::Problem;

/// List business hours
#[utoipa::path(get, path = "/v1/business-hours", tag = "business-hours", responses((status = 200, body = Page<BusinessHours>), Problems))]
pub(crate) async fn list(AsMember(scope): AsMember) -> Result<Json<Page<BusinessHours>>, Problem> {
    let tx = look(&scope).await?;
    Ok(Json(Page::whole(business_hours::list(&tx).await?)))
}

/// Make business hours
#[utoipa::path(post, path = "/v1/business-hours", tag = "business-hours", request_body = BusinessHoursRequest, responses((status = 201, body = BusinessHours), Problems))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<BusinessHoursRequest>,
) -> Result<(StatusCode, Json<BusinessHours>), Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let view = business_hours::create(&setup.tx, ask).await?;
    let detail = json!({ "name": view.name });
    setup.done("business_hours.created", Some(view.id.to_string()), detail).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Show business hours
#[utoipa::path(get, path = "/v1/business-hours/{id}", tag = "business-hours", params(("id" = HoursId, Path)), responses((status = 200, body = BusinessHours), Problems))]
pub(crate) async fn show(AsMember(scope): AsMember, Path(id): Path<HoursId>) -> Result<Json<BusinessHours>, Problem> {
    let tx = look(&scope).await?;
    let found = business_hours::find(&tx, id).await?.ok_or(SetupError::Unknown(Noun::BusinessHours))?;
    Ok(Json(found))
}

/// Write business hours anew
#[utoipa::path(put, path = "/v1/business-hours/{id}", tag = "business-hours", params(("id" = HoursId, Path)), request_body = BusinessHoursRequest,
    responses((status = 200, body = BusinessHours), Problems))]
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<HoursId>,
    Body(ask): Body<BusinessHoursRequest>,
) -> Result<Json<BusinessHours>, Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let view = business_hours::replace(&setup.tx, id, ask).await?;
    let detail = json!({ "name": view.name, "calendar": view.calendar });
    setup.done("business_hours.updated", Some(id.to_string()), detail).await?;
    Ok(Json(view))
}

/// Which time of a schedule.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ScheduleQuery {
    /// From when on.
    from: DateTime<Utc>,
    /// Until when: after `from`, by at most 62 days.
    to: DateTime<Utc>,
}

/// When it is open.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Schedule {
    /// In order, apart, cut at both ends of the time that was asked for.
    open: Vec<Span>,
}

/// Show when business hours are open
#[utoipa::path(get, path = "/v1/business-hours/{id}/schedule", tag = "business-hours", params(("id" = HoursId, Path), ScheduleQuery),
    responses((status = 200, body = Schedule), Problems))]
pub(crate) async fn schedule(
    AsMember(scope): AsMember,
    Path(id): Path<HoursId>,
    Query(query): Query<ScheduleQuery>,
) -> Result<Json<Schedule>, Problem> {
    let tx = look(&scope).await?;
    let hours = business_hours::find(&tx, id).await?.ok_or(SetupError::Unknown(Noun::BusinessHours))?;
    Ok(Json(Schedule { open: hours.schedule(query.from, query.to)? }))
}

/// Remove business hours
///
/// Refused while a team, an inbox or a brand names them.
#[utoipa::path(delete, path = "/v1/business-hours/{id}", tag = "business-hours", params(("id" = HoursId, Path)), responses((status = 204), Problems))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<HoursId>,
) -> Result<StatusCode, Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let gone = business_hours::remove(&setup.tx, id).await?;
    setup.done("business_hours.removed", Some(id.to_string()), json!({ "name": gone.name })).await?;
    Ok(StatusCode::NO_CONTENT)
}
