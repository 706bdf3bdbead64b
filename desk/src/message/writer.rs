//! The one way to send a message, for HTTP and sockets. Messages that arrive together are written together.
//!
//! Each company is tied to one lane. A lane that is free writes what it has at once, so a lone message waits for nobody; what
//! arrives meanwhile is written together when the lane comes back. A message that the bulk statement leaves alone, or whose
//! batch was refused, is written by itself, so that one company's or one sender's trouble stays theirs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use infra::database::{PipelineOptions, PipelineRow, StoreError};
use infra::{Chance, Clock};
use tenant::lane::{Lane, LanePart};
use tenant::world::World;
use tenant::{AccountId, Fact, Tenant};
use tokio::sync::mpsc::{Receiver, Sender, channel, error::TrySendError};
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use super::bulk::{self, Letter, Post, Written};
use super::send::{checked, receive_with, send_with};
use super::{Author, Message, MessageError, Sent};
use crate::backlog::{Backlog, Load};
use crate::conversation::Conversation;
use crate::event::{Event, Reader, Told};
use crate::masking::{self, Known, Masks};

/// How many messages may wait for one lane. Beyond it senders are asked to come again.
const WAITING: usize = 4_096;
/// How many companies are written together.
const COMPANIES: usize = 48;
/// A message that has waited this long is given up unwritten: its sender is about to be told to repeat it.
const TOO_LATE: Duration = Duration::from_secs(3);
/// For how long a company whose batch was refused is written apart from others.
const ALONE: Duration = Duration::from_secs(10);
/// For how long a lane that could not connect leaves its messages to the pool.
const DOWN: Duration = Duration::from_secs(1);

/// The writers of messages of one process.
pub struct Writer {
    /// Of each database that companies live in.
    lanes: HashMap<Option<Arc<str>>, Vec<Queue>>,
    /// What companies have masked, as far as this process knows.
    known: Known,
    chance: Chance,
    clock: Clock,
}

/// The way to one lane.
struct Queue {
    jobs: Sender<Job>,
    /// How many the lane has taken over and not begun to write.
    held: Arc<AtomicUsize>,
}

impl Queue {
    /// How many wait, wherever they do.
    fn waiting(&self) -> usize {
        waiting_on(&self.jobs, &self.held)
    }
}

fn waiting_on<T>(jobs: &Sender<T>, held: &AtomicUsize) -> usize {
    jobs.max_capacity().saturating_sub(jobs.capacity()) + held.load(Ordering::Relaxed)
}

/// Whether more than half of those wait for a lane who may: as many as that on the way to it, and as many in its hands.
const fn is_pressed(waiting: usize) -> bool {
    waiting > WAITING
}

struct Job {
    tenant: Tenant,
    letter: Letter,
    answer: oneshot::Sender<Answer>,
    since: Instant,
}

enum Answer {
    /// Written, and told to everybody.
    Written(Box<Sent>),
    /// Left alone: write it by itself.
    LeftAlone,
    /// Not written, or unknown.
    Failed(String),
}

impl Writer {
    /// Starts the lanes. They end when the writer is dropped.
    pub fn start(world: &World) -> Self {
        let start = |options: &PipelineOptions| {
            let (sender, jobs) = channel(WAITING);
            let held = Arc::new(AtomicUsize::new(0));
            let lane = Lane::new(options.clone(), bulk::STATEMENT);
            let keeper = Keeper {
                lane,
                most: if world.mixed_batches { COMPANIES } else { 1 },
                each: usize::try_from(world.batch).unwrap_or(usize::MAX).max(1),
                backlog: Backlog::default(),
                held: Arc::clone(&held),
                alone: HashMap::new(),
                down_until: None,
            };
            tokio::spawn(keeper.run(jobs));
            Queue { jobs: sender, held }
        };
        let lanes = world.sites.all().map(|site| {
            let lanes = site.pipeline.iter().flat_map(|options| (0..world.lanes).map(|_| start(options)));
            (site.name.clone(), lanes.collect())
        });
        Self {
            lanes: lanes.collect(),
            known: Known::default(),
            chance: world.chance.clone(),
            clock: world.clock.clone(),
        }
    }

    /// Writes a message, durably, once: a repeat with the same `client_message_id` finds the first one, and another text under
    /// it is refused. An unavailable database may have written it nevertheless: repeat.
    pub async fn send(
        &self,
        tenant: &Tenant,
        post: Post,
        text: &str,
        client_message_id: Uuid,
    ) -> Result<Sent, MessageError> {
        let (text, post) = (checked(text)?, post.checked()?);
        let tenant = &tenant.as_of_now().await?;
        let known = self.known.of(tenant.id());
        if let (Some(lane), Some((masked, edition))) = (self.lane(tenant), masked(known.as_deref(), &post, &text)) {
            let id = self.chance.uuid(self.clock.now());
            let letter = Letter { id, post: post.clone(), text: masked, edition, client_message_id };
            let (answer, answered) = oneshot::channel();
            match lane.jobs.try_send(Job { tenant: tenant.clone(), letter, answer, since: Instant::now() }) {
                Ok(()) => match answered.await {
                    Ok(Answer::Written(sent)) => return Ok(*sent),
                    Ok(Answer::Failed(why)) => return Err(StoreError::Unavailable(why).into()),
                    Ok(Answer::LeftAlone) | Err(_) => {}
                },
                Err(TrySendError::Full(_)) => {
                    metrics::counter!("frontdesk_sends_shed_total").increment(1);
                    return Err(StoreError::Unavailable("too many messages are waiting".to_owned()).into());
                }
                Err(TrySendError::Closed(_)) => {}
            }
        }
        metrics::counter!("frontdesk_sends_single_total").increment(1);
        self.alone(tenant, post, &text, client_message_id).await
    }
}

impl Writer {
    /// Whether so many messages wait beside this company's that whatever is worth less is to be left undone.
    pub fn is_pressed(&self, tenant: &Tenant) -> bool {
        self.lane(tenant).is_some_and(|lane| is_pressed(lane.waiting()))
    }

    /// The lane that a company is tied to; none while it moves, nor where its database takes none.
    fn lane(&self, tenant: &Tenant) -> Option<&Queue> {
        let lanes = self.lanes.get(&tenant.account.database).filter(|_| !tenant.account.moving)?;
        let place = tenant.id().uuid().as_u128() % u128::try_from(lanes.len().max(1)).unwrap_or(1);
        usize::try_from(place).ok().and_then(|place| lanes.get(place))
    }

    /// Writes one message in a transaction of its own, with whatever else it calls for.
    async fn alone(
        &self,
        tenant: &Tenant,
        post: Post,
        text: &str,
        client_message_id: Uuid,
    ) -> Result<Sent, MessageError> {
        let mut tx = tenant.begin().await?;
        let masks = if post.is_private() {
            None
        } else {
            let masks = masking::current(&tx, self.known.of(tenant.id())).await?;
            self.known.note(tenant.id(), masks.as_ref());
            masks
        };
        let masks = masks.as_deref();
        let sent = match post {
            Post::Visitor { contact, inbox, start } => {
                let start = start.map(|start| *start);
                receive_with(&mut tx, masks, contact, inbox, text, start, client_message_id).await?
            }
            Post::Agent { agent, name, conversation, private } => {
                let name = tenant::agent::find_name(&tx, agent).await?.unwrap_or(name);
                let author = Author::Agent { id: agent, name };
                send_with(&mut tx, masks, conversation, author, text, private, client_message_id).await?
            }
        };
        tx.commit().await?;
        Ok(sent)
    }
}

/// A text as the lane may write it, by what this process knows, and by which edition that is. `None` for what it would refuse: that
/// may have changed, and a repeat of what was written before is none; the row decides, outside the lane.
fn masked(known: Option<&Masks>, post: &Post, text: &str) -> Option<(String, Option<Uuid>)> {
    match known.filter(|_| !post.is_private()) {
        Some(masks) => masks.apply(text).ok().map(|masked| (masked, masks.edition())),
        None => Some((text.to_owned(), None)),
    }
}

/// Who keeps one lane.
struct Keeper {
    lane: Lane,
    /// How many companies are written together.
    most: usize,
    /// How many messages of one company are.
    each: usize,
    backlog: Backlog<AccountId, Job>,
    /// Its length, for others to see.
    held: Arc<AtomicUsize>,
    alone: HashMap<AccountId, Instant>,
    down_until: Option<Instant>,
}

impl Keeper {
    async fn run(mut self, mut jobs: Receiver<Job>) {
        loop {
            if self.backlog.is_empty() {
                let Some(job) = jobs.recv().await else { return };
                self.put(job);
            }
            while self.backlog.len() < WAITING
                && let Ok(job) = jobs.try_recv()
            {
                self.put(job);
            }
            let now = Instant::now();
            self.alone.retain(|_, until| *until > now);
            let load = self.backlog.take(self.most, self.each, |account| self.alone.contains_key(&account));
            self.held.store(self.backlog.len(), Ordering::Relaxed);
            self.write(in_time(load)).await;
        }
    }

    fn put(&mut self, job: Job) {
        self.backlog.push(job.tenant.id(), job.letter.post.key(), job);
    }

    async fn write(&mut self, load: Load<AccountId, Job>) {
        if load.is_empty() {
            return;
        }
        if self.down_until.is_some_and(|until| until > Instant::now()) {
            return leave_alone(load);
        }
        if let Err(error) = self.lane.connect().await {
            tracing::warn!(%error, "a writer cannot connect");
            self.down_until = Some(Instant::now() + DOWN);
            return leave_alone(load);
        }
        self.down_until = None;
        let mut parts = Vec::with_capacity(load.len());
        let mut batches = Vec::with_capacity(load.len());
        for (_, jobs) in &load {
            let Some(first) = jobs.first() else { continue };
            let now = first.tenant.now();
            let batch = first.tenant.chance().uuid(now);
            let values = bulk::values(jobs.iter().map(|job| &job.letter), batch, now);
            parts.push(LanePart { tenant: first.tenant.clone(), values });
            batches.push((batch, now));
        }
        let began = Instant::now();
        match self.lane.write(parts).await {
            Ok(rows) => {
                metrics::histogram!("frontdesk_batch_seconds").record(began.elapsed());
                for (((account, jobs), (batch, now)), rows) in load.into_iter().zip(batches).zip(rows) {
                    self.alone.remove(&account);
                    tell(jobs, &rows, batch, now);
                }
            }
            Err(StoreError::Unavailable(why)) => {
                for job in load.into_iter().flat_map(|(_, jobs)| jobs) {
                    drop(job.answer.send(Answer::Failed(why.clone())));
                }
            }
            Err(error) => {
                tracing::debug!(%error, companies = load.len(), "a batch was refused; its messages are written one by one");
                metrics::counter!("frontdesk_batches_refused_total").increment(1);
                let until = Instant::now() + ALONE;
                // The others have done nothing; only where it is not known whose fault it was is it everybody's.
                let refused = self.lane.refused();
                let accounts = load.iter().map(|(account, _)| *account).enumerate();
                let to_blame = accounts.filter(|(place, _)| refused.is_none_or(|refused| refused == *place));
                self.alone.extend(to_blame.map(|(_, account)| (account, until)));
                leave_alone(load);
            }
        }
    }
}

fn in_time(load: Load<AccountId, Job>) -> Load<AccountId, Job> {
    let mut kept = Vec::with_capacity(load.len());
    for (account, jobs) in load {
        let (fresh, late): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| job.since.elapsed() < TOO_LATE);
        for job in late {
            drop(job.answer.send(Answer::Failed("waited too long to be written".to_owned())));
        }
        if !fresh.is_empty() {
            kept.push((account, fresh));
        }
    }
    kept
}

fn leave_alone(load: Load<AccountId, Job>) {
    for job in load.into_iter().flat_map(|(_, jobs)| jobs) {
        drop(job.answer.send(Answer::LeftAlone));
    }
}

/// Publishes what is durable now, then answers the senders.
fn tell(jobs: Vec<Job>, rows: &[PipelineRow], batch: Uuid, now: infra::Timestamp) {
    let Some(tenant) = jobs.first().map(|job| job.tenant.clone()) else { return };
    let mut written: HashMap<Uuid, Written> = HashMap::with_capacity(rows.len());
    for row in rows {
        match Written::read(row) {
            Ok(row) => drop(written.insert(row.id, row)),
            Err(error) => tracing::error!(%error, "a written message could not be read back"),
        }
    }
    metrics::histogram!("frontdesk_batch_messages").record(u32::try_from(rows.len()).unwrap_or(u32::MAX));
    let mut unreadable = written.len() < rows.len();
    let mut events = Vec::with_capacity(2 * rows.len());
    let mut answers = Vec::with_capacity(jobs.len());
    for Job { letter, answer, .. } in jobs {
        let finished = written.remove(&letter.id).map(|row| row.finish(letter, now));
        let sent = match finished {
            Some(Ok((message, conversation))) => Answer::Written(Box::new(news(&mut events, message, conversation))),
            // Left alone by the statement, or unreadable here: written by itself, a repeat then finds it.
            Some(Err(_)) => {
                unreadable = true;
                Answer::LeftAlone
            }
            None => Answer::LeftAlone,
        };
        answers.push((answer, sent));
    }
    if !events.is_empty() {
        // What could not be read here, the sweep tells: its row stays.
        let id = (!unreadable).then_some(batch);
        let fact = Fact { account: tenant.id(), id, body: Arc::new(Told(events)), at: now };
        // A closed channel means the process is going down; the sweep of another will publish.
        drop(tenant.world.facts.send(fact));
    }
    for (answer, sent) in answers {
        drop(answer.send(sent));
    }
}

fn news(events: &mut Vec<Event>, message: Message, conversation: Conversation) -> Sent {
    let (message, conversation) = (Arc::new(message), Arc::new(conversation));
    events.push(Event::MessageCreated { message: Arc::clone(&message), conversation: Arc::clone(&conversation) });
    if message.message_type == super::MessageType::Outgoing {
        events.push(Event::ConversationRead {
            conversation_id: conversation.id,
            contact_id: conversation.contact.id,
            audience: conversation.audience(),
            by: Reader::Agent,
            seq: conversation.agent_read_seq,
            public_seq: conversation.agent_read_public_seq,
        });
    }
    Sent { message, conversation, replayed: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lane_is_pressed_when_more_than_half_of_those_wait_who_may() {
        let (jobs, mut taken) = channel::<u8>(WAITING);
        let held = AtomicUsize::new(WAITING / 2);
        let waiting = || waiting_on(&jobs, &held);
        assert!(!is_pressed(waiting()));
        for _ in 0..=WAITING / 2 {
            jobs.try_send(0).unwrap();
        }
        assert!(is_pressed(waiting()), "{}", waiting());
        taken.recv().await.unwrap();
        assert!(!is_pressed(waiting()), "one less is half");
        held.store(0, Ordering::Relaxed);
        assert_eq!(waiting(), WAITING / 2);
    }
}
