//! The command line of the one binary.

use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, Subcommand};
use infra::Clock;
use infra::config::Settings;
use infra::database::Database;

use routing::revocation::{self, Revocation};
use tenant::account::{self, Status};
use tenant::scope::Actor;
use tenant::{Tenant, audit};

use crate::billing_command::{self, Money};
use crate::serve::{Parts, Running};
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
    /// Bring the database up to date
    Migrate,
    /// Make a demo company, or play a lively day into it
    Demo(demo::Options),
    /// Switch a company off, or on again
    Account {
        /// Which way
        what: Switch,
        /// The company's name in addresses
        slug: String,
    },
    /// See to plans and money
    #[command(subcommand)]
    Billing(Money),
    /// Print the link with which the first owner of a private installation comes in
    SetupLink,
    /// Look whether everything this server stands on is there
    Doctor,
    /// Print the OpenAPI document
    Openapi,
}

/// What can be done to a company from outside.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Switch {
    /// Nobody gets in, every socket closes; its data stays
    Suspend,
    /// As before
    Restore,
}

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

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
        Command::Migrate => migrate(&settings).await,
        Command::Demo(options) => demo::run(&settings, options).await,
        Command::Account { what, slug } => switch(&settings, what, &slug).await,
        Command::Billing(what) => billing_command::run(&settings, what).await,
        Command::SetupLink => setup_link(&settings).await,
        Command::Doctor => doctor(&settings).await,
        Command::Openapi => Ok(()),
    }
}

async fn serve(settings: &Settings, parts: Parts) -> Outcome {
    let settings = if parts.web {
        settings.clone()
    } else {
        Settings { listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)), ..settings.clone() }
    };
    if let Some(address) = settings.metrics_listen {
        crate::metrics::serve(address).await?;
    }
    let running = Running::start(&settings, Clock::system(), parts).await?;
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
    if let Some(link) = tenant::setup_link::issue(&app.world).await? {
        println!(
            "This installation has no company yet. Its first owner comes in here, once, within seven days:\n{link}"
        );
    }
    Ok(())
}

async fn setup_link(settings: &Settings) -> Outcome {
    let (app, _facts) = App::new(settings, Clock::system()).await?;
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

async fn migrate(settings: &Settings) -> Outcome {
    let database = Database::connect(&settings.database_url, 2)?;
    let done = tenant::migrate::run(&database, Clock::system().now()).await?;
    println!("shared steps: {}, tenant schemas brought up to date: {}", done.shared_steps, done.tenants);
    database.close().await;
    Ok(())
}

async fn switch(settings: &Settings, what: Switch, slug: &str) -> Outcome {
    let (app, _facts) = App::new(settings, Clock::system()).await?;
    let world = &app.world;
    let (from, to, action) = match what {
        Switch::Suspend => (Status::Active, Status::Suspended, "account.suspended"),
        Switch::Restore => (Status::Suspended, Status::Active, "account.restored"),
    };
    let accounts = world.directory.all(&world.database, from).await?;
    let account = accounts.into_iter().find(|account| account.slug == slug);
    let account = account.ok_or_else(|| format!("no {} company is called {slug}", from.as_str()))?;
    account::set_status(&world.database, &account, to, world.now()).await?;
    if let Some(tenant) = Tenant::find(world, account.id).await? {
        let tx = tenant.begin().await?;
        audit::note(&tx, &Actor::System, action, Some(account.id.to_string()), serde_json::json!({})).await?;
        tx.commit().await?;
    }
    revocation::revoke(&app.routing, Revocation::Company(account.id)).await;
    // What is on its way to the bus ends with this process.
    let told = tokio::time::timeout(Duration::from_secs(3), app.routing.bus.flush()).await;
    let told = if matches!(told, Ok(Ok(()))) { "at once" } else { "within half a minute: the bus is away" };
    println!("{} is {}; every server knows {told}", account.name, to.as_str());
    Ok(())
}

async fn doctor(settings: &Settings) -> Outcome {
    let (app, _facts) = App::new(settings, Clock::system()).await?;
    let app: Arc<App> = app;
    let mut healthy = true;
    let mut say = |what: &str, good: bool, advice: &str| {
        println!(
            "{} {what}{}",
            if good { "ok  " } else { "FAIL" },
            if good { String::new() } else { format!(": {advice}") }
        );
        healthy &= good;
    };
    let current = tenant::migrate::is_current(&app.world.database).await;
    say("Postgres answers", current.is_ok(), "check DATABASE_URL, and that the server runs");
    say("the database is up to date", matches!(current, Ok(true)), "run `frontdesk migrate`");
    say(
        "Redis answers",
        app.world.cache.ask::<(String,)>(infra::cache::redis::pipe().cmd("PING")).await.is_ok(),
        "check REDIS_URL; without Redis presence is known per process only",
    );
    let bus = tokio::time::timeout(Duration::from_secs(3), app.routing.bus.flush()).await;
    say(
        "NATS answers",
        matches!(bus, Ok(Ok(()))),
        "check NATS_URL; without NATS messages reach other servers only by the sweep",
    );
    let spares = tenant::provision::spares(&app.world).await.unwrap_or(0);
    say(
        "spare schemas are ready",
        spares > 0,
        "start `frontdesk work`; until then a signup makes its own and takes longer",
    );
    if healthy { Ok(()) } else { Err("not everything is as it should be".into()) }
}
