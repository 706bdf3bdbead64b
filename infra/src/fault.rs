//! What went wrong, without saying what to answer: the edge turns a [`Kind`] into a status code.

use std::time::Duration;

use serde::Serialize;

use crate::chance::Chance;

/// The nature of a failure, as far as a caller cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request itself is wrong; repeating it will not help.
    Invalid,
    /// Nobody, or nobody we know, is asking.
    Unauthenticated,
    /// We know who asks, and they may not.
    Forbidden,
    /// No such thing, or not yours to know of.
    NotFound,
    /// The thing is not in a state that allows this.
    Conflict,
    /// Larger than we take.
    TooLarge,
    /// Too often; try again after the given time.
    RateLimited(Duration),
    /// Something we stand on is away; try again after the given time.
    Unavailable(Duration),
    /// Our own fault.
    Internal,
}

/// When to try again what is away: after so long at least, and up to two and a half times as long. A crowd that was turned away
/// together must not come back together.
pub fn again_in(least: Duration) -> Duration {
    let more = u64::try_from(least.as_millis()).unwrap_or(u64::MAX).saturating_mul(3) / 2;
    least + Duration::from_millis(Chance::system().below(more))
}

/// An error with a public, stable code.
pub trait Fault: std::error::Error {
    /// What kind of failure this is.
    fn kind(&self) -> Kind;
    /// The stable, documented, `snake_case` code that clients match on.
    fn code(&self) -> &'static str;
    /// The fields at fault, when the failure is about fields.
    fn fields(&self) -> Vec<FieldFault> {
        Vec::new()
    }
}

/// One field that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldFault {
    /// JSON Pointer (RFC 6901) to the field.
    #[schema(example = "/email")]
    pub pointer: String,
    /// Stable code.
    #[schema(example = "email_invalid")]
    pub code: String,
    /// English sentence.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_crowd_is_asked_to_come_back_at_many_moments_and_none_too_early() {
        let least = Duration::from_secs(2);
        let moments: BTreeSet<Duration> = (0..1_000).map(|_| again_in(least)).collect();
        assert!(moments.iter().all(|moment| (least..Duration::from_secs(5)).contains(moment)));
        assert!(moments.len() > 500, "they come back at {} moments", moments.len());
        let half: Vec<&Duration> = moments.iter().filter(|moment| **moment < Duration::from_millis(3_500)).collect();
        assert!((moments.len() / 3..moments.len() * 2 / 3).contains(&half.len()), "{} in the first half", half.len());
    }
}
