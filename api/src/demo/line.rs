//! A socket that stays open: it comes back after an outage, asks for what it missed, and sends again what nobody confirmed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use infra::Chance;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::doors::{DoorError, Doors, Keyring};
use super::frames::{Bubble, Frame, Thread};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How often to ping.
const BEAT: Duration = Duration::from_secs(20);
/// A server that was silent for so long is gone.
const SILENCE: Duration = Duration::from_secs(50);
/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(8);

/// What a line is told to do.
enum Order {
    /// A message: sent until it is confirmed.
    Send { id: Uuid, frame: Value },
    /// A frame that is not worth repeating.
    Say(Value),
    /// This conversation is on the screen, seen up to here.
    Watch { conversation: String, seq: i64 },
}

/// What a line tells.
pub(super) enum News {
    /// Connected, or connected again.
    Up,
    /// A message, each one once and in order.
    Message { conversation: String, message: Bubble },
    /// A conversation as it is now.
    Thread(Thread),
    /// The other side began or ended typing.
    Typing(bool),
    /// So much was missed that it must be loaded anew.
    Reset,
    /// A message was refused, for good.
    Refused { code: String },
}

/// Gives orders to a line. When the last one is dropped, the line hangs up.
#[derive(Clone)]
pub(super) struct Hand(UnboundedSender<Order>);

impl Hand {
    fn order(&self, order: Order) {
        // A line that has ended is one that the play's end has cut.
        drop(self.0.send(order));
    }

    /// Writes a message; visitors name no conversation.
    pub(super) fn send(&self, id: Uuid, conversation: Option<&str>, text: &str, private: bool) {
        let mut frame = json!({ "type": "send", "client_message_id": id, "text": text });
        if let (Some(conversation), Some(fields)) = (conversation, frame.as_object_mut()) {
            fields.insert("conversation_id".into(), conversation.into());
            fields.insert("private".into(), private.into());
        }
        self.order(Order::Send { id, frame });
    }

    /// Begins or ends typing.
    pub(super) fn typing(&self, conversation: &str, on: bool) {
        self.order(Order::Say(json!({ "type": "typing", "conversation_id": conversation, "on": on })));
    }

    /// Has read up to a place.
    pub(super) fn read(&self, conversation: &str, seq: i64) {
        self.order(Order::Say(json!({ "type": "read", "conversation_id": conversation, "seq": seq })));
    }

    /// Has received up to a place.
    pub(super) fn delivered(&self, conversation: &str, seq: i64) {
        self.order(Order::Say(json!({ "type": "delivered", "conversation_id": conversation, "seq": seq })));
    }

    /// Has this conversation on the screen.
    pub(super) fn watch(&self, conversation: &str, seq: i64) {
        self.order(Order::Watch { conversation: conversation.to_owned(), seq });
    }
}

struct Line {
    doors: Doors,
    keys: Arc<Keyring>,
    chance: Chance,
    orders: UnboundedReceiver<Order>,
    news: UnboundedSender<News>,
    /// The newest place seen of each conversation on the screen.
    seen: BTreeMap<String, i64>,
    /// Messages that nobody has confirmed yet, in the order written.
    unsent: Vec<(Uuid, Value)>,
    welcomed: bool,
    refused: bool,
}

enum Ended {
    /// For good.
    Over,
    /// Come back, at the earliest after this time.
    Lost(Option<Duration>),
}

/// Opens a line in the tracker's care.
pub(super) fn open(
    doors: &Doors,
    keys: Arc<Keyring>,
    chance: Chance,
    tracker: &TaskTracker,
) -> (Hand, UnboundedReceiver<News>) {
    let (hand, orders) = unbounded_channel();
    let (news, heard) = unbounded_channel();
    let line = Line {
        doors: doors.clone(),
        keys,
        chance,
        orders,
        news,
        seen: BTreeMap::new(),
        unsent: Vec::new(),
        welcomed: false,
        refused: false,
    };
    tracker.spawn(line.stay());
    (Hand(hand), heard)
}

impl Line {
    async fn stay(mut self) {
        let mut wait = Duration::from_millis(300);
        loop {
            self.welcomed = false;
            let after = match self.talk().await {
                Ended::Over => return,
                Ended::Lost(after) => after,
            };
            if std::mem::take(&mut self.refused) {
                self.keys.forget().await;
            }
            wait = if self.welcomed { Duration::from_millis(300) } else { (wait * 2).min(Duration::from_secs(5)) };
            let jitter = Duration::from_millis(self.chance.below(400));
            if self.doors.pause(after.unwrap_or(wait) + jitter).await.is_err() {
                return;
            }
        }
    }

    async fn talk(&mut self) -> Ended {
        let token = match self.keys.token().await {
            Ok(token) => token,
            Err(DoorError::Over) => return Ended::Over,
            Err(_) => return Ended::Lost(None),
        };
        let address = format!("{}/v1/realtime", self.doors.base.replacen("http", "ws", 1));
        let Ok(Ok((mut socket, _))) = timeout(CONNECT_WITHIN, connect_async(&address)).await else {
            return Ended::Lost(None);
        };
        let hello = json!({ "type": "hello", "protocol": 1, "token": token, "resume": self.seen });
        if write(&mut socket, &hello).await.is_none() {
            return Ended::Lost(None);
        }
        let ended = self.converse(&mut socket, token).await;
        drop(timeout(Duration::from_secs(1), socket.close(None)).await);
        ended
    }

    async fn converse(&mut self, socket: &mut Socket, mut token: String) -> Ended {
        let over = self.doors.over.clone();
        let mut beat = tokio::time::interval_at(Instant::now() + BEAT, BEAT);
        let mut heard = Instant::now();
        loop {
            let frames = tokio::select! {
                () = over.cancelled() => return Ended::Over,
                order = self.orders.recv(), if self.welcomed => match order {
                    Some(order) => self.follow(order),
                    None => return Ended::Over,
                },
                received = socket.next() => {
                    heard = Instant::now();
                    match received {
                        Some(Ok(Message::Text(text))) => match self.hear(text.as_str()) {
                            Ok(frames) => frames,
                            Err(ended) => return ended,
                        },
                        None | Some(Err(_) | Ok(Message::Close(_))) => return Ended::Lost(None),
                        Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Vec::new(),
                    }
                }
                _ = beat.tick() => {
                    if heard.elapsed() > SILENCE {
                        return Ended::Lost(None);
                    }
                    self.beat(&mut token).await
                }
            };
            for frame in frames {
                if write(socket, &frame).await.is_none() {
                    return Ended::Lost(None);
                }
            }
        }
    }

    /// Still here; with a fresh token when the old one ends soon, and once more with what was to be tried again.
    async fn beat(&mut self, token: &mut String) -> Vec<Value> {
        let mut frames = vec![json!({ "type": "ping" })];
        if let Ok(fresh) = self.keys.token().await
            && fresh != *token
        {
            token.clone_from(&fresh);
            frames.push(json!({ "type": "renew", "token": fresh }));
        }
        frames.extend(self.unsent.iter().map(|(_, frame)| frame.clone()));
        frames
    }

    fn follow(&mut self, order: Order) -> Vec<Value> {
        match order {
            Order::Send { id, frame } => {
                self.unsent.push((id, frame.clone()));
                vec![frame]
            }
            Order::Say(frame) => vec![frame],
            Order::Watch { conversation, seq } => {
                let seen = self.seen.entry(conversation).or_insert(seq);
                *seen = seq.max(*seen);
                Vec::new()
            }
        }
    }

    fn hear(&mut self, text: &str) -> Result<Vec<Value>, Ended> {
        let Ok(frame) = serde_json::from_str::<Frame>(text) else { return Ok(Vec::new()) };
        match frame {
            Frame::Welcome {} => {
                self.welcomed = true;
                self.tell(News::Up);
                Ok(self.unsent.iter().map(|(_, frame)| frame.clone()).collect())
            }
            Frame::Ack { client_message_id, conversation_id, message } => {
                self.unsent.retain(|(id, _)| *id != client_message_id);
                Ok(self.take(conversation_id, message))
            }
            Frame::Message { conversation_id, message } => Ok(self.take(conversation_id, message)),
            Frame::Resumed { conversation_id, messages, conversation } => {
                for message in messages {
                    self.pass_on(&conversation_id, message);
                }
                self.tell(News::Thread(conversation));
                Ok(Vec::new())
            }
            Frame::Reset { conversation_id } => {
                self.seen.remove(&conversation_id);
                self.tell(News::Reset);
                Ok(Vec::new())
            }
            Frame::Thread { conversation } => {
                self.tell(News::Thread(conversation));
                Ok(Vec::new())
            }
            Frame::Typing { by, on } => {
                if by.kind == "agent" {
                    self.tell(News::Typing(on));
                }
                Ok(Vec::new())
            }
            Frame::Error { code, client_message_id, retry_after_ms } => {
                self.refused |= code == "token_invalid";
                // What may succeed later stays unsent, and goes out again with the next beat.
                if let (Some(refused), None) = (client_message_id, retry_after_ms) {
                    self.unsent.retain(|(id, _)| *id != refused);
                    self.tell(News::Refused { code });
                }
                Ok(Vec::new())
            }
            Frame::Reconnect { after_ms } => Err(Ended::Lost(Some(Duration::from_millis(after_ms)))),
            Frame::Other => Ok(Vec::new()),
        }
    }

    /// A message that came by itself: passed on when it is the next one, asked for when some are missing before it.
    fn take(&mut self, conversation: String, message: Bubble) -> Vec<Value> {
        match self.seen.get(&conversation) {
            Some(seen) if message.seq > seen + 1 => {
                vec![json!({ "type": "resume", "conversations": { conversation: seen } })]
            }
            Some(_) | None => {
                self.pass_on(&conversation, message);
                Vec::new()
            }
        }
    }

    fn pass_on(&mut self, conversation: &str, message: Bubble) {
        if let Some(seen) = self.seen.get_mut(conversation) {
            if message.seq <= *seen {
                return;
            }
            *seen = message.seq;
        }
        self.tell(News::Message { conversation: conversation.to_owned(), message });
    }

    fn tell(&self, news: News) {
        // Nobody listens any more when the play ends.
        drop(self.news.send(news));
    }
}

async fn write(socket: &mut Socket, frame: &Value) -> Option<()> {
    timeout(CONNECT_WITHIN, socket.send(Message::text(frame.to_string()))).await.ok()?.ok()
}
