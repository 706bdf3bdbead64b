//! What a change in the middle of a period comes to: what was paid and is not needed any more is given back, what is needed from now
//! on is charged, both by the second. Pure.

use chrono::Months;
use infra::Timestamp;

use super::lines::{Span, seat_line};
use super::{Line, LineKind};
use crate::catalogue::{Interval, Offer};
use crate::subscription::{Contract, Terms};

/// What a change now would bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Given back, and charged.
    pub lines: Vec<Line>,
    /// The period after the change: the present one, or a new one when the rhythm of paying changes.
    pub period: Span,
}

/// Works a change of plan, rhythm or seats out.
pub fn change(before: &Contract, old: &Offer, new: &Offer, terms: Terms, now: Timestamp) -> Change {
    let present = Span { from: before.period_from, to: before.period_to };
    let rest = Span { from: now.clamp(present.from, present.to), to: present.to };
    let same_rhythm = before.terms.interval == terms.interval;
    let period = if same_rhythm { present } else { Span { from: now, to: after(now, terms.interval) } };
    let unused = old.price(before.terms.currency, before.terms.interval).map(|price| {
        let whole = seat_line(old, price, LineKind::UnusedSeats, before.terms.seats, rest);
        let amount_minor = -share(whole.amount_minor, rest, present);
        Line { amount_minor, ..whole }
    });
    let needed = new.price(terms.currency, terms.interval).map(|price| {
        if same_rhythm {
            let whole = seat_line(new, price, LineKind::RemainingSeats, terms.seats, rest);
            let amount_minor = share(whole.amount_minor, rest, present);
            Line { amount_minor, ..whole }
        } else {
            seat_line(new, price, LineKind::Seats, terms.seats, period)
        }
    });
    Change { lines: unused.into_iter().chain(needed).collect(), period }
}

/// The instant one interval later; the last day of a shorter month stands for one that it does not have.
pub fn after(from: Timestamp, interval: Interval) -> Timestamp {
    from.checked_add_months(Months::new(interval.months())).unwrap_or(from)
}

/// The part of an amount that falls into `part` of `whole`, rounded half up.
fn share(amount: i64, part: Span, whole: Span) -> i64 {
    let seconds = |span: Span| i128::from((span.to - span.from).num_seconds().max(0));
    let (part, whole) = (seconds(part), seconds(whole).max(1));
    i64::try_from((i128::from(amount) * part * 2 + whole).div_euclid(whole * 2)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;
    use crate::catalogue::{Currency, plan};
    use crate::gateway::Provider;
    use crate::invoice::lines::total;
    use crate::lifecycle::Status;

    fn at(day: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::days(day)
    }

    fn terms(interval: Interval, seats: u32) -> Terms {
        Terms { currency: Currency::Usd, interval, seats }
    }

    fn contract(seats: u32) -> Contract {
        Contract {
            provider: Provider::Local,
            provider_id: "local".into(),
            status: Status::Active,
            plan: "pro".into(),
            terms: terms(Interval::Month, seats),
            period_from: at(0),
            period_to: at(30),
            cancels_at_end: false,
            began_at: at(0),
        }
    }

    fn pro() -> Offer {
        plan("pro").unwrap()
    }

    #[test]
    fn a_seat_more_in_the_middle_costs_half_of_it() {
        let change = change(&contract(2), &pro(), &pro(), terms(Interval::Month, 3), at(15));
        assert_eq!(change.lines.iter().map(|line| line.amount_minor).collect::<Vec<_>>(), [-1_900, 2_850]);
        assert_eq!(change.period, Span { from: at(0), to: at(30) });
    }

    #[test]
    fn changing_to_a_year_begins_a_new_period_and_gives_the_rest_of_the_month_back() {
        let change = change(&contract(1), &pro(), &pro(), terms(Interval::Year, 1), at(15));
        assert_eq!(change.lines.iter().map(|line| line.amount_minor).collect::<Vec<_>>(), [-950, 19_000]);
        assert_eq!(change.period, Span { from: at(15), to: after(at(15), Interval::Year) });
    }

    #[test]
    fn a_larger_plan_costs_the_difference() {
        let change = change(&contract(2), &pro(), &plan("scale").unwrap(), terms(Interval::Month, 2), at(15));
        assert_eq!(total(&change.lines), 4_900 - 1_900);
    }

    #[test]
    fn the_thirty_first_is_followed_by_the_last_of_the_month() {
        let january: Timestamp = "2027-01-31T10:00:00Z".parse().unwrap();
        assert_eq!(after(january, Interval::Month), "2027-02-28T10:00:00Z".parse::<Timestamp>().unwrap());
    }

    proptest! {
        #[test]
        fn there_and_back_at_once_costs_nothing(seats in 1_u32..500, more in 1_u32..500, day in 0_i64..31) {
            let there = change(&contract(seats), &pro(), &pro(), terms(Interval::Month, more), at(day));
            let back = change(&contract(more), &pro(), &pro(), terms(Interval::Month, seats), at(day));
            prop_assert_eq!(total(&there.lines) + total(&back.lines), 0);
        }

        #[test]
        fn nothing_that_was_not_paid_is_given_back(seats in 1_u32..500, day in -5_i64..40) {
            let change = change(&contract(seats), &pro(), &pro(), terms(Interval::Month, seats), at(day));
            prop_assert_eq!(total(&change.lines), 0);
            prop_assert!(change.lines[0].amount_minor >= -1_900 * i64::from(seats));
        }
    }
}
