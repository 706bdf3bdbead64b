//! The data folder and the two passwords that belong to it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::chance::random_hex;
use crate::outcome::{Context, Outcome};
use crate::process::{quiet, run_as};
use crate::say;
use crate::stack::{Durability, Setting};
use crate::workspace::remove_folder;

/// Made with the data folder, kept inside it, gone with it.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::stack) struct Passwords {
    /// Of the role `frontdesk`.
    pub(super) app: String,
    /// Of the superuser `postgres`.
    pub(super) admin: String,
}

const PASSWORDS: &str = "frontdesk.passwords.json";

/// The major version that made the data, or `None` when there is no data yet.
pub(in crate::stack) fn version(home: &Path) -> Option<u32> {
    fs::read_to_string(super::data_folder(home).join("PG_VERSION")).ok()?.trim().parse().ok()
}

/// The passwords of the existing data, after making the data where there is none.
pub(super) fn open_or_make(setting: &Setting<'_>, folder: &Path) -> Outcome<Passwords> {
    if setting.plan.durability == Durability::Ephemeral {
        remove_folder(folder)?;
    }
    if !folder.exists() {
        make(setting, folder)?;
    }
    let path = folder.join(PASSWORDS);
    let lost = || format!("read {}; `cargo dev --reset` begins with new data", path.display());
    let text = fs::read(&path).doing(lost)?;
    serde_json::from_slice(&text).doing(lost)
}

/// Made beside and moved into place, so that an interrupted `initdb` never looks like data.
fn make(setting: &Setting<'_>, folder: &Path) -> Outcome<()> {
    let beside = folder.with_extension("new");
    remove_folder(&beside)?;
    let passwords = Passwords { app: random_hex(16)?, admin: random_hex(16)? };
    let for_initdb = setting.home.join("initdb.password");
    write_private(setting, &for_initdb, &passwords.admin)?;

    let mut initdb = run_as(setting.account, None, &setting.tools.postgres.initdb);
    initdb
        .envs(setting.environment())
        .current_dir(&setting.home)
        .args(["--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"])
        .arg(format!("--pwfile={}", for_initdb.display()))
        .arg("-D")
        .arg(&beside);
    match setting.plan.durability {
        Durability::Durable => {
            say::begin("postgres", "making a data folder (first run)");
            initdb.args(["--auth=scram-sha-256", "--data-checksums"]);
        }
        // Tests open thousands of connections; hashing a password for each would be most of their time.
        Durability::Ephemeral => {
            initdb.args(["--auth=trust", "--no-sync"]);
        }
    }
    let made = quiet(setting.workspace, &mut initdb, &setting.log("initdb.log"));
    fs::remove_file(&for_initdb).doing(|| format!("remove {}", for_initdb.display()))?;
    made?;

    let text = serde_json::to_string(&passwords).doing(|| "write down the passwords".to_owned())?;
    write_private(setting, &beside.join(PASSWORDS), &text)?;
    let moved = fs::rename(&beside, folder).and_then(|()| fs::File::open(&setting.home)?.sync_all());
    moved.doing(|| format!("move {} into place", folder.display()))
}

/// A file that only the services' user may read.
fn write_private(setting: &Setting<'_>, path: &Path, text: &str) -> Outcome<()> {
    // One that an interrupted run left behind may be readable for others, and keeps its mode when written over.
    let _absent = fs::remove_file(path);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .doing(|| format!("write {}", path.display()))?;
    // Down to the disk: data that outlive a power cut are worth nothing without their passwords.
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.doing(|| format!("write {}", path.display()))?;
    if let Some(account) = setting.account {
        chown(path, Some(account.uid), Some(account.gid))
            .doing(|| format!("give {} to the user {}", path.display(), account.name))?;
    }
    Ok(())
}
