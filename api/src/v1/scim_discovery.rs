//! What a directory can find out of us by itself (RFC 7643, sections 5 to 7): what we do, what there is, and what is kept of it.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use tenant::Permission;

use super::ScimProblems;
use super::scim::{LIST, USER, answer};
use super::scim_groups::GROUP;
use crate::extract::{AsMember, Path};
use crate::problem::Problem;

const PROVIDER: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const KIND: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

/// Whether something is done.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ScimSupport {
    /// Whether it is.
    supported: bool,
}

/// Many changes in one request.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimBulk {
    /// Whether they are taken.
    supported: bool,
    /// How many at most.
    max_operations: u32,
    /// How many bytes at most.
    max_payload_size: u32,
}

/// Filters of lists.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimFilters {
    /// Whether there are any; there are `userName eq "…"` and `externalId eq "…"` of people, and `displayName eq "…"` and
    /// `externalId eq "…"` of teams.
    supported: bool,
    /// How many a list gives at most.
    max_results: u32,
}

/// How a directory shows who it is.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimScheme {
    /// The standard's word for it.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Its name.
    name: &'static str,
    /// What it is.
    description: &'static str,
    /// Where it is defined.
    spec_uri: &'static str,
    /// Always.
    primary: bool,
}

/// What this service does of SCIM.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimProvider {
    /// Always the one of this.
    schemas: [&'static str; 1],
    /// PATCH.
    patch: ScimSupport,
    /// Many changes at once.
    bulk: ScimBulk,
    /// Filters.
    filter: ScimFilters,
    /// Changing passwords.
    change_password: ScimSupport,
    /// Lists in another order.
    sort: ScimSupport,
    /// Versions of resources.
    etag: ScimSupport,
    /// How a directory shows who it is.
    authentication_schemes: Vec<ScimScheme>,
}

/// Tell a directory what is done of SCIM
#[utoipa::path(get, path = "/v1/scim/v2/ServiceProviderConfig", tag = "scim",
    responses((status = 200, body = ScimProvider, content_type = "application/scim+json"), ScimProblems))]
pub(crate) async fn provider(AsMember(scope): AsMember) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let no = || ScimSupport { supported: false };
    let provider = ScimProvider {
        schemas: [PROVIDER],
        patch: ScimSupport { supported: true },
        bulk: ScimBulk { supported: false, max_operations: 0, max_payload_size: 0 },
        filter: ScimFilters { supported: true, max_results: 200 },
        change_password: no(),
        sort: no(),
        etag: no(),
        authentication_schemes: vec![ScimScheme {
            kind: "oauthbearertoken",
            name: "API key",
            description: "An API key of the scope scim, as a bearer token.",
            spec_uri: "https://www.rfc-editor.org/info/rfc6750",
            primary: true,
        }],
    };
    Ok(answer(StatusCode::OK, &provider))
}

/// A kind of resource.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ScimKind {
    /// Always the one of kinds.
    schemas: [&'static str; 1],
    /// Its id.
    id: &'static str,
    /// Its name.
    name: &'static str,
    /// What it is.
    description: &'static str,
    /// Where it is found.
    endpoint: &'static str,
    /// Its schema.
    schema: &'static str,
}

/// The kinds of resources.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimKinds {
    /// Always the one of lists.
    schemas: [&'static str; 1],
    /// How many there are.
    total_results: usize,
    /// They.
    #[serde(rename = "Resources")]
    resources: Vec<ScimKind>,
}

/// Every kind of resource that there is.
fn every_kind() -> Vec<ScimKind> {
    vec![
        ScimKind {
            schemas: [KIND],
            id: "User",
            name: "User",
            description: "People who work in the company",
            endpoint: "/Users",
            schema: USER,
        },
        ScimKind {
            schemas: [KIND],
            id: "Group",
            name: "Group",
            description: "Teams of the company",
            endpoint: "/Groups",
            schema: GROUP,
        },
    ]
}

/// Tell a directory what there is
#[utoipa::path(get, path = "/v1/scim/v2/ResourceTypes", tag = "scim",
    responses((status = 200, body = ScimKinds, content_type = "application/scim+json"), ScimProblems))]
pub(crate) async fn kinds(AsMember(scope): AsMember) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let resources = every_kind();
    Ok(answer(StatusCode::OK, &ScimKinds { schemas: [LIST], total_results: resources.len(), resources }))
}

/// Tell a directory of one kind of resource
#[utoipa::path(get, path = "/v1/scim/v2/ResourceTypes/{id}", tag = "scim", params(("id" = String, Path, description = "As in the list")),
    responses((status = 200, body = ScimKind, content_type = "application/scim+json"), ScimProblems))]
pub(crate) async fn kind(AsMember(scope): AsMember, Path(id): Path<String>) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let kind = every_kind().into_iter().find(|kind| kind.id == id).ok_or_else(Problem::not_found)?;
    Ok(answer(StatusCode::OK, &kind))
}

/// A part of an attribute.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimPart {
    /// Its name.
    name: &'static str,
    /// Its type.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Whether there may be several.
    multi_valued: bool,
    /// What it is.
    description: &'static str,
    /// Whether it must be there.
    required: bool,
    /// Whether capitals matter.
    case_exact: bool,
    /// Who may change it.
    mutability: &'static str,
    /// When it is told.
    returned: &'static str,
    /// Among what it is the only one.
    uniqueness: &'static str,
}

/// An attribute.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimAttribute {
    /// Its name.
    name: &'static str,
    /// Its type.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Its parts, if it has some.
    sub_attributes: Vec<ScimPart>,
    /// Whether there may be several.
    multi_valued: bool,
    /// What it is.
    description: &'static str,
    /// Whether it must be there.
    required: bool,
    /// Whether capitals matter.
    case_exact: bool,
    /// Who may change it.
    mutability: &'static str,
    /// When it is told.
    returned: &'static str,
    /// Among what it is the only one.
    uniqueness: &'static str,
}

/// What is kept of a kind of resource.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ScimSchema {
    /// Always the one of schemas.
    schemas: [&'static str; 1],
    /// Its name among all.
    id: &'static str,
    /// Its name.
    name: &'static str,
    /// What it is.
    description: &'static str,
    /// What is kept.
    attributes: Vec<ScimAttribute>,
}

/// What is kept of each kind of resource.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimSchemas {
    /// Always the one of lists.
    schemas: [&'static str; 1],
    /// How many there are.
    total_results: usize,
    /// They.
    #[serde(rename = "Resources")]
    resources: Vec<ScimSchema>,
}

const fn part(name: &'static str, kind: &'static str, mutability: &'static str, description: &'static str) -> ScimPart {
    ScimPart {
        name,
        kind,
        multi_valued: false,
        description,
        required: false,
        case_exact: false,
        mutability,
        returned: "default",
        uniqueness: "none",
    }
}

fn of(part: &ScimPart, sub_attributes: Vec<ScimPart>) -> ScimAttribute {
    ScimAttribute {
        name: part.name,
        kind: part.kind,
        sub_attributes,
        multi_valued: part.multi_valued,
        description: part.description,
        required: part.required,
        case_exact: part.case_exact,
        mutability: part.mutability,
        returned: part.returned,
        uniqueness: part.uniqueness,
    }
}

/// What is taken of a person, and told of them.
fn attributes() -> Vec<ScimAttribute> {
    let (written, told) = ("readWrite", "readOnly");
    let address = ScimPart {
        required: true,
        uniqueness: "server",
        ..part("userName", "string", written, "The address they sign in with, of a domain that the company has proven")
    };
    // What is taken in parts is told as one name.
    let name = ScimPart { returned: "never", ..part("name", "complex", "writeOnly", "Their name in parts") };
    let parts = ["formatted", "givenName", "familyName"]
        .map(|each| ScimPart { returned: "never", ..part(each, "string", "writeOnly", "A part of their name") });
    let emails = ScimPart { multi_valued: true, ..part("emails", "complex", told, "Their address, again") };
    let roles = ScimPart { multi_valued: true, ..part("roles", "complex", told, "What they are") };
    vec![
        of(&address, Vec::new()),
        of(&part("displayName", "string", written, "Their name"), Vec::new()),
        of(&name, Vec::from(parts)),
        of(&part("active", "boolean", written, "Whether they may come in"), Vec::new()),
        of(
            &emails,
            vec![part("value", "string", told, "The address"), part("primary", "boolean", told, "Always true")],
        ),
        of(&roles, vec![part("value", "string", told, "The role")]),
    ]
}

/// What is taken of a team, and told of it.
fn attributes_of_teams() -> Vec<ScimAttribute> {
    let name = ScimPart {
        required: true,
        uniqueness: "server",
        ..part("displayName", "string", "readWrite", "Its name; no two teams of a company have the same")
    };
    let members =
        ScimPart { multi_valued: true, ..part("members", "complex", "readWrite", "Who of the company is in it") };
    let id = ScimPart { case_exact: true, ..part("value", "string", "immutable", "Their id") };
    vec![of(&name, Vec::new()), of(&members, vec![id, part("display", "string", "readOnly", "Their name")])]
}

/// What is kept of every kind of resource.
fn every_schema() -> Vec<ScimSchema> {
    vec![
        ScimSchema {
            schemas: [SCHEMA],
            id: USER,
            name: "User",
            description: "People who work in the company",
            attributes: attributes(),
        },
        ScimSchema {
            schemas: [SCHEMA],
            id: GROUP,
            name: "Group",
            description: "Teams of the company",
            attributes: attributes_of_teams(),
        },
    ]
}

/// Tell a directory what is kept
#[utoipa::path(get, path = "/v1/scim/v2/Schemas", tag = "scim",
    responses((status = 200, body = ScimSchemas, content_type = "application/scim+json"), ScimProblems))]
pub(crate) async fn schemas(AsMember(scope): AsMember) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    let resources = every_schema();
    Ok(answer(StatusCode::OK, &ScimSchemas { schemas: [LIST], total_results: resources.len(), resources }))
}

/// Tell a directory what is kept of one kind of resource
#[utoipa::path(get, path = "/v1/scim/v2/Schemas/{id}", tag = "scim",
    params(("id" = String, Path, description = "As in the list")),
    responses((status = 200, body = ScimSchema, content_type = "application/scim+json"), ScimProblems))]
pub(crate) async fn schema(AsMember(scope): AsMember, Path(id): Path<String>) -> Result<Response, Problem> {
    scope.require(Permission::Scim)?;
    // Capitals do not matter in names of schemas.
    let found = every_schema().into_iter().find(|schema| schema.id.eq_ignore_ascii_case(&id));
    Ok(answer(StatusCode::OK, &found.ok_or_else(Problem::not_found)?))
}
