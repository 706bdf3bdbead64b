//! Routing rules.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use desk::assignment_policy::Landscape;
use desk::contact::{self, ContactError, ContactId};
use desk::inbox::{self, InboxError, InboxId};
use desk::routing_rule::{self, Facts, Outcome, RoutingRule, RoutingRuleRequest, RuleId};
use desk::setup::{Noun, SetupError};
use desk::start::Start;
use infra::validate::Check;
use serde::Deserialize;
use serde_json::json;
use tenant::page::Page;

use super::Problems;
use super::setup::{Order, Setup, disabled, landscape, look};
use crate::App;
use crate::extract::{AsMember, Body, Path};
use crate::problem::Problem;

/// With what will not work as somebody may hope.
fn judged(rule: RoutingRule, landscape: &Landscape) -> RoutingRule {
    RoutingRule { warnings: landscape.warn_of_rule(&rule), ..rule }
}

/// List routing rules
///
/// In order: all that match apply, and later ones win.
#[utoipa::path(get, path = "/v1/routing-rules", tag = "routing-rules", responses((status = 200, body = Page<RoutingRule>), Problems))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<Page<RoutingRule>>, Problem> {
    let off = disabled(&app, &scope).await?;
    let tx = look(&scope).await?;
    let landscape = landscape(&tx, &off).await?;
    let view = |rule: &RoutingRule| judged(rule.clone(), &landscape);
    Ok(Json(Page::whole(landscape.rules().iter().map(view).collect())))
}

/// Make a routing rule
///
/// It becomes the last one.
#[utoipa::path(post, path = "/v1/routing-rules", tag = "routing-rules", request_body = RoutingRuleRequest, responses((status = 201, body = RoutingRule), Problems))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<RoutingRuleRequest>,
) -> Result<(StatusCode, Json<RoutingRule>), Problem> {
    let off = disabled(&app, &scope).await?;
    let setup = Setup::begin(&app, &scope).await?;
    let made = routing_rule::create(&setup.tx, ask).await?;
    let view = judged(made, &landscape(&setup.tx, &off).await?);
    let detail = json!({ "name": view.name });
    setup.done("routing_rule.created", Some(view.id.to_string()), detail).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Show a routing rule
#[utoipa::path(get, path = "/v1/routing-rules/{id}", tag = "routing-rules", params(("id" = RuleId, Path)), responses((status = 200, body = RoutingRule), Problems))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<RuleId>,
) -> Result<Json<RoutingRule>, Problem> {
    let off = disabled(&app, &scope).await?;
    let tx = look(&scope).await?;
    let found = routing_rule::find(&tx, id).await?.ok_or(SetupError::Unknown(Noun::RoutingRule))?;
    Ok(Json(judged(found, &landscape(&tx, &off).await?)))
}

/// Write a routing rule anew
#[utoipa::path(put, path = "/v1/routing-rules/{id}", tag = "routing-rules", params(("id" = RuleId, Path)), request_body = RoutingRuleRequest,
    responses((status = 200, body = RoutingRule), Problems))]
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<RuleId>,
    Body(ask): Body<RoutingRuleRequest>,
) -> Result<Json<RoutingRule>, Problem> {
    let off = disabled(&app, &scope).await?;
    let setup = Setup::begin(&app, &scope).await?;
    let changed = routing_rule::replace(&setup.tx, id, ask).await?;
    let view = judged(changed, &landscape(&setup.tx, &off).await?);
    let detail =
        json!({ "name": view.name, "conditions": view.conditions, "effects": view.effects, "active": view.active });
    setup.done("routing_rule.updated", Some(id.to_string()), detail).await?;
    Ok(Json(view))
}

/// Remove a routing rule
///
/// Conversations that have begun keep what it gave them.
#[utoipa::path(delete, path = "/v1/routing-rules/{id}", tag = "routing-rules", params(("id" = RuleId, Path)), responses((status = 204), Problems))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<RuleId>,
) -> Result<StatusCode, Problem> {
    let setup = Setup::begin(&app, &scope).await?;
    let gone = routing_rule::remove(&setup.tx, id).await?;
    setup.done("routing_rule.removed", Some(id.to_string()), json!({ "name": gone.name })).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put the routing rules into an order
#[utoipa::path(put, path = "/v1/routing-rules/order", tag = "routing-rules", request_body = Order<RuleId>,
    responses((status = 200, body = Page<RoutingRule>), Problems))]
pub(crate) async fn arrange(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<Order<RuleId>>,
) -> Result<Json<Page<RoutingRule>>, Problem> {
    let off = disabled(&app, &scope).await?;
    let setup = Setup::begin(&app, &scope).await?;
    let detail = json!({ "ids": ask.ids });
    let rules = routing_rule::arrange(&setup.tx, ask.ids).await?;
    let landscape = landscape(&setup.tx, &off).await?;
    setup.done("routing_rule.arranged", None, detail).await?;
    Ok(Json(Page::whole(rules.into_iter().map(|rule| judged(rule, &landscape)).collect())))
}

/// A conversation that might begin.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleTrial {
    /// Where it would come in.
    inbox_id: InboxId,
    /// Whose it would be: labels, attributes and language are taken from there.
    #[serde(default)]
    contact_id: Option<ContactId>,
    /// Labels, beside the contact's; at most 50.
    #[serde(default)]
    tags: Vec<String>,
    /// The language; the contact's when absent.
    #[serde(default)]
    locale: Option<String>,
    /// What else would be known.
    #[serde(default)]
    start: Start,
    /// When it would come, by which it is open or closed; now when absent.
    #[serde(default)]
    at: Option<DateTime<Utc>>,
}

/// Try the routing rules
///
/// Says what the active rules would amount to for a conversation that begins so. Nothing is changed.
#[utoipa::path(post, path = "/v1/routing-rules/test", tag = "routing-rules", request_body = RuleTrial,
    responses((status = 200, body = Outcome), Problems))]
pub(crate) async fn test(AsMember(scope): AsMember, Body(ask): Body<RuleTrial>) -> Result<Json<Outcome>, Problem> {
    let tx = look(&scope).await?;
    let mut check = Check::new();
    let start = ask.start.checked("start", &mut check);
    let locale = ask.locale.map(|locale| check.line("locale", &locale, 0, 35)).filter(|locale| !locale.is_empty());
    let mut tags = contact::checked_tags(&ask.tags, &mut check);
    check.finish()?;
    let inbox = inbox::find(&tx, ask.inbox_id).await?.ok_or(InboxError::Unknown)?;
    let contact = match ask.contact_id {
        Some(id) => Some(contact::find(&tx, id).await?.ok_or(ContactError::Unknown)?),
        None => None,
    };
    let known = contact.as_ref();
    tags.extend(known.map(|contact| contact.tags.clone()).unwrap_or_default());
    let attributes = known.map_or(serde_json::Value::Null, |contact| contact.attributes.clone());
    let locale = locale.or_else(|| known.and_then(|contact| contact.locale.clone()));
    let rules = routing_rule::list(&tx).await?;
    let open = routing_rule::hours(&tx, &rules).await?.open_to(&start, &inbox, ask.at.unwrap_or(tx.now()));
    let facts =
        Facts { inbox: inbox.id, tags: &tags, attributes: &attributes, locale: locale.as_deref(), open, start: &start };
    Ok(Json(routing_rule::apply(&rules, facts)))
}
