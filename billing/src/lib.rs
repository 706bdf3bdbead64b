//! billing counts: what a company may have, and what it has used.
//!
//! **Invariant.** Conversations are unknown here: billing reads usage rows, never messages.
//! **Invariant.** A payment provider is named in one file only, `stripe.rs`, beside this one; nothing else sees its types.

pub mod plan;
pub mod usage;

pub use plan::Plan;
