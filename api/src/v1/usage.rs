//! Plans and usage.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use billing::Plan;
use billing::usage::{Bounds, Period, UsageReport, report};
use serde::Deserialize;
use tenant::page::Page;
use tenant::{Permission, export, membership};

use super::Problems;
use crate::App;
use crate::extract::{AsMember, Query};
use crate::problem::Problem;

/// List plans
#[utoipa::path(get, path = "/v1/plans", tag = "usage", responses((status = 200, body = Page<Plan>), Problems))]
pub(crate) async fn plans(AsMember(scope): AsMember) -> Result<Json<Page<Plan>>, Problem> {
    scope.require(Permission::UsageRead)?;
    Ok(Json(Page::whole(billing::plan::all())))
}

/// Which month.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageQuery {
    /// `YYYY-MM` (UTC), or `billing` for the period that the subscription is in; the present month when absent.
    period: Option<String>,
}

/// Show usage
///
/// What was counted for billing in a month or in the present billing period, meter by meter, day by day, with a forecast.
#[utoipa::path(get, path = "/v1/usage", tag = "usage", params(UsageQuery), responses((status = 200, body = UsageReport), Problems))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Query(query): Query<UsageQuery>,
) -> Result<Json<UsageReport>, Problem> {
    scope.require(Permission::UsageRead)?;
    let (period, months) = match query.period.as_deref() {
        None => (Period::of(scope.now()), 1),
        Some("billing") => super::billing::present_period(&app, &scope).await?,
        Some(text) => (Period::parse(text)?, 1),
    };
    let members = membership::of_account(&app.world, scope.tenant.id()).await?;
    let seats = members.iter().filter(|member| member.disabled_at.is_none()).count();
    let storage = export::kept_bytes(&app.world, scope.tenant.id()).await?;
    let tx = scope.begin().await?;
    let bounds = Bounds {
        plan: &scope.tenant.account.plan,
        limits: scope.limits(),
        months,
        agents: i64::try_from(seats).unwrap_or(i64::MAX),
        storage,
    };
    Ok(Json(report(&tx, &period, bounds).await?))
}
