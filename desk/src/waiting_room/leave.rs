//! Leaving the line without giving up: a visitor leaves a message, or wants to be called or written to instead.

use std::sync::Arc;

use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use infra::{Fault, FieldFault, Kind};
use serde::{Deserialize, Serialize};
use tenant::TenantTx;
use uuid::Uuid;

use crate::contact::{self, Contact, ContactChange, ContactError, ContactId};
use crate::conversation::{self, Conversation, ConversationError};
use crate::emergency::is_phone;
use crate::event::Event;
use crate::inbox::InboxId;
use crate::message::{self, Activity, LONGEST, MessageError};
use crate::queue::{self, Outcome};

/// How a visitor wants to be answered instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LeaveKind)]
pub enum Way {
    /// In this conversation, some time.
    Message,
    /// By telephone.
    Callback,
    /// By e-mail.
    Email,
}

/// How a visitor leaves the line.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QueueLeave)]
pub struct Leaving {
    /// How they want to be answered.
    pub kind: Way,
    /// Their address; needed for `email` where the company knows none.
    #[serde(default)]
    pub email: Option<String>,
    /// Their telephone number; needed for `callback` where the company knows none.
    #[serde(default)]
    pub phone: Option<String>,
    /// What else they have to say, at most 10,000 characters. It becomes a message of theirs.
    #[serde(default)]
    pub text: Option<String>,
    /// The sender's own id for it: a repeat finds the first one.
    #[serde(default)]
    pub client_message_id: Option<Uuid>,
}

/// What can go wrong with leaving the line.
#[derive(Debug, thiserror::Error)]
pub enum LeaveError {
    /// They are not in line.
    #[error("not waiting")]
    NotWaiting,
    /// Fields were refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The contact.
    #[error(transparent)]
    Contact(#[from] ContactError),
    /// The message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The conversation.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for LeaveError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotWaiting => Kind::Conflict,
            Self::Invalid(error) => error.kind(),
            Self::Contact(error) => error.kind(),
            Self::Message(error) => error.kind(),
            Self::Conversation(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::NotWaiting => "not_waiting",
            Self::Invalid(error) => error.code(),
            Self::Contact(error) => error.code(),
            Self::Message(error) => error.code(),
            Self::Conversation(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::Contact(error) => error.fields(),
            Self::Message(error) => error.fields(),
            Self::NotWaiting | Self::Conversation(_) | Self::Store(_) => Vec::new(),
        }
    }
}

impl Leaving {
    fn checked(self, contact: &Contact) -> Result<Self, Invalid> {
        let mut check = Check::new();
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let email = given(self.email).map(|email| check.email("email", &email));
        let phone = given(self.phone).map(|phone| check.line("phone", &phone, 1, 40));
        if phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
            check.refuse("phone", "phone_invalid", "Digits, spaces and + - . ( ) / only.");
        }
        let text = given(self.text).map(|text| check.text("text", &text, 1, LONGEST));
        match self.kind {
            Way::Email if email.is_none() && contact.email.is_none() => {
                check.refuse("email", "email_missing", "An address to write to.");
            }
            Way::Callback if phone.is_none() && contact.phone.is_none() => {
                check.refuse("phone", "phone_missing", "A number to call.");
            }
            Way::Message | Way::Email | Way::Callback => {}
        }
        check.finish()?;
        Ok(Self { kind: self.kind, email, phone, text, client_message_id: self.client_message_id })
    }
}

/// Leaves the line. The entry stays, behind everybody who waits now; what they gave is kept where nothing was known, and
/// colleagues read of it in the thread.
pub async fn leave(
    tx: &mut TenantTx,
    contact: ContactId,
    inbox: InboxId,
    ask: Leaving,
) -> Result<Conversation, LeaveError> {
    // In the order in which a message of theirs takes them: the contact, then the conversation.
    tx.run(sql("select id from contact where id = $1 for no key update", [contact.uuid().into()])).await?;
    let known = contact::find(tx, contact).await?.ok_or(ContactError::Unknown)?;
    let ask = ask.checked(&known)?;
    let latest = conversation::latest_of_contact(tx, contact, inbox).await?.ok_or(LeaveError::NotWaiting)?;
    let mut conversation = conversation::store::lock(tx, latest.id).await?.ok_or(ConversationError::Unknown)?;
    let id = conversation.id;
    if let Some(known_as) = ask.client_message_id
        && message::is_noted(tx, id, known_as).await?
    {
        // It was written then, whatever has become of the wait since. Other words under the same id are refused, as always.
        if let Some(text) = &ask.text {
            message::receive(tx, contact, inbox, text, None, known_as).await?;
        }
        return Ok(conversation);
    }
    let waits = tx
        .run(sql(
            "update queue_entry set patient = true, turned_away = false, updated_at = $2 where conversation_id = $1 and not refused",
            [id.uuid().into(), tx.now().into()],
        ))
        .await?;
    if waits == 0 {
        return Err(LeaveError::NotWaiting);
    }
    if let Some(text) = &ask.text {
        let known_as = ask.client_message_id.unwrap_or_else(|| tx.uuid());
        message::receive(tx, contact, inbox, text, None, known_as).await?;
        conversation = conversation::store::lock(tx, id).await?.ok_or(ConversationError::Unknown)?;
    }
    queue::end_wait(tx, id, Outcome::Patient).await?;
    // What the company knows already is not a stranger's to change.
    let change = ContactChange {
        email: ask.email.clone().filter(|_| known.email.is_none()),
        phone: ask.phone.clone().filter(|_| known.phone.is_none()),
        ..ContactChange::default()
    };
    if !known.verified && (change.email.is_some() || change.phone.is_some()) {
        contact::update(tx, contact, change).await?;
    }
    let (email, phone) = match ask.kind {
        Way::Message => (None, None),
        Way::Callback => (None, ask.phone.or(known.phone)),
        Way::Email => (ask.email.or(known.email), None),
    };
    let left = Activity::LeftWaitingRoom { way: ask.kind, email, phone };
    message::note_activity_as(tx, &mut conversation, left, ask.client_message_id).await?;
    conversation::store::save(tx, &mut conversation).await?;
    Event::ConversationUpdated { conversation: Arc::new(conversation.clone()) }.tell(tx)?;
    Ok(conversation)
}
