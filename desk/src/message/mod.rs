//! Messages: numbered without gaps, written once however often they are sent.

mod activity;
mod bulk;
mod send;
mod store;
mod writer;

use chrono::{DateTime, Utc};
use infra::database::StoreError;
use infra::validate::Invalid;
use infra::{Fault, FieldFault, Id, Kind, ids};
use serde::{Deserialize, Serialize};
use tenant::AgentId;
use tenant::usage::UsedUp;
use uuid::Uuid;

use crate::contact::ContactId;
use crate::conversation::{ConversationError, ConversationId, MessageBrief};
use crate::masking::WordRefused;

pub(crate) use activity::{Activity, note_activities, note_activity, note_activity_as, write_template};
pub use bulk::Post;
pub use send::{Sent, receive, send};
pub(crate) use store::is_noted;
pub use store::{Span, list, list_public};
pub use writer::Writer;

/// Marks ids of messages.
#[derive(Debug)]
pub enum MessageKind {}
impl ids::Prefixed for MessageKind {
    const PREFIX: &'static str = "msg";
}
/// The id of a message.
pub type MessageId = Id<MessageKind>;

/// How long a message may be, in characters.
pub const LONGEST: usize = 10_000;

/// What kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageType {
    /// From the visitor.
    Incoming,
    /// From the company: a reply, or a note when private.
    Outgoing,
    /// What happened: assigned, resolved … For colleagues only.
    Activity,
    /// Something with a form, like the request for a rating.
    Template,
}

impl MessageType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Outgoing => "outgoing",
            Self::Activity => "activity",
            Self::Template => "template",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Incoming, Self::Outgoing, Self::Activity, Self::Template].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Which kind of author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SenderKind {
    /// The visitor.
    Contact,
    /// An agent.
    Agent,
    /// The system.
    System,
}

impl SenderKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Agent => "agent",
            Self::System => "system",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Contact, Self::Agent, Self::System].into_iter().find(|kind| kind.as_str() == text)
    }

    /// The public id of a sender of this kind.
    pub(crate) fn id(self, uuid: Uuid) -> String {
        match self {
            Self::Contact => ContactId::from_uuid(uuid).to_string(),
            Self::Agent | Self::System => AgentId::from_uuid(uuid).to_string(),
        }
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Sender {
    /// Which kind of author.
    pub kind: SenderKind,
    /// Whose id: `cont_…` or `agent_…`.
    pub id: Option<String>,
    /// The name at the time.
    pub name: Option<String>,
}

/// A message, as agents see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its conversation.
    pub conversation_id: ConversationId,
    /// Its place: 1, 2, 3 … without gaps.
    pub seq: i64,
    /// Its place among what the visitor sees; null when the visitor does not.
    pub public_seq: Option<i64>,
    /// The episode it belongs to.
    pub episode: i32,
    /// What kind of message.
    pub message_type: MessageType,
    /// Whether it is a note among colleagues.
    pub private: bool,
    /// Who wrote it.
    pub sender: Sender,
    /// The text, as written, but for what the company has masked. Text only: render it as text.
    pub text: String,
    /// The parts of an activity line or template, by `kind`.
    #[schema(value_type = Option<Object>)]
    pub content: Option<serde_json::Value>,
    /// The sender's own id for it.
    pub client_message_id: Option<Uuid>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// The author of a message, as the visitor sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WidgetSender {
    /// Which kind of author.
    pub kind: SenderKind,
    /// The name to show.
    pub name: Option<String>,
}

/// A message, as the visitor sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WidgetMessage {
    /// Its id.
    pub id: MessageId,
    /// Its conversation.
    pub conversation_id: ConversationId,
    /// Its place among what the visitor sees: 1, 2, 3 … without gaps.
    pub seq: i64,
    /// The episode it belongs to.
    pub episode: i32,
    /// What kind of message.
    pub message_type: MessageType,
    /// Who wrote it.
    pub sender: WidgetSender,
    /// The text, as written, but for what the company has masked. Text only: render it as text.
    pub text: String,
    /// The parts of a template, by `kind`.
    #[schema(value_type = Option<Object>)]
    pub content: Option<serde_json::Value>,
    /// The sender's own id for it.
    pub client_message_id: Option<Uuid>,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl Message {
    /// The message, in short.
    pub(crate) fn brief(&self) -> MessageBrief {
        MessageBrief {
            seq: self.seq,
            text: self.text.chars().take(200).collect(),
            message_type: self.message_type,
            private: self.private,
            sender: self.sender.clone(),
            created_at: self.created_at,
        }
    }

    /// What the visitor may see of it: nothing, when it has no place in their numbering.
    pub fn for_visitor(&self) -> Option<WidgetMessage> {
        let seq = self.public_seq.filter(|_| !self.private)?;
        Some(WidgetMessage {
            id: self.id,
            conversation_id: self.conversation_id,
            seq,
            episode: self.episode,
            message_type: self.message_type,
            sender: WidgetSender { kind: self.sender.kind, name: self.sender.name.clone() },
            text: self.text.clone(),
            content: self.content.clone(),
            client_message_id: self.client_message_id,
            created_at: self.created_at,
        })
    }
}

/// What can go wrong with a message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Fields were refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A word that the company does not take.
    #[error(transparent)]
    Word(#[from] WordRefused),
    /// The sender used this id for another text.
    #[error("this client_message_id was used for another message")]
    IdReused,
    /// The visitor turned out to be somebody else meanwhile: they come in anew and send it once more.
    #[error("this visitor is known by another name now")]
    SenderGone,
    /// The conversation.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The month's conversations are used up.
    #[error(transparent)]
    UsedUp(#[from] UsedUp),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for MessageError {
    fn kind(&self) -> Kind {
        match self {
            Self::Invalid(error) => error.kind(),
            Self::Word(error) => error.kind(),
            Self::IdReused => Kind::Conflict,
            Self::SenderGone => Kind::Unauthenticated,
            Self::Conversation(error) => error.kind(),
            Self::UsedUp(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(error) => error.code(),
            Self::Word(error) => error.code(),
            Self::IdReused => "client_message_id_reused",
            Self::SenderGone => "token_invalid",
            Self::Conversation(error) => error.code(),
            Self::UsedUp(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::Word(error) => error.fields(),
            Self::IdReused | Self::SenderGone | Self::Conversation(_) | Self::UsedUp(_) | Self::Store(_) => Vec::new(),
        }
    }
}

/// Who is writing.
#[derive(Debug, Clone)]
pub enum Author {
    /// The visitor.
    Contact {
        /// Who.
        id: ContactId,
    },
    /// An agent.
    Agent {
        /// Who.
        id: AgentId,
        /// The name to sign with.
        name: String,
    },
}

impl Author {
    const fn parts(&self) -> (SenderKind, Uuid) {
        match self {
            Self::Contact { id } => (SenderKind::Contact, id.uuid()),
            Self::Agent { id, .. } => (SenderKind::Agent, id.uuid()),
        }
    }
}
