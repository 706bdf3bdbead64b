//! Node and npm, which build the web apps.

use std::path::Path;

use crate::outcome::{Outcome, Stop};
use crate::tools::{first_line, in_path};

const OLDEST_NODE: u32 = 20;

/// Makes sure that Node is here and new enough. Distributions carry old ones, so nothing is installed.
pub(crate) fn ensure_node() -> Outcome<()> {
    let how = format!(
        "Node {OLDEST_NODE} or later with npm builds the web apps: install it from https://nodejs.org, \
         or run `cargo dev --no-web` to start the server without building them"
    );
    let Some(node) = in_path("node") else {
        return Err(Stop::because(how));
    };
    if in_path("npm").is_none() {
        return Err(Stop::because(format!("node is here but npm is not. {how}")));
    }
    let version = version_of(&node)?;
    if major(&version).is_none_or(|major| major < OLDEST_NODE) {
        return Err(Stop::because(format!("{} is Node {version}. {how}", node.display())));
    }
    Ok(())
}

fn version_of(node: &Path) -> Outcome<String> {
    first_line(node, "--version").map(|line| line.trim_start_matches('v').to_owned())
}

fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_its_first_number() {
        assert_eq!(major("20.20.2"), Some(20));
        assert_eq!(major("unknown"), None);
    }
}
