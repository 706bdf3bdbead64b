//! The one-time link with which the first owner of a private installation comes in: printed where only the operator reads it.

use chrono::TimeDelta;
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, Tx, sql};
use sea_orm::FromQueryResult;

use crate::hash::sha256;
use crate::world::World;

/// How long a link works.
const LIFETIME: TimeDelta = TimeDelta::days(7);

#[derive(FromQueryResult)]
struct Answer {
    yes: bool,
}

/// A fresh link, unless there is a company already.
pub async fn issue(world: &World) -> Result<Option<String>, StoreError> {
    let orm = world.database.orm();
    let taken: Option<Answer> = orm.one(sql("select exists (select 1 from shared.account) as yes", [])).await?;
    if taken.is_some_and(|row| row.yes) {
        return Ok(None);
    }
    let secret = world.chance.secret();
    orm.run(sql(
        "insert into shared.setup_link (token_hash, expires_at) values ($1, $2)",
        [sha256(&secret).into(), (world.now() + LIFETIME).into()],
    ))
    .await?;
    Ok(Some(format!("{}/signup?setup={secret}", world.public_url)))
}

/// Whether a link would let in now.
pub(crate) async fn is_good(world: &World, secret: Option<&str>) -> Result<bool, StoreError> {
    let Some(secret) = secret else { return Ok(false) };
    let row: Option<Answer> = world
        .database
        .orm()
        .one(sql(
            "select exists (select 1 from shared.setup_link where token_hash = $1 and used_at is null and expires_at > $2) as yes",
            [sha256(secret).into(), world.now().into()],
        ))
        .await?;
    Ok(row.is_some_and(|row| row.yes))
}

/// Uses a link up, and all others with it: there is one first owner.
pub(crate) async fn redeem(tx: &Tx, secret: &str, now: Timestamp) -> Result<bool, StoreError> {
    let used = tx
        .run(sql(
            "update shared.setup_link set used_at = $2 where token_hash = $1 and used_at is null and expires_at > $2",
            [sha256(secret).into(), now.into()],
        ))
        .await?;
    tx.run(sql("update shared.setup_link set used_at = $1 where used_at is null", [now.into()])).await?;
    Ok(used > 0)
}
