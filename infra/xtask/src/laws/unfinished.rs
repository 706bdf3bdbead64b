//! Nothing is left unfinished, and no test is skipped.

use super::Violation;
use super::files::Source;
use super::rust_text::{Piece, pieces};

const RUST: [(&str, &str); 3] = [
    ("#[ignore", "mend the test, or assert what really happens: a skipped test proves nothing"),
    ("todo!(", "finish it, or return an error that says what is not possible"),
    ("unimplemented!(", "finish it, or return an error that says what is not possible"),
];

const RUNNERS: [&str; 4] = ["it", "test", "describe", "suite"];
const EVASIONS: [(&str, &str); 4] = [
    (".only(", "every other test of the file is skipped by it: remove `.only`"),
    (".skip(", "mend the test, or assert what really happens: a skipped test proves nothing"),
    (".todo(", "write the test, or leave it out"),
    (".fails(", "mend the code, and assert what is right"),
];

pub(super) fn check(files: &[Source]) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in files {
        if file.is(&[".rs"]) {
            rust(file, &mut found);
        } else if file.is(&[".ts", ".tsx", ".js", ".mjs"]) && !file.is_generated() {
            script(file, &mut found);
        }
    }
    found
}

fn rust(file: &Source, found: &mut Vec<Violation>) {
    for piece in pieces(&file.text) {
        let Piece::Code { line, text } = piece else { continue };
        for (offset, content) in text.lines().enumerate() {
            for (sign, advice) in RUST {
                if content.contains(sign) {
                    found.push(Violation::on_line(&file.path, line + offset, format!("`{sign}`: {advice}")));
                }
            }
        }
    }
}

fn script(file: &Source, found: &mut Vec<Violation>) {
    for (number, content) in file.text.lines().enumerate() {
        for (evasion, advice) in EVASIONS {
            let broken =
                content.match_indices(evasion).any(|(at, _)| ends_with_runner(content.get(..at).unwrap_or_default()));
            if broken {
                found.push(Violation::on_line(&file.path, number + 1, format!("`{evasion}`: {advice}")));
            }
        }
    }
}

fn ends_with_runner(before: &str) -> bool {
    let word = before.rsplit(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
    RUNNERS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, text: &str) -> Vec<String> {
        check(&[Source::new(path, text)]).into_iter().map(|violation| violation.place).collect()
    }

    #[test]
    fn unfinished_rust_is_found_with_its_line() {
        let text = "//! A.\n#[test]\n#[ignore = \"slow\"]\nfn a() { todo!() }\nfn b() { unimplemented!(\"x\") }\n";
        assert_eq!(places("a.rs", text), ["a.rs:3", "a.rs:4", "a.rs:5"]);
    }

    #[test]
    fn skipped_web_tests_are_found() {
        assert_eq!(
            places("a.test.ts", "it.only('a', f)\ndescribe.skip('b', f)\ntest.todo('c')\n"),
            ["a.test.ts:1", "a.test.ts:2", "a.test.ts:3"]
        );
    }

    #[test]
    fn words_in_sentences_and_methods_of_other_things_pass() {
        assert!(places("a.rs", "//! No todo!() here.\nlet a = b.iter().skip(1); c(\"#[ignore]\");\n").is_empty());
        assert!(places("a.ts", "list.skip(1); window.only(x)\n").is_empty());
    }
}
