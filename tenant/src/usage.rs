//! What is counted for billing. A count is a row written in the transaction of the thing it counts, unique by meter and source.

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};

use crate::limits::{LimitReached, room_for_one_more};
use crate::tally::{Tally, settled};
use crate::tx::TenantTx;

/// What is metered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Meter {
    /// Episodes of conversations begun.
    Conversations,
    /// Messages sent by people, private notes included.
    Messages,
    /// Seats: agents that may sign in.
    Agents,
    /// Bytes of files kept: a live sum of what is there, never counted up.
    StorageBytes,
    /// Conversations that the assistant has resolved alone.
    AiResolutions,
}

impl Meter {
    /// Every one.
    pub const ALL: [Self; 5] =
        [Self::Conversations, Self::Messages, Self::Agents, Self::StorageBytes, Self::AiResolutions];

    /// As stored and as shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conversations => "conversations",
            Self::Messages => "messages",
            Self::Agents => "agents",
            Self::StorageBytes => "storage_bytes",
            Self::AiResolutions => "ai_resolutions",
        }
    }

    /// From what was stored.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|meter| meter.as_str() == text)
    }
}

/// Counts once: a second count of the same source changes nothing.
pub async fn count(tx: &TenantTx, meter: Meter, source: String, quantity: i64) -> Result<(), StoreError> {
    tx.run(sql(
        "insert into usage_event (meter, source, quantity, occurred_at) values ($1, $2, $3, $4) on conflict do nothing",
        [meter.as_str().into(), source.into(), quantity.into(), tx.now().into()],
    ))
    .await
    .map(drop)
}

/// One day of one meter.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Day {
    /// The meter's name.
    pub meter: String,
    /// The day (UTC), `YYYY-MM-DD`.
    pub day: String,
    /// How much.
    pub quantity: i64,
}

/// Daily sums in `from..to`.
pub async fn daily(tx: &TenantTx, from: Timestamp, to: Timestamp) -> Result<Vec<Day>, StoreError> {
    tx.all(sql(
        "select meter, to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD') as day, sum(quantity)::bigint as quantity \
         from usage_event where occurred_at >= $1 and occurred_at < $2 group by 1, 2 order by 1, 2",
        [from.into(), to.into()],
    ))
    .await
}

/// Where usage stops for this month, or for the period that was bought.
#[derive(Debug, thiserror::Error)]
pub enum UsedUp {
    /// All that is included has been used.
    #[error(transparent)]
    Limit(#[from] LimitReached),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl infra::Fault for UsedUp {
    fn kind(&self) -> infra::Kind {
        match self {
            Self::Limit(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Limit(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

/// This near to a limit, whoever counts waits for whoever is counting, so that nobody passes it beside the others.
const NEAR: i64 = 100;

/// Refuses another conversation when the conversations or messages of the month, or of the period that was bought, are used up, where
/// the company's plan or its own choice lets them stop. Talks that go on are never cut off. A company without such limits is asked
/// nothing.
pub async fn room_for_a_conversation(tx: &TenantTx) -> Result<(), UsedUp> {
    let limits = tx.limits();
    let (from, months) = limits.since(tx.now());
    let words = if limits.span.is_some() {
        ("conversations a billing period", "messages a billing period")
    } else {
        ("conversations a month", "messages a month")
    };
    let most = |monthly: Option<u32>| monthly.map(|monthly| monthly.saturating_mul(months));
    let bounds = [
        (Meter::Conversations, words.0, most(limits.conversations_per_month)),
        (Meter::Messages, words.1, most(limits.messages_per_month)),
    ];
    if bounds.iter().all(|(_, _, limit)| limit.is_none()) {
        return Ok(());
    }
    let used = async || -> Result<Vec<(Meter, i64)>, StoreError> { used_since(tx, from).await };
    let of = |sums: &[(Meter, i64)], meter: Meter| -> i64 {
        sums.iter().filter(|(of, _)| *of == meter).map(|(_, sum)| *sum).sum()
    };
    let mut sums = used().await?;
    let is_near = |sums: &[(Meter, i64)]| {
        bounds.iter().any(|(meter, _, limit)| limit.is_some_and(|limit| of(sums, *meter) + NEAR >= i64::from(limit)))
    };
    if is_near(&sums) {
        let (high, low) = tx.account().uuid().as_u64_pair();
        let key = i64::from_ne_bytes((high ^ low).to_ne_bytes());
        tx.run(sql("select pg_catalog.pg_advisory_xact_lock($1)", [key.into()])).await?;
        sums = used().await?;
    }
    for (meter, what, limit) in bounds {
        room_for_one_more(what, limit, u64::try_from(of(&sums, meter)).unwrap_or(0))?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct Parted {
    meter: String,
    settled: i64,
    fresh: i64,
}

/// What has been used since `from`, in one question. A meter may be there twice: with what is over, and with what is fresh.
async fn used_since(tx: &TenantTx, from: Timestamp) -> Result<Vec<(Meter, i64)>, StoreError> {
    let (now, end) = (tx.now(), tx.now() + chrono::TimeDelta::days(32));
    if let Some(known) = tx.tallies().of(tx.account(), from, now) {
        let fresh = totals(tx, known.to, end).await?;
        return Ok(known.sums.into_iter().chain(fresh).collect());
    }
    let to = settled(now).max(from);
    let rows: Vec<Parted> = tx
        .all(sql(
            "select meter, coalesce(sum(quantity) filter (where occurred_at < $2), 0)::bigint as settled, \
               coalesce(sum(quantity) filter (where occurred_at >= $2), 0)::bigint as fresh from usage_event \
             where occurred_at >= $1 and occurred_at < $3 group by 1 order by 1",
            [from.into(), to.into(), end.into()],
        ))
        .await?;
    let rows: Vec<(Meter, Parted)> =
        rows.into_iter().filter_map(|row| Meter::parse(&row.meter).map(|meter| (meter, row))).collect();
    let sums = rows.iter().map(|(meter, row)| (*meter, row.settled)).collect();
    tx.tallies().keep(tx.account(), Tally { from, to, sums }, now);
    Ok(rows.into_iter().map(|(meter, row)| (meter, row.settled + row.fresh)).collect())
}

#[derive(FromQueryResult)]
struct MeterSum {
    meter: String,
    quantity: i64,
}

/// What each meter has counted in `from..to`.
pub async fn totals(tx: &TenantTx, from: Timestamp, to: Timestamp) -> Result<Vec<(Meter, i64)>, StoreError> {
    let rows: Vec<MeterSum> = tx
        .all(sql(
            "select meter, sum(quantity)::bigint as quantity from usage_event \
             where occurred_at >= $1 and occurred_at < $2 group by 1 order by 1",
            [from.into(), to.into()],
        ))
        .await?;
    Ok(rows.into_iter().filter_map(|row| Meter::parse(&row.meter).map(|meter| (meter, row.quantity))).collect())
}

/// One hour of one meter.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Hour {
    /// The meter's name.
    pub meter: String,
    /// When the hour begins.
    pub hour: Timestamp,
    /// How much.
    pub quantity: i64,
}

/// Hourly sums in `from..to`, of the meters that have counted anything there.
pub async fn hourly(tx: &TenantTx, from: Timestamp, to: Timestamp) -> Result<Vec<Hour>, StoreError> {
    tx.all(sql(
        "select meter, date_trunc('hour', occurred_at, 'UTC') as hour, sum(quantity)::bigint as quantity \
         from usage_event where occurred_at >= $1 and occurred_at < $2 group by 1, 2 order by 2, 1",
        [from.into(), to.into()],
    ))
    .await
}
