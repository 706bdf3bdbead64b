//! Which conversations have changed hands of late, so that nobody goes by whose they were.

use std::collections::HashMap;
use std::time::Duration;

use desk::conversation::ConversationId;
use serde::Deserialize;
use tokio::time::Instant;

use super::eyes::Eyes;
use super::topic::Topic;

/// For how long it is remembered: as long as anybody may remember whose a conversation was.
pub(super) const FOR: Duration = Duration::from_secs(20);
/// How many are remembered.
const MOST: usize = 10_000;

/// What has changed hands.
#[derive(Debug, Default)]
pub(super) struct Moves {
    at: HashMap<ConversationId, Instant>,
    /// When there were too many to remember each: all that was known before counts as changed.
    all: Option<Instant>,
}

#[derive(Deserialize)]
struct Moved {
    conversation_id: ConversationId,
}

impl Moves {
    /// Looks at a frame that goes out here: at each change of hands there is one for those who see the conversation no more.
    pub(super) fn look(&mut self, topic: Topic, frame: &[u8]) {
        if let Topic::AgentsWith(_, Eyes::Losing { .. }) = topic
            && let Ok(Moved { conversation_id }) = serde_json::from_slice(frame)
        {
            self.note(conversation_id, Instant::now());
        }
    }

    fn note(&mut self, id: ConversationId, now: Instant) {
        if self.at.len() >= MOST {
            self.at.retain(|_, at| now.saturating_duration_since(*at) < FOR);
        }
        if self.at.len() >= MOST {
            self.at.clear();
            self.all = Some(now);
        }
        self.at.insert(id, now);
    }

    /// Whether a conversation may have changed hands since then.
    pub(super) fn since(&self, id: ConversationId, then: Instant) -> bool {
        self.all.into_iter().chain(self.at.get(&id).copied()).any(|at| at >= then)
    }
}

#[cfg(test)]
mod tests {
    use desk::Audience;
    use infra::Id;
    use uuid::Uuid;

    use super::super::frame::ServerFrame;
    use super::*;

    fn conversation(number: usize) -> ConversationId {
        Id::from_uuid(Uuid::from_u128(u128::try_from(number).unwrap()))
    }

    #[test]
    fn a_change_of_hands_is_seen_in_what_is_told_to_those_who_lose_it() {
        let (began, company) = (Instant::now(), Id::from_uuid(Uuid::from_u128(1)));
        let frame = ServerFrame::ConversationHidden { conversation_id: conversation(1) }.encode();
        let mut moves = Moves::default();
        moves.look(Topic::Agents(company), frame.as_bytes());
        assert!(!moves.since(conversation(1), began));
        let to = Audience { team: Some(Id::from_uuid(Uuid::from_u128(2))), assignee: None };
        let eyes = Eyes::Losing { from: Audience::default(), to };
        moves.look(Topic::AgentsWith(company, eyes), frame.as_bytes());
        assert!(moves.since(conversation(1), began) && !moves.since(conversation(2), began));
        assert!(!moves.since(conversation(1), Instant::now() + Duration::from_secs(1)), "asked after it");
    }

    #[test]
    fn where_too_much_changes_at_once_nothing_known_before_counts() {
        let began = Instant::now();
        let later = began + Duration::from_secs(1);
        let mut moves = Moves::default();
        for number in 0..=MOST {
            moves.note(conversation(number), later);
        }
        assert_eq!(moves.at.len(), 1);
        assert!(moves.since(conversation(MOST + 1), began));
        assert!(!moves.since(conversation(MOST + 1), later + Duration::from_secs(1)));
        // What is long over makes room.
        for number in 0..MOST {
            moves.note(conversation(number), later + FOR);
        }
        assert!(!moves.since(conversation(MOST + 1), later + Duration::from_secs(1)));
    }
}
