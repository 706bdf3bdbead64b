//! The listening port: connections in, with the bounds that the framework's own loop does not set.
//!
//! A request whose head or body does not come in time is cut off, and so is a peer that takes nothing of what it asked for:
//! nobody holds a place for nothing.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::serve::Listener;
use futures::TryStreamExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use infra::spoken::OrLog as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::address::Peer;

/// How long the head of a request may take to come, and how long a connection may be idle between two requests. A proxy
/// before this server keeps its idle connections for less.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long the body of a request may take to come.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// How long a peer may take nothing of what is sent to it; the kernel of other systems decides that by itself.
#[cfg(target_os = "linux")]
const TAKEN_WITHIN: Duration = Duration::from_secs(30);

/// Serves until `leave`, then lets what was begun come to its end. The connections live in tasks of their own: dropping this
/// future leaves them be.
pub(crate) async fn serve(mut listener: TcpListener, router: Router, leave: impl Future<Output = ()>) {
    let leaving = CancellationToken::new();
    let (open, _) = watch::channel(());
    let mut leave = pin!(leave);
    loop {
        tokio::select! {
            // Trouble of a single connection is not ours, and of having too many open, waits.
            (stream, peer) = Listener::accept(&mut listener) => {
                tokio::spawn(converse(stream, Peer(peer), router.clone(), leaving.clone(), open.subscribe()));
            }
            () = &mut leave => break,
        }
    }
    drop(listener);
    leaving.cancel();
    open.closed().await;
}

/// The body, as far as it comes in time: who waits for it does not wait for ever.
fn in_time(body: Incoming) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    let deadline = Instant::now() + BODY_WITHIN;
    Body::from_stream(futures::stream::try_unfold(Body::new(body).into_data_stream(), move |mut rest| async move {
        match timeout_at(deadline, rest.try_next()).await {
            Ok(Ok(next)) => Ok(next.map(|bytes| (bytes, rest))),
            Ok(Err(error)) => Err(io::Error::other(error)),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }))
}

/// One connection, until one side ends it. `_open` tells that it is there.
async fn converse(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    leaving: CancellationToken,
    _open: watch::Receiver<()>,
) {
    // Frames are small and wait for nobody.
    stream.set_nodelay(true).or_log("sending small packets at once");
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(TAKEN_WITHIN)).or_log("bounding slow readers");
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(in_time);
        request.extensions_mut().insert(peer);
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = leaving.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}
