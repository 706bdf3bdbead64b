//! Cursor paging: a page never skips or repeats a row because others were added meanwhile.

use infra::{Timestamp, ids};
use serde::Serialize;
use uuid::Uuid;

/// Where a page ended: the sort key and id of its last row. Opaque to callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    at: Timestamp,
    id: Uuid,
}

impl Cursor {
    /// After this row.
    pub fn new(at: Timestamp, id: Uuid) -> Self {
        Self { at, id }
    }

    /// As callers carry it.
    pub fn encode(&self) -> String {
        format!("{}-{}", self.at.timestamp_micros(), ids::encode(self.id))
    }

    /// `None` for what we did not write.
    pub fn decode(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once('-')?;
        Some(Self { at: chrono::DateTime::from_timestamp_micros(micros.parse().ok()?)?, id: ids::decode(id)? })
    }

    /// As two nullable statement values.
    pub fn parts(cursor: Option<&Self>) -> (Option<Timestamp>, Option<Uuid>) {
        (cursor.map(|cursor| cursor.at), cursor.map(|cursor| cursor.id))
    }
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Pass it as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of at most `limit` rows from `limit + 1` fetched ones.
    pub fn cut(mut rows: Vec<T>, limit: u64, key: impl Fn(&T) -> Cursor) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if more { rows.last().map(|row| key(row).encode()) } else { None };
        Self { data: rows, next_cursor }
    }

    /// The whole list on one page.
    pub fn whole(data: Vec<T>) -> Self {
        Self { data, next_cursor: None }
    }

    /// Each row as something else.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { data: self.data.into_iter().map(each).collect(), next_cursor: self.next_cursor }
    }

    /// Each row as something else, or the first failure.
    pub fn try_map<U, E>(self, each: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        Ok(Page { data: self.data.into_iter().map(each).collect::<Result<_, E>>()?, next_cursor: self.next_cursor })
    }
}
