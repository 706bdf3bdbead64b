//! `cargo verify`: everything that must hold before a change is taken, in the order that finds mistakes soonest.

mod steps;
mod summary;
mod tally;
mod tests_run;

use std::time::Instant;

use clap::Args;

use crate::outcome::{Outcome, Stop};
use crate::say;
use crate::workspace::{Workspace, make_folder};
use summary::{Line, Verdict};
use tally::Tally;

/// How much to check.
#[derive(Args)]
pub(crate) struct Options {
    /// Leave out the web apps and the browser tests.
    #[arg(long)]
    fast: bool,
    /// Go on after a failure and fail at the end.
    #[arg(long)]
    keep_going: bool,
    /// Run this step alone; may be given several times.
    #[arg(long, value_name = "STEP", value_parser = clap::builder::PossibleValuesParser::new(steps::ALL.iter().map(|step| step.name)))]
    only: Vec<String>,
}

impl Options {
    fn wants(&self, step: &Step) -> bool {
        let chosen = self.only.is_empty() || self.only.iter().any(|name| name == step.name);
        chosen && !(self.fast && step.web)
    }
}

/// What a step needs.
struct Setting<'a> {
    workspace: &'a Workspace,
    fast: bool,
}

/// One thing to check.
struct Step {
    name: &'static str,
    /// Whether `--fast` leaves it out.
    web: bool,
    run: fn(&Setting<'_>) -> Outcome<Tally>,
}

/// Runs the steps, shows what came of each, and ends with `N passed, N failed`.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Outcome<()> {
    make_folder(&workspace.state("logs"))?;
    let setting = Setting { workspace, fast: options.fast };
    let mut lines: Vec<Line> = Vec::new();
    for step in steps::ALL.iter().filter(|step| options.wants(step)) {
        let stopped = !options.keep_going && lines.iter().any(Line::failed);
        lines.push(if stopped { Line::not_run(step.name) } else { run_step(&setting, step)? });
    }
    eprintln!("\n{}", summary::table(&lines));
    let total = summary::total(&lines);
    say::result(&total.to_string());
    if lines.iter().any(Line::failed) { Err(Stop::Reported) } else { Ok(()) }
}

fn run_step(setting: &Setting<'_>, step: &Step) -> Outcome<Line> {
    say::heading(step.name);
    let began = Instant::now();
    let verdict = match (step.run)(setting) {
        Ok(tally) => Verdict::of(tally),
        Err(Stop::Interrupted) => return Err(Stop::Interrupted),
        Err(Stop::Reported) => Verdict::Failed(Tally::failure()),
        Err(Stop::Failed(sentence)) => {
            say::failure(&sentence);
            Verdict::Failed(Tally::failure())
        }
    };
    Ok(Line { name: step.name, verdict, took: began.elapsed() })
}
