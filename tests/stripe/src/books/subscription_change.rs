//! What changes about a subscription while it lives, and what such a change costs.

use serde_json::Value;

use super::catalogue::Price;
use super::invoice::Occasion;
use super::item::InvoiceItem;
use super::lines::{Part, portions};
use super::subscription::{Behavior, Item, Status, Subscription, Wanted, no_location, period_of};
use super::{Books, Metadata, merge};
use crate::calendar::DAY;
use crate::form::Form;
use crate::money::part;
use crate::refusal::Refusal;

const UPDATABLE: &[&str] = &[
    "items",
    "proration_behavior",
    "proration_date",
    "payment_behavior",
    "cancel_at_period_end",
    "cancel_at",
    "cancellation_details",
    "trial_end",
    "trial_settings",
    "default_payment_method",
    "metadata",
    "discounts",
    "automatic_tax",
    "collection_method",
    "days_until_due",
    "description",
    "billing_cycle_anchor",
    "off_session",
    "payment_settings",
];

/// What a change leads to.
pub(crate) struct Change {
    pub(crate) subscription: Subscription,
    /// Amounts for the time that is left, and for what was used before.
    pub(crate) items: Vec<InvoiceItem>,
    /// The parts of an invoice at once, when the period begins anew.
    pub(crate) begins: Vec<Part>,
    /// Whether there is an invoice at once.
    pub(crate) at_once: bool,
}

impl Books {
    pub(crate) fn create_subscription(&mut self, form: &Form) -> Result<Value, Refusal> {
        form.only(&[UPDATABLE, &["customer", "trial_period_days", "billing_mode", "currency"]].concat())?;
        let wanted = self.wanted(form, form.need("customer")?)?;
        let id = self.open_subscription(wanted)?;
        Ok(self.subscription_body(&id))
    }

    /// Reads what a new subscription shall be.
    pub(crate) fn wanted(&self, form: &Form, customer: String) -> Result<Wanted, Refusal> {
        let now = self.time_of(&customer);
        let mut items = Vec::new();
        for part in form.parts("items") {
            part.only(&["price", "quantity", "metadata"])?;
            items.push((part.need("price")?, part.int("quantity")?, part.map("metadata")?));
        }
        let trial_end = match form.int("trial_period_days")? {
            Some(days) => (days > 0).then_some(now + days * DAY),
            None => form.int("trial_end")?,
        };
        let behaviors = ["allow_incomplete", "default_incomplete", "error_if_incomplete"];
        let behavior = match form.choice("payment_behavior", &behaviors)?.as_deref() {
            Some("default_incomplete") => Behavior::Wait,
            Some("error_if_incomplete") => Behavior::Refuse,
            _ => Behavior::Allow,
        };
        let without = form.part("trial_settings").part("end_behavior");
        let without = without.choice("missing_payment_method", &["create_invoice", "cancel", "pause"])?;
        let sent = form.choice("collection_method", &["charge_automatically", "send_invoice"])?;
        let days = form.int("days_until_due")?;
        if sent.as_deref() == Some("send_invoice") && days.is_none() {
            return Err(Refusal::missing("days_until_due"));
        }
        let mut metadata = Metadata::new();
        merge(&mut metadata, form.map("metadata")?)?;
        Ok(Wanted {
            items,
            trial_end,
            without_method: without.unwrap_or_else(|| "create_invoice".to_owned()),
            metadata,
            discounts: self.wanted_discounts(form, Some(&customer))?,
            automatic_tax: form.part("automatic_tax").flag("enabled")?.unwrap_or(false),
            days_until_due: days,
            default_method: form.text("default_payment_method")?,
            behavior,
            flexible: form.part("billing_mode").choice("type", &["classic", "flexible"])?.as_deref() != Some("classic"),
            description: form.text("description")?,
            cancel_at_period_end: form.flag("cancel_at_period_end")?.unwrap_or(false),
            customer,
        })
    }

    pub(crate) fn update_subscription(&mut self, id: &str, form: &Form) -> Result<Value, Refusal> {
        form.only(UPDATABLE)?;
        let change = self.change(self.subscriptions.get(id, "id")?, form)?;
        let behaviors = ["allow_incomplete", "default_incomplete", "error_if_incomplete"];
        if form.choice("payment_behavior", &behaviors)?.as_deref() == Some("error_if_incomplete") && change.at_once {
            let customer = self.customers.get(&change.subscription.customer, "customer")?;
            let method = change.subscription.default_method.as_deref().or(customer.default_method.as_deref());
            self.would_pay(method)?;
        }
        let discounts = self.wanted_discounts(form, Some(&change.subscription.customer))?;
        let replaces = form.has("discounts");
        self.carry_out(change);
        if replaces {
            let before = self.subscription_body(id);
            let customer = self.subscriptions.get(id, "id")?.customer.clone();
            let used: Vec<String> =
                discounts.iter().map(|(coupon, code)| self.redeem(coupon, code.as_deref(), &customer, id)).collect();
            if let Some(subscription) = self.subscriptions.find_mut(id) {
                subscription.discounts = used;
            }
            self.subscription_changed(id, &before);
        }
        Ok(self.subscription_body(id))
    }

    /// From classic billing to flexible; there is no way back.
    pub(crate) fn migrate_subscription(&mut self, id: &str, form: &Form) -> Result<Value, Refusal> {
        form.only(&["billing_mode"])?;
        if form.part("billing_mode").need("type")? != "flexible" {
            return Err(Refusal::invalid("billing_mode[type]", "Invalid billing_mode[type]: must be flexible"));
        }
        let before = self.subscription_body(id);
        let subscription = self.subscriptions.get(id, "id")?;
        if subscription.is_over() || subscription.flexible {
            return Err(Refusal::bad("This subscription cannot be migrated to the flexible billing mode."));
        }
        if let Some(subscription) = self.subscriptions.find_mut(id) {
            subscription.flexible = true;
        }
        self.subscription_changed(id, &before);
        Ok(self.subscription_body(id))
    }

    /// Carries a change out; the invoice, when there is one at once.
    pub(crate) fn carry_out(&mut self, change: Change) -> Option<String> {
        let (id, customer) = (change.subscription.id.clone(), change.subscription.customer.clone());
        let (before, now) = (self.subscription_body(&id), self.time_of(&customer));
        self.subscriptions.put(change.subscription);
        for item in change.items {
            self.add_item(item);
        }
        self.subscription_changed(&id, &before);
        if !change.at_once {
            return None;
        }
        let mut parts = change.begins;
        parts.extend(self.waiting_items(&customer, &id).into_iter().map(|item| Part::Waiting(Box::new(item))));
        if parts.is_empty() {
            return None;
        }
        let occasion = Occasion { reason: "subscription_update", at: now, from: now, to: now };
        let invoice = self.draw_up(&id, &occasion, parts);
        self.finalize(&invoice);
        drop(self.pay(&invoice, None));
        Some(invoice)
    }

    /// What a change would lead to; nothing is written.
    pub(crate) fn change(&self, old: &Subscription, form: &Form) -> Result<Change, Refusal> {
        if old.is_over() && (form.has("items") || form.has("cancel_at_period_end") || form.has("trial_end")) {
            let message = "A canceled subscription can only update its cancellation_details and metadata.";
            return Err(Refusal::bad(message));
        }
        let now = self.time_of(&old.customer);
        let mut new = old.clone();
        self.change_plainly(&mut new, form, now)?;
        let behaviors = ["create_prorations", "always_invoice", "none"];
        let behavior = form.choice("proration_behavior", &behaviors)?;
        let at = form
            .int("proration_date")?
            .unwrap_or(now)
            .clamp(old.items.iter().map(|item| item.from).max().unwrap_or(now), now.max(old.created));
        let mut change = Change { subscription: new, items: Vec::new(), begins: Vec::new(), at_once: false };
        let ends_trial = Self::change_trial(&mut change, form, now)?;
        let mut anew = ends_trial || form.text("billing_cycle_anchor")?.as_deref() == Some("now");
        let untouched: Vec<Item> = change.subscription.items.clone();
        self.change_items(&mut change.subscription, form, at)?;
        let intervals = |items: &[Item]| -> Vec<Option<crate::calendar::Interval>> {
            let licensed = items.iter().filter(|item| item.quantity.is_some());
            licensed.filter_map(|item| self.prices.find(&item.price)).map(|price| price.interval).collect()
        };
        let trialing = change.subscription.status == Status::Trialing;
        let changed_interval =
            intervals(&untouched).iter().any(|one| !intervals(&change.subscription.items).contains(one));
        anew |= changed_interval && !intervals(&untouched).is_empty() && !trialing;
        if behavior.as_deref() != Some("none") && !trialing && !ends_trial {
            self.prorate(&mut change, &untouched, at, anew);
        }
        if anew && !trialing {
            self.begin_anew(&mut change, now);
        }
        let invoiced = behavior.as_deref() == Some("always_invoice") && !change.items.is_empty();
        change.at_once = invoiced || !change.begins.is_empty();
        Ok(change)
    }

    /// What costs nothing.
    fn change_plainly(&self, new: &mut Subscription, form: &Form, now: i64) -> Result<(), Refusal> {
        if let Some(at_end) = form.flag("cancel_at_period_end")? {
            new.cancel_at_period_end = at_end;
            new.cancel_at = at_end.then(|| new.period_end());
            new.canceled_at = at_end.then_some(now);
            new.cancel_reason = at_end.then(|| "cancellation_requested".to_owned());
        }
        match form.text("cancel_at")?.as_deref() {
            None => {}
            Some("") => (new.cancel_at, new.canceled_at, new.cancel_reason) = (None, None, None),
            Some(_) => {
                new.cancel_at = form.int("cancel_at")?;
                new.canceled_at = Some(now);
                new.cancel_reason = Some("cancellation_requested".to_owned());
            }
        }
        let details = form.part("cancellation_details");
        if let Some(comment) = details.text("comment")? {
            new.cancel_comment = (!comment.is_empty()).then_some(comment);
        }
        if let Some(feedback) = details.text("feedback")? {
            new.cancel_feedback = (!feedback.is_empty()).then_some(feedback);
        }
        if let Some(method) = form.text("default_payment_method")? {
            self.methods.get(&method, "default_payment_method")?;
            new.default_method = Some(method);
        }
        if let Some(tax) = form.part("automatic_tax").flag("enabled")? {
            if tax && self.customers.find(&new.customer).is_some_and(|customer| customer.country.is_none()) {
                return Err(no_location());
            }
            new.automatic_tax = tax;
        }
        if let Some(description) = form.text("description")? {
            new.description = (!description.is_empty()).then_some(description);
        }
        if form.has("days_until_due") || form.has("collection_method") {
            new.days_until_due = form.int("days_until_due")?;
        }
        merge(&mut new.metadata, form.map("metadata")?)
    }

    /// True when the trial ends by this change.
    fn change_trial(change: &mut Change, form: &Form, now: i64) -> Result<bool, Refusal> {
        let new = &mut change.subscription;
        let Some(text) = form.text("trial_end")? else { return Ok(false) };
        let end = if text == "now" { now } else { form.int("trial_end")?.unwrap_or(now) };
        let start = new.trial.map_or(now, |(start, _)| start);
        if end > now {
            new.status = Status::Trialing;
            new.trial = Some((start, end));
            new.anchor = end;
            for item in &mut new.items {
                item.to = end;
            }
            return Ok(false);
        }
        let ends = new.status == Status::Trialing;
        if ends {
            new.trial = Some((start, now));
            new.status = Status::Active;
        }
        Ok(ends)
    }

    /// Other prices, other quantities, more or fewer items.
    fn change_items(&self, new: &mut Subscription, form: &Form, at: i64) -> Result<(), Refusal> {
        let mut chance = self.chance.clone();
        for (number, part) in form.parts("items").into_iter().enumerate() {
            part.only(&["id", "price", "quantity", "deleted", "metadata", "clear_usage"])?;
            let price = match part.text("price")? {
                Some(id) => Some(self.prices.get(&id, &part.name("price"))?),
                None => None,
            };
            if price.is_some_and(|price| price.currency != new.currency) {
                let message = "The price's currency does not match the currency of the subscription.";
                return Err(Refusal::invalid(&part.name("price"), message));
            }
            let quantity = part.int("quantity")?;
            let Some(id) = part.text("id")? else {
                let price = price.ok_or_else(|| Refusal::missing(&part.name("price")))?;
                let id = format!("si_{}{number}", chance.word(23));
                new.items.push(Self::joining(new, price, quantity, id, at, part.map("metadata")?));
                continue;
            };
            let Some(place) = new.items.iter().position(|item| item.id == id) else {
                return Err(Refusal::no_such("subscription item", &id, &part.name("id")));
            };
            if part.flag("deleted")?.unwrap_or(false) {
                new.items.remove(place);
                continue;
            }
            if let Some(item) = new.items.get_mut(place) {
                if let Some(price) = price.filter(|price| price.id != item.price) {
                    item.price.clone_from(&price.id);
                    item.quantity =
                        if price.meter.is_some() { None } else { Some(quantity.or(item.quantity).unwrap_or(1)) };
                    // What was used before at the old price is invoiced with the change, or in classic billing never.
                    item.unpaid_since = at.max(item.unpaid_since);
                } else if let Some(quantity) = quantity {
                    item.quantity = Some(quantity);
                }
                merge(&mut item.metadata, part.map("metadata")?)?;
            }
        }
        if new.items.is_empty() {
            return Err(Refusal::invalid("items", "A subscription must have at least one active plan."));
        }
        Ok(())
    }

    fn joining(
        new: &Subscription,
        price: &Price,
        quantity: Option<i64>,
        id: String,
        at: i64,
        metadata: Metadata,
    ) -> Item {
        let to = match new.trial.filter(|_| new.status == Status::Trialing) {
            Some((_, end)) => end,
            None => period_of(price).next(new.anchor, at),
        };
        let quantity = if price.meter.is_some() { None } else { Some(quantity.unwrap_or(1)) };
        Item { id, price: price.id.clone(), quantity, from: at, to, unpaid_since: at, created: at, metadata }
    }

    /// Credit for the time that is not used, a charge for the time that is, and the use so far of what goes.
    fn prorate(&self, change: &mut Change, untouched: &[Item], at: i64, anew: bool) {
        let subscription = change.subscription.clone();
        let mut found = Vec::new();
        for old in untouched {
            let new = subscription.items.iter().find(|item| item.id == old.id);
            let same = new.is_some_and(|new| new.price == old.price && new.quantity == old.quantity);
            if same && !(anew && old.quantity.is_some()) {
                continue;
            }
            match old.quantity {
                Some(quantity) => {
                    let left = self.remaining(&subscription, old, quantity, at, "Unused time on");
                    found.extend(left.map(|item| InvoiceItem { amount: -item.amount, unit: None, ..item }));
                }
                None if subscription.flexible => found.extend(self.used(&subscription, old, at)),
                None => {}
            }
            if let Some((new, quantity)) = new.and_then(|new| Some((new, new.quantity?))).filter(|_| !anew) {
                found.extend(self.remaining(&subscription, new, quantity, at, "Remaining time on"));
            }
        }
        for new in subscription.items.iter().filter(|new| !untouched.iter().any(|old| old.id == new.id)) {
            if let Some(quantity) = new.quantity.filter(|_| !anew) {
                found.extend(self.remaining(&subscription, new, quantity, at, "Remaining time on"));
            }
        }
        let mut names = self.chance.clone();
        for (number, item) in found.iter_mut().enumerate() {
            item.id = format!("ii_{}{number}", names.word(22));
        }
        change.items = found;
    }

    /// What the rest of a period costs, discounts taken off.
    fn remaining(
        &self,
        subscription: &Subscription,
        item: &Item,
        quantity: i64,
        at: i64,
        words: &str,
    ) -> Option<InvoiceItem> {
        let price = self.prices.find(&item.price)?;
        let from = item.to - Self::length(price, subscription, item);
        let whole = Part::Licensed { item: item.id.clone(), price: price.id.clone(), quantity, from, to: item.to };
        let lines = self.lines("", &subscription.customer, &[whole], &subscription.discounts);
        let cost: i64 = lines.iter().map(|line| line.amount - line.off()).sum();
        let amount = part(cost, item.to - at, item.to - from);
        let name = self.products.find(&price.product).map_or("", |product| product.name.as_str());
        let day = chrono::DateTime::from_timestamp(at, 0).unwrap_or_default().format("%d %b %Y");
        Some(InvoiceItem {
            id: String::new(),
            customer: subscription.customer.clone(),
            subscription: Some(subscription.id.clone()),
            subscription_item: Some(item.id.clone()),
            invoice: None,
            amount,
            currency: subscription.currency.clone(),
            description: format!("{words} {quantity} × {name} after {day}"),
            quantity,
            price: Some(price.id.clone()),
            unit: None,
            from: at,
            to: item.to,
            proration: true,
            discountable: false,
            date: at,
            metadata: Metadata::new(),
        })
    }

    /// How long the whole period is that an item joined, perhaps in its middle.
    fn length(price: &Price, subscription: &Subscription, item: &Item) -> i64 {
        let mut start = subscription.anchor;
        if start >= item.to {
            return (item.to - item.from).max(1);
        }
        loop {
            let end = period_of(price).next(subscription.anchor, start);
            if end >= item.to {
                return (item.to - start).max(1);
            }
            start = end;
        }
    }

    /// What a meter has counted for an item that goes, as amounts.
    fn used(&self, subscription: &Subscription, item: &Item, at: i64) -> Vec<InvoiceItem> {
        let Some(price) = self.prices.find(&item.price) else { return Vec::new() };
        let quantity = self.counted(&subscription.customer, price, item.unpaid_since, at);
        let name = self.products.find(&price.product).map_or("", |product| product.name.as_str());
        let of = |portion: super::lines::Portion| InvoiceItem {
            id: String::new(),
            customer: subscription.customer.clone(),
            subscription: Some(subscription.id.clone()),
            subscription_item: Some(item.id.clone()),
            invoice: None,
            amount: portion.amount,
            currency: subscription.currency.clone(),
            description: format!("{} × {name}, used before the change", portion.quantity),
            quantity: portion.quantity,
            price: Some(price.id.clone()),
            unit: portion.unit,
            from: item.unpaid_since,
            to: at,
            proration: false,
            discountable: true,
            date: at,
            metadata: Metadata::new(),
        };
        portions(&price.scheme, quantity).into_iter().filter(|portion| portion.quantity > 0).map(of).collect()
    }

    /// The period begins now, for everything.
    fn begin_anew(&self, change: &mut Change, now: i64) {
        let subscription = &mut change.subscription;
        subscription.anchor = now;
        for item in &mut subscription.items {
            let Some(price) = self.prices.find(&item.price) else { continue };
            if item.quantity.is_none() && item.unpaid_since < now {
                let part =
                    Part::Metered { item: item.id.clone(), price: price.id.clone(), from: item.unpaid_since, to: now };
                change.begins.push(part);
                item.unpaid_since = now;
            }
            (item.from, item.to) = (now, period_of(price).next(now, now));
        }
        change.begins.extend(super::subscription::first_parts(&subscription.items, false));
        if subscription.cancel_at_period_end {
            subscription.cancel_at = Some(subscription.period_end());
        }
    }

    pub(crate) fn cancel_subscription(&mut self, id: &str, form: &Form) -> Result<Value, Refusal> {
        form.only(&["invoice_now", "prorate", "cancellation_details"])?;
        let subscription = self.subscriptions.get(id, "id")?.clone();
        if subscription.is_over() {
            return Err(Refusal::no_such("subscription", id, "id"));
        }
        let now = self.time_of(&subscription.customer);
        let details = form.part("cancellation_details");
        if let Some(subscription) = self.subscriptions.find_mut(id) {
            subscription.cancel_comment = details.text("comment")?.or_else(|| subscription.cancel_comment.take());
            subscription.cancel_feedback = details.text("feedback")?.or_else(|| subscription.cancel_feedback.take());
        }
        if form.flag("prorate")?.unwrap_or(false) {
            for item in &subscription.items {
                let Some(quantity) = item.quantity else { continue };
                if let Some(left) = self.remaining(&subscription, item, quantity, now, "Unused time on") {
                    let new_id = self.new_id("ii");
                    self.add_item(InvoiceItem { id: new_id, amount: -left.amount, ..left });
                }
            }
        }
        if form.flag("invoice_now")?.unwrap_or(false) {
            self.final_invoice(id, now);
        }
        self.end_subscription(id, now, "cancellation_requested");
        Ok(self.subscription_body(id))
    }
}
