//! Contacts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::contact::{self, Contact, ContactChange, ContactError, ContactId};
use routing::revocation::{Revocation, revoke};
use serde::Deserialize;
use tenant::page::Page;
use tenant::{Permission, audit, visits};

use super::Problems;
use crate::App;
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
    let _room = scope.tenant.reads_much().await?;
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

/// Whether somebody may write.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Blocking {
    /// True to keep them from writing.
    blocked: bool,
}

/// Block a contact, or let them write again
///
/// Who is blocked is told so, can read what was said, and cannot write.
#[utoipa::path(put, path = "/v1/contacts/{id}/blocked", tag = "contacts", params(("id" = ContactId, Path)), request_body = Blocking,
    responses((status = 200, body = Contact), Problems))]
pub(crate) async fn block(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<ContactId>,
    Body(ask): Body<Blocking>,
) -> Result<Json<Contact>, Problem> {
    scope.require(Permission::ConversationsSupervise)?;
    let mut tx = scope.begin().await?;
    let (contact, changed) = contact::set_blocked(&mut tx, id, ask.blocked).await?;
    if !changed {
        return Ok(Json(contact));
    }
    // Their row is locked now: no token is younger that does not know of it.
    let at = scope.now();
    visits::end(&tx, id.uuid(), at).await?;
    let action = if ask.blocked { "contact.blocked" } else { "contact.unblocked" };
    audit::note(&tx, &scope.actor(), action, Some(id.to_string()), serde_json::json!({})).await?;
    tx.commit().await?;
    let account = scope.tenant.id();
    revoke(&app.routing, Revocation::Visits { account, contact: Some(id), subject: id.uuid(), at }).await;
    Ok(Json(contact))
}

/// Sign a contact out of all their browsers
///
/// Their sockets close, and what their browsers keep finds nobody any more. For those who are vouched for, the site has to do it again.
#[utoipa::path(delete, path = "/v1/contacts/{id}/sessions", tag = "contacts", params(("id" = ContactId, Path)), responses((status = 204), Problems))]
pub(crate) async fn sign_out(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<ContactId>,
) -> Result<StatusCode, Problem> {
    scope.require(Permission::ConversationsSupervise)?;
    let tx = scope.begin().await?;
    contact::sign_out(&tx, id).await?;
    let at = scope.now();
    visits::end(&tx, id.uuid(), at).await?;
    audit::note(&tx, &scope.actor(), "contact.signed_out", Some(id.to_string()), serde_json::json!({})).await?;
    tx.commit().await?;
    let account = scope.tenant.id();
    revoke(&app.routing, Revocation::Visits { account, contact: Some(id), subject: id.uuid(), at }).await;
    Ok(StatusCode::NO_CONTENT)
}
