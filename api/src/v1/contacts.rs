//! Contacts.

use axum::Json;
use desk::contact::{self, Contact, ContactChange, ContactError, ContactId};
use serde::Deserialize;
use tenant::Permission;
use tenant::page::Page;

use super::Problems;
use crate::extract::{AsMember, Body, Path, Query, cursor, limit};
use crate::problem::Problem;

/// Which contacts.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContactQuery {
    /// A part of the name or address.
    query: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100; 25 when absent.
    limit: Option<u64>,
}

/// List contacts
///
/// Newest first.
#[utoipa::path(get, path = "/v1/contacts", tag = "contacts", params(ContactQuery), responses((status = 200, body = Page<Contact>), Problems))]
pub(crate) async fn list(
    AsMember(scope): AsMember,
    Query(query): Query<ContactQuery>,
) -> Result<Json<Page<Contact>>, Problem> {
    scope.require(Permission::ContactsRead)?;
    let (cursor, limit) = (cursor(query.cursor.as_deref())?, limit(query.limit)?);
    let words = query
        .query
        .map(|text| text.replace('\0', "").chars().take(100).collect::<String>())
        .filter(|text| !text.is_empty());
    let tx = scope.begin().await?;
    Ok(Json(contact::list(&tx, words, cursor, limit).await?))
}

/// Show a contact
#[utoipa::path(get, path = "/v1/contacts/{id}", tag = "contacts", params(("id" = ContactId, Path)), responses((status = 200, body = Contact), Problems))]
pub(crate) async fn show(AsMember(scope): AsMember, Path(id): Path<ContactId>) -> Result<Json<Contact>, Problem> {
    scope.require(Permission::ContactsRead)?;
    let tx = scope.begin().await?;
    Ok(Json(contact::find(&tx, id).await?.ok_or(ContactError::Unknown)?))
}

/// Change a contact
///
/// What is absent stays; an empty text clears.
#[utoipa::path(patch, path = "/v1/contacts/{id}", tag = "contacts", params(("id" = ContactId, Path)), request_body = ContactChange,
    responses((status = 200, body = Contact), Problems))]
pub(crate) async fn change(
    AsMember(scope): AsMember,
    Path(id): Path<ContactId>,
    Body(ask): Body<ContactChange>,
) -> Result<Json<Contact>, Problem> {
    scope.require(Permission::ContactsWrite)?;
    let mut tx = scope.begin().await?;
    let contact = contact::update(&mut tx, id, ask).await?;
    tx.commit().await?;
    Ok(Json(contact))
}
