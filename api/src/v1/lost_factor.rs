//! A colleague who has lost their second factor, and the recovery codes with it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use tenant::membership::Role;
use tenant::permission::Denied;
use tenant::proof::reset::{self, By};
use tenant::session::own;
use tenant::{AgentId, Permission, audit, login};

use super::security::look_again;
use super::sessions::colleague;
use super::{Problems, roles};
use crate::App;
use crate::extract::{AsMember, Path};
use crate::problem::Problem;

/// Take the second factor off a colleague
///
/// For who has lost their phone and their recovery codes: authenticator app, passkeys and recovery codes do not count any more, every
/// session of theirs ends, and a letter tells them. They sign in with their password and set up a new one. `login_elsewhere` when they
/// are in another company too or manage a group: what proves them there is not this company's to take away.
#[utoipa::path(delete, path = "/v1/agents/{id}/second-factor", tag = "agents", params(("id" = AgentId, Path)),
    responses((status = 204), Problems))]
pub(crate) async fn take_off_second_factor(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<AgentId>,
) -> Result<StatusCode, Problem> {
    scope.require(Permission::AgentsManage)?;
    let member = colleague(&app, &scope, id).await?;
    // One's own is changed where the second factor itself is asked for, and nobody is above the owner.
    if id == scope.who.agent_id || member.standing.role == Role::Owner {
        return Err(Denied(Permission::AgentsManage).into());
    }
    roles::standing_within_ones_own(&scope, &member.standing)?;
    own::require_recent_proof_here(&app.world, scope.session()?).await?;
    let user = login::find(&app.world, member.login_id).await?.ok_or_else(Problem::not_found)?;
    let by = By::Company { member: id, name: &scope.tenant.account.name };
    let gone = reset::reset(&app.world, &user, by).await?;
    look_again(&app, &user).await?;
    let tx = scope.begin().await?;
    let detail = serde_json::json!({ "totp": gone.totp, "passkeys": gone.passkeys });
    audit::note(&tx, &scope.actor(), "agent.second_factor_taken_off", Some(id.to_string()), detail).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
