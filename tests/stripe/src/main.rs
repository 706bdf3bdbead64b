//! `stripe-standin`: the stand-in as a program of its own, for `cargo dev --stripe` and for whoever wants to look.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use stripe_standin::{Options, Standin};

/// A stand-in for Stripe. Point `FRONTDESK_STRIPE_URL` at it.
#[derive(Parser)]
#[command(name = "stripe-standin", disable_version_flag = true)]
struct Arguments {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:7405")]
    listen: SocketAddr,
    /// The secret key that requests must carry
    #[arg(long, default_value = "sk_test_standin")]
    key: String,
    /// Where webhooks go
    #[arg(long)]
    webhook: Option<String>,
    /// What signs them; said twice while a secret is being replaced
    #[arg(long = "secret")]
    secrets: Vec<String>,
    /// Where the books are kept between two runs
    #[arg(long)]
    file: Option<PathBuf>,
    /// Decides everything that is left to chance
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.webhook.is_some() && arguments.secrets.iter().all(String::is_empty) {
        eprintln!("webhooks are signed: say --secret");
        return ExitCode::FAILURE;
    }
    let endpoints = arguments.webhook.into_iter().map(|url| (url, arguments.secrets.clone())).collect();
    let options = Options {
        listen: arguments.listen,
        key: arguments.key,
        seed: arguments.seed,
        endpoints,
        file: arguments.file,
        ..Options::default()
    };
    match Standin::start(options).await {
        Ok(standin) => {
            println!("the stand-in for Stripe listens on {}", standin.url());
            drop(tokio::signal::ctrl_c().await);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("the stand-in for Stripe cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}
