//! A file is one idea: at most 500 lines, and a first line that says what it is.

use super::Violation;
use super::files::Source;

const MOST_LINES: usize = 500;

pub(super) fn check(files: &[Source]) -> Vec<Violation> {
    files.iter().filter(|file| file.is(&[".rs", ".ts", ".tsx"]) && !file.is_generated()).flat_map(judge).collect()
}

fn judge(file: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    let lines = file.text.lines().count();
    if lines > MOST_LINES {
        found.push(Violation::at(
            &file.path,
            format!("has {lines} lines, and {MOST_LINES} is the most: move one of its ideas into a module of its own"),
        ));
    }
    let first = file.text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    if file.is(&[".rs"]) {
        if !first.starts_with("//!") {
            found.push(Violation::on_line(
                &file.path,
                1,
                "opens without `//!`: say in one sentence what this module is, and what must be absent from it",
            ));
        }
    } else if !first.starts_with("//") && !first.starts_with("/*") {
        found.push(Violation::on_line(&file.path, 1, "opens without a comment: say in one sentence what this file is"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_and_one_without_a_word_about_itself_are_found() {
        let long = format!("//! Long.\n{}", "\n".repeat(500));
        let files = [
            Source::new("desk/src/long.rs", &long),
            Source::new("desk/src/silent.rs", "use std::fmt;\n"),
            Source::new("web/ui/silent.tsx", "import x from 'x';\n"),
        ];
        let found: Vec<String> = check(&files).into_iter().map(|violation| violation.place).collect();
        assert_eq!(found, ["desk/src/long.rs", "desk/src/silent.rs:1", "web/ui/silent.tsx:1"]);
    }

    #[test]
    fn a_short_file_that_says_what_it_is_passes_and_generated_ones_are_not_asked() {
        let files = [
            Source::new("desk/src/lib.rs", &format!("//! Fine.\n{}", "\n".repeat(499))),
            Source::new("web/client/schema.d.ts", &"export type A = 1;\n".repeat(900)),
            Source::new("web/ui/a.ts", "/** Fine. */\n"),
        ];
        assert_eq!(check(&files), []);
    }
}
