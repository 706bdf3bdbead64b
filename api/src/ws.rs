//! The socket itself: text in, text out, clocks and closing. What frames mean is `routing::realtime`'s affair.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream::FuturesUnordered;
use futures::{SinkExt as _, StreamExt as _};
use infra::Fault as _;
use routing::realtime::{
    ClientFrame, Close, Delivery, FrameError, LARGEST, OpenError, Place, SILENCE, ServerFrame, Session, Welcome,
};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use crate::App;
use crate::problem::Problem;

/// How long a stranger may take to say hello.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// How long one write may take before the reader counts as too slow.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// How often an open socket's right to be open is looked at again.
const RECHECK: Duration = Duration::from_secs(20);

/// Opens the realtime socket. The token comes in the first frame, never in the address, so no log ever holds it.
pub(crate) async fn upgrade(State(app): State<Arc<App>>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    if !origin_is_ours(&app, &headers) {
        return Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", None).into_response();
    }
    if app.going_away.is_cancelled() {
        return Problem::from(infra::database::StoreError::Unavailable("going away".into())).into_response();
    }
    let tracker = app.sockets.clone();
    upgrade
        .max_message_size(4 * LARGEST)
        .max_frame_size(4 * LARGEST)
        // The first is taken for every socket at once, and most frames of clients are smaller.
        .read_buffer_size(1024)
        .write_buffer_size(4 * 1024)
        .max_write_buffer_size(1024 * 1024)
        .on_upgrade(move |socket| tracker.track_future(converse(app, socket)))
}

/// Pages of ours open sockets, and programs, which send no origin.
fn origin_is_ours(app: &App, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    origin == app.world.public_url || origin.split_once("://").is_some_and(|(_, from)| !host.is_empty() && from == host)
}

async fn converse(app: Arc<App>, mut socket: WebSocket) {
    metrics::gauge!("frontdesk_sockets").increment(1.0);
    // What a socket does now and then is boxed: while it is idle, it costs nothing.
    let close = match Box::pin(hello(&app, &mut socket)).await {
        Ok((mut session, place)) => {
            let close = talk(&app, &mut socket, &mut session, place).await;
            Box::pin(session.leave()).await;
            close
        }
        Err(close) => close,
    };
    if let Some(close) = close {
        let frame = CloseFrame { code: close.code(), reason: Utf8Bytes::from_static(close.reason()) };
        drop(timeout(Duration::from_secs(2), socket.send(Message::Close(Some(frame)))).await);
        metrics::counter!("frontdesk_socket_closes_total", "reason" => close.reason()).increment(1);
    }
    metrics::gauge!("frontdesk_sockets").decrement(1.0);
}

/// Waits for a good hello. Bad frames before it get their typed error, but not for long.
async fn hello(app: &Arc<App>, socket: &mut WebSocket) -> Result<(Session, Place), Option<Close>> {
    let deadline = Instant::now() + HELLO_WITHIN;
    for _ in 0..10 {
        let Ok(received) = timeout_at(deadline, socket.recv()).await else { return Err(Some(Close::Unauthenticated)) };
        let (token, resume) = match read(received)? {
            None => continue,
            Some(Ok(ClientFrame::Hello { protocol: 1, token, resume })) => (token, resume),
            Some(Ok(ClientFrame::Hello { .. })) => {
                write(socket, &ServerFrame::refusal("protocol_unknown", "This server speaks protocol 1.").encode())
                    .await?;
                continue;
            }
            Some(Ok(_)) => {
                write(socket, &ServerFrame::refusal("hello_first", "Say hello first.").encode()).await?;
                continue;
            }
            Some(Err(error)) => {
                write(socket, &ServerFrame::refusal(error.code(), &error.to_string()).encode()).await?;
                continue;
            }
        };
        let opened = timeout_at(deadline, Session::open(&app.routing, &token)).await;
        let Ok(opened) = opened else { return Err(Some(Close::GoingAway)) };
        return match opened {
            Ok((session, place)) => {
                for frame in session.welcome(resume).await {
                    if let Err(close) = write(socket, &frame).await {
                        // Who did not live to read the welcome is not here.
                        drop(place);
                        session.leave().await;
                        return Err(close);
                    }
                }
                Ok((session, place))
            }
            Err(error) => {
                write(socket, &ServerFrame::refusal(error.code(), &error.to_string()).encode()).await?;
                Err(Some(match error {
                    OpenError::TooMany(_) => Close::Full,
                    OpenError::Enter(error) if matches!(error.kind(), infra::Kind::Unavailable(_)) => Close::GoingAway,
                    OpenError::Enter(_) => Close::Unauthenticated,
                }))
            }
        };
    }
    Err(Some(Close::Unauthenticated))
}

/// What came in: `Err` when the socket is gone, `None` for what needs no answer.
fn read(
    received: Option<Result<Message, axum::Error>>,
) -> Result<Option<Result<ClientFrame, FrameError>>, Option<Close>> {
    match received {
        None | Some(Err(_) | Ok(Message::Close(_))) => Err(None),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
        Some(Ok(Message::Binary(_))) => Ok(Some(Err(FrameError::Binary))),
        Some(Ok(Message::Text(text))) => Ok(Some(ClientFrame::parse(text.as_str()))),
    }
}

async fn write(socket: &mut WebSocket, frame: &str) -> Result<(), Option<Close>> {
    match timeout(WRITE_WITHIN, socket.send(Message::Text(frame.into()))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(None),
        Err(_) => Err(Some(Close::TooSlow)),
    }
}

/// How many marks of one socket may be on their way to the database.
const MARKS_AT_ONCE: usize = 32;

/// Both directions, until one side ends it. Says with what code to close, if the socket is still there to be told.
async fn talk(app: &Arc<App>, socket: &mut WebSocket, session: &mut Session, mut place: Place) -> Option<Close> {
    let mut heard = Instant::now();
    let mut recheck = tokio::time::interval_at(Instant::now() + RECHECK, RECHECK);
    let mut leave = std::pin::pin!(app.time_to_leave());
    let mut marks = FuturesUnordered::<JoinHandle<Vec<String>>>::new();
    loop {
        tokio::select! {
            Some(refusals) = marks.next(), if !marks.is_empty() => {
                let refusals = refusals.unwrap_or_default();
                match Box::pin(pass_on(socket, &mut place, refusals, None)).await {
                    Ok(true) => if let Some(close) = look_again(app, socket, session).await { return Some(close) },
                    Ok(false) => {}
                    Err(close) => return close,
                }
            }
            received = timeout_at(heard + SILENCE, socket.next()) => {
                let Ok(received) = received else { return Some(Close::TooSlow) };
                heard = Instant::now();
                let answers = match read(received) {
                    Err(close) => return close,
                    Ok(None) => continue,
                    Ok(Some(Ok(frame))) => match session.noting(&frame) {
                        Some(noting) if marks.len() < MARKS_AT_ONCE => {
                            // In a task of its own: what holds a row must go on while this socket waits for that row.
                            marks.push(tokio::spawn(noting));
                            continue;
                        }
                        Some(_) | None => Box::pin(answer(session, frame)).await,
                    },
                    Ok(Some(Err(error))) => vec![ServerFrame::refusal(error.code(), &error.to_string()).encode()],
                };
                match Box::pin(pass_on(socket, &mut place, answers, None)).await {
                    Ok(true) => if let Some(close) = look_again(app, socket, session).await { return Some(close) },
                    Ok(false) => {}
                    Err(close) => return close,
                }
            }
            delivery = place.deliveries.recv() => {
                let Some(delivery) = delivery else { return Some(Close::TooSlow) };
                match Box::pin(pass_on(socket, &mut place, Vec::new(), Some(delivery))).await {
                    Ok(true) => if let Some(close) = look_again(app, socket, session).await { return Some(close) },
                    Ok(false) => {}
                    Err(close) => return close,
                }
            }
            _ = recheck.tick() => {
                if let Some(close) = look_again(app, socket, session).await {
                    return Some(close);
                }
            }
            () = &mut leave => {
                tell_to_reconnect(app, socket).await;
                return Some(Close::GoingAway);
            }
        }
    }
}

/// Whether the socket may stay open. A database that hangs is no reason to cut everybody off, nor to make them wait.
async fn look_again(app: &App, socket: &mut WebSocket, session: &Session) -> Option<Close> {
    match timeout(ANSWER_WITHIN, Box::pin(session.still_welcome())).await.unwrap_or(Welcome::Still) {
        Welcome::Still => None,
        Welcome::NotAnyMore => Some(Close::Revoked),
        Welcome::Anew => {
            tell_to_reconnect(app, socket).await;
            Some(Close::GoingAway)
        }
    }
}

/// Asks a client to come again, not in the same moment as all the others.
async fn tell_to_reconnect(app: &App, socket: &mut WebSocket) {
    let after_ms = 200 + app.world.chance.below(800);
    let _told = write(socket, &ServerFrame::Reconnect { after_ms }.encode()).await;
}

/// How long a frame may take to be answered. Beyond it the sender learns that it should repeat; the repeat is harmless.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

/// Answers a frame in time, so that a database that hangs does not hang the socket with it.
async fn answer(session: &mut Session, frame: ClientFrame) -> Vec<String> {
    let asked = frame.clone();
    match timeout(ANSWER_WITHIN, session.answer(frame)).await {
        Ok(answers) => answers,
        Err(_) => ServerFrame::too_late(&asked),
    }
}

/// Writes answers and whatever else is waiting, all of it in one go. True when the socket's right to be open is to be
/// looked at again.
async fn pass_on(
    socket: &mut WebSocket,
    place: &mut Place,
    answers: Vec<String>,
    first: Option<Delivery>,
) -> Result<bool, Option<Close>> {
    let mut doubted = false;
    let mut anything = false;
    for frame in answers {
        feed(socket, frame.into()).await?;
        anything = true;
    }
    let mut next = first.or_else(|| place.deliveries.try_recv().ok());
    while let Some(delivery) = next {
        match delivery {
            Delivery::Frame(frame) => {
                let frame = Utf8Bytes::try_from(frame).map_err(|_| None)?;
                feed(socket, frame).await?;
                anything = true;
            }
            Delivery::Revoked => return Err(Some(Close::Revoked)),
            Delivery::Recheck => doubted = true,
        }
        next = place.deliveries.try_recv().ok();
    }
    if !anything {
        return Ok(doubted);
    }
    match timeout(WRITE_WITHIN, socket.flush()).await {
        Ok(Ok(())) => Ok(doubted),
        Ok(Err(_)) => Err(None),
        Err(_) => Err(Some(Close::TooSlow)),
    }
}

async fn feed(socket: &mut WebSocket, frame: Utf8Bytes) -> Result<(), Option<Close>> {
    match timeout(WRITE_WITHIN, socket.feed(Message::Text(frame))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(None),
        Err(_) => Err(Some(Close::TooSlow)),
    }
}
