//! The visitor's side: what the chat widget calls.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::brand;
use desk::contact::{self, ContactChange, ContactId, VisitedPage};
use desk::conversation::{self, ConversationError, ConversationId, Mark, WidgetConversation};
use desk::emergency::{self, EmergencyNotice};
use desk::inbox::{self, Inbox, InboxError, InboxKey, Position, Theme};
use desk::look::Look;
use desk::message::{self, Post, WidgetMessage};
use desk::opening::{self, Door};
use desk::start::Start;
use desk::survey;
use infra::Id;
use infra::database::StoreError;
use infra::spoken::OrLog as _;
use routing::presence::EffectiveAvailability;
use serde::{Deserialize, Serialize};
use tenant::pace::Class;
use tenant::scope::EnterError;
use tenant::{Scope, Tenant, TenantTx, Visitor, agent};
use uuid::Uuid;

use super::Problems;
use super::conversations::ReadMark;
use super::messages::{MessageSpan, SpanQuery};
use crate::App;
use crate::extract::{AsVisitor, Body, Path, Query};
use crate::problem::Problem;

/// The open company of a key. A key that names nothing is unknown, whatever the reason.
pub(super) async fn company_of(app: &App, key: &str) -> Result<(Tenant, InboxKey), Problem> {
    let key = InboxKey::decode(key).ok_or(InboxError::Unknown)?;
    let tenant = match Tenant::active(&app.world, key.account).await {
        Ok(tenant) => tenant,
        Err(EnterError::Store(error)) => return Err(error.into()),
        Err(EnterError::Token(_) | EnterError::Inactive(_) | EnterError::SecondFactorDue) => {
            return Err(InboxError::Unknown.into());
        }
    };
    tenant.pass(Class::VisitorRequests).await?;
    Ok((tenant, key))
}

/// The inbox of a key, in its open company.
pub(super) async fn by_key(app: &App, key: &str) -> Result<(Tenant, TenantTx, Inbox), Problem> {
    let (tenant, key) = company_of(app, key).await?;
    let tx = tenant.begin().await?;
    let inbox = inbox::find(&tx, key.inbox).await?.ok_or(InboxError::Unknown)?;
    Ok((tenant, tx, inbox))
}

/// Which sites may show the widget of a key, as a `frame-ancestors` list. A key that names nothing may be framed by anybody:
/// the frame then says so. While it cannot be known, nobody may.
pub(crate) async fn allowed_ancestors(app: &App, key: &str) -> Result<String, Problem> {
    let (_, _, inbox) = match by_key(app, key).await {
        Ok(found) => found,
        Err(problem) if problem.is_not_found() => return Ok("*".to_owned()),
        Err(problem) => return Err(problem),
    };
    let domains = &inbox.settings.allowed_domains;
    Ok(if domains.is_empty() { "*".to_owned() } else { format!("'self' {}", domains.join(" ")) })
}

/// Which inbox.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeyQuery {
    /// The key in the script tag.
    key: String,
    /// Set by the portal's preview, which does not count as an installation.
    #[serde(default)]
    preview: Option<bool>,
}

/// What the widget needs before anybody writes.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WidgetConfig {
    /// The company's name.
    company: String,
    /// Head line of the panel.
    title: String,
    /// What it says before the visitor writes.
    greeting: String,
    /// What it says while nobody is online.
    away_message: String,
    /// Main colour.
    color: String,
    /// A picture beside the name, as a `data:` address.
    logo: Option<String>,
    /// Which side of the page.
    position: Position,
    /// `auto`, `en` or `zh-CN`.
    locale: String,
    /// Light, dark, or as the visitor's system.
    theme: Theme,
    /// Whether somebody can answer now.
    online: bool,
    /// Whether a resolved conversation asks for a rating.
    survey_enabled: bool,
    /// Whether only those may write for whom the site vouches.
    identity_required: bool,
    /// What to do while the company cannot answer as usual.
    emergency: EmergencyNotice,
    /// Whom the visitor may choose, and whether it is open.
    #[serde(flatten)]
    door: Door,
}

/// Show the widget's settings
#[utoipa::path(get, path = "/v1/widget/config", tag = "widget", security(()), params(KeyQuery), responses((status = 200, body = WidgetConfig), Problems))]
pub(crate) async fn config(
    State(app): State<Arc<App>>,
    Query(query): Query<KeyQuery>,
) -> Result<Json<WidgetConfig>, Problem> {
    let (tenant, tx, inbox) = by_key(&app, &query.key).await?;
    let profiles = agent::list(&tx).await?;
    let emergency = emergency::find(&tx).await?.notice();
    let door = opening::door(&tx, &inbox).await?;
    let look = match inbox.brand_id {
        Some(id) => brand::find(&tx, id).await?.map(|brand| brand.look).unwrap_or_default(),
        None => Look::default(),
    };
    let unvouched = inbox::unvouched(&tx, inbox.id).await?;
    if inbox.installed_at.is_none() && query.preview != Some(true) {
        inbox::mark_installed(&tx, inbox.id).await?;
    }
    // Before Redis is asked: a cache that hangs must not hold a connection to the database.
    tx.commit().await?;
    let present = app.routing.presence.availability(tenant.id(), &profiles, tenant.now()).await;
    let settings = inbox.settings;
    Ok(Json(WidgetConfig {
        company: look.display_name.unwrap_or_else(|| tenant.account.name.clone()),
        title: settings.title,
        greeting: settings.greeting,
        away_message: settings.away_message,
        color: look.color.unwrap_or(settings.color),
        logo: look.logo,
        position: settings.position,
        locale: settings.locale,
        theme: settings.theme,
        online: present.values().any(|availability| *availability == EffectiveAvailability::Online),
        survey_enabled: settings.survey_enabled,
        identity_required: unvouched.is_some_and(|unvouched| unvouched.refused),
        emergency,
        door,
    }))
}

/// A message to write.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WidgetMessageRequest {
    /// The sender's own id for it: a repeat finds the first one.
    client_message_id: Uuid,
    /// 1 to 10,000 characters.
    text: String,
    /// Where the visitor is.
    #[serde(default)]
    page: Option<VisitedPage>,
    /// What is known, if an episode begins with it.
    #[serde(default)]
    start: Option<Box<Start>>,
}

/// What came of it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WidgetSent {
    /// The conversation it went into.
    conversation: WidgetConversation,
    /// The message, with its place.
    message: Option<WidgetMessage>,
}

async fn seen(scope: &Scope<Visitor>, page: Option<VisitedPage>) -> Result<(), StoreError> {
    let tx = scope.begin().await?;
    contact::seen(&tx, scope.who.contact_id, page).await?;
    tx.commit().await
}

/// Write as a visitor
///
/// Opens a conversation, goes on with it, or reopens it.
#[utoipa::path(post, path = "/v1/widget/messages", tag = "widget", request_body = WidgetMessageRequest,
    responses((status = 201, body = WidgetSent), (status = 200, body = WidgetSent, description = "It was there already"), Problems))]
pub(crate) async fn send(
    State(app): State<Arc<App>>,
    AsVisitor(scope): AsVisitor,
    Body(ask): Body<WidgetMessageRequest>,
) -> Result<(StatusCode, Json<WidgetSent>), Problem> {
    scope.may_write()?;
    scope.tenant.pass(Class::Messages).await?;
    let post = Post::Visitor { contact: scope.who.contact_id, inbox: scope.who.inbox_id, start: ask.start };
    let sent = app.routing.writer.send(&scope.tenant, post, &ask.text, ask.client_message_id).await?;
    // The message is durable; where it was written is good to know, and no reason to refuse it.
    tokio::spawn(async move { seen(&scope, ask.page).await.or_log("noting where a visitor is") });
    let status = if sent.replayed { StatusCode::OK } else { StatusCode::CREATED };
    Ok((
        status,
        Json(WidgetSent { conversation: sent.conversation.for_visitor(), message: sent.message.for_visitor() }),
    ))
}

/// List a visitor's messages
#[utoipa::path(get, path = "/v1/widget/conversations/{id}/messages", tag = "widget", params(("id" = ConversationId, Path), SpanQuery),
    responses((status = 200, body = MessageSpan<WidgetMessage>), Problems))]
pub(crate) async fn list(
    AsVisitor(scope): AsVisitor,
    Path(id): Path<ConversationId>,
    Query(query): Query<SpanQuery>,
) -> Result<Json<MessageSpan<WidgetMessage>>, Problem> {
    let span = query.span()?;
    let _room = scope.tenant.reads_much().await?;
    let tx = scope.begin().await?;
    let conversation =
        conversation::find_of_contact(&tx, id, scope.who.contact_id).await?.ok_or(ConversationError::Unknown)?;
    let (data, has_more) = message::list_public(&tx, id, span).await?;
    Ok(Json(MessageSpan { data, last_seq: conversation.last_public_seq, has_more }))
}

/// Note that the visitor has read up to a place
#[utoipa::path(post, path = "/v1/widget/conversations/{id}/read", tag = "widget", params(("id" = ConversationId, Path)), request_body = ReadMark,
    responses((status = 200, body = WidgetConversation), Problems))]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    AsVisitor(scope): AsVisitor,
    Path(id): Path<ConversationId>,
    Body(ask): Body<ReadMark>,
) -> Result<Json<WidgetConversation>, Problem> {
    let contact = scope.who.contact_id;
    app.routing.marker.note(&scope.tenant, id, Mark::ReadByContact(contact), ask.seq).await?;
    let tx = scope.begin().await?;
    let conversation = conversation::find_of_contact(&tx, id, contact).await?.ok_or(ConversationError::Unknown)?;
    Ok(Json(conversation.for_visitor()))
}

/// Note that the visitor's browser has received up to a place
///
/// For browsers without a socket, which say so with the frame `delivered`.
#[utoipa::path(post, path = "/v1/widget/conversations/{id}/delivered", tag = "widget", params(("id" = ConversationId, Path)), request_body = ReadMark,
    responses((status = 204), Problems))]
pub(crate) async fn deliver(
    State(app): State<Arc<App>>,
    AsVisitor(scope): AsVisitor,
    Path(id): Path<ConversationId>,
    Body(ask): Body<ReadMark>,
) -> Result<StatusCode, Problem> {
    app.routing.marker.note(&scope.tenant, id, Mark::Delivered(scope.who.contact_id), ask.seq).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A rating.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SurveyAnswer {
    /// 1 (bad) to 5 (good).
    rating: i16,
    /// At most 2,000 characters.
    #[serde(default)]
    comment: Option<String>,
}

/// Rate a conversation
///
/// Once it is resolved; may be changed until the next episode begins.
#[utoipa::path(post, path = "/v1/widget/conversations/{id}/survey", tag = "widget", params(("id" = ConversationId, Path)), request_body = SurveyAnswer,
    responses((status = 200, body = WidgetConversation), Problems))]
pub(crate) async fn rate(
    AsVisitor(scope): AsVisitor,
    Path(id): Path<ConversationId>,
    Body(ask): Body<SurveyAnswer>,
) -> Result<Json<WidgetConversation>, Problem> {
    scope.require_welcome()?;
    let mut tx = scope.begin().await?;
    let conversation = survey::answer(&mut tx, id, scope.who.contact_id, ask.rating, ask.comment).await?;
    tx.commit().await?;
    Ok(Json(conversation.for_visitor()))
}

/// What a visitor says of themselves.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WidgetContactChange {
    /// At most 120 characters.
    #[serde(default)]
    name: Option<String>,
    /// An address, to be reached when away.
    #[serde(default)]
    email: Option<String>,
}

/// What a visitor is known as.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WidgetContact {
    /// Their id.
    id: ContactId,
    /// Their name.
    name: Option<String>,
    /// Their address.
    email: Option<String>,
}

/// Introduce oneself
#[utoipa::path(patch, path = "/v1/widget/contact", tag = "widget", request_body = WidgetContactChange, responses((status = 200, body = WidgetContact), Problems))]
pub(crate) async fn introduce(
    AsVisitor(scope): AsVisitor,
    Body(ask): Body<WidgetContactChange>,
) -> Result<Json<WidgetContact>, Problem> {
    scope.require_welcome()?;
    let mut tx = scope.begin().await?;
    let change = ContactChange { name: ask.name, email: ask.email, ..ContactChange::default() };
    let contact = contact::introduce(&mut tx, scope.who.contact_id, change).await?;
    tx.commit().await?;
    Ok(Json(WidgetContact { id: Id::from_uuid(contact.id.uuid()), name: contact.name, email: contact.email }))
}
