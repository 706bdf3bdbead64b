//! Making the archives that were asked for, one at a time in each process, and removing them when their time is over.

use desk::erasure;
use infra::database::StoreError;
use infra::spoken::OrLog as _;
use tenant::archive::{self, ArchiveError, FORMAT, FORMAT_VERSION, Holding, Manifest, Sealed, Writer};
use tenant::export::{self, DataExport, ExportHolds};
use tenant::vault::{self, VaultError};
use tenant::world::SharedWorld;
use tenant::{Tenant, migrate};

/// How many lines go to the packer at once.
const AT_ONCE: usize = 500;

#[derive(Debug, thiserror::Error)]
enum MakeError {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("it is not wanted any more")]
    Unwanted,
}

/// Makes the next archive that was asked for; false when there is none.
pub async fn run_due(world: &SharedWorld) -> Result<bool, StoreError> {
    let Some(ask) = export::take(world).await? else { return Ok(false) };
    match make(world, &ask).await {
        Ok(()) => {}
        Err(MakeError::Unwanted) => {
            // Only this attempt's: another one may have been taken meanwhile, and be ready.
            world.blobs.remove(&ask.path()).await.or_log("removing an archive that nobody wants");
        }
        Err(error) => {
            tracing::warn!(%error, export = %ask.id, "an archive could not be made");
            export::fail(world, &ask).await?;
        }
    }
    Ok(true)
}

async fn make(world: &SharedWorld, ask: &DataExport) -> Result<(), MakeError> {
    let tenant = Tenant::find(world, ask.account()).await?.ok_or(MakeError::Unwanted)?;
    let file = tempfile::NamedTempFile::new().map_err(ArchiveError::from)?;
    let sealed = match (ask.holds, ask.contact_id) {
        (ExportHolds::Contact, Some(contact)) => {
            export::hold(world, ask, write_contact(&tenant, file.path(), contact)).await?
        }
        (ExportHolds::Account | ExportHolds::Contact, _) => {
            archive::write_account(&tenant, file.path(), Some(ask)).await?
        }
    };
    if !export::progress(world, ask, 99, 100).await? {
        return Err(MakeError::Unwanted);
    }
    let path = ask.path();
    export::hold(world, ask, vault::keep(world, ask.account(), ask.place(), &path, file.path())).await?;
    if export::finish(world, ask, sealed.bytes, sealed.seal).await? { Ok(()) } else { Err(MakeError::Unwanted) }
}

async fn write_contact(tenant: &Tenant, path: &std::path::Path, contact: desk::ContactId) -> Result<Sealed, MakeError> {
    let tx = tenant.begin().await?;
    // One instant for all tables: a conversation that counts a message which is not there could never be read back.
    tx.hold_still().await?;
    let contents = erasure::contents_of(&tx, contact).await?;
    let mut writer = Writer::begin(path)?;
    for (table, lines) in &contents {
        writer.entry(format!("{table}.ndjson")).await?;
        for some in lines.chunks(AT_ONCE) {
            writer.lines(some).await?;
        }
    }
    let manifest = Manifest {
        format: FORMAT.into(),
        format_version: FORMAT_VERSION,
        holds: Holding::Contact,
        schema_level: migrate::latest_tenant(),
        account_id: tenant.id().to_string(),
        subject: Some(contact.to_string()),
        made_at: tx.now(),
        entries: Vec::new(),
    };
    drop(tx);
    Ok(writer.finish(manifest).await?)
}

/// Removes the files of exports whose time is over; says how many.
pub async fn remove_expired(world: &SharedWorld) -> Result<usize, StoreError> {
    let over = export::expire(world).await?;
    for archive in &over {
        archive.remove_files(world).await.or_log("removing an archive whose time is over");
    }
    Ok(over.len())
}
