//! Writing one message with everything it may call for: a new conversation, the next episode, a repeat that finds the first one.
//!
//! [`super::Writer`] comes here with whatever cannot be written in bulk.

use std::sync::Arc;

use infra::database::{Rows as _, sql};
use infra::validate::{Check, Invalid};
use tenant::TenantTx;
use tenant::usage::{self, Meter};
use uuid::Uuid;

use super::store::{Draft, append, find_sent};
use super::{Activity, Author, LONGEST, Message, MessageError, MessageType, Sender, note_activity};
use crate::contact::ContactId;
use crate::conversation::{self, Conversation, ConversationError, ConversationId, Status};
use crate::event::{Event, Reader};
use crate::inbox::InboxId;
use crate::masking::{self, Masks};
use crate::queue::{self, Entrance, Reason, Stood};
use crate::start::{self, Start};

/// What came of a send.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The message, with its place.
    pub message: Arc<Message>,
    /// Its conversation.
    pub conversation: Arc<Conversation>,
    /// Whether it was already there.
    pub replayed: bool,
}

/// Checks a text a person wrote. Leading and trailing white space does not count.
pub(super) fn checked(text: &str) -> Result<String, Invalid> {
    let mut check = Check::new();
    let text = check.text("text", text, 1, LONGEST);
    check.finish()?;
    Ok(text)
}

/// An agent writes into a conversation: a reply, or a private note. A repeat finds the first one.
pub async fn send(
    tx: &mut TenantTx,
    id: ConversationId,
    author: Author,
    text: &str,
    private: bool,
    client_message_id: Uuid,
) -> Result<Sent, MessageError> {
    let masks = if private { None } else { masking::current(tx, None).await? };
    send_with(tx, masks.as_deref(), id, author, text, private, client_message_id).await
}

/// [`send`], with what is done to the text. In a repeat of what was written before a word was refused, the word is no offence.
pub(super) async fn send_with(
    tx: &mut TenantTx,
    masks: Option<&Masks>,
    id: ConversationId,
    author: Author,
    text: &str,
    private: bool,
    client_message_id: Uuid,
) -> Result<Sent, MessageError> {
    let text = checked(text)?;
    let conversation = conversation::store::lock(tx, id).await?.ok_or(ConversationError::Unknown)?;
    if let Some(message) = find_sent(tx, id, &author, client_message_id).await? {
        return replay(message, conversation, &text, private);
    }
    let text = masking::masked(masks, &text)?;
    write_as(tx, conversation, author, text, private, client_message_id).await
}

/// A visitor writes: into their conversation in this inbox, opening, waking or reopening it as needed. `start` is what is known
/// if an episode begins with it.
pub async fn receive(
    tx: &mut TenantTx,
    contact: ContactId,
    inbox: InboxId,
    text: &str,
    start: Option<Start>,
    client_message_id: Uuid,
) -> Result<Sent, MessageError> {
    let masks = masking::current(tx, None).await?;
    receive_with(tx, masks.as_deref(), contact, inbox, text, start, client_message_id).await
}

/// [`receive`], with what is done to the text.
pub(super) async fn receive_with(
    tx: &mut TenantTx,
    masks: Option<&Masks>,
    contact: ContactId,
    inbox: InboxId,
    text: &str,
    start: Option<Start>,
    client_message_id: Uuid,
) -> Result<Sent, MessageError> {
    let text = checked(text)?;
    // Two first messages at once must not open two conversations.
    let locked = tx
        .run(sql(
            "select id from contact where id = $1 and erased_at is null for no key update",
            [contact.uuid().into()],
        ))
        .await?;
    if locked == 0 {
        return Err(MessageError::SenderGone);
    }
    let author = Author::Contact { id: contact };
    let Some(latest) = conversation::latest_of_contact(tx, contact, inbox).await? else {
        let text = masking::masked(masks, &text)?;
        usage::room_for_a_conversation(tx).await?;
        let mut conversation = conversation::store::insert(tx, inbox, contact).await?;
        conversation::count_episode(tx, &conversation).await?;
        start::begin(tx, &conversation, masks, start).await?;
        queue::follow_one(tx, &mut conversation, Stood::NOWHERE, Entrance::by(Reason::New)).await?;
        let sent = write_as(tx, conversation, author, text, false, client_message_id).await?;
        Event::ConversationCreated { conversation: Arc::clone(&sent.conversation) }.tell(tx)?;
        return Ok(sent);
    };
    let mut conversation = conversation::store::lock(tx, latest.id).await?.ok_or(ConversationError::Unknown)?;
    if let Some(message) = find_sent(tx, conversation.id, &author, client_message_id).await? {
        return replay(message, conversation, &text, false);
    }
    let text = masking::masked(masks, &text)?;
    let (before, stood) = (conversation.status, Stood::of(&conversation));
    if before != Status::Open {
        let open = conversation.state()?.open();
        conversation.set_state(open);
    }
    if before == Status::Resolved {
        usage::room_for_a_conversation(tx).await?;
        conversation::begin_episode(tx, &mut conversation).await?;
        start::begin(tx, &conversation, masks, start).await?;
    }
    if before != Status::Open {
        queue::follow_one(tx, &mut conversation, stood, Entrance::by(Reason::Reopened)).await?;
        let reopened = Activity::StatusChanged { status: Status::Open, until: None, by: None };
        note_activity(tx, &mut conversation, reopened).await?;
    }
    let sent = write_as(tx, conversation, author, text, false, client_message_id).await?;
    let told = Arc::clone(&sent.conversation);
    match before {
        Status::Resolved => Event::ConversationReopened { conversation: told }.tell(tx)?,
        Status::Pending | Status::Snoozed => Event::ConversationStatusChanged { conversation: told }.tell(tx)?,
        Status::Open => {}
    }
    Ok(sent)
}

fn replay(message: Message, conversation: Conversation, text: &str, private: bool) -> Result<Sent, MessageError> {
    if masking::is_same(&message.text, text) && message.private == private {
        Ok(Sent { message: Arc::new(message), conversation: Arc::new(conversation), replayed: true })
    } else {
        Err(MessageError::IdReused)
    }
}

async fn write_as(
    tx: &mut TenantTx,
    mut conversation: Conversation,
    author: Author,
    text: String,
    private: bool,
    client_message_id: Uuid,
) -> Result<Sent, MessageError> {
    let (kind, uuid) = author.parts();
    let (sender, message_type) = match author {
        Author::Contact { id } => {
            (Sender { kind, id: Some(id.to_string()), name: conversation.contact.name.clone() }, MessageType::Incoming)
        }
        Author::Agent { id, name } => {
            (Sender { kind, id: Some(id.to_string()), name: Some(name) }, MessageType::Outgoing)
        }
    };
    let draft = Draft {
        message_type,
        private,
        sender,
        sender_uuid: Some(uuid),
        text,
        content: None,
        client_message_id: Some(client_message_id),
    };
    let message = append(tx, &mut conversation, draft).await?;
    match message_type {
        MessageType::Incoming => {
            conversation.waiting_since = conversation.waiting_since.or(Some(tx.now()));
            // Who writes has the thread before their eyes.
            conversation.contact_read_seq = conversation.last_public_seq;
            conversation.contact_delivered_seq = conversation.last_public_seq;
            conversation.contact_unread_count = 0;
            conversation.unread_count = conversation.unread_count.saturating_add(1);
        }
        MessageType::Outgoing => {
            if !private {
                conversation.waiting_since = None;
                conversation.first_reply_at = conversation.first_reply_at.or(Some(tx.now()));
            }
            conversation.agent_read_seq = conversation.last_seq;
            conversation.agent_read_public_seq = conversation.last_public_seq;
            conversation.unread_count = 0;
        }
        MessageType::Activity | MessageType::Template => {}
    }
    usage::count(tx, Meter::Messages, message.id.to_string(), 1).await?;
    conversation::store::save(tx, &mut conversation).await?;
    let (message, conversation) = (Arc::new(message), Arc::new(conversation));
    Event::MessageCreated { message: Arc::clone(&message), conversation: Arc::clone(&conversation) }.tell(tx)?;
    if message_type == MessageType::Outgoing {
        Event::ConversationRead {
            conversation_id: conversation.id,
            contact_id: conversation.contact.id,
            audience: conversation.audience(),
            by: Reader::Agent,
            seq: conversation.agent_read_seq,
            public_seq: conversation.agent_read_public_seq,
        }
        .tell(tx)?;
    }
    Ok(Sent { message, conversation, replayed: false })
}
