//! Debian packages: installed where we may, unpacked under `.dev/pkg` where we may not.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::outcome::{Context, Outcome, Stop};
use crate::process;
use crate::say;
use crate::tools::{in_path, succeeds};
use crate::workspace::{Workspace, make_folder, remove_folder};

/// Left out when unpacking: 100 MB for a compiler of queries, which our Postgres runs without (`jit = off`).
const NOT_UNPACKED: [&str; 1] = ["libllvm"];

const LISTS_STAY_FRESH: Duration = Duration::from_hours(24);

/// Brings packages to this machine: installs them as root, or else unpacks them for this checkout alone.
pub(super) fn provide(workspace: &Workspace, packages: &[String]) -> Outcome<()> {
    if in_path("apt-get").is_none() || in_path("dpkg-deb").is_none() {
        return Err(Stop::because("this is not a Debian-like system"));
    }
    if may_install(workspace)? { install(workspace, packages) } else { unpack(workspace, packages) }
}

/// Installs packages, or says how.
pub(super) fn install(workspace: &Workspace, packages: &[String]) -> Outcome<()> {
    if in_path("apt-get").is_none() || !may_install(workspace)? {
        return Err(Stop::because(format!(
            "these packages are missing and only root can install them: sudo apt-get install {}",
            packages.join(" ")
        )));
    }
    say::begin("packages", &format!("apt-get install {}", packages.join(" ")));
    let began = Instant::now();
    make_folder(&workspace.state("logs"))?;
    let log = workspace.state("logs/apt.log");
    process::quiet(workspace, apt_get().arg("update"), &log)?;
    let mut command = apt_get();
    command.args(["install", "--yes", "--no-install-recommends"]).args(packages);
    process::quiet(workspace, &mut command, &log)?;
    say::done("packages", &packages.join(" "), began.elapsed());
    Ok(())
}

/// True when dpkg has it installed.
pub(super) fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["-W", "-f=${Status}", package])
        .output()
        .is_ok_and(|answer| String::from_utf8_lossy(&answer.stdout).contains("install ok installed"))
}

fn may_install(workspace: &Workspace) -> Outcome<bool> {
    if nix::unistd::geteuid().is_root() {
        return Ok(true);
    }
    if in_path("sudo").is_none() {
        return Ok(false);
    }
    succeeds(workspace, Command::new("sudo").args(["-n", "true"]))
}

fn apt_get() -> Command {
    let mut command = if nix::unistd::geteuid().is_root() {
        Command::new("apt-get")
    } else {
        let mut command = Command::new("sudo");
        command.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        command
    };
    command.env("DEBIAN_FRONTEND", "noninteractive").args(["-q", "-o", "DPkg::Lock::Timeout=120"]);
    command
}

/// Downloads the packages with what they need and unpacks them. No rights are needed, and nothing of the system changes.
fn unpack(workspace: &Workspace, packages: &[String]) -> Outcome<()> {
    let wanted = packages.join(" ");
    say::begin("packages", &format!("unpacking {wanted} under .dev/pkg (no root here, nothing is installed)"));
    let began = Instant::now();
    let private = PrivateApt::new(workspace)?;
    private.update(workspace)?;
    let names = private.with_dependencies(workspace, packages)?;
    private.download(workspace, &names)?;
    for package in private.downloaded()? {
        let mut command = Command::new("dpkg-deb");
        command.arg("-x").arg(&package).arg(workspace.state("pkg"));
        process::quiet(workspace, &mut command, &workspace.state("logs/apt.log"))?;
    }
    remove_folder(&workspace.state("apt/debs"))?;
    say::done("packages", &format!("{wanted} ({} packages) in .dev/pkg", names.len()), began.elapsed());
    Ok(())
}

/// apt with lists and caches of its own, so that it neither needs root nor an earlier `apt-get update`.
struct PrivateApt<'a> {
    workspace: &'a Workspace,
}

impl<'a> PrivateApt<'a> {
    fn new(workspace: &'a Workspace) -> Outcome<Self> {
        // What an interrupted run downloaded may be of another version.
        remove_folder(&workspace.state("apt/debs"))?;
        for folder in ["apt/state/lists/partial", "apt/cache/archives/partial", "apt/debs", "pkg", "logs"] {
            make_folder(&workspace.state(folder))?;
        }
        Ok(Self { workspace })
    }

    fn command(&self) -> Command {
        let option = |name: &str, folder: &str| format!("{name}={}", self.workspace.state(folder).display());
        let mut command = Command::new("apt-get");
        command
            .arg("-q")
            .args(["-o", "Debug::NoLocking=1", "-o", "Dir::State::status=/var/lib/dpkg/status"])
            .args(["-o", &option("Dir::State", "apt/state"), "-o", &option("Dir::Cache", "apt/cache")])
            .current_dir(self.workspace.state("apt/debs"));
        command
    }

    fn update(&self, workspace: &Workspace) -> Outcome<()> {
        let stamp = workspace.state("apt/updated");
        let age = fs::metadata(&stamp).ok().and_then(|file| file.modified().ok()?.elapsed().ok());
        if age.is_some_and(|age| age < LISTS_STAY_FRESH) {
            return Ok(());
        }
        process::quiet(workspace, self.command().arg("update"), &workspace.state("logs/apt.log"))?;
        fs::write(&stamp, "").doing(|| format!("write {}", stamp.display()))
    }

    fn with_dependencies(&self, workspace: &Workspace, packages: &[String]) -> Outcome<Vec<String>> {
        let mut command = self.command();
        command.args(["--simulate", "--no-install-recommends", "install"]).args(packages);
        let (status, plan) = process::capture(workspace, &mut command)?;
        if !status.success() {
            return Err(Stop::because(format!("apt-get finds no way to install {}", packages.join(" "))));
        }
        Ok(to_unpack(&plan))
    }

    fn download(&self, workspace: &Workspace, names: &[String]) -> Outcome<()> {
        let mut command = self.command();
        command.arg("download").args(names);
        process::quiet(workspace, &mut command, &workspace.state("logs/apt.log"))
    }

    fn downloaded(&self) -> Outcome<Vec<std::path::PathBuf>> {
        let folder = self.workspace.state("apt/debs");
        let entries = fs::read_dir(&folder).doing(|| format!("read {}", folder.display()))?;
        Ok(entries.flatten().map(|entry| entry.path()).filter(|path| is_deb(path)).collect())
    }
}

fn is_deb(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "deb")
}

/// The packages in apt's plan: lines like `Inst libpq5 (15.18 Debian:12 [amd64])`.
fn to_unpack(plan: &str) -> Vec<String> {
    plan.lines()
        .filter_map(|line| line.strip_prefix("Inst ")?.split_whitespace().next())
        .filter(|name| !NOT_UNPACKED.iter().any(|prefix| name.starts_with(prefix)))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_of_apt_is_read_without_the_compiler() {
        let plan = "NOTE: This is only a simulation!\nInst libpq5 (15.18 Debian:12 [amd64])\n\
                    Inst libllvm14 (1:14 Debian:12 [amd64])\nConf libpq5 (15.18)\nInst postgresql-15 [1] (2 x [amd64]) []\n";
        assert_eq!(to_unpack(plan), ["libpq5", "postgresql-15"]);
    }
}
