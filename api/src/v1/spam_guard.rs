//! When newcomers come in a crowd, and what they are asked then.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use desk::spam_guard::{self, SpamGuard, SpamGuardRequest};
use serde::Deserialize;
use serde_json::json;
use tenant::challenge::{self, WidgetChallenge};
use tenant::{Permission, audit};

use super::Problems;
use super::widget::by_key;
use crate::App;
use crate::address::Address;
use crate::extract::{AsMember, Body};
use crate::problem::Problem;

/// Show when newcomers are asked for a challenge
#[utoipa::path(get, path = "/v1/safety/spam-guard", tag = "safety", responses((status = 200, body = SpamGuard), Problems))]
pub(crate) async fn show_spam_guard(AsMember(scope): AsMember) -> Result<Json<SpamGuard>, Problem> {
    scope.require(Permission::AccountManage)?;
    let tx = scope.begin().await?;
    Ok(Json(spam_guard::find(&tx).await?))
}

/// Choose when newcomers are asked for a challenge
///
/// While as many come as is said here, a new visitor's browser works for a moment before it gets a session. Nobody is asked who is
/// known or vouched for; and nobody is refused any more because many others share their address.
#[utoipa::path(put, path = "/v1/safety/spam-guard", tag = "safety", request_body = SpamGuardRequest,
    responses((status = 200, body = SpamGuard), Problems))]
pub(crate) async fn set_spam_guard(
    AsMember(scope): AsMember,
    Body(ask): Body<SpamGuardRequest>,
) -> Result<Json<SpamGuard>, Problem> {
    scope.require(Permission::AccountManage)?;
    let tx = scope.begin().await?;
    let chosen = spam_guard::set(&tx, &ask).await?;
    let detail = json!({
        "active": chosen.active, "visitors_per_minute": chosen.visitors_per_minute,
        "conversations_per_minute": chosen.conversations_per_minute,
    });
    audit::note(&tx, &scope.actor(), "spam_guard.updated", None, detail).await?;
    tx.commit().await?;
    Ok(Json(chosen))
}

/// A browser that was asked for a challenge.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WidgetChallengeRequest {
    /// The key in the script tag.
    key: String,
}

/// Get a challenge
///
/// For a browser whose `POST /v1/widget/session` was answered with `challenge_needed` or `challenge_failed`: it answers the challenge,
/// and asks for the session again with the `proof`. Counts for this inbox and this address, for two minutes.
#[utoipa::path(post, path = "/v1/widget/challenge", tag = "widget", security(()), request_body = WidgetChallengeRequest,
    responses((status = 200, body = WidgetChallenge), Problems))]
pub(crate) async fn challenge(
    State(app): State<Arc<App>>,
    address: Address,
    Body(ask): Body<WidgetChallengeRequest>,
) -> Result<Json<WidgetChallenge>, Problem> {
    let (tenant, _, inbox) = by_key(&app, &ask.key).await?;
    Ok(Json(challenge::ask(&tenant, inbox.id.uuid(), address.0)?))
}
