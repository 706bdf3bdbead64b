//! Letters as they are compared: without capitals, widths, ligatures, and characters that nobody sees.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A letter as it is compared, and the place of the character that it is of. A character may be several letters, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) folded: char,
    pub(super) at: usize,
}

impl Letter {
    /// Whether it only says something of the letter before it, as an accent does.
    pub(super) fn is_mark(self) -> bool {
        is_combining_mark(self.folded)
    }
}

/// Takes no place on the screen: put between two letters, it parts them for a machine and for no reader.
pub(super) const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{feff}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
    )
}

/// Whether words of its script stand between spaces. Chinese, Japanese, Thai and their like write without them, and Korean hangs its
/// particles onto words: there a word is found wherever it stands.
pub(super) fn is_spaced(c: char) -> bool {
    let without_spaces = matches!(
        c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
            | '\u{2e80}'..='\u{a4cf}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}'
            | '\u{ff66}'..='\u{ffdc}' | '\u{20000}'..='\u{3ffff}'
    );
    c.is_alphanumeric() && !without_spaces
}

fn fold(c: char, mut put: impl FnMut(char)) {
    if c.is_ascii() {
        put(c.to_ascii_lowercase());
    } else if !is_unseen(c) {
        let lower = c.nfkd().flat_map(char::to_lowercase);
        // A capital sigma does not know whether it is the last letter of its word.
        lower.flat_map(char::nfkd).map(|c| if c == 'ς' { 'σ' } else { c }).for_each(put);
    }
}

/// The letters of a text.
pub(super) fn letters(text: &[char]) -> Vec<Letter> {
    let mut letters = Vec::with_capacity(text.len());
    for (at, c) in text.iter().enumerate() {
        fold(*c, |folded| letters.push(Letter { folded, at }));
    }
    letters
}

/// A word as it is compared.
pub(super) fn folded(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    word.chars().for_each(|c| fold(c, |c| folded.push(c)));
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_takes_for_the_same_is_the_same() {
        for (one, other) in [
            ("Fool", "ＦＯＯＬ"),
            ("STRASSE", "strasse"),
            ("ﬁne", "fine"),
            ("ガス", "ｶﾞｽ"),
            ("café", "CAFE\u{301}"),
            ("ΟΔΟΣ", "οδος"),
            ("敏感词", "敏\u{200b}感\u{feff}词"),
            ("ДУРАК", "дурак"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        assert_ne!(folded("cafe"), folded("café"));
        assert_eq!(folded("\u{200b}\u{ad}"), "");
    }

    #[test]
    fn each_letter_knows_its_character() {
        let text: Vec<char> = "aﬁ\u{200b}b".chars().collect();
        let places: Vec<(char, usize)> = letters(&text).iter().map(|letter| (letter.folded, letter.at)).collect();
        assert_eq!(places, [('a', 0), ('f', 1), ('i', 1), ('b', 3)]);
    }
}
