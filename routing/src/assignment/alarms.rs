//! When to look at a company's floor again: at most one alarm each, the earliest.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use infra::Timestamp;
use tenant::AccountId;

/// The alarms of this process.
#[derive(Debug, Default)]
pub struct Alarms(Mutex<HashMap<AccountId, Timestamp>>);

impl Alarms {
    /// Sets one; false when an earlier one is set already.
    pub fn set(&self, account: AccountId, at: Timestamp) -> bool {
        let mut alarms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match alarms.get(&account) {
            Some(before) if *before <= at => false,
            Some(_) | None => {
                alarms.insert(account, at);
                true
            }
        }
    }

    /// The time has come; false when an earlier one has rung instead.
    pub fn ring(&self, account: AccountId, at: Timestamp) -> bool {
        let mut alarms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if alarms.get(&account) == Some(&at) {
            alarms.remove(&account);
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use infra::Id;
    use uuid::Uuid;

    #[test]
    fn the_earliest_rings_and_the_later_ones_are_silent() {
        let (alarms, account) = (Alarms::default(), Id::from_uuid(Uuid::from_u128(1)));
        let at = |seconds: i64| chrono::DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
        assert!(alarms.set(account, at(10)));
        assert!(!alarms.set(account, at(20)) && !alarms.set(account, at(10)));
        assert!(alarms.set(account, at(5)));
        assert!(alarms.ring(account, at(5)));
        assert!(!alarms.ring(account, at(10)), "it was set anew");
        assert!(alarms.set(account, at(10)));
    }
}
