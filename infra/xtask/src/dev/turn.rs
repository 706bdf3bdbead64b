//! One `cargo dev` per checkout: a second one would start a second server on the same data.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};

use crate::outcome::{Context, Outcome, Stop};
use crate::workspace::Workspace;

/// Held while `cargo dev` runs; the system lets go of it when the process ends, however it ends.
pub(super) struct Turn(File);

/// Takes the turn, or says who has it.
pub(super) fn take(workspace: &Workspace) -> Outcome<Turn> {
    let path = workspace.state("turn.lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .doing(|| format!("open {} (was this run as another user before?)", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Turn(file)),
        Err(TryLockError::WouldBlock) => {
            let mut who = String::new();
            let _unreadable = file.read_to_string(&mut who);
            Err(Stop::because(format!(
                "`cargo dev` runs already for this checkout{}: use that one, or stop it with Ctrl-C there",
                if who.is_empty() { String::new() } else { format!(" ({})", who.trim()) }
            )))
        }
        Err(TryLockError::Error(error)) => Err(error).doing(|| format!("lock {}", path.display())),
    }
}

impl Turn {
    /// Writes down where we are, for whoever comes second.
    pub(super) fn announce(&self, port: u16) -> Outcome<()> {
        let line = format!("process {}, http://localhost:{port}\n", std::process::id());
        let mut file = &self.0;
        file.set_len(0).and_then(|()| file.write_all(line.as_bytes())).doing(|| "write .dev/turn.lock".to_owned())
    }
}
