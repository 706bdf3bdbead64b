//! How a command ends early, and the one way to give an error its sentence.

use std::fmt::Display;

/// The result of everything that may have to stop.
pub(crate) type Outcome<T> = Result<T, Stop>;

/// Why a command stopped before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something is wrong; the sentence says what, and what to do about it.
    Failed(String),
    /// Something is wrong and has been shown already.
    Reported,
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl Stop {
    /// A failure with its sentence.
    pub(crate) fn because(sentence: impl Into<String>) -> Self {
        Self::Failed(sentence.into())
    }
}

/// Gives an error the sentence that a developer needs.
pub(crate) trait Context<T> {
    /// `doing` reads after "could not": "could not read /etc/passwd: …".
    fn doing(self, doing: impl FnOnce() -> String) -> Outcome<T>;
}

impl<T, E: Display> Context<T> for Result<T, E> {
    fn doing(self, doing: impl FnOnce() -> String) -> Outcome<T> {
        self.map_err(|error| Stop::Failed(format!("could not {}: {error}", doing())))
    }
}
