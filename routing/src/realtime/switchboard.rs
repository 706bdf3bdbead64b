//! The sockets of this process and their connection to the bus: one subscription a company, frames passed on as they are.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use desk::ContactId;
use desk::conversation::ConversationId;
use futures::StreamExt as _;
use infra::bus::Bus;
use tenant::{AccountId, AgentId};
use tokio::sync::mpsc::channel;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use uuid::Uuid;

use super::absence::Absence;
use super::bell::{Bell, Call};
use super::count::{Ear, Voice};
use super::eyes::View;
use super::frame::ServerFrame;
use super::hub::SocketId;
use super::moves::Moves;
use super::place::Place;
use super::seats::{Line, Seats};
use super::topic::{Envelope, Opened, Topic};
use crate::health::Health;

/// How many frames may wait for one socket. A socket that reads slower is closed and resumes.
const WAITING_FRAMES: usize = 1_024;
/// How many frames are handed out before the sockets get a turn to write them.
const AT_ONCE: usize = 128;
/// How large an envelope may grow, in bytes. A NATS server takes 1 MiB unless it is told otherwise.
const ENVELOPE: usize = 256 * 1024;
/// How long the connection to the bus must have stood before what was said counts as heard: the others come back to a restarted
/// bus within a second or so, and what was on its way when a connection broke is gone.
const STEADY: Duration = Duration::from_secs(3);
/// How many sockets are sent away together: who may have missed something is not to come back with everybody else.
const SENT_AWAY_TOGETHER: usize = 1_000;

/// How long a socket waits for the bus to have the subscription of its company.
const READY_WITHIN: Duration = Duration::from_secs(1);
/// How long the bus may take to take a message from us. Past it, the outbox keeps the fact for later.
const PUBLISH_WITHIN: Duration = Duration::from_millis(250);

pub(super) struct State {
    pub(super) seats: Seats<Subscription>,
    /// Facts handed out from the database while the bus is away.
    heard: HashMap<AccountId, HashSet<Uuid>>,
    /// Facts of this process that are on the bus, and not yet removed from the database.
    said: HashMap<AccountId, HashSet<Uuid>>,
    absence: Absence,
    /// Sockets that may have missed something, and have not been told so yet.
    doubtful: Vec<SocketId>,
    /// Companies of which the bus has lost something on its way here, and since when that is known.
    lost: HashMap<AccountId, Instant>,
    moves: Moves,
}

/// What this process hears of one company.
pub(super) struct Subscription {
    task: AbortHandle,
    since: Instant,
    /// True once the bus has it: what is published from then on arrives.
    ready: watch::Receiver<bool>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The sockets of this process.
pub struct Switchboard {
    bus: Bus,
    health: Arc<Health>,
    /// The number of the connection to the bus, and since when, if it is not the first.
    connected: Mutex<Option<(u64, Option<Instant>)>>,
    node: Arc<str>,
    voice: Mutex<Voice>,
    next: AtomicU64,
    state: Arc<Mutex<State>>,
}

impl Switchboard {
    /// No sockets yet.
    pub fn new(bus: Bus, health: Arc<Health>, node: &str) -> Self {
        let state = State {
            seats: Seats::default(),
            heard: HashMap::new(),
            said: HashMap::new(),
            absence: Absence::new(Instant::now()),
            doubtful: Vec::new(),
            lost: HashMap::new(),
            moves: Moves::default(),
        };
        Self {
            bus,
            health,
            connected: Mutex::default(),
            node: node.into(),
            voice: Mutex::default(),
            next: AtomicU64::new(1),
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Gives a socket its place. All topics are of one company. When this returns, everything published from now on
    /// arrives, so what the socket then reads of the database leaves no gap; unless the bus is away, which a sweep covers.
    pub async fn join(&self, account: AccountId, agent: Option<AgentId>, view: View, topics: &[Topic]) -> Place {
        let (place, ready) = self.take_place(account, agent, view, topics);
        if let Some(mut ready) = ready {
            drop(tokio::time::timeout(READY_WITHIN, ready.wait_for(|ready| *ready)).await);
        }
        place
    }

    fn take_place(
        &self,
        account: AccountId,
        agent: Option<AgentId>,
        view: View,
        topics: &[Topic],
    ) -> (Place, Option<watch::Receiver<bool>>) {
        let socket = SocketId(self.next.fetch_add(1, Ordering::Relaxed));
        let (sender, frames) = channel(WAITING_FRAMES);
        let bell = Arc::new(Bell::default());
        let subscribe = |account| {
            let (tell, ready) = watch::channel(false);
            let following = follow(self.bus.clone(), Arc::clone(&self.node), account, Arc::clone(&self.state), tell);
            Subscription { task: tokio::spawn(following).abort_handle(), since: Instant::now(), ready }
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let line = Line { sender, bell: Arc::clone(&bell), agent, account, view };
        let subscription = state.seats.join(socket, line, topics, subscribe);
        let ready = subscription.map(|subscription| subscription.ready.clone());
        (Place::new(socket, frames, bell, Arc::clone(&self.state)), ready)
    }

    /// Says something to everybody who listens to a topic, in all processes.
    pub async fn say(&self, topic: Topic, frame: impl Into<Bytes>) {
        self.say_all(topic.account(), &[(topic, frame.into())]).await;
    }

    /// Says several things in a company: to the sockets of this process at once, to the other processes through the bus, many in
    /// one message. False when the bus did not take all of it.
    pub async fn say_all(&self, account: AccountId, frames: &[(Topic, Bytes)]) -> bool {
        let mut taken = self.is_connected();
        for some in frames.chunks(AT_ONCE) {
            deliver(&self.state, some);
            let mut envelope = Envelope::new(&self.node, account);
            for (topic, frame) in some.iter().filter(|(topic, _)| topic.account() == account) {
                if envelope.len() + frame.len() > ENVELOPE && !envelope.is_empty() {
                    let full = std::mem::replace(&mut envelope, Envelope::new(&self.node, account));
                    taken = taken && self.publish(account, full).await;
                }
                envelope.put(*topic, frame);
            }
            taken = taken && (envelope.is_empty() || self.publish(account, envelope).await);
            if frames.len() > AT_ONCE {
                tokio::task::yield_now().await;
            }
        }
        // A bus that is known to hang may pass it on, and may not.
        taken && self.health.now().bus
    }

    async fn publish(&self, account: AccountId, mut envelope: Envelope) -> bool {
        // A number that is then not taken is found in the outbox like one that was lost.
        let count = self.voice.lock().unwrap_or_else(PoisonError::into_inner).speaks(account, Instant::now());
        envelope.count(count);
        self.send(account, envelope).await
    }

    /// Says how far this process has come in the companies that it has stopped speaking of: who has missed the last word learns it so.
    pub async fn remind(&self) {
        let due = self.voice.lock().unwrap_or_else(PoisonError::into_inner).reminders(Instant::now());
        for (account, count) in due {
            let mut envelope = Envelope::new(&self.node, account);
            envelope.count(count);
            if !self.is_connected() || !self.send(account, envelope).await {
                return;
            }
        }
    }

    async fn send(&self, account: AccountId, envelope: Envelope) -> bool {
        let published = self.bus.publish(Topic::subject(account), envelope.into_bytes());
        match tokio::time::timeout(PUBLISH_WITHIN, published).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the bus did not take an envelope");
                false
            }
            Err(_) => false,
        }
    }

    /// Tells those sockets of a company in this process whose agent fits, however much waits for them.
    pub fn notify(&self, account: AccountId, fits: impl Fn(Option<AgentId>) -> bool, what: Call) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).seats.notify(account, fits, what);
    }

    /// What a socket sees from now on.
    pub fn look(&self, socket: SocketId, view: View) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).seats.look(socket, view);
    }

    /// Tells those sockets of a company in this process that do not see everything.
    pub fn notify_limited(&self, account: AccountId, what: Call) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).seats.notify_limited(account, what);
    }

    /// Tells the sockets of one contact in this process.
    pub fn notify_contact(&self, account: AccountId, contact: ContactId, what: Call) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.seats.notify_listeners(Topic::Contact(account, contact), what);
    }

    /// Whether a conversation may have changed hands since then, as far as is known here.
    pub(super) fn has_moved(&self, id: ConversationId, since: Instant) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).moves.since(id, since)
    }

    /// Passes frames to the sockets of this process alone.
    pub fn deliver(&self, frames: &[(Topic, Bytes)]) {
        deliver(&self.state, frames);
    }

    /// The same for however many.
    pub async fn deliver_all(&self, frames: &[(Topic, Bytes)]) {
        for some in frames.chunks(AT_ONCE) {
            deliver(&self.state, some);
            tokio::task::yield_now().await;
        }
    }

    /// The facts of a company that nobody need tell the sockets of this process: what it has put on the bus itself, and what it has
    /// handed out during the present absence of the bus. With the bus back, the other processes want the latter all the same.
    pub fn known(&self, account: AccountId, reachable: bool) -> Vec<Uuid> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if reachable {
            state.heard.clear();
        }
        let (said, heard) = (state.said.get(&account), state.heard.get(&account));
        said.into_iter().chain(heard).flatten().copied().collect()
    }

    /// Notes that this process has handed these out.
    pub fn remember(&self, account: AccountId, facts: &[Uuid]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.heard.entry(account).or_default().extend(facts);
    }

    /// Forgets what was handed out of a company, all but these.
    pub fn forget_but(&self, account: AccountId, facts: &[Uuid]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(heard) = state.heard.get_mut(&account) {
            let there: HashSet<&Uuid> = facts.iter().collect();
            heard.retain(|fact| there.contains(fact));
        }
    }

    /// Notes that this process has put these on the bus.
    pub fn has_said(&self, account: AccountId, facts: &[Uuid]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.said.entry(account).or_default().extend(facts);
    }

    /// Notes that these are settled: removed, or left to others.
    pub fn settled(&self, account: AccountId, facts: &[Uuid]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(said) = state.said.get_mut(&account) {
            for fact in facts {
                said.remove(fact);
            }
            if said.is_empty() {
                state.said.remove(&account);
            }
        }
    }

    /// Notes that a company's outbox was read between these moments, instead of hearing the bus.
    pub fn has_read(&self, account: AccountId, from: Instant, until: Instant, is_whole: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = state.seats.subscription(account).map(|subscription| subscription.since) {
            state.absence.has_read(account, since, from, until, is_whole);
        }
    }

    /// Notes that everything said until `now` was heard by the bus. Whoever may have missed something before is to be sent away.
    pub fn hears_again(&self, now: Instant) {
        let connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner).and_then(|(_, since)| since);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { seats, absence, doubtful, .. } = &mut *state;
        let here = seats.subscriptions().map(|(account, subscription)| (account, subscription.since));
        let missed = absence.ends(here, connected, now);
        if !missed.is_empty() {
            tracing::warn!(companies = missed.len(), "some sockets may have missed something, and are to come again");
            doubtful.extend(seats.of_any(&missed));
        }
    }

    /// The companies of which the bus has lost something on its way here, and since when that is known. Each is given once.
    pub fn take_lost(&self) -> Vec<(AccountId, Instant)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.lost).into_iter().collect()
    }

    /// Notes that the bus has lost something of a company on its way here.
    pub fn has_lost(&self, account: AccountId, since: Instant) {
        has_lost(&self.state, account, since);
    }

    /// Notes that the sockets of a company may have missed what is not to be found any more: they are to come again.
    pub fn has_missed(&self, account: AccountId) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = state.seats.of_any(&HashSet::from([account]));
        state.doubtful.extend(theirs);
    }

    /// Asks some of those who may have missed something to come again, each after so many milliseconds.
    pub fn send_away(&self, after_ms: impl Fn() -> u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { seats, doubtful, .. } = &mut *state;
        for socket in doubtful.drain(..doubtful.len().min(SENT_AWAY_TOGETHER)) {
            seats.send_away(socket, ServerFrame::Reconnect { after_ms: after_ms() }.encode().into());
        }
    }

    /// Waits until the bus has what was said. False also while the connection is young: what was said over the one before it may
    /// be lost, and the other processes may not be back yet.
    pub async fn flush(&self) -> bool {
        // A bus that is known to hang need not be waited for.
        self.health.now().bus && self.is_connected() && self.is_steady() && reached(&self.bus).await
    }

    fn is_connected(&self) -> bool {
        self.bus.connection_state() == async_nats::connection::State::Connected
    }

    /// How often the bus was connected to: what was said under another number may be lost.
    pub fn connection(&self) -> u64 {
        self.bus.statistics().connects.load(Ordering::Relaxed)
    }

    /// The first connection of a process is steady at once: nothing was said before it.
    fn is_steady(&self) -> bool {
        let now = self.connection();
        let mut seen = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, since) = *seen.get_or_insert((now, None));
        if number != now {
            *seen = Some((now, Some(Instant::now())));
            return false;
        }
        since.is_none_or(|since| since.elapsed() >= STEADY)
    }

    /// The companies somebody here listens to.
    pub fn accounts(&self) -> Vec<AccountId> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).seats.accounts().collect()
    }

    /// How many sockets and streams a company has open.
    pub fn sockets_of(&self, account: AccountId) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).seats.of(account)
    }

    /// How many sockets are open.
    pub fn sockets(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).seats.len()
    }
}

/// Whether the server has taken everything that was sent before: an echo comes back. The client's own `flush` only says that
/// the bytes have left this process, which a server that hangs never reads.
async fn reached(bus: &Bus) -> bool {
    let inbox = bus.new_inbox();
    let echo = async {
        let mut echo = bus.subscribe(inbox.clone()).await.ok()?;
        bus.publish(inbox.clone(), "".into()).await.ok()?;
        echo.next().await
    };
    matches!(tokio::time::timeout(Duration::from_secs(1), echo).await, Ok(Some(_)))
}

/// Hears what is said of a company, until nobody here listens to it any more.
async fn follow(bus: Bus, node: Arc<str>, account: AccountId, state: Arc<Mutex<State>>, ready: watch::Sender<bool>) {
    let began = Instant::now();
    loop {
        match bus.subscribe(Topic::subject(account)).await {
            Ok(messages) => listen(&bus, &node, account, &state, (&ready, began), messages).await,
            Err(error) => tracing::warn!(%error, "the bus refused a subscription"),
        }
        // Only a bus that is away, or on its way out, ends a subscription.
        drop(tokio::time::timeout(Duration::from_secs(1), std::future::pending::<()>()).await);
    }
}

async fn listen(
    bus: &Bus,
    node: &str,
    account: AccountId,
    state: &Mutex<State>,
    (ready, began): (&watch::Sender<bool>, Instant),
    mut messages: async_nats::Subscriber,
) {
    let heard = async {
        while !reached(bus).await {}
        ready.send_replace(true);
    };
    tokio::pin!(heard);
    let (mut ear, mut ready_at) = (Ear::default(), None::<Instant>);
    loop {
        let due = ear.due();
        tokio::select! {
            () = &mut heard, if ready_at.is_none() => {
                let now = Instant::now();
                ready_at = Some(now);
                // Sockets have taken their places without it: what was said since is in the outbox.
                if now.duration_since(began) >= READY_WITHIN {
                    has_lost(state, account, now);
                }
            }
            _ = tokio::time::timeout_at(due.unwrap_or_else(Instant::now), std::future::pending::<()>()), if due.is_some() => {
                if let Some(since) = ear.lost(Instant::now()) {
                    has_lost(state, account, since);
                }
            }
            message = messages.next() => {
                let Some(message) = message else {
                    if let Some(since) = ear.gives_up() {
                        has_lost(state, account, since);
                    }
                    return;
                };
                match Envelope::open(account, &message.payload) {
                    // What this process says, its own sockets have heard already.
                    Some(opened) if *opened.node == *node => {}
                    Some(Opened { node: sender, count, frames }) => {
                        let listening = ready_at.map(|at| at.elapsed());
                        if let Some(since) = count.and_then(|count| ear.hears(sender, count, listening, Instant::now())) {
                            has_lost(state, account, since);
                        }
                        deliver(state, &frames);
                    }
                    None => tracing::error!("an envelope could not be opened"),
                }
            }
        }
    }
}

fn has_lost(state: &Mutex<State>, account: AccountId, since: Instant) {
    state.lock().unwrap_or_else(PoisonError::into_inner).lost.entry(account).or_insert(since);
}

fn deliver(state: &Mutex<State>, frames: &[(Topic, Bytes)]) {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let State { seats, moves, .. } = &mut *state;
    let mut slow = 0;
    for (topic, frame) in frames {
        moves.look(*topic, frame);
        slow += seats.deliver(*topic, frame);
    }
    if slow > 0 {
        metrics::counter!("frontdesk_slow_sockets_total").increment(slow);
    }
}
