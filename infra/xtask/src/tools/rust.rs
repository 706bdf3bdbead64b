//! The parts of the Rust toolchain that a minimal installation leaves out.

use std::process::Command;

use crate::outcome::{Outcome, Stop};
use crate::process;
use crate::say;
use crate::tools::{in_path, succeeds};
use crate::workspace::{Workspace, make_folder};

/// Makes sure that rustfmt and clippy are here.
pub(crate) fn ensure_rust_components(workspace: &Workspace) -> Outcome<()> {
    let mut missing = Vec::new();
    for (command, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !succeeds(workspace, &mut workspace.cargo(&[command, "--version"]))? {
            missing.push(component);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let how = format!("rustup component add {}", missing.join(" "));
    if in_path("rustup").is_none() {
        return Err(Stop::because(format!("this Rust toolchain lacks {}: {how}", missing.join(" and "))));
    }
    say::begin("rust", &how);
    make_folder(&workspace.state("logs"))?;
    let mut command = Command::new("rustup");
    command.current_dir(workspace.root()).args(["component", "add"]).args(&missing);
    process::quiet(workspace, &mut command, &workspace.state("logs/rustup.log"))
}
