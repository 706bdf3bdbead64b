//! People as a directory manages them: SCIM 2.0 (RFC 7643, RFC 7644), with an API key of the scope `scim`.
//!
//! What directories send is wider than what we keep: unknown attributes are let pass, as the standard asks. Refusals are problem
//! documents as everywhere; directories go by their status. People are made only for addresses of proven domains, and never deleted:
//! what they wrote stays theirs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use infra::validate::Check;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenant::membership::{self, Membership, Role};
use tenant::permission::Denied;
use tenant::provisioning;
use tenant::{AgentId, Member, Permission, Scope, agent, audit};

use super::Problems;
use crate::extract::{AsMember, Body, Path, Query};
use crate::problem::Problem;
use crate::{App, members, onboarding};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// A person, as a directory sees them.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimUser {
    /// Always the one of users.
    schemas: [&'static str; 1],
    /// Their id in this company.
    id: AgentId,
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
    /// Always `User`.
    resource_type: &'static str,
    /// When they joined.
    created: DateTime<Utc>,
    /// Where it is.
    location: String,
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
        user_name: member.email.clone(),
        display_name: member.name.clone(),
        active: member.disabled_at.is_none(),
        emails: vec![ScimEmail { value: member.email.clone(), primary: true }],
        roles: vec![ScimRole { value: member.standing.role }],
        meta: ScimMeta {
            resource_type: "User",
            created: member.created_at,
            location: format!("{}/v1/scim/v2/Users/{}", app.world.public_url, member.id),
        },
    }
}

/// An answer with SCIM's own content type.
fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
    response
}

/// Which people.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ScimQuery {
    /// Only `userName eq "…"`.
    #[serde(default)]
    filter: Option<String>,
    /// From which on, counted from 1.
    #[serde(default)]
    #[param(minimum = 1)]
    start_index: Option<u32>,
    /// How many at most, 0 to 200.
    #[serde(default)]
    #[param(maximum = 200)]
    count: Option<u32>,
}

/// The address of a filter `userName eq "…"`.
fn wanted(filter: &str) -> Option<String> {
    let (attribute, rest) = filter.trim().split_once(' ')?;
    let (operator, value) = rest.trim_start().split_once(' ')?;
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    let fits = attribute.eq_ignore_ascii_case("userName") && operator.eq_ignore_ascii_case("eq");
    (fits && !value.contains(['"', '\\']) && !value.contains(char::is_control) && value.len() <= 254)
        .then(|| value.to_lowercase())
}

/// List people for a directory
#[utoipa::path(get, path = "/v1/scim/v2/Users", tag = "scim", params(ScimQuery), responses((status = 200, body = ScimList, content_type = "application/scim+json"), Problems))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Query(query): Query<ScimQuery>,
) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let mut check = Check::new();
    let email = query.filter.as_deref().map(wanted);
    if email == Some(None) {
        check.refuse("filter", "filter_unsupported", "Only userName eq \"…\".");
    }
    let start = query.start_index.unwrap_or(1);
    if start == 0 {
        check.refuse("startIndex", "start_out_of_range", "Counted from 1.");
    }
    let count = query.count.unwrap_or(100);
    if count > 200 {
        check.refuse("count", "count_out_of_range", "At most 200.");
    }
    check.finish()?;
    let everybody = membership::of_account(&app.world, scope.tenant.id()).await?;
    let email = email.flatten();
    let found: Vec<&Membership> =
        everybody.iter().filter(|member| email.as_ref().is_none_or(|email| member.email == *email)).collect();
    let skipped = usize::try_from(start - 1).unwrap_or(usize::MAX);
    let taken = usize::try_from(count).unwrap_or(0);
    let resources: Vec<ScimUser> = found.iter().skip(skipped).take(taken).map(|member| view(&app, member)).collect();
    let list = ScimList {
        schemas: [LIST],
        total_results: found.len(),
        start_index: usize::try_from(start).unwrap_or(1),
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
    responses((status = 200, body = ScimUser, content_type = "application/scim+json"), Problems))]
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

/// A person to make. Attributes that are not named here are let pass.
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
}

impl ScimNewUser {
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
    responses((status = 201, body = ScimUser, content_type = "application/scim+json"), Problems))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<ScimNewUser>,
) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let mut check = Check::new();
    let email = check.email("userName", &ask.user_name);
    let name = check.line("displayName", &ask.whole_name(), 0, 80);
    check.finish()?;
    scope.tenant.account.may_grow()?;
    let id = provisioning::provision(&app.world, &scope.tenant.account, &email, &name).await?;
    onboarding::welcome_member(&app.world, scope.tenant.id(), id).await?;
    let tx = scope.begin().await?;
    audit::note(&tx, &scope.actor(), "agent.provisioned", Some(id.to_string()), json!({ "email": email })).await?;
    tx.commit().await?;
    if ask.active == Some(false) {
        members::switch_off(&app, &scope, id).await?;
    }
    Ok(answer(StatusCode::CREATED, &view(&app, &one(&app, &scope, id).await?)))
}

/// Changes to a person.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct ScimPatch {
    /// One after the other; at most 20.
    #[serde(rename = "Operations")]
    operations: Vec<ScimOperation>,
}

/// One change. Of `active` and `displayName`; others are let pass.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct ScimOperation {
    /// `replace` or `add`.
    op: String,
    /// Which attribute; absent when `value` names them.
    #[serde(default)]
    path: Option<String>,
    /// The new value, or an object of attributes and their values.
    #[serde(default)]
    #[schema(value_type = Object)]
    value: Value,
}

#[derive(Default)]
struct Wanted {
    active: Option<bool>,
    name: Option<String>,
}

impl Wanted {
    fn take(&mut self, attribute: &str, value: &Value, check: &mut Check) {
        if attribute.eq_ignore_ascii_case("active") {
            // Some directories write it as a word.
            match value.as_bool().or_else(|| value.as_str().and_then(|word| word.to_lowercase().parse().ok())) {
                Some(active) => self.active = Some(active),
                None => check.refuse("Operations", "active_invalid", "active is true or false."),
            }
        } else if attribute.eq_ignore_ascii_case("displayName") {
            match value.as_str() {
                Some(name) => self.name = Some(check.line("Operations", name, 1, 80)),
                None => check.refuse("Operations", "name_invalid", "displayName is a text."),
            }
        }
    }
}

fn read(operations: &[ScimOperation]) -> Result<Wanted, Problem> {
    let mut check = Check::new();
    let mut wanted = Wanted::default();
    if operations.is_empty() || operations.len() > 20 {
        check.refuse("Operations", "operations_out_of_range", "1 to 20.");
    }
    for operation in operations.iter().take(20) {
        if !operation.op.eq_ignore_ascii_case("replace") && !operation.op.eq_ignore_ascii_case("add") {
            check.refuse("Operations", "op_unsupported", "Only replace and add.");
        }
        match (&operation.path, &operation.value) {
            (Some(path), value) => wanted.take(path, value, &mut check),
            (None, Value::Object(attributes)) => {
                for (attribute, value) in attributes {
                    wanted.take(attribute, value, &mut check);
                }
            }
            (None, _) => check.refuse("Operations", "value_invalid", "Without a path, value is an object."),
        }
    }
    check.finish()?;
    Ok(wanted)
}

/// Change a person from a directory
///
/// Whoever is made inactive is out at once: their sessions, tokens and sockets end.
#[utoipa::path(patch, path = "/v1/scim/v2/Users/{id}", tag = "scim", params(("id" = AgentId, Path)),
    request_body(content = ScimPatch, content_type = "application/scim+json"),
    responses((status = 200, body = ScimUser, content_type = "application/scim+json"), Problems))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<AgentId>,
    Body(ask): Body<ScimPatch>,
) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let wanted = read(&ask.operations)?;
    let before = one(&app, &scope, id).await?;
    match wanted.active {
        Some(false) if before.disabled_at.is_none() => off(&app, &scope, &before).await?,
        Some(true) if before.disabled_at.is_some() => members::switch_on(&app, &scope, id).await?,
        Some(_) | None => {}
    }
    if let Some(name) = wanted.name {
        provisioning::rename(&app.world, &before, &name).await?;
        let tx = scope.begin().await?;
        let change = agent::Change { name: Some(name.clone()), ..agent::Change::default() };
        agent::update(&tx, id, change).await?;
        audit::note(&tx, &scope.actor(), "agent.updated", Some(id.to_string()), json!({ "name": name })).await?;
        tx.commit().await?;
    }
    Ok(answer(StatusCode::OK, &view(&app, &one(&app, &scope, id).await?)))
}

async fn off(app: &App, scope: &Scope<Member>, member: &Membership) -> Result<(), Problem> {
    // The owner is the company's last hold, and a directory may be wrong.
    if member.standing.role == Role::Owner {
        return Err(Denied(Permission::AgentsManage).into());
    }
    members::switch_off(app, scope, member.id).await
}

/// Remove a person from a directory
///
/// Makes them inactive: what they wrote stays theirs.
#[utoipa::path(delete, path = "/v1/scim/v2/Users/{id}", tag = "scim", params(("id" = AgentId, Path)), responses((status = 204), Problems))]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_one_address() {
        assert_eq!(wanted("userName eq \"Ana@Tea.Example\"").as_deref(), Some("ana@tea.example"));
        assert_eq!(wanted("username EQ \"a\"").as_deref(), Some("a"));
        for bad in
            ["", "userName", "userName eq ana", "userName ne \"a\"", "active eq \"true\"", "userName eq \"a\" or \"b\""]
        {
            assert_eq!(wanted(bad), None, "{bad}");
        }
    }
}
