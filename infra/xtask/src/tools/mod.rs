//! The programs of this machine that the project needs: where they are, and how they come here when they are not.

mod apt;
mod browser;
mod faketime;
mod locate;
mod node;
mod rust;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::outcome::{Context, Outcome, Stop};
use crate::process;
use crate::workspace::Workspace;

pub(crate) use browser::ensure_browser;
pub(crate) use faketime::ensure_faketime;
pub(crate) use locate::in_path;
pub(crate) use node::ensure_node;
pub(crate) use rust::ensure_rust_components;

/// The oldest Postgres that the product runs on.
const OLDEST_POSTGRES: u32 = 15;

/// Where the three services' programs are.
pub(crate) struct Toolbox {
    /// `initdb`, `postgres` and `psql` of one and the same Postgres.
    pub(crate) postgres: PostgresTools,
    /// `redis-server`.
    pub(crate) redis: PathBuf,
    /// `nats-server`.
    pub(crate) nats: PathBuf,
    /// `LD_LIBRARY_PATH` for programs that were unpacked beside the checkout and not installed.
    pub(crate) libraries: Option<OsString>,
}

/// One Postgres of this machine.
#[derive(Clone, Debug)]
pub(crate) struct PostgresTools {
    /// 15, 16, 17 …
    pub(crate) major: u32,
    /// `initdb`.
    pub(crate) initdb: PathBuf,
    /// `postgres`.
    pub(crate) server: PathBuf,
    /// `psql`.
    pub(crate) psql: PathBuf,
}

impl Toolbox {
    /// Finds the programs, installing or unpacking what is missing. `data_major` is the version that made an existing
    /// data folder, which no other version can open.
    pub(crate) fn ready(workspace: &Workspace, data_major: Option<u32>) -> Outcome<Self> {
        let missing = match Self::find(workspace, data_major) {
            Ok(found) => return Ok(found),
            Err(missing) => missing,
        };
        apt::provide(workspace, &packages(&missing)).map_err(|stop| explain(stop, &missing))?;
        Self::find(workspace, data_major).map_err(|still| explain(Stop::because(""), &still))
    }

    fn find(workspace: &Workspace, data_major: Option<u32>) -> Result<Self, Vec<Missing>> {
        let unpacked = locate::unpacked_folders(workspace);
        let libraries = locate::libraries(workspace);
        let postgres = find_postgres(&unpacked, libraries.as_ref(), data_major);
        let redis = locate::program("redis-server", &unpacked);
        let nats = locate::program("nats-server", &unpacked);
        match (postgres, redis, nats) {
            (Some(postgres), Some(redis), Some(nats)) => Ok(Self { postgres, redis, nats, libraries }),
            (postgres, redis, nats) => {
                let mut missing = Vec::new();
                if postgres.is_none() {
                    missing.push(Missing::Postgres(data_major));
                }
                if redis.is_none() {
                    missing.push(Missing::Redis);
                }
                if nats.is_none() {
                    missing.push(Missing::Nats);
                }
                Err(missing)
            }
        }
    }
}

/// A program that is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    /// Any supported Postgres, or the one that made the data folder.
    Postgres(Option<u32>),
    Redis,
    Nats,
}

impl Missing {
    fn sentence(self) -> String {
        match self {
            Self::Postgres(None) => format!("Postgres {OLDEST_POSTGRES} or later (initdb, postgres, psql)"),
            Self::Postgres(Some(major)) => {
                format!(
                    "Postgres {major} (it made the existing data; `cargo dev --reset` begins with new data instead)"
                )
            }
            Self::Redis => "redis-server".to_owned(),
            Self::Nats => "nats-server".to_owned(),
        }
    }
}

/// The Debian packages that hold them.
fn packages(missing: &[Missing]) -> Vec<String> {
    missing
        .iter()
        .map(|one| match one {
            Missing::Postgres(None) => "postgresql".to_owned(),
            Missing::Postgres(Some(major)) => format!("postgresql-{major}"),
            Missing::Redis => "redis-server".to_owned(),
            Missing::Nats => "nats-server".to_owned(),
        })
        .collect()
}

/// What to install, for somebody on whose machine we cannot.
fn explain(stop: Stop, missing: &[Missing]) -> Stop {
    let Stop::Failed(reason) = stop else { return stop };
    let mut sentence = "some programs are missing:\n".to_owned();
    for one in missing {
        let _infallible = writeln!(sentence, "    - {}", one.sentence());
    }
    if !reason.is_empty() {
        let _infallible = writeln!(sentence, "  They could not be fetched: {reason}");
    }
    let _infallible = write!(
        sentence,
        "  Do one of these, then try again:\n\
         \x20   Debian, Ubuntu   sudo apt-get install {}\n\
         \x20   macOS            brew install postgresql@17 redis nats-server\n\
         \x20   containers       docker compose -f infra/deploy/compose.yaml up -d --wait, then\n\
         \x20                    export DATABASE_URL=postgres://frontdesk:frontdesk@127.0.0.1:7401/frontdesk\n\
         \x20                    export REDIS_URL=redis://127.0.0.1:7402 NATS_URL=nats://127.0.0.1:7403",
        packages(missing).join(" ")
    );
    Stop::Failed(sentence)
}

/// The newest supported Postgres, or exactly the wanted one.
fn find_postgres(unpacked: &[PathBuf], libraries: Option<&OsString>, wanted: Option<u32>) -> Option<PostgresTools> {
    locate::postgres_folders(unpacked)
        .iter()
        .filter_map(|folder| postgres_in(folder, libraries))
        .filter(|found| wanted.map_or(found.major >= OLDEST_POSTGRES, |wanted| found.major == wanted))
        .max_by_key(|found| found.major)
}

fn postgres_in(folder: &Path, libraries: Option<&OsString>) -> Option<PostgresTools> {
    let server = folder.join("postgres");
    let initdb = folder.join("initdb");
    if !initdb.is_file() {
        return None;
    }
    let mut ask = Command::new(&server);
    if let Some(libraries) = libraries {
        ask.env("LD_LIBRARY_PATH", libraries);
    }
    let answer = ask.arg("--version").output().ok()?;
    let major = major_version(&String::from_utf8_lossy(&answer.stdout))?;
    // Debian's /usr/bin/psql is a Perl wrapper that chooses a server by itself; the real one lies beside the server.
    let beside = folder.join("psql");
    let psql = if beside.is_file() { beside } else { in_path("psql")? };
    Some(PostgresTools { major, initdb, server, psql })
}

/// 15 in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major_version(text: &str) -> Option<u32> {
    let (_, after) = text.split_once("(PostgreSQL) ")?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Makes sure that Debian packages are installed system-wide, for what cannot be unpacked beside the checkout.
pub(crate) fn ensure_packages(workspace: &Workspace, packages: &[&str]) -> Outcome<()> {
    let missing: Vec<String> =
        packages.iter().filter(|name| !apt::is_installed(name)).map(|name| (*name).to_owned()).collect();
    if missing.is_empty() { Ok(()) } else { apt::install(workspace, &missing) }
}

/// True when the command says yes; its output is thrown away.
fn succeeds(workspace: &Workspace, command: &mut Command) -> Outcome<bool> {
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    process::run(workspace, command).map(|status| status.success())
}

/// The first line of what a program says.
fn first_line(program: &Path, argument: &str) -> Outcome<String> {
    let answer = Command::new(program).arg(argument).output().doing(|| format!("run {}", program.display()))?;
    Ok(String::from_utf8_lossy(&answer.stdout).lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_postgres_says() {
        assert_eq!(major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_version("something else"), None);
    }

    #[test]
    fn whoever_cannot_install_is_told_exactly_what_is_missing() {
        let Stop::Failed(sentence) = explain(Stop::because("no apt here"), &[Missing::Redis, Missing::Nats]) else {
            panic!("a failure stays a failure");
        };
        assert!(sentence.contains("apt-get install redis-server nats-server"), "{sentence}");
        assert!(sentence.contains("no apt here") && sentence.contains("compose.yaml") && sentence.contains("NATS_URL"));
    }
}
