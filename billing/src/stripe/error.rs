//! Stripe's refusals in our words: what is worth another try, what the customer can mend, and what is a fault of ours.

use stripe::StripeError;

use crate::gateway::GatewayError;

/// What a failure amounts to. Only Stripe's own code and sentence are kept: the rest may hold what is nobody's business.
pub(super) fn said(error: StripeError) -> GatewayError {
    match error {
        StripeError::Stripe(refusal, status) => {
            let message = refusal.message.clone().unwrap_or_default();
            let about = refusal.param.clone().unwrap_or_default();
            let kind = refusal.type_.as_str().to_owned();
            match status {
                409 | 424 | 429 | 500..=599 => GatewayError::Away(format!("{status} {kind}: {message}")),
                _ if kind == "idempotency_error" => GatewayError::Away(format!("{status} {kind}: {message}")),
                402 => GatewayError::Declined,
                _ if kind == "card_error" => GatewayError::Declined,
                _ if about.starts_with("discounts") || about.starts_with("promotion_code") => GatewayError::Coupon,
                _ => GatewayError::Refused(format!("{status} {kind} {about}: {message}")),
            }
        }
        StripeError::Timeout => GatewayError::Away("no answer in time".into()),
        StripeError::ClientError(what) => GatewayError::Away(what),
        StripeError::JSONDeserialize(what) => GatewayError::Unreadable(what),
        StripeError::ConfigError(what) => GatewayError::Refused(what),
    }
}

/// Whether Stripe says that there is no such thing.
pub(super) fn is_missing(error: &StripeError) -> bool {
    matches!(error, StripeError::Stripe(_, 404))
}

/// Whether Stripe says that it has this meter event already.
pub(super) fn is_there_already(error: &StripeError) -> bool {
    match error {
        StripeError::Stripe(refusal, 400) => {
            let code = refusal.code.as_ref().map(|code| code.as_str().to_owned()).unwrap_or_default();
            let message = refusal.message.as_deref().unwrap_or_default();
            code == "duplicate_meter_event" || message.contains("already exists with identifier")
        }
        StripeError::Stripe(..)
        | StripeError::Timeout
        | StripeError::ClientError(_)
        | StripeError::JSONDeserialize(_)
        | StripeError::ConfigError(_) => false,
    }
}
