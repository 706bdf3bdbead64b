//! Conversations, as agents see them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use desk::contact::ContactId;
use desk::conversation::{
    self, AssignedBy, Conversation, ConversationError, ConversationId, Counts, Filter, Mark, Priority, Status,
};
use desk::inbox::InboxId;
use desk::sight;
use serde::Deserialize;
use tenant::page::Page;
use tenant::{AgentId, Permission, agent};

use super::Problems;
use crate::App;
use crate::extract::{AsMember, Body, Path, Query, cursor, limit};
use crate::problem::Problem;

/// Which conversations; what is absent does not narrow.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConversationQuery {
    /// In this state.
    status: Option<Status>,
    /// `me`, `none`, or an agent's id.
    assignee: Option<String>,
    /// From this inbox.
    inbox_id: Option<InboxId>,
    /// With this contact.
    contact_id: Option<ContactId>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100; 25 when absent.
    limit: Option<u64>,
}

/// List conversations
///
/// Newest activity first.
#[utoipa::path(get, path = "/v1/conversations", tag = "conversations", params(ConversationQuery), responses((status = 200, body = Page<Conversation>), Problems))]
pub(crate) async fn list(
    AsMember(scope): AsMember,
    Query(query): Query<ConversationQuery>,
) -> Result<Json<Page<Conversation>>, Problem> {
    scope.require(Permission::ConversationsRead)?;
    let assignee = match query.assignee.as_deref() {
        None | Some("none") => None,
        Some("me") => Some(scope.who.agent_id),
        Some(id) => Some(id.parse::<AgentId>().map_err(|_| ConversationError::AgentUnknown)?),
    };
    let unassigned = query.assignee.as_deref() == Some("none");
    let filter =
        Filter { status: query.status, assignee, unassigned, inbox: query.inbox_id, contact: query.contact_id };
    let (cursor, limit) = (cursor(query.cursor.as_deref())?, limit(query.limit)?);
    let _room = scope.tenant.reads_much().await?;
    let tx = scope.begin().await?;
    Ok(Json(conversation::list(&tx, filter, cursor, limit).await?))
}

/// Count the views
#[utoipa::path(get, path = "/v1/conversations/counts", tag = "conversations", responses((status = 200, body = Counts), Problems))]
pub(crate) async fn counts(AsMember(scope): AsMember) -> Result<Json<Counts>, Problem> {
    scope.require(Permission::ConversationsRead)?;
    let _room = scope.tenant.reads_much().await?;
    let tx = scope.begin().await?;
    Ok(Json(conversation::counts(&tx, scope.who.agent_id).await?))
}

/// Show a conversation
#[utoipa::path(get, path = "/v1/conversations/{id}", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 200, body = Conversation), Problems))]
pub(crate) async fn show(
    AsMember(scope): AsMember,
    Path(id): Path<ConversationId>,
) -> Result<Json<Conversation>, Problem> {
    scope.require(Permission::ConversationsRead)?;
    let tx = scope.begin().await?;
    Ok(Json(conversation::find(&tx, id).await?.ok_or(ConversationError::Unknown)?))
}

/// To whom.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assign {
    /// The agent; null for nobody.
    #[serde(deserialize_with = "present")]
    agent_id: Option<AgentId>,
    /// Also when they have as much as they take; for who supervises.
    #[serde(default)]
    even_if_full: bool,
}

/// A field that may be null but not be left out.
fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// Assign a conversation
///
/// 409 `agent_full` when the agent has as much as they take.
#[utoipa::path(put, path = "/v1/conversations/{id}/assignee", tag = "conversations", params(("id" = ConversationId, Path)), request_body = Assign,
    responses((status = 200, body = Conversation), Problems))]
pub(crate) async fn assign(
    AsMember(scope): AsMember,
    Path(id): Path<ConversationId>,
    Body(ask): Body<Assign>,
) -> Result<Json<Conversation>, Problem> {
    scope.require(Permission::ConversationsAssign)?;
    let mut tx = scope.begin().await?;
    let by = AssignedBy::Agent { id: scope.who.agent_id, name: agent::signature(&tx, &scope.who).await? };
    // Before the conversation: whoever counts free places sees it in one hand or in the other.
    desk::queue::floor::take_turn(&tx).await?;
    if let Some(agent) = ask.agent_id {
        super::handover::make_sure_of_room(&scope, &tx, agent, id, ask.even_if_full).await?;
    }
    let conversation = conversation::assign(&mut tx, id, ask.agent_id, by).await?;
    tx.commit().await?;
    Ok(Json(conversation))
}

/// A state.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusChange {
    /// The state to be in.
    status: Status,
    /// Until when, for `snoozed`.
    #[serde(default)]
    snoozed_until: Option<DateTime<Utc>>,
}

/// Open, put aside, snooze or resolve a conversation
///
/// Reopening a resolved one begins its next episode.
#[utoipa::path(put, path = "/v1/conversations/{id}/status", tag = "conversations", params(("id" = ConversationId, Path)), request_body = StatusChange,
    responses((status = 200, body = Conversation), Problems))]
pub(crate) async fn set_status(
    AsMember(scope): AsMember,
    Path(id): Path<ConversationId>,
    Body(ask): Body<StatusChange>,
) -> Result<Json<Conversation>, Problem> {
    scope.require(Permission::ConversationsReply)?;
    let mut tx = scope.begin().await?;
    let by = agent::signature(&tx, &scope.who).await?;
    let conversation = conversation::set_status(&mut tx, id, ask.status, ask.snoozed_until, Some(by)).await?;
    tx.commit().await?;
    Ok(Json(conversation))
}

/// How much it matters.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriorityChange {
    /// The priority; null for none.
    #[serde(deserialize_with = "present")]
    priority: Option<Priority>,
}

/// Say how much a conversation matters
#[utoipa::path(put, path = "/v1/conversations/{id}/priority", tag = "conversations", params(("id" = ConversationId, Path)), request_body = PriorityChange,
    responses((status = 200, body = Conversation), Problems))]
pub(crate) async fn set_priority(
    AsMember(scope): AsMember,
    Path(id): Path<ConversationId>,
    Body(ask): Body<PriorityChange>,
) -> Result<Json<Conversation>, Problem> {
    scope.require(Permission::ConversationsReply)?;
    let mut tx = scope.begin().await?;
    let conversation = conversation::set_priority(&mut tx, id, ask.priority).await?;
    tx.commit().await?;
    Ok(Json(conversation))
}

/// Up to where.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadMark {
    /// The place of the newest message read.
    pub(crate) seq: i64,
}

/// Note that the company has read up to a place
#[utoipa::path(post, path = "/v1/conversations/{id}/read", tag = "conversations", params(("id" = ConversationId, Path)), request_body = ReadMark,
    responses((status = 200, body = Conversation), Problems))]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<ConversationId>,
    Body(ask): Body<ReadMark>,
) -> Result<Json<Conversation>, Problem> {
    scope.require(Permission::ConversationsReply)?;
    sight::look_at(&scope, id).await?;
    app.routing.marker.note(&scope.tenant, id, Mark::ReadByAgent, ask.seq).await?;
    let tx = scope.begin().await?;
    Ok(Json(conversation::find(&tx, id).await?.ok_or(ConversationError::Unknown)?))
}
