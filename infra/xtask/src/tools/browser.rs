//! Chromium and a Chinese font, which the browser tests need.

use std::path::PathBuf;

use crate::outcome::{Outcome, Stop};
use crate::tools::{ensure_packages, in_path};
use crate::workspace::Workspace;

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Makes sure that the browser tests can run, and gives the browser.
pub(crate) fn ensure_browser(workspace: &Workspace) -> Outcome<PathBuf> {
    let debian = in_path("dpkg-query").is_some();
    if debian {
        // Without the font, Chinese text in the screenshots is a row of boxes.
        let wanted: &[&str] = if browser().is_some() { &["fonts-noto-cjk"] } else { &["chromium", "fonts-noto-cjk"] };
        ensure_packages(workspace, wanted)?;
    }
    browser().ok_or_else(|| {
        Stop::because("the browser tests need Chromium: install it, or run `cargo verify --fast` without them")
    })
}

fn browser() -> Option<PathBuf> {
    NAMES.iter().find_map(|name| in_path(name))
}
