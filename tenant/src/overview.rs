//! What operators see of companies: where they stand, where they live, how large they are. Never what anybody wrote.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::{Id, Timestamp};
use sea_orm::FromQueryResult;
use serde::Serialize;
use uuid::Uuid;

use crate::account::AccountId;
use crate::migrate;
use crate::world::World;

/// A company in a list.
#[derive(Debug, Clone, Serialize)]
pub struct Overview {
    /// Its id.
    pub id: AccountId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// `provisioning`, `active`, `suspended` or `closed`.
    pub status: String,
    /// Its plan.
    pub plan: String,
    /// The database it lives in.
    pub database: String,
    /// Where it is on its way to.
    pub moving_to: Option<String>,
    /// Its schema.
    pub schema: String,
    /// The migration its schema stands at.
    pub level: Option<i32>,
    /// How many people it has, without those who were switched off.
    pub members: i64,
    /// When it signed up.
    pub created_at: DateTime<Utc>,
}

/// One company in full.
#[derive(Debug, Clone, Serialize)]
pub struct Portrait {
    /// What the list says.
    #[serde(flatten)]
    pub overview: Overview,
    /// The addresses of its owners.
    pub owners: Vec<String>,
    /// How many tables it has.
    pub tables: i64,
    /// What they take on disk, indexes and all, in bytes.
    pub bytes: i64,
    /// About how many conversations and messages it holds, as the database last counted.
    pub about: BTreeMap<String, i64>,
    /// Until when it lets us in.
    pub support_until: Option<DateTime<Utc>>,
}

/// How many schemas stand at each level.
#[derive(Debug, Clone, Serialize)]
pub struct Levels {
    /// Where all should stand.
    pub latest: i32,
    /// How many stand where, spares too.
    pub schemas: BTreeMap<i32, i64>,
    /// The first that are behind, at most 20.
    pub behind: Vec<String>,
}

/// A database that companies live in.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    /// Its name; `home` for the one of the directory.
    pub name: String,
    /// How many companies live there.
    pub companies: i64,
    /// Whether this server knows its address.
    pub reachable: bool,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    slug: String,
    name: String,
    status: String,
    plan: String,
    database: Option<String>,
    moving: bool,
    moving_to: Option<String>,
    schema_name: String,
    level: Option<i32>,
    members: i64,
    created_at: Timestamp,
}

impl From<Row> for Overview {
    fn from(row: Row) -> Self {
        let named = |name: Option<String>| name.unwrap_or_else(|| "home".to_owned());
        Self {
            id: Id::from_uuid(row.id),
            slug: row.slug,
            name: row.name,
            status: row.status,
            plan: row.plan,
            database: named(row.database),
            moving_to: row.moving.then(|| named(row.moving_to)),
            schema: row.schema_name,
            level: row.level,
            members: row.members,
            created_at: row.created_at,
        }
    }
}

/// Companies, oldest first; those in one state, when one is named.
pub async fn list(world: &World, status: Option<&str>) -> Result<Vec<Overview>, StoreError> {
    let rows: Vec<Row> = world
        .database
        .orm()
        .all(sql(
            "select a.id, a.slug, a.name, a.status, a.plan, a.database, a.moving_since is not null as moving, a.moving_to, a.schema_name, \
             l.version as level, coalesce(m.members, 0) as members, a.created_at from shared.account a \
             left join shared.schema_level l using (schema_name) \
             left join (select account_id, count(*) as members from shared.membership where disabled_at is null group by 1) m on m.account_id = a.id \
             where $1::text is null or a.status = $1 order by a.created_at, a.id",
            [status.map(ToOwned::to_owned).into()],
        ))
        .await?;
    Ok(rows.into_iter().map(Overview::from).collect())
}

/// The id of the company with this name in addresses, or of this id.
pub async fn find(world: &World, text: &str) -> Result<Option<AccountId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        id: Uuid,
    }
    let id = text.parse::<AccountId>().ok().map(Id::uuid);
    let found: Option<Found> = world
        .database
        .orm()
        .one(sql("select id from shared.account where id = $1 or slug = $2", [id.into(), text.into()]))
        .await?;
    Ok(found.map(|row| Id::from_uuid(row.id)))
}

/// One company in full.
pub async fn portrait(world: &World, id: AccountId) -> Result<Option<Portrait>, StoreError> {
    #[derive(FromQueryResult)]
    struct Owner {
        email: String,
    }
    #[derive(FromQueryResult)]
    struct Size {
        tables: i64,
        bytes: i64,
    }
    #[derive(FromQueryResult)]
    struct About {
        relname: String,
        about: i64,
    }
    let Some(overview) = list(world, None).await?.into_iter().find(|company| company.id == id) else { return Ok(None) };
    let owners: Vec<Owner> = world
        .database
        .orm()
        .all(sql(
            "select l.email from shared.membership m join shared.login l on l.id = m.login_id \
             where m.account_id = $1 and m.role = 'owner' and m.disabled_at is null order by m.created_at",
            [id.uuid().into()],
        ))
        .await?;
    let name = Some(overview.database.as_str()).filter(|name| *name != "home");
    let place = world.sites.get(name)?.database.orm();
    let taken: Option<Size> = place
        .one(sql(
            "select count(*) as tables, coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint as bytes from pg_class c \
             join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind = 'r'",
            [overview.schema.clone().into()],
        ))
        .await?;
    let about: Vec<About> = place
        .all(sql(
            "select relname::text, n_live_tup as about from pg_stat_user_tables \
             where schemaname = $1 and relname in ('conversation', 'message', 'contact')",
            [overview.schema.clone().into()],
        ))
        .await?;
    let taken = taken.unwrap_or(Size { tables: 0, bytes: 0 });
    Ok(Some(Portrait {
        owners: owners.into_iter().map(|owner| owner.email).collect(),
        tables: taken.tables,
        bytes: taken.bytes,
        about: about.into_iter().map(|row| (row.relname, row.about)).collect(),
        support_until: crate::support::open_grant(world, id).await?.map(|grant| grant.expires_at),
        overview,
    }))
}

/// The databases that companies live in, the home first.
pub async fn databases(world: &World) -> Result<Vec<Place>, StoreError> {
    #[derive(FromQueryResult)]
    struct Count {
        name: Option<String>,
        companies: i64,
    }
    let rows: Vec<Count> = world
        .database
        .orm()
        .all(sql(
            "select d.name, (select count(*) from shared.account a where a.database is not distinct from d.name) as companies \
             from (select name from shared.database union all select null) d order by d.name nulls first",
            [],
        ))
        .await?;
    let place = |row: Count| Place {
        reachable: world.sites.get(row.name.as_deref()).is_ok(),
        name: row.name.unwrap_or_else(|| "home".to_owned()),
        companies: row.companies,
    };
    Ok(rows.into_iter().map(place).collect())
}

/// Where all schemas stand.
pub async fn levels(world: &World) -> Result<Levels, StoreError> {
    #[derive(FromQueryResult)]
    struct Level {
        version: i32,
        schemas: i64,
    }
    #[derive(FromQueryResult)]
    struct Behind {
        schema_name: String,
    }
    let orm = world.database.orm();
    let rows: Vec<Level> =
        orm.all(sql("select version, count(*) as schemas from shared.schema_level group by 1 order by 1", [])).await?;
    let behind: Vec<Behind> = orm
        .all(sql(
            "select schema_name from shared.schema_level where version < $1 order by 1 limit 20",
            [migrate::latest_tenant().into()],
        ))
        .await?;
    Ok(Levels {
        latest: migrate::latest_tenant(),
        schemas: rows.into_iter().map(|row| (row.version, row.schemas)).collect(),
        behind: behind.into_iter().map(|row| row.schema_name).collect(),
    })
}
