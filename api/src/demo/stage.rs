//! What all players share: the commentary, and what was counted.

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use infra::Timestamp;
use tokio_util::task::TaskTracker;

use super::doors::Doors;
use super::script::Book;

/// What happened, in numbers.
#[derive(Debug, Default, Clone)]
pub(super) struct Tally {
    pub(super) visitors: u32,
    pub(super) questions: u32,
    pub(super) replies: u32,
    pub(super) notes: u32,
    pub(super) resolved: u32,
    pub(super) reopened: u32,
    pub(super) handed_over: u32,
    pub(super) taken_over: u32,
    pub(super) by_others: u32,
    pub(super) outages: u32,
    pub(super) ratings: Vec<i16>,
}

/// Where the play takes place.
pub(super) struct Stage {
    pub(super) doors: Doors,
    /// The key of the demo company's inbox.
    pub(super) key: String,
    pub(super) book: Book,
    /// Sockets and tasks that end with the play.
    pub(super) tracker: TaskTracker,
    began: Timestamp,
    tally: Mutex<Tally>,
}

impl Stage {
    pub(super) fn new(doors: Doors, key: String, book: Book) -> Self {
        let began = doors.clock.now();
        Self { doors, key, book, tracker: TaskTracker::new(), began, tally: Mutex::default() }
    }

    /// Says one line of commentary.
    pub(super) fn comment(&self, mark: &str, what: &str) {
        let seconds = (self.doors.clock.now() - self.began).num_seconds();
        say(&format!("{:>3}:{:02}  {mark}  {what}", seconds / 60, seconds % 60));
    }

    /// Counts.
    pub(super) fn count(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The numbers so far.
    pub(super) fn tally(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Prints a line. A reader that has gone away, as `head` does, is no reason to fail.
pub(super) fn say(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}

/// The beginning of a text, on one line.
pub(super) fn short(text: &str) -> String {
    let mut letters = text.chars();
    let head: String = letters.by_ref().take(56).map(|letter| if letter == '\n' { ' ' } else { letter }).collect();
    if letters.next().is_some() { format!("{}…", head.trim_end()) } else { head }
}
