//! Time as an argument. Everything asks a [`Clock`]; tests move it by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// An instant in UTC. Kept to microseconds, because Postgres keeps no more and a reloaded value must equal the first.
pub type Timestamp = DateTime<Utc>;

/// Where "now" comes from.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Shifted(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// The machine's clock plus an offset that tests move with [`Clock::advance`].
    pub fn adjustable() -> Self {
        Self(Source::Shifted(Arc::new(AtomicI64::new(0))))
    }

    /// The present instant, to the microsecond.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn now(&self) -> Timestamp {
        let wall = Utc::now().trunc_subsecs(6);
        match &self.0 {
            Source::System => wall,
            Source::Shifted(by) => wall + TimeDelta::microseconds(by.load(Ordering::SeqCst)),
        }
    }

    /// Moves an adjustable clock; the system clock does not move.
    pub fn advance(&self, by: TimeDelta) {
        if let Source::Shifted(offset) = &self.0 {
            offset.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
        }
    }

    /// Waits in real time. For loops of workers; never for a rule about the business.
    #[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
    pub async fn pause(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }
}
