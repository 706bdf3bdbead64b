//! Builds with cargo, and asks it where the server's program is instead of guessing at folders.

use std::path::PathBuf;

use crate::outcome::{Outcome, Stop};
use crate::process::capture;
use crate::workspace::Workspace;

/// The name of the server's program.
pub(crate) const SERVER: &str = "frontdesk";

/// `cargo build …`, which must build a program of this name among others; gives its path.
pub(crate) fn build(workspace: &Workspace, name: &str, arguments: &[&str]) -> Outcome<PathBuf> {
    let mut command = workspace.cargo(&["build", "--message-format=json-render-diagnostics"]);
    let (status, messages) = capture(workspace, command.args(arguments))?;
    if !status.success() {
        return Err(Stop::because("the code does not compile; cargo says why above"));
    }
    executable(&messages, name).ok_or_else(|| Stop::because(format!("cargo built {name} but did not say where")))
}

/// The executable of this name in cargo's messages, one JSON document a line.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let executable = message.get("executable")?.as_str()?;
        let target = message.get("target")?;
        (target.get("name")? == name && target.get("kind")?.get(0)? == "bin").then(|| PathBuf::from(executable))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_the_one_that_was_meant_and_no_other() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"api","kind":["lib"]},"executable":null}
{"reason":"compiler-artifact","target":{"name":"openapi","kind":["bin"]},"executable":"/t/openapi"}
{"reason":"compiler-artifact","target":{"name":"frontdesk","kind":["bin"]},"executable":"/t/frontdesk"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages, SERVER), Some(PathBuf::from("/t/frontdesk")));
        assert_eq!(executable(messages, "api"), None);
        assert_eq!(executable("{}", SERVER), None);
    }
}
