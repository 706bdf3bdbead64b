//! What a caller learns of the limit that it has come by: the fields `RateLimit` and `RateLimit-Policy`.
//!
//! The IETF's draft of them: a policy is so many (`q`) in so many seconds (`w`); what is left now is `r`, and after `t` seconds there
//! is more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use tenant::gate::{Passed, TooFast};

use crate::problem::whole_seconds;

/// Filled by whoever counts, read when the answer leaves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Option<Word>>>);

#[derive(Debug, Clone, Copy)]
struct Word {
    name: &'static str,
    per_minute: u32,
    left: u32,
    wait: Option<Duration>,
}

static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Notes what came of a count, and gives it on.
pub(crate) fn note<E>(
    parts: &Parts,
    counted: Result<Option<Passed>, E>,
    too_fast: impl Fn(&E) -> Option<TooFast>,
) -> Result<(), E> {
    let word = match &counted {
        Ok(passed) => passed.map(|passed| Word {
            name: passed.class.as_str(),
            per_minute: passed.per_minute,
            left: passed.left,
            wait: None,
        }),
        Err(error) => too_fast(error).map(|refused| Word {
            name: refused.class.as_str(),
            per_minute: refused.per_minute,
            left: 0,
            wait: Some(refused.wait),
        }),
    };
    if let (Some(told), Some(word)) = (parts.extensions.get::<Told>(), word) {
        *told.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(word);
    }
    counted.map(drop)
}

/// Writes it into an answer. A refusal that was counted otherwise says when it is over.
pub(crate) fn tell(told: &Told, response: &mut Response) {
    let word = *told.0.lock().unwrap_or_else(PoisonError::into_inner);
    let refused = response.status() == StatusCode::TOO_MANY_REQUESTS;
    let wait = refused.then(|| retry_after(response.headers())).flatten();
    let headers = response.headers_mut();
    let mut put = |name: &HeaderName, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name.clone(), value);
        }
    };
    match (word, wait) {
        (Some(word), _) => {
            put(&POLICY, format!("\"{}\";q={};w=60", word.name, word.per_minute));
            let wait = word.wait.map_or(60, whole_seconds);
            put(&LIMIT, format!("\"{}\";r={};t={wait}", word.name, word.left));
        }
        (None, Some(wait)) => put(&LIMIT, format!("\"attempts\";r=0;t={wait}")),
        (None, None) => {}
    }
}

fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()
}
