//! Invoices: draft, open, paid, void, uncollectible. What they are made of is `lines`; how they are paid is `pay`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::item::InvoiceItem;
use super::lines::{Line, Part};
use super::{Books, Metadata, merge};
use crate::calendar::{DAY, HOUR};
use crate::form::Form;
use crate::money::part;
use crate::refusal::Refusal;
use crate::shelf::Kept;

/// The states of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    Draft,
    Open,
    Paid,
    Void,
    Uncollectible,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Void => "void",
            Self::Uncollectible => "uncollectible",
        }
    }
}

/// An invoice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Invoice {
    pub(crate) id: String,
    pub(crate) customer: String,
    pub(crate) subscription: Option<String>,
    pub(crate) state: State,
    /// Why there is one: Stripe's `billing_reason`, or `final` for the last one of a subscription.
    pub(crate) occasion: String,
    pub(crate) currency: String,
    pub(crate) parts: Vec<Part>,
    pub(crate) lines: Vec<Line>,
    pub(crate) discounts: Vec<String>,
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) created: i64,
    pub(crate) number: Option<String>,
    pub(crate) auto_advance: bool,
    pub(crate) days_until_due: Option<i64>,
    pub(crate) due: Option<i64>,
    pub(crate) finalizes_at: Option<i64>,
    pub(crate) finalized_at: Option<i64>,
    pub(crate) paid_at: Option<i64>,
    pub(crate) voided_at: Option<i64>,
    pub(crate) given_up_at: Option<i64>,
    pub(crate) attempts: i64,
    pub(crate) next_attempt: Option<i64>,
    pub(crate) starting_balance: i64,
    pub(crate) ending_balance: Option<i64>,
    pub(crate) automatic_tax: bool,
    pub(crate) tax: i64,
    pub(crate) amount_paid: i64,
    pub(crate) payment: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) description: Option<String>,
}

impl Kept for Invoice {
    const WHAT: &'static str = "invoice";
    fn id(&self) -> &str {
        &self.id
    }
}

impl Invoice {
    pub(crate) fn is_draft(&self) -> bool {
        self.state == State::Draft
    }

    /// Nothing more can happen to it.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.state, State::Paid | State::Void)
    }

    pub(crate) fn subtotal(&self) -> i64 {
        self.lines.iter().map(|line| line.amount).sum()
    }

    pub(crate) fn off(&self) -> i64 {
        self.lines.iter().map(Line::off).sum()
    }

    pub(crate) fn total(&self) -> i64 {
        self.subtotal() - self.off() + self.tax
    }

    /// What is to be paid in money, after credit.
    pub(crate) fn due_amount(&self) -> i64 {
        (self.total() + self.starting_balance - self.ending_balance.unwrap_or(0)).max(0)
    }

    pub(crate) fn remaining(&self) -> i64 {
        if self.state == State::Void { 0 } else { (self.due_amount() - self.amount_paid).max(0) }
    }
}

/// Why and when an invoice is drawn up, and for which period.
pub(crate) struct Occasion {
    pub(crate) reason: &'static str,
    pub(crate) at: i64,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Books {
    /// A draft for a subscription.
    pub(crate) fn draw_up(&mut self, subscription: &str, occasion: &Occasion, parts: Vec<Part>) -> String {
        let id = self.new_id("in");
        let before = self.subscription_body(subscription);
        let Some(owner) = self.subscriptions.find_mut(subscription) else { return id };
        owner.latest_invoice = Some(id.clone());
        let owner = owner.clone();
        let discounts = owner.discounts.iter().filter(|id| {
            self.discounts.find(id).is_some_and(|discount| discount.end.is_none_or(|end| occasion.at < end))
        });
        let discounts: Vec<String> = discounts.cloned().collect();
        for part in &parts {
            if let Part::Waiting(item) = part
                && let Some(item) = self.items.find_mut(&item.id)
            {
                item.invoice = Some(id.clone());
            }
        }
        let mut invoice = Invoice {
            id: id.clone(),
            customer: owner.customer.clone(),
            subscription: Some(subscription.to_owned()),
            state: State::Draft,
            occasion: occasion.reason.to_owned(),
            currency: owner.currency.clone(),
            parts,
            lines: Vec::new(),
            discounts,
            from: occasion.from,
            to: occasion.to,
            created: occasion.at,
            number: None,
            auto_advance: true,
            days_until_due: owner.days_until_due,
            due: None,
            finalizes_at: Some(occasion.at + HOUR),
            finalized_at: None,
            paid_at: None,
            voided_at: None,
            given_up_at: None,
            attempts: 0,
            next_attempt: None,
            starting_balance: 0,
            ending_balance: None,
            automatic_tax: owner.automatic_tax,
            tax: 0,
            amount_paid: 0,
            payment: None,
            metadata: owner.metadata.clone(),
            description: None,
        };
        self.reckon(&mut invoice);
        let body = self.invoice_json(&invoice);
        self.invoices.put(invoice);
        self.tell("invoice.created", occasion.at, body);
        self.subscription_changed(subscription, &before);
        id
    }

    /// Draws the lines up anew from what the meters say now.
    pub(crate) fn reckon(&self, invoice: &mut Invoice) {
        let stub = invoice.id.trim_start_matches("in_").to_owned();
        invoice.lines = self.lines(&stub, &invoice.customer, &invoice.parts, &invoice.discounts);
        let taxable = invoice.subtotal() - invoice.off();
        invoice.tax = if invoice.automatic_tax { part(taxable.max(0), self.habits.tax_per_mille, 1000) } else { 0 };
        invoice.starting_balance = self.customers.find(&invoice.customer).map_or(0, |customer| customer.balance);
    }

    pub(crate) fn add_to_draft(&mut self, id: &str, item: InvoiceItem) {
        let Some(mut invoice) = self.invoices.find(id).cloned() else { return };
        let before = self.invoice_json(&invoice);
        invoice.parts.push(Part::Waiting(Box::new(item)));
        self.reckon(&mut invoice);
        self.invoices.put(invoice);
        self.invoice_changed(id, &before);
    }

    pub(crate) fn invoice_changed(&mut self, id: &str, before: &Value) {
        let Some(invoice) = self.invoices.find(id) else { return };
        let (at, after) = (self.time_of(&invoice.customer), self.invoice_json(invoice));
        self.tell_change("invoice.updated", at, before, after);
    }

    /// Tells what has become of an invoice.
    pub(crate) fn tell_invoice(&mut self, kind: &str, id: &str) {
        let Some(invoice) = self.invoices.find(id) else { return };
        let (at, body) = (self.time_of(&invoice.customer), self.invoice_json(invoice));
        self.tell(kind, at, body);
    }

    /// A draft becomes what is owed: credit is used, a number is given.
    pub(crate) fn finalize(&mut self, id: &str) {
        let Some(mut invoice) = self.invoices.find(id).filter(|invoice| invoice.is_draft()).cloned() else { return };
        let at = self.time_of(&invoice.customer);
        self.reckon(&mut invoice);
        let before =
            self.customers.find(&invoice.customer).map_or(Value::Null, |customer| self.customer_json(customer));
        if let Some(customer) = self.customers.find_mut(&invoice.customer) {
            let total = invoice.total();
            // What is owed uses up credit; what is given back becomes credit.
            let after = if total < 0 {
                customer.balance + total
            } else {
                (customer.balance + total).min(0).max(customer.balance)
            };
            let after = if total >= 0 && customer.balance > 0 { 0 } else { after };
            invoice.ending_balance = Some(after);
            customer.balance = after;
            invoice.number = Some(format!("{}-{:04}", customer.invoice_prefix, customer.next_invoice));
            customer.next_invoice += 1;
        }
        invoice.state = State::Open;
        invoice.finalizes_at = None;
        invoice.finalized_at = Some(at);
        invoice.due = invoice.days_until_due.map(|days| at + days * DAY);
        self.spend_once(&invoice);
        let customer = invoice.customer.clone();
        self.invoices.put(invoice);
        self.customer_changed(&customer, &before);
        self.tell_invoice("invoice.finalized", id);
        if self.invoices.find(id).is_some_and(|invoice| invoice.due_amount() == 0) {
            self.mark_paid(id, None);
        }
    }

    /// A coupon for one invoice is used up by it.
    fn spend_once(&mut self, invoice: &Invoice) {
        let Some(subscription) = invoice.subscription.as_deref() else { return };
        let once = |id: &String| {
            let coupon = self.discounts.find(id).and_then(|discount| self.coupons.find(&discount.coupon));
            coupon.is_some_and(|coupon| coupon.duration == "once")
        };
        let spent: Vec<String> =
            invoice.discounts.iter().filter(|id| invoice.total() >= 0 && once(id)).cloned().collect();
        // A trial's invoice over nothing spends nothing.
        if invoice.subtotal() > 0
            && let Some(owner) = self.subscriptions.find_mut(subscription)
        {
            owner.discounts.retain(|id| !spent.contains(id));
        }
    }

    pub(crate) fn finalize_invoice(&mut self, id: &str) -> Result<Value, Refusal> {
        if !self.invoices.get(id, "id")?.is_draft() {
            return Err(Refusal::coded(
                "id",
                "invoice_not_editable",
                "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
            ));
        }
        self.finalize(id);
        Ok(self.invoice_json(self.invoices.get(id, "id")?))
    }

    pub(crate) fn void_invoice(&mut self, id: &str) -> Result<Value, Refusal> {
        self.close(id, State::Void, "invoice.voided")
    }

    pub(crate) fn give_up_invoice(&mut self, id: &str) -> Result<Value, Refusal> {
        self.close(id, State::Uncollectible, "invoice.marked_uncollectible")
    }

    fn close(&mut self, id: &str, state: State, kind: &str) -> Result<Value, Refusal> {
        let invoice = self.invoices.get(id, "id")?;
        if !matches!(invoice.state, State::Open | State::Uncollectible) || invoice.state == state {
            let message =
                format!("You can only pass in open invoices. This invoice isn't open: {}", invoice.state.as_str());
            return Err(Refusal::bad(&message));
        }
        let at = self.time_of(&invoice.customer);
        let invoice = self.invoices.get_mut(id, "id")?;
        invoice.state = state;
        invoice.next_attempt = None;
        match state {
            State::Void => invoice.voided_at = Some(at),
            State::Draft | State::Open | State::Paid | State::Uncollectible => invoice.given_up_at = Some(at),
        }
        self.tell_invoice(kind, id);
        Ok(self.invoice_json(self.invoices.get(id, "id")?))
    }

    pub(crate) fn update_invoice(&mut self, id: &str, form: &Form) -> Result<Value, Refusal> {
        form.only(&["metadata", "auto_advance", "description"])?;
        let mut invoice = self.invoices.get(id, "id")?.clone();
        let before = self.invoice_json(&invoice);
        if let Some(advance) = form.flag("auto_advance")? {
            invoice.auto_advance = advance;
        }
        if let Some(description) = form.text("description")? {
            invoice.description = (!description.is_empty()).then_some(description);
        }
        merge(&mut invoice.metadata, form.map("metadata")?)?;
        self.invoices.put(invoice);
        self.invoice_changed(id, &before);
        Ok(self.invoice_json(self.invoices.get(id, "id")?))
    }

    pub(crate) fn delete_invoice(&mut self, id: &str) -> Result<Value, Refusal> {
        if !self.invoices.get(id, "id")?.is_draft() {
            return Err(Refusal::bad("You can only delete draft invoices."));
        }
        self.tell_invoice("invoice.deleted", id);
        self.invoices.remove(id);
        Ok(serde_json::json!({ "id": id, "object": "invoice", "deleted": true }))
    }
}
