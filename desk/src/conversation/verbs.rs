//! What can be done with a conversation: fetch (locking), decide, save, tell.

use std::sync::Arc;

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::{AgentId, TenantTx, agent};

use super::store::{due, lock, lock_if_free, save};
use super::{Conversation, ConversationError, ConversationId, Priority, State, Status};
use crate::contact::ContactId;
use crate::event::{Event, Reader};
use crate::message::{self, Activity};
use crate::survey;

/// Who decided an assignment, and on what grounds.
#[derive(Debug, Clone)]
pub enum AssignedBy {
    /// A colleague.
    Agent {
        /// Who.
        id: AgentId,
        /// Their name.
        name: String,
    },
    /// The routing, with its reasons.
    Routing {
        /// Policy, candidates, loads.
        why: serde_json::Value,
    },
}

/// Gives a conversation to an agent, or back to nobody. Giving it to its owner changes nothing.
pub async fn assign(
    tx: &mut TenantTx,
    id: ConversationId,
    to: Option<AgentId>,
    by: AssignedBy,
) -> Result<Conversation, ConversationError> {
    let conversation = lock(tx, id).await?.ok_or(ConversationError::Unknown)?;
    if conversation.assignee_id == to {
        return Ok(conversation);
    }
    hand_over(tx, conversation, to, by).await
}

/// Gives a waiting conversation to an agent; `None` when it does not wait any more.
pub async fn claim(
    tx: &mut TenantTx,
    id: ConversationId,
    to: AgentId,
    why: serde_json::Value,
) -> Result<Option<Conversation>, ConversationError> {
    // Somebody who has it in hand at this moment decides for themselves; waiting for them could be waiting in a circle.
    match lock_if_free(tx, id).await?.filter(Conversation::is_waiting) {
        Some(conversation) => hand_over(tx, conversation, Some(to), AssignedBy::Routing { why }).await.map(Some),
        None => Ok(None),
    }
}

/// Takes every open conversation from an agent who will not answer them any more; says how many.
pub async fn release_all_of(tx: &mut TenantTx, agent: AgentId) -> Result<usize, ConversationError> {
    let ids = super::store::open_of(tx, agent).await?;
    for id in &ids {
        assign(tx, *id, None, AssignedBy::Routing { why: serde_json::json!({ "policy": "agent_switched_off" }) })
            .await?;
    }
    Ok(ids.len())
}

/// Who had a conversation last, before nobody had it.
pub async fn last_assignee(tx: &TenantTx, id: ConversationId) -> Result<Option<AgentId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Last {
        agent_id: uuid::Uuid,
    }
    let row: Option<Last> = tx
        .one(sql(
            "select agent_id from assignment where conversation_id = $1 and agent_id is not null order by created_at desc, id desc limit 1",
            [id.uuid().into()],
        ))
        .await?;
    Ok(row.map(|row| AgentId::from_uuid(row.agent_id)))
}

async fn hand_over(
    tx: &mut TenantTx,
    mut conversation: Conversation,
    to: Option<AgentId>,
    by: AssignedBy,
) -> Result<Conversation, ConversationError> {
    let id = conversation.id;
    let name = match to {
        Some(agent_id) => Some(agent::find(tx, agent_id).await?.ok_or(ConversationError::AgentUnknown)?.name),
        None => None,
    };
    conversation.assignee_id = to;
    conversation.assignee_name.clone_from(&name);
    let (decided_by, why, author) = match by {
        AssignedBy::Agent { id, name } => (id.to_string(), serde_json::json!({ "policy": "manual" }), Some(name)),
        AssignedBy::Routing { why } => ("routing".to_owned(), why, None),
    };
    tx.run(sql(
        "insert into assignment (id, conversation_id, agent_id, decided_by, why, created_at) values ($1, $2, $3, $4, $5, $6)",
        [tx.uuid().into(), id.uuid().into(), to.map(infra::Id::uuid).into(), decided_by.into(), why.into(), tx.now().into()],
    ))
    .await?;
    if let Some(agent_id) = to {
        tx.run(sql("update agent set last_assigned_at = $2 where id = $1", [agent_id.uuid().into(), tx.now().into()]))
            .await?;
    }
    let activity = match (to, name) {
        (Some(agent_id), Some(agent_name)) => Activity::Assigned { agent_id, agent_name, by: author },
        _ => Activity::Unassigned { by: author },
    };
    message::note_activity(tx, &mut conversation, activity).await?;
    save(tx, &mut conversation).await?;
    Event::ConversationAssigned { conversation: Arc::new(conversation.clone()) }.tell(tx)?;
    Ok(conversation)
}

/// Opens, puts aside, snoozes or resolves. Asking for the present state changes nothing.
pub async fn set_status(
    tx: &mut TenantTx,
    id: ConversationId,
    to: Status,
    snoozed_until: Option<Timestamp>,
    by: Option<String>,
) -> Result<Conversation, ConversationError> {
    let mut conversation = lock(tx, id).await?.ok_or(ConversationError::Unknown)?;
    let before = conversation.state()?;
    let after = match to {
        Status::Open => before.open(),
        Status::Pending => before.pend()?,
        Status::Snoozed => before.snooze(snoozed_until.unwrap_or(tx.now()), tx.now())?,
        Status::Resolved => before.resolve(tx.now()),
    };
    if before == after {
        return Ok(conversation);
    }
    let reopened = matches!(before, State::Resolved { .. });
    conversation.set_state(after);
    if reopened {
        begin_episode(tx, &mut conversation).await?;
    }
    if let State::Resolved { .. } = after {
        conversation.waiting_since = None;
    }
    let until = conversation.snoozed_until;
    message::note_activity(tx, &mut conversation, Activity::StatusChanged { status: to, until, by }).await?;
    if let State::Resolved { .. } = after {
        survey::ask(tx, &mut conversation).await?;
    }
    save(tx, &mut conversation).await?;
    let told = Arc::new(conversation.clone());
    let event = if reopened {
        Event::ConversationReopened { conversation: told }
    } else {
        Event::ConversationStatusChanged { conversation: told }
    };
    event.tell(tx)?;
    Ok(conversation)
}

/// Begins the next episode of a conversation that is being reopened: it waits for an agent again, and counts again.
pub(crate) async fn begin_episode(tx: &TenantTx, conversation: &mut Conversation) -> Result<(), StoreError> {
    conversation.episode += 1;
    conversation.first_reply_at = None;
    conversation.assignee_id = None;
    conversation.assignee_name = None;
    count_episode(tx, conversation).await
}

/// Counts an episode for billing.
pub(crate) async fn count_episode(tx: &TenantTx, conversation: &Conversation) -> Result<(), StoreError> {
    let source = format!("{}/{}", conversation.id, conversation.episode);
    tenant::usage::count(tx, tenant::usage::Meter::Conversations, source, 1).await
}

/// Says how much it matters.
pub async fn set_priority(
    tx: &mut TenantTx,
    id: ConversationId,
    to: Option<Priority>,
) -> Result<Conversation, ConversationError> {
    let mut conversation = lock(tx, id).await?.ok_or(ConversationError::Unknown)?;
    if conversation.priority != to {
        conversation.priority = to;
        save(tx, &mut conversation).await?;
        Event::ConversationUpdated { conversation: Arc::new(conversation.clone()) }.tell(tx)?;
    }
    Ok(conversation)
}

#[derive(FromQueryResult)]
struct ReadUpTo {
    contact_id: uuid::Uuid,
    seq: i64,
    public_seq: i64,
}

/// Notes that the company has read up to `seq`. Marks never move back.
///
/// One statement, as every message brings such a mark. What is newly read is taken off the count, rather than the rest counted
/// again: messages up to a known place do not change, while new ones may be written at this very moment.
pub async fn mark_read_by_agent(tx: &mut TenantTx, id: ConversationId, seq: i64) -> Result<(), ConversationError> {
    let marked: Option<ReadUpTo> = tx
        .one(sql(
            "update conversation c set version = c.version + 1, updated_at = $3, agent_read_seq = p.seq, \
             agent_read_public_seq = coalesce((select m.public_seq from message m where m.conversation_id = c.id and m.seq <= p.seq \
             and m.public_seq is not null order by m.seq desc limit 1), c.agent_read_public_seq), \
             unread_count = greatest(0, c.unread_count - (select count(*) from message m where m.conversation_id = c.id \
             and m.seq > c.agent_read_seq and m.seq <= p.seq and m.message_type = 'incoming')) \
             from (select least($2, last_seq) as seq from conversation where id = $1) p \
             where c.id = $1 and c.agent_read_seq < p.seq returning c.contact_id, p.seq, c.agent_read_public_seq as public_seq",
            [id.uuid().into(), seq.into(), tx.now().into()],
        ))
        .await?;
    let Some(ReadUpTo { contact_id, seq, public_seq }) = marked else {
        return super::find(tx, id).await?.map(drop).ok_or(ConversationError::Unknown);
    };
    let contact_id = ContactId::from_uuid(contact_id);
    Event::ConversationRead { conversation_id: id, contact_id, by: Reader::Agent, seq, public_seq }.tell(tx)?;
    Ok(())
}

/// Notes that the visitor has read up to `seq` of their own numbering. What is read was delivered.
pub async fn mark_read_by_contact(
    tx: &mut TenantTx,
    id: ConversationId,
    contact: ContactId,
    seq: i64,
) -> Result<(), ConversationError> {
    let marked: Option<Delivered> = tx
        .one(sql(
            "update conversation c set version = c.version + 1, updated_at = $4, contact_read_seq = p.seq, \
             contact_delivered_seq = greatest(c.contact_delivered_seq, p.seq), \
             contact_unread_count = greatest(0, c.contact_unread_count - (select count(*) from message m where m.conversation_id = c.id \
             and m.seq > c.contact_read_seq and m.public_seq > c.contact_read_seq and m.public_seq <= p.seq and m.message_type <> 'incoming')) \
             from (select least($3, last_public_seq) as seq from conversation where id = $1) p \
             where c.id = $1 and c.contact_id = $2 and c.contact_read_seq < p.seq returning p.seq",
            [id.uuid().into(), contact.uuid().into(), seq.into(), tx.now().into()],
        ))
        .await?;
    let Some(Delivered { seq }) = marked else {
        return super::find_of_contact(tx, id, contact).await?.map(drop).ok_or(ConversationError::Unknown);
    };
    Event::ConversationRead { conversation_id: id, contact_id: contact, by: Reader::Contact, seq, public_seq: seq }
        .tell(tx)?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Delivered {
    seq: i64,
}

/// Notes that the visitor's browser has received up to `seq` of the visitor's numbering. Every message brings such a mark, so
/// it costs one statement.
pub async fn mark_delivered(
    tx: &mut TenantTx,
    id: ConversationId,
    contact: ContactId,
    seq: i64,
) -> Result<(), ConversationError> {
    let marked: Option<Delivered> = tx
        .one(sql(
            "update conversation set contact_delivered_seq = least($3, last_public_seq), version = version + 1, updated_at = $4 \
             where id = $1 and contact_id = $2 and contact_delivered_seq < least($3, last_public_seq) returning contact_delivered_seq as seq",
            [id.uuid().into(), contact.uuid().into(), seq.into(), tx.now().into()],
        ))
        .await?;
    let Some(Delivered { seq }) = marked else {
        // Nothing new; but whose conversation it is must be said the same way as ever.
        return super::find_of_contact(tx, id, contact).await?.map(drop).ok_or(ConversationError::Unknown);
    };
    Event::ConversationDelivered { conversation_id: id, contact_id: contact, public_seq: seq }.tell(tx)?;
    Ok(())
}

/// Opens the snoozed conversations whose time has come; says how many.
pub async fn wake_snoozed(tx: &mut TenantTx) -> Result<usize, ConversationError> {
    let ids = due(tx, 100).await?;
    for id in &ids {
        set_status(tx, *id, Status::Open, None, None).await?;
    }
    Ok(ids.len())
}
