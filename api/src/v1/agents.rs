//! Colleagues.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use desk::inbox;
use desk::skill::{self, AgentSkill};
use desk::team::{self, TeamId};
use infra::database::StoreError;
use infra::validate::Check;
use routing::presence::EffectiveAvailability;
use routing::relay;
use routing::revocation::{self, Revocation};
use serde::{Deserialize, Serialize};
use tenant::agent::{self, Availability, ChannelCapacity, ChosenBy, DEFAULT_CAPACITY, Profile};
use tenant::membership::{self, Membership, Role};
use tenant::page::Page;
use tenant::permission::Denied;
use tenant::role::{self, CustomRole};
use tenant::{AgentId, Member, Permission, RoleId, Scope, Standing, TenantTx, Visibility, audit};

use super::{Problems, ownership, roles};
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;
use crate::{App, members};

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
    /// What they are here; `agent` beside a role that the company made.
    role: Role,
    /// The role that the company made, if they hold one.
    custom_role: Option<CustomRole>,
    /// Which conversations they see.
    visibility: Visibility,
    /// What others see: what they chose, and whether they are connected.
    availability: EffectiveAvailability,
    /// What they chose.
    chosen_availability: Availability,
    /// Why, when they do not take chats.
    away_reason: Option<String>,
    /// Who has chosen it: `auto` after offers that nobody answered.
    availability_by: ChosenBy,
    /// Since when.
    availability_since: Option<DateTime<Utc>>,
    /// The languages they speak, as BCP 47 tags.
    languages: Vec<String>,
    /// How many open conversations they take at once.
    capacity: i32,
    /// The same for single channels, within the capacity as a whole.
    #[schema(value_type = BTreeMap<String, u16>)]
    channel_capacity: ChannelCapacity,
    /// What they can do.
    skills: Vec<AgentSkill>,
    /// The teams they are in.
    team_ids: Vec<TeamId>,
    /// How many they have.
    open_conversations: i64,
    /// When they were switched off.
    disabled_at: Option<DateTime<Utc>>,
    /// When they joined.
    created_at: DateTime<Utc>,
}

impl AgentView {
    pub(crate) fn new(member: &Membership, profile: Option<&Profile>, skilled: &Skilled, here: bool) -> Self {
        let chosen = profile.map_or(Availability::Online, |profile| profile.availability);
        Self {
            id: member.id,
            name: profile.map_or_else(|| member.name.clone(), |profile| profile.name.clone()),
            email: member.email.clone(),
            role: member.standing.role,
            custom_role: member.standing.custom.clone(),
            visibility: member.standing.visibility(),
            availability: EffectiveAvailability::of(chosen, here && member.disabled_at.is_none()),
            chosen_availability: chosen,
            away_reason: profile.and_then(|profile| profile.away_reason.clone()),
            availability_by: profile.map_or(ChosenBy::Oneself, |profile| profile.availability_by),
            availability_since: profile.and_then(|profile| profile.availability_since),
            languages: profile.map(|profile| profile.languages.clone()).unwrap_or_default(),
            capacity: profile.map_or(DEFAULT_CAPACITY, |profile| profile.capacity),
            channel_capacity: profile.map(|profile| profile.channel_capacity.clone()).unwrap_or_default(),
            skills: skilled.skills.get(&member.id).cloned().unwrap_or_default(),
            team_ids: skilled.teams.get(&member.id).cloned().unwrap_or_default(),
            open_conversations: profile.map_or(0, |profile| profile.open_conversations),
            disabled_at: member.disabled_at,
            created_at: member.created_at,
        }
    }
}

/// What everybody can do, and with whom.
pub(crate) struct Skilled {
    skills: BTreeMap<AgentId, Vec<AgentSkill>>,
    teams: BTreeMap<AgentId, Vec<TeamId>>,
}

impl Skilled {
    pub(crate) async fn load(tx: &TenantTx) -> Result<Self, StoreError> {
        Ok(Self { skills: skill::of_agents(tx).await?, teams: team::of_agents(tx).await? })
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
    let (profiles, skilled) = (agent::list(&tx).await?, Skilled::load(&tx).await?);
    // Before Redis is asked: a cache that hangs must not hold a connection to the database.
    drop(tx);
    let here = app.routing.presence.who(scope.tenant.id(), scope.now()).await;
    let view = |member: &Membership| {
        let profile = profiles.iter().find(|profile| profile.id == member.id);
        AgentView::new(member, profile, &skilled, here.contains(&member.id))
    };
    Ok(Json(Page::whole(members.iter().map(view).collect())))
}

async fn one(app: &App, scope: &Scope<Member>, id: AgentId) -> Result<AgentView, Problem> {
    let member = membership::find(&app.world, id)
        .await?
        .filter(|member| member.account_id == scope.tenant.id())
        .ok_or_else(Problem::not_found)?;
    let tx = scope.begin().await?;
    let (profile, skilled) = (agent::find(&tx, id).await?, Skilled::load(&tx).await?);
    drop(tx);
    let here = app.routing.presence.who(scope.tenant.id(), scope.now()).await;
    Ok(AgentView::new(&member, profile.as_ref(), &skilled, here.contains(&id)))
}

/// What may be changed of a colleague; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentChange {
    /// `admin`, `supervisor` or `agent`. Nobody becomes or stops being owner this way.
    #[serde(default)]
    role: Option<Role>,
    /// A role that the company made, instead of `role`.
    #[serde(default)]
    custom_role_id: Option<RoleId>,
    /// The name to sign with, 1 to 80 characters. One may always change one's own.
    #[serde(default)]
    name: Option<String>,
    /// How many open conversations at once, 1 to 100.
    #[serde(default)]
    capacity: Option<i32>,
    /// How many conversations of single channels at once, 0 to 100 each; replaces all.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, u16>>)]
    channel_capacity: Option<ChannelCapacity>,
    /// The languages they speak, as BCP 47 tags such as `en` or `zh-CN`; at most 20. One may always change one's own.
    #[serde(default)]
    languages: Option<Vec<String>>,
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
    let only_own_words = scope.require_person().is_ok()
        && id == scope.who.agent_id
        && ask.role.is_none()
        && ask.custom_role_id.is_none()
        && ask.capacity.is_none()
        && ask.channel_capacity.is_none()
        && ask.disabled.is_none();
    if !only_own_words {
        scope.require(Permission::AgentsManage)?;
    }
    let before = one(&app, &scope, id).await?;
    let mut check = Check::new();
    let name = ask.name.map(|name| check.line("name", &name, 1, 80));
    if ask.capacity.is_some_and(|capacity| !(1..=100).contains(&capacity)) {
        check.refuse("capacity", "capacity_out_of_range", "1 to 100.");
    }
    if let Some(channels) = &ask.channel_capacity {
        check_channels(&mut check, channels);
    }
    let languages = ask.languages.map(|languages| checked_languages(&languages, &mut check));
    let standing = wanted(&app, &scope, ask.role, ask.custom_role_id, &mut check).await?;
    check.finish()?;
    if standing.is_some() || ask.disabled.is_some() {
        // Nobody locks themselves out, and the owner is the company's last hold.
        if id == scope.who.agent_id || before.role == Role::Owner || ask.role == Some(Role::Owner) {
            return Err(Denied(Permission::AgentsManage).into());
        }
        let held = membership::find(&app.world, id).await?.ok_or_else(Problem::not_found)?.standing;
        for standing in std::iter::once(&held).chain(&standing) {
            roles::standing_within_ones_own(&scope, standing)?;
        }
        if ask.disabled == Some(false) && before.disabled_at.is_some() {
            members::room(&app, &scope).await?;
        }
    }
    // Before the transaction, not inside: a request that holds one connection and waits for another can starve the pool.
    if standing.is_some() || ask.disabled.is_some() {
        membership::update(&app.world, scope.tenant.id(), id, standing.as_ref(), ask.disabled).await?;
    }
    // With the system's eyes: what somebody has is released, whether or not whoever switches them off sees it.
    let mut tx = scope.tenant.begin().await?;
    if ask.disabled == Some(true) {
        members::hand_back(&mut tx, id).await?;
    }
    let detail = serde_json::json!({
        "role": ask.role, "custom_role_id": ask.custom_role_id, "name": name, "capacity": ask.capacity, "channel_capacity": ask.channel_capacity,
        "languages": languages, "disabled": ask.disabled,
    });
    let routed = ask.capacity.is_some() || ask.channel_capacity.is_some() || languages.is_some();
    let change = agent::Change { name, capacity: ask.capacity, languages, channel_capacity: ask.channel_capacity };
    agent::update(&tx, id, change).await?;
    audit::note(&tx, &scope.actor(), "agent.updated", Some(id.to_string()), detail).await?;
    tx.commit().await?;
    if standing.is_some() || ask.disabled == Some(true) {
        revocation::revoke(&app.routing, Revocation::Agent(scope.tenant.id(), id)).await;
    }
    if routed || standing.is_some() || ask.disabled == Some(true) {
        relay::assign(&app.routing, scope.tenant.id()).await;
    }
    Ok(Json(one(&app, &scope, id).await?))
}

/// What a colleague is to be, if it is to change.
pub(crate) async fn wanted(
    app: &App,
    scope: &Scope<Member>,
    role: Option<Role>,
    custom: Option<RoleId>,
    check: &mut Check,
) -> Result<Option<Standing>, Problem> {
    if role.is_some() && custom.is_some() {
        check.refuse("custom_role_id", "role_twice", "Either `role` or `custom_role_id`.");
    }
    match custom {
        Some(id) => Ok(Some(role::standing(&app.world, scope.tenant.id(), id).await?)),
        None => Ok(role.map(Standing::built_in)),
    }
}

fn check_channels(check: &mut Check, channels: &ChannelCapacity) {
    for (channel, most) in channels {
        if !inbox::CHANNELS.contains(&channel.as_str()) {
            check.refuse("channel_capacity", "channel_unknown", "So far: website.");
        }
        if *most > 100 {
            check.refuse("channel_capacity", "capacity_out_of_range", "0 to 100.");
        }
    }
}

fn checked_languages(languages: &[String], check: &mut Check) -> Vec<String> {
    if languages.len() > 20 {
        check.refuse("languages", "too_many", "At most 20.");
    }
    for (place, language) in languages.iter().take(20).enumerate() {
        let is_tag = (2..=35).contains(&language.len())
            && language
                .split('-')
                .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|letter| letter.is_ascii_alphanumeric()));
        if !is_tag {
            check.refuse(&format!("languages/{place}"), "language_invalid", "A language like en or zh-CN.");
        }
    }
    languages.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

/// Who leaves.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Leave {
    /// One's own password; may be left out by who has proven who they are within the last minutes.
    #[serde(default)]
    password: Option<String>,
}

/// Leave the company
///
/// What one has in hand goes back into line, and every session of one's own here ends. The owner hands the company over first.
#[utoipa::path(post, path = "/v1/agents/me/leave", tag = "agents", request_body = Leave, responses((status = 204), Problems))]
pub(crate) async fn leave(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<Leave>,
) -> Result<StatusCode, Problem> {
    ownership::person_again(&app, &scope, ask.password.as_deref()).await?;
    if scope.who.standing.role == Role::Owner {
        let detail = Some("Hand the company over to a colleague first, or close it.");
        return Err(Problem::new(StatusCode::CONFLICT, "owner_cannot_leave", detail));
    }
    let (account, id) = (scope.tenant.id(), scope.who.agent_id);
    membership::update(&app.world, account, id, None, Some(true)).await?;
    let mut tx = scope.tenant.begin().await?;
    desk::queue::floor::take_turn(&tx).await?;
    desk::conversation::release_all_of(&mut tx, id).await?;
    agent::choose(&tx, id, Availability::Away, None, ChosenBy::Auto).await?;
    audit::note(&tx, &scope.actor(), "agent.left", Some(id.to_string()), serde_json::json!({})).await?;
    tx.commit().await?;
    revocation::revoke(&app.routing, Revocation::Agent(account, id)).await;
    relay::assign(&app.routing, account).await;
    Ok(StatusCode::NO_CONTENT)
}

/// What somebody can do.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentSkills {
    /// Each skill once, with its level; at most 50. What is not named is lost.
    skills: Vec<AgentSkill>,
}

/// Say what a colleague can do
#[utoipa::path(put, path = "/v1/agents/{id}/skills", tag = "agents", params(("id" = AgentId, Path)), request_body = AgentSkills,
    responses((status = 200, body = AgentView), Problems))]
pub(crate) async fn set_skills(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<AgentId>,
    Body(ask): Body<AgentSkills>,
) -> Result<Json<AgentView>, Problem> {
    scope.require(Permission::RoutingManage)?;
    one(&app, &scope, id).await?;
    let tx = scope.begin().await?;
    let detail = serde_json::json!({ "skills": ask.skills });
    skill::set_of_agent(&tx, id, ask.skills).await?;
    audit::note(&tx, &scope.actor(), "agent.skills_changed", Some(id.to_string()), detail).await?;
    tx.commit().await?;
    relay::assign(&app.routing, scope.tenant.id()).await;
    Ok(Json(one(&app, &scope, id).await?))
}

/// A choice.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AvailabilityChoice {
    /// `online` takes chats; `busy` and `away` do not; `reassigning` also gives away what waits for an answer.
    availability: Availability,
    /// Why, for colleagues; at most 80 characters. Not kept when `online`.
    #[serde(default)]
    reason: Option<String>,
}

/// Choose whether to take chats
#[utoipa::path(put, path = "/v1/agents/me/availability", tag = "agents", request_body = AvailabilityChoice,
    responses((status = 200, body = AgentView), Problems))]
pub(crate) async fn choose_availability(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<AvailabilityChoice>,
) -> Result<Json<AgentView>, Problem> {
    scope.require(Permission::ConversationsReply)?;
    let mut check = Check::new();
    let reason = ask.reason.map(|reason| check.line("reason", &reason, 0, 80)).filter(|reason| !reason.is_empty());
    check.finish()?;
    let tx = scope.begin().await?;
    agent::choose(&tx, scope.who.agent_id, ask.availability, reason, ChosenBy::Oneself).await?;
    tx.commit().await?;
    relay::tell_presence(&app.routing, &scope.tenant, scope.who.agent_id).await?;
    relay::assign(&app.routing, scope.tenant.id()).await;
    Ok(Json(one(&app, &scope, scope.who.agent_id).await?))
}
