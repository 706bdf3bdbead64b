//! The people of a story. A visitor writes in the widget, an agent answers in the console; both over real sockets.

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::http::{Http, Reply};
use crate::shop::{PASSWORD, Shop};
use crate::socket::{Socket, thread};
use crate::wait::{eventually, fresh};

/// Someone on the company's website.
#[derive(Debug)]
pub struct Visitor {
    /// Their name, with the company's canary.
    pub name: String,
    /// Their id.
    pub id: String,
    /// What their browser keeps.
    pub secret: String,
    /// Their side of HTTP.
    pub http: Http,
    /// Their socket.
    pub socket: Socket,
    pub(crate) canary: String,
    pub(crate) key: String,
    pub(crate) chat: Mutex<Option<String>>,
}

impl Visitor {
    /// Writes a message, and has it acknowledged. Gives the message.
    pub async fn writes(&self, text: &str) -> Value {
        let text = marked(text, &self.canary);
        let answer = self.socket.send(json!({ "client_message_id": fresh(), "text": text })).await;
        assert_eq!(answer["type"], "ack", "{answer}");
        *self.chat.lock().unwrap() = answer["conversation_id"].as_str().map(ToOwned::to_owned);
        answer["message"].clone()
    }

    /// Writes a message over HTTP. Gives the answer.
    pub async fn posts(&self, text: &str) -> Reply {
        let body = json!({ "client_message_id": fresh(), "text": marked(text, &self.canary) });
        let reply = self.http.post("/v1/widget/messages", body).await;
        if let Some(id) = reply.json()["conversation"]["id"].as_str() {
            *self.chat.lock().unwrap() = Some(id.to_owned());
        }
        reply
    }

    /// The same, again with the same id for as long as the company has too much to do, as the widget does. Gives what came of it.
    pub async fn insists(&self, text: &str) -> Value {
        let body = json!({ "client_message_id": fresh(), "text": marked(text, &self.canary) });
        let taken = eventually("a message is taken", async || {
            let reply = self.http.post("/v1/widget/messages", body.clone()).await;
            (![429, 503].contains(&reply.status)).then(|| reply.ok())
        })
        .await;
        *self.chat.lock().unwrap() = taken["conversation"]["id"].as_str().map(ToOwned::to_owned);
        taken
    }

    /// Their conversation's id.
    ///
    /// # Panics
    /// When they have not written yet.
    pub fn chat(&self) -> String {
        self.chat.lock().unwrap().clone().expect("the visitor has written")
    }

    /// Waits until a message with this text is on the screen.
    pub async fn sees(&self, text: &str) -> Value {
        sees(&self.socket, &self.chat(), &marked(text, &self.canary)).await
    }

    /// Every text on the screen, in order.
    pub fn screen(&self) -> Vec<String> {
        texts(self.socket.thread(&self.chat()).values(), &self.canary)
    }

    /// The thread as HTTP tells it, in order.
    pub async fn thread(&self) -> Vec<Value> {
        let reply = self.http.get(&format!("/v1/widget/conversations/{}/messages?limit=100", self.chat())).await;
        reply.ok()["data"].as_array().unwrap().clone()
    }

    /// Opens the page again in the same browser: the same visitor, a new token and a new socket.
    pub async fn reloads(&mut self) -> Value {
        let body = json!({ "key": self.key, "secret": self.secret });
        let session = self.http.nobody().post("/v1/widget/session", body).await.ok();
        assert_eq!(session["contact_id"], self.id.as_str(), "the browser's secret finds its visitor");
        self.http.take(session["token"].as_str().unwrap());
        let resume = self.chat.lock().unwrap().clone().map_or(json!({}), |chat| json!({ chat: 0 }));
        self.socket = Socket::open(self.http.base(), self.http.guard().clone(), &self.http.token(), resume).await;
        session
    }
}

/// Someone who works for the company.
#[derive(Debug)]
pub struct Agent {
    /// Their name, with the company's canary.
    pub name: String,
    /// Their id in the company.
    pub id: String,
    /// Their address.
    pub email: String,
    /// Their side of HTTP.
    pub http: Http,
    /// The refresh cookie of their browser, as `name=value`.
    pub cookie: String,
    pub(crate) socket: Option<Socket>,
    pub(crate) canary: String,
}

impl Agent {
    /// Somebody who came in some other way, from the answer they got; connected.
    ///
    /// # Panics
    /// When it is no session.
    pub async fn signed_in(shop: &Shop, session: &Value) -> Self {
        let http = shop.stranger();
        http.take(session["access_token"].as_str().unwrap());
        let text = |pointer: &str| session.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let mut agent = Self {
            name: text("/me/agent/name"),
            id: text("/me/agent/id"),
            email: text("/me/user/email"),
            http,
            cookie: String::new(),
            socket: None,
            canary: shop.canary.clone(),
        };
        agent.connects().await;
        agent
    }

    /// Their socket.
    ///
    /// # Panics
    /// When they are not connected.
    pub fn socket(&self) -> &Socket {
        self.socket.as_ref().expect("the agent is connected")
    }

    /// Opens the console: they are here from now on.
    pub async fn connects(&mut self) {
        self.resumes(json!({})).await;
    }

    /// Opens the console having seen this much.
    pub async fn resumes(&mut self, seen: Value) {
        self.socket = Some(Socket::open(self.http.base(), self.http.guard().clone(), &self.http.token(), seen).await);
    }

    /// Opens the console at another server.
    pub async fn moves_to(&mut self, app: &TestApp, node: usize) {
        let http = Http::new(&app.base(node), self.http.guard().clone());
        http.take(&self.http.token());
        self.http = http;
        self.connects().await;
    }

    /// Closes the console.
    pub fn leaves(&mut self) {
        self.socket = None;
    }

    /// Signs in anew.
    pub async fn signs_in(&mut self) -> Reply {
        let reply =
            self.http.nobody().post("/v1/auth/login", json!({ "email": self.email, "password": PASSWORD })).await;
        if let Some(token) = reply.json()["access_token"].as_str() {
            self.http.take(token);
            self.cookie = reply.cookie().unwrap();
        }
        reply
    }

    /// Chooses `online` or `away`.
    pub async fn chooses(&self, availability: &str) {
        self.http.put("/v1/agents/me/availability", json!({ "availability": availability })).await.ok();
    }

    /// Replies, and has it acknowledged. Gives the message.
    pub async fn replies(&self, chat: &str, text: &str) -> Value {
        self.sends(chat, text, false).await
    }

    /// Writes a note among colleagues.
    pub async fn notes(&self, chat: &str, text: &str) -> Value {
        self.sends(chat, text, true).await
    }

    async fn sends(&self, chat: &str, text: &str, private: bool) -> Value {
        let frame = json!({
            "client_message_id": fresh(), "conversation_id": chat, "text": marked(text, &self.canary), "private": private,
        });
        let answer = self.socket().send(frame).await;
        assert_eq!(answer["type"], "ack", "{answer}");
        answer["message"].clone()
    }

    /// Waits until a message with this text is on the screen.
    pub async fn sees(&self, chat: &str, text: &str) -> Value {
        sees(self.socket(), chat, &marked(text, &self.canary)).await
    }

    /// Every text on the screen, in order; activity lines as they are.
    pub fn screen(&self, chat: &str) -> Vec<String> {
        texts(self.socket().thread(chat).values(), &self.canary)
    }

    /// Waits until the console shows that the conversation is theirs.
    pub async fn is_given(&self, chat: &str) -> Value {
        self.socket()
            .until("the conversation is mine", |frames| {
                newest(frames, chat).filter(|conversation| conversation["assignee_id"] == self.id.as_str()).cloned()
            })
            .await
    }

    /// The newest state of a conversation that the console was told.
    pub fn knows(&self, chat: &str) -> Option<Value> {
        newest(&self.socket().frames(), chat).cloned()
    }

    /// The conversation as HTTP tells it.
    pub async fn reads(&self, chat: &str) -> Value {
        self.http.get(&format!("/v1/conversations/{chat}")).await.ok()
    }

    /// Resolves a conversation.
    pub async fn resolves(&self, chat: &str) -> Value {
        self.http.put(&format!("/v1/conversations/{chat}/status"), json!({ "status": "resolved" })).await.ok()
    }

    /// The thread as HTTP tells it, in order.
    pub async fn thread(&self, chat: &str) -> Vec<Value> {
        let reply = self.http.get(&format!("/v1/conversations/{chat}/messages?limit=100")).await;
        reply.ok()["data"].as_array().unwrap().clone()
    }
}

/// A text with the company's canary in it.
pub(crate) fn marked(text: &str, canary: &str) -> String {
    format!("{text} [{canary}]")
}

async fn sees(socket: &Socket, chat: &str, text: &str) -> Value {
    socket.until(text, |frames| thread(frames, chat).into_values().find(|message| message["text"] == text)).await
}

/// Texts without the canary.
pub(crate) fn texts<'a>(messages: impl Iterator<Item = &'a Value>, canary: &str) -> Vec<String> {
    let mark = format!(" [{canary}]");
    messages.map(|message| message["text"].as_str().unwrap().replace(&mark, "")).collect()
}

fn newest<'a>(frames: &'a [Value], chat: &str) -> Option<&'a Value> {
    let told = |frame: &&Value| {
        ["conversation.created", "conversation.updated", "resumed"]
            .contains(&frame["type"].as_str().unwrap_or_default())
            && frame["conversation"]["id"] == chat
    };
    frames.iter().rev().find(told).map(|frame| &frame["conversation"])
}
