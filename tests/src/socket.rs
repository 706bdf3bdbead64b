//! A realtime socket of one client: everything it hears is kept in order, searched for foreign canaries, and can be waited for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, interval_at};
use tokio_tungstenite::tungstenite::Message;

use crate::canary::Guard;
use crate::wait::{DEADLINE, fresh, within};

/// How often a socket says that it is there, as the welcome asks: whoever says nothing for 45 seconds counts as gone.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// What became of the connection.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Line {
    #[default]
    Open,
    /// With the close code, if there was one.
    Closed(Option<u16>),
}

#[derive(Debug, Default)]
struct Heard {
    frames: Vec<Value>,
    line: Line,
    foreign: Option<String>,
}

/// An open socket.
#[derive(Debug)]
pub struct Socket {
    heard: Arc<watch::Sender<Heard>>,
    say: UnboundedSender<Message>,
    task: AbortHandle,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
        let foreign = self.heard.borrow().foreign.clone();
        if let (Some(word), false) = (foreign, std::thread::panicking()) {
            panic!("a socket heard another company's words ({word})");
        }
    }
}

impl Socket {
    /// Connects and says nothing yet.
    pub async fn connect(base: &str, guard: Guard) -> Self {
        Self::try_connect(base, guard).await.unwrap()
    }

    /// The same, where the server may be gone or going.
    pub async fn try_connect(base: &str, guard: Guard) -> Result<Self, tokio_tungstenite::tungstenite::Error> {
        let address = format!("{}/v1/realtime", base.replacen("http", "ws", 1));
        let opening = Box::pin(tokio_tungstenite::connect_async(address));
        let (stream, _) = within(DEADLINE, "a socket opens", opening).await?;
        let (mut sink, mut source) = stream.split();
        let (say, mut said) = unbounded_channel::<Message>();
        let heard = Arc::new(watch::Sender::new(Heard::default()));
        let told = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
            let code = loop {
                tokio::select! {
                    message = said.recv() => {
                        let Some(message) = message else { break None };
                        if sink.send(message).await.is_err() {
                            break None;
                        }
                    }
                    // A ping of the protocol beneath: stories count the pongs of ours. Where it fails, what the server said last tells why.
                    _ = heartbeat.tick() => drop(sink.send(Message::Ping(Bytes::new())).await),
                    message = source.next() => match message {
                        Some(Ok(Message::Text(text))) => told.send_modify(|heard| {
                            heard.foreign = heard.foreign.take().or_else(|| guard.finds(text.as_str()));
                            heard.frames.push(serde_json::from_str(text.as_str()).unwrap_or(Value::Null));
                        }),
                        Some(Ok(Message::Close(frame))) => break frame.map(|frame| u16::from(frame.code)),
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => break None,
                    },
                }
            };
            told.send_modify(|heard| heard.line = Line::Closed(code));
        })
        .abort_handle();
        Ok(Self { heard, say, task })
    }

    /// Connects and says hello.
    pub async fn open(base: &str, guard: Guard, token: &str, resume: Value) -> Self {
        let socket = Self::connect(base, guard).await;
        socket.greets(token, resume).await;
        socket
    }

    /// Says hello and is welcome.
    pub async fn greets(&self, token: &str, resume: Value) {
        self.say(json!({ "type": "hello", "protocol": 1, "token": token, "resume": resume }));
        self.frame("welcome").await;
    }

    /// Sends a frame.
    pub fn say(&self, frame: Value) {
        self.say_raw(Message::text(frame.to_string()));
    }

    /// Sends anything.
    pub fn say_raw(&self, message: Message) {
        // A closed socket is found out by whoever waits for the answer.
        drop(self.say.send(message));
    }

    /// Hangs up without a word.
    pub fn cut(&self) {
        self.task.abort();
    }

    /// What was heard so far.
    pub fn frames(&self) -> Vec<Value> {
        self.heard.borrow().frames.clone()
    }

    /// What was heard after the first `seen` frames.
    pub fn frames_after(&self, seen: usize) -> Vec<Value> {
        self.heard.borrow().frames.iter().skip(seen).cloned().collect()
    }

    /// How many frames were heard so far.
    pub fn count(&self) -> usize {
        self.heard.borrow().frames.len()
    }

    /// Waits until `look` finds something in what was heard.
    ///
    /// # Panics
    /// When it does not in time.
    pub async fn until<T>(&self, what: &str, look: impl Fn(&[Value]) -> Option<T>) -> T {
        let mut heard = self.heard.subscribe();
        let found = tokio::time::timeout(DEADLINE, async {
            loop {
                {
                    let now = heard.borrow_and_update();
                    if let Some(found) = look(&now.frames) {
                        return Some(found);
                    }
                    if now.line != Line::Open {
                        return None;
                    }
                }
                if heard.changed().await.is_err() {
                    return None;
                }
            }
        })
        .await;
        match found {
            Ok(Some(found)) => found,
            _ => panic!("the socket waited in vain for {what}; it heard {:#?}", self.heard.borrow()),
        }
    }

    /// The first frame of this type.
    pub async fn frame(&self, kind: &str) -> Value {
        self.until(kind, |frames| frames.iter().find(|frame| frame["type"] == kind).cloned()).await
    }

    /// The first frame after `seen` frames that fits.
    pub async fn next(&self, seen: usize, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.until(what, |frames| frames.iter().skip(seen).find(|frame| fits(frame)).cloned()).await
    }

    /// Sends a message frame and waits for its ack, or its error.
    pub async fn send(&self, mut frame: Value) -> Value {
        let reference = fresh().to_string();
        frame["type"] = json!("send");
        frame["ref"] = json!(reference);
        self.say(frame);
        self.until("an answer to a send", |frames| {
            frames.iter().find(|frame| frame["ref"] == reference.as_str()).cloned()
        })
        .await
    }

    /// Asks for a pong: whatever was said before it has been answered then. And for another one: what waited to be written goes
    /// out behind the first.
    pub async fn catch_up(&self) {
        let pongs = |frames: &[Value]| frames.iter().filter(|frame| frame["type"] == "pong").count();
        for _ in 0..2 {
            let before = pongs(&self.frames());
            self.say(json!({ "type": "ping" }));
            self.until("a pong", |frames| (pongs(frames) > before).then_some(())).await;
        }
    }

    /// The close code, once the server has closed.
    pub async fn closed(&self) -> Option<u16> {
        self.closed_within(DEADLINE).await
    }

    /// The same, sooner or later than usual.
    pub async fn closed_within(&self, limit: Duration) -> Option<u16> {
        let mut heard = self.heard.subscribe();
        within(limit, "the server closes the socket", async {
            match heard.wait_for(|heard| heard.line != Line::Open).await.unwrap().line {
                Line::Open => None,
                Line::Closed(code) => code,
            }
        })
        .await
    }

    /// Whether the socket is still open.
    pub fn is_open(&self) -> bool {
        self.heard.borrow().line == Line::Open
    }

    /// The messages of a conversation that were heard, by place: what a client that drops doubles shows.
    ///
    /// # Panics
    /// When one place held two different messages.
    pub fn thread(&self, conversation: &str) -> BTreeMap<i64, Value> {
        thread(&self.frames(), conversation)
    }
}

pub(crate) fn thread(frames: &[Value], conversation: &str) -> BTreeMap<i64, Value> {
    let mut places: BTreeMap<i64, Value> = BTreeMap::new();
    let of = |frame: &&Value| frame["conversation_id"] == conversation;
    for frame in frames.iter().filter(of) {
        let messages: Vec<&Value> = match frame["type"].as_str() {
            Some("message.created" | "ack") => vec![&frame["message"]],
            Some("resumed") => frame["messages"].as_array().unwrap().iter().collect(),
            _ => Vec::new(),
        };
        for message in messages {
            let earlier = places.insert(message["seq"].as_i64().unwrap(), message.clone());
            assert!(earlier.is_none_or(|earlier| earlier["id"] == message["id"]), "one place, two messages: {message}");
        }
    }
    places
}
