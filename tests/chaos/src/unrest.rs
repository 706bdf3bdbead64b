//! When something was broken: what is promised only of calm hours is held against these.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The times from the beginning of a fault until everybody was served as usual again.
#[derive(Debug, Default)]
pub(crate) struct Unrest(Mutex<Vec<(Instant, Option<Instant>)>>);

impl Unrest {
    fn times(&self) -> MutexGuard<'_, Vec<(Instant, Option<Instant>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something breaks.
    pub(crate) fn begin(&self) {
        self.times().push((Instant::now(), None));
    }

    /// It is whole again.
    pub(crate) fn end(&self) {
        if let Some((_, end)) = self.times().last_mut() {
            *end = Some(Instant::now());
        }
    }

    /// Whether anything was broken at any moment of a time.
    pub(crate) fn touches(&self, from: Instant, to: Instant) -> bool {
        self.times().iter().any(|(began, ended)| *began <= to && ended.is_none_or(|ended| ended >= from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calm_is_what_lies_between_two_faults() {
        let (unrest, before) = (Unrest::default(), Instant::now());
        assert!(!unrest.touches(before, before));
        unrest.begin();
        let during = Instant::now();
        assert!(unrest.touches(during, during) && unrest.touches(before, during));
        unrest.end();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let after = Instant::now();
        assert!(!unrest.touches(after, after) && unrest.touches(during, after));
    }
}
