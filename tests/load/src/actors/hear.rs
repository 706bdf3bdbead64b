//! What a client makes of what it hears.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::line::Saying;
use super::{Client, Sent, Shows, State, composed_at};
use crate::frame::{self, Ack, Heard, Message, Refusal};
use crate::ids;
use crate::oplog::What;

/// Codes of refusals that pass: the same send may be taken a moment later.
const PASSING: [&str; 5] = ["temporarily_unavailable", "rate_limited", "company_busy", "overloaded", "internal"];

impl Client {
    pub(super) fn hear(self: &Arc<Self>, received: &[u8], saying: &mut Saying) {
        self.guard.look(received);
        let Ok(text) = std::str::from_utf8(received) else {
            self.play.tally.nonsense.up();
            return;
        };
        match frame::read(text) {
            Heard::Ack(ack) => self.hear_ack(&ack, saying),
            Heard::Message(created) => {
                if let Some(conversation) = ids::decode(created.conversation_id) {
                    self.hear_message(conversation, &created.message, saying);
                }
            }
            Heard::Resumed(resumed) => {
                let Some(conversation) = ids::decode(resumed.conversation_id) else { return };
                {
                    let mut state = self.state();
                    state.asked.remove(&conversation);
                    state.screens.entry(conversation).or_default();
                }
                for message in &resumed.messages {
                    self.take(conversation, message.seq, message.uuid());
                    self.settle(message, conversation);
                }
            }
            Heard::Reset(conversation) => {
                self.play.tally.resets.up();
                if let Some(conversation) = ids::decode(conversation) {
                    let mut state = self.state();
                    state.asked.remove(&conversation);
                    state.screens.entry(conversation).or_default().clear();
                    drop(state);
                    self.load_anew(conversation);
                }
            }
            Heard::Welcome => self.is_welcome(saying),
            Heard::Error(refusal) => {
                // Whoever is not let in comes again when they are told to.
                if !self.is_here() {
                    saying.again_after = refusal.retry_after_ms.map(Duration::from_millis);
                }
                self.hear_refusal(refusal);
            }
            Heard::Reconnect(after_ms) => saying.again_after = Some(Duration::from_millis(after_ms)),
            Heard::Queue(frame) => self.hear_queue(frame),
            Heard::Conversation(frame) => self.hear_conversation(frame),
            Heard::Other => {}
            Heard::Nonsense => self.play.tally.nonsense.up(),
        }
    }

    fn is_welcome(self: &Arc<Self>, saying: &mut Saying) {
        self.here.store(true, Ordering::Relaxed);
        self.play.tally.opened.up();
        if let Some(lost_at) = self.state().lost_at.take() {
            self.play.tally.back_times.note(self.play.log.now().saturating_sub(lost_at));
        }
        self.send_again(saying);
        self.keep_pressing(saying);
        if self.is_agent && self.manner.shows == Shows::All {
            self.look_around();
        }
    }

    fn hear_ack(&self, ack: &Ack<'_>, saying: &mut Saying) {
        let Some(conversation) = ids::decode(ack.conversation_id) else { return };
        self.take(conversation, ack.message.seq, ack.message.uuid());
        if !self.is_agent {
            self.state().chat = Some(conversation);
        }
        if self.finish(ack.client_message_id, conversation, ack.message.seq) {
            self.keep_pressing(saying);
        }
    }

    /// A message of one's own that comes back by another way is acknowledged as well as by its ack.
    fn settle(&self, message: &Message<'_>, conversation: Uuid) {
        if let Some(id) = message.client_message_id {
            self.finish(id, conversation, message.seq);
        }
    }

    /// The outcome of a send is known. False when it was before.
    fn finish(&self, id: Uuid, conversation: Uuid, seq: i64) -> bool {
        let Some(pending) = self.state().pending.remove(&id) else { return false };
        self.acknowledged(pending.first_sent);
        self.note(What::Ok, id, Some(conversation), seq.unsigned_abs());
        if let Some(done) = pending.done {
            // Whoever asked may not wait any more.
            let _told = done.send(Sent::At(seq));
        }
        true
    }

    /// It is to come again, and may have been told when.
    pub(super) fn is_put_off(&self, told_when: bool) {
        self.play.tally.later.up();
        if !told_when {
            self.play.tally.untold.up();
        }
    }

    fn hear_refusal(&self, refusal: Refusal) {
        let passes = PASSING.contains(&refusal.code.as_str());
        let Some(id) = refusal.client_message_id else {
            if passes || (!self.is_here() && refusal.retry_after_ms.is_some()) {
                self.is_put_off(refusal.retry_after_ms.is_some());
            } else {
                self.play.tally.refused.up();
            }
            return;
        };
        let mut state = self.state();
        if passes {
            self.is_put_off(refusal.retry_after_ms.is_some());
            self.play.tally.later_sends.up();
            let State { pending, budget, .. } = &mut *state;
            if let Some(pending) = pending.get_mut(&id) {
                pending.on_the_wire = false;
                let asked = Duration::from_millis(refusal.retry_after_ms.unwrap_or(1000));
                pending.deadline = self.later(pending, budget, Instant::now(), asked);
                let conversation = pending.conversation;
                drop(state);
                self.note(What::Unknown, id, conversation, 0);
            }
            return;
        }
        let Some(pending) = state.pending.remove(&id) else { return };
        drop(state);
        self.play.tally.refused.up();
        self.note(What::Fail, id, pending.conversation, 0);
        if let Some(done) = pending.done {
            let _told = done.send(Sent::Refused(refusal.code));
        }
    }

    fn hear_message(&self, conversation: Uuid, message: &Message<'_>, saying: &mut Saying) {
        if self.manner.shows == Shows::Nothing {
            return;
        }
        let fresh = self.take(conversation, message.seq, message.uuid());
        self.settle(message, conversation);
        let from_other = message.message_type == if self.is_agent { "incoming" } else { "outgoing" };
        if !fresh || !from_other {
            return;
        }
        if let Some(at) = composed_at(&message.text, self.guard.word()) {
            self.play.tally.delivered(at, self.play.log.now());
        }
        let one_in = self.manner.answers_one_in;
        let answers = self.is_agent && one_in > 0 && self.play.chance.once_in(one_in);
        if self.manner.reads && (answers || !self.is_agent) {
            saying.frames.push(frame::read_mark(conversation, message.seq));
        }
        if answers {
            if self.manner.types {
                saying.frames.push(frame::typing(conversation, true));
            }
            self.send(Some(conversation));
        }
    }

    /// Puts a message on the screen. True when it was not there.
    pub(super) fn take(&self, conversation: Uuid, seq: i64, id: Uuid) -> bool {
        let now = Instant::now();
        let mut state = self.state();
        let screen = state.screens.entry(conversation).or_default();
        let taken = screen.take(seq, id, now);
        let gapped = screen.gap_due().is_some();
        if gapped && !state.gapped.contains(&conversation) {
            state.gapped.push(conversation);
        } else if !gapped && !state.gapped.is_empty() {
            state.gapped.retain(|other| *other != conversation);
        }
        taken.unwrap_or_else(|_| {
            self.play.tally.clashes.up();
            false
        })
    }
}
