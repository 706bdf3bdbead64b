//! Ratings.

use axum::Json;
use desk::survey::{self, SurveyResponse, SurveySummary};
use tenant::Permission;
use tenant::page::Page;

use super::Problems;
use super::audit_log::PageQuery;
use crate::extract::{AsMember, Query};
use crate::problem::Problem;

/// List ratings
///
/// Newest first.
#[utoipa::path(get, path = "/v1/survey-responses", tag = "surveys", params(PageQuery), responses((status = 200, body = Page<SurveyResponse>), Problems))]
pub(crate) async fn list(
    AsMember(scope): AsMember,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<SurveyResponse>>, Problem> {
    scope.require(Permission::SurveysRead)?;
    let (cursor, limit) = query.bounds()?;
    let tx = scope.begin().await?;
    Ok(Json(survey::list(&tx, cursor, limit).await?))
}

/// Sum ratings up
#[utoipa::path(get, path = "/v1/survey-responses/summary", tag = "surveys", responses((status = 200, body = SurveySummary), Problems))]
pub(crate) async fn summary(AsMember(scope): AsMember) -> Result<Json<SurveySummary>, Problem> {
    scope.require(Permission::SurveysRead)?;
    let tx = scope.begin().await?;
    Ok(Json(survey::summary(&tx).await?))
}
