//! Rows of conversations. Nothing outside this file knows the columns.

use infra::database::{Rows as _, StoreError, sql};
use infra::{Id, Timestamp};
use sea_orm::FromQueryResult;
use tenant::{AgentId, TenantTx};
use uuid::Uuid;

use super::{ContactBrief, Conversation, ConversationId, MessageBrief, Priority, State, Status, Survey};
use crate::contact::ContactId;
use crate::inbox::InboxId;

/// The columns of [`Row`], with `$tail` behind them.
macro_rules! select_conversation {
    ($tail:literal) => {
        concat!(
            "select c.id, c.number, c.status, c.inbox_id, c.contact_id, k.name as contact_name, k.email as contact_email, c.assignee_id, \
             a.name as assignee_name, c.priority, c.episode, c.last_seq, c.last_public_seq, c.agent_read_seq, c.agent_read_public_seq, \
             c.contact_read_seq, c.contact_delivered_seq, c.unread_count, c.contact_unread_count, c.last_message, c.waiting_since, \
             c.snoozed_until, c.first_reply_at, c.resolved_at, c.last_activity_at, c.created_at, c.updated_at, s.episode as survey_episode, \
             s.rating, s.comment, s.asked_at, s.answered_at from conversation c join contact k on k.id = c.contact_id \
             left join agent a on a.id = c.assignee_id left join lateral (select episode, rating, comment, asked_at, answered_at \
             from survey_response where conversation_id = c.id order by episode desc limit 1) s on true ",
            $tail
        )
    };
}
pub(super) use select_conversation;

#[derive(FromQueryResult)]
pub(super) struct Row {
    pub(super) id: Uuid,
    number: i64,
    status: String,
    inbox_id: Uuid,
    contact_id: Uuid,
    contact_name: Option<String>,
    contact_email: Option<String>,
    assignee_id: Option<Uuid>,
    assignee_name: Option<String>,
    priority: Option<String>,
    episode: i32,
    last_seq: i64,
    last_public_seq: i64,
    agent_read_seq: i64,
    agent_read_public_seq: i64,
    contact_read_seq: i64,
    contact_delivered_seq: i64,
    unread_count: i32,
    contact_unread_count: i32,
    last_message: Option<serde_json::Value>,
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
}

impl TryFrom<Row> for Conversation {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = ConversationId::from_uuid(row.id);
        let bad = |what: String| StoreError::Inconsistent { table: "conversation", id: id.to_string(), what };
        let status = Status::parse(&row.status).ok_or_else(|| bad("an unknown status".into()))?;
        let priority = row
            .priority
            .map(|text| Priority::parse(&text).ok_or_else(|| bad("an unknown priority".into())))
            .transpose()?;
        let last_message: Option<MessageBrief> =
            row.last_message.map(serde_json::from_value).transpose().map_err(|error| bad(error.to_string()))?;
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
        Ok(Self {
            id,
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
            priority,
            episode: row.episode,
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

/// One conversation of this company.
pub async fn find(tx: &TenantTx, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
    tx.one::<Row>(sql(select_conversation!("where c.id = $1"), [id.uuid().into()]))
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

/// Locks one conversation until the transaction ends, and reads it.
pub(crate) async fn lock(tx: &TenantTx, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
    tx.one::<Row>(sql(select_conversation!("where c.id = $1 for update of c"), [id.uuid().into()]))
        .await?
        .map(Conversation::try_from)
        .transpose()
}

/// The same, or `None` at once when another transaction has it.
pub(crate) async fn lock_if_free(tx: &TenantTx, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
    tx.one::<Row>(sql(select_conversation!("where c.id = $1 for update of c skip locked"), [id.uuid().into()]))
        .await?
        .map(Conversation::try_from)
        .transpose()
}

/// The open conversations that nobody has, longest waiting first.
pub async fn longest_waiting(tx: &TenantTx, limit: u64) -> Result<Vec<Conversation>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            select_conversation!("where c.assignee_id is null and c.status = 'open' order by c.waiting_since nulls last, c.created_at limit $1"),
            [limit.into()],
        ))
        .await?;
    rows.into_iter().map(Conversation::try_from).collect()
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

/// Writes back everything that verbs may change.
pub(crate) async fn save(tx: &TenantTx, conversation: &mut Conversation) -> Result<(), StoreError> {
    conversation.updated_at = tx.now();
    let brief = conversation
        .last_message
        .as_ref()
        .map(serde_json::to_value)
        .transpose()
        .map_err(|error| StoreError::Refused(error.to_string()))?;
    tx.run(sql(
        "update conversation set status = $2, assignee_id = $3, priority = $4, episode = $5, last_seq = $6, last_public_seq = $7, agent_read_seq = $8, \
         agent_read_public_seq = $9, contact_read_seq = $10, contact_delivered_seq = $11, unread_count = $12, contact_unread_count = $13, \
         last_message = $14, waiting_since = $15, snoozed_until = $16, first_reply_at = $17, resolved_at = $18, last_activity_at = $19, updated_at = $20 \
         where id = $1",
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
            brief.into(),
            conversation.waiting_since.into(),
            conversation.snoozed_until.into(),
            conversation.first_reply_at.into(),
            conversation.resolved_at.into(),
            conversation.last_activity_at.into(),
            conversation.updated_at.into(),
        ],
    ))
    .await
    .map(drop)
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
