//! How fast a company may go, and how many sockets it may hold: what keeps one company from taking what the others need. Data, like
//! its other limits: from the plan, with the account's own in their place.

use serde::{Deserialize, Serialize};

/// Upper bounds; null is no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pace {
    /// Messages a minute, of visitors and agents together.
    #[serde(default)]
    pub messages_per_minute: Option<u32>,
    /// Requests a minute of members and programs, and as many again of visitors.
    #[serde(default)]
    pub requests_per_minute: Option<u32>,
    /// Requests a minute of one API key.
    #[serde(default)]
    pub key_requests_per_minute: Option<u32>,
    /// New visitors, and visitors who are vouched for, a minute.
    #[serde(default)]
    pub visitors_per_minute: Option<u32>,
    /// Sockets and streams open at once, on each server.
    #[serde(default)]
    pub sockets: Option<u32>,
}

impl Pace {
    /// The plan's bounds with the account's own in their place where it has any.
    #[must_use]
    pub fn overridden_by(self, own: Self) -> Self {
        Self {
            messages_per_minute: own.messages_per_minute.or(self.messages_per_minute),
            requests_per_minute: own.requests_per_minute.or(self.requests_per_minute),
            key_requests_per_minute: own.key_requests_per_minute.or(self.key_requests_per_minute),
            visitors_per_minute: own.visitors_per_minute.or(self.visitors_per_minute),
            sockets: own.sockets.or(self.sockets),
        }
    }

    /// What is counted in this class of things, a minute.
    pub const fn of(self, class: Class) -> Option<u32> {
        match class {
            Class::Messages => self.messages_per_minute,
            Class::Requests | Class::VisitorRequests => self.requests_per_minute,
            Class::KeyRequests => self.key_requests_per_minute,
            Class::Visitors => self.visitors_per_minute,
        }
    }
}

/// What is counted apart: a crowd of one kind leaves room for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaceClass)]
pub enum Class {
    /// Messages, by whatever way.
    Messages,
    /// Requests of members and programs.
    Requests,
    /// Requests of one API key.
    KeyRequests,
    /// Requests of visitors, and of pages that show the chat.
    VisitorRequests,
    /// New visitors, and visitors who are vouched for.
    Visitors,
}

impl Class {
    /// All that are counted for a company as a whole.
    pub const OF_COMPANY: [Self; 4] = [Self::Messages, Self::Requests, Self::VisitorRequests, Self::Visitors];

    /// As in headers, metrics and keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Requests => "requests",
            Self::KeyRequests => "key_requests",
            Self::VisitorRequests => "visitor_requests",
            Self::Visitors => "visitors",
        }
    }
}
