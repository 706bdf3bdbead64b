//! What can go wrong around a measurement, told as a sentence.

use std::fmt;

/// A sentence that says what was tried and why it came to nothing.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Failed(String);

/// What this crate answers with.
pub type Outcome<T> = Result<T, Failed>;

impl Failed {
    /// From a sentence.
    pub fn because(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// Says what was being done when something failed.
pub trait Doing<T> {
    /// `cannot <what>: <why>`.
    fn doing(self, what: impl FnOnce() -> String) -> Outcome<T>;
}

impl<T, E: fmt::Display> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Outcome<T> {
        self.map_err(|error| Failed(format!("cannot {}: {error}", what())))
    }
}

impl<T> Doing<T> for Option<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Outcome<T> {
        self.ok_or_else(|| Failed(format!("cannot {}", what())))
    }
}
