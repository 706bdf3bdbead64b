//! Postgres, Redis and NATS of our own. Postgres keeps its promises as in production: `fsync` and `synchronous_commit` are on.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use sqlx::{Connection as _, PgConnection};
use tokio::process::Command;
use uuid::Uuid;

use super::workspace;
use crate::outcome::{Doing as _, Failed, Outcome};

/// How to reach the services.
#[expect(clippy::struct_field_names, reason = "the names are those of the printed JSON")]
#[derive(Debug, Clone, Deserialize)]
pub struct Addresses {
    /// As the product's login role.
    pub database_url: String,
    /// As superuser.
    pub admin_database_url: String,
    /// Redis.
    pub redis_url: String,
    /// NATS.
    pub nats_url: String,
}

#[derive(Deserialize)]
struct Record {
    services: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Recorded {
    name: String,
    process: Process,
}

#[derive(Deserialize)]
struct Process {
    pid: u32,
}

/// The three services, with empty data.
#[derive(Debug, Clone)]
pub struct Services {
    /// Where their data and logs are.
    pub folder: PathBuf,
    /// Where they listen.
    pub addresses: Addresses,
}

/// Limits that nobody reaches.
const WIDE: &str = r#"{"messages_per_minute": 60000000, "requests_per_minute": 60000000, "key_requests_per_minute": 60000000,
    "visitors_per_minute": 60000000, "sockets": 1000000}"#;

impl Services {
    /// Starts them with empty data in `folder`, on the first free ports from `base_port` on.
    pub async fn up(folder: &Path, base_port: u16) -> Outcome<Self> {
        // What an earlier run left, running or not.
        stack(&["down", "--remove"], folder, &[]).await?;
        let printed = stack(&["up"], folder, &["--base-port", &base_port.to_string()]).await?;
        let json = printed.find('{').and_then(|at| printed.get(at..)).unwrap_or_default();
        let addresses: Addresses = serde_json::from_str(json).doing(|| "read the services' addresses".to_owned())?;
        let services = Self { folder: folder.to_owned(), addresses };
        services.insist_on_durability().await?;
        Ok(services)
    }

    /// Starts those that are down again, on the same ports with the same data.
    pub async fn again(&self) -> Outcome<()> {
        let port = self.addresses.database_url.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next());
        stack(&["up"], &self.folder, &["--base-port", port.unwrap_or_default()]).await.map(drop)
    }

    /// Ends them and forgets their data.
    pub async fn down(&self) -> Outcome<()> {
        stack(&["down", "--remove"], &self.folder, &[]).await.map(drop)
    }

    /// The process of `Postgres`, `Redis` or `NATS`.
    pub fn pid(&self, name: &str) -> Outcome<u32> {
        let path = self.folder.join("stack.json");
        let text = std::fs::read_to_string(&path).doing(|| format!("read {}", path.display()))?;
        let record: Record = serde_json::from_str(&text).doing(|| format!("read {}", path.display()))?;
        let found = record.services.iter().find(|service| service.name == name);
        found.map(|service| service.process.pid).doing(|| format!("find the process of {name}"))
    }

    /// The product's database, as superuser.
    pub fn admin_url(&self) -> String {
        let database = self.addresses.database_url.rsplit('/').next().unwrap_or_default();
        let (server, _) = self.addresses.admin_database_url.rsplit_once('/').unwrap_or_default();
        format!("{server}/{database}")
    }

    /// A connection to it.
    pub async fn admin(&self) -> Outcome<PgConnection> {
        PgConnection::connect(&self.admin_url()).await.doing(|| "reach Postgres as superuser".to_owned())
    }

    /// Companies of a measurement may go as fast as they can. They are counted all the same, so that the counting is measured too.
    pub async fn lift_limits(&self) -> Outcome<()> {
        let lifted = sqlx::query("update shared.account set plan = 'private', limits = $1::jsonb where limits = '{}'")
            .bind(WIDE)
            .execute(&mut self.admin().await?)
            .await;
        lifted.map(drop).doing(|| "lift the companies' limits".to_owned())
    }

    /// Gives a company limits of its own.
    pub async fn set_limits(&self, account: Uuid, limits: &str) -> Outcome<()> {
        let set = sqlx::query("update shared.account set limits = $2::jsonb where id = $1").bind(account).bind(limits);
        set.execute(&mut self.admin().await?).await.map(drop).doing(|| "set a company's limits".to_owned())
    }

    /// A figure from a Postgres that may forget would be a lie.
    async fn insist_on_durability(&self) -> Outcome<()> {
        let mut admin = self.admin().await?;
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            let value: String = sqlx::query_scalar("select current_setting($1)")
                .bind(setting)
                .fetch_one(&mut admin)
                .await
                .doing(|| format!("ask Postgres for {setting}"))?;
            if value != "on" {
                return Err(Failed::because(format!("{setting} is {value} in the Postgres to be measured")));
            }
        }
        Ok(())
    }
}

async fn stack(verb: &[&str], folder: &Path, more: &[&str]) -> Outcome<String> {
    let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["xtask", "stack"])
        .args(verb)
        .arg("--dir")
        .arg(folder)
        .args(more)
        .current_dir(workspace())
        .stdin(Stdio::null())
        .output()
        .await
        .doing(|| "run cargo".to_owned())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failed::because(format!("`cargo xtask stack {}` failed: {said}", verb.join(" "))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
