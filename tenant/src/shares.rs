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
/// How many of a company's places are beside its share, for what its own crowd must not keep waiting.
const FIRST: usize = 2;
/// How many companies are kept before those that do nothing are forgotten.
const KEPT: usize = 10_000;

/// Who uses the pool now.
pub struct Shares {
    each: usize,
    of: Mutex<HashMap<AccountId, Arc<Places>>>,
}

struct Places {
    free: Arc<Semaphore>,
    /// One less: for those who read much.
    reading: Arc<Semaphore>,
    /// Beside them: see [`Shares::enter_first`].
    first: Arc<Semaphore>,
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
        self.enter_by(places, free).await
    }

    /// A place for what the company's people wait for without asking: who is given what waits, what the bus has lost. There are two of them
    /// beside the company's share; behind its crowd, a line would stand still while everybody asks for it.
    pub(crate) async fn enter_first(&self, account: AccountId) -> Result<(OwnedSemaphorePermit, Asking), StoreError> {
        let places = self.places(account);
        let first = Arc::clone(&places.first);
        self.enter_by(places, first).await
    }

    async fn enter_by(
        &self,
        places: Arc<Places>,
        free: Arc<Semaphore>,
    ) -> Result<(OwnedSemaphorePermit, Asking), StoreError> {
        let place = match Arc::clone(&free).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => match tokio::time::timeout(PATIENCE, free.acquire_owned()).await {
                Ok(Ok(place)) => place,
                Ok(Err(_)) | Err(_) => return Err(self.why_full(&places)),
            },
        };
        places.asking.fetch_add(1, Ordering::Relaxed);
        Ok((place, Asking(places)))
    }

    /// A place among those of the company who read much: lists, threads, searches. There is one less of them than at the database, so that
    /// whoever writes finds room beside a flood of reads, and the reads are refused before it. Taken before a place at the database.
    pub(crate) async fn enter_to_read(&self, account: AccountId) -> Result<OwnedSemaphorePermit, StoreError> {
        let places = self.places(account);
        match tokio::time::timeout(PATIENCE, Arc::clone(&places.reading).acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(self.why_full(&places)),
        }
    }

    fn why_full(&self, places: &Places) -> StoreError {
        if 2 * places.asking.load(Ordering::Relaxed) >= self.each {
            return StoreError::Unavailable("the pool has no connection to give".into());
        }
        metrics::counter!("frontdesk_database_crowded_total").increment(1);
        StoreError::Crowded
    }

    /// How many of a company may read much at once.
    fn readers(&self) -> usize {
        self.each.saturating_sub(1).max(1)
    }

    fn places(&self, account: AccountId) -> Arc<Places> {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if of.len() >= KEPT && !of.contains_key(&account) {
            of.retain(|_, places| {
                Arc::strong_count(places) > 1
                    || places.free.available_permits() < self.each
                    || places.reading.available_permits() < self.readers()
                    || places.first.available_permits() < FIRST
            });
        }
        let made = || {
            Arc::new(Places {
                free: Arc::new(Semaphore::new(self.each)),
                reading: Arc::new(Semaphore::new(self.readers())),
                first: Arc::new(Semaphore::new(FIRST)),
                asking: AtomicUsize::new(0),
            })
        };
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
        drop(shares.enter_first(account(1)).await.unwrap());
        places.pop();
        drop(shares.enter(account(1)).await.unwrap());
        assert_eq!([Shares::new(4, 25).each(), Shares::new(2, 25).each(), Shares::new(40, 100).each()], [3, 2, 40]);
    }

    #[tokio::test]
    async fn who_reads_much_is_refused_before_who_writes() {
        let shares = Shares::new(16, 25);
        let account = AccountId::from_uuid(Uuid::nil());
        let mut readers = Vec::new();
        for _ in 0..3 {
            let reads = shares.enter_to_read(account).await.unwrap();
            let (place, asking) = shares.enter(account).await.unwrap();
            drop(asking);
            readers.push((reads, place));
        }
        assert!(matches!(shares.enter_to_read(account).await, Err(StoreError::Crowded)));
        drop(shares.enter(account).await.unwrap());
        readers.pop();
        drop(shares.enter_to_read(account).await.unwrap());
        assert_eq!([Shares::new(1, 25).readers(), Shares::new(2, 25).readers()], [1, 1]);
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
