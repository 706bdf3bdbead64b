//! What the company has bought: reading. Who reads sees what is known here, also while the payment provider is away.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use billing::catalogue::{self, Currency, Interval, Offer};
use billing::gateway::Provider;
use billing::invoice::{self, Invoice, InvoiceId};
use billing::lifecycle::{self, State as BillingState};
use billing::service::{self, InvoicePreview};
use billing::subscription::Subscription;
use chrono::{DateTime, Utc};
use infra::database::StoreError;
use serde::{Deserialize, Serialize};
use tenant::invitation::{self, InvitationStatus};
use tenant::page::Page;
use tenant::{Limits, Member, Permission, Scope, Tenant, membership};

use super::Problems;
use crate::App;
use crate::extract::{AsMember, Path, Query, cursor, limit};
use crate::problem::Problem;

/// The company's plan, and how it stands with paying for it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Billing)]
pub(crate) struct BillingView {
    /// The plan that holds now.
    #[schema(example = "pro")]
    plan: String,
    /// How it stands.
    state: BillingState,
    /// Who takes the money; `local` takes none.
    provider: Provider,
    /// In which currency is paid; null without a subscription.
    currency: Option<Currency>,
    /// How often is paid; null without a subscription.
    interval: Option<Interval>,
    /// The people it is for.
    seats: Seats,
    /// Where things stop now.
    limits: Limits,
    /// When the present period began; null without a subscription.
    period_from: Option<DateTime<Utc>>,
    /// When it ends, and the next invoice comes.
    period_to: Option<DateTime<Utc>>,
    /// The subscription ends with the period.
    cancels_at_end: bool,
    /// Trying before buying.
    trial: Trial,
    /// Until when everything works although a payment has failed; null while nothing is overdue.
    grace_ends_at: Option<DateTime<Utc>>,
    /// Where what is overdue can be paid.
    payment_url: Option<String>,
    /// Usage stops at what is included.
    hard_limit: bool,
    /// Which letters about usage and money are sent.
    alerts: AlertsView,
    /// When the payment provider was last asked; null without one.
    seen_at: Option<DateTime<Utc>>,
}

/// The people a plan is for.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Seats {
    /// Colleagues that may sign in, and invitations that are open.
    taken: u32,
    /// How many there are; null for no bound.
    total: Option<u32>,
    /// How many the plan sells at most; null for no bound.
    most: Option<u32>,
}

/// Trying before buying.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Trial {
    /// Whether one can be begun.
    available: bool,
    /// When the present or last one ends or ended.
    ends_at: Option<DateTime<Utc>>,
}

/// Which letters are sent to owners and admins.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = BillingAlerts)]
pub(crate) struct AlertsView {
    /// When 50, 80 and 100 % of what is included has been used.
    pub(crate) included: bool,
    /// When 50, 80 and 100 % of this amount is owed in a period, in the smallest unit of the currency; null for never.
    pub(crate) budget_minor: Option<i64>,
}

/// How many seats are taken, open invitations included.
pub(crate) async fn taken(tenant: &Tenant) -> Result<u32, StoreError> {
    let members = membership::of_account(&tenant.world, tenant.id()).await?;
    let invitations = invitation::list(&tenant.world, tenant.id()).await?;
    let here = members.iter().filter(|member| member.disabled_at.is_none()).count();
    let open = invitations.iter().filter(|invitation| invitation.status == InvitationStatus::Pending).count();
    Ok(u32::try_from(here + open).unwrap_or(u32::MAX))
}

/// The view of what was just saved, or is known.
pub(crate) async fn view(app: &App, tenant: &Tenant, subscription: &Subscription) -> Result<BillingView, Problem> {
    // As it is, not as it was remembered: the answer to a change shows the change.
    let account = app.world.directory.load(&app.world.database, tenant.id()).await?.ok_or_else(Problem::not_found)?;
    let contract = subscription.live();
    // What was bought before a provider was set up is charged by nobody.
    let provider = contract.map_or_else(|| app.billing.provider(), |contract| contract.provider);
    let offer = catalogue::plan(&account.plan);
    let overdue = subscription.payment_failed_at.map(|since| since + lifecycle::GRACE);
    let payment_url = if overdue.is_some() { invoice::to_pay(&app.world, tenant.id()).await? } else { None };
    Ok(BillingView {
        plan: account.plan.clone(),
        state: subscription.state,
        provider,
        currency: contract.map(|contract| contract.terms.currency),
        interval: contract.map(|contract| contract.terms.interval),
        seats: Seats {
            taken: taken(tenant).await?,
            total: account.limits.agents,
            most: offer.and_then(|offer| offer.limits.agents),
        },
        limits: account.limits,
        period_from: contract.map(|contract| contract.period_from),
        period_to: contract.map(|contract| contract.period_to),
        cancels_at_end: contract.is_some_and(|contract| contract.cancels_at_end),
        trial: Trial {
            available: service::trial_available(subscription, &account.plan),
            ends_at: subscription.trial_ends_at,
        },
        grace_ends_at: overdue,
        payment_url,
        hard_limit: subscription.hard_limit,
        alerts: AlertsView { included: subscription.alerts.included, budget_minor: subscription.alerts.budget_minor },
        seen_at: subscription.seen_at.filter(|_| provider != Provider::Local),
    })
}

/// Show the plan
#[utoipa::path(get, path = "/v1/billing", tag = "billing", responses((status = 200, body = BillingView), Problems))]
pub(crate) async fn show(State(app): State<Arc<App>>, AsMember(scope): AsMember) -> Result<Json<BillingView>, Problem> {
    scope.require(Permission::UsageRead)?;
    let subscription = app.billing.subscription(&scope.tenant).await?;
    Ok(Json(view(&app, &scope.tenant, &subscription).await?))
}

/// What can be bought.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Catalogue {
    /// Every plan, smallest first.
    plans: Vec<Offer>,
    /// The currencies they are sold in.
    currencies: Vec<Currency>,
    /// Who takes the money.
    provider: Provider,
}

/// Show the price list
#[utoipa::path(get, path = "/v1/billing/catalogue", tag = "billing", responses((status = 200, body = Catalogue), Problems))]
pub(crate) async fn catalogue(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<Catalogue>, Problem> {
    scope.require(Permission::UsageRead)?;
    Ok(Json(Catalogue {
        plans: catalogue::all().into(),
        currencies: Currency::ALL.into(),
        provider: app.billing.provider(),
    }))
}

/// Which part of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InvoicesQuery {
    /// As the last page gave it.
    cursor: Option<String>,
    /// 1 to 100; 25 when absent.
    limit: Option<u64>,
}

/// List invoices
#[utoipa::path(get, path = "/v1/billing/invoices", tag = "billing", params(InvoicesQuery),
    responses((status = 200, body = Page<Invoice>), Problems))]
pub(crate) async fn invoices(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Query(query): Query<InvoicesQuery>,
) -> Result<Json<Page<Invoice>>, Problem> {
    scope.require(Permission::UsageRead)?;
    let (cursor, limit) = (cursor(query.cursor.as_deref())?, limit(query.limit)?);
    Ok(Json(invoice::list(&app.world, scope.tenant.id(), cursor, limit).await?))
}

/// Show an invoice
///
/// With every line explained, and where it can be downloaded.
#[utoipa::path(get, path = "/v1/billing/invoices/{id}", tag = "billing", params(("id" = InvoiceId, Path)),
    responses((status = 200, body = Invoice), Problems))]
pub(crate) async fn show_invoice(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
    Path(id): Path<InvoiceId>,
) -> Result<Json<Invoice>, Problem> {
    scope.require(Permission::UsageRead)?;
    Ok(Json(invoice::find(&app.world, scope.tenant.id(), id).await?.ok_or_else(Problem::not_found)?))
}

/// The next invoice.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct UpcomingInvoice {
    /// As it stands; null without a subscription.
    preview: Option<InvoicePreview>,
}

/// Show the next invoice as it stands
///
/// Usage until now, the next period's seats, coupons and credit, line by line, before taxes.
#[utoipa::path(get, path = "/v1/billing/invoice-preview", tag = "billing", responses((status = 200, body = UpcomingInvoice), Problems))]
pub(crate) async fn invoice_preview(
    State(app): State<Arc<App>>,
    AsMember(scope): AsMember,
) -> Result<Json<UpcomingInvoice>, Problem> {
    scope.require(Permission::UsageRead)?;
    Ok(Json(UpcomingInvoice { preview: app.billing.preview_invoice(&scope.tenant).await? }))
}

/// For the usage report: the period that the subscription is in, since its prices were last changed, and how many months' worth it
/// includes; the month without one.
pub(crate) async fn present_period(
    app: &App,
    scope: &Scope<Member>,
) -> Result<(billing::usage::Period, u32), StoreError> {
    let subscription = app.billing.subscription(&scope.tenant).await?;
    Ok(subscription.live().map_or_else(
        || (billing::usage::Period::of(scope.now()), 1),
        |contract| {
            let (from, to) = (subscription.open_since(contract), contract.period_to);
            let period = billing::usage::Period::billing(from, to, subscription.metered_from);
            (period, contract.terms.interval.months())
        },
    ))
}
