//! Visitors who come to the site, open the chat, look at it and go: as many as are let in. They write nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::actors::{ANSWER_WITHIN, Play};
use crate::frame::{self, Heard};
use crate::http::{Http, Reply};
use crate::outcome::{Doing as _, Outcome};
use crate::stage::{Tenant, address_of};
use crate::tally::Count;
use crate::ws::{Came, Opening, Ws};

/// What they met with.
#[derive(Debug, Default)]
pub struct Met {
    /// Those who were welcomed.
    pub welcomed: Count,
    /// How often somebody was told when to come again.
    pub put_off: Count,
    /// How often somebody was put off without being told until when.
    pub untold: Count,
    /// Requests, for a socket too, and hellos that were not answered within what an answer may take.
    pub unanswered: Count,
    /// Whatever else came in that time instead of a welcome.
    pub failed: Count,
}

/// Where their addresses begin: nobody else comes from there.
const ADDRESSES: u32 = 11_000_000;
/// How long who was turned away without a word waits, and who was cut off.
const AFTER_A_WHILE: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Session {
    token: String,
}

/// How a visit went.
#[derive(Debug, PartialEq, Eq)]
enum Went {
    Welcomed,
    /// To come again after a while, if it was said when.
    PutOff(Option<Duration>),
    /// Nothing came for as long as an answer may take.
    Unanswered,
    Failed,
}

/// Lets them come, so many at a time, until this is dropped: whoever is through, or has failed, makes room for the next.
pub async fn keep_coming(play: &Arc<Play>, tenants: &[Tenant], met: &Arc<Met>, at_once: u32) -> Outcome<()> {
    let next = Arc::new(AtomicU32::new(0));
    let tenants: Arc<[Tenant]> = tenants.into();
    let mut doors = JoinSet::new();
    for _ in 0..at_once {
        let (play, tenants, met) = (Arc::clone(play), Arc::clone(&tenants), Arc::clone(met));
        doors.spawn(one_after_the_other(play, tenants, met, Arc::clone(&next)));
    }
    while let Some(done) = doors.join_next().await {
        done.doing(|| "let visitors come".to_owned())??;
    }
    Ok(())
}

async fn one_after_the_other(
    play: Arc<Play>,
    tenants: Arc<[Tenant]>,
    met: Arc<Met>,
    next: Arc<AtomicU32>,
) -> Outcome<()> {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let place = usize::try_from(number).unwrap_or(0) % tenants.len().max(1);
        let Some(tenant) = tenants.get(place) else { return Ok(()) };
        // The same person, until they are in or have enough of it.
        loop {
            let wait = match visit(play.target()?, tenant, ADDRESSES.wrapping_add(number), &met).await {
                Went::Welcomed => {
                    met.welcomed.up();
                    break;
                }
                went @ (Went::Failed | Went::Unanswered) => {
                    if went == Went::Failed {
                        met.failed.up();
                    }
                    tokio::time::sleep(AFTER_A_WHILE).await;
                    break;
                }
                Went::PutOff(Some(wait)) => {
                    met.put_off.up();
                    wait
                }
                Went::PutOff(None) => {
                    met.untold.up();
                    AFTER_A_WHILE
                }
            };
            tokio::time::sleep(wait).await;
        }
    }
}

async fn visit(to: SocketAddr, tenant: &Tenant, number: u32, met: &Met) -> Went {
    let from = address_of(number);
    let mut http = Http::new(from, to, Some(tenant.guard.clone()));
    let ask = format!(r#"{{"key":"{}","locale":"en"}}"#, tenant.key);
    let asked = Instant::now();
    let reply = http.ask("POST", "/v1/widget/session", &ask).await;
    if asked.elapsed() > ANSWER_WITHIN {
        met.unanswered.up();
    }
    let session = match &reply {
        Ok(reply) => match came_to(reply) {
            Ok(session) => session,
            Err(went) => return went,
        },
        Err(_) => return ended(asked),
    };
    let asked = Instant::now();
    let opening = Ws::ask(from, to, "/v1/realtime", None).await;
    if asked.elapsed() > ANSWER_WITHIN {
        met.unanswered.up();
    }
    let mut ws = match opening {
        Ok(Opening::Open(ws)) => ws,
        Ok(Opening::Refused(reply)) => return put_off(&reply).unwrap_or(Went::Failed),
        Err(_) => return ended(asked),
    };
    ws.say(&frame::hello(&session.token, &[]));
    if let Ok(went) = timeout(ANSWER_WITHIN, greeted(&mut ws, tenant)).await {
        went
    } else {
        met.unanswered.up();
        Went::Unanswered
    }
}

/// What came to no answer at all, by how long it took.
fn ended(asked: Instant) -> Went {
    if asked.elapsed() > ANSWER_WITHIN { Went::Unanswered } else { Went::Failed }
}

/// Whether an answer asks to come again, and when.
fn put_off(reply: &Reply) -> Option<Went> {
    reply.puts_off().then(|| Went::PutOff(reply.retry_after()))
}

/// What an answer at the door comes to.
fn came_to(reply: &Reply) -> Result<Session, Went> {
    if let Some(went) = put_off(reply) {
        return Err(went);
    }
    reply.read().map_err(|_| Went::Failed)
}

async fn greeted(ws: &mut Ws, tenant: &Tenant) -> Went {
    let mut went = None;
    while went.is_none() {
        if ws.receive().await.is_err() {
            return Went::Failed;
        }
        let taken = ws.take(|came| {
            let came = match came {
                Came::Text(text) => {
                    tenant.guard.look(text);
                    std::str::from_utf8(text).map_or(Some(Went::Failed), |text| heard(frame::read(text)))
                }
                Came::Close(_) => Some(Went::Failed),
            };
            // The first word counts: a refusal is followed by a close.
            if went.is_none() {
                went = came;
            }
        });
        if taken.is_err() {
            return Went::Failed;
        }
    }
    went.unwrap_or(Went::Failed)
}

/// What a frame says of the welcome, if anything.
fn heard(frame: Heard<'_>) -> Option<Went> {
    match frame {
        Heard::Welcome => Some(Went::Welcomed),
        Heard::Error(refusal) => Some(Went::PutOff(refusal.retry_after_ms.map(Duration::from_millis))),
        Heard::Reconnect(after_ms) => Some(Went::PutOff(Some(Duration::from_millis(after_ms)))),
        Heard::Nonsense => Some(Went::Failed),
        Heard::Ack(_)
        | Heard::Message(_)
        | Heard::Resumed(_)
        | Heard::Reset(_)
        | Heard::Queue(_)
        | Heard::Conversation(_)
        | Heard::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, headers: &str, body: &str) -> Reply {
        let head = format!("HTTP/1.1 {status} X\r\n{headers}\r\n\r\n");
        Reply { status, head, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn who_is_put_off_is_told_apart_from_who_is_put_off_without_a_time_and_who_has_failed() {
        assert_eq!(came_to(&reply(200, "", r#"{"token":"t"}"#)).map(|session| session.token), Ok("t".to_owned()));
        let soon = Went::PutOff(Some(Duration::from_secs(4)));
        assert_eq!(came_to(&reply(503, "Retry-After: 4", "")).err(), Some(soon));
        assert_eq!(came_to(&reply(429, "", "")).err(), Some(Went::PutOff(None)));
        assert_eq!(came_to(&reply(500, "Retry-After: 4", "")).err(), Some(Went::Failed));
        assert_eq!(came_to(&reply(200, "", "{}")).err(), Some(Went::Failed));
        let long_ago = Instant::now().checked_sub(ANSWER_WITHIN * 2).unwrap();
        assert_eq!((ended(Instant::now()), ended(long_ago)), (Went::Failed, Went::Unanswered));
        let refusal = r#"{"type":"error","code":"sockets_full","detail":"…","retry_after_ms":10000}"#;
        assert_eq!(heard(frame::read(refusal)), Some(Went::PutOff(Some(Duration::from_secs(10)))));
        assert_eq!(heard(frame::read(r#"{"type":"welcome"}"#)), Some(Went::Welcomed));
        assert_eq!(heard(frame::read(r#"{"type":"pong"}"#)), None);
    }
}
