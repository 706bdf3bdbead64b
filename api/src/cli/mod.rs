//! The command line of the one binary.

mod archive;
mod company;
mod doctor;
mod login;
mod secrets;
mod tenant_command;

use std::sync::Arc;

use clap::{Parser, Subcommand};
use infra::Clock;
use infra::config::Settings;
use tenant::sites::Sites;

use crate::billing_command::{self, Money};
use crate::operator::Later;
use crate::serve::{Parts, Running, clock, require_time};
use crate::{App, demo};

/// Customer service for websites and apps.
#[derive(Parser)]
#[command(name = "frontdesk", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve pages, API and sockets, and do the work of workers too
    Serve {
        /// Leave the work of workers to `frontdesk work`
        #[arg(long)]
        no_work: bool,
    },
    /// Do the work of workers: mail, spare schemas, sweeps
    Work,
    /// Bring the databases up to date
    Migrate(Migrate),
    /// Make a demo company, or play a lively day into it
    Demo(demo::Options),
    /// Look after companies: list, show, suspend, resume, close, restore, move …
    #[command(subcommand)]
    Tenant(tenant_command::Verb),
    /// See to people who cannot come in any more
    #[command(subcommand)]
    Login(login::Command),
    /// Replace secrets while everybody works on
    #[command(subcommand)]
    Secrets(secrets::Command),
    /// Look whether everything this server stands on is as it should be
    Doctor {
        /// Print the findings as JSON
        #[arg(long)]
        json: bool,
    },
    /// See to plans and money
    #[command(subcommand)]
    Billing(Money),
    /// Print the link with which the first owner of a private installation comes in
    SetupLink,
    /// Print the OpenAPI document
    Openapi,
}

/// How to bring the databases up to date.
#[derive(clap::Args)]
struct Migrate {
    /// How many companies at a time
    #[arg(long, default_value_t = 4)]
    parallel: u32,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Outcome = Result<(), Failure>;

/// Runs a command.
pub async fn run(cli: Cli) -> Outcome {
    if let Command::Openapi = cli.command {
        println!("{}", crate::document().to_pretty_json()?);
        return Ok(());
    }
    let settings = Settings::from_env()?;
    let _telemetry = infra::telemetry::init(settings.log_json, settings.collector.as_deref());
    match cli.command {
        Command::Serve { no_work } => serve(&settings, Parts { web: true, workers: !no_work }).await,
        Command::Work => serve(&settings, Parts { web: false, workers: true }).await,
        Command::Migrate(options) => migrate(&settings, options.parallel).await,
        Command::Demo(options) => demo::run(&settings, options).await,
        Command::Tenant(verb) => tenant_command::run(&settings, verb).await,
        Command::Billing(what) => billing_command::run(&settings, what).await,
        Command::SetupLink => setup_link(&settings).await,
        Command::Login(what) => login::run(&settings, what).await,
        Command::Secrets(what) => secrets::run(&settings, what).await,
        Command::Doctor { json } => doctor::run(&settings, json).await,
        Command::Openapi => Ok(()),
    }
}

async fn serve(settings: &Settings, parts: Parts) -> Outcome {
    let settings = if parts.web {
        settings.clone()
    } else {
        Settings { listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)), ..settings.clone() }
    };
    let later = Later::default();
    if let Some(address) = settings.metrics_listen {
        crate::metrics::serve(address, Later::clone(&later)).await?;
    }
    let running = Running::start(&settings, clock(), parts).await?;
    drop(later.set(Arc::clone(&running.app)));
    if parts.web && settings.private {
        print_setup_link(&running.app).await?;
    }
    if parts.web {
        tracing::info!("serving {} on {}", settings.public_url, running.address);
    } else {
        tracing::info!("working");
    }
    let signal = until_told()?;
    running.until(signal).await;
    Ok(())
}

/// Printed, not logged: logs are kept and read by others.
async fn print_setup_link(app: &App) -> Outcome {
    require_time(app).await?;
    if let Some(link) = tenant::setup_link::issue(&app.world).await? {
        println!(
            "This installation has no company yet. Its first owner comes in here, once, within seven days:\n{link}"
        );
    }
    Ok(())
}

async fn setup_link(settings: &Settings) -> Outcome {
    let (app, _facts) = App::new(settings, Clock::system()).await?;
    require_time(&app).await?;
    if !settings.private {
        return Err("companies sign up here by themselves; set FRONTDESK_MODE=private for one company's own".into());
    }
    match tenant::setup_link::issue(&app.world).await? {
        Some(link) => println!("{link}"),
        None => return Err("there is a company already; its owner invites".into()),
    }
    Ok(())
}

/// Ends at Ctrl-C or SIGTERM.
fn until_told() -> Result<impl Future<Output = ()>, std::io::Error> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

async fn migrate(settings: &Settings, parallel: u32) -> Outcome {
    let parallel = parallel.clamp(1, 64);
    // Three of four connections are tied to companies; the rest write levels down.
    let sites = Sites::open(&settings.database_url, &settings.databases, parallel * 2 + 2)?;
    let clock = Clock::system();
    let done = tenant::migrate::run(&sites, &clock, usize::try_from(parallel)?).await?;
    for name in settings.databases.keys() {
        tenant::sites::register(&sites, name, &Settings::database_variable(name), clock.now()).await?;
    }
    println!("shared steps: {}, tenant schemas brought up to date: {}", done.shared_steps, done.tenants);
    sites.close().await;
    Ok(())
}
