//! The documents exist, and every link in them leads somewhere.

use std::collections::BTreeSet;

use super::Violation;
use super::files::Source;

const REQUIRED: [(&str, &str); 2] = [
    ("README.md", "say what this is and how to start it"),
    ("CHANGELOG.md", "tell readers what changed, in their words"),
];

pub(super) fn check(files: &[Source]) -> Vec<Violation> {
    let known = known_paths(files);
    let mut found = Vec::new();
    for (path, advice) in REQUIRED {
        if !known.contains(path) {
            found.push(Violation::at(path, format!("is missing: {advice}")));
        }
    }
    for file in files.iter().filter(|file| file.is(&[".md"])) {
        for (line, target) in links(&file.text) {
            let path = target.split(['#', '?']).next().unwrap_or_default();
            if path.is_empty() || is_elsewhere(target) || known.contains(resolve(&file.path, path).as_str()) {
                continue;
            }
            found.push(Violation::on_line(
                &file.path,
                line,
                format!("links to `{target}`, which does not exist: mend the link, or write that file"),
            ));
        }
    }
    found
}

/// Every file, and every folder above one.
pub(super) fn known_paths(files: &[Source]) -> BTreeSet<&str> {
    let mut known = BTreeSet::from([""]);
    for file in files {
        let mut path = file.path.as_str();
        known.insert(path);
        while let Some((folder, _)) = path.rsplit_once('/') {
            known.insert(folder);
            path = folder;
        }
    }
    known
}

/// The targets of `[text](target)` and `[name]: target`, with their lines, outside code blocks.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for (at, _) in line.match_indices("](") {
            let rest = line.get(at + 2..).unwrap_or_default();
            if let Some(target) = rest.split(')').next() {
                found.push((number + 1, without_title(target)));
            }
        }
        if line.starts_with('[')
            && let Some((_, target)) = line.split_once("]: ")
        {
            found.push((number + 1, without_title(target)));
        }
    }
    found
}

fn without_title(target: &str) -> &str {
    target.split_whitespace().next().unwrap_or_default().trim_matches(['<', '>'])
}

/// Another site, a mail address, or a page of a running server.
fn is_elsewhere(target: &str) -> bool {
    target.contains("://") || target.starts_with("mailto:") || target.starts_with('/')
}

/// The path from the root of a link in a document.
pub(super) fn resolve(document: &str, link: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(files: &[Source]) -> Vec<String> {
        check(files).into_iter().map(|violation| violation.place).collect()
    }

    #[test]
    fn a_missing_document_and_a_dead_link_are_found() {
        let files = [Source::new("README.md", "# A\n\nSee [the map](docs/MAP.md) and [home](README.md).\n")];
        assert_eq!(places(&files), ["CHANGELOG.md", "README.md:3"]);
    }

    #[test]
    fn links_to_files_folders_headings_and_sites_pass() {
        let files = [
            Source::new(
                "README.md",
                "[a](docs/a.md#part) [b](docs/) [c](https://example.com) [d](#here) [e](<docs/a.md> \"title\")\n```\n[x](none)\n```\n",
            ),
            Source::new("CHANGELOG.md", ""),
            Source::new("docs/a.md", "[up](../README.md)\n\n[ref]: ../CHANGELOG.md\n"),
        ];
        assert!(places(&files).is_empty(), "{:?}", places(&files));
    }
}
