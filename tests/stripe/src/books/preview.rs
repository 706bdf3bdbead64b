//! What the next invoice would be: carried out on a copy of the books, which is thrown away.

use serde_json::{Value, json};

use super::Books;
use super::invoice::Occasion;
use super::subscription::first_parts;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shelf::Shelf;

impl Books {
    pub(crate) fn preview_invoice(&mut self, form: &Form) -> Result<Value, Refusal> {
        form.only(&[
            "customer",
            "subscription",
            "subscription_details",
            "discounts",
            "automatic_tax",
            "invoice_items",
            "currency",
            "preview_mode",
        ])?;
        // The copy needs neither what was told nor, as its own, what was used.
        let (events, usage) = (std::mem::take(&mut self.events), std::mem::take(&mut self.usage));
        let mut copy = self.clone();
        copy.usage = usage;
        let drawn = copy.upcoming(form);
        let body = drawn.map(|id| copy.invoices.find(&id).map_or(Value::Null, |invoice| copy.invoice_json(invoice)));
        self.usage = std::mem::take(&mut copy.usage);
        self.events = events;
        body.map(as_preview)
    }

    fn upcoming(&mut self, form: &Form) -> Result<String, Refusal> {
        self.events = Shelf::default();
        let details = form.part("subscription_details");
        let Some(id) = form.text("subscription")? else { return self.first_invoice(form, &details) };
        let subscription = self.subscriptions.get(&id, "subscription")?.clone();
        if form.text("customer")?.is_some_and(|customer| customer != subscription.customer) {
            return Err(Refusal::invalid("subscription", "The subscription does not belong to the customer."));
        }
        if subscription.is_over() {
            return Err(Refusal::coded("subscription", "invoice_upcoming_none", "No upcoming invoices for customer"));
        }
        let change = self.change(&subscription, &details)?;
        if let Some(invoice) = self.carry_out(change) {
            return Ok(invoice);
        }
        if form.has("discounts") {
            self.give_discounts(form, &subscription.customer, &id)?;
        }
        let subscription = self.subscriptions.get(&id, "subscription")?.clone();
        let parts = self.next_parts(&subscription);
        if parts.is_empty() {
            return Err(Refusal::coded("subscription", "invoice_upcoming_none", "No upcoming invoices for customer"));
        }
        let end = subscription.period_end();
        let from = subscription.items.iter().map(|item| item.from).min().unwrap_or(end);
        Ok(self.draw_up(&id, &Occasion { reason: "upcoming", at: end, from, to: end }, parts))
    }

    /// Of a subscription that is not begun yet.
    fn first_invoice(&mut self, form: &Form, details: &Form) -> Result<String, Refusal> {
        let customer = match form.text("customer")? {
            Some(customer) => customer,
            None => {
                let made = self.create_customer(&Form::empty())?;
                made.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
            }
        };
        self.customers.get(&customer, "customer")?;
        let mut wanted = self.wanted(details, customer.clone())?;
        wanted.discounts = self.wanted_discounts(form, Some(&customer))?;
        wanted.behavior = super::subscription::Behavior::Wait;
        let id = self.open_subscription(wanted)?;
        let subscription = self.subscriptions.get(&id, "subscription")?.clone();
        let parts = first_parts(&subscription.items, false);
        let latest = subscription.latest_invoice.clone();
        latest
            .filter(|_| !parts.is_empty())
            .ok_or_else(|| Refusal::coded("customer", "invoice_upcoming_none", "No upcoming invoices for customer"))
    }

    fn give_discounts(&mut self, form: &Form, customer: &str, subscription: &str) -> Result<(), Refusal> {
        let wanted = self.wanted_discounts(form, Some(customer))?;
        let used: Vec<String> =
            wanted.iter().map(|(coupon, code)| self.redeem(coupon, code.as_deref(), customer, subscription)).collect();
        if let Some(subscription) = self.subscriptions.find_mut(subscription) {
            subscription.discounts = used;
        }
        Ok(())
    }
}

/// A preview is a draft that nobody can ask for again.
fn as_preview(mut body: Value) -> Value {
    if let Value::Object(fields) = &mut body {
        let id = fields.get("id").and_then(Value::as_str).unwrap_or_default().replace("in_", "upcoming_in_");
        fields.insert("id".to_owned(), json!(id));
        for (name, value) in [
            ("status", json!("draft")),
            ("number", Value::Null),
            ("hosted_invoice_url", Value::Null),
            ("invoice_pdf", Value::Null),
        ] {
            fields.insert(name.to_owned(), value);
        }
    }
    body
}
