//! What others compute, as their sources have it, from the same knowledge.

use std::collections::VecDeque;

/// What each formula needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Knowledge {
    /// The place in line, from 1.
    pub(super) position: f64,
    /// How many wait in that line.
    pub(super) queue: f64,
    /// How long a conversation takes, on average.
    pub(super) mean_handle: f64,
    /// How long those in that line who had to wait did, on average, lately.
    pub(super) mean_wait: Option<f64>,
}

/// A name for the figure, and the seconds.
type Formula = (&'static str, fn(&Knowledge) -> f64);

/// The formulas.
pub(super) const FORMULAS: [Formula; 4] = [
    // The obvious one: everybody ahead takes a whole conversation, as if one agent served one at a time.
    ("position_times_mean", |known| known.position * known.mean_handle),
    // The whole queue, two minutes each.
    ("queue_times_2_min", |known| known.queue * 120.0),
    // The department's mean wait, a minute at least, wherever you stand.
    ("department_mean", |known| known.mean_wait.unwrap_or(60.0).max(60.0)),
    // ((spot − 1) / K + 1) × mean duration, where K is the number of chats the mean was taken from: 100.
    ("spot_over_k", |known| ((known.position - 1.0) / 100.0 + 1.0) * known.mean_handle),
];

/// The waits of one line, lately.
#[derive(Debug, Default, Clone)]
pub(super) struct Waits(VecDeque<f64>);

impl Waits {
    pub(super) fn add(&mut self, seconds: f64) {
        self.0.push_back(seconds);
        if self.0.len() > 100 {
            self.0.pop_front();
        }
    }

    pub(super) fn mean(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.iter().sum::<f64>() / self.0.len() as f64)
    }
}
