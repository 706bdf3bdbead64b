//! A transaction that opens in one round trip, speaks sea-orm, and cannot be poisoned by a caller that goes away.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, Executor, PgPool, Postgres, Transaction};
use tokio::sync::Mutex;

use super::{ANSWER_WITHIN, Database, StoreError};

/// An open transaction. Dropped without [`Tx::commit`], it rolls back.
#[derive(Debug)]
pub struct Tx {
    open: Mutex<Transaction<'static, Postgres>>,
    /// Whose statements are prepared apart from everybody else's. See [`super::residents`].
    resident: Option<u128>,
}

impl Database {
    /// Opens a transaction and runs `preamble` in the same round trip. `preamble` is made by code, never from input.
    ///
    /// BEGIN runs in a task of its own: were the caller's future dropped while BEGIN is in flight, sqlx 0.9 would hand the
    /// connection, inside an open transaction, to the next caller, whose writes would vanish.
    pub async fn begin(&self, preamble: Arc<str>) -> Result<Tx, StoreError> {
        begin(self.shared.clone(), preamble, None).await
    }

    /// The same on a connection of the slice that this key is tied to.
    pub async fn begin_tied(&self, preamble: Arc<str>, key: u128) -> Result<Tx, StoreError> {
        let (pool, resident) = self.tied(key);
        begin(pool.clone(), preamble, resident.then_some(key)).await
    }
}

/// Lets a backend look up anew which roles are whose. It remembers that of one role at a time, here it is asked about another, and what it
/// works out while a role is being made elsewhere may lack that role until the next one is made
/// (`roles_is_member_of` in `src/backend/utils/adt/acl.c`).
const LOOK_ANEW: &str =
    "DO $$ BEGIN PERFORM pg_catalog.pg_has_role('pg_monitor', 'pg_read_all_stats', 'MEMBER'); END $$";
/// `insufficient_privilege`
const NOT_ALLOWED: &str = "42501";

async fn begin(pool: PgPool, preamble: Arc<str>, resident: Option<u128>) -> Result<Tx, StoreError> {
    let opened = tokio::spawn(async move {
        let mut begin = if preamble.is_empty() { "BEGIN".to_owned() } else { format!("BEGIN; {preamble}") };
        let (mut attempts, mut looked) = (0, false);
        loop {
            // A dead connection is found out here, before anything was asked of it: another one is tried, until every one of
            // the pool was. A server that is away is noticed while connecting, and not retried.
            match pool.begin_with(AssertSqlSafe(begin.clone())).await {
                Err(sqlx::Error::Io(_)) if attempts < pool.options().get_max_connections() => attempts += 1,
                // A company that has just been founded is no stranger.
                Err(sqlx::Error::Database(refusal)) if !looked && refusal.code().as_deref() == Some(NOT_ALLOWED) => {
                    looked = true;
                    begin = format!("{LOOK_ANEW}; COMMIT; BEGIN; {preamble}");
                }
                opened => return opened,
            }
        }
    });
    match opened.await {
        Ok(tx) => Ok(Tx { open: Mutex::new(tx?), resident }),
        Err(died) => Err(StoreError::Unavailable(died.to_string())),
    }
}

impl Tx {
    /// Commits, to the end, even when the caller goes away meanwhile. `Ok` means durable.
    pub async fn commit(self) -> Result<(), StoreError> {
        match tokio::spawn(async move { answer(self.open.into_inner().commit()).await }).await {
            Ok(done) => done.map_err(StoreError::from),
            Err(died) => Err(StoreError::Unavailable(died.to_string())),
        }
    }

    /// Undoes everything.
    pub async fn rollback(self) -> Result<(), StoreError> {
        self.open.into_inner().rollback().await.map_err(StoreError::from)
    }
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

/// Waits for an answer, but not for one that will never come.
async fn answer<T>(question: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(ANSWER_WITHIN, question).await {
        Ok(answer) => answer,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

impl Tx {
    fn query(&self, statement: Statement) -> sqlx::query::Query<'static, Postgres, SqlxValues> {
        let values = statement.values.unwrap_or(Values(Vec::new()));
        let text = match self.resident {
            Some(key) => format!("{} -- {key:x}", statement.sql),
            None => statement.sql,
        };
        sqlx::query_with(AssertSqlSafe(text), SqlxValues(values))
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let mut tx = self.open.lock().await;
        answer(self.query(statement).execute(&mut **tx)).await.map(Into::into).map_err(failed)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut tx = self.open.lock().await;
        // Migrations come this way, and set their own bounds.
        (&mut **tx).execute(AssertSqlSafe(sql.to_owned())).await.map(Into::into).map_err(failed)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut tx = self.open.lock().await;
        Ok(answer(self.query(statement).fetch_optional(&mut **tx)).await.map_err(failed)?.map(Into::into))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut tx = self.open.lock().await;
        Ok(answer(self.query(statement).fetch_all(&mut **tx))
            .await
            .map_err(failed)?
            .into_iter()
            .map(Into::into)
            .collect())
    }
}
