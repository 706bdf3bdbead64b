//! `cargo chaos <scenario>`: breaks everything around the server while people chat, and looks whether a promise was broken too.
//!
//! What breaks, and when, is drawn from a seed. The same seed plays the same faults again.
#![expect(clippy::print_stderr, reason = "a program of the command line says what it does")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded before anybody reads them")]

mod admin;
mod bus;
mod dice;
mod drain;
mod figures;
mod fleet;
mod image;
mod nemesis;
mod process;
mod proxy;
mod pulse;
mod run;
mod scenario;
mod services;
mod tracer;
mod twins;
mod unrest;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use load::{Failed, Outcome};

use crate::nemesis::Pace;
use crate::run::Setting;
use crate::scenario::Scenario;

/// A run of this length or more is given time between the faults.
const LONG: Duration = Duration::from_mins(4);

#[derive(Parser)]
#[command(name = "chaos", about = "Break everything around the server while people chat, and see what it loses")]
struct Arguments {
    /// What to play.
    scenario: Scenario,
    /// Decides what breaks, and when.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds to play, one after the other.
    #[arg(long, default_value_t = 1)]
    runs: u64,
    /// How long faults are dealt out in each run [default: 60].
    #[arg(long)]
    seconds: Option<u64>,
    /// The same in minutes.
    #[arg(long, conflicts_with = "seconds")]
    minutes: Option<u64>,
    /// The same as `--minutes 10`.
    #[arg(long, conflicts_with_all = ["seconds", "minutes"])]
    long: bool,
    /// Where to write the figures; `{}` stands for the seed.
    #[arg(long)]
    json: Option<String>,
    /// How many server processes [default: 2; 3 in `drain`].
    #[arg(long)]
    servers: Option<usize>,
    /// How many companies, beside the one whose pulse is taken.
    #[arg(long, default_value_t = 3)]
    companies: u32,
    /// How many visitors.
    #[arg(long, default_value_t = 60)]
    visitors: usize,
    /// How many messages a second the visitors send together; 0 for as many as go.
    #[arg(long, default_value_t = 150)]
    rate: u64,
    /// How many agents take from the long line, in `drain`; a tenth of them from each of the two others.
    #[arg(long, default_value_t = 200)]
    agents: u32,
    /// How many wait when they come, in `drain`.
    #[arg(long, default_value_t = 5_000)]
    waiting: usize,
    /// The first of three ports for the services.
    #[arg(long, default_value_t = 22_000)]
    base_port: u16,
    /// Where data and logs are kept [default: target/chaos].
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Arguments {
    fn length(&self) -> Duration {
        let minutes = self.minutes.or(self.long.then_some(10)).map(|minutes| minutes * 60);
        Duration::from_secs(minutes.or(self.seconds).unwrap_or(60))
    }

    fn servers(&self) -> usize {
        let usual = if self.scenario == Scenario::Drain { 3 } else { 2 };
        self.servers.unwrap_or(usual).max(1)
    }

    fn setting(&self, seed: u64) -> Setting {
        let length = self.length();
        let folder = self.dir.clone().unwrap_or_else(|| load::stage::workspace().join("target/chaos"));
        Setting {
            scenario: self.scenario,
            seed,
            length,
            pace: if length >= LONG { Pace::Calm } else { Pace::Dense },
            folder: folder.join(format!("{}-{seed}", self.scenario.name())),
            base_port: self.base_port,
            servers: self.servers(),
            companies: self.companies.max(2),
            visitors: self.visitors.max(1),
            rate: self.rate,
            agents: self.agents.max(1),
            waiting: self.waiting,
        }
    }

    /// What to type to see the same again.
    fn again(&self, seed: u64) -> String {
        let crowd = if self.scenario == Scenario::Drain {
            format!("--agents {} --waiting {}", self.agents, self.waiting)
        } else {
            format!("--companies {} --visitors {} --rate {}", self.companies, self.visitors, self.rate)
        };
        format!(
            "cargo chaos {} --seed {seed} --seconds {} --servers {} {crowd}",
            self.scenario.name(),
            self.length().as_secs(),
            self.servers(),
        )
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = tokio::select! {
        outcome = Box::pin(play_all(&arguments)) => outcome,
        _ = tokio::signal::ctrl_c() => Err(Failed::because("it was interrupted")),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failed) => {
            eprintln!("{failed}");
            ExitCode::from(2)
        }
    }
}

/// True when every run kept every promise.
async fn play_all(arguments: &Arguments) -> Outcome<bool> {
    let mut all_kept = true;
    for seed in arguments.seed..arguments.seed.saturating_add(arguments.runs) {
        let setting = arguments.setting(seed);
        eprintln!("chaos {} with seed {seed}", setting.scenario.name());
        let played = Box::pin(run::play(&setting)).await;
        let findings = played.inspect_err(|_| eprintln!("to play it again: {}", arguments.again(seed)))?;
        let report = figures::report(&setting, &findings);
        eprintln!("{}", report.table());
        if let Some(path) = &arguments.json {
            report.save(&PathBuf::from(path.replace("{}", &seed.to_string())))?;
        }
        if report.meets_all() {
            continue;
        }
        all_kept = false;
        let told = findings.broken.iter().chain(&findings.late).chain(&findings.verdict.examples);
        told.take(30).for_each(|sentence| eprintln!("  - {sentence}"));
        eprintln!("what was done is in {}", setting.folder.display());
        eprintln!("to play it again: {}", arguments.again(seed));
    }
    Ok(all_kept)
}
