//! Who has a conversation: somebody gets it, or it goes back into line. A hundred at once take hardly more statements than one,
//! and routing, which gives away whole lines, lives on that.

use std::collections::BTreeSet;
use std::sync::Arc;

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use serde::Serialize;
use tenant::{AgentId, TenantTx, agent};
use uuid::Uuid;

use super::assignments::{Decided, decide};
use super::store::{lock, lock_all_if_free, open_of, save, save_handed};
use super::{Conversation, ConversationError, ConversationId, Status};
use crate::event::Event;
use crate::message::{self, Activity};
use crate::queue::{self, Entrance, Following, Reason, Stood};
use crate::setup;
use crate::team::TeamId;

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
        /// What the agent's turn counts from, if not from now.
        stamp: Option<Timestamp>,
    },
}

/// A conversation that waits in a line, and who is to have it.
#[derive(Debug)]
pub struct Claim {
    /// Which.
    pub id: ConversationId,
    /// In which team's line; none for the line of the whole company.
    pub line: Option<TeamId>,
    /// Who gets it.
    pub to: AgentId,
    /// Who says so.
    pub by: AssignedBy,
}

/// A conversation that is taken from an agent.
#[derive(Debug)]
pub struct Requeue {
    /// Which.
    pub id: ConversationId,
    /// From whom.
    pub from: AgentId,
    /// Who says so.
    pub by: AssignedBy,
    /// How it comes into line.
    pub entrance: Entrance,
}

/// Gives a conversation to an agent, or back to the line. Giving it to its owner changes nothing.
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
    hand_over(tx, conversation, to, by, Entrance::by(Reason::Returned)).await
}

/// Gives conversations to agents, and says which. What does not wait in its line any more is left out, and so is what is in other
/// hands at this moment.
pub async fn claim(tx: &mut TenantTx, claims: Vec<Claim>) -> Result<BTreeSet<ConversationId>, ConversationError> {
    let ids: Vec<ConversationId> = claims.iter().map(|claim| claim.id).collect();
    // Somebody who has one in hand at this moment decides for themselves; waiting for them could be waiting in a circle.
    let mut free = lock_all_if_free(tx, &ids).await?;
    let lines = queue::lines(tx, &ids).await?;
    let (mut gone, mut given) = (Vec::new(), Vec::new());
    for Claim { id, line, to, by } in claims {
        let Some(conversation) = free.remove(&id) else { continue };
        let stands = lines.get(&id);
        if !conversation.is_waiting() {
            gone.extend(stands.map(|_| (id, queue::Outcome::Left)));
        } else if stands == Some(&line) {
            given.push(HandOver::new(conversation, Some(to), by, Entrance::by(Reason::Returned)));
        }
    }
    queue::leave(tx, &gone).await?;
    Ok(hand_over_all(tx, given).await?.into_iter().map(|conversation| conversation.id).collect())
}

/// Takes conversations from agents and puts them back into line, at their places; says which. What is theirs no more is left out,
/// and so is what is in other hands at this moment.
pub async fn requeue(tx: &mut TenantTx, all: Vec<Requeue>) -> Result<BTreeSet<ConversationId>, ConversationError> {
    let ids: Vec<ConversationId> = all.iter().map(|one| one.id).collect();
    let mut free = lock_all_if_free(tx, &ids).await?;
    let mut taken = Vec::new();
    for Requeue { id, from, by, entrance } in all {
        if let Some(conversation) = free.remove(&id).filter(|conversation| conversation.assignee_id == Some(from)) {
            taken.push(HandOver::new(conversation, None, by, entrance));
        }
    }
    Ok(hand_over_all(tx, taken).await?.into_iter().map(|conversation| conversation.id).collect())
}

/// Takes every open conversation from an agent who will not answer them any more; says how many.
pub async fn release_all_of(tx: &mut TenantTx, agent: AgentId) -> Result<usize, ConversationError> {
    let mut all = Vec::new();
    for id in open_of(tx, agent).await? {
        let conversation = lock(tx, id).await?.ok_or(ConversationError::Unknown)?;
        // Whoever had it in hand meanwhile may have ended it, or given it to somebody.
        if conversation.assignee_id != Some(agent) || conversation.status == Status::Resolved {
            continue;
        }
        let by = AssignedBy::Routing { why: serde_json::json!({ "reason": "agent_switched_off" }), stamp: None };
        let entrance = Entrance { not: Some(agent), ..Entrance::by(Reason::AgentGone) };
        all.push(HandOver::new(conversation, None, by, entrance));
    }
    Ok(hand_over_all(tx, all).await?.len())
}

/// One conversation that changes hands.
struct HandOver {
    conversation: Conversation,
    to: Option<AgentId>,
    entrance: Entrance,
    decided_by: String,
    why: serde_json::Value,
    author: Option<String>,
    stamp: Option<Timestamp>,
}

impl HandOver {
    fn new(conversation: Conversation, to: Option<AgentId>, by: AssignedBy, entrance: Entrance) -> Self {
        let (decided_by, why, author, stamp) = match by {
            AssignedBy::Agent { id, name } => {
                (id.to_string(), serde_json::json!({ "reason": "by_hand" }), Some(name), None)
            }
            AssignedBy::Routing { why, stamp } => ("routing".to_owned(), why, None, stamp),
        };
        Self { conversation, to, entrance, decided_by, why, author, stamp }
    }
}

/// Any of a conversation's columns may have been changed by the caller, and is saved too.
pub(super) async fn hand_over(
    tx: &mut TenantTx,
    conversation: Conversation,
    to: Option<AgentId>,
    by: AssignedBy,
    entrance: Entrance,
) -> Result<Conversation, ConversationError> {
    let mut one = HandOver::new(conversation, to, by, entrance);
    write(tx, std::slice::from_mut(&mut one)).await?;
    let mut conversation = one.conversation;
    save(tx, &mut conversation).await?;
    Event::ConversationAssigned { conversation: Arc::new(conversation.clone()) }.tell(tx)?;
    Ok(conversation)
}

/// The same for conversations that are as they were read.
async fn hand_over_all(tx: &mut TenantTx, mut all: Vec<HandOver>) -> Result<Vec<Conversation>, ConversationError> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    write(tx, &mut all).await?;
    let mut conversations: Vec<Conversation> = all.into_iter().map(|one| one.conversation).collect();
    save_handed(tx, &mut conversations).await?;
    for conversation in &conversations {
        Event::ConversationAssigned { conversation: Arc::new(conversation.clone()) }.tell(tx)?;
    }
    Ok(conversations)
}

/// Everything but saving the conversations.
async fn write(tx: &mut TenantTx, all: &mut [HandOver]) -> Result<(), ConversationError> {
    let agents: Vec<AgentId> = all.iter().filter_map(|one| one.to).collect();
    let names = agent::names(tx, &agents).await?;
    let now = tx.now();
    let (mut decided, mut turns) = (Vec::with_capacity(all.len()), Vec::new());
    let (mut following, mut lines) = (Vec::with_capacity(all.len()), Vec::with_capacity(all.len()));
    for one in all.iter() {
        // A conversation that was taken out of its line to go into another one stands nowhere, and nothing was taken from anybody:
        // whoever moved it has said so.
        let is_moved = one.conversation.assignee_id.is_none() && one.to.is_none();
        let stood = if is_moved { Stood::NOWHERE } else { Stood::of(&one.conversation) };
        following.push((stood, one.entrance.clone()));
        let by = one.author.clone();
        let line = match one.to {
            Some(agent_id) => {
                let agent_name = names.get(&agent_id).ok_or(ConversationError::AgentUnknown)?.clone();
                turns.push(Turn { id: agent_id.uuid(), at: one.stamp.unwrap_or(now) });
                Some(Activity::Assigned { agent_id, agent_name, by })
            }
            None => (!is_moved).then_some(Activity::Unassigned { by }),
        };
        lines.push(line);
    }
    for one in all.iter_mut() {
        one.conversation.assignee_id = one.to;
        one.conversation.assignee_name = one.to.and_then(|to| names.get(&to).cloned());
        decided.push(Decided {
            conversation: one.conversation.id,
            agent: one.to,
            by: std::mem::take(&mut one.decided_by),
            why: std::mem::take(&mut one.why),
        });
    }
    decide(tx, decided).await?;
    let ids: Vec<Uuid> = all.iter().map(|one| one.conversation.id.uuid()).collect();
    tx.run(sql("delete from transfer where conversation_id = any($1::uuid[])", [ids.into()])).await?;
    let following = all.iter_mut().zip(following).map(|(one, (stood, entrance))| Following {
        conversation: &mut one.conversation,
        stood,
        entrance,
    });
    queue::follow(tx, following.collect()).await?;
    // After the line: a round holds places there while it waits for an agent's row.
    take_turns(tx, turns).await?;
    let lines = all.iter_mut().zip(lines).filter_map(|(one, line)| Some((&mut one.conversation, line?)));
    message::note_activities(tx, lines.collect()).await?;
    Ok(())
}

#[derive(Serialize)]
struct Turn {
    id: Uuid,
    at: Timestamp,
}

/// Notes whose turn it was.
async fn take_turns(tx: &TenantTx, turns: Vec<Turn>) -> Result<(), StoreError> {
    if turns.is_empty() {
        return Ok(());
    }
    tx.run(sql(
        "update agent a set last_assigned_at = t.at, missed_offers = 0 from (select id, max(at) as at \
         from jsonb_to_recordset($1) as turn (id uuid, at timestamptz) group by id) t where a.id = t.id",
        [setup::stored(&turns)?.into()],
    ))
    .await
    .map(drop)
}
