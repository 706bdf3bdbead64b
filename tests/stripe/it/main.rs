//! The stand-in held against Stripe's documented behaviour and against the typed client that Frontdesk uses.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a story fails loudly, at the line that is wrong")]

mod life;
mod metering;
mod scene;
mod typed;
mod webhooks;
mod wire;
