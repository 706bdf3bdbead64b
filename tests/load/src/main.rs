//! `cargo load <scenario>`: measures the released build over real sockets, and checks that nothing was lost meanwhile.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures are rounded before anybody reads them"
)]

mod scenario;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use load::{Outcome, scene::Setting, stage::workspace};

#[derive(Parser)]
#[command(
    name = "load",
    about = "Measures Frontdesk under load, and checks that nothing is lost",
    disable_version_flag = true
)]
struct Arguments {
    #[command(subcommand)]
    scenario: Scenario,
}

/// What every scenario takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Where to write the figures as JSON [default: target/load/<scenario>.json]
    #[arg(long)]
    json: Option<PathBuf>,
    /// Decides everything that is left to chance
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long each measured window is
    #[arg(long)]
    seconds: Option<u64>,
    /// Small sizes and short windows, for the inner loop; the figures are worth less
    #[arg(long)]
    quick: bool,
    /// The first of three ports for services
    #[arg(long, default_value_t = 21000)]
    base_port: u16,
    /// Where services keep their data and logs [default: target/load/<scenario>]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// How many servers [default: 1; 3 for `hot`]
    #[arg(long)]
    servers: Option<usize>,
    /// Write every operation to this file
    #[arg(long)]
    oplog: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Scenario {
    /// Acknowledged sends per second, against single-row inserts into the same Postgres
    Send(scenario::send::Options),
    /// One company's messages to many consoles
    Fanout(scenario::fanout::Options),
    /// What an idle socket and an idle server cost
    Idle(scenario::idle::Options),
    /// The server dies with all its sockets and comes back
    Storm(scenario::storm::Options),
    /// Three times the usual load, all kinds of people at once
    Mixed3x(scenario::mixed::Options),
    /// What thousands of companies cost: signups, requests, memory, migrations
    Tenants(scenario::tenants::Options),
    /// One company at twenty times its pace beside forty-nine that live as usual
    Neighbour(scenario::neighbour::Options),
    /// More than there is room for, and then the usual again
    Overload(scenario::overload::Options),
    /// Sockets that read nothing beside those that do
    Slow(scenario::slow::Options),
    /// Visitors in a line that moves up: how soon each is told, and how soon the next one is given
    Line(scenario::line::Options),
    /// What metering costs on the way of a message
    Billing(scenario::billing::Options),
    /// What writing messages together gains, and what a send that comes alone pays for it
    Batch(scenario::batch::Options),
    /// One conversation that many write into at once
    Hot(scenario::hot::Options),
    /// Sockets that were away while a thousand messages were written come back
    Resume(scenario::resume::Options),
    /// Random companies on a virtual clock: does routing keep its promises, do estimates come true
    RoutingSim(scenario::routing_sim::Options),
}

impl Common {
    fn setting(&self, name: &str) -> Setting {
        let folder = self.dir.clone().unwrap_or_else(|| workspace().join("target/load").join(name));
        // Only there is it asked why sockets were closed; everywhere else nothing is to cost what it did not cost before.
        let counts = name == "slow";
        // One process could keep an order by itself.
        let servers = self.servers.unwrap_or(if name == "hot" { 3 } else { 1 });
        Setting { folder, base_port: self.base_port, servers, seed: self.seed, counts }
    }

    fn json(&self, name: &str) -> PathBuf {
        self.json.clone().unwrap_or_else(|| workspace().join("target/load").join(format!("{name}.json")))
    }

    /// The usual, or the quick, unless said otherwise.
    fn seconds(&self, usual: u64, quick: u64) -> std::time::Duration {
        std::time::Duration::from_secs(self.seconds.unwrap_or(if self.quick { quick } else { usual }))
    }

    fn size<T>(&self, said: Option<T>, usual: T, quick: T) -> T {
        said.unwrap_or(if self.quick { quick } else { usual })
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let played = match runtime {
        Ok(runtime) => runtime.block_on(play(arguments.scenario)),
        Err(error) => Err(load::Failed::because(error.to_string())),
    };
    match played {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// True when every figure meets its target.
async fn play(scenario: Scenario) -> Outcome<bool> {
    match scenario {
        Scenario::Send(options) => {
            scenario::run("send", &options.common.clone(), async |scene, report| {
                scenario::send::play(&options, scene, report).await
            })
            .await
        }
        Scenario::Fanout(options) => {
            scenario::run("fanout", &options.common.clone(), async |scene, report| {
                scenario::fanout::play(&options, scene, report).await
            })
            .await
        }
        Scenario::Tenants(options) => {
            scenario::run("tenants", &options.common.clone(), async |scene, report| {
                scenario::tenants::play(&options, scene, report).await
            })
            .await
        }
        Scenario::Neighbour(options) => {
            scenario::run("neighbour", &options.common.clone(), async |scene, report| {
                scenario::neighbour::play(&options, scene, report).await
            })
            .await
        }
        Scenario::Overload(options) => {
            scenario::run("overload", &options.common.clone(), async |scene, report| {
                scenario::overload::play(&options, scene, report).await
            })
            .await
        }
        Scenario::Slow(options) => {
            scenario::run("slow", &options.common.clone(), async |scene, report| {
                scenario::slow::play(&options, scene, report).await
            })
            .await
        }
        Scenario::Line(options) => {
            scenario::run("line", &options.common.clone(), async |scene, report| {
                scenario::line::play(&options, scene, report).await
            })
            .await
        }
        Scenario::Billing(options) => {
            scenario::run("billing", &options.common.clone(), async |scene, report| {
                scenario::billing::play(&options, scene, report).await
            })
            .await
        }
        Scenario::Batch(options) => {
            scenario::run("batch", &options.common.clone(), async |scene, report| {
                scenario::batch::play(&options, scene, report).await
            })
            .await
        }
        Scenario::Hot(options) => {
            scenario::run("hot", &options.common.clone(), async |scene, report| {
                scenario::hot::play(&options, scene, report).await
            })
            .await
        }
        Scenario::Resume(options) => {
            scenario::run("resume", &options.common.clone(), async |scene, report| {
                scenario::resume::play(&options, scene, report).await
            })
            .await
        }
        Scenario::RoutingSim(options) => scenario::routing_sim::play(&options),
        Scenario::Idle(options) => {
            scenario::run("idle", &options.common.clone(), async |scene, report| {
                scenario::idle::play(&options, scene, report).await
            })
            .await
        }
        Scenario::Storm(options) => {
            scenario::run("storm", &options.common.clone(), async |scene, report| {
                scenario::storm::play(&options, scene, report).await
            })
            .await
        }
        Scenario::Mixed3x(options) => {
            scenario::run("mixed3x", &options.common.clone(), async |scene, report| {
                scenario::mixed::play(&options, scene, report).await
            })
            .await
        }
    }
}
