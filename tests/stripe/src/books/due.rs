//! What happens by itself when time passes: periods end, drafts become final, attempts are repeated, offers expire.

use super::Books;
use super::invoice::Occasion;
use super::lines::Part;
use super::subscription::{Status, Subscription, first_parts, period_of};
use crate::calendar::{DAY, HOUR};

/// Something that is to happen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    TrialWillEnd(String),
    PeriodEnd(String),
    CancelAt(String),
    Finalize(String),
    Retry(String),
    GiveUpFirst(String),
    ExpireSession(String),
}

const FIRST_PAYMENT: i64 = 23 * HOUR;
const TRIAL_WARNING: i64 = 3 * DAY;

impl Books {
    /// Lets everything happen that is due by now, in its order, each at its own time.
    pub(crate) fn settle(&mut self) {
        while let Some((at, customer, due)) = self.next_due() {
            let clock = self.customers.find(&customer).and_then(|customer| customer.test_clock.clone());
            let (now, frozen) =
                (self.now, clock.as_deref().and_then(|id| self.clocks.find(id)).map(|clock| clock.frozen));
            match clock.as_deref().and_then(|id| self.clocks.find_mut(id)) {
                Some(clock) => clock.frozen = at,
                None => self.now = at,
            }
            self.happen(&due, at);
            self.now = now;
            if let (Some(id), Some(frozen)) = (clock, frozen)
                && let Some(clock) = self.clocks.find_mut(&id)
            {
                clock.frozen = frozen;
            }
        }
    }

    fn next_due(&self) -> Option<(i64, String, Due)> {
        let mut first: Option<(i64, String, Due)> = None;
        let mut consider = |at: Option<i64>, customer: &str, due: fn(String) -> Due, id: &str| {
            let Some(at) = at.filter(|at| *at <= self.time_of(customer)) else { return };
            let candidate = (at, customer.to_owned(), due(id.to_owned()));
            if first.as_ref().is_none_or(|first| (candidate.0, &candidate.2) < (first.0, &first.2)) {
                first = Some(candidate);
            }
        };
        for sub in self.subscriptions.iter().filter(|sub| !sub.is_over()) {
            if sub.status == Status::Incomplete {
                consider(Some(sub.created + FIRST_PAYMENT), &sub.customer, Due::GiveUpFirst, &sub.id);
                continue;
            }
            let warning = sub.trial.filter(|(_, end)| sub.status == Status::Trialing && sub.trial_told != Some(*end));
            consider(warning.map(|(_, end)| end - TRIAL_WARNING), &sub.customer, Due::TrialWillEnd, &sub.id);
            consider(sub.cancel_at.filter(|at| *at < sub.period_end()), &sub.customer, Due::CancelAt, &sub.id);
            consider(Some(sub.period_end()), &sub.customer, Due::PeriodEnd, &sub.id);
        }
        for invoice in self.invoices.iter().filter(|invoice| invoice.auto_advance) {
            consider(invoice.finalizes_at, &invoice.customer, Due::Finalize, &invoice.id);
            consider(invoice.next_attempt, &invoice.customer, Due::Retry, &invoice.id);
        }
        for session in self.sessions.iter().filter(|session| session.is_open()) {
            let customer = session.customer.as_deref().unwrap_or_default();
            consider(Some(session.expires), customer, Due::ExpireSession, &session.id);
        }
        first
    }

    fn happen(&mut self, due: &Due, at: i64) {
        match due {
            Due::TrialWillEnd(id) => {
                if let Some(subscription) = self.subscriptions.find_mut(id) {
                    subscription.trial_told = subscription.trial.map(|(_, end)| end);
                }
                let body = self.subscription_body(id);
                self.tell("customer.subscription.trial_will_end", at, body);
            }
            Due::PeriodEnd(id) => self.renew(id, at),
            Due::CancelAt(id) => {
                self.final_invoice(id, at);
                self.end_subscription(id, at, "cancellation_requested");
            }
            Due::Finalize(id) => {
                self.finalize(id);
                drop(self.pay(id, None));
            }
            Due::Retry(id) => {
                if let Some(invoice) = self.invoices.find_mut(id) {
                    invoice.next_attempt = None;
                }
                drop(self.pay(id, None));
            }
            Due::GiveUpFirst(id) => {
                let before = self.subscription_body(id);
                if let Some(subscription) = self.subscriptions.find_mut(id) {
                    subscription.status = Status::IncompleteExpired;
                    subscription.ended_at = Some(at);
                }
                let open = self.subscriptions.find(id).and_then(|subscription| subscription.latest_invoice.clone());
                if let Some(invoice) = open {
                    drop(self.void_invoice(&invoice));
                }
                self.subscription_changed(id, &before);
            }
            Due::ExpireSession(id) => self.expire(id, at),
        }
    }

    /// What the next invoice of a subscription is made of: what was counted, and what is licensed ahead.
    pub(crate) fn next_parts(&self, subscription: &Subscription) -> Vec<Part> {
        let end = subscription.period_end();
        let stays = subscription.cancel_at.is_none_or(|at| at > end);
        let due: Vec<_> = subscription.items.iter().filter(|item| item.to <= end).cloned().collect();
        let metered = due.iter().filter(|item| item.quantity.is_none() && item.unpaid_since < item.to).map(|item| {
            Part::Metered { item: item.id.clone(), price: item.price.clone(), from: item.unpaid_since, to: item.to }
        });
        let mut parts: Vec<Part> = metered.collect();
        if stays {
            parts.extend(first_parts(&self.ahead(subscription, &due), false));
        }
        let waiting = self.waiting_items(&subscription.customer, &subscription.id);
        parts.extend(waiting.into_iter().map(|item| Part::Waiting(Box::new(item))));
        parts
    }

    /// Items in their next period.
    fn ahead(
        &self,
        subscription: &Subscription,
        items: &[super::subscription::Item],
    ) -> Vec<super::subscription::Item> {
        let next = |item: &super::subscription::Item| {
            let interval = self.prices.find(&item.price).map(period_of)?;
            let to = interval.next(subscription.anchor, item.to);
            Some(super::subscription::Item { from: item.to, to, unpaid_since: item.to, ..item.clone() })
        };
        items.iter().filter_map(next).collect()
    }

    fn renew(&mut self, id: &str, at: i64) {
        let Some(subscription) = self.subscriptions.find(id).cloned() else { return };
        let trial_ends = subscription.status == Status::Trialing;
        if subscription.cancel_at.is_some_and(|cancel| cancel <= at) {
            self.final_invoice(id, at);
            self.end_subscription(id, at, "cancellation_requested");
            return;
        }
        if trial_ends && !self.can_pay(&subscription) && subscription.without_method == "cancel" {
            self.end_subscription(id, at, "cancellation_requested");
            return;
        }
        let pauses = trial_ends && !self.can_pay(&subscription) && subscription.without_method == "pause";
        let parts = self.next_parts(&subscription);
        let before = self.subscription_body(id);
        let due: Vec<_> = subscription.items.iter().filter(|item| item.to <= at).cloned().collect();
        let from = due.iter().map(|item| item.from).min().unwrap_or(at);
        let ahead = self.ahead(&subscription, &due);
        if let Some(subscription) = self.subscriptions.find_mut(id) {
            for item in &mut subscription.items {
                if let Some(next) = ahead.iter().find(|next| next.id == item.id) {
                    *item = next.clone();
                }
            }
            if trial_ends {
                subscription.status = if pauses { Status::Paused } else { Status::Active };
            }
        }
        self.subscription_changed(id, &before);
        if pauses || subscription.status == Status::Paused {
            return;
        }
        let occasion = Occasion { reason: "subscription_cycle", at, from, to: at };
        let invoice = self.draw_up(id, &occasion, parts);
        // Whoever does not pay is not charged again until the debt is settled; the drafts pile up.
        if subscription.status == Status::Unpaid
            && let Some(invoice) = self.invoices.find_mut(&invoice)
        {
            invoice.auto_advance = false;
            invoice.finalizes_at = None;
        }
    }

    fn can_pay(&self, subscription: &Subscription) -> bool {
        let customer = self.customers.find(&subscription.customer);
        subscription.default_method.is_some() || customer.is_some_and(|customer| customer.default_method.is_some())
    }

    /// What was used and not yet paid when a subscription ends.
    pub(crate) fn final_invoice(&mut self, id: &str, at: i64) {
        let Some(subscription) = self.subscriptions.find(id).cloned() else { return };
        let metered =
            subscription.items.iter().filter(|item| item.quantity.is_none() && item.unpaid_since < at).map(|item| {
                Part::Metered { item: item.id.clone(), price: item.price.clone(), from: item.unpaid_since, to: at }
            });
        let mut parts: Vec<Part> = metered.collect();
        let waiting = self.waiting_items(&subscription.customer, &subscription.id);
        parts.extend(waiting.into_iter().map(|item| Part::Waiting(Box::new(item))));
        if parts.is_empty() {
            return;
        }
        let from = subscription.items.iter().map(|item| item.from).min().unwrap_or(at);
        self.draw_up(id, &Occasion { reason: "final", at, from, to: at }, parts);
    }
}
