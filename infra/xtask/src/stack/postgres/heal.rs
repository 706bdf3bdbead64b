//! Mends what a kill or a power cut left behind: half-made data, and a lock file that names a stranger.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::outcome::{Context, Outcome};
use crate::say;

/// Makes the data folder one that a server can be started on. Nobody works on it any more.
pub(super) fn heal(folder: &Path) -> Outcome<()> {
    if !folder.exists() {
        return Ok(());
    }
    if folder.join("PG_VERSION").exists() { forget_stale_lock(folder) } else { set_aside(folder) }
}

/// Without `PG_VERSION` it is no data folder, whoever made it. It is moved, not deleted: it is not ours to judge.
fn set_aside(folder: &Path) -> Outcome<()> {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
    let aside = folder.with_extension(format!("broken-{now}"));
    fs::rename(folder, &aside).doing(|| format!("move the half-made {} aside", folder.display()))?;
    say::note(&format!("the data folder was half made; it is now {} and a new one is made", aside.display()));
    Ok(())
}

/// Postgres refuses to start while its lock file names a process that exists: another program that got the number since,
/// or a zombie that nobody has buried. Only where `/proc` showed that nobody works on the folder do we know better.
fn forget_stale_lock(folder: &Path) -> Outcome<()> {
    let path = folder.join("postmaster.pid");
    if !path.exists() || !Path::new("/proc/self/cwd").exists() {
        return Ok(());
    }
    fs::remove_file(&path).doing(|| format!("remove the stale {}", path.display()))?;
    say::note("removed a stale postmaster.pid");
    Ok(())
}

/// What `postmaster.pid` says.
pub(in crate::stack) struct LockFile {
    /// The server's first process.
    pub(in crate::stack) pid: i32,
    /// True when it takes connections.
    pub(super) ready: bool,
}

impl LockFile {
    /// `None` when there is none, or it is only half written.
    pub(in crate::stack) fn read(folder: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(folder.join("postmaster.pid")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        Some(Self { pid, ready: lines.nth(6).is_some_and(|line| line.trim() == "ready") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_tells_who_serves_and_whether_it_is_ready() {
        let starting = LockFile::parse("42\n/data\n1700000000\n7401\n\n127.0.0.1\n  123 456\nstarting\n").unwrap();
        assert_eq!((starting.pid, starting.ready), (42, false));
        assert!(LockFile::parse("42\n/data\n1700000000\n7401\n\n127.0.0.1\n  123 456\nready   \n").unwrap().ready);
        assert!(LockFile::parse("").is_none());
        assert!(!LockFile::parse("42\n/data\n").unwrap().ready);
    }
}
