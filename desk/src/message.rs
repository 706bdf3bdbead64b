//! Messages: numbered without gaps, written once however often they are sent.

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use infra::{Fault, FieldFault, Id, Kind, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::usage::{self, Meter};
use tenant::{AgentId, TenantTx};
use uuid::Uuid;

use crate::contact::ContactId;
use crate::conversation::{self, Conversation, ConversationError, ConversationId, MessageBrief, Status};
use crate::event::Event;
use crate::inbox::InboxId;

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
    /// The text, as written. Text only: render it as text.
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
    /// The text, as written. Text only: render it as text.
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
    /// The sender used this id for another text.
    #[error("this client_message_id was used for another message")]
    IdReused,
    /// The conversation.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for MessageError {
    fn kind(&self) -> Kind {
        match self {
            Self::Invalid(error) => error.kind(),
            Self::IdReused => Kind::Conflict,
            Self::Conversation(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(error) => error.code(),
            Self::IdReused => "client_message_id_reused",
            Self::Conversation(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::IdReused | Self::Conversation(_) | Self::Store(_) => Vec::new(),
        }
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    conversation_id: Uuid,
    seq: i64,
    public_seq: Option<i64>,
    episode: i32,
    message_type: String,
    private: bool,
    sender_kind: String,
    sender_id: Option<Uuid>,
    sender_name: Option<String>,
    text: String,
    content: Option<serde_json::Value>,
    client_message_id: Option<Uuid>,
    created_at: Timestamp,
}

impl TryFrom<Row> for Message {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = MessageId::from_uuid(row.id);
        let bad = |what: &str| StoreError::Inconsistent { table: "message", id: id.to_string(), what: what.to_owned() };
        let message_type = [MessageType::Incoming, MessageType::Outgoing, MessageType::Activity, MessageType::Template]
            .into_iter()
            .find(|kind| kind.as_str() == row.message_type)
            .ok_or_else(|| bad("an unknown type"))?;
        let kind = [SenderKind::Contact, SenderKind::Agent, SenderKind::System]
            .into_iter()
            .find(|kind| kind.as_str() == row.sender_kind)
            .ok_or_else(|| bad("an unknown sender"))?;
        let sender_id = row.sender_id.map(|uuid| match kind {
            SenderKind::Contact => ContactId::from_uuid(uuid).to_string(),
            SenderKind::Agent | SenderKind::System => AgentId::from_uuid(uuid).to_string(),
        });
        Ok(Self {
            id,
            conversation_id: Id::from_uuid(row.conversation_id),
            seq: row.seq,
            public_seq: row.public_seq,
            episode: row.episode,
            message_type,
            private: row.private,
            sender: Sender { kind, id: sender_id, name: row.sender_name },
            text: row.text,
            content: row.content,
            client_message_id: row.client_message_id,
            created_at: row.created_at,
        })
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

/// A message about to be written.
struct Draft {
    message_type: MessageType,
    private: bool,
    sender: Sender,
    sender_uuid: Option<Uuid>,
    text: String,
    content: Option<serde_json::Value>,
    client_message_id: Option<Uuid>,
}

/// What came of a send.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The message, with its place.
    pub message: Message,
    /// Its conversation.
    pub conversation: Conversation,
    /// Whether it was already there.
    pub replayed: bool,
}

/// Checks a text a person wrote. Leading and trailing white space does not count.
fn checked(text: &str) -> Result<String, Invalid> {
    let mut check = Check::new();
    let text = check.text("text", text, 1, LONGEST);
    check.finish()?;
    Ok(text)
}

/// An agent writes into a conversation: a reply, or a private note. A repeat finds the first one.
pub async fn send(tx: &mut TenantTx, id: ConversationId, author: Author, text: &str, private: bool, client_message_id: Uuid) -> Result<Sent, MessageError> {
    let text = checked(text)?;
    let conversation = conversation::store::lock(tx, id).await?.ok_or(ConversationError::Unknown)?;
    if let Some(message) = find_sent(tx, id, &author, client_message_id).await? {
        return replay(message, conversation, &text, private);
    }
    write_as(tx, conversation, author, text, private, client_message_id).await
}

/// A visitor writes: into their conversation in this inbox, opening, waking or reopening it as needed.
pub async fn receive(tx: &mut TenantTx, contact: ContactId, inbox: InboxId, text: &str, client_message_id: Uuid) -> Result<Sent, MessageError> {
    let text = checked(text)?;
    // Two first messages at once must not open two conversations.
    let locked = tx.run(sql("select id from contact where id = $1 for update", [contact.uuid().into()])).await?;
    if locked == 0 {
        return Err(ConversationError::Unknown.into());
    }
    let author = Author::Contact { id: contact };
    let Some(latest) = conversation::latest_of_contact(tx, contact, inbox).await? else {
        let conversation = conversation::store::insert(tx, inbox, contact).await?;
        conversation::count_episode(tx, &conversation).await?;
        let sent = write_as(tx, conversation, author, text, false, client_message_id).await?;
        Event::ConversationCreated { conversation: Box::new(sent.conversation.clone()) }.tell(tx)?;
        return Ok(sent);
    };
    let mut conversation = conversation::store::lock(tx, latest.id).await?.ok_or(ConversationError::Unknown)?;
    if let Some(message) = find_sent(tx, conversation.id, &author, client_message_id).await? {
        return replay(message, conversation, &text, false);
    }
    let before = conversation.status;
    if before != Status::Open {
        let open = conversation.state()?.open();
        conversation.set_state(open);
    }
    if before == Status::Resolved {
        conversation::begin_episode(tx, &mut conversation).await?;
    }
    let sent = write_as(tx, conversation, author, text, false, client_message_id).await?;
    let told = Box::new(sent.conversation.clone());
    match before {
        Status::Resolved => Event::ConversationReopened { conversation: told }.tell(tx)?,
        Status::Pending | Status::Snoozed => Event::ConversationStatusChanged { conversation: told }.tell(tx)?,
        Status::Open => {}
    }
    Ok(sent)
}

fn replay(message: Message, conversation: Conversation, text: &str, private: bool) -> Result<Sent, MessageError> {
    if message.text == text && message.private == private { Ok(Sent { message, conversation, replayed: true }) } else { Err(MessageError::IdReused) }
}

async fn write_as(tx: &mut TenantTx, mut conversation: Conversation, author: Author, text: String, private: bool, client_message_id: Uuid) -> Result<Sent, MessageError> {
    let (kind, uuid) = author.parts();
    let (sender, message_type) = match author {
        Author::Contact { id } => (Sender { kind, id: Some(id.to_string()), name: conversation.contact.name.clone() }, MessageType::Incoming),
        Author::Agent { id, name } => (Sender { kind, id: Some(id.to_string()), name: Some(name) }, MessageType::Outgoing),
    };
    let draft = Draft { message_type, private, sender, sender_uuid: Some(uuid), text, content: None, client_message_id: Some(client_message_id) };
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
        MessageType::Outgoing if !private => {
            conversation.waiting_since = None;
            conversation.first_reply_at = conversation.first_reply_at.or(Some(tx.now()));
        }
        MessageType::Outgoing | MessageType::Activity | MessageType::Template => {}
    }
    usage::count(tx, Meter::Messages, message.id.to_string(), 1).await?;
    conversation::store::save(tx, &mut conversation).await?;
    Event::MessageCreated { message: Box::new(message.clone()), conversation: Box::new(conversation.clone()) }.tell(tx)?;
    Ok(Sent { message, conversation, replayed: false })
}

/// Gives a message the next place and writes it. The conversation is locked by the caller, who saves it.
async fn append(tx: &TenantTx, conversation: &mut Conversation, draft: Draft) -> Result<Message, StoreError> {
    let public = !draft.private && draft.message_type != MessageType::Activity;
    conversation.last_seq += 1;
    let public_seq = public.then(|| {
        conversation.last_public_seq += 1;
        conversation.last_public_seq
    });
    conversation.last_activity_at = tx.now();
    if public && draft.message_type != MessageType::Incoming {
        conversation.contact_unread_count = conversation.contact_unread_count.saturating_add(1);
    }
    let message = Message {
        id: tx.id(),
        conversation_id: conversation.id,
        seq: conversation.last_seq,
        public_seq,
        episode: conversation.episode,
        message_type: draft.message_type,
        private: draft.private,
        sender: draft.sender,
        text: draft.text,
        content: draft.content,
        client_message_id: draft.client_message_id,
        created_at: tx.now(),
    };
    tx.run(sql(
        "insert into message (id, conversation_id, seq, public_seq, episode, message_type, private, sender_kind, sender_id, sender_name, text, content, \
         client_message_id, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        [
            message.id.uuid().into(),
            conversation.id.uuid().into(),
            message.seq.into(),
            message.public_seq.into(),
            message.episode.into(),
            message.message_type.as_str().into(),
            message.private.into(),
            message.sender.kind.as_str().into(),
            draft.sender_uuid.into(),
            message.sender.name.clone().into(),
            message.text.clone().into(),
            message.content.clone().into(),
            message.client_message_id.into(),
            message.created_at.into(),
        ],
    ))
    .await?;
    conversation.last_message = Some(MessageBrief {
        seq: message.seq,
        text: message.text.chars().take(200).collect(),
        message_type: message.message_type,
        private: message.private,
        sender: message.sender.clone(),
        created_at: message.created_at,
    });
    Ok(message)
}

/// Something that happened, as a line among the messages.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Activity {
    /// Given to somebody.
    Assigned {
        /// To whom.
        agent_id: AgentId,
        /// Their name.
        agent_name: String,
        /// The colleague who did it; the routing when absent.
        by: Option<String>,
    },
    /// Taken from everybody.
    Unassigned {
        /// The colleague who did it; the routing when absent.
        by: Option<String>,
    },
    /// Opened, put aside, snoozed or resolved.
    StatusChanged {
        /// To what.
        status: Status,
        /// Until when, if snoozed.
        until: Option<Timestamp>,
        /// The colleague who did it; the clock when absent.
        by: Option<String>,
    },
}

impl Activity {
    /// For readers without a catalogue of their own.
    fn text(&self) -> String {
        match self {
            Self::Assigned { agent_name, .. } => format!("Assigned to {agent_name}"),
            Self::Unassigned { .. } => "Unassigned".to_owned(),
            Self::StatusChanged { status, .. } => format!("Marked {}", status.as_str()),
        }
    }
}

const SYSTEM: Sender = Sender { kind: SenderKind::System, id: None, name: None };

/// Writes an activity line. Saving the conversation is the caller's.
pub(crate) async fn note_activity(tx: &mut TenantTx, conversation: &mut Conversation, activity: Activity) -> Result<(), StoreError> {
    let content = serde_json::to_value(&activity).map_err(|error| StoreError::Refused(error.to_string()))?;
    // A line about the thread is not news in it: the list keeps showing the last thing somebody said.
    let (brief, at) = (conversation.last_message.clone(), conversation.last_activity_at);
    let draft = Draft {
        message_type: MessageType::Activity,
        private: true,
        sender: SYSTEM,
        sender_uuid: None,
        text: activity.text(),
        content: Some(content),
        client_message_id: None,
    };
    let message = append(tx, conversation, draft).await?;
    conversation.last_message = brief;
    conversation.last_activity_at = at;
    Event::MessageCreated { message: Box::new(message), conversation: Box::new(conversation.clone()) }.tell(tx)
}

/// Writes a message with a form. Saving the conversation is the caller's.
pub(crate) async fn write_template(tx: &mut TenantTx, conversation: &mut Conversation, text: &str, content: serde_json::Value) -> Result<(), StoreError> {
    let brief = conversation.last_message.clone();
    let draft = Draft {
        message_type: MessageType::Template,
        private: false,
        sender: SYSTEM,
        sender_uuid: None,
        text: text.to_owned(),
        content: Some(content),
        client_message_id: None,
    };
    let message = append(tx, conversation, draft).await?;
    conversation.last_message = brief;
    Event::MessageCreated { message: Box::new(message), conversation: Box::new(conversation.clone()) }.tell(tx)
}

async fn find_sent(tx: &TenantTx, conversation: ConversationId, author: &Author, client_message_id: Uuid) -> Result<Option<Message>, StoreError> {
    let (kind, uuid) = author.parts();
    let row: Option<Row> = tx
        .one(sql(
            "select id, conversation_id, seq, public_seq, episode, message_type, private, sender_kind, sender_id, sender_name, text, content, \
             client_message_id, created_at from message where conversation_id = $1 and sender_kind = $2 and sender_id = $3 and client_message_id = $4",
            [conversation.uuid().into(), kind.as_str().into(), uuid.into(), client_message_id.into()],
        ))
        .await?;
    row.map(Message::try_from).transpose()
}

/// A stretch of a conversation.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    /// Messages after this place.
    pub after: Option<i64>,
    /// Messages before this place.
    pub before: Option<i64>,
    /// At most this many: the first ones after `after`, or else the last ones.
    pub limit: u64,
}

/// A stretch of messages in order, and whether there are more in the direction asked.
pub async fn list(tx: &TenantTx, conversation: ConversationId, span: Span) -> Result<(Vec<Message>, bool), StoreError> {
    let values = [conversation.uuid().into(), span.after.unwrap_or(0).into(), span.before.unwrap_or(i64::MAX).into(), (span.limit + 1).into()];
    let forward = span.after.is_some();
    let statement = if forward {
        sql(
            "select id, conversation_id, seq, public_seq, episode, message_type, private, sender_kind, sender_id, sender_name, text, content, \
             client_message_id, created_at from message where conversation_id = $1 and seq > $2 and seq < $3 order by seq limit $4",
            values,
        )
    } else {
        sql(
            "select id, conversation_id, seq, public_seq, episode, message_type, private, sender_kind, sender_id, sender_name, text, content, \
             client_message_id, created_at from message where conversation_id = $1 and seq > $2 and seq < $3 order by seq desc limit $4",
            values,
        )
    };
    cut(tx.all(statement).await?, span, forward)
}

/// The same in the visitor's numbering: only what the visitor may see.
pub async fn list_public(tx: &TenantTx, conversation: ConversationId, span: Span) -> Result<(Vec<WidgetMessage>, bool), StoreError> {
    let values = [conversation.uuid().into(), span.after.unwrap_or(0).into(), span.before.unwrap_or(i64::MAX).into(), (span.limit + 1).into()];
    let forward = span.after.is_some();
    let statement = if forward {
        sql(
            "select id, conversation_id, seq, public_seq, episode, message_type, private, sender_kind, sender_id, sender_name, text, content, \
             client_message_id, created_at from message where conversation_id = $1 and public_seq > $2 and public_seq < $3 and not private \
             order by public_seq limit $4",
            values,
        )
    } else {
        sql(
            "select id, conversation_id, seq, public_seq, episode, message_type, private, sender_kind, sender_id, sender_name, text, content, \
             client_message_id, created_at from message where conversation_id = $1 and public_seq > $2 and public_seq < $3 and not private \
             order by public_seq desc limit $4",
            values,
        )
    };
    let (messages, more) = cut(tx.all(statement).await?, span, forward)?;
    Ok((messages.iter().filter_map(Message::for_visitor).collect(), more))
}

fn cut(mut rows: Vec<Row>, span: Span, forward: bool) -> Result<(Vec<Message>, bool), StoreError> {
    let limit = usize::try_from(span.limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    if !forward {
        rows.reverse();
    }
    Ok((rows.into_iter().map(Message::try_from).collect::<Result<_, _>>()?, more))
}
