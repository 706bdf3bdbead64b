//! The line: the board that supervisors watch, how true its estimates were, and the visitor's own place.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::waiting_room::{self as rows, Leaving};
use infra::spoken::OrLog as _;
use routing::relay;
use routing::waiting_room::{self, QueueBoard, WaitEstimates, WidgetQueue};
use serde::Deserialize;
use tenant::Permission;

use super::Problems;
use crate::App;
use crate::extract::{AsMember, AsVisitor, Body, Query};
use crate::problem::Problem;

/// Show the queue board
///
/// Who waits for what and for how long, who could take them, and how the lines are. The frame `queue.updated` says when to read it
/// again.
#[utoipa::path(get, path = "/v1/queue", tag = "queue", responses((status = 200, body = QueueBoard), Problems))]
pub(crate) async fn board(State(app): State<Arc<App>>, AsMember(scope): AsMember) -> Result<Json<QueueBoard>, Problem> {
    scope.require(Permission::ConversationsRead)?;
    // It shows colleagues, too.
    scope.require(Permission::AgentsRead)?;
    Ok(Json(waiting_room::board(&app.routing, &scope).await?))
}

/// Over which time.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DaysQuery {
    /// How many days back, 1 to 365; 30 if absent.
    #[serde(default)]
    #[param(minimum = 1, maximum = 365)]
    days: Option<i64>,
}

/// Show how true the estimates of waits were
///
/// What visitors were told when they came, held against how long they then waited.
#[utoipa::path(get, path = "/v1/reports/wait-estimates", tag = "queue", params(DaysQuery), responses((status = 200, body = WaitEstimates), Problems))]
pub(crate) async fn wait_estimates(
    AsMember(scope): AsMember,
    Query(query): Query<DaysQuery>,
) -> Result<Json<WaitEstimates>, Problem> {
    scope.require(Permission::SurveysRead)?;
    let days = query.days.unwrap_or(30);
    if !(1..=365).contains(&days) {
        let detail = Some("days is 1 to 365.");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "days_out_of_range", detail));
    }
    let tx = scope.begin().await?;
    Ok(Json(waiting_room::wait_estimates(&tx, days).await?))
}

/// Show where a visitor stands in line
///
/// The frame `queue.updated` says when it has changed.
#[utoipa::path(get, path = "/v1/widget/queue", tag = "widget", responses((status = 200, body = WidgetQueue), Problems))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    AsVisitor(scope): AsVisitor,
) -> Result<Json<WidgetQueue>, Problem> {
    Ok(Json(waiting_room::of_visitor(&app.routing, &scope).await?))
}

/// Leave the line without giving up
///
/// For who would rather be answered later, called or written to. Their conversation stays in line behind those who wait now; their
/// address or number is kept where the company knew none. With a `client_message_id` it may be repeated: it is written once.
#[utoipa::path(post, path = "/v1/widget/queue/leave", tag = "widget", request_body = Leaving, responses((status = 200, body = WidgetQueue), Problems))]
pub(crate) async fn leave(
    State(app): State<Arc<App>>,
    AsVisitor(scope): AsVisitor,
    Body(ask): Body<Leaving>,
) -> Result<Json<WidgetQueue>, Problem> {
    scope.may_write()?;
    let mut tx = scope.begin().await?;
    rows::leave(&mut tx, scope.who.contact_id, scope.who.inbox_id, ask).await?;
    tx.commit().await?;
    relay::assign_soon(&app.routing, scope.tenant.id());
    // They have left, and those behind them are told within two seconds all the same.
    waiting_room::refresh_now(&app.routing, scope.tenant.id()).await.or_log("telling those who wait");
    Ok(Json(waiting_room::of_visitor(&app.routing, &scope).await?))
}
