//! How far into a company's line a round of this process reads. Most fill their places from its head, and are done sooner for it; what the
//! head alone does not tell (a place that nobody there fits, rules that have changed for those behind) is found by reading all of it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tenant::AccountId;
use tokio::time::Instant;

use super::floor::Depth;

/// A long line is read to its end this often.
const WHOLE_EVERY: Duration = Duration::from_secs(10);

/// When each long line was last read to its end.
#[derive(Debug, Default)]
pub struct Depths(Mutex<HashMap<AccountId, Instant>>);

impl Depths {
    /// How far to read now.
    pub fn now(&self, account: AccountId, now: Instant) -> Depth {
        let read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = read.get(&account).is_some_and(|at| now.saturating_duration_since(*at) < WHOLE_EVERY);
        if is_fresh { Depth::Head } else { Depth::Whole }
    }

    /// It was read to its end, and is worth sparing that.
    pub fn read_whole(&self, account: AccountId, now: Instant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(account, now);
    }

    /// Next time it is to be read to its end: the head did not do, or the line is short.
    pub fn forget(&self, account: AccountId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use infra::Id;
    use uuid::Uuid;

    #[test]
    fn a_long_line_is_read_to_its_end_now_and_then_and_whenever_its_head_did_not_do() {
        let depths = Depths::default();
        let (company, began) = (Id::from_uuid(Uuid::from_u128(1)), Instant::now());
        assert_eq!(depths.now(company, began), Depth::Whole);
        depths.read_whole(company, began);
        assert_eq!(depths.now(company, began + WHOLE_EVERY / 2), Depth::Head);
        assert_eq!(depths.now(company, began + WHOLE_EVERY), Depth::Whole);
        depths.forget(company);
        assert_eq!(depths.now(company, began), Depth::Whole);
    }
}
