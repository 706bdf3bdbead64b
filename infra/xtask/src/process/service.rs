//! Processes that serve until they are told to stop, run as an unprivileged user when we are root.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use super::Process;
use crate::outcome::{Context, Outcome, Stop};

/// A user of this machine without rights over it.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// Its login name.
    pub(crate) name: String,
    /// Its numeric user id.
    pub(crate) uid: u32,
    /// Its numeric group id.
    pub(crate) gid: u32,
}

/// Whether a service ends with the command that started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// It ends with us, also when we are killed.
    WithUs,
    /// It stays until somebody calls `down`.
    UntilDown,
}

/// The signal that ends a service in good order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StopSignal {
    /// Postgres: close the connections and write everything down. Its SIGTERM would wait for the clients to leave.
    Interrupt,
    /// Everybody else.
    Terminate,
}

impl StopSignal {
    fn signal(self) -> Signal {
        match self {
            Self::Interrupt => Signal::SIGINT,
            Self::Terminate => Signal::SIGTERM,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
        }
    }
}

/// What to start.
pub(crate) struct Launch<'a> {
    /// What the messages call it.
    pub(crate) name: &'static str,
    /// The program.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// Variables beside our own environment.
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// Where it works.
    pub(crate) folder: PathBuf,
    /// Where its output goes.
    pub(crate) log: PathBuf,
    /// Who it runs as; ourselves when absent.
    pub(crate) account: Option<&'a Account>,
    /// How long it lives.
    pub(crate) lifetime: Lifetime,
    /// How it is told to end.
    pub(crate) stop: StopSignal,
}

/// How a service was started, written down for whoever kills it and wants it back on the same port.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Recipe {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    folder: PathBuf,
    log: PathBuf,
    /// The numeric user and group, when it is not ourselves.
    account: Option<(u32, u32)>,
}

/// A service that was started, by us or by an earlier command.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Running {
    name: String,
    process: Process,
    stop: StopSignal,
    recipe: Option<Recipe>,
    #[serde(skip)]
    child: Option<Child>,
}

impl Launch<'_> {
    /// Starts it. Its readiness is the caller's to find out.
    pub(crate) fn start(self) -> Outcome<Running> {
        let recipe = self.recipe();
        let log = File::create(&self.log).doing(|| format!("write {}", self.log.display()))?;
        let twin = log.try_clone().doing(|| format!("write {}", self.log.display()))?;
        let dies_with_us = (self.lifetime == Lifetime::WithUs).then(|| self.stop.word());
        let mut command = run_as(self.account, dies_with_us, &self.program);
        command
            .args(&self.arguments)
            .envs(self.environment)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(twin)
            // A group of its own: Ctrl-C in the terminal reaches us alone, and we stop things in order.
            .process_group(0);
        let mut child = command.spawn().doing(|| format!("start {} ({})", self.name, self.program.display()))?;
        let process = i32::try_from(child.id()).ok().and_then(Process::find);
        let Some(process) = process else {
            let _reaped = child.wait();
            return Err(Stop::because(format!("{} ended as soon as it was started", self.name)));
        };
        Ok(Running { name: self.name.to_owned(), process, stop: self.stop, recipe: Some(recipe), child: Some(child) })
    }

    fn recipe(&self) -> Recipe {
        let text = |text: &OsString| text.to_string_lossy().into_owned();
        Recipe {
            program: self.program.clone(),
            arguments: self.arguments.iter().map(text).collect(),
            environment: self.environment.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect(),
            folder: self.folder.clone(),
            log: self.log.clone(),
            account: self.account.map(|account| (account.uid, account.gid)),
        }
    }
}

impl Running {
    /// What the messages call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The number that the system knows it by.
    pub(crate) fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// True while it runs.
    pub(crate) fn alive(&mut self) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => self.process.alive(),
        }
    }

    /// Tells it to end and waits; one that does not listen is ended.
    pub(crate) fn stop(&mut self, grace: Duration) {
        self.process.signal(self.stop.signal());
        let began = Instant::now();
        while self.alive() {
            if began.elapsed() > grace {
                self.process.signal_group(Signal::SIGKILL);
            }
            thread::sleep(Duration::from_millis(10));
            if began.elapsed() > grace + Duration::from_secs(5) {
                break;
            }
        }
    }
}

/// `program` as another user when `account` says so, and ended with its parent when `dies_with_us` names a signal.
pub(crate) fn run_as(account: Option<&Account>, dies_with_us: Option<&str>, program: &Path) -> Command {
    if !cfg!(target_os = "linux") || (account.is_none() && dies_with_us.is_none()) {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    if let Some(account) = account {
        command.arg(format!("--reuid={}", account.uid)).arg(format!("--regid={}", account.gid)).arg("--clear-groups");
    }
    if let Some(signal) = dies_with_us {
        command.arg("--pdeathsig").arg(signal);
    }
    command.arg("--").arg(program);
    command
}
