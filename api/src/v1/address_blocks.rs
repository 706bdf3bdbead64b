//! Networks from which no visitors are let in.

use axum::Json;
use axum::http::StatusCode;
use desk::address_block::{self, AddressBlock, AddressBlockId, AddressBlockRequest};
use serde_json::json;
use tenant::page::Page;
use tenant::{Permission, audit};

use super::Problems;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// List blocked networks
///
/// Those that hold now, newest first.
#[utoipa::path(get, path = "/v1/safety/addresses", tag = "safety", responses((status = 200, body = Page<AddressBlock>), Problems))]
pub(crate) async fn list_addresses(AsMember(scope): AsMember) -> Result<Json<Page<AddressBlock>>, Problem> {
    scope.require(Permission::AccountManage)?;
    let tx = scope.begin().await?;
    Ok(Json(Page::whole(address_block::list(&tx).await?)))
}

/// Block a network
///
/// Whoever comes from there and is not vouched for gets no session: 403 and `address_blocked`, and the chat shows the company's
/// other contacts. Sessions that are open go on until their token ends, within an hour.
#[utoipa::path(post, path = "/v1/safety/addresses", tag = "safety", request_body = AddressBlockRequest,
    responses((status = 201, body = AddressBlock), Problems))]
pub(crate) async fn block_address(
    AsMember(scope): AsMember,
    Body(ask): Body<AddressBlockRequest>,
) -> Result<(StatusCode, Json<AddressBlock>), Problem> {
    scope.require(Permission::AccountManage)?;
    let tx = scope.begin().await?;
    let made = address_block::create(&tx, ask).await?;
    let detail = json!({ "network": made.network, "ends_at": made.ends_at });
    audit::note(&tx, &scope.actor(), "address_block.created", Some(made.id.to_string()), detail).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Let a network in again
#[utoipa::path(delete, path = "/v1/safety/addresses/{id}", tag = "safety", params(("id" = AddressBlockId, Path)),
    responses((status = 204), Problems))]
pub(crate) async fn unblock_address(
    AsMember(scope): AsMember,
    Path(id): Path<AddressBlockId>,
) -> Result<StatusCode, Problem> {
    scope.require(Permission::AccountManage)?;
    let tx = scope.begin().await?;
    let gone = address_block::remove(&tx, id).await?;
    let detail = json!({ "network": gone.network });
    audit::note(&tx, &scope.actor(), "address_block.removed", Some(id.to_string()), detail).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
