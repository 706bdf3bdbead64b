//! Canary words: one for each company, in everything its people write. Whoever receives another's has seen a leak.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use memchr::memmem::Finder;

use crate::chance::Chance;
use crate::ids;

/// What all words begin with, so that one search finds any of them.
const MARK: &str = "qxcanaryxq";
/// 128 bits as letters and digits.
const LENGTH: usize = 26;

/// How many words of companies stand in a text that nobody is meant to find any in.
pub fn count(text: &[u8]) -> u64 {
    memchr::memmem::find_iter(text, MARK).count() as u64
}

/// A company's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(Arc<str>);

impl Word {
    /// A new one.
    pub fn hatch(chance: &Chance) -> Self {
        Self(format!("{MARK}{}", ids::encode(chance.wide())).into())
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What was found that should not have been there.
#[derive(Debug, Clone)]
pub struct Leak {
    /// Whose guard found it.
    pub own: String,
    /// The foreign word.
    pub foreign: String,
    /// A piece of what it stood in.
    pub piece: String,
}

/// Every leak of a run.
#[derive(Debug, Default)]
pub struct Leaks {
    count: AtomicU64,
    some: Mutex<Vec<Leak>>,
}

impl Leaks {
    /// How many foreign words were received.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The first few.
    pub fn some(&self) -> Vec<Leak> {
        self.some.lock().map(|some| some.clone()).unwrap_or_default()
    }
}

/// Looks at every byte that people of one company receive. Cheap: one search for what all words share.
#[derive(Debug, Clone)]
pub struct Guard {
    word: Word,
    finder: Arc<Finder<'static>>,
    leaks: Arc<Leaks>,
}

impl Guard {
    /// For people of the company with this word.
    pub fn new(word: &Word, leaks: &Arc<Leaks>) -> Self {
        Self { word: word.clone(), finder: Arc::new(Finder::new(MARK)), leaks: Arc::clone(leaks) }
    }

    /// The company's word.
    pub fn word(&self) -> &str {
        self.word.as_str()
    }

    /// Notes every foreign word in what was received. A word cut short is compared as far as it goes.
    pub fn look(&self, received: &[u8]) {
        for at in self.finder.find_iter(received) {
            let found = received.get(at + MARK.len()..).unwrap_or_default();
            let end =
                found.iter().take(LENGTH).take_while(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()).count();
            let found = found.get(..end).unwrap_or_default();
            let own = self.word.as_str().as_bytes().get(MARK.len()..).unwrap_or_default();
            if !own.starts_with(found) {
                self.note(received, at, end);
            }
        }
    }

    #[cold]
    fn note(&self, received: &[u8], at: usize, length: usize) {
        self.leaks.count.fetch_add(1, Ordering::Relaxed);
        let Ok(mut some) = self.leaks.some.lock() else { return };
        if some.len() < 20 {
            let text = |from: usize, to: usize| {
                String::from_utf8_lossy(received.get(from..to.min(received.len())).unwrap_or_default()).into_owned()
            };
            some.push(Leak {
                own: self.word.as_str().to_owned(),
                foreign: text(at, at + MARK.len() + length),
                piece: text(at.saturating_sub(120), at + 200),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_in_whatever_is_searched() {
        let word = Word::hatch(&Chance::new(4));
        assert_eq!(count(b"a line of a log\n"), 0);
        assert_eq!(count(format!("WARN {}\nWARN text=\"{}\"\n", word.as_str(), word.as_str()).as_bytes()), 2);
    }

    #[test]
    fn a_foreign_word_is_found_and_the_own_one_is_not_even_cut_short() {
        let (chance, leaks) = (Chance::new(3), Arc::new(Leaks::default()));
        let (ours, theirs) = (Word::hatch(&chance), Word::hatch(&chance));
        let guard = Guard::new(&ours, &leaks);
        let short = |word: &Word| word.as_str()[..MARK.len() + 9].to_owned();
        guard.look(format!("x{}y {}… {MARK}", ours.as_str(), short(&ours)).as_bytes());
        assert_eq!(leaks.count(), 0);
        guard.look(format!("{} and {}", theirs.as_str(), ours.as_str()).as_bytes());
        assert_eq!((leaks.count(), leaks.some()[0].foreign.as_str()), (1, theirs.as_str()));
        guard.look(format!("{}…", short(&theirs)).as_bytes());
        assert_eq!(leaks.count(), 2, "a piece of a foreign word is one too");
    }
}
