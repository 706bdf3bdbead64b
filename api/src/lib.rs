//! api speaks: HTTP, sockets and the command line, nothing else.
//!
//! **Invariant.** No SQL and no rule about a conversation here: a handler is one paragraph that calls a verb.
//! **Invariant.** Status codes exist in `problem.rs` only; pages use nothing but the documented API.

pub mod app;
pub mod cli;
pub mod onboarding;
pub mod serve;
pub mod work;

mod address;
mod billing_command;
mod contract;
mod demo;
mod extract;
mod health;
mod hooks;
mod idempotency;
mod layers;
mod listener;
mod members;
mod metrics;
mod operator;
mod outbox_page;
mod pace;
mod pages;
mod problem;
mod router;
mod v1;
mod ws;

pub use app::App;
pub use contract::promise;
pub use router::{document, dressed, router, uncancelled};
/// The realtime protocol, for the document that describes it.
pub use routing::realtime;
