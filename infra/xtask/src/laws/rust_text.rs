//! Rust source taken apart into code, comments and string literals, so that a law about code is not broken by a sentence.

/// One piece of a source file, with the line that it begins on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Code {
        line: usize,
        text: &'a str,
    },
    Comment,
    /// The content between the quotes, escapes as they are written.
    Text {
        line: usize,
        text: &'a str,
    },
}

/// Takes a source file apart.
pub(super) fn pieces(source: &str) -> Vec<Piece<'_>> {
    let mut reader = Reader { rest: source, line: 1, pieces: Vec::new() };
    while !reader.rest.is_empty() {
        reader.step();
    }
    reader.pieces
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    pieces: Vec<Piece<'a>>,
}

impl<'a> Reader<'a> {
    fn step(&mut self) {
        let code = self.code_length();
        if code > 0 {
            let line = self.line;
            let text = self.take(code);
            self.pieces.push(Piece::Code { line, text });
        } else if self.rest.starts_with("//") {
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.take(end);
            self.pieces.push(Piece::Comment);
        } else if self.rest.starts_with("/*") {
            let end = block_comment(self.rest);
            self.take(end);
            self.pieces.push(Piece::Comment);
        } else {
            self.literal();
        }
    }

    /// How far plain code goes: to the next comment or string.
    fn code_length(&self) -> usize {
        let mut before = ' ';
        let mut letters = self.rest.char_indices();
        while let Some((at, letter)) = letters.next() {
            let rest = self.rest.get(at..).unwrap_or_default();
            if rest.starts_with("//")
                || rest.starts_with("/*")
                || letter == '"'
                || (raw_start(rest).is_some() && !is_word(before))
            {
                return at;
            }
            if letter == '\'' {
                // A quote in a character literal opens no string. A lifetime has no closing quote.
                for _ in 0..char_literal(rest).unwrap_or(1) - 1 {
                    letters.next();
                }
            }
            before = letter;
        }
        self.rest.len()
    }

    fn literal(&mut self) {
        let line = self.line;
        let (open, close) = match raw_start(self.rest) {
            Some((open, hashes)) => {
                let ending = format!("\"{}", "#".repeat(hashes));
                (open, self.rest.get(open..).and_then(|rest| rest.find(&ending)).map(|at| (at, ending.len())))
            }
            None => (1, self.rest.get(1..).and_then(closing_quote).map(|at| (at, 1))),
        };
        let (length, ending) = close.unwrap_or((self.rest.len() - open, 0));
        let text = self.rest.get(open..open + length).unwrap_or_default();
        self.take(open + length + ending);
        self.pieces.push(Piece::Text { line, text });
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }
}

/// For `r"`, `r#"`, `br"` …: how long the opening is, and how many hashes close it.
fn raw_start(rest: &str) -> Option<(usize, usize)> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix("cr")).or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.chars().take_while(|letter| *letter == '#').count();
    after.get(hashes..)?.starts_with('"').then(|| (rest.len() - after.len() + hashes + 1, hashes))
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, letter)| match letter {
        _ if escaped => {
            escaped = false;
            None
        }
        '\\' => {
            escaped = true;
            None
        }
        '"' => Some(at),
        _ => None,
    })
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// How many characters a character literal has, quotes and all; `None` for a lifetime.
fn char_literal(rest: &str) -> Option<usize> {
    let letters: Vec<char> = rest.chars().take(12).collect();
    match letters.as_slice() {
        ['\'', '\\', _, tail @ ..] => tail.iter().position(|letter| *letter == '\'').map(|at| at + 4),
        ['\'', _, '\'', ..] => Some(3),
        _ => None,
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        pieces(source)
            .into_iter()
            .filter_map(|piece| if let Piece::Text { text, .. } = piece { Some(text) } else { None })
            .collect()
    }

    #[test]
    fn strings_of_every_kind_are_found() {
        assert_eq!(
            texts(r##"a("one"); b(r"t\wo"); c(r#"th"ree"#); d(b"four"); e("fi\"ve")"##),
            ["one", "t\\wo", "th\"ree", "four", "fi\\\"ve"]
        );
    }

    #[test]
    fn quotes_in_comments_characters_and_lifetimes_open_no_string() {
        assert_eq!(
            texts(
                "// say \"no\"\n/* \"no\" /* \"no\" */ */ fn a<'a>(x: &'a str) { b('\"', '\\'', '\\u{22}', \"yes\") }"
            ),
            ["yes"]
        );
    }

    #[test]
    fn a_name_that_ends_in_r_is_no_raw_string() {
        assert_eq!(texts("for_r\"yes\""), ["yes"]);
        assert_eq!(texts("中(\"好\")"), ["好"]);
    }

    #[test]
    fn pieces_know_their_line() {
        let found = pieces("a\n// b\n\"c\nd\" e");
        assert!(found.contains(&Piece::Text { line: 3, text: "c\nd" }), "{found:?}");
        assert!(found.contains(&Piece::Code { line: 4, text: " e" }), "{found:?}");
    }
}
