//! Whom a connection has met. A backend of Postgres remembers every table it has touched and gives nothing back, some hundred
//! kilobytes for a company: one that has met too many is replaced by one that has met nobody.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many companies one connection may meet: about a hundred megabytes of memory.
pub(super) const MOST: usize = 400;

/// Whom the connections of a slice have met since the oldest of them that may stay was made.
#[derive(Clone, Debug, Default)]
pub(super) struct Met(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    keys: HashSet<u128>,
    /// When there were too many last: who was made before that, goes.
    full: Option<Instant>,
}

impl Met {
    /// One more, or one again.
    pub(super) fn note(&self, key: u128) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.keys.insert(key);
        if known.keys.len() > MOST {
            known.keys.clear();
            known.full = Some(Instant::now());
        }
    }

    /// Whether a connection of this age has met too many.
    pub(super) fn are_too_many_for(&self, age: Duration) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.full.is_some_and(|full| age > full.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_met_too_many_goes_and_who_came_after_stays() {
        let met = Met::default();
        let old = Duration::from_mins(1);
        for key in 0..MOST {
            met.note(u128::try_from(key).unwrap());
            met.note(0);
        }
        assert!(!met.are_too_many_for(old), "as many as it may, some of them again and again");
        met.note(u128::MAX);
        assert!(met.are_too_many_for(old));
        assert!(!met.are_too_many_for(Duration::ZERO));
    }
}
