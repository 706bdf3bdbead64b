//! A visitor: looks around, asks, waits, goes on when answered, rates, and sometimes comes back.

use std::sync::Arc;
use std::time::Duration;

use infra::Chance;
use infra::http::reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, timeout};

use super::doors::{DoorError, Identity, Keyring};
use super::frames::{Bubble, Thread};
use super::line::{self, Hand, News};
use super::script::{self, Person, Step, Story};
use super::stage::{Stage, short};

/// Somebody with a question.
pub(super) struct Visitor {
    pub(super) stage: Arc<Stage>,
    pub(super) person: Person,
    pub(super) story: Arc<Story>,
    pub(super) chance: Chance,
    /// The name of the agent that the play itself plays.
    pub(super) player: String,
}

#[derive(Deserialize)]
struct Session {
    token: String,
    expires_in: i64,
    #[serde(default)]
    secret: Option<String>,
    conversation: Option<Thread>,
}

#[derive(Deserialize)]
struct Sent {
    conversation: Thread,
    message: Bubble,
}

/// Says who they are: at once, once somebody has answered, or never.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manners {
    AtOnce,
    Later,
    Never,
}

/// How a wait ended.
#[derive(PartialEq, Eq)]
enum Waited {
    Answered,
    Resolved,
}

/// A visit in progress.
struct Visit<'a> {
    of: &'a Visitor,
    keys: Arc<Keyring>,
    hand: Hand,
    news: UnboundedReceiver<News>,
    conversation: Option<String>,
    name: String,
    /// Replies since the visitor last wrote.
    replies: u32,
    replied: Instant,
    typing_until: Instant,
    to_read: Option<(i64, Instant)>,
    resolved: bool,
    asked_to_rate: bool,
    connections: u32,
}

impl Visitor {
    /// Visits until the story or the play is over.
    pub(super) async fn visit(self) -> Result<(), DoorError> {
        let stage = &self.stage;
        let locale = &self.person.locale;
        let ask = json!({ "key": stage.key, "locale": locale, "page": script::front_page(locale) });
        let session: Session = stage.doors.call(Method::POST, "/v1/widget/session", None, Some(ask)).await?;
        let identity = Identity::Visitor { key: stage.key.clone(), secret: session.secret.unwrap_or_default() };
        let keys = Arc::new(Keyring::with(stage.doors.clone(), identity, session.token, session.expires_in));
        let (hand, news) = line::open(&stage.doors, Arc::clone(&keys), self.chance.clone(), &stage.tracker);
        stage.count(|tally| tally.visitors += 1);
        let now = Instant::now();
        let anonymous = if script::is_chinese(locale) { "一位访客" } else { "A visitor" };
        let mut visit = Visit {
            of: &self,
            keys,
            hand,
            news,
            conversation: None,
            name: anonymous.to_owned(),
            replies: 0,
            replied: now,
            typing_until: now,
            to_read: None,
            resolved: false,
            asked_to_rate: false,
            connections: 0,
        };
        visit.live().await
    }
}

impl Visit<'_> {
    async fn live(&mut self) -> Result<(), DoorError> {
        let mut manners = match self.of.chance.below(100) {
            0..70 => Manners::AtOnce,
            70..90 => Manners::Later,
            _ => Manners::Never,
        };
        if manners == Manners::AtOnce {
            self.introduce().await?;
        }
        let story = Arc::clone(&self.of.story);
        self.comment("·", &format!("{} looks at “{}”: {}", self.name, story.page.1, story.topic));
        self.listen(self.between(1500, 4000)).await?;
        let mut expecting = false;
        let mut cut_short = false;
        for step in &story.lines {
            match step {
                Step::Visitor(text) if !cut_short => {
                    self.write(text).await?;
                    expecting = true;
                }
                Step::Agent(_) if expecting && !cut_short => {
                    expecting = false;
                    cut_short = self.answer().await? == Waited::Resolved;
                    if manners == Manners::Later {
                        manners = Manners::Never;
                        self.introduce().await?;
                    }
                }
                Step::Resolve => self.end().await?,
                Step::Rate(stars, comment) => {
                    self.rate(*stars, comment).await?;
                    cut_short = false;
                }
                Step::Visitor(_) | Step::Agent(_) | Step::Note(_) | Step::Priority(_) | Step::ToMei | Step::Snooze => {}
            }
        }
        self.listen(self.between(2000, 5000)).await
    }

    fn between(&self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.of.chance.below(most.saturating_sub(least)))
    }

    fn comment(&self, mark: &str, what: &str) {
        self.of.stage.comment(mark, what);
    }

    async fn introduce(&mut self) -> Result<(), DoorError> {
        let person = &self.of.person;
        let ask = json!({ "name": person.name, "email": person.email });
        let _: Value = self.keys.call(Method::PATCH, "/v1/widget/contact", Some(ask)).await?;
        self.name.clone_from(&person.name);
        Ok(())
    }

    /// Types a line as fast as people do, and sends it.
    async fn write(&mut self, text: &str) -> Result<(), DoorError> {
        let again = std::mem::take(&mut self.resolved);
        if again {
            self.listen(self.between(6000, 14_000)).await?;
        }
        let until = Instant::now() + typing_time(text, &self.of.chance);
        while Instant::now() < until {
            if let Some(conversation) = &self.conversation {
                self.hand.typing(conversation, true);
            }
            let left = until.saturating_duration_since(Instant::now());
            self.listen(left.min(Duration::from_secs(4))).await?;
        }
        self.replies = 0;
        self.resolved = false;
        self.asked_to_rate = false;
        let id = self.of.chance.uuid(self.of.stage.doors.clock.now());
        if self.conversation.is_some() {
            self.hand.send(id, None, text, false);
        } else {
            self.open(id, text).await?;
        }
        let stage = &self.of.stage;
        stage.count(|tally| {
            tally.questions += 1;
            tally.reopened += u32::from(again);
        });
        let verb = if again { "comes back: " } else { "" };
        self.comment("→", &format!("{} {verb}“{}”", self.name, short(text)));
        Ok(())
    }

    /// The first message: it opens the conversation, and tells the page.
    async fn open(&mut self, id: uuid::Uuid, text: &str) -> Result<(), DoorError> {
        let front = script::front_page(&self.of.person.locale).url;
        let page = script::page(&self.of.story.page, &front);
        let ask = json!({ "client_message_id": id, "text": text, "page": page });
        let sent: Sent = self.keys.call(Method::POST, "/v1/widget/messages", Some(ask)).await?;
        self.hand.watch(&sent.conversation.id, sent.message.seq);
        self.conversation = Some(sent.conversation.id);
        Ok(())
    }

    /// Waits for an answer, and for its writer to have finished; asks once more when it takes long.
    async fn answer(&mut self) -> Result<Waited, DoorError> {
        let mut nudge = Some(Instant::now() + self.between(35_000, 60_000));
        let quiet = self.between(2500, 4500);
        loop {
            if self.resolved {
                return Ok(Waited::Resolved);
            }
            let now = Instant::now();
            if self.replies > 0 && now > self.replied + quiet && now > self.typing_until {
                return Ok(Waited::Answered);
            }
            if self.replies == 0 && now > self.typing_until && nudge.is_some_and(|at| now > at) {
                nudge = None;
                self.write(script::nudge(&self.of.person.locale)).await?;
            }
            self.listen(Duration::from_millis(400)).await?;
        }
    }

    /// Waits until the company ends the episode.
    async fn end(&mut self) -> Result<(), DoorError> {
        while !self.resolved {
            self.listen(Duration::from_millis(400)).await?;
        }
        Ok(())
    }

    async fn rate(&mut self, stars: i16, comment: &str) -> Result<(), DoorError> {
        self.end().await?;
        // Not everybody likes to be asked.
        if self.of.chance.below(10) == 0 {
            return Ok(());
        }
        self.listen(self.between(2500, 6000)).await?;
        let Some(conversation) = self.conversation.clone().filter(|_| self.asked_to_rate) else { return Ok(()) };
        let comment = Some(comment).filter(|comment| !comment.is_empty());
        let ask = json!({ "rating": stars, "comment": comment });
        let path = format!("/v1/widget/conversations/{conversation}/survey");
        match self.keys.call::<Value>(Method::POST, &path, Some(ask)).await {
            // Somebody has opened it again in the meantime.
            Err(DoorError::Refused { status: 409, .. }) => return Ok(()),
            other => other.map(drop)?,
        }
        self.of.stage.count(|tally| tally.ratings.push(stars));
        let shown = "★".repeat(usize::try_from(stars).unwrap_or(0));
        self.comment("★", &format!("{} rates {shown} {}", self.name, comment.unwrap_or_default()));
        Ok(())
    }

    /// Lives on for a while: hears, confirms, reads.
    async fn listen(&mut self, length: Duration) -> Result<(), DoorError> {
        let until = Instant::now() + length;
        loop {
            let left = until.saturating_duration_since(Instant::now()).min(Duration::from_millis(500));
            let heard = self.of.stage.doors.over.run_until_cancelled(timeout(left, self.news.recv())).await;
            match heard.ok_or(DoorError::Over)? {
                Ok(Some(news)) => self.take(news).await?,
                Ok(None) => return Err(DoorError::Over),
                Err(_) => {}
            }
            let now = Instant::now();
            if let (Some((seq, at)), Some(conversation)) = (self.to_read, &self.conversation)
                && now > at
            {
                self.hand.read(conversation, seq);
                self.to_read = None;
            }
            if now >= until {
                return Ok(());
            }
        }
    }

    async fn take(&mut self, news: News) -> Result<(), DoorError> {
        match news {
            News::Up => {
                self.connections += 1;
                if self.connections > 1 {
                    self.of.stage.count(|tally| tally.outages += 1);
                }
            }
            News::Message { conversation, message } => self.receive(&conversation, &message),
            News::Thread(thread) => self.look_at(&thread),
            News::Typing(on) => {
                self.typing_until = Instant::now() + Duration::from_secs(if on { 6 } else { 0 });
            }
            News::Reset => {
                let Identity::Visitor { key, secret } = self.keys.who() else { return Ok(()) };
                let ask = json!({ "key": key, "secret": secret });
                let here: Session =
                    self.of.stage.doors.call(Method::POST, "/v1/widget/session", None, Some(ask)).await?;
                if let Some(thread) = here.conversation {
                    self.hand.watch(&thread.id, thread.last_seq);
                    self.look_at(&thread);
                }
            }
            News::Refused { code } => self.comment("!", &format!("{}: a message was refused ({code})", self.name)),
        }
        Ok(())
    }

    fn look_at(&mut self, thread: &Thread) {
        self.resolved = thread.status == "resolved";
        self.asked_to_rate = thread.asks_for_rating();
    }

    fn receive(&mut self, conversation: &str, message: &Bubble) {
        if message.is_incoming() {
            return;
        }
        self.hand.delivered(conversation, message.seq);
        self.to_read = Some((message.seq, Instant::now() + self.between(600, 1800)));
        if !message.is_reply() {
            return;
        }
        self.replies += 1;
        self.replied = Instant::now();
        self.typing_until = self.replied;
        let writer = message.sender.name.as_deref().unwrap_or("somebody");
        if writer != self.of.player {
            self.of.stage.count(|tally| tally.by_others += 1);
            self.comment("♥", &format!("{writer} answers {}: “{}”", self.name, short(&message.text)));
        }
    }
}

/// How long a person types: quickly, because a demo is not to bore.
pub(super) fn typing_time(text: &str, chance: &Chance) -> Duration {
    let letters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX).min(400);
    let each = if script::looks_chinese(text) { 140 } else { 45 };
    let time = (letters * each).clamp(1200, 8000);
    Duration::from_millis(time * 4 / 5 + chance.below(time * 2 / 5))
}
