//! What can be done with a conversation: fetch (locking), decide, save, tell.

use std::sync::Arc;

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use tenant::{AgentId, TenantTx};

use super::hand_over::{AssignedBy, hand_over};
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
        queue::leave(tx, &[(id, queue::Outcome::Moved)]).await?;
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
    queue::leave(tx, &[(id, queue::Outcome::Moved)]).await?;
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
        // Whoever opens it: else the console would be a way around what stops visitors.
        tenant::usage::room_for_a_conversation(tx).await?;
        begin_episode(tx, &mut conversation).await?;
    }
    if let State::Resolved { .. } = after {
        conversation.waiting_since = None;
    }
    if !matches!(after, State::Open) {
        tx.run(sql("delete from transfer where conversation_id = $1", [id.uuid().into()])).await?;
    }
    queue::follow_one(tx, &mut conversation, stood, Entrance::by(Reason::Reopened)).await?;
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
