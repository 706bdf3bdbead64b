//! A stand-in for Stripe: its wire format, its state machines for subscriptions and invoices, its meters and its webhooks, on a
//! port of this machine and by a clock that a test can move.
//!
//! **Invariant.** Nothing of Frontdesk is known here, and Frontdesk cannot tell the difference.

// An invoice has more fields than the macro for JSON is used to.
#![recursion_limit = "512"]

mod books;
mod calendar;
mod chance;
mod form;
mod money;
mod refusal;
mod server;
mod shelf;
mod standin;
mod wire;

pub use books::Habits;
pub use refusal::Refusal;
pub use server::door::{Noted, Now};
pub use server::fault::{Down, Faults};
pub use server::post::{Delivered, Mail};
pub use standin::{Counted, Options, Sent, Standin, signature_header};
