//! Sends without an outcome: whose turn it is to go out, and when what was put off or not answered goes out again.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::line::Saying;
use super::{ANSWER_WITHIN, Client, Pending, State};
use crate::frame;
use crate::oplog::What;
use crate::retry::{self, Budget};

impl Client {
    /// Whether a new send may go out at once: those before it go first.
    pub(super) fn has_turn(&self, state: &State) -> bool {
        self.manner.at_once == 0 || state.pending.len() < self.manner.at_once
    }

    /// Whose turn it is, in the order they were written.
    fn in_turn(&self, state: &State) -> Vec<Uuid> {
        let mut waiting: Vec<(u64, Uuid)> = state.pending.iter().map(|(id, one)| (one.first_sent, *id)).collect();
        waiting.sort_unstable();
        if self.manner.at_once > 0 {
            waiting.truncate(self.manner.at_once);
        }
        waiting.into_iter().map(|(_, id)| id).collect()
    }

    /// When something of one's own is to be looked at.
    pub(super) fn answers_due(&self, state: &State) -> Option<Instant> {
        if self.manner.at_once == 0 {
            return state.pending.values().map(|one| one.deadline).min();
        }
        self.in_turn(state).iter().filter_map(|id| state.pending.get(id)).map(|one| one.deadline).min()
    }

    /// When what was not taken is sent again.
    pub(super) fn later(&self, pending: &mut Pending, budget: &mut Budget, now: Instant, asked: Duration) -> Instant {
        if self.manner.at_once == 0 {
            return now + asked;
        }
        pending.tries = pending.tries.saturating_add(1);
        let draw = u32::try_from(self.play.chance.below(1_000)).unwrap_or(0);
        budget.book(now + retry::wait(pending.tries, asked, draw))
    }

    /// The socket stands again: what was cut off on its way is sent again at once, as our clients do. What was put off waits as it would
    /// have.
    pub(super) fn send_again(&self, saying: &mut Saying) {
        let now = Instant::now();
        if self.manner.at_once == 0 {
            for pending in self.state().pending.values_mut() {
                pending.deadline = now;
            }
        }
        self.send_what_is_due(now, saying);
    }

    /// Gives up waiting for answers that should have come, and sends what has waited long enough.
    pub(super) fn send_what_is_due(&self, now: Instant, saying: &mut Saying) {
        let mut state = self.state();
        let turn = self.in_turn(&state);
        let State { pending, budget, .. } = &mut *state;
        for id in turn {
            let Some(one) = pending.get_mut(&id).filter(|one| one.deadline <= now) else { continue };
            if std::mem::take(&mut one.on_the_wire) {
                self.play.tally.unknown.up();
                self.play.tally.unanswered.up();
                self.note(What::Unknown, id, one.conversation, 0);
                one.deadline = self.later(one, budget, now, Duration::ZERO);
                if one.deadline > now {
                    continue;
                }
            }
            one.on_the_wire = true;
            one.deadline = now + ANSWER_WITHIN;
            saying.frames.push(frame::send(id, one.conversation, &one.text));
        }
    }
}
