//! Short ways to ask: a statement with its values, and typed rows back.

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};

use super::StoreError;

/// A statement. The text is part of the program, so nothing a stranger wrote can be in it.
pub fn sql(text: &'static str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, text, values)
}

/// Typed questions to anything that runs statements.
pub trait Rows: ConnectionTrait {
    /// The first row, if any.
    fn one<R: FromQueryResult>(
        &self,
        statement: Statement,
    ) -> impl Future<Output = Result<Option<R>, StoreError>> + Send;
    /// Every row.
    fn all<R: FromQueryResult + Send>(
        &self,
        statement: Statement,
    ) -> impl Future<Output = Result<Vec<R>, StoreError>> + Send;
    /// How many rows were touched.
    fn run(&self, statement: Statement) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

impl<C: ConnectionTrait> Rows for C {
    async fn one<R: FromQueryResult>(&self, statement: Statement) -> Result<Option<R>, StoreError> {
        Ok(self.query_one_raw(statement).await?.map(|row| R::from_query_result(&row, "")).transpose()?)
    }

    async fn all<R: FromQueryResult + Send>(&self, statement: Statement) -> Result<Vec<R>, StoreError> {
        let rows = self.query_all_raw(statement).await?;
        Ok(rows.iter().map(|row| R::from_query_result(row, "")).collect::<Result<_, _>>()?)
    }

    async fn run(&self, statement: Statement) -> Result<u64, StoreError> {
        Ok(self.execute_raw(statement).await?.rows_affected())
    }
}
