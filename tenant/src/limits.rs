//! How much a company may have. Limits are data: they come from the plan and the account's own overrides, and ride in the scope.

use chrono::{Datelike as _, NaiveTime};
use infra::Timestamp;
use serde::{Deserialize, Serialize};

/// A time in which what flows is bounded as a whole: the period that was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
    /// How many months' worth may be used in it, at any time of it.
    pub months: u32,
}

/// Upper bounds; null is no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Limits {
    /// Agents that may sign in.
    #[serde(default)]
    pub agents: Option<u32>,
    /// Inboxes.
    #[serde(default)]
    pub inboxes: Option<u32>,
    /// Conversations begun in a calendar month (UTC), or for each month of the billing period, where there is one.
    #[serde(default)]
    pub conversations_per_month: Option<u32>,
    /// Messages in a calendar month (UTC), or for each month of the billing period, where there is one.
    #[serde(default)]
    pub messages_per_month: Option<u32>,
    /// Bytes of files kept.
    #[serde(default)]
    pub storage_bytes: Option<u64>,
    /// The period that was bought; without one, what flows is bounded by the calendar month.
    #[serde(skip)]
    pub span: Option<Span>,
}

impl Limits {
    /// The plan's limits with the account's own in their place where it has any.
    #[must_use]
    pub fn overridden_by(self, own: Self) -> Self {
        Self {
            agents: own.agents.or(self.agents),
            inboxes: own.inboxes.or(self.inboxes),
            conversations_per_month: own.conversations_per_month.or(self.conversations_per_month),
            messages_per_month: own.messages_per_month.or(self.messages_per_month),
            storage_bytes: own.storage_bytes.or(self.storage_bytes),
            span: self.span,
        }
    }

    /// Since when what flows now is bounded together, and by how many months' worth.
    pub fn since(&self, now: Timestamp) -> (Timestamp, u32) {
        match self.span {
            // The next period has begun, and nobody has heard of it yet.
            Some(span) if now >= span.to => (span.to, span.months),
            Some(span) => (span.from, span.months),
            None => {
                let day = now.date_naive();
                (day.with_day(1).unwrap_or(day).and_time(NaiveTime::MIN).and_utc(), 1)
            }
        }
    }
}

/// A limit of the plan was reached.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the plan allows {limit} {what}")]
pub struct LimitReached {
    /// What is limited.
    pub what: &'static str,
    /// How many are allowed.
    pub limit: u32,
}

impl infra::Fault for LimitReached {
    fn kind(&self) -> infra::Kind {
        infra::Kind::Forbidden
    }
    fn code(&self) -> &'static str {
        "limit_reached"
    }
}

/// Refuses when one more would be too many.
pub fn room_for_one_more(what: &'static str, limit: Option<u32>, have: u64) -> Result<(), LimitReached> {
    match limit {
        Some(limit) if have >= u64::from(limit) => Err(LimitReached { what, limit }),
        _ => Ok(()),
    }
}

/// The company's payments are overdue: what is there works on, nothing is added.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("payments are overdue, so nothing can be added until they are settled")]
pub struct Restricted;

impl infra::Fault for Restricted {
    fn kind(&self) -> infra::Kind {
        infra::Kind::Forbidden
    }
    fn code(&self) -> &'static str {
        "billing_restricted"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn what_flows_is_bounded_by_the_calendar_month_or_by_what_was_bought() {
        let (from, to) = (at("2027-03-14T02:00:00Z"), at("2028-03-14T02:00:00Z"));
        let bought = Limits { span: Some(Span { from, to, months: 12 }), ..Limits::default() };
        let now = at("2027-11-20T12:00:00Z");
        assert_eq!(Limits::default().since(now), (at("2027-11-01T00:00:00Z"), 1));
        assert_eq!(bought.since(now), (from, 12));
        assert_eq!(bought.since(to), (to, 12), "the next period begins also where nobody has heard of it");
    }
}
