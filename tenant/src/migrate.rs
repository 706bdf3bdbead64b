//! Migrations: the shared schema first, then every tenant's, several at a time. Resumable, one company a transaction, safe to run
//! in many processes.
//!
//! A company's own `migration` table is the truth about its level; `shared.schema_level` repeats it, so that levels are listed
//! without opening every schema. A run that dies between the two finds nothing left to do there, and writes the level down.

use std::collections::VecDeque;
use std::time::Duration;

use infra::database::{Database, Rows as _, StoreError, Tx, sql};
use infra::{Clock, Timestamp};
use sea_orm::{ConnectionTrait as _, FromQueryResult};
use tokio::task::JoinSet;

use crate::schema::SchemaName;
use crate::sites::{Site, Sites};

/// Numbered steps of `shared`. Append only.
const SHARED: &[(i32, &str)] = &[
    (1, include_str!("../migrations/shared/0001_directory.sql")),
    (2, include_str!("../migrations/shared/0002_billing.sql")),
    (3, include_str!("../migrations/shared/0003_roles.sql")),
    (4, include_str!("../migrations/shared/0004_lifecycle.sql")),
    (5, include_str!("../migrations/shared/0005_organisation.sql")),
    (6, include_str!("../migrations/shared/0006_keys_and_setup.sql")),
    (7, include_str!("../migrations/shared/0007_databases.sql")),
    (8, include_str!("../migrations/shared/0008_support.sql")),
    (9, include_str!("../migrations/shared/0009_attempts.sql")),
    (10, include_str!("../migrations/shared/0010_rights.sql")),
    (11, include_str!("../migrations/shared/0011_identity.sql")),
    (12, include_str!("../migrations/shared/0012_metering.sql")),
    (13, include_str!("../migrations/shared/0013_billing.sql")),
    (14, include_str!("../migrations/shared/0014_suspension.sql")),
    (15, include_str!("../migrations/shared/0015_usage_held.sql")),
    (16, include_str!("../migrations/shared/0016_external_id.sql")),
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
    (9, include_str!("../migrations/tenant/0009_visitors.sql")),
    (10, include_str!("../migrations/tenant/0010_audit_chain.sql")),
    (11, include_str!("../migrations/tenant/0011_rights.sql")),
    (12, include_str!("../migrations/tenant/0012_lines.sql")),
    (13, include_str!("../migrations/tenant/0013_safety.sql")),
    (14, include_str!("../migrations/tenant/0014_rest.sql")),
    (15, include_str!("../migrations/tenant/0015_team_external_id.sql")),
];

/// The level that this program needs every tenant schema to have.
pub fn latest_tenant() -> i32 {
    TENANT.last().map_or(0, |(version, _)| *version)
}

#[derive(FromQueryResult)]
struct Version {
    version: Option<i32>,
}

#[derive(Clone, FromQueryResult)]
struct Behind {
    schema_name: String,
    database: Option<String>,
}

/// What a run did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Steps of the shared schema.
    pub shared_steps: usize,
    /// Tenant schemas brought up to date.
    pub tenants: usize,
}

/// How often a company whose tables are in use is passed over before the run gives up on it.
const ROUNDS: usize = 15;
/// How long a round waits for those who were in the way.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(1);

/// Brings everything up to date, `parallel` companies at a time. A company whose tables somebody holds is passed over and tried
/// again after the others.
pub async fn run(sites: &Sites, clock: &Clock, parallel: usize) -> Result<Done, StoreError> {
    let shared_steps = run_shared(&sites.home().database, clock.now()).await?;
    let mut tenants = 0;
    let mut left = behind(sites).await?;
    for round in 1.. {
        let outcome = wave(sites, clock, parallel, left).await?;
        tenants += outcome.done;
        let Some((_, why)) = outcome.in_use.first() else { break };
        if round == ROUNDS {
            return Err(StoreError::Unavailable(format!(
                "{} companies stay behind; the first: {why}",
                outcome.in_use.len()
            )));
        }
        left = outcome.in_use.into_iter().map(|(row, _)| row).collect();
        clock.pause(BETWEEN_ROUNDS).await;
    }
    Ok(Done { shared_steps, tenants })
}

/// Brings one company up to date. True when there was something to do.
pub async fn run_one(
    sites: &Sites,
    clock: &Clock,
    schema: &SchemaName,
    database: Option<&str>,
) -> Result<bool, StoreError> {
    migrate_one(sites, sites.get(database)?, schema, clock.now()).await
}

async fn behind(sites: &Sites) -> Result<Vec<Behind>, StoreError> {
    sites
        .home()
        .database
        .orm()
        .all(sql(
            "select l.schema_name, a.database from shared.schema_level l left join shared.account a using (schema_name) \
             where l.version < $1 order by l.schema_name",
            [latest_tenant().into()],
        ))
        .await
}

struct Wave {
    done: usize,
    in_use: Vec<(Behind, String)>,
}

async fn wave(sites: &Sites, clock: &Clock, parallel: usize, rows: Vec<Behind>) -> Result<Wave, StoreError> {
    let mut waiting: VecDeque<Behind> = rows.into();
    let mut running = JoinSet::new();
    let mut wave = Wave { done: 0, in_use: Vec::new() };
    loop {
        while running.len() < parallel.max(1)
            && let Some(row) = waiting.pop_front()
        {
            let schema: SchemaName = row.schema_name.parse().map_err(|_| StoreError::Inconsistent {
                table: "shared.schema_level",
                id: row.schema_name.clone(),
                what: "an impossible name".into(),
            })?;
            let (sites, now) = (sites.clone(), clock.now());
            running.spawn(async move {
                let outcome = match sites.get(row.database.as_deref()) {
                    Ok(site) => migrate_one(&sites, site, &schema, now).await,
                    Err(error) => Err(error),
                };
                (row, outcome)
            });
        }
        let Some(finished) = running.join_next().await else { return Ok(wave) };
        match finished.map_err(|died| StoreError::Unavailable(died.to_string()))? {
            (_, Ok(_)) => wave.done += 1,
            // Its tables are in use, or the database has no connection left.
            (row, Err(StoreError::Unavailable(why))) => wave.in_use.push((row, why)),
            (_, Err(error)) => return Err(error),
        }
    }
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
    let behind: Option<Exists> = database
        .orm()
        .one(sql("select exists (select from shared.schema_level where version < $1) as yes", [latest_tenant().into()]))
        .await?;
    let shared = version.and_then(|row| row.version) == SHARED.last().map(|(version, _)| *version);
    Ok(shared && !behind.is_some_and(|row| row.yes))
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

/// Brings one schema up to date; a crash in the middle leaves it where it was. True when there was something to do.
async fn migrate_one(sites: &Sites, site: &Site, schema: &SchemaName, now: Timestamp) -> Result<bool, StoreError> {
    let preamble = "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '60s'".into();
    let tx = site.database.begin_tied(preamble, schema.tie()).await?;
    // Held until COMMIT: of several programs one migrates this company, and the others find it done.
    tx.run(sql("select pg_advisory_xact_lock(hashtextextended($1, 7400002))", [schema.as_str().into()])).await?;
    tx.execute_unprepared(&schema.enter()).await?;
    let level: Option<Version> = tx.one(sql("select max(version) as version from migration", [])).await?;
    let level = level.and_then(|row| row.version).unwrap_or(0);
    furnish(&tx, level, latest_tenant(), now).await?;
    tx.commit().await?;
    sites
        .home()
        .database
        .orm()
        .run(sql(
            "update shared.schema_level set version = $2, migrated_at = $3 where schema_name = $1 and version < $2",
            [schema.as_str().into(), latest_tenant().into(), now.into()],
        ))
        .await?;
    Ok(level < latest_tenant())
}

/// Runs the tenant steps after `from` up to `to`, in a transaction that is already inside the schema.
pub(crate) async fn furnish(tx: &Tx, from: i32, to: i32, now: Timestamp) -> Result<(), StoreError> {
    for (version, text) in TENANT.iter().filter(|(version, _)| *version > from && *version <= to) {
        tx.execute_unprepared(text).await?;
        tx.run(sql("insert into migration (version, applied_at) values ($1, $2)", [(*version).into(), now.into()]))
            .await?;
    }
    Ok(())
}
