//! Rows of messages. Nothing outside this file knows the columns.

use infra::database::{Rows as _, StoreError, sql};
use infra::{Id, Timestamp};
use sea_orm::FromQueryResult;
use serde::Serialize;
use tenant::TenantTx;
use uuid::Uuid;

use super::{Author, Message, MessageId, MessageType, Sender, SenderKind, WidgetMessage};
use crate::conversation::{Conversation, ConversationId};
use crate::setup;

/// The columns of [`Row`], with `$tail` behind them.
macro_rules! select_message {
    ($tail:literal) => {
        concat!(
            "select id, conversation_id, seq, public_seq, episode, message_type, private, sender_kind, sender_id, sender_name, text, \
             content, client_message_id, created_at from message ",
            $tail
        )
    };
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
        let message_type = MessageType::parse(&row.message_type).ok_or_else(|| bad("an unknown type"))?;
        let kind = SenderKind::parse(&row.sender_kind).ok_or_else(|| bad("an unknown sender"))?;
        let sender_id = row.sender_id.map(|uuid| kind.id(uuid));
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

/// A message about to be written.
pub(super) struct Draft {
    pub(super) message_type: MessageType,
    pub(super) private: bool,
    pub(super) sender: Sender,
    pub(super) sender_uuid: Option<Uuid>,
    pub(super) text: String,
    pub(super) content: Option<serde_json::Value>,
    pub(super) client_message_id: Option<Uuid>,
}

/// A message that has its place, about to be written.
pub(super) struct Placed {
    pub(super) message: Message,
    sender: Option<Uuid>,
}

/// Gives a message the next place. The conversation is locked by the caller, who saves it and writes the message.
pub(super) fn place(tx: &TenantTx, conversation: &mut Conversation, draft: Draft) -> Placed {
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
    conversation.last_message = Some(message.brief());
    Placed { message, sender: draft.sender_uuid }
}

#[derive(Serialize)]
struct WrittenRow<'a> {
    id: Uuid,
    conversation_id: Uuid,
    seq: i64,
    public_seq: Option<i64>,
    episode: i32,
    message_type: &'static str,
    private: bool,
    sender_kind: &'static str,
    sender_id: Option<Uuid>,
    sender_name: Option<&'a str>,
    text: &'a str,
    content: Option<&'a serde_json::Value>,
    client_message_id: Option<Uuid>,
}

/// Writes messages that have their places.
pub(super) async fn write(tx: &TenantTx, messages: &[Placed]) -> Result<(), StoreError> {
    let rows = messages.iter().map(|Placed { message, sender }| WrittenRow {
        id: message.id.uuid(),
        conversation_id: message.conversation_id.uuid(),
        seq: message.seq,
        public_seq: message.public_seq,
        episode: message.episode,
        message_type: message.message_type.as_str(),
        private: message.private,
        sender_kind: message.sender.kind.as_str(),
        sender_id: *sender,
        sender_name: message.sender.name.as_deref(),
        text: &message.text,
        content: message.content.as_ref(),
        client_message_id: message.client_message_id,
    });
    let rows: Vec<WrittenRow<'_>> = rows.collect();
    tx.run(sql(
        "insert into message (id, conversation_id, seq, public_seq, episode, message_type, private, sender_kind, sender_id, sender_name, text, content, \
         client_message_id, created_at) select m.id, m.conversation_id, m.seq, m.public_seq, m.episode, m.message_type, m.private, m.sender_kind, \
         m.sender_id, m.sender_name, m.text, m.content, m.client_message_id, $2 from jsonb_to_recordset($1) as m (id uuid, conversation_id uuid, \
         seq bigint, public_seq bigint, episode integer, message_type text, private boolean, sender_kind text, sender_id uuid, sender_name text, \
         text text, content jsonb, client_message_id uuid)",
        [setup::stored(&rows)?.into(), tx.now().into()],
    ))
    .await
    .map(drop)
}

/// Gives a message the next place and writes it. The conversation is locked by the caller, who saves it.
pub(super) async fn append(
    tx: &TenantTx,
    conversation: &mut Conversation,
    draft: Draft,
) -> Result<Message, StoreError> {
    let placed = place(tx, conversation, draft);
    write(tx, std::slice::from_ref(&placed)).await?;
    Ok(placed.message)
}

pub(super) async fn find_sent(
    tx: &TenantTx,
    conversation: ConversationId,
    author: &Author,
    client_message_id: Uuid,
) -> Result<Option<Message>, StoreError> {
    let (kind, uuid) = author.parts();
    let row: Option<Row> = tx
        .one(sql(
            select_message!(
                "where conversation_id = $1 and sender_kind = $2 and sender_id = $3 and client_message_id = $4"
            ),
            [conversation.uuid().into(), kind.as_str().into(), uuid.into(), client_message_id.into()],
        ))
        .await?;
    row.map(Message::try_from).transpose()
}

/// Whether the system has noted something in a conversation under this id.
pub(crate) async fn is_noted(
    tx: &TenantTx,
    conversation: ConversationId,
    client_message_id: Uuid,
) -> Result<bool, StoreError> {
    #[derive(FromQueryResult)]
    struct Noted {
        yes: bool,
    }
    let row: Option<Noted> = tx
        .one(sql(
            "select exists (select 1 from message where conversation_id = $1 and sender_id is null and sender_kind = 'system' \
             and client_message_id = $2) as yes",
            [conversation.uuid().into(), client_message_id.into()],
        ))
        .await?;
    Ok(row.is_some_and(|row| row.yes))
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
    let values = [
        conversation.uuid().into(),
        span.after.unwrap_or(0).into(),
        span.before.unwrap_or(i64::MAX).into(),
        (span.limit + 1).into(),
    ];
    let forward = span.after.is_some();
    let statement = if forward {
        sql(select_message!("where conversation_id = $1 and seq > $2 and seq < $3 order by seq limit $4"), values)
    } else {
        sql(select_message!("where conversation_id = $1 and seq > $2 and seq < $3 order by seq desc limit $4"), values)
    };
    cut(tx.all(statement).await?, span, forward)
}

/// The same in the visitor's numbering: only what the visitor may see.
///
/// A message's place is at least its public place, and exceeds it by no more than there are messages the visitor does not see:
/// so the index of places bounds the search, and the public numbering needs none.
pub async fn list_public(
    tx: &TenantTx,
    conversation: ConversationId,
    span: Span,
) -> Result<(Vec<WidgetMessage>, bool), StoreError> {
    let values = [
        conversation.uuid().into(),
        span.after.unwrap_or(0).into(),
        span.before.unwrap_or(i64::MAX).into(),
        (span.limit + 1).into(),
    ];
    let forward = span.after.is_some();
    let statement = if forward {
        sql(
            select_message!(
                "where conversation_id = $1 and seq > $2 and public_seq > $2 and public_seq < $3 and not private order by seq limit $4"
            ),
            values,
        )
    } else {
        sql(
            select_message!(
                "where conversation_id = $1 and public_seq > $2 and public_seq < $3 and not private \
             and seq < $3 + (select least(c.last_seq - c.last_public_seq, 9223372036854775807 - $3) from conversation c where c.id = $1) \
             order by seq desc limit $4"
            ),
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
