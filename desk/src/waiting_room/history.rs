//! How long waits and the work of agents lasted: what estimates are made from, and held against.

use chrono::TimeDelta;
use infra::database::{Rows as _, StoreError, sql};
use infra::{Id, Timestamp};
use sea_orm::FromQueryResult;
use serde::Serialize;
use tenant::{AgentId, TenantTx};
use uuid::Uuid;

use crate::conversation::ConversationId;
use crate::setup;
use crate::sight::seen;
use crate::team::TeamId;

/// How far back the estimate looks, and at how much of it.
const DAYS: i64 = 30;
const MOST_WORK: u64 = 400;
const MOST_WAITS: u64 = 400;

/// Work that an agent began.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Whose.
    pub agent: AgentId,
    /// For which team.
    pub team: Option<TeamId>,
    /// How long it has lasted so far.
    pub seconds: f64,
    /// Whether it is over. What was taken from its agent is not: it would have lasted longer.
    pub is_over: bool,
}

/// A conversation that an agent has in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InHand {
    /// Which.
    pub conversation: ConversationId,
    /// Whose.
    pub agent: AgentId,
    /// For which team.
    pub team: Option<TeamId>,
    /// Where it came in.
    pub channel: String,
    /// How much of the agent's place it takes, in percent.
    pub weight: i16,
    /// Since when.
    pub started_at: Timestamp,
}

/// A wait that is over, for which something was promised.
#[derive(Debug, Clone, PartialEq)]
pub struct Promised {
    /// The estimate before it was corrected.
    pub uncorrected: serde_json::Value,
    /// How long it lasted.
    pub seconds: f64,
}

/// A wait that is over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Waited {
    /// How long it lasted.
    pub seconds: f64,
    /// Whether it ended with an agent.
    pub was_served: bool,
    /// Whether the visitor stopped waiting, in whatever way.
    pub has_left: bool,
    /// Whether it stood before others who had come earlier.
    pub ahead: bool,
    /// How long the agent who ended it took to accept; `None` when nobody was asked.
    pub asked_seconds: Option<f64>,
}

/// The recent past.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// The work that was begun last, over or not.
    pub work: Vec<Work>,
    /// Waits that ended with an agent, for which something was promised; the oldest first.
    pub promised: Vec<Promised>,
    /// The waits that ended last.
    pub waits: Vec<Waited>,
}

#[derive(FromQueryResult)]
struct WorkRow {
    agent_id: Uuid,
    team_id: Option<Uuid>,
    seconds: f64,
    is_over: bool,
}

#[derive(FromQueryResult)]
struct WaitRow {
    outcome: String,
    ahead: bool,
    seconds: f64,
    asked_seconds: Option<f64>,
}

#[derive(FromQueryResult)]
struct PromisedRow {
    uncorrected: serde_json::Value,
    seconds: f64,
}

/// Reads the recent past.
pub async fn history(tx: &TenantTx) -> Result<History, StoreError> {
    let since = tx.now() - TimeDelta::days(DAYS);
    // By id, which begins with the time it was begun at: what ended last would lack the long ones.
    let first = u64::try_from(since.timestamp_millis()).unwrap_or_default();
    let first = uuid::Builder::from_unix_timestamp_millis(first, &[0; 10]).into_uuid();
    let work: Vec<WorkRow> = tx
        .all(sql(
            "select agent_id, team_id, extract(epoch from coalesce(ended_at, $2) - started_at)::float8 as seconds, \
             ended_at is not null and not taken as is_over from handling where id >= $1 order by id desc limit $3",
            [first.into(), tx.now().into(), MOST_WORK.into()],
        ))
        .await?;
    let waits: Vec<WaitRow> = tx
        .all(sql(
            "select coalesce(outcome, 'left') as outcome, ahead, extract(epoch from left_at - entered_at)::float8 as seconds, \
             extract(epoch from left_at - offered_at)::float8 as asked_seconds \
             from wait where left_at is not null and left_at > $1 order by left_at desc limit $2",
            [since.into(), MOST_WAITS.into()],
        ))
        .await?;
    let promised: Vec<PromisedRow> = tx
        .all(sql(
            "select uncorrected, extract(epoch from left_at - entered_at)::float8 as seconds from wait \
             where uncorrected is not null and outcome = 'assigned' and left_at > $1 order by left_at desc limit $2",
            [since.into(), MOST_WAITS.into()],
        ))
        .await?;
    Ok(History {
        work: work
            .into_iter()
            .map(|row| Work {
                agent: Id::from_uuid(row.agent_id),
                team: row.team_id.map(Id::from_uuid),
                seconds: row.seconds,
                is_over: row.is_over,
            })
            .collect(),
        promised: promised
            .into_iter()
            .rev()
            .map(|row| Promised { uncorrected: row.uncorrected, seconds: row.seconds })
            .collect(),
        waits: waits
            .into_iter()
            .map(|row| Waited {
                seconds: row.seconds,
                was_served: row.outcome == "assigned",
                has_left: matches!(row.outcome.as_str(), "left" | "resolved" | "patient"),
                ahead: row.ahead,
                asked_seconds: row.asked_seconds,
            })
            .collect(),
    })
}

/// What agents have in hand.
pub async fn in_hand(tx: &TenantTx) -> Result<Vec<InHand>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        conversation_id: Uuid,
        agent_id: Uuid,
        team_id: Option<Uuid>,
        channel: String,
        weight: i16,
        started_at: Timestamp,
    }
    let rows: Vec<Row> = tx
        .all(sql(
            "select h.conversation_id, h.agent_id, h.team_id, i.channel, i.weight, h.started_at from handling h \
             join conversation c on c.id = h.conversation_id join inbox i on i.id = c.inbox_id where h.ended_at is null",
            [],
        ))
        .await?;
    let in_hand = |row: Row| InHand {
        conversation: Id::from_uuid(row.conversation_id),
        agent: Id::from_uuid(row.agent_id),
        team: row.team_id.map(Id::from_uuid),
        channel: row.channel,
        weight: row.weight,
        started_at: row.started_at,
    };
    Ok(rows.into_iter().map(in_hand).collect())
}

/// Who waits, and was promised nothing yet.
pub async fn unpromised(tx: &TenantTx) -> Result<Vec<ConversationId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        conversation_id: Uuid,
    }
    let rows: Vec<Row> = tx
        .all(sql(
            "select q.conversation_id from queue_entry q join conversation c on c.id = q.conversation_id \
             join wait w on w.conversation_id = c.id and w.episode = c.episode \
             where w.left_at is null and w.position = 0 and not q.patient",
            [],
        ))
        .await?;
    Ok(rows.into_iter().map(|row| Id::from_uuid(row.conversation_id)).collect())
}

/// What is promised to somebody who has begun to wait.
#[derive(Debug, Clone, PartialEq)]
pub struct Promise {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Their place.
    pub position: u32,
    /// How many agents are here who may take them.
    pub staffed: u32,
    /// How long: the middle, the low end, the high end.
    pub seconds: Option<[u32; 3]>,
    /// The same before it was corrected, in whatever words.
    pub uncorrected: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct PromiseRow<'a> {
    conversation_id: Uuid,
    position: u32,
    staffed: u32,
    predicted_seconds: Option<u32>,
    low_seconds: Option<u32>,
    high_seconds: Option<u32>,
    uncorrected: Option<&'a serde_json::Value>,
}

/// Notes what is promised, to be held against what comes. Who leaves the line at this moment is left out: nobody who takes them
/// out of it is waited for, since they may wait for us.
pub async fn promise(tx: &TenantTx, promises: &[Promise]) -> Result<(), StoreError> {
    if promises.is_empty() {
        return Ok(());
    }
    let rows: Vec<PromiseRow<'_>> = promises
        .iter()
        .map(|one| PromiseRow {
            conversation_id: one.conversation.uuid(),
            position: one.position,
            staffed: one.staffed,
            predicted_seconds: one.seconds.map(|seconds| seconds[0]),
            low_seconds: one.seconds.map(|seconds| seconds[1]),
            high_seconds: one.seconds.map(|seconds| seconds[2]),
            uncorrected: one.uncorrected.as_ref(),
        })
        .collect();
    tx.run(sql(
        "with promised as (select * from jsonb_to_recordset($1) as p (conversation_id uuid, position integer, staffed integer, \
             predicted_seconds integer, low_seconds integer, high_seconds integer, uncorrected jsonb)), \
         free as (select w.id from wait w where w.conversation_id in (select conversation_id from promised) \
             and w.left_at is null and w.position = 0 for no key update skip locked) \
         update wait w set position = p.position, staffed = p.staffed, predicted_seconds = p.predicted_seconds, \
             low_seconds = p.low_seconds, high_seconds = p.high_seconds, uncorrected = p.uncorrected \
         from promised p, free f where w.id = f.id and p.conversation_id = w.conversation_id",
        [setup::stored(&rows)?.into()],
    ))
    .await
    .map(drop)
}

/// A wait that ended with an agent, and what was promised when it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastWait {
    /// Whose line it was in.
    pub team: Option<TeamId>,
    /// The middle of what was promised.
    pub predicted_seconds: i32,
    /// Its low end.
    pub low_seconds: i32,
    /// Its high end.
    pub high_seconds: i32,
    /// What came.
    pub actual_seconds: i32,
}

/// The waits that ended with an agent since then, newest first; at most 10,000.
pub async fn past_waits(tx: &TenantTx, since: Timestamp) -> Result<Vec<PastWait>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        team_id: Option<Uuid>,
        predicted_seconds: i32,
        low_seconds: i32,
        high_seconds: i32,
        actual_seconds: i32,
    }
    let (how, who) = tx.sight().parts();
    let rows: Vec<Row> = tx
        .all(sql(
            concat!(
                "select w.team_id, w.predicted_seconds, coalesce(w.low_seconds, w.predicted_seconds) as low_seconds, \
                 coalesce(w.high_seconds, w.predicted_seconds) as high_seconds, \
                 greatest(0, least(86400, extract(epoch from w.left_at - w.entered_at)))::integer as actual_seconds \
                 from wait w left join conversation c on c.id = w.conversation_id \
                 where w.left_at is not null and w.left_at >= $1 and w.outcome = 'assigned' and w.predicted_seconds is not null and ",
                seen!("c", "$2", "$3"),
                " order by w.left_at desc limit 10000"
            ),
            [since.into(), how.into(), who.into()],
        ))
        .await?;
    let past = |row: Row| PastWait {
        team: row.team_id.map(Id::from_uuid),
        predicted_seconds: row.predicted_seconds,
        low_seconds: row.low_seconds,
        high_seconds: row.high_seconds,
        actual_seconds: row.actual_seconds,
    };
    Ok(rows.into_iter().map(past).collect())
}
