//! From facts to frames and reactions. A fact is published by the process that committed it; a sweep publishes what a crash left.

use std::collections::{BTreeMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use desk::Audience;
use desk::conversation::Conversation;
use desk::event::{self, Event, Reader, Told};
use futures::StreamExt as _;
use infra::Timestamp;
use infra::database::StoreError;
use infra::spoken::OrLog as _;
use tenant::account::Status;
use tenant::outbox::{self, Fact};
use tenant::{AccountId, Tenant};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;
use uuid::Uuid;

use crate::clearing::{self, Published, SETTLE_EVERY, clear};
use crate::realtime::{Eyes, ServerFrame, Topic};
use crate::{Routing, assignment, waiting_room};

/// A fact that is still there after this time was left by a crash, or by a bus that was away. What is published stays for less.
const LEFT_BEHIND: TimeDelta = TimeDelta::seconds(8);
/// How many facts are put on the bus together.
const TOGETHER: usize = 64;
/// How many facts of one company one sweep tells.
const SWEPT_FACTS: u64 = 100;
/// How many companies one sweep looks at: all of a small server, a share of a big one in each turn.
const SWEPT_TOGETHER: usize = 64;
/// At how many floors a sweep looks at once: one that is stuck must not keep others waiting.
const LOOKED_AT_ONCE: usize = 8;
/// The same while the bus is away, and sweeps are all that is heard of other processes.
const SWEPT_TOGETHER_ALONE: usize = 512;
const SWEPT_FACTS_ALONE: u64 = 300;
/// What was lost has been in the outbox for a second at most when it is noticed. Read later than this after that, it may have been removed.
const FOUND_WITHIN: Duration = Duration::from_secs(3);
/// Of so many facts that were handed out in one company it is looked up which are still there.
const MANY: usize = 1_000;

/// Publishes committed facts as they come. Ends once `all_said` has come true and everything said before is published.
pub async fn run(routing: Routing, mut facts: UnboundedReceiver<Fact>, all_said: impl Future<Output = ()>) {
    let mut all_said = std::pin::pin!(all_said);
    let mut published = Published::default();
    let clearing = tokio::sync::mpsc::channel(1);
    let cleared = tokio::spawn(clear(routing.clone(), clearing.1));
    let mut tick = tokio::time::interval(SETTLE_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut together = Vec::with_capacity(TOGETHER);
    loop {
        tokio::select! {
            received = facts.recv_many(&mut together, TOGETHER) => {
                if received == 0 {
                    break;
                }
                published.speaks(routing.switchboard.connection());
                publish(&routing, &mut together, &mut published).await;
            }
            // While the last clearing goes on, what comes meanwhile is gathered: looked at here, for a condition of this branch would
            // not be looked at again before something else happens.
            _ = tick.tick(), if !published.is_empty() => {
                let is_well = routing.health.now().bus;
                if clearing.0.capacity() > 0
                    && let Some(due) = published.look(Instant::now(), routing.switchboard.connection(), is_well)
                {
                    drop(clearing.0.try_send(due));
                }
            }
            () = &mut all_said, if !facts.is_closed() => facts.close(),
        }
    }
    drop(clearing.0.send(published.rest(routing.switchboard.connection())).await);
    drop(clearing.0);
    cleared.await.or_log("clearing the outbox");
}

/// Puts facts on the bus, those of one company together, and does what they call for.
async fn publish(routing: &Routing, facts: &mut Vec<Fact>, published: &mut Published) {
    let mut by_account: BTreeMap<AccountId, Vec<Fact>> = BTreeMap::new();
    for fact in facts.drain(..) {
        by_account.entry(fact.account).or_default().push(fact);
    }
    for (account, facts) in by_account {
        let told = facts.iter().filter_map(|fact| fact.body.downcast_ref::<Told>());
        let taken = announce(routing, account, told.flat_map(|told| &told.0)).await;
        if let Some(oldest) = facts.iter().map(|fact| fact.at).min() {
            let late = (routing.world.now() - oldest).to_std().unwrap_or_default();
            metrics::histogram!("frontdesk_fact_to_bus_seconds").record(late);
        }
        let ids: Vec<Uuid> = facts.iter().filter_map(|fact| fact.id).collect();
        if ids.is_empty() {
            continue;
        }
        if taken {
            routing.switchboard.has_said(account, &ids);
            published.put(account, ids);
        } else {
            // The sockets here have heard it; those of other processes will, by a sweep.
            routing.switchboard.remember(account, &ids);
            published.leave(account, ids);
        }
    }
}

/// Tells everybody what happened in a company, and does what it calls for. False when the bus did not take it.
async fn announce<'a>(routing: &Routing, account: AccountId, events: impl Iterator<Item = &'a Event>) -> bool {
    let mut all = Vec::new();
    let mut assignable = false;
    for event in events {
        frames(account, event, &mut all);
        assignable |= calls_for_assignment(event);
        metrics::counter!("frontdesk_facts_total", "event" => event.name()).increment(1);
    }
    let taken = routing.switchboard.say_all(account, &all).await;
    if assignable {
        assign_soon(routing, account);
    }
    taken
}

/// Who is to hear of an event, and in what words. Notes and activity have no visitor's form at all.
fn frames(account: AccountId, event: &Event, all: &mut Vec<(Topic, Bytes)>) {
    let seers = |audience: Audience| Topic::AgentsWith(account, Eyes::Seeing(audience));
    // Whoever saw it where it was and does not see it where it is, is told that and nothing else.
    let lost = |conversation: &Conversation, all: &mut Vec<(Topic, Bytes)>| {
        let (from, to) = (conversation.audience_before(), conversation.audience());
        if from != to {
            let frame = ServerFrame::ConversationHidden { conversation_id: conversation.id }.encode();
            all.push((Topic::AgentsWith(account, Eyes::Losing { from, to }), frame.into()));
        }
    };
    let visitor = |conversation: &Conversation| Topic::Contact(account, conversation.contact.id);
    let for_visitor = |conversation: &Conversation| {
        ServerFrame::WidgetConversation { conversation: conversation.for_visitor() }.encode().into()
    };
    match event {
        Event::ConversationCreated { conversation } => {
            let frame = ServerFrame::ConversationCreated { conversation }.encode().into();
            all.push((seers(conversation.audience()), frame));
            all.push((visitor(conversation), for_visitor(conversation)));
        }
        Event::ConversationReopened { conversation }
        | Event::ConversationAssigned { conversation }
        | Event::ConversationStatusChanged { conversation }
        | Event::ConversationUpdated { conversation }
        | Event::SurveyAnswered { conversation } => {
            let frame = ServerFrame::ConversationUpdated { conversation }.encode().into();
            all.push((seers(conversation.audience()), frame));
            lost(conversation, all);
            all.push((visitor(conversation), for_visitor(conversation)));
        }
        Event::MessageCreated { message, conversation } => {
            let conversation_id = conversation.id;
            let agents = seers(conversation.audience());
            all.push((agents, ServerFrame::Message { conversation_id, message }.encode().into()));
            if let Some(message) = message.for_visitor() {
                let frame = ServerFrame::WidgetMessage { conversation_id, message }.encode().into();
                all.push((visitor(conversation), frame));
            }
            all.push((agents, ServerFrame::ConversationUpdated { conversation }.encode().into()));
        }
        Event::ConversationRead { conversation_id, contact_id, audience, by, seq, public_seq } => {
            let for_agents = match by {
                Reader::Contact => *public_seq,
                Reader::Agent => *seq,
            };
            let frame = |seq| ServerFrame::Read { conversation_id: *conversation_id, by: *by, seq }.encode().into();
            all.push((seers(*audience), frame(for_agents)));
            all.push((Topic::Contact(account, *contact_id), frame(*public_seq)));
        }
        Event::ConversationDelivered { conversation_id, audience, public_seq, .. } => {
            let frame = ServerFrame::Delivered { conversation_id: *conversation_id, seq: *public_seq };
            all.push((seers(*audience), frame.encode().into()));
        }
        Event::ContactUpdated { contact, audiences } => {
            let frame: Bytes = ServerFrame::Contact { contact }.encode().into();
            all.push((Topic::AgentsWith(account, Eyes::Whole), frame.clone()));
            let some = audiences.iter().map(|audience| Eyes::LimitedSeeing(*audience));
            all.extend(some.map(|eyes| (Topic::AgentsWith(account, eyes), frame.clone())));
        }
    }
}

/// Whether a waiting conversation or a free place may have appeared.
fn calls_for_assignment(event: &Event) -> bool {
    match event {
        Event::ConversationCreated { conversation } | Event::ConversationReopened { conversation } => {
            conversation.is_waiting()
        }
        Event::ConversationStatusChanged { .. }
        | Event::ConversationAssigned { .. }
        | Event::ConversationUpdated { .. } => true,
        Event::MessageCreated { .. }
        | Event::ConversationRead { .. }
        | Event::ConversationDelivered { .. }
        | Event::SurveyAnswered { .. }
        | Event::ContactUpdated { .. } => false,
    }
}

/// Gives waiting conversations of a company to its free agents, without making anybody wait for it.
pub fn assign_soon(routing: &Routing, account: AccountId) {
    let routing = routing.clone();
    tokio::spawn(async move { assign(&routing, account).await });
}

/// Gives waiting conversations of a company to its free agents.
pub async fn assign(routing: &Routing, account: AccountId) {
    look(routing, account, false).await;
    // Something has happened, also where nobody was given anything: somebody came, or is away now.
    waiting_room::refresh_soon(routing, account);
}

async fn look(routing: &Routing, account: AccountId, is_thorough: bool) {
    let Some(mut turn) = routing.turns.take(account) else { return };
    let mut is_thorough = is_thorough;
    while {
        let more = look_once(routing, account, is_thorough).await;
        // Who asked meanwhile may have asked for the thorough kind.
        is_thorough = true;
        turn.again(more)
    } {}
}

/// True when there was more to do than one round should.
async fn look_once(routing: &Routing, account: AccountId, is_thorough: bool) -> bool {
    let Some(Some(tenant)) = Tenant::find(&routing.world, account).await.or_log("finding a company") else {
        return false;
    };
    match assignment::round(routing, &tenant, is_thorough).await {
        Ok(round) => {
            if round.has_changed {
                waiting_room::refresh_soon(routing, account);
            }
            if let Some(at) = round.wake_at {
                look_at(routing, account, at);
            }
            round.more
        }
        Err(error) => {
            if assignment::is_noteworthy(&error) {
                tracing::error!(%error, account = %account, "assignment failed");
            }
            false
        }
    }
}

/// Looks at a company's floor again at a time. An alarm that dies with its process is made up for by the sweeps of others.
pub(crate) fn look_at(routing: &Routing, account: AccountId, at: Timestamp) {
    if !routing.alarms.set(account, at) {
        return;
    }
    let routing = routing.clone();
    tokio::spawn(async move {
        let length = (at - routing.world.now()).to_std().unwrap_or_default();
        routing.world.clock.pause(length).await;
        if routing.alarms.ring(account, at) {
            // In a task of its own: what it comes to may set the next alarm.
            let look: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(look(&routing, account, true));
            look.await;
        }
    });
}

/// Looks at the floors of the companies whose agents are connected to this process.
pub async fn look_here(routing: &Routing) {
    let accounts = futures::stream::iter(routing.presence.accounts_here());
    accounts.for_each_concurrent(LOOKED_AT_ONCE, |account| look(routing, account, true)).await;
}

/// Publishes what was left behind, for the companies whose people are connected to this process.
/// `turn` says which share of them, when they are many.
pub async fn sweep_here(routing: &Routing, turn: usize) {
    let mut accounts: HashSet<AccountId> = routing.presence.accounts_here().into_iter().collect();
    accounts.extend(routing.switchboard.accounts());
    let mut accounts: Vec<AccountId> = accounts.into_iter().collect();
    accounts.sort_unstable();
    let began = Instant::now();
    let reachable = routing.switchboard.flush().await;
    if reachable {
        routing.switchboard.hears_again(began);
    }
    routing.switchboard.send_away(|| 200 + routing.world.chance.below(800));
    let (most, at_once) = if reachable { (SWEPT_TOGETHER, 1) } else { (SWEPT_TOGETHER_ALONE, LOOKED_AT_ONCE) };
    let from = if accounts.is_empty() { 0 } else { (turn * most) % accounts.len().next_multiple_of(most) };
    let accounts = futures::stream::iter(accounts.into_iter().skip(from).take(most));
    accounts.for_each_concurrent(at_once, |account| sweep_account(routing, account, reachable)).await;
}

/// Sees to it that nothing stays lost: tells the other processes how far this one has come, and reads in the outbox what the bus has
/// lost on its way here. While nothing is missing, the database is asked nothing.
pub async fn catch_up(routing: &Routing) {
    routing.switchboard.remind().await;
    let lost = futures::stream::iter(routing.switchboard.take_lost());
    lost.for_each_concurrent(LOOKED_AT_ONCE, |(account, since)| find_lost(routing, account, since)).await;
}

async fn find_lost(routing: &Routing, account: AccountId, since: Instant) {
    metrics::counter!("frontdesk_bus_losses_total").increment(1);
    let found = match Tenant::find(&routing.world, account).await.or_log("finding a company") {
        // What this process has not said itself is handed to its sockets, as if the bus were away.
        Some(Some(tenant)) => {
            sweep_one(routing, &tenant, Hearing::Lossy).await.or_log("looking for what the bus has lost")
        }
        Some(None) => return,
        None => None,
    };
    match found {
        Some(_) if since.elapsed() > FOUND_WITHIN => routing.switchboard.has_missed(account),
        Some(true) => {}
        // What was handed out is not read again: the next look goes on behind it.
        None | Some(false) => routing.switchboard.has_lost(account, since),
    }
}

async fn sweep_account(routing: &Routing, account: AccountId, reachable: bool) {
    if let Some(Some(tenant)) = Tenant::find(&routing.world, account).await.or_log("finding a company") {
        sweep_one(routing, &tenant, Hearing::of(reachable)).await.or_log("sweeping a company");
    }
    // Time passes for those who wait, also while nothing happens.
    waiting_room::refresh_soon(routing, account);
}

/// The same for every company where something may be left to do, and wakes what was snoozed.
pub async fn sweep_all(routing: &Routing) -> Result<(), StoreError> {
    let world = &routing.world;
    let reachable = routing.switchboard.flush().await;
    let counted = tenant::writes::counted(world).await.or_log("counting writes").unwrap_or_default();
    for account in world.directory.all(&world.database, Status::Active).await? {
        let (id, now) = (account.id, world.now());
        let writes = counted.get(account.schema.as_str()).copied();
        if account.moving || (reachable && routing.stillness.is_still(id, writes, now)) {
            continue;
        }
        let tenant = Tenant { world: Arc::clone(world), account: Arc::new(account) };
        let swept = sweep_one(routing, &tenant, Hearing::of(reachable)).await.or_log("sweeping a company");
        let due = wake(&tenant).await.or_log("waking snoozed conversations");
        let repaired = assignment::repair(&tenant).await.or_log("repairing a line");
        if repaired.is_some_and(|found| found > 0) {
            assign_soon(routing, id);
        }
        if let (Some(writes), Some(_), Some(due), Some(_)) = (writes, swept, due, repaired) {
            routing.stillness.looked(id, writes, due, now);
        }
    }
    Ok(())
}

/// Wakes whose time has come, and says when the next one's will.
async fn wake(tenant: &Tenant) -> Result<Option<Timestamp>, desk::conversation::ConversationError> {
    let mut tx = tenant.begin().await?;
    let woken = desk::conversation::wake_snoozed(&mut tx).await?;
    let next = desk::conversation::next_to_wake(&tx).await?;
    if woken > 0 {
        tx.commit().await?;
    }
    Ok(next)
}

/// How the bus is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hearing {
    Well,
    /// It is there, and has lost something on its way here.
    Lossy,
    Away,
}

impl Hearing {
    fn of(reachable: bool) -> Self {
        if reachable { Self::Well } else { Self::Away }
    }
}

/// Publishes what was left behind. While the bus is away (or has lost some of it) it hands the facts to the sockets of this process,
/// each fact once, and leaves them for the time when the bus is back. False when there may be more than was read.
async fn sweep_one(routing: &Routing, tenant: &Tenant, hearing: Hearing) -> Result<bool, StoreError> {
    let reachable = hearing == Hearing::Well;
    let account = tenant.id();
    let (before, most) = if reachable {
        (tenant.now() - LEFT_BEHIND, SWEPT_FACTS)
    } else {
        // All there is, also of a server whose clock is ahead.
        (tenant.now() + TimeDelta::days(1), SWEPT_FACTS_ALONE)
    };
    let known = routing.switchboard.known(account, reachable);
    let mut events = Vec::new();
    let began = Instant::now();
    let (ids, is_whole): (Vec<Uuid>, bool) = {
        // While it waited behind a crowd, sockets would have to be told that they may have missed something.
        let tx = tenant.begin_first().await?;
        if !reachable && known.len() > MANY {
            routing.switchboard.forget_but(account, &outbox::still_there(&tx, known.clone()).await?);
        }
        let left = outbox::left_behind(&tx, before, most, known).await?;
        let read = Instant::now();
        let ids: Vec<Uuid> = left.iter().map(|fact| fact.id).collect();
        for fact in left {
            events.extend(event::restore(&tx, &fact.event, fact.payload).await?);
        }
        let is_whole = u64::try_from(ids.len()).is_ok_and(|found| found < most);
        // Where the bus is heard, whoever has not read everything looks again, and nobody is sent away for it.
        if hearing == Hearing::Away || (hearing == Hearing::Lossy && is_whole) {
            routing.switchboard.has_read(account, began, read, is_whole);
        }
        (ids, is_whole)
    };
    if ids.is_empty() {
        return Ok(is_whole);
    }
    if reachable {
        if announce(routing, account, events.iter()).await && routing.switchboard.flush().await {
            clearing::remove(tenant, ids).await?;
        }
    } else {
        let mut all = Vec::new();
        for event in &events {
            frames(account, event, &mut all);
        }
        routing.switchboard.deliver_all(&all).await;
        routing.switchboard.remember(account, &ids);
    }
    Ok(is_whole)
}

/// Tells colleagues what an agent is now, and visitors whether anybody is online.
pub async fn tell_presence(routing: &Routing, tenant: &Tenant, agent: tenant::AgentId) -> Result<(), StoreError> {
    let tx = tenant.begin().await?;
    let profiles = tenant::agent::list(&tx).await?;
    drop(tx);
    let now = routing.presence.availability(tenant.id(), &profiles, tenant.now()).await;
    let availability = now.get(&agent).copied().unwrap_or(crate::presence::EffectiveAvailability::Offline);
    routing
        .switchboard
        .say(Topic::Agents(tenant.id()), ServerFrame::Presence { agent_id: agent, availability }.encode())
        .await;
    let online = now.values().any(|availability| *availability == crate::presence::EffectiveAvailability::Online);
    routing.switchboard.say(Topic::Visitors(tenant.id()), ServerFrame::Online { online }.encode()).await;
    Ok(())
}
