//! The demo company: made once, and brought to life on request, over the same doors that everybody uses.

mod seed;

use clap::{Args, Subcommand};
use infra::config::Settings;

/// `frontdesk demo`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Make the demo company if it is not there, and print its logins and its key as JSON
    Seed,
}

/// Runs `frontdesk demo`.
pub(crate) async fn run(settings: &Settings, options: Options) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    match options.action {
        None | Some(Action::Seed) => {
            let demo = seed::seed(settings).await?;
            println!("{}", serde_json::to_string_pretty(&demo)?);
            Ok(())
        }
    }
}
