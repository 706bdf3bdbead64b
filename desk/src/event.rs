//! The facts of this crate: one closed list, told in the transaction that made them true.

use std::sync::Arc;

use infra::Id;
use infra::database::StoreError;
use serde::{Deserialize, Serialize};
use tenant::TenantTx;
use uuid::Uuid;

use crate::contact::{self, Contact, ContactId};
use crate::conversation::{self, Conversation, ConversationId};
use crate::message::{self, Message, Span};
use crate::sight::{self, Audience};

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A conversation began, or began again after it was resolved.
    ConversationCreated {
        /// As it is now.
        conversation: Arc<Conversation>,
    },
    /// A resolved conversation was opened again: its next episode begins.
    ConversationReopened {
        /// As it is now.
        conversation: Arc<Conversation>,
    },
    /// Assigned to somebody, or to nobody.
    ConversationAssigned {
        /// As it is now.
        conversation: Arc<Conversation>,
    },
    /// Opened, put aside, snoozed or resolved.
    ConversationStatusChanged {
        /// As it is now.
        conversation: Arc<Conversation>,
    },
    /// Anything else about it changed.
    ConversationUpdated {
        /// As it is now.
        conversation: Arc<Conversation>,
    },
    /// A message, a note or an activity line was written.
    MessageCreated {
        /// The message.
        message: Arc<Message>,
        /// Its conversation afterwards.
        conversation: Arc<Conversation>,
    },
    /// Somebody has read up to a point.
    ConversationRead {
        /// Which.
        conversation_id: ConversationId,
        /// Whose.
        contact_id: ContactId,
        /// Where it is.
        audience: Audience,
        /// Who read.
        by: Reader,
        /// Up to where, in the numbering of all messages (agents only).
        seq: i64,
        /// Up to where, in the visitor's numbering.
        public_seq: i64,
    },
    /// The visitor's browser has received up to a point.
    ConversationDelivered {
        /// Which.
        conversation_id: ConversationId,
        /// Whose.
        contact_id: ContactId,
        /// Where it is.
        audience: Audience,
        /// Up to where, in the visitor's numbering.
        public_seq: i64,
    },
    /// The visitor has rated.
    SurveyAnswered {
        /// As it is now.
        conversation: Arc<Conversation>,
    },
    /// A contact's own data changed.
    ContactUpdated {
        /// As they are now.
        contact: Arc<Contact>,
        /// Where their conversations are.
        audiences: Vec<Audience>,
    },
}

/// Which side of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// The visitor.
    Contact,
    /// The company.
    Agent,
}

impl Event {
    /// The public name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ConversationCreated { .. } => "conversation.created",
            Self::ConversationReopened { .. } => "conversation.reopened",
            Self::ConversationAssigned { .. } => "conversation.assigned",
            Self::ConversationStatusChanged { .. } => "conversation.status_changed",
            Self::ConversationUpdated { .. } => "conversation.updated",
            Self::MessageCreated { .. } => "message.created",
            Self::ConversationRead { .. } => "conversation.read",
            Self::ConversationDelivered { .. } => "conversation.delivered",
            Self::SurveyAnswered { .. } => "survey.answered",
            Self::ContactUpdated { .. } => "contact.updated",
        }
    }

    /// Where it can be read by whoever publishes it late; none for marks that the next mark repairs.
    fn place(&self) -> Option<Place> {
        match self {
            Self::ConversationRead { .. } | Self::ConversationDelivered { .. } => None,
            Self::MessageCreated { message, .. } => {
                Some(Place::Messages { messages: vec![(message.conversation_id.uuid(), message.seq)] })
            }
            Self::ConversationCreated { conversation }
            | Self::ConversationReopened { conversation }
            | Self::ConversationAssigned { conversation }
            | Self::ConversationStatusChanged { conversation }
            | Self::ConversationUpdated { conversation }
            | Self::SurveyAnswered { conversation } => {
                Some(Place::Conversation { conversation: conversation.id.uuid() })
            }
            Self::ContactUpdated { contact, .. } => Some(Place::Contact { contact: contact.id.uuid() }),
        }
    }

    /// Tells it, once the transaction is durable.
    pub(crate) fn tell(self, tx: &mut TenantTx) -> Result<(), StoreError> {
        let (name, place) = (self.name(), self.place());
        let body = Arc::new(Told(vec![self]));
        match place {
            Some(place) => tx.emit(name, &place, body),
            None => {
                tx.hint(body);
                Ok(())
            }
        }
    }
}

/// What a [`tenant::Fact`] of this crate carries.
#[derive(Debug)]
pub struct Told(pub Vec<Event>);

/// What an outbox row of this crate holds: ids and places, no word of what anybody wrote.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Place {
    Messages { messages: Vec<(Uuid, i64)> },
    Conversation { conversation: Uuid },
    Contact { contact: Uuid },
}

/// Reads what an outbox row tells of, as it stands now: a late fact must not turn a clock back. What is gone meanwhile is no news.
pub async fn restore(tx: &TenantTx, name: &str, place: serde_json::Value) -> Result<Vec<Event>, StoreError> {
    let Ok(place) = serde_json::from_value::<Place>(place) else {
        tracing::error!(event = name, "an outbox row cannot be read");
        return Ok(Vec::new());
    };
    let find = async |id: Uuid| Ok::<_, StoreError>(conversation::find(tx, Id::from_uuid(id)).await?.map(Arc::new));
    Ok(match place {
        Place::Contact { contact } => {
            let contact = contact::find(tx, Id::from_uuid(contact)).await?.map(Arc::new);
            let Some(contact) = contact else { return Ok(Vec::new()) };
            vec![Event::ContactUpdated { audiences: sight::audiences(tx, contact.id).await?, contact }]
        }
        Place::Conversation { conversation } => {
            let conversation = find(conversation).await?;
            conversation.map(|conversation| Event::of_conversation(name, conversation)).into_iter().collect()
        }
        Place::Messages { messages } => {
            let mut events = Vec::with_capacity(messages.len());
            for (id, seq) in messages {
                let span = Span { after: Some(seq - 1), before: Some(seq + 1), limit: 1 };
                let Some(conversation) = find(id).await? else { continue };
                let (messages, _) = message::list(tx, conversation.id, span).await?;
                events.extend(messages.into_iter().map(|message| Event::MessageCreated {
                    message: Arc::new(message),
                    conversation: Arc::clone(&conversation),
                }));
            }
            events
        }
    })
}

impl Event {
    /// By its public name; one that is not about a state of its own says that something has changed.
    fn of_conversation(name: &str, conversation: Arc<Conversation>) -> Self {
        match name {
            "conversation.created" => Self::ConversationCreated { conversation },
            "conversation.reopened" => Self::ConversationReopened { conversation },
            "conversation.assigned" => Self::ConversationAssigned { conversation },
            "conversation.status_changed" => Self::ConversationStatusChanged { conversation },
            "survey.answered" => Self::SurveyAnswered { conversation },
            _ => Self::ConversationUpdated { conversation },
        }
    }
}
