//! What runs in a stack's folder, written down for the next command: the addresses and the processes.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Urls;
use crate::outcome::{Context, Outcome};
use crate::process::Running;
use crate::workspace::write_file;

#[derive(Deserialize)]
struct Read {
    urls: Urls,
    services: Vec<Running>,
}

#[derive(Serialize)]
struct Written<'a> {
    urls: &'a Urls,
    services: &'a [Running],
}

/// `None` when nothing is written down, or what is there cannot be read.
pub(super) fn read(folder: &Path) -> Option<(Urls, Vec<Running>)> {
    let read: Read = serde_json::from_slice(&fs::read(path(folder)).ok()?).ok()?;
    Some((read.urls, read.services))
}

pub(super) fn write(folder: &Path, urls: &Urls, services: &[Running]) -> Outcome<()> {
    let text = serde_json::to_string_pretty(&Written { urls, services }).doing(|| "write down what runs".to_owned())?;
    // Written beside and moved into place: a reader never finds half a file.
    let beside = folder.join("stack.json.new");
    write_file(&beside, text)?;
    fs::rename(&beside, path(folder)).doing(|| format!("write {}", path(folder).display()))
}

pub(super) fn forget(folder: &Path) {
    let _absent = fs::remove_file(path(folder));
}

fn path(folder: &Path) -> PathBuf {
    folder.join("stack.json")
}
