//! Archives: everything of a company, or of one of its contacts, in one file that any program can read.
//!
//! An archive is a ZIP file of lines of JSON with a `manifest.json`. Its comment is the SHA-256 of all that comes before it, so that a
//! single changed bit, wherever it is, is found before anything is believed.
//!
//! What must be absent: any knowledge of what the rows mean.

mod account;
mod reader;
mod restore;
mod writer;

use chrono::{DateTime, Utc};
use infra::database::StoreError;
use infra::{Fault, Kind};
use serde::{Deserialize, Serialize};

use crate::data_key::KeyError;

pub use account::write_account;
pub use reader::Reader;
pub use restore::{Into, restore};
pub use writer::{Sealed, Writer};

/// What every manifest says of itself.
pub const FORMAT: &str = "frontdesk-archive";
/// Rises when an older program could not read what a newer one writes.
pub const FORMAT_VERSION: u32 = 1;
/// The name of the manifest in the archive.
pub const MANIFEST: &str = "manifest.json";

/// What an archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holding {
    /// A whole company.
    Account,
    /// One contact.
    Contact,
}

/// One file of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name, like `tables/message.ndjson`.
    pub name: String,
    /// How many lines.
    pub rows: u64,
    /// How many bytes, before they were packed.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal.
    pub sha256: String,
}

/// What an archive says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// Always `frontdesk-archive`.
    pub format: String,
    /// Of the archive.
    pub format_version: u32,
    /// What it holds.
    pub holds: Holding,
    /// The level of the tables that the rows are of.
    pub schema_level: i32,
    /// The company's id.
    pub account_id: String,
    /// The contact's id, for an archive of one.
    pub subject: Option<String>,
    /// When it was made: one instant for all rows.
    pub made_at: DateTime<Utc>,
    /// The files.
    pub entries: Vec<Entry>,
}

/// Why an archive could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is not as it was written.
    #[error("the archive is damaged: {0}")]
    Damaged(String),
    /// It is whole, but not for this.
    #[error("this archive cannot be used here: {0}")]
    Unfit(String),
    /// The disk.
    #[error("the archive's file: {0}")]
    File(#[from] std::io::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work was cut off.
    #[error("the archive was not finished: {0}")]
    Cut(String),
}

impl From<zip::result::ZipError> for ArchiveError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "another crate's errors: what is not the disk is the archive")]
    fn from(error: zip::result::ZipError) -> Self {
        match error {
            zip::result::ZipError::Io(error) => Self::File(error),
            error => Self::Damaged(error.to_string()),
        }
    }
}

impl From<KeyError> for ArchiveError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Sealed(_) => Self::Unfit("the new company's key cannot be used".into()),
            KeyError::Store(error) => error.into(),
        }
    }
}

impl From<serde_json::Error> for ArchiveError {
    fn from(error: serde_json::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl Fault for ArchiveError {
    fn kind(&self) -> Kind {
        match self {
            Self::Damaged(_) | Self::Unfit(_) => Kind::Invalid,
            Self::File(_) | Self::Cut(_) => Kind::Internal,
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Damaged(_) => "archive_damaged",
            Self::Unfit(_) => "archive_unfit",
            Self::File(_) | Self::Cut(_) => "internal",
            Self::Store(error) => error.code(),
        }
    }
}
