//! How much of the plan's room for files a company's archives take: what is there, summed up each time, so that nothing has to be
//! counted down when one is removed.

use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;

use crate::account::AccountId;
use crate::world::World;

#[derive(FromQueryResult)]
struct Kept {
    bytes: i64,
}

/// How many bytes of archives are kept for a company.
pub async fn kept_bytes(world: &World, account: AccountId) -> Result<i64, StoreError> {
    let row: Option<Kept> = world
        .database
        .orm()
        .one(sql(
            "select coalesce(sum(bytes), 0)::bigint as bytes from shared.data_export where account_id = $1 and status = 'ready'",
            [account.uuid().into()],
        ))
        .await?;
    Ok(row.map_or(0, |row| row.bytes))
}
