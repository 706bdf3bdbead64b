//! One look at a company's floor, in one transaction: what is overdue goes back into line, whom the plan finds gets something.
//!
//! Rounds of one company follow each other, whatever process they run in: each takes the same row lock before it counts free
//! places, so that no place is counted twice.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use desk::ConversationId;
use desk::assignment_policy::Step;
use desk::conversation::{self, AssignedBy, Claim, Conversation, ConversationError, Requeue, Summary};
use desk::queue::offers::{self, Question};
use desk::queue::{self, Entrance, Reason, overdue, transfer};
use desk::skill::Demands;
use desk::team::TeamId;
use infra::Timestamp;
use infra::database::StoreError;
use infra::fault::{Fault, Kind};
use tenant::agent::{self, Availability, ChosenBy};
use tenant::{AgentId, Tenant, TenantTx};
use tokio::time::Instant;
use uuid::Uuid;

use super::floor::{self, Loaded, Policies};
use super::{Decision, Seat, Ticket, effective, plan_to};
use crate::Routing;
use crate::realtime::{OfferOutcome, ServerFrame, Topic};

/// How many decisions are carried out in one transaction: while it lasts, these conversations are in its hands.
const TOGETHER: usize = 50;
/// In a long line it is one in so many of it: reading the line costs as much as carrying out many decisions.
const OF_A_LINE: usize = 25;
/// But never more than this.
const AT_MOST: usize = 200;
/// How often a conversation is taken from agents who do not answer, in one episode. Where nobody answers, going round helps nobody.
const PASSED_ON: i64 = 5;
/// When to look again, when a conversation was in somebody else's hands.
const BUSY: TimeDelta = TimeDelta::milliseconds(100);

/// What came of a round.
#[derive(Debug, Default)]
pub struct Round {
    /// How many conversations found an agent, or an agent to ask.
    pub given: usize,
    /// When to look again, if nothing happens before.
    pub wake_at: Option<Timestamp>,
    /// Whether there was more to do than one transaction should hold.
    pub more: bool,
    /// Agents who have been set to away.
    pub sent_away: Vec<AgentId>,
    /// Whether anything is otherwise than before.
    pub has_changed: bool,
    frames: Vec<(Topic, String)>,
}

impl Round {
    fn wake(&mut self, at: Timestamp) {
        self.wake_at = Some(self.wake_at.map_or(at, |before| before.min(at)));
    }
}

/// Gives what waits to agents who are here and have room. `is_thorough` notes who is gone, too. Safe to call at any time, from
/// anywhere.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn round(routing: &Routing, tenant: &Tenant, is_thorough: bool) -> Result<Round, ConversationError> {
    // By a clock that may be wrong by days everybody would be late, or gone. Once it is right, the sweeps look.
    if !routing.world.clock.is_compared() {
        return Ok(Round::default());
    }
    let here = routing.presence.who(tenant.id(), tenant.now()).await;
    let ids: Vec<Uuid> = here.iter().map(|agent| agent.uuid()).collect();
    // While the register of who is here is away, nobody is declared gone.
    if is_thorough && routing.health.now().degraded().is_empty() {
        let tx = tenant.begin_first().await?;
        if overdue::note_presence(&tx, ids.clone()).await? > 0 {
            tx.commit().await?;
        }
    }
    let mut tx = tenant.begin_first().await?;
    let mut round = Round::default();
    let mut touched = 0;
    // Most calls find nothing to do, and must not queue for the lock to learn it.
    let pulse = queue::floor::pulse(&tx, ids).await?;
    let late = if pulse.is_owed { overdue(&tx, &here, &mut round).await? } else { Vec::new() };
    if !late.is_empty() || pulse.is_due || pulse.can_give {
        // Two at once would count the same free place.
        queue::floor::take_turn(&tx).await?;
        touched += take_back(&mut tx, late, &mut round).await?;
        touched += end_transfers(&tx, &mut round).await?;
        touched += give_back(&mut tx, &mut round).await?;
        let (account, began) = (tenant.id(), Instant::now());
        let loaded = floor::load(&tx, &here, routing.depths.now(account, began)).await?;
        let is_whole = loaded.cut.is_none();
        let is_long = loaded.is_long();
        let given = give(&mut tx, loaded, &mut round).await?;
        touched += given.touched;
        // Where somebody has room whom nobody further back fits, reading the head first would be in vain.
        if is_whole && is_long && !given.has_room {
            routing.depths.read_whole(account, began);
        } else if is_whole || given.has_room {
            routing.depths.forget(account);
        }
        round.more |= !is_whole && given.has_room;
    }
    if touched > 0 {
        tx.commit().await?;
        round.has_changed = true;
        tell(routing, tenant, &mut round).await;
    }
    Ok(round)
}

/// Puts into line what waits without a place there, and takes out what does not wait.
pub async fn repair(tenant: &Tenant) -> Result<usize, ConversationError> {
    let mut tx = tenant.begin().await?;
    let found = queue::repair(&mut tx).await?;
    if found > 0 {
        tx.commit().await?;
    }
    Ok(found)
}

/// What is overdue now: its agent is gone, has given it up, or does not answer in time.
async fn overdue(
    tx: &TenantTx,
    here: &BTreeSet<AgentId>,
    round: &mut Round,
) -> Result<Vec<(overdue::Owed, Reason)>, StoreError> {
    let (policies, now) = (Policies::load(tx).await?, tx.now());
    let mut late = Vec::new();
    for owed in overdue::owed(tx).await? {
        let (_, rules) = policies.holding(owed.policy);
        let after = |since: Timestamp, seconds: u32| since + TimeDelta::seconds(seconds.into());
        // Who has just come back was gone; what waits for them is what they come back to.
        let gone = owed.gone_at.filter(|_| !here.contains(&owed.agent)).map(|at| after(at, rules.absent_seconds));
        let answer = rules.answer_seconds.filter(|_| owed.waits <= PASSED_ON);
        let answer = answer.map(|seconds| after(owed.since, seconds));
        if owed.availability == Availability::Reassigning || gone.is_some_and(|at| at <= now) {
            late.push((owed, Reason::AgentGone));
        } else if answer.is_some_and(|at| at <= now) {
            late.push((owed, Reason::NoAnswer));
        } else {
            gone.into_iter().chain(answer).for_each(|at| round.wake(at));
        }
    }
    Ok(late)
}

/// Puts what is overdue back into line, where it stands at the head.
async fn take_back(
    tx: &mut TenantTx,
    late: Vec<(overdue::Owed, Reason)>,
    round: &mut Round,
) -> Result<usize, ConversationError> {
    let (mut late, mut taken) = (late.into_iter(), 0);
    while taken < TOGETHER {
        let some: Vec<(overdue::Owed, Reason)> = late.by_ref().take(TOGETHER - taken).collect();
        if some.is_empty() {
            break;
        }
        let all = some.iter().map(|(owed, reason)| Requeue {
            id: owed.conversation,
            from: owed.agent,
            by: AssignedBy::Routing { why: serde_json::json!({ "reason": reason }), stamp: None },
            entrance: Entrance { not: Some(owed.agent), ..Entrance::by(*reason) },
        });
        let requeued = conversation::requeue(tx, all.collect()).await?;
        taken += requeued.len();
        for (owed, reason) in some {
            if requeued.contains(&owed.conversation) {
                metrics::counter!("frontdesk_requeued_total", "reason" => reason.as_str()).increment(1);
            } else {
                round.wake(tx.now() + BUSY);
            }
        }
    }
    round.more |= late.next().is_some();
    Ok(taken)
}

/// Ends the questions to colleagues that nobody has answered in time. The conversations have stayed where they were.
async fn end_transfers(tx: &TenantTx, round: &mut Round) -> Result<usize, StoreError> {
    let mut ended = 0;
    for asked in transfer::all(tx).await? {
        if asked.until > tx.now() {
            round.wake(asked.until);
        } else if transfer::end(tx, asked.conversation).await? {
            ended += 1;
            let frame = ServerFrame::OfferEnded { conversation_id: asked.conversation, outcome: OfferOutcome::Expired };
            let frame = frame.encode();
            let account = tx.account();
            round.frames.push((Topic::Agent(account, asked.to), frame.clone()));
            round.frames.push((Topic::Agent(account, asked.from), frame));
        }
    }
    Ok(ended)
}

/// Puts back what was passed on to a team and nobody there has taken in time.
async fn give_back(tx: &mut TenantTx, round: &mut Round) -> Result<usize, ConversationError> {
    let (mut returned, now) = (0, tx.now());
    for passed in offers::passed_on(tx).await? {
        if passed.return_at > now {
            // The earliest comes first.
            round.wake(passed.return_at);
            break;
        }
        if returned == TOGETHER {
            round.more = true;
            break;
        }
        if conversation::give_back(tx, passed.conversation).await?.is_none() {
            round.wake(now + BUSY);
            continue;
        }
        returned += 1;
        metrics::counter!("frontdesk_requeued_total", "reason" => "not_taken").increment(1);
        if let Some(agent) = passed.asked {
            let ended =
                ServerFrame::OfferEnded { conversation_id: passed.conversation, outcome: OfferOutcome::Withdrawn };
            round.frames.push((Topic::Agent(tx.account(), agent), ended.encode()));
        }
    }
    Ok(returned)
}

/// What carrying a plan out came to.
struct Given {
    touched: usize,
    /// Whether somebody who takes conversations has room left.
    has_room: bool,
}

/// Plans, and carries the plan out.
async fn give(tx: &mut TenantTx, mut loaded: Loaded, round: &mut Round) -> Result<Given, ConversationError> {
    let now = tx.now();
    let mut touched = pass_on(tx, &mut loaded, round).await?;
    touched += overflow(tx, &mut loaded, round).await?;
    touched += climb(tx, &loaded).await?;
    let most = (loaded.waiting / OF_A_LINE).clamp(TOGETHER, AT_MOST);
    let planned = plan_to(&mut loaded.floor, now, loaded.cut.and_then(|cut| cut.last));
    let unread = loaded.cut.and_then(|cut| cut.next_step_at);
    planned.wake_at.into_iter().chain(unread).for_each(|at| round.wake(at));
    let has_room = planned.has_room;
    let mut decisions = planned.decisions.into_iter();
    let mut given = BTreeSet::new();
    // What is in other hands is left out, and must not keep those behind it waiting.
    while given.len() < most {
        let some: Vec<Decision> = decisions.by_ref().take(most - given.len()).collect();
        if some.is_empty() {
            break;
        }
        // What was found not to wait has been taken out of the line, which is a change as well.
        touched += some.len();
        let (tried, before) = (some.len(), given.len());
        let (offers, claims): (Vec<Decision>, Vec<Decision>) =
            some.into_iter().partition(|decision| decision.offer.is_some());
        given.extend(claim(tx, &loaded, claims).await?);
        for decision in offers {
            let id = decision.conversation;
            let reason = loaded.entries.get(&id).map_or(Reason::New, |entry| entry.reason);
            if ask(tx, decision, reason, round).await? {
                given.insert(id);
            }
        }
        if given.len() < before + tried {
            round.wake(now + BUSY);
        }
    }
    round.more |= decisions.next().is_some();
    round.given = given.len();
    for entry in given.iter().filter_map(|id| loaded.entries.get(id)) {
        let waited = (now - entry.entered_at).to_std().unwrap_or_default();
        metrics::histogram!("frontdesk_assignment_seconds").record(waited);
    }
    Ok(Given { touched, has_room })
}

/// Ends offers whose time is over, and those to agents who take nothing any more.
async fn pass_on(tx: &TenantTx, loaded: &mut Loaded, round: &mut Round) -> Result<usize, StoreError> {
    let now = tx.now();
    let online = |seat: &&Seat| seat.availability == Availability::Online && !loaded.gone.contains(&seat.agent);
    let takers: BTreeSet<AgentId> = loaded.floor.seats.iter().filter(online).map(|seat| seat.agent).collect();
    let mut ended = 0;
    for ticket in &mut loaded.floor.tickets {
        let Some(offer) = ticket.offer else { continue };
        let is_late = offer.until <= now;
        if !is_late && takers.contains(&offer.to) {
            continue;
        }
        if offers::pass_on(tx, ticket.conversation, offer.to, is_late).await? {
            ended += 1;
            ticket.offer = None;
            if is_late {
                ticket.declined.insert(offer.to);
            }
            let outcome = if is_late { OfferOutcome::Expired } else { OfferOutcome::Withdrawn };
            let frame = ServerFrame::OfferEnded { conversation_id: ticket.conversation, outcome };
            round.frames.push((Topic::Agent(tx.account(), offer.to), frame.encode()));
            metrics::counter!("frontdesk_offers_unanswered_total").increment(1);
            if is_late {
                let missed = offers::missed(tx, offer.to).await?;
                let most = ticket.rules.auto_away_after_missed;
                if most.is_some_and(|most| i64::from(missed) >= i64::from(most)) {
                    agent::choose(tx, offer.to, Availability::Away, None, ChosenBy::Auto).await?;
                    round.sent_away.push(offer.to);
                    if let Some(seat) = loaded.floor.seats.iter_mut().find(|seat| seat.agent == offer.to) {
                        seat.availability = Availability::Away;
                    }
                }
            }
        }
    }
    Ok(ended)
}

/// Moves waits into the lines that they have overflowed into. What has moved is planned for in the next round, by the rules of its
/// new line; what is in other hands at this moment is moved then.
async fn overflow(tx: &mut TenantTx, loaded: &mut Loaded, round: &mut Round) -> Result<usize, ConversationError> {
    let now = tx.now();
    let overflows = |ticket: &&Ticket| {
        let ladder = &ticket.rules.ladder;
        ticket.offer.is_none() && ladder.iter().any(|rung| matches!(rung.step, Step::OverflowToTeam { .. }))
    };
    let brands = &loaded.floor.brands;
    let due = loaded.floor.tickets.iter().filter(overflows).filter_map(|ticket| {
        let reach = effective(ticket, brands, now);
        let to = reach.team.filter(|team| ticket.team != Some(*team))?;
        Some((ticket.conversation, to, Demands { required: reach.required, preferred: reach.preferred }))
    });
    let due: Vec<(ConversationId, TeamId, Demands)> = due.collect();
    let (mut moved, mut away) = (0, BTreeSet::new());
    for (id, to, relaxed) in due {
        let outcome = if moved < AT_MOST { conversation::overflow(tx, id, to, &relaxed).await? } else { None };
        match outcome {
            Some(true) => moved += 1,
            Some(false) => {
                // The team is gone, or it has been there: where it stands, it is given like everything else.
                let here = loaded.floor.tickets.iter_mut().find(|ticket| ticket.conversation == id);
                if let Some(ticket) = here {
                    ticket.moved_from.insert(to);
                }
                continue;
            }
            None => round.wake(now + BUSY),
        }
        away.insert(id);
    }
    if !away.is_empty() {
        round.more |= moved > 0;
        loaded.floor.tickets.retain(|ticket| !away.contains(&ticket.conversation));
    }
    Ok(moved)
}

/// Notes the rungs that waits have reached, for whoever looks at the board.
async fn climb(tx: &TenantTx, loaded: &Loaded) -> Result<usize, StoreError> {
    let mut climbed = 0;
    for ticket in &loaded.floor.tickets {
        let reach = effective(ticket, &loaded.floor.brands, tx.now());
        let known = loaded.entries.get(&ticket.conversation).map(|entry| (entry.step, entry.step_at));
        let step = i16::try_from(reach.step).unwrap_or(i16::MAX);
        if known != Some((step, reach.next_at)) {
            offers::climb(tx, ticket.conversation, step, reach.next_at).await?;
            climbed += 1;
        }
    }
    Ok(climbed)
}

async fn claim(
    tx: &mut TenantTx,
    loaded: &Loaded,
    decisions: Vec<Decision>,
) -> Result<BTreeSet<ConversationId>, ConversationError> {
    if decisions.is_empty() {
        return Ok(BTreeSet::new());
    }
    let claims = decisions.into_iter().map(|decision| Claim {
        id: decision.conversation,
        line: loaded.entries.get(&decision.conversation).and_then(|entry| entry.team),
        to: decision.agent,
        by: AssignedBy::Routing { why: value(&decision.why), stamp: Some(decision.stamp) },
    });
    let claimed = conversation::claim(tx, claims.collect()).await?;
    metrics::counter!("frontdesk_assignments_total").increment(u64::try_from(claimed.len()).unwrap_or_default());
    Ok(claimed)
}

/// Asks an agent. What came back, or was passed on, has a history that they are shown.
async fn ask(tx: &TenantTx, decision: Decision, reason: Reason, round: &mut Round) -> Result<bool, ConversationError> {
    let until = tx.now() + TimeDelta::seconds(decision.offer.unwrap_or_default().into());
    let (id, to) = (decision.conversation, decision.agent);
    let question =
        Question { to, until, stamp: decision.stamp, why: value(&decision.why), is_new_round: decision.new_round };
    if !offers::offer(tx, id, question).await? {
        return Ok(false);
    }
    if let Some(conversation) = conversation::find(tx, id).await? {
        let history = if reason == Reason::New { None } else { Some(conversation::summary(tx, &conversation).await?) };
        round.frames.push((Topic::Agent(tx.account(), to), offered(&conversation, until, None, history)));
    }
    metrics::counter!("frontdesk_offers_total").increment(1);
    Ok(true)
}

/// The question to an agent, as a frame.
pub(super) fn offered(
    conversation: &Conversation,
    expires_at: Timestamp,
    from: Option<&str>,
    summary: Option<Summary>,
) -> String {
    let (from, summary) = (from.map(str::to_owned), summary.map(Box::new));
    ServerFrame::Offered { conversation, expires_at, from, summary }.encode()
}

async fn tell(routing: &Routing, tenant: &Tenant, round: &mut Round) {
    for (topic, frame) in round.frames.drain(..) {
        routing.switchboard.say(topic, frame).await;
    }
    for agent in &round.sent_away {
        if let Err(error) = crate::relay::tell_presence(routing, tenant, *agent).await {
            tracing::warn!(%error, "presence could not be told");
        }
    }
}

fn value(of: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// Whether a failed round is worth a line in the log: a database that is away, or has too much to do, is reported elsewhere.
pub fn is_noteworthy(error: &ConversationError) -> bool {
    !matches!(error.kind(), Kind::Unavailable(_) | Kind::RateLimited(_))
}

/// Who is being asked about what, for whoever has just come: the questions that stand.
pub async fn standing_offers(tx: &TenantTx, to: AgentId) -> Result<Vec<String>, StoreError> {
    let mut frames = Vec::new();
    let mut asked: Vec<(ConversationId, Timestamp, Option<AgentId>, Reason)> = Vec::new();
    for entry in queue::list(tx).await? {
        let mine = entry.offer.filter(|offer| offer.agent == to);
        asked.extend(mine.map(|offer| (entry.conversation, offer.until, None, entry.reason)));
    }
    for transfer in transfer::all(tx).await?.into_iter().filter(|transfer| transfer.to == to) {
        asked.push((transfer.conversation, transfer.until, Some(transfer.from), Reason::Transferred));
    }
    for (id, until, from, reason) in asked.into_iter().filter(|(_, until, ..)| *until > tx.now()) {
        let from = match from {
            Some(from) => agent::find_name(tx, from).await?,
            None => None,
        };
        if let Some(conversation) = conversation::find(tx, id).await? {
            let history =
                if reason == Reason::New { None } else { Some(conversation::summary(tx, &conversation).await?) };
            frames.push(offered(&conversation, until, from.as_deref(), history));
        }
    }
    Ok(frames)
}
