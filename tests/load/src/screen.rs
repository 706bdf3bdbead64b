//! What a client shows of one conversation: in order, without doubles, and aware of its gaps. No sockets.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use uuid::Uuid;

/// How long a message that came too early waits for those before it.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// A message came twice at one place with two ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clash {
    /// Where.
    pub seq: i64,
    /// What is shown there.
    pub shown: Uuid,
    /// What came.
    pub came: Uuid,
}

/// One conversation on one client's screen.
#[derive(Debug, Default, Clone)]
pub struct Screen {
    /// Messages 1, 2, 3 …
    shown: Vec<Uuid>,
    /// Those that came too early.
    early: BTreeMap<i64, Uuid>,
    /// Since when something is missing.
    gap_since: Option<Instant>,
    /// How many came again.
    doubles: u64,
}

impl Screen {
    /// The newest place up to which nothing is missing.
    pub fn last(&self) -> i64 {
        i64::try_from(self.shown.len()).unwrap_or(i64::MAX)
    }

    /// What is shown, in order.
    pub fn shown(&self) -> &[Uuid] {
        &self.shown
    }

    /// How many messages came again and were dropped.
    pub fn doubles(&self) -> u64 {
        self.doubles
    }

    /// Takes a message in. True when it is new.
    pub fn take(&mut self, seq: i64, id: Uuid, now: Instant) -> Result<bool, Clash> {
        let next = self.last() + 1;
        if seq < next {
            let shown = usize::try_from(seq - 1).ok().and_then(|at| self.shown.get(at)).copied().unwrap_or_default();
            self.doubles += 1;
            return if shown == id { Ok(false) } else { Err(Clash { seq, shown, came: id }) };
        }
        if seq > next {
            self.gap_since.get_or_insert(now);
            return match self.early.insert(seq, id) {
                None => Ok(true),
                Some(shown) if shown == id => Ok(false),
                Some(shown) => Err(Clash { seq, shown, came: id }),
            };
        }
        self.shown.push(id);
        while let Some(id) = self.early.remove(&(self.last() + 1)) {
            self.shown.push(id);
        }
        if self.early.is_empty() {
            self.gap_since = None;
        }
        Ok(true)
    }

    /// When the missing is to be asked for, if something is missing.
    pub fn gap_due(&self) -> Option<Instant> {
        self.gap_since.map(|since| since + PATIENCE)
    }

    /// The missing has been asked for.
    pub fn asked(&mut self, now: Instant) {
        if self.gap_since.is_some() {
            self.gap_since = Some(now);
        }
    }

    /// The server says that this must be loaded anew.
    pub fn clear(&mut self) {
        *self = Self { doubles: self.doubles, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_stand_in_order_whatever_the_order_they_came_in() {
        let (mut screen, now) = (Screen::default(), Instant::now());
        let id = |seq: i64| Uuid::from_u128(u128::from(seq.unsigned_abs()));
        for seq in [1, 4, 2, 2, 6] {
            screen.take(seq, id(seq), now).unwrap();
        }
        assert_eq!((screen.last(), screen.doubles()), (2, 1));
        assert_eq!(screen.gap_due(), Some(now + PATIENCE));
        for seq in [3, 5] {
            screen.take(seq, id(seq), now).unwrap();
        }
        assert_eq!(screen.shown(), (1..=6).map(id).collect::<Vec<_>>());
        assert_eq!(screen.gap_due(), None);
        assert!(screen.take(5, id(9), now).is_err(), "one place, two messages");
    }
}
