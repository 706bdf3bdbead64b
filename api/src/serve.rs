//! A running server: starts in milliseconds, goes away without cutting anybody off in mid-sentence.

use std::sync::Arc;
use std::time::Duration;

use infra::Clock;
use infra::config::Settings;
use infra::spoken::OrLog as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
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

/// How long sockets may take to go.
const SOCKETS_GO_WITHIN: Duration = Duration::from_secs(10);

impl Running {
    /// Starts a server. Returns when it listens.
    pub async fn start(settings: &Settings, clock: Clock, parts: Parts) -> Result<Self, StartError> {
        let (app, facts) = App::new(settings, clock).await?;
        let listener = TcpListener::bind(settings.listen).await.map_err(|error| {
            StartError::Listen(format!(
                "cannot listen on {}: {error}. Is another server running there? Set FRONTDESK_LISTEN to another port.",
                settings.listen
            ))
        })?;
        let address = listener.local_addr().map_err(|error| StartError::Listen(error.to_string()))?;
        let stop = app.going_away.clone();
        let finished = tokio::spawn(run(Arc::clone(&app), facts, listener, parts));
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

async fn run(
    app: Arc<App>,
    facts: tokio::sync::mpsc::UnboundedReceiver<tenant::outbox::Fact>,
    listener: TcpListener,
    parts: Parts,
) {
    let mut tasks = JoinSet::new();
    let relay = tokio::spawn(routing::relay::run(app.routing.clone(), facts));
    if parts.workers {
        work::shared(&mut tasks, &app);
    }
    if parts.web {
        work::local(&mut tasks, &app);
        let going_away = app.going_away.clone();
        let serving = listener::serve(listener, router(Arc::clone(&app)), async move { going_away.cancelled().await });
        // A request that never ends does not keep the server from going.
        let overdue = async {
            app.going_away.cancelled().await;
            app.world.clock.pause(SOCKETS_GO_WITHIN).await;
        };
        tokio::select! {
            () = serving => {}
            () = overdue => tracing::warn!("some requests did not end in time"),
        }
    } else {
        app.going_away.cancelled().await;
    }
    app.sockets.close();
    if tokio::time::timeout(SOCKETS_GO_WITHIN, app.sockets.wait()).await.is_err() {
        tracing::warn!("some sockets did not close in time");
    }
    let finished = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(SOCKETS_GO_WITHIN, finished).await.is_err() {
        tracing::warn!("some work did not end in time");
    }
    // What was committed last is still on its way to the bus.
    app.routing.switchboard.flush().await;
    relay.abort();
    if tokio::time::timeout(SOCKETS_GO_WITHIN, app.world.database.close()).await.is_err() {
        tracing::warn!("some connections did not close in time");
    }
}
