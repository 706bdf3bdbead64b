//! Which companies a sweep may leave alone: nothing was written there since it was looked at twice, and nothing there is due.
//!
//! Of thousands of companies most are silent most of the time; to open each one's schema every few seconds would cost more than
//! all that the others say.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use infra::Timestamp;
use tenant::AccountId;

/// The second look is so long after the first: what was left behind when it was first seen is old enough then to be told, and
/// Postgres has counted what was written meanwhile.
const SETTLED: TimeDelta = TimeDelta::seconds(15);
/// Even the stillest is looked at so often.
const AT_LEAST: TimeDelta = TimeDelta::minutes(10);

/// What the sweeps of this process have seen.
#[derive(Default)]
pub(crate) struct Stillness(Mutex<HashMap<AccountId, Seen>>);

struct Seen {
    writes: i64,
    /// The first look that saw so many writes.
    first: Timestamp,
    last: Timestamp,
    due: Option<Timestamp>,
}

impl Stillness {
    /// Whether there is certainly nothing to do.
    pub(crate) fn is_still(&self, account: AccountId, writes: Option<i64>, now: Timestamp) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(seen) = seen.get(&account) else { return false };
        // Not all in the same minute.
        let spread = i64::try_from(account.uuid().as_u128() % 300).unwrap_or(0);
        writes == Some(seen.writes)
            && seen.last - seen.first >= SETTLED
            && now - seen.last < AT_LEAST + TimeDelta::seconds(spread)
            && seen.due.is_none_or(|due| due > now)
    }

    /// It was looked at, after so many writes; the next thing is due then.
    pub(crate) fn looked(&self, account: AccountId, writes: i64, due: Option<Timestamp>, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = all.get(&account).filter(|seen| seen.writes == writes).map_or(now, |seen| seen.first);
        all.insert(account, Seen { writes, first, last: now, due });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_company_is_left_alone_after_two_looks_until_something_is_written_or_due() {
        let (still, id) = (Stillness::default(), AccountId::from_uuid(Uuid::from_u128(300)));
        let at = |seconds: i64| chrono::DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
        assert!(!still.is_still(id, Some(7), at(0)), "nobody has looked");
        still.looked(id, 7, None, at(0));
        assert!(!still.is_still(id, Some(7), at(20)), "once is not enough: what was left behind was too young");
        still.looked(id, 7, Some(at(100)), at(20));
        assert!(still.is_still(id, Some(7), at(40)));
        assert!(!still.is_still(id, Some(8), at(40)), "something was written");
        assert!(!still.is_still(id, None, at(40)), "nobody has counted");
        assert!(!still.is_still(id, Some(7), at(100)), "somebody is to be woken");
        still.looked(id, 7, None, at(100));
        assert!(!still.is_still(id, Some(7), at(701)), "in the end it is looked at all the same");
        still.looked(id, 8, None, at(700));
        assert!(!still.is_still(id, Some(8), at(705)), "and begins anew with every write");
    }
}
