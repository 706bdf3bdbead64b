//! The demo's way in: the documented HTTP API, with patience while the server is away.

use std::time::Duration;

use infra::Clock;
use infra::http::reqwest::{self, Client, Method, Response, StatusCode, header};
use infra::{Chance, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum DoorError {
    /// The server said no.
    #[error("the server refused {path}: {status} {code}")]
    Refused { path: String, status: u16, code: String },
    /// The play is over.
    #[error("the play is over")]
    Over,
    /// Nobody answers at the address.
    #[error("nobody answers at {0}. Start the server with `frontdesk serve`, or name another with --url")]
    Nobody(String),
    /// The server answered something else than documented.
    #[error("the server's answer to {0} could not be read: {1}")]
    Unreadable(String, serde_json::Error),
}

/// The server, seen from outside.
#[derive(Clone)]
pub(super) struct Doors {
    http: Client,
    /// Without a trailing slash.
    pub(super) base: String,
    pub(super) clock: Clock,
    pub(super) over: CancellationToken,
    chance: Chance,
}

enum Failed {
    /// Try again, at the earliest after this time.
    Away(Option<Duration>),
    For(DoorError),
}

#[derive(Deserialize)]
struct Problem {
    code: String,
}

impl Doors {
    pub(super) fn new(http: Client, base: String, over: CancellationToken, chance: Chance) -> Self {
        Self { http, base, clock: Clock::system(), over, chance }
    }

    /// The same server with another client.
    pub(super) fn with(&self, http: Client) -> Self {
        Self { http, ..self.clone() }
    }

    /// Whether anybody is there at all, asked once.
    pub(super) async fn knock(&self) -> Result<(), DoorError> {
        let answer = self.http.get(format!("{}/readyz", self.base)).send().await;
        answer.map(drop).map_err(|_| DoorError::Nobody(self.base.clone()))
    }

    /// Calls until there is an answer. Every call made here may be repeated without harm.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Result<T, DoorError> {
        let mut wait = Duration::from_millis(300);
        loop {
            let tried = self.over.run_until_cancelled(self.once(method.clone(), path, token, body.as_ref())).await;
            match tried.ok_or(DoorError::Over)? {
                Ok(answer) => return Ok(answer),
                Err(Failed::For(error)) => return Err(error),
                Err(Failed::Away(asked)) => {
                    let jitter = Duration::from_millis(self.chance.below(250));
                    self.pause(asked.unwrap_or(wait) + jitter).await?;
                    wait = (wait * 2).min(Duration::from_secs(5));
                }
            }
        }
    }

    async fn once<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<T, Failed> {
        // The header is asked for by the doors that use the cookie; the others do not mind it.
        let mut request = self.http.request(method, format!("{}{path}", self.base)).header("x-frontdesk", "1");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|_| Failed::Away(None))?;
        let status = answer.status();
        if status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::BAD_GATEWAY
            || status == StatusCode::SERVICE_UNAVAILABLE
            || status == StatusCode::GATEWAY_TIMEOUT
        {
            return Err(Failed::Away(retry_after(&answer)));
        }
        let bytes = answer.bytes().await.map_err(|_: reqwest::Error| Failed::Away(None))?;
        if !status.is_success() {
            let code =
                serde_json::from_slice(&bytes).map_or_else(|_| "unknown".to_owned(), |problem: Problem| problem.code);
            return Err(Failed::For(DoorError::Refused { path: path.to_owned(), status: status.as_u16(), code }));
        }
        let text: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
        serde_json::from_slice(text).map_err(|error| Failed::For(DoorError::Unreadable(path.to_owned(), error)))
    }

    /// Waits, unless the play ends.
    pub(super) async fn pause(&self, length: Duration) -> Result<(), DoorError> {
        self.over.run_until_cancelled(self.clock.pause(length)).await.ok_or(DoorError::Over)
    }
}

fn retry_after(answer: &Response) -> Option<Duration> {
    let seconds = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Who asks for tokens.
pub(super) enum Identity {
    /// A member, with the cookie that the doors keep.
    Member { email: &'static str, password: &'static str },
    /// A visitor, by what their browser was given.
    Visitor { key: String, secret: String },
}

/// A token and its end.
#[derive(Debug, Clone)]
struct Pass {
    token: String,
    until: Timestamp,
}

/// Always has a good token.
pub(super) struct Keyring {
    doors: Doors,
    who: Identity,
    pass: Mutex<Option<Pass>>,
}

/// The part of a session's answer that both kinds share.
#[derive(Debug, Deserialize, Serialize)]
struct Granted {
    #[serde(alias = "access_token")]
    token: String,
    expires_in: i64,
}

impl Keyring {
    pub(super) fn new(doors: Doors, who: Identity) -> Self {
        Self { doors, who, pass: Mutex::new(None) }
    }

    /// A ring with a token that was got elsewhere.
    pub(super) fn with(doors: Doors, who: Identity, token: String, expires_in: i64) -> Self {
        let pass = pass(&doors, token, expires_in);
        Self { doors, who, pass: Mutex::new(Some(pass)) }
    }

    /// A token that is good for another minute at least.
    pub(super) async fn token(&self) -> Result<String, DoorError> {
        let mut held = self.pass.lock().await;
        if let Some(pass) = held.as_ref().filter(|pass| pass.until > self.doors.clock.now()) {
            return Ok(pass.token.clone());
        }
        let granted = self.ask(held.is_some()).await?;
        let fresh = pass(&self.doors, granted.token, granted.expires_in);
        Ok(held.insert(fresh).token.clone())
    }

    /// Whose ring it is.
    pub(super) fn who(&self) -> &Identity {
        &self.who
    }

    /// The token was refused: the next one will be new.
    pub(super) async fn forget(&self) {
        if let Some(pass) = self.pass.lock().await.as_mut() {
            pass.until = Timestamp::UNIX_EPOCH;
        }
    }

    async fn ask(&self, was_here: bool) -> Result<Granted, DoorError> {
        match &self.who {
            Identity::Visitor { key, secret } => {
                self.doors
                    .call(Method::POST, "/v1/widget/session", None, Some(json!({ "key": key, "secret": secret })))
                    .await
            }
            Identity::Member { email, password } => {
                if was_here {
                    match self.doors.call(Method::POST, "/v1/auth/refresh", None, None).await {
                        Err(DoorError::Refused { .. }) => {}
                        other => return other,
                    }
                }
                self.doors
                    .call(Method::POST, "/v1/auth/login", None, Some(json!({ "email": email, "password": password })))
                    .await
            }
        }
    }

    /// A call in this one's name. A token that has just been refused is replaced once.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, DoorError> {
        let token = self.token().await?;
        match self.doors.call(method.clone(), path, Some(&token), body.clone()).await {
            Err(DoorError::Refused { status: 401, .. }) => {
                self.forget().await;
                let token = self.token().await?;
                self.doors.call(method, path, Some(&token), body).await
            }
            other => other,
        }
    }
}

fn pass(doors: &Doors, token: String, expires_in: i64) -> Pass {
    Pass { token, until: doors.clock.now() + chrono::TimeDelta::seconds(expires_in - 60) }
}
