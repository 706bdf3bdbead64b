//! The web apps: `npm ci` only when the lock file changed, `npm run build` only when a source did.

use std::fs;
use std::path::Path;
use std::time::{Instant, UNIX_EPOCH};

use crate::outcome::{Context, Outcome};
use crate::process::quiet;
use crate::say;
use crate::workspace::{Workspace, make_folder, write_file};

/// Not sources: what npm and the build put there.
const DERIVED: [&str; 3] = ["node_modules", "dist", "coverage"];

/// Builds what is out of date.
pub(super) fn build(workspace: &Workspace) -> Outcome<()> {
    install(workspace)?;
    let began = Instant::now();
    let now = fingerprint(&workspace.path("web"))?;
    let built = workspace.path("web/dist").is_dir();
    if built && stamp(workspace, "web").is_some_and(|before| before == now) {
        say::done("web", "nothing changed since the last build", began.elapsed());
        return Ok(());
    }
    say::begin("web", "building the web apps");
    quiet(workspace, &mut workspace.npm(&["run", "build"]), &workspace.state("logs/web-build.log"))?;
    set_stamp(workspace, "web", &now)?;
    say::done("web", "widget, console, portal and signup are built", began.elapsed());
    Ok(())
}

/// Brings `node_modules` in line with the lock file.
pub(crate) fn install(workspace: &Workspace) -> Outcome<()> {
    let lock = workspace.path("web/package-lock.json");
    let wanted = fs::read_to_string(&lock).doing(|| format!("read {}", lock.display()))?;
    // npm writes it last, so it is missing where an installation was interrupted.
    let installed = workspace.path("web/node_modules/.package-lock.json");
    let ours = installed.exists() && stamp(workspace, "npm").is_some_and(|before| before == wanted);
    if ours || is_newer(&installed, &lock) {
        return Ok(());
    }
    say::begin("npm", "npm ci (the lock file changed)");
    let began = Instant::now();
    make_folder(&workspace.state("logs"))?;
    quiet(workspace, &mut workspace.npm(&["ci"]), &workspace.state("logs/npm.log"))?;
    set_stamp(workspace, "npm", &wanted)?;
    say::done("npm", "node_modules is as the lock file says", began.elapsed());
    Ok(())
}

/// True when the developer's own `npm install` came after the last change of the lock file.
fn is_newer(one: &Path, other: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).ok()?.modified().ok();
    changed(one).is_some_and(|one| changed(other).is_some_and(|other| one >= other))
}

fn stamp(workspace: &Workspace, name: &str) -> Option<String> {
    fs::read_to_string(workspace.state("stamps").join(name)).ok()
}

fn set_stamp(workspace: &Workspace, name: &str, text: &str) -> Outcome<()> {
    make_folder(&workspace.state("stamps"))?;
    write_file(&workspace.state("stamps").join(name), text)
}

/// Every source with its size and time, one per line: differs when one is changed, added or removed.
fn fingerprint(folder: &Path) -> Outcome<String> {
    let mut lines = Vec::new();
    collect(folder, &mut lines)?;
    lines.sort();
    Ok(lines.concat())
}

fn collect(folder: &Path, lines: &mut Vec<String>) -> Outcome<()> {
    let entries = fs::read_dir(folder).doing(|| format!("read {}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if !DERIVED.iter().any(|derived| name == *derived) {
                collect(&path, lines)?;
            }
        } else if let Ok(about) = entry.metadata() {
            let changed =
                about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
            lines.push(format!("{} {} {}\n", path.display(), about.len(), changed.as_nanos()));
        }
    }
    Ok(())
}
