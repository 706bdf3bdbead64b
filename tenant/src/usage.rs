//! What is counted for billing. A count is a row written in the transaction of the thing it counts, unique by meter and source.

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};

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
    /// Bytes of files kept.
    StorageBytes,
}

impl Meter {
    /// As stored and as shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conversations => "conversations",
            Self::Messages => "messages",
            Self::Agents => "agents",
            Self::StorageBytes => "storage_bytes",
        }
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

#[derive(FromQueryResult)]
struct Sum {
    quantity: i64,
}

/// Everything one meter has counted before `to`.
pub async fn total(tx: &TenantTx, meter: Meter, to: Timestamp) -> Result<i64, StoreError> {
    let row: Option<Sum> = tx
        .one(sql(
            "select coalesce(sum(quantity), 0)::bigint as quantity from usage_event where meter = $1 and occurred_at < $2",
            [meter.as_str().into(), to.into()],
        ))
        .await?;
    Ok(row.map_or(0, |row| row.quantity))
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
