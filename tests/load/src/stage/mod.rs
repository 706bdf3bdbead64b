//! What a run plays on: services, servers, companies.

mod machine;
mod server;
mod services;
mod tenants;

pub use machine::{Footprint, Machine, cpu_seconds, footprint, own_cpu_seconds};
pub use server::{Fleet, Server, Targets, binary};
pub use services::Services;
pub use tenants::{Login, Tenant, sign_in, sign_up};
pub(crate) use tenants::{address_of, signed_in};

use std::path::PathBuf;

/// The checkout.
pub fn workspace() -> PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}
