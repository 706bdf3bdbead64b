//! How the services we stand on are, measured about once a second, in one place. Everybody reads it: `/readyz`, the metrics,
//! the consoles' banner, and whoever would otherwise wait for a service that is known to hang.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use infra::Clock;
use infra::bus::Bus;
use infra::cache::redis;
use infra::database::{Database, StoreError};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::Routing;
use crate::realtime::{ServerFrame, Topic};

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Redis.
    Cache,
    /// NATS.
    Bus,
    /// Postgres.
    Database,
}

impl Service {
    /// Its name in metrics and frames.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Bus => "bus",
            Self::Database => "database",
        }
    }
}

/// Which services answer. Presumed well until a probe says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Redis.
    pub cache: bool,
    /// NATS.
    pub bus: bool,
    /// Postgres, with its migrations done and its time known; `None` until it was first asked.
    pub database: Option<bool>,
}

impl State {
    /// What a console is told: the names of what it will feel the lack of. A database that is away it learns from its sends.
    pub fn degraded(self) -> Vec<&'static str> {
        let all = [(self.cache, Service::Cache), (self.bus, Service::Bus)];
        all.into_iter().filter(|(well, _)| !well).map(|(_, service)| service.name()).collect()
    }
}

/// The present state, and whoever waits for it to change.
#[derive(Debug)]
pub struct Health(watch::Sender<State>);

impl Default for Health {
    fn default() -> Self {
        Self(watch::Sender::new(State { cache: true, bus: true, database: None }))
    }
}

/// How often each service is asked.
const EVERY: Duration = Duration::from_secs(1);
/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(1);
/// The same for the database, which may be busy without being away.
const DATABASE_WITHIN: Duration = Duration::from_secs(2);
/// This many probes of the database fail before it counts as away: one slow answer must not take a server out of service.
const DOUBTS: u32 = 2;
/// After this many, the connection that asks is made anew.
const GIVEN_UP_AFTER: u32 = 5;
/// How long Redis keeps the mark that shows whether it has forgotten everything.
const MARK_LIFETIME: Duration = Duration::from_mins(1);

impl Health {
    /// How things are.
    pub fn now(&self) -> State {
        *self.0.borrow()
    }

    /// To be told of every change.
    pub fn watch(&self) -> watch::Receiver<State> {
        self.0.subscribe()
    }

    fn note(&self, service: Service, well: bool) {
        metrics::gauge!("frontdesk_degraded", "service" => service.name()).set(if well { 0.0 } else { 1.0 });
        let changed = self.0.send_if_modified(|state| match service {
            Service::Cache => std::mem::replace(&mut state.cache, well) != well,
            Service::Bus => std::mem::replace(&mut state.bus, well) != well,
            Service::Database => state.database.replace(well) != Some(well),
        });
        match (changed, well) {
            (true, true) => tracing::info!(service = service.name(), "a service answers"),
            (true, false) => tracing::warn!(service = service.name(), "a service does not answer"),
            (false, _) => {}
        }
    }
}

/// Measures for ever. `connect` makes a connection to the database beside the pool: a pool that is merely busy is not away.
pub async fn measure(routing: &Routing, connect: impl Fn() -> Result<Database, StoreError>) {
    tokio::join!(cache(routing), bus(routing), database(routing, connect), tell(routing));
}

/// Redis takes a mark, and says whether it still had the one before: after it was emptied, who is here is noted again at once.
async fn cache(routing: &Routing) {
    let mark = routing.presence.mark();
    let mut first = true;
    loop {
        let mut question = redis::pipe();
        question.cmd("SET").arg(&mark).arg(1).arg("PX").arg(MARK_LIFETIME.as_millis()).arg("GET");
        let answer = routing.world.cache.ask::<(Option<String>,)>(&question).await;
        let forgot = matches!(answer, Ok((None,)));
        let was_well = routing.health.now().cache;
        routing.health.note(Service::Cache, answer.is_ok());
        if answer.is_ok() && !first && (forgot || !was_well) && routing.world.clock.is_compared() {
            routing.presence.beat(routing.world.now()).await;
        }
        first = false;
        routing.world.clock.pause(EVERY).await;
    }
}

/// A word that goes to NATS and comes back. A server that hangs still takes what is sent; only the echo tells.
async fn bus(routing: &Routing) {
    let bus = &routing.bus;
    let inbox = bus.new_inbox();
    loop {
        let Ok(mut echoes) = bus.subscribe(inbox.clone()).await else {
            routing.health.note(Service::Bus, false);
            routing.world.clock.pause(EVERY).await;
            continue;
        };
        let mut number = 0_u64;
        loop {
            number += 1;
            let word = number.to_string();
            match timeout(WITHIN, echo(bus, &inbox, &word, &mut echoes)).await {
                Ok(Some(())) => routing.health.note(Service::Bus, true),
                // The client has closed the subscription: only a new one will ever hear.
                Ok(None) => break,
                Err(_) => routing.health.note(Service::Bus, false),
            }
            routing.world.clock.pause(EVERY).await;
        }
        routing.health.note(Service::Bus, false);
        routing.world.clock.pause(EVERY).await;
    }
}

async fn echo(bus: &Bus, inbox: &str, word: &str, echoes: &mut async_nats::Subscriber) -> Option<()> {
    bus.publish(inbox.to_owned(), word.to_owned().into()).await.ok()?;
    // Words of earlier probes may come late, all at once.
    while echoes.next().await?.payload != word.as_bytes() {}
    Some(())
}

async fn database(routing: &Routing, connect: impl Fn() -> Result<Database, StoreError>) {
    let (mut probe, mut doubts) = (connect(), 0_u32);
    loop {
        let clock = &routing.world.clock;
        let answers = match &probe {
            Ok(probe) => matches!(timeout(DATABASE_WITHIN, tenant::migrate::is_current(probe)).await, Ok(Ok(true))),
            Err(_) => false,
        };
        // Before anybody is told that it is well: nothing is to be written down at a wrong time.
        if answers && let Ok(probe) = &probe {
            let within = if clock.is_compared() { WITHIN } else { DATABASE_WITHIN };
            drop(timeout(within, heed_time(clock, probe)).await);
        }
        let well = answers && clock.is_compared();
        doubts = if well { 0 } else { doubts.saturating_add(1) };
        if doubts == 0 || doubts >= DOUBTS {
            routing.health.note(Service::Database, well);
        }
        let (open, idle) = routing.world.database.connections();
        let idle = u32::try_from(idle).unwrap_or(open).min(open);
        metrics::gauge!("frontdesk_database_connections", "state" => "idle").set(idle);
        metrics::gauge!("frontdesk_database_connections", "state" => "in_use").set(open - idle);
        if doubts > 0 && doubts.is_multiple_of(GIVEN_UP_AFTER) {
            // The other end may have vanished without a word: a new connection finds whoever took its place.
            probe = connect();
        }
        clock.pause(EVERY).await;
    }
}

/// Puts this server's clock right by the database's, by which all servers go: what is over for one must not be to come for another.
pub async fn heed_time(clock: &Clock, database: &Database) -> Result<(), StoreError> {
    let asked = Instant::now();
    let said = database.time().await?;
    if let Some(by) = clock.heed(said, asked.elapsed()) {
        tracing::warn!(by_ms = by.num_milliseconds(), "this server's clock was put right by the database's");
    }
    Ok(())
}

/// Tells the consoles connected here, at every change.
async fn tell(routing: &Routing) {
    let mut states = routing.health.watch();
    let mut told = states.borrow_and_update().degraded();
    while states.changed().await.is_ok() {
        let degraded = states.borrow_and_update().degraded();
        if degraded == told {
            continue;
        }
        let frame = Bytes::from(ServerFrame::Service { degraded: degraded.clone() }.encode());
        for account in routing.switchboard.accounts() {
            routing.switchboard.deliver(&[(Topic::Agents(account), frame.clone())]);
        }
        told = degraded;
    }
}
