//! Colleagues.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use infra::validate::Check;
use routing::presence::EffectiveAvailability;
use routing::relay;
use routing::revocation::{self, Revocation};
use serde::{Deserialize, Serialize};
use tenant::agent::{self, Availability, DEFAULT_CAPACITY, Profile};
use tenant::membership::{self, Membership, Role};
use tenant::page::Page;
use tenant::permission::Denied;
use tenant::{AgentId, Member, Permission, Scope, audit};

use super::Problems;
use crate::App;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// A colleague.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Agent)]
pub(crate) struct AgentView {
    /// Their id in this company.
    id: AgentId,
    /// The name they sign with here.
    name: String,
    /// Their address.
    email: String,
    /// What they are here.
    role: Role,
    /// What others see: what they chose, and whether they are connected.
    availability: EffectiveAvailability,
    /// What they chose.
    chosen_availability: Availability,
    /// How many open conversations they take at once.
    capacity: i32,
    /// How many they have.
    open_conversations: i64,
    /// When they were switched off.
    disabled_at: Option<DateTime<Utc>>,
    /// When they joined.
    created_at: DateTime<Utc>,
}

impl AgentView {
    pub(crate) fn new(member: &Membership, profile: Option<&Profile>, here: bool) -> Self {
        let chosen = profile.map_or(Availability::Online, |profile| profile.availability);
        Self {
            id: member.id,
            name: profile.map_or_else(|| member.name.clone(), |profile| profile.name.clone()),
            email: member.email.clone(),
            role: member.role,
            availability: EffectiveAvailability::of(chosen, here && member.disabled_at.is_none()),
            chosen_availability: chosen,
            capacity: profile.map_or(DEFAULT_CAPACITY, |profile| profile.capacity),
            open_conversations: profile.map_or(0, |profile| profile.open_conversations),
            disabled_at: member.disabled_at,
            created_at: member.created_at,
        }
    }
}

/// List colleagues
#[utoipa::path(get, path = "/v1/agents", tag = "agents", responses((status = 200, body = Page<AgentView>), Problems))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<Page<AgentView>>, Problem> {
    scope.require(Permission::AgentsRead)?;
    let members = membership::of_account(&app.world, scope.tenant.id()).await?;
    let tx = scope.begin().await?;
    let profiles = agent::list(&tx).await?;
    // Before Redis is asked: a cache that hangs must not hold a connection to the database.
    drop(tx);
    let here = app.routing.presence.who(scope.tenant.id(), scope.now()).await;
    let view = |member: &Membership| {
        AgentView::new(member, profiles.iter().find(|profile| profile.id == member.id), here.contains(&member.id))
    };
    Ok(Json(Page::whole(members.iter().map(view).collect())))
}

async fn one(app: &App, scope: &Scope<Member>, id: AgentId) -> Result<AgentView, Problem> {
    let member = membership::find(&app.world, id)
        .await?
        .filter(|member| member.account_id == scope.tenant.id())
        .ok_or_else(Problem::not_found)?;
    let tx = scope.begin().await?;
    let profile = agent::find(&tx, id).await?;
    drop(tx);
    let here = app.routing.presence.who(scope.tenant.id(), scope.now()).await;
    Ok(AgentView::new(&member, profile.as_ref(), here.contains(&id)))
}

/// What may be changed of a colleague; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentChange {
    /// `admin`, `supervisor` or `agent`. Nobody becomes or stops being owner this way.
    #[serde(default)]
    role: Option<Role>,
    /// The name to sign with, 1 to 80 characters. One may always change one's own.
    #[serde(default)]
    name: Option<String>,
    /// How many open conversations at once, 1 to 100.
    #[serde(default)]
    capacity: Option<i32>,
    /// Switch off, or on again.
    #[serde(default)]
    disabled: Option<bool>,
}

/// Change a colleague
///
/// Switching somebody off closes their sockets and sessions at once.
#[utoipa::path(patch, path = "/v1/agents/{id}", tag = "agents", params(("id" = AgentId, Path)), request_body = AgentChange,
    responses((status = 200, body = AgentView), Problems))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<AgentId>,
    Body(ask): Body<AgentChange>,
) -> Result<Json<AgentView>, Problem> {
    let only_own_name = scope.require_person().is_ok()
        && id == scope.who.agent_id
        && ask.role.is_none()
        && ask.capacity.is_none()
        && ask.disabled.is_none();
    if !only_own_name {
        scope.require(Permission::AgentsManage)?;
    }
    let before = one(&app, &scope, id).await?;
    let mut check = Check::new();
    let name = ask.name.map(|name| check.line("name", &name, 1, 80));
    if ask.capacity.is_some_and(|capacity| !(1..=100).contains(&capacity)) {
        check.refuse("capacity", "capacity_out_of_range", "1 to 100.");
    }
    check.finish()?;
    if ask.role.is_some() || ask.disabled.is_some() {
        // Nobody locks themselves out, and the owner is the company's last hold.
        if id == scope.who.agent_id || before.role == Role::Owner || ask.role == Some(Role::Owner) {
            return Err(Denied(Permission::AgentsManage).into());
        }
        if ask.disabled == Some(false) && before.disabled_at.is_some() {
            let seats = membership::of_account(&app.world, scope.tenant.id())
                .await?
                .iter()
                .filter(|member| member.disabled_at.is_none())
                .count();
            tenant::limits::room_for_one_more(
                "agents",
                scope.limits().agents,
                u64::try_from(seats).unwrap_or(u64::MAX),
            )?;
        }
    }
    // Before the transaction, not inside: a request that holds one connection and waits for another can starve the pool.
    if ask.role.is_some() || ask.disabled.is_some() {
        membership::update(&app.world, scope.tenant.id(), id, ask.role, ask.disabled).await?;
    }
    let mut tx = scope.begin().await?;
    // Conversations before agents, as in every assignment: the other order could wait in a circle.
    if ask.disabled == Some(true) {
        desk::conversation::release_all_of(&mut tx, id).await?;
    }
    agent::update(&tx, id, name.clone(), None, ask.capacity).await?;
    let detail =
        serde_json::json!({ "role": ask.role, "name": name, "capacity": ask.capacity, "disabled": ask.disabled });
    audit::note(&tx, &scope.actor(), "agent.updated", Some(id.to_string()), detail).await?;
    tx.commit().await?;
    if ask.role.is_some() || ask.disabled == Some(true) {
        revocation::revoke(&app.routing, Revocation::Agent(scope.tenant.id(), id)).await;
        relay::assign(&app.routing, scope.tenant.id()).await;
    }
    Ok(Json(one(&app, &scope, id).await?))
}

/// A choice.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AvailabilityChoice {
    /// `online` takes chats, `away` does not.
    availability: Availability,
}

/// Choose to be online or away
#[utoipa::path(put, path = "/v1/agents/me/availability", tag = "agents", request_body = AvailabilityChoice,
    responses((status = 200, body = AgentView), Problems))]
pub(crate) async fn choose_availability(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<AvailabilityChoice>,
) -> Result<Json<AgentView>, Problem> {
    scope.require(Permission::ConversationsReply)?;
    let tx = scope.begin().await?;
    agent::update(&tx, scope.who.agent_id, None, Some(ask.availability), None).await?;
    tx.commit().await?;
    relay::tell_presence(&app.routing, &scope.tenant, scope.who.agent_id).await?;
    relay::assign(&app.routing, scope.tenant.id()).await;
    Ok(Json(one(&app, &scope, scope.who.agent_id).await?))
}
