//! The real `frontdesk` program, released build, as processes of its own.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use super::machine::{Footprint, children, cpu_seconds, footprint};
use super::{Services, workspace};
use crate::canary;
use crate::http::Http;
use crate::outcome::{Doing as _, Failed, Outcome};

/// How long a server may take to be ready.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// The program: `FRONTDESK_BIN`, or built here.
pub async fn binary() -> Outcome<PathBuf> {
    if let Some(path) = std::env::var_os("FRONTDESK_BIN") {
        return Ok(path.into());
    }
    let built = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["build", "--release", "--package", "api", "--bin", "frontdesk"])
        .current_dir(workspace())
        .status()
        .await
        .doing(|| "run cargo".to_owned())?;
    if !built.success() {
        return Err(Failed::because("the program does not build"));
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    Ok(target.join("release/frontdesk"))
}

/// One process.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it says what it has counted, if it does.
    metrics: Option<SocketAddr>,
    child: Option<Child>,
    log: PathBuf,
}

/// Where clients find servers now; they try another when one is away.
pub type Targets = Arc<RwLock<Vec<SocketAddr>>>;

/// All servers of one installation.
#[derive(Debug)]
pub struct Fleet {
    /// The servers.
    pub servers: Vec<Server>,
    /// Their addresses.
    pub targets: Targets,
    folder: PathBuf,
    program: PathBuf,
    environment: Vec<(String, String)>,
    /// Where letters are laid.
    pub outbox: PathBuf,
}

impl Fleet {
    /// Migrates the database and starts so many servers, with these settings besides the usual; if it `counts`, each says so at `/metrics`.
    pub async fn start(services: &Services, count: usize, settings: &[(&str, &str)], counts: bool) -> Outcome<Self> {
        let program = binary().await?;
        let outbox = services.folder.join("outbox");
        let mut environment: Vec<(String, String)> = [
            ("DATABASE_URL", services.addresses.database_url.as_str()),
            ("REDIS_URL", &services.addresses.redis_url),
            ("NATS_URL", &services.addresses.nats_url),
            ("FRONTDESK_SECRET", "a secret for measuring only, of more than 32 characters"),
            ("FRONTDESK_MAIL_URL", &format!("outbox:{}", outbox.display())),
            ("FRONTDESK_BLOBS", &format!("file:{}", services.folder.join("files").display())),
            ("FRONTDESK_PUBLIC_URL", "http://frontdesk.test"),
            ("RUST_LOG", "warn"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let folder = services.folder.clone();
        let mut fleet = Self { servers: Vec::new(), targets: Targets::default(), folder, program, environment, outbox };
        fleet.run(&["migrate"]).await?;
        for number in 0..count {
            let address = free()?;
            let metrics = if counts { Some(free()?) } else { None };
            let log = services.folder.join("logs").join(format!("server-{number}.log"));
            fleet.servers.push(Server { address, metrics, child: None, log });
            fleet.begin(number).await?;
        }
        if let Ok(mut targets) = fleet.targets.write() {
            *targets = fleet.servers.iter().map(|server| server.address).collect();
        }
        Ok(fleet)
    }

    /// Runs one of the program's commands to the end, and says how long it took.
    pub async fn run(&self, command: &[&str]) -> Outcome<Duration> {
        let began = Instant::now();
        let output = Command::new(&self.program)
            .args(command)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .output()
            .await
            .doing(|| format!("run {}", self.program.display()))?;
        if output.status.success() {
            return Ok(began.elapsed());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Failed::because(format!("`frontdesk {}` failed: {said}", command.join(" "))))
    }

    /// Starts a server that is not running, and says how long it took until it was ready.
    pub async fn begin(&mut self, number: usize) -> Outcome<Duration> {
        let server = self.servers.get_mut(number).doing(|| format!("find server {number}"))?;
        if let Some(folder) = server.log.parent() {
            fs::create_dir_all(folder).doing(|| format!("make {}", folder.display()))?;
        }
        let log = File::options().create(true).append(true).open(&server.log);
        let log = log.doing(|| format!("write {}", server.log.display()))?;
        let twin = log.try_clone().doing(|| "share a log".to_owned())?;
        let began = Instant::now();
        let child = Command::new(&self.program)
            .arg("serve")
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(server.metrics.map(|address| ("FRONTDESK_METRICS_LISTEN", address.to_string())))
            .env("FRONTDESK_LISTEN", server.address.to_string())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(twin)
            .kill_on_drop(true)
            .spawn()
            .doing(|| format!("start {}", self.program.display()))?;
        server.child = Some(child);
        server.ready(began).await
    }

    /// Stops all, politely.
    pub async fn stop(&mut self) -> Outcome<()> {
        for server in &mut self.servers {
            server.terminate().await?;
        }
        Ok(())
    }

    /// How many words of companies stand in what the servers have written to their logs. No log holds anybody's words.
    pub fn words_in_logs(&self) -> Outcome<u64> {
        let mut words = 0;
        for server in &self.servers {
            let text = fs::read(&server.log).doing(|| format!("read {}", server.log.display()))?;
            words += canary::count(&text);
        }
        Ok(words)
    }

    /// What all servers have counted under this name (and these labels, as they write them), together.
    pub async fn counted(&self, name: &str) -> Outcome<u64> {
        let mut sum = 0;
        for server in &self.servers {
            let address = server.metrics.doing(|| "ask a server that does not count".to_owned())?;
            let reply = Http::new(address.ip(), address, None).ask("GET", "/metrics", "").await?;
            let text = String::from_utf8_lossy(&reply.body);
            sum += count_of(&text, name).doing(|| format!("find {name} among what a server counts"))?;
        }
        Ok(sum)
    }

    /// What all servers hold together.
    pub fn footprint(&self) -> Footprint {
        self.servers.iter().map(Server::footprint).fold(Footprint::default(), |sum, one| Footprint {
            rss: sum.rss + one.rss,
            pss: sum.pss + one.pss,
            fds: sum.fds + one.fds,
        })
    }

    /// The processor time of all servers.
    pub fn cpu_seconds(&self) -> f64 {
        self.servers.iter().filter_map(Server::pid).map(cpu_seconds).sum()
    }
}

/// An address that nobody listens on.
fn free() -> Outcome<SocketAddr> {
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    port.doing(|| "find a free port".to_owned())
}

/// One count of what a server says at `/metrics`.
fn count_of(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

impl Server {
    async fn ready(&mut self, began: Instant) -> Outcome<Duration> {
        let from = self.address.ip();
        loop {
            let mut http = Http::new(from, self.address, None);
            if http.ask("GET", "/readyz", "").await.is_ok_and(|reply| reply.status == 200) {
                return Ok(began.elapsed());
            }
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            if let Some(status) = ended {
                return Err(Failed::because(format!("the server ended ({status}): see {}", self.log.display())));
            }
            if began.elapsed() > READY_WITHIN {
                return Err(Failed::because(format!("the server is not ready: see {}", self.log.display())));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Its process, while there is one.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// `kill -9`, and waits until it is gone.
    pub async fn kill(&mut self) -> Outcome<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.kill().await.doing(|| "kill a server".to_owned())
    }

    /// SIGTERM, and waits until it has ended by itself.
    pub async fn terminate(&mut self) -> Outcome<()> {
        self.signal("TERM").await?;
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let ended = tokio::time::timeout(Duration::from_secs(40), child.wait()).await;
        let status = ended.doing(|| "wait any longer for a server to end".to_owned())?;
        status.map(drop).doing(|| "wait for a server".to_owned())
    }

    /// Sends a signal by name: `TERM`, `STOP`, `CONT`.
    pub async fn signal(&self, name: &str) -> Outcome<()> {
        let Some(pid) = self.pid() else { return Ok(()) };
        let sent = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status().await;
        match sent {
            Ok(status) if status.success() => Ok(()),
            Ok(_) | Err(_) => Err(Failed::because(format!("SIG{name} could not be sent to {pid}"))),
        }
    }

    /// What it holds.
    pub fn footprint(&self) -> Footprint {
        self.pid().map(footprint).unwrap_or_default()
    }
}

impl Services {
    /// What Postgres' processes hold: how many there are, the largest, and all shares together, in bytes.
    pub fn postgres_memory(&self) -> Outcome<(usize, u64, u64)> {
        let held: Vec<Footprint> = children(self.pid("Postgres")?).into_iter().map(footprint).collect();
        let largest = held.iter().map(|one| one.pss).max().unwrap_or_default();
        Ok((held.len(), largest, held.iter().map(|one| one.pss).sum()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_found_by_its_whole_name() {
        let text =
            "# TYPE slow_total counter\nslow_total 7\n\ncloses_total{reason=\"too slow\"} 3\nslow_total_more 9\n";
        assert_eq!(count_of(text, "slow_total"), Some(7));
        assert_eq!(count_of(text, r#"closes_total{reason="too slow"}"#), Some(3));
        assert_eq!(count_of(text, "slow"), None);
    }
}
