//! Which companies are at home on a slice of connections. A statement that names its tables without their schema is parsed and
//! planned anew whenever the connection turns to another company: half of what Postgres did for a message. The statements of a
//! resident are told apart by a comment, so that each is prepared for this company alone, and its plan kept.
//!
//! Plans cost the backend memory, and preparing costs a round trip: only companies that come often are at home, and only so many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many may be at home on one slice, each with some eighty statements.
const ROOM: usize = 12;
/// How many transactions of a company in [`WINDOW`] make it a resident.
const OFTEN: u32 = 30;
/// How long visits are counted, and how long a resident may stay away without losing its place to another.
const WINDOW: Duration = Duration::from_mins(1);

/// The residents of a slice.
#[derive(Clone, Debug, Default)]
pub(super) struct Residents(Arc<Mutex<Register>>);

#[derive(Debug, Default)]
struct Register {
    at_home: HashMap<u128, Instant>,
    visits: HashMap<u128, u32>,
    counted_since: Option<Instant>,
}

impl Residents {
    /// One more transaction of a company: whether it is at home here.
    pub(super) fn admit(&self, key: u128, now: Instant) -> bool {
        let register = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = register.at_home.get_mut(&key) {
            *seen = now;
            return true;
        }
        if register.counted_since.is_none_or(|since| now.duration_since(since) > WINDOW) {
            register.visits.clear();
            register.counted_since = Some(now);
        }
        let visits = register.visits.entry(key).or_default();
        *visits += 1;
        if *visits < OFTEN {
            return false;
        }
        if register.at_home.len() >= ROOM {
            register.at_home.retain(|_, seen| now.duration_since(*seen) <= WINDOW);
        }
        let has_room = register.at_home.len() < ROOM;
        if has_room {
            register.visits.remove(&key);
            register.at_home.insert(key, now);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn come(residents: &Residents, key: u128, times: u32, now: Instant) -> bool {
        (0..times).fold(false, |_, _| residents.admit(key, now))
    }

    #[test]
    fn who_comes_often_is_at_home_while_there_is_room() {
        let (residents, now) = (Residents::default(), Instant::now());
        assert!(!come(&residents, 1, OFTEN - 1, now));
        assert!(!come(&residents, 2, 1, now), "others' visits are theirs");
        for key in 1..=ROOM {
            assert!(come(&residents, u128::try_from(key).unwrap(), OFTEN, now));
        }
        assert!(!come(&residents, 1_000, 2 * OFTEN, now), "there is no more room");
        assert!(come(&residents, 1, 1, now), "who is at home stays");
    }

    #[test]
    fn who_stays_away_makes_room_and_rare_visits_do_not_add_up() {
        let (residents, now) = (Residents::default(), Instant::now());
        for key in 1..=ROOM {
            come(&residents, u128::try_from(key).unwrap(), OFTEN, now);
        }
        let later = now + WINDOW + Duration::from_secs(1);
        assert!(come(&residents, 1, 1, later));
        assert!(come(&residents, 1_000, OFTEN, later));
        assert!(!come(&residents, 2, OFTEN - 1, later), "gone with those who stayed away");
        assert!(!come(&residents, 2, OFTEN - 1, later + WINDOW + Duration::from_secs(1)));
    }
}
