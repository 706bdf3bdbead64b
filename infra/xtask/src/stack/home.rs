//! The folder that the services own. Usually inside the stack's folder; elsewhere when their user cannot get there.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::outcome::{Context, Outcome};
use crate::process::{Account, run, run_as};
use crate::say;
use crate::workspace::{Workspace, make_folder, remove_folder};

/// Only root writes below `/var/lib`, so nobody can have put a link where we are about to write.
const ELSEWHERE: &str = "/var/lib/frontdesk-dev";

/// The folder for data, owned by the user that the services run as.
pub(super) fn choose(workspace: &Workspace, folder: &Path, account: Option<&Account>) -> Outcome<PathBuf> {
    let inside = folder.join("data");
    make_folder(&inside)?;
    let Some(account) = account else { return Ok(inside) };
    if belongs(workspace, &inside, account)? {
        return Ok(inside);
    }
    let outside = elsewhere(folder);
    make_folder(&outside)?;
    let shut = format!("make {} reachable for the user {}", outside.display(), account.name);
    for above in [Path::new(ELSEWHERE), &outside] {
        fs::set_permissions(above, fs::Permissions::from_mode(0o755)).doing(|| shut.clone())?;
    }
    if belongs(workspace, &outside, account)? {
        say::note(&format!(
            "the user `{}` cannot reach this checkout, so the data of the services is in {}",
            account.name,
            outside.display()
        ));
        return Ok(outside);
    }
    Err(crate::outcome::Stop::because(format!(
        "the user `{}` can reach neither {} nor {}: run this as an ordinary user, or move the checkout",
        account.name,
        inside.display(),
        outside.display()
    )))
}

/// Removes a data folder that lies outside the stack's own.
pub(super) fn remove(workspace: &Workspace, folder: &Path) -> Outcome<()> {
    workspace.go_on()?;
    let outside = elsewhere(folder);
    if outside.exists() { remove_folder(&outside) } else { Ok(()) }
}

/// Gives the folder to the account and asks, as that account, whether it can be written.
fn belongs(workspace: &Workspace, folder: &Path, account: &Account) -> Outcome<bool> {
    chown(folder, Some(account.uid), Some(account.gid))
        .doing(|| format!("give {} to the user {}", folder.display(), account.name))?;
    let mut ask = run_as(Some(account), None, Path::new("test"));
    ask.arg("-w").arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
    run(workspace, &mut ask).map(|status| status.success())
}

fn elsewhere(folder: &Path) -> PathBuf {
    Path::new(ELSEWHERE).join(format!("{:016x}", fingerprint(folder.as_os_str().as_encoded_bytes())))
}

/// FNV-1a: the same for one path in every release of the compiler, which the standard hasher does not promise.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_path_has_one_place_and_another_has_another() {
        assert_eq!(elsewhere(Path::new("/a/b")), elsewhere(Path::new("/a/b")));
        assert_ne!(elsewhere(Path::new("/a/b")), elsewhere(Path::new("/a/c")));
        assert_eq!(fingerprint(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
