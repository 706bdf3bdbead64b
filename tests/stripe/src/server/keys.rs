//! Idempotency keys: the first answer, for a day.

use std::collections::HashMap;

use serde_json::Value;

use crate::calendar::DAY;
use crate::refusal::Refusal;

/// What was answered to a request with a key.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

#[derive(Debug)]
struct Entry {
    at: i64,
    asked: String,
    answer: Kept,
}

/// All keys.
#[derive(Debug, Default)]
pub(crate) struct Keys(HashMap<String, Entry>);

impl Keys {
    /// The first answer, when there was one to the same request; another request with the key is refused.
    pub(crate) fn find(&mut self, key: &str, asked: &str, now: i64) -> Result<Option<Kept>, Refusal> {
        self.0.retain(|_, entry| entry.at > now - DAY);
        match self.0.get(key) {
            None => Ok(None),
            Some(entry) if entry.asked == asked => Ok(Some(entry.answer.clone())),
            Some(_) => Err(Refusal::key_reused(key)),
        }
    }

    pub(crate) fn keep(&mut self, key: &str, asked: &str, now: i64, answer: Kept) {
        self.0.insert(key.to_owned(), Entry { at: now, asked: asked.to_owned(), answer });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_answers_as_the_first_time_for_a_day_and_only_to_the_same_request() {
        let mut keys = Keys::default();
        keys.keep("k", "POST /v1/x a=1", 1_000, Kept { status: 200, body: Value::from(1) });
        assert_eq!(keys.find("k", "POST /v1/x a=1", 1_000 + DAY - 1).unwrap().unwrap().body, 1);
        assert_eq!(keys.find("k", "POST /v1/x a=2", 1_001).err().unwrap().kind, "idempotency_error");
        assert!(keys.find("k", "POST /v1/x a=2", 1_000 + DAY).unwrap().is_none());
    }
}
