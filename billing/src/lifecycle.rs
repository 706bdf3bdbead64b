//! Where a subscription stands, and what may be done with it there. Pure: facts and an instant in, a state out.
//!
//! What must be absent: reading or writing anything. The state is always computed anew from the facts, so that late, doubled and
//! reordered news end in the same state.

use chrono::TimeDelta;
use infra::{Fault, Kind, Timestamp};
use serde::{Deserialize, Serialize};

/// How long everything works on after a payment has failed.
pub const GRACE: TimeDelta = TimeDelta::days(7);
/// How long what was last known of a subscription is believed after its period has ended without news.
pub const LAST_KNOWN_GOOD: TimeDelta = TimeDelta::days(7);

/// Where a company stands with its subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BillingState)]
pub enum State {
    /// It has none, and pays nothing.
    Free,
    /// It tries a plan.
    Trialing,
    /// It pays.
    Active,
    /// A payment has failed; everything works until the grace period ends.
    Grace,
    /// The grace period has ended: who talks goes on talking, nothing grows.
    Restricted,
    /// It has ended: the company is on the smallest plan.
    Ended,
}

impl State {
    /// Every one.
    pub const ALL: [Self; 6] = [Self::Free, Self::Trialing, Self::Active, Self::Grace, Self::Restricted, Self::Ended];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::Grace => "grace",
            Self::Restricted => "restricted",
            Self::Ended => "ended",
        }
    }

    /// From what was stored.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the plan that was chosen holds, rather than the smallest one.
    pub const fn holds_plan(self) -> bool {
        match self {
            Self::Trialing | Self::Active | Self::Grace | Self::Restricted => true,
            Self::Free | Self::Ended => false,
        }
    }

    /// Refuses what cannot be done from here.
    pub const fn may(self, verb: Verb, has_subscription: bool) -> Result<(), NotNow> {
        let possible = match (verb, self) {
            (Verb::StartTrial, Self::Free) => true,
            (Verb::CheckOut, Self::Free | Self::Ended | Self::Trialing) => !has_subscription,
            (Verb::Change, Self::Trialing | Self::Active | Self::Grace)
            | (Verb::Cancel, Self::Trialing | Self::Active | Self::Grace | Self::Restricted) => has_subscription,
            (Verb::StartTrial, Self::Trialing | Self::Active | Self::Grace | Self::Restricted | Self::Ended)
            | (Verb::CheckOut, Self::Active | Self::Grace | Self::Restricted)
            | (Verb::Change, Self::Free | Self::Restricted | Self::Ended)
            | (Verb::Cancel, Self::Free | Self::Ended) => false,
        };
        if possible { Ok(()) } else { Err(NotNow::of(verb, self)) }
    }
}

/// What a company may want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Try a plan.
    StartTrial,
    /// Buy a plan.
    CheckOut,
    /// Change the plan or the seats.
    Change,
    /// Let it end, or not end, with the period.
    Cancel,
}

/// Not possible in the present state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not possible while the subscription is {}", state.as_str())]
pub struct NotNow {
    verb: Verb,
    state: State,
}

impl NotNow {
    /// This cannot be done from here.
    pub const fn of(verb: Verb, state: State) -> Self {
        Self { verb, state }
    }
}

impl Fault for NotNow {
    fn kind(&self) -> Kind {
        Kind::Conflict
    }
    fn code(&self) -> &'static str {
        match (self.verb, self.state) {
            (_, State::Restricted) => "billing_payment_needed",
            (Verb::StartTrial, _) => "trial_not_possible",
            (Verb::CheckOut, _) => "already_subscribed",
            (Verb::Change | Verb::Cancel, _) => "not_subscribed",
        }
    }
}

/// What the payment provider says of a subscription, in our words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The first payment has not come yet.
    Incomplete,
    /// Nor did it come later.
    IncompleteExpired,
    /// Trying, with a way to pay on file.
    Trialing,
    /// Paid.
    Active,
    /// A payment has failed and is tried again.
    PastDue,
    /// All tries have failed.
    Unpaid,
    /// Stands still.
    Paused,
    /// Over.
    Canceled,
}

impl Status {
    const ALL: [Self; 8] = [
        Self::Incomplete,
        Self::IncompleteExpired,
        Self::Trialing,
        Self::Active,
        Self::PastDue,
        Self::Unpaid,
        Self::Paused,
        Self::Canceled,
    ];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Unpaid => "unpaid",
            Self::Paused => "paused",
            Self::Canceled => "canceled",
        }
    }

    /// From what was stored or sent.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether there is a subscription that can be changed.
    pub const fn is_live(self) -> bool {
        match self {
            Self::Trialing | Self::Active | Self::PastDue | Self::Unpaid | Self::Paused => true,
            Self::Incomplete | Self::IncompleteExpired | Self::Canceled => false,
        }
    }
}

/// All that the state follows from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// What the provider says; none without a subscription.
    pub status: Option<Status>,
    /// Until when our own trial lasts, which needs no provider.
    pub trial_ends_at: Option<Timestamp>,
    /// Until when the present period lasts.
    pub period_to: Option<Timestamp>,
    /// Since when a payment is missing.
    pub payment_failed_at: Option<Timestamp>,
    /// Whether the subscription lives at a provider that may be away.
    pub elsewhere: bool,
}

/// The state that follows.
pub fn state(facts: &Facts, now: Timestamp) -> State {
    match facts.status {
        None | Some(Status::Incomplete | Status::IncompleteExpired) => match facts.trial_ends_at {
            Some(end) if now < end => State::Trialing,
            Some(_) | None => State::Free,
        },
        Some(status @ (Status::Trialing | Status::Active)) => {
            let silent = facts.elsewhere && facts.period_to.is_some_and(|end| now >= end + LAST_KNOWN_GOOD);
            match status {
                _ if silent => State::Restricted,
                Status::Trialing => State::Trialing,
                Status::Incomplete
                | Status::IncompleteExpired
                | Status::Active
                | Status::PastDue
                | Status::Unpaid
                | Status::Paused
                | Status::Canceled => State::Active,
            }
        }
        Some(Status::PastDue) => match facts.payment_failed_at {
            Some(since) if now >= since + GRACE => State::Restricted,
            Some(_) | None => State::Grace,
        },
        Some(Status::Unpaid | Status::Paused) => State::Restricted,
        Some(Status::Canceled) => State::Ended,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::days(day)
    }

    fn facts(status: Status) -> Facts {
        Facts { status: Some(status), period_to: Some(at(30)), elsewhere: true, ..Facts::default() }
    }

    #[test]
    fn a_failed_payment_is_forgiven_for_a_week_then_restricts_and_recovers_when_paid() {
        let failed = Facts { payment_failed_at: Some(at(0)), ..facts(Status::PastDue) };
        assert_eq!(state(&failed, at(0)), State::Grace);
        assert_eq!(state(&failed, at(7) - TimeDelta::microseconds(1)), State::Grace);
        assert_eq!(state(&failed, at(7)), State::Restricted);
        assert_eq!(state(&facts(Status::Active), at(7)), State::Active);
    }

    #[test]
    fn without_news_what_was_last_known_holds_for_seven_days() {
        let known = facts(Status::Active);
        assert_eq!(state(&known, at(30)), State::Active);
        assert_eq!(state(&known, at(37) - TimeDelta::microseconds(1)), State::Active);
        assert_eq!(state(&known, at(37)), State::Restricted);
        assert_eq!(state(&Facts { elsewhere: false, ..known }, at(400)), State::Active, "here nobody can be away");
    }

    #[test]
    fn a_trial_ends_by_itself_and_an_unfinished_checkout_does_not_end_it() {
        let trial = Facts { trial_ends_at: Some(at(14)), ..Facts::default() };
        assert_eq!(state(&trial, at(13)), State::Trialing);
        assert_eq!(state(&trial, at(14)), State::Free);
        assert_eq!(state(&Facts { status: Some(Status::Incomplete), ..trial }, at(3)), State::Trialing);
        assert_eq!(state(&Facts::default(), at(0)), State::Free);
    }

    #[test]
    fn a_trial_is_had_once_and_nobody_buys_twice() {
        assert!(State::Free.may(Verb::StartTrial, false).is_ok());
        for state in [State::Trialing, State::Active, State::Grace, State::Restricted, State::Ended] {
            assert!(state.may(Verb::StartTrial, false).is_err(), "{state:?}");
        }
        assert!(State::Trialing.may(Verb::CheckOut, false).is_ok());
        assert_eq!(State::Active.may(Verb::CheckOut, true).unwrap_err().code(), "already_subscribed");
        assert_eq!(State::Restricted.may(Verb::Change, true).unwrap_err().code(), "billing_payment_needed");
        assert!(State::Restricted.may(Verb::Cancel, true).is_ok(), "who cannot pay may leave");
    }

    #[test]
    fn every_word_is_read_back() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Some(status));
        }
    }
}
