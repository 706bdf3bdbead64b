//! Stripe, in our words. The one folder that knows its types: nothing that leaves it names them.

mod buying;
mod error;
mod look;
mod meters;
mod names;
mod signature;
mod sync;

use std::time::Duration;

use stripe::{Client, ClientBuilder, RequestStrategy};

use crate::gateway::GatewayError;

pub use buying::{Buyer, Worth};
pub use look::{Bought, Listed, Look};
pub use meters::{Arrived, HourPage, HourSums, MeterEvent};
pub use names::Names;
pub use signature::{SignatureError, Told};
pub use sync::Synced;

/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(6);
/// How often a question is asked before it is given up for now.
const TRIES: u32 = 3;

/// How to reach Stripe.
#[derive(Clone)]
pub struct StripeSettings {
    /// The secret key; it says whether money is real.
    pub key: String,
    /// Another address than Stripe's own.
    pub url: Option<String>,
    /// The secrets that webhooks may be signed with, at least one.
    pub webhook_secrets: Vec<String>,
}

/// A door to Stripe.
pub struct Stripe {
    client: Client,
    live: bool,
    secrets: Vec<String>,
}

impl Stripe {
    /// Opens it; nothing is asked yet.
    pub fn new(settings: &StripeSettings) -> Result<Self, GatewayError> {
        if settings.webhook_secrets.is_empty() || settings.webhook_secrets.iter().any(|secret| secret.trim().is_empty())
        {
            return Err(GatewayError::Refused("a webhook secret is missing or empty".into()));
        }
        infra::http::choose_tls();
        let client = ClientBuilder::new(settings.key.clone())
            .timeout(ANSWER_WITHIN)
            .request_strategy(RequestStrategy::ExponentialBackoff(TRIES));
        let client = match &settings.url {
            Some(url) => client.url(format!("{}/", url.trim_end_matches('/'))),
            None => client,
        };
        let client = client.build().map_err(|error| GatewayError::Refused(error.to_string()))?;
        let live = settings.key.contains("_live_");
        Ok(Self { client, live, secrets: settings.webhook_secrets.clone() })
    }

    /// Whether money is real.
    pub fn is_live(&self) -> bool {
        self.live
    }
}
