//! A disk that is slow or breaks, as the processes of Postgres see it: `strace` answers their calls in the kernel's place.

use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::{Child, Command};

use crate::process::Process;
use load::{Doing as _, Failed, Outcome};

/// What the disk does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disk {
    /// Every write to safety takes so many milliseconds.
    Slow(u64),
    /// It says that it could not bring the write to safety.
    Broken,
}

/// A running strace. It lets go when told to, or when dropped.
pub(crate) struct Tracer {
    child: Child,
}

impl Tracer {
    /// Whether this machine can do it.
    pub(crate) async fn available() -> bool {
        let mut command = Command::new("strace");
        command.arg("-V").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().await.is_ok_and(|status| status.success())
    }

    /// Takes hold of all these processes and of what they start.
    pub(crate) async fn attach(processes: &[Process], disk: Disk) -> Outcome<Self> {
        let what = match disk {
            Disk::Slow(milliseconds) => format!("delay_enter={}", milliseconds * 1000),
            Disk::Broken => "error=EIO".to_owned(),
        };
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync"]);
        command.arg("-e").arg(format!("inject=fdatasync,fsync:{what}"));
        for process in processes {
            command.arg("-p").arg(process.pid().to_string());
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .doing(|| "start strace".to_owned())?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok(Self { child })
    }

    /// Lets go of everybody.
    pub(crate) async fn detach(mut self) -> Outcome<()> {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        if let Some(process) = pid.and_then(Process::find) {
            process.signal(Signal::SIGTERM);
        }
        let ended = tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await;
        if ended.is_err() {
            return Err(Failed::because("strace does not let go"));
        }
        Ok(())
    }
}
