//! API keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use infra::validate::Check;
use routing::revocation::{self, Revocation};
use serde::{Deserialize, Serialize};
use tenant::api_key::{self, ApiKey, ApiKeyId};
use tenant::page::Page;
use tenant::permission::Denied;
use tenant::session::own;
use tenant::{Permission, Permissions, Visibility, audit, membership};

use super::{Problems, roles};
use crate::App;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// List API keys
#[utoipa::path(get, path = "/v1/api-keys", tag = "api-keys", responses((status = 200, body = Page<ApiKey>), Problems))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<Page<ApiKey>>, Problem> {
    scope.require(Permission::ApiKeysManage)?;
    Ok(Json(Page::whole(api_key::list(&app.world, scope.tenant.id()).await?)))
}

/// A key to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKeyRequest {
    /// What it is for, 1 to 80 characters.
    name: String,
    /// What it may do; never more than its maker.
    scopes: Permissions,
    /// When it ends by itself: in the future, within five years. Never when absent.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

/// A key with its secret, shown this once.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ApiKeyCreated {
    /// The key.
    #[serde(flatten)]
    key: ApiKey,
    /// For the `Authorization` header. Not shown again.
    #[schema(example = "fdk_…")]
    secret: String,
}

/// Make an API key
#[utoipa::path(post, path = "/v1/api-keys", tag = "api-keys", request_body = ApiKeyRequest, responses((status = 201, body = ApiKeyCreated), Problems))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<ApiKeyRequest>,
) -> Result<(StatusCode, Json<ApiKeyCreated>), Problem> {
    let session = scope.session()?;
    scope.require(Permission::ApiKeysManage)?;
    let mut check = Check::new();
    let name = check.line("name", &ask.name, 1, 80);
    if ask.scopes.iter().next().is_none() {
        check.refuse("scopes", "scopes_empty", "At least one.");
    }
    let now = app.world.now();
    if ask.expires_at.is_some_and(|at| at <= now || at > now + TimeDelta::days(5 * 366)) {
        check.refuse("expires_at", "expiry_invalid", "In the future, within five years.");
    }
    check.finish()?;
    own::require_recent_proof_here(&app.world, session).await?;
    if let Some(missing) = ask.scopes.iter().find(|scope_wanted| !scope.who.permissions.contains(*scope_wanted)) {
        return Err(Denied(missing).into());
    }
    let (key, secret) =
        api_key::create(&app.world, scope.tenant.id(), scope.who.agent_id, name, ask.scopes, ask.expires_at).await?;
    let tx = scope.begin().await?;
    let detail = serde_json::json!({ "name": key.name, "scopes": key.scopes, "expires_at": key.expires_at });
    audit::note(&tx, &scope.actor(), "api_key.created", Some(key.id.to_string()), detail).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(ApiKeyCreated { key, secret })))
}

/// How long the secret before goes on working.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKeyRotation {
    /// For so many hours, 0 to 168.
    #[schema(maximum = 168)]
    keep_previous_hours: u32,
}

/// Give an API key a new secret
///
/// The key keeps its id, its scopes and its end. The secret before goes on working for a while, so that programs can change over.
#[utoipa::path(post, path = "/v1/api-keys/{id}/rotate", tag = "api-keys", params(("id" = ApiKeyId, Path)), request_body = ApiKeyRotation,
    responses((status = 200, body = ApiKeyCreated), Problems))]
pub(crate) async fn rotate(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<ApiKeyId>,
    Body(ask): Body<ApiKeyRotation>,
) -> Result<Json<ApiKeyCreated>, Problem> {
    let session = scope.session()?;
    scope.require(Permission::ApiKeysManage)?;
    let mut check = Check::new();
    if ask.keep_previous_hours > 168 {
        check.refuse("keep_previous_hours", "number_out_of_range", "0 to 168.");
    }
    check.finish()?;
    own::require_recent_proof_here(&app.world, session).await?;
    // Whoever gets the new secret can do what the key can, and sees what its maker sees.
    let keys = api_key::list(&app.world, scope.tenant.id()).await?;
    let before = keys.iter().find(|key| key.id == id).ok_or_else(Problem::not_found)?;
    let maker = membership::find(&app.world, before.created_by).await?;
    let sight = maker.map_or(Visibility::All, |maker| maker.standing.visibility());
    roles::within_ones_own(&scope, &before.scopes, sight)?;
    let until = app.world.now() + TimeDelta::hours(ask.keep_previous_hours.into());
    let rotated = api_key::rotate(&app.world, scope.tenant.id(), id, until).await?;
    let (key, secret) = rotated.ok_or_else(Problem::not_found)?;
    let tx = scope.begin().await?;
    let detail = serde_json::json!({ "name": key.name, "keep_previous_hours": ask.keep_previous_hours });
    audit::note(&tx, &scope.actor(), "api_key.rotated", Some(id.to_string()), detail).await?;
    tx.commit().await?;
    Ok(Json(ApiKeyCreated { key, secret }))
}

/// Revoke an API key
#[utoipa::path(delete, path = "/v1/api-keys/{id}", tag = "api-keys", params(("id" = ApiKeyId, Path)), responses((status = 204), Problems))]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<ApiKeyId>,
) -> Result<StatusCode, Problem> {
    scope.require(Permission::ApiKeysManage)?;
    if !api_key::revoke(&app.world, scope.tenant.id(), id).await? {
        return Err(Problem::not_found());
    }
    revocation::revoke(&app.routing, Revocation::Keys(scope.tenant.id())).await;
    let tx = scope.begin().await?;
    audit::note(&tx, &scope.actor(), "api_key.revoked", Some(id.to_string()), serde_json::json!({})).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
