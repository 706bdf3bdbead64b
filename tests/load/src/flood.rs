//! A company that takes no notice of what it is told: sends and asks at a rate of its own, whatever comes back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::task::JoinSet;

use crate::actors::Play;
use crate::frame::{self, Heard};
use crate::http::{Http, insist};
use crate::outcome::{Doing as _, Outcome};
use crate::stage::{Tenant, address_of};
use crate::tally::Count;
use crate::ws::{Came, Ws};

/// What came back to it.
#[derive(Debug, Default)]
pub struct Told {
    /// Sends that went out.
    pub sent: Count,
    /// Sends that were acknowledged.
    pub taken: Count,
    /// Sends that were put off, with a time to come again.
    pub put_off: Count,
    /// Requests that were answered, by HTTP.
    pub answered: Count,
    /// Requests that were put off with 429 and a time to come again.
    pub held: Count,
    /// Anything else: what a company that is merely too fast must never hear.
    pub failed: Count,
}

/// How fast it goes.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// Sends a second, by so many sockets.
    pub sends: f64,
    /// The sockets.
    pub sockets: u32,
    /// Requests a second by HTTP.
    pub requests: f64,
}

/// Where its people's addresses begin: nobody else comes from there.
const ADDRESSES: u32 = 9_000_000;

#[derive(Deserialize)]
struct Session {
    token: String,
}

/// Floods for so long.
pub async fn flood(play: &Arc<Play>, tenant: &Tenant, told: &Arc<Told>, rate: Rate, long: Duration) -> Outcome<()> {
    let to = play.target()?;
    let until = Instant::now() + long;
    let mut crowd = JoinSet::new();
    let pause = Duration::from_secs_f64(f64::from(rate.sockets) / rate.sends);
    for number in 0..rate.sockets {
        crowd.spawn(sends(Arc::clone(play), tenant.clone(), Arc::clone(told), to, ADDRESSES + number, pause, until));
    }
    let askers = 8_u32;
    let pause = Duration::from_secs_f64(f64::from(askers) / rate.requests);
    for number in 0..askers {
        crowd.spawn(asks(tenant.clone(), Arc::clone(told), to, ADDRESSES + rate.sockets + number, pause, until));
    }
    while let Some(done) = crowd.join_next().await {
        done.doing(|| "flood".to_owned())??;
    }
    Ok(())
}

async fn sends(
    play: Arc<Play>,
    tenant: Tenant,
    told: Arc<Told>,
    to: SocketAddr,
    number: u32,
    pause: Duration,
    until: Instant,
) -> Outcome<()> {
    let from = address_of(number);
    let mut http = Http::new(from, to, Some(tenant.guard.clone()));
    let ask = format!(r#"{{"key":"{}","locale":"en"}}"#, tenant.key);
    let session: Session =
        insist(&mut http, "POST", "/v1/widget/session", &ask, Duration::from_mins(1)).await?.read()?;
    let mut ws = Ws::open(from, to, "/v1/realtime").await?;
    ws.say(&frame::hello(&session.token, &[]));
    let mut tick = tokio::time::interval(pause);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let text = format!("{} flood {number}", tenant.guard.word());
    // What is still on its way when it stops is waited for.
    let over = until + Duration::from_secs(3);
    let mut waiting = 0_u64;
    while Instant::now() < until || (waiting > 0 && Instant::now() < over) {
        tokio::select! {
            _ = tick.tick() => {
                if Instant::now() < until {
                    ws.say(&frame::send(play.chance.uuid(), None, &text));
                    told.sent.up();
                    waiting += 1;
                }
            }
            received = ws.receive() => {
                received?;
                ws.take(|came| match came {
                    Came::Text(text) => {
                        tenant.guard.look(text);
                        waiting = waiting.saturating_sub(u64::from(heard(text, &told)));
                    }
                    Came::Close(_) => told.failed.up(),
                })?;
            }
        }
    }
    Ok(())
}

/// True for what answers a send.
fn heard(text: &[u8], told: &Told) -> bool {
    match std::str::from_utf8(text).map(frame::read) {
        Ok(Heard::Ack(_)) => told.taken.up(),
        Ok(Heard::Error(refusal)) => {
            let is_asked_to_wait = ["company_busy", "rate_limited"].contains(&refusal.code.as_str());
            if is_asked_to_wait && refusal.retry_after_ms.is_some() { told.put_off.up() } else { told.failed.up() }
        }
        Ok(_) => return false,
        Err(_) => told.failed.up(),
    }
    true
}

async fn asks(
    tenant: Tenant,
    told: Arc<Told>,
    to: SocketAddr,
    number: u32,
    pause: Duration,
    until: Instant,
) -> Outcome<()> {
    let mut http = Http::new(address_of(number), to, Some(tenant.guard.clone())).with_token(&tenant.owner.token);
    let mut tick = tokio::time::interval(pause);
    while Instant::now() < until {
        tick.tick().await;
        match http.ask("GET", "/v1/conversations?limit=100", "").await {
            Ok(reply) if reply.is_ok() => told.answered.up(),
            Ok(reply) if reply.status == 429 && reply.retry_after().is_some() => told.held.up(),
            Ok(_) | Err(_) => told.failed.up(),
        }
    }
    Ok(())
}
