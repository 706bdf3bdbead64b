//! The pulse of the servers: a message every moment to each of them, and ears at each of them. It tells how long a request
//! waited, and when, after a fault, sends are acknowledged and delivered again.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::{SinkExt as _, StreamExt as _};
use load::actors::Play;
use load::canary::Guard;
use load::frame::{self, Heard};
use load::http::{Http, insist};
use load::oplog::{Op, What, text_mark};
use load::stage::Tenant;
use load::{Doing as _, Outcome, ids};
use serde::Deserialize;
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::fleet::{Attendance, Fleet};

/// How often each server is asked.
const BEAT: Duration = Duration::from_millis(200);
/// What is promised.
const PROMISED: Duration = Duration::from_secs(5);
/// After that, nobody waits for an answer any more.
const GIVE_UP: Duration = Duration::from_secs(8);
/// The actor's number in the log, beyond all others.
const ACTOR: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Beat {
    server: usize,
    began: Instant,
    acked: Option<Instant>,
    message: Uuid,
}

#[derive(Debug, Default)]
struct Felt {
    beats: Vec<Beat>,
    /// When each ear heard a message first.
    heard: Vec<HashMap<Uuid, Instant>>,
    /// Requests that waited longer than promised, though their server was there.
    late: Vec<String>,
}

/// A running pulse. It ends when dropped.
pub(crate) struct Pulse {
    felt: Arc<Mutex<Felt>>,
    servers: usize,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[derive(Deserialize)]
struct Session {
    token: String,
}

#[derive(Deserialize)]
struct ApiKey {
    secret: String,
}

#[derive(Deserialize)]
struct Posted<'a> {
    conversation: Conversation<'a>,
    #[serde(borrow)]
    message: frame::Message<'a>,
}

#[derive(Deserialize)]
struct Conversation<'a> {
    id: &'a str,
}

/// One server's visitor.
struct Beater {
    play: Arc<Play>,
    felt: Arc<Mutex<Felt>>,
    attendance: Attendance,
    server: usize,
    address: SocketAddr,
    token: String,
    guard: Guard,
    tenant: u32,
}

fn locked(felt: &Mutex<Felt>) -> MutexGuard<'_, Felt> {
    felt.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pulse {
    /// Takes the pulse of all servers, in a company of its own.
    pub(crate) async fn take(play: &Arc<Play>, fleet: &Fleet, tenant: &Tenant) -> Outcome<Self> {
        let addresses = fleet.addresses();
        let felt = Arc::<Mutex<Felt>>::default();
        let mut tasks = Vec::new();
        for (server, address) in addresses.iter().copied().enumerate() {
            let mut http = Http::new([127, 0, 0, 1].into(), address, Some(tenant.guard.clone()));
            let ask = format!(r#"{{"key":"{}","locale":"en"}}"#, tenant.key);
            let reply = insist(&mut http, "POST", "/v1/widget/session", &ask, GIVE_UP).await?;
            let session: Session = reply.read()?;
            // A key, because it does not run out: nobody must renew anything while everything breaks.
            let mut http = http.with_token(&tenant.owner.token);
            let ask = r#"{"name":"pulse","scopes":["conversations.read"]}"#;
            let key: ApiKey = insist(&mut http, "POST", "/v1/api-keys", ask, GIVE_UP).await?.read()?;
            locked(&felt).heard.push(HashMap::new());
            let beater = Arc::new(Beater {
                play: Arc::clone(play),
                felt: Arc::clone(&felt),
                attendance: fleet.attendance(),
                server,
                address,
                token: session.token,
                guard: tenant.guard.clone(),
                tenant: tenant.number,
            });
            tasks.push(tokio::spawn(listen(Arc::clone(&beater), key.secret)));
            tasks.push(tokio::spawn(beat(beater)));
        }
        Ok(Self { felt, servers: addresses.len(), tasks })
    }

    /// How long after a moment every server acknowledged a send that began after it, and every ear heard one.
    /// `None` when that did not happen in time.
    pub(crate) async fn recovered(&self, after: Instant, patience: Duration) -> Option<Duration> {
        while after.elapsed() < patience {
            if let Some(at) = self.whole_since(after) {
                return Some(at.saturating_duration_since(after));
            }
            sleep(Duration::from_millis(20)).await;
        }
        None
    }

    /// When every server had acknowledged a send, and everybody had heard it.
    fn whole_since(&self, after: Instant) -> Option<Instant> {
        let felt = locked(&self.felt);
        let of = |server: usize| {
            let beats = felt.beats.iter().rev().take_while(|beat| beat.began + GIVE_UP >= after);
            let beats = beats.filter(|beat| beat.server == server && beat.began >= after);
            let through = beats.filter_map(|beat| {
                let heard = felt.heard.iter().map(|heard| heard.get(&beat.message).copied());
                let heard = heard.collect::<Option<Vec<Instant>>>()?.into_iter().max()?;
                Some(heard.max(beat.acked?))
            });
            through.min()
        };
        (0..self.servers).map(of).collect::<Option<Vec<Instant>>>()?.into_iter().max()
    }

    /// How many requests there were, and those that waited too long.
    pub(crate) fn waited(&self) -> (usize, Vec<String>) {
        let felt = locked(&self.felt);
        (felt.beats.len(), felt.late.clone())
    }
}

async fn beat(beater: Arc<Beater>) {
    let mut clock = interval(BEAT);
    loop {
        clock.tick().await;
        tokio::spawn(Arc::clone(&beater).ask());
    }
}

impl Beater {
    async fn ask(self: Arc<Self>) {
        let (id, began) = (self.play.chance.uuid(), Instant::now());
        let text = format!("{} pulse {id}", self.guard.word());
        let place = {
            let mut felt = locked(&self.felt);
            felt.beats.push(Beat { server: self.server, began, acked: None, message: Uuid::nil() });
            felt.beats.len() - 1
        };
        self.note(What::Invoke, id, Uuid::nil(), text_mark(&text));
        let mut http = Http::new([127, 0, 0, 1].into(), self.address, Some(self.guard.clone())).with_token(&self.token);
        let body = format!(r#"{{"client_message_id":"{id}","text":"{text}"}}"#);
        let answer = timeout(GIVE_UP, http.ask("POST", "/v1/widget/messages", &body)).await;
        let now = Instant::now();
        if now.duration_since(began) > PROMISED && self.attendance.lived_through(self.server, began, began + PROMISED) {
            let waited = now.duration_since(began).as_secs_f64();
            let at = self.play.log.now() / 1000;
            locked(&self.felt)
                .late
                .push(format!("server {} let a request wait for {waited:.1} s, at {at} ms", self.server));
        }
        let posted = match &answer {
            Ok(Ok(reply)) if reply.is_ok() => serde_json::from_slice::<Posted>(&reply.body).ok(),
            Ok(Ok(_) | Err(_)) | Err(_) => None,
        };
        let Some(posted) = posted else {
            self.note(What::Unknown, id, Uuid::nil(), 0);
            return;
        };
        let conversation = ids::decode(posted.conversation.id).unwrap_or_default();
        self.note(What::Ok, id, conversation, posted.message.seq.unsigned_abs());
        if let Some(beat) = locked(&self.felt).beats.get_mut(place) {
            beat.acked = Some(now);
            beat.message = posted.message.uuid();
        }
    }

    fn note(&self, what: What, client_message_id: Uuid, conversation: Uuid, mark: u64) {
        let (at, tenant) = (self.play.log.now(), self.tenant);
        self.play.log.note(Op {
            at,
            what,
            tenant,
            actor: ACTOR,
            by_agent: false,
            conversation,
            client_message_id,
            mark,
        });
    }
}

/// An ear at one server. It knows no patience: a client's own waiting before it comes again is not the server's.
async fn listen(beater: Arc<Beater>, secret: String) {
    loop {
        let _lost = hear(&beater, &secret).await;
        sleep(Duration::from_millis(100)).await;
    }
}

async fn hear(beater: &Beater, secret: &str) -> Outcome<()> {
    let address = format!("ws://{}/v1/realtime", beater.address);
    let connecting = timeout(PROMISED, Box::pin(tokio_tungstenite::connect_async(address))).await;
    let (mut socket, _) = connecting.doing(|| "connect in time".to_owned())?.doing(|| "connect".to_owned())?;
    let hello = Message::text(frame::hello(secret, &[]));
    socket.send(hello).await.doing(|| "say hello".to_owned())?;
    // The pulse makes this socket hear something all the time, so that silence means a dead connection.
    while let Some(received) = timeout(PROMISED, socket.next()).await.doing(|| "hear anything".to_owned())? {
        let Message::Text(text) = received.doing(|| "hear".to_owned())? else { continue };
        beater.guard.look(text.as_bytes());
        if let Heard::Message(created) = frame::read(text.as_str()) {
            let (message, now) = (created.message.uuid(), Instant::now());
            if let Some(heard) = locked(&beater.felt).heard.get_mut(beater.server) {
                heard.entry(message).or_insert(now);
            }
        }
    }
    Ok(())
}
