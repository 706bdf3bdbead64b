//! Moving a company to another database, so that nothing acknowledged is lost.
//!
//! [`announce`] writes into the directory that the company can be read and not written; whoever hears of it answers writes with a time
//! to come again. [`carry`] waits until every server must have heard, locks the company's tables against whoever has not, copies
//! and compares them row by row, takes away the right to write what was left behind, and only then says in the directory where the company
//! lives now. It may die anywhere and be run again; until the directory has changed, [`abort`] leaves the company where it was.

use std::time::Duration;

use infra::Clock;
use infra::database::{Errand, Rows as _, StoreError, sql};
use sea_orm::{ConnectionTrait as _, FromQueryResult};
use serde::Serialize;

use crate::account::{Account, AccountId, BELIEVED};
use crate::migrate;
use crate::schema::SchemaName;
use crate::sites::Site;
use crate::world::World;

/// More than the longest that a server which heard nothing believes what it read of the directory.
const MARGIN: Duration = Duration::from_millis(300);

/// A company has moved.
#[derive(Debug, Clone, Serialize)]
pub struct Moved {
    /// Where it lives now.
    pub to: String,
    /// How many tables it has.
    pub tables: u64,
    /// How many rows they hold.
    pub rows: u64,
    /// How long it could not be written, in milliseconds.
    pub read_only_ms: u64,
}

/// What was left behind, and is gone now.
#[derive(Debug, Clone, Serialize)]
pub struct Dropped {
    /// The schema.
    pub schema: String,
    /// Where it was.
    pub database: String,
}

/// Why a company does not move.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// It is there already, or on its way elsewhere, or not on its way.
    #[error("{0}")]
    Cannot(&'static str),
    /// What arrived is not what was sent. Nothing was changed.
    #[error("the copy of {0} differs from the original; the company stays where it was")]
    Differs(String),
    /// A database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// For each table: its name, how to copy it out and in, and how to count and fingerprint it whatever the order of its rows.
const TABLES: &str = "select c.relname::text, \
    format('copy %I.%I (%s) to stdout (format binary)', n.nspname, c.relname, a.columns), \
    format('copy %I.%I (%s) from stdin (format binary)', n.nspname, c.relname, a.columns), \
    format('select count(*)::text, coalesce(sum(hashtextextended(row(%s)::text, 7)::numeric), 0)::text from %I.%I', a.columns, n.nspname, c.relname), \
    format('truncate %I.%I cascade', n.nspname, c.relname) \
    from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join lateral \
    (select string_agg(quote_ident(attname), ', ' order by attname) as columns from pg_attribute \
     where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '') a \
    where n.nspname = $1 and c.relkind = 'r' order by 1";
/// All of them against writers, readers go on.
const LOCK: &str = "select format('lock table %s in share mode', string_agg(format('%I.%I', n.nspname, c.relname), ', ' order by c.relname)) \
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind = 'r'";
/// Foreign keys and triggers, which would look at rows while they arrive: how to take each away and bring it back.
const RULES: &str = "select format('alter table %I.%I drop constraint %I', n.nspname, c.relname, r.conname), \
    format('alter table %I.%I add constraint %I %s', n.nspname, c.relname, r.conname, pg_get_constraintdef(r.oid)) \
    from pg_constraint r join pg_class c on c.oid = r.conrelid join pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = $1 and r.contype = 'f' \
    union all select format('alter table %I.%I disable trigger user', n.nspname, c.relname), \
    format('alter table %I.%I enable trigger user', n.nspname, c.relname) \
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind = 'r' \
    and exists (select from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal)";

#[derive(FromQueryResult)]
struct Way {
    moving: bool,
    moving_to: Option<String>,
}

async fn load(world: &World, id: AccountId) -> Result<(Account, Way), MoveError> {
    let account =
        world.directory.load(&world.database, id).await?.ok_or(MoveError::Cannot("there is no such company"))?;
    let way: Option<Way> = world
        .database
        .orm()
        .one(sql(
            "select moving_since is not null as moving, moving_to from shared.account where id = $1",
            [id.uuid().into()],
        ))
        .await?;
    Ok((account, way.ok_or(MoveError::Cannot("there is no such company"))?))
}

/// Says in the directory that a company is on its way, and gives where it comes from. A move that was cut short goes on.
pub async fn announce(world: &World, id: AccountId, to: Option<&str>) -> Result<String, MoveError> {
    let (account, way) = load(world, id).await?;
    if account.database.as_deref() == to {
        return Err(MoveError::Cannot("the company lives there already"));
    }
    if way.moving && way.moving_to.as_deref() != to {
        return Err(MoveError::Cannot("the company is on its way elsewhere; end that move first, or abort it"));
    }
    world.sites.get(to)?;
    let marked = world
        .database
        .orm()
        .run(sql(
            "update shared.account set moving_since = $2, moving_to = $3 where id = $1 and database is not distinct from $4",
            [
                id.uuid().into(),
                world.now().into(),
                to.map(ToOwned::to_owned).into(),
                account.database.as_deref().map(ToOwned::to_owned).into(),
            ],
        ))
        .await?;
    if marked == 0 {
        return Err(MoveError::Cannot("somebody else has moved it just now"));
    }
    world.directory.forget(id);
    Ok(world.sites.get(account.database.as_deref())?.label().to_owned())
}

/// Carries an announced company over.
pub async fn carry(world: &World, id: AccountId) -> Result<Moved, MoveError> {
    let began = world.now();
    let believed = BELIEVED.to_std().unwrap_or_default() + MARGIN;
    let (account, way) = load(world, id).await?;
    if !way.moving {
        return Err(MoveError::Cannot("the company is not on its way anywhere"));
    }
    let (from, to) = (world.sites.get(account.database.as_deref())?, world.sites.get(way.moving_to.as_deref())?);
    migrate::run_one(&world.sites, &world.clock, &account.schema, account.database.as_deref()).await?;
    prepare(to, &account.schema, &world.clock).await?;
    world.clock.pause(believed).await;
    let (tables, rows) = copy(from, to, &account.schema).await?;
    settle(world, &account, way.moving_to.as_deref()).await?;
    world.directory.forget(id);
    let took = (world.now() - began).to_std().unwrap_or_default();
    Ok(Moved {
        to: to.label().to_owned(),
        tables,
        rows,
        read_only_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    })
}

/// An empty schema with every table, where an earlier try may have left one.
async fn prepare(to: &Site, schema: &SchemaName, clock: &Clock) -> Result<(), StoreError> {
    let preamble = "SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '120s'";
    let tx = to.database.begin(preamble.into()).await?;
    tx.execute_unprepared(&schema.create_anew()).await?;
    migrate::furnish(&tx, 0, migrate::latest_tenant(), clock.now()).await?;
    tx.commit().await
}

/// Copies every row and compares both sides; then nobody can write the original any more. Gives how many tables and rows.
async fn copy(from: &Site, to: &Site, schema: &SchemaName) -> Result<(u64, u64), MoveError> {
    let mut source = Errand::connect(&from.url).await?;
    let mut target = Errand::connect(&to.url).await?;
    let name = Some(schema.as_str());
    source.run(&schema.open_errand()).await?;
    // A try that died after it had closed the original opens it again, for itself alone: the directory keeps everybody else out.
    // Wholly first: who may not change a table may not lock it against those who do either.
    source.run(&schema.open_wholly()).await?;
    for lock in source.ask(LOCK, name).await?.iter().flatten() {
        source.run(lock).await?;
    }
    source.run(&schema.reopen()).await?;
    target.run(&schema.open_errand()).await?;
    let rules = target.ask(RULES, name).await?;
    for drop in rules.iter().filter_map(|rule| rule.first()) {
        target.run(drop).await?;
    }
    let tables = source.ask(TABLES, name).await?;
    target.run(&schema.open_wholly()).await?;
    for table in &tables {
        let [_, _, _, _, truncate] = table.as_slice() else { continue };
        target.run(truncate).await?;
    }
    let mut rows = 0;
    for table in &tables {
        let [_, out, take, _, _] = table.as_slice() else { continue };
        rows += source.pour(out, &mut target, take).await?;
    }
    for add in rules.iter().filter_map(|rule| rule.get(1)) {
        target.run(add).await?;
    }
    for table in &tables {
        let [name, _, _, fingerprint, _] = table.as_slice() else { continue };
        if source.ask(fingerprint, None).await? != target.ask(fingerprint, None).await? {
            return Err(MoveError::Differs(name.clone()));
        }
    }
    target.run(&schema.reopen()).await?;
    target.run("commit").await?;
    source.run(&schema.seal()).await?;
    source.run("commit").await?;
    source.end().await?;
    target.end().await?;
    Ok((u64::try_from(tables.len()).unwrap_or_default(), rows))
}

/// Says in the directory where the company lives now, and what it has left behind.
async fn settle(world: &World, account: &Account, to: Option<&str>) -> Result<(), MoveError> {
    let (to, from) = (to.map(ToOwned::to_owned), account.database.as_deref().map(ToOwned::to_owned));
    let tx = world.database.begin("".into()).await?;
    let switched = tx
        .run(sql(
            "update shared.account set database = $2, moving_since = null, moving_to = null, updated_at = $4 \
             where id = $1 and moving_since is not null and moving_to is not distinct from $2 and database is not distinct from $3",
            [account.id.uuid().into(), to.clone().into(), from.clone().into(), world.now().into()],
        ))
        .await?;
    if switched == 0 {
        return Err(MoveError::Cannot("the move was aborted meanwhile"));
    }
    tx.run(sql(
        "delete from shared.left_behind where schema_name = $1 and database is not distinct from $2",
        [account.schema.as_str().into(), to.into()],
    ))
    .await?;
    tx.run(sql(
        "insert into shared.left_behind (schema_name, database, account_id, since) values ($1, $2, $3, $4)",
        [account.schema.as_str().into(), from.into(), account.id.uuid().into(), world.now().into()],
    ))
    .await?;
    Ok(tx.commit().await?)
}

/// Leaves a company whose move did not end where it was.
pub async fn abort(world: &World, id: AccountId) -> Result<(), MoveError> {
    let (account, way) = load(world, id).await?;
    if !way.moving {
        return Err(MoveError::Cannot("the company is not on its way anywhere"));
    }
    let home = world.sites.get(account.database.as_deref())?;
    let tx = home.database.begin("".into()).await?;
    let open_again = format!("{}; {}", account.schema.enter(), account.schema.reopen());
    tx.execute_unprepared(&open_again).await.map_err(StoreError::from)?;
    tx.commit().await?;
    drop_schema(world.sites.get(way.moving_to.as_deref())?, &account.schema).await?;
    world
        .database
        .orm()
        .run(sql("update shared.account set moving_since = null, moving_to = null where id = $1", [id.uuid().into()]))
        .await?;
    world.directory.forget(id);
    Ok(())
}

#[derive(FromQueryResult)]
struct Left {
    schema_name: String,
    database: Option<String>,
}

/// Drops what moved companies left behind so many days ago or more.
pub async fn drop_copies(world: &World, days: u32) -> Result<Vec<Dropped>, MoveError> {
    let before = world.now() - chrono::TimeDelta::days(i64::from(days));
    let statement = "select schema_name, database from shared.left_behind where since <= $1 order by since";
    Ok(drop_all(world, world.database.orm().all(sql(statement, [before.into()])).await?).await?)
}

/// Drops what a company that comes to its end has left behind in other places, however lately. Its role must still be there.
pub(crate) async fn drop_copies_of(world: &World, account: AccountId) -> Result<(), StoreError> {
    let statement = "select schema_name, database from shared.left_behind where account_id = $1";
    drop_all(world, world.database.orm().all(sql(statement, [account.uuid().into()])).await?).await.map(drop)
}

async fn drop_all(world: &World, left: Vec<Left>) -> Result<Vec<Dropped>, StoreError> {
    let mut dropped = Vec::new();
    for copy in left {
        let schema: SchemaName = copy.schema_name.parse().map_err(|_| StoreError::Inconsistent {
            table: "shared.left_behind",
            id: copy.schema_name.clone(),
            what: "an impossible name".into(),
        })?;
        let site = world.sites.get(copy.database.as_deref())?;
        drop_schema(site, &schema).await?;
        let statement = "delete from shared.left_behind where schema_name = $1 and database is not distinct from $2";
        world.database.orm().run(sql(statement, [copy.schema_name.clone().into(), copy.database.into()])).await?;
        dropped.push(Dropped { schema: copy.schema_name, database: site.label().to_owned() });
    }
    Ok(dropped)
}

async fn drop_schema(site: &Site, schema: &SchemaName) -> Result<(), StoreError> {
    let tx = site.database.begin("SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '120s'".into()).await?;
    tx.execute_unprepared(&schema.remove()).await?;
    tx.commit().await
}
