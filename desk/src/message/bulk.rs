//! Many messages of one company in one statement. It takes the everyday case alone: somebody writes into a conversation that is
//! going on and that nobody else holds. What it leaves out (a first message, a reopening, a repeat, a row in other hands) it does
//! not touch, and [`super::send`] or [`super::receive`] does it.

use infra::database::{Columns, PipelineRow, StoreError, Value};
use infra::validate::{Check, Invalid};
use infra::{Id, Timestamp};
use uuid::Uuid;

use super::{Message, MessageType, Sender, SenderKind};
use crate::contact::ContactId;
use crate::conversation::store::Row;
use crate::conversation::{Conversation, ConversationId};
use crate::inbox::InboxId;
use crate::start::Start;
use tenant::AgentId;

/// Who writes, and where.
#[derive(Debug, Clone)]
pub enum Post {
    /// The visitor, into their latest conversation in an inbox.
    Visitor {
        /// Who.
        contact: ContactId,
        /// Where.
        inbox: InboxId,
        /// What is known, if an episode begins with it.
        start: Option<Box<Start>>,
    },
    /// An agent, into a conversation: a reply, or a note among colleagues.
    Agent {
        /// Who.
        agent: AgentId,
        /// The name to sign with, where the company knows no other.
        name: String,
        /// Where.
        conversation: ConversationId,
        /// Whether it is a note.
        private: bool,
    },
}

impl Post {
    /// Within bounds: what is said of the beginning counts only if something begins, and is refused all the same when it is wrong.
    pub(super) fn checked(self) -> Result<Self, Invalid> {
        Ok(match self {
            Self::Visitor { contact, inbox, start: Some(start) } => {
                let mut check = Check::new();
                let start = start.checked("start", &mut check);
                check.finish()?;
                Self::Visitor { contact, inbox, start: Some(Box::new(start)) }
            }
            post @ (Self::Visitor { start: None, .. } | Self::Agent { .. }) => post,
        })
    }

    /// Whether only colleagues will read it.
    pub(super) const fn is_private(&self) -> bool {
        match self {
            Self::Visitor { .. } => false,
            Self::Agent { private, .. } => *private,
        }
    }

    /// Two posts with the same key may be for the same conversation.
    pub(super) fn key(&self) -> u128 {
        match self {
            Self::Visitor { contact, .. } => contact.uuid().as_u128(),
            Self::Agent { conversation, .. } => conversation.uuid().as_u128(),
        }
    }
}

/// A message on its way to the database.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) id: Uuid,
    pub(super) post: Post,
    pub(super) text: String,
    /// By which edition of the company's choice it is masked; none where nothing was chosen.
    pub(super) edition: Option<Uuid>,
    pub(super) client_message_id: Uuid,
}

/// Locks the conversations that are free, gives each its next number, and writes message, usage and outbox.
///
/// Rows that another transaction holds are skipped, so that nobody waits in a lane. A repeat is left out by its sender's id for it;
/// one that is being written elsewhere at this moment breaks `message_client_key`, and nothing of the transaction stays. What was masked
/// by another edition than the company's present one is left out too: a change of the choice holds for every server at once.
pub(super) const STATEMENT: &str = "\
with letter as (
    select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::boolean[], $8::uuid[], $9::text[],
        $13::uuid[]) as l (id, contact_id, inbox_id, conversation_id, agent_id, agent_name, private, client_message_id, text, edition)
), target as materialized (
    select l.id as message_id, c.id as conversation_id, l.agent_id, l.private, l.client_message_id, l.text, c.contact_id,
        k.name as contact_name, k.email as contact_email,
        case when l.agent_id is null then k.name else coalesce(a.name, l.agent_name) end as sender_name
    from letter l
    join tenant.conversation c on c.id = coalesce(l.conversation_id, (
        select v.id from tenant.conversation v where v.contact_id = l.contact_id and v.inbox_id = l.inbox_id
        order by v.created_at desc, v.id desc limit 1))
    join tenant.contact k on k.id = c.contact_id
    left join tenant.agent a on a.id = l.agent_id
    where (l.private or l.edition is not distinct from (select w.edition from tenant.masking w))
        and (l.agent_id is not null or c.status = 'open') and not exists (
        select 1 from tenant.message m where m.conversation_id = c.id and m.sender_id = coalesce(l.agent_id, l.contact_id)
        and m.client_message_id = l.client_message_id)
    for no key update of c skip locked
), head as (
    update tenant.conversation c set
        version = c.version + 1,
        last_seq = c.last_seq + 1,
        last_public_seq = c.last_public_seq + (not t.private)::integer,
        last_said_seq = c.last_seq + 1,
        agent_read_seq = case when t.agent_id is null then c.agent_read_seq else c.last_seq + 1 end,
        agent_read_public_seq = case when t.agent_id is null then c.agent_read_public_seq else c.last_public_seq + (not t.private)::integer end,
        contact_read_seq = case when t.agent_id is null then c.last_public_seq + 1 else c.contact_read_seq end,
        contact_delivered_seq = case when t.agent_id is null then c.last_public_seq + 1 else c.contact_delivered_seq end,
        unread_count = case when t.agent_id is null then c.unread_count + 1 else 0 end,
        contact_unread_count = case when t.agent_id is null then 0 else c.contact_unread_count + (not t.private)::integer end,
        waiting_since = case when t.agent_id is null then coalesce(c.waiting_since, $10) when t.private then c.waiting_since end,
        first_reply_at = case when t.agent_id is null or t.private then c.first_reply_at else coalesce(c.first_reply_at, $10) end,
        last_activity_at = $10,
        closed_activity_at = case when c.status = 'resolved' then $10 end,
        updated_at = $10
    from target t where c.id = t.conversation_id
    returning t.message_id, t.agent_id, t.private, t.client_message_id, t.text, t.contact_name, t.contact_email, t.sender_name,
        c.id, c.number, c.status, c.inbox_id, c.contact_id, c.assignee_id, c.team_id, c.priority, c.episode, c.version, c.last_seq, c.last_public_seq,
        c.agent_read_seq, c.agent_read_public_seq, c.contact_read_seq, c.contact_delivered_seq, c.unread_count, c.contact_unread_count,
        c.waiting_since, c.snoozed_until, c.first_reply_at, c.resolved_at, c.last_activity_at, c.created_at, c.updated_at
), written as (
    insert into tenant.message (id, conversation_id, seq, public_seq, episode, message_type, private, sender_kind, sender_id, sender_name,
        text, client_message_id, created_at)
    select h.message_id, h.id, h.last_seq, case when not h.private then h.last_public_seq end, h.episode,
        case when h.agent_id is null then 'incoming' else 'outgoing' end, h.private,
        case when h.agent_id is null then 'contact' else 'agent' end, coalesce(h.agent_id, h.contact_id), h.sender_name,
        h.text, h.client_message_id, $10
    from head h
), counted as (
    insert into tenant.usage_event (meter, source, quantity, occurred_at)
    select 'messages', $12, count(*), $10 from head having count(*) > 0
), told as (
    insert into tenant.outbox (id, event, payload, created_at)
    select $11, 'message.created', jsonb_build_object('messages', jsonb_agg(jsonb_build_array(h.id, h.last_seq))), $10
    from head h having count(*) > 0
)
select h.message_id, h.sender_name, h.contact_name, h.contact_email, h.id, h.number, h.status, h.inbox_id, h.contact_id, h.assignee_id,
    a.name as assignee_name, h.team_id, h.priority, h.episode, h.version, h.last_seq, h.last_public_seq, h.agent_read_seq, h.agent_read_public_seq,
    h.contact_read_seq, h.contact_delivered_seq, h.unread_count, h.contact_unread_count, h.waiting_since, h.snoozed_until,
    h.first_reply_at, h.resolved_at, h.last_activity_at, h.created_at, h.updated_at, s.episode as survey_episode, s.rating, s.comment, s.asked_at, s.answered_at
from head h left join tenant.agent a on a.id = h.assignee_id
left join lateral (select r.episode, r.rating, r.comment, r.asked_at, r.answered_at from tenant.survey_response r
    where (h.episode > 1 or h.status = 'resolved') and r.conversation_id = h.id order by r.episode desc limit 1) s on true";

/// The values of [`STATEMENT`]. `batch` names the outbox row, and the usage row that counts these messages.
pub(super) fn values<'a>(letters: impl Iterator<Item = &'a Letter> + Clone, batch: Uuid, now: Timestamp) -> Vec<Value> {
    let ids: Vec<Uuid> = letters.clone().map(|letter| letter.id).collect();
    let visitor = |letter: &Letter| match &letter.post {
        Post::Visitor { contact, inbox, .. } => Some((contact.uuid(), inbox.uuid())),
        Post::Agent { .. } => None,
    };
    let agent = |letter: &'a Letter| match &letter.post {
        Post::Agent { agent, name, conversation, private } => {
            Some((agent.uuid(), name.as_str(), conversation.uuid(), *private))
        }
        Post::Visitor { .. } => None,
    };
    let contacts: Vec<Option<Uuid>> = letters.clone().map(|letter| visitor(letter).map(|visitor| visitor.0)).collect();
    let inboxes: Vec<Option<Uuid>> = letters.clone().map(|letter| visitor(letter).map(|visitor| visitor.1)).collect();
    let conversations: Vec<Option<Uuid>> = letters.clone().map(|letter| agent(letter).map(|agent| agent.2)).collect();
    let agents: Vec<Option<Uuid>> = letters.clone().map(|letter| agent(letter).map(|agent| agent.0)).collect();
    let names: Vec<Option<String>> =
        letters.clone().map(|letter| agent(letter).map(|agent| agent.1.to_owned())).collect();
    let private: Vec<bool> = letters.clone().map(|letter| agent(letter).is_some_and(|agent| agent.3)).collect();
    let client_ids: Vec<Uuid> = letters.clone().map(|letter| letter.client_message_id).collect();
    let editions: Vec<Option<Uuid>> = letters.clone().map(|letter| letter.edition).collect();
    let texts: Vec<String> = letters.map(|letter| letter.text.clone()).collect();
    vec![
        Box::new(ids),
        Box::new(contacts),
        Box::new(inboxes),
        Box::new(conversations),
        Box::new(agents),
        Box::new(names),
        Box::new(private),
        Box::new(client_ids),
        Box::new(texts),
        Box::new(now),
        Box::new(batch),
        Box::new(format!("batch_{}", infra::ids::encode(batch))),
        Box::new(editions),
    ]
}

/// A row of the answer: which message was written, and its conversation afterwards.
pub(super) struct Written {
    pub(super) id: Uuid,
    row: Row,
    sender_name: Option<String>,
}

impl Written {
    pub(super) fn read(row: &PipelineRow) -> Result<Self, StoreError> {
        let mut columns = Columns::of(row);
        let (id, sender_name) = (columns.take()?, columns.take()?);
        Ok(Self { id, sender_name, row: Row::after_a_message(&mut columns)? })
    }

    /// The message as it stands now, and its conversation.
    pub(super) fn finish(mut self, letter: Letter, now: Timestamp) -> Result<(Message, Conversation), StoreError> {
        let (sender_kind, sender, message_type, private) = match letter.post {
            Post::Visitor { contact, .. } => (SenderKind::Contact, contact.to_string(), MessageType::Incoming, false),
            Post::Agent { agent, private, .. } => {
                (SenderKind::Agent, agent.to_string(), MessageType::Outgoing, private)
            }
        };
        let mut conversation = Conversation::try_from(self.row)?;
        let message = Message {
            id: Id::from_uuid(self.id),
            conversation_id: conversation.id,
            seq: conversation.last_seq,
            public_seq: (!private).then_some(conversation.last_public_seq),
            episode: conversation.episode,
            message_type,
            private,
            sender: Sender { kind: sender_kind, id: Some(sender), name: self.sender_name.take() },
            text: letter.text,
            content: None,
            client_message_id: Some(letter.client_message_id),
            created_at: now,
        };
        conversation.last_message = Some(message.brief());
        Ok((message, conversation))
    }
}
