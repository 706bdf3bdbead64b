//! A spoken way to go on after a failure that must not stop the work: it is logged, never swallowed.

/// Logs the error and goes on.
pub trait OrLog<T> {
    /// `None` after logging that `doing` failed.
    fn or_log(self, doing: &'static str) -> Option<T>;
}

impl<T, E: std::fmt::Display> OrLog<T> for Result<T, E> {
    fn or_log(self, doing: &'static str) -> Option<T> {
        match self {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::warn!(%error, "failed while {doing}");
                None
            }
        }
    }
}
