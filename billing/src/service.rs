//! What a company does about its plan by itself. Each verb decides purely, asks the gateway when there is one, and saves.
//!
//! What must be absent: HTTP, and rights: who may is asked before.

use chrono::{DateTime, Utc};
use infra::database::StoreError;
use infra::{Fault, Kind, Timestamp};
use serde::Serialize;
use tenant::usage::Meter;
use tenant::world::SharedWorld;
use tenant::{AccountId, Tenant, usage};

use crate::catalogue::{self, Currency, Offer};
use crate::changing::may_be_less;
use crate::gateway::{Gateway, GatewayError, Provider};
use crate::invoice::{self, Line, discount, lines, proration};
use crate::lifecycle::{NotNow, State, Status, Verb};
use crate::local::{self, Outcome};
use crate::metering;
use crate::period;
use crate::stripe::{Stripe, StripeSettings, Synced};
use crate::subscription::{self, Alerts, Contract, Subscription, Terms};

/// Plans, money and usage of all companies of an installation.
pub struct Billing {
    pub(crate) world: SharedWorld,
    pub(crate) gateway: Gateway,
}

/// Why something about a plan was not done.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// Not in the present state.
    #[error(transparent)]
    NotNow(#[from] NotNow),
    /// There was a trial already.
    #[error("the trial has been used")]
    TrialUsed,
    /// What the company has is nothing that it could come back to.
    #[error("a plan that is not for sale is not left for a trial")]
    PlanKept,
    /// Nothing of this name is for sale.
    #[error("no plan of this name is for sale")]
    PlanUnknown,
    /// Fewer than there are people.
    #[error("{0} seats are taken: switch colleagues off first")]
    SeatsTaken(u32),
    /// More than the plan has.
    #[error("this plan has at most {0} seats")]
    SeatsTooMany(u32),
    /// A subscription keeps its currency.
    #[error("a subscription keeps its currency")]
    CurrencyFixed,
    /// What is included would be included once more, after a change in the same period.
    #[error("prices were changed in this period: a smaller plan or a shorter rhythm is possible from {0}")]
    ChangedThisPeriod(Timestamp),
    /// The provider.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for BillingError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotNow(error) => error.kind(),
            Self::TrialUsed
            | Self::PlanKept
            | Self::SeatsTaken(_)
            | Self::CurrencyFixed
            | Self::ChangedThisPeriod(_) => Kind::Conflict,
            Self::PlanUnknown | Self::SeatsTooMany(_) => Kind::Invalid,
            Self::Gateway(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::NotNow(error) => error.code(),
            Self::TrialUsed => "trial_used",
            Self::PlanKept => "trial_not_possible",
            Self::PlanUnknown => "plan_unknown",
            Self::SeatsTaken(_) => "seats_taken",
            Self::SeatsTooMany(_) => "seats_too_many",
            Self::CurrencyFixed => "currency_fixed",
            Self::ChangedThisPeriod(_) => "changed_this_period",
            Self::Gateway(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

/// What is to be bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The plan.
    pub plan: String,
    /// And how much of it.
    pub terms: Terms,
    /// How many seats are taken, invitations included.
    pub taken: u32,
}

impl Order {
    fn offer(&self) -> Result<Offer, BillingError> {
        let offer = catalogue::plan(&self.plan).filter(|offer| offer.for_sale).ok_or(BillingError::PlanUnknown)?;
        if self.terms.seats < self.taken.max(1) {
            return Err(BillingError::SeatsTaken(self.taken));
        }
        match offer.limits.agents {
            Some(most) if self.terms.seats > most => Err(BillingError::SeatsTooMany(most)),
            Some(_) | None => Ok(offer),
        }
    }
}

/// What a change would bring.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ChangePreview {
    /// In which currency.
    pub currency: Currency,
    /// Given back, and charged.
    pub lines: Vec<Line>,
    /// What would be charged at once; nothing when more is given back than charged.
    pub due_now_minor: i64,
    /// What would be left over for the next invoices.
    pub credit_minor: i64,
    /// When the next ordinary invoice comes.
    pub next_invoice_at: DateTime<Utc>,
    /// Who has computed it: with `stripe`, taxes are in it.
    pub provider: Provider,
}

/// The next invoice as it stands.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct InvoicePreview {
    /// In which currency.
    pub currency: Currency,
    /// From when.
    pub period_from: DateTime<Utc>,
    /// To when; the invoice comes then.
    pub period_to: DateTime<Utc>,
    /// Usage until now, the next period's seats, and what coupons take off.
    pub lines: Vec<Line>,
    /// What they come to, before taxes.
    pub subtotal_minor: i64,
    /// What is left over of a downgrade and will be used up.
    pub credit_minor: i64,
    /// What would be charged, before taxes.
    pub total_minor: i64,
}

impl Billing {
    /// One for each process.
    pub fn new(world: SharedWorld, stripe: Option<&StripeSettings>) -> Result<Self, GatewayError> {
        let gateway = match stripe {
            None => Gateway::Local,
            Some(settings) => Gateway::Stripe(Box::new(Stripe::new(settings)?)),
        };
        Ok(Self { world, gateway })
    }

    /// Brings the price list to the provider.
    pub async fn sync(&self) -> Result<Synced, BillingError> {
        let stripe = self.gateway.stripe().ok_or(GatewayError::NoPortal)?;
        stripe.sync(&self.world).await
    }

    /// The gateway's kind.
    pub fn provider(&self) -> Provider {
        self.gateway.provider()
    }

    /// What is known of a company.
    pub async fn subscription(&self, tenant: &Tenant) -> Result<Subscription, StoreError> {
        subscription::find(&self.world, tenant.id(), &tenant.account.plan).await
    }

    /// Begins a trial: needs no provider, no card, and is had once.
    pub async fn start_trial(&self, account: AccountId, plan: &str) -> Result<Subscription, BillingError> {
        let offer = catalogue::plan(plan).filter(|offer| offer.for_sale && offer.trial_days > 0);
        let offer = offer.ok_or(BillingError::PlanUnknown)?;
        // As it is, not as it was remembered.
        let known = self.world.directory.load(&self.world.database, account).await?;
        if known.is_none_or(|account| !may_be_left(&account.plan)) {
            return Err(BillingError::PlanKept);
        }
        self.change_row(account, |before, now| {
            before.state.may(Verb::StartTrial, before.live().is_some())?;
            if before.trial_started_at.is_some() {
                return Err(BillingError::TrialUsed);
            }
            let subscription = Subscription {
                plan: offer.id.to_owned(),
                trial_started_at: Some(now),
                trial_ends_at: Some(now + chrono::TimeDelta::days(offer.trial_days.into())),
                ..before
            };
            Ok(Outcome { subscription: subscription.settled(now), invoice: None })
        })
        .await
    }

    /// Buys a plan; `email` is where invoices go. Says where the browser is to go on.
    pub async fn check_out(
        &self,
        tenant: &Tenant,
        order: &Order,
        email: &str,
        back: &str,
    ) -> Result<String, BillingError> {
        let offer = order.offer()?;
        match &self.gateway {
            Gateway::Local => {
                let name = infra::ids::encode(self.world.chance.uuid(self.world.now()));
                self.change_row(tenant.id(), |before, now| {
                    before.state.may(Verb::CheckOut, before.live().is_some())?;
                    Ok(local::buy(before, &offer, order.terms, &name, now))
                })
                .await?;
                Ok(format!("{back}?checkout=done"))
            }
            Gateway::Stripe(stripe) => self.check_out_at(stripe, tenant, (&offer, order.terms), email, back).await,
        }
    }

    /// What a change would bring.
    pub async fn preview_change(&self, tenant: &Tenant, order: &Order) -> Result<ChangePreview, BillingError> {
        let offer = order.offer()?;
        let before = self.subscription(tenant).await?;
        let contract = changeable(&before, order)?;
        let now = self.world.now();
        let Some(stripe) = self.gateway.keeper(contract.provider)? else {
            let old = catalogue::plan(&contract.plan).ok_or(BillingError::PlanUnknown)?;
            let change = proration::change(contract, &old, &offer, order.terms, now);
            let due = lines::total(&change.lines) - before.credit_minor;
            return Ok(ChangePreview {
                currency: contract.terms.currency,
                lines: change.lines,
                due_now_minor: due.max(0),
                credit_minor: (-due).max(0),
                next_invoice_at: change.period.to,
                provider: Provider::Local,
            });
        };
        may_be_less(&before, contract, order, now)?;
        let names = stripe.names(&self.world).await?;
        let customer = before.customer.as_deref().ok_or(GatewayError::NoPortal)?;
        let worth = stripe.preview(&names, contract, customer, &offer, order.terms).await?;
        let same = contract.terms.interval == order.terms.interval;
        Ok(ChangePreview {
            currency: contract.terms.currency,
            lines: worth.lines,
            due_now_minor: worth.due_minor,
            credit_minor: worth.left_minor,
            next_invoice_at: if same { contract.period_to } else { proration::after(now, order.terms.interval) },
            provider: Provider::Stripe,
        })
    }

    /// Changes plan, rhythm or seats.
    pub async fn change(&self, tenant: &Tenant, order: &Order) -> Result<Subscription, BillingError> {
        let offer = order.offer()?;
        let before = self.subscription(tenant).await?;
        let contract = changeable(&before, order)?;
        let Some(stripe) = self.gateway.keeper(contract.provider)? else {
            return self
                .change_row(tenant.id(), |before, now| {
                    let contract = changeable(&before, order)?.clone();
                    if contract.plan == offer.id && contract.terms == order.terms {
                        return Ok(Outcome { subscription: before, invoice: None });
                    }
                    let old = catalogue::plan(&contract.plan).ok_or(BillingError::PlanUnknown)?;
                    Ok(local::amend(before, &contract, &old, &offer, order.terms, now))
                })
                .await;
        };
        self.change_at(stripe, tenant, (&offer, order)).await
    }

    /// Lets the subscription end with its period, or go on.
    pub async fn cancel(&self, tenant: &Tenant, at_end: bool) -> Result<Subscription, BillingError> {
        let before = self.subscription(tenant).await?;
        before.state.may(Verb::Cancel, before.live().is_some())?;
        let contract = before.live().ok_or(NotNow::of(Verb::Cancel, before.state))?;
        let Some(stripe) = self.gateway.keeper(contract.provider)? else {
            return self
                .change_row(tenant.id(), |before, now| {
                    let live = before.live().cloned();
                    before.state.may(Verb::Cancel, live.is_some())?;
                    let Some(contract) = live else { return Ok(Outcome { subscription: before, invoice: None }) };
                    Ok(local::cancel(before, &contract, at_end, now))
                })
                .await;
        };
        let customer = before.customer.as_deref().ok_or(GatewayError::NoPortal)?;
        self.cancel_at(stripe, customer, contract, at_end).await?;
        self.look_now(stripe, tenant).await
    }

    /// Where cards, addresses and tax numbers are seen to.
    pub async fn portal(&self, tenant: &Tenant, back: &str) -> Result<String, BillingError> {
        match &self.gateway {
            Gateway::Local => {
                tracing::debug!(account = %tenant.id(), back, "there is no payment page");
                Err(GatewayError::NoPortal.into())
            }
            Gateway::Stripe(stripe) => {
                let subscription = self.subscription(tenant).await?;
                let customer = subscription.customer.as_deref().ok_or(GatewayError::NoPortal)?;
                Ok(stripe.portal(customer, back).await?)
            }
        }
    }

    /// Lets usage stop at what is included, or go on.
    pub async fn set_hard_limit(&self, account: AccountId, on: bool) -> Result<Subscription, BillingError> {
        self.change_row(account, |before, _| {
            Ok(Outcome { subscription: Subscription { hard_limit: on, ..before }, invoice: None })
        })
        .await
    }

    /// Says which letters are wanted.
    pub async fn set_alerts(&self, account: AccountId, alerts: Alerts) -> Result<Subscription, BillingError> {
        self.change_row(account, |before, _| {
            Ok(Outcome { subscription: Subscription { alerts, ..before }, invoice: None })
        })
        .await
    }

    /// The next invoice as it stands; none without a subscription.
    pub async fn preview_invoice(&self, tenant: &Tenant) -> Result<Option<InvoicePreview>, BillingError> {
        let subscription = self.subscription(tenant).await?;
        let Some(contract) = subscription.live() else { return Ok(None) };
        let Some(offer) = catalogue::plan(&contract.plan) else { return Ok(None) };
        let now = self.world.now();
        // What is used while trying is not charged.
        let used = match contract.status {
            Status::Trialing => Vec::new(),
            Status::Active
            | Status::PastDue
            | Status::Unpaid
            | Status::Paused
            | Status::Incomplete
            | Status::IncompleteExpired
            | Status::Canceled => self.used(tenant, &subscription, contract, now).await?,
        };
        let span = lines::Span { from: contract.period_from, to: contract.period_to };
        let next = lines::Span { from: span.to, to: proration::after(span.to, contract.terms.interval) };
        let seats = if contract.cancels_at_end { None } else { Some(next) };
        let usage = lines::Span { from: subscription.open_since(contract), to: span.to };
        let mut lines = lines::of_period(&offer, contract.terms, &used, usage, seats);
        lines.extend(discount::line(&lines, &subscription.discounts, span));
        let subtotal_minor = lines::total(&lines);
        let credit_minor = subscription.credit_minor.min(subtotal_minor.max(0));
        Ok(Some(InvoicePreview {
            currency: contract.terms.currency,
            period_from: span.from,
            period_to: span.to,
            lines,
            subtotal_minor,
            credit_minor,
            total_minor: subtotal_minor - credit_minor,
        }))
    }

    /// What a contract's period is charged for, up to now: what has been used in it at the present prices, and what came too late for the
    /// invoice before.
    pub(crate) async fn used(
        &self,
        tenant: &Tenant,
        subscription: &Subscription,
        contract: &Contract,
        now: Timestamp,
    ) -> Result<Vec<(Meter, i64)>, StoreError> {
        let begun = subscription.open_since(contract);
        let (from, to) = period::charged(begun, contract.period_to, subscription.metered_from);
        let tx = tenant.begin().await?;
        let mut used = usage::totals(&tx, from, to.min(now + chrono::TimeDelta::seconds(1))).await?;
        drop(tx);
        if contract.provider == Provider::Local {
            return Ok(used);
        }
        let to = contract.period_to;
        for (meter, more) in metering::moved(self.world.database.orm(), tenant.id(), begun, to).await? {
            match used.iter_mut().find(|(known, _)| *known == meter) {
                Some((_, quantity)) => *quantity = quantity.saturating_add(more),
                None => used.push((meter, more)),
            }
        }
        Ok(used)
    }

    /// Brings every company up to date whose state changes by time alone. Says whose entitlements have changed.
    pub async fn settle_due(&self) -> Result<Vec<AccountId>, StoreError> {
        let mut changed = Vec::new();
        for account in subscription::to_settle(&self.world, self.world.now()).await? {
            let Some(tenant) = Tenant::find(&self.world, account).await? else { continue };
            match self.settle(&tenant).await {
                Ok(true) => changed.push(account),
                Ok(false) => {}
                Err(error) => tracing::warn!(%account, %error, "a subscription could not be settled"),
            }
        }
        Ok(changed)
    }

    async fn settle(&self, tenant: &Tenant) -> Result<bool, BillingError> {
        let before = self.subscription(tenant).await?;
        let due =
            |contract: &Contract, now: Timestamp| contract.provider == Provider::Local && contract.period_to <= now;
        let used = match before.live() {
            Some(contract) if due(contract, self.world.now()) => {
                self.used(tenant, &before, contract, contract.period_to).await?
            }
            Some(_) | None => Vec::new(),
        };
        let was = (before.plan.clone(), before.state);
        let after = self
            .change_row(tenant.id(), |found, now| {
                let same_period = found.contract == before.contract;
                match found.live().cloned() {
                    Some(contract) if same_period && due(&contract, now) => {
                        let offer = catalogue::plan(&contract.plan).ok_or(BillingError::PlanUnknown)?;
                        Ok(local::renew(found, &contract, &offer, &used, now))
                    }
                    Some(_) | None => Ok(Outcome { subscription: found.settled(now), invoice: None }),
                }
            })
            .await?;
        Ok(was != (after.plan, after.state))
    }

    /// Locks the company's row, decides, and saves what was decided with its invoice.
    pub(crate) async fn change_row(
        &self,
        account: AccountId,
        decide: impl FnOnce(Subscription, Timestamp) -> Result<Outcome, BillingError>,
    ) -> Result<Subscription, BillingError> {
        let now = self.world.now();
        let tx = self.world.database.begin("".into()).await?;
        let before = subscription::lock(&tx, account, now).await?;
        let was = before.state;
        let Outcome { subscription, invoice } = decide(before, now)?;
        subscription::save(&tx, &subscription, now).await?;
        self.tell_of(&tx, was, &subscription).await?;
        if let Some(copy) = invoice {
            invoice::keep(&tx, &self.world.chance, account, copy, now).await?;
        }
        tx.commit().await?;
        self.world.directory.forget(account);
        Ok(subscription)
    }
}

/// The contract that is to be changed.
pub(crate) fn changeable<'a>(before: &'a Subscription, order: &Order) -> Result<&'a Contract, BillingError> {
    let live = before.live();
    before.state.may(Verb::Change, live.is_some())?;
    let contract = live.ok_or(NotNow::of(Verb::Change, before.state))?;
    if contract.terms.currency == order.terms.currency { Ok(contract) } else { Err(BillingError::CurrencyFixed) }
}

/// Whether a company that is on a plan may leave it by itself: it can come back to what is for sale, and to the smallest one.
fn may_be_left(plan: &str) -> bool {
    plan == "free" || catalogue::plan(plan).is_some_and(|offer| offer.for_sale)
}

/// Whether a company may begin a trial; `plan` is what its account says.
pub fn trial_available(subscription: &Subscription, plan: &str) -> bool {
    subscription.state == State::Free && subscription.trial_started_at.is_none() && may_be_left(plan)
}
