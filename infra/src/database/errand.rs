//! A connection of its own for one long piece of work, such as carrying tables from one database to another. Nothing bounds how
//! long its statements take; it waits for locks no longer than it is told.

use futures::TryStreamExt as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Row as _};

use super::{SESSION, StoreError};

/// One such connection. Dropped without [`Errand::end`], what was not committed is undone.
#[derive(Debug)]
pub struct Errand(PgConnection);

impl Errand {
    /// Connects, as the pool does, without its bounds on time.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url.parse()?;
        let unbounded = SESSION.iter().filter(|(name, _)| !name.ends_with("timeout"));
        let options =
            options.application_name("frontdesk errand").options(unbounded.copied()).disable_statement_logging();
        Ok(Self(options.connect().await?))
    }

    /// Runs statements that give no rows. They are made by code or by the catalogue, never from input.
    pub async fn run(&mut self, statements: &str) -> Result<(), StoreError> {
        self.0.execute(AssertSqlSafe(statements.to_owned())).await.map(drop).map_err(StoreError::from)
    }

    /// Asks about a name, and gives the rows, whose columns are all text.
    pub async fn ask(&mut self, question: &str, name: Option<&str>) -> Result<Vec<Vec<String>>, StoreError> {
        let mut query = sqlx::query(AssertSqlSafe(question.to_owned()));
        if let Some(name) = name {
            query = query.bind(name);
        }
        let rows = query.fetch_all(&mut self.0).await?;
        let texts =
            |row: &sqlx::postgres::PgRow| (0..row.len()).map(|place| row.try_get(place)).collect::<Result<_, _>>();
        Ok(rows.iter().map(texts).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Carries what a COPY … TO STDOUT gives here into a COPY … FROM STDIN there, and says how many rows that were.
    pub async fn pour(&mut self, out: &str, into: &mut Self, take: &str) -> Result<u64, StoreError> {
        let mut flow = self.0.copy_out_raw(out).await?;
        let mut basin = into.0.copy_in_raw(take).await?;
        while let Some(piece) = flow.try_next().await? {
            basin.send(piece).await?;
        }
        Ok(basin.finish().await?)
    }

    /// Closes it.
    pub async fn end(self) -> Result<(), StoreError> {
        self.0.close().await.map_err(StoreError::from)
    }
}
