//! The floor as Postgres has it, read beside all proxies: who takes how many, what they have in hand, and who waits.

use std::collections::{HashMap, HashSet};

use load::stage::Tenant;
use load::{Doing as _, Outcome};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use uuid::Uuid;

use crate::admin::Admin;

/// An agent.
#[derive(Debug, Default)]
pub(super) struct Hand {
    pub(super) online: bool,
    pub(super) capacity: usize,
    pub(super) holds: HashSet<Uuid>,
}

/// One moment.
#[derive(Debug, Default)]
pub(super) struct Floor {
    pub(super) hands: HashMap<Uuid, Hand>,
    /// How many stand in line.
    pub(super) waiting: u64,
    /// Places in line of what does not wait, and waits without a place.
    pub(super) astray: u64,
}

/// Finds a company's schema.
pub(super) async fn schema(admin: &Admin, company: &Tenant) -> Outcome<String> {
    let mut connection = admin.connect().await?;
    let row = sqlx::query("select schema_name, id from shared.account where id = $1")
        .bind(load::ids::decode(&company.id).doing(|| "read a company's id".to_owned())?)
        .fetch_one(&mut connection)
        .await;
    Ok(row.doing(|| "find a company's schema".to_owned())?.get(0))
}

/// Adds agents by hand, who have everybody's password: invitations of hundreds are another story. Gives their addresses.
pub(super) async fn enlist(admin: &Admin, company: &Tenant, count: u32, capacity: u32) -> Outcome<Vec<String>> {
    let schema = schema(admin, company).await?;
    let word = company.guard.word().to_owned();
    let mut connection = admin.connect().await?;
    let all = format!(
        "with one as (select m.account_id, l.password_hash from shared.membership m \
             join shared.login l on l.id = m.login_id join shared.account a on a.id = m.account_id \
             where a.schema_name = '{schema}'), \
         login as (insert into shared.login (id, email, name, password_hash, locale, email_verified_at, created_at) \
             select gen_random_uuid(), 'agent-' || n || '-{word}@mail.test', 'Agent ' || n || ' {word}', \
             one.password_hash, 'en', now(), now() from one, generate_series(1, {count}) n returning id, name, email), \
         member as (insert into shared.membership (id, account_id, login_id, role, created_at) \
             select gen_random_uuid(), one.account_id, login.id, 'agent', now() from login, one returning id, login_id), \
         agent as (insert into {schema}.agent (id, name, availability, capacity, created_at) \
             select member.id, login.name, 'busy', {capacity}, now() from member join login on login.id = member.login_id) \
         select email from login"
    );
    let rows = connection.fetch_all(AssertSqlSafe(all)).await.doing(|| "enlist agents".to_owned())?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Reads one moment. `schema` is the company's.
pub(super) async fn read(connection: &mut PgConnection, schema: &str) -> Outcome<Floor> {
    let reading = || "read the floor".to_owned();
    let mut tx = connection.begin_with("begin isolation level repeatable read read only").await.doing(reading)?;
    let mut floor = Floor::default();
    let ask = format!("select id, availability = 'online', capacity from {schema}.agent");
    for row in tx.fetch_all(AssertSqlSafe(ask)).await.doing(reading)? {
        let capacity: i32 = row.get(2);
        let hand = Hand { online: row.get(1), capacity: usize::try_from(capacity).unwrap_or(0), ..Hand::default() };
        floor.hands.insert(row.get(0), hand);
    }
    let ask =
        format!("select assignee_id, id from {schema}.conversation where status = 'open' and assignee_id is not null");
    for row in tx.fetch_all(AssertSqlSafe(ask)).await.doing(reading)? {
        floor.hands.entry(row.get(0)).or_default().holds.insert(row.get(1));
    }
    let ask = format!(
        "select (select count(*) from {schema}.queue_entry), \
         (select count(*) from {schema}.conversation c full join {schema}.queue_entry q on q.conversation_id = c.id \
          where (c.status = 'open' and c.assignee_id is null) is distinct from (q.conversation_id is not null))"
    );
    let row = tx.fetch_one(AssertSqlSafe(ask)).await.doing(reading)?;
    let count = |column: usize| u64::try_from(row.get::<i64, _>(column)).unwrap_or(0);
    (floor.waiting, floor.astray) = (count(0), count(1));
    Ok(floor)
}

/// How often a conversation was given to somebody, and how often to somebody while it was somebody else's.
pub(super) async fn assigned(admin: &Admin, company: &Tenant) -> Outcome<(u64, u64)> {
    let schema = schema(admin, company).await?;
    let ask = format!(
        "select count(*), count(before) from (select agent_id, lag(agent_id) over \
         (partition by conversation_id order by number) as before from {schema}.assignment) a where agent_id is not null"
    );
    let mut connection = admin.connect().await?;
    let row = connection.fetch_one(AssertSqlSafe(ask)).await.doing(|| "count assignments".to_owned())?;
    let count = |column: usize| u64::try_from(row.get::<i64, _>(column)).unwrap_or(0);
    Ok((count(0), count(1)))
}
