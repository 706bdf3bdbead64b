//! What a coupon takes off the next invoices, as the provider has it. Pure.

use infra::Timestamp;
use serde::{Deserialize, Serialize};

use super::lines::Span;
use super::{Line, LineKind};

/// Less, for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// How much of each line, in hundredths of a per cent.
    pub hundredths: i64,
    /// Or an amount of the whole invoice.
    pub off_minor: i64,
    /// From when on no more; none for never.
    pub until: Option<Timestamp>,
}

/// What is taken off an invoice of these lines that is made at the end of its period; nothing when nothing is.
pub fn line(lines: &[Line], discounts: &[Discount], span: Span) -> Option<Line> {
    let mut left: Vec<i64> = lines.iter().map(|line| line.amount_minor).filter(|amount| *amount > 0).collect();
    let mut off = 0_i64;
    for discount in discounts.iter().filter(|discount| discount.until.is_none_or(|until| span.to < until)) {
        let mut amount = discount.off_minor;
        for line in &mut left {
            let part = if discount.hundredths > 0 { share(*line, discount.hundredths) } else { amount.min(*line) };
            amount = amount.saturating_sub(part);
            *line = line.saturating_sub(part);
            off = off.saturating_add(part);
        }
    }
    (off > 0).then(|| Line {
        kind: LineKind::Discount,
        plan: None,
        meter: None,
        quantity: None,
        included: None,
        unit_micros: None,
        tiers: Vec::new(),
        amount_minor: -off,
        from: span.from,
        to: span.to,
        description: None,
    })
}

/// So many hundredths of a per cent of an amount, rounded half up.
fn share(amount: i64, hundredths: i64) -> i64 {
    let whole = i128::from(amount) * i128::from(hundredths.clamp(0, 10_000));
    i64::try_from((whole + 5_000).div_euclid(10_000)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::catalogue::{Currency, Interval, plan};
    use crate::invoice::lines::{of_period, total};
    use crate::subscription::Terms;

    fn at(day: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::days(day)
    }

    fn off(discounts: &[Discount]) -> i64 {
        let terms = Terms { currency: Currency::Usd, interval: Interval::Month, seats: 3 };
        let span = Span { from: at(0), to: at(30) };
        let lines = of_period(&plan("pro").unwrap(), terms, &[], span, Some(span));
        assert_eq!(total(&lines), 5_700);
        line(&lines, discounts, span).map_or(0, |line| -line.amount_minor)
    }

    fn less(hundredths: i64, off_minor: i64, until: Option<i64>) -> Discount {
        Discount { hundredths, off_minor, until: until.map(at) }
    }

    #[test]
    fn a_coupon_takes_off_its_share_as_long_as_it_holds() {
        assert_eq!(off(&[]), 0);
        assert_eq!(off(&[less(2_000, 0, None)]), 1_140);
        assert_eq!(off(&[less(2_000, 0, Some(31))]), 1_140);
        assert_eq!(off(&[less(2_000, 0, Some(30))]), 0, "the invoice is made when it is over");
    }

    #[test]
    fn an_amount_is_taken_off_once_and_never_more_than_there_is() {
        assert_eq!(off(&[less(0, 1_000, None)]), 1_000);
        assert_eq!(off(&[less(0, 9_000, None)]), 5_700);
        assert_eq!(off(&[less(5_000, 0, None), less(0, 9_000, None)]), 5_700);
    }
}
