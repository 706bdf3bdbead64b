//! How much a company may have. Limits are data: they come from the plan and the account's own overrides, and ride in the scope.

use serde::{Deserialize, Serialize};

/// Upper bounds; null is no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Limits {
    /// Agents that may sign in.
    #[serde(default)]
    pub agents: Option<u32>,
    /// Inboxes.
    #[serde(default)]
    pub inboxes: Option<u32>,
    /// Conversations begun in a calendar month (UTC).
    #[serde(default)]
    pub conversations_per_month: Option<u32>,
    /// Messages in a calendar month (UTC).
    #[serde(default)]
    pub messages_per_month: Option<u32>,
    /// Bytes of files kept.
    #[serde(default)]
    pub storage_bytes: Option<u64>,
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
