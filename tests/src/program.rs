//! The real `frontdesk` program as a process of its own, to be killed.

use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use infra::config::Settings;

use crate::database::workspace;
use crate::http::Http;
use crate::wait::{chance, eventually};

/// Where the ports of programs begin, and how many there are.
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 12_000;

/// A running `frontdesk serve`. Killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    port: u16,
}

/// The program: as `cargo verify` names it, or built here.
fn binary() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        if let Some(path) = std::env::var_os("FRONTDESK_BIN") {
            return path.into();
        }
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        // With this package beside it, the features of every dependency are those of the tests: nothing is built twice.
        let ask = ["build", "--quiet", "--package", "tests", "--package", "api", "--bin", "frontdesk"];
        let mut build = Command::new(cargo);
        build.args(ask).current_dir(workspace());
        // What a test runner sets for its tests would make cargo take every build script for changed.
        let told = |name: &str| ["CARGO_", "NEXTEST", "LD_LIBRARY_PATH"].iter().any(|mark| name.starts_with(mark));
        for (name, _) in std::env::vars().filter(|(name, _)| told(name) && name != "CARGO_HOME") {
            build.env_remove(name);
        }
        let outcome = build.status();
        assert!(outcome.is_ok_and(|status| status.success()), "the program builds");
        workspace().join("target/debug/frontdesk")
    })
}

/// A port that nobody listens on, below those that the system gives to connections: one of these may be somebody else's by the time a
/// program takes it, or takes it again after it was killed. A process is given none twice.
pub fn free_port() -> u16 {
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    let next = NEXT.get_or_init(|| AtomicU16::new(u16::try_from(chance().below(PORTS.into())).unwrap()));
    loop {
        let port = FIRST_PORT + next.fetch_add(1, Ordering::Relaxed) % PORTS;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The program with these settings, to be told what to do.
async fn command(settings: &Settings) -> Command {
    // Building may take a while, in which the servers of this process must go on.
    let program = tokio::task::spawn_blocking(binary).await.unwrap();
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("DATABASE_URL", &settings.database_url)
        .env("REDIS_URL", &settings.redis_url)
        .env("NATS_URL", &settings.nats_url)
        .env("FRONTDESK_SECRET", &settings.secret)
        .env("FRONTDESK_PREVIOUS_SECRETS", settings.previous_secrets.join(","))
        .env("FRONTDESK_MAIL_URL", &settings.mail_url)
        .env("FRONTDESK_PUBLIC_URL", &settings.public_url)
        .env("FRONTDESK_SPARE_SCHEMAS", "1")
        .env("FRONTDESK_BLOBS", &settings.blobs.place)
        .env("FRONTDESK_VISITOR_RATE", settings.visitor_rate.to_string())
        .env("FRONTDESK_DRAIN_SECONDS", settings.drain_seconds.to_string())
        .env("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| "error".into()));
    let names: Vec<&str> = settings.databases.keys().map(String::as_str).collect();
    command.env("FRONTDESK_DATABASES", names.join(","));
    for (name, url) in &settings.databases {
        command.env(Settings::database_variable(name), url);
    }
    if let Some(address) = settings.metrics_listen {
        command.env("FRONTDESK_METRICS_LISTEN", address.to_string());
    }
    if let Some(key) = &settings.stripe_key {
        command
            .env("FRONTDESK_STRIPE_KEY", key)
            .env("FRONTDESK_STRIPE_URL", settings.stripe_url.as_deref().unwrap_or_default())
            .env("FRONTDESK_STRIPE_WEBHOOK_SECRETS", settings.stripe_webhook_secrets.join(","));
    }
    command
}

async fn outcome(mut command: Command, arguments: &[&str]) -> (bool, String, String) {
    command.args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// The library that tells a program another time than it is: as `cargo verify` names it, or where Debian puts it.
fn faketime() -> PathBuf {
    if let Some(path) = std::env::var_os("FRONTDESK_FAKETIME") {
        return path.into();
    }
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut libraries = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    libraries.find(|path| path.is_file()).expect("the package libfaketime is installed, as `cargo verify` does")
}

/// Sets the clock of the machine that it believes to run on. Only the clock that people set: the one that only ever goes on, by
/// which it waits, is left alone, as it is when an administrator sets the other.
fn set_wrong(command: &mut Command, by: &str) {
    command
        .env("LD_PRELOAD", faketime())
        .env("FAKETIME", by)
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("DONT_FAKE_MONOTONIC", "1")
        .env("NO_FAKE_STAT", "1")
        .env("FAKETIME_DISABLE_SHM", "1");
}

/// The program on a clock that was moved by so much. Only one that was built for tests takes its time from anybody.
async fn at_another_time(settings: &Settings, moved: TimeDelta) -> Command {
    let mut command = command(settings).await;
    command.env("FRONTDESK_CLOCK_MOVED", moved.num_microseconds().unwrap().to_string());
    command
}

/// A running `frontdesk work`. Killed when dropped.
#[derive(Debug)]
pub struct Worker(Child);

impl Worker {
    /// Begins to work on a clock that was moved by so much. It dies by itself where it comes to a place, as `place` or `place:passage`;
    /// nowhere when that is empty.
    pub async fn begin(settings: &Settings, moved: TimeDelta, place: &str) -> Self {
        let mut command = at_another_time(settings, moved).await;
        // Little at a time is enough, and there are many beside it.
        command.env("FRONTDESK_DB_CONNECTIONS", "4").env("FRONTDESK_DB_LANES", "1").env("FRONTDESK_FAILPOINT", place);
        Self(command.arg("work").stdout(Stdio::null()).spawn().expect("the program starts"))
    }

    /// What time the program takes it to be, on a clock that was moved by so much.
    ///
    /// # Panics
    /// When it does not say.
    pub async fn asked_for_the_time(settings: &Settings, moved: TimeDelta) -> DateTime<Utc> {
        let command = at_another_time(settings, moved).await;
        let (well, said, why) = outcome(command, &["billing", "report", "--json"]).await;
        assert!(well, "{why}");
        let report: serde_json::Value = serde_json::from_str(&said).unwrap();
        report["at"].as_str().unwrap().parse().unwrap()
    }

    /// How it has ended by itself, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }

    /// `kill -9`, and waits until it is gone: how it has ended.
    pub fn kill(&mut self) -> ExitStatus {
        self.0.kill().unwrap();
        self.0.wait().unwrap()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Already gone is as good.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Builds the program where it is not named, before anything is in a hurry.
pub async fn build_program() {
    tokio::task::spawn_blocking(binary).await.unwrap();
}

impl Program {
    /// Runs one of its commands to the end, and gives what it printed.
    ///
    /// # Panics
    /// When it fails.
    pub async fn run(settings: &Settings, arguments: &[&str]) -> String {
        let mut command = command(settings).await;
        command.args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Begins one of its commands and leaves it to the caller, to be killed.
    pub async fn begin(settings: &Settings, arguments: &[&str]) -> Child {
        let mut command = command(settings).await;
        command.args(arguments).stdout(Stdio::null()).spawn().expect("the program starts")
    }

    /// The same for a command that may end badly: whether it ended well, what it printed, and what it complained about.
    pub async fn try_run(settings: &Settings, arguments: &[&str]) -> (bool, String, String) {
        outcome(command(settings).await, arguments).await
    }

    /// Runs a script of a shell that finds the program, with its settings and more; gives what it said and whether it ended well.
    pub async fn script(settings: &Settings, more: &[(&str, &str)], script: &str) -> (bool, String) {
        let with = command(settings).await;
        let folder = Path::new(with.get_program()).parent().unwrap().to_owned();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("bash");
        shell.env_clear().envs(with.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))));
        shell.env("PATH", format!("{}:{path}", folder.display())).envs(more.iter().copied());
        shell.args(["-euo", "pipefail", "-c", script]).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || shell.output()).await.unwrap().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// The same on a machine whose clock is wrong by so much, as libfaketime writes it: `-1h`, `+36d`.
    pub async fn try_run_wrong_by(settings: &Settings, by: &str, arguments: &[&str]) -> (bool, String, String) {
        let mut command = command(settings).await;
        set_wrong(&mut command, by);
        outcome(command, arguments).await
    }

    /// Starts it on such a machine.
    pub async fn start_wrong_by(settings: &Settings, by: &str) -> Self {
        let mut command = command(settings).await;
        set_wrong(&mut command, by);
        Self::spawn(command, free_port()).await
    }

    /// Starts it so that it tells everything it ever logs, into a file, in lines of JSON.
    pub async fn start_talkative(settings: &Settings, log: &Path) -> Self {
        Self::start_telling(settings, log, "json").await
    }

    /// The same, in lines of a format: `json`, or nothing for those that people read.
    pub async fn start_telling(settings: &Settings, log: &Path, format: &str) -> Self {
        let mut command = command(settings).await;
        let told = "info,api=trace,infra=trace,tenant=trace,desk=trace,routing=trace,billing=trace";
        command.env("RUST_LOG", told).env("FRONTDESK_LOG", format).stderr(std::fs::File::create(log).unwrap());
        Self::spawn(command, free_port()).await
    }

    /// Starts it with these settings, on a port of its own, and waits until it is ready.
    pub async fn start(settings: &Settings) -> Self {
        Self::start_on(settings, free_port()).await
    }

    /// The same on a known port, as after a restart.
    pub async fn start_on(settings: &Settings, port: u16) -> Self {
        Self::spawn(command(settings).await, port).await
    }

    /// Starts it so that it dies when it comes to a place, as `place` or `place:passage`; nowhere when that is empty.
    pub async fn start_to_die_at(settings: &Settings, place: &str) -> Self {
        let mut command = command(settings).await;
        command.env("FRONTDESK_FAILPOINT", place);
        Self::spawn(command, free_port()).await
    }

    async fn spawn(mut command: Command, port: u16) -> Self {
        let child = command
            .arg("serve")
            .env("FRONTDESK_LISTEN", format!("127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        let program = Self { child, port };
        let guard = crate::Guard::new(std::sync::Arc::default(), None);
        let http = Http::new(&program.base(), guard);
        eventually("the program is ready", async || {
            http.try_raw("GET", "/readyz", Vec::new(), &[]).await.ok().filter(|reply| reply.status == 200)
        })
        .await;
        program
    }

    /// Its address.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM: it may say good-bye.
    pub fn terminate(&self) {
        let told = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        assert!(told.is_ok_and(|status| status.success()), "the signal was sent");
    }

    /// Waits until it has died by its own hand, in the middle of whatever it did; false when it ended in another way.
    pub async fn aborted(&mut self) -> bool {
        const SIGABRT: i32 = 6;
        let ended = eventually("the program dies", async || self.child.try_wait().unwrap()).await;
        ended.signal() == Some(SIGABRT)
    }

    /// Lets it end and starts it again with other settings, on the same port, as one is replaced; `meanwhile` happens between the two.
    ///
    /// # Panics
    /// When it does not end in peace.
    pub async fn replace(&mut self, settings: &Settings, meanwhile: impl Future<Output = ()>) {
        self.terminate();
        assert!(self.ended().await, "it ends in peace");
        meanwhile.await;
        *self = Self::start_on(settings, self.port).await;
    }

    /// Waits until it has ended by itself; true when it was content.
    pub async fn ended(&mut self) -> bool {
        eventually("the program ends", async || self.child.try_wait().unwrap().map(|status| status.success())).await
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Already gone is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
