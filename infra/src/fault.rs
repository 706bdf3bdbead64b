//! What went wrong, without saying what to answer: the edge turns a [`Kind`] into a status code.

use std::time::Duration;

use serde::Serialize;

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
