//! The line follows the conversation: whoever changes one says where it stood before, and what that means for the line, for the
//! waits and for the times in hand is done here, in the same transaction.
//!
//! **Invariant.** A conversation has an entry in the line when, and only when, it is open and nobody has it.

use std::collections::HashMap;

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use serde::Serialize;
use tenant::{AgentId, TenantTx};
use uuid::Uuid;

use super::overflow::{Climbed, climbed};
use super::{QueueEntry, Reason, put};
use crate::assignment_policy::{self, Rules, WhenFull};
use crate::conversation::{Conversation, ConversationId, Priority, Status};
use crate::inbox::{Inbox, InboxId};
use crate::opening::Hours;
use crate::routing_rule::{self, Facts, RoutingRule};
use crate::start::Start;
use crate::team::TeamId;
use crate::{contact, inbox, setup};

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An agent has it.
    Assigned,
    /// It was put aside.
    Left,
    /// It is done.
    Resolved,
    /// The visitor left a message, or wants to be called.
    Patient,
    /// It went to another line.
    Moved,
    /// The line was full.
    Refused,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::Left => "left",
            Self::Resolved => "resolved",
            Self::Patient => "patient",
            Self::Moved => "moved",
            Self::Refused => "refused",
        }
    }
}

/// Where a conversation stood before somebody changed it.
#[derive(Debug, Clone, Copy)]
pub struct Stood {
    waited: bool,
    in_hand: Option<AgentId>,
}

impl Stood {
    /// It was not there yet.
    pub const NOWHERE: Self = Self { waited: false, in_hand: None };

    /// As it stands now, before the change.
    pub fn of(conversation: &Conversation) -> Self {
        Self { waited: conversation.is_waiting(), in_hand: in_hand(conversation) }
    }
}

/// Whose time it takes.
fn in_hand(conversation: &Conversation) -> Option<AgentId> {
    conversation.assignee_id.filter(|_| conversation.status == Status::Open)
}

/// How a conversation comes into line.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// Why.
    pub reason: Reason,
    /// Into which team's line, whatever rules say.
    pub team: Option<TeamId>,
    /// Who is not asked this time round.
    pub not: Option<AgentId>,
    /// Where it goes when nobody takes it there.
    pub back: Option<Back>,
}

/// Where a conversation goes that nobody has taken in time.
#[derive(Debug, Clone, Copy)]
pub struct Back {
    /// Into which team's line; none for the line of the whole company.
    pub team: Option<TeamId>,
    /// When.
    pub at: Timestamp,
}

impl Entrance {
    /// For this reason, and otherwise as the rules say.
    pub const fn by(reason: Reason) -> Self {
        Self { reason, team: None, not: None, back: None }
    }
}

/// A conversation that somebody has changed.
pub(crate) struct Following<'a> {
    /// As it is now.
    pub(crate) conversation: &'a mut Conversation,
    /// Where it stood before.
    pub(crate) stood: Stood,
    /// How it comes into line, if it does.
    pub(crate) entrance: Entrance,
}

/// [`follow`] for one.
pub(crate) async fn follow_one(
    tx: &TenantTx,
    conversation: &mut Conversation,
    stood: Stood,
    entrance: Entrance,
) -> Result<(), StoreError> {
    follow(tx, vec![Following { conversation, stood, entrance }]).await
}

/// Brings line, waits and times in hand to what the conversations are now. Saving them is the caller's: their priorities and their
/// teams may have changed.
pub(crate) async fn follow(tx: &TenantTx, all: Vec<Following<'_>>) -> Result<(), StoreError> {
    let mut hands = Hands::default();
    for one in &all {
        hands.look(tx, one);
    }
    hands.write(tx).await?;
    let mut left = Vec::new();
    let mut lore = Lore::default();
    for Following { conversation, stood, entrance } in all {
        if conversation.is_waiting() {
            if !stood.waited {
                enter(tx, conversation, entrance, &mut lore).await?;
            }
        } else if stood.waited {
            let outcome = match conversation.status {
                Status::Open => Outcome::Assigned,
                Status::Pending | Status::Snoozed => Outcome::Left,
                Status::Resolved => Outcome::Resolved,
            };
            left.push((conversation.id, outcome));
        }
    }
    leave(tx, &left).await
}

#[derive(Serialize)]
struct Begun {
    id: Uuid,
    conversation_id: Uuid,
    episode: i32,
    agent_id: Uuid,
    team_id: Option<Uuid>,
}

/// Times in hand that end and begin.
#[derive(Default)]
struct Hands {
    ended: Vec<Uuid>,
    taken: Vec<Uuid>,
    begun: Vec<Begun>,
}

impl Hands {
    fn look(&mut self, tx: &TenantTx, one: &Following<'_>) {
        let Following { conversation, stood, entrance } = one;
        let now = in_hand(conversation);
        if stood.in_hand == now {
            return;
        }
        let id = conversation.id.uuid();
        if stood.in_hand.is_some() {
            self.ended.push(id);
            // What was taken away says only that it would have lasted longer.
            if conversation.is_waiting() && matches!(entrance.reason, Reason::NoAnswer | Reason::AgentGone) {
                self.taken.push(id);
            }
        }
        self.begun.extend(now.map(|agent| Begun {
            id: tx.uuid(),
            conversation_id: id,
            episode: conversation.episode,
            agent_id: agent.uuid(),
            team_id: conversation.team_id.map(infra::Id::uuid),
        }));
    }

    async fn write(self, tx: &TenantTx) -> Result<(), StoreError> {
        if !self.ended.is_empty() {
            tx.run(sql(
                "update handling set ended_at = $2, taken = conversation_id = any($3::uuid[]) \
                 where conversation_id = any($1::uuid[]) and ended_at is null",
                [self.ended.into(), tx.now().into(), self.taken.into()],
            ))
            .await?;
        }
        if !self.begun.is_empty() {
            tx.run(sql(
                "insert into handling (id, conversation_id, episode, agent_id, team_id, started_at) \
                 select b.id, b.conversation_id, b.episode, b.agent_id, b.team_id, $2 from jsonb_to_recordset($1) \
                 as b (id uuid, conversation_id uuid, episode integer, agent_id uuid, team_id uuid)",
                [setup::stored(&self.begun)?.into(), tx.now().into()],
            ))
            .await?;
        }
        Ok(())
    }
}

/// Takes conversations out of the line.
pub(crate) async fn leave(tx: &TenantTx, left: &[(ConversationId, Outcome)]) -> Result<(), StoreError> {
    if left.is_empty() {
        return Ok(());
    }
    let (ids, outcomes): (Vec<Uuid>, Vec<String>) =
        left.iter().map(|(id, outcome)| (id.uuid(), outcome.as_str().to_owned())).unzip();
    // What an entry says of an offer belongs to its wait.
    tx.run(sql(
        "with entry as (delete from queue_entry where conversation_id = any($1::uuid[]) \
             returning conversation_id, step, case when offered_to is not null then offered_at end as offered_at) \
         update wait w set left_at = $2, \
         outcome = (select g.outcome from unnest($1::uuid[], $3::text[]) as g (id, outcome) where g.id = w.conversation_id limit 1), \
         offered_at = (select e.offered_at from entry e where e.conversation_id = w.conversation_id), \
         step = coalesce((select e.step from entry e where e.conversation_id = w.conversation_id), w.step) \
         where w.conversation_id = any($1::uuid[]) and w.left_at is null",
        [ids.into(), tx.now().into(), outcomes.into()],
    ))
    .await
    .map(drop)
}

/// Writes down how a wait ended.
pub async fn end_wait(tx: &TenantTx, id: ConversationId, outcome: Outcome) -> Result<(), StoreError> {
    tx.run(sql(
        "update wait set left_at = $2, outcome = $3 where conversation_id = $1 and left_at is null",
        [id.uuid().into(), tx.now().into(), outcome.as_str().into()],
    ))
    .await
    .map(drop)
}

#[derive(FromQueryResult)]
struct Known {
    start: Option<serde_json::Value>,
    first_entered_at: Option<Timestamp>,
    last_agent_id: Option<Uuid>,
}

/// What many who come into line at once have in common.
#[derive(Default)]
struct Lore {
    rules: Option<Vec<RoutingRule>>,
    hours: Option<Hours>,
    inboxes: HashMap<InboxId, Inbox>,
}

impl Lore {
    /// The company's rules.
    async fn rules(&mut self, tx: &TenantTx) -> Result<&[RoutingRule], StoreError> {
        let rules = match self.rules.take() {
            Some(rules) => rules,
            None => routing_rule::list(tx).await?,
        };
        Ok(self.rules.insert(rules))
    }

    /// The hours that its rules go by.
    async fn hours(&mut self, tx: &TenantTx) -> Result<&Hours, StoreError> {
        let hours = match self.hours.take() {
            Some(hours) => hours,
            None => routing_rule::hours(tx, self.rules(tx).await?).await?,
        };
        Ok(self.hours.insert(hours))
    }

    /// One of its inboxes.
    async fn inbox(&mut self, tx: &TenantTx, id: InboxId) -> Result<Option<Inbox>, StoreError> {
        if let Some(inbox) = self.inboxes.get(&id) {
            return Ok(Some(inbox.clone()));
        }
        let found = inbox::find(tx, id).await?;
        self.inboxes.extend(found.clone().map(|inbox| (id, inbox)));
        Ok(found)
    }
}

/// Puts a conversation into line. It keeps its place of this episode.
async fn enter(
    tx: &TenantTx,
    conversation: &mut Conversation,
    entrance: Entrance,
    lore: &mut Lore,
) -> Result<(), StoreError> {
    let id = conversation.id;
    let known: Option<Known> = tx
        .one(sql(
            "select c.start, (select min(w.entered_at) from wait w where w.conversation_id = c.id and w.episode = $2) as first_entered_at, \
             (select a.agent_id from assignment a join conversation o on o.id = a.conversation_id where o.contact_id = c.contact_id \
             and a.agent_id is not null order by a.created_at desc, a.number desc limit 1) as last_agent_id from conversation c where c.id = $1",
            [id.uuid().into(), conversation.episode.into()],
        ))
        .await?;
    let missing =
        |what: &str| StoreError::Inconsistent { table: "conversation", id: id.to_string(), what: what.into() };
    let known = known.ok_or_else(|| missing("is not there"))?;
    let contact = contact::find(tx, conversation.contact.id).await?.ok_or_else(|| missing("has no contact"))?;
    let inbox = lore.inbox(tx, conversation.inbox_id).await?.ok_or_else(|| missing("has no inbox"))?;
    let start: Start = known.start.and_then(|start| serde_json::from_value(start).ok()).unwrap_or_default();
    // What comes back is judged by the moment at which it came: an evening changes nothing of what it asks for.
    let open = lore.hours(tx).await?.open_to(&start, &inbox, known.first_entered_at.unwrap_or(tx.now()));
    let outcome = routing_rule::apply(lore.rules(tx).await?, Facts::of(&contact, inbox.id, open, &start));
    let wanted = entrance.team.or(conversation.team_id).or(start.team_id).or(outcome.team_id).or(inbox.team_id);
    conversation.priority = conversation.priority.or(outcome.priority);
    // Who had a place in this episode keeps it.
    let (team, turned) =
        if known.first_entered_at.is_none() { admitted(tx, wanted, &inbox).await? } else { (wanted, Turned::In) };
    let turned_away = turned != Turned::In;
    conversation.team_id = team;
    let climbed = match known.first_entered_at {
        Some(_) => climbed(tx, conversation, team).await?,
        None => Climbed::default(),
    };
    let rank = Priority::rank(conversation.priority);
    tx.run(sql(
        "insert into wait (id, conversation_id, episode, team_id, skill_ids, entered_at, left_at, outcome, position, staffed, ahead, relaxed) \
         values ($1, $2, $3, $4, $5, $6, case when $7 then $6::timestamptz end, case when $7 then 'refused' end, 0, 0, $8, $9)",
        [
            tx.uuid().into(),
            id.uuid().into(),
            conversation.episode.into(),
            team.map(infra::Id::uuid).into(),
            outcome.demands.required.iter().map(|demand| demand.skill_id.uuid()).collect::<Vec<Uuid>>().into(),
            tx.now().into(),
            turned_away.into(),
            (known.first_entered_at.is_some() || outcome.vip || rank > Priority::rank(None)).into(),
            climbed.relaxed.as_ref().map(setup::stored).transpose()?.into(),
        ],
    ))
    .await?;
    let entry = QueueEntry {
        conversation: id,
        team,
        entered_at: known.first_entered_at.unwrap_or(tx.now()),
        rank,
        vip: outcome.vip,
        patient: turned_away,
        turned_away,
        refused: turned == Turned::Refused,
        demands: climbed.relaxed.unwrap_or(outcome.demands),
        language: contact.locale,
        channel: inbox.channel,
        weight: inbox.weight,
        last_agent: known.last_agent_id.map(AgentId::from_uuid),
        only_agent: None,
        return_team: entrance.back.and_then(|back| back.team),
        return_at: entrance.back.map(|back| back.at),
        declined: entrance.not.into_iter().collect(),
        // Who let it wait is left in peace for a while, as if they had been asked.
        last_offer_at: entrance.not.map(|_| tx.now()),
        offer: None,
        reason: entrance.reason,
        step: climbed.step,
        // Who comes back half way up is looked at for the next rung.
        step_at: (climbed.step > 0).then(|| tx.now()),
        best_progress: 0.0,
        predicted: None,
        updated_at: tx.now(),
    };
    put(tx, &entry).await
}

#[derive(FromQueryResult)]
struct Length {
    length: i64,
}

/// Whether somebody who comes is let into line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turned {
    /// They are.
    In,
    /// They are not, and may leave a message.
    Away,
    /// They are not, and are told that nobody can be reached.
    Refused,
}

/// Whose line somebody who comes now stands in, and whether it takes them.
async fn admitted(
    tx: &TenantTx,
    wanted: Option<TeamId>,
    inbox: &inbox::Inbox,
) -> Result<(Option<TeamId>, Turned), StoreError> {
    let rules = assignment_policy::holding(tx, wanted, inbox).await?;
    if !is_full(tx, wanted, &rules).await? {
        return Ok((wanted, Turned::In));
    }
    Ok(match rules.when_full {
        WhenFull::MessageForm {} => (wanted, Turned::Away),
        WhenFull::Refuse {} => (wanted, Turned::Refused),
        // Where it flows over to takes them, full or not: nobody is sent round.
        WhenFull::OverflowToTeam { team_id } => (Some(team_id), Turned::In),
    })
}

async fn is_full(tx: &TenantTx, team: Option<TeamId>, rules: &Rules) -> Result<bool, StoreError> {
    let Some(most) = rules.queue_limit else { return Ok(false) };
    // Two who come at once would both find the last place free. Whoever comes into a line without an end waits for nobody here.
    tx.run(sql(
        "insert into counter as n (name, value) values ('line', 1) on conflict (name) do update set value = n.value + 1",
        [],
    ))
    .await?;
    let row: Option<Length> = tx
        .one(sql(
            "select count(*) as length from queue_entry where not patient and team_id is not distinct from $1",
            [team.map(infra::Id::uuid).into()],
        ))
        .await?;
    Ok(row.is_some_and(|row| row.length >= i64::from(most)))
}

/// Moves an entry to where its conversation's priority puts it.
pub(crate) async fn rank(tx: &TenantTx, id: ConversationId, priority: Option<Priority>) -> Result<(), StoreError> {
    tx.run(sql(
        "update queue_entry set rank = $2, updated_at = $3 where conversation_id = $1",
        [id.uuid().into(), Priority::rank(priority).into(), tx.now().into()],
    ))
    .await
    .map(drop)
}

#[derive(FromQueryResult)]
struct Astray {
    id: Uuid,
}

/// Puts into line what waits without an entry (written by a program before this one), and takes out what does not wait; says how
/// many. What somebody has in hand at this moment is left to them.
pub async fn repair(tx: &mut TenantTx) -> Result<usize, StoreError> {
    let gone = tx
        .run(sql(
            "delete from queue_entry q using conversation c where c.id = q.conversation_id and (c.status <> 'open' or c.assignee_id is not null)",
            [],
        ))
        .await?;
    let ended = tx
        .run(sql(
            "update wait w set left_at = $1, outcome = 'left' where w.left_at is null \
             and not exists (select 1 from queue_entry q where q.conversation_id = w.conversation_id)",
            [tx.now().into()],
        ))
        .await?;
    let over = tx
        .run(sql(
            "update handling h set ended_at = $1 from conversation c where h.ended_at is null and c.id = h.conversation_id \
             and (c.status <> 'open' or c.assignee_id is distinct from h.agent_id)",
            [tx.now().into()],
        ))
        .await?;
    let gone = gone + ended + over;
    let astray: Vec<Astray> = tx
        .all(sql(
            "select c.id from conversation c where c.status = 'open' and c.assignee_id is null \
             and not exists (select 1 from queue_entry q where q.conversation_id = c.id) limit 200",
            [],
        ))
        .await?;
    let mut found = usize::try_from(gone).unwrap_or(usize::MAX);
    let mut lore = Lore::default();
    for Astray { id } in astray {
        let id = ConversationId::from_uuid(id);
        let Some(mut conversation) = crate::conversation::store::lock_if_free(tx, id).await? else { continue };
        if conversation.is_waiting() && super::find(tx, id).await?.is_none() {
            enter(tx, &mut conversation, Entrance::by(Reason::New), &mut lore).await?;
            crate::conversation::store::save(tx, &mut conversation).await?;
            found += 1;
        }
    }
    Ok(found)
}
