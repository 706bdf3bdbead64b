//! load plays visitors and agents against the real program over real sockets, to measure it and to find what it loses.
//!
//! A [`stage`] holds services, servers and companies; [`actors`] act on it and write an [`oplog`]; [`check`] compares log,
//! screens and database afterwards; [`yardstick`] says what the same Postgres can do without us; [`report`] writes it down.
//!
//! [`sim`] is apart from all that: it lives through days of random companies on a virtual clock, with the real decision code.
//!
//! **Invariant.** But for [`sim`] and, in tests, the model of the protocol, nothing here names a product crate: it knows what any
//! client knows, and what Postgres holds.
#![expect(clippy::cast_precision_loss, reason = "figures are rounded before anybody reads them")]

pub mod actors;
pub mod canary;
pub mod chance;
pub mod check;
pub mod cursor;
pub mod flood;
pub mod frame;
pub mod http;
pub mod ids;
pub mod newcomers;
pub mod oplog;
mod outcome;
pub mod pacer;
#[cfg(test)]
mod protocol;
pub mod recovery;
pub mod report;
pub mod retry;
pub mod scene;
pub mod screen;
pub mod sim;
pub mod stage;
pub mod tally;
pub mod ws;
pub mod yardstick;

pub use outcome::{Doing, Failed, Outcome};
