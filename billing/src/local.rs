//! The gateway of installations that charge nobody: what is chosen holds at once, and what it would cost is written down. Pure.
//!
//! What must be absent: trials that end in a purchase, failed payments, and anything else that needs somebody else's money.

use infra::Timestamp;

use crate::catalogue::Offer;
use crate::gateway::Provider;
use crate::invoice::lines::{Span, Used, of_period, seat_line, total};
use crate::invoice::proration::{after, change};
use crate::invoice::{Copy, InvoiceStatus, Line, LineKind};
use crate::lifecycle::Status;
use crate::subscription::{Contract, Subscription, Terms};

/// What has come of something: the subscription as it is now, and an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The subscription.
    pub subscription: Subscription,
    /// What it was worth; nothing when it was worth nothing.
    pub invoice: Option<Copy>,
}

/// Buys a plan.
pub fn buy(before: Subscription, offer: &Offer, terms: Terms, name: &str, now: Timestamp) -> Outcome {
    let span = Span { from: now, to: after(now, terms.interval) };
    let contract = Contract {
        provider: Provider::Local,
        provider_id: format!("local_{name}"),
        status: Status::Active,
        plan: offer.id.to_owned(),
        terms,
        period_from: span.from,
        period_to: span.to,
        cancels_at_end: false,
        began_at: now,
    };
    let seats = offer.price(terms.currency, terms.interval);
    let lines = seats.map(|price| seat_line(offer, price, LineKind::Seats, terms.seats, span)).into_iter().collect();
    let trial_ends_at = before.trial_ends_at.map(|end| end.min(now));
    let after = Subscription { trial_ends_at, ..before }.seen(Some(contract.clone()), now).settled(now);
    charge(after, &contract, "begin", lines, span, now)
}

/// Changes plan, rhythm or seats.
pub fn amend(
    before: Subscription,
    contract: &Contract,
    old: &Offer,
    new: &Offer,
    terms: Terms,
    now: Timestamp,
) -> Outcome {
    let change = change(contract, old, new, terms, now);
    let contract = Contract {
        plan: new.id.to_owned(),
        terms,
        period_from: change.period.from,
        period_to: change.period.to,
        ..contract.clone()
    };
    let after = before.seen(Some(contract.clone()), now).settled(now);
    charge(after, &contract, &format!("change_{}", now.timestamp_micros()), change.lines, change.period, now)
}

/// Lets it end with the period, or not.
pub fn cancel(before: Subscription, contract: &Contract, at_end: bool, now: Timestamp) -> Outcome {
    let contract = Contract { cancels_at_end: at_end, ..contract.clone() };
    Outcome { subscription: before.seen(Some(contract), now).settled(now), invoice: None }
}

/// Ends it now: what was used is invoiced, what was paid for the rest of the period is not given back.
pub fn end(before: Subscription, contract: &Contract, offer: &Offer, used: &[Used], now: Timestamp) -> Outcome {
    let last = Contract { cancels_at_end: true, period_to: now.max(contract.period_from), ..contract.clone() };
    renew(before, &last, offer, used, now)
}

/// Ends the present period: what was used is invoiced, and the next period's seats unless the subscription ends.
pub fn renew(before: Subscription, contract: &Contract, offer: &Offer, used: &[Used], now: Timestamp) -> Outcome {
    let ended = Span { from: contract.period_from, to: contract.period_to };
    let next = Span { from: ended.to, to: after(ended.to, contract.terms.interval) };
    let seats = if contract.cancels_at_end { None } else { Some(next) };
    let lines = of_period(offer, contract.terms, used, ended, seats);
    let contract = if contract.cancels_at_end {
        Contract { status: Status::Canceled, ..contract.clone() }
    } else {
        Contract { period_from: next.from, period_to: next.to, ..contract.clone() }
    };
    let after = before.seen(Some(contract.clone()), now).settled(now);
    charge(after, &contract, &format!("renew_{}", ended.to.timestamp()), lines, ended, now)
}

/// Writes an invoice. What is left over of a downgrade is kept, and used up by the next ones.
fn charge(
    before: Subscription,
    contract: &Contract,
    occasion: &str,
    lines: Vec<Line>,
    span: Span,
    now: Timestamp,
) -> Outcome {
    let subtotal = total(&lines);
    if subtotal < 0 {
        let credit_minor = before.credit_minor.saturating_sub(subtotal);
        return Outcome { subscription: Subscription { credit_minor, ..before }, invoice: None };
    }
    let used = before.credit_minor.min(subtotal);
    let credit = (used > 0).then(|| credit_line(-used, span));
    let subscription = Subscription { credit_minor: before.credit_minor - used, ..before };
    let lines: Vec<Line> = lines.into_iter().chain(credit).collect();
    let total_minor = subtotal - used;
    if lines.iter().all(|line| line.amount_minor == 0) {
        return Outcome { subscription, invoice: None };
    }
    let invoice = Copy {
        provider: Provider::Local,
        provider_id: format!("{}_{occasion}", contract.provider_id),
        number: Some(number(contract, now)),
        status: InvoiceStatus::Paid,
        currency: contract.terms.currency,
        subtotal_minor: total_minor,
        tax_minor: None,
        total_minor,
        paid_minor: total_minor,
        open_minor: 0,
        paid_at: Some(now),
        period_from: span.from,
        period_to: span.to,
        lines,
        hosted_url: None,
        pdf_url: None,
        issued_at: now,
    };
    Outcome { subscription, invoice: Some(invoice) }
}

fn number(contract: &Contract, now: Timestamp) -> String {
    let tail: String = contract.provider_id.chars().rev().take(6).collect();
    let tail: String = tail.chars().rev().collect();
    format!("{}-{}", tail.to_uppercase(), now.format("%Y%m%d-%H%M%S"))
}

fn credit_line(amount_minor: i64, span: Span) -> Line {
    Line {
        kind: LineKind::Credit,
        plan: None,
        meter: None,
        quantity: None,
        included: None,
        unit_micros: None,
        tiers: Vec::new(),
        amount_minor,
        from: span.from,
        to: span.to,
        description: None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use tenant::AccountId;
    use tenant::usage::Meter;
    use uuid::Uuid;

    use super::*;
    use crate::catalogue::{Currency, Interval, plan};
    use crate::lifecycle::State;

    fn at(day: i64) -> Timestamp {
        "2027-03-01T00:00:00Z".parse::<Timestamp>().unwrap() + TimeDelta::days(day)
    }

    fn terms(seats: u32) -> Terms {
        Terms { currency: Currency::Usd, interval: Interval::Month, seats }
    }

    fn bought(seats: u32) -> Outcome {
        let free = Subscription::none(AccountId::from_uuid(Uuid::nil()), "free");
        buy(free, &plan("pro").unwrap(), terms(seats), "x", at(0))
    }

    fn contract(of: &Outcome) -> Contract {
        of.subscription.contract.clone().unwrap()
    }

    #[test]
    fn what_is_bought_holds_at_once_and_ends_a_trial() {
        let trying = Subscription {
            trial_started_at: Some(at(-2)),
            trial_ends_at: Some(at(12)),
            ..Subscription::none(AccountId::from_uuid(Uuid::nil()), "pro")
        };
        let bought = buy(trying, &plan("pro").unwrap(), terms(2), "x", at(0));
        assert_eq!(bought.subscription.state, State::Active);
        assert_eq!(bought.subscription.trial_ends_at, Some(at(0)));
        assert_eq!(bought.invoice.unwrap().total_minor, 3_800);
    }

    #[test]
    fn a_downgrade_leaves_a_credit_that_the_next_invoice_uses_up() {
        let start = bought(4);
        let pro = plan("pro").unwrap();
        let half = at(0) + (contract(&start).period_to - at(0)) / 2;
        let less = amend(start.subscription.clone(), &contract(&start), &pro, &pro, terms(2), half);
        assert_eq!((less.subscription.credit_minor, less.invoice.is_none()), (1_900, true));
        let end = contract(&less).period_to;
        let renewed = renew(less.subscription.clone(), &contract(&less), &pro, &[], end);
        let invoice = renewed.invoice.unwrap();
        assert_eq!((invoice.total_minor, renewed.subscription.credit_minor), (1_900, 0));
        assert!(invoice.lines.iter().any(|line| line.kind == LineKind::Credit && line.amount_minor == -1_900));
    }

    #[test]
    fn usage_is_invoiced_when_its_period_ends_also_the_last_one() {
        let start = bought(1);
        let leaving = cancel(start.subscription.clone(), &contract(&start), true, at(3));
        assert_eq!(leaving.subscription.state, State::Active);
        let used = [(Meter::Conversations, 20_100)];
        let end = contract(&leaving).period_to;
        let over = renew(leaving.subscription.clone(), &contract(&leaving), &plan("pro").unwrap(), &used, end);
        assert_eq!(over.subscription.state, State::Ended);
        assert_eq!(over.invoice.unwrap().total_minor, 200, "no seats of a next period");
    }

    #[test]
    fn the_same_occasion_has_the_same_name_so_that_two_workers_write_one_invoice() {
        let start = bought(1);
        let renewed = || {
            let end = contract(&start).period_to;
            renew(start.subscription.clone(), &contract(&start), &plan("pro").unwrap(), &[], end).invoice.unwrap()
        };
        assert_eq!(renewed().provider_id, renewed().provider_id);
        assert_ne!(renewed().provider_id, start.invoice.clone().unwrap().provider_id);
    }
}
