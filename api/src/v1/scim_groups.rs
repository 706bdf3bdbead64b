//! Teams as a directory manages them: the groups of SCIM 2.0, with an API key of the scope `scim`.
//!
//! A directory says what a team is called and who is in it; all else of a team is set up in the portal, and stays. What is done is what the
//! portal does, with the same records and for the same eyes. People of no other company come in.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use desk::TeamId;
use desk::setup::{Noun, SetupError, take_turn};
use desk::team::{self, Team, TeamRequest};
use infra::validate::{Check, Invalid};
use routing::revocation::{self, Revocation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenant::{AgentId, Member, Permission, Scope, agent, membership};

use super::ScimProblems;
use super::scim::{LIST, ScimMeta, ScimPatch, ScimQuery, answer};
use super::scim_group_patch::{self, NotHere, Wanted, chosen, follow};
use super::scim_patch::{self, bare, equals};
use super::setup::Setup;
use crate::App;
use crate::extract::{AsMember, Body, Path, Query};
use crate::problem::Problem;

pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// A team, as a directory sees it.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimGroup {
    /// Always the one of groups.
    schemas: [&'static str; 1],
    /// Its id.
    id: TeamId,
    /// By what the directory knows it; null where it has said nothing.
    external_id: Option<String>,
    /// Its name.
    display_name: String,
    /// Who is in it; absent where it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Vec<ScimMember>>,
    /// About the resource.
    meta: ScimMeta,
}

/// Somebody in a team.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ScimMember {
    /// Their id in this company.
    value: AgentId,
    /// Their name.
    display: String,
}

/// Teams.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimGroups {
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
    resources: Vec<ScimGroup>,
}

/// Tells a team with the names of who is in it, or without members.
fn view(app: &App, team: &Team, names: Option<&HashMap<AgentId, String>>) -> ScimGroup {
    let members = names.map(|names| {
        let one = |id: &AgentId| ScimMember { value: *id, display: names.get(id).cloned().unwrap_or_default() };
        team.agent_ids.iter().map(one).collect()
    });
    ScimGroup {
        schemas: [GROUP],
        id: team.id,
        external_id: team.external_id.clone(),
        display_name: team.name.clone(),
        members,
        meta: ScimMeta::of(app, "Group", team.created_at, &team.id),
    }
}

/// Whether members are asked for: Entra leaves them out where it looks for a team.
fn with_members(attributes: Option<&str>, excluded: Option<&str>) -> bool {
    let named = |words: &str| words.split(',').any(|word| bare(word, GROUP).split('.').next() == Some("members"));
    let asked = attributes.filter(|words| !words.trim().is_empty());
    asked.is_none_or(named) && !excluded.is_some_and(named)
}

/// Which team a filter asks for.
#[derive(PartialEq, Eq)]
enum Sought {
    /// The one of this name, in small letters.
    Name(String),
    /// The one that the directory knows by this.
    External(String),
}

impl Sought {
    fn read(filter: &str) -> Option<Self> {
        let (attribute, value) = equals(filter)?;
        match attribute.as_str() {
            "displayname" => Some(Self::Name(value.trim().to_lowercase())),
            "externalid" => Some(Self::External(value.trim().to_owned())),
            _ => None,
        }
    }

    fn is(&self, team: &Team) -> bool {
        match self {
            Self::Name(name) => team.name.to_lowercase() == *name,
            Self::External(external) => team.external_id.as_ref() == Some(external),
        }
    }
}

/// List teams for a directory
#[utoipa::path(get, path = "/v1/scim/v2/Groups", tag = "scim", params(ScimQuery), responses((status = 200, body = ScimGroups, content_type = "application/scim+json"), ScimProblems))]
pub(crate) async fn list_groups(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Query(query): Query<ScimQuery>,
) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let mut check = Check::new();
    let sought = query.filter.as_deref().map(Sought::read);
    if sought == Some(None) {
        check.refuse("filter", "filter_unsupported", "Only displayName eq \"…\" or externalId eq \"…\".");
    }
    let part = query.part(&mut check);
    check.finish()?;
    let sought = sought.flatten();
    let tx = scope.begin().await?;
    let mut found = team::list(&tx).await?;
    found.retain(|team| sought.as_ref().is_none_or(|sought| sought.is(team)));
    let total_results = found.len();
    let here: Vec<Team> = found.into_iter().skip(part.skipped).take(part.taken).collect();
    let names = if with_members(query.attributes.as_deref(), query.excluded_attributes.as_deref()) {
        let ids: Vec<AgentId> = here.iter().flat_map(|team| team.agent_ids.iter().copied()).collect();
        Some(agent::names(&tx, &ids).await?)
    } else {
        None
    };
    let resources: Vec<ScimGroup> = here.iter().map(|team| view(&app, team, names.as_ref())).collect();
    let list = ScimGroups {
        schemas: [LIST],
        total_results,
        start_index: part.skipped.saturating_add(1),
        items_per_page: resources.len(),
        resources,
    };
    Ok(answer(StatusCode::OK, &list))
}

/// What of a team is asked for.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ScimWish {
    /// Which attributes are asked for. All but `members` are always told.
    #[serde(default)]
    attributes: Option<String>,
    /// Which attributes are not asked for. All but `members` are always told.
    #[serde(default)]
    excluded_attributes: Option<String>,
}

/// Show a team to a directory
#[utoipa::path(get, path = "/v1/scim/v2/Groups/{id}", tag = "scim", params(("id" = TeamId, Path), ScimWish),
    responses((status = 200, body = ScimGroup, content_type = "application/scim+json"), ScimProblems))]
pub(crate) async fn show_group(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<TeamId>,
    Query(wish): Query<ScimWish>,
) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let mut check = Check::new();
    let (attributes, excluded) = (wish.attributes.as_deref(), wish.excluded_attributes.as_deref());
    for (name, words) in [("attributes", attributes), ("excludedAttributes", excluded)] {
        check.line(name, words.unwrap_or_default(), 0, 2_000);
    }
    check.finish()?;
    let tx = scope.begin().await?;
    let team = team::find(&tx, id).await?.ok_or(SetupError::Unknown(Noun::Team))?;
    let names = if with_members(attributes, excluded) { Some(agent::names(&tx, &team.agent_ids).await?) } else { None };
    Ok(answer(StatusCode::OK, &view(&app, &team, names.as_ref())))
}

/// Somebody to be in a team. Attributes that are not named here are let pass.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct ScimNewMember {
    /// Their id in this company.
    value: String,
}

/// A team, to make or to be as this says. Attributes that are not named here are let pass.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimNewGroup {
    /// Its name, 1 to 80 characters; no two teams differ only in capitals.
    display_name: String,
    /// By what the directory knows it, at most 255 characters. No two teams of the company have the same.
    #[serde(default)]
    external_id: Option<String>,
    /// Who is in it, at most 1,000.
    #[serde(default)]
    members: Option<Vec<ScimNewMember>>,
}

/// A team as a directory sent it, within bounds.
struct Sent {
    name: String,
    external_id: Option<String>,
    members: Option<Vec<String>>,
}

impl ScimNewGroup {
    fn checked(self) -> Result<Sent, Invalid> {
        let mut check = Check::new();
        let name = check.line("displayName", &self.display_name, 1, 80);
        let external_id = self.external_id.as_deref().and_then(|text| scim_patch::external(&mut check, text));
        check.finish()?;
        let members = self.members.map(|members| members.into_iter().map(|one| one.value).collect());
        Ok(Sent { name, external_id, members })
    }
}

fn not_here(_: NotHere) -> Problem {
    let detail = "Somebody among the members is not of this company.";
    Problem::new(StatusCode::BAD_REQUEST, "member_unknown", Some(detail))
}

/// What the setup refuses, with the statuses that the standard has for it.
fn told(error: SetupError) -> Problem {
    if let SetupError::Invalid(Invalid(faults)) = &error {
        let is = |code: &str| faults.iter().any(|fault| fault.code == code);
        if is("name_taken") {
            return Problem::new(StatusCode::CONFLICT, "name_taken", Some("Another team has this name."));
        }
        if is("external_id_taken") {
            return Problem::new(StatusCode::CONFLICT, "external_id_taken", Some("Another team has this externalId."));
        }
        // Somebody who has only just been made, and has no place in the company's tables yet.
        if is("agent_unknown") {
            return not_here(NotHere);
        }
    }
    error.into()
}

/// Everybody of the company.
async fn everybody(app: &App, scope: &Scope<Member>) -> Result<BTreeSet<AgentId>, Problem> {
    let members = membership::of_account(&app.world, scope.tenant.id()).await?;
    Ok(members.into_iter().map(|member| member.id).collect())
}

/// A deed, and what is noted of it.
type Deed = (&'static str, Value);

/// How a team is to be.
struct Aim {
    name: String,
    external_id: Option<String>,
    members: BTreeSet<AgentId>,
}

/// Brings a team to be as it is wanted, in the portal's own steps, and tells how it is then.
async fn settle(
    app: &App,
    scope: &Scope<Member>,
    setup: Setup<'_>,
    before: Team,
    Aim { name, external_id, members }: Aim,
    mut deeds: Vec<Deed>,
) -> Result<ScimGroup, Problem> {
    let id = before.id;
    let mut team = before;
    if name != team.name {
        let ask = TeamRequest {
            name,
            description: team.description,
            brand_id: team.brand_id,
            public: team.public,
            assignment_policy_id: team.assignment_policy_id,
            business_hours_id: team.business_hours_id,
            position: team.position,
        };
        team = team::replace(&setup.tx, id, ask).await.map_err(told)?;
        let detail = json!({ "name": team.name, "brand_id": team.brand_id, "public": team.public,
            "assignment_policy_id": team.assignment_policy_id, "business_hours_id": team.business_hours_id });
        deeds.push(("team.updated", detail));
    }
    if external_id != team.external_id {
        team = team::set_external_id(&setup.tx, id, external_id).await.map_err(told)?;
        deeds.push(("team.updated", json!({ "name": team.name, "external_id": team.external_id })));
    }
    let moved = members != team.agent_ids.iter().copied().collect::<BTreeSet<_>>();
    if moved {
        team = team::set_members(&setup.tx, id, members.into_iter().collect()).await.map_err(told)?;
        deeds.push(("team.members_changed", json!({ "name": team.name, "agent_ids": team.agent_ids })));
    }
    let names = agent::names(&setup.tx, &team.agent_ids).await?;
    setup.done_all(&id.to_string(), deeds).await?;
    if moved {
        // Whoever sees only what their teams have sees something else now.
        revocation::revoke(&app.routing, Revocation::Sight(scope.tenant.id())).await;
    }
    Ok(view(app, &team, Some(&names)))
}

/// Make a team from a directory
///
/// It is of no brand, visitors do not choose it, and it has no policy and no hours of its own, until the portal says otherwise.
#[utoipa::path(post, path = "/v1/scim/v2/Groups", tag = "scim", request_body(content = ScimNewGroup, content_type = "application/scim+json"),
    responses((status = 201, body = ScimGroup, content_type = "application/scim+json"), ScimProblems))]
pub(crate) async fn create_group(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<ScimNewGroup>,
) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let Sent { name, external_id, members } = ask.checked()?;
    let known = everybody(&app, &scope).await?;
    let setup = Setup::begin_for_a_directory(&app, &scope).await?;
    let members = chosen(&members.unwrap_or_default(), &known, &BTreeSet::new()).map_err(not_here)?;
    let ask = TeamRequest {
        name,
        description: String::new(),
        brand_id: None,
        public: false,
        assignment_policy_id: None,
        business_hours_id: None,
        position: 0,
    };
    let mut made = team::create(&setup.tx, ask).await.map_err(told)?;
    if external_id.is_some() {
        made = team::set_external_id(&setup.tx, made.id, external_id).await.map_err(told)?;
    }
    let deeds = vec![("team.created", json!({ "name": made.name, "external_id": made.external_id }))];
    let wanted = Aim { name: made.name.clone(), external_id: made.external_id.clone(), members };
    Ok(answer(StatusCode::CREATED, &settle(&app, &scope, setup, made, wanted, deeds).await?))
}

/// Replace a team from a directory
///
/// Its name, by what the directory knows it, and who is in it. Who is not named stays where no members are named at all, and so does an
/// `externalId`; what else a team is stays in any case.
#[utoipa::path(put, path = "/v1/scim/v2/Groups/{id}", tag = "scim", params(("id" = TeamId, Path)),
    request_body(content = ScimNewGroup, content_type = "application/scim+json"),
    responses((status = 200, body = ScimGroup, content_type = "application/scim+json"), ScimProblems))]
pub(crate) async fn replace_group(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<TeamId>,
    Body(ask): Body<ScimNewGroup>,
) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let Sent { name, external_id, members: named } = ask.checked()?;
    let known = everybody(&app, &scope).await?;
    let setup = Setup::begin_for_a_directory(&app, &scope).await?;
    let before = held(&setup, id).await?;
    let present: BTreeSet<AgentId> = before.agent_ids.iter().copied().collect();
    let members = match named {
        Some(named) => chosen(&named, &known, &present).map_err(not_here)?,
        None => present,
    };
    let external_id = external_id.or_else(|| before.external_id.clone());
    let wanted = Aim { name, external_id, members };
    Ok(answer(StatusCode::OK, &settle(&app, &scope, setup, before, wanted, Vec::new()).await?))
}

/// The team as it is, and stays until it is written: what a directory adds is added to what others have written.
async fn held(setup: &Setup<'_>, id: TeamId) -> Result<Team, Problem> {
    take_turn(&setup.tx).await?;
    Ok(team::find(&setup.tx, id).await?.ok_or(SetupError::Unknown(Noun::Team))?)
}

/// Change a team from a directory
///
/// Its name, by what the directory knows it, and who is in it: `add`, `remove` and `replace` of `members`, `displayName` and `externalId`;
/// others are let pass.
#[utoipa::path(patch, path = "/v1/scim/v2/Groups/{id}", tag = "scim", params(("id" = TeamId, Path)),
    request_body(content = ScimPatch, content_type = "application/scim+json"),
    responses((status = 200, body = ScimGroup, content_type = "application/scim+json"), ScimProblems))]
pub(crate) async fn change_group(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<TeamId>,
    Body(ask): Body<ScimPatch>,
) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let steps = scim_group_patch::read(&ask.operations)?;
    let known = everybody(&app, &scope).await?;
    let setup = Setup::begin_for_a_directory(&app, &scope).await?;
    let before = held(&setup, id).await?;
    let present = before.agent_ids.iter().copied().collect();
    let Wanted { name, external, members } = follow(steps, present, &known).map_err(not_here)?;
    let wanted = Aim {
        name: name.unwrap_or_else(|| before.name.clone()),
        external_id: external.over(before.external_id.clone()),
        members,
    };
    Ok(answer(StatusCode::OK, &settle(&app, &scope, setup, before, wanted, Vec::new()).await?))
}

/// Remove a team from a directory
///
/// Refused while an inbox, a policy or a rule leads to it, or it has conversations that are not resolved.
#[utoipa::path(delete, path = "/v1/scim/v2/Groups/{id}", tag = "scim", params(("id" = TeamId, Path)), responses((status = 204), ScimProblems))]
pub(crate) async fn remove_group(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<TeamId>,
) -> Result<StatusCode, Problem> {
    let setup = Setup::begin_for_a_directory(&app, &scope).await?;
    let gone = team::remove(&setup.tx, id).await?;
    setup.done("team.removed", Some(id.to_string()), json!({ "name": gone.name })).await?;
    Ok(StatusCode::NO_CONTENT)
}
