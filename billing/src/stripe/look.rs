//! What Stripe says now of a company: its subscription and its invoices, read anew each time.

use infra::Timestamp;
use stripe::{RequestStrategy, StripeRequest as _};
use stripe_billing::invoice::ListInvoice;
use stripe_billing::invoice_line_item::ListInvoiceInvoiceLineItem;
use stripe_billing::subscription::{ListSubscription, ListSubscriptionStatus};
use stripe_billing::{Invoice, InvoiceLineItem, Subscription, SubscriptionItem};
use stripe_core::customer::{RetrieveCustomer, RetrieveCustomerReturned};
use stripe_types::List;
use tenant::AccountId;

use super::Stripe;
use super::error::said;
use super::names::{Names, Part};
use crate::catalogue::{Currency, Interval};
use crate::gateway::{GatewayError, Provider};
use crate::invoice::discount::Discount;
use crate::invoice::{Copy, InvoiceStatus, Line, LineKind};
use crate::lifecycle::Status;
use crate::subscription::{Contract, Terms};

/// A subscription, and what is taken off it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    /// The subscription.
    pub contract: Contract,
    /// What coupons take off it.
    pub discounts: Vec<Discount>,
}

/// An invoice as a list tells it: of a long one, only the first lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The invoice.
    pub copy: Copy,
    /// What coupons took off it: the last of its lines.
    pub off: Option<Line>,
    /// The last of the lines that were told, when there are more.
    pub after: Option<String>,
}

/// All that matters of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The subscription that counts: a living one before a dead one, a younger one before an older one.
    pub bought: Option<Bought>,
    /// What is left over for the next invoices.
    pub credit_minor: i64,
    /// How many are alive; more than one is a fault somebody has to see to.
    pub living: usize,
    /// Invoices, newest first.
    pub invoices: Vec<Copy>,
}

impl Look {
    /// What subscriptions come to, of which the one that counts is the last.
    pub fn of(mut bought: Vec<Bought>, credit_minor: i64, invoices: Vec<Copy>) -> Self {
        let living = bought.iter().filter(|bought| bought.contract.status.is_live()).count();
        Self { bought: bought.pop(), credit_minor, living, invoices }
    }
}

/// One request each, asked once: who repeats it is the caller.
impl Stripe {
    /// Every subscription of a customer to what we sell; the one that counts is the last.
    pub async fn bought(&self, customer: &str) -> Result<Vec<Bought>, GatewayError> {
        let subscriptions = ListSubscription::new()
            .customer(customer)
            .status(ListSubscriptionStatus::All)
            .limit(100)
            .expand(["data.discounts.source.coupon".to_owned()])
            .customize()
            .request_strategy(RequestStrategy::Once)
            .send(&self.client)
            .await
            .map_err(said)?;
        let mut all = Vec::new();
        for subscription in subscriptions.data.iter().filter(|found| found.customer.id().as_str() == customer) {
            // Others may sell to the same customer: what was bought from us is seen all the same.
            if is_ours(subscription) {
                let contract = contract(subscription)?;
                all.push(Bought { contract, discounts: discounts(subscription) });
            } else {
                tracing::info!(customer, subscription = subscription.id.as_str(), "a subscription is not ours");
            }
        }
        all.sort_by_key(|Bought { contract, .. }| {
            let pending = contract.status == Status::Incomplete;
            (contract.status.is_live(), pending, contract.began_at, contract.provider_id.clone())
        });
        Ok(all)
    }

    /// What is left over for a customer's next invoices.
    pub async fn credit(&self, customer: &str) -> Result<i64, GatewayError> {
        let ask = RetrieveCustomer::new(customer).customize().request_strategy(RequestStrategy::Once);
        Ok(match ask.send(&self.client).await.map_err(said)? {
            RetrieveCustomerReturned::Customer(customer) => (-customer.balance.unwrap_or(0)).max(0),
            RetrieveCustomerReturned::DeletedCustomer(_) => 0,
        })
    }

    /// A customer's invoices, newest first, each with its first lines.
    pub async fn invoices(&self, names: &Names, customer: &str) -> Result<Vec<Listed>, GatewayError> {
        let invoices = ListInvoice::new()
            .customer(customer)
            .limit(100)
            .customize()
            .request_strategy(RequestStrategy::Once)
            .send(&self.client)
            .await
            .map_err(said)?;
        Ok(invoices.data.iter().filter_map(|invoice| listed(names, invoice)).collect())
    }

    /// The lines of an invoice `after` one of them; and the last of these, when there are still more.
    pub async fn further_lines(
        &self,
        names: &Names,
        invoice: &str,
        after: &str,
    ) -> Result<(Vec<Line>, Option<String>), GatewayError> {
        let ask = ListInvoiceInvoiceLineItem::new(invoice).limit(100).starting_after(after);
        let once = ask.customize().request_strategy(RequestStrategy::Once);
        let page = once.send(&self.client).await.map_err(said)?;
        Ok((page.data.iter().filter_map(|line| line_of(names, line)).collect(), last_of(&page)))
    }
}

/// Whether a subscription is to what we sell: it was bought on a page of ours, or a price of ours is in it.
fn is_ours(subscription: &Subscription) -> bool {
    let account = subscription.metadata.get("account_id");
    account.is_some_and(|id| id.parse::<AccountId>().is_ok())
        || subscription.items.data.iter().any(|item| item.price.metadata.contains_key("frontdesk_part"))
}

fn at(seconds: i64) -> Result<Timestamp, GatewayError> {
    chrono::DateTime::from_timestamp(seconds, 0).ok_or_else(|| GatewayError::Unreadable("an impossible time".into()))
}

fn contract(subscription: &Subscription) -> Result<Contract, GatewayError> {
    let id = subscription.id.as_str();
    let unreadable = |what: &str| GatewayError::Unreadable(format!("{what} in {id}"));
    let is_seats =
        |item: &&SubscriptionItem| item.price.metadata.get("frontdesk_part").is_some_and(|part| part == "seats");
    let seats = subscription.items.data.iter().find(is_seats).ok_or_else(|| unreadable("no seats of ours"))?;
    let plan = seats.price.metadata.get("frontdesk_plan").ok_or_else(|| unreadable("no plan of ours"))?;
    let interval = seats.price.recurring.as_ref().and_then(|recurring| Interval::parse(recurring.interval.as_str()));
    let status = Status::parse(subscription.status.as_str()).ok_or_else(|| unreadable("an unknown status"))?;
    let period = (at(seats.current_period_start)?, at(seats.current_period_end)?);
    let ended_at = subscription.ended_at.map(at).transpose()?;
    Ok(Contract {
        provider: Provider::Stripe,
        provider_id: id.to_owned(),
        status,
        plan: plan.clone(),
        terms: Terms {
            currency: Currency::parse(&subscription.currency.to_string().to_lowercase())
                .ok_or_else(|| unreadable("a currency that we do not sell in"))?,
            interval: interval.ok_or_else(|| unreadable("an interval that we do not sell"))?,
            seats: seats
                .quantity
                .and_then(|quantity| u32::try_from(quantity).ok())
                .ok_or_else(|| unreadable("no number of seats"))?,
        },
        period_from: period.0,
        period_to: last_instant(status, period, ended_at),
        cancels_at_end: subscription.cancel_at_period_end,
        began_at: at(subscription.start_date)?,
    })
}

/// What coupons take off a subscription from now on.
fn discounts(subscription: &Subscription) -> Vec<Discount> {
    let of = subscription.discounts.iter().filter_map(|discount| {
        let discount = discount.as_object()?;
        let coupon = discount.source.coupon.as_ref()?.as_object()?;
        Some(Discount {
            hundredths: coupon.percent_off.and_then(hundredths).unwrap_or(0),
            off_minor: coupon.amount_off.unwrap_or(0),
            until: discount.end.and_then(|end| at(end).ok()),
        })
    });
    of.collect()
}

/// Per cents are told as floating point numbers, with two places at most.
fn hundredths(percent: f64) -> Option<i64> {
    format!("{:.0}", percent * 100.0).parse().ok()
}

/// When a period ends: what Stripe has ended early, because nobody paid or because it was told to, has no open period any more,
/// although Stripe goes on naming the end it would have had.
fn last_instant(status: Status, (from, to): (Timestamp, Timestamp), ended_at: Option<Timestamp>) -> Timestamp {
    match ended_at {
        Some(ended) if status == Status::Canceled => to.min(ended).max(from),
        Some(_) | None => to,
    }
}

fn listed(names: &Names, invoice: &Invoice) -> Option<Listed> {
    Some(Listed { copy: copy(names, invoice)?, off: taken_off(invoice), after: last_of(&invoice.lines) })
}

/// The last line of a page that is not the last one.
fn last_of(page: &List<InvoiceLineItem>) -> Option<String> {
    page.data.last().filter(|_| page.has_more).map(|line| line.id.as_str().to_owned())
}

/// `None` for what has no name yet, and for invoices that have nothing to do with what we sell.
fn copy(names: &Names, invoice: &Invoice) -> Option<Copy> {
    let taxes = invoice.total_taxes.as_ref().map(|taxes| taxes.iter().map(|tax| tax.amount).sum::<i64>());
    let tax_minor = taxes.or(if invoice.automatic_tax.enabled { Some(0) } else { None });
    Some(Copy {
        provider: Provider::Stripe,
        provider_id: invoice.id.as_ref()?.as_str().to_owned(),
        number: invoice.number.clone(),
        status: invoice
            .status
            .as_ref()
            .map_or(Some(InvoiceStatus::Draft), |status| InvoiceStatus::parse(status.as_str()))?,
        currency: Currency::parse(&invoice.currency.to_string().to_lowercase())?,
        subtotal_minor: invoice.total - tax_minor.unwrap_or(0),
        tax_minor,
        total_minor: invoice.total,
        paid_minor: invoice.amount_paid,
        open_minor: invoice.amount_remaining,
        paid_at: invoice.status_transitions.paid_at.map(at).transpose().ok()?,
        period_from: at(invoice.period_start).ok()?,
        period_to: at(invoice.period_end).ok()?,
        lines: invoice.lines.data.iter().filter_map(|line| line_of(names, line)).collect(),
        hosted_url: invoice.hosted_invoice_url.clone(),
        pdf_url: invoice.invoice_pdf.clone(),
        issued_at: at(invoice.created).ok()?,
    })
}

/// The lines of an invoice, and what coupons took off it.
pub(super) fn lines_of(names: &Names, invoice: &Invoice) -> Vec<Line> {
    invoice.lines.data.iter().filter_map(|line| line_of(names, line)).chain(taken_off(invoice)).collect()
}

/// What coupons took off an invoice.
fn taken_off(invoice: &Invoice) -> Option<Line> {
    let discounts = invoice.total_discount_amounts.iter().flatten().map(|discount| discount.amount).sum::<i64>();
    let period = (invoice.period_start, invoice.period_end);
    (discounts != 0).then(|| plain(LineKind::Discount, -discounts, period, None)).flatten()
}

/// A price of one thing as Stripe writes it, a decimal number of the smallest unit, in millionths; `None` for what is finer.
fn micros(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = part.trim_end_matches('0');
    if part.len() > 6 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let millionths: i64 = format!("{part:0<6}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(millionths)?.checked_mul(sign)
}

fn plain(kind: LineKind, amount_minor: i64, (from, to): (i64, i64), description: Option<String>) -> Option<Line> {
    Some(Line {
        kind,
        plan: None,
        meter: None,
        quantity: None,
        included: None,
        unit_micros: None,
        tiers: Vec::new(),
        amount_minor,
        from: at(from).ok()?,
        to: at(to).ok()?,
        description,
    })
}

fn line_of(names: &Names, line: &InvoiceLineItem) -> Option<Line> {
    let price = line.pricing.as_ref().and_then(|pricing| pricing.price_details.as_ref());
    let meaning = price.and_then(|details| names.meaning(details.price.id().as_str()));
    let prorated = line.parent.as_ref().is_some_and(|parent| {
        parent.subscription_item_details.as_ref().is_some_and(|item| item.proration)
            || parent.invoice_item_details.as_ref().is_some_and(|item| item.proration)
    });
    let kind = match meaning {
        Some((_, Part::Seats)) if prorated && line.amount < 0 => LineKind::UnusedSeats,
        Some((_, Part::Seats)) if prorated => LineKind::RemainingSeats,
        Some((_, Part::Seats)) => LineKind::Seats,
        Some((_, Part::Usage(_))) => LineKind::Usage,
        None => LineKind::Other,
    };
    let line_itself = plain(kind, line.amount, (line.period.start, line.period.end), line.description.clone())?;
    Some(Line {
        plan: meaning.map(|(plan, _)| plan.to_owned()),
        meter: meaning.and_then(|(_, part)| match part {
            Part::Seats => None,
            Part::Usage(meter) => Some(meter),
        }),
        quantity: line.quantity.and_then(|quantity| i64::try_from(quantity).ok()),
        unit_micros: line.pricing.as_ref().and_then(|pricing| micros(pricing.unit_amount_decimal.as_deref()?)),
        ..line_itself
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_price_of_one_thing_is_read_as_it_was_written() {
        assert_eq!(micros("0.05"), Some(50_000));
        assert_eq!(micros("1900"), Some(1_900_000_000));
        assert_eq!(micros("-12.5"), Some(-12_500_000));
        assert_eq!(micros("0.050000000000"), Some(50_000));
        assert_eq!(micros("0.0000001"), None, "finer than we write");
        assert_eq!((micros(""), micros("1.x"), micros("free")), (None, None, None));
    }

    #[test]
    fn what_was_ended_early_has_no_period_after_its_end() {
        let day = |day: i64| at(1_800_000_000 + day * 86_400).unwrap();
        let period = (day(0), day(30));
        assert_eq!(last_instant(Status::Canceled, period, Some(day(16))), day(16));
        assert_eq!(last_instant(Status::Canceled, period, Some(day(31))), day(30), "told of after its time");
        assert_eq!(last_instant(Status::Canceled, period, Some(day(-1))), day(0));
        assert_eq!(last_instant(Status::Active, period, None), day(30));
    }
}
