//! openapi promises: the committed contract, and whether it is kept.
//!
//! **Invariant.** `v1.json` is what the server serves; a change of it is seen in review.
//! **Invariant.** A released operation loses nothing: no path, no method, no answer's field, and asks for nothing new.

pub mod compatibility;

use std::path::PathBuf;

/// Where the committed documents are.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

mod realtime;

pub use realtime::realtime;

/// The document as the server serves it, pretty, ending in a line break.
pub fn generate() -> Result<String, serde_json::Error> {
    api::document().to_pretty_json().map(|text| text + "\n")
}
