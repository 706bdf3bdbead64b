//! The facts of this crate: one closed list, told in the transaction that made them true.

use infra::database::StoreError;
use serde::{Deserialize, Serialize};
use tenant::TenantTx;

use crate::contact::{Contact, ContactId};
use crate::conversation::{Conversation, ConversationId};
use crate::message::Message;

/// Something that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum Event {
    /// A conversation began, or began again after it was resolved.
    #[serde(rename = "conversation.created")]
    ConversationCreated {
        /// As it is now.
        conversation: Box<Conversation>,
    },
    /// A resolved conversation was opened again: its next episode begins.
    #[serde(rename = "conversation.reopened")]
    ConversationReopened {
        /// As it is now.
        conversation: Box<Conversation>,
    },
    /// Assigned to somebody, or to nobody.
    #[serde(rename = "conversation.assigned")]
    ConversationAssigned {
        /// As it is now.
        conversation: Box<Conversation>,
    },
    /// Opened, put aside, snoozed or resolved.
    #[serde(rename = "conversation.status_changed")]
    ConversationStatusChanged {
        /// As it is now.
        conversation: Box<Conversation>,
    },
    /// Anything else about it changed.
    #[serde(rename = "conversation.updated")]
    ConversationUpdated {
        /// As it is now.
        conversation: Box<Conversation>,
    },
    /// A message, a note or an activity line was written.
    #[serde(rename = "message.created")]
    MessageCreated {
        /// The message.
        message: Box<Message>,
        /// Its conversation afterwards.
        conversation: Box<Conversation>,
    },
    /// Somebody has read up to a point.
    #[serde(rename = "conversation.read")]
    ConversationRead {
        /// Which.
        conversation_id: ConversationId,
        /// Whose.
        contact_id: ContactId,
        /// Who read.
        by: Reader,
        /// Up to where, in the numbering of all messages (agents only).
        seq: i64,
        /// Up to where, in the visitor's numbering.
        public_seq: i64,
    },
    /// The visitor's browser has received up to a point.
    #[serde(rename = "conversation.delivered")]
    ConversationDelivered {
        /// Which.
        conversation_id: ConversationId,
        /// Whose.
        contact_id: ContactId,
        /// Up to where, in the visitor's numbering.
        public_seq: i64,
    },
    /// The visitor has rated.
    #[serde(rename = "survey.answered")]
    SurveyAnswered {
        /// As it is now.
        conversation: Box<Conversation>,
    },
    /// A contact's own data changed.
    #[serde(rename = "contact.updated")]
    ContactUpdated {
        /// As they are now.
        contact: Box<Contact>,
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

    /// Tells it, once the transaction is durable. Marks that the next mark repairs are not kept in the outbox.
    pub(crate) fn tell(&self, tx: &mut TenantTx) -> Result<(), StoreError> {
        match self {
            Self::ConversationRead { .. } | Self::ConversationDelivered { .. } => tx.hint(self.name(), self),
            Self::ConversationCreated { .. }
            | Self::ConversationReopened { .. }
            | Self::ConversationAssigned { .. }
            | Self::ConversationStatusChanged { .. }
            | Self::ConversationUpdated { .. }
            | Self::MessageCreated { .. }
            | Self::SurveyAnswered { .. }
            | Self::ContactUpdated { .. } => tx.emit(self.name(), self),
        }
    }
}
