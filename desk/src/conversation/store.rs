//! Rows of conversations. Nothing outside this file knows the columns.

use std::collections::HashMap;

use infra::database::{Columns, Rows as _, StoreError, sql};
use infra::{Id, Timestamp};
use sea_orm::FromQueryResult;
use serde::Serialize;
use tenant::{AgentId, TenantTx};
use uuid::Uuid;

use super::{ContactBrief, Conversation, ConversationId, Ends, MessageBrief, Priority, State, Status, Survey};
use crate::contact::ContactId;
use crate::inbox::InboxId;
use crate::message::{MessageType, Sender, SenderKind};
use crate::setup;
use crate::sight::{Audience, seen};

/// The columns of [`Row`], with `$tail` behind them.
macro_rules! select_conversation {
    ($($tail:tt)*) => {
        concat!(
            "select c.id, c.number, c.status, c.inbox_id, c.contact_id, k.name as contact_name, k.email as contact_email, c.assignee_id, \
             a.name as assignee_name, c.team_id, c.priority, c.episode, c.version, c.last_seq, c.last_public_seq, c.agent_read_seq, c.agent_read_public_seq, \
             c.contact_read_seq, c.contact_delivered_seq, c.unread_count, c.contact_unread_count, c.waiting_since, \
             c.snoozed_until, c.first_reply_at, c.resolved_at, c.last_activity_at, c.created_at, c.updated_at, s.episode as survey_episode, \
             s.rating, s.comment, s.asked_at, s.answered_at, m.seq as said_seq, left(m.text, 200) as said_text, m.message_type as said_type, \
             m.private as said_privately, m.sender_kind as said_by, m.sender_id as said_by_id, m.sender_name as said_by_name, \
             m.created_at as said_at from conversation c join contact k on k.id = c.contact_id \
             left join agent a on a.id = c.assignee_id left join message m on m.conversation_id = c.id and m.seq = c.last_said_seq \
             left join lateral (select episode, rating, comment, asked_at, answered_at \
             from survey_response where conversation_id = c.id order by episode desc limit 1) s on true ",
            $($tail)*
        )
    };
}
pub(super) use select_conversation;

#[derive(FromQueryResult)]
pub(crate) struct Row {
    pub(super) id: Uuid,
    number: i64,
    status: String,
    inbox_id: Uuid,
    contact_id: Uuid,
    contact_name: Option<String>,
    contact_email: Option<String>,
    assignee_id: Option<Uuid>,
    assignee_name: Option<String>,
    team_id: Option<Uuid>,
    priority: Option<String>,
    episode: i32,
    version: i64,
    last_seq: i64,
    last_public_seq: i64,
    agent_read_seq: i64,
    agent_read_public_seq: i64,
    contact_read_seq: i64,
    contact_delivered_seq: i64,
    unread_count: i32,
    contact_unread_count: i32,
    waiting_since: Option<Timestamp>,
    snoozed_until: Option<Timestamp>,
    first_reply_at: Option<Timestamp>,
    resolved_at: Option<Timestamp>,
    pub(super) last_activity_at: Timestamp,
    created_at: Timestamp,
    updated_at: Timestamp,
    survey_episode: Option<i32>,
    rating: Option<i16>,
    comment: Option<String>,
    asked_at: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    said_seq: Option<i64>,
    said_text: Option<String>,
    said_type: Option<String>,
    said_privately: Option<bool>,
    said_by: Option<String>,
    said_by_id: Option<Uuid>,
    said_by_name: Option<String>,
    said_at: Option<Timestamp>,
}

impl Row {
    /// What [`crate::message`] knows of a conversation right after it wrote a message into it. The message itself it adds.
    pub(crate) fn after_a_message(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        let (contact_name, contact_email) = (columns.take()?, columns.take()?);
        Ok(Self {
            contact_name,
            contact_email,
            id: columns.take()?,
            number: columns.take()?,
            status: columns.take()?,
            inbox_id: columns.take()?,
            contact_id: columns.take()?,
            assignee_id: columns.take()?,
            assignee_name: columns.take()?,
            team_id: columns.take()?,
            priority: columns.take()?,
            episode: columns.take()?,
            version: columns.take()?,
            last_seq: columns.take()?,
            last_public_seq: columns.take()?,
            agent_read_seq: columns.take()?,
            agent_read_public_seq: columns.take()?,
            contact_read_seq: columns.take()?,
            contact_delivered_seq: columns.take()?,
            unread_count: columns.take()?,
            contact_unread_count: columns.take()?,
            waiting_since: columns.take()?,
            snoozed_until: columns.take()?,
            first_reply_at: columns.take()?,
            resolved_at: columns.take()?,
            last_activity_at: columns.take()?,
            created_at: columns.take()?,
            updated_at: columns.take()?,
            survey_episode: columns.take()?,
            rating: columns.take()?,
            comment: columns.take()?,
            asked_at: columns.take()?,
            answered_at: columns.take()?,
            said_seq: None,
            said_text: None,
            said_type: None,
            said_privately: None,
            said_by: None,
            said_by_id: None,
            said_by_name: None,
            said_at: None,
        })
    }

    fn said(&mut self) -> Result<Option<MessageBrief>, &'static str> {
        let (Some(seq), Some(text), Some(private), Some(created_at)) =
            (self.said_seq, self.said_text.take(), self.said_privately, self.said_at)
        else {
            return Ok(None);
        };
        let message_type =
            self.said_type.as_deref().and_then(MessageType::parse).ok_or("an unknown type of message")?;
        let kind = self.said_by.as_deref().and_then(SenderKind::parse).ok_or("an unknown sender")?;
        let sender = Sender { kind, id: self.said_by_id.map(|id| kind.id(id)), name: self.said_by_name.take() };
        Ok(Some(MessageBrief { seq, text, message_type, private, sender, created_at }))
    }
}

impl TryFrom<Row> for Conversation {
    type Error = StoreError;

    fn try_from(mut row: Row) -> Result<Self, StoreError> {
        let id = ConversationId::from_uuid(row.id);
        let bad = |what: String| StoreError::Inconsistent { table: "conversation", id: id.to_string(), what };
        let priority = row
            .priority
            .as_deref()
            .map(|text| Priority::parse(text).ok_or_else(|| bad("an unknown priority".into())))
            .transpose()?;
        let status = Status::parse(&row.status).ok_or_else(|| bad("an unknown status".into()))?;
        let last_message = row.said().map_err(|what| bad(what.to_owned()))?;
        let survey = match (row.survey_episode, row.asked_at) {
            (Some(episode), Some(asked_at)) => Some(Survey {
                episode,
                rating: row.rating,
                comment: row.comment,
                asked_at,
                answered_at: row.answered_at,
            }),
            _ => None,
        };
        let was = Audience { team: row.team_id.map(Id::from_uuid), assignee: row.assignee_id.map(Id::from_uuid) };
        Ok(Self {
            id,
            was,
            number: row.number,
            status,
            inbox_id: Id::from_uuid(row.inbox_id),
            contact: ContactBrief {
                id: Id::from_uuid(row.contact_id),
                name: row.contact_name,
                email: row.contact_email,
            },
            assignee_id: row.assignee_id.map(Id::from_uuid),
            assignee_name: row.assignee_name,
            team_id: row.team_id.map(Id::from_uuid),
            priority,
            episode: row.episode,
            version: row.version,
            last_seq: row.last_seq,
            last_public_seq: row.last_public_seq,
            agent_read_seq: row.agent_read_seq,
            agent_read_public_seq: row.agent_read_public_seq,
            contact_read_seq: row.contact_read_seq,
            contact_delivered_seq: row.contact_delivered_seq,
            unread_count: row.unread_count,
            contact_unread_count: row.contact_unread_count,
            last_message,
            waiting_since: row.waiting_since,
            snoozed_until: row.snoozed_until,
            first_reply_at: row.first_reply_at,
            resolved_at: row.resolved_at,
            last_activity_at: row.last_activity_at,
            survey,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

impl Conversation {
    /// The state, put together from its parts.
    pub(crate) fn state(&self) -> Result<State, StoreError> {
        let missing = |what: &str| StoreError::Inconsistent {
            table: "conversation",
            id: self.id.to_string(),
            what: what.to_owned(),
        };
        Ok(match self.status {
            Status::Open => State::Open,
            Status::Pending => State::Pending,
            Status::Snoozed => {
                State::Snoozed { until: self.snoozed_until.ok_or_else(|| missing("a snooze without an end"))? }
            }
            Status::Resolved => {
                State::Resolved { at: self.resolved_at.ok_or_else(|| missing("a resolution without a time"))? }
            }
        })
    }

    /// Takes on a state.
    pub(crate) fn set_state(&mut self, state: State) {
        self.status = state.status();
        self.snoozed_until = None;
        self.resolved_at = None;
        match state {
            State::Open | State::Pending => {}
            State::Snoozed { until } => self.snoozed_until = Some(until),
            State::Resolved { at } => self.resolved_at = Some(at),
        }
    }
}

/// One conversation of this company that is in sight.
pub async fn find(tx: &TenantTx, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
    let (how, who) = tx.sight().parts();
    tx.one::<Row>(sql(
        select_conversation!("where c.id = $1 and ", seen!("c", "$2", "$3")),
        [id.uuid().into(), how.into(), who.into()],
    ))
    .await?
    .map(Conversation::try_from)
    .transpose()
}

/// One conversation of this contact; another's is as unknown as none.
pub async fn find_of_contact(
    tx: &TenantTx,
    id: ConversationId,
    contact: ContactId,
) -> Result<Option<Conversation>, StoreError> {
    Ok(find(tx, id).await?.filter(|conversation| conversation.contact.id == contact))
}

#[derive(FromQueryResult)]
struct EndsRow {
    contact_id: Uuid,
    contact_name: Option<String>,
    team_id: Option<Uuid>,
    assignee_id: Option<Uuid>,
}

macro_rules! select_ends {
    ($($tail:tt)*) => {
        concat!(
            "select c.contact_id, k.name as contact_name, c.team_id, c.assignee_id \
             from conversation c join contact k on k.id = c.contact_id where c.id = $1",
            $($tail)*
        )
    };
}

/// Who is at the two ends of a conversation that is in sight: a small part of [`find`], at a small part of its cost.
pub async fn ends(tx: &TenantTx, id: ConversationId) -> Result<Option<Ends>, StoreError> {
    // Apart: with a sight that may be none in it, the statement would be planned anew for each conversation.
    let row: Option<EndsRow> = tx
        .one(match tx.sight().parts() {
            (Some(how), who) => {
                sql(select_ends!(" and ", seen!("c", "$2", "$3")), [id.uuid().into(), how.into(), who.into()])
            }
            (None, _) => sql(select_ends!(), [id.uuid().into()]),
        })
        .await?;
    Ok(row.map(|row| Ends {
        contact: Id::from_uuid(row.contact_id),
        contact_name: row.contact_name,
        audience: Audience { team: row.team_id.map(Id::from_uuid), assignee: row.assignee_id.map(Id::from_uuid) },
    }))
}

/// The contact's newest conversation in an inbox.
pub async fn latest_of_contact(
    tx: &TenantTx,
    contact: ContactId,
    inbox: InboxId,
) -> Result<Option<Conversation>, StoreError> {
    let row: Option<Row> = tx
        .one(sql(
            select_conversation!(
                "where c.contact_id = $1 and c.inbox_id = $2 order by c.created_at desc, c.id desc limit 1"
            ),
            [contact.uuid().into(), inbox.uuid().into()],
        ))
        .await?;
    row.map(Conversation::try_from).transpose()
}

/// Locks one conversation that is in sight until the transaction ends, and reads it.
pub(crate) async fn lock(tx: &TenantTx, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
    let (how, who) = tx.sight().parts();
    tx.one::<Row>(sql(
        select_conversation!("where c.id = $1 and ", seen!("c", "$2", "$3"), " for update of c"),
        [id.uuid().into(), how.into(), who.into()],
    ))
    .await?
    .map(Conversation::try_from)
    .transpose()
}

#[derive(FromQueryResult)]
struct Holder {
    assignee_id: Option<Uuid>,
}

/// Locks one conversation until the transaction ends, and says whose it is; `None` when there is none.
pub async fn lock_only(tx: &TenantTx, id: ConversationId) -> Result<Option<Option<AgentId>>, StoreError> {
    let row: Option<Holder> =
        tx.one(sql("select assignee_id from conversation where id = $1 for update", [id.uuid().into()])).await?;
    Ok(row.map(|row| row.assignee_id.map(Id::from_uuid)))
}

/// Locks those of these conversations that no other transaction has, and reads them.
pub(crate) async fn lock_all_if_free(
    tx: &TenantTx,
    ids: &[ConversationId],
) -> Result<HashMap<ConversationId, Conversation>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows: Vec<Row> = tx
        .all(sql(select_conversation!("where c.id = any($1::uuid[]) for update of c skip locked"), [ids.into()]))
        .await?;
    let read = |row: Row| Conversation::try_from(row).map(|conversation| (conversation.id, conversation));
    rows.into_iter().map(read).collect()
}

/// [`lock`], or `None` at once when another transaction has it.
pub(crate) async fn lock_if_free(tx: &TenantTx, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
    tx.one::<Row>(sql(select_conversation!("where c.id = $1 for update of c skip locked"), [id.uuid().into()]))
        .await?
        .map(Conversation::try_from)
        .transpose()
}

#[derive(FromQueryResult)]
struct Number {
    value: i64,
}

/// Makes an empty conversation with the next number.
pub(crate) async fn insert(tx: &TenantTx, inbox: InboxId, contact: ContactId) -> Result<Conversation, StoreError> {
    let id: ConversationId = tx.id();
    let number: Option<Number> = tx
        .one(sql(
            "insert into counter as n (name, value) values ('conversation', 1) on conflict (name) do update set value = n.value + 1 returning value",
            [],
        ))
        .await?;
    let number = number.map_or(1, |row| row.value);
    tx.run(sql(
        "insert into conversation (id, number, inbox_id, contact_id, status, episode, last_seq, last_public_seq, agent_read_seq, agent_read_public_seq, \
         contact_read_seq, contact_delivered_seq, unread_count, contact_unread_count, last_activity_at, created_at, updated_at) \
         values ($1, $2, $3, $4, 'open', 1, 0, 0, 0, 0, 0, 0, 0, 0, $5, $5, $5)",
        [id.uuid().into(), number.into(), inbox.uuid().into(), contact.uuid().into(), tx.now().into()],
    ))
    .await?;
    lock(tx, id).await?.ok_or_else(|| StoreError::Refused("a conversation vanished as it was made".into()))
}

/// Writes back everything that verbs may change, as a new version.
pub(crate) async fn save(tx: &TenantTx, conversation: &mut Conversation) -> Result<(), StoreError> {
    conversation.updated_at = tx.now();
    conversation.version += 1;
    tx.run(sql(
        "update conversation set status = $2, assignee_id = $3, priority = $4, episode = $5, last_seq = $6, last_public_seq = $7, agent_read_seq = $8, \
         agent_read_public_seq = $9, contact_read_seq = $10, contact_delivered_seq = $11, unread_count = $12, contact_unread_count = $13, \
         last_said_seq = $14, waiting_since = $15, snoozed_until = $16, first_reply_at = $17, resolved_at = $18, last_activity_at = $19, \
         updated_at = $20, version = $21, closed_activity_at = case when $2 = 'resolved' then $19::timestamptz end, team_id = $22 where id = $1",
        [
            conversation.id.uuid().into(),
            conversation.status.as_str().into(),
            conversation.assignee_id.map(Id::uuid).into(),
            conversation.priority.map(Priority::as_str).into(),
            conversation.episode.into(),
            conversation.last_seq.into(),
            conversation.last_public_seq.into(),
            conversation.agent_read_seq.into(),
            conversation.agent_read_public_seq.into(),
            conversation.contact_read_seq.into(),
            conversation.contact_delivered_seq.into(),
            conversation.unread_count.into(),
            conversation.contact_unread_count.into(),
            conversation.last_message.as_ref().map_or(0, |said| said.seq).into(),
            conversation.waiting_since.into(),
            conversation.snoozed_until.into(),
            conversation.first_reply_at.into(),
            conversation.resolved_at.into(),
            conversation.last_activity_at.into(),
            conversation.updated_at.into(),
            conversation.version.into(),
            conversation.team_id.map(Id::uuid).into(),
        ],
    ))
    .await
    .map(drop)
}

#[derive(Serialize)]
struct Handed {
    id: Uuid,
    assignee_id: Option<Uuid>,
    team_id: Option<Uuid>,
    priority: Option<&'static str>,
    last_seq: i64,
    version: i64,
}

/// Writes back what changes when conversations change hands, as new versions.
pub(crate) async fn save_handed(tx: &TenantTx, conversations: &mut [Conversation]) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(conversations.len());
    for conversation in conversations {
        conversation.updated_at = tx.now();
        conversation.version += 1;
        rows.push(Handed {
            id: conversation.id.uuid(),
            assignee_id: conversation.assignee_id.map(Id::uuid),
            team_id: conversation.team_id.map(Id::uuid),
            priority: conversation.priority.map(Priority::as_str),
            last_seq: conversation.last_seq,
            version: conversation.version,
        });
    }
    tx.run(sql(
        "update conversation c set assignee_id = h.assignee_id, team_id = h.team_id, priority = h.priority, last_seq = h.last_seq, \
         version = h.version, updated_at = $2 from jsonb_to_recordset($1) \
         as h (id uuid, assignee_id uuid, team_id uuid, priority text, last_seq bigint, version bigint) where c.id = h.id",
        [setup::stored(&rows)?.into(), tx.now().into()],
    ))
    .await
    .map(drop)
}

#[derive(FromQueryResult)]
struct Due {
    at: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct Only {
    id: Uuid,
}

/// The open conversations of an agent.
pub(crate) async fn open_of(tx: &TenantTx, agent: AgentId) -> Result<Vec<ConversationId>, StoreError> {
    let rows: Vec<Only> = tx
        .all(sql(
            "select id from conversation where assignee_id = $1 and status <> 'resolved' order by id",
            [agent.uuid().into()],
        ))
        .await?;
    Ok(rows.into_iter().map(|row| ConversationId::from_uuid(row.id)).collect())
}

/// When the next snoozed conversation's time comes.
pub(crate) async fn next_due(tx: &TenantTx) -> Result<Option<Timestamp>, StoreError> {
    let next: Option<Due> =
        tx.one(sql("select min(snoozed_until) as at from conversation where status = 'snoozed'", [])).await?;
    Ok(next.and_then(|row| row.at))
}

/// Snoozed conversations whose time has come.
pub(crate) async fn due(tx: &TenantTx, limit: u64) -> Result<Vec<ConversationId>, StoreError> {
    let rows: Vec<Only> = tx
        .all(sql(
            "select id from conversation where status = 'snoozed' and snoozed_until <= $1 order by snoozed_until limit $2 for update skip locked",
            [tx.now().into(), limit.into()],
        ))
        .await?;
    Ok(rows.into_iter().map(|row| ConversationId::from_uuid(row.id)).collect())
}
