//! Rows of the waiting room: what those who wait were told, how long their waits and the work of agents lasted.
//!
//! What they are told is made up elsewhere. Lose these rows, and everybody in line is told anew.

mod history;
mod leave;

use std::time::Duration;

use infra::database::{Rows as _, StoreError, sql};
use infra::{Id, Timestamp};
use sea_orm::FromQueryResult;
use serde::Serialize;
use tenant::TenantTx;
use uuid::Uuid;

use crate::contact::ContactId;
use crate::conversation::ConversationId;
use crate::inbox::InboxId;
use crate::setup;
use crate::team::TeamId;

pub use history::{
    History, InHand, PastWait, Promise, Promised, Waited, Work, history, in_hand, past_waits, promise, unpromised,
};
pub use leave::{LeaveError, Leaving, Way, leave};

/// What the queue boards were told last.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct ToldBoards {
    /// How many wait.
    pub waiting: i32,
    /// Since when the longest of them.
    pub longest_since: Option<Timestamp>,
    /// Of everything a board shows of the line.
    pub digest: i64,
    /// When.
    pub told_at: Timestamp,
}

/// A line is looked at again after this time, however long a look takes and whatever the clock says.
pub const LONGEST_REST: Duration = Duration::from_secs(10);

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Whether there is anything to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct Calm {
    /// Nobody waits and nobody need be told so.
    pub is_quiet: bool,
    /// For how many milliseconds the line is to be left alone after the last look, by the clock of the database; none when it may be looked at.
    pub rest_ms: Option<i64>,
}

impl Calm {
    /// For how long the line is to be left alone.
    pub fn rest(&self) -> Option<Duration> {
        self.rest_ms.and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis)
    }
}

/// Looks whether there is anything to look at.
pub async fn calm(tx: &TenantTx) -> Result<Calm, StoreError> {
    let row: Option<Calm> = tx
        .one(sql(
            "select not exists (select from queue_entry) and not exists (select from waiting_said) \
             and not exists (select from waiting_room where waiting > 0) as is_quiet, \
             (select ceil(extract(epoch from rest_until - clock_timestamp()) * 1000)::bigint from waiting_room \
             where rest_until > clock_timestamp() and rest_until <= clock_timestamp() + $1::bigint * interval '1 millisecond') as rest_ms",
            [millis(LONGEST_REST).into()],
        ))
        .await?;
    row.ok_or_else(|| StoreError::Refused("a question without an answer".to_owned()))
}

/// Waits for the turn to look at the line and tell what has changed, which lasts until the transaction ends.
pub async fn take_turn(tx: &TenantTx) -> Result<ToldBoards, StoreError> {
    make_row(tx).await?;
    let row: Option<ToldBoards> =
        tx.one(sql("select waiting, longest_since, digest, told_at from waiting_room for update", [])).await?;
    row.ok_or_else(|| StoreError::Refused("the row of the waiting room is gone".to_owned()))
}

/// The same, if it is nobody's just now.
pub async fn take_free_turn(tx: &TenantTx) -> Result<Option<ToldBoards>, StoreError> {
    make_row(tx).await?;
    tx.one(sql("select waiting, longest_since, digest, told_at from waiting_room for update skip locked", [])).await
}

async fn make_row(tx: &TenantTx) -> Result<(), StoreError> {
    tx.run(sql(
        "insert into waiting_room (waiting, digest, told_at) values (0, 0, to_timestamp(0)) on conflict do nothing",
        [],
    ))
    .await
    .map(drop)
}

/// Has everybody leave the line alone for so long, from now on by the clock of the database. Within one's turn.
pub async fn rest(tx: &TenantTx, time: Duration) -> Result<(), StoreError> {
    tx.run(sql(
        "update waiting_room set rest_until = clock_timestamp() + $1::bigint * interval '1 millisecond'",
        [millis(time.min(LONGEST_REST)).into()],
    ))
    .await
    .map(drop)
}

/// Notes what the queue boards are told.
pub async fn tell_boards(tx: &TenantTx, told: &ToldBoards) -> Result<(), StoreError> {
    tx.run(sql(
        "update waiting_room set waiting = $1, longest_since = $2, digest = $3, told_at = $4",
        [told.waiting.into(), told.longest_since.into(), told.digest.into(), told.told_at.into()],
    ))
    .await
    .map(drop)
}

/// Someone in line, as far as the line itself does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiter {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Its number.
    pub number: i64,
    /// Which episode of it.
    pub episode: i32,
    /// Where it came in.
    pub inbox: InboxId,
    /// Whose.
    pub contact: ContactId,
    /// Their name.
    pub name: Option<String>,
    /// Their address.
    pub email: Option<String>,
}

/// Everybody in line.
pub async fn waiters(tx: &TenantTx) -> Result<Vec<Waiter>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        number: i64,
        episode: i32,
        inbox_id: Uuid,
        contact_id: Uuid,
        name: Option<String>,
        email: Option<String>,
    }
    let rows: Vec<Row> = tx
        .all(sql(
            "select c.id, c.number, c.episode, c.inbox_id, c.contact_id, k.name, k.email from queue_entry e \
             join conversation c on c.id = e.conversation_id join contact k on k.id = c.contact_id",
            [],
        ))
        .await?;
    let waiter = |row: Row| Waiter {
        conversation: Id::from_uuid(row.id),
        number: row.number,
        episode: row.episode,
        inbox: Id::from_uuid(row.inbox_id),
        contact: Id::from_uuid(row.contact_id),
        name: row.name,
        email: row.email,
    };
    Ok(rows.into_iter().map(waiter).collect())
}

/// What a visitor was told last.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// About which conversation.
    pub conversation: ConversationId,
    /// Who.
    pub contact: ContactId,
    /// Which episode.
    pub episode: i32,
    /// Whose line they stood in.
    pub team: Option<TeamId>,
    /// In whatever words.
    pub place: serde_json::Value,
    /// When.
    pub said_at: Timestamp,
}

#[derive(FromQueryResult)]
struct SaidRow {
    conversation_id: Uuid,
    contact_id: Uuid,
    episode: i32,
    team_id: Option<Uuid>,
    place: serde_json::Value,
    said_at: Timestamp,
}

impl From<SaidRow> for Said {
    fn from(row: SaidRow) -> Self {
        Self {
            conversation: Id::from_uuid(row.conversation_id),
            contact: Id::from_uuid(row.contact_id),
            episode: row.episode,
            team: row.team_id.map(Id::from_uuid),
            place: row.place,
            said_at: row.said_at,
        }
    }
}

/// What everybody was told last, also who has left the line meanwhile.
pub async fn said(tx: &TenantTx) -> Result<Vec<Said>, StoreError> {
    let rows: Vec<SaidRow> = tx
        .all(sql("select conversation_id, contact_id, episode, team_id, place, said_at from waiting_said", []))
        .await?;
    Ok(rows.into_iter().map(Said::from).collect())
}

/// What the visitor of a conversation was told last; `None` for who has left the line, or was never told.
pub async fn said_of(tx: &TenantTx, id: ConversationId) -> Result<Option<Said>, StoreError> {
    let row: Option<SaidRow> = tx
        .one(sql(
            "select conversation_id, contact_id, episode, team_id, place, said_at from waiting_said s \
             where conversation_id = $1 and exists (select from queue_entry e where e.conversation_id = s.conversation_id)",
            [id.uuid().into()],
        ))
        .await?;
    Ok(row.map(Said::from))
}

#[derive(Serialize)]
struct SayRow<'a> {
    conversation_id: Uuid,
    contact_id: Uuid,
    episode: i32,
    team_id: Option<Uuid>,
    place: &'a serde_json::Value,
}

/// Notes what visitors are told.
pub async fn say(tx: &TenantTx, said: &[Said]) -> Result<(), StoreError> {
    if said.is_empty() {
        return Ok(());
    }
    let rows: Vec<SayRow<'_>> = said
        .iter()
        .map(|one| SayRow {
            conversation_id: one.conversation.uuid(),
            contact_id: one.contact.uuid(),
            episode: one.episode,
            team_id: one.team.map(Id::uuid),
            place: &one.place,
        })
        .collect();
    tx.run(sql(
        "insert into waiting_said (conversation_id, contact_id, episode, team_id, place, said_at) \
         select conversation_id, contact_id, episode, team_id, place, $2 from jsonb_to_recordset($1) \
         as s (conversation_id uuid, contact_id uuid, episode integer, team_id uuid, place jsonb) \
         on conflict (conversation_id) do update set contact_id = excluded.contact_id, episode = excluded.episode, \
         team_id = excluded.team_id, place = excluded.place, said_at = excluded.said_at",
        [setup::stored(&rows)?.into(), tx.now().into()],
    ))
    .await
    .map(drop)
}

/// Forgets what was said to those who have left the line.
pub async fn unsay(tx: &TenantTx, gone: &[ConversationId]) -> Result<(), StoreError> {
    if gone.is_empty() {
        return Ok(());
    }
    let gone: Vec<Uuid> = gone.iter().map(|id| id.uuid()).collect();
    tx.run(sql("delete from waiting_said where conversation_id = any($1::uuid[])", [gone.into()])).await.map(drop)
}
