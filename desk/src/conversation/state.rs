//! Where a conversation stands, and which moves it may refuse. Pure.

use infra::{Fault, Kind, Timestamp};
use serde::{Deserialize, Serialize};

/// The name of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConversationStatus)]
pub enum Status {
    /// Somebody should answer.
    Open,
    /// Waits for the visitor or a third party.
    Pending,
    /// Put aside until a time.
    Snoozed,
    /// Ended, until the visitor writes again.
    Resolved,
}

impl Status {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Pending, Self::Snoozed, Self::Resolved].into_iter().find(|status| status.as_str() == text)
    }
}

/// A state with what is true only in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Somebody should answer.
    Open,
    /// Waits for the visitor or a third party.
    Pending,
    /// Put aside.
    Snoozed {
        /// Until when.
        until: Timestamp,
    },
    /// Ended.
    Resolved {
        /// When.
        at: Timestamp,
    },
}

/// The move is not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It must be reopened first.
    #[error("a resolved conversation must be reopened first")]
    Resolved,
    /// One cannot snooze into the past.
    #[error("snoozed_until must be in the future, at most a year ahead")]
    SnoozeTime,
}

impl Fault for StateError {
    fn kind(&self) -> Kind {
        match self {
            Self::Resolved => Kind::Conflict,
            Self::SnoozeTime => Kind::Invalid,
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Resolved => "conversation_resolved",
            Self::SnoozeTime => "snooze_time_invalid",
        }
    }
}

impl State {
    /// Its name.
    pub const fn status(self) -> Status {
        match self {
            Self::Open => Status::Open,
            Self::Pending => Status::Pending,
            Self::Snoozed { .. } => Status::Snoozed,
            Self::Resolved { .. } => Status::Resolved,
        }
    }

    /// Opens or reopens. Opening what was resolved begins the next episode; the caller counts it.
    #[must_use]
    pub const fn open(self) -> Self {
        match self {
            Self::Open | Self::Pending | Self::Snoozed { .. } | Self::Resolved { .. } => Self::Open,
        }
    }

    /// Waits for somebody else.
    pub const fn pend(self) -> Result<Self, StateError> {
        match self {
            Self::Open | Self::Pending | Self::Snoozed { .. } => Ok(Self::Pending),
            Self::Resolved { .. } => Err(StateError::Resolved),
        }
    }

    /// Puts it aside until a time in the next year.
    pub fn snooze(self, until: Timestamp, now: Timestamp) -> Result<Self, StateError> {
        match self {
            Self::Open | Self::Pending | Self::Snoozed { .. } => {
                if until > now && until <= now + chrono::TimeDelta::days(366) {
                    Ok(Self::Snoozed { until })
                } else {
                    Err(StateError::SnoozeTime)
                }
            }
            Self::Resolved { .. } => Err(StateError::Resolved),
        }
    }

    /// Ends it. Ending twice keeps the first time.
    #[must_use]
    pub const fn resolve(self, now: Timestamp) -> Self {
        match self {
            Self::Open | Self::Pending | Self::Snoozed { .. } => Self::Resolved { at: now },
            Self::Resolved { at } => Self::Resolved { at },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_resolved_conversation_must_be_reopened_first() {
        let resolved = State::Open.resolve(at(0));
        assert_eq!(resolved.snooze(at(60), at(1)), Err(StateError::Resolved));
        assert_eq!(resolved.pend(), Err(StateError::Resolved));
        assert_eq!(resolved.open(), State::Open);
        assert_eq!(resolved.resolve(at(9)), State::Resolved { at: at(0) });
    }

    #[test]
    fn nobody_snoozes_into_the_past() {
        assert_eq!(State::Open.snooze(at(0), at(0)), Err(StateError::SnoozeTime));
        assert_eq!(State::Pending.snooze(at(1), at(0)), Ok(State::Snoozed { until: at(1) }));
    }
}
