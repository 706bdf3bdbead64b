//! The list of who was erased, by hash alone: it refuses tokens that were given out before, and lets an erasure be done again after an
//! older backup was restored. It is kept in the directory and, because a restore turns that back too, beside the files.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use infra::Timestamp;
use infra::blob::BlobError;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::account::AccountId;
use crate::world::World;

/// Longer than any token of a visitor lives, and any visit.
const REFUSED_FOR: TimeDelta = TimeDelta::hours(26);

/// Who it was, without saying so: a hash of an id that is chance itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject([u8; 32]);

impl Subject {
    /// Of a contact's id.
    pub fn of(id: Uuid) -> Self {
        Self(Sha256::new().chain_update("frontdesk:erased\0").chain_update(id.as_bytes()).finalize().into())
    }

    fn hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn read(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
        }
        (text.len() == 64).then_some(Self(bytes))
    }
}

/// Those who were erased lately: in memory, because every visitor's request is held against it.
#[derive(Debug, Default)]
pub struct Erased(Mutex<HashSet<Subject>>);

impl Erased {
    /// Whether this was a person who was erased.
    pub fn has(&self, id: Uuid) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !known.is_empty() && known.contains(&Subject::of(id))
    }

    /// From now on it was.
    pub fn add(&self, id: Uuid) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(Subject::of(id));
    }

    fn replace(&self, with: HashSet<Subject>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = with;
    }
}

/// Why the list could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store of files.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

#[derive(FromQueryResult)]
struct Row {
    subject_hash: Vec<u8>,
}

fn folder(account: AccountId) -> String {
    format!("{account}/erasures")
}

/// Puts somebody on the list beside the files, which comes before anything is erased: better erased twice than forgotten to erase.
pub async fn announce(world: &World, account: AccountId, id: Uuid) -> Result<(), BlobError> {
    let path = format!("{}/{}", folder(account), Subject::of(id).hex());
    world.blobs.put(&path, world.now().to_rfc3339().into_bytes()).await
}

/// Puts somebody on the list of the directory, when they are erased.
pub async fn record(world: &World, account: AccountId, id: Uuid) -> Result<(), StoreError> {
    world
        .database
        .orm()
        .run(sql(
            "insert into shared.erasure (account_id, subject_hash, erased_at) values ($1, $2, $3) \
             on conflict (account_id, subject_hash) do update set erased_at = excluded.erased_at",
            [account.uuid().into(), Subject::of(id).0.to_vec().into(), world.now().into()],
        ))
        .await?;
    world.erased.add(id);
    Ok(())
}

/// Everybody on the list of a company, whichever of the two they are on.
pub async fn list(world: &World, account: AccountId) -> Result<BTreeSet<Subject>, ListError> {
    let rows: Vec<Row> = world
        .database
        .orm()
        .all(sql("select subject_hash from shared.erasure where account_id = $1", [account.uuid().into()]))
        .await?;
    let known = rows.into_iter().filter_map(|row| row.subject_hash.try_into().ok().map(Subject));
    let files = world.blobs.list(&folder(account)).await?;
    let noted = files.iter().filter_map(|path| path.rsplit('/').next().and_then(Subject::read));
    Ok(known.chain(noted).collect())
}

/// Learns who was erased lately, here or by another process.
pub async fn refresh(world: &World) -> Result<(), StoreError> {
    let since: Timestamp = world.now() - REFUSED_FOR;
    let rows: Vec<Row> = world
        .database
        .orm()
        .all(sql("select subject_hash from shared.erasure where erased_at > $1", [since.into()]))
        .await?;
    world.erased.replace(rows.into_iter().filter_map(|row| row.subject_hash.try_into().ok().map(Subject)).collect());
    Ok(())
}

/// Removes kept answers that speak of somebody: the visitor's own, and those whose text names one of these ids.
pub async fn forget_answers(world: &World, caller: String, ids: Vec<String>) -> Result<u64, StoreError> {
    world
        .database
        .orm()
        .run(sql(
            "delete from shared.idempotent_answer a where a.caller = $1 \
             or exists (select 1 from unnest($2::text[]) id where position(convert_to(id, 'UTF8') in a.body) > 0)",
            [caller.into(), ids.into()],
        ))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_known_again_and_says_nothing() {
        let (ana, bo) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let subject = Subject::of(ana);
        assert_eq!(Subject::read(&subject.hex()), Some(subject));
        assert_ne!(subject, Subject::of(bo));
        for odd in ["", "zz", &"0".repeat(63), &"0".repeat(65), &"é".repeat(32)] {
            assert_eq!(Subject::read(odd), None, "{odd}");
        }
        let erased = Erased::default();
        assert!(!erased.has(ana));
        erased.add(ana);
        assert!(erased.has(ana) && !erased.has(bo));
    }
}
