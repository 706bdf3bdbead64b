//! What a period comes to, line by line. Pure: the price list and what was used in, lines out.

use infra::Timestamp;
use tenant::usage::Meter;

use super::{Line, LineKind};
use crate::catalogue::{self, Offer, PriceOffer};
use crate::subscription::Terms;

/// What was used of one meter.
pub type Used = (Meter, i64);

/// Seats for the period that begins, usage of the one that ends.
pub fn of_period(offer: &Offer, terms: Terms, used: &[Used], usage: Span, seats: Option<Span>) -> Vec<Line> {
    let Some(price) = offer.price(terms.currency, terms.interval) else { return Vec::new() };
    let usage = price.metered.iter().map(|metered| {
        let quantity = used.iter().find(|(meter, _)| *meter == metered.meter).map_or(0, |(_, quantity)| *quantity);
        usage_line(offer, price, metered.meter, quantity, usage)
    });
    seats.map(|span| seat_line(offer, price, LineKind::Seats, terms.seats, span)).into_iter().chain(usage).collect()
}

/// From when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

/// Seats at their full price.
pub fn seat_line(offer: &Offer, price: &PriceOffer, kind: LineKind, seats: u32, span: Span) -> Line {
    Line {
        kind,
        plan: Some(offer.id.to_owned()),
        meter: None,
        quantity: Some(seats.into()),
        included: None,
        unit_micros: Some(price.seat_minor.saturating_mul(1_000_000)),
        tiers: Vec::new(),
        amount_minor: price.seat_minor.saturating_mul(seats.into()),
        from: span.from,
        to: span.to,
        description: None,
    }
}

/// What was used of a meter. A correction may bring the sum below nothing; nobody is paid for that.
fn usage_line(offer: &Offer, price: &PriceOffer, meter: Meter, quantity: i64, span: Span) -> Line {
    let tiers = price.metered.iter().find(|metered| metered.meter == meter).map_or(&[][..], |metered| &metered.tiers);
    let steps = catalogue::amounts(tiers, u64::try_from(quantity).unwrap_or(0));
    Line {
        kind: LineKind::Usage,
        plan: Some(offer.id.to_owned()),
        meter: Some(meter),
        quantity: Some(quantity),
        included: tiers.first().filter(|tier| tier.unit_micros == 0).and_then(|tier| tier.up_to),
        unit_micros: None,
        amount_minor: catalogue::total(&steps),
        tiers: steps,
        from: span.from,
        to: span.to,
        description: None,
    }
}

/// What all lines come to.
pub fn total(lines: &[Line]) -> i64 {
    lines.iter().fold(0, |sum, line| sum.saturating_add(line.amount_minor))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::catalogue::{Currency, Interval, plan};

    fn span() -> Span {
        let from = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        Span { from, to: from + TimeDelta::days(30) }
    }

    fn terms() -> Terms {
        Terms { currency: Currency::Usd, interval: Interval::Month, seats: 3 }
    }

    #[test]
    fn an_invoice_is_its_seats_and_what_lies_beyond_what_is_included() {
        let used = [(Meter::Conversations, 20_010), (Meter::Messages, 400_000), (Meter::AiResolutions, 201)];
        let lines = of_period(&plan("pro").unwrap(), terms(), &used, span(), Some(span()));
        let amounts: Vec<i64> = lines.iter().map(|line| line.amount_minor).collect();
        assert_eq!(amounts, [3 * 1_900, 10 * 2, 0, 50]);
        assert_eq!(total(&lines), 5_770);
        assert_eq!(lines[1].included, Some(20_000));
        assert_eq!(lines[1].tiers.iter().map(|step| step.quantity).collect::<Vec<_>>(), [20_000, 10]);
    }

    #[test]
    fn a_sum_below_nothing_costs_nothing_and_is_shown_as_it_is() {
        let lines = of_period(&plan("pro").unwrap(), terms(), &[(Meter::Messages, -5)], span(), None);
        assert_eq!(total(&lines), 0);
        assert_eq!(lines.iter().find(|line| line.meter == Some(Meter::Messages)).unwrap().quantity, Some(-5));
    }

    #[test]
    fn what_costs_nothing_has_no_lines() {
        assert!(of_period(&plan("free").unwrap(), terms(), &[(Meter::Messages, 9)], span(), Some(span())).is_empty());
    }
}
