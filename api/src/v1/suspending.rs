//! A company switched off for a while by its owner, and on again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use routing::revocation::{self, Revocation};
use serde::{Deserialize, Serialize};
use tenant::account::Status;
use tenant::{AccountId, Actor, audit, suspension};

use super::Problems;
use super::ownership::{Claim, Owned, owned_by, owner_again};
use super::second_factor::SecondFactorAnswer;
use super::session::LoginChallenge;
use crate::App;
use crate::address::AtTheDoor;
use crate::extract::{AsMember, Body};
use crate::problem::Problem;

/// Who switches a company off.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuspendRequest {
    /// The owner's password; may be left out by who has proven who they are within the last minutes.
    #[serde(default)]
    password: Option<String>,
}

/// A company that was switched off, or on.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SwitchedAccount {
    /// Which.
    account_id: AccountId,
    /// Its name.
    name: String,
    /// Where it stands now.
    status: Status,
}

/// Switch the company off
///
/// By its owner. Nobody gets in any more, all sockets close, and the chat disappears from its websites; everything stays as it is until
/// the owner switches it on again. What it has bought goes on being charged.
#[utoipa::path(post, path = "/v1/account/suspend", tag = "account", request_body = SuspendRequest,
    responses((status = 200, body = SwitchedAccount), Problems))]
pub(crate) async fn suspend(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<SuspendRequest>,
) -> Result<Json<SwitchedAccount>, Problem> {
    owner_again(&app, &scope, ask.password.as_deref()).await?;
    let account = &scope.tenant.account;
    // Noted first: once it is switched off, nobody writes there.
    let tx = scope.tenant.begin().await?;
    audit::note(&tx, &scope.actor(), "account.suspended", Some(account.id.to_string()), serde_json::json!({})).await?;
    tx.commit().await?;
    if !suspension::by_owner(&app.world, account.id).await? {
        let detail = Some("The company is not switched on any more.");
        return Err(Problem::new(StatusCode::CONFLICT, "account_transition_impossible", detail));
    }
    revocation::revoke(&app.routing, Revocation::Company(account.id)).await;
    Ok(Json(SwitchedAccount { account_id: account.id, name: account.name.clone(), status: Status::Suspended }))
}

/// Who switches a company on again.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResumeRequest {
    /// The owner's address.
    email: String,
    /// Their password.
    password: String,
    /// Which company; the first one that can be switched on when absent.
    #[serde(default)]
    account_id: Option<AccountId>,
    /// The answer to the challenge of 202, sent along with the rest once more.
    #[serde(default)]
    second_factor: Option<SecondFactorAnswer>,
}

/// Switch a company on again
///
/// By its owner, who cannot be inside, and only when it was its owner who switched it off. 202 when they have set a second factor up:
/// send the same once more, with the answer. Nobody is signed in by it: sign in as ever afterwards.
#[utoipa::path(post, path = "/v1/account/resume", tag = "account", security(()), request_body = ResumeRequest,
    responses((status = 200, body = SwitchedAccount), (status = 202, body = LoginChallenge), Problems))]
pub(crate) async fn resume(
    State(app): State<Arc<App>>,
    _: AtTheDoor,
    Body(ask): Body<ResumeRequest>,
) -> Result<Response, Problem> {
    let world = &app.world;
    let ResumeRequest { email, password, account_id: wanted, second_factor } = ask;
    let owned = match owned_by(&app, Claim { email, password, wanted, second_factor }).await? {
        Owned::Companies(owned) => owned,
        Owned::Asked(challenge) => return Ok((StatusCode::ACCEPTED, Json(challenge)).into_response()),
    };
    for (tenant, member) in owned {
        if !suspension::lift(world, tenant.id()).await? {
            continue;
        }
        let tx = tenant.begin().await?;
        let actor = Actor::Person { id: member.id, name: member.name };
        audit::note(&tx, &actor, "account.resumed", Some(tenant.id().to_string()), serde_json::json!({})).await?;
        tx.commit().await?;
        revocation::revoke(&app.routing, Revocation::Keys(tenant.id())).await;
        let (account_id, name) = (tenant.id(), tenant.account.name.clone());
        return Ok(Json(SwitchedAccount { account_id, name, status: Status::Active }).into_response());
    }
    let detail = Some("None of your companies was switched off by yourself.");
    Err(Problem::new(StatusCode::CONFLICT, "account_not_resumable", detail))
}
