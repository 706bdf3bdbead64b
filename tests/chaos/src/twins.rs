//! Visitors who send over HTTP, many of their messages several times at once on several connections, under one id. Whatever
//! is answered, it must be the same answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::future::join_all;
use load::actors::Play;
use load::http::{Http, insist};
use load::oplog::{Op, What, text_mark};
use load::stage::Tenant;
use load::{Outcome, frame, ids};
use serde::Deserialize;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use uuid::Uuid;

use crate::dice::Dice;

/// How many times at once.
const COPIES: usize = 8;
/// In so many of a thousand cases.
const TWICE: u32 = 200;
/// In so many of a thousand cases somebody tries to put other words under an id that is taken.
const IMPOSTORS: u32 = 20;
/// Their numbers in the log begin here, beyond those of all other actors.
const FIRST: u32 = 1_000_000;

/// All of them.
pub(crate) struct Twins {
    go_on: Arc<AtomicBool>,
    taken: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<()>>,
}

struct Twin {
    play: Arc<Play>,
    tenant: Tenant,
    number: u32,
    token: String,
    dice: Dice,
    go_on: Arc<AtomicBool>,
    /// How many impostors were let in.
    taken: Arc<AtomicU64>,
}

#[derive(Deserialize)]
struct Session {
    token: String,
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

/// What came of one attempt.
enum Attempt {
    Written,
    Refused(u16),
    Unknown,
}

impl Twins {
    /// So many, spread over the companies. `door` lets them in without trouble.
    pub(crate) async fn come(
        play: &Arc<Play>,
        tenants: &[Tenant],
        count: u32,
        door: SocketAddr,
        seed: u64,
    ) -> Outcome<Self> {
        let (go_on, taken) = (Arc::new(AtomicBool::new(true)), Arc::<AtomicU64>::default());
        let mut tasks = Vec::new();
        for (number, tenant) in (0..count).zip(tenants.iter().cycle()) {
            let mut http = Http::new([127, 0, 0, 1].into(), door, Some(tenant.guard.clone()));
            let ask = format!(r#"{{"key":"{}","locale":"en"}}"#, tenant.key);
            let reply = insist(&mut http, "POST", "/v1/widget/session", &ask, Duration::from_secs(30)).await?;
            let session: Session = reply.read()?;
            let twin = Twin {
                play: Arc::clone(play),
                tenant: tenant.clone(),
                number: FIRST + number,
                token: session.token,
                dice: Dice::new(seed, &format!("twin {number}")),
                go_on: Arc::clone(&go_on),
                taken: Arc::clone(&taken),
            };
            tasks.push(tokio::spawn(twin.live()));
        }
        Ok(Self { go_on, taken, tasks })
    }

    /// Lets everybody finish what they began. Gives how many impostors were let in.
    pub(crate) async fn finish(self) -> u64 {
        self.go_on.store(false, Ordering::Relaxed);
        for task in self.tasks {
            // Its end is all that matters.
            let _ended = task.await;
        }
        self.taken.load(Ordering::Relaxed)
    }
}

impl Twin {
    async fn live(self) {
        let mut written = 0_u64;
        while self.go_on.load(Ordering::Relaxed) {
            let id = self.play.chance.uuid();
            let text = format!("{} twin {}.{written}", self.tenant.guard.word(), self.number);
            written += 1;
            self.note(What::Invoke, id, Uuid::nil(), text_mark(&text));
            let copies = if self.dice.permille(TWICE) { COPIES } else { 1 };
            // However often it is tried: in the end it is known to be there.
            while !self.try_at_once(id, &text, copies).await {
                sleep(self.dice.between(&(Duration::from_millis(20)..Duration::from_millis(300)))).await;
            }
            if self.dice.permille(IMPOSTORS) {
                self.impostor(id).await;
            }
        }
    }

    async fn try_at_once(&self, id: Uuid, text: &str, copies: usize) -> bool {
        let attempts = join_all((0..copies).map(|_| self.attempt(id, text))).await;
        let known = attempts.iter().any(|attempt| match attempt {
            Attempt::Written => true,
            // Too many at once, or later: nothing is known of it.
            Attempt::Refused(status) => *status < 500 && *status != 429,
            Attempt::Unknown => false,
        });
        if !known {
            self.note(What::Unknown, id, Uuid::nil(), 0);
        }
        known
    }

    async fn attempt(&self, id: Uuid, text: &str) -> Attempt {
        let Ok(door) = self.play.target() else { return Attempt::Unknown };
        let body = format!(r#"{{"client_message_id":"{id}","text":"{text}"}}"#);
        let mut http = Http::new([127, 0, 0, 1].into(), door, Some(self.tenant.guard.clone())).with_token(&self.token);
        let Ok(reply) = http.ask("POST", "/v1/widget/messages", &body).await else { return Attempt::Unknown };
        if !reply.is_ok() {
            if reply.status < 500 && reply.status != 429 {
                self.note(What::Fail, id, Uuid::nil(), 0);
            }
            return Attempt::Refused(reply.status);
        }
        let Ok(posted) = serde_json::from_slice::<Posted>(&reply.body) else { return Attempt::Unknown };
        let conversation = ids::decode(posted.conversation.id).unwrap_or_default();
        // Every copy's answer is noted: answers that name different places contradict each other.
        self.note(What::Ok, id, conversation, posted.message.seq.unsigned_abs());
        Attempt::Written
    }

    /// The same id with other words is refused, not taken for the first.
    async fn impostor(&self, id: Uuid) {
        let Ok(door) = self.play.target() else { return };
        let body = format!(r#"{{"client_message_id":"{id}","text":"{} impostor"}}"#, self.tenant.guard.word());
        let mut http = Http::new([127, 0, 0, 1].into(), door, Some(self.tenant.guard.clone())).with_token(&self.token);
        if http.ask("POST", "/v1/widget/messages", &body).await.is_ok_and(|reply| reply.is_ok()) {
            self.taken.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn note(&self, what: What, client_message_id: Uuid, conversation: Uuid, mark: u64) {
        let (at, tenant, actor) = (self.play.log.now(), self.tenant.number, self.number);
        self.play.log.note(Op { at, what, tenant, actor, by_agent: false, conversation, client_message_id, mark });
    }
}
