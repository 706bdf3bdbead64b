//! How much has been written in each company, as Postgres counts it anyway: whether something happened since one last looked is
//! known of thousands of companies without opening any.

use std::collections::HashMap;

use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;

use crate::world::World;

#[derive(FromQueryResult)]
struct Row {
    schema_name: String,
    writes: i64,
}

/// For each schema, how many rows of what waits to be done were ever written. It lags by ten seconds at most, and may begin
/// anew after a crash: only whether it has changed says something.
pub async fn counted(world: &World) -> Result<HashMap<String, i64>, StoreError> {
    let mut all = HashMap::new();
    for site in world.sites.all() {
        let rows: Vec<Row> = site
            .database
            .orm()
            .all(sql(
                "select n.nspname::text as schema_name, sum(pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid) \
                 + pg_stat_get_tuples_deleted(c.oid))::bigint as writes \
                 from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                 where c.relname in ('outbox', 'conversation', 'queue_entry', 'wait', 'handling') and c.relkind = 'r' \
                 and n.nspname ~ '^t_' group by 1",
                [],
            ))
            .await?;
        all.extend(rows.into_iter().map(|row| (row.schema_name, row.writes)));
    }
    Ok(all)
}
