//! billing counts: what a company may have, what it has used, and what that costs.
//!
//! **Invariant.** Conversations are unknown here: billing reads usage rows, never messages.
//! **Invariant.** A payment provider is named in one place only, beside this file; nothing else sees its types.

pub mod alerts;
pub mod catalogue;
mod changing;
mod checkout;
pub mod events;
mod failpoint;
pub mod gateway;
pub mod invoice;
pub mod leaving;
pub mod lifecycle;
pub mod local;
pub mod looking;
pub mod metering;
pub mod pace;
pub mod period;
pub mod plan;
pub mod report;
pub mod service;
pub mod stripe;
pub mod subscription;
mod turns;
pub mod usage;

pub use self::stripe::StripeSettings;
pub use plan::Plan;
pub use service::{Billing, BillingError};
