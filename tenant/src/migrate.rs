//! Migrations: the shared schema first, then every tenant's. Resumable, one step a transaction, safe to run in many processes.

use infra::Timestamp;
use infra::database::{Database, Rows as _, StoreError, Tx, sql};
use sea_orm::{ConnectionTrait as _, FromQueryResult};

use crate::schema::SchemaName;

/// Numbered steps of `shared`. Append only.
const SHARED: &[(i32, &str)] = &[
    (1, include_str!("../migrations/shared/0001_directory.sql")),
    (2, include_str!("../migrations/shared/0002_billing.sql")),
    (3, include_str!("../migrations/shared/0003_roles.sql")),
    (4, include_str!("../migrations/shared/0004_lifecycle.sql")),
    (5, include_str!("../migrations/shared/0005_organisation.sql")),
    (6, include_str!("../migrations/shared/0006_keys_and_setup.sql")),
];

/// Numbered steps of every tenant's schema. Append only; expand, then contract; types never change in place.
const TENANT: &[(i32, &str)] = &[
    (1, include_str!("../migrations/tenant/0001_base.sql")),
    (2, include_str!("../migrations/tenant/0002_message_path.sql")),
    (3, include_str!("../migrations/tenant/0003_emergency.sql")),
    (4, include_str!("../migrations/tenant/0004_routing.sql")),
    (5, include_str!("../migrations/tenant/0005_handover.sql")),
    (6, include_str!("../migrations/tenant/0006_waiting_room.sql")),
    (7, include_str!("../migrations/tenant/0007_estimate.sql")),
    (8, include_str!("../migrations/tenant/0008_brand_look.sql")),
];

/// The level that this program needs every tenant schema to have.
pub fn latest_tenant() -> i32 {
    TENANT.last().map_or(0, |(version, _)| *version)
}

#[derive(FromQueryResult)]
struct Version {
    version: Option<i32>,
}

#[derive(FromQueryResult)]
struct Behind {
    schema_name: String,
}

/// What a run did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Steps of the shared schema.
    pub shared_steps: usize,
    /// Tenant schemas brought up to date.
    pub tenants: usize,
}

/// Brings everything up to date.
pub async fn run(database: &Database, now: Timestamp) -> Result<Done, StoreError> {
    let shared_steps = run_shared(database, now).await?;
    let tenants = run_tenants(database, now).await?;
    Ok(Done { shared_steps, tenants })
}

/// Whether everything is up to date: cheap enough for a readiness check.
pub async fn is_current(database: &Database) -> Result<bool, StoreError> {
    #[derive(FromQueryResult)]
    struct Exists {
        yes: bool,
    }
    let exists: Option<Exists> =
        database.orm().one(sql("select to_regclass('shared.migration') is not null as yes", [])).await?;
    if !exists.is_some_and(|row| row.yes) {
        return Ok(false);
    }
    let version: Option<Version> =
        database.orm().one(sql("select max(version) as version from shared.migration", [])).await?;
    let behind: Option<Behind> = database
        .orm()
        .one(sql("select schema_name from shared.schema_level where version < $1 limit 1", [latest_tenant().into()]))
        .await?;
    Ok(version.and_then(|row| row.version) == SHARED.last().map(|(version, _)| *version) && behind.is_none())
}

async fn run_shared(database: &Database, now: Timestamp) -> Result<usize, StoreError> {
    let tx = database.begin("SET LOCAL lock_timeout = '30s'; SET LOCAL statement_timeout = '120s'".into()).await?;
    // Held until COMMIT: of several processes that start together, one migrates and the others find it done.
    tx.run(sql("select pg_catalog.pg_advisory_xact_lock(7400001)", [])).await?;
    tx.execute_unprepared(
        "create schema if not exists shared; \
         create table if not exists shared.migration (version integer primary key, applied_at timestamptz not null)",
    )
    .await?;
    let at: Option<Version> = tx.one(sql("select max(version) as version from shared.migration", [])).await?;
    let at = at.and_then(|row| row.version).unwrap_or(0);
    let mut steps = 0;
    for (version, text) in SHARED.iter().filter(|(version, _)| *version > at) {
        tx.execute_unprepared(text).await?;
        tx.run(sql(
            "insert into shared.migration (version, applied_at) values ($1, $2)",
            [(*version).into(), now.into()],
        ))
        .await?;
        steps += 1;
    }
    tx.commit().await?;
    Ok(steps)
}

async fn run_tenants(database: &Database, now: Timestamp) -> Result<usize, StoreError> {
    let behind: Vec<Behind> = database
        .orm()
        .all(sql(
            "select schema_name from shared.schema_level where version < $1 order by schema_name",
            [latest_tenant().into()],
        ))
        .await?;
    let mut done = 0;
    for row in behind {
        let schema: SchemaName = row.schema_name.parse().map_err(|_| StoreError::Inconsistent {
            table: "shared.schema_level",
            id: row.schema_name.clone(),
            what: "an impossible name".into(),
        })?;
        migrate_one(database, &schema, now).await?;
        done += 1;
    }
    Ok(done)
}

/// Brings one schema up to date; a crash in the middle leaves it where it was.
async fn migrate_one(database: &Database, schema: &SchemaName, now: Timestamp) -> Result<(), StoreError> {
    let tx = database.begin("SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '60s'".into()).await?;
    let level: Option<Version> = tx
        .one(sql("select version from shared.schema_level where schema_name = $1 for update", [schema.as_str().into()]))
        .await?;
    let Some(level) = level.and_then(|row| row.version) else { return Ok(()) };
    tx.run(sql(
        "update shared.schema_level set version = $2, migrated_at = $3 where schema_name = $1",
        [schema.as_str().into(), latest_tenant().into(), now.into()],
    ))
    .await?;
    tx.execute_unprepared(&schema.enter()).await?;
    furnish(&tx, level, now).await?;
    tx.commit().await
}

/// Runs the tenant steps after `from`, in a transaction that is already inside the schema.
pub(crate) async fn furnish(tx: &Tx, from: i32, now: Timestamp) -> Result<(), StoreError> {
    for (version, text) in TENANT.iter().filter(|(version, _)| *version > from) {
        tx.execute_unprepared(text).await?;
        tx.run(sql("insert into migration (version, applied_at) values ($1, $2)", [(*version).into(), now.into()]))
            .await?;
    }
    Ok(())
}
