//! The demo company: made once, and brought to life on request, over the same doors that everybody uses.

mod bo;
mod doors;
mod frames;
mod furnish;
mod history;
mod line;
mod play;
mod script;
mod seed;
mod stage;
mod visitor;

use clap::{Args, Subcommand};
use infra::config::Settings;

/// `frontdesk demo`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Option<Action>,
    /// How many visitors come
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    visitors: u32,
    /// How long the day lasts, in minutes
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1440))]
    minutes: u32,
    /// Plays the same day again
    #[arg(long)]
    seed: Option<u64>,
    /// The server to visit; `FRONTDESK_PUBLIC_URL` when absent
    #[arg(long)]
    url: Option<String>,
}

#[derive(Subcommand)]
enum Action {
    /// Make the demo company if it is not there, and print its logins and its key as JSON
    Seed,
}

/// Runs `frontdesk demo`.
pub(crate) async fn run(settings: &Settings, options: Options) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let Options { action, visitors, minutes, seed, url } = options;
    match action {
        Some(Action::Seed) => {
            let demo = seed::seed(settings).await?;
            stage::say(&serde_json::to_string_pretty(&demo)?);
            Ok(())
        }
        None => play::play(settings, play::Day { visitors, minutes, seed, url }).await,
    }
}
