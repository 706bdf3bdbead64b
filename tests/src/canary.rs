//! Canary words: one for each company, in everything it writes. Another company's client that receives one ends the test.

use std::sync::{Arc, Mutex};

use crate::wait::fresh;

/// The canaries of one app.
#[derive(Debug, Default)]
pub(crate) struct Canaries(Mutex<Vec<String>>);

impl Canaries {
    /// A new word: 128 bits as 26 letters and digits.
    pub(crate) fn hatch(&self) -> String {
        // The first characters of an id are the time; the reverse begins with chance.
        let word: String = infra::ids::encode(fresh()).chars().rev().collect();
        self.0.lock().unwrap().push(word.clone());
        word
    }
}

/// Looks at what a client receives.
#[derive(Debug, Clone)]
pub struct Guard {
    all: Arc<Canaries>,
    own: Option<String>,
}

impl Guard {
    pub(crate) fn new(all: Arc<Canaries>, own: Option<&str>) -> Self {
        Self { all, own: own.map(ToOwned::to_owned) }
    }

    /// For a person who belongs to several companies.
    #[must_use]
    pub fn of_everybody(&self) -> Self {
        Self { all: Arc::default(), own: None }
    }

    /// The foreign canary in `text`, if there is one.
    pub fn finds(&self, text: &str) -> Option<String> {
        let all = self.all.0.lock().unwrap();
        all.iter().find(|word| self.own.as_ref() != Some(word) && text.contains(word.as_str())).cloned()
    }

    /// Fails when `text` holds a word of another company.
    ///
    /// # Panics
    /// When it does.
    pub fn check(&self, whence: &str, text: &str) {
        if let Some(word) = self.finds(text) {
            panic!("{whence} shows another company's words ({word}): {text}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_word_is_found_and_the_own_one_is_not() {
        let all = Arc::new(Canaries::default());
        let (ours, theirs) = (all.hatch(), all.hatch());
        let guard = Guard::new(Arc::clone(&all), Some(&ours));
        assert_eq!(guard.finds(&format!("x{ours}y")), None);
        assert_eq!(guard.finds(&format!("x{theirs}y")), Some(theirs));
    }
}
