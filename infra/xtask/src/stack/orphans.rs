//! Services that outlived the command that started them and whom no record names: found by the folder they work in.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::postgres::LockFile;
use crate::outcome::{Outcome, Stop};
use crate::process::{Process, with_folder_open};
use crate::say;
use crate::workspace::Workspace;

/// How long an orphan may take to write everything down.
const GRACE: Duration = Duration::from_secs(30);

/// Ends whoever works in these folders, so that their ports are free, and no two servers write to one data folder.
pub(super) fn end(workspace: &Workspace, home: &Path, data: &Path) -> Outcome<()> {
    let began = Instant::now();
    let mut told = false;
    loop {
        let orphans: Vec<Process> = [home, data].into_iter().flat_map(with_folder_open).collect();
        if orphans.is_empty() {
            return Ok(());
        }
        workspace.go_on()?;
        if !told {
            say::note("ending services that an interrupted run left behind");
            tell(&orphans, LockFile::read(data).map(|file| file.pid));
            told = true;
        }
        if began.elapsed() > GRACE {
            let pids: Vec<String> = orphans.iter().map(|process| process.pid().to_string()).collect();
            return Err(Stop::because(format!(
                "something still works in {} and does not end: end the processes {} yourself, then try again",
                home.display(),
                pids.join(" ")
            )));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Postgres' first process ends its own children; those of one that was killed must be told themselves.
fn tell(orphans: &[Process], postmaster: Option<i32>) {
    for process in orphans {
        let signal = if Some(process.pid()) == postmaster { Signal::SIGINT } else { Signal::SIGTERM };
        process.signal(signal);
    }
}
