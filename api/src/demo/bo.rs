//! Bo Jensen, the demo's second agent: answers what is assigned to him, asks Mei when he must, and helps when she is busy.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use infra::Chance;
use infra::http::reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::doors::{DoorError, Keyring};
use super::frames::{Bubble, Thread};
use super::line::{self, Hand, News};
use super::script::{self, Step};
use super::stage::{Stage, short};
use super::visitor::typing_time;

/// How many conversations he types in at once.
const HANDS: usize = 4;
/// How many unanswered visitors he leaves to Mei before he helps.
const LEFT_TO_MEI: usize = 4;
/// How long a visitor waits for Mei before Bo thinks of helping.
const PATIENCE: chrono::TimeDelta = chrono::TimeDelta::seconds(45);
/// How long a visitor who was answered may say nothing before Bo takes them for gone: a day that was cut short leaves such.
const GONE_AFTER: chrono::TimeDelta = chrono::TimeDelta::seconds(75);
/// How many he takes over at one glance.
const HELP_WITH: usize = 3;
/// How often he looks over Mei's shoulder.
const GLANCE: Duration = Duration::from_secs(15);

/// Somebody of the company.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Colleague {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
}

#[derive(Deserialize)]
struct List<T> {
    data: Vec<T>,
}

/// Bo, signed in.
pub(super) struct Bo {
    pub(super) stage: Arc<Stage>,
    pub(super) keys: Arc<Keyring>,
    pub(super) chance: Chance,
    pub(super) me: Colleague,
    pub(super) mei: Colleague,
    hands: Semaphore,
    /// Conversations he is busy with; true when he is to look at one again afterwards.
    busy: Mutex<HashMap<String, bool>>,
}

impl Bo {
    pub(super) fn new(stage: Arc<Stage>, keys: Arc<Keyring>, chance: Chance, me: Colleague, mei: Colleague) -> Self {
        Self { stage, keys, chance, me, mei, hands: Semaphore::new(HANDS), busy: Mutex::default() }
    }

    /// Works until the play is over.
    pub(super) async fn work(self: Arc<Self>) -> Result<(), DoorError> {
        let online = json!({ "availability": "online" });
        let _: Value = self.keys.call(Method::PUT, "/v1/agents/me/availability", Some(online)).await?;
        let (hand, mut news) =
            line::open(&self.stage.doors, Arc::clone(&self.keys), self.chance.clone(), &self.stage.tracker);
        let mut mine = HashSet::new();
        let mut connections = 0;
        let mut glance = tokio::time::interval(GLANCE);
        loop {
            let heard = tokio::select! {
                () = self.stage.doors.over.cancelled() => return Err(DoorError::Over),
                _ = glance.tick() => {
                    self.tidy().await?;
                    self.relieve_mei().await?;
                    continue;
                }
                heard = news.recv() => heard.ok_or(DoorError::Over)?,
            };
            match heard {
                News::Up => {
                    connections += 1;
                    if connections > 1 {
                        self.stage.count(|tally| tally.outages += 1);
                        self.stage.comment(
                            "!",
                            &format!("the server was away; {} is back, and so are the visitors", self.me.name),
                        );
                    }
                    for thread in self.open_of("me").await? {
                        mine.insert(thread.id.clone());
                        self.attend(&hand, thread.id);
                    }
                }
                News::Thread(thread) => {
                    let his = thread.assignee_id.as_ref() == Some(&self.me.id) && thread.status == "open";
                    if !his {
                        mine.remove(&thread.id);
                    } else if mine.insert(thread.id.clone()) {
                        self.attend(&hand, thread.id);
                    }
                }
                News::Message { conversation, message } => {
                    if message.is_incoming() && mine.contains(&conversation) {
                        self.attend(&hand, conversation);
                    }
                }
                News::Reset => {
                    for id in mine.iter().cloned() {
                        self.attend(&hand, id);
                    }
                }
                News::Refused { code } => {
                    self.stage.comment("!", &format!("{}: a message was refused ({code})", self.me.name));
                }
                News::Typing(_) => {}
            }
        }
    }

    async fn open_of(&self, whom: &str) -> Result<Vec<Thread>, DoorError> {
        let path = format!("/v1/conversations?status=open&assignee={whom}&limit=100");
        self.keys.call(Method::GET, &path, None).await.map(|list: List<Thread>| list.data)
    }

    /// Looks at a conversation, now or once he is done with what he is doing there.
    fn attend(self: &Arc<Self>, hand: &Hand, id: String) {
        {
            let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(again) = busy.get_mut(&id) {
                *again = true;
                return;
            }
            busy.insert(id.clone(), false);
        }
        let (bo, hand) = (Arc::clone(self), hand.clone());
        self.stage.tracker.spawn(async move {
            loop {
                match bo.serve(&hand, &id).await {
                    Ok(()) | Err(DoorError::Over) => {}
                    Err(error) => bo.stage.comment("!", &format!("{}: {error}", bo.me.name)),
                }
                let mut busy = bo.busy.lock().unwrap_or_else(PoisonError::into_inner);
                match busy.get_mut(&id) {
                    Some(again) if *again => *again = false,
                    _ => {
                        busy.remove(&id);
                        return;
                    }
                }
            }
        });
    }

    /// Answers what is unanswered in a conversation.
    async fn serve(&self, hand: &Hand, id: &str) -> Result<(), DoorError> {
        let free = self.stage.doors.over.run_until_cancelled(self.hands.acquire()).await;
        let _hand = free.ok_or(DoorError::Over)?.map_err(|_| DoorError::Over)?;
        self.stage.doors.pause(self.between(900, 2600)).await?;
        let Some(thread) = self.if_mine(id).await? else { return Ok(()) };
        let path = format!("/v1/conversations/{id}");
        let list: List<Bubble> = self.keys.call(Method::GET, &format!("{path}/messages?limit=50"), None).await?;
        hand.watch(id, thread.last_seq);
        hand.read(id, thread.last_seq);
        let unanswered: Vec<&Bubble> = list
            .data
            .iter()
            .rev()
            .take_while(|message| !message.is_reply())
            .filter(|message| message.is_incoming())
            .collect();
        if unanswered.is_empty() {
            return Ok(());
        }
        match unanswered.iter().find_map(|message| self.stage.book.answer(&message.text)) {
            Some(steps) => self.answer(hand, &thread, steps).await,
            None => self.pass_on(hand, &thread, unanswered.first().map_or("", |message| &message.text)).await,
        }
    }

    async fn answer(&self, hand: &Hand, thread: &Thread, steps: &[Step]) -> Result<(), DoorError> {
        for step in steps {
            match step {
                Step::Agent(text) => {
                    if !self.reply(hand, thread, text).await? {
                        return Ok(());
                    }
                }
                Step::Note(text) => self.note(hand, thread, text).await?,
                Step::Priority(priority) => {
                    self.put(thread, "priority", json!({ "priority": priority })).await?;
                }
                Step::ToMei => self.hand_over(thread).await?,
                Step::Resolve => {
                    self.stage.doors.pause(self.between(3500, 5500)).await?;
                    self.resolve(thread).await?;
                }
                Step::Visitor(_) | Step::Rate(..) | Step::Snooze => {}
            }
        }
        Ok(())
    }

    /// Something that is in no story, perhaps from a guest who tries the widget.
    async fn pass_on(&self, hand: &Hand, thread: &Thread, question: &str) -> Result<(), DoorError> {
        if !self.reply(hand, thread, script::passing_on(question)).await? {
            return Ok(());
        }
        self.note(hand, thread, "Not in my notes. Mei, over to you.").await?;
        self.hand_over(thread).await
    }

    /// Types and sends; false when it is not his any more.
    async fn reply(&self, hand: &Hand, thread: &Thread, text: &str) -> Result<bool, DoorError> {
        let mut left = typing_time(text, &self.chance);
        while !left.is_zero() {
            hand.typing(&thread.id, true);
            let part = left.min(Duration::from_secs(4));
            self.stage.doors.pause(part).await?;
            left = left.saturating_sub(part);
        }
        // Somebody may have taken it over while he typed.
        if self.if_mine(&thread.id).await?.is_none() {
            hand.typing(&thread.id, false);
            return Ok(false);
        }
        hand.send(self.chance.uuid(self.stage.doors.clock.now()), Some(&thread.id), text, false);
        self.stage.count(|tally| tally.replies += 1);
        self.stage.comment("←", &format!("{} to {}: “{}”", self.me.name, thread.visitor(), short(text)));
        self.stage.doors.pause(self.between(500, 1200)).await?;
        Ok(true)
    }

    /// A conversation as it is now, if it is open and his.
    async fn if_mine(&self, id: &str) -> Result<Option<Thread>, DoorError> {
        let thread: Thread = self.keys.call(Method::GET, &format!("/v1/conversations/{id}"), None).await?;
        Ok(Some(thread).filter(|thread| thread.assignee_id.as_ref() == Some(&self.me.id) && thread.status == "open"))
    }

    async fn note(&self, hand: &Hand, thread: &Thread, text: &str) -> Result<(), DoorError> {
        self.stage.doors.pause(typing_time(text, &self.chance) / 3).await?;
        hand.send(self.chance.uuid(self.stage.doors.clock.now()), Some(&thread.id), text, true);
        self.stage.count(|tally| tally.notes += 1);
        self.stage.comment("✎", &format!("{} notes: “{}”", self.me.name, short(text)));
        Ok(())
    }

    async fn hand_over(&self, thread: &Thread) -> Result<(), DoorError> {
        self.stage.doors.pause(self.between(800, 1600)).await?;
        self.put(thread, "assignee", json!({ "agent_id": self.mei.id })).await?;
        self.stage.count(|tally| tally.handed_over += 1);
        self.stage.comment(
            "⇢",
            &format!("{} passes {} on to {}, who may answer now", self.me.name, thread.visitor(), self.mei.name),
        );
        Ok(())
    }

    async fn put(&self, thread: &Thread, what: &str, ask: Value) -> Result<(), DoorError> {
        let path = format!("/v1/conversations/{}/{what}", thread.id);
        self.keys.call::<Value>(Method::PUT, &path, Some(ask)).await.map(drop)
    }

    /// Resolves what has gone quiet, so that there is room for those who come.
    async fn tidy(&self) -> Result<(), DoorError> {
        let before = self.stage.doors.clock.now() - GONE_AFTER;
        for thread in self.open_of("me").await? {
            if thread.waiting_since.is_none() && thread.last_activity_at.is_some_and(|at| at < before) {
                self.resolve(&thread).await?;
            }
        }
        Ok(())
    }

    async fn resolve(&self, thread: &Thread) -> Result<(), DoorError> {
        self.put(thread, "status", json!({ "status": "resolved" })).await?;
        self.stage.count(|tally| tally.resolved += 1);
        self.stage.comment("✓", &format!("{} resolves the conversation with {}", self.me.name, thread.visitor()));
        Ok(())
    }

    /// Takes over those who wait longest for Mei when she has many, if he knows what to say.
    async fn relieve_mei(&self) -> Result<(), DoorError> {
        let before = self.stage.doors.clock.now() - PATIENCE;
        let mut waiting = self.open_of(&self.mei.id).await?;
        waiting.retain(|thread| thread.waiting_since.is_some_and(|since| since < before));
        waiting.sort_by_key(|thread| thread.waiting_since);
        let many = waiting.len().saturating_sub(LEFT_TO_MEI);
        let mut left = many.min(HELP_WITH);
        for thread in waiting {
            if left == 0 {
                break;
            }
            let path = format!("/v1/conversations/{}/messages?limit=20", thread.id);
            let list: List<Bubble> = self.keys.call(Method::GET, &path, None).await?;
            let mut asked = list.data.iter().rev().filter(|message| message.is_incoming());
            let known = asked.find_map(|message| self.stage.book.answer(&message.text));
            let passed_on = list.data.iter().any(|message| message.private);
            if known.is_some_and(|steps| !steps.is_empty()) && !passed_on {
                self.put(&thread, "assignee", json!({ "agent_id": self.me.id })).await?;
                left -= 1;
                self.stage.count(|tally| tally.taken_over += 1);
                self.stage
                    .comment("⇠", &format!("{} helps {} out with {}", self.me.name, self.mei.name, thread.visitor()));
            }
        }
        Ok(())
    }

    fn between(&self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.chance.below(most.saturating_sub(least)))
    }
}
