//! Subscriptions: how they begin, which states they go through, how they end. What changes in between is `subscription_change`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::catalogue::Price;
use super::invoice::Occasion;
use super::lines::Part;
use super::{Books, Metadata};
use crate::calendar::Interval;
use crate::refusal::Refusal;
use crate::shelf::Kept;

/// The states of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    Incomplete,
    IncompleteExpired,
    Trialing,
    Active,
    PastDue,
    Unpaid,
    Paused,
    Canceled,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Unpaid => "unpaid",
            Self::Paused => "paused",
            Self::Canceled => "canceled",
        }
    }
}

/// One price in a subscription.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) price: String,
    /// None for a metered price.
    pub(crate) quantity: Option<i64>,
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// Since when its meter's counts are not paid.
    pub(crate) unpaid_since: i64,
    pub(crate) created: i64,
    pub(crate) metadata: Metadata,
}

/// A subscription.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) customer: String,
    pub(crate) status: Status,
    pub(crate) currency: String,
    pub(crate) items: Vec<Item>,
    pub(crate) created: i64,
    pub(crate) anchor: i64,
    pub(crate) trial: Option<(i64, i64)>,
    /// The end of a trial that was warned of.
    pub(crate) trial_told: Option<i64>,
    /// What happens at the end of the trial when there is nothing to pay with: `create_invoice`, `cancel` or `pause`.
    pub(crate) without_method: String,
    pub(crate) cancel_at: Option<i64>,
    pub(crate) cancel_at_period_end: bool,
    pub(crate) canceled_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) cancel_reason: Option<String>,
    pub(crate) cancel_comment: Option<String>,
    pub(crate) cancel_feedback: Option<String>,
    /// Days until an invoice is due, when it is sent rather than charged.
    pub(crate) days_until_due: Option<i64>,
    pub(crate) default_method: Option<String>,
    pub(crate) discounts: Vec<String>,
    pub(crate) latest_invoice: Option<String>,
    pub(crate) automatic_tax: bool,
    pub(crate) flexible: bool,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
}

impl Kept for Subscription {
    const WHAT: &'static str = "subscription";
    fn id(&self) -> &str {
        &self.id
    }
}

impl Subscription {
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.status, Status::Canceled | Status::IncompleteExpired)
    }

    /// When the first of its periods ends.
    pub(crate) fn period_end(&self) -> i64 {
        self.items.iter().map(|item| item.to).min().unwrap_or(i64::MAX)
    }
}

/// What happens when the first invoice is not paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behavior {
    /// It is charged, and the subscription waits a day for another try.
    Allow,
    /// It is not charged at all yet.
    Wait,
    /// Nothing is begun.
    Refuse,
}

/// What a new subscription shall be.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) customer: String,
    /// Price, quantity, metadata.
    pub(crate) items: Vec<(String, Option<i64>, Metadata)>,
    pub(crate) trial_end: Option<i64>,
    pub(crate) without_method: String,
    pub(crate) metadata: Metadata,
    pub(crate) discounts: Vec<(String, Option<String>)>,
    pub(crate) automatic_tax: bool,
    pub(crate) days_until_due: Option<i64>,
    pub(crate) default_method: Option<String>,
    pub(crate) behavior: Behavior,
    pub(crate) flexible: bool,
    pub(crate) description: Option<String>,
    pub(crate) cancel_at_period_end: bool,
}

impl Books {
    /// Begins a subscription and charges for it.
    pub(crate) fn open_subscription(&mut self, wanted: Wanted) -> Result<String, Refusal> {
        let now = self.time_of(&wanted.customer);
        let currency = self.check_wanted(&wanted)?;
        let anchor = wanted.trial_end.unwrap_or(now);
        let mut items = Vec::new();
        for (price, quantity, metadata) in &wanted.items {
            let price = self.prices.get(price, "items[0][price]")?.clone();
            let to = wanted.trial_end.unwrap_or_else(|| period_of(&price).next(anchor, now));
            items.push(self.new_item(&price, *quantity, (now, to), metadata.clone())?);
        }
        let id = self.new_id("sub");
        let discounts: Vec<String> = wanted
            .discounts
            .iter()
            .map(|(coupon, code)| self.redeem(coupon, code.as_deref(), &wanted.customer, &id))
            .collect();
        let cancel_at = wanted.cancel_at_period_end.then(|| items.iter().map(|item| item.to).min()).flatten();
        self.subscriptions.put(Subscription {
            id: id.clone(),
            customer: wanted.customer.clone(),
            status: if wanted.trial_end.is_some() { Status::Trialing } else { Status::Incomplete },
            currency: currency.clone(),
            items: items.clone(),
            created: now,
            anchor,
            trial: wanted.trial_end.map(|end| (now, end)),
            trial_told: None,
            without_method: wanted.without_method,
            cancel_at,
            cancel_at_period_end: wanted.cancel_at_period_end,
            canceled_at: wanted.cancel_at_period_end.then_some(now),
            ended_at: None,
            cancel_reason: None,
            cancel_comment: None,
            cancel_feedback: None,
            days_until_due: wanted.days_until_due,
            default_method: wanted.default_method,
            discounts,
            latest_invoice: None,
            automatic_tax: wanted.automatic_tax,
            flexible: wanted.flexible,
            description: wanted.description,
            metadata: wanted.metadata,
        });
        if let Some(customer) = self.customers.find_mut(&wanted.customer) {
            customer.currency = Some(currency);
        }
        let body = self.subscription_body(&id);
        self.tell("customer.subscription.created", now, body);
        let mut parts = first_parts(&items, wanted.trial_end.is_some());
        let occasion = Occasion { reason: "subscription_create", at: now, from: now, to: now };
        parts.extend(self.waiting_items(&wanted.customer, &id).into_iter().map(|item| Part::Waiting(Box::new(item))));
        let invoice = self.draw_up(&id, &occasion, parts);
        self.finalize(&invoice);
        if wanted.behavior != Behavior::Wait {
            // What the bank says is in the invoice and in the state of the subscription.
            drop(self.pay(&invoice, None));
        }
        Ok(id)
    }

    /// Refuses what cannot be begun; the currency of what can.
    fn check_wanted(&self, wanted: &Wanted) -> Result<String, Refusal> {
        let customer = self.customers.get(&wanted.customer, "customer")?;
        let now = self.time_of(&wanted.customer);
        if wanted.trial_end.is_some_and(|end| end <= now) {
            return Err(Refusal::invalid(
                "trial_end",
                "Invalid timestamp: must be an integer Unix timestamp in the future.",
            ));
        }
        if wanted.automatic_tax && customer.country.is_none() {
            return Err(no_location());
        }
        let mut currency: Option<String> = None;
        for (number, (price, _, _)) in wanted.items.iter().enumerate() {
            let param = format!("items[{number}][price]");
            let price = self.prices.get(price, &param)?;
            if !price.active {
                let message =
                    format!("The price specified is inactive. This field only accepts active prices: {}", price.id);
                return Err(Refusal::invalid(&param, &message));
            }
            if price.interval.is_none() {
                return Err(Refusal::invalid(
                    &param,
                    "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
                ));
            }
            if currency.as_ref().is_some_and(|one| *one != price.currency) {
                return Err(Refusal::invalid(&param, "All prices on a subscription must have the same currency."));
            }
            currency = Some(price.currency.clone());
        }
        let currency = currency.ok_or_else(|| Refusal::missing("items"))?;
        if let Some(method) = &wanted.default_method {
            self.methods.get(method, "default_payment_method")?;
        }
        if wanted.behavior == Behavior::Refuse && wanted.trial_end.is_none() {
            let due: i64 = self.price_of(&wanted.items);
            let method = wanted.default_method.as_deref().or(customer.default_method.as_deref());
            if due > 0 {
                self.would_pay(method)?;
            }
        }
        Ok(currency)
    }

    /// What the licensed prices cost for one period.
    fn price_of(&self, items: &[(String, Option<i64>, Metadata)]) -> i64 {
        let cost = |(price, quantity, _): &(String, Option<i64>, Metadata)| {
            let price = self.prices.find(price).filter(|price| price.meter.is_none());
            price.map_or(0, |price| super::lines::cost(&price.scheme, quantity.unwrap_or(1)))
        };
        items.iter().map(cost).sum()
    }

    pub(crate) fn new_item(
        &mut self,
        price: &Price,
        quantity: Option<i64>,
        (from, to): (i64, i64),
        metadata: Metadata,
    ) -> Result<Item, Refusal> {
        if price.meter.is_some() && quantity.is_some() {
            let message = format!("You cannot set the quantity for metered plans: {}", price.id);
            return Err(Refusal::invalid("items[0][quantity]", &message));
        }
        if quantity.is_some_and(|quantity| quantity < 0) {
            return Err(Refusal::coded(
                "items[0][quantity]",
                "parameter_invalid_integer",
                "This value must be greater than or equal to 0.",
            ));
        }
        Ok(Item {
            id: self.new_id("si"),
            price: price.id.clone(),
            quantity: if price.meter.is_some() { None } else { Some(quantity.unwrap_or(1)) },
            from,
            to,
            unpaid_since: from,
            created: from,
            metadata,
        })
    }

    pub(crate) fn subscription_body(&self, id: &str) -> Value {
        self.subscriptions.find(id).map_or(Value::Null, |subscription| self.subscription_json(subscription))
    }

    /// Tells what is different about a subscription.
    pub(crate) fn subscription_changed(&mut self, id: &str, before: &Value) {
        let Some(subscription) = self.subscriptions.find(id) else { return };
        let at = self.time_of(&subscription.customer);
        let after = self.subscription_json(subscription);
        self.tell_change("customer.subscription.updated", at, before, after);
    }

    /// Moves a subscription into another state; one that is over stays as it is.
    pub(crate) fn set_status(&mut self, id: &str, status: Status) {
        let before = self.subscription_body(id);
        if let Some(subscription) = self.subscriptions.find_mut(id).filter(|subscription| !subscription.is_over()) {
            subscription.status = status;
        }
        self.subscription_changed(id, &before);
    }

    /// Ends a subscription for good.
    pub(crate) fn end_subscription(&mut self, id: &str, at: i64, reason: &str) {
        let Some(subscription) = self.subscriptions.find_mut(id).filter(|subscription| !subscription.is_over()) else {
            return;
        };
        subscription.status = Status::Canceled;
        subscription.ended_at = Some(at);
        subscription.canceled_at = subscription.canceled_at.or(Some(at));
        subscription.cancel_reason = Some(reason.to_owned());
        // What is open is not charged any more by itself.
        for invoice in self.invoices.iter_mut().filter(|invoice| invoice.subscription.as_deref() == Some(id)) {
            if !invoice.is_settled() && invoice.occasion != "final" {
                invoice.auto_advance = false;
                invoice.finalizes_at = None;
                invoice.next_attempt = None;
            }
        }
        let body = self.subscription_body(id);
        self.tell("customer.subscription.deleted", at, body);
    }
}

/// The first invoice: what is licensed is paid ahead, what is metered later; a trial costs nothing.
pub(crate) fn first_parts(items: &[Item], trial: bool) -> Vec<Part> {
    let licensed = items.iter().filter_map(|item| {
        let quantity = item.quantity?;
        let (item_id, price) = (item.id.clone(), item.price.clone());
        Some(if trial {
            Part::Trial { item: item_id, price, quantity, from: item.from, to: item.to }
        } else {
            Part::Licensed { item: item_id, price, quantity, from: item.from, to: item.to }
        })
    });
    licensed.collect()
}

/// Every price in a subscription recurs.
pub(crate) fn period_of(price: &Price) -> Interval {
    price.interval.unwrap_or(Interval { unit: crate::calendar::Unit::Month, count: 1 })
}

pub(crate) fn no_location() -> Refusal {
    Refusal::coded(
        "automatic_tax[enabled]",
        "customer_tax_location_invalid",
        "The customer's location isn't recognized. Set a valid customer address in order to automatically calculate tax.",
    )
}
