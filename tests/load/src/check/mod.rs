//! The checkers: after a run, the log, the screens and the database must tell one story.

mod judge;
#[cfg(test)]
mod planted;
pub mod truth;
mod whole;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::actors::{Client, Play};
use crate::outcome::Outcome;
use crate::stage::{Fleet, Footprint, Services, Tenant};

pub use judge::{Evidence, Shown, Verdict, judge};
pub use whole::{visible, whole};

/// Compares everything as it is now.
pub async fn now(play: &Play, services: &Services, tenants: &[Tenant], clients: &[Arc<Client>]) -> Outcome<Verdict> {
    let mut admin = services.admin().await?;
    let mut evidence = Evidence { stories: play.log.stories(), leaked: play.leaks.count(), ..Evidence::default() };
    for tenant in tenants {
        evidence.truths.insert(tenant.number, truth::read(&mut admin, tenant).await?);
    }
    evidence.staffed = clients.iter().filter(|client| client.is_agent && client.is_here()).map(|c| c.tenant).collect();
    for client in clients {
        let mut screens = client.screens();
        if client.watches_all()
            && let Some(truth) = evidence.truths.get(&client.tenant)
        {
            // A conversation that never appeared is one that lacks all its messages.
            for conversation in &truth.conversations {
                screens.entry(conversation.id).or_default();
            }
        }
        evidence.screens.extend(screens.into_iter().map(|(conversation, ids)| Shown {
            actor: client.number,
            tenant: client.tenant,
            is_agent: client.is_agent,
            conversation,
            ids,
        }));
    }
    let mut verdict = judge(&evidence);
    verdict.examples.extend(play.leaks.some().into_iter().map(|leak| format!("{leak:?}")).take(5));
    let clashes = play.tally.clashes.now();
    if clashes > 0 {
        verdict.reordered += clashes;
        verdict.examples.push(format!("{clashes} times two messages came for one place of a screen"));
    }
    Ok(verdict)
}

/// Waits until every send has its outcome and everything tells one story, or the time is over; then says what is wrong still.
/// What arrives late but arrives is not lost; what never arrives does not become right by waiting.
pub async fn settle(
    play: &Play,
    services: &Services,
    tenants: &[Tenant],
    clients: &[Arc<Client>],
    within: Duration,
) -> Outcome<(Verdict, Duration)> {
    let began = Instant::now();
    while began.elapsed() < within && clients.iter().any(|client| client.unanswered() > 0 || !client.is_here()) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    loop {
        let verdict = now(play, services, tenants, clients).await?;
        if verdict.is_clean() || began.elapsed() > within {
            return Ok((verdict, began.elapsed()));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// (h) What is still held after everybody has left, in sentences; nothing when all was given back.
pub async fn leftovers(
    services: &Services,
    fleet: &Fleet,
    before: Footprint,
    within: Duration,
) -> Outcome<Vec<String>> {
    let began = Instant::now();
    loop {
        let after = fleet.footprint();
        let mut held = Vec::new();
        let mut admin = services.admin().await?;
        // The pools may have opened more connections than they had, and keep them.
        let fds = after.fds.saturating_sub(truth::connections(&mut admin).await?);
        let servers = fleet.servers.len() as u64;
        if fds > before.fds + 24 * servers {
            held.push(format!("the servers hold {fds} files and sockets open; before it were {}", before.fds));
        }
        let idle = truth::idle_in_transaction(&mut admin).await?;
        if idle > 0 {
            held.push(format!("{idle} connections to Postgres hold a transaction and do nothing with it"));
        }
        if held.is_empty() || began.elapsed() > within {
            return Ok(held);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}
