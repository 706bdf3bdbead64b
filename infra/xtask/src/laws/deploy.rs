//! What the files for containers name is there. Nothing here builds an image, so nobody would notice before it is needed.

use super::Violation;
use super::files::Source;
use super::links::{known_paths, resolve};

pub(super) fn check(files: &[Source]) -> Vec<Violation> {
    let known = known_paths(files);
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("infra/deploy/")) {
        let named = if file.is(&["/Dockerfile"]) {
            copied(&file.text)
        } else if file.is(&[".yaml"]) {
            mounted(file)
        } else {
            continue;
        };
        for (line, path) in named {
            if !known.contains(path.as_str()) {
                found.push(Violation::on_line(
                    &file.path,
                    line,
                    format!("names `{path}`, which does not exist: mend it, or write that file"),
                ));
            }
        }
    }
    found
}

/// What is copied into an image, with its line: paths from the root, where images are built.
fn copied(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        // What comes from another stage is made there.
        if words.first() != Some(&"COPY") || line.contains("--from=") {
            continue;
        }
        // The last is where it goes.
        words.pop();
        found.extend(words.into_iter().skip(1).map(|path| (number + 1, resolve("Dockerfile", path))));
    }
    found
}

/// What containers are built of and what is mounted into them, with its line.
fn mounted(file: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let line = line.trim().trim_start_matches("- ");
        let path = if line.starts_with("./") {
            line.split(':').next().map(|path| resolve(&file.path, path))
        } else {
            match line.split_once(": ") {
                Some(("context", path)) => Some(resolve(&file.path, path)),
                Some(("dockerfile", path)) => Some(resolve("Dockerfile", path)),
                _ => None,
            }
        };
        found.extend(path.map(|path| (number + 1, path)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(files: &[Source]) -> Vec<String> {
        check(files).into_iter().map(|violation| violation.place).collect()
    }

    #[test]
    fn what_is_named_and_not_there_is_found() {
        let files = [
            Source::new("infra/deploy/Dockerfile", "FROM x AS y\nCOPY web/a.json web/b.json ./\nCOPY --from=y /z /z\n"),
            Source::new(
                "infra/deploy/whole.yaml",
                "a:\n  build:\n    context: ../../..\n    dockerfile: Dockerfile\n  volumes:\n    - ./sql/init.sql:/init.sql:ro\n",
            ),
            Source::new("web/a.json", "{}"),
        ];
        assert_eq!(
            places(&files),
            ["infra/deploy/Dockerfile:2", "infra/deploy/whole.yaml:4", "infra/deploy/whole.yaml:6"]
        );
    }

    #[test]
    fn files_folders_and_the_whole_checkout_pass() {
        let files = [
            Source::new("infra/deploy/Dockerfile", "COPY . .\nCOPY web ./\nRUN COPY nothing\n"),
            Source::new(
                "infra/deploy/whole.yaml",
                "a:\n  build:\n    context: ../..\n    dockerfile: infra/deploy/Dockerfile\n  volumes:\n    - data:/data\n    - ./sql/init.sql:/init.sql:ro\n",
            ),
            Source::new("infra/deploy/sql/init.sql", ""),
            Source::new("infra/elsewhere/whole.yaml", "- ./none:/none\n"),
            Source::new("web/a.json", "{}"),
        ];
        assert!(places(&files).is_empty(), "{:?}", places(&files));
    }
}
