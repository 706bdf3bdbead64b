//! The library that tells a program another time than it is, for the stories of servers whose clocks are wrong.

use std::fs;
use std::path::PathBuf;

use super::apt;
use crate::outcome::{Outcome, Stop};
use crate::workspace::Workspace;

/// The one for programs with many threads, below `/usr/lib/<architecture>/`.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// Makes sure that it is here, named by `FRONTDESK_FAKETIME`, installed or unpacked, and gives it.
pub(crate) fn ensure_faketime(workspace: &Workspace) -> Outcome<PathBuf> {
    let named = std::env::var_os("FRONTDESK_FAKETIME").map(PathBuf::from);
    if let Some(found) = named.or_else(|| find(workspace)) {
        return Ok(found);
    }
    apt::provide(workspace, &["libfaketime".to_owned()])?;
    find(workspace).ok_or_else(|| Stop::because("libfaketime was installed, and its library is not where it should be"))
}

fn find(workspace: &Workspace) -> Option<PathBuf> {
    let roots = [PathBuf::from("/usr/lib"), workspace.state("pkg/usr/lib")];
    let folders = roots.iter().filter_map(|root| fs::read_dir(root).ok()).flatten().flatten();
    folders.map(|folder| folder.path().join(LIBRARY)).find(|path| path.is_file())
}
