//! What a company has used in a calendar month (UTC), meter by meter, day by day.

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use infra::database::StoreError;
use infra::{Fault, Kind, Timestamp};
use serde::Serialize;
use tenant::usage::{Day, Meter};
use tenant::{Limits, TenantTx, usage};

/// A month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    first: NaiveDate,
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
        Self { first: day.with_day(1).unwrap_or(day) }
    }

    /// From `YYYY-MM`.
    pub fn parse(text: &str) -> Result<Self, NotAPeriod> {
        if text.len() != 7 {
            return Err(NotAPeriod);
        }
        let first = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").map_err(|_| NotAPeriod)?;
        if (2000..3000).contains(&first.year()) { Ok(Self { first }) } else { Err(NotAPeriod) }
    }

    /// Its first instant.
    pub fn from(self) -> Timestamp {
        self.first.and_time(chrono::NaiveTime::MIN).and_utc()
    }

    /// The first instant after it.
    pub fn to(self) -> Timestamp {
        let next = self.first.checked_add_months(chrono::Months::new(1)).unwrap_or(self.first);
        next.and_time(chrono::NaiveTime::MIN).and_utc()
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
    /// How much: in the period for conversations and messages, at present for agents and storage.
    pub used: i64,
    /// How much the plan includes; null for no bound.
    pub limit: Option<u64>,
    /// Day by day, every day of the period up to today.
    pub daily: Vec<DailyUsage>,
}

/// What a company has used.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct UsageReport {
    /// The month.
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

/// Sums usage up.
pub async fn report(
    tx: &TenantTx,
    period: Period,
    plan: &str,
    limits: Limits,
    agents: i64,
) -> Result<UsageReport, StoreError> {
    let days = usage::daily(tx, period.from(), period.to()).await?;
    let last = period.to().min(tx.now() + TimeDelta::days(1)).date_naive();
    let all_days: Vec<String> = period
        .first
        .iter_days()
        .take_while(|day| *day < last)
        .take(31)
        .map(|day| day.format("%Y-%m-%d").to_string())
        .collect();
    let meter = |meter: Meter, limit: Option<u64>, present: Option<i64>| MeterUsage {
        meter,
        used: present.unwrap_or_else(|| total(&days, meter)),
        limit,
        daily: all_days.iter().map(|day| DailyUsage { day: day.clone(), quantity: on(&days, meter, day) }).collect(),
    };
    let storage = usage::total(tx, Meter::StorageBytes, period.to()).await?;
    Ok(UsageReport {
        period: period.first.format("%Y-%m").to_string(),
        from: period.from(),
        to: period.to(),
        plan: plan.to_owned(),
        meters: vec![
            meter(Meter::Conversations, limits.conversations_per_month.map(u64::from), None),
            meter(Meter::Messages, limits.messages_per_month.map(u64::from), None),
            meter(Meter::Agents, limits.agents.map(u64::from), Some(agents)),
            meter(Meter::StorageBytes, limits.storage_bytes, Some(storage)),
        ],
    })
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
