//! Webhooks on their way: signed, repeated until they are taken, and, when the script says so, held back, doubled or out of order.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::door::{Door, State};
use crate::books::Books;
use crate::calendar::{DAY, HOUR};
use crate::chance::Chance;

/// How webhooks travel.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// None is delivered until this is false again, or somebody takes them by hand.
    pub hold: bool,
    /// So many in a thousand are delivered twice.
    pub twice: u32,
    /// They are delivered in any order.
    pub shuffle: bool,
}

/// One webhook for one address.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) event: String,
    pub(crate) endpoint: String,
    pub(crate) attempt: usize,
    pub(crate) due: i64,
}

/// What became of one try.
#[derive(Debug, Clone, Serialize)]
pub struct Delivered {
    /// Which event.
    pub event: String,
    /// Its kind.
    pub kind: String,
    /// What was answered; 0 when nothing was.
    pub status: u16,
}

/// Something to hand over.
pub(crate) struct Parcel {
    pub(crate) letter: Letter,
    pub(crate) kind: String,
    pub(crate) url: String,
    pub(crate) body: String,
    pub(crate) signature: String,
}

/// All webhooks.
#[derive(Debug, Default)]
pub(crate) struct Post {
    pub(crate) mail: Mail,
    queue: Vec<Letter>,
    pub(crate) delivered: Vec<Delivered>,
}

/// How long to wait before each next try; after the last, three days are over.
const TRIES: [i64; 12] =
    [60, 300, 1_800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR, 10 * HOUR, 10 * HOUR, 10 * HOUR, 10 * HOUR, 3 * DAY];

impl Post {
    pub(crate) fn new(mail: Mail) -> Self {
        Self { mail, ..Self::default() }
    }

    /// Takes what has happened; true when there is something to deliver now. What is to be tried again later rings no bell: it would
    /// ring without end.
    pub(crate) fn take(&mut self, books: &mut Books, chance: &mut Chance) -> bool {
        while let Some(event) = books.fresh.pop_front() {
            let Some(kind) = books.events.find(&event).map(|event| event.kind.clone()) else { continue };
            let twice = chance.per_mille(self.mail.twice);
            for endpoint in books.endpoints.iter().filter(|endpoint| endpoint.wants(&kind)) {
                let letter = Letter { event: event.clone(), endpoint: endpoint.id.clone(), attempt: 0, due: books.now };
                if twice {
                    self.queue.push(letter.clone());
                }
                self.queue.push(letter);
            }
        }
        !self.mail.hold && self.queue.iter().any(|letter| letter.due <= books.now)
    }

    /// Delivers an event once more.
    pub(crate) fn again(&mut self, event: &str, books: &Books) {
        for endpoint in books.endpoints.iter().filter(|endpoint| endpoint.enabled) {
            let letter = Letter { event: event.to_owned(), endpoint: endpoint.id.clone(), attempt: 0, due: books.now };
            self.queue.push(letter);
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Forgets what was not delivered.
    pub(crate) fn forget(&mut self) {
        self.queue.clear();
    }

    fn next(&mut self, now: i64, chance: &mut Chance) -> Option<Letter> {
        let due: Vec<usize> =
            self.queue.iter().enumerate().filter(|(_, letter)| letter.due <= now).map(|(place, _)| place).collect();
        let drawn = if self.mail.shuffle { chance.bits() % (due.len().max(1) as u64) } else { 0 };
        let place = *due.get(usize::try_from(drawn).unwrap_or_default())?;
        Some(self.queue.remove(place))
    }

    /// Writes down what was answered, and plans the next try when it was no.
    fn note(&mut self, parcel: &Parcel, status: u16, now: i64) {
        let letter = &parcel.letter;
        self.delivered.push(Delivered { event: letter.event.clone(), kind: parcel.kind.clone(), status });
        if (200..300).contains(&status) {
            return;
        }
        if let Some(wait) = TRIES.get(letter.attempt) {
            self.queue.push(Letter { attempt: letter.attempt + 1, due: now + wait, ..letter.clone() });
        }
    }
}

impl Door {
    /// The next webhook that is due.
    pub(crate) fn next_parcel(&self, even_held: bool) -> Option<Parcel> {
        let mut state = self.enter();
        let now = state.books.now;
        let State { post, chance, books, .. } = &mut *state;
        if post.mail.hold && !even_held {
            return None;
        }
        loop {
            let letter = post.next(now, chance)?;
            let (event, endpoint) = (books.events.find(&letter.event), books.endpoints.find(&letter.endpoint));
            // The address may have been removed meanwhile.
            let (Some(event), Some(endpoint)) = (event, endpoint) else { continue };
            let body = serde_json::to_string_pretty(&event.body).unwrap_or_default();
            let signature = header(&body, &endpoint.secrets, (self.now)());
            return Some(Parcel { kind: event.kind.clone(), url: endpoint.url.clone(), body, signature, letter });
        }
    }

    pub(crate) fn note(&self, parcel: &Parcel, status: u16) {
        let mut state = self.enter();
        let now = state.books.now;
        state.post.note(parcel, status, now);
    }
}

/// The signature of a body at an instant, in hexadecimal.
pub(crate) fn signature(body: &str, secret: &str, at: i64) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{at}.{body}").as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The header `Stripe-Signature`, with one signature for each secret.
pub(crate) fn header(body: &str, secrets: &[String], at: i64) -> String {
    let signatures = secrets.iter().map(|secret| format!(",v1={}", signature(body, secret, at)));
    format!("t={at}{}", signatures.collect::<String>())
}
