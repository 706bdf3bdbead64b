//! What a company has used in a calendar month or a billing period (UTC), meter by meter, day by day, and what it will have used.

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use infra::database::StoreError;
use infra::{Fault, Kind, Timestamp};
use serde::Serialize;
use tenant::usage::{Day, Meter};
use tenant::{Limits, TenantTx, usage};

use crate::catalogue;

/// The name of the period that a subscription is in.
const BILLING: &str = "billing";

/// A span of time that usage is shown for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    name: String,
    from: Timestamp,
    to: Timestamp,
}

/// Not a month.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a period is a month like 2027-01")]
pub struct NotAPeriod;

impl Fault for NotAPeriod {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
    fn code(&self) -> &'static str {
        "period_invalid"
    }
}

impl Period {
    /// The month an instant lies in.
    pub fn of(at: Timestamp) -> Self {
        let day = at.date_naive();
        Self::month(day.with_day(1).unwrap_or(day))
    }

    /// From `YYYY-MM`.
    pub fn parse(text: &str) -> Result<Self, NotAPeriod> {
        if text.len() != 7 {
            return Err(NotAPeriod);
        }
        let first = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").map_err(|_| NotAPeriod)?;
        if (2000..3000).contains(&first.year()) { Ok(Self::month(first)) } else { Err(NotAPeriod) }
    }

    /// The period that a subscription is in; usage from before `metered_from` is not in it.
    pub fn billing(from: Timestamp, to: Timestamp, metered_from: Option<Timestamp>) -> Self {
        let (from, to) = crate::period::charged(from, to, metered_from);
        Self { name: BILLING.into(), from, to }
    }

    fn month(first: NaiveDate) -> Self {
        let next = first.checked_add_months(chrono::Months::new(1)).unwrap_or(first);
        let instant = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
        Self { name: first.format("%Y-%m").to_string(), from: instant(first), to: instant(next) }
    }

    /// Its first instant.
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// The first instant after it.
    pub fn to(&self) -> Timestamp {
        self.to
    }
}

/// One day of one meter.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DailyUsage {
    /// The day (UTC).
    #[schema(example = "2027-01-31")]
    pub day: String,
    /// How much.
    pub quantity: i64,
}

/// One meter in a period.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct MeterUsage {
    /// Which.
    pub meter: Meter,
    /// How much: in the period for conversations, messages and AI resolutions, at present for agents and storage.
    pub used: i64,
    /// Where it stops in the period; null for no bound.
    pub limit: Option<u64>,
    /// How much the plan includes in the period; null for no bound. What lies beyond it is charged, or stops.
    pub included: Option<u64>,
    /// How much it will have been at the end of the period, if it goes on as in the last days; null for what does not add up,
    /// before the first whole day, and for periods that are over.
    pub forecast: Option<i64>,
    /// Day by day, every day of the period up to today.
    pub daily: Vec<DailyUsage>,
}

/// What a company has used.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct UsageReport {
    /// The month, or `billing`.
    #[schema(example = "2027-01")]
    pub period: String,
    /// Its first instant.
    pub from: DateTime<Utc>,
    /// The first instant after it.
    pub to: DateTime<Utc>,
    /// The present plan.
    pub plan: String,
    /// Every meter.
    pub meters: Vec<MeterUsage>,
}

/// What a company may use, and what it has at present.
#[derive(Debug, Clone, Copy)]
pub struct Bounds<'a> {
    /// Its plan.
    pub plan: &'a str,
    /// Where it stops.
    pub limits: Limits,
    /// How many months' worth is included in the period.
    pub months: u32,
    /// How many seats are taken.
    pub agents: i64,
    /// How many bytes of files are kept.
    pub storage: i64,
}

/// Sums usage up.
pub async fn report(tx: &TenantTx, period: &Period, bounds: Bounds<'_>) -> Result<UsageReport, StoreError> {
    let days = usage::daily(tx, period.from, period.to).await?;
    let offer = catalogue::plan(bounds.plan);
    let today = tx.now().date_naive();
    let last = (period.to - TimeDelta::microseconds(1)).date_naive().min(today);
    let all_days: Vec<NaiveDate> =
        period.from.date_naive().iter_days().take_while(|day| *day <= last).take(370).collect();
    let meter = |meter: Meter, limit: Option<u64>, present: Option<i64>| {
        let daily: Vec<DailyUsage> = all_days
            .iter()
            .map(|day| day.format("%Y-%m-%d").to_string())
            .map(|day| DailyUsage { quantity: on(&days, meter, &day), day })
            .collect();
        let used = present.unwrap_or_else(|| total(&days, meter));
        let flows = present.is_none();
        let included = offer.as_ref().and_then(|offer| offer.included(meter));
        MeterUsage {
            meter,
            used,
            limit,
            included: if flows {
                included.map(|monthly| monthly * u64::from(bounds.months))
            } else {
                included.or(limit)
            },
            forecast: if flows { forecast(&daily, used, period, tx.now()) } else { None },
            daily,
        }
    };
    let limits = bounds.limits;
    // Whoever has bought a period uses its months at any time of it: there is no bound to a calendar month.
    let is_bounded = limits.span.is_none() || period.name == BILLING;
    let bound = |monthly: Option<u32>| {
        monthly.filter(|_| is_bounded).map(|monthly| u64::from(monthly) * u64::from(bounds.months))
    };
    Ok(UsageReport {
        period: period.name.clone(),
        from: period.from,
        to: period.to,
        plan: bounds.plan.to_owned(),
        meters: vec![
            meter(Meter::Conversations, bound(limits.conversations_per_month), None),
            meter(Meter::Messages, bound(limits.messages_per_month), None),
            meter(Meter::Agents, limits.agents.map(u64::from), Some(bounds.agents)),
            meter(Meter::StorageBytes, limits.storage_bytes, Some(bounds.storage)),
            meter(Meter::AiResolutions, None, None),
        ],
    })
}

/// What was used, and for what is left of the period the average of its last whole days, at most seven.
fn forecast(daily: &[DailyUsage], used: i64, period: &Period, now: Timestamp) -> Option<i64> {
    if now >= period.to || now < period.from {
        return None;
    }
    // Today is not over, and the first day may have begun in its middle.
    let whole = daily.get(1..daily.len().checked_sub(1)?)?;
    let recent = whole.get(whole.len().saturating_sub(7)..)?;
    let days = i64::try_from(recent.len()).ok().filter(|days| *days > 0)?;
    let sum: i64 = recent.iter().map(|day| day.quantity).sum();
    let left = (period.to - now).num_seconds().max(0);
    let more = i128::from(sum.max(0)) * i128::from(left) / (i128::from(days) * 86_400);
    Some(used.saturating_add(i64::try_from(more).unwrap_or(i64::MAX)))
}

fn total(days: &[Day], meter: Meter) -> i64 {
    days.iter().filter(|day| day.meter == meter.as_str()).map(|day| day.quantity).sum()
}

fn on(days: &[Day], meter: Meter, date: &str) -> i64 {
    days.iter().filter(|day| day.meter == meter.as_str() && day.day == date).map(|day| day.quantity).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(quantity: i64) -> DailyUsage {
        DailyUsage { day: String::new(), quantity }
    }

    #[test]
    fn the_forecast_goes_on_as_the_last_whole_days_did() {
        let march = Period::parse("2027-03").unwrap();
        let noon = |date: &str| format!("{date}T12:00:00Z").parse::<Timestamp>().unwrap();
        assert_eq!(forecast(&[day(5)], 5, &march, noon("2027-03-01")), None, "no whole day yet");
        assert_eq!(forecast(&[day(5), day(5)], 10, &march, noon("2027-03-02")), None);
        let quiet_start: Vec<DailyUsage> = [0; 10].into_iter().chain([10; 7]).chain([4]).map(day).collect();
        assert_eq!(forecast(&quiet_start, 74, &march, noon("2027-03-18")), Some(74 + 135));
        assert_eq!(forecast(&quiet_start, 74, &march, march.to()), None, "it is over");
    }

    #[test]
    fn a_month_ends_where_the_next_begins() {
        let december = Period::parse("2026-12").unwrap();
        assert_eq!(december.to(), Period::parse("2027-01").unwrap().from());
        assert_eq!(Period::of(december.to() - TimeDelta::microseconds(1)), december);
        for text in ["", "2026", "2026-13", "2026-1", "26-01-01", "0001-01", "2026-12 "] {
            assert!(Period::parse(text).is_err(), "{text}");
        }
    }
}
