//! What happens when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::books::Ms;

/// Something that happens. What carries a turn happens only if the conversation is still in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// A visitor writes.
    Arrive,
    /// An agent is done with a conversation.
    Finish { chat: usize, turn: u32 },
    /// A visitor gives up.
    GiveUp { chat: usize },
    /// An agent answers an offer.
    Answer { chat: usize, turn: u32, accepts: bool },
    /// An offer runs out.
    Expire { chat: usize, turn: u32 },
    /// What was passed on to somebody who does not take it comes back.
    ComeBack { chat: usize, turn: u32 },
    /// An agent begins or ends work.
    Shift { agent: usize, begins: bool },
    /// An agent's connection breaks.
    Break { agent: usize },
    /// And is mended.
    Mend { agent: usize },
    /// An agent has been gone for so long that others take what they had.
    Absent { agent: usize, gone: u32 },
    /// An agent is away for a while, or back.
    Pause { agent: usize, away: bool },
    /// The plan asked for it.
    Wake,
    /// The sweep that repairs what a lost wake-up missed.
    Sweep,
}

/// What will happen, in order; what happens at once, in the order it was thought of.
#[derive(Debug, Default)]
pub(super) struct Queue {
    events: BinaryHeap<Reverse<(Ms, u64, Event)>>,
    count: u64,
}

impl Queue {
    pub(super) fn push(&mut self, at: Ms, event: Event) {
        self.count += 1;
        self.events.push(Reverse((at, self.count, event)));
    }

    pub(super) fn pop(&mut self) -> Option<(Ms, Event)> {
        self.events.pop().map(|Reverse((at, _, event))| (at, event))
    }
}
