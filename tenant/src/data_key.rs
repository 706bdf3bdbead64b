//! A key for each company, sealed with the installation's: what is sealed with it can be opened by nobody once the key is gone.
//!
//! Keys have versions: a company seals with its newest and opens with any it has. What must be absent: a key outside of memory that is
//! not sealed, and any logging.

use infra::database::{Rows as _, StoreError, Tx, sql};
use infra::{Chance, Fault, Kind};
use sea_orm::FromQueryResult;
use serde::Serialize;

use crate::account::AccountId;
use crate::seal::{Place, Sealer, Unsealable};
use crate::world::World;

/// What the installation seals keys of companies for.
const PURPOSE: &str = "data_key";
/// How long a version's number is, at the head of everything sealed.
const VERSION: usize = 4;
/// How many bytes a key has.
const KEY: usize = 32;

/// Why something could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It was sealed for another place or company, was changed, or its key is gone.
    #[error(transparent)]
    Sealed(#[from] Unsealable),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for KeyError {
    fn kind(&self) -> Kind {
        match self {
            Self::Sealed(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Sealed(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

/// A secret that nobody can open: where it lies, never what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unopened {
    /// What it is for.
    pub what: &'static str,
    /// The company or the login that it belongs to.
    pub of: String,
    /// Which of theirs, where they may have several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub which: Option<String>,
}

/// How sealing secrets anew went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resealed {
    /// How many were sealed anew.
    pub anew: usize,
    /// Those that nobody can open, so that they stay as they are.
    pub unopened: Vec<Unopened>,
}

impl std::ops::AddAssign for Resealed {
    fn add_assign(&mut self, more: Self) {
        self.anew += more.anew;
        self.unopened.extend(more.unopened);
    }
}

#[derive(FromQueryResult)]
struct Row {
    version: i32,
    sealed: Vec<u8>,
}

async fn rows(world: &World, account: AccountId) -> Result<Vec<Row>, StoreError> {
    world
        .database
        .orm()
        .all(sql(
            "select version, sealed from shared.data_key where account_id = $1 order by version desc",
            [account.uuid().into()],
        ))
        .await
}

/// Opens one of a company's keys.
fn unlock(world: &World, account: AccountId, row: &Row) -> Result<Sealer, Unsealable> {
    let key = world.sealer.open(Place::new(PURPOSE, account.uuid()), &row.sealed)?;
    Sealer::new(key, &[] as &[&[u8]])
}

/// A key, and how it is kept.
fn fresh(world: &World, account: AccountId) -> Result<([u8; KEY], Vec<u8>), Unsealable> {
    let mut key = [0_u8; KEY];
    world.chance.fill(&mut key);
    let sealed = world.sealer.seal(&world.chance, Place::new(PURPOSE, account.uuid()), &key)?;
    Ok((key, sealed))
}

/// Makes the company's next key. Two that do it at once make one.
async fn make(world: &World, account: AccountId, version: i32) -> Result<(), KeyError> {
    let (_, sealed) = fresh(world, account)?;
    world
        .database
        .orm()
        .run(sql(
            "insert into shared.data_key (account_id, version, sealed, created_at) values ($1, $2, $3, $4) on conflict do nothing",
            [account.uuid().into(), version.into(), sealed.into(), world.now().into()],
        ))
        .await?;
    Ok(())
}

/// A company's newest key, with its version; made when there is none.
pub(crate) async fn newest(world: &World, account: AccountId) -> Result<(i32, Sealer), KeyError> {
    if rows(world, account).await?.is_empty() {
        make(world, account, 1).await?;
    }
    let all = rows(world, account).await?;
    let row = all.first().ok_or(Unsealable)?;
    Ok((row.version, unlock(world, account, row)?))
}

/// The key of a company with this version.
pub(crate) async fn of_version(world: &World, account: AccountId, version: i32) -> Result<Sealer, KeyError> {
    let all = rows(world, account).await?;
    let row = all.iter().find(|row| row.version == version).ok_or(Unsealable)?;
    Ok(unlock(world, account, row)?)
}

/// Seals something of a company for its place.
pub async fn seal(world: &World, account: AccountId, place: Place, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
    let (version, key) = newest(world, account).await?;
    let mut sealed = version.to_be_bytes().to_vec();
    sealed.extend(key.seal(&world.chance, place, plain)?);
    Ok(sealed)
}

/// Opens what was sealed for this place of this company.
pub async fn open(world: &World, account: AccountId, place: Place, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
    let (version, rest) = sealed.split_first_chunk::<VERSION>().ok_or(Unsealable)?;
    Ok(of_version(world, account, i32::from_be_bytes(*version)).await?.open(place, rest)?)
}

/// A company's keys, opened: for where no other question may be asked in between, as in a transaction of the company. Opens also what
/// the installation's own key has sealed, as it did before companies sealed with theirs.
pub struct Ring {
    /// Newest first.
    own: Vec<(i32, Sealer)>,
    installation: Sealer,
}

impl Ring {
    /// The keys that a company has.
    pub async fn of(world: &World, account: AccountId) -> Result<Self, StoreError> {
        let all = rows(world, account).await?;
        // One that does not open is as good as gone: what it has sealed does not open either.
        let own = all.iter().filter_map(|row| Some((row.version, unlock(world, account, row).ok()?))).collect();
        Ok(Self { own, installation: world.sealer.clone() })
    }

    /// The same for who is about to seal: a company without a key gets one.
    pub async fn to_seal(world: &World, account: AccountId) -> Result<Self, KeyError> {
        newest(world, account).await?;
        Ok(Self::of(world, account).await?)
    }

    /// The first key of a company that is being made, in its transaction.
    pub(crate) async fn found(tx: &Tx, world: &World, account: AccountId) -> Result<Self, KeyError> {
        let (key, sealed) = fresh(world, account)?;
        tx.run(sql(
            "insert into shared.data_key (account_id, version, sealed, created_at) values ($1, 1, $2, $3)",
            [account.uuid().into(), sealed.into(), world.now().into()],
        ))
        .await?;
        Ok(Self { own: vec![(1, Sealer::new(key, &[] as &[&[u8]])?)], installation: world.sealer.clone() })
    }

    /// Seals something of the company for its place, with its newest key.
    pub fn seal(&self, chance: &Chance, place: Place, plain: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (version, key) = self.own.first().ok_or(Unsealable)?;
        let mut sealed = version.to_be_bytes().to_vec();
        sealed.extend(key.seal(chance, place, plain)?);
        Ok(sealed)
    }

    /// Opens what was sealed for this place.
    pub fn open(&self, place: Place, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let Some((version, rest)) = sealed_by_own(sealed) else { return self.installation.open(place, sealed) };
        let (_, key) = self.own.iter().find(|(own, _)| *own == version).ok_or(Unsealable)?;
        key.open(place, rest)
    }

    /// Whether it was sealed with any other key than the company's newest, and should be sealed anew.
    pub fn is_stale(&self, sealed: &[u8]) -> bool {
        sealed_by_own(sealed).map(|(version, _)| version) != self.own.first().map(|(version, _)| *version)
    }
}

/// The version of the company's key that has sealed something, and what lies behind it. What the installation has sealed begins with a
/// byte that no version's number begins with.
fn sealed_by_own(sealed: &[u8]) -> Option<(i32, &[u8])> {
    let (version, rest) = sealed.split_first_chunk::<VERSION>()?;
    (version.first() == Some(&0)).then(|| (i32::from_be_bytes(*version), rest))
}

/// Gives a company a new key. What was sealed before is still opened with the one before.
pub async fn rotate(world: &World, account: AccountId) -> Result<i32, KeyError> {
    let next = rows(world, account).await?.first().map_or(0, |row| row.version) + 1;
    make(world, account, next).await?;
    Ok(next)
}

/// Destroys a company's keys: whatever was sealed with them, wherever a copy of it is, is noise from now on.
pub async fn shred(world: &World, account: AccountId) -> Result<u64, StoreError> {
    world.database.orm().run(sql("delete from shared.data_key where account_id = $1", [account.uuid().into()])).await
}

#[derive(FromQueryResult)]
struct Owned {
    account_id: uuid::Uuid,
    version: i32,
    sealed: Vec<u8>,
}

/// Seals every company's keys anew with the installation's present secret; says how many needed it. Once it has run, the secrets before
/// it are needed no more for them. What nobody can open is left as it is, and does not hold up the next company.
pub async fn reseal(world: &World) -> Result<Resealed, KeyError> {
    let all: Vec<Owned> =
        world.database.orm().all(sql("select account_id, version, sealed from shared.data_key", [])).await?;
    let mut done = Resealed::default();
    for row in all.into_iter().filter(|row| world.sealer.is_stale(&row.sealed)) {
        let place = Place::new(PURPOSE, row.account_id);
        let Ok(key) = world.sealer.open(place, &row.sealed) else {
            let account = AccountId::from_uuid(row.account_id);
            tracing::warn!(%account, version = row.version, "a company's key cannot be opened and stays as it is");
            let which = Some(row.version.to_string());
            done.unopened.push(Unopened { what: "company_key", of: account.to_string(), which });
            continue;
        };
        let sealed = world.sealer.seal(&world.chance, place, &key)?;
        // Whoever rotates at the same moment has written a row of its own.
        let touched = world
            .database
            .orm()
            .run(sql(
                "update shared.data_key set sealed = $3 where account_id = $1 and version = $2 and sealed = $4",
                [row.account_id.into(), row.version.into(), sealed.into(), row.sealed.into()],
            ))
            .await?;
        done.anew += usize::from(touched > 0);
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn only(secret: &str) -> Sealer {
        Sealer::new(secret, &[] as &[&str]).unwrap()
    }

    #[test]
    fn a_ring_opens_what_its_own_keys_and_the_installations_have_sealed_and_nothing_else() {
        let (chance, place) = (Chance::seeded(1), Place::new("sso-client-secret", Uuid::from_u128(7)));
        let ring = |own: Vec<(i32, Sealer)>| Ring { own, installation: only("the installation's secret") };
        let before = ring(vec![(1, only("first"))]);
        let now = ring(vec![(2, only("second")), (1, only("first"))]);
        let by_installation = only("the installation's secret").seal(&chance, place, b"tea").unwrap();
        let (by_first, by_second) =
            (before.seal(&chance, place, b"tea").unwrap(), now.seal(&chance, place, b"tea").unwrap());
        for (sealed, stale) in [(&by_installation, true), (&by_first, true), (&by_second, false)] {
            assert_eq!(now.open(place, sealed).unwrap(), b"tea");
            assert_eq!(now.is_stale(sealed), stale);
        }
        assert_eq!(before.open(place, &by_second), Err(Unsealable), "no such key yet");
        let shredded = ring(Vec::new());
        for sealed in [&by_first, &by_second] {
            assert_eq!(shredded.open(place, sealed), Err(Unsealable));
        }
        assert_eq!(shredded.seal(&chance, place, b"tea"), Err(Unsealable));
        assert_eq!(now.open(Place::new("identity_key", Uuid::from_u128(7)), &by_second), Err(Unsealable));
    }
}
