//! The only constructor: puts the services together. Two apps fit in one process, as in the tests.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use billing::{Billing, StripeSettings};
use infra::blob::Blobs;
use infra::cache::Cache;
use infra::config::Settings;
use infra::database::StoreError;
use infra::mail::Mailer;
use infra::outbound::{Outbound, Reach};
use infra::{Chance, Clock};
use routing::Routing;
use tenant::account::{Directory, Plans};
use tenant::erasure::Erased;
use tenant::flood::Flood;
use tenant::gate::Gate;
use tenant::outbox::Fact;
use tenant::refusals::Refusals;
use tenant::seal::{Sealer, Unsealable};
use tenant::shares::Shares;
use tenant::sites::Sites;
use tenant::sso::Providers;
use tenant::throttle::{Rate, Throttle};
use tenant::token::{BadToken, Keys};
use tenant::visits::Visits;
use tenant::world::{Mode, SharedWorld, World};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::address::KNOCKS;

/// Everything a handler may need.
pub struct App {
    /// The services.
    pub world: SharedWorld,
    /// Reactions and sockets.
    pub routing: Routing,
    /// Plans and money.
    pub billing: Billing,
    /// Where unsent mail is shown, in development.
    pub mail_outbox: Option<PathBuf>,
    /// Cancelled when the server is to go away: it is not ready any more, and its sockets and streams end.
    pub going_away: CancellationToken,
    /// Who knocks without being known, by address.
    pub doors: Flood<Uuid>,
    /// How many proxies of our own stand before us.
    pub trusted_proxies: usize,
    /// Open sockets, which axum's own shutdown does not know of.
    pub sockets: TaskTracker,
}

/// One socket is sent away in this time, on average: about 700 a second, which the other servers take in without a hitch.
const LEAVE_EACH_MICROS: u64 = 1_500;
/// The last one is sent away after this time.
const LEAVE_WITHIN_MICROS: u64 = 15_000_000;

/// Why there is no app.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Postgres.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Redis.
    #[error(transparent)]
    Cache(#[from] infra::cache::BadAddress),
    /// The store of files.
    #[error(transparent)]
    Blobs(#[from] infra::blob::BlobError),
    /// NATS.
    #[error("NATS_URL cannot be used: {0}")]
    Bus(String),
    /// The payment provider.
    #[error("FRONTDESK_STRIPE_… cannot be used: {0}")]
    Payments(#[from] billing::gateway::GatewayError),
    /// Mail.
    #[error(transparent)]
    Mail(#[from] infra::mail::MailError),
    /// The client for addresses that customers wrote.
    #[error("no client for outbound requests: {0}")]
    Outbound(String),
    /// The keys of tokens do not work.
    #[error("the token keys do not work: {0}")]
    Keys(#[from] BadToken),
    /// The keys that secrets are sealed with.
    #[error(transparent)]
    Seal(#[from] Unsealable),
    /// The listening address.
    #[error("{0}")]
    Listen(String),
}

/// How to reach Stripe, when it is set up.
fn stripe(settings: &Settings) -> Option<StripeSettings> {
    settings.stripe_key.as_ref().map(|key| StripeSettings {
        key: key.clone(),
        url: settings.stripe_url.clone(),
        webhook_secrets: settings.stripe_webhook_secrets.clone(),
    })
}

impl App {
    /// Puts the services together. The receiver is for [`routing::relay::run`].
    pub async fn new(settings: &Settings, clock: Clock) -> Result<(Arc<Self>, UnboundedReceiver<Fact>), StartError> {
        let (facts, receiver) = unbounded_channel();
        let mailer = Mailer::new(&settings.mail_url, &settings.mail_from)?;
        let keys = Keys::derive(&settings.secret, &settings.previous_secrets);
        keys.check(clock.now())?;
        let mail_outbox = mailer.outbox().map(ToOwned::to_owned);
        let sites = Sites::open(&settings.database_url, &settings.databases, settings.database_connections)?;
        let world = Arc::new(World {
            database: sites.home().database.clone(),
            sites,
            lanes: settings.database_lanes,
            mixed_batches: settings.mixed_batches,
            batch: settings.database_batch,
            cache: Cache::new(&settings.redis_url)?,
            blobs: Blobs::open(&settings.blobs)?,
            clock,
            chance: Chance::system(),
            mailer,
            keys,
            outbound: Outbound::new(if settings.private_outbound { Reach::Anywhere } else { Reach::Public })
                .map_err(|error| StartError::Outbound(error.to_string()))?,
            providers: Providers::default(),
            passkeys: tenant::proof::passkey::judge(&settings.public_url),
            sealer: Sealer::new(&settings.secret, &settings.previous_secrets)?,
            public_url: settings.public_url.clone(),
            mode: if settings.private { Mode::Private } else { Mode::Hosted },
            spare_schemas: settings.spare_schemas,
            directory: Directory::new(Plans { limits: billing::catalogue::limits, pace: billing::pace::pace }),
            throttle: Throttle::default(),
            gate: Gate::default(),
            shares: Shares::new(settings.database_connections, settings.database_share),
            visits: Visits::default(),
            flood: Flood::shared(Rate::new(settings.visitor_rate, 10)),
            questions: Flood::new(Rate::new(settings.visitor_rate.saturating_mul(10), 10)),
            address_rate: settings.address_rate,
            erased: Erased::default(),
            refusals: Refusals::default(),
            facts,
        });
        let bus = infra::bus::connect(&settings.nats_url).await.map_err(|error| StartError::Bus(error.to_string()))?;
        let routing = Routing::new(Arc::clone(&world), bus);
        let billing = Billing::new(Arc::clone(&world), stripe(settings).as_ref())?;
        let app = Self {
            world,
            routing,
            billing,
            mail_outbox,
            doors: Flood::new(KNOCKS),
            going_away: CancellationToken::new(),
            trusted_proxies: settings.trusted_proxies,
            sockets: TaskTracker::new(),
        };
        Ok((Arc::new(app), receiver))
    }

    /// When a socket is to be told to come back elsewhere, once the server goes away: at once when there are few; when there
    /// are many, spread over some seconds, so that they do not knock at the other servers all in one moment. Until then it
    /// works as ever.
    pub(crate) async fn time_to_leave(&self) {
        self.going_away.cancelled().await;
        let open = u64::try_from(self.sockets.len()).unwrap_or(u64::MAX);
        let spread = open.saturating_mul(LEAVE_EACH_MICROS).min(LEAVE_WITHIN_MICROS);
        self.world.clock.pause(Duration::from_micros(self.world.chance.below(spread))).await;
    }

    /// Whether browsers reach us over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.world.public_url.starts_with("https://")
    }
}
