//! What depends on what, read from Cargo.lock: exact, offline, and without asking cargo.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::files::Source;
use crate::outcome::{Context, Outcome, Stop};

/// One package and what it names directly, development dependencies included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    /// Its name.
    pub(super) name: String,
    /// Where it comes from; `None` for our own.
    pub(super) source: Option<String>,
    /// The names of its direct dependencies.
    pub(super) dependencies: BTreeSet<String>,
}

impl Package {
    /// True for the crates of this workspace.
    pub(super) fn is_ours(&self) -> bool {
        self.source.is_none()
    }

    #[cfg(test)]
    pub(super) fn new(name: &str, source: Option<&str>, dependencies: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            source: source.map(str::to_owned),
            dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
        }
    }
}

#[derive(Deserialize)]
struct LockFile {
    package: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

pub(super) fn read(files: &[Source]) -> Outcome<Vec<Package>> {
    let file = files
        .iter()
        .find(|file| file.path == "Cargo.lock")
        .ok_or_else(|| Stop::because("Cargo.lock is missing: run `cargo metadata >/dev/null` and commit it"))?;
    parse(&file.text)
}

fn parse(text: &str) -> Outcome<Vec<Package>> {
    let lock: LockFile = toml::from_str(text).doing(|| "read Cargo.lock".to_owned())?;
    Ok(lock.package.into_iter().map(package).collect())
}

/// A dependency is `name`, or `name version` when two versions of it are there.
fn package(entry: Entry) -> Package {
    let name = |dependency: &String| dependency.split(' ').next().unwrap_or(dependency).to_owned();
    Package { dependencies: entry.dependencies.iter().map(name).collect(), name: entry.name, source: entry.source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_tells_names_sources_and_dependencies() {
        let text = "version = 4\n[[package]]\nname = \"desk\"\nversion = \"0.1.0\"\ndependencies = [\"tenant\", \"rand 0.9.1\"]\n\
                    [[package]]\nname = \"rand\"\nversion = \"0.9.1\"\nsource = \"registry+x\"\n";
        let packages = parse(text).unwrap();
        assert_eq!(
            packages,
            [Package::new("desk", None, &["rand", "tenant"]), Package::new("rand", Some("registry+x"), &[])]
        );
    }
}
