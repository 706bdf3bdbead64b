//! infra connects: settings, time, chance, ids, and the clients of the services we stand on.
//!
//! **Invariant.** Nothing here knows what a tenant, a conversation or a plan is.
//! **Invariant.** Only this crate reads the wall clock, the operating system's randomness and the environment.

pub mod blob;
pub mod breaker;
pub mod cache;
pub mod chance;
pub mod clock;
pub mod config;
pub mod csv;
pub mod database;
pub mod fault;
pub mod http;
pub mod ids;
pub mod mail;
pub mod outbound;
pub mod spoken;
pub mod telemetry;
#[cfg(feature = "otel")]
mod traces;
pub mod validate;

pub use chance::Chance;
pub use clock::{Clock, Timestamp};
pub use fault::{Fault, FieldFault, Kind};
pub use ids::Id;

/// The message bus: NATS core, used for fan-out and wake-ups only. Everything on it may be lost.
pub mod bus {
    use std::time::Duration;

    use crate::database::decoded;

    /// A connected client that reconnects by itself for ever.
    pub type Bus = async_nats::Client;

    /// Connects; a server that is down at start is retried in the background, because chat goes on without it.
    pub async fn connect(url: &str) -> Result<Bus, async_nats::ConnectError> {
        let mut options = async_nats::ConnectOptions::new();
        // The client itself leaves unread who an address says that we are.
        if let Ok(address) = reqwest::Url::parse(url)
            && let Some(password) = address.password()
        {
            options = options.user_and_password(decoded(address.username()), decoded(password));
        }
        options
            .retry_on_initial_connect()
            .connection_timeout(Duration::from_secs(2))
            // A server that hangs is noticed after three unanswered pings, and left.
            .ping_interval(Duration::from_secs(1))
            .reconnect_delay_callback(|attempts| {
                let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
                Duration::from_millis(25)
                    .saturating_mul(2_u32.saturating_pow(attempts.min(8)))
                    .min(Duration::from_secs(1))
            })
            // What a subscription has no room for is dropped. Whoever counts what it hears notices, and looks for it elsewhere.
            .event_callback(|event| async move {
                if let async_nats::Event::SlowConsumer(subscription) = event {
                    metrics::counter!("frontdesk_bus_overflows_total").increment(1);
                    tracing::warn!(subscription, "a subscription to the bus has overflown");
                }
            })
            .client_capacity(8192)
            .subscription_capacity(65_536)
            .connect(url)
            .await
    }
}
