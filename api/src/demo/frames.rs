//! The server's frames as an outsider reads them: only what the demo needs, and no offence at what it does not know.

use serde::Deserialize;

/// Who wrote.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Sender {
    pub(super) kind: String,
    pub(super) name: Option<String>,
}

/// A message.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Bubble {
    pub(super) seq: i64,
    pub(super) message_type: String,
    #[serde(default)]
    pub(super) private: bool,
    pub(super) sender: Sender,
    pub(super) text: String,
}

impl Bubble {
    /// Whether a visitor wrote it.
    pub(super) fn is_incoming(&self) -> bool {
        self.message_type == "incoming"
    }

    /// Whether it answers the visitor.
    pub(super) fn is_reply(&self) -> bool {
        self.message_type == "outgoing" && !self.private && self.sender.kind == "agent"
    }
}

/// The other side of a conversation.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Contact {
    pub(super) name: Option<String>,
}

/// A rating asked for.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Survey {
    pub(super) episode: i32,
    pub(super) rating: Option<i16>,
}

/// A conversation: what agents and visitors see of it has these in common, or leaves them out.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Thread {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) episode: i32,
    pub(super) last_seq: i64,
    #[serde(default)]
    pub(super) assignee_id: Option<String>,
    #[serde(default)]
    pub(super) contact: Option<Contact>,
    #[serde(default)]
    pub(super) survey: Option<Survey>,
    #[serde(default)]
    pub(super) waiting_since: Option<infra::Timestamp>,
    #[serde(default)]
    pub(super) last_activity_at: Option<infra::Timestamp>,
}

impl Thread {
    /// Whether a rating of the present episode is wanted.
    pub(super) fn asks_for_rating(&self) -> bool {
        self.survey.as_ref().is_some_and(|survey| survey.episode == self.episode && survey.rating.is_none())
    }

    /// The visitor's name, as far as known.
    pub(super) fn visitor(&self) -> &str {
        self.contact.as_ref().and_then(|contact| contact.name.as_deref()).unwrap_or("a visitor")
    }
}

/// A frame from the server.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
pub(super) enum Frame {
    #[serde(rename = "welcome")]
    Welcome {},
    #[serde(rename = "ack")]
    Ack { client_message_id: uuid::Uuid, conversation_id: String, message: Bubble },
    #[serde(rename = "message.created")]
    Message { conversation_id: String, message: Bubble },
    #[serde(rename = "resumed")]
    Resumed { conversation_id: String, messages: Vec<Bubble>, conversation: Thread },
    #[serde(rename = "reset")]
    Reset { conversation_id: String },
    #[serde(rename = "conversation.created", alias = "conversation.updated")]
    Thread { conversation: Thread },
    #[serde(rename = "typing")]
    Typing { by: Sender, on: bool },
    #[serde(rename = "error")]
    Error {
        code: String,
        #[serde(default)]
        client_message_id: Option<uuid::Uuid>,
        #[serde(default)]
        retry_after_ms: Option<u64>,
    },
    #[serde(rename = "reconnect")]
    Reconnect { after_ms: u64 },
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_tomorrow_do_no_harm() {
        let frame: Frame = serde_json::from_str(r#"{"type":"fireworks","colour":"blue"}"#).unwrap();
        assert!(matches!(frame, Frame::Other));
        let frame: Frame =
            serde_json::from_str(r#"{"type":"welcome","protocol":1,"audience":"agent","mood":"good"}"#).unwrap();
        assert!(matches!(frame, Frame::Welcome {}));
    }
}
