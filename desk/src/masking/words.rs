//! Finding a company's words in a text: one walk along a tree of letters for each place where a word may begin.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use super::fold::{Letter, folded, is_spaced};

/// A list of words, ready to be looked for.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// From a place, with a letter, to the next place. Every word begins at 0.
    steps: HashMap<(u32, char), u32>,
    /// Places at which a word is complete.
    ends: HashSet<u32>,
}

impl Words {
    pub(super) fn of(words: &[String]) -> Self {
        let mut all = Self::default();
        let mut places = 0;
        for word in words.iter().map(|word| folded(word)).filter(|word| !word.is_empty()) {
            let mut place = 0;
            for letter in word.chars() {
                place = *all.steps.entry((place, letter)).or_insert_with(|| {
                    places += 1;
                    places
                });
            }
            all.ends.insert(place);
        }
        all
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The places of the characters of every word that stands in the text; of those that begin at the same one, the longest.
    pub(super) fn find(&self, letters: &[Letter]) -> Vec<RangeInclusive<usize>> {
        (0..letters.len()).filter_map(|from| self.begins_at(letters, from)).collect()
    }

    fn begins_at(&self, letters: &[Letter], from: usize) -> Option<RangeInclusive<usize>> {
        let first = letters.get(from)?;
        let (mut place, mut longest) = (0, None);
        for (to, letter) in letters.iter().enumerate().skip(from) {
            let Some(next) = self.steps.get(&(place, letter.folded)) else { break };
            place = *next;
            if self.ends.contains(&place) && stands_alone(letters, from, to) {
                longest = Some(first.at..=letter.at);
            }
        }
        longest
    }
}

/// Whether letters are a word and no part of one: whole characters, with their accents, and where words stand between spaces,
/// between those. "class" holds no donkey.
fn stands_alone(letters: &[Letter], from: usize, to: usize) -> bool {
    let before = letters.get(..from).unwrap_or_default();
    let after = to.checked_add(1).and_then(|next| letters.get(next));
    let word = letters.get(from..=to).unwrap_or_default();
    let (Some(first), Some(last)) = (word.first(), word.last()) else { return false };
    let splits = before.last().is_some_and(|letter| letter.at == first.at)
        || after.is_some_and(|letter| letter.at == last.at || letter.is_mark());
    let goes_on = |one: Option<&Letter>, other: Option<&Letter>| {
        one.is_some_and(|letter| is_spaced(letter.folded)) && other.is_some_and(|letter| is_spaced(letter.folded))
    };
    let base = |letters: &[Letter]| letters.iter().rev().find(|letter| !letter.is_mark()).copied();
    let (base_before, base_last) = (base(before), base(word));
    !splits && !goes_on(base_before.as_ref(), Some(first)) && !goes_on(base_last.as_ref(), after)
}

#[cfg(test)]
mod tests {
    use super::super::fold::letters;
    use super::*;

    fn found(words: &[&str], text: &str) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let text: Vec<char> = text.chars().collect();
        let found = Words::of(&words).find(&letters(&text));
        found.into_iter().map(|range| text[range].iter().collect()).collect()
    }

    #[test]
    fn words_are_found_in_every_case_and_width_and_through_what_nobody_sees() {
        assert_eq!(found(&["fool"], "You FOOL, you ｆｏｏｌ!"), ["FOOL", "ｆｏｏｌ"]);
        assert_eq!(found(&["赌博"], "来赌博吧，赌\u{200b}博"), ["赌博", "赌\u{200b}博"]);
        assert_eq!(found(&["бред"], "Это БРЕД."), ["БРЕД"]);
        assert_eq!(found(&["bad thing"], "a Bad Thing"), ["Bad Thing"]);
        assert_eq!(found(&["ガス"], "ｶﾞｽ代"), ["ｶﾞｽ"]);
    }

    #[test]
    fn a_part_of_a_word_is_no_word_where_words_stand_between_spaces() {
        assert_eq!(found(&["ass", "fo"], "class assets fool"), Vec::<String>::new());
        assert_eq!(found(&["ass"], "ass-backwards, 你这ass啊"), ["ass", "ass"]);
        assert_eq!(found(&["12"], "12 112 123 a12"), ["12"]);
        assert_eq!(found(&["cafe"], "café cafe\u{301} cafe"), ["cafe"]);
        assert_eq!(found(&["a"], "e\u{301}a é a"), ["a"]);
        assert_eq!(found(&["é"], "e\u{301}a é"), ["é"]);
        assert_eq!(found(&["f"], "ﬁ f"), ["f"]);
        assert_eq!(found(&["カ"], "カ\u{3099}ス"), Vec::<String>::new());
    }

    #[test]
    fn of_words_that_begin_together_the_longest_counts_and_others_are_found_inside() {
        assert_eq!(found(&["敏感", "敏感词", "感词"], "敏感词敏感"), ["敏感词", "感词", "敏感"]);
        assert_eq!(found(&[], "anything"), Vec::<String>::new());
    }
}
