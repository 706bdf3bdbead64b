//! What a visitor's browser hears where no socket gets through: a stream of events, or one question after another.
//!
//! Both carry the frames of the socket, from the same session and the same place at the switchboard. What must be absent:
//! anything that only these two say. They are routed beside the ordinary operations, whose patience is shorter than they last.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use desk::conversation::ConversationId;
use infra::database::StoreError;
use routing::realtime::{Call, Delivery, Place, ServerFrame, Session, Welcome};
use serde::{Deserialize, Serialize};
use tenant::token::{Audience, BadToken};
use tenant::{Scope, Visitor};
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, interval_at, timeout, timeout_at};

use super::Problems;
use crate::App;
use crate::extract::{Query, bearer};
use crate::layers::LongLived;
use crate::problem::Problem;

/// How long letting somebody in may take.
const OPENED_WITHIN: Duration = Duration::from_secs(5);
/// How often a stream says that it is alive, and looks whether it still may be.
const BEAT: Duration = Duration::from_secs(15);
/// How long one write may take before the reader counts as too slow.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// How much is written in one go.
const CHUNK: usize = 64 * 1024;
/// The longest a poll may wait, in seconds.
const LONGEST_WAIT: u64 = 25;

/// What the browser has seen.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// The conversation that is on the screen; goes with `after_seq`.
    #[serde(default)]
    conversation_id: Option<ConversationId>,
    /// The newest place seen of it.
    #[serde(default)]
    after_seq: Option<i64>,
}

/// What the browser has seen, and how long it will wait.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PollQuery {
    /// The conversation that is on the screen; goes with `after_seq`.
    #[serde(default)]
    conversation_id: Option<ConversationId>,
    /// The newest place seen of it.
    #[serde(default)]
    after_seq: Option<i64>,
    /// The version seen of it: then a change of the conversation alone counts as missed as well.
    #[serde(default)]
    after_version: Option<i64>,
    /// How long to wait for something to happen: 0 to 25, by default 25.
    #[serde(default)]
    wait_seconds: Option<u64>,
}

/// What happened.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Frames {
    /// Server's frames, as `realtime.json` describes them; none when nothing happened.
    #[schema(value_type = Vec<Object>)]
    frames: Vec<serde_json::Value>,
}

impl Frames {
    fn of(frames: &[Bytes]) -> Response {
        let frames = frames.iter().filter_map(|frame| serde_json::from_slice(frame).ok()).collect();
        let mut response = Json(Self { frames }).into_response();
        response.extensions_mut().insert(LongLived);
        response
    }
}

fn seen(id: Option<ConversationId>, after: Option<i64>) -> Result<Option<(ConversationId, i64)>, Problem> {
    match (id, after) {
        (Some(id), Some(after)) => Ok(Some((id, after))),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "query_invalid",
            Some("conversation_id and after_seq go together."),
        )),
    }
}

/// Runs in a task of its own, with a limit: a browser that hangs up cuts no transaction in half.
async fn apart<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    match timeout(OPENED_WITHIN, tokio::spawn(work)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(died)) => {
            tracing::error!(error = %died, "letting a visitor listen died");
            Err(Problem::internal())
        }
        Err(_) => Err(StoreError::Unavailable("letting a visitor listen took too long".into()).into()),
    }
}

/// A visitor who listens.
struct Listener {
    session: Session,
    place: Place,
    /// When the token ends.
    ends: Instant,
}

impl Listener {
    async fn open(app: &Arc<App>, token: &str) -> Result<Self, Problem> {
        let now = app.world.now();
        let scope = Scope::<Visitor>::enter(&app.world, token).await?;
        scope.pass().await?;
        let expires = app.world.keys.verify(Audience::Visitor, token, now)?.expires();
        let lives = Duration::from_secs(u64::try_from(expires - now.timestamp()).unwrap_or(0));
        let (session, place) = Session::of_visitor(&app.routing, scope).await?;
        Ok(Self { session, place, ends: Instant::now() + lives })
    }
}

/// The token, if anybody is to be let in at all.
fn admit(app: &App, headers: &HeaderMap) -> Result<String, Problem> {
    if app.going_away.is_cancelled() {
        return Err(StoreError::Unavailable("going away".into()).into());
    }
    Ok(bearer(headers).ok_or(BadToken)?.to_owned())
}

fn reconnect(app: &App) -> String {
    ServerFrame::Reconnect { after_ms: 200 + app.world.chance.below(800) }.encode()
}

/// Listen as a visitor
///
/// A stream of server-sent events for networks that let no socket through. The `data` of each event is one frame of the realtime
/// protocol: `welcome`, then `resumed` or `reset` when a conversation was named, then what happens. A comment every 15 seconds
/// says that the stream is alive. It ends with the token, and after `reconnect`. Sends and read marks go by their own operations.
#[utoipa::path(get, path = "/v1/widget/events", tag = "widget", params(EventsQuery),
    responses((status = 200, content_type = "text/event-stream", body = String, description = "Events without end"), Problems))]
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<EventsQuery>,
) -> Result<Response, Problem> {
    let resume: BTreeMap<String, i64> =
        seen(query.conversation_id, query.after_seq)?.map(|(id, after)| (id.to_string(), after)).into_iter().collect();
    let token = admit(&app, &headers)?;
    let (tell, told) = channel::<Bytes>(1);
    let shared = Arc::clone(&app);
    apart(async move {
        let listener = Listener::open(&shared, &token).await?;
        let first = listener.session.welcome(resume).await;
        let tracker = shared.sockets.clone();
        tracker.spawn(stream(shared, listener, first, tell));
        Ok(())
    })
    .await?;
    let chunks = futures::stream::unfold(told, |mut told| async move {
        let chunk = told.recv().await?;
        Some((Ok::<Bytes, Infallible>(chunk), told))
    });
    let told = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Some proxies would keep the events until they have enough of them.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((told, Body::from_stream(chunks)).into_response())
}

/// As an event: our frames are JSON on one line.
fn event(frame: &[u8], chunk: &mut Vec<u8>) {
    for part in [b"data: ", frame, b"\n\n"] {
        chunk.extend_from_slice(part);
    }
}

/// Why a stream ends, for the counts.
#[derive(Debug, Clone, Copy)]
enum End {
    HungUp,
    TooSlow,
    Revoked,
    Expired,
    GoingAway,
}

impl End {
    const fn reason(self) -> &'static str {
        match self {
            Self::HungUp => "hung up",
            Self::TooSlow => "too slow",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::GoingAway => "going away",
        }
    }
}

async fn stream(app: Arc<App>, mut listener: Listener, first: Vec<String>, tell: Sender<Bytes>) {
    metrics::gauge!("frontdesk_event_streams").increment(1.0);
    let end = follow(&app, &mut listener, &first, &tell).await.err().unwrap_or(End::HungUp);
    metrics::counter!("frontdesk_event_stream_ends_total", "reason" => end.reason()).increment(1);
    metrics::gauge!("frontdesk_event_streams").decrement(1.0);
}

async fn write(tell: &Sender<Bytes>, chunk: Vec<u8>) -> Result<(), End> {
    match timeout(WRITE_WITHIN, tell.send(chunk.into())).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::HungUp),
        Err(_) => Err(End::TooSlow),
    }
}

/// Passes on what happens until there is a reason to end.
async fn follow(
    app: &Arc<App>,
    listener: &mut Listener,
    first: &[String],
    tell: &Sender<Bytes>,
) -> Result<Infallible, End> {
    let mut chunk = Vec::new();
    for frame in first {
        event(frame.as_bytes(), &mut chunk);
    }
    write(tell, chunk).await?;
    let mut beat = interval_at(Instant::now() + BEAT, BEAT);
    let mut leave = pin!(app.time_to_leave());
    loop {
        tokio::select! {
            () = tell.closed() => return Err(End::HungUp),
            delivery = timeout_at(listener.ends, listener.place.next()) => match delivery {
                Err(_) => return Err(End::Expired),
                Ok(None) => return Err(End::GoingAway),
                Ok(Some(Delivery::Frame(frame))) => write(tell, gather(&mut listener.place, &frame)).await?,
                Ok(Some(Delivery::Called(Call::SentAway))) => {}
                Ok(Some(Delivery::Called(Call::TooSlow))) => return Err(End::TooSlow),
                Ok(Some(Delivery::Called(Call::Revoked))) => return Err(End::Revoked),
                Ok(Some(Delivery::Called(Call::Recheck))) => if !is_welcome(listener).await {
                    return Err(End::Revoked);
                },
            },
            _ = beat.tick() => {
                if !is_welcome(listener).await {
                    return Err(End::Revoked);
                }
                write(tell, b": ping\n\n".to_vec()).await?;
            }
            () = &mut leave => {
                let mut chunk = Vec::new();
                event(reconnect(app).as_bytes(), &mut chunk);
                write(tell, chunk).await?;
                return Err(End::GoingAway);
            }
        }
    }
}

/// Whether the listener may go on. A database that hangs is no reason to cut everybody off.
async fn is_welcome(listener: &Listener) -> bool {
    timeout(OPENED_WITHIN, Box::pin(listener.session.still_welcome())).await != Ok(Welcome::NotAnyMore)
}

/// What is waiting, as one chunk.
fn gather(place: &mut Place, first: &[u8]) -> Vec<u8> {
    let mut chunk = Vec::new();
    event(first, &mut chunk);
    while chunk.len() < CHUNK
        && let Some(frame) = place.at_once()
    {
        event(&frame, &mut chunk);
    }
    chunk
}

/// Ask what happened, as a visitor
///
/// For networks that let no stream through either. Answers at once with `resumed` or `reset` when something of the named
/// conversation was missed, else with the first frames that come, else with none after the wait. Ask again with what was seen.
#[utoipa::path(get, path = "/v1/widget/events/poll", tag = "widget", params(PollQuery), responses((status = 200, body = Frames), Problems))]
pub(crate) async fn poll(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<PollQuery>,
) -> Result<Response, Problem> {
    let wait = query.wait_seconds.unwrap_or(LONGEST_WAIT);
    if wait > LONGEST_WAIT {
        let detail = Some("wait_seconds is 0 to 25.");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "wait_out_of_range", detail));
    }
    let seen = seen(query.conversation_id, query.after_seq)?;
    let version = query.after_version;
    if version.is_some() && seen.is_none() {
        let detail = Some("after_version goes with conversation_id.");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "query_invalid", detail));
    }
    let token = admit(&app, &headers)?;
    let shared = Arc::clone(&app);
    let (listener, missed) = apart(async move {
        let listener = Listener::open(&shared, &token).await?;
        let missed = match seen {
            Some((id, after)) => listener.session.missed(id, after, version).await?,
            None => None,
        };
        Ok((listener, missed))
    })
    .await?;
    if let Some(frame) = missed {
        return Ok(Frames::of(&[frame.into()]));
    }
    let Listener { session, mut place, ends } = listener;
    let ends = ends.min(Instant::now() + Duration::from_secs(wait));
    let first = loop {
        let delivery = tokio::select! {
            delivery = timeout_at(ends, place.next()) => delivery.unwrap_or_default(),
            () = app.going_away.cancelled() => return Ok(Frames::of(&[reconnect(&app).into()])),
        };
        match delivery {
            None | Some(Delivery::Called(Call::TooSlow)) => return Ok(Frames::of(&[])),
            Some(Delivery::Frame(frame)) => break frame,
            Some(Delivery::Called(Call::Recheck)) if session.still_welcome().await != Welcome::NotAnyMore => {}
            Some(Delivery::Called(Call::Revoked | Call::Recheck)) => return Err(BadToken.into()),
            Some(Delivery::Called(Call::SentAway)) => {}
        }
    };
    let mut frames = vec![first];
    frames.extend(std::iter::from_fn(|| place.at_once()));
    Ok(Frames::of(&frames))
}
