//! Coming in: a visitor by the company's key and what the browser keeps, an agent by the session's cookie.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use uuid::Uuid;

use super::line::Awaited;
use super::{Client, Sent};
use crate::frame::Message;
use crate::http::{Http, Reply, insist};
use crate::ids;
use crate::oplog::What;
use crate::outcome::{Doing as _, Outcome};
use crate::stage::{Tenant, signed_in};

/// An agent's token lives for 15 minutes, a visitor's for an hour; both are renewed in time.
const AGENT_RENEWS: Duration = Duration::from_mins(10);
const VISITOR_RENEWS: Duration = Duration::from_mins(45);
/// How long somebody who is refused for now keeps knocking. Many visitors at once fill a minute's allowance.
const PATIENCE: Duration = Duration::from_secs(150);

/// What a client keeps to come in again.
#[derive(Debug)]
pub(super) struct Entry {
    key: Option<String>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Clone)]
struct Kept {
    token: String,
    since: Instant,
    /// The browser's secret, or the session's cookie.
    secret: String,
}

#[derive(Deserialize)]
struct WidgetSession {
    token: String,
    #[serde(default)]
    secret: Option<String>,
    conversation: Option<Conversation>,
}

#[derive(Deserialize)]
struct Conversation {
    id: String,
}

#[derive(Deserialize)]
struct Posted<'a> {
    conversation: Conversation,
    #[serde(borrow)]
    message: Message<'a>,
}

#[derive(Deserialize)]
struct Span<'a> {
    #[serde(borrow)]
    data: Vec<Message<'a>>,
    has_more: bool,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    last_seq: i64,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Listed>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
}

impl Entry {
    pub(super) fn agent(tenant: &Tenant) -> Self {
        let owner = &tenant.owner;
        let kept = Kept { token: owner.token.clone(), since: owner.since, secret: owner.cookie.clone() };
        Self { key: None, kept: Mutex::new(kept) }
    }

    pub(super) async fn visitor(to: SocketAddr, from: IpAddr, tenant: &Tenant) -> Outcome<(Self, Option<Uuid>)> {
        let mut http = Http::new(from, to, Some(tenant.guard.clone()));
        let ask = format!(r#"{{"key":"{}","locale":"en"}}"#, tenant.key);
        let reply = insist(&mut http, "POST", "/v1/widget/session", &ask, PATIENCE).await?;
        let session: WidgetSession = reply.read().doing(|| "come in as a visitor".to_owned())?;
        let chat = session.conversation.and_then(|conversation| ids::decode(&conversation.id));
        let kept = Kept { token: session.token, since: Instant::now(), secret: session.secret.unwrap_or_default() };
        Ok((Self { key: Some(tenant.key.clone()), kept: Mutex::new(kept) }, chat))
    }

    /// The same in another tab of the same browser.
    pub(super) fn in_a_tab(&self) -> Self {
        Self { key: self.key.clone(), kept: Mutex::new(self.kept()) }
    }

    fn kept(&self) -> Kept {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn renews_after(&self) -> Duration {
        if self.key.is_some() { VISITOR_RENEWS } else { AGENT_RENEWS }
    }

    /// Whether the token is to be renewed soon.
    pub(super) fn is_old(&self) -> bool {
        self.kept().since.elapsed() > self.renews_after()
    }

    /// The server does not take the token any more.
    pub(super) fn is_refused(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(long_ago) = Instant::now().checked_sub(VISITOR_RENEWS * 2) {
            kept.since = long_ago;
        }
    }

    /// A token that is good for a while.
    pub(super) async fn token(&self, client: &Client, to: SocketAddr) -> Outcome<String> {
        let kept = self.kept();
        if kept.since.elapsed() <= self.renews_after() {
            return Ok(kept.token);
        }
        let mut http = Http::new(client.from, to, Some(client.guard.clone()));
        let fresh = if let Some(key) = &self.key {
            let ask = format!(r#"{{"key":"{key}","secret":"{}"}}"#, kept.secret);
            let session: WidgetSession = ask_of(client, &mut http, "POST", "/v1/widget/session", &ask).await?.read()?;
            Kept { token: session.token, since: Instant::now(), secret: kept.secret }
        } else {
            let mut http = http.with_header("X-Frontdesk", "1").with_header("Cookie", &kept.secret);
            let (login, _) = signed_in(&ask_of(client, &mut http, "POST", "/v1/auth/refresh", "").await?)?;
            Kept { token: login.token, since: login.since, secret: login.cookie }
        };
        let token = fresh.token.clone();
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(token)
    }

    pub(super) async fn http(&self, client: &Client) -> Outcome<Http> {
        let to = client.play.target()?;
        let token = self.token(client, to).await?;
        Ok(Http::new(client.from, to, Some(client.guard.clone())).with_token(&token))
    }

    /// Posts a message until its outcome is known.
    pub(super) async fn post(&self, client: &Client, id: Uuid, text: &str) -> Outcome<(Sent, Option<Uuid>)> {
        let body = format!(r#"{{"client_message_id":"{id}","text":"{text}"}}"#);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = match self.http(client).await {
                Ok(mut http) => ask_of(client, &mut http, "POST", "/v1/widget/messages", &body).await,
                Err(error) => Err(error),
            };
            let wait = match answer {
                Ok(reply) if reply.is_ok() => {
                    let posted: Posted = serde_json::from_slice(&reply.body).doing(|| "read an answer".to_owned())?;
                    let chat = ids::decode(&posted.conversation.id).doing(|| "read an id".to_owned())?;
                    client.take(chat, posted.message.seq, posted.message.uuid());
                    return Ok((Sent::At(posted.message.seq), Some(chat)));
                }
                Ok(reply) if reply.status < 500 && reply.status != 429 => {
                    let problem: Option<Problem> = serde_json::from_slice(&reply.body).ok();
                    let code = problem.map_or_else(|| reply.status.to_string(), |problem| problem.code);
                    return Ok((Sent::Refused(code), None));
                }
                Ok(reply) => reply.retry_after().unwrap_or(Duration::from_millis(500)),
                Err(_) => Duration::from_millis(300),
            };
            client.play.tally.unknown.up();
            client.note(What::Unknown, id, None, 0);
            if Instant::now() > deadline {
                return Err(crate::Failed::because("the outcome of a send stays unknown"));
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Loads a conversation from its beginning.
    pub(super) async fn load(&self, client: &Client, conversation: Uuid) -> Outcome<Vec<(i64, Uuid)>> {
        let mut http = self.http(client).await?;
        let mut messages: Vec<(i64, Uuid)> = Vec::new();
        loop {
            let after = messages.last().map_or(0, |(seq, _)| *seq);
            let (next, more) = page(client, &mut http, conversation, after).await?;
            let ends = !more || next.is_empty();
            messages.extend(next);
            if ends {
                return Ok(messages);
            }
        }
    }

    /// Every conversation of the company, as the console lists them, with its newest place.
    pub(super) async fn conversations(&self, client: &Client) -> Outcome<Vec<(Uuid, i64)>> {
        let mut http = self.http(client).await?;
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/conversations?limit=100{cursor}");
            let page: Page = ask_of(client, &mut http, "GET", &path, "").await?.read()?;
            found.extend(page.data.iter().filter_map(|listed| Some((ids::decode(&listed.id)?, listed.last_seq))));
            let Some(next) = page.next_cursor else { return Ok(found) };
            cursor = format!("&cursor={next}");
        }
    }
}

/// The next messages of a conversation behind a place, and whether there are more.
pub(super) async fn page(
    client: &Client,
    http: &mut Http,
    conversation: Uuid,
    after: i64,
) -> Outcome<(Vec<(i64, Uuid)>, bool)> {
    let door = if client.is_agent { "/v1/conversations" } else { "/v1/widget/conversations" };
    let path = format!("{door}/{}/messages?limit=100&after_seq={after}", ids::conversation(conversation));
    let reply = ask_of(client, http, "GET", &path, "").await?;
    let span: Span = serde_json::from_slice(&reply.body).doing(|| format!("read {path}"))?;
    Ok((span.data.iter().map(|message| (message.seq, message.uuid())).collect(), span.has_more))
}

/// Asks, and counts what is not answered in time.
async fn ask_of(client: &Client, http: &mut Http, method: &str, path: &str, body: &str) -> Outcome<Reply> {
    let mut asked = Awaited::since(Instant::now(), &client.play.tally);
    let answer = http.ask(method, path, body).await;
    asked.is_answered();
    answer
}
