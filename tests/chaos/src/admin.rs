//! What an administrator of Postgres can do to the product: cut it off, lock its tables, take all its connections.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use load::{Doing as _, Outcome};

/// A superuser's way into the product's database, and the product's own login.
#[derive(Clone)]
pub(crate) struct Admin {
    superuser: String,
    login: String,
}

/// How long Postgres may take to let somebody in.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than Postgres is set to take.
const TOO_MANY: usize = 400;

impl Admin {
    pub(crate) fn new(admin_url: &str, login_url: &str) -> Self {
        let database = login_url.rsplit('/').next().unwrap_or("frontdesk");
        let server = admin_url.rsplit_once('/').map_or(admin_url, |(server, _)| server);
        Self { superuser: format!("{server}/{database}"), login: login_url.to_owned() }
    }

    /// As superuser, in the product's database.
    pub(crate) async fn connect(&self) -> Outcome<PgConnection> {
        connect(&self.superuser).await
    }

    /// Whether a transaction can be written now.
    pub(crate) async fn writes(&self) -> bool {
        let tried = async {
            let mut connection = self.connect().await.ok()?;
            connection.execute("select pg_current_xact_id()").await.ok()
        };
        tokio::time::timeout(PATIENCE, tried).await.ok().flatten().is_some()
    }

    /// Ends every session of the product. Gives how many there were.
    pub(crate) async fn cut_off(&self) -> Outcome<usize> {
        let mut connection = self.connect().await?;
        let ask = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'frontdesk' and pid <> pg_backend_pid()";
        let rows = connection.fetch_all(ask).await.doing(|| "end the product's sessions".to_owned())?;
        Ok(rows.len())
    }

    /// Takes every connection that the product could have, until the connections given are dropped.
    pub(crate) async fn crowd_out(&self) -> Outcome<Vec<PgConnection>> {
        let mut taken = Vec::new();
        self.cut_off().await?;
        while taken.len() < TOO_MANY
            && let Ok(connection) = connect(&self.login).await
        {
            taken.push(connection);
        }
        Ok(taken)
    }

    /// Locks the messages and conversations of every company against everybody, until the connection given is dropped.
    pub(crate) async fn lock_up(&self) -> Outcome<PgConnection> {
        let mut connection = self.connect().await?;
        let schemas = self.schemas(&mut connection).await?;
        let locking = || "lock the companies' tables".to_owned();
        connection.execute("begin").await.doing(locking)?;
        // As a migration would wait, in the queue before everybody who comes later, but not for ever.
        connection.execute("set local lock_timeout = '3s'").await.doing(locking)?;
        for schema in schemas {
            let lock = format!("lock table {schema}.message, {schema}.conversation in access exclusive mode");
            connection.execute(AssertSqlSafe(lock)).await.doing(locking)?;
        }
        Ok(connection)
    }

    /// The companies' schemas.
    pub(crate) async fn schemas(&self, connection: &mut PgConnection) -> Outcome<Vec<String>> {
        let ask = "select schema_name::text from shared.account where schema_name is not null order by 1";
        let rows = connection.fetch_all(ask).await.doing(|| "list the companies".to_owned())?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}

async fn connect(url: &str) -> Outcome<PgConnection> {
    let connecting = tokio::time::timeout(PATIENCE, PgConnection::connect(url)).await;
    connecting.doing(|| "reach Postgres in time".to_owned())?.doing(|| "reach Postgres".to_owned())
}
