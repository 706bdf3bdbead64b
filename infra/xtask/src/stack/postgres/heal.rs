//! Mends what a kill or a power cut left behind: half-made data, an orphaned server, a lock file that names a stranger.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use nix::sys::signal::Signal;

use crate::outcome::{Context, Outcome, Stop};
use crate::process::{Process, with_folder_open};
use crate::say;
use crate::stack::Setting;

/// How long an orphan may take to write everything down.
const GRACE: Duration = Duration::from_secs(30);

/// Makes the data folder one that a server can be started on, or says why not.
pub(super) fn heal(setting: &Setting<'_>, folder: &Path) -> Outcome<()> {
    if !folder.exists() {
        return Ok(());
    }
    if !folder.join("PG_VERSION").exists() {
        return set_aside(folder);
    }
    end_orphans(setting, folder)?;
    forget_stale_lock(folder)
}

/// Without `PG_VERSION` it is no data folder, whoever made it. It is moved, not deleted: it is not ours to judge.
fn set_aside(folder: &Path) -> Outcome<()> {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
    let aside = folder.with_extension(format!("broken-{now}"));
    fs::rename(folder, &aside).doing(|| format!("move the half-made {} aside", folder.display()))?;
    say::note(&format!(
        "the data folder was half made; it is now {} and a new one is made",
        aside.display()
    ));
    Ok(())
}

/// A server that outlived the command that started it still writes to the data; two on one folder would ruin it.
fn end_orphans(setting: &Setting<'_>, folder: &Path) -> Outcome<()> {
    let began = Instant::now();
    let mut told = false;
    loop {
        let orphans = with_folder_open(folder);
        if orphans.is_empty() {
            return Ok(());
        }
        setting.workspace.go_on()?;
        if !told {
            say::note("ending a Postgres that an interrupted run left behind");
            let server = LockFile::read(folder).map(|file| file.pid);
            let leader = orphans.iter().find(|process| Some(process.pid()) == server);
            for process in leader.map_or(orphans.as_slice(), std::slice::from_ref) {
                process.signal(if leader.is_some() {
                    Signal::SIGINT
                } else {
                    Signal::SIGTERM
                });
            }
            told = true;
        }
        if began.elapsed() > GRACE {
            let pids: Vec<String> = orphans.iter().map(|process| process.pid().to_string()).collect();
            return Err(Stop::because(format!(
                "a Postgres still works on {} and does not end: end the processes {} yourself, then try again",
                folder.display(),
                pids.join(" ")
            )));
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Postgres refuses to start while the process named in its lock file runs, although another program may have got that
/// number since. That nobody works on the folder was seen just before.
fn forget_stale_lock(folder: &Path) -> Outcome<()> {
    let Some(file) = LockFile::read(folder) else {
        return Ok(());
    };
    if Process::find(file.pid).is_none() || !Path::new("/proc/self/cwd").exists() {
        return Ok(());
    }
    let path = folder.join("postmaster.pid");
    fs::remove_file(&path).doing(|| format!("remove the stale {}", path.display()))?;
    say::note("removed a stale postmaster.pid");
    Ok(())
}

/// What `postmaster.pid` says.
pub(super) struct LockFile {
    pid: i32,
    /// True when the server takes connections.
    pub(super) ready: bool,
}

impl LockFile {
    /// `None` when there is none, or it is only half written.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(folder.join("postmaster.pid")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        Some(Self {
            pid,
            ready: lines.nth(6).is_some_and(|line| line.trim() == "ready"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_tells_who_serves_and_whether_it_is_ready() {
        let starting = LockFile::parse("42\n/data\n1700000000\n7401\n\n127.0.0.1\n  123 456\nstarting\n").unwrap();
        assert_eq!((starting.pid, starting.ready), (42, false));
        assert!(
            LockFile::parse("42\n/data\n1700000000\n7401\n\n127.0.0.1\n  123 456\nready   \n")
                .unwrap()
                .ready
        );
        assert!(LockFile::parse("").is_none());
        assert!(!LockFile::parse("42\n/data\n").unwrap().ready);
    }
}
