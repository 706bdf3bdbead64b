//! How much the company may have, and how fast it may go.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tenant::gate::{Speed, Whose};
use tenant::pace::{Class, Pace};
use tenant::{Limits, Permission};

use super::Problems;
use crate::App;
use crate::extract::AsMember;
use crate::problem::Problem;

/// The bounds of a company.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Bounds {
    /// How much it may have.
    limits: Limits,
    /// How fast it may go.
    pace: Pace,
    /// What is counted, and what came of it. Classes without a bound are not among them.
    counts: Vec<Count>,
    /// Sockets and streams open at this server.
    sockets_open: usize,
    /// How many requests of the company may be at the database at once, at each server.
    database_places: usize,
}

/// One thing that is counted.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Count {
    /// What.
    class: Class,
    /// So many a minute.
    per_minute: u32,
    /// So many at once.
    burst: u32,
    /// How many this server has refused since it was started.
    refused: u64,
}

/// Show the company's limits
#[utoipa::path(get, path = "/v1/limits", tag = "usage", responses((status = 200, body = Bounds), Problems))]
pub(crate) async fn show(State(app): State<Arc<App>>, AsMember(scope): AsMember) -> Result<Json<Bounds>, Problem> {
    scope.require(Permission::UsageRead)?;
    let (account, pace) = (scope.tenant.id(), scope.tenant.account.pace);
    let counted = |class: Class| {
        let per_minute = pace.of(class)?;
        let refused = app.world.gate.refused(Whose::all(account.uuid(), class));
        Some(Count { class, per_minute, burst: Speed::per_minute(per_minute).burst(), refused })
    };
    Ok(Json(Bounds {
        limits: scope.limits(),
        pace,
        counts: Class::OF_COMPANY.into_iter().filter_map(counted).collect(),
        sockets_open: app.routing.switchboard.sockets_of(account),
        database_places: app.world.shares.each(),
    }))
}
