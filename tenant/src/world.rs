//! What every part stands on, made once in `api/src/app.rs` and handed down. Two worlds fit in one process.

use std::sync::Arc;

use infra::blob::Blobs;
use infra::cache::Cache;
use infra::database::Database;
use infra::mail::Mailer;
use infra::outbound::Outbound;
use infra::{Chance, Clock, Timestamp};
use tokio::sync::mpsc::UnboundedSender;
use webauthn_rs::Webauthn;

use crate::account::Directory;
use crate::erasure::Erased;
use crate::flood::Flood;
use crate::gate::Gate;
use crate::outbox::Fact;
use crate::refusals::Refusals;
use crate::seal::Sealer;
use crate::shares::Shares;
use crate::sites::Sites;
use crate::sso::Providers;
use crate::throttle::Throttle;
use crate::token::Keys;
use crate::visits::Visits;

/// For whom an installation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For every company that signs up.
    Hosted,
    /// For one company, and the brands of its group. Nobody signs up; everything is free.
    Private,
}

impl Mode {
    /// The plan a company begins with.
    pub const fn first_plan(self) -> &'static str {
        match self {
            Self::Hosted => "free",
            Self::Private => "private",
        }
    }
}

/// The services, the clock and the keys of one running server.
pub struct World {
    /// The database of the directory; most companies live there too.
    pub database: Database,
    /// Every database that companies live in.
    pub sites: Sites,
    /// How many writers there are.
    pub lanes: u32,
    /// Whether one transaction may carry several companies: not where companies live on different database nodes.
    pub mixed_batches: bool,
    /// How many messages of one company one transaction carries at most.
    pub batch: u32,
    /// Redis. May be away.
    pub cache: Cache,
    /// Files that are kept for a while.
    pub blobs: Blobs,
    /// Time.
    pub clock: Clock,
    /// Chance.
    pub chance: Chance,
    /// Mail out.
    pub mailer: Mailer,
    /// Token keys.
    pub keys: Keys,
    /// Asks addresses that customers wrote.
    pub outbound: Outbound,
    /// What companies' sign-in providers have said of themselves.
    pub providers: Providers,
    /// Judges passkeys; none where we are reached by a number.
    pub passkeys: Option<Webauthn>,
    /// Seals secrets that are kept.
    pub sealer: Sealer,
    /// The address browsers use, without a trailing slash.
    pub public_url: String,
    /// For whom it is.
    pub mode: Mode,
    /// How many spare schemas to keep.
    pub spare_schemas: u32,
    /// Recently seen accounts and memberships.
    pub directory: Directory,
    /// Limits on attempts.
    pub throttle: Throttle,
    /// How fast companies go.
    pub gate: Gate,
    /// Who uses the database pool.
    pub shares: Shares,
    /// Visits that have ended early.
    pub visits: Visits,
    /// Who was erased lately.
    pub erased: Erased,
    /// What was refused lately.
    pub refusals: Refusals,
    /// A limit on what one visitor writes.
    pub flood: Flood,
    /// A limit on what one visitor asks for.
    pub questions: Flood,
    /// How many new visitors a minute may come to one company from one address.
    pub address_rate: u32,
    /// Where committed facts go; the relay in `routing` listens.
    pub facts: UnboundedSender<Fact>,
}

/// A shared world.
pub type SharedWorld = Arc<World>;

impl World {
    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
