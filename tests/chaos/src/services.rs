//! Postgres, Redis and NATS of one run, each to be killed, frozen and brought back alone, on the port it had.
//!
//! `cargo xtask stack` makes and starts them, durable as in production, and writes down how; from then on they are ours.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::process::{Process, working_in};
use load::{Doing as _, Failed, Outcome};

/// One of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Postgres,
    Redis,
    Nats,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Postgres, Self::Redis, Self::Nats];

    /// As the record of the stack and our own output name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "Postgres",
            Self::Redis => "Redis",
            Self::Nats => "NATS",
        }
    }
}

/// How a service is started, as `cargo xtask stack` wrote it down.
#[derive(Clone, Debug, Deserialize)]
struct Recipe {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    folder: PathBuf,
    log: PathBuf,
    account: Option<(u32, u32)>,
}

#[derive(Deserialize)]
struct Written {
    services: Vec<WrittenService>,
}

#[derive(Deserialize)]
struct WrittenService {
    name: String,
    process: Process,
    recipe: Recipe,
}

struct Service {
    recipe: Recipe,
    address: SocketAddr,
    process: Process,
    /// Ours to bury, once it was us who started it.
    child: Option<Child>,
}

/// The three services. Ended when dropped.
pub(crate) struct Services {
    stack: load::stage::Services,
    all: BTreeMap<Kind, Service>,
}

/// The address in `scheme://user:password@host:port/name`.
pub(crate) fn address_of(url: &str) -> Outcome<SocketAddr> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let place = rest.split('/').next().unwrap_or(rest);
    place.parse().doing(|| format!("read an address in {url}"))
}

/// The same URL at another address.
pub(crate) fn redirected(url: &str, to: SocketAddr) -> Outcome<String> {
    Ok(url.replacen(&address_of(url)?.to_string(), &to.to_string(), 1))
}

impl Services {
    /// Starts them in `folder`, with empty data, and takes them over.
    pub(crate) async fn up(folder: &Path, base_port: u16) -> Outcome<Self> {
        let stack = load::stage::Services::up(folder, base_port).await?;
        let record = folder.join("stack.json");
        let text = fs::read(&record).doing(|| format!("read {}", record.display()))?;
        let written: Written = serde_json::from_slice(&text).doing(|| format!("read {}", record.display()))?;
        let mut all = BTreeMap::new();
        for kind in Kind::ALL {
            let found = written.services.iter().find(|service| service.name == kind.name());
            let found = found.ok_or_else(|| Failed::because(format!("{} was not started", kind.name())))?;
            let address = address_of(match kind {
                Kind::Postgres => &stack.addresses.admin_database_url,
                Kind::Redis => &stack.addresses.redis_url,
                Kind::Nats => &stack.addresses.nats_url,
            })?;
            let service =
                Service { recipe: found.recipe.clone(), address, process: found.process.clone(), child: None };
            all.insert(kind, service);
        }
        // Whoever finds the folder later must not take our services for its own.
        fs::remove_file(&record).doing(|| format!("remove {}", record.display()))?;
        Ok(Self { stack, all })
    }

    pub(crate) fn stack(&self) -> &load::stage::Services {
        &self.stack
    }

    /// Where Postgres keeps its data.
    pub(crate) fn data(&self) -> Outcome<&Path> {
        self.get(Kind::Postgres).map(|service| service.recipe.folder.as_path())
    }

    pub(crate) fn address(&self, kind: Kind) -> Outcome<SocketAddr> {
        self.get(kind).map(|service| service.address)
    }

    fn get(&self, kind: Kind) -> Outcome<&Service> {
        self.all.get(&kind).ok_or_else(|| Failed::because(format!("{} is not here", kind.name())))
    }

    fn get_mut(&mut self, kind: Kind) -> Outcome<&mut Service> {
        self.all.get_mut(&kind).ok_or_else(|| Failed::because(format!("{} is not here", kind.name())))
    }

    /// All processes of a service.
    pub(crate) fn processes(&self, kind: Kind) -> Outcome<Vec<Process>> {
        let service = self.get(kind)?;
        Ok(match kind {
            Kind::Postgres => working_in(&service.recipe.folder).into_iter().collect(),
            Kind::Redis | Kind::Nats => vec![service.process.clone()],
        })
    }

    /// True while its first process runs.
    pub(crate) fn alive(&self, kind: Kind) -> bool {
        self.get(kind).is_ok_and(|service| service.process.alive())
    }

    /// `kill -9` for it and all it started.
    pub(crate) async fn kill(&mut self, kind: Kind) -> Outcome<()> {
        let began = Instant::now();
        // The first one first: it would start new children for those that fall.
        self.get(kind)?.process.signal(Signal::SIGKILL);
        loop {
            self.bury(kind)?;
            let left: Vec<Process> = self.processes(kind)?.into_iter().filter(Process::alive).collect();
            if left.is_empty() {
                break;
            }
            for process in &left {
                process.signal(Signal::SIGKILL);
            }
            if began.elapsed() > Duration::from_secs(20) {
                return Err(Failed::because(format!("{} does not die", kind.name())));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// A restart in good order: clients are cut off, everything is written down.
    pub(crate) async fn stop(&mut self, kind: Kind) -> Outcome<()> {
        let signal = if kind == Kind::Postgres { Signal::SIGINT } else { Signal::SIGTERM };
        let process = self.get(kind)?.process.clone();
        process.signal(Signal::SIGCONT);
        process.signal(signal);
        if process.gone(Duration::from_secs(20)).await {
            return self.bury(kind);
        }
        self.kill(kind).await
    }

    fn bury(&mut self, kind: Kind) -> Outcome<()> {
        if let Some(child) = &mut self.get_mut(kind)?.child {
            let _running = child.try_wait();
        }
        Ok(())
    }

    /// Stops the clock for it: it answers nothing and loses nothing.
    pub(crate) fn freeze(&self, kind: Kind) -> Outcome<()> {
        self.processes(kind)?.iter().for_each(|process| process.signal(Signal::SIGSTOP));
        Ok(())
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self, kind: Kind) -> Outcome<()> {
        self.processes(kind)?.iter().for_each(|process| process.signal(Signal::SIGCONT));
        Ok(())
    }

    /// Starts it again as it was, and waits until it answers.
    pub(crate) async fn start(&mut self, kind: Kind, patience: Duration) -> Outcome<()> {
        self.bury(kind)?;
        if kind == Kind::Postgres && self.processes(kind)?.is_empty() {
            // It names a dead process, which the system may still hold as a zombie, or have given to somebody else; nobody
            // works there any more.
            let _absent = fs::remove_file(self.get(kind)?.recipe.folder.join("postmaster.pid"));
        }
        let service = self.get_mut(kind)?;
        let child = launch(&service.recipe)?;
        let pid = i32::try_from(child.id()).ok().and_then(Process::find);
        service.process = pid.ok_or_else(|| Failed::because(format!("{} ended at once", kind.name())))?;
        service.child = Some(child);
        self.ready(kind, patience).await
    }

    /// Waits until it answers.
    pub(crate) async fn ready(&mut self, kind: Kind, patience: Duration) -> Outcome<()> {
        let began = Instant::now();
        loop {
            let service = self.get_mut(kind)?;
            if let Some(child) = &mut service.child
                && let Ok(Some(status)) = child.try_wait()
            {
                let last = last_words(&service.recipe.log);
                return Err(Failed::because(format!("{} ended with {status}: {last}", kind.name())));
            }
            if answers(kind, service.address).await {
                return Ok(());
            }
            if began.elapsed() > patience {
                let last = last_words(&service.recipe.log);
                return Err(Failed::because(format!("{} does not answer: {last}", kind.name())));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        for kind in [Kind::Nats, Kind::Redis, Kind::Postgres] {
            let _unknown = self.thaw(kind);
            for process in self.processes(kind).unwrap_or_default() {
                process.signal(Signal::SIGKILL);
            }
            if let Some(child) = self.all.get_mut(&kind).and_then(|service| service.child.as_mut()) {
                let _gone = child.wait();
            }
        }
    }
}

fn launch(recipe: &Recipe) -> Outcome<Child> {
    let log = File::options().append(true).create(true).open(&recipe.log);
    let log = log.doing(|| format!("write {}", recipe.log.display()))?;
    let twin = log.try_clone().doing(|| format!("write {}", recipe.log.display()))?;
    let mut command = match recipe.account {
        Some((user, group)) => {
            let mut command = Command::new("setpriv");
            command.arg(format!("--reuid={user}")).arg(format!("--regid={group}")).arg("--clear-groups").arg("--");
            command.arg(&recipe.program);
            command
        }
        None => Command::new(&recipe.program),
    };
    command
        .args(&recipe.arguments)
        .envs(recipe.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&recipe.folder)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(twin)
        .process_group(0)
        .spawn()
        .doing(|| format!("start {}", recipe.program.display()))
}

/// The end of a log, which may lie on a disk that is gone before anybody can look.
fn last_words(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().rev().take(12).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

/// Asks in the service's own words, and gives it a second.
async fn answers(kind: Kind, address: SocketAddr) -> bool {
    let asked = async {
        let mut socket = TcpStream::connect(address).await.ok()?;
        // Postgres is asked whether it would speak TLS: one byte says no, and that it takes connections.
        let (ask, answer): (&[u8], &[&[u8]]) = match kind {
            Kind::Postgres => (&[0, 0, 0, 8, 4, 210, 22, 47], &[b"N", b"S"]),
            Kind::Redis => (b"PING\r\n", &[b"+"]),
            Kind::Nats => (b"", &[b"I"]),
        };
        socket.write_all(ask).await.ok()?;
        let mut first = [0];
        socket.read_exact(&mut first).await.ok()?;
        answer.contains(&first.as_slice()).then_some(())
    };
    tokio::time::timeout(Duration::from_secs(1), asked).await.ok().flatten().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_and_replaced_in_any_url() {
        let url = "postgres://frontdesk:a1b2@127.0.0.1:7401/frontdesk";
        assert_eq!(address_of(url).unwrap().port(), 7401);
        let other = SocketAddr::from(([127, 0, 0, 1], 9000));
        assert_eq!(redirected(url, other).unwrap(), "postgres://frontdesk:a1b2@127.0.0.1:9000/frontdesk");
        assert_eq!(redirected("redis://127.0.0.1:1", other).unwrap(), "redis://127.0.0.1:9000");
        assert!(address_of("redis://nowhere").is_err());
    }
}
