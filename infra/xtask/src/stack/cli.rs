//! `cargo xtask stack up|down`: the services alone, for the tests and for whoever wants to look around.

use std::env;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Durability, Plan, Stack, down, remove};
use crate::outcome::{Context, Outcome};
use crate::process::Lifetime;
use crate::say;
use crate::workspace::Workspace;

/// Beside the ports of `cargo dev`, so that both run at once.
const TEST_PORT: u16 = 7451;

/// Start or stop the three services.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start them, or find them running, and print their addresses as JSON. They stay until `down`.
    Up(Up),
    /// Stop them.
    Down(Down),
}

/// Where to start them.
#[derive(Args)]
pub(crate) struct Up {
    /// The folder for data and logs [default: target/test-stack].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The first of three ports; taken ones are skipped.
    #[arg(long, default_value_t = TEST_PORT)]
    base_port: u16,
    /// Begin with empty data and promise to keep none: much quicker.
    #[arg(long)]
    ephemeral: bool,
}

/// Which to stop.
#[derive(Args)]
pub(crate) struct Down {
    /// The folder that they were started with [default: target/test-stack].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Delete their data too.
    #[arg(long)]
    remove: bool,
}

/// Does what was asked.
pub(crate) fn run(workspace: &Workspace, command: Command) -> Outcome<()> {
    match command {
        Command::Up(up) => {
            let durability = if up.ephemeral { Durability::Ephemeral } else { Durability::Durable };
            let plan = plan(workspace, up.dir, up.base_port, durability)?;
            let stack = Stack::up(workspace, &plan)?;
            let json = serde_json::to_string_pretty(stack.urls()).doing(|| "print the addresses".to_owned())?;
            say::result(&json);
        }
        Command::Down(ask) => {
            let plan = plan(workspace, ask.dir, TEST_PORT, Durability::Ephemeral)?;
            say::note(if down(&plan)? { "the services are stopped" } else { "no services ran there" });
            if ask.remove {
                remove(workspace, &plan)?;
            }
        }
    }
    Ok(())
}

/// The stack that all tests of this checkout share.
pub(crate) fn test_plan(workspace: &Workspace) -> Plan {
    Plan {
        folder: workspace.target("test-stack"),
        base_port: TEST_PORT,
        durability: Durability::Ephemeral,
        lifetime: Lifetime::UntilDown,
    }
}

fn plan(workspace: &Workspace, folder: Option<PathBuf>, base_port: u16, durability: Durability) -> Outcome<Plan> {
    let here = env::current_dir().doing(|| "find the current folder".to_owned())?;
    Ok(Plan {
        folder: folder.map_or_else(|| workspace.target("test-stack"), |folder| here.join(folder)),
        base_port,
        durability,
        lifetime: Lifetime::UntilDown,
    })
}
