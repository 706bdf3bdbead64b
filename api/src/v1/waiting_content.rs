//! What those who wait are shown: set up by the company, looked at by visitors.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::TimeDelta;
use desk::setup::{Noun, SetupError};
use desk::waiting_content::{
    self, ContentEvent, ContentId, ContentKind, Counts, WaitingContent, WaitingContentRequest,
};
use serde::Serialize;
use serde_json::json;
use tenant::TenantTx;
use tenant::page::Page;

use super::Problems;
use super::setup::{Order, Setup, look};
use crate::App;
use crate::extract::{AsMember, AsVisitor, Body, Path};
use crate::problem::Problem;

/// How many days are counted together.
const DAYS: i64 = 30;

/// With how often it was seen and followed.
fn counted(content: WaitingContent, counts: &BTreeMap<ContentId, Counts>) -> WaitingContent {
    WaitingContent { counts: counts.get(&content.id).copied().unwrap_or_default(), ..content }
}

async fn counts(tx: &TenantTx) -> Result<BTreeMap<ContentId, Counts>, Problem> {
    Ok(waiting_content::counts(tx, (tx.now() - TimeDelta::days(DAYS - 1)).date_naive()).await?)
}

/// List waiting content
///
/// In order: what comes first is shown first.
#[utoipa::path(get, path = "/v1/waiting-content", tag = "waiting-content", responses((status = 200, body = Page<WaitingContent>), Problems))]
pub(crate) async fn list(AsMember(scope): AsMember) -> Result<Json<Page<WaitingContent>>, Problem> {
    let tx = look(&scope).await?;
    let counts = counts(&tx).await?;
    let all = waiting_content::list(&tx).await?;
    Ok(Json(Page::whole(all.into_iter().map(|content| counted(content, &counts)).collect())))
}

/// Make waiting content
///
/// It becomes the last one.
#[utoipa::path(post, path = "/v1/waiting-content", tag = "waiting-content", request_body = WaitingContentRequest,
    responses((status = 201, body = WaitingContent), Problems))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<WaitingContentRequest>,
) -> Result<(StatusCode, Json<WaitingContent>), Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let made = waiting_content::create(&setup.tx, ask).await?;
    let view = counted(made, &counts(&setup.tx).await?);
    let detail = json!({ "kind": view.kind, "title": view.title });
    setup.done("waiting_content.created", Some(view.id.to_string()), detail).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Show waiting content
#[utoipa::path(get, path = "/v1/waiting-content/{id}", tag = "waiting-content", params(("id" = ContentId, Path)),
    responses((status = 200, body = WaitingContent), Problems))]
pub(crate) async fn show(
    AsMember(scope): AsMember,
    Path(id): Path<ContentId>,
) -> Result<Json<WaitingContent>, Problem> {
    let tx = look(&scope).await?;
    let found = waiting_content::find(&tx, id).await?.ok_or(SetupError::Unknown(Noun::WaitingContent))?;
    Ok(Json(counted(found, &counts(&tx).await?)))
}

/// Write waiting content anew
///
/// What was counted stays.
#[utoipa::path(put, path = "/v1/waiting-content/{id}", tag = "waiting-content", params(("id" = ContentId, Path)),
    request_body = WaitingContentRequest, responses((status = 200, body = WaitingContent), Problems))]
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<ContentId>,
    Body(ask): Body<WaitingContentRequest>,
) -> Result<Json<WaitingContent>, Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let changed = waiting_content::replace(&setup.tx, id, ask).await?;
    let view = counted(changed, &counts(&setup.tx).await?);
    let detail = json!({ "kind": view.kind, "title": view.title, "active": view.active });
    setup.done("waiting_content.updated", Some(id.to_string()), detail).await?;
    Ok(Json(view))
}

/// Put waiting content into an order
#[utoipa::path(put, path = "/v1/waiting-content/order", tag = "waiting-content", request_body = Order<ContentId>,
    responses((status = 200, body = Page<WaitingContent>), Problems))]
pub(crate) async fn arrange(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<Order<ContentId>>,
) -> Result<Json<Page<WaitingContent>>, Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let detail = json!({ "ids": ask.ids });
    let all = waiting_content::arrange(&setup.tx, ask.ids).await?;
    let counts = counts(&setup.tx).await?;
    setup.done("waiting_content.arranged", None, detail).await?;
    Ok(Json(Page::whole(all.into_iter().map(|content| counted(content, &counts)).collect())))
}

/// Remove waiting content
///
/// What was counted of it goes too.
#[utoipa::path(delete, path = "/v1/waiting-content/{id}", tag = "waiting-content", params(("id" = ContentId, Path)),
    responses((status = 204), Problems))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<ContentId>,
) -> Result<StatusCode, Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let gone = waiting_content::remove(&setup.tx, id).await?;
    setup.done("waiting_content.removed", Some(id.to_string()), json!({ "title": gone.title })).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Something to look at while waiting.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WidgetContent {
    /// Its id.
    id: ContentId,
    /// What it is.
    kind: ContentKind,
    /// Its head line.
    title: String,
    /// Its words, as text.
    body: String,
    /// The address of the video or the picture.
    media_url: Option<String>,
    /// Where it leads.
    link_url: Option<String>,
    /// The code of a coupon.
    coupon_code: Option<String>,
}

impl From<WaitingContent> for WidgetContent {
    fn from(content: WaitingContent) -> Self {
        Self {
            id: content.id,
            kind: content.kind,
            title: content.title,
            body: content.body,
            media_url: content.media_url,
            link_url: content.link_url,
            coupon_code: content.coupon_code,
        }
    }
}

/// List what this visitor is shown while waiting
///
/// Chosen by where they are, their labels, the team they wait for and their language; at most ten.
#[utoipa::path(get, path = "/v1/widget/waiting-content", tag = "widget", operation_id = "waiting_content",
    responses((status = 200, body = Page<WidgetContent>), Problems))]
pub(crate) async fn choose(AsVisitor(scope): AsVisitor) -> Result<Json<Page<WidgetContent>>, Problem> {
    let tx = scope.begin().await?;
    let viewer = waiting_content::viewer(&tx, scope.who.contact_id, scope.who.inbox_id).await?;
    let chosen = waiting_content::choose(waiting_content::list(&tx).await?, &viewer);
    Ok(Json(Page::whole(chosen.into_iter().map(WidgetContent::from).collect())))
}

/// Count that a visitor has seen or followed something
///
/// Once a visitor, kind and day; a repeat changes nothing.
#[utoipa::path(post, path = "/v1/widget/waiting-content/{id}/events", tag = "widget", operation_id = "note_waiting_content",
    params(("id" = ContentId, Path)), request_body = ContentEvent, responses((status = 204), Problems))]
pub(crate) async fn note(
    AsVisitor(scope): AsVisitor,
    Path(id): Path<ContentId>,
    Body(ask): Body<ContentEvent>,
) -> Result<StatusCode, Problem> {
    scope.may_mark()?;
    let tx = scope.begin().await?;
    waiting_content::find(&tx, id).await?.ok_or(SetupError::Unknown(Noun::WaitingContent))?;
    waiting_content::note(&tx, id, scope.who.contact_id, ask.kind).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
