//! A connection of its own that sends a whole transaction in one breath: BEGIN, every statement and COMMIT go out together, and
//! the answers come back together. Statements are prepared once for each key and kept.
//!
//! sqlx waits for each answer before it sends the next statement. Where one message is one transaction, waiting is most of the
//! work; here alone it is saved, with `tokio-postgres`, which pipelines.

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rustls::DigitallySignedStruct;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Client, Config, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{SESSION, StoreError};

/// How long a connection may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// How long a transaction may take. Beyond it its outcome is unknown.
const RUN_WITHIN: Duration = Duration::from_millis(3_500);
/// How many statements a connection prepares before it is replaced: about a hundred megabytes of memory. Each costs the backend some
/// six hundred KB, with what it knows of the tables, and dropping the statement gives nothing back.
const KEPT: usize = 160;
/// How many it prepares in any case at most.
const AT_MOST: usize = 4 * KEPT;
/// How long a connection is kept that has prepared more than [`KEPT`] and less than [`AT_MOST`]. Where more companies than [`KEPT`] write
/// all the time, each new connection would be full again at once, and nothing would be done but prepare.
const AT_LEAST: Duration = Duration::from_mins(1);

/// A statement is planned once for all values, and by its indexes: a company's tables are empty when its plan is made, and a plan
/// that reads small tables from end to end would go on doing so while they grow.
const PLANNING: [(&str, &str); 4] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

/// A value of a statement.
pub type Value = Box<dyn ToSql + Sync + Send>;

/// One statement of a transaction, with what sets the stage for it.
pub struct Part {
    /// Runs before the statement, in the same transaction. Made by code, never from input.
    pub preamble: Arc<str>,
    /// What the prepared statement is kept under.
    pub key: u128,
    /// The statement. Made by code, never from input.
    pub statement: String,
    /// Its values.
    pub values: Vec<Value>,
}

/// Where and how to connect.
#[derive(Clone)]
pub struct PipelineOptions {
    config: Config,
    tls: MakeRustlsConnect,
}

/// Reads the columns of a row from left to right.
pub struct Columns<'a> {
    row: &'a Row,
    place: usize,
}

impl<'a> Columns<'a> {
    /// From the first column on.
    pub fn of(row: &'a Row) -> Self {
        Self { row, place: 0 }
    }

    /// The next column.
    pub fn take<T: for<'b> FromSql<'b>>(&mut self) -> Result<T, StoreError> {
        let place = self.place;
        self.place += 1;
        self.row.try_get(place).map_err(|error| StoreError::Refused(error.to_string()))
    }
}

/// One such connection, made when first needed and again when it was lost.
pub struct Pipeline {
    options: PipelineOptions,
    open: Option<Open>,
    lifetime: Duration,
    /// Whether the whole transaction was sent, COMMIT and all.
    sent: bool,
    /// Which part was refused in it.
    refused: Option<usize>,
}

struct Open {
    client: Client,
    statements: HashMap<u128, Statement>,
    /// How many it has ever prepared.
    prepared: usize,
    born: tokio::time::Instant,
}

impl PipelineOptions {
    /// Reads the same address as the pool. `None` where the address asks for something that only the pool can do.
    pub fn read(url: &str) -> Option<Self> {
        let options: PgConnectOptions = url.parse().ok()?;
        let parsed = reqwest::Url::parse(url).ok()?;
        let mut config = Config::new();
        config
            .user(options.get_username())
            .application_name("frontdesk writer")
            .connect_timeout(CONNECT_WITHIN)
            .keepalives_idle(Duration::from_secs(15))
            .tcp_user_timeout(Duration::from_secs(10))
            .options(
                SESSION.iter().chain(&PLANNING).map(|(name, value)| format!("-c {name}={value} ")).collect::<String>(),
            );
        if let Some(password) = parsed.password() {
            config.password(decoded(password).as_bytes());
        }
        if let Some(database) = options.get_database() {
            config.dbname(database);
        }
        match options.get_socket() {
            Some(folder) => config.host_path(folder),
            None => config.host(options.get_host()),
        };
        config.port(options.get_port());
        let files = ["sslrootcert", "sslcert", "sslkey"];
        if parsed.query_pairs().any(|(name, _)| files.contains(&name.as_ref())) {
            return None;
        }
        let (mode, verified) = match options.get_ssl_mode() {
            PgSslMode::Disable => (SslMode::Disable, false),
            PgSslMode::Allow | PgSslMode::Prefer => (SslMode::Prefer, false),
            PgSslMode::Require => (SslMode::Require, false),
            PgSslMode::VerifyCa | PgSslMode::VerifyFull => (SslMode::Require, true),
        };
        config.ssl_mode(mode);
        matches!(config.get_hosts(), [Host::Tcp(_) | Host::Unix(_)]).then_some(Self { config, tls: tls(verified)? })
    }
}

pub(crate) fn decoded(text: &str) -> String {
    // Read as a query would be, where these two would mean something else.
    let text = text.replace('+', "%2B").replace('&', "%26");
    reqwest::Url::parse(&format!("x:?p={text}"))
        .ok()
        .and_then(|url| url.query_pairs().next().map(|(_, value)| Cow::into_owned(value)))
        .unwrap_or(text)
}

/// As the pool does it: a certificate is looked at only where the address asks for it.
fn tls(verified: bool) -> Option<MakeRustlsConnect> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .ok()?;
    let config = if verified {
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        builder.with_root_certificates(roots).with_no_client_auth()
    } else {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))).with_no_client_auth()
    };
    Some(MakeRustlsConnect::new(config))
}

/// `sslmode=prefer` and `require` keep others from listening, not from standing in between (Postgres manual, 34.19).
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

impl Pipeline {
    /// Not connected yet. A connection is replaced after `lifetime`, because a backend never gives memory back.
    pub fn new(options: PipelineOptions, lifetime: Duration) -> Self {
        Self { options, open: None, lifetime, sent: false, refused: None }
    }

    /// Connects, if it is not connected.
    pub async fn connect(&mut self) -> Result<(), StoreError> {
        self.open().await.map(drop)
    }

    /// Which part the last run failed for, where that is known. The others were taken back with it.
    pub fn refused(&self) -> Option<usize> {
        self.refused
    }

    /// Runs the parts in one transaction and gives the rows of each. An error means that nothing was written, or (when the
    /// connection broke or time ran out during COMMIT) that it is unknown.
    pub async fn run(&mut self, parts: &[Part]) -> Result<Vec<Vec<Row>>, StoreError> {
        match tokio::time::timeout(RUN_WITHIN, self.run_open(parts)).await {
            Ok(Ok(rows)) => Ok(rows),
            // The COMMIT that was sent along has ended the transaction in which a statement was refused.
            Ok(Err(error @ (StoreError::Rule(_) | StoreError::Refused(_)))) if self.sent => {
                if let Some(open) = &mut self.open {
                    // Were it the plan that is refused, it would be refused for ever.
                    for part in parts {
                        open.statements.remove(&part.key);
                    }
                }
                Err(error)
            }
            Ok(Err(error)) => {
                self.open = None;
                Err(error)
            }
            Err(_) => {
                self.open = None;
                Err(StoreError::Unavailable("the database did not answer in time".to_owned()))
            }
        }
    }

    async fn run_open(&mut self, parts: &[Part]) -> Result<Vec<Vec<Row>>, StoreError> {
        (self.sent, self.refused) = (false, None);
        let open = self.open().await?;
        for (place, part) in parts.iter().enumerate() {
            let prepared = open.prepare(part).await;
            if let Err(error) = prepared {
                self.refused = Some(place);
                return Err(error);
            }
        }
        self.sent = true;
        let open = self.open.as_ref().ok_or_else(|| StoreError::Unavailable("not connected".to_owned()))?;
        let (client, statements) = (&open.client, &open.statements);
        let mut flights: Vec<Flight<'_>> = Vec::with_capacity(2 * parts.len() + 2);
        flights.push(Box::pin(async { client.batch_execute("BEGIN").await.map(|()| Vec::new()) }));
        for part in parts {
            flights.push(Box::pin(async { client.batch_execute(&part.preamble).await.map(|()| Vec::new()) }));
            let lost = || StoreError::Refused("a prepared statement is lost".to_owned());
            let statement = statements.get(&part.key).ok_or_else(lost)?;
            flights.push(Box::pin(async move {
                let values: Vec<&(dyn ToSql + Sync)> =
                    part.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
                client.query(statement, &values).await
            }));
        }
        flights.push(Box::pin(async { client.batch_execute("COMMIT").await.map(|()| Vec::new()) }));
        match in_order(flights).await {
            // BEGIN; then the stage of each part and its statement; COMMIT.
            Ok(answers) => Ok(answers.into_iter().skip(2).step_by(2).take(parts.len()).collect()),
            Err((flight, error)) => {
                self.refused = part_of(flight, parts.len());
                Err(error)
            }
        }
    }

    async fn open(&mut self) -> Result<&mut Open, StoreError> {
        let fresh = |open: &Open| !is_spent(open.prepared, open.born.elapsed(), self.lifetime);
        let usable = self.open.as_ref().is_some_and(|open| !open.client.is_closed() && fresh(open));
        if !usable {
            self.open = None;
            let client = connect(&self.options.config, self.options.tls.clone()).await?;
            self.open =
                Some(Open { client, statements: HashMap::new(), prepared: 0, born: tokio::time::Instant::now() });
        }
        self.open.as_mut().ok_or_else(|| StoreError::Unavailable("not connected".to_owned()))
    }
}

/// Whether a connection that has prepared so many statements in so long a life is to be replaced.
fn is_spent(prepared: usize, age: Duration, lifetime: Duration) -> bool {
    age >= lifetime || prepared >= AT_MOST || (prepared >= KEPT && age >= AT_LEAST)
}

async fn connect<T>(config: &Config, tls: T) -> Result<Client, StoreError>
where
    T: tokio_postgres::tls::MakeTlsConnect<tokio_postgres::Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = tokio::time::timeout(CONNECT_WITHIN, config.connect(tls))
        .await
        .map_err(|_| StoreError::Unavailable("the database did not take a connection in time".to_owned()))?
        .map_err(refused)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a writer's connection ended");
        }
    });
    Ok(client)
}

impl Open {
    async fn prepare(&mut self, part: &Part) -> Result<(), StoreError> {
        if self.statements.contains_key(&part.key) {
            return Ok(());
        }
        self.prepared += 1;
        // On its stage: names are looked up with the rights of whoever stands there.
        self.client.batch_execute("BEGIN").await.map_err(refused)?;
        self.client.batch_execute(&part.preamble).await.map_err(refused)?;
        let statement = self.client.prepare(&part.statement).await.map_err(refused)?;
        if statement.params().len() != part.values.len() {
            return Err(StoreError::Refused("a statement was given the wrong number of values".to_owned()));
        }
        self.client.batch_execute("ROLLBACK").await.map_err(refused)?;
        self.statements.insert(part.key, statement);
        Ok(())
    }
}

type Flight<'a> = Pin<Box<dyn Future<Output = Result<Vec<Row>, tokio_postgres::Error>> + Send + 'a>>;

/// Whose flight it is: behind BEGIN each part has two, and the last one is the COMMIT, which may be refused for any of them.
fn part_of(flight: usize, parts: usize) -> Option<usize> {
    flight.checked_sub(1).map(|behind| behind / 2).filter(|part| *part < parts)
}

/// Sends everything, in this order, before it waits for the first answer: the client writes when a request is first polled.
/// The first error is the one told, and whose it is; the statements behind a refused one are refused too.
async fn in_order(mut flights: Vec<Flight<'_>>) -> Result<Vec<Vec<Row>>, (usize, StoreError)> {
    let mut landed: Vec<Option<Result<Vec<Row>, tokio_postgres::Error>>> = flights.iter().map(|_| None).collect();
    let mut sent = false;
    poll_fn(|context| {
        let mut waiting = false;
        for (flight, answer) in flights.iter_mut().zip(landed.iter_mut()).filter(|(_, answer)| answer.is_none()) {
            match flight.as_mut().poll(context) {
                Poll::Ready(result) => *answer = Some(result),
                Poll::Pending => waiting = true,
            }
            // Answers come in the order of the questions: once all are asked, nobody is looked at before their turn.
            if waiting && sent {
                break;
            }
        }
        sent = true;
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    let landed = landed.into_iter().map(|answer| answer.unwrap_or_else(|| Ok(Vec::new())));
    landed.enumerate().map(|(flight, answer)| answer.map_err(|error| (flight, refused(error)))).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "taken as an argument of map_err")]
fn refused(error: tokio_postgres::Error) -> StoreError {
    let Some(refusal) = error.as_db_error() else { return StoreError::Unavailable(error.to_string()) };
    let state = refusal.code().code();
    // A table in other hands, or a clash: trouble of one part, not of the database.
    if ["40", "55"].iter().any(|class| state.starts_with(class)) {
        return StoreError::Refused(refusal.to_string());
    }
    super::by_state(state, refusal.constraint(), refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_goes_when_it_is_old_or_full_but_not_over_and_over() {
        let lifetime = Duration::from_mins(20);
        assert!(!is_spent(KEPT - 1, lifetime.saturating_sub(Duration::from_secs(1)), lifetime));
        assert!(is_spent(0, lifetime, lifetime));
        assert!(is_spent(KEPT, AT_LEAST, lifetime));
        assert!(is_spent(AT_MOST, Duration::ZERO, lifetime));
        assert!(!is_spent(AT_MOST - 1, AT_LEAST.saturating_sub(Duration::from_secs(1)), lifetime));
    }

    #[test]
    fn a_refusal_is_its_parts_and_that_of_a_commit_is_nobodys() {
        // BEGIN, stage and statement of two parts, COMMIT.
        let whose: Vec<Option<usize>> = (0..6).map(|flight| part_of(flight, 2)).collect();
        assert_eq!(whose, [None, Some(0), Some(0), Some(1), Some(1), None]);
    }
}
