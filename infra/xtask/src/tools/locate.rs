//! Where programs lie: in `PATH`, where distributions hide them, or unpacked under `.dev/pkg`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace::Workspace;

/// Folders that a plain user's `PATH` lacks, although servers are installed there.
const BESIDE_PATH: [&str; 5] = ["/usr/local/bin", "/usr/local/sbin", "/usr/sbin", "/opt/homebrew/bin", "/snap/bin"];

/// Where packagers put each version of Postgres: the parent, and what follows the version's own folder.
const POSTGRES_HOMES: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/usr/local", "pgsql", "bin"),
];

/// A program in `PATH`.
pub(crate) fn in_path(name: &str) -> Option<PathBuf> {
    path_folders().into_iter().map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A program in `PATH`, beside it, or unpacked.
pub(super) fn program(name: &str, unpacked: &[PathBuf]) -> Option<PathBuf> {
    in_path(name).or_else(|| {
        let beside = BESIDE_PATH.iter().map(PathBuf::from);
        let unpacked = unpacked.iter().flat_map(|root| [root.join("usr/bin"), root.join("usr/sbin")]);
        beside.chain(unpacked).map(|folder| folder.join(name)).find(|file| file.is_file())
    })
}

/// Every folder that may hold a Postgres.
pub(super) fn postgres_folders(unpacked: &[PathBuf]) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for (home, prefix, suffix) in POSTGRES_HOMES {
        folders.extend(versions(Path::new(home), prefix, suffix));
    }
    for root in unpacked {
        folders.extend(versions(&root.join("usr/lib/postgresql"), "", "bin"));
    }
    // A link into another folder is followed: Postgres looks for its share files from where it really lies.
    folders.extend(
        path_folders()
            .iter()
            .filter_map(|folder| folder.join("postgres").canonicalize().ok()?.parent().map(Path::to_owned)),
    );
    folders
}

fn versions(home: &Path, prefix: &str, suffix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(home) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(suffix))
        .filter(|folder| folder.join("postgres").is_file())
        .collect()
}

fn path_folders() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

/// Where packages are unpacked when they cannot be installed.
pub(super) fn unpacked_folders(workspace: &Workspace) -> Vec<PathBuf> {
    let folder = workspace.state("pkg");
    if folder.is_dir() { vec![folder] } else { Vec::new() }
}

/// The libraries of unpacked programs, for `LD_LIBRARY_PATH`.
pub(super) fn libraries(workspace: &Workspace) -> Option<OsString> {
    let root = workspace.state("pkg");
    let mut folders = Vec::new();
    for above in [root.join("usr/lib"), root.join("lib")] {
        if above.is_dir() {
            folders.extend(fs::read_dir(&above).into_iter().flatten().flatten().map(|entry| entry.path()).filter(
                |path| {
                    path.is_dir() && path.file_name().is_some_and(|name| name.to_string_lossy().contains("-linux-gnu"))
                },
            ));
            folders.push(above);
        }
    }
    if folders.is_empty() { None } else { env::join_paths(folders).ok() }
}
