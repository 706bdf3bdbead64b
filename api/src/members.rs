//! Letting members in and out of a company, whoever asks for it: an admin, a program, or a directory.

use routing::relay;
use routing::revocation::{self, Revocation};
use tenant::agent::{self, Availability, ChosenBy};
use tenant::{AgentId, Member, Scope, TenantTx, audit, membership};

use crate::App;
use crate::problem::Problem;

/// Gives back what somebody has in hand. Conversations before agents, as in every assignment: the other order could wait in a circle.
pub(crate) async fn hand_back(tx: &mut TenantTx, id: AgentId) -> Result<(), Problem> {
    // Not while places are being counted, and none of theirs afterwards: their sockets close a moment later.
    desk::queue::floor::take_turn(tx).await?;
    desk::conversation::release_all_of(tx, id).await?;
    agent::choose(tx, id, Availability::Away, None, ChosenBy::Auto).await?;
    Ok(())
}

/// Whether one more may come in.
pub(crate) async fn room(app: &App, scope: &Scope<Member>) -> Result<(), Problem> {
    scope.tenant.account.may_grow()?;
    Ok(membership::room(&app.world, scope.tenant.id(), scope.limits()).await??)
}

/// Switches somebody off: their sessions and sockets end, and what waited for them goes to others.
pub(crate) async fn switch_off(app: &App, scope: &Scope<Member>, id: AgentId) -> Result<(), Problem> {
    let account = scope.tenant.id();
    membership::update(&app.world, account, id, None, Some(true)).await?;
    let mut tx = scope.begin().await?;
    hand_back(&mut tx, id).await?;
    let detail = serde_json::json!({ "disabled": true });
    audit::note(&tx, &scope.actor(), "agent.updated", Some(id.to_string()), detail).await?;
    tx.commit().await?;
    revocation::revoke(&app.routing, Revocation::Agent(account, id)).await;
    relay::assign(&app.routing, account).await;
    Ok(())
}

/// Switches somebody on again, if there is room.
pub(crate) async fn switch_on(app: &App, scope: &Scope<Member>, id: AgentId) -> Result<(), Problem> {
    room(app, scope).await?;
    membership::update(&app.world, scope.tenant.id(), id, None, Some(false)).await?;
    let tx = scope.begin().await?;
    let detail = serde_json::json!({ "disabled": false });
    audit::note(&tx, &scope.actor(), "agent.updated", Some(id.to_string()), detail).await?;
    tx.commit().await?;
    Ok(())
}
