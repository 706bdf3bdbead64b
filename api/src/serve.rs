//! A running server: starts in milliseconds, goes away without cutting anybody off in mid-sentence.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use infra::Clock;
use infra::config::Settings;
use infra::spoken::OrLog as _;
use routing::health;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::app::StartError;
use crate::{App, listener, router, work};

/// Which parts of the work a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Serves pages, the API and sockets.
    pub web: bool,
    /// Does the shared work.
    pub workers: bool,
}

/// A server in this process.
pub struct Running {
    /// Its services.
    pub app: Arc<App>,
    /// Where it listens.
    pub address: std::net::SocketAddr,
    stop: CancellationToken,
    finished: tokio::task::JoinHandle<()>,
}

/// By when after being told to go requests, sockets, work, the facts on their way to the bus, and connections have ended.
/// Less than the 30 seconds after which a supervisor kills.
const REQUESTS_BY: Duration = Duration::from_secs(16);
const SOCKETS_BY: Duration = Duration::from_secs(20);
const WORK_BY: Duration = Duration::from_secs(23);
const FACTS_BY: Duration = Duration::from_secs(26);
const CONNECTIONS_BY: Duration = Duration::from_secs(28);

/// How long a start waits to be told what time it is.
const TIME_WITHIN: Duration = Duration::from_secs(2);
/// How much longer a command waits for it.
const TIME_WITHIN_AT_LAST: Duration = Duration::from_secs(3);
/// How soon it asks again after a failure.
const TIME_AGAIN: Duration = Duration::from_millis(200);

impl Running {
    /// Starts a server. Returns when it listens.
    pub async fn start(settings: &Settings, clock: Clock, parts: Parts) -> Result<Self, StartError> {
        let (app, facts) = App::new(settings, clock).await?;
        heed_time(&app).await;
        let listener = TcpListener::bind(settings.listen).await.map_err(|error| {
            StartError::Listen(format!(
                "cannot listen on {}: {error}. Is another server running there? Set FRONTDESK_LISTEN to another port.",
                settings.listen
            ))
        })?;
        let address = listener.local_addr().map_err(|error| StartError::Listen(error.to_string()))?;
        let stop = app.going_away.clone();
        let finished = tokio::spawn(run(Arc::clone(&app), facts, listener, parts, settings.clone()));
        Ok(Self { app, address, stop, finished })
    }

    /// Asks it to go away, and waits until it has.
    pub async fn stop(self) {
        self.stop.cancel();
        self.finished.await.or_log("stopping");
    }

    /// Waits until it has gone away by itself or was told to by `signal`.
    pub async fn until(self, signal: impl Future<Output = ()>) {
        signal.await;
        self.stop().await;
    }
}

/// The clock of this process: the machine's. In a test it may have been moved, as far as that of the servers it works beside.
#[cfg(debug_assertions)]
pub(crate) fn clock() -> Clock {
    let Some(by) = infra::config::clock_moved() else { return Clock::system() };
    let clock = Clock::adjustable();
    clock.advance(by);
    clock
}

/// The clock of this process: the machine's.
#[cfg(not(debug_assertions))]
pub(crate) fn clock() -> Clock {
    Clock::system()
}

/// Puts the clock right by the database's, before anything is done by it; a database that is away keeps nobody from starting.
pub(crate) async fn heed_time(app: &App) {
    let heeded = async {
        // The first answer says too little: it comes with a connection.
        for _ in 0..2 {
            health::heed_time(&app.world.clock, &app.world.database).await.or_log("asking what time it is");
        }
    };
    drop(timeout(TIME_WITHIN, heeded).await);
}

/// The same for a command, which does nothing at a time that may be wrong by days.
pub(crate) async fn require_time(app: &App) -> Result<(), String> {
    heed_time(app).await;
    let mut why = "it does not answer".to_owned();
    let compared = async {
        while !app.world.clock.is_compared() {
            if let Err(error) = health::heed_time(&app.world.clock, &app.world.database).await {
                why = error.to_string();
                app.world.clock.pause(TIME_AGAIN).await;
            }
        }
    };
    drop(timeout(TIME_WITHIN_AT_LAST, compared).await);
    if app.world.clock.is_compared() {
        Ok(())
    } else {
        Err(format!("Postgres (DATABASE_URL) has not said what time it is, so nothing was done: {why}"))
    }
}

async fn run(
    app: Arc<App>,
    facts: tokio::sync::mpsc::UnboundedReceiver<tenant::outbox::Fact>,
    listener: TcpListener,
    parts: Parts,
    settings: Settings,
) {
    let mut tasks = JoinSet::new();
    let all_said = CancellationToken::new();
    let relay = tokio::spawn(routing::relay::run(app.routing.clone(), facts, all_said.clone().cancelled_owned()));
    work::health(&mut tasks, &app, settings.database_url);
    if parts.workers {
        work::shared(&mut tasks, &app);
    }
    let told = {
        let going_away = app.going_away.clone();
        async move {
            going_away.cancelled().await;
            Instant::now()
        }
        .shared()
    };
    if parts.web {
        work::local(&mut tasks, &app);
        // The listener closes some time after the server was told to go: a balancer learns first that it is not ready.
        let drained = {
            let (app, told) = (Arc::clone(&app), told.clone());
            async move {
                told.await;
                app.world.clock.pause(Duration::from_secs(settings.drain_seconds.into())).await;
            }
        };
        let serving = listener::serve(listener, router(Arc::clone(&app)), drained);
        // A request that never ends does not keep the server from going.
        let overdue = async {
            told.clone().await;
            app.world.clock.pause(REQUESTS_BY).await;
        };
        tokio::select! {
            () = serving => {}
            () = overdue => tracing::warn!("some requests did not end in time"),
        }
    }
    let told = told.await;
    app.sockets.close();
    by(told + SOCKETS_BY, "some sockets did not close in time", app.sockets.wait()).await;
    let finished = async {
        while let Some(ended) = tasks.join_next().await {
            ended.or_log("doing the work of a server");
        }
    };
    by(told + WORK_BY, "some work did not end in time", finished).await;
    // What was committed last is still on its way to the bus. Nobody commits any more.
    all_said.cancel();
    let said = async {
        relay.await.or_log("relaying the last facts");
        app.routing.switchboard.flush().await;
    };
    by(told + FACTS_BY, "some facts are left to the sweep of another server", said).await;
    by(told + CONNECTIONS_BY, "some connections did not close in time", app.world.sites.close()).await;
}

async fn by(deadline: Instant, otherwise: &'static str, work: impl Future) {
    if timeout_at(deadline, work).await.is_err() {
        tracing::warn!("{otherwise}");
    }
}
