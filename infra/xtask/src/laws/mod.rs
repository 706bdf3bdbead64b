//! The project's laws that need neither network nor compiler. Each violation says where it is and what to do.
//!
//! The others are checked by the type system, `clippy.toml` and the tests.

mod bans;
mod deploy;
mod files;
mod links;
mod locales;
mod lockfile;
mod picture;
mod rust_text;
mod secrets;
mod size;
mod sql;
mod unfinished;

use std::time::Instant;

use crate::outcome::{Outcome, Stop};
use crate::say;
use crate::workspace::Workspace;

/// One place where a law is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// `path`, or `path:line`.
    place: String,
    /// What is wrong, and what to do.
    sentence: String,
}

impl Violation {
    fn at(place: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self { place: place.into(), sentence: sentence.into() }
    }

    fn on_line(path: &str, line: usize, sentence: impl Into<String>) -> Self {
        Self::at(format!("{path}:{line}"), sentence)
    }
}

/// Checks all laws and shows every violation.
pub(crate) fn run(workspace: &Workspace) -> Outcome<()> {
    let began = Instant::now();
    let files = files::read(workspace.root())?;
    let violations = check(&files)?;
    if violations.is_empty() {
        say::done("laws", &format!("{} files keep them", files.len()), began.elapsed());
        return Ok(());
    }
    for violation in &violations {
        eprintln!("  {} {}\n      {}", say::red("✗"), say::bold(&violation.place), violation.sentence);
    }
    Err(Stop::because(format!("{} broken laws; each says above what to do", violations.len())))
}

fn check(files: &[files::Source]) -> Outcome<Vec<Violation>> {
    let packages = lockfile::read(files)?;
    let banned = bans::read(files)?;
    Ok([
        size::check(files),
        unfinished::check(files),
        sql::check(files),
        links::check(files),
        deploy::check(files),
        secrets::check(files),
        locales::check(files),
        picture::check(&packages),
        bans::check(&banned, &packages),
    ]
    .concat())
}
