//! Spare schemas: made, migrated and waiting, so that a signup takes one row instead of forty tables.

use infra::database::{Rows as _, StoreError, Tx, sql};
use sea_orm::{ConnectionTrait as _, FromQueryResult};

use crate::migrate;
use crate::schema::SchemaName;
use crate::world::World;

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

#[derive(FromQueryResult)]
struct Spare {
    schema_name: String,
}

/// How many spares there are.
pub async fn spares(world: &World) -> Result<i64, StoreError> {
    let row: Option<Count> =
        world.database.orm().one(sql("select count(*) as count from shared.spare_schema", [])).await?;
    Ok(row.map_or(0, |row| row.count))
}

/// Makes spares until there are as many as wanted. Says how many it made. Safe to run in every process at once.
pub async fn refill(world: &World) -> Result<u32, StoreError> {
    let mut made = 0;
    while spares(world).await? < i64::from(world.spare_schemas) {
        make_spare(world).await?;
        made += 1;
    }
    Ok(made)
}

/// Makes one schema, role and tables and all, in one transaction.
pub async fn make_spare(world: &World) -> Result<SchemaName, StoreError> {
    let now = world.now();
    let schema = SchemaName::fresh(&world.chance, now);
    let tx = world.database.begin("".into()).await?;
    tx.run(sql(
        "insert into shared.spare_schema (schema_name, created_at) values ($1, $2)",
        [schema.as_str().into(), now.into()],
    ))
    .await?;
    tx.run(sql(
        "insert into shared.schema_level (schema_name, version, migrated_at) values ($1, $2, $3)",
        [schema.as_str().into(), migrate::latest_tenant().into(), now.into()],
    ))
    .await?;
    tx.execute_unprepared(&schema.create()).await?;
    migrate::furnish(&tx, 0, migrate::latest_tenant(), now).await?;
    tx.commit().await?;
    Ok(schema)
}

/// Takes a spare in the caller's transaction; `None` when there is none left.
pub(crate) async fn take(tx: &Tx) -> Result<Option<SchemaName>, StoreError> {
    let row: Option<Spare> = tx
        .one(sql(
            "delete from shared.spare_schema where schema_name = (select schema_name from shared.spare_schema order by created_at limit 1 \
             for update skip locked) returning schema_name",
            [],
        ))
        .await?;
    row.map(|row| {
        row.schema_name.parse().map_err(|_| StoreError::Inconsistent {
            table: "shared.spare_schema",
            id: row.schema_name,
            what: "an impossible name".into(),
        })
    })
    .transpose()
}
