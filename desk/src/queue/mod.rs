//! The line: one entry for each conversation that waits for an agent. Who gets it, and when, is decided elsewhere.

pub mod floor;
mod follow;
pub mod offers;
pub mod overdue;
mod overflow;
pub mod transfer;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use infra::{Id, Timestamp};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::{AgentId, TenantTx};
use uuid::Uuid;

use crate::conversation::{ConversationId, Priority};
use crate::setup;
use crate::skill::Demands;
use crate::team::TeamId;

pub use follow::{Back, Entrance, Outcome, Stood, end_wait, repair};
pub(crate) use follow::{Following, follow, follow_one, leave, rank};
pub(crate) use overflow::overflow;

/// Why it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = QueueReason)]
pub enum Reason {
    /// It has just begun.
    New,
    /// It had been resolved.
    Reopened,
    /// Somebody gave it back.
    Returned,
    /// Somebody passed it on.
    Transferred,
    /// Whoever had it did not answer.
    NoAnswer,
    /// Whoever had it went away.
    AgentGone,
    /// Whom it was offered to did not want it.
    Declined,
}

impl Reason {
    pub(crate) const ALL: [Self; 7] =
        [Self::New, Self::Reopened, Self::Returned, Self::Transferred, Self::NoAnswer, Self::AgentGone, Self::Declined];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Reopened => "reopened",
            Self::Returned => "returned",
            Self::Transferred => "transferred",
            Self::NoAnswer => "no_answer",
            Self::AgentGone => "agent_gone",
            Self::Declined => "declined",
        }
    }
}

impl Priority {
    /// Its rank in the line: a higher one goes first. What nobody has ranked is as usual.
    pub const fn rank(priority: Option<Self>) -> i16 {
        match priority {
            Some(Self::Low) => 0,
            None | Some(Self::Medium) => 1,
            Some(Self::High) => 2,
            Some(Self::Urgent) => 3,
        }
    }
}

/// Who was asked, and until when the question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Who.
    pub agent: AgentId,
    /// Since when.
    pub at: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// A conversation that waits.
#[expect(clippy::struct_excessive_bools, reason = "each is a thing of its own that the row knows")]
#[derive(Debug, Clone, PartialEq)]
pub struct QueueEntry {
    /// Which.
    pub conversation: ConversationId,
    /// In which team's line; none for the line of the whole company.
    pub team: Option<TeamId>,
    /// Since when: kept when it comes back, so that it stands where it stood.
    pub entered_at: Timestamp,
    /// By priority: higher ones go first.
    pub rank: i16,
    /// Whether it goes before those who are not.
    pub vip: bool,
    /// Whether its visitor has left a message, or wants to be called: no live wait.
    pub patient: bool,
    /// Whether it came when the line was full.
    pub turned_away: bool,
    /// Whether it was turned away without being asked for a message.
    pub refused: bool,
    /// What it asks for, before any rung of the ladder.
    pub demands: Demands,
    /// The visitor's language.
    pub language: Option<String>,
    /// The inbox's channel.
    pub channel: String,
    /// How much of an agent's place it takes, in percent.
    pub weight: i16,
    /// Who had it last.
    pub last_agent: Option<AgentId>,
    /// The only one who may have it: it was passed on to them.
    pub only_agent: Option<AgentId>,
    /// The line it goes back to when nobody takes it in time; none for the line of the whole company.
    pub return_team: Option<TeamId>,
    /// When it goes back; none when it stays where it is.
    pub return_at: Option<Timestamp>,
    /// Who did not want it.
    pub declined: Vec<AgentId>,
    /// When somebody was last asked.
    pub last_offer_at: Option<Timestamp>,
    /// Who is asked now.
    pub offer: Option<Offer>,
    /// Why it waits.
    pub reason: Reason,
    /// How many rungs of the ladder were taken.
    pub step: i16,
    /// When the next one is.
    pub step_at: Option<Timestamp>,
    /// How far the visitor's bar has come.
    pub best_progress: f32,
    /// What the visitor was told when it began to wait.
    pub predicted: Option<serde_json::Value>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

#[expect(clippy::struct_excessive_bools, reason = "the columns")]
#[derive(FromQueryResult)]
struct Row {
    conversation_id: Uuid,
    team_id: Option<Uuid>,
    entered_at: Timestamp,
    rank: i16,
    vip: bool,
    patient: bool,
    turned_away: bool,
    refused: bool,
    demands: serde_json::Value,
    language: Option<String>,
    channel: String,
    weight: i16,
    last_agent_id: Option<Uuid>,
    only_agent_id: Option<Uuid>,
    return_team_id: Option<Uuid>,
    return_at: Option<Timestamp>,
    declined: Vec<Uuid>,
    offered_to: Option<Uuid>,
    offered_at: Option<Timestamp>,
    offered_until: Option<Timestamp>,
    reason: String,
    step: i16,
    step_at: Option<Timestamp>,
    best_progress: f32,
    predicted: Option<serde_json::Value>,
    updated_at: Timestamp,
}

impl TryFrom<Row> for QueueEntry {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let conversation = ConversationId::from_uuid(row.conversation_id);
        let reason = Reason::ALL.into_iter().find(|reason| reason.as_str() == row.reason).ok_or_else(|| {
            StoreError::Inconsistent { table: "queue_entry", id: conversation.to_string(), what: row.reason.clone() }
        })?;
        let offer = match (row.offered_to, row.offered_at, row.offered_until) {
            (Some(agent), Some(at), Some(until)) => Some(Offer { agent: Id::from_uuid(agent), at, until }),
            _ => None,
        };
        Ok(Self {
            conversation,
            team: row.team_id.map(Id::from_uuid),
            entered_at: row.entered_at,
            rank: row.rank,
            vip: row.vip,
            patient: row.patient,
            turned_away: row.turned_away,
            refused: row.refused,
            demands: setup::read("queue_entry", &conversation, row.demands)?,
            language: row.language,
            channel: row.channel,
            weight: row.weight,
            last_agent: row.last_agent_id.map(Id::from_uuid),
            only_agent: row.only_agent_id.map(Id::from_uuid),
            return_team: row.return_team_id.map(Id::from_uuid),
            return_at: row.return_at,
            declined: row.declined.into_iter().map(Id::from_uuid).collect(),
            last_offer_at: row.offered_at,
            offer,
            reason,
            step: row.step,
            step_at: row.step_at,
            best_progress: row.best_progress,
            predicted: row.predicted,
            updated_at: row.updated_at,
        })
    }
}

/// Reads entries. A macro, because statements are literals.
macro_rules! select_entries {
    ($tail:literal) => {
        concat!(
            "select conversation_id, team_id, entered_at, rank, vip, patient, demands, language, channel, weight, last_agent_id, only_agent_id, \
             return_team_id, declined, offered_to, offered_at, offered_until, reason, step, step_at, best_progress, predicted, turned_away, return_at, \
             refused, updated_at from queue_entry ",
            $tail
        )
    };
}

/// Everybody who waits, in order: live waits first, then important visitors, then by priority, then by time.
pub async fn list(tx: &TenantTx) -> Result<Vec<QueueEntry>, StoreError> {
    let rows: Vec<Row> =
        tx.all(sql(select_entries!("order by patient, vip desc, rank desc, entered_at, conversation_id"), [])).await?;
    rows.into_iter().map(QueueEntry::try_from).collect()
}

/// The first so many in line, in order, and whoever else there is something to do for: who is being asked about, whose next rung is due, and,
/// where there are ladders (`is_laddered`), who has not been looked at yet.
pub async fn head(tx: &TenantTx, most: u32, is_laddered: bool) -> Result<Vec<QueueEntry>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            select_entries!(
                "where conversation_id in (select conversation_id from queue_entry \
             order by patient, vip desc, rank desc, entered_at, conversation_id limit $1) \
             or offered_to is not null or step_at <= $2 or ($3 and step = 0 and step_at is null) \
             order by patient, vip desc, rank desc, entered_at, conversation_id"
            ),
            [i64::from(most).into(), tx.now().into(), is_laddered.into()],
        ))
        .await?;
    rows.into_iter().map(QueueEntry::try_from).collect()
}

/// How long the line is, and when the next rung of anybody in it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct Length {
    /// How many wait.
    pub waiting: i64,
    /// The next rung after now.
    pub next_step_at: Option<Timestamp>,
}

/// How long the line is.
pub async fn length(tx: &TenantTx) -> Result<Length, StoreError> {
    let length: Option<Length> = tx
        .one(sql(
            "select count(*) as waiting, min(step_at) filter (where step_at > $1) as next_step_at from queue_entry",
            [tx.now().into()],
        ))
        .await?;
    length.ok_or_else(|| StoreError::Refused("a question without an answer".to_owned()))
}

/// The entry of a conversation, if it waits.
pub async fn find(tx: &TenantTx, id: ConversationId) -> Result<Option<QueueEntry>, StoreError> {
    let row: Option<Row> = tx.one(sql(select_entries!("where conversation_id = $1"), [id.uuid().into()])).await?;
    row.map(QueueEntry::try_from).transpose()
}

#[derive(FromQueryResult)]
struct Standing {
    conversation_id: Uuid,
    team_id: Option<Uuid>,
}

/// In whose lines these conversations stand, without those that stand in none.
pub async fn lines(
    tx: &TenantTx,
    ids: &[ConversationId],
) -> Result<HashMap<ConversationId, Option<TeamId>>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows: Vec<Standing> = tx
        .all(sql(
            "select conversation_id, team_id from queue_entry where conversation_id = any($1::uuid[])",
            [ids.into()],
        ))
        .await?;
    let read = |row: Standing| (ConversationId::from_uuid(row.conversation_id), row.team_id.map(Id::from_uuid));
    Ok(rows.into_iter().map(read).collect())
}

/// Writes an entry, new or as it is now.
pub async fn put(tx: &TenantTx, entry: &QueueEntry) -> Result<(), StoreError> {
    let declined: Vec<Uuid> = entry.declined.iter().map(|agent| agent.uuid()).collect();
    tx.run(sql(
        "insert into queue_entry (conversation_id, team_id, entered_at, rank, vip, patient, demands, language, channel, weight, last_agent_id, \
         only_agent_id, return_team_id, declined, offered_to, offered_at, offered_until, reason, step, step_at, best_progress, predicted, updated_at, turned_away, return_at, refused) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26) \
         on conflict (conversation_id) do update set team_id = excluded.team_id, entered_at = excluded.entered_at, rank = excluded.rank, \
         vip = excluded.vip, patient = excluded.patient, demands = excluded.demands, language = excluded.language, channel = excluded.channel, \
         weight = excluded.weight, last_agent_id = excluded.last_agent_id, only_agent_id = excluded.only_agent_id, \
         return_team_id = excluded.return_team_id, declined = excluded.declined, offered_to = excluded.offered_to, \
         offered_at = excluded.offered_at, offered_until = excluded.offered_until, reason = excluded.reason, step = excluded.step, \
         step_at = excluded.step_at, best_progress = excluded.best_progress, predicted = excluded.predicted, turned_away = excluded.turned_away, return_at = excluded.return_at, \
         refused = excluded.refused, updated_at = excluded.updated_at",
        [
            entry.conversation.uuid().into(),
            entry.team.map(Id::uuid).into(),
            entry.entered_at.into(),
            entry.rank.into(),
            entry.vip.into(),
            entry.patient.into(),
            setup::stored(&entry.demands)?.into(),
            entry.language.clone().into(),
            entry.channel.clone().into(),
            entry.weight.into(),
            entry.last_agent.map(Id::uuid).into(),
            entry.only_agent.map(Id::uuid).into(),
            entry.return_team.map(Id::uuid).into(),
            declined.into(),
            entry.offer.map(|offer| offer.agent.uuid()).into(),
            entry.offer.map(|offer| offer.at).or(entry.last_offer_at).into(),
            entry.offer.map(|offer| offer.until).into(),
            entry.reason.as_str().into(),
            entry.step.into(),
            entry.step_at.into(),
            entry.best_progress.into(),
            entry.predicted.clone().into(),
            tx.now().into(),
            entry.turned_away.into(),
            entry.return_at.into(),
            entry.refused.into(),
        ],
    ))
    .await
    .map(drop)
}

/// Takes a conversation out of the line; false when it was not in it.
pub async fn remove(tx: &TenantTx, id: ConversationId) -> Result<bool, StoreError> {
    let touched = tx.run(sql("delete from queue_entry where conversation_id = $1", [id.uuid().into()])).await?;
    Ok(touched > 0)
}

/// Past which numbers the queue board raises its voice; null for never.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = QueueThresholds)]
pub struct Thresholds {
    /// How many wait.
    pub waiting: Option<i32>,
    /// How long the longest wait is, in seconds.
    pub longest_seconds: Option<i32>,
    /// When they were last changed.
    pub updated_at: Option<DateTime<Utc>>,
}

/// Thresholds as somebody wants them.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QueueThresholdsRequest)]
pub struct ThresholdsRequest {
    /// How many wait, 1 to 10,000; null for never.
    #[serde(default)]
    pub waiting: Option<i32>,
    /// How long the longest wait is, 10 to 86,400 seconds; null for never.
    #[serde(default)]
    pub longest_seconds: Option<i32>,
}

#[derive(FromQueryResult)]
struct ThresholdRow {
    waiting: Option<i32>,
    longest_seconds: Option<i32>,
    updated_at: Timestamp,
}

/// The thresholds of the queue board.
pub async fn thresholds(tx: &TenantTx) -> Result<Thresholds, StoreError> {
    let row: Option<ThresholdRow> =
        tx.one(sql("select waiting, longest_seconds, updated_at from queue_threshold", [])).await?;
    Ok(row.map_or_else(Thresholds::default, |row| Thresholds {
        waiting: row.waiting,
        longest_seconds: row.longest_seconds,
        updated_at: Some(row.updated_at),
    }))
}

/// Chooses the thresholds of the queue board.
pub async fn set_thresholds(tx: &TenantTx, ask: ThresholdsRequest) -> Result<Thresholds, setup::SetupError> {
    in_bounds(&ask)?;
    tx.run(sql(
        "insert into queue_threshold (waiting, longest_seconds, updated_at) values ($1, $2, $3) \
         on conflict (singleton) do update set waiting = excluded.waiting, longest_seconds = excluded.longest_seconds, \
         updated_at = excluded.updated_at",
        [ask.waiting.into(), ask.longest_seconds.into(), tx.now().into()],
    ))
    .await?;
    Ok(thresholds(tx).await?)
}

fn in_bounds(ask: &ThresholdsRequest) -> Result<(), Invalid> {
    let mut check = Check::new();
    if ask.waiting.is_some_and(|waiting| !(1..=10_000).contains(&waiting)) {
        check.refuse("waiting", "number_out_of_range", "1 to 10000.");
    }
    if ask.longest_seconds.is_some_and(|seconds| !(10..=86_400).contains(&seconds)) {
        check.refuse("longest_seconds", "number_out_of_range", "10 to 86400.");
    }
    check.finish()
}
