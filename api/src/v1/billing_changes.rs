//! What the company has bought: changing it. Every change is in the audit log, and every server knows of it at once.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use billing::catalogue::{Currency, Interval};
use billing::service::{ChangePreview, Order};
use billing::subscription::{Alerts, Subscription, Terms};
use infra::validate::Check;
use routing::revocation::{self, Revocation};
use serde::{Deserialize, Serialize};
use tenant::permission::Denied;
use tenant::scope::Via;
use tenant::session::own;
use tenant::token::BadToken;
use tenant::{Member, Permission, Scope, audit, membership};

use super::Problems;
use super::billing::{BillingView, taken, view};
use crate::App;
use crate::extract::{AsMember, Body};
use crate::problem::Problem;

/// Notes the change, tells every server, and shows what is now.
async fn done(
    app: &App,
    scope: &Scope<Member>,
    action: &'static str,
    detail: serde_json::Value,
    subscription: &Subscription,
) -> Result<Json<BillingView>, Problem> {
    note(scope, action, detail).await?;
    revocation::revoke(&app.routing, Revocation::Entitlements(scope.tenant.id())).await;
    Ok(Json(view(app, &scope.tenant, subscription).await?))
}

async fn note(scope: &Scope<Member>, action: &'static str, detail: serde_json::Value) -> Result<(), Problem> {
    let tx = scope.begin().await?;
    audit::note(&tx, &scope.actor(), action, Some(scope.tenant.id().to_string()), detail).await?;
    Ok(tx.commit().await?)
}

/// Lets through who may, and has shown within the last minutes who they are: it costs the company money. A key was made by somebody
/// who had, for what it may do.
async fn proven(app: &App, scope: &Scope<Member>) -> Result<(), Problem> {
    scope.require(Permission::BillingManage)?;
    match scope.who.via {
        Via::Session(session) => Ok(own::require_recent_proof_here(&app.world, session).await?),
        Via::ApiKey(_) => Ok(()),
        Via::Support(..) => Err(Denied(Permission::BillingManage).into()),
    }
}

/// Where the pages of the portal about it are.
fn back(app: &App) -> String {
    format!("{}/portal/billing", app.world.public_url)
}

/// A plan to try.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrialStart {
    /// One that is for sale and can be tried.
    plan: String,
}

/// Begin a trial
///
/// Needs no card, and is had once. The plan holds at once.
#[utoipa::path(post, path = "/v1/billing/trial", tag = "billing", request_body = TrialStart,
    responses((status = 200, body = BillingView), Problems))]
pub(crate) async fn start_trial(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<TrialStart>,
) -> Result<Json<BillingView>, Problem> {
    scope.require(Permission::BillingManage)?;
    let plan = plan_name(&ask.plan)?;
    let subscription = app.billing.start_trial(scope.tenant.id(), &plan).await?;
    done(&app, &scope, "billing.trial_started", serde_json::json!({ "plan": plan }), &subscription).await
}

/// What is to be bought.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckoutStart {
    /// The plan.
    plan: String,
    /// How often is paid.
    interval: Interval,
    /// In which currency.
    currency: Currency,
    /// For how many people: not fewer than there are.
    seats: u32,
}

/// Where the browser is to go on.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Elsewhere {
    /// An address; it works for a short time and once.
    url: String,
}

/// Buy a plan
///
/// Answers with the page where it is paid. The plan holds as soon as the provider has told us that it was; without a provider it
/// holds at once. Wants proof of who one is that is at most ten minutes old, as changing what was bought does.
#[utoipa::path(post, path = "/v1/billing/checkout", tag = "billing", request_body = CheckoutStart,
    responses((status = 200, body = Elsewhere), Problems))]
pub(crate) async fn check_out(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<CheckoutStart>,
) -> Result<Json<Elsewhere>, Problem> {
    scope.require(Permission::BillingManage)?;
    let terms = Terms { currency: ask.currency, interval: ask.interval, seats: ask.seats };
    let order = order(&scope, &ask.plan, terms).await?;
    proven(&app, &scope).await?;
    let buyer = membership::find(&app.world, scope.who.agent_id).await?.ok_or(BadToken)?;
    let url = app.billing.check_out(&scope.tenant, &order, &buyer.email, &back(&app)).await?;
    note(&scope, "billing.checkout_started", described(&order)).await?;
    revocation::revoke(&app.routing, Revocation::Entitlements(scope.tenant.id())).await;
    Ok(Json(Elsewhere { url }))
}

/// What is to be changed; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanChange {
    /// The plan.
    plan: String,
    /// How often is paid.
    #[serde(default)]
    interval: Option<Interval>,
    /// For how many people: not fewer than there are.
    #[serde(default)]
    seats: Option<u32>,
}

/// Show what a change would cost
#[utoipa::path(post, path = "/v1/billing/plan/preview", tag = "billing", request_body = PlanChange,
    responses((status = 200, body = ChangePreview), Problems))]
pub(crate) async fn preview_plan(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<PlanChange>,
) -> Result<Json<ChangePreview>, Problem> {
    scope.require(Permission::BillingManage)?;
    let order = changed(&app, &scope, Some(ask.plan.as_str()), ask.interval, ask.seats).await?;
    Ok(Json(app.billing.preview_change(&scope.tenant, &order).await?))
}

/// Change the plan
///
/// The rest of the period is given back and charged by the second. Wants proof of who one is that is at most ten minutes old.
#[utoipa::path(put, path = "/v1/billing/plan", tag = "billing", request_body = PlanChange,
    responses((status = 200, body = BillingView), Problems))]
pub(crate) async fn set_plan(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<PlanChange>,
) -> Result<Json<BillingView>, Problem> {
    scope.require(Permission::BillingManage)?;
    let order = changed(&app, &scope, Some(ask.plan.as_str()), ask.interval, ask.seats).await?;
    proven(&app, &scope).await?;
    let subscription = app.billing.change(&scope.tenant, &order).await?;
    done(&app, &scope, "billing.plan_changed", described(&order), &subscription).await
}

/// How many people.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeatsChange {
    /// Not fewer than there are.
    seats: u32,
}

/// Change how many seats there are
///
/// Wants proof of who one is that is at most ten minutes old.
#[utoipa::path(put, path = "/v1/billing/seats", tag = "billing", request_body = SeatsChange,
    responses((status = 200, body = BillingView), Problems))]
pub(crate) async fn set_seats(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<SeatsChange>,
) -> Result<Json<BillingView>, Problem> {
    scope.require(Permission::BillingManage)?;
    let order = changed(&app, &scope, None, None, Some(ask.seats)).await?;
    proven(&app, &scope).await?;
    let subscription = app.billing.change(&scope.tenant, &order).await?;
    done(&app, &scope, "billing.seats_changed", described(&order), &subscription).await
}

/// Whether it ends.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cancellation {
    /// True lets the subscription end with its period; false takes that back.
    at_period_end: bool,
}

/// Let the subscription end with its period, or go on
///
/// Wants proof of who one is that is at most ten minutes old.
#[utoipa::path(put, path = "/v1/billing/cancellation", tag = "billing", request_body = Cancellation,
    responses((status = 200, body = BillingView), Problems))]
pub(crate) async fn set_cancellation(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<Cancellation>,
) -> Result<Json<BillingView>, Problem> {
    scope.require(Permission::BillingManage)?;
    proven(&app, &scope).await?;
    let subscription = app.billing.cancel(&scope.tenant, ask.at_period_end).await?;
    let action = if ask.at_period_end { "billing.cancelled" } else { "billing.reactivated" };
    done(&app, &scope, action, serde_json::json!({}), &subscription).await
}

/// Open the payment page
///
/// Where cards, addresses and tax numbers are seen to, at the payment provider.
#[utoipa::path(post, path = "/v1/billing/portal", tag = "billing", responses((status = 200, body = Elsewhere), Problems))]
pub(crate) async fn open_portal(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<Elsewhere>, Problem> {
    scope.require(Permission::BillingManage)?;
    let url = app.billing.portal(&scope.tenant, &back(&app)).await?;
    note(&scope, "billing.portal_opened", serde_json::json!({})).await?;
    Ok(Json(Elsewhere { url }))
}

/// Whether usage stops.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HardLimit {
    /// True stops usage at what is included; false lets it go on and charges for it.
    enabled: bool,
}

/// Let usage stop at what is included, or go on
#[utoipa::path(put, path = "/v1/billing/hard-limit", tag = "billing", request_body = HardLimit,
    responses((status = 200, body = BillingView), Problems))]
pub(crate) async fn set_hard_limit(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<HardLimit>,
) -> Result<Json<BillingView>, Problem> {
    scope.require(Permission::BillingManage)?;
    let subscription = app.billing.set_hard_limit(scope.tenant.id(), ask.enabled).await?;
    let detail = serde_json::json!({ "enabled": ask.enabled });
    done(&app, &scope, "billing.hard_limit_changed", detail, &subscription).await
}

/// Which letters are wanted.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertsChange {
    /// When 50, 80 and 100 % of what is included has been used.
    included: bool,
    /// When 50, 80 and 100 % of this amount is owed in a period, in the smallest unit of the currency; null for never.
    budget_minor: Option<i64>,
}

/// Say which letters about usage and money are wanted
#[utoipa::path(put, path = "/v1/billing/alerts", tag = "billing", request_body = AlertsChange,
    responses((status = 200, body = BillingView), Problems))]
pub(crate) async fn set_alerts(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Body(ask): Body<AlertsChange>,
) -> Result<Json<BillingView>, Problem> {
    scope.require(Permission::BillingManage)?;
    let mut check = Check::new();
    if ask.budget_minor.is_some_and(|budget| !(1..=100_000_000_000).contains(&budget)) {
        check.refuse("budget_minor", "budget_out_of_range", "1 to 100000000000.");
    }
    check.finish()?;
    let alerts = Alerts { included: ask.included, budget_minor: ask.budget_minor };
    let subscription = app.billing.set_alerts(scope.tenant.id(), alerts).await?;
    let detail = serde_json::json!({ "included": ask.included, "budget_minor": ask.budget_minor });
    done(&app, &scope, "billing.alerts_changed", detail, &subscription).await
}

fn plan_name(text: &str) -> Result<String, Problem> {
    let mut check = Check::new();
    let plan = check.line("plan", text, 1, 40);
    check.finish()?;
    Ok(plan)
}

async fn order(scope: &Scope<Member>, plan: &str, terms: Terms) -> Result<Order, Problem> {
    let mut check = Check::new();
    let plan = check.line("plan", plan, 1, 40);
    if !(1..=100_000).contains(&terms.seats) {
        check.refuse("seats", "seats_out_of_range", "1 to 100000.");
    }
    check.finish()?;
    Ok(Order { plan, terms, taken: taken(&scope.tenant).await? })
}

/// An order that changes what there is; what is not named stays.
async fn changed(
    app: &App,
    scope: &Scope<Member>,
    plan: Option<&str>,
    interval: Option<Interval>,
    seats: Option<u32>,
) -> Result<Order, Problem> {
    let subscription = app.billing.subscription(&scope.tenant).await?;
    let terms = subscription.live_terms()?;
    let terms = Terms {
        currency: terms.currency,
        interval: interval.unwrap_or(terms.interval),
        seats: seats.unwrap_or(terms.seats),
    };
    order(scope, plan.unwrap_or(&subscription.plan), terms).await
}

fn described(order: &Order) -> serde_json::Value {
    let Terms { currency, interval, seats } = order.terms;
    serde_json::json!({ "plan": order.plan, "currency": currency, "interval": interval, "seats": seats })
}
