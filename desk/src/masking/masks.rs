//! A company's choice, ready to be used on every text, and what this process remembers of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use infra::{Fault, FieldFault, Kind};
use tenant::AccountId;
use uuid::Uuid;

use super::fold::letters;
use super::numbers::Numbers;
use super::words::Words;
use super::{Masking, WordsAction};

/// Stands in the place of each character that is not kept.
pub(super) const MASK: char = '•';

/// How many companies' choices are remembered before all are read anew.
const KEPT: usize = 1_000;

/// A text holds a word that the company does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a word of this message is not taken here; please put it in other words")]
pub struct WordRefused {
    /// The word, as it was written.
    word: String,
    /// Which field of what was sent holds it.
    pointer: &'static str,
}

impl WordRefused {
    /// The same of another field than a message's text.
    pub(crate) fn at(self, pointer: &'static str) -> Self {
        Self { pointer, ..self }
    }
}

impl Fault for WordRefused {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
    fn code(&self) -> &'static str {
        "message_word_refused"
    }
    fn fields(&self) -> Vec<FieldFault> {
        let detail = format!("Not taken here: {}", self.word);
        vec![FieldFault { pointer: self.pointer.to_owned(), code: "word_refused".to_owned(), detail }]
    }
}

/// What is done to texts, by one edition of a company's choice.
#[derive(Debug, Default)]
pub(crate) struct Masks {
    edition: Option<Uuid>,
    numbers: Numbers,
    words: Words,
    action: WordsAction,
}

impl Masks {
    pub(super) fn of(edition: Uuid, choice: &Masking) -> Self {
        Self {
            edition: Some(edition),
            numbers: Numbers { cards: choice.card_numbers, residents: choice.resident_ids },
            words: Words::of(&choice.words),
            action: choice.words_action,
        }
    }

    /// By which edition.
    pub(crate) const fn edition(&self) -> Option<Uuid> {
        self.edition
    }

    /// The text as it may be written: of as many characters, with the same spaces.
    pub(crate) fn apply(&self, text: &str) -> Result<String, WordRefused> {
        if self.numbers.is_empty() && self.words.is_empty() {
            return Ok(text.to_owned());
        }
        let mut chars: Vec<char> = text.chars().collect();
        // Once more until nothing is found: with the number before it masked, a word may begin where none did. So a text that was
        // masked stays as it is.
        while self.mask(&mut chars)? {}
        Ok(chars.into_iter().collect())
    }

    fn mask(&self, chars: &mut [char]) -> Result<bool, WordRefused> {
        let mut places = self.numbers.find(chars);
        if !self.words.is_empty() {
            let found = self.words.find(&letters(chars));
            if let (WordsAction::Refuse, Some(first)) = (self.action, found.first()) {
                let word = chars.get(first.clone()).unwrap_or_default().iter().collect();
                return Err(WordRefused { word, pointer: "/text" });
            }
            places.extend(found.into_iter().flatten());
        }
        let mut changed = false;
        for at in places {
            if let Some(c) = chars.get_mut(at)
                && *c != MASK
                && !c.is_whitespace()
            {
                *c = MASK;
                changed = true;
            }
        }
        Ok(changed)
    }
}

/// Whether `written` is this text, as it was written or as it was masked by whatever the company wished then.
pub(crate) fn is_same(written: &str, text: &str) -> bool {
    let mut places = text.chars();
    written == text
        || (written.chars().all(|kept| places.next().is_some_and(|c| kept == c || kept == MASK))
            && places.next().is_none())
}

/// What this process remembers of those companies that have chosen something. It may be old: whoever writes by it says by which
/// edition, and the row decides.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<HashMap<AccountId, Arc<Masks>>>);

impl Known {
    pub(crate) fn of(&self, account: AccountId) -> Option<Arc<Masks>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&account).cloned()
    }

    pub(crate) fn note(&self, account: AccountId, masks: Option<&Arc<Masks>>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match masks {
            Some(masks) => {
                if known.len() >= KEPT && !known.contains_key(&account) {
                    known.clear();
                }
                known.insert(account, Arc::clone(masks));
            }
            None => drop(known.remove(&account)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masks(card_numbers: bool, resident_ids: bool, words: &[&str], words_action: WordsAction) -> Masks {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Masks::of(Uuid::nil(), &Masking { card_numbers, resident_ids, words, words_action, updated_at: None })
    }

    #[test]
    fn what_was_not_chosen_is_not_touched() {
        let nothing = masks(false, false, &[], WordsAction::Mask);
        for text in ["4111 1111 1111 1111", "11010519491231002X", "赌博", "•"] {
            assert_eq!(nothing.apply(text).unwrap(), text);
            assert_eq!(Masks::default().apply(text).unwrap(), text);
        }
    }

    #[test]
    fn digits_and_words_become_dots_and_what_is_between_them_stays() {
        let all = masks(true, true, &["赌博", "bad thing"], WordsAction::Mask);
        for (text, masked) in [
            ("Card 4111 1111-1111 1111!", "Card •••• ••••-•••• ••••!"),
            ("身份证：11010519491231002X", "身份证：••••••••••••••••••"),
            ("来赌\u{200b}博", "来•••"),
            ("A BAD  thing, a bad thing", "A BAD  thing, a ••• •••••"),
            ("4111111111111112", "4111111111111112"),
        ] {
            assert_eq!(all.apply(text).unwrap(), masked);
        }
        let next_to_it = masks(true, false, &["now"], WordsAction::Mask);
        assert_eq!(next_to_it.apply("4111111111111111now").unwrap(), "•".repeat(19));
    }

    #[test]
    fn a_refused_word_is_named_as_it_was_written() {
        let strict = masks(true, false, &["fool"], WordsAction::Refuse);
        let refused = strict.apply("You ＦＯＯＬ, 4111111111111111").unwrap_err();
        assert_eq!(
            (refused.code(), refused.fields()[0].detail.as_str()),
            ("message_word_refused", "Not taken here: ＦＯＯＬ")
        );
        assert_eq!(strict.apply("Foolish 4111111111111111").unwrap(), format!("Foolish {}", "•".repeat(16)));
    }

    #[test]
    fn a_text_is_the_same_as_what_was_kept_of_it() {
        assert!(is_same("a 赌博", "a 赌博") && is_same("a ••", "a 赌博"));
        for (written, text) in [("a ••", "b 赌博"), ("a ••", "a 赌"), ("a ••", "a 赌博!"), ("a 赌博", "a ••")]
        {
            assert!(!is_same(written, text), "{written} {text}");
        }
    }

    /// Texts in which numbers, words and what stands beside them meet.
    fn texts() -> impl Strategy<Value = String> {
        let pieces = prop_oneof![
            Just("4111111111111111".to_owned()),
            Just("4111 1111 1111 1111".to_owned()),
            Just("11010519491231002X".to_owned()),
            Just("赌博".to_owned()),
            Just("ｂａｄ".to_owned()),
            Just("bad thing".to_owned()),
            Just("12".to_owned()),
            Just("\u{200b}".to_owned()),
            Just("\u{301}".to_owned()),
            Just("•".to_owned()),
            "[0-9 -]{1,24}",
            "[a-dA-D赌博é]{0,4}",
            any::<String>(),
        ];
        proptest::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
    }

    fn everything() -> Masks {
        masks(true, true, &["赌博", "bad", "bad thing", "a", "12", "é", "thing"], WordsAction::Mask)
    }

    proptest! {
        #[test]
        fn what_was_masked_stays_as_it_is(text in texts()) {
            let once = everything().apply(&text).unwrap();
            prop_assert_eq!(everything().apply(&once).unwrap(), once.clone());
            prop_assert!(is_same(&once, &text));
        }

        #[test]
        fn a_masked_text_has_as_many_characters_and_each_is_its_own_or_a_dot(text in texts()) {
            let masked = everything().apply(&text).unwrap();
            prop_assert_eq!(masked.chars().count(), text.chars().count());
            for (kept, c) in masked.chars().zip(text.chars()) {
                prop_assert!(kept == c || (kept == MASK && !c.is_whitespace()));
            }
        }

        #[test]
        fn digits_that_fail_their_sum_are_never_touched(digits in "[0-9]{12,20}", after in "[ ,.]?[a-zA-Z]{0,3}") {
            let values: Vec<u32> = digits.chars().rev().map(|c| c.to_digit(10).unwrap()).collect();
            let luhn: u32 = values.iter().enumerate().map(|(place, value)| match place % 2 {
                0 => *value,
                _ => value * 2 / 10 + value * 2 % 10,
            }).sum();
            prop_assume!(!luhn.is_multiple_of(10));
            let text = format!("{digits}{after}");
            let cards = masks(true, false, &[], WordsAction::Mask);
            prop_assert_eq!(cards.apply(&text).unwrap(), text);
        }
    }
}
