//! The end of a company, and the way back.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use infra::validate::Check;
use routing::revocation::{self, Revocation};
use serde::{Deserialize, Serialize};
use tenant::account::Status;
use tenant::membership;
use tenant::token::BadToken;
use tenant::{AccountId, Actor, audit, closing};

use super::Problems;
use super::ownership::{Claim, Owned, owned_by, owner_again};
use super::second_factor::SecondFactorAnswer;
use super::session::LoginChallenge;
use crate::App;
use crate::address::AtTheDoor;
use crate::extract::{AsMember, Body};
use crate::problem::Problem;

/// Who closes a company, and that they mean it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseRequest {
    /// The owner's password; may be left out by who has proven who they are within the last minutes.
    #[serde(default)]
    password: Option<String>,
    /// The company's name in addresses, written out: nobody closes a company by mistake.
    slug: String,
}

/// A company that was closed.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ClosedAccount {
    /// Which.
    account_id: AccountId,
    /// Its name.
    name: String,
    /// Until when its owner can restore it. Then it is deleted, with everything in it.
    restorable_until: DateTime<Utc>,
}

/// Close the company
///
/// Nobody gets in any more, all sockets close, and the chat disappears from its websites. Its data stays for thirty days, in which the
/// owner can restore it; then all of it is deleted.
#[utoipa::path(post, path = "/v1/account/close", tag = "account", request_body = CloseRequest, responses((status = 200, body = ClosedAccount), Problems))]
pub(crate) async fn close(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<CloseRequest>,
) -> Result<Json<ClosedAccount>, Problem> {
    owner_again(&app, &scope, ask.password.as_deref()).await?;
    let account = &scope.tenant.account;
    let mut check = Check::new();
    if ask.slug != account.slug {
        check.refuse("slug", "slug_differs", "This is not the company's name in addresses.");
    }
    check.finish()?;
    let world = &app.world;
    let member = membership::find(world, scope.who.agent_id).await?.ok_or(BadToken)?;
    // Noted first: once it is closed, nobody writes there.
    let tx = scope.tenant.begin().await?;
    audit::note(&tx, &scope.actor(), "account.closed", Some(account.id.to_string()), serde_json::json!({})).await?;
    tx.commit().await?;
    let restorable_until = closing::close(world, &scope.tenant, (member.email.clone(), account.locale.clone())).await?;
    revocation::revoke(&app.routing, Revocation::Company(account.id)).await;
    Ok(Json(ClosedAccount { account_id: account.id, name: account.name.clone(), restorable_until }))
}

/// Who restores a company.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestoreRequest {
    /// The owner's address.
    email: String,
    /// Their password.
    password: String,
    /// Which company; the one closed last when absent.
    #[serde(default)]
    account_id: Option<AccountId>,
    /// The answer to the challenge of 202, sent along with the rest once more.
    #[serde(default)]
    second_factor: Option<SecondFactorAnswer>,
}

/// A company that is open again.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RestoredAccount {
    /// Which.
    account_id: AccountId,
    /// Its name.
    name: String,
}

/// Restore a closed company
///
/// By its owner, within thirty days. 202 when they have set a second factor up: send the same once more, with the answer. Nobody is
/// signed in by it: sign in as ever afterwards.
#[utoipa::path(post, path = "/v1/account/restore", tag = "account", security(()), request_body = RestoreRequest,
    responses((status = 200, body = RestoredAccount), (status = 202, body = LoginChallenge), Problems))]
pub(crate) async fn restore(
    State(app): State<Arc<App>>,
    _: AtTheDoor,
    Body(ask): Body<RestoreRequest>,
) -> Result<Response, Problem> {
    let world = &app.world;
    let RestoreRequest { email, password, account_id: wanted, second_factor } = ask;
    let mut closed = match owned_by(&app, Claim { email, password, wanted, second_factor }).await? {
        Owned::Companies(owned) => owned,
        Owned::Asked(challenge) => return Ok((StatusCode::ACCEPTED, Json(challenge)).into_response()),
    };
    closed.retain(|(tenant, _)| tenant.account.status == Status::Closed);
    closed.sort_by_key(|(tenant, _)| tenant.account.delete_after);
    let Some((tenant, member)) = closed.pop() else { return Err(nothing_to_restore()) };
    if !closing::restore(world, tenant.id()).await? {
        return Err(nothing_to_restore());
    }
    let tx = tenant.begin().await?;
    let actor = Actor::Person { id: member.id, name: member.name };
    audit::note(&tx, &actor, "account.restored", Some(tenant.id().to_string()), serde_json::json!({})).await?;
    tx.commit().await?;
    revocation::revoke(&app.routing, Revocation::Keys(tenant.id())).await;
    Ok(Json(RestoredAccount { account_id: tenant.id(), name: tenant.account.name.clone() }).into_response())
}

fn nothing_to_restore() -> Problem {
    let detail = Some("None of your companies is closed and can still be restored.");
    Problem::new(StatusCode::CONFLICT, "account_not_restorable", detail)
}
