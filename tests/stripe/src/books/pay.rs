//! Charging for invoices: the first attempt, the next ones, and what becomes of the subscription.

use serde_json::Value;

use super::Books;
use super::invoice::State;
use super::subscription::Status;
use crate::calendar::DAY;
use crate::form::Form;
use crate::refusal::Refusal;

impl Books {
    /// Whether a card would pay.
    pub(crate) fn would_pay(&self, method: Option<&str>) -> Result<(), Refusal> {
        let method = method.and_then(|id| self.methods.find(id));
        match method.map(|method| method.decline.as_deref()) {
            None => Err(Refusal::coded(
                "default_payment_method",
                "resource_missing",
                "This customer has no attached payment source or default payment method. Please consider adding a default payment method.",
            )),
            Some(Some(code)) => Err(Refusal::declined(code)),
            Some(None) => Ok(()),
        }
    }

    /// Charges for an open invoice.
    pub(crate) fn pay(&mut self, id: &str, method: Option<&str>) -> Result<(), Refusal> {
        let invoice = self.invoices.get(id, "id")?;
        match invoice.state {
            State::Paid => return Err(Refusal::bad("Invoice is already paid")),
            State::Void => return Err(Refusal::bad("Invoice is void")),
            State::Draft | State::Open | State::Uncollectible => {}
        }
        if invoice.is_draft() {
            self.finalize(id);
        }
        let invoice = self.invoices.get(id, "id")?;
        if invoice.state == State::Paid || (invoice.days_until_due.is_some() && method.is_none()) {
            return Ok(());
        }
        let of_subscription = invoice.subscription.as_deref().and_then(|id| self.subscriptions.find(id));
        let of_customer =
            self.customers.find(&invoice.customer).and_then(|customer| customer.default_method.as_deref());
        let chosen = method.or(of_subscription.and_then(|sub| sub.default_method.as_deref())).or(of_customer);
        let verdict = self.would_pay(chosen);
        match verdict {
            Ok(()) => {
                let payment = self.new_id("pi");
                self.mark_paid(id, Some(payment));
                Ok(())
            }
            Err(refusal) => {
                self.note_failure(id);
                Err(refusal)
            }
        }
    }

    /// The money is there, or none is due.
    pub(crate) fn mark_paid(&mut self, id: &str, payment: Option<String>) {
        let Some(invoice) = self.invoices.find(id) else { return };
        let (at, subscription) = (self.time_of(&invoice.customer), invoice.subscription.clone());
        let customer = invoice.customer.clone();
        if let Some(invoice) = self.invoices.find_mut(id) {
            invoice.state = State::Paid;
            invoice.paid_at = Some(at);
            invoice.amount_paid = invoice.due_amount();
            invoice.attempts += i64::from(payment.is_some());
            invoice.payment = payment;
            invoice.next_attempt = None;
        }
        self.tell_invoice("invoice.paid", id);
        self.tell_invoice("invoice.payment_succeeded", id);
        let Some(subscription) = subscription else { return };
        // Older debts keep a subscription where it is; a newer paid invoice alone does not.
        let latest =
            self.subscriptions.find(&subscription).is_some_and(|sub| sub.latest_invoice.as_deref() == Some(id));
        let status = self.subscriptions.find(&subscription).map(|sub| sub.status);
        match status {
            Some(Status::Incomplete) => self.set_status(&subscription, Status::Active),
            Some(Status::PastDue | Status::Unpaid) if latest => self.set_status(&subscription, Status::Active),
            _ => {}
        }
        let before = self.customers.find(&customer).map_or(Value::Null, |customer| self.customer_json(customer));
        if let Some(customer) = self.customers.find_mut(&customer) {
            customer.delinquent = false;
        }
        self.customer_changed(&customer, &before);
    }

    /// The money is not there.
    fn note_failure(&mut self, id: &str) {
        let Some(invoice) = self.invoices.find(id) else { return };
        let (at, customer) = (self.time_of(&invoice.customer), invoice.customer.clone());
        let first = invoice.occasion == "subscription_create";
        let subscription = invoice.subscription.clone();
        let over = subscription
            .as_deref()
            .and_then(|id| self.subscriptions.find(id))
            .is_none_or(super::subscription::Subscription::is_over);
        let days = usize::try_from(invoice.attempts).ok().and_then(|made| self.habits.retry_days.get(made)).copied();
        let advances = invoice.auto_advance && !first && !over;
        if let Some(invoice) = self.invoices.find_mut(id) {
            invoice.attempts += 1;
            invoice.next_attempt = days.filter(|_| advances).map(|days| at + days * DAY);
        }
        self.tell_invoice("invoice.payment_failed", id);
        self.tell_invoice("invoice.updated", id);
        let before = self.customers.find(&customer).map_or(Value::Null, |customer| self.customer_json(customer));
        if let Some(customer) = self.customers.find_mut(&customer) {
            customer.delinquent = true;
        }
        self.customer_changed(&customer, &before);
        let Some(subscription) = subscription.filter(|_| !first && !over) else { return };
        if advances && days.is_none() {
            match self.habits.after_retries.as_str() {
                "unpaid" => self.set_status(&subscription, Status::Unpaid),
                "past_due" => self.set_status(&subscription, Status::PastDue),
                _ => self.end_subscription(&subscription, at, "payment_failed"),
            }
            return;
        }
        if self.subscriptions.find(&subscription).is_some_and(|sub| sub.status == Status::Active) {
            self.set_status(&subscription, Status::PastDue);
        }
    }

    pub(crate) fn pay_invoice(&mut self, id: &str, form: &Form) -> Result<Value, Refusal> {
        form.only(&["payment_method", "paid_out_of_band", "off_session"])?;
        let method = form.text("payment_method")?;
        if form.flag("paid_out_of_band")?.unwrap_or(false) {
            if self.invoices.get(id, "id")?.is_draft() {
                self.finalize(id);
            }
            self.mark_paid(id, None);
        } else {
            self.pay(id, method.as_deref())?;
        }
        Ok(self.invoice_json(self.invoices.get(id, "id")?))
    }
}
