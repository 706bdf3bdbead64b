//! Stories about the product, told against real servers. The name of a test is a sentence about what Frontdesk does.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a story fails loudly, at the line that is wrong"
)]

mod assignment;
mod idempotency;
mod kill;
mod main_job;
mod nodes;
mod resume;
