//! What can be done with a conversation: fetch (locking), decide, save, tell.

use std::sync::Arc;

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use tenant::{AgentId, TenantTx, agent};

use super::store::{due, lock, lock_if_free, next_due, save};
use super::{Conversation, ConversationError, ConversationId, Priority, State, StateError, Status};
use crate::assignment_policy;
use crate::event::Event;
use crate::inbox;
use crate::message::{self, Activity};
use crate::queue::{self, Back, Entrance, Reason, Stood};
use crate::skill::Demands;
use crate::survey;
use crate::team::{self, TeamId};

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

/// Gives a conversation that waits in this line to an agent; `None` when it does not any more, or is in other hands at this moment.
pub async fn claim(
    tx: &mut TenantTx,
    id: ConversationId,
    line: Option<TeamId>,
    to: AgentId,
    by: AssignedBy,
) -> Result<Option<Conversation>, ConversationError> {
    // Somebody who has it in hand at this moment decides for themselves; waiting for them could be waiting in a circle.
    let Some(conversation) = lock_if_free(tx, id).await? else { return Ok(None) };
    let entry = queue::find(tx, id).await?;
    if !conversation.is_waiting() {
        if entry.is_some() {
            queue::leave(tx, id, queue::Outcome::Left).await?;
        }
        return Ok(None);
    }
    if entry.is_none_or(|entry| entry.team != line) {
        return Ok(None);
    }
    hand_over(tx, conversation, Some(to), by, Entrance::by(Reason::Returned)).await.map(Some)
}

/// Takes a conversation from this agent and puts it back into line, at its place; `None` when it is theirs no more, or in other
/// hands at this moment.
pub async fn requeue(
    tx: &mut TenantTx,
    id: ConversationId,
    from: AgentId,
    by: AssignedBy,
    entrance: Entrance,
) -> Result<Option<Conversation>, ConversationError> {
    match lock_if_free(tx, id).await?.filter(|conversation| conversation.assignee_id == Some(from)) {
        Some(conversation) => hand_over(tx, conversation, None, by, entrance).await.map(Some),
        None => Ok(None),
    }
}

/// Moves a conversation into a team's line, from whoever has it and whatever line it is in, at the place it has had. If nobody there
/// has taken it by `until`, it goes back to the line it was in.
pub async fn pass_to_team(
    tx: &mut TenantTx,
    id: ConversationId,
    team: TeamId,
    until: Option<Timestamp>,
    by: AssignedBy,
) -> Result<Conversation, ConversationError> {
    let mut conversation = lock(tx, id).await?.ok_or(ConversationError::Unknown)?;
    if conversation.status == Status::Resolved {
        return Err(StateError::Resolved.into());
    }
    if conversation.is_waiting() {
        queue::leave(tx, id, queue::Outcome::Moved).await?;
    } else if conversation.status != Status::Open {
        let open = conversation.state()?.open();
        conversation.set_state(open);
    }
    let back = until.filter(|_| conversation.team_id != Some(team)).map(|at| Back { team: conversation.team_id, at });
    let entrance = Entrance { reason: Reason::Transferred, team: Some(team), not: conversation.assignee_id, back };
    hand_over(tx, conversation, None, by, entrance).await
}

/// Puts a conversation that was passed on to a team back into the line it was in before, at its place, as nobody has taken it in
/// time; `None` when it does not wait for that any more, or is in other hands at this moment.
pub async fn give_back(tx: &mut TenantTx, id: ConversationId) -> Result<Option<Conversation>, ConversationError> {
    let Some(mut conversation) = lock_if_free(tx, id).await?.filter(Conversation::is_waiting) else { return Ok(None) };
    let now = tx.now();
    let entry = queue::find(tx, id).await?.filter(|entry| entry.return_at.is_some_and(|at| at <= now));
    let Some(entry) = entry else { return Ok(None) };
    queue::leave(tx, id, queue::Outcome::Moved).await?;
    let activity = Activity::NotTaken {
        team: team_name(tx, conversation.team_id).await?,
        back_to: team_name(tx, entry.return_team).await?,
    };
    message::note_activity(tx, &mut conversation, activity).await?;
    let why = serde_json::json!({ "reason": "not_taken", "team_id": conversation.team_id });
    conversation.team_id = entry.return_team;
    let by = AssignedBy::Routing { why, stamp: None };
    hand_over(tx, conversation, None, by, Entrance::by(Reason::Returned)).await.map(Some)
}

/// Moves a conversation that has waited for long into another team's line: its wait goes on there, by the rules of that line.
/// `relaxed` is what it asks for by now. `None` when it is in other hands at this moment; false when it stays where it is, as it has
/// been there before, or is being offered to somebody.
pub async fn overflow(
    tx: &mut TenantTx,
    id: ConversationId,
    to: TeamId,
    relaxed: &Demands,
) -> Result<Option<bool>, ConversationError> {
    let Some(mut conversation) = lock_if_free(tx, id).await?.filter(Conversation::is_waiting) else { return Ok(None) };
    let Some(inbox) = inbox::find(tx, conversation.inbox_id).await? else { return Ok(Some(false)) };
    let from = conversation.team_id;
    let here = assignment_policy::holding(tx, from, &inbox).await?;
    let there = assignment_policy::holding(tx, Some(to), &inbox).await?;
    // By the same rules the same ladder goes on, and says itself what it has relaxed.
    let relaxed = (here != there).then_some(relaxed);
    if !queue::overflow(tx, id, from, to, relaxed).await? {
        return Ok(Some(false));
    }
    conversation.team_id = Some(to);
    save(tx, &mut conversation).await?;
    Event::ConversationUpdated { conversation: Arc::new(conversation) }.tell(tx)?;
    Ok(Some(true))
}

async fn team_name(tx: &TenantTx, id: Option<TeamId>) -> Result<Option<String>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    Ok(team::find(tx, id).await?.map(|team| team.name))
}

/// An agent joins a conversation that somebody else has: the visitor is told, so that nobody wonders who is speaking.
pub async fn join(
    tx: &mut TenantTx,
    id: ConversationId,
    agent: AgentId,
    name: &str,
) -> Result<Conversation, ConversationError> {
    let mut conversation = lock(tx, id).await?.ok_or(ConversationError::Unknown)?;
    if conversation.status == Status::Resolved {
        return Err(StateError::Resolved.into());
    }
    let content = serde_json::json!({ "kind": "agent_joined", "agent_id": agent, "agent_name": name });
    message::write_template(tx, &mut conversation, &format!("{name} has joined the conversation"), content).await?;
    save(tx, &mut conversation).await?;
    Event::ConversationUpdated { conversation: Arc::new(conversation.clone()) }.tell(tx)?;
    Ok(conversation)
}

/// Takes every open conversation from an agent who will not answer them any more; says how many.
pub async fn release_all_of(tx: &mut TenantTx, agent: AgentId) -> Result<usize, ConversationError> {
    let ids = super::store::open_of(tx, agent).await?;
    for id in &ids {
        let conversation = lock(tx, *id).await?.ok_or(ConversationError::Unknown)?;
        let why = serde_json::json!({ "reason": "agent_switched_off" });
        let entrance = Entrance { not: Some(agent), ..Entrance::by(Reason::AgentGone) };
        hand_over(tx, conversation, None, AssignedBy::Routing { why, stamp: None }, entrance).await?;
    }
    Ok(ids.len())
}

async fn hand_over(
    tx: &mut TenantTx,
    mut conversation: Conversation,
    to: Option<AgentId>,
    by: AssignedBy,
    entrance: Entrance,
) -> Result<Conversation, ConversationError> {
    let id = conversation.id;
    // A conversation that was taken out of its line to go into another one stands nowhere.
    let is_moved = conversation.assignee_id.is_none() && to.is_none();
    let stood = if is_moved { Stood::NOWHERE } else { Stood::of(&conversation) };
    let name = match to {
        Some(agent_id) => Some(agent::find_name(tx, agent_id).await?.ok_or(ConversationError::AgentUnknown)?),
        None => None,
    };
    conversation.assignee_id = to;
    conversation.assignee_name.clone_from(&name);
    let (decided_by, why, author, stamp) = match by {
        AssignedBy::Agent { id, name } => {
            (id.to_string(), serde_json::json!({ "reason": "by_hand" }), Some(name), None)
        }
        AssignedBy::Routing { why, stamp } => ("routing".to_owned(), why, None, stamp),
    };
    tx.run(sql(
        "insert into assignment (id, conversation_id, agent_id, decided_by, why, created_at, number) \
         values ($1, $2, $3, $4, $5, $6, (select count(*) from assignment where conversation_id = $2))",
        [
            tx.uuid().into(),
            id.uuid().into(),
            to.map(infra::Id::uuid).into(),
            decided_by.into(),
            why.into(),
            tx.now().into(),
        ],
    ))
    .await?;
    tx.run(sql("delete from transfer where conversation_id = $1", [id.uuid().into()])).await?;
    queue::follow(tx, &mut conversation, stood, entrance).await?;
    // After the line: a round holds places there while it waits for an agent's row.
    if let Some(agent_id) = to {
        tx.run(sql(
            "update agent set last_assigned_at = $2, missed_offers = 0 where id = $1",
            [agent_id.uuid().into(), stamp.unwrap_or(tx.now()).into()],
        ))
        .await?;
    }
    let activity = match (to, name) {
        (Some(agent_id), Some(agent_name)) => Activity::Assigned { agent_id, agent_name, by: author },
        _ => Activity::Unassigned { by: author },
    };
    // Nothing was taken from anybody; whoever moved it has said so.
    if !is_moved {
        message::note_activity(tx, &mut conversation, activity).await?;
    }
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
    let stood = Stood::of(&conversation);
    let reopened = matches!(before, State::Resolved { .. });
    conversation.set_state(after);
    if reopened {
        begin_episode(tx, &mut conversation).await?;
    }
    if let State::Resolved { .. } = after {
        conversation.waiting_since = None;
    }
    if !matches!(after, State::Open) {
        tx.run(sql("delete from transfer where conversation_id = $1", [id.uuid().into()])).await?;
    }
    queue::follow(tx, &mut conversation, stood, Entrance::by(Reason::Reopened)).await?;
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
    // The next line is found anew.
    conversation.team_id = None;
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
        queue::rank(tx, id, to).await?;
        save(tx, &mut conversation).await?;
        Event::ConversationUpdated { conversation: Arc::new(conversation.clone()) }.tell(tx)?;
    }
    Ok(conversation)
}

/// Opens the snoozed conversations whose time has come; says how many.
pub async fn wake_snoozed(tx: &mut TenantTx) -> Result<usize, ConversationError> {
    let ids = due(tx, 100).await?;
    for id in &ids {
        set_status(tx, *id, Status::Open, None, None).await?;
    }
    Ok(ids.len())
}

/// When the next snoozed conversation wakes.
pub async fn next_to_wake(tx: &TenantTx) -> Result<Option<Timestamp>, StoreError> {
    next_due(tx).await
}
