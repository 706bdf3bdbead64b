//! Builds with cargo, and asks it where the server's program is instead of guessing at folders.

use std::path::PathBuf;

use crate::outcome::{Outcome, Stop};
use crate::process::capture;
use crate::workspace::Workspace;

/// `cargo build …`, which must build the server among others; gives the path of its program.
pub(crate) fn build(workspace: &Workspace, arguments: &[&str]) -> Outcome<PathBuf> {
    let mut command = workspace.cargo(&["build", "--message-format=json-render-diagnostics"]);
    let (status, messages) = capture(workspace, command.args(arguments))?;
    if !status.success() {
        return Err(Stop::because("the code does not compile; cargo says why above"));
    }
    server(&messages).ok_or_else(|| Stop::because("cargo built the server but did not say where"))
}

/// The executable named `frontdesk` in cargo's messages, one JSON document a line.
fn server(messages: &str) -> Option<PathBuf> {
    messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let executable = message.get("executable")?.as_str()?;
        let target = message.get("target")?;
        (target.get("name")? == "frontdesk" && target.get("kind")?.get(0)? == "bin").then(|| PathBuf::from(executable))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_the_server_and_no_other() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"api","kind":["lib"]},"executable":null}
{"reason":"compiler-artifact","target":{"name":"openapi","kind":["bin"]},"executable":"/t/openapi"}
{"reason":"compiler-artifact","target":{"name":"frontdesk","kind":["bin"]},"executable":"/t/frontdesk"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(server(messages), Some(PathBuf::from("/t/frontdesk")));
        assert_eq!(server("{}"), None);
    }
}
