//! Each company has a part of the database pool and no more: one that floods waits for itself, not the others for it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    of: Mutex<HashMap<AccountId, Arc<Places>>>,
}

struct Places {
    free: Arc<Semaphore>,
    /// Those who have a place and no connection yet.
    asking: AtomicUsize,
}

/// Somebody with a place who still waits for a connection.
pub(crate) struct Asking(Arc<Places>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.asking.fetch_sub(1, Ordering::Relaxed);
    }
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

    /// A place at the database, given up when dropped; first come, first served, within the company. Who has one asks for a connection, and says so until
    /// it is there: where most of a company's places have none, it is not the company that is to blame.
    pub(crate) async fn enter(&self, account: AccountId) -> Result<(OwnedSemaphorePermit, Asking), StoreError> {
        let places = self.places(account);
        let free = Arc::clone(&places.free);
        let place = match Arc::clone(&free).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => match tokio::time::timeout(PATIENCE, free.acquire_owned()).await {
                Ok(Ok(place)) => place,
                Ok(Err(_)) | Err(_) if 2 * places.asking.load(Ordering::Relaxed) >= self.each => {
                    return Err(StoreError::Unavailable("the pool has no connection to give".into()));
                }
                Ok(Err(_)) | Err(_) => {
                    metrics::counter!("frontdesk_database_crowded_total").increment(1);
                    return Err(StoreError::Crowded);
                }
            },
        };
        places.asking.fetch_add(1, Ordering::Relaxed);
        Ok((place, Asking(places)))
    }

    fn places(&self, account: AccountId) -> Arc<Places> {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if of.len() >= KEPT && !of.contains_key(&account) {
            of.retain(|_, places| Arc::strong_count(places) > 1 || places.free.available_permits() < self.each);
        }
        let made = || Arc::new(Places { free: Arc::new(Semaphore::new(self.each)), asking: AtomicUsize::new(0) });
        Arc::clone(of.entry(account).or_insert_with(made))
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
            let (place, asking) = shares.enter(account(1)).await.unwrap();
            drop(asking);
            places.push(place);
        }
        assert!(matches!(shares.enter(account(1)).await, Err(StoreError::Crowded)));
        drop(shares.enter(account(2)).await.unwrap());
        places.pop();
        drop(shares.enter(account(1)).await.unwrap());
        assert_eq!([Shares::new(4, 25).each(), Shares::new(2, 25).each(), Shares::new(40, 100).each()], [3, 2, 40]);
    }

    #[tokio::test]
    async fn who_waits_behind_those_who_get_no_connection_is_not_called_too_busy() {
        let shares = Shares::new(16, 25);
        let account = AccountId::from_uuid(Uuid::nil());
        let mut stuck = Vec::new();
        for _ in 0..4 {
            stuck.push(shares.enter(account).await.unwrap());
        }
        assert!(matches!(shares.enter(account).await, Err(StoreError::Unavailable(_))));
    }
}
