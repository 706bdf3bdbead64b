//! What goes wrong, by a script and by chance. Shares are in thousandths.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chance::Chance;

/// How the provider is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Down {
    /// Connections end without an answer.
    Refuse,
    /// Requests are taken and never answered.
    Hang,
    /// Everything is answered with 503.
    Unavailable,
}

/// What goes wrong, and how often.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// The provider is away.
    pub down: Option<Down>,
    /// Only for requests whose path begins so; empty is all.
    pub only: String,
    /// 429 instead of doing it.
    pub too_many: u32,
    /// 500 before anything is done; another try may work.
    pub broken: u32,
    /// It is done, and then 500, which the idempotency key keeps.
    pub broken_after: u32,
    /// The connection ends before anything is done.
    pub dropped: u32,
    /// It is done, and the answer never comes.
    pub lost: u32,
    /// A usage event is taken and found not to count later.
    pub reject_usage: u32,
    /// What is said of such an event.
    pub reject_code: String,
    /// Each answer takes so long, and is thought of at its end.
    pub slow_ms: u64,
}

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Well,
    TooMany,
    Broken,
    BrokenAfter,
    Dropped,
    Lost,
    Hangs,
    Unavailable,
}

impl Faults {
    /// Draws the fate of a request.
    pub(crate) fn draw(&self, path: &str, chance: &mut Chance) -> Fate {
        match self.down {
            Some(Down::Refuse) => return Fate::Dropped,
            Some(Down::Hang) => return Fate::Hangs,
            Some(Down::Unavailable) => return Fate::Unavailable,
            None => {}
        }
        if !path.starts_with(&self.only) {
            return Fate::Well;
        }
        let chances = [
            (self.too_many, Fate::TooMany),
            (self.broken, Fate::Broken),
            (self.broken_after, Fate::BrokenAfter),
            (self.dropped, Fate::Dropped),
            (self.lost, Fate::Lost),
        ];
        let fate = chances.into_iter().find(|(share, _)| chance.per_mille(*share)).map(|(_, fate)| fate);
        fate.unwrap_or(Fate::Well)
    }

    /// How long the answer to a request takes.
    pub(crate) fn slowness(&self, path: &str) -> Duration {
        if path.starts_with(&self.only) { Duration::from_millis(self.slow_ms) } else { Duration::ZERO }
    }

    /// Why a usage event will not count, if it will not.
    pub(crate) fn rejects(&self, chance: &mut Chance) -> Option<String> {
        let code = if self.reject_code.is_empty() { "meter_event_customer_not_found" } else { &self.reject_code };
        chance.per_mille(self.reject_usage).then(|| code.to_owned())
    }
}
