//! Who a process is. A process id alone is reused by the system; with its start time it names one process for ever.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// One process, also after the command that started it has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    pid: i32,
    started: String,
}

impl Process {
    /// `None` when no such process runs.
    pub(crate) fn find(pid: i32) -> Option<Self> {
        started(pid).map(|started| Self { pid, started })
    }

    /// The number that the system knows it by.
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

    /// Sends a signal to it and all that it started, when it leads a group of its own.
    pub(crate) fn signal_group(&self, signal: Signal) {
        if self.alive() && killpg(Pid::from_raw(self.pid), signal).is_err() {
            self.signal(signal);
        }
    }
}

/// When the process began, or `None` for one that is gone or a zombie.
fn started(pid: i32) -> Option<String> {
    if Path::new("/proc/self/stat").exists() {
        return from_proc(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?);
    }
    let answer = Command::new("ps").args(["-o", "state=,lstart=", "-p", &pid.to_string()]).output().ok()?;
    let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    let (state, since) = text.split_once(' ')?;
    (!state.starts_with('Z')).then(|| since.trim().to_owned())
}

/// The line is `pid (name) state …`; the name may hold spaces and brackets, so count from its last bracket.
fn from_proc(stat: &str) -> Option<String> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    let started = fields.nth(18)?;
    (state != "Z" && state != "X").then(|| started.to_owned())
}

/// The processes that work inside `folder`: how orphaned Postgres backends are found. Empty where there is no `/proc`.
pub(crate) fn with_folder_open(folder: &Path) -> Vec<Process> {
    let Ok(folder) = folder.canonicalize() else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder))
        .filter_map(Process::find)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_confuse_the_reader() {
        let stat = "7 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20";
        assert_eq!(from_proc(stat).as_deref(), Some("4242"));
    }

    #[test]
    fn a_zombie_is_not_alive() {
        let stat = "7 (a) Z 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20";
        assert_eq!(from_proc(stat), None);
    }

    #[test]
    fn this_process_is_alive_and_another_start_time_is_not_it() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let me = Process::find(pid).unwrap();
        assert!(me.alive());
        assert!(!Process { pid, started: "1".to_owned() }.alive());
    }
}
