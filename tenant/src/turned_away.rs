//! Why somebody is not let in, or may not do what they came for.

use infra::database::StoreError;
use infra::{Fault, Kind};

use crate::account::Status;
use crate::gate::TooFast;
use crate::throttle::TooOften;
use crate::token::BadToken;

/// Why someone is not let in.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// No, or no good, token.
    #[error(transparent)]
    Token(#[from] BadToken),
    /// The company is switched off or closed.
    #[error("this account is not active")]
    Inactive(Status),
    /// The company asks for a second factor, and this person has yet to set one up.
    #[error("set up a second factor first: the company asks for one")]
    SecondFactorDue,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for EnterError {
    fn kind(&self) -> Kind {
        match self {
            Self::Token(error) => error.kind(),
            Self::Inactive(_) | Self::SecondFactorDue => Kind::Forbidden,
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Token(error) => error.code(),
            Self::Inactive(Status::Closed | Status::Deleting | Status::Deleted) => "account_closed",
            Self::Inactive(Status::Provisioning | Status::Active | Status::Suspended) => "account_suspended",
            Self::SecondFactorDue => "second_factor_due",
            Self::Store(error) => error.code(),
        }
    }
}

/// Support was let in to look, not to touch.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("this visit of support may look only")]
pub struct LooksOnly;

impl Fault for LooksOnly {
    fn kind(&self) -> Kind {
        Kind::Forbidden
    }
    fn code(&self) -> &'static str {
        "support_looks_only"
    }
}

/// Too fast, by one's own pace or the company's.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub enum HoldOn {
    /// One's own.
    #[error(transparent)]
    TooOften(#[from] TooOften),
    /// The company's.
    #[error(transparent)]
    TooFast(#[from] TooFast),
}

impl Fault for HoldOn {
    fn kind(&self) -> Kind {
        match self {
            Self::TooOften(error) => error.kind(),
            Self::TooFast(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::TooOften(error) => error.code(),
            Self::TooFast(error) => error.code(),
        }
    }
}

/// Why a visitor may not write.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub enum MayNotWrite {
    /// Too much at once.
    #[error(transparent)]
    TooOften(#[from] TooOften),
    /// The company does not want to hear from them.
    #[error("this chat is closed for you")]
    Blocked,
}

impl Fault for MayNotWrite {
    fn kind(&self) -> Kind {
        match self {
            Self::TooOften(error) => error.kind(),
            Self::Blocked => Kind::Forbidden,
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::TooOften(error) => error.code(),
            Self::Blocked => "visitor_blocked",
        }
    }
}
