//! One request from its head to its answer: who asks, what goes wrong, whether it was asked before, and what comes of it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::fault::{Fate, Faults};
use super::keys::{Kept, Keys};
use super::post::Post;
use super::{page, route, script};
use crate::books::Books;
use crate::books::event::Cause;
use crate::chance::Chance;
use crate::form::Form;
use crate::refusal::Refusal;

/// A request, read whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: String,
    pub(crate) key: Option<String>,
    pub(crate) authorization: String,
}

/// What comes of it.
#[derive(Debug)]
pub(crate) enum Reply {
    Json {
        status: u16,
        body: Value,
        replayed: bool,
        request_id: String,
    },
    Page {
        status: u16,
        html: String,
    },
    Pdf(Vec<u8>),
    Redirect(String),
    /// The connection ends.
    Nothing,
    /// No answer for so long that everybody gives up.
    Silence,
}

/// What was asked, for those who count.
#[derive(Debug, Clone, Serialize)]
pub struct Noted {
    /// By the provider's clock.
    pub at: i64,
    /// By the clock of the machine, in milliseconds.
    pub real_ms: i64,
    /// `POST /v1/customers`.
    pub what: String,
    /// What was answered; 0 when nothing was.
    pub status: u16,
}

/// Everything that one lock guards.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) books: Books,
    pub(crate) faults: Faults,
    pub(crate) keys: Keys,
    pub(crate) post: Post,
    pub(crate) chance: Chance,
    pub(crate) log: Vec<Noted>,
}

/// Where "now" comes from, in seconds.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The provider.
pub(crate) struct Door {
    state: Mutex<State>,
    pub(crate) now: Now,
    pub(crate) key: String,
    pub(crate) file: Option<PathBuf>,
    /// Rung when there is something to deliver.
    pub(crate) bell: Notify,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

impl Door {
    pub(crate) fn new(state: State, now: Now, key: String, file: Option<PathBuf>) -> Self {
        Self { state: Mutex::new(state), now, key, file, bell: Notify::new() }
    }

    /// The state, with its clock set and everything done that was due.
    pub(crate) fn enter(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Whatever happens to the clock of those who ask: the provider's own is not set back.
        state.books.now = ((self.now)() + state.books.ahead).max(state.books.now);
        state.books.cause = Cause::default();
        state.books.settle();
        self.dispatch(&mut state);
        state
    }

    /// Hands what has happened to the postman.
    pub(crate) fn dispatch(&self, state: &mut State) {
        let State { books, post, chance, .. } = state;
        if post.take(books, chance) {
            self.bell.notify_one();
        }
    }

    pub(crate) fn answer(&self, asked: &Asked) -> Reply {
        if asked.path.starts_with("/_script") {
            return script::answer(self, asked);
        }
        if !asked.path.starts_with("/v1/") && !asked.path.starts_with("/v2/") {
            return page::answer(self, asked);
        }
        let mut state = self.enter();
        let request_id = format!("req_{}", state.chance.word(14));
        let State { faults, chance, .. } = &mut *state;
        let fate = faults.draw(&asked.path, chance);
        let reply = self.carry_out(&mut state, asked, fate, &request_id);
        let status = if let Reply::Json { status, .. } = &reply { *status } else { 0 };
        let at = state.books.now;
        let real_ms = chrono::Utc::now().timestamp_millis();
        state.log.push(Noted { at, real_ms, what: format!("{} {}", asked.method, asked.path), status });
        self.dispatch(&mut state);
        self.save(&state, asked);
        reply
    }

    fn carry_out(&self, state: &mut State, asked: &Asked, fate: Fate, request_id: &str) -> Reply {
        let json = |status, body, replayed| Reply::Json { status, body, replayed, request_id: request_id.to_owned() };
        let refuse = |refusal: &Refusal| json(refusal.status, refusal.body(request_id), false);
        match fate {
            Fate::Dropped => return Reply::Nothing,
            Fate::Hangs => return Reply::Silence,
            Fate::Unavailable => {
                return json(503, json!({ "error": { "type": "api_error", "message": "Service unavailable" } }), false);
            }
            Fate::TooMany => return refuse(&Refusal::too_many()),
            Fate::Broken => return refuse(&Refusal::broken()),
            Fate::Well | Fate::BrokenAfter | Fate::Lost => {}
        }
        if asked.authorization.strip_prefix("Bearer ") != Some(self.key.as_str()) {
            return refuse(&Refusal::no_key());
        }
        let (now, what) = (state.books.now, format!("{} {} {}", asked.method, asked.path, asked.body));
        let key = asked.key.as_deref().filter(|_| asked.method == "POST");
        if let Some(key) = key {
            match state.keys.find(key, &what, now) {
                Err(refusal) => return refuse(&refusal),
                Ok(Some(kept)) => return json(kept.status, kept.body, true),
                Ok(None) => {}
            }
        }
        state.books.cause = Cause { request: Some(request_id.to_owned()), key: asked.key.clone() };
        let reject = state.faults.rejects(&mut state.chance);
        let form = Form::parse(&asked.query).with(Form::parse(&asked.body));
        let done = route::dispatch(&mut state.books, &asked.method, &asked.path, &form, reject.as_deref());
        let done = done.and_then(|body| state.books.expand(body, &form));
        let (status, body, kept) = match done {
            Ok(_) if fate == Fate::BrokenAfter => (500, Refusal::broken().body(request_id), true),
            Ok(body) => (200, body, true),
            Err(refusal) => (refusal.status, refusal.body(request_id), refusal.is_kept()),
        };
        if let Some(key) = key.filter(|_| kept) {
            state.keys.keep(key, &what, now, Kept { status, body: body.clone() });
        }
        if fate == Fate::Lost { Reply::Nothing } else { json(status, body, false) }
    }

    /// Keeps the books on disk, when there is a place for them and something may have changed.
    pub(crate) fn save(&self, state: &State, asked: &Asked) {
        let Some(file) = self.file.as_ref().filter(|_| asked.method != "GET") else { return };
        let written = serde_json::to_vec(&state.books).map_err(std::io::Error::other);
        let beside = file.with_extension("new");
        let done = written.and_then(|text| std::fs::write(&beside, text)).and_then(|()| std::fs::rename(&beside, file));
        if let Err(error) = done {
            eprintln!("the books cannot be kept in {}: {error}", file.display());
        }
    }
}
