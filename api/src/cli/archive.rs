//! One company in a file, and back beside all others; its audit log looked at; what was erased erased again.

use std::path::PathBuf;

use clap::Subcommand;
use infra::config::Settings;
use infra::{Clock, Fault as _};
use routing::rights;
use serde_json::json;
use tenant::account::Status;
use tenant::archive::{self, Into};
use tenant::audit::chain;
use tenant::world::SharedWorld;
use tenant::{Account, Actor, Tenant, audit};

use super::{Outcome, company};
use crate::App;
use crate::serve::require_time;

/// What can be done with one company's rows as a whole.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Write a company into a file: every row as of one instant, with a checksum over every byte
    Dump {
        /// The company's id, or its name in addresses
        company: String,
        /// The file to write
        file: PathBuf,
        /// Answer in JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a new company of such a file, or of an export from the portal, beside all others
    Import {
        /// The file
        file: PathBuf,
        /// The new company's name in addresses
        #[arg(long)]
        into: String,
        /// The address of its owner
        #[arg(long)]
        owner: String,
        /// Its name; as it was, when absent
        #[arg(long)]
        name: Option<String>,
        /// Answer in JSON
        #[arg(long)]
        json: bool,
    },
    /// Read the archive of one contact back into the company it came from, or another one of its group; what is there already stays
    ImportContact {
        /// The company's id, or its name in addresses
        company: String,
        /// The file
        file: PathBuf,
        /// The id of the inbox for conversations whose own inbox is not there
        #[arg(long)]
        inbox: Option<String>,
        /// Answer in JSON
        #[arg(long)]
        json: bool,
    },
    /// Erase again whoever is on the list of those who were erased, as after an older backup was restored
    ReapplyErasures {
        /// One company's id or name in addresses; all of them, when absent
        company: Option<String>,
        /// Answer in JSON
        #[arg(long)]
        json: bool,
    },
    /// Look whether anybody has tampered with audit logs
    AuditVerify {
        /// One company's id or name in addresses; all of them, when absent
        company: Option<String>,
        /// Answer in JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of them.
pub(super) async fn run(settings: &Settings, command: Command) -> Outcome {
    let (app, _facts) = App::new(settings, Clock::system()).await?;
    require_time(&app).await?;
    match command {
        Command::Dump { company, file, json } => dump(&app.world, &company, file, json).await,
        Command::Import { file, into, owner, name, json } => {
            restore(&app, file, Into { slug: into, name, owner }, json).await
        }
        Command::ImportContact { company, file, inbox, json } => {
            import_contact(&app.world, &company, file, inbox.as_deref(), json).await
        }
        Command::ReapplyErasures { company, json } => reapply_erasures(&app, company.as_deref(), json).await,
        Command::AuditVerify { company, json } => audit_verify(&app.world, company.as_deref(), json).await,
    }
}

/// Every company that has its rows, whatever its state.
async fn companies(world: &SharedWorld) -> Result<Vec<Account>, infra::database::StoreError> {
    let mut all = Vec::new();
    for status in [Status::Active, Status::Suspended, Status::Closed] {
        all.extend(world.directory.all(&world.database, status).await?);
    }
    Ok(all)
}

async fn find(world: &SharedWorld, company: &str) -> Result<Tenant, Box<dyn std::error::Error + Send + Sync>> {
    let account =
        companies(world).await?.into_iter().find(|each| each.slug == company || each.id.to_string() == company);
    let account = account.ok_or_else(|| format!("no company is called {company}"))?;
    Ok(Tenant::find(world, account.id).await?.ok_or("the company has just gone")?)
}

async fn dump(world: &SharedWorld, company: &str, file: PathBuf, json: bool) -> Outcome {
    let tenant = find(world, company).await?;
    let sealed = archive::write_account(&tenant, &file, None).await?;
    let rows: u64 = sealed.manifest.entries.iter().map(|entry| entry.rows).sum();
    let tx = tenant.begin().await?;
    let detail = json!({ "rows": rows, "sha256": sealed.seal });
    audit::note(&tx, &Actor::System, "account.dumped", Some(tenant.id().to_string()), detail).await?;
    tx.commit().await?;
    if json {
        return company::print(&json!({
            "account": tenant.id(), "file": file, "rows": rows, "bytes": sealed.bytes, "sha256": sealed.seal,
            "schema_level": sealed.manifest.schema_level,
        }));
    }
    println!("{} is in {}: {rows} rows, {} bytes", tenant.account.slug, file.display(), sealed.bytes);
    println!("its SHA-256 is {}", sealed.seal);
    Ok(())
}

async fn restore(app: &App, file: PathBuf, into: Into, json: bool) -> Outcome {
    let world = &app.world;
    let slug = into.slug.clone();
    let restored = archive::restore(world, file, into).await?;
    let tenant = Tenant::find(world, restored.account).await?.ok_or("the company has just gone")?;
    let tx = tenant.begin().await?;
    let owner = tenant::membership::find(world, restored.owner).await?.ok_or("the owner has just gone")?;
    tenant::agent::join(&tx, owner.id, &owner.name).await?;
    let detail =
        json!({ "from": restored.manifest.account_id, "made_at": restored.manifest.made_at, "rows": restored.rows });
    audit::note(&tx, &Actor::System, "account.made_from_archive", Some(tenant.id().to_string()), detail).await?;
    tx.commit().await?;
    // Whoever was erased after the archive was written stays erased.
    let again = rights::erase_again(&app.routing, &tenant, restored.manifest.account_id.parse()?).await?;
    if json {
        return company::print(&json!({
            "account": tenant.id(), "slug": slug, "owner": owner.email, "rows": restored.rows, "erased_again": again,
            "roles": restored.roles, "identity_keys_ended": restored.identity_keys_ended,
            "not_taken": { "members": restored.members_left, "roles": restored.roles_left },
        }));
    }
    println!("{slug} is made: {} rows and {} roles; {} owns it", restored.rows, restored.roles, owner.email);
    println!("not taken: {} members, whom the owner may invite", restored.members_left);
    for role in &restored.roles_left {
        println!("not taken: the role {role}, which this program cannot make");
    }
    if restored.identity_keys_ended > 0 {
        println!("{} vouching keys have ended: nobody can open their secrets here", restored.identity_keys_ended);
    }
    println!("{again} persons who were erased since are erased again");
    Ok(())
}

async fn import_contact(world: &SharedWorld, company: &str, file: PathBuf, inbox: Option<&str>, json: bool) -> Outcome {
    let tenant = find(world, company).await?;
    let inbox: Option<desk::InboxId> =
        inbox.map(|id| id.parse().map_err(|_| format!("{id} is not the id of an inbox"))).transpose()?;
    let imported = rights::import(&tenant, &Actor::System, file, inbox).await;
    // The code as well: what is told in words may be told otherwise tomorrow.
    let imported = imported.map_err(|error| format!("{error} ({})", error.code()))?;
    let (read, slug) = (imported.read, &tenant.account.slug);
    if json {
        return company::print(&json!({
            "account": tenant.id(), "from": imported.manifest.account_id, "made_at": imported.manifest.made_at, "read": read,
            "not_taken": imported.not_taken,
        }));
    }
    let person = if read.contact_is_new { "is there again" } else { "was there, and stays as it is" };
    println!("{slug}: {} {person}", read.contact_id);
    println!("read back: {} conversations, {} messages, {} ratings", read.conversations, read.messages, read.ratings);
    println!("there already, and left as they are: {} conversations", read.there_already);
    for (name, rows) in &imported.not_taken {
        println!("not taken: {name}, {rows} rows, of use only where it came from");
    }
    Ok(())
}

/// The named one, or all of them.
async fn chosen(
    world: &SharedWorld,
    company: Option<&str>,
) -> Result<Vec<Tenant>, Box<dyn std::error::Error + Send + Sync>> {
    let Some(company) = company else {
        let mut all = Vec::new();
        for account in companies(world).await? {
            all.extend(Tenant::find(world, account.id).await?);
        }
        return Ok(all);
    };
    Ok(vec![find(world, company).await?])
}

async fn reapply_erasures(app: &App, company: Option<&str>, json: bool) -> Outcome {
    let mut told = Vec::new();
    for tenant in chosen(&app.world, company).await? {
        let again = rights::erase_again(&app.routing, &tenant, tenant.id()).await?;
        if !json {
            println!("{}: {again} persons are erased again", tenant.account.slug);
        }
        told.push(json!({ "account": tenant.id(), "slug": tenant.account.slug, "erased_again": again }));
    }
    if json { company::print(&told) } else { Ok(()) }
}

async fn audit_verify(world: &SharedWorld, company: Option<&str>, json: bool) -> Outcome {
    let (mut broken, mut told) = (0, Vec::new());
    for tenant in chosen(world, company).await? {
        let verdict = chain::verify(&tenant.begin().await?).await?;
        broken += usize::from(!verdict.intact);
        if !json {
            let slug = &tenant.account.slug;
            match verdict.broken_at {
                Some(number) => println!("{slug}: NOT as it was written, from entry {number} on"),
                None if !verdict.intact => println!("{slug}: NOT as it was written: it does not end as it should"),
                None => println!("{slug}: as it was written, {} entries", verdict.checked),
            }
        }
        told.push(json!({ "account": tenant.id(), "slug": tenant.account.slug, "verdict": verdict }));
    }
    if json {
        company::print(&told)?;
    }
    if broken == 0 { Ok(()) } else { Err(format!("{broken} audit logs are not as they were written").into()) }
}
