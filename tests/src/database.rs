//! The services that tests stand on, and a database for each app, copied from a migrated template in a blink.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use infra::config::Settings;
use infra::{Clock, ids};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use crate::wait::fresh;

/// How to reach the services.
#[derive(Debug, Clone, Serialize, Deserialize)]
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

/// How many furnished schemas the template holds, so that a test's first signups cost nothing.
const SPARES: u32 = 4;
/// After this long, a database was left behind, whatever its process has become.
const STALE_SECONDS: i64 = 1200;

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

impl Addresses {
    /// From the environment, as `cargo verify` sets it; else the shared stack is started, or found running.
    pub fn find() -> &'static Self {
        static FOUND: OnceLock<Addresses> = OnceLock::new();
        FOUND.get_or_init(|| Self::from_environment().unwrap_or_else(Self::from_stack))
    }

    fn from_environment() -> Option<Self> {
        let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Some(Self {
            database_url: read("TEST_DATABASE_URL")?,
            admin_database_url: read("TEST_ADMIN_DATABASE_URL")?,
            redis_url: read("TEST_REDIS_URL")?,
            nats_url: read("TEST_NATS_URL")?,
        })
    }

    /// One test of a run asks for the stack; the others read what it was told.
    fn from_stack() -> Self {
        let folder = workspace().join("target/test-stack");
        std::fs::create_dir_all(&folder).unwrap();
        let run = std::env::var("NEXTEST_RUN_ID").unwrap_or_else(|_| std::process::id().to_string());
        let told = folder.join("addresses.json");
        let turn = File::create(folder.join("addresses.lock")).unwrap();
        turn.lock().unwrap();
        if let Ok(text) = std::fs::read_to_string(&told)
            && let Ok((earlier, addresses)) = serde_json::from_str::<(String, Self)>(&text)
            && earlier == run
        {
            return addresses;
        }
        let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
            .args(["xtask", "stack", "up", "--ephemeral", "--dir"])
            .arg(&folder)
            .current_dir(workspace())
            .output()
            .expect("cargo can be run");
        assert!(output.status.success(), "the stack did not start: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let addresses: Self = serde_json::from_str(&text[text.find('{').expect("addresses")..]).unwrap();
        std::fs::write(&told, serde_json::to_string(&(run, &addresses)).unwrap()).unwrap();
        addresses
    }
}

fn with_database(url: &str, name: &str) -> String {
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

fn login_role(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap();
    rest.split(['@', ':', '/']).next().unwrap()
}

/// A database that nobody else uses. Dropped after its process.
#[derive(Debug)]
pub struct OwnDatabase {
    name: String,
    /// As the product's login role.
    pub url: String,
    /// As superuser, in this database.
    pub admin_url: String,
}

impl OwnDatabase {
    /// Copies the template.
    pub async fn make() -> Self {
        let addresses = Addresses::find();
        let server_url = addresses.admin_database_url.clone();
        let mut admin = PgConnection::connect(&server_url).await.expect("Postgres answers");
        // Held until this connection closes: one process makes the template, the others wait for it.
        admin.execute("select pg_advisory_lock(7400902)").await.unwrap();
        let template = template(&mut admin, addresses).await;
        remove_stale(&mut admin).await;
        let name = name();
        let role = login_role(&addresses.database_url);
        run(&mut admin, &format!("create database {name} template {template} owner {role}")).await;
        run(&mut admin, &format!("alter database {name} set synchronous_commit = off")).await;
        admin.close().await.unwrap();
        Self { url: with_database(&addresses.database_url, &name), admin_url: with_database(&server_url, &name), name }
    }

    /// An empty one, as an operator makes a further database.
    pub async fn make_empty() -> Self {
        let addresses = Addresses::find();
        let server_url = addresses.admin_database_url.clone();
        let mut admin = PgConnection::connect(&server_url).await.expect("Postgres answers");
        let name = name();
        let role = login_role(&addresses.database_url);
        run(&mut admin, &format!("create database {name} owner {role}")).await;
        admin.close().await.unwrap();
        let admin_url = with_database(&server_url, &name);
        let own = Self { url: with_database(&addresses.database_url, &name), admin_url, name };
        let mut inside = own.admin().await;
        run(&mut inside, "revoke all on schema public from public").await;
        inside.close().await.unwrap();
        own
    }

    /// A connection as superuser.
    pub async fn admin(&self) -> PgConnection {
        PgConnection::connect(&self.admin_url).await.expect("Postgres answers")
    }

    /// Says what the database was left with that nobody handled.
    ///
    /// The database goes with the next that is made, once this process is no more. Dropped here, it would wait for a minute: Postgres
    /// first asks every connection, and one that this process was just opening answers nobody while a `drop` holds its runtime.
    pub(crate) fn end(&self) -> Vec<String> {
        let admin_url = self.admin_url.clone();
        std::fs::remove_dir_all(workspace().join("target/test-files").join(&self.name)).ok();
        // Drop is not async and may run inside a runtime, so this has one of its own.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut here = PgConnection::connect(&admin_url).await.ok()?;
                // A further database has no directory.
                let rows = sqlx::query("select kind, last_error from shared.job where gave_up_at is not null")
                    .fetch_all(&mut here)
                    .await
                    .unwrap_or_default();
                let given_up = rows.iter().map(|row| {
                    format!("{}: {}", row.get::<String, _>(0), row.get::<Option<String>, _>(1).unwrap_or_default())
                });
                Some(given_up.collect())
            })
        });
        thread.join().ok().flatten().unwrap_or_default()
    }
}

/// A name that tells when it was given, and by which process.
fn name() -> String {
    let (now, process) = (Clock::system().now().timestamp(), std::process::id());
    format!("fdtest_{now}_{process}_{}", &ids::encode(fresh())[13..])
}

async fn run(connection: &mut PgConnection, sql: &str) {
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn exists(admin: &mut PgConnection, name: &str) -> bool {
    sqlx::query("select from pg_database where datname = $1").bind(name).fetch_optional(admin).await.unwrap().is_some()
}

/// The name of a migrated database with spare schemas. Made anew when a migration has changed.
async fn template(admin: &mut PgConnection, addresses: &Addresses) -> String {
    let name = format!("fdtemplate_{:016x}", migrations());
    if exists(admin, &name).await {
        return name;
    }
    let making = format!("{name}_making");
    run(admin, &format!("drop database if exists {making} with (force)")).await;
    let role = login_role(&addresses.database_url);
    run(admin, &format!("create database {making} owner {role}")).await;
    let mut inside = PgConnection::connect(&with_database(&addresses.admin_database_url, &making)).await.unwrap();
    run(&mut inside, "revoke all on schema public from public").await;
    inside.close().await.unwrap();

    let settings = settings(addresses, &with_database(&addresses.database_url, &making));
    let (app, _facts) = api::App::new(&settings, Clock::system()).await.unwrap();
    tenant::migrate::run(&app.world.sites, &app.world.clock, 1).await.unwrap();
    for _ in 0..SPARES {
        tenant::provision::make_spare(&app.world).await.unwrap();
    }
    app.world.sites.close().await;
    run(admin, &format!("alter database {making} rename to {name}")).await;
    name
}

/// FNV-1a over every migration.
fn migrations() -> u64 {
    let folder = workspace().join("tenant/migrations");
    let mut files: Vec<PathBuf> = ["shared", "tenant"]
        .iter()
        .flat_map(|part| std::fs::read_dir(folder.join(part)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let texts = files.iter().flat_map(|file| std::fs::read(file).unwrap());
    texts.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Drops what processes that are no more have left.
async fn remove_stale(admin: &mut PgConnection) {
    let rows = sqlx::query("select datname::text from pg_database where datname like 'fdtest\\_%'")
        .fetch_all(&mut *admin)
        .await
        .unwrap();
    let before = Clock::system().now().timestamp() - STALE_SECONDS;
    let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let stale = names.iter().filter(|name| {
        let mut parts = name.split('_').skip(1);
        let made = parts.next().and_then(|made| made.parse::<i64>().ok());
        let is_over = parts.next().is_some_and(|process| !Path::new("/proc").join(process).exists());
        made.is_some_and(|made| made < before || is_over)
    });
    for name in stale.take(20) {
        run(admin, &format!("drop database if exists {name} with (force)")).await;
    }
}

/// Settings of a test server, read as from an environment; it listens on any free port.
pub(crate) fn settings(addresses: &Addresses, database_url: &str) -> Settings {
    let (_, name) = database_url.rsplit_once('/').unwrap();
    let files = format!("file:{}", workspace().join("target/test-files").join(name).display());
    let read = |name: &str| {
        let value = match name {
            "DATABASE_URL" => database_url,
            "REDIS_URL" => &addresses.redis_url,
            "NATS_URL" => &addresses.nats_url,
            "FRONTDESK_LISTEN" => "127.0.0.1:0",
            "FRONTDESK_PUBLIC_URL" => "http://frontdesk.test",
            "FRONTDESK_MAIL_FROM" => "Frontdesk <no-reply@frontdesk.test>",
            "FRONTDESK_SECRET" => "a secret for tests only, of more than 32 characters",
            "FRONTDESK_DB_CONNECTIONS" => "8",
            "FRONTDESK_SPARE_SCHEMAS" => "1",
            // The pool is small, and one company has most of a story to itself.
            "FRONTDESK_DB_SHARE" => "75",
            // People in stories type faster than any.
            "FRONTDESK_VISITOR_RATE" | "FRONTDESK_ADDRESS_RATE" => "1000000",
            "FRONTDESK_DRAIN_SECONDS" => "0",
            "FRONTDESK_BLOBS" => &files,
            _ => return None,
        };
        Some(value.to_owned())
    };
    Settings::read(&read).expect("these settings can be used")
}
