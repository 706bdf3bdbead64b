//! Messages, as agents see them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::conversation::{self, ConversationError, ConversationId};
use desk::message::{self, Message, Post, Span};
use desk::sight;
use serde::{Deserialize, Serialize};
use tenant::Permission;
use tenant::pace::Class;
use uuid::Uuid;

use super::Problems;
use crate::App;
use crate::extract::{AsMember, Body, Path, Query, limit};
use crate::problem::Problem;

/// Which stretch of a conversation.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SpanQuery {
    /// Messages after this place, in order.
    pub(crate) after_seq: Option<i64>,
    /// The last messages before this place.
    pub(crate) before_seq: Option<i64>,
    /// 1 to 100; 25 when absent.
    pub(crate) limit: Option<u64>,
}

impl SpanQuery {
    pub(crate) fn span(&self) -> Result<Span, Problem> {
        let place = |seq: i64| seq.max(0);
        Ok(Span { after: self.after_seq.map(place), before: self.before_seq.map(place), limit: limit(self.limit)? })
    }
}

/// A stretch of messages.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MessageSpan<T> {
    /// The messages, in order.
    pub(crate) data: Vec<T>,
    /// The place of the newest message of the conversation.
    pub(crate) last_seq: i64,
    /// Whether there are more in the direction asked.
    pub(crate) has_more: bool,
}

/// List messages
///
/// The newest ones; with `before_seq` the ones before a place, with `after_seq` the ones after it. Always in order.
#[utoipa::path(get, path = "/v1/conversations/{id}/messages", tag = "messages", params(("id" = ConversationId, Path), SpanQuery),
    responses((status = 200, body = MessageSpan<Message>), Problems))]
pub(crate) async fn list(
    AsMember(scope): AsMember,
    Path(id): Path<ConversationId>,
    Query(query): Query<SpanQuery>,
) -> Result<Json<MessageSpan<Message>>, Problem> {
    scope.require(Permission::ConversationsRead)?;
    let span = query.span()?;
    let _room = scope.tenant.reads_much().await?;
    let tx = scope.begin().await?;
    let conversation = conversation::find(&tx, id).await?.ok_or(ConversationError::Unknown)?;
    let (data, has_more) = message::list(&tx, id, span).await?;
    Ok(Json(MessageSpan { data, last_seq: conversation.last_seq, has_more }))
}

/// A message to write.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageRequest {
    /// The sender's own id for it: a repeat finds the first one.
    client_message_id: Uuid,
    /// 1 to 10,000 characters.
    text: String,
    /// A note among colleagues, which the visitor never sees.
    #[serde(default)]
    private: bool,
}

/// Write a message
///
/// 201 when it was written, 200 when a message with the same `client_message_id` was there already, 409 when that one says
/// something else.
#[utoipa::path(post, path = "/v1/conversations/{id}/messages", tag = "messages", params(("id" = ConversationId, Path)), request_body = MessageRequest,
    responses((status = 201, body = Message), (status = 200, body = Message, description = "It was there already"), Problems))]
pub(crate) async fn send(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(conversation): Path<ConversationId>,
    Body(ask): Body<MessageRequest>,
) -> Result<(StatusCode, Json<Message>), Problem> {
    scope.require(Permission::ConversationsReply)?;
    scope.tenant.pass(Class::Messages).await?;
    sight::look_at(&scope, conversation).await?;
    let (agent, name) = (scope.who.agent_id, scope.who.name.clone());
    let post = Post::Agent { agent, name, conversation, private: ask.private };
    let sent = app.routing.writer.send(&scope.tenant, post, &ask.text, ask.client_message_id).await?;
    let status = if sent.replayed { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(Message::clone(&sent.message))))
}
