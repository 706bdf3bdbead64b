//! All tests of the workspace, against services and a server program of their own.

use std::fs;
use std::process::Command;

use super::Setting;
use super::tally::{Tally, from_junit, from_libtest};
use crate::outcome::{Outcome, Stop};
use crate::process;
use crate::program;
use crate::say;
use crate::stack::cli::test_plan;
use crate::stack::{Stack, down};
use crate::tools;

/// Builds, starts the services where they do not run yet, and tests.
pub(super) fn run(setting: &Setting<'_>) -> Outcome<Tally> {
    let workspace = setting.workspace;
    let server = program::build(workspace, program::SERVER, &["--workspace", "--locked"])?;
    let plan = test_plan(workspace);
    let stack = Stack::up(workspace, &plan)?;
    let urls = stack.urls();
    let mut variables = vec![
        ("TEST_DATABASE_URL", urls.database_url.clone().into()),
        ("TEST_ADMIN_DATABASE_URL", urls.admin_database_url.clone().into()),
        ("TEST_REDIS_URL", urls.redis_url.clone().into()),
        ("TEST_NATS_URL", urls.nats_url.clone().into()),
        ("FRONTDESK_BIN", server.into_os_string()),
    ];
    // Elsewhere nothing can be loaded before a program, and the stories that need it are left out.
    if cfg!(target_os = "linux") {
        variables.push(("FRONTDESK_FAKETIME", tools::ensure_faketime(workspace)?.into_os_string()));
    }
    if !setting.fast {
        variables.push(("FRONTDESK_CHROMIUM", tools::ensure_browser(workspace)?.into_os_string()));
    }
    let result = if tools::in_path("cargo-nextest").is_some() {
        nextest(setting, &variables)
    } else {
        say::note(
            "cargo-nextest is not here, so `cargo test` is used; `cargo install cargo-nextest --locked` makes this quicker",
        );
        libtest(setting, &variables)
    };
    if !stack.was_running() {
        down(&plan)?;
    }
    result
}

fn nextest(setting: &Setting<'_>, variables: &[(&str, std::ffi::OsString)]) -> Outcome<Tally> {
    // There, also where the target folder has been moved.
    let report = setting.workspace.path("target/nextest/verify/junit.xml");
    let _absent = fs::remove_file(&report);
    let mut command = setting.workspace.cargo(&["nextest", "run", "--workspace", "--locked", "--profile", "verify"]);
    if setting.fast {
        command.args(["-E", "not test(/browser/)"]);
    }
    let status = process::run(setting.workspace, with(&mut command, variables))?;
    judge(status.success(), fs::read_to_string(&report).ok().as_deref().and_then(from_junit))
}

fn libtest(setting: &Setting<'_>, variables: &[(&str, std::ffi::OsString)]) -> Outcome<Tally> {
    let mut command =
        setting.workspace.cargo(&["test", "--workspace", "--locked", "--no-fail-fast", "--lib", "--bins", "--tests"]);
    if setting.fast {
        command.args(["--", "--skip", "browser"]);
    }
    let (status, output) = process::capture(setting.workspace, with(&mut command, variables))?;
    eprintln!("{output}");
    judge(status.success(), Some(from_libtest(&output)))
}

fn with<'a>(command: &'a mut Command, variables: &[(&str, std::ffi::OsString)]) -> &'a mut Command {
    command.envs(variables.iter().map(|(name, value)| (*name, value)))
}

/// A runner that failed without a failed test could not run them, and one without any test proved nothing.
pub(super) fn judge(success: bool, tally: Option<Tally>) -> Outcome<Tally> {
    match tally {
        Some(tally) if success && tally.passed > 0 && tally.failed == 0 => Ok(tally),
        Some(tally) if !success && tally.failed > 0 => Ok(tally),
        Some(tally) if success && tally.passed == 0 => {
            Err(Stop::because("no test was run: a check that cannot fail proves nothing"))
        }
        _ => Err(Stop::because("the tests could not be run to their end; see above")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_test_at_all_is_no_success() {
        assert!(judge(true, Some(Tally::default())).is_err());
        assert!(judge(true, None).is_err());
        assert!(judge(false, Some(Tally { passed: 3, failed: 0 })).is_err());
        assert_eq!(judge(false, Some(Tally { passed: 3, failed: 1 })).unwrap().failed, 1);
        assert_eq!(judge(true, Some(Tally { passed: 3, failed: 0 })).unwrap().passed, 3);
    }
}
