//! The audit log.

use axum::Json;
use serde::Deserialize;
use tenant::Permission;
use tenant::audit::{self, AuditEntry};
use tenant::page::{Cursor, Page};

use super::Problems;
use crate::extract::{AsMember, Query, cursor, limit};
use crate::problem::Problem;

/// Which part of a list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100; 25 when absent.
    limit: Option<u64>,
}

impl PageQuery {
    /// Where to go on, and how far.
    pub(crate) fn bounds(&self) -> Result<(Option<Cursor>, u64), Problem> {
        Ok((cursor(self.cursor.as_deref())?, limit(self.limit)?))
    }
}

/// Read the audit log
///
/// Newest first.
#[utoipa::path(get, path = "/v1/audit-log", tag = "audit-log", params(PageQuery), responses((status = 200, body = Page<AuditEntry>), Problems))]
pub(crate) async fn list(
    AsMember(scope): AsMember,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    scope.require(Permission::AuditRead)?;
    let (cursor, limit) = query.bounds()?;
    let tx = scope.begin().await?;
    Ok(Json(audit::list(&tx, cursor, limit).await?))
}
