//! From facts to frames and reactions. A fact is published by the process that committed it; a sweep publishes what a crash left.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use desk::conversation::Conversation;
use desk::event::{Event, Reader};
use infra::database::StoreError;
use infra::spoken::OrLog as _;
use tenant::account::Status;
use tenant::outbox::{self, Fact};
use tenant::{AccountId, Tenant, TenantTx};
use tokio::sync::mpsc::UnboundedReceiver;
use uuid::Uuid;

use crate::realtime::{ServerFrame, Topic};
use crate::{Routing, assignment};

/// How long published facts wait to be marked together.
const MARK_EVERY: Duration = Duration::from_millis(400);
/// A fact that is not marked after this time was left by a crash, or by a bus that was away.
const LEFT_BEHIND: TimeDelta = TimeDelta::seconds(3);

/// How long a published fact is kept, for whoever wants to know what happened.
const KEPT: TimeDelta = TimeDelta::days(3);

/// Publishes committed facts as they come, until the channel closes.
pub async fn run(routing: Routing, mut facts: UnboundedReceiver<Fact>) {
    let mut published: BTreeMap<AccountId, Vec<Uuid>> = BTreeMap::new();
    let mut tick = tokio::time::interval(MARK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            fact = facts.recv() => {
                let Some(fact) = fact else { break };
                publish(&routing, &fact).await;
                if fact.kept {
                    published.entry(fact.account).or_default().push(fact.id);
                }
            }
            _ = tick.tick(), if !published.is_empty() => settle(&routing, &mut published),
        }
    }
    settle(&routing, &mut published);
}

/// Marks what is on the bus for certain. What cannot be marked is published again by the sweep: listeners drop doubles by number.
fn settle(routing: &Routing, published: &mut BTreeMap<AccountId, Vec<Uuid>>) {
    let batch = std::mem::take(published);
    let routing = routing.clone();
    tokio::spawn(async move {
        if !routing.switchboard.flush().await {
            return;
        }
        for (account, ids) in batch {
            mark(&routing, account, ids).await.or_log("marking facts as published");
        }
    });
}

async fn mark(routing: &Routing, account: AccountId, ids: Vec<Uuid>) -> Result<(), StoreError> {
    let Some(tenant) = Tenant::find(&routing.world, account).await? else { return Ok(()) };
    let tx = tenant.begin().await?;
    outbox::mark_published(&tx, ids).await?;
    tx.commit().await
}

/// Puts one fact on the bus, and does what it calls for.
async fn publish(routing: &Routing, fact: &Fact) {
    let Some(event) = serde_json::from_value::<Event>(fact.payload.as_ref().clone()).or_log("reading a fact") else {
        return;
    };
    for (topic, frame) in frames(fact.account, &event) {
        routing.switchboard.say(topic, &frame).await;
    }
    let late = (routing.world.now() - fact.at).to_std().unwrap_or_default();
    metrics::histogram!("frontdesk_fact_to_bus_seconds").record(late);
    metrics::counter!("frontdesk_facts_total", "event" => event.name()).increment(1);
    if calls_for_assignment(&event) {
        let (routing, account) = (routing.clone(), fact.account);
        tokio::spawn(async move { assign(&routing, account).await });
    }
}

/// Who is to hear of an event, and in what words. Notes and activity have no visitor's form at all.
fn frames(account: AccountId, event: &Event) -> Vec<(Topic, String)> {
    let agents = Topic::Agents(account);
    let visitor = |conversation: &Conversation| Topic::Contact(account, conversation.contact.id);
    let changed = |conversation: &Conversation| {
        vec![
            (agents, ServerFrame::ConversationUpdated { conversation }.encode()),
            (
                visitor(conversation),
                ServerFrame::WidgetConversation { conversation: conversation.for_visitor() }.encode(),
            ),
        ]
    };
    match event {
        Event::ConversationCreated { conversation } => vec![
            (agents, ServerFrame::ConversationCreated { conversation }.encode()),
            (
                visitor(conversation),
                ServerFrame::WidgetConversation { conversation: conversation.for_visitor() }.encode(),
            ),
        ],
        Event::ConversationReopened { conversation }
        | Event::ConversationAssigned { conversation }
        | Event::ConversationStatusChanged { conversation }
        | Event::ConversationUpdated { conversation }
        | Event::SurveyAnswered { conversation } => changed(conversation),
        Event::MessageCreated { message, conversation } => {
            let conversation_id = conversation.id;
            let mut all = vec![(agents, ServerFrame::Message { conversation_id, message }.encode())];
            if let Some(message) = message.for_visitor() {
                all.push((visitor(conversation), ServerFrame::WidgetMessage { conversation_id, message }.encode()));
            }
            all.push((agents, ServerFrame::ConversationUpdated { conversation }.encode()));
            all
        }
        Event::ConversationRead { conversation_id, contact_id, by, seq, public_seq } => {
            let for_agents = match by {
                Reader::Contact => *public_seq,
                Reader::Agent => *seq,
            };
            let frame = |seq| ServerFrame::Read { conversation_id: *conversation_id, by: *by, seq }.encode();
            vec![(agents, frame(for_agents)), (Topic::Contact(account, *contact_id), frame(*public_seq))]
        }
        Event::ConversationDelivered { conversation_id, public_seq, .. } => {
            vec![(agents, ServerFrame::Delivered { conversation_id: *conversation_id, seq: *public_seq }.encode())]
        }
        Event::ContactUpdated { contact } => vec![(agents, ServerFrame::Contact { contact }.encode())],
    }
}

/// Whether a waiting conversation or a free place may have appeared.
fn calls_for_assignment(event: &Event) -> bool {
    match event {
        Event::ConversationCreated { conversation } | Event::ConversationReopened { conversation } => {
            conversation.is_waiting()
        }
        Event::ConversationStatusChanged { .. } => true,
        Event::ConversationAssigned { .. }
        | Event::ConversationUpdated { .. }
        | Event::MessageCreated { .. }
        | Event::ConversationRead { .. }
        | Event::ConversationDelivered { .. }
        | Event::SurveyAnswered { .. }
        | Event::ContactUpdated { .. } => false,
    }
}

/// Gives waiting conversations of a company to its free agents.
pub async fn assign(routing: &Routing, account: AccountId) {
    let Some(Some(tenant)) = Tenant::find(&routing.world, account).await.or_log("finding a company") else { return };
    if let Err(error) = assignment::assign_waiting(&tenant, &routing.presence).await
        && assignment::is_noteworthy(&error)
    {
        tracing::error!(%error, account = %account, "assignment failed");
    }
}

/// Publishes what was left behind and assigns what waits, for the companies whose people are connected to this process.
pub async fn sweep_here(routing: &Routing) {
    let mut accounts: HashSet<AccountId> = routing.presence.accounts_here().into_iter().collect();
    accounts.extend(routing.switchboard.accounts());
    for account in accounts {
        sweep_one(routing, account).await.or_log("sweeping a company");
        assign(routing, account).await;
    }
}

/// Puts the present state in the place of what was true when the fact was written: a late frame must not turn a clock back.
async fn refresh(tx: &TenantTx, fact: Fact) -> Result<Fact, StoreError> {
    let Ok(mut event) = serde_json::from_value::<Event>(fact.payload.as_ref().clone()) else { return Ok(fact) };
    let (Event::ConversationCreated { conversation }
    | Event::ConversationReopened { conversation }
    | Event::ConversationAssigned { conversation }
    | Event::ConversationStatusChanged { conversation }
    | Event::ConversationUpdated { conversation }
    | Event::SurveyAnswered { conversation }
    | Event::MessageCreated { conversation, .. }) = &mut event
    else {
        return Ok(fact);
    };
    if let Some(now) = desk::conversation::find(tx, conversation.id).await? {
        **conversation = now;
    }
    let payload = serde_json::to_value(&event).map_err(|error| StoreError::Refused(error.to_string()))?;
    Ok(Fact { payload: Arc::new(payload), ..fact })
}

/// The same for every company, and wakes what was snoozed.
pub async fn sweep_all(routing: &Routing) -> Result<(), StoreError> {
    for account in routing.world.directory.all(&routing.world.database, Status::Active).await? {
        sweep_one(routing, account.id).await.or_log("sweeping a company");
        if let Some(tenant) = Tenant::find(&routing.world, account.id).await? {
            forget(&tenant).await.or_log("forgetting published facts");
            wake(&tenant).await.or_log("waking snoozed conversations");
        }
    }
    Ok(())
}

async fn forget(tenant: &Tenant) -> Result<(), StoreError> {
    let tx = tenant.begin().await?;
    if outbox::forget(&tx, tenant.now() - KEPT).await? > 0 {
        tx.commit().await?;
    }
    Ok(())
}

async fn wake(tenant: &Tenant) -> Result<(), desk::conversation::ConversationError> {
    let mut tx = tenant.begin().await?;
    if desk::conversation::wake_snoozed(&mut tx).await? > 0 {
        tx.commit().await?;
    }
    Ok(())
}

/// Publishes what was left behind. While the bus is away it hands the facts to the sockets of this process, each fact once,
/// and leaves them unmarked for the time when the bus is back.
async fn sweep_one(routing: &Routing, account: AccountId) -> Result<(), StoreError> {
    let Some(tenant) = Tenant::find(&routing.world, account).await? else { return Ok(()) };
    let reachable = routing.switchboard.flush().await;
    let tx = tenant.begin().await?;
    let before = if reachable { tenant.now() - LEFT_BEHIND } else { tenant.now() };
    let known = routing.switchboard.heard(account, reachable);
    let left = outbox::unpublished(&tx, before, 500, known).await?;
    if left.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = left.iter().map(|fact| fact.id).collect();
    for fact in left {
        let fact = refresh(&tx, fact).await?;
        if reachable {
            publish(routing, &fact).await;
        } else if let Some(event) =
            serde_json::from_value::<Event>(fact.payload.as_ref().clone()).or_log("reading a fact")
        {
            for (topic, frame) in frames(account, &event) {
                routing.switchboard.deliver(topic, &frame);
            }
        }
    }
    if !reachable {
        routing.switchboard.remember(account, &ids);
    }
    if reachable && routing.switchboard.flush().await {
        outbox::mark_published(&tx, ids).await?;
        tx.commit().await?;
    }
    Ok(())
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
        .say(Topic::Agents(tenant.id()), &ServerFrame::Presence { agent_id: agent, availability }.encode())
        .await;
    let online = now.values().any(|availability| *availability == crate::presence::EffectiveAvailability::Online);
    routing.switchboard.say(Topic::Visitors(tenant.id()), &ServerFrame::Online { online }.encode()).await;
    Ok(())
}
