//! The one way to note what was read or received, for HTTP and sockets. Every message brings such marks, so those that arrive
//! together are written together, in a transaction that waits for no disk: a mark that a power cut takes is repaired by the next.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use infra::Timestamp;
use infra::database::{Columns, PipelineRow, Rows as _, StoreError, Value, sql};
use sea_orm::FromQueryResult;
use tenant::lane::{Lane, LanePart};
use tenant::world::World;
use tenant::{AccountId, Fact, Tenant, TenantTx};
use tokio::sync::mpsc::{Receiver, Sender, channel, error::TrySendError};
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use super::{ConversationError, ConversationId};
use crate::backlog::{Backlog, Load};
use crate::contact::ContactId;
use crate::event::{Event, Reader, Told};
use crate::sight::Audience;

/// How many marks may wait. Beyond it they are refused: the next mark says all that they said.
const WAITING: usize = 16_384;
/// How many marks of one company are written together.
const EACH: usize = 128;
/// How many companies are written together.
const COMPANIES: usize = 32;
/// How long after each try a conversation in other hands is tried again, before its mark waits for it by itself.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(5), Duration::from_millis(15), Duration::from_millis(45), Duration::from_millis(135)];
/// For how long a lane that could not connect leaves its marks to the pool.
const DOWN: Duration = Duration::from_secs(1);

/// What somebody has seen of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The company has read up to here, in the numbering of all messages.
    ReadByAgent,
    /// The visitor has read up to here, in their own numbering. What is read was received.
    ReadByContact(ContactId),
    /// The visitor's browser has received up to here, in the visitor's numbering.
    Delivered(ContactId),
}

impl Mark {
    const fn contact(self) -> Option<ContactId> {
        match self {
            Self::ReadByAgent => None,
            Self::ReadByContact(contact) | Self::Delivered(contact) => Some(contact),
        }
    }
}

/// Who writes the marks of one process.
pub struct Marker {
    /// Of each database that companies live in.
    lanes: HashMap<Option<Arc<str>>, Sender<Job>>,
}

struct Job {
    tenant: Tenant,
    conversation: ConversationId,
    mark: Mark,
    seq: i64,
    tries: usize,
    answer: oneshot::Sender<Answer>,
}

enum Answer {
    Noted,
    Unknown,
    /// Note it by itself.
    LeftAlone,
    Failed(String),
}

impl Marker {
    /// Starts the lane. It ends when the marker is dropped.
    pub fn start(world: &World) -> Self {
        let lanes = world.sites.all().filter_map(|site| {
            let (sender, jobs) = channel(WAITING);
            let most = if world.mixed_batches { COMPANIES } else { 1 };
            let lane = Lane::relaxed(site.pipeline.clone()?, TOGETHER);
            tokio::spawn(
                Keeper { lane, most, backlog: Backlog::default(), put_so_far: 0, later: Vec::new(), down_until: None }
                    .run(jobs),
            );
            Some((site.name.clone(), sender))
        });
        Self { lanes: lanes.collect() }
    }

    /// Notes it and tells whom it concerns. Marks never move back, nor past the newest message.
    pub async fn note(
        &self,
        tenant: &Tenant,
        conversation: ConversationId,
        mark: Mark,
        seq: i64,
    ) -> Result<(), ConversationError> {
        let tenant = &tenant.as_of_now().await?;
        if let Some(lane) = self.lanes.get(&tenant.account.database).filter(|_| !tenant.account.moving) {
            let (answer, answered) = oneshot::channel();
            match lane.try_send(Job { tenant: tenant.clone(), conversation, mark, seq, tries: 0, answer }) {
                Ok(()) => match answered.await {
                    Ok(Answer::Noted) => return Ok(()),
                    Ok(Answer::Unknown) => return Err(ConversationError::Unknown),
                    Ok(Answer::Failed(why)) => return Err(StoreError::Unavailable(why).into()),
                    Ok(Answer::LeftAlone) | Err(_) => {}
                },
                Err(TrySendError::Full(_)) => {
                    return Err(StoreError::Unavailable("too many marks are waiting".to_owned()).into());
                }
                Err(TrySendError::Closed(_)) => {}
            }
        }
        let mut tx = tenant.begin().await?;
        note(&mut tx, conversation, mark, seq).await?;
        Ok(tx.commit().await?)
    }
}

/// Notes one mark in the caller's transaction. Marks never move back, nor past the newest message.
pub async fn note(tx: &mut TenantTx, id: ConversationId, mark: Mark, seq: i64) -> Result<(), ConversationError> {
    let place = |is: bool| if is { seq } else { 0 };
    let moved: Option<Moved> = tx
        .one(sql(
            ALONE,
            [
                id.uuid().into(),
                mark.contact().map(infra::Id::uuid).into(),
                place(matches!(mark, Mark::ReadByAgent)).into(),
                place(matches!(mark, Mark::ReadByContact(_))).into(),
                place(matches!(mark, Mark::Delivered(_))).into(),
                tx.now().into(),
            ],
        ))
        .await?;
    let moved = moved.filter(|moved| moved.concerns(mark)).ok_or(ConversationError::Unknown)?;
    for event in moved.events() {
        event.tell(tx)?;
    }
    Ok(())
}

struct Keeper {
    lane: Lane,
    most: usize,
    backlog: Backlog<AccountId, Job>,
    put_so_far: u128,
    /// What is to be tried again, and when.
    later: Vec<(Instant, Job)>,
    down_until: Option<Instant>,
}

impl Keeper {
    async fn run(mut self, mut jobs: Receiver<Job>) {
        loop {
            if self.backlog.is_empty() {
                let due = self.later.iter().map(|(due, _)| *due).min();
                let came = match due {
                    Some(due) => tokio::time::timeout_at(due, jobs.recv()).await,
                    None => Ok(jobs.recv().await),
                };
                match came {
                    Ok(Some(job)) => self.put(job),
                    Ok(None) => return,
                    Err(_) => {}
                }
            }
            let now = Instant::now();
            for (_, job) in self.later.extract_if(.., |(due, _)| *due <= now).collect::<Vec<_>>() {
                self.put(job);
            }
            while self.backlog.len() < WAITING
                && let Ok(job) = jobs.try_recv()
            {
                self.put(job);
            }
            let load = self.backlog.take(self.most, EACH, |_| false);
            self.write(load).await;
        }
    }

    /// Each under a key of its own: marks of one conversation may go together, one row says them all.
    fn put(&mut self, job: Job) {
        self.put_so_far = self.put_so_far.wrapping_add(1);
        self.backlog.push(job.tenant.id(), self.put_so_far, job);
    }

    async fn write(&mut self, load: Load<AccountId, Job>) {
        if self.down_until.is_some_and(|until| until > Instant::now()) {
            return leave_alone(load.into_iter().flat_map(|(_, jobs)| jobs));
        }
        if let Err(error) = self.lane.connect().await {
            tracing::warn!(%error, "the lane of marks cannot connect");
            self.down_until = Some(Instant::now() + DOWN);
            return leave_alone(load.into_iter().flat_map(|(_, jobs)| jobs));
        }
        self.down_until = None;
        let mut parts = Vec::with_capacity(load.len());
        let mut sent = Vec::with_capacity(load.len());
        for (_, jobs) in load {
            let Some(tenant) = jobs.first().map(|job| job.tenant.clone()) else { continue };
            let mut sheet = Sheet::default();
            let (jobs, odd): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| sheet.add(job));
            leave_alone(odd);
            let now = tenant.now();
            parts.push(LanePart { tenant, values: sheet.values(now) });
            sent.push((jobs, now));
        }
        match self.lane.write(parts).await {
            Ok(rows) => {
                for ((jobs, now), rows) in sent.into_iter().zip(rows) {
                    self.later.extend(tell(jobs, &rows, now));
                }
            }
            Err(StoreError::Unavailable(why)) => {
                for job in sent.into_iter().flat_map(|(jobs, _)| jobs) {
                    drop(job.answer.send(Answer::Failed(why.clone())));
                }
            }
            Err(error) => {
                tracing::debug!(%error, "marks were refused together; they are noted one by one");
                leave_alone(sent.into_iter().flat_map(|(jobs, _)| jobs));
            }
        }
    }
}

fn leave_alone(jobs: impl IntoIterator<Item = Job>) {
    for job in jobs {
        drop(job.answer.send(Answer::LeftAlone));
    }
}

/// What one statement is to note in one company: a row for each conversation.
#[derive(Default)]
struct Sheet(HashMap<Uuid, Line>);

#[derive(Default)]
struct Line {
    contact: Option<Uuid>,
    agent_read: i64,
    contact_read: i64,
    delivered: i64,
}

impl Sheet {
    /// False when the row of its conversation speaks of another visitor, which only somebody who guesses ids brings about.
    fn add(&mut self, job: &Job) -> bool {
        let line = self.0.entry(job.conversation.uuid()).or_default();
        if let Some(contact) = job.mark.contact().map(infra::Id::uuid) {
            if line.contact.is_some_and(|other| other != contact) {
                return false;
            }
            line.contact = Some(contact);
        }
        let place = match job.mark {
            Mark::ReadByAgent => &mut line.agent_read,
            Mark::ReadByContact(_) => &mut line.contact_read,
            Mark::Delivered(_) => &mut line.delivered,
        };
        *place = job.seq.max(*place);
        true
    }

    /// The values of [`TOGETHER`].
    fn values(&self, now: Timestamp) -> Vec<Value> {
        let column = |of: fn(&Line) -> i64| self.0.values().map(of).collect::<Vec<i64>>();
        vec![
            Box::new(self.0.keys().copied().collect::<Vec<Uuid>>()),
            Box::new(self.0.values().map(|line| line.contact).collect::<Vec<Option<Uuid>>>()),
            Box::new(column(|line| line.agent_read)),
            Box::new(column(|line| line.contact_read)),
            Box::new(column(|line| line.delivered)),
            Box::new(now),
        ]
    }
}

/// Moves the marks and says where they were and are. A visitor's mark on somebody else's conversation moves nothing. What is newly
/// read is taken off the counts, up to what this statement can see, rather than the rest counted again: messages up to a known place do not change, while new ones
/// may be written at this very moment.
macro_rules! statement {
    ($marks:literal, $tenant:literal, $locked:literal) => {
        concat!(
            "with mark as (select k.*, x.last_seq, x.last_public_seq from (", $marks, ") k join ", $tenant, "conversation x on x.id = k.id
), target as materialized (
    select c.id, c.contact_id, c.team_id, c.assignee_id, c.agent_read_seq as agent_was, c.contact_read_seq as contact_was,
        c.contact_delivered_seq as delivered_was, greatest(c.agent_read_seq, least(m.agent_read, m.last_seq)) as agent_read,
        case when m.contact_id = c.contact_id then greatest(c.contact_read_seq, least(m.contact_read, m.last_public_seq))
            else c.contact_read_seq end as contact_read,
        case when m.contact_id = c.contact_id
            then greatest(c.contact_delivered_seq, least(greatest(m.contact_read, m.delivered), m.last_public_seq))
            else c.contact_delivered_seq end as delivered
    from mark m join ", $tenant, "conversation c on c.id = m.id
    for no key update of c", $locked, "
), moved as (
    update ", $tenant, "conversation c set
        version = c.version + 1,
        updated_at = $6,
        agent_read_seq = t.agent_read,
        agent_read_public_seq = case when t.agent_read = t.agent_was then c.agent_read_public_seq else coalesce((
            select m.public_seq from ", $tenant, "message m where m.conversation_id = c.id and m.seq <= t.agent_read
            and m.public_seq is not null order by m.seq desc limit 1), c.agent_read_public_seq) end,
        unread_count = case when t.agent_read = t.agent_was then c.unread_count else greatest(0, c.unread_count - (
            select count(*) from ", $tenant, "message m where m.conversation_id = c.id and m.seq > t.agent_was
            and m.seq <= t.agent_read and m.message_type = 'incoming')) end,
        contact_read_seq = t.contact_read,
        contact_delivered_seq = t.delivered,
        contact_unread_count = case when t.contact_read = t.contact_was then c.contact_unread_count
            else greatest(0, c.contact_unread_count - (
            select count(*) from ", $tenant, "message m where m.conversation_id = c.id and m.seq > t.contact_was
            and m.public_seq > t.contact_was and m.public_seq <= t.contact_read and m.message_type <> 'incoming')) end
    from target t
    where c.id = t.id and (t.agent_read > t.agent_was or t.contact_read > t.contact_was or t.delivered > t.delivered_was)
    returning c.id, c.agent_read_public_seq
)
select t.id, t.contact_id, t.agent_was, t.agent_read, coalesce(v.agent_read_public_seq, 0) as agent_public, t.contact_was,
    t.contact_read, t.delivered_was, t.delivered, t.team_id, t.assignee_id
from target t left join moved v on v.id = t.id"
        )
    };
}

/// For a lane: many marks, and rows that another transaction holds are left out.
const TOGETHER: &str = statement!(
    "select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[])
        as m (id, contact_id, agent_read, contact_read, delivered)",
    "tenant.",
    " skip locked"
);
/// For one mark by itself, which waits for its row.
const ALONE: &str = statement!(
    "select $1::uuid as id, $2::uuid as contact_id, $3::bigint as agent_read, $4::bigint as contact_read, $5::bigint as delivered",
    "",
    ""
);

/// Where the marks of a conversation were and are.
#[derive(FromQueryResult)]
struct Moved {
    id: Uuid,
    contact_id: Uuid,
    agent_was: i64,
    agent_read: i64,
    agent_public: i64,
    contact_was: i64,
    contact_read: i64,
    delivered_was: i64,
    delivered: i64,
    team_id: Option<Uuid>,
    assignee_id: Option<Uuid>,
}

impl Moved {
    fn read(row: &PipelineRow) -> Result<Self, StoreError> {
        let mut columns = Columns::of(row);
        Ok(Self {
            id: columns.take()?,
            contact_id: columns.take()?,
            agent_was: columns.take()?,
            agent_read: columns.take()?,
            agent_public: columns.take()?,
            contact_was: columns.take()?,
            contact_read: columns.take()?,
            delivered_was: columns.take()?,
            delivered: columns.take()?,
            team_id: columns.take()?,
            assignee_id: columns.take()?,
        })
    }

    /// Whether the one who made a mark may know of this conversation.
    fn concerns(&self, mark: Mark) -> bool {
        mark.contact().is_none_or(|contact| contact.uuid() == self.contact_id)
    }

    /// What colleagues and the visitor hear. Who has read is not said to have received besides.
    fn events(&self) -> impl Iterator<Item = Event> {
        let (conversation_id, contact_id) = (ConversationId::from_uuid(self.id), ContactId::from_uuid(self.contact_id));
        let audience = Audience {
            team: self.team_id.map(infra::Id::from_uuid),
            assignee: self.assignee_id.map(infra::Id::from_uuid),
        };
        let read = |by, seq, public_seq| Event::ConversationRead {
            conversation_id,
            contact_id,
            audience,
            by,
            seq,
            public_seq,
        };
        let by_agent =
            (self.agent_was < self.agent_read).then(|| read(Reader::Agent, self.agent_read, self.agent_public));
        let by_contact =
            (self.contact_was < self.contact_read).then(|| read(Reader::Contact, self.contact_read, self.contact_read));
        let delivered = (self.delivered_was < self.delivered && self.contact_read < self.delivered).then_some(
            Event::ConversationDelivered { conversation_id, contact_id, audience, public_seq: self.delivered },
        );
        by_agent.into_iter().chain(by_contact).chain(delivered)
    }
}

/// Tells what has moved and answers; gives back the marks to be tried again, and when.
fn tell(jobs: Vec<Job>, rows: &[PipelineRow], at: Timestamp) -> Vec<(Instant, Job)> {
    let Some(tenant) = jobs.first().map(|job| job.tenant.clone()) else { return Vec::new() };
    let mut known = HashMap::with_capacity(rows.len());
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        match Moved::read(row) {
            Ok(moved) => {
                events.extend(moved.events());
                known.insert(moved.id, moved);
            }
            Err(error) => tracing::error!(%error, "a mark could not be read back"),
        }
    }
    if !events.is_empty() {
        // A closed channel means the process is going down.
        drop(tenant.world.facts.send(Fact { account: tenant.id(), id: None, body: Arc::new(Told(events)), at }));
    }
    let mut again = Vec::new();
    for mut job in jobs {
        let answer = match known.get(&job.conversation.uuid()) {
            Some(moved) if moved.concerns(job.mark) => Answer::Noted,
            Some(_) => Answer::Unknown,
            None => match PAUSES.get(job.tries) {
                Some(pause) => {
                    job.tries += 1;
                    again.push((Instant::now() + *pause, job));
                    continue;
                }
                None => Answer::LeftAlone,
            },
        };
        drop(job.answer.send(answer));
    }
    again
}
