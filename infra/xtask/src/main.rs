//! The developer's commands: `cargo dev`, `cargo verify`, `cargo xtask stack up|down` and `cargo xtask laws`.
//!
//! **Invariant.** This crate depends on no product crate: it must start while the product does not compile.

mod chance;
mod dev;
mod laws;
mod outcome;
mod process;
mod program;
mod say;
mod stack;
mod tools;
mod verify;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::outcome::{Outcome, Stop};
use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "xtask", about = "The developer's commands of Frontdesk", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start everything on this machine and print where it is.
    Dev(dev::Options),
    /// Check everything, as the build server does.
    Verify(verify::Options),
    /// Start or stop the three services alone.
    #[command(subcommand)]
    Stack(stack::cli::Command),
    /// Check the project's laws that need neither network nor compiler.
    Laws,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Interrupted) => ExitCode::from(130),
        Err(Stop::Reported) => ExitCode::FAILURE,
        Err(Stop::Failed(sentence)) => {
            say::failure(&sentence);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Outcome<()> {
    let workspace = Workspace::open()?;
    match command {
        Command::Dev(options) => dev::run(&workspace, &options),
        Command::Verify(options) => verify::run(&workspace, &options),
        Command::Stack(command) => stack::cli::run(&workspace, command),
        Command::Laws => laws::run(&workspace),
    }
}
