//! The second step of a signup: furnishing the company's schema. Repeatable, so that a sweep can finish what a crash cut.

use desk::{assignment_policy, inbox};
use infra::database::StoreError;
use infra::spoken::OrLog as _;
use tenant::account::Status;
use tenant::membership::{self, Role};
use tenant::usage::{self, Meter};
use tenant::world::SharedWorld;
use tenant::{Account, AccountId, Actor, Tenant, agent, audit, signup};

/// Furnishes a reserved company and opens it for use.
pub async fn finish(world: &SharedWorld, account: AccountId) -> Result<(), StoreError> {
    let Some(tenant) = Tenant::find(world, account).await? else { return Ok(()) };
    if tenant.account.status == Status::Provisioning {
        furnish(&tenant).await?;
        signup::activate(world, account).await?;
    }
    Ok(())
}

async fn furnish(tenant: &Tenant) -> Result<(), StoreError> {
    let members = membership::of_account(&tenant.world, tenant.id()).await?;
    let tx = tenant.begin().await?;
    for member in members.iter().filter(|member| member.standing.role == Role::Owner) {
        agent::join(&tx, member.id, &member.name).await?;
        usage::count(&tx, Meter::Agents, member.id.to_string(), 1).await?;
    }
    inbox::seed(&tx, &tenant.account.name, &tenant.account.locale).await?;
    assignment_policy::ensure_default(&tx).await?;
    audit::note(
        &tx,
        &Actor::System,
        "account.created",
        Some(tenant.id().to_string()),
        serde_json::json!({ "name": tenant.account.name }),
    )
    .await?;
    tx.commit().await
}

/// Finishes signups that a crash has left half-way.
pub async fn sweep(world: &SharedWorld) -> Result<usize, StoreError> {
    let left: Vec<Account> = world.directory.all(&world.database, Status::Provisioning).await?;
    let before = world.now() - chrono::TimeDelta::seconds(20);
    let mut finished = 0;
    for account in left.iter().filter(|account| account.created_at < before) {
        if finish(world, account.id).await.or_log("finishing a signup").is_some() {
            finished += 1;
        }
    }
    Ok(finished)
}

/// Makes the row of a member who has just joined. Safe to repeat.
pub async fn welcome_member(
    world: &SharedWorld,
    account: AccountId,
    member: tenant::AgentId,
) -> Result<(), StoreError> {
    let Some(tenant) = Tenant::find(world, account).await? else { return Ok(()) };
    let Some(member) = membership::find(world, member).await? else { return Ok(()) };
    let tx = tenant.begin().await?;
    agent::join(&tx, member.id, &member.name).await?;
    usage::count(&tx, Meter::Agents, member.id.to_string(), 1).await?;
    audit::note(
        &tx,
        &Actor::System,
        "agent.joined",
        Some(member.id.to_string()),
        serde_json::json!({ "role": member.standing.role, "custom_role": member.standing.custom.as_ref().map(|role| &role.name) }),
    )
    .await?;
    tx.commit().await
}
