//! `frontdesk tenant …`: looking after companies. Every command answers people, or machines with `--json`.

use clap::{Args, Subcommand, ValueEnum};
use infra::config::Settings;
use serde_json::json;
use tenant::account::Status;
use tenant::overview::{self, Overview};
use tenant::relocate::{self, Moved};
use tenant::scope::Actor;
use tenant::{audit, migrate, support};

use super::archive;
use super::company::{self, Turn};
use super::{Failure, Outcome};

/// What can be done about companies.
#[derive(Subcommand)]
pub(super) enum Verb {
    #[command(flatten)]
    Archive(archive::Command),
    /// Every company, oldest first
    List {
        /// Only those that are
        #[arg(long)]
        status: Option<Stands>,
        #[command(flatten)]
        out: Out,
    },
    /// One company in full
    Show {
        #[command(flatten)]
        which: Which,
    },
    /// Switch a company off: nobody gets in, every socket closes; its data stays
    Suspend {
        #[command(flatten)]
        which: Which,
        /// Why; the company reads it in its audit log
        #[arg(long)]
        reason: Option<String>,
    },
    /// Switch a suspended company on again
    Resume {
        #[command(flatten)]
        which: Which,
    },
    /// End a company; it can be restored until it is erased
    Close {
        #[command(flatten)]
        which: Which,
        /// Why; the company reads it in its audit log
        #[arg(long)]
        reason: Option<String>,
    },
    /// Bring a closed company back
    Restore {
        #[command(flatten)]
        which: Which,
    },
    /// How many schemas stand at which migration
    Levels {
        #[command(flatten)]
        out: Out,
    },
    /// Bring one company's schema up to date before the others
    Migrate {
        #[command(flatten)]
        which: Which,
    },
    /// The databases that companies live in, and how many live where
    Databases {
        #[command(flatten)]
        out: Out,
    },
    /// Move a company to another database; it can be read meanwhile, and written again when it has arrived
    Move {
        #[command(flatten)]
        which: Which,
        /// The name of the database; `home` for the one of the directory
        #[arg(long, required_unless_present = "abort")]
        to: Option<String>,
        /// Leave a company whose move did not end where it was
        #[arg(long, conflicts_with = "to")]
        abort: bool,
    },
    /// Drop what moved companies have left where they came from
    DropCopies {
        /// Only copies at least so old
        #[arg(long, default_value_t = 7)]
        days: u32,
        #[command(flatten)]
        out: Out,
    },
    /// Come in as support, with the company's consent; prints a link that is good for an hour
    Impersonate {
        #[command(flatten)]
        which: Which,
        /// Who you are; the company reads it
        #[arg(long)]
        operator: String,
        /// What for; the company reads it
        #[arg(long)]
        reason: String,
        /// Also change things, where the company has consented to that
        #[arg(long)]
        changes: bool,
    },
}

/// How to answer.
#[derive(Args)]
pub(super) struct Out {
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// Which company.
#[derive(Args)]
pub(super) struct Which {
    /// Its name in addresses, or its id
    company: String,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// Where a company can stand.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Stands {
    Provisioning,
    Active,
    Suspended,
    Closed,
    Deleting,
    Deleted,
}

impl Stands {
    const fn status(self) -> Status {
        match self {
            Self::Provisioning => Status::Provisioning,
            Self::Active => Status::Active,
            Self::Suspended => Status::Suspended,
            Self::Closed => Status::Closed,
            Self::Deleting => Status::Deleting,
            Self::Deleted => Status::Deleted,
        }
    }
}

/// Does it.
pub(super) async fn run(settings: &Settings, verb: Verb) -> Outcome {
    match verb {
        Verb::Archive(what) => archive::run(settings, what).await,
        Verb::List { status, out } => list(settings, status, out.json).await,
        Verb::Show { which } => show(settings, &which).await,
        Verb::Suspend { which, reason } => {
            company::turn(settings, &which.company, Turn::Suspend, reason, which.json).await
        }
        Verb::Resume { which } => company::turn(settings, &which.company, Turn::Resume, None, which.json).await,
        Verb::Close { which, reason } => company::turn(settings, &which.company, Turn::Close, reason, which.json).await,
        Verb::Restore { which } => company::turn(settings, &which.company, Turn::Restore, None, which.json).await,
        Verb::Levels { out } => levels(settings, out.json).await,
        Verb::Migrate { which } => migrate_one(settings, &which).await,
        Verb::Databases { out } => databases(settings, out.json).await,
        Verb::Move { which, to, abort } => relocate(settings, &which, to.filter(|_| !abort).as_deref()).await,
        Verb::DropCopies { days, out } => drop_copies(settings, days, out.json).await,
        Verb::Impersonate { which, operator, reason, changes } => {
            impersonate(settings, &which, &operator, &reason, changes).await
        }
    }
}

async fn list(settings: &Settings, status: Option<Stands>, json: bool) -> Outcome {
    let app = company::open(settings).await?;
    let all = overview::list(&app.world, status.map(|status| status.status().as_str())).await?;
    if json {
        return company::print(&all);
    }
    println!(
        "{:<32} {:<24} {:<12} {:<8} {:<10} {:>7} {:>5}",
        "id", "name", "status", "plan", "database", "members", "level"
    );
    for company in &all {
        println!("{}", line(company));
    }
    println!("{} companies", all.len());
    Ok(())
}

fn line(company: &Overview) -> String {
    let level = company.level.map_or_else(|| "?".to_owned(), |level| level.to_string());
    format!(
        "{:<32} {:<24} {:<12} {:<8} {:<10} {:>7} {level:>5}",
        company.id, company.slug, company.status, company.plan, company.database, company.members
    )
}

async fn show(settings: &Settings, which: &Which) -> Outcome {
    let app = company::open(settings).await?;
    let id = company::find(&app, &which.company).await?.id();
    let portrait = overview::portrait(&app.world, id).await?.ok_or("the company is gone")?;
    if which.json {
        return company::print(&portrait);
    }
    let company = &portrait.overview;
    let moving = company.moving_to.as_ref().map(|to| format!(", on its way to {to}")).unwrap_or_default();
    println!("{} ({})", company.name, company.slug);
    println!("  id        {}", company.id);
    println!("  status    {}", company.status);
    println!("  plan      {}", company.plan);
    println!("  since     {}", company.created_at.format("%Y-%m-%d %H:%M UTC"));
    println!("  owners    {}", portrait.owners.join(", "));
    println!("  members   {}", company.members);
    println!("  database  {}{moving}", company.database);
    println!("  schema    {} at level {}", company.schema, company.level.unwrap_or_default());
    println!("  tables    {}, {} KiB on disk", portrait.tables, portrait.bytes / 1024);
    for (table, rows) in &portrait.about {
        println!("  {table:<13} about {rows}");
    }
    match portrait.support_until {
        Some(until) => println!("  support   may come in until {}", until.format("%Y-%m-%d %H:%M UTC")),
        None => println!("  support   may not come in"),
    }
    Ok(())
}

async fn levels(settings: &Settings, json: bool) -> Outcome {
    let app = company::open(settings).await?;
    let levels = overview::levels(&app.world).await?;
    if json {
        return company::print(&levels);
    }
    for (level, schemas) in &levels.schemas {
        let mark = if *level == levels.latest { "" } else { "  ← behind" };
        println!("level {level}: {schemas} schemas{mark}");
    }
    println!("this program wants level {}", levels.latest);
    Ok(())
}

async fn migrate_one(settings: &Settings, which: &Which) -> Outcome {
    let app = company::open(settings).await?;
    let tenant = company::find(&app, &which.company).await?;
    let account = &tenant.account;
    let world = &app.world;
    let did = migrate::run_one(&world.sites, &world.clock, &account.schema, account.database.as_deref()).await?;
    if which.json {
        return company::print(&json!({ "id": account.id, "level": migrate::latest_tenant(), "changed": did }));
    }
    let what = if did { "is now" } else { "was already" };
    println!("{} {what} at level {}", account.slug, migrate::latest_tenant());
    Ok(())
}

async fn databases(settings: &Settings, json: bool) -> Outcome {
    let app = company::open(settings).await?;
    let all = overview::databases(&app.world).await?;
    if json {
        return company::print(&all);
    }
    for database in &all {
        let reached = if database.reachable { "" } else { "  ← this server has no address for it" };
        println!("{:<16} {:>6} companies{reached}", database.name, database.companies);
    }
    Ok(())
}

async fn relocate(settings: &Settings, which: &Which, to: Option<&str>) -> Outcome {
    let app = company::open(settings).await?;
    let tenant = company::find(&app, &which.company).await?;
    let world = &app.world;
    let Some(to) = to else {
        relocate::abort(world, tenant.id()).await?;
        routing::revocation::forget_everywhere(&app.routing, tenant.id()).await;
        company::flushed(&app).await;
        println!("{} stays where it was", tenant.account.slug);
        return Ok(());
    };
    let to = Some(to).filter(|name| *name != "home");
    let from = relocate::announce(world, tenant.id(), to).await?;
    // From here on it can be read and not written: servers that hear of it say when to come again.
    routing::revocation::forget_everywhere(&app.routing, tenant.id()).await;
    company::flushed(&app).await;
    let moved = relocate::carry(world, tenant.id()).await?;
    routing::revocation::forget_everywhere(&app.routing, tenant.id()).await;
    company::flushed(&app).await;
    let after = tenant.as_of_now().await?;
    let tx = after.begin().await?;
    let detail = json!({ "from": from, "to": to.unwrap_or("home") });
    audit::note(&tx, &Actor::System, "account.moved", Some(tenant.id().to_string()), detail).await?;
    tx.commit().await?;
    if which.json {
        return company::print(&moved);
    }
    let Moved { tables, rows, read_only_ms, .. } = moved;
    println!(
        "{} lives in {} now: {tables} tables, {rows} rows, compared row by row",
        tenant.account.slug,
        to.unwrap_or("home")
    );
    println!(
        "it could not be written for {:.1} s; its old copy is kept until `frontdesk tenant drop-copies`",
        millis(read_only_ms)
    );
    Ok(())
}

fn millis(milliseconds: u64) -> f64 {
    std::time::Duration::from_millis(milliseconds).as_secs_f64()
}

async fn drop_copies(settings: &Settings, days: u32, json: bool) -> Outcome {
    let app = company::open(settings).await?;
    let dropped = relocate::drop_copies(&app.world, days).await?;
    if json {
        return company::print(&dropped);
    }
    println!("{} old copies dropped", dropped.len());
    Ok(())
}

async fn impersonate(settings: &Settings, which: &Which, operator: &str, reason: &str, changes: bool) -> Outcome {
    let operator = company::plain(operator, 80).ok_or("--operator is 1 to 80 characters on one line")?;
    let reason = company::plain(reason, 300).ok_or("--reason is 1 to 300 characters on one line")?;
    let app = company::open(settings).await?;
    let tenant = company::find(&app, &which.company).await?;
    let begun = support::begin_visit(&app.world, tenant.id(), &operator, &reason, changes).await;
    let (visit, secret) = begun.map_err(|error| -> Failure {
        match error {
            support::SupportError::NotGranted => {
                let more = if changes { " to change things" } else { "" };
                format!(
                    "{} has not let support in{more}; its owner does so in the portal under Support access",
                    tenant.account.slug
                )
                .into()
            }
            error @ (support::SupportError::Over | support::SupportError::Store(_)) => error.into(),
        }
    })?;
    let tx = tenant.begin().await?;
    let detail = json!({ "operator": operator, "reason": reason, "changes": changes });
    audit::note(&tx, &Actor::System, "support.visited", Some(visit.id.to_string()), detail).await?;
    tx.commit().await?;
    let link = format!("{}/portal#support={secret}", app.world.public_url);
    if which.json {
        return company::print(&json!({ "visit": visit, "link": link }));
    }
    println!("{link}");
    println!("good until {}; the company sees that you are there", visit.expires_at.format("%H:%M UTC"));
    Ok(())
}
