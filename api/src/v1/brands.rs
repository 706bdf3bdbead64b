//! Brands.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::brand::{self, Brand, BrandId, BrandRequest};
use desk::setup::{Noun, SetupError};
use serde_json::json;
use tenant::page::Page;

use super::Problems;
use super::setup::{Setup, look};
use crate::App;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// List brands
#[utoipa::path(get, path = "/v1/brands", tag = "brands", responses((status = 200, body = Page<Brand>), Problems))]
pub(crate) async fn list(AsMember(scope): AsMember) -> Result<Json<Page<Brand>>, Problem> {
    let tx = look(&scope).await?;
    Ok(Json(Page::whole(brand::list(&tx).await?)))
}

/// Make a brand
#[utoipa::path(post, path = "/v1/brands", tag = "brands", request_body = BrandRequest, responses((status = 201, body = Brand), Problems))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<BrandRequest>,
) -> Result<(StatusCode, Json<Brand>), Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let made = brand::create(&setup.tx, ask).await?;
    setup.done("brand.created", Some(made.id.to_string()), json!({ "name": made.name })).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Show a brand
#[utoipa::path(get, path = "/v1/brands/{id}", tag = "brands", params(("id" = BrandId, Path)), responses((status = 200, body = Brand), Problems))]
pub(crate) async fn show(AsMember(scope): AsMember, Path(id): Path<BrandId>) -> Result<Json<Brand>, Problem> {
    let tx = look(&scope).await?;
    Ok(Json(brand::find(&tx, id).await?.ok_or(SetupError::Unknown(Noun::Brand))?))
}

/// Write a brand anew
#[utoipa::path(put, path = "/v1/brands/{id}", tag = "brands", params(("id" = BrandId, Path)), request_body = BrandRequest,
    responses((status = 200, body = Brand), Problems))]
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<BrandId>,
    Body(ask): Body<BrandRequest>,
) -> Result<Json<Brand>, Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let changed = brand::replace(&setup.tx, id, ask).await?;
    setup
        .done(
            "brand.updated",
            Some(id.to_string()),
            json!({ "name": changed.name, "business_hours_id": changed.business_hours_id }),
        )
        .await?;
    Ok(Json(changed))
}

/// Remove a brand
///
/// Refused while an inbox or a team belongs to it, or a policy leads to it.
#[utoipa::path(delete, path = "/v1/brands/{id}", tag = "brands", params(("id" = BrandId, Path)), responses((status = 204), Problems))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<BrandId>,
) -> Result<StatusCode, Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let gone = brand::remove(&setup.tx, id).await?;
    setup.done("brand.removed", Some(id.to_string()), json!({ "name": gone.name })).await?;
    Ok(StatusCode::NO_CONTENT)
}
