//! Commands that run to their end. Each may be interrupted, and none outlives an interrupted caller.

use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::outcome::{Context, Outcome, Stop};
use crate::say;
use crate::workspace::Workspace;

const LOOK_EVERY: Duration = Duration::from_millis(20);
const GRACE: Duration = Duration::from_secs(10);

/// Runs the command with its output on our own terminal; the caller judges the status.
pub(crate) fn run(workspace: &Workspace, command: &mut Command) -> Outcome<ExitStatus> {
    let child = alone(command).spawn().doing(|| format!("start {}", name(command)))?;
    wait(workspace, child, &name(command))
}

/// Runs the command with its output in a log file; a failure shows what of it tells why.
pub(crate) fn quiet(workspace: &Workspace, command: &mut Command, log: &Path) -> Outcome<()> {
    let file = File::create(log).doing(|| format!("write {}", log.display()))?;
    let twin = file.try_clone().doing(|| format!("write {}", log.display()))?;
    command.stdout(file).stderr(twin);
    if run(workspace, command)?.success() {
        return Ok(());
    }
    Err(Stop::because(format!("`{}` failed; from {}:\n{}", spoken(command), log.display(), say::excerpt(log))))
}

/// Runs the command and gives its standard output; its errors go to our own terminal.
pub(crate) fn capture(workspace: &Workspace, command: &mut Command) -> Outcome<(ExitStatus, String)> {
    let mut child = alone(command).stdout(Stdio::piped()).spawn().doing(|| format!("start {}", name(command)))?;
    let mut output = child.stdout.take();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(output) = output.as_mut() {
            output.read_to_end(&mut bytes)?;
        }
        Ok::<_, std::io::Error>(bytes)
    });
    let status = wait(workspace, child, &name(command))?;
    let bytes = reader
        .join()
        .map_err(|_| Stop::because(format!("could not read what {} printed", name(command))))?
        .doing(|| format!("read what {} printed", name(command)))?;
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}

/// In a group of its own, so that an interrupted npm or cargo takes all that it started with it.
fn alone(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).process_group(0)
}

fn wait(workspace: &Workspace, mut child: Child, name: &str) -> Outcome<ExitStatus> {
    let mut ended_at = None;
    loop {
        if let Some(status) = child.try_wait().doing(|| format!("wait for {name}"))? {
            return workspace.go_on().map(|()| status);
        }
        if let Err(stop) = workspace.go_on() {
            let since = *ended_at.get_or_insert_with(|| {
                signal(&child, Signal::SIGTERM);
                Instant::now()
            });
            if since.elapsed() > GRACE {
                signal(&child, Signal::SIGKILL);
                let _reaped = child.wait();
                return Err(stop);
            }
        }
        thread::sleep(LOOK_EVERY);
    }
}

fn signal(child: &Child, signal: Signal) {
    if let Ok(pid) = i32::try_from(child.id()) {
        let _gone = killpg(Pid::from_raw(pid), signal);
    }
}

fn name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()
}

/// The command as one would type it.
fn spoken(command: &Command) -> String {
    let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
    std::iter::once(name(command)).chain(words).collect::<Vec<_>>().join(" ")
}
