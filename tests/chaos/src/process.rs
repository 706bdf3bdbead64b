//! Processes of the machine: who they are, who works where, and signals. A process id alone is reused by the system; with its
//! start time it names one process for ever.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;

/// One process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Process {
    pid: i32,
    started: String,
}

impl Process {
    /// `None` when no such process runs.
    pub(crate) fn find(pid: i32) -> Option<Self> {
        started(pid).map(|started| Self { pid, started })
    }

    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    /// True while this very process runs.
    pub(crate) fn alive(&self) -> bool {
        started(self.pid).is_some_and(|started| started == self.started)
    }

    /// Sends it a signal; one that has ended already is no error.
    pub(crate) fn signal(&self, signal: Signal) {
        if self.alive() {
            let _gone = kill(Pid::from_raw(self.pid), signal);
        }
    }

    /// Waits until it is gone. False when it is not in time.
    pub(crate) async fn gone(&self, within: Duration) -> bool {
        let began = Instant::now();
        while self.alive() {
            if began.elapsed() > within {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        true
    }
}

/// When the process began, or `None` for one that is gone or a zombie. The line is `pid (name) state …`; the name may hold
/// spaces and brackets, so count from its last bracket.
fn started(pid: i32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    let started = fields.nth(18)?;
    (state != "Z" && state != "X").then(|| started.to_owned())
}

/// Every process that works inside `folder`: how all of a Postgres is found, also one whose first process is dead.
pub(crate) fn working_in(folder: &Path) -> BTreeSet<Process> {
    let (Ok(folder), Ok(entries)) = (folder.canonicalize(), fs::read_dir("/proc")) else {
        return BTreeSet::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder))
        .filter_map(Process::find)
        .collect()
}
