//! The steps of `cargo verify`, cheap ones first.

use std::fs;
use std::process::Command;

use super::tally::{Tally, from_vitest};
use super::{Setting, Step, tests_run};
use crate::dev;
use crate::laws;
use crate::outcome::{Context, Outcome, Stop};
use crate::process;
use crate::program;
use crate::say;
use crate::tools;

pub(super) const ALL: &[Step] = &[
    Step { name: "tools", web: false, run: rust_tools },
    Step { name: "web tools", web: true, run: web_tools },
    Step { name: "format", web: false, run: format },
    Step { name: "laws", web: false, run: keep_laws },
    Step { name: "web check", web: true, run: web_check },
    Step { name: "web tests", web: true, run: web_tests },
    Step { name: "web build", web: true, run: web_build },
    Step { name: "web size", web: true, run: web_size },
    Step { name: "clippy", web: false, run: clippy },
    Step { name: "openapi", web: false, run: openapi },
    Step { name: "web types", web: true, run: web_types },
    Step { name: "traces", web: false, run: traces },
    Step { name: "tests", web: false, run: tests_run::run },
    Step { name: "chaos", web: false, run: chaos },
];

fn rust_tools(setting: &Setting<'_>) -> Outcome<Tally> {
    tools::ensure_rust_components(setting.workspace)?;
    Ok(Tally::success())
}

fn web_tools(setting: &Setting<'_>) -> Outcome<Tally> {
    tools::ensure_node()?;
    tools::ensure_browser(setting.workspace)?;
    dev::install_web(setting.workspace)?;
    Ok(Tally::success())
}

fn format(setting: &Setting<'_>) -> Outcome<Tally> {
    let mut command = setting.workspace.cargo(&["fmt", "--all", "--", "--check", "-l"]);
    succeed(setting, &mut command, "the files above are not formatted: run `cargo fmt --all`")
}

fn keep_laws(setting: &Setting<'_>) -> Outcome<Tally> {
    laws::run(setting.workspace).map(|()| Tally::success())
}

fn web_check(setting: &Setting<'_>) -> Outcome<Tally> {
    npm(setting, "check", "the web apps do not pass their checks; see above")
}

fn web_build(setting: &Setting<'_>) -> Outcome<Tally> {
    npm(setting, "build", "the web apps do not build; see above")
}

fn web_size(setting: &Setting<'_>) -> Outcome<Tally> {
    npm(
        setting,
        "size",
        "the widget is over its budget: visitors on slow phones pay for every kilobyte; make it smaller",
    )
}

fn web_tests(setting: &Setting<'_>) -> Outcome<Tally> {
    let report = setting.workspace.state("logs/vitest.json");
    let _absent = fs::remove_file(&report);
    let outcome = format!("--outputFile.json={}", report.display());
    let mut command =
        setting.workspace.npm(&["test", "--silent", "--", "--reporter=default", "--reporter=json", &outcome]);
    let status = process::run(setting.workspace, &mut command)?;
    let tally = fs::read_to_string(&report).ok().as_deref().and_then(from_vitest);
    tests_run::judge(status.success(), tally)
}

fn clippy(setting: &Setting<'_>) -> Outcome<Tally> {
    let mut command =
        setting.workspace.cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]);
    succeed(setting, &mut command, "clippy found something; it says above what to do")
}

/// The one feature that the plain build leaves out.
fn traces(setting: &Setting<'_>) -> Outcome<Tally> {
    let ask = ["test", "--quiet", "--locked", "--package", "infra", "--features", "otel", "--test", "traces"];
    succeed(setting, &mut setting.workspace.cargo(&ask), "traces do not arrive at a collector; see above")
}

fn openapi(setting: &Setting<'_>) -> Outcome<Tally> {
    let mut command = setting.workspace.cargo(&["run", "--quiet", "--locked", "--package", "openapi", "--", "check"]);
    succeed(setting, &mut command, "the committed OpenAPI document is not what the server speaks; see above")
}

/// Regenerates the types of the web apps and compares, so that a changed document cannot be forgotten there.
fn web_types(setting: &Setting<'_>) -> Outcome<Tally> {
    let generated = || {
        ["web/client/schema.d.ts", "web/client/realtime.gen.ts"]
            .into_iter()
            .map(|name| {
                let path = setting.workspace.path(name);
                fs::read(&path).doing(|| format!("read {}", path.display()))
            })
            .collect::<Outcome<Vec<_>>>()
    };
    let committed = generated()?;
    npm(setting, "codegen", "the types of the web apps cannot be generated from openapi/; see above")?;
    if committed == generated()? {
        return Ok(Tally::success());
    }
    Err(Stop::because(
        "web/client/schema.d.ts or realtime.gen.ts was out of date; they have been generated anew: look at the change and commit it",
    ))
}

/// Half a minute of faults from a fixed seed: the same for everybody, so that a red one can be played again.
fn chaos(setting: &Setting<'_>) -> Outcome<Tally> {
    if !cfg!(target_os = "linux") {
        say::note("processes can be frozen and killed by folder on Linux alone, so nothing is broken on purpose here");
        return Ok(Tally::default());
    }
    let server = program::build(setting.workspace, program::SERVER, &["--workspace", "--locked"])?;
    let figures = setting.workspace.state("logs/chaos.json");
    // Built together, so it lies beside the server.
    let mut command = Command::new(server.with_file_name("chaos"));
    command
        .args(["short", "--seed", "1", "--seconds", "30", "--rate", "60", "--visitors", "20", "--companies", "2"])
        .args(["--base-port", "7481", "--json"])
        .arg(&figures)
        .env("FRONTDESK_BIN", &server);
    succeed(setting, &mut command, "a promise was broken under faults; above is which, and how to play it again")
}

fn npm(setting: &Setting<'_>, script: &str, sentence: &str) -> Outcome<Tally> {
    succeed(setting, &mut setting.workspace.npm(&["run", "--silent", script]), sentence)
}

fn succeed(setting: &Setting<'_>, command: &mut Command, sentence: &str) -> Outcome<Tally> {
    if process::run(setting.workspace, command)?.success() {
        Ok(Tally::success())
    } else {
        Err(Stop::because(sentence))
    }
}
