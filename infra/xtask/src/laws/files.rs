//! The text files of the checkout.

use std::fs;
use std::path::Path;

use crate::outcome::{Context, Outcome};

/// Folders that hold nothing written by hand.
const NOT_OURS: [&str; 7] = ["target", "node_modules", "dist", ".git", ".dev", "artefacts", "coverage"];

/// One file: its path from the root with `/`, and its text; binary files have none.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// From the root, with `/`.
    pub(super) path: String,
    /// Empty for a binary file.
    pub(super) text: String,
}

impl Source {
    /// True when the name ends so.
    pub(super) fn is(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.path.ends_with(ending))
    }

    /// True for what a tool writes and nobody reads line by line.
    pub(super) fn is_generated(&self) -> bool {
        self.path.starts_with("openapi/sdk/") || self.is(&[".gen.ts", ".gen.rs", "/schema.d.ts"])
    }

    #[cfg(test)]
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }
}

/// Every file below the root, in order of path.
pub(super) fn read(root: &Path) -> Outcome<Vec<Source>> {
    let mut files = Vec::new();
    collect(root, root, &mut files)?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<Source>) -> Outcome<()> {
    let entries = fs::read_dir(folder).doing(|| format!("read {}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let kind = entry.file_type().doing(|| format!("look at {}", path.display()))?;
        if kind.is_dir() {
            if !NOT_OURS.iter().any(|name| entry.file_name() == *name) {
                collect(root, &path, files)?;
            }
        } else if kind.is_file() {
            let bytes = fs::read(&path).doing(|| format!("read {}", path.display()))?;
            let inside = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            files.push(Source { path: inside, text: String::from_utf8(bytes).unwrap_or_default() });
        }
    }
    Ok(())
}
