//! Postgres: the one pool of a process, and errors that say which rule of the schema was broken.

mod errand;
mod met;
mod pipeline;
mod residents;
mod rows;
mod tx;

use std::time::{Duration, Instant};

use sea_orm::{DatabaseConnection, DbErr, FromQueryResult, RuntimeErr, SqlxPostgresConnector};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection as _, Executor, PgPool, Row as _};

use crate::clock::Timestamp;
use crate::fault::{Fault, Kind, again_in};

pub use errand::Errand;
use met::Met;
pub(crate) use pipeline::decoded;
pub use pipeline::{Columns, Part, Pipeline, PipelineOptions, Value};
use residents::Residents;
pub use rows::{Rows, sql};
pub use tokio_postgres::Row as PipelineRow;
pub use tx::Tx;

/// How long a connection is trusted to live without being asked.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// What every session is told when it begins. A query that forgot its tenant finds no table.
const SESSION: [(&str, &str); 6] = [
    ("search_path", "pg_catalog"),
    ("synchronous_commit", "on"),
    ("statement_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "10s"),
    ("timezone", "UTC"),
    // Our statements are short: compiling one takes longer than running it.
    ("jit", "off"),
];

/// How long one answer of the database may take: longer than a statement may, so that only a connection whose other end has
/// vanished without a word is given up.
const ANSWER_WITHIN: Duration = Duration::from_secs(6);
/// The same for the look at a connection that comes back.
const CHECK_WITHIN: Duration = Duration::from_secs(2);

/// How many connections share one slice of the companies. With one alone, who waits for it would wait for nobody else's to come
/// back.
const SLICE: u32 = 2;

/// How many statements a connection keeps prepared: those of every resident of its slice, and those that all others share.
const STATEMENTS: usize = 1_000;

/// The pools of a process, as sqlx and as sea-orm see them: one for what all companies share, and slices of few connections to
/// which companies are tied. A backend keeps what it has learnt of every table it has touched, and never gives it back: a tie
/// keeps that little, and keeps its plans fresh; and one that has met too many is replaced.
#[derive(Clone, Debug)]
pub struct Database {
    shared: PgPool,
    slices: Vec<Slice>,
    orm: DatabaseConnection,
}

/// Some connections, and whom they have met.
#[derive(Clone, Debug)]
struct Slice {
    pool: PgPool,
    met: Met,
    residents: Residents,
}

impl Database {
    /// Opens at most `connections`. Connects when first asked.
    pub fn connect(url: &str, connections: u32) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url.parse()?;
        let options = options.application_name("frontdesk").options(SESSION).disable_statement_logging();
        let options = options.statement_cache_capacity(STATEMENTS);
        let shared = connections.div_ceil(4).max(1);
        let tied = connections.saturating_sub(shared).max(1);
        let count = (tied / SLICE).max(1);
        let slice = |number: u32| {
            let (met, more) = (Met::default(), u32::from(number < tied % count));
            Slice {
                pool: pool(options.clone(), tied / count + more, Some(met.clone())),
                met,
                residents: Residents::default(),
            }
        };
        let slices = (0..count).map(slice).collect();
        let shared = pool(options.clone(), shared, None);
        let orm = SqlxPostgresConnector::from_sqlx_postgres_pool(shared.clone());
        Ok(Self { shared, slices, orm })
    }

    /// For sea-orm queries that name their schema.
    pub fn orm(&self) -> &DatabaseConnection {
        &self.orm
    }

    /// Runs statements that take no values, outside any transaction.
    pub async fn run(&self, sql: &'static str) -> Result<(), StoreError> {
        self.shared.execute(sql).await.map(drop).map_err(StoreError::from)
    }

    /// What time it is there.
    pub async fn time(&self) -> Result<Timestamp, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            now: Timestamp,
        }
        let row: Option<Row> = self.orm.one(sql("select clock_timestamp() as now", [])).await?;
        row.map(|row| row.now).ok_or_else(|| StoreError::Refused("a question without an answer".to_owned()))
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.shared.close().await;
        for slice in &self.slices {
            slice.pool.close().await;
        }
    }

    /// How many connections are open, and how many of them are not in use.
    pub fn connections(&self) -> (u32, usize) {
        let pools = || std::iter::once(&self.shared).chain(self.slices.iter().map(|slice| &slice.pool));
        (pools().map(PgPool::size).sum(), pools().map(PgPool::num_idle).sum())
    }

    /// The pool that a company with this key is tied to; while it is in use, its second one, and then whichever has room: a
    /// crowd at one company's door must not wait beside idle connections, nor one connection meet every company that found
    /// another in use. And whether it is at home there.
    fn tied(&self, key: u128) -> (&PgPool, bool) {
        // The end of a UUIDv7 is chance: it spreads evenly.
        let slices = u128::try_from(self.slices.len().max(1)).unwrap_or(1);
        let place = |number: u128| self.slices.get(usize::try_from(number % slices).unwrap_or(0));
        let has_room = |slice: &&Slice| {
            let pool = &slice.pool;
            pool.num_idle() > 0 || pool.size() < pool.options().get_max_connections()
        };
        let own = place(key);
        let others = (0..slices).filter_map(|step| place(key / slices + step));
        let Some(chosen) = own.into_iter().chain(others).find(has_room).or(own) else { return (&self.shared, false) };
        chosen.met.note(key);
        (&chosen.pool, chosen.residents.admit(key, Instant::now()))
    }
}

fn pool(options: PgConnectOptions, connections: u32, met: Option<Met>) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(4))
        .max_lifetime(Duration::from_mins(30))
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            // After a restart every connection of the pool is dead. One that has just been used is taken at its word; a busy
            // server pays nothing.
            Box::pin(async move {
                if meta.idle_for > TRUSTED_FOR {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_release(move |connection, meta| {
            let knows_too_many = met.as_ref().is_some_and(|met| met.are_too_many_for(meta.age));
            Box::pin(async move {
                if knows_too_many {
                    return Ok(false);
                }
                // sqlx loses count when a future is dropped while BEGIN is in flight: the connection would come back
                // inside another caller's transaction. A connection that is not clean is closed, not reused.
                // In one simple query: bound statements begin their transaction before they begin themselves, and would
                // never look clean.
                let check = sqlx::raw_sql(
                    "select current_user = session_user and current_setting('search_path') = 'pg_catalog' \
                     and pg_catalog.now() = pg_catalog.statement_timestamp()",
                )
                .fetch_one(&mut *connection);
                match tokio::time::timeout(CHECK_WITHIN, check).await {
                    Ok(row) => row?.try_get(0),
                    Err(_) => Ok(false),
                }
            })
        })
        .connect_lazy_with(options)
}

/// What can go wrong between us and our rows.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is away, full or too busy. Nothing was written.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// This company has as much of the database to itself as one may.
    #[error("too many requests of this account are at work at once")]
    Crowded,
    /// A named rule of the schema refused the row.
    #[error("the rule {0} was broken")]
    Rule(String),
    /// A row that our own code could not have written.
    #[error("{table} {id} holds {what}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The row.
        id: String,
        /// What is wrong with it.
        what: String,
    },
    /// Anything else, with its story for the log.
    #[error("the database refused: {0}")]
    Refused(String),
}

impl StoreError {
    /// True when the named constraint refused the row.
    pub fn broke(&self, constraint: &str) -> bool {
        matches!(self, Self::Rule(name) if name == constraint)
    }
}

impl Fault for StoreError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unavailable(_) => Kind::Unavailable(again_in(Duration::from_secs(2))),
            Self::Crowded => Kind::RateLimited(Duration::from_secs(1)),
            Self::Rule(_) | Self::Inconsistent { .. } | Self::Refused(_) => Kind::Internal,
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "temporarily_unavailable",
            Self::Crowded => "company_busy",
            Self::Rule(_) | Self::Inconsistent { .. } | Self::Refused(_) => "internal",
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        classify(&error)
    }
}

impl From<DbErr> for StoreError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "another crate's errors: what is not an outage is a refusal")]
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::Conn(RuntimeErr::SqlxError(inner))
            | DbErr::Exec(RuntimeErr::SqlxError(inner))
            | DbErr::Query(RuntimeErr::SqlxError(inner)) => classify(inner),
            DbErr::ConnectionAcquire(_) => Self::Unavailable(error.to_string()),
            _ => Self::Refused(error.to_string()),
        }
    }
}

/// By SQLSTATE (Postgres manual, appendix A) and constraint name, never by message text.
#[expect(clippy::wildcard_enum_match_arm, reason = "another crate's errors: what is not an outage is a refusal")]
fn classify(error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        // A connection that ends while it is being made speaks nonsense, as seen from here.
        | sqlx::Error::Protocol(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::BeginFailed => StoreError::Unavailable(error.to_string()),
        sqlx::Error::Database(refusal) => by_state(&refusal.code().unwrap_or_default(), refusal.constraint(), error),
        _ => StoreError::Refused(error.to_string()),
    }
}

/// What a refusal by the server amounts to.
fn by_state(state: &str, constraint: Option<&str>, error: &dyn std::fmt::Display) -> StoreError {
    if let (true, Some(rule)) = (state.starts_with("23"), constraint) {
        return StoreError::Rule(rule.to_owned());
    }
    // 08 connection, 53 resources, 57 shutdown and cancellation, 40 serialisation, 55P03 lock not available, 25006 read only: on
    // its way to another database, or a server that took over and is not yet open for writing.
    if ["08", "53", "57", "40", "55P03", "25006"].iter().any(|class| state.starts_with(class)) {
        return StoreError::Unavailable(error.to_string());
    }
    StoreError::Refused(error.to_string())
}
