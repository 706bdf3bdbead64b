//! What people may ask of the company that keeps their data: to have it, to have it erased, and that it is not kept for ever.
//!
//! What must be absent: any statement about the company's tables. What is in them, and what erasing means there, `desk` knows.

mod erase;
mod exports;
mod imports;
mod retention;

pub use erase::{Confirmed, EraseError, erase, erase_again};
pub use exports::{remove_expired, run_due};
pub use imports::{ImportError, Imported, import};
pub use retention::{sweep, sweep_all};
