//! The audit log as a file: a table for people, or a line of JSON for each entry, for programs.

use infra::csv;
use infra::database::StoreError;
use serde::{Deserialize, Serialize};

use super::{AuditEntry, Filter, list};
use crate::page::Cursor;
use crate::tx::TenantTx;

/// How an entry is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditFormat)]
pub enum Format {
    /// A table that spreadsheets open. No cell is ever taken for a formula.
    Csv,
    /// A line of JSON for each entry.
    Ndjson,
}

/// How many entries are read at once.
const AT_ONCE: u64 = 1_000;

const HEAD: [&str; 10] =
    ["number", "at", "actor_kind", "actor_id", "actor_name", "action", "target", "detail", "id", "seal"];

impl Format {
    /// What the file is.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// How its name ends.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    /// What comes before the first entry. Spreadsheets take a file for UTF-8 by its first three bytes.
    pub fn head(self) -> String {
        match self {
            Self::Csv => format!("\u{feff}{}", csv::row(HEAD)),
            Self::Ndjson => String::new(),
        }
    }

    fn line(self, entry: &AuditEntry) -> Result<String, StoreError> {
        let refused = |error: serde_json::Error| StoreError::Refused(error.to_string());
        match self {
            Self::Csv => Ok(csv::row([
                &*entry.number.map(|number| number.to_string()).unwrap_or_default(),
                &*entry.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
                &*entry.actor.kind,
                entry.actor.id.as_deref().unwrap_or_default(),
                entry.actor.name.as_deref().unwrap_or_default(),
                &*entry.action,
                entry.target.as_deref().unwrap_or_default(),
                &*serde_json::to_string(&entry.detail).map_err(refused)?,
                &*entry.id.to_string(),
                entry.seal.as_deref().unwrap_or_default(),
            ])),
            Self::Ndjson => Ok(format!("{}\n", serde_json::to_string(entry).map_err(refused)?)),
        }
    }
}

/// The next part of the file, newest first, and where to go on; no place when that was all.
pub async fn part(
    tx: &TenantTx,
    format: Format,
    filter: &Filter,
    cursor: Option<Cursor>,
) -> Result<(String, Option<Cursor>), StoreError> {
    let page = list(tx, filter, cursor, AT_ONCE).await?;
    let text = page.data.iter().map(|entry| format.line(entry)).collect::<Result<String, _>>()?;
    Ok((text, page.next_cursor.as_deref().and_then(Cursor::decode)))
}
