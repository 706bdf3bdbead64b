//! Postgres: a private cluster, its settings, and the role and database that the product logs in with.

mod data;
mod heal;
mod settings;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Durability, Setting};
use crate::outcome::{Outcome, Stop};
use crate::process::{Launch, Running, StopSignal, quiet};

pub(super) use data::{Passwords, version as data_version};
pub(super) use heal::LockFile;

/// Crash recovery of a large data folder may take a while.
const PATIENCE: Duration = Duration::from_mins(3);

/// Heals or makes the data folder and starts the server.
pub(super) fn start(setting: &Setting<'_>, port: u16) -> Outcome<(Running, Passwords)> {
    let folder = data_folder(&setting.home);
    heal::heal(&folder)?;
    let passwords = data::open_or_make(setting, &folder)?;
    let mut arguments: Vec<OsString> = vec!["-D".into(), folder.clone().into_os_string()];
    for option in settings::of(setting.plan.durability, port) {
        arguments.push("-c".into());
        arguments.push(option.into());
    }
    let service = Launch {
        name: "Postgres",
        program: setting.tools.postgres.server.clone(),
        arguments,
        environment: setting.environment(),
        folder,
        log: setting.log("postgres.log"),
        account: setting.account,
        lifetime: setting.plan.lifetime,
        stop: StopSignal::Interrupt,
    }
    .start()?;
    Ok((service, passwords))
}

/// Waits until the server says, in its lock file, that it takes connections.
pub(super) fn await_ready(setting: &Setting<'_>, service: Option<&mut Running>) -> Outcome<()> {
    let folder = data_folder(&setting.home);
    // A lock file that a killed server left says "ready" too; it names another process.
    let pid = service.as_ref().map(|service| service.pid());
    let ready = || LockFile::read(&folder).is_some_and(|file| file.ready && Some(file.pid) == pid);
    setting.await_answer(service, "postgres.log", PATIENCE, ready)
}

/// Makes the role and the database, and gives the addresses: as the product, and as superuser.
pub(super) fn prepare(setting: &Setting<'_>, port: u16, passwords: &Passwords) -> Outcome<(String, String)> {
    let script = setting.workspace.path("infra/deploy/postgres/init.sql");
    let mut psql = Command::new(&setting.tools.postgres.psql);
    // A developer's own PGHOST, PGSERVICE or PGSSLMODE must not lead this connection astray.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        psql.env_remove(name);
    }
    psql.envs(setting.environment())
        .env("PGPASSWORD", &passwords.admin)
        .env("FRONTDESK_DATABASE_PASSWORD", &passwords.app)
        .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"])
        .arg("--dbname")
        .arg(format!("host=127.0.0.1 port={port} user=postgres dbname=postgres sslmode=disable"))
        .arg("--file")
        .arg(&script);
    quiet(setting.workspace, &mut psql, &setting.log("postgres-init.log")).map_err(|stop| match stop {
        Stop::Failed(reason) => Stop::Failed(format!(
            "Postgres runs, but its role and database could not be made; `cargo dev --reset` begins with new data.\n{reason}"
        )),
        Stop::Reported | Stop::Interrupted => stop,
    })?;
    let url = |user: &str, password: &str, database: &str| match setting.plan.durability {
        Durability::Durable => format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}"),
        Durability::Ephemeral => format!("postgres://{user}@127.0.0.1:{port}/{database}"),
    };
    Ok((url("frontdesk", &passwords.app, "frontdesk"), url("postgres", &passwords.admin, "postgres")))
}

pub(super) fn data_folder(home: &Path) -> PathBuf {
    home.join("postgres")
}
