//! Months and years as Stripe counts them: the day of the anchor is kept, and short months end earlier.

use chrono::{DateTime, Months, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24 * HOUR;

/// How often something is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Unit {
    Day,
    Week,
    Month,
    Year,
}

/// Every so many units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Interval {
    pub(crate) unit: Unit,
    pub(crate) count: u32,
}

impl Unit {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Day, Self::Week, Self::Month, Self::Year].into_iter().find(|unit| unit.as_str() == text)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

impl Interval {
    /// The first end of a period after an instant, counted from the anchor.
    pub(crate) fn next(self, anchor: i64, after: i64) -> i64 {
        (1..=20_000).map(|times| self.add(anchor, times)).find(|end| *end > after).unwrap_or(i64::MAX)
    }

    fn add(self, anchor: i64, times: u32) -> i64 {
        let steps = self.count.max(1).saturating_mul(times);
        let from = DateTime::<Utc>::from_timestamp(anchor, 0).unwrap_or_default();
        let to = match self.unit {
            Unit::Day => from.checked_add_signed(TimeDelta::days(i64::from(steps))),
            Unit::Week => from.checked_add_signed(TimeDelta::weeks(i64::from(steps))),
            Unit::Month => from.checked_add_months(Months::new(steps)),
            Unit::Year => from.checked_add_months(Months::new(steps.saturating_mul(12))),
        };
        to.map_or(i64::MAX, |to| to.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(&format!("{text}T10:00:00Z")).unwrap().timestamp()
    }

    #[test]
    fn a_month_from_the_31st_ends_on_the_last_day_and_then_on_the_31st_again() {
        let month = Interval { unit: Unit::Month, count: 1 };
        let anchor = at("2027-01-31");
        let ends: Vec<i64> =
            std::iter::successors(Some(anchor), |end| Some(month.next(anchor, *end))).take(4).collect();
        assert_eq!(ends, [anchor, at("2027-02-28"), at("2027-03-31"), at("2027-04-30")]);
        assert_eq!(Interval { unit: Unit::Year, count: 1 }.next(at("2028-02-29"), at("2028-03-01")), at("2029-02-28"));
    }
}
