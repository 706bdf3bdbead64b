//! The rows of `shared.meter_batch`, and what their sums say.

use std::collections::BTreeMap;

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, Tx, sql};
use infra::ids;
use sea_orm::{ConnectionTrait, FromQueryResult};
use tenant::AccountId;
use tenant::usage::Meter;

/// Usage, or what makes the provider's sum agree with ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Usage.
    Usage,
    /// No usage of its own.
    Repair,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Repair => "repair",
        }
    }
}

/// A batch that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewBatch {
    pub(super) meter: Meter,
    pub(super) hour: Timestamp,
    pub(super) revision: i32,
    pub(super) kind: Kind,
    pub(super) quantity: i64,
    pub(super) counted_at: Timestamp,
}

impl NewBatch {
    /// The name by which the provider knows a repetition.
    pub(super) fn identifier(&self, account: AccountId) -> String {
        let hour = self.hour.format("%Y%m%dT%H");
        format!("{}:{}:{hour}:{}", ids::encode(account.uuid()), self.meter.as_str(), self.revision)
    }
}

/// Writes a batch. A batch of the same name is the same batch.
pub(super) async fn insert(
    tx: &Tx,
    account: AccountId,
    batch: &NewBatch,
    too_old: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.run(sql(
        "insert into shared.meter_batch (account_id, meter, hour, revision, kind, quantity, identifier, counted_at, state, try_at, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        [
            account.uuid().into(),
            batch.meter.as_str().into(),
            batch.hour.into(),
            batch.revision.into(),
            batch.kind.as_str().into(),
            batch.quantity.into(),
            batch.identifier(account).into(),
            batch.counted_at.into(),
            if too_old { "stopped" } else { "pending" }.into(),
            now.into(),
        ],
    ))
    .await
    .map(drop)
}

#[derive(FromQueryResult)]
struct HourRow {
    meter: String,
    hour: Timestamp,
    quantity: i64,
    revision: i32,
}

/// What has been rolled up of an hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rolled {
    /// As usage; repairs are none.
    pub(super) quantity: i64,
    /// The last revision of any kind.
    pub(super) revision: i32,
}

/// What has been rolled up of hours in `from..to`, by meter and hour.
pub(super) async fn rolled<C: ConnectionTrait>(
    tx: &C,
    account: AccountId,
    from: Timestamp,
    to: Timestamp,
) -> Result<BTreeMap<(String, Timestamp), Rolled>, StoreError> {
    let rows: Vec<HourRow> = tx
        .all(sql(
            "select meter, hour, coalesce(sum(quantity) filter (where kind = 'usage'), 0)::bigint as quantity, \
               max(revision) as revision from shared.meter_batch \
             where account_id = $1 and hour >= $2 and hour < $3 group by 1, 2",
            [account.uuid().into(), from.into(), to.into()],
        ))
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.meter, row.hour), Rolled { quantity: row.quantity, revision: row.revision }))
        .collect())
}

/// One batch, as far as sums need it.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub(super) struct Sum {
    pub(super) hour: Timestamp,
    pub(super) counted_at: Timestamp,
    pub(super) kind: String,
    pub(super) quantity: i64,
    pub(super) state: String,
    pub(super) identifier: String,
    pub(super) accepted_at: Option<Timestamp>,
}

/// Everything of a meter that has to do with hours in `from..to`: counted there, or repairing there.
pub(super) async fn sums<C: ConnectionTrait>(
    tx: &C,
    account: AccountId,
    meter: Meter,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Sum>, StoreError> {
    tx.all(sql(
        "select hour, counted_at, kind, quantity, state, identifier, accepted_at from shared.meter_batch \
         where account_id = $1 and meter = $2 \
         and ((counted_at >= $3 and counted_at < $4) or (kind = 'repair' and hour >= $3 and hour < $4))",
        [account.uuid().into(), meter.as_str().into(), from.into(), to.into()],
    ))
    .await
}

#[derive(FromQueryResult)]
struct MovedRow {
    meter: String,
    quantity: i64,
}

/// By how much a period is charged more than was used in it, meter by meter: what came too late for the period it was used in is
/// counted now, and what came too late for this one is counted later, or nowhere.
pub(crate) async fn moved<C: ConnectionTrait>(
    tx: &C,
    account: AccountId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(Meter, i64)>, StoreError> {
    let rows: Vec<MovedRow> = tx
        .all(sql(
            "select meter, sum(case when state <> 'stopped' and counted_at >= $2 and counted_at < $3 then quantity else 0 end \
               - case when hour + interval '3599 seconds' >= $2 and hour + interval '3599 seconds' < $3 then quantity else 0 end)::bigint \
               as quantity from shared.meter_batch \
             where account_id = $1 and ((counted_at >= $2 and counted_at < $3) or (hour >= $2::timestamptz - interval '1 hour' and hour < $3)) group by 1",
            [account.uuid().into(), from.into(), to.into()],
        ))
        .await?;
    Ok(rows.into_iter().filter_map(|row| Some((Meter::parse(&row.meter)?, row.quantity))).collect())
}
