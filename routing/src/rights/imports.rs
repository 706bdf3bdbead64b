//! Reading the archive of one person back, into the company that it came from or another one of its group. All of it or nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use desk::read_back::{self, Archive, ReadBack, ReadBackError};
use desk::{ContactId, InboxId};
use infra::database::StoreError;
use infra::{Fault, Kind};
use serde_json::json;
use tenant::archive::{ArchiveError, Holding, Manifest, Reader};
use tenant::erasure::{self as list, ListError, Subject};
use tenant::{AccountId, Actor, Tenant, audit, migrate};

/// How many lines are read at once.
const AT_ONCE: usize = 500;

/// What came of it.
#[derive(Debug, Clone)]
pub struct Imported {
    /// What was read back.
    pub read: ReadBack,
    /// What the archive says of itself.
    pub manifest: Manifest,
    /// How many rows of which file were not taken: what is of use only in the company that it came from.
    pub not_taken: BTreeMap<String, u64>,
}

/// Why nothing was read back.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The archive came from a company that is in no group with this one.
    #[error("the archive is of a company that is in no group with this one")]
    Elsewhere,
    /// The archive itself.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// What is in it.
    #[error(transparent)]
    ReadBack(#[from] ReadBackError),
    /// The list of who was erased.
    #[error(transparent)]
    List(#[from] ListError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ImportError {
    fn kind(&self) -> Kind {
        match self {
            Self::Elsewhere => Kind::Conflict,
            Self::Archive(error) => error.kind(),
            Self::ReadBack(error) => error.kind(),
            Self::List(ListError::Blob(error)) => error.kind(),
            Self::Store(error) | Self::List(ListError::Store(error)) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Elsewhere => "archive_elsewhere",
            Self::Archive(error) => error.code(),
            Self::ReadBack(error) => error.code(),
            Self::List(ListError::Blob(error)) => error.code(),
            Self::Store(error) | Self::List(ListError::Store(error)) => error.code(),
        }
    }
}

/// Reads an archive of one person back. Conversations whose inbox is not here come into `inbox`.
pub async fn import(
    tenant: &Tenant,
    actor: &Actor,
    path: PathBuf,
    inbox: Option<InboxId>,
) -> Result<Imported, ImportError> {
    let reading = tokio::task::spawn_blocking(move || open(&path));
    let (manifest, archive) = reading.await.map_err(|died| ArchiveError::Cut(died.to_string()))??;
    require_group(tenant, archive.from).await?;
    require_kept(tenant, &archive).await?;
    let tx = tenant.begin().await?;
    let read = read_back::read_back(&tx, &archive, inbox).await?;
    let detail = json!({
        "from": archive.from, "made_at": archive.made_at, "conversations": read.conversations, "messages": read.messages,
    });
    audit::note(&tx, actor, "contact.imported", Some(read.contact_id.to_string()), detail).await?;
    tx.commit().await?;
    let is_left = |name: &str| read_back::TABLES.iter().all(|table| name.strip_suffix(".ndjson") != Some(*table));
    let left = manifest.entries.iter().filter(|entry| entry.rows > 0 && is_left(&entry.name));
    let not_taken = left.map(|entry| (entry.name.clone(), entry.rows)).collect();
    Ok(Imported { read, manifest, not_taken })
}

fn open(path: &Path) -> Result<(Manifest, Archive), ArchiveError> {
    let mut reader = Reader::open(path)?;
    let manifest = reader.manifest().clone();
    if manifest.holds != Holding::Contact {
        return Err(ArchiveError::Unfit("it holds a company, not one contact".into()));
    }
    if manifest.schema_level > migrate::latest_tenant() {
        return Err(ArchiveError::Unfit("its tables are newer than this program".into()));
    }
    let nobodys = || ArchiveError::Damaged("it does not say whose it is".into());
    let from: AccountId = manifest.account_id.parse().map_err(|_| nobodys())?;
    let subject: ContactId = manifest.subject.as_deref().and_then(|id| id.parse().ok()).ok_or_else(nobodys)?;
    let mut files = BTreeMap::new();
    for table in read_back::TABLES {
        let mut lines = Vec::new();
        reader.lines(&format!("{table}.ndjson"), AT_ONCE, |some| {
            lines.extend(some);
            Ok(())
        })?;
        files.insert(table, lines);
    }
    let made_at = manifest.made_at;
    Ok((manifest, Archive { subject, from, made_at, files }))
}

/// What one company knows of somebody is no other's, unless one house has both.
async fn require_group(tenant: &Tenant, from: AccountId) -> Result<(), ImportError> {
    if from == tenant.id() {
        return Ok(());
    }
    let world = &tenant.world;
    let group = world.directory.load(&world.database, from).await?.and_then(|account| account.organisation_id);
    if group.is_some() && group == tenant.account.organisation_id { Ok(()) } else { Err(ImportError::Elsewhere) }
}

/// Whoever was erased where the archive came from, or here, stays so.
async fn require_kept(tenant: &Tenant, archive: &Archive) -> Result<(), ImportError> {
    let here = archive.subject_in(tenant.id());
    for account in [archive.from, tenant.id()] {
        // A company that was restored from another's archive has that one's ids.
        let erased = list::list(&tenant.world, account).await?;
        if [archive.subject, here].iter().any(|id| erased.contains(&Subject::of(id.uuid()))) {
            return Err(ReadBackError::Erased.into());
        }
    }
    Ok(())
}
