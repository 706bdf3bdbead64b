//! What is counted and timed while actors act.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use hdrhistogram::Histogram;

/// Times in microseconds, up to ten minutes, to three digits.
#[derive(Debug)]
pub struct Times(Mutex<Histogram<u64>>);

const LONGEST: u64 = 600_000_000;

#[expect(clippy::expect_used, reason = "the bounds are constants that the library accepts")]
fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are good")
}

impl Default for Times {
    fn default() -> Self {
        Self(Mutex::new(empty()))
    }
}

impl Times {
    /// Notes one.
    pub fn note(&self, micros: u64) {
        if let Ok(mut times) = self.0.lock() {
            times.saturating_record(micros.max(1));
        }
    }

    /// Takes what was noted, and begins anew.
    pub fn take(&self) -> Histogram<u64> {
        self.0.lock().map_or_else(|_| empty(), |mut times| std::mem::replace(&mut *times, empty()))
    }
}

/// A quantile in milliseconds.
pub fn millis(times: &Histogram<u64>, quantile: f64) -> f64 {
    times.value_at_quantile(quantile) as f64 / 1000.0
}

/// A count that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Of all actors together.
#[derive(Debug, Default)]
pub struct Tally {
    /// Sends begun before this instant of the log are not timed.
    timed_from: AtomicU64,
    /// Acknowledged sends.
    pub acks: Count,
    /// From the first attempt of a send to its acknowledgement.
    pub ack_times: Times,
    /// Messages that reached somebody else's socket.
    pub deliveries: Count,
    /// From the first attempt of a send to another's socket.
    pub delivery_times: Times,
    /// Sends whose outcome was unknown, and which were tried again.
    pub unknown: Count,
    /// Attempts among them that heard nothing at all for as long as an answer may take.
    pub unanswered: Count,
    /// Requests, for a socket too, and hellos that heard nothing for as long.
    pub hung: Count,
    /// Sends refused for good.
    pub refused: Count,
    /// Refusals that asked to try again.
    pub later: Count,
    /// Those of them that were of sends.
    pub later_sends: Count,
    /// Those of them that did not say when.
    pub untold: Count,
    /// Sockets opened.
    pub opened: Count,
    /// Handshakes and hellos that failed.
    pub not_opened: Count,
    /// Sockets lost while they were wanted.
    pub lost: Count,
    /// Requests over HTTP that failed.
    pub failed_requests: Count,
    /// Gaps in a screen that had to be asked for.
    pub gaps: Count,
    /// Conversations that the server asked to load anew.
    pub resets: Count,
    /// Frames that are none of the protocol's.
    pub nonsense: Count,
    /// Two messages at one place of one screen.
    pub clashes: Count,
    /// From losing a socket to being welcomed again.
    pub back_times: Times,
}

impl Tally {
    /// Forgets the times of sends so far, and times what is begun from `now` on.
    pub fn time_anew(&self, now: u64) {
        self.timed_from.store(now, Ordering::Relaxed);
        self.ack_times.take();
        self.delivery_times.take();
    }

    pub(crate) fn acknowledged(&self, began: u64, now: u64) {
        self.acks.up();
        if began >= self.timed_from.load(Ordering::Relaxed) {
            self.ack_times.note(now.saturating_sub(began));
        }
    }

    pub(crate) fn delivered(&self, began: u64, now: u64) {
        self.deliveries.up();
        if began >= self.timed_from.load(Ordering::Relaxed) {
            self.delivery_times.note(now.saturating_sub(began));
        }
    }

    /// What should not have happened while nothing was broken on purpose, by kind.
    pub fn errors(&self) -> [(&'static str, u64); 7] {
        [
            ("not_answered", self.unknown.now()),
            ("refused", self.refused.now()),
            ("put_off", self.later.now()),
            ("not_opened", self.not_opened.now()),
            ("failed_requests", self.failed_requests.now()),
            ("nonsense", self.nonsense.now()),
            ("clashes", self.clashes.now()),
        ]
    }
}
