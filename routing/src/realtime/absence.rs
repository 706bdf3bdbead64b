//! Of which companies something may have been missed while the bus was away.
//!
//! Who does not hear the bus reads the outbox, where what was said stays for [`KEPT`]. Whoever read it in time has missed nothing;
//! where a process came too late (it has very many companies, or lost the database as well), its sockets are to come again.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tenant::AccountId;
use tokio::time::Instant;

/// How long facts stay in the outbox after they were published.
pub const KEPT: Duration = Duration::from_millis(4_500);

/// What this process knows of its own hearing.
#[derive(Debug)]
pub(super) struct Absence {
    /// Everything that was said until then was heard.
    heard: Instant,
    /// The same of single companies, by what was read since.
    read: HashMap<AccountId, Instant>,
    missed: HashSet<AccountId>,
}

impl Absence {
    /// Nothing has been missed.
    pub(super) fn new(now: Instant) -> Self {
        Self { heard: now, read: HashMap::new(), missed: HashSet::new() }
    }

    /// Until when everything said in a company is known here, which listens to it since `listening`.
    fn known(&self, account: AccountId, listening: Instant) -> Instant {
        let read = self.read.get(&account).copied().unwrap_or(self.heard);
        self.heard.max(read).max(listening)
    }

    /// What stood in a company's outbox was read, at some moment between `from` and `until`. It `is_whole` when there was no more.
    pub(super) fn has_read(
        &mut self,
        account: AccountId,
        listening: Instant,
        from: Instant,
        until: Instant,
        is_whole: bool,
    ) {
        let known = self.known(account, listening);
        if !is_whole || until.saturating_duration_since(known) > KEPT {
            self.missed.insert(account);
        }
        self.read.insert(account, known.max(from));
    }

    /// The bus is heard: all that was said until `now`, over a connection made at `connected` if there was one before it. Gives the
    /// companies `here` of which something may have been missed meanwhile.
    pub(super) fn ends(
        &mut self,
        here: impl Iterator<Item = (AccountId, Instant)>,
        connected: Option<Instant>,
        now: Instant,
    ) -> HashSet<AccountId> {
        let mut missed = std::mem::take(&mut self.missed);
        if let Some(connected) = connected {
            let late = |(account, listening): &(AccountId, Instant)| {
                connected.saturating_duration_since(self.known(*account, *listening)) > KEPT
            };
            missed.extend(here.filter(late).map(|(account, _)| account));
        }
        self.heard = now;
        self.read.clear();
        missed
    }
}

#[cfg(test)]
mod tests {
    use infra::Id;
    use uuid::Uuid;

    use super::*;

    fn company(number: u128) -> AccountId {
        Id::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn who_reads_in_time_has_missed_nothing_and_who_reads_late_has() {
        let began = Instant::now();
        let at = |millis: u64| began + Duration::from_millis(millis);
        let here = || [(company(1), began), (company(2), began), (company(3), at(20_000))].into_iter();
        let mut absence = Absence::new(began);
        assert!(absence.ends(here(), None, at(1_000)).is_empty());
        // Away from now on. One company is read every two seconds, the other every ten, the third is listened to since the end.
        for second in [3, 5, 7, 9, 11, 13, 15, 17, 19, 21] {
            absence.has_read(company(1), began, at(second * 1_000), at(second * 1_000 + 200), true);
        }
        for second in [3, 13] {
            absence.has_read(company(2), began, at(second * 1_000), at(second * 1_000 + 200), true);
        }
        absence.has_read(company(3), at(20_000), at(21_000), at(21_200), true);
        let missed = absence.ends(here(), Some(at(21_500)), at(25_000));
        assert_eq!(missed, HashSet::from([company(2)]));
        // Told once; and well since.
        assert!(absence.ends(here(), Some(at(21_500)), at(27_000)).is_empty());
    }

    #[test]
    fn who_could_not_read_at_all_or_not_everything_has_missed_something() {
        let began = Instant::now();
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        let here = || [(company(1), began)].into_iter();
        let mut absence = Absence::new(began);
        assert_eq!(absence.ends(here(), Some(at(60)), at(63)), HashSet::from([company(1)]), "it read nothing");
        assert!(absence.ends(here(), Some(at(64)), at(67)).is_empty(), "it was away for a second");
        absence.has_read(company(1), began, at(69), at(69), false);
        assert_eq!(absence.ends(here(), None, at(71)), HashSet::from([company(1)]), "there was more to read");
    }
}
