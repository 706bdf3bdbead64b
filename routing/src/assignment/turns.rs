//! One run at a time for each company in this process. Whoever asks while one is going on causes one more after it: what they
//! saw may have come too late for the one that is going on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tenant::AccountId;

/// The runs that are going on.
#[derive(Debug, Default)]
pub struct Turns {
    /// By company: whether it has been asked for again.
    running: Mutex<HashMap<AccountId, bool>>,
}

/// A run. Ends when dropped, also by a panic or a cancelled task.
#[derive(Debug)]
pub struct Turn<'a> {
    turns: &'a Turns,
    account: AccountId,
    over: bool,
}

impl Turns {
    /// The turn, or `None` when somebody has it; they will run once more.
    pub fn take(&self, account: AccountId) -> Option<Turn<'_>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(again) = running.get_mut(&account) {
            *again = true;
            return None;
        }
        running.insert(account, false);
        Some(Turn { turns: self, account, over: false })
    }
}

impl Turn<'_> {
    /// To be called after each run: whether to run once more, because somebody asked or because there was `more` to do. If not,
    /// the turn is over.
    pub fn again(&mut self, more: bool) -> bool {
        let mut running = self.turns.running.lock().unwrap_or_else(PoisonError::into_inner);
        match running.get_mut(&self.account) {
            Some(again) if *again || more => {
                *again = false;
                true
            }
            _ => {
                running.remove(&self.account);
                self.over = true;
                false
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.turns.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use infra::Id;
    use uuid::Uuid;

    #[test]
    fn who_asks_meanwhile_causes_one_more_run() {
        let turns = Turns::default();
        let (one, other) = (Id::from_uuid(Uuid::from_u128(1)), Id::from_uuid(Uuid::from_u128(2)));
        let mut turn = turns.take(one).unwrap();
        assert!(turns.take(other).is_some(), "companies do not wait for each other");
        assert!(turns.take(one).is_none() && turns.take(one).is_none());
        assert!(turn.again(false), "once more for both who asked");
        assert!(turn.again(true), "once more for what is left");
        assert!(!turn.again(false));
        assert!(turns.take(one).is_some());
    }

    #[test]
    fn a_run_that_dies_leaves_the_turn_to_the_next() {
        let turns = Turns::default();
        let account = Id::from_uuid(Uuid::from_u128(1));
        drop(turns.take(account).unwrap());
        let _turn = turns.take(account).unwrap();
    }
}
