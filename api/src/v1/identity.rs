//! How an inbox knows its visitors: the keys that the company's own server signs with.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::TimeDelta;
use desk::inbox::{self, InboxError, InboxId};
use infra::Fault as _;
use infra::validate::Check;
use routing::revocation::{Revocation, revoke as tell};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenant::data_key::Ring;
use tenant::identity::key::NewKey;
use tenant::identity::{self, IdentityKey, IdentityKeyId, Refusal, Vouched};
use tenant::{Permission, TenantTx, audit, visits};

use super::Problems;
use crate::App;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// How an inbox knows its visitors.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct InboxIdentity {
    /// Whether only visitors who are vouched for are to write, where there is a key.
    required: bool,
    /// Whether that is so now: there is a key that counts, and a token signed with one has been taken.
    enforced: bool,
    /// The keys, newest first.
    keys: Vec<IdentityKey>,
}

async fn read(tx: &TenantTx, id: InboxId) -> Result<InboxIdentity, Problem> {
    let unvouched = inbox::unvouched(tx, id).await?.ok_or(InboxError::Unknown)?;
    let keys = identity::key::list(tx, id).await?;
    Ok(InboxIdentity { required: unvouched.required, enforced: unvouched.refused, keys })
}

/// Show how an inbox knows its visitors
#[utoipa::path(get, path = "/v1/inboxes/{id}/identity", tag = "inboxes", params(("id" = InboxId, Path)), responses((status = 200, body = InboxIdentity), Problems))]
pub(crate) async fn show(AsMember(scope): AsMember, Path(id): Path<InboxId>) -> Result<Json<InboxIdentity>, Problem> {
    scope.require(Permission::InboxesManage)?;
    let tx = scope.begin().await?;
    Ok(Json(read(&tx, id).await?))
}

/// Whom an inbox takes.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityChange {
    /// Whether only visitors who are vouched for may write, once the site has shown that it can sign.
    required: bool,
}

/// Choose whether an inbox takes only visitors who are vouched for
#[utoipa::path(put, path = "/v1/inboxes/{id}/identity", tag = "inboxes", params(("id" = InboxId, Path)), request_body = IdentityChange,
    responses((status = 200, body = InboxIdentity), Problems))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<InboxId>,
    Body(ask): Body<IdentityChange>,
) -> Result<Json<InboxIdentity>, Problem> {
    scope.require(Permission::InboxesManage)?;
    let tx = scope.begin().await?;
    inbox::require_identity(&tx, id, ask.required).await?;
    let identity = read(&tx, id).await?;
    let at = scope.now() + visits::MARGIN;
    if identity.enforced {
        visits::end(&tx, id.uuid(), at).await?;
    }
    let detail = json!({ "required": ask.required });
    audit::note(&tx, &scope.actor(), "inbox.identity_changed", Some(id.to_string()), detail).await?;
    tx.commit().await?;
    if identity.enforced {
        let account = scope.tenant.id();
        tell(&app.routing, Revocation::Visits { account, contact: None, subject: id.uuid(), at }).await;
    }
    Ok(Json(identity))
}

/// A key with its secret, shown this once.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct IdentityKeyCreated {
    /// The key.
    #[serde(flatten)]
    key: IdentityKey,
    /// For HS256: what both sides sign and check with. Not shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "fdi_…")]
    secret: Option<String>,
}

/// Make a key that visitors' tokens are signed with
#[utoipa::path(post, path = "/v1/inboxes/{id}/identity/keys", tag = "inboxes", params(("id" = InboxId, Path)), request_body = NewKey,
    responses((status = 201, body = IdentityKeyCreated), Problems))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<InboxId>,
    Body(ask): Body<NewKey>,
) -> Result<(StatusCode, Json<IdentityKeyCreated>), Problem> {
    scope.require(Permission::InboxesManage)?;
    let keys = Ring::to_seal(&app.world, scope.tenant.id()).await?;
    let tx = scope.begin().await?;
    inbox::find(&tx, id).await?.ok_or(InboxError::Unknown)?;
    let (key, secret) = identity::key::create(&tx, &keys, id, ask).await?;
    let detail = json!({ "inbox_id": id, "name": key.name, "algorithm": key.algorithm });
    audit::note(&tx, &scope.actor(), "identity_key.created", Some(key.id.to_string()), detail).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(IdentityKeyCreated { key, secret })))
}

/// How a key is replaced.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// For how many hours the old key goes on counting: 0 to 720.
    overlap_hours: u32,
    /// For `EdDSA`: the new public key.
    #[serde(default)]
    public_key: Option<String>,
}

/// Replace a key
///
/// Makes its successor; both count until the overlap is over.
#[utoipa::path(post, path = "/v1/inboxes/{id}/identity/keys/{key_id}/rotate", tag = "inboxes",
    params(("id" = InboxId, Path), ("key_id" = IdentityKeyId, Path)), request_body = Rotation, responses((status = 201, body = IdentityKeyCreated), Problems))]
pub(crate) async fn rotate(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path((id, key_id)): Path<(InboxId, IdentityKeyId)>,
    Body(ask): Body<Rotation>,
) -> Result<(StatusCode, Json<IdentityKeyCreated>), Problem> {
    scope.require(Permission::InboxesManage)?;
    let mut check = Check::new();
    if ask.overlap_hours > 720 {
        check.refuse("overlap_hours", "number_out_of_range", "0 to 720.");
    }
    check.finish()?;
    let overlap = TimeDelta::hours(i64::from(ask.overlap_hours));
    let keys = Ring::to_seal(&app.world, scope.tenant.id()).await?;
    let tx = scope.begin().await?;
    let (key, secret) = identity::key::rotate(&tx, &keys, id, key_id, ask.public_key, overlap).await?;
    let detail = json!({ "inbox_id": id, "successor": key.id, "overlap_hours": ask.overlap_hours });
    audit::note(&tx, &scope.actor(), "identity_key.rotated", Some(key_id.to_string()), detail).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(IdentityKeyCreated { key, secret })))
}

/// Revoke a key
///
/// Its tokens are refused from now on, and whoever came in by it has to come in anew: their sockets close.
#[utoipa::path(delete, path = "/v1/inboxes/{id}/identity/keys/{key_id}", tag = "inboxes",
    params(("id" = InboxId, Path), ("key_id" = IdentityKeyId, Path)), responses((status = 204), Problems))]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path((id, key_id)): Path<(InboxId, IdentityKeyId)>,
) -> Result<StatusCode, Problem> {
    scope.require(Permission::InboxesManage)?;
    let tx = scope.begin().await?;
    identity::key::revoke(&tx, id, key_id).await?;
    let at = scope.now() + visits::MARGIN;
    visits::end(&tx, key_id.uuid(), at).await?;
    let detail = json!({ "inbox_id": id });
    audit::note(&tx, &scope.actor(), "identity_key.revoked", Some(key_id.to_string()), detail).await?;
    tx.commit().await?;
    let account = scope.tenant.id();
    tell(&app.routing, Revocation::Visits { account, contact: None, subject: key_id.uuid(), at }).await;
    Ok(StatusCode::NO_CONTENT)
}

/// A token to look at.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenToCheck {
    /// As the company's server signed it.
    token: String,
}

/// What would come of a token.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct TokenChecked {
    /// Whether it would be taken.
    accepted: bool,
    /// Why not: the code that `POST /v1/widget/identify` would answer with.
    #[schema(example = "identity_expired")]
    code: Option<String>,
    /// The same in a sentence.
    detail: Option<String>,
    /// Who it is for, when it would be taken.
    vouched: Option<Vouched>,
}

/// Look at a token without using it
///
/// For developers: says what is wrong with a token, or for whom it is.
#[utoipa::path(post, path = "/v1/inboxes/{id}/identity/check", tag = "inboxes", params(("id" = InboxId, Path)), request_body = TokenToCheck,
    responses((status = 200, body = TokenChecked), Problems))]
pub(crate) async fn check(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<InboxId>,
    Body(ask): Body<TokenToCheck>,
) -> Result<Json<TokenChecked>, Problem> {
    scope.require(Permission::InboxesManage)?;
    let keys = Ring::of(&app.world, scope.tenant.id()).await?;
    let tx = scope.begin().await?;
    inbox::find(&tx, id).await?.ok_or(InboxError::Unknown)?;
    Ok(Json(match look(&keys, &tx, id, ask.token.trim()).await? {
        Ok(vouched) => TokenChecked { accepted: true, code: None, detail: None, vouched: Some(vouched) },
        Err(refusal) => TokenChecked {
            accepted: false,
            code: Some(refusal.code().to_owned()),
            detail: Some(refusal.to_string()),
            vouched: None,
        },
    }))
}

async fn look(keys: &Ring, tx: &TenantTx, inbox: InboxId, token: &str) -> Result<Result<Vouched, Refusal>, Problem> {
    let id = match identity::token::key_of(token) {
        Ok(id) => id,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some((key, material)) = identity::key::find(tx, keys, inbox, id).await? else {
        return Ok(Err(Refusal::KeyUnknown));
    };
    Ok(match identity::token::check(token, inbox, &key, &material, tx.now()) {
        Ok(vouched) if identity::was_used(tx, inbox, &vouched).await? => Err(Refusal::Replayed),
        judged => judged,
    })
}
