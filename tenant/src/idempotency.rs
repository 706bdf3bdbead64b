//! Answers to writes that carried an `Idempotency-Key`: a repeat gets the first answer for 24 hours.

use chrono::TimeDelta;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::hash::sha256;
use crate::world::World;

/// How long an answer is kept.
pub const KEPT: TimeDelta = TimeDelta::hours(24);
/// A first attempt that has not answered in this time is taken for dead, and a repeat may go ahead.
const PATIENCE: TimeDelta = TimeDelta::seconds(60);

/// What a key turned out to be.
#[derive(Debug)]
pub enum Claim {
    /// New: do the work, then [`record`].
    Fresh,
    /// Done before: give this answer.
    Answered {
        /// The status code.
        status: i16,
        /// The body.
        body: Vec<u8>,
    },
    /// The first attempt is still at work.
    Busy,
    /// The key was used for another request.
    Mismatch,
}

#[derive(FromQueryResult)]
struct Row {
    request_hash: Vec<u8>,
    status: Option<i16>,
    body: Option<Vec<u8>>,
}

/// Claims `key` of `caller` for a request with this fingerprint.
pub async fn claim(world: &World, caller: &str, key: Uuid, request: &str) -> Result<Claim, StoreError> {
    let now = world.now();
    let hash = sha256(request);
    let orm = world.database.orm();
    let won = orm
        .run(sql(
            "insert into shared.idempotent_answer as a (caller, key, request_hash, started_at) values ($1, $2, $3, $4) \
             on conflict (caller, key) do update set started_at = $4, request_hash = $3, status = null, body = null \
             where a.started_at < $5 or (a.status is null and a.started_at < $6 and a.request_hash = $3)",
            [caller.into(), key.into(), hash.clone().into(), now.into(), (now - KEPT).into(), (now - PATIENCE).into()],
        ))
        .await?;
    if won > 0 {
        return Ok(Claim::Fresh);
    }
    let row: Option<Row> = orm
        .one(sql(
            "select request_hash, status, body from shared.idempotent_answer where caller = $1 and key = $2",
            [caller.into(), key.into()],
        ))
        .await?;
    Ok(match row {
        Some(row) if row.request_hash != hash => Claim::Mismatch,
        Some(Row { status: Some(status), body, .. }) => Claim::Answered { status, body: body.unwrap_or_default() },
        // Still at work, or gone again in the meantime.
        Some(_) | None => Claim::Busy,
    })
}

/// Keeps the answer.
pub async fn record(world: &World, caller: &str, key: Uuid, status: i16, body: Vec<u8>) -> Result<(), StoreError> {
    world
        .database
        .orm()
        .run(sql(
            "update shared.idempotent_answer set status = $3, body = $4 where caller = $1 and key = $2",
            [caller.into(), key.into(), status.into(), body.into()],
        ))
        .await
        .map(drop)
}

/// Lets go of a claim whose work failed on our side, so that a repeat may try.
pub async fn release(world: &World, caller: &str, key: Uuid) -> Result<(), StoreError> {
    world
        .database
        .orm()
        .run(sql("delete from shared.idempotent_answer where caller = $1 and key = $2", [caller.into(), key.into()]))
        .await
        .map(drop)
}

/// Removes answers past their time.
pub async fn forget(world: &World) -> Result<u64, StoreError> {
    let before = world.now() - KEPT;
    world.database.orm().run(sql("delete from shared.idempotent_answer where started_at < $1", [before.into()])).await
}
