//! The server itself: built, migrated, seeded with a demo company, started and watched.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::demo::Demo;
use super::http;
use super::services::Urls;
use crate::chance::random_hex;
use crate::outcome::{Context, Outcome, Stop};
use crate::process::{Launch, Lifetime, Running, StopSignal, capture, quiet};
use crate::program;
use crate::say;
use crate::workspace::{Workspace, make_folder};

/// From started to ready, migrated database and all.
const PATIENCE: Duration = Duration::from_mins(1);
/// For open requests and sockets to end in good order.
const GRACE: Duration = Duration::from_secs(15);

/// Builds the server and gives the path of the program.
pub(super) fn build(workspace: &Workspace, release: bool) -> Outcome<PathBuf> {
    let began = Instant::now();
    say::begin("server", if release { "cargo build --release" } else { "cargo build" });
    let mut arguments = vec!["--package", "api", "--bin", "frontdesk"];
    if release {
        arguments.push("--release");
    }
    let program = program::build(workspace, program::SERVER, &arguments)?;
    say::done("server", "the server is built", began.elapsed());
    Ok(program)
}

/// How the server is run in this checkout.
pub(super) struct Setting<'a> {
    workspace: &'a Workspace,
    program: PathBuf,
    port: u16,
    environment: Vec<(&'static str, OsString)>,
    log: PathBuf,
}

impl<'a> Setting<'a> {
    /// `more` are settings beside those that every server needs.
    pub(super) fn new(
        workspace: &'a Workspace,
        program: PathBuf,
        urls: &Urls,
        port: u16,
        more: Vec<(&'static str, OsString)>,
    ) -> Outcome<Self> {
        let mail = workspace.state("mail");
        make_folder(&mail)?;
        let mut outbox = OsString::from("outbox:");
        outbox.push(&mail);
        let mut files = OsString::from("file:");
        files.push(workspace.state("files"));
        let mut environment = vec![
            ("DATABASE_URL", urls.database.clone().into()),
            ("REDIS_URL", urls.redis.clone().into()),
            ("NATS_URL", urls.nats.clone().into()),
            ("FRONTDESK_LISTEN", format!("127.0.0.1:{port}").into()),
            ("FRONTDESK_PUBLIC_URL", format!("http://localhost:{port}").into()),
            ("FRONTDESK_MAIL_URL", outbox),
            ("FRONTDESK_BLOBS", files),
            ("FRONTDESK_SECRET", secret(workspace)?.into()),
            // Its log is a file.
            ("NO_COLOR", "1".into()),
        ];
        environment.extend(more);
        Ok(Self { workspace, program, port, environment, log: workspace.state("logs/frontdesk.log") })
    }

    /// Where the server writes what it does.
    pub(super) fn log(&self) -> &Path {
        self.log.strip_prefix(self.workspace.root()).unwrap_or(&self.log)
    }

    pub(super) fn migrate(&self) -> Outcome<()> {
        let began = Instant::now();
        quiet(self.workspace, &mut self.command(&["migrate"]), &self.workspace.state("logs/migrate.log"))?;
        say::done("migrate", "the database is up to date", began.elapsed());
        Ok(())
    }

    /// Writes plans and prices down at whoever collects the money.
    pub(super) fn sync_billing(&self) -> Outcome<()> {
        let began = Instant::now();
        quiet(self.workspace, &mut self.command(&["billing", "sync"]), &self.workspace.state("logs/billing.log"))?;
        say::done("catalogue", "plans and prices are written down", began.elapsed());
        Ok(())
    }

    pub(super) fn seed(&self) -> Outcome<Demo> {
        let began = Instant::now();
        let (status, answer) = capture(self.workspace, &mut self.command(&["demo", "seed"]))?;
        if !status.success() {
            return Err(Stop::because("`frontdesk demo seed` failed; it says why above"));
        }
        let demo = Demo::read(&answer)?;
        say::done("demo", "a demo company is there", began.elapsed());
        Ok(demo)
    }

    /// Starts the server and waits until it is ready.
    pub(super) fn serve(&self) -> Outcome<Server> {
        let began = Instant::now();
        let running = Launch {
            name: "the server",
            program: self.program.clone(),
            arguments: vec!["serve".into()],
            environment: self.environment.clone(),
            folder: self.workspace.root().to_owned(),
            log: self.log.clone(),
            account: None,
            lifetime: Lifetime::WithUs,
            stop: StopSignal::Terminate,
        }
        .start()?;
        let mut server = Server { running, log: self.log.clone() };
        while http::get(self.port, "/readyz").is_none_or(|(status, _)| status != 200) {
            self.workspace.go_on()?;
            if !server.alive() {
                return Err(server.obituary());
            }
            if began.elapsed() > PATIENCE {
                let answer = http::get(self.port, "/readyz")
                    .map_or_else(|| "nothing".to_owned(), |(status, body)| format!("{status} {body}"));
                return Err(Stop::because(format!(
                    "the server is not ready after {}: GET /readyz answers {answer}; see {}",
                    say::seconds(PATIENCE),
                    self.log.display()
                )));
            }
            thread::sleep(Duration::from_millis(25));
        }
        say::done("server", &format!("ready on http://localhost:{}", self.port), began.elapsed());
        Ok(server)
    }

    /// Brings the demo company to life in the background.
    pub(super) fn play(&self, visitors: u16) -> Outcome<Running> {
        let log = self.workspace.state("logs/demo.log");
        say::note(&format!(
            "{visitors} visitors are on their way; what they say is in {}",
            log.strip_prefix(self.workspace.root()).unwrap_or(&log).display()
        ));
        Launch {
            name: "the demo",
            program: self.program.clone(),
            arguments: vec!["demo".into(), "--visitors".into(), visitors.to_string().into()],
            environment: self.environment.clone(),
            folder: self.workspace.root().to_owned(),
            log,
            account: None,
            lifetime: Lifetime::WithUs,
            stop: StopSignal::Interrupt,
        }
        .start()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).envs(self.environment.iter().cloned()).current_dir(self.workspace.root());
        command
    }
}

/// The running server; it ends with us.
pub(super) struct Server {
    running: Running,
    log: PathBuf,
}

impl Server {
    pub(super) fn alive(&mut self) -> bool {
        self.running.alive()
    }

    pub(super) fn stop(&mut self) {
        self.running.stop(GRACE);
    }

    /// Why it is no longer there, as far as its log tells.
    pub(super) fn obituary(&self) -> Stop {
        let tail = say::excerpt(&self.log);
        Stop::because(format!("the server ended by itself; from {}:\n{tail}", self.log.display()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.alive() {
            self.stop();
        }
    }
}

/// The key that signs tokens: made once, so that logins survive a restart.
fn secret(workspace: &Workspace) -> Outcome<String> {
    use std::io::Write;
    let path = workspace.state("secret");
    if let Ok(secret) = fs::read_to_string(&path)
        && secret.trim().len() >= 64
    {
        return Ok(secret.trim().to_owned());
    }
    let secret = random_hex(32)?;
    let _half_written = fs::remove_file(&path);
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(secret.as_bytes()))
        .doing(|| format!("write {}", path.display()))?;
    Ok(secret)
}
