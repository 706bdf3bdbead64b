//! The frames of the protocol, version 1. Clients' frames are bounded and refuse unknown fields; a bad one gets a typed error.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use desk::conversation::{Conversation, ConversationId, Summary, WidgetConversation};
use desk::message::{Message, SenderKind, WidgetMessage};
use desk::start::Start;
use desk::{Contact, EmergencyNotice};
use serde::{Deserialize, Serialize};
use tenant::AgentId;
use uuid::Uuid;

use crate::presence::EffectiveAvailability;

/// What a client may say.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// First of all, within 10 s: who is speaking, and what they have seen.
    Hello {
        /// The protocol's version: 1.
        protocol: u32,
        /// An access token.
        token: String,
        /// The newest place seen of each conversation that is open on the screen.
        #[serde(default)]
        resume: BTreeMap<String, i64>,
    },
    /// Write a message.
    Send {
        /// Given back in the answer.
        #[serde(default, rename = "ref")]
        reference: Option<String>,
        /// The sender's own id for it: a repeat finds the first one.
        client_message_id: Uuid,
        /// Where; visitors leave it out.
        #[serde(default)]
        conversation_id: Option<ConversationId>,
        /// What.
        text: String,
        /// A note among colleagues.
        #[serde(default)]
        private: bool,
        /// What is known, if an episode begins with it (visitors).
        #[serde(default)]
        start: Option<Box<Start>>,
    },
    /// Seen on the screen up to here.
    Read {
        /// Where.
        conversation_id: ConversationId,
        /// Up to where.
        seq: i64,
    },
    /// Received up to here (visitors).
    Delivered {
        /// Where.
        conversation_id: ConversationId,
        /// Up to where.
        seq: i64,
    },
    /// Began or ended typing; ends by itself after 6 s.
    Typing {
        /// Where.
        conversation_id: ConversationId,
        /// Began or ended.
        on: bool,
    },
    /// A gap was seen: bring what is missing.
    Resume {
        /// The newest place seen of each conversation.
        conversations: BTreeMap<String, i64>,
    },
    /// A fresh access token, before the old one ends.
    Renew {
        /// The token.
        token: String,
    },
    /// Still here.
    Ping {},
}

/// Who types.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Who {
    /// Visitor or agent.
    pub kind: SenderKind,
    /// Their name.
    pub name: Option<String>,
}

/// A message that was written, as its sender sees it.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Acked<'a> {
    /// As agents see it.
    Agent(&'a Message),
    /// As its visitor sees it.
    Visitor(Option<WidgetMessage>),
}

/// How an offer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfferOutcome {
    /// The agent has it.
    Accepted,
    /// The agent did not want it.
    Declined,
    /// Its time was over.
    Expired,
    /// It was taken back.
    Withdrawn,
}

/// What the server says.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(tag = "type")]
pub enum ServerFrame<'a> {
    /// The hello was good.
    #[serde(rename = "welcome")]
    Welcome {
        /// The protocol's version.
        protocol: u32,
        /// For logs.
        session_id: String,
        /// `agent` or `visitor`.
        audience: &'static str,
        /// How often to ping.
        heartbeat_seconds: u64,
        /// The server's clock.
        server_time: DateTime<Utc>,
    },
    /// A message was written, durably.
    #[serde(rename = "ack")]
    Ack {
        /// From the send.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// From the send.
        client_message_id: Uuid,
        /// Where it went.
        conversation_id: ConversationId,
        /// As it stands now: a [`Message`] or a [`WidgetMessage`].
        #[schema(value_type = Object)]
        message: Acked<'a>,
    },
    /// What was missed, in order.
    #[serde(rename = "resumed")]
    Resumed {
        /// Where.
        conversation_id: ConversationId,
        /// The messages after the place given.
        #[schema(value_type = Vec<Object>)]
        messages: serde_json::Value,
        /// The newest place.
        last_seq: i64,
        /// The conversation as it is now.
        #[schema(value_type = Object)]
        conversation: serde_json::Value,
    },
    /// Too much was missed, or it is not yours: load it anew.
    #[serde(rename = "reset")]
    Reset {
        /// As the client wrote it.
        conversation_id: String,
    },
    /// A message, for agents.
    #[serde(rename = "message.created")]
    Message {
        /// Where.
        conversation_id: ConversationId,
        /// The message.
        message: &'a Message,
    },
    /// A message, for its visitor.
    #[serde(rename = "message.created")]
    WidgetMessage {
        /// Where.
        conversation_id: ConversationId,
        /// The message.
        message: WidgetMessage,
    },
    /// A new conversation, for agents.
    #[serde(rename = "conversation.created")]
    ConversationCreated {
        /// As it is.
        conversation: &'a Conversation,
    },
    /// A changed conversation, for agents.
    #[serde(rename = "conversation.updated")]
    ConversationUpdated {
        /// As it is.
        conversation: &'a Conversation,
    },
    /// A conversation has gone where this agent does not see it; for agents who do not see all. Forget it.
    #[serde(rename = "conversation.hidden")]
    ConversationHidden {
        /// Which.
        conversation_id: ConversationId,
    },
    /// A changed conversation, for its visitor.
    #[serde(rename = "conversation.updated")]
    WidgetConversation {
        /// As it is.
        conversation: WidgetConversation,
    },
    /// Somebody has read.
    #[serde(rename = "conversation.read")]
    Read {
        /// Where.
        conversation_id: ConversationId,
        /// `contact` or `agent`.
        by: desk::event::Reader,
        /// Up to where.
        seq: i64,
    },
    /// The visitor's browser has received.
    #[serde(rename = "conversation.delivered")]
    Delivered {
        /// Where.
        conversation_id: ConversationId,
        /// Up to where, in the visitor's numbering.
        seq: i64,
    },
    /// Somebody types.
    #[serde(rename = "typing")]
    Typing {
        /// Where.
        conversation_id: ConversationId,
        /// Who.
        by: Who,
        /// Began or ended.
        on: bool,
    },
    /// An agent came, went, or chose; for agents.
    #[serde(rename = "presence.updated")]
    Presence {
        /// Who.
        agent_id: AgentId,
        /// What they are now.
        availability: EffectiveAvailability,
    },
    /// Whether anybody is online; for visitors.
    #[serde(rename = "presence.updated")]
    Online {
        /// Whether.
        online: bool,
    },
    /// A contact's data changed; for agents.
    #[serde(rename = "contact.updated")]
    Contact {
        /// As they are.
        contact: &'a Contact,
    },
    /// The emergency plan was switched or changed; for agents and visitors.
    #[serde(rename = "emergency.updated")]
    Emergency {
        /// As it is.
        emergency: &'a EmergencyNotice,
    },
    /// A conversation is offered to this agent, by the routing or by a colleague; answered by `accept` or `decline`.
    #[serde(rename = "conversation.offered")]
    Offered {
        /// Which.
        conversation: &'a Conversation,
        /// Until when it can be answered.
        expires_at: DateTime<Utc>,
        /// The colleague who passes it on; absent when the routing asks.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// What is known of it; absent for what has only just come.
        #[serde(skip_serializing_if = "Option::is_none")]
        summary: Option<Box<Summary>>,
    },
    /// An offer is over; for the agent who was asked, and the one who passed it on.
    #[serde(rename = "conversation.offer_ended")]
    OfferEnded {
        /// Of which conversation.
        conversation_id: ConversationId,
        /// How.
        outcome: OfferOutcome,
    },
    /// Where the visitor stands in line, when it has changed; for visitors. Null once they have left the line.
    #[serde(rename = "queue.updated")]
    WidgetQueue {
        /// Which conversation waits.
        conversation_id: ConversationId,
        /// Where it stands.
        #[schema(value_type = Option<crate::waiting_room::Place>)]
        queue: Option<&'a serde_json::Value>,
    },
    /// The line has changed: a queue board reads it again; for agents, once a second at most.
    #[serde(rename = "queue.updated")]
    Queue {
        /// How many wait for somebody now; null for agents who do not see all of them.
        waiting: Option<u32>,
        /// Since when the longest of them.
        longest_since: Option<DateTime<Utc>>,
    },
    /// What the server has to do without for now; for agents. Sent after `welcome` when it is something, and at every change.
    #[serde(rename = "service.updated")]
    Service {
        /// Some of `cache` (who is here is known less exactly) and `bus` (messages may take a few seconds); empty when all is well.
        degraded: Vec<&'static str>,
    },
    /// The fresh token was good.
    #[serde(rename = "renewed")]
    Renewed {},
    /// To a ping.
    #[serde(rename = "pong")]
    Pong {},
    /// A frame was refused; the socket lives on.
    #[serde(rename = "error")]
    Error {
        /// From the send.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// From the send.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_message_id: Option<Uuid>,
        /// Stable code.
        code: String,
        /// English sentence.
        detail: String,
        /// When to try again, if that may help.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    /// This server is going away: connect again after this time.
    #[serde(rename = "reconnect")]
    Reconnect {
        /// Milliseconds, different for each socket.
        after_ms: u64,
    },
}

/// The frame is not one of the protocol's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Not JSON.
    #[error("this frame is not JSON")]
    NotJson,
    /// A type that the protocol does not have.
    #[error("this frame has no known type")]
    UnknownType,
    /// Fields missing, unknown, or of the wrong type.
    #[error("this frame has missing, unknown or wrong fields")]
    BadFields,
    /// Larger than 64 KiB.
    #[error("this frame is larger than 64 KiB")]
    TooLarge,
    /// Not text.
    #[error("frames are text")]
    Binary,
}

impl FrameError {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotJson => "frame_not_json",
            Self::UnknownType => "frame_type_unknown",
            Self::BadFields => "frame_fields_invalid",
            Self::TooLarge => "frame_too_large",
            Self::Binary => "frame_not_text",
        }
    }
}

/// The types of clients' frames.
pub const CLIENT_TYPES: [&str; 8] = ["hello", "send", "read", "delivered", "typing", "resume", "renew", "ping"];
/// How large a frame may be, in bytes.
pub const LARGEST: usize = 64 * 1024;

#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "type")]
    kind: String,
}

impl ClientFrame {
    /// What the sender of a message knows it by: given back in its answer, good or bad.
    pub(super) fn known_by(&self) -> (Option<String>, Option<Uuid>) {
        match self {
            Self::Send { reference, client_message_id, .. } => (reference.clone(), Some(*client_message_id)),
            Self::Hello { .. }
            | Self::Read { .. }
            | Self::Delivered { .. }
            | Self::Typing { .. }
            | Self::Resume { .. }
            | Self::Renew { .. }
            | Self::Ping {} => (None, None),
        }
    }

    /// Reads a frame. The error never repeats what was sent.
    pub fn parse(text: &str) -> Result<Self, FrameError> {
        if text.len() > LARGEST {
            return Err(FrameError::TooLarge);
        }
        // serde would take a list for an object, its entries for the fields in order.
        if text.trim_start().starts_with('[') {
            return Err(FrameError::UnknownType);
        }
        serde_json::from_str(text).map_err(|error| {
            if error.is_syntax() || error.is_eof() {
                return FrameError::NotJson;
            }
            match serde_json::from_str::<Typed>(text) {
                Ok(typed) if CLIENT_TYPES.contains(&typed.kind.as_str()) => FrameError::BadFields,
                _ => FrameError::UnknownType,
            }
        })
    }
}

impl ServerFrame<'_> {
    /// As text, once, for everybody who gets it.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As the client wrote it, but not longer than an id is.
    pub(super) fn reset(conversation_id: &str) -> String {
        ServerFrame::Reset { conversation_id: conversation_id.chars().take(60).collect() }.encode()
    }

    /// The database did not answer in time: repeat, it is harmless. What was to be resumed is to be loaded anew.
    pub fn too_late(asked: &ClientFrame) -> Vec<String> {
        if let ClientFrame::Resume { conversations } = asked {
            return conversations.keys().map(|id| Self::reset(id)).collect();
        }
        let (reference, client_message_id) = asked.known_by();
        let wait = infra::fault::again_in(Duration::from_secs(2));
        let error = ServerFrame::Error {
            reference,
            client_message_id,
            code: "temporarily_unavailable".to_owned(),
            detail: "Try again soon.".to_owned(),
            retry_after_ms: u64::try_from(wait.as_millis()).ok(),
        };
        vec![error.encode()]
    }

    /// A refusal.
    pub fn refusal(code: &str, detail: &str) -> ServerFrame<'static> {
        ServerFrame::Error {
            reference: None,
            client_message_id: None,
            code: code.to_owned(),
            detail: detail.to_owned(),
            retry_after_ms: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_frames_get_typed_errors() {
        for (text, error) in [
            ("", FrameError::NotJson),
            ("{", FrameError::NotJson),
            ("[]", FrameError::UnknownType),
            ("[\"ping\"]", FrameError::UnknownType),
            (" [\"renew\", \"token\"]", FrameError::UnknownType),
            ("{\"type\":\"nonsense\"}", FrameError::UnknownType),
            ("{\"type\":7}", FrameError::UnknownType),
            ("{\"type\":\"ping\",\"extra\":1}", FrameError::BadFields),
            ("{\"type\":\"read\",\"conversation_id\":\"conv_x\",\"seq\":1}", FrameError::BadFields),
            ("{\"type\":\"send\",\"text\":\"x\"}", FrameError::BadFields),
        ] {
            assert_eq!(ClientFrame::parse(text).err(), Some(error), "{text}");
        }
        assert!(matches!(ClientFrame::parse("{\"type\":\"ping\"}"), Ok(ClientFrame::Ping {})));
        assert_eq!(ClientFrame::parse(&"x".repeat(LARGEST + 1)).err(), Some(FrameError::TooLarge));
        assert!(ClientFrame::parse(&format!("{}{}", "[".repeat(5000), "]".repeat(5000))).is_err());
    }
}
