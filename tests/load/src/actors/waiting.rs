//! What clients hear of the line, for those who are to remember it: visitors where they stand, agents who is given what.

use uuid::Uuid;

use super::{Client, Remembers};
use crate::frame::{self, Place};
use crate::ids;

/// What a visitor was told of their place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    /// When, in microseconds since the run began.
    pub at: u64,
    /// Where they stand; nothing once they have left the line.
    pub place: Option<Place>,
}

/// An agent's console heard that an open conversation is somebody's: their own or a colleague's, and the same one as often as it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// When, in microseconds since the run began.
    pub at: u64,
    /// Which one.
    pub conversation: Uuid,
    /// Whose.
    pub agent: Uuid,
}

impl Client {
    pub(super) fn hear_queue(&self, text: &str) {
        // Agents hear of the line as a whole, by a frame of the same type.
        if self.is_agent || self.manner.remembers == Remembers::Nothing {
            return;
        }
        let at = self.play.log.now();
        match frame::queue(text) {
            Some(told) => self.state().places.push(Told { at, place: told.queue }),
            None => self.play.tally.nonsense.up(),
        }
    }

    pub(super) fn hear_conversation(&self, text: &str) {
        if !self.is_agent || self.manner.remembers == Remembers::Nothing {
            return;
        }
        let at = self.play.log.now();
        let Some(held) = frame::held(text) else {
            self.play.tally.nonsense.up();
            return;
        };
        let agent = held.assignee_id.and_then(ids::decode).filter(|_| held.status == "open");
        if let (Some(conversation), Some(agent)) = (ids::decode(held.id), agent) {
            self.state().given.push(Given { at, conversation, agent });
        }
    }

    /// Everything a visitor was told of their place, if they remember the line.
    pub fn places(&self) -> Vec<Told> {
        self.state().places.clone()
    }

    /// Where a visitor stands, as they were told last.
    pub fn place(&self) -> Option<Place> {
        self.state().places.last()?.place
    }

    /// Everything an agent heard to be given to somebody, if they remember the line.
    pub fn given(&self) -> Vec<Given> {
        self.state().given.clone()
    }
}
