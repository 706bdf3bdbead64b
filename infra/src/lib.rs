//! infra connects: settings, time, chance, ids, and the clients of the services we stand on.
//!
//! **Invariant.** Nothing here knows what a tenant, a conversation or a plan is.
//! **Invariant.** Only this crate reads the wall clock, the operating system's randomness and the environment.

pub mod cache;
pub mod chance;
pub mod clock;
pub mod config;
pub mod database;
pub mod fault;
pub mod http;
pub mod ids;
pub mod mail;
pub mod spoken;
pub mod telemetry;
pub mod validate;

pub use chance::Chance;
pub use clock::{Clock, Timestamp};
pub use fault::{Fault, FieldFault, Kind};
pub use ids::Id;

/// The message bus: NATS core, used for fan-out and wake-ups only. Everything on it may be lost.
pub mod bus {
    /// A connected client that reconnects by itself for ever.
    pub type Bus = async_nats::Client;

    /// Connects; a server that is down at start is retried in the background, because chat goes on without it.
    pub async fn connect(url: &str) -> Result<Bus, async_nats::ConnectError> {
        async_nats::ConnectOptions::new()
            .retry_on_initial_connect()
            .connection_timeout(std::time::Duration::from_secs(2))
            .ping_interval(std::time::Duration::from_secs(10))
            .client_capacity(8192)
            .subscription_capacity(65_536)
            .connect(url)
            .await
    }
}
