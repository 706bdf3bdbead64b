//! What a run plays on: services, servers, companies.

mod colleagues;
mod connections;
mod machine;
mod relay;
mod server;
mod services;
mod tenants;

pub use colleagues::enlist;
pub use connections::connected_to;
pub use machine::{Footprint, Machine, cpu_seconds, footprint, own_cpu_seconds, own_memory};
pub use relay::{Cut, Relay};
pub use server::{Fleet, Server, Targets, binary};
pub use services::Services;
pub(crate) use tenants::signed_in;
pub use tenants::{Login, Tenant, address_of, sign_in, sign_up, sign_up_at_once};

use std::path::PathBuf;

/// The checkout.
pub fn workspace() -> PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}
