//! What estimates are made from: how long work and waits lasted. It changes little from one look to the next, and reading it costs more
//! than all the rest of a look, so it is read every few seconds only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use desk::waiting_room::{self, History};
use infra::database::StoreError;
use tenant::{AccountId, TenantTx};
use tokio::time::Instant;

/// For how long it is believed.
const BELIEVED: Duration = Duration::from_secs(3);
/// So many companies are kept before those that nobody looks at any more are forgotten.
const KEPT: usize = 1_000;

/// The recent past of companies, as this process read it last.
#[derive(Debug, Default)]
pub(crate) struct Pasts(Mutex<HashMap<AccountId, (Instant, Arc<History>)>>);

impl Pasts {
    /// The recent past of the company of this transaction, at most a few seconds old.
    pub(super) async fn of(&self, tx: &TenantTx) -> Result<Arc<History>, StoreError> {
        let account = tx.account();
        if let Some(known) = self.known(account, Instant::now()) {
            return Ok(known);
        }
        let read = Arc::new(waiting_room::history(tx).await?);
        self.keep(account, &read, Instant::now());
        Ok(read)
    }

    fn known(&self, account: AccountId, now: Instant) -> Option<Arc<History>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, history) = all.get(&account)?;
        (now.saturating_duration_since(*read_at) < BELIEVED).then(|| Arc::clone(history))
    }

    fn keep(&self, account: AccountId, history: &Arc<History>, now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT {
            all.retain(|_, (read_at, _)| now.saturating_duration_since(*read_at) < BELIEVED);
        }
        all.insert(account, (now, Arc::clone(history)));
    }
}

#[cfg(test)]
mod tests {
    use infra::Id;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_was_read_is_believed_for_a_few_seconds_and_of_its_company_only() {
        let (pasts, now) = (Pasts::default(), Instant::now());
        let (one, other) = (Id::from_uuid(Uuid::from_u128(1)), Id::from_uuid(Uuid::from_u128(2)));
        pasts.keep(one, &Arc::default(), now);
        assert!(pasts.known(one, now + BELIEVED / 2).is_some());
        assert!(pasts.known(one, now + BELIEVED).is_none());
        assert!(pasts.known(other, now).is_none());
    }
}
