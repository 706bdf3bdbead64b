//! Where the checkout is, and whether somebody asked us to stop.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::outcome::{Context, Outcome, Stop};
use crate::process::Signals;

/// The checkout this command works on.
pub(crate) struct Workspace {
    root: PathBuf,
    signals: Signals,
}

impl Workspace {
    /// Finds the checkout and begins to listen for Ctrl-C and SIGTERM.
    pub(crate) fn open() -> Outcome<Self> {
        // Cargo sets the variable at run time; the compiled-in path is stale once a checkout has moved.
        let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| OsString::from(env!("CARGO_MANIFEST_DIR")));
        let root = Path::new(&manifest).join("../..");
        let root = root.canonicalize().doing(|| format!("find the checkout at {}", root.display()))?;
        Ok(Self { root, signals: Signals::listen()? })
    }

    /// A path inside the checkout.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    /// The checkout itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What `cargo dev` and the local services keep between runs. Ignored by git; safe to delete when nothing runs.
    pub(crate) fn state(&self, inside: &str) -> PathBuf {
        self.root.join(".dev").join(inside)
    }

    /// Cargo's target folder, which a developer may have moved.
    pub(crate) fn target(&self, inside: &str) -> PathBuf {
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.root.join("target"), PathBuf::from);
        self.root.join(target).join(inside)
    }

    /// `cargo …` in this checkout.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command.current_dir(&self.root).args(arguments);
        // They describe xtask, not the crates that the child is about to build; cargo would rebuild them for nothing.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }

    /// `npm …` in `web/`.
    pub(crate) fn npm(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("npm");
        command.current_dir(self.path("web")).args(arguments).env("npm_config_update_notifier", "false");
        command
    }

    /// Stops here when somebody pressed Ctrl-C.
    pub(crate) fn go_on(&self) -> Outcome<()> {
        if self.signals.raised() { Err(Stop::Interrupted) } else { Ok(()) }
    }
}

/// Makes a folder and everything above it.
pub(crate) fn make_folder(folder: &Path) -> Outcome<()> {
    fs::create_dir_all(folder).doing(|| format!("make the folder {}", folder.display()))
}

/// Removes a folder with all that is in it, or nothing where there is none.
pub(crate) fn remove_folder(folder: &Path) -> Outcome<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).doing(|| format!("remove {} (delete it yourself, then try again)", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Writes a whole file.
pub(crate) fn write_file(path: &Path, text: impl AsRef<[u8]>) -> Outcome<()> {
    fs::write(path, text).doing(|| format!("write {}", path.display()))
}
