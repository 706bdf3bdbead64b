//! Servers in this process, on free ports, with everything real around them but the clock.

use std::ops::Deref;
use std::sync::{Arc, Mutex};

use api::serve::{Parts, Running};
use infra::Clock;
use infra::config::Settings;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::canary::{Canaries, Guard};
use crate::database::{Addresses, OwnDatabase, settings};
use crate::http::Http;
use crate::proxy::Proxy;
use crate::shop::Shop;
use crate::smtp::Mailbox;

/// One server.
pub struct Node {
    running: Mutex<Option<Running>>,
    app: Arc<api::App>,
    base: String,
}

impl Deref for Node {
    type Target = api::App;

    fn deref(&self) -> &api::App {
        &self.app
    }
}

/// Servers, their database, their mail, their clock. Gone when the last handle is.
#[derive(Clone)]
pub struct TestApp(Arc<Inner>);

struct Inner {
    nodes: Vec<Node>,
    settings: Settings,
    clock: Clock,
    mail: Mailbox,
    database: OwnDatabase,
    second: Option<OwnDatabase>,
    canaries: Arc<Canaries>,
}

impl std::fmt::Debug for TestApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.nodes.iter().map(|node| &node.base)).finish()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let given_up = self.database.end();
        if let Some(second) = &self.second {
            second.end();
        }
        assert!(given_up.is_empty() || std::thread::panicking(), "jobs were given up: {given_up:?}");
    }
}

impl TestApp {
    /// One server.
    pub async fn start() -> Self {
        Self::start_with(1, |_| {}).await
    }

    /// Several servers of one installation.
    pub async fn start_nodes(nodes: usize) -> Self {
        Self::start_with(nodes, |_| {}).await
    }

    /// Servers beside a second database, called `second`, that companies can live in.
    pub async fn start_beside_a_second_database(nodes: usize) -> Self {
        let second = OwnDatabase::make_empty().await;
        let url = second.url.clone();
        let change = move |settings: &mut Settings| {
            settings.databases.insert("second".to_owned(), url);
        };
        let app = Self::build(nodes, Some(second), change, |_, _| {}).await;
        let world = &app.node(0).world;
        tenant::sites::register(&world.sites, "second", "DATABASE_URL_SECOND", world.now()).await.unwrap();
        app
    }

    /// Servers with other settings.
    ///
    /// # Panics
    /// When they do not start.
    pub async fn start_with(nodes: usize, change: impl FnOnce(&mut Settings)) -> Self {
        Self::build(nodes, None, change, |_, _| {}).await
    }

    /// Servers that reach the service at this address by a wire of their own.
    ///
    /// # Panics
    /// When they do not start.
    pub async fn start_behind(nodes: usize, address: impl FnOnce(&mut Settings) -> &mut String) -> (Self, Proxy) {
        let mut wire = None;
        let app = Self::start_with(nodes, |settings| wire = Some(Proxy::before(address(settings)))).await;
        (app, wire.expect("settings were asked for"))
    }

    /// Servers of which each has settings of its own.
    pub async fn start_each(nodes: usize, change: impl FnMut(usize, &mut Settings)) -> Self {
        Self::build(nodes, None, |_| {}, change).await
    }

    async fn build(
        nodes: usize,
        second: Option<OwnDatabase>,
        change: impl FnOnce(&mut Settings),
        mut change_each: impl FnMut(usize, &mut Settings),
    ) -> Self {
        let database = OwnDatabase::make().await;
        let mail = Mailbox::open().await;
        let clock = Clock::adjustable();
        let mut settings = settings(Addresses::find(), &database.url);
        settings.mail_url = format!("smtp://127.0.0.1:{}", mail.port);
        change(&mut settings);
        if std::env::var("RUST_LOG").is_ok() {
            drop(infra::telemetry::init(false, None));
        }
        let mut started = Vec::new();
        for number in 0..nodes {
            // One node does the shared work, as in production any may.
            let parts = Parts { web: true, workers: number == 0 };
            let mut own = settings.clone();
            change_each(number, &mut own);
            started.push(Node::start(&own, clock.clone(), parts).await);
        }
        Self(Arc::new(Inner { nodes: started, settings, clock, mail, database, second, canaries: Arc::default() }))
    }

    /// A company signs up at the first server.
    pub async fn shop(&self, name: &str) -> Shop {
        Shop::sign_up(self, name).await
    }

    /// One of the servers.
    pub fn node(&self, number: usize) -> &Node {
        &self.0.nodes[number]
    }

    /// A server's address.
    pub fn base(&self, node: usize) -> String {
        self.0.nodes[node].base.clone()
    }

    /// The clock of all servers.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The mail server.
    pub fn mail(&self) -> &Mailbox {
        &self.0.mail
    }

    /// The settings of the servers.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The second database.
    ///
    /// # Panics
    /// When there is none.
    pub fn second(&self) -> &OwnDatabase {
        self.0.second.as_ref().expect("it was started beside a second database")
    }

    /// The database.
    pub fn database(&self) -> &OwnDatabase {
        &self.0.database
    }

    /// A client of the first server that belongs to no company.
    pub fn stranger(&self) -> Http {
        Http::new(&self.base(0), self.guard(None))
    }

    /// What looks at the bytes of a company's people; of nobody's, without a canary.
    pub fn guard(&self, own: Option<&str>) -> Guard {
        Guard::new(Arc::clone(&self.0.canaries), own)
    }

    pub(crate) fn hatch(&self) -> String {
        self.0.canaries.hatch()
    }

    /// How many rows a query counts, asked as superuser.
    pub async fn count(&self, sql: &str) -> i64 {
        let mut admin = self.0.database.admin().await;
        let count = sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut admin).await;
        admin.close().await.unwrap();
        count.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// How many rows of the directory hold a word, in any column of any table.
    ///
    /// # Panics
    /// When the database cannot be asked.
    pub async fn knows(&self, word: &str) -> i64 {
        let mut admin = self.0.database.admin().await;
        let tables = "select table_name::text from information_schema.tables where table_schema = 'shared' order by 1";
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut admin).await.unwrap();
        let mut rows = 0;
        for table in tables {
            let look = format!("select count(*) from shared.{table} t where strpos(t::text, $1) > 0");
            let found: i64 = sqlx::query_scalar(AssertSqlSafe(look)).bind(word).fetch_one(&mut admin).await.unwrap();
            rows += found;
        }
        admin.close().await.unwrap();
        rows
    }

    /// Does something to the database as superuser.
    pub async fn sql(&self, sql: &str) {
        let mut admin = self.0.database.admin().await;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut admin).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        admin.close().await.unwrap();
    }

    /// A server goes away, politely.
    pub async fn stop(&self, node: usize) {
        let running = self.0.nodes[node].running.lock().unwrap().take();
        running.expect("it is still there").stop().await;
    }
}

impl Node {
    async fn start(settings: &Settings, clock: Clock, parts: Parts) -> Self {
        let running = Running::start(settings, clock, parts).await.expect("the server starts");
        let (app, base) = (Arc::clone(&running.app), format!("http://{}", running.address));
        Self { running: Mutex::new(Some(running)), app, base }
    }

    /// What the router needs.
    pub fn shared(&self) -> Arc<api::App> {
        Arc::clone(&self.app)
    }
}
