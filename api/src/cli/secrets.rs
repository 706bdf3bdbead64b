//! Replacing the installation's secret, and the keys that lie under it, while everybody works on.

use clap::Subcommand;
use infra::Clock;
use infra::config::Settings;
use serde_json::json;
use tenant::account::Status;
use tenant::data_key::Unopened;
use tenant::proof::totp;
use tenant::{data_key, identity, sso};

use super::Outcome;
use crate::App;
use crate::serve::require_time;

/// What can be done with secrets.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Seal every company's key anew with `FRONTDESK_SECRET`; the secrets in `FRONTDESK_PREVIOUS_SECRETS` are needed no more for them
    Rotate {
        /// Also give every company a new key; what was sealed with the one before stays readable
        #[arg(long)]
        companies: bool,
    },
}

/// Runs one of them.
pub(super) async fn run(settings: &Settings, command: Command) -> Outcome {
    let (app, _facts) = App::new(settings, Clock::system()).await?;
    require_time(&app).await?;
    let Command::Rotate { companies } = command;
    let keys = data_key::reseal(&app.world).await?;
    let authenticators = totp::reseal_all(&app.world).await?;
    let providers = sso::reseal_all(&app.world).await?;
    let identities = identity::reseal_all(&app.world).await?;
    let mut renewed = 0;
    if companies {
        for account in app.world.directory.all(&app.world.database, Status::Active).await? {
            data_key::rotate(&app.world, account.id).await?;
            renewed += 1;
        }
    }
    let sign_in_secrets = authenticators.anew + providers.anew;
    let unopened: Vec<Unopened> =
        [keys.unopened, authenticators.unopened, providers.unopened, identities.unopened].concat();
    println!(
        "{:#}",
        json!({
            "keys_sealed_anew": keys.anew, "sign_in_secrets_sealed_anew": sign_in_secrets,
            "identity_secrets_sealed_anew": identities.anew, "companies_with_a_new_key": renewed,
            "secrets_that_cannot_be_opened": unopened.len(), "unopened": unopened,
        })
    );
    // All that could be done is done; but whoever takes the secret before away now loses what is named here.
    match unopened.len() {
        0 => Ok(()),
        many => {
            Err(format!("secrets that cannot be opened and stay as they are: {many}; `unopened` names them").into())
        }
    }
}
