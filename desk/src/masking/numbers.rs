//! Finding numbers that nobody should have written: of payment cards, and of Chinese residents. What fails its check sum is left
//! alone, for it is a telephone, a parcel or an order.

use super::fold::{is_spaced, is_unseen};

/// Which numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) cards: bool,
    pub(super) residents: bool,
}

/// The shortest group of a number that is written in groups.
const SHORTEST_GROUP: usize = 3;
/// The longest number of a card.
const LONGEST: usize = 19;

/// The zeros of the digits that people type: plain, wide, Arabic, Persian, Indian.
const ZEROS: [char; 5] = ['0', '０', '٠', '۰', '०'];

fn digit(c: char) -> Option<u8> {
    let value = |zero: char| u32::from(c).checked_sub(u32::from(zero)).filter(|value| *value <= 9);
    ZEROS.into_iter().find_map(value).and_then(|value| u8::try_from(value).ok())
}

/// One of these may stand between two groups.
const fn parts_groups(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{3000}' | '-' | '－' | '\u{2010}' | '\u{2011}' | '\u{2013}')
}

#[derive(Debug, Default)]
struct Group {
    /// Values, with the places of their characters.
    digits: Vec<(u8, usize)>,
    /// Whether only one space or hyphen parts it from the group before it.
    follows: bool,
    /// An X right behind it, at which a word does not go on.
    x: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Digit,
    X,
    Gap,
    Else,
}

fn groups(text: &[char]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut last = Last::Else;
    for (at, c) in text.iter().copied().enumerate().filter(|(_, c)| !is_unseen(*c)) {
        if last == Last::X
            && is_spaced(c)
            && let Some(group) = groups.last_mut()
        {
            group.x = None;
        }
        if let Some(value) = digit(c) {
            match groups.last_mut() {
                Some(group) if last == Last::Digit => group.digits.push((value, at)),
                _ => groups.push(Group { digits: vec![(value, at)], follows: last == Last::Gap, x: None }),
            }
            last = Last::Digit;
            continue;
        }
        let after_digit = last == Last::Digit;
        last = match c {
            'x' | 'X' | 'ｘ' | 'Ｘ' if after_digit => Last::X,
            _ if after_digit && parts_groups(c) => Last::Gap,
            _ => Last::Else,
        };
        if last == Last::X
            && let Some(group) = groups.last_mut()
        {
            group.x = Some(at);
        }
    }
    groups
}

impl Numbers {
    pub(super) const fn is_empty(self) -> bool {
        !self.cards && !self.residents
    }

    /// The places of the digits of every such number.
    pub(super) fn find(self, text: &[char]) -> Vec<usize> {
        let mut found = Vec::new();
        if self.is_empty() {
            return found;
        }
        let groups = groups(text);
        for from in 0..groups.len() {
            self.begin_at(groups.get(from..).unwrap_or_default(), &mut found);
        }
        found
    }

    /// Tries the first group, then the first two, and so on while they may be one number.
    fn begin_at(self, groups: &[Group], found: &mut Vec<usize>) {
        let mut digits: Vec<(u8, usize)> = Vec::new();
        for (place, group) in groups.iter().enumerate() {
            let alone = place == 0;
            if group.digits.len() < SHORTEST_GROUP
                || digits.len() + group.digits.len() > LONGEST
                || !(alone || group.follows)
            {
                return;
            }
            digits.extend(&group.digits);
            let values: Vec<u8> = digits.iter().map(|(value, _)| *value).collect();
            if (self.cards && is_card(&values)) || (self.residents && is_resident(&values)) {
                found.extend(digits.iter().map(|(_, at)| *at));
            }
            if let Some(at) = group.x
                && self.residents
                && is_resident(&[values.as_slice(), &[10]].concat())
            {
                found.extend(digits.iter().map(|(_, at)| *at).chain([at]));
            }
        }
    }
}

fn number(values: &[u8]) -> u32 {
    values.iter().fold(0, |sum, value| sum * 10 + u32::from(*value))
}

/// 13 to 19 digits that begin as issuers' numbers do, with Luhn's sum.
fn is_card(values: &[u8]) -> bool {
    let begin = number(values.get(..4).unwrap_or_default());
    let issued = matches!(begin, 2200..=2204 | 2221..=2720 | 3000..=6999 | 8100..=8299 | 9558);
    // One in ten numbers of residents would pass for a card.
    (13..=LONGEST).contains(&values.len()) && issued && luhn(values) && !is_resident(values)
}

fn luhn(values: &[u8]) -> bool {
    let worth = |(place, value): (usize, &u8)| match (place % 2, u32::from(*value) * 2) {
        (0, twice) => twice / 2,
        (_, twice) if twice > 9 => twice - 9,
        (_, twice) => twice,
    };
    values.iter().rev().enumerate().map(worth).sum::<u32>().is_multiple_of(10)
}

/// What each place weighs in the sum of GB 11643; the last is the check itself, where X is ten.
const WEIGHTS: [u32; 18] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1];

/// Eighteen places: a region, a day of birth, a sequence and a check.
fn is_resident(values: &[u8]) -> bool {
    if values.len() != WEIGHTS.len() || values.first() == Some(&0) {
        return false;
    }
    let part = |range: std::ops::Range<usize>| number(values.get(range).unwrap_or_default());
    let born =
        (1900..2100).contains(&part(6..10)) && (1..=12).contains(&part(10..12)) && (1..=31).contains(&part(12..14));
    let sum: u32 = WEIGHTS.iter().zip(values).map(|(weight, value)| weight * u32::from(*value)).sum();
    born && sum % 11 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: Numbers = Numbers { cards: true, residents: true };

    fn found(numbers: Numbers, text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let found: std::collections::BTreeSet<usize> = numbers.find(&chars).into_iter().collect();
        found.into_iter().map(|at| chars[at]).collect()
    }

    #[test]
    fn cards_are_found_however_they_are_grouped() {
        for card in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "５５５５５５５５５５５５４４４４",
            "3782 822463 10005",
            "30569309025904",
            "3530111333300000",
            "6011000990139424",
            "4111\u{200b}11111111\u{200b}1111",
            "٤١١١١١١١١١١١١١١١",
        ] {
            let digits: String = card.chars().filter(|c| digit(*c).is_some()).collect();
            assert_eq!(found(BOTH, &format!("我的卡号是{card}，谢谢")), digits, "{card}");
            assert_eq!(found(BOTH, &format!("order 12 {card} thanks")), digits, "{card}");
        }
        let two = found(BOTH, "4111 1111 1111 1111 5555 5555 5555 4444");
        assert_eq!(two, "41111111111111115555555555554444");
    }

    #[test]
    fn residents_are_found_with_their_check() {
        assert_eq!(found(BOTH, "身份证11010519491231002X谢谢"), "11010519491231002X");
        assert_eq!(found(BOTH, "110105 19491231 002x"), "11010519491231002x");
        let residents = Numbers { cards: false, residents: true };
        assert_eq!(found(residents, "440524188001010014"), "", "nobody of 1880 asks");
        assert_eq!(found(BOTH, "11010519491231002Xy"), "", "a word goes on");
        assert_eq!(found(BOTH, "110105194912310021"), "");
        assert_eq!(found(Numbers { cards: true, residents: false }, "11010519491231002X"), "");
        assert_eq!(found(residents, "4111111111111111"), "");
    }

    #[test]
    fn other_numbers_stay() {
        for other in [
            "4111111111111112",
            "1700000000000",
            "+86 138 0013 8000",
            "0000 0000 0000 0000",
            "41111111111111111111111111",
            "4111  1111  1111  1111",
            "SF1234567890123",
            "2026-11-30 15:04:05",
            "192.168.100.200",
        ] {
            assert_eq!(found(BOTH, other), "", "{other}");
        }
        assert_eq!(found(Numbers::default(), "4111111111111111"), "");
    }
}
