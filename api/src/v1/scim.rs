//! People as a directory manages them: SCIM 2.0 (RFC 7643, RFC 7644), with an API key of the scope `scim`.
//!
//! What directories send is wider than what we keep: unknown attributes are let pass, as the standard asks. Refusals are in the
//! standard's form. People are made only for addresses of proven domains, and never deleted: what they wrote stays theirs.

use std::fmt::Display;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use desk::setup::Wish;
use infra::validate::Check;
use routing::revocation::{self, Revocation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenant::membership::{self, Membership, Role};
use tenant::permission::Denied;
use tenant::provisioning;
use tenant::{AgentId, Member, Permission, Scope, agent, audit};

use super::ScimProblems;
use super::scim_patch::{self, Sought, Wanted};
use crate::extract::{AsMember, Body, Path, Query};
use crate::problem::Problem;
use crate::{App, members, onboarding};

pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// A person, as a directory sees them.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimUser {
    /// Always the one of users.
    schemas: [&'static str; 1],
    /// Their id in this company.
    id: AgentId,
    /// By what the directory knows them; null where it has said nothing.
    external_id: Option<String>,
    /// Their address.
    user_name: String,
    /// Their name.
    display_name: String,
    /// Whether they may come in.
    active: bool,
    /// Their address, again.
    emails: Vec<ScimEmail>,
    /// What they are.
    roles: Vec<ScimRole>,
    /// About the resource.
    meta: ScimMeta,
}

/// An address.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ScimEmail {
    /// The address.
    value: String,
    /// Always.
    primary: bool,
}

/// A role.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ScimRole {
    /// The role.
    value: Role,
}

/// About a resource.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimMeta {
    /// `User` or `Group`.
    resource_type: &'static str,
    /// When they joined, or it was made.
    created: DateTime<Utc>,
    /// Where it is.
    location: String,
}

impl ScimMeta {
    pub(super) fn of(app: &App, resource_type: &'static str, created: DateTime<Utc>, id: &impl Display) -> Self {
        let location = format!("{}/v1/scim/v2/{resource_type}s/{id}", app.world.public_url);
        Self { resource_type, created, location }
    }
}

/// People.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimList {
    /// Always the one of lists.
    schemas: [&'static str; 1],
    /// How many there are in all.
    total_results: usize,
    /// From which on, counted from 1.
    start_index: usize,
    /// How many are here.
    items_per_page: usize,
    /// They.
    #[serde(rename = "Resources")]
    resources: Vec<ScimUser>,
}

fn view(app: &App, member: &Membership) -> ScimUser {
    ScimUser {
        schemas: [USER],
        id: member.id,
        external_id: member.external_id.clone(),
        user_name: member.email.clone(),
        display_name: member.name.clone(),
        active: member.disabled_at.is_none(),
        emails: vec![ScimEmail { value: member.email.clone(), primary: true }],
        roles: vec![ScimRole { value: member.standing.role }],
        meta: ScimMeta::of(app, "User", member.created_at, &member.id),
    }
}

/// An answer with SCIM's own content type.
pub(super) fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
    response
}

/// Which people, or teams.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ScimQuery {
    /// Only `userName eq "…"` or `externalId eq "…"` of people, and `displayName eq "…"` or `externalId eq "…"` of teams.
    #[serde(default)]
    pub(super) filter: Option<String>,
    /// From which on, counted from 1.
    #[serde(default)]
    #[param(minimum = 1)]
    start_index: Option<u32>,
    /// How many at most, 0 to 200.
    #[serde(default)]
    #[param(maximum = 200)]
    count: Option<u32>,
    /// Which attributes are asked for. All but the `members` of teams are always told.
    #[serde(default)]
    pub(super) attributes: Option<String>,
    /// Which attributes are not asked for. All but the `members` of teams are always told.
    #[serde(default)]
    pub(super) excluded_attributes: Option<String>,
}

/// Which part of a list is told.
pub(super) struct Part {
    /// How many are passed over.
    pub(super) skipped: usize,
    /// How many are told at most.
    pub(super) taken: usize,
}

impl ScimQuery {
    /// Refuses what no list has.
    pub(super) fn part(&self, check: &mut Check) -> Part {
        for (name, words) in [("attributes", &self.attributes), ("excludedAttributes", &self.excluded_attributes)] {
            check.line(name, words.as_deref().unwrap_or_default(), 0, 2_000);
        }
        let start = self.start_index.unwrap_or(1);
        if start == 0 {
            check.refuse("startIndex", "start_out_of_range", "Counted from 1.");
        }
        let count = self.count.unwrap_or(100);
        if count > 200 {
            check.refuse("count", "count_out_of_range", "At most 200.");
        }
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Part { skipped: size(start.saturating_sub(1)), taken: size(count) }
    }
}

/// List people for a directory
#[utoipa::path(get, path = "/v1/scim/v2/Users", tag = "scim", params(ScimQuery), responses((status = 200, body = ScimList, content_type = "application/scim+json"), ScimProblems))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Query(query): Query<ScimQuery>,
) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let mut check = Check::new();
    let sought = query.filter.as_deref().map(Sought::read);
    if sought == Some(None) {
        check.refuse("filter", "filter_unsupported", "Only userName eq \"…\" or externalId eq \"…\".");
    }
    let part = query.part(&mut check);
    check.finish()?;
    let everybody = membership::of_account(&app.world, scope.tenant.id()).await?;
    let sought = sought.flatten();
    let is_sought = |member: &&Membership| match &sought {
        None => true,
        Some(Sought::Address(email)) => member.email == *email,
        Some(Sought::External(external)) => member.external_id.as_ref() == Some(external),
    };
    let found: Vec<&Membership> = everybody.iter().filter(is_sought).collect();
    let resources: Vec<ScimUser> =
        found.iter().skip(part.skipped).take(part.taken).map(|member| view(&app, member)).collect();
    let list = ScimList {
        schemas: [LIST],
        total_results: found.len(),
        start_index: part.skipped.saturating_add(1),
        items_per_page: resources.len(),
        resources,
    };
    Ok(answer(StatusCode::OK, &list))
}

async fn one(app: &App, scope: &Scope<Member>, id: AgentId) -> Result<Membership, Problem> {
    membership::find(&app.world, id)
        .await?
        .filter(|member| member.account_id == scope.tenant.id())
        .ok_or_else(Problem::not_found)
}

/// Show a person to a directory
#[utoipa::path(get, path = "/v1/scim/v2/Users/{id}", tag = "scim", params(("id" = AgentId, Path)),
    responses((status = 200, body = ScimUser, content_type = "application/scim+json"), ScimProblems))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<AgentId>,
) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    Ok(answer(StatusCode::OK, &view(&app, &one(&app, &scope, id).await?)))
}

/// A name, in SCIM's parts.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimName {
    /// The whole name.
    #[serde(default)]
    formatted: Option<String>,
    /// The first name.
    #[serde(default)]
    given_name: Option<String>,
    /// The last name.
    #[serde(default)]
    family_name: Option<String>,
}

/// A person, to make or to be as this says. Attributes that are not named here are let pass.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimNewUser {
    /// Their address, of a domain that the company has proven.
    user_name: String,
    /// Their name.
    #[serde(default)]
    display_name: Option<String>,
    /// Their name in parts.
    #[serde(default)]
    name: Option<ScimName>,
    /// Whether they may come in.
    #[serde(default)]
    active: Option<bool>,
    /// By what the directory knows them, at most 255 characters. No two of the company have the same.
    #[serde(default)]
    external_id: Option<String>,
}

impl ScimNewUser {
    fn external(&self, check: &mut Check) -> Option<String> {
        self.external_id.as_deref().and_then(|text| scim_patch::external(check, text))
    }

    fn whole_name(&self) -> String {
        let parts = self.name.as_ref();
        let joined = parts.map(|name| {
            let both = [name.given_name.as_deref(), name.family_name.as_deref()];
            both.into_iter().flatten().collect::<Vec<_>>().join(" ")
        });
        let whole = parts.and_then(|name| name.formatted.clone());
        self.display_name.clone().or(whole).or(joined).unwrap_or_default()
    }
}

/// Make a person from a directory
///
/// They come in by the company's provider, or by the link for a forgotten password.
#[utoipa::path(post, path = "/v1/scim/v2/Users", tag = "scim", request_body(content = ScimNewUser, content_type = "application/scim+json"),
    responses((status = 201, body = ScimUser, content_type = "application/scim+json"), ScimProblems))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<ScimNewUser>,
) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let mut check = Check::new();
    let email = check.email("userName", &ask.user_name);
    let name = check.line("displayName", &ask.whole_name(), 0, 80);
    let external = ask.external(&mut check);
    check.finish()?;
    scope.tenant.account.may_grow()?;
    let detail = json!({ "email": email, "external_id": external });
    let id = provisioning::provision(&app.world, &scope.tenant.account, &email, &name, external).await?;
    onboarding::welcome_member(&app.world, scope.tenant.id(), id).await?;
    let tx = scope.begin().await?;
    audit::note(&tx, &scope.actor(), "agent.provisioned", Some(id.to_string()), detail).await?;
    tx.commit().await?;
    if ask.active == Some(false) {
        members::switch_off(&app, &scope, id).await?;
    }
    Ok(answer(StatusCode::CREATED, &view(&app, &one(&app, &scope, id).await?)))
}

/// Changes to a person, or a team.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct ScimPatch {
    /// One after the other; at most 20 to a person, and 1,000 to a team.
    #[serde(rename = "Operations")]
    pub(super) operations: Vec<ScimOperation>,
}

/// One change. Of `active`, `userName`, `displayName`, `name` and `externalId` of people, and of `displayName`, `externalId` and `members`
/// of teams; others are let pass.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct ScimOperation {
    /// `replace`, `add`, or `remove` for what nobody needs.
    pub(super) op: String,
    /// Which attribute; absent when `value` names them.
    #[serde(default)]
    pub(super) path: Option<String>,
    /// The new value, or an object of attributes and their values.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(super) value: Value,
}

/// Change a person from a directory
///
/// Whoever is made inactive is out at once: their sessions, tokens and sockets end.
#[utoipa::path(patch, path = "/v1/scim/v2/Users/{id}", tag = "scim", params(("id" = AgentId, Path)),
    request_body(content = ScimPatch, content_type = "application/scim+json"),
    responses((status = 200, body = ScimUser, content_type = "application/scim+json"), ScimProblems))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<AgentId>,
    Body(ask): Body<ScimPatch>,
) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let wanted = scim_patch::read(&ask.operations)?;
    let before = one(&app, &scope, id).await?;
    apply(&app, &scope, &before, wanted).await
}

/// Replace a person from a directory
///
/// What a directory says of them as a whole: whether they may come in, their name, their address and by what it knows them. Who is in this company alone gets the
/// new address when both it and the one before are of proven domains, and then every session of theirs ends; not who may do more than the
/// company's first role (`role_above_default`). What is not named stays.
#[utoipa::path(put, path = "/v1/scim/v2/Users/{id}", tag = "scim", params(("id" = AgentId, Path)),
    request_body(content = ScimNewUser, content_type = "application/scim+json"),
    responses((status = 200, body = ScimUser, content_type = "application/scim+json"), ScimProblems))]
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<AgentId>,
    Body(ask): Body<ScimNewUser>,
) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let mut check = Check::new();
    let email = check.email("userName", &ask.user_name);
    let name = check.line("displayName", &ask.whole_name(), 0, 80);
    let external = ask.external(&mut check).map_or(Wish::Keep, |external| Wish::Have(Some(external)));
    check.finish()?;
    let before = one(&app, &scope, id).await?;
    let name = Some(name).filter(|name| !name.is_empty());
    apply(&app, &scope, &before, Wanted { active: ask.active, email: Some(email), name, external }).await
}

/// Does what a directory wants of somebody, what ends their way in first.
async fn apply(app: &App, scope: &Scope<Member>, before: &Membership, wanted: Wanted) -> Result<Response, Problem> {
    let id = before.id;
    match wanted.active {
        Some(false) if before.disabled_at.is_none() => off(app, scope, before).await?,
        Some(true) if before.disabled_at.is_some() => members::switch_on(app, scope, id).await?,
        Some(_) | None => {}
    }
    let external = wanted.external.over(before.external_id.clone());
    if external != before.external_id {
        let owed = provisioning::set_external_id(&app.world, before, external, &scope.actor()).await?;
        audit::owed::pay(&app.world, &owed).await;
    }
    if let Some(email) = wanted.email.filter(|email| *email != before.email) {
        require_no_owner(before)?;
        let owed = provisioning::readdress(&app.world, before, &email, &scope.actor()).await?;
        revocation::revoke(&app.routing, Revocation::Session(scope.tenant.id(), id)).await;
        audit::owed::pay(&app.world, &owed).await;
    }
    if let Some(name) = wanted.name.filter(|name| *name != before.name) {
        provisioning::rename(&app.world, before, &name).await?;
        let tx = scope.begin().await?;
        let change = agent::Change { name: Some(name.clone()), ..agent::Change::default() };
        agent::update(&tx, id, change).await?;
        audit::note(&tx, &scope.actor(), "agent.updated", Some(id.to_string()), json!({ "name": name })).await?;
        tx.commit().await?;
    }
    Ok(answer(StatusCode::OK, &view(app, &one(app, scope, id).await?)))
}

/// The owner is the company's last hold, and a directory may be wrong.
fn require_no_owner(member: &Membership) -> Result<(), Denied> {
    if member.standing.role == Role::Owner { Err(Denied(Permission::AgentsManage)) } else { Ok(()) }
}

async fn off(app: &App, scope: &Scope<Member>, member: &Membership) -> Result<(), Problem> {
    require_no_owner(member)?;
    members::switch_off(app, scope, member.id).await
}

/// Remove a person from a directory
///
/// Makes them inactive: what they wrote stays theirs.
#[utoipa::path(delete, path = "/v1/scim/v2/Users/{id}", tag = "scim", params(("id" = AgentId, Path)), responses((status = 204), ScimProblems))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<AgentId>,
) -> Result<StatusCode, Problem> {
    scope.require(Permission::Scim)?;
    let member = one(&app, &scope, id).await?;
    if member.disabled_at.is_none() {
        off(&app, &scope, &member).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
