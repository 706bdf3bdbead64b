//! Visitors and agents as clients: real sockets from addresses of their own, which come back when they are cut, bring their
//! unanswered sends again under the same ids, drop doubles and ask for what is missing.

mod again;
mod entry;
mod hear;
mod line;
#[cfg(test)]
mod rehearsal;
mod waiting;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::canary::{Guard, Leaks};
use crate::chance::Chance;
use crate::frame;
use crate::oplog::{Op, OpLog, What, text_mark};
use crate::outcome::{Doing as _, Outcome};
use crate::retry::Budget;
use crate::screen::Screen;
use crate::stage::{Fleet, Tenant};
use crate::tally::Tally;
use entry::Entry;

pub use waiting::{Given, Told};

/// How long an answer may take before its outcome counts as unknown.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// What all actors of a run share.
#[derive(Debug)]
pub struct Play {
    /// What was asked and what came of it.
    pub log: OpLog,
    /// Foreign words received.
    pub leaks: Arc<Leaks>,
    /// Counts and times.
    pub tally: Tally,
    /// Chance of the run.
    pub chance: Chance,
    targets: crate::stage::Targets,
    actors: AtomicU64,
}

impl Play {
    /// A run at these servers.
    pub fn new(fleet: &Fleet, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            log: OpLog::default(),
            leaks: Arc::default(),
            tally: Tally::default(),
            chance: Chance::new(seed),
            targets: Arc::clone(&fleet.targets),
            actors: AtomicU64::new(0),
        })
    }

    /// A number for one more actor.
    fn number(&self) -> u32 {
        u32::try_from(self.actors.fetch_add(1, Ordering::Relaxed)).unwrap_or(u32::MAX)
    }

    /// One of the servers.
    pub fn target(&self) -> Outcome<SocketAddr> {
        let targets = self.targets.read().unwrap_or_else(PoisonError::into_inner);
        let at = usize::try_from(self.chance.below(targets.len() as u64)).unwrap_or(0);
        targets.get(at).copied().doing(|| "find a server".to_owned())
    }
}

/// What became of a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It is written, at this place as the sender counts.
    At(i64),
    /// It was refused for good, with this code.
    Refused(String),
}

/// How an actor behaves by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// An agent answers one in so many visitors' messages; 0 for none.
    pub answers_one_in: u64,
    /// A visitor reads what arrives, an agent what they answer.
    pub reads: bool,
    /// Types before answering.
    pub types: bool,
    /// What an agent has on the screen.
    pub shows: Shows,
    /// How many sends may be on their way at once, the others waiting behind them; what is put off or not answered is sent again after
    /// waits that grow, within a budget. Our own clients hold it so, with one. 0: all at once, and again as soon as it may be.
    pub at_once: usize,
    /// The kernel keeps hardly anything for it that was not read yet.
    pub narrow: bool,
    /// What it remembers of the line.
    pub remembers: Remembers,
}

/// What somebody remembers of what they hear of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Remembers {
    /// Nothing; the frames are not even read.
    #[default]
    Nothing,
    /// A visitor every place they were told, an agent who was given what.
    Line,
}

/// Which conversations are on an agent's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shows {
    /// Those of which something came.
    #[default]
    Heard,
    /// Every one of the company.
    All,
    /// None: they hear of all, as every console does, and open none.
    Nothing,
}

#[derive(Debug)]
struct Pending {
    conversation: Option<Uuid>,
    text: String,
    first_sent: u64,
    deadline: Instant,
    on_the_wire: bool,
    /// How often it was put off or not answered.
    tries: u32,
    done: Option<oneshot::Sender<Sent>>,
}

#[derive(Debug, Default)]
struct State {
    screens: HashMap<Uuid, Screen>,
    pending: HashMap<Uuid, Pending>,
    /// Those of the screens where something is missing.
    gapped: Vec<Uuid>,
    /// Conversations whose missing messages were asked for, and until when an answer is awaited.
    asked: HashMap<Uuid, Instant>,
    chat: Option<Uuid>,
    lost_at: Option<u64>,
    budget: Budget,
    /// What is remembered of the line: what a visitor was told, and what an agent heard to be given to somebody.
    places: Vec<Told>,
    given: Vec<Given>,
}

#[derive(Debug)]
enum Tell {
    Send { conversation: Option<Uuid>, done: Option<oneshot::Sender<Sent>> },
    Say(String),
    Loaded(Uuid, Vec<(i64, Uuid)>),
    Listed(Vec<(Uuid, i64)>),
    Renewed(String),
    Kick,
    Cut,
    Leave,
}

/// An actor, seen from the run.
#[derive(Debug)]
pub struct Client {
    /// Its number in the run.
    pub number: u32,
    /// Its company's place on the stage.
    pub tenant: u32,
    /// Whether it is an agent.
    pub is_agent: bool,
    manner: Manner,
    play: Arc<Play>,
    guard: Guard,
    from: IpAddr,
    entry: Entry,
    state: Mutex<State>,
    tell: mpsc::UnboundedSender<Tell>,
    here: AtomicBool,
    hears: AtomicBool,
    away: AtomicBool,
    window: AtomicUsize,
    /// Sends it was told of and has not begun.
    told: AtomicUsize,
    written: AtomicU64,
    line: Mutex<Line>,
}

/// The task that keeps the connection.
#[derive(Debug)]
enum Line {
    /// Not connected yet.
    Idle(mpsc::UnboundedReceiver<Tell>),
    Kept(JoinHandle<()>),
    Over,
}

impl Client {
    /// A visitor comes to a company's site; [`Self::connect`] opens the socket.
    pub async fn visitor(play: &Arc<Play>, tenant: &Tenant, manner: Manner) -> Outcome<Arc<Self>> {
        Self::enter(play, tenant, manner, false).await
    }

    /// A company's owner comes to the console. May be called often: each is a tab of its own.
    pub async fn agent(play: &Arc<Play>, tenant: &Tenant, manner: Manner) -> Outcome<Arc<Self>> {
        Self::enter(play, tenant, manner, true).await
    }

    async fn enter(play: &Arc<Play>, tenant: &Tenant, manner: Manner, is_agent: bool) -> Outcome<Arc<Self>> {
        let number = play.number();
        let from = crate::stage::address_of(number);
        let (entry, chat) =
            if is_agent { (Entry::agent(tenant), None) } else { Entry::visitor(play.target()?, from, tenant).await? };
        Ok(Self::seated(play, number, (tenant.number, &tenant.guard), (is_agent, manner), entry, chat))
    }

    /// The same person in another tab of the same browser: a socket of its own, from an address of its own.
    pub fn tab(&self, manner: Manner) -> Arc<Self> {
        let (company, who) = ((self.tenant, &self.guard), (self.is_agent, manner));
        Self::seated(&self.play, self.play.number(), company, who, self.entry.in_a_tab(), self.chat())
    }

    fn seated(
        play: &Arc<Play>,
        number: u32,
        (tenant, guard): (u32, &Guard),
        (is_agent, manner): (bool, Manner),
        entry: Entry,
        chat: Option<Uuid>,
    ) -> Arc<Self> {
        let (tell, told) = mpsc::unbounded_channel();
        Arc::new(Self {
            number,
            tenant,
            is_agent,
            manner,
            play: Arc::clone(play),
            guard: guard.clone(),
            from: crate::stage::address_of(number),
            entry,
            state: Mutex::new(State { chat, ..State::default() }),
            tell,
            here: AtomicBool::new(false),
            hears: AtomicBool::new(true),
            away: AtomicBool::new(false),
            window: AtomicUsize::new(0),
            told: AtomicUsize::new(0),
            written: AtomicU64::new(0),
            line: Mutex::new(Line::Idle(told)),
        })
    }

    /// Opens the socket, and opens it again whenever it is lost.
    pub fn connect(self: &Arc<Self>) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        *line = match std::mem::replace(&mut *line, Line::Over) {
            Line::Idle(told) => Line::Kept(tokio::spawn(line::live(Arc::clone(self), told))),
            connected @ (Line::Kept(_) | Line::Over) => connected,
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, what: Tell) {
        // A client that has left needs to be told nothing.
        let _told = self.tell.send(what);
    }

    /// Whether the server has welcomed it and the socket stands.
    pub fn is_here(&self) -> bool {
        self.here.load(Ordering::Relaxed)
    }

    /// Where it speaks from.
    pub fn address(&self) -> IpAddr {
        self.from
    }

    /// Reads what comes, as everybody does, or lets it lie where it is and goes on saying that it is there: it is slow, not silent. Whoever
    /// does not read does not notice that the socket is closed.
    pub fn listen(&self, on: bool) {
        self.hears.store(on, Ordering::Relaxed);
        self.tell(Tell::Kick);
    }

    /// Whether it keeps every conversation of its company on the screen.
    pub fn watches_all(&self) -> bool {
        self.is_agent && self.manner.shows == Shows::All
    }

    /// A visitor's conversation, once there is one.
    pub fn chat(&self) -> Option<Uuid> {
        self.state().chat
    }

    /// Sends a message, without waiting for anything. An agent names the conversation.
    pub fn send(&self, conversation: Option<Uuid>) {
        self.told.fetch_add(1, Ordering::Relaxed);
        self.tell(Tell::Send { conversation, done: None });
    }

    /// Sends a message unless so many of its own have no outcome yet. False when it holds back.
    pub fn offer(&self, most: usize) -> bool {
        let has_room = self.told.load(Ordering::Relaxed) + self.unanswered() < most;
        if has_room {
            self.send(None);
        }
        has_room
    }

    /// Sends a message and waits until its outcome is known, however often it has to be tried.
    pub async fn send_and_wait(&self, conversation: Option<Uuid>) -> Outcome<Sent> {
        let (done, outcome) = oneshot::channel();
        self.told.fetch_add(1, Ordering::Relaxed);
        self.tell(Tell::Send { conversation, done: Some(done) });
        outcome.await.doing(|| "send: the actor has left".to_owned())
    }

    /// Keeps so many sends in flight, one after the other, until told 0.
    pub fn press(&self, window: usize) {
        self.window.store(window, Ordering::Relaxed);
        self.tell(Tell::Kick);
    }

    /// Says a frame, if the socket stands.
    pub fn say(&self, frame: String) {
        self.tell(Tell::Say(frame));
    }

    /// Types, or stops, in a conversation.
    pub fn types(&self, conversation: Uuid, on: bool) {
        self.say(frame::typing(conversation, on));
    }

    /// The socket is cut without a word; it comes back by itself.
    pub fn cut(&self) {
        self.tell(Tell::Cut);
    }

    /// The socket is cut without a word, and it does not come back before it is told to; then at once.
    pub fn stay_away(&self, on: bool) {
        self.away.store(on, Ordering::Relaxed);
        self.tell(if on { Tell::Cut } else { Tell::Kick });
    }

    /// Closes the page. Waits until the socket is gone.
    pub async fn leave(&self) {
        self.tell(Tell::Leave);
        let line = std::mem::replace(&mut *self.line.lock().unwrap_or_else(PoisonError::into_inner), Line::Over);
        if let Line::Kept(task) = line {
            // Its end is all that matters.
            let _ended = task.await;
        }
    }

    /// How many sends have no known outcome yet.
    pub fn unanswered(&self) -> usize {
        self.state().pending.len()
    }

    /// What it shows, by conversation.
    pub fn screens(&self) -> HashMap<Uuid, Vec<Uuid>> {
        self.state().screens.iter().map(|(id, screen)| (*id, screen.shown().to_vec())).collect()
    }

    /// How far each conversation is shown.
    pub fn seen(&self) -> Vec<(Uuid, i64)> {
        self.state().screens.iter().map(|(id, screen)| (*id, screen.last())).collect()
    }

    /// A visitor sends over HTTP instead, again and again under the same id until the outcome is known.
    pub async fn post(&self) -> Outcome<Sent> {
        let id = self.play.chance.uuid();
        let (text, began) = self.compose();
        self.note(What::Invoke, id, None, text_mark(&text));
        let sent = self.entry.post(self, id, &text).await?;
        match &sent {
            (Sent::At(seq), conversation) => {
                self.acknowledged(began);
                self.note(What::Ok, id, *conversation, seq.unsigned_abs());
            }
            (Sent::Refused(_), conversation) => {
                self.play.tally.refused.up();
                self.note(What::Fail, id, *conversation, 0);
            }
        }
        Ok(sent.0)
    }

    /// Asks over HTTP for what follows a place of a conversation: the next hundred messages at most, and whether there are more.
    pub async fn read_on(&self, conversation: Uuid, after: i64) -> Outcome<(Vec<(i64, Uuid)>, bool)> {
        let mut http = self.entry.http(self).await?;
        entry::page(self, &mut http, conversation, after).await
    }

    /// A text with the company's word, the time, and a number of its own.
    fn compose(&self) -> (String, u64) {
        let (now, number) = (self.play.log.now(), self.written.fetch_add(1, Ordering::Relaxed));
        (format!("{} {now} {}.{number}", self.guard.word(), self.number), now)
    }

    fn acknowledged(&self, began: u64) {
        self.play.tally.acknowledged(began, self.play.log.now());
    }

    fn note(&self, what: What, client_message_id: Uuid, conversation: Option<Uuid>, mark: u64) {
        let (tenant, actor) = (self.tenant, self.number);
        let conversation = conversation.unwrap_or_default();
        let at = self.play.log.now();
        self.play.log.note(Op {
            at,
            what,
            tenant,
            actor,
            by_agent: self.is_agent,
            conversation,
            client_message_id,
            mark,
        });
    }
}

/// When a text of ours was composed.
fn composed_at(text: &str, word: &str) -> Option<u64> {
    text.strip_prefix(word)?.strip_prefix(' ')?.split(' ').next()?.parse().ok()
}
