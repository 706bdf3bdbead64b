//! API keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use infra::validate::Check;
use routing::revocation::{self, Revocation};
use serde::{Deserialize, Serialize};
use tenant::api_key::{self, ApiKey, ApiKeyId};
use tenant::page::Page;
use tenant::permission::Denied;
use tenant::{Permission, Permissions, audit};

use super::Problems;
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
    scope.require_person()?;
    scope.require(Permission::ApiKeysManage)?;
    let mut check = Check::new();
    let name = check.line("name", &ask.name, 1, 80);
    if ask.scopes.iter().next().is_none() {
        check.refuse("scopes", "scopes_empty", "At least one.");
    }
    check.finish()?;
    if let Some(missing) = ask.scopes.iter().find(|scope_wanted| !scope.who.permissions.contains(*scope_wanted)) {
        return Err(Denied(missing).into());
    }
    let (key, secret) = api_key::create(&app.world, scope.tenant.id(), scope.who.agent_id, name, ask.scopes).await?;
    let tx = scope.begin().await?;
    let detail = serde_json::json!({ "name": key.name, "scopes": key.scopes });
    audit::note(&tx, &scope.actor(), "api_key.created", Some(key.id.to_string()), detail).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(ApiKeyCreated { key, secret })))
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
