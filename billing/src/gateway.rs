//! Who takes the money. The local gateway takes none: it is for installations of one's own and for development, where what is chosen
//! holds at once and invoices are computed by ourselves.

use std::time::Duration;

use infra::{Fault, Kind};
use serde::Serialize;

use crate::stripe::Stripe;

/// Who keeps a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BillingProvider)]
pub enum Provider {
    /// We ourselves.
    Local,
    /// Stripe.
    Stripe,
}

impl Provider {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Stripe => "stripe",
        }
    }

    /// From what was stored.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Local, Self::Stripe].into_iter().find(|provider| provider.as_str() == text)
    }
}

/// The gateway of an installation.
pub enum Gateway {
    /// None: nothing is charged.
    Local,
    /// Stripe.
    Stripe(Box<Stripe>),
}

impl Gateway {
    /// Who it is.
    pub const fn provider(&self) -> Provider {
        match self {
            Self::Local => Provider::Local,
            Self::Stripe(_) => Provider::Stripe,
        }
    }

    /// Stripe, when it is that.
    pub fn stripe(&self) -> Option<&Stripe> {
        match self {
            Self::Local => None,
            Self::Stripe(stripe) => Some(stripe),
        }
    }

    /// Stripe, when a contract is kept there; none when we keep it ourselves, as we did before Stripe was set up.
    pub fn keeper(&self, provider: Provider) -> Result<Option<&Stripe>, GatewayError> {
        match provider {
            Provider::Local => Ok(None),
            Provider::Stripe => {
                self.stripe().map(Some).ok_or_else(|| GatewayError::Away("it is not set up any more".into()))
            }
        }
    }
}

/// Why a provider did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// It does not answer, or not in time. Whether it has done what was asked is unknown.
    #[error("the payment provider does not answer: {0}")]
    Away(String),
    /// It refused, with its reason for the log.
    #[error("the payment provider refused: {0}")]
    Refused(String),
    /// The card, or whatever it was, was declined.
    #[error("the payment was declined")]
    Declined,
    /// A coupon that is unknown or used up.
    #[error("this coupon does not hold")]
    Coupon,
    /// The price list has not been brought to the provider.
    #[error("the price list has not been synchronised: run `frontdesk billing sync`; {0} is missing")]
    NotSynced(String),
    /// The provider has no such page.
    #[error("there is no payment page: nothing is charged here")]
    NoPortal,
    /// It said something that we cannot read.
    #[error("the payment provider said what we cannot read: {0}")]
    Unreadable(String),
}

impl Fault for GatewayError {
    fn kind(&self) -> Kind {
        match self {
            Self::Away(_) => Kind::Unavailable(Duration::from_secs(10)),
            Self::Declined | Self::NoPortal => Kind::Conflict,
            Self::Coupon => Kind::Invalid,
            Self::Refused(_) | Self::NotSynced(_) | Self::Unreadable(_) => Kind::Internal,
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Away(_) => "payment_provider_away",
            Self::Declined => "payment_declined",
            Self::NoPortal => "payment_portal_absent",
            Self::Coupon => "coupon_invalid",
            Self::Refused(_) | Self::NotSynced(_) | Self::Unreadable(_) => "internal",
        }
    }
}
