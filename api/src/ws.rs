//! The socket itself: text in, text out, clocks and closing. What frames mean is `routing::realtime`'s affair.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream::FuturesUnordered;
use futures::{Sink as _, StreamExt as _};
use infra::Fault as _;
use infra::database::StoreError;
use routing::realtime::{
    Call, ClientFrame, Close, Delivery, FrameError, LARGEST, OpenError, Place, SILENCE, ServerFrame, Session, Welcome,
};
use tenant::scope::EnterError;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, timeout, timeout_at};

use crate::App;
use crate::problem::Problem;

/// How long a stranger may take to say hello.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// How long it may take to pass on what waits before the reader counts as too slow, and for how many bytes it has another second.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
const SLOWEST: usize = 8 * 1024;
/// So many bytes of what waits are passed on in one go.
const TOGETHER: usize = 64 * 1024;
/// How long a socket that is to go may take to read its last words.
const LAST_WORDS: Duration = Duration::from_secs(2);
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
        drop(timeout(LAST_WORDS, socket.send(Message::Close(Some(frame)))).await);
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
                refuse(socket, &ServerFrame::refusal("protocol_unknown", "This server speaks protocol 1."), deadline)
                    .await?;
                continue;
            }
            Some(Ok(_)) => {
                refuse(socket, &ServerFrame::refusal("hello_first", "Say hello first."), deadline).await?;
                continue;
            }
            Some(Err(error)) => {
                refuse(socket, &ServerFrame::refusal(error.code(), &error.to_string()), deadline).await?;
                continue;
            }
        };
        let opened = timeout_at(deadline, Session::open(&app.routing, &token)).await;
        let opened = opened.unwrap_or_else(|_| {
            Err(EnterError::from(StoreError::Unavailable("a hello took too long".to_owned())).into())
        });
        return match opened {
            Ok((session, place)) => {
                let frames = session.welcome(resume).await;
                let by = Instant::now() + patience(frames.iter().map(String::len).sum());
                for frame in frames {
                    if let Err(close) = write(socket, frame, by).await {
                        // Who did not live to read the welcome is not here.
                        drop(place);
                        session.leave().await;
                        return Err(close);
                    }
                }
                Ok((session, place))
            }
            Err(error) => {
                let by = Instant::now() + LAST_WORDS;
                refuse(socket, &error.frame(), by).await?;
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

/// How long a reader may take for so many bytes.
fn patience(bytes: usize) -> Duration {
    WRITE_WITHIN + Duration::from_secs(u64::try_from(bytes / SLOWEST).unwrap_or(0))
}

async fn write(socket: &mut WebSocket, frame: String, by: Instant) -> Result<(), Option<Close>> {
    match timeout_at(by, socket.send(Message::Text(frame.into()))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(None),
        Err(_) => Err(Some(Close::TooSlow)),
    }
}

async fn refuse(socket: &mut WebSocket, refusal: &ServerFrame<'_>, by: Instant) -> Result<(), Option<Close>> {
    write(socket, refusal.encode(), by).await
}

/// How many marks of one socket may be on their way to the database.
const MARKS_AT_ONCE: usize = 32;

/// Both directions, until one side ends it. Says with what code to close, if the socket is still there to be told.
async fn talk(app: &Arc<App>, socket: &mut WebSocket, session: &mut Session, place: Place) -> Option<Close> {
    let mut heard = Instant::now();
    let recheck = tokio::time::interval_at(Instant::now() + RECHECK, RECHECK);
    let leave = std::pin::pin!(app.time_to_leave());
    let mut line = Line { app, socket, place, recheck, leave, ends: None };
    let mut marks = FuturesUnordered::<JoinHandle<Vec<String>>>::new();
    loop {
        let (answers, first) = tokio::select! {
            Some(refusals) = marks.next(), if !marks.is_empty() => (refusals.unwrap_or_default(), None),
            received = timeout_at(heard + SILENCE, line.socket.next()) => {
                let Ok(received) = received else {
                    metrics::counter!("frontdesk_silent_sockets_total").increment(1);
                    return Some(Close::TooSlow);
                };
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
                (answers, None)
            }
            delivery = line.place.next() => match delivery {
                None => return Some(Close::GoingAway),
                Some(Delivery::Frame(frame)) => (Vec::new(), Some(frame)),
                Some(Delivery::Called(call)) => match line.heed(call, session).await {
                    Some(close) => return Some(close),
                    None => continue,
                },
            },
            _ = line.recheck.tick() => match line.heed(Call::Recheck, session).await {
                Some(close) => return Some(close),
                None => continue,
            },
            () = line.leave.as_mut() => return Some(line.leaves().await),
        };
        if let Err(close) = Box::pin(line.pass_on(session, answers, first)).await {
            return close;
        }
    }
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

/// An open socket: what comes to it, and all that may end it.
struct Line<'a, L> {
    app: &'a App,
    socket: &'a mut WebSocket,
    place: Place,
    recheck: Interval,
    leave: Pin<&'a mut L>,
    /// By when it is to have read everything, once it was sent away.
    ends: Option<Instant>,
}

/// What happens while something is written.
enum Meanwhile {
    /// It is written, or the socket is gone.
    Written(bool),
    Called(Call),
    Leave,
}

impl<L: Future<Output = ()>> Line<'_, L> {
    /// Writes answers, and a good deal of whatever else is waiting, in one go and by one deadline.
    async fn pass_on(
        &mut self,
        session: &Session,
        answers: Vec<String>,
        first: Option<Bytes>,
    ) -> Result<(), Option<Close>> {
        let (began, mut passed) = (Instant::now(), 0);
        let (mut answers, mut first) = (answers.into_iter(), first);
        loop {
            let frame = if let Some(answer) = answers.next() {
                Utf8Bytes::from(answer)
            } else if let Some(frame) = first.take() {
                Utf8Bytes::try_from(frame).map_err(|_| None)?
            } else if passed < TOGETHER
                && let Some(frame) = self.place.at_once()
            {
                Utf8Bytes::try_from(frame).map_err(|_| None)?
            } else {
                break;
            };
            self.written(session, began + patience(passed), false).await?;
            passed += frame.len();
            Pin::new(&mut *self.socket).start_send(Message::Text(frame)).map_err(|_| None)?;
        }
        if passed == 0 {
            return Ok(());
        }
        self.written(session, began + patience(passed), true).await
    }

    /// Waits until the socket has room for another frame, or has written `all`. A reader that takes its time does not keep the socket
    /// from hearing that it is to end.
    async fn written(&mut self, session: &Session, by: Instant, all: bool) -> Result<(), Option<Close>> {
        loop {
            let by = self.ends.map_or(by, |ends| ends.min(by));
            let Self { socket, place, recheck, leave, .. } = &mut *self;
            let write = poll_fn(|context| {
                let socket = Pin::new(&mut **socket);
                if all { socket.poll_flush(context) } else { socket.poll_ready(context) }
            });
            let happens = async {
                tokio::select! {
                    biased;
                    written = write => Meanwhile::Written(written.is_ok()),
                    call = place.called() => Meanwhile::Called(call),
                    _ = recheck.tick() => Meanwhile::Called(Call::Recheck),
                    () = leave.as_mut() => Meanwhile::Leave,
                }
            };
            match timeout_at(by, happens).await {
                Ok(Meanwhile::Written(true)) => return Ok(()),
                Ok(Meanwhile::Written(false)) => return Err(None),
                Ok(Meanwhile::Leave) => return Err(Some(self.leaves().await)),
                Ok(Meanwhile::Called(call)) => {
                    if let Some(close) = self.heed(call, session).await {
                        return Err(Some(close));
                    }
                }
                Err(_) => return Err(Some(Close::TooSlow)),
            }
        }
    }

    /// What a call comes to.
    async fn heed(&mut self, call: Call, session: &Session) -> Option<Close> {
        match call {
            Call::Revoked => Some(Close::Revoked),
            Call::TooSlow => Some(Close::TooSlow),
            Call::SentAway => {
                self.ends = Some(Instant::now() + LAST_WORDS);
                None
            }
            Call::Recheck => self.look_again(session).await,
        }
    }

    /// Whether the socket may stay open. A database that hangs is no reason to cut everybody off, nor to make them wait.
    async fn look_again(&mut self, session: &Session) -> Option<Close> {
        match timeout(ANSWER_WITHIN, Box::pin(session.still_welcome())).await.unwrap_or(Welcome::Still) {
            Welcome::Still => None,
            Welcome::NotAnyMore => Some(Close::Revoked),
            Welcome::Anew => Some(self.leaves().await),
        }
    }

    /// Asks the client to come again, not in the same moment as all the others.
    async fn leaves(&mut self) -> Close {
        let after_ms = 200 + self.app.world.chance.below(800);
        let by = Instant::now() + LAST_WORDS;
        let _told = write(self.socket, ServerFrame::Reconnect { after_ms }.encode(), by).await;
        Close::GoingAway
    }
}
