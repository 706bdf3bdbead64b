//! Each company has a part of the database pool and no more: one that floods waits for itself, not the others for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use infra::database::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::account::AccountId;

/// How long a request waits for another one of its company to be done.
const PATIENCE: Duration = Duration::from_secs(2);
/// However small the pool: with fewer, a company's own work would stand in its own way.
const LEAST: u32 = 3;
/// How many companies are kept before those that do nothing are forgotten.
const KEPT: usize = 10_000;

/// Who uses the pool now.
pub struct Shares {
    each: usize,
    of: Mutex<HashMap<AccountId, Arc<Semaphore>>>,
}

impl Shares {
    /// So many percent of so many connections for each company.
    pub fn new(connections: u32, percent: u32) -> Self {
        let each = (connections * percent / 100).max(LEAST).min(connections.max(1));
        Self { each: usize::try_from(each).unwrap_or(1), of: Mutex::default() }
    }

    /// How many connections one company may use at once.
    pub const fn each(&self) -> usize {
        self.each
    }

    /// A place at the database, given up when dropped. First come, first served, within the company.
    pub(crate) async fn enter(&self, account: AccountId) -> Result<OwnedSemaphorePermit, StoreError> {
        let places = self.places(account);
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            return Ok(place);
        }
        match tokio::time::timeout(PATIENCE, places.acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => {
                metrics::counter!("frontdesk_database_crowded_total").increment(1);
                Err(StoreError::Crowded)
            }
        }
    }

    fn places(&self, account: AccountId) -> Arc<Semaphore> {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if of.len() >= KEPT && !of.contains_key(&account) {
            of.retain(|_, places| Arc::strong_count(places) > 1 || places.available_permits() < self.each);
        }
        Arc::clone(of.entry(account).or_insert_with(|| Arc::new(Semaphore::new(self.each))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[tokio::test]
    async fn one_company_waits_for_itself_and_the_next_finds_room() {
        let shares = Shares::new(16, 25);
        let account = |number| AccountId::from_uuid(Uuid::from_u128(number));
        let mut places = Vec::new();
        for _ in 0..4 {
            places.push(shares.enter(account(1)).await.unwrap());
        }
        assert!(matches!(shares.enter(account(1)).await, Err(StoreError::Crowded)));
        shares.enter(account(2)).await.unwrap();
        places.pop();
        shares.enter(account(1)).await.unwrap();
        assert_eq!([Shares::new(4, 25).each(), Shares::new(2, 25).each(), Shares::new(40, 100).each()], [3, 2, 40]);
    }
}
