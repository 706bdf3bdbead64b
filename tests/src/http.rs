//! A small HTTP client that looks at every byte it receives.

use std::sync::Mutex;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::canary::Guard;
use crate::stream::EventStream;

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// What was asked.
    pub asked: String,
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub text: String,
}

impl Reply {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The problem's code, or nothing.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body of a success.
    ///
    /// # Panics
    /// When it was none.
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} answered {}: {}", self.asked, self.status, self.text);
        self.json()
    }

    /// Fails unless this is a refusal with this status and code, told as a problem should be.
    ///
    /// # Panics
    /// When it is not.
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{}: {}", self.asked, self.text);
        self.is_a_problem();
    }

    /// Fails unless this is RFC 9457 with our members, or what directories read.
    ///
    /// # Panics
    /// When it is not.
    pub fn is_a_problem(&self) {
        let kind = self.header("content-type");
        assert!(self.is_told_as_a_problem(), "{} answered {} as {kind:?}: {}", self.asked, self.status, self.text);
    }

    /// Whether it is RFC 9457 with our members; to a directory, an error of SCIM with the same.
    pub fn is_told_as_a_problem(&self) -> bool {
        let (body, kind) = (self.json(), self.header("content-type"));
        let is_in_form = if self.asked.contains("/v1/scim/") {
            kind == Some("application/scim+json")
                && body["schemas"] == serde_json::json!(["urn:ietf:params:scim:api:messages:2.0:Error"])
                && body["status"].as_str() == Some(self.status.to_string().as_str())
                && body["detail"].as_str().is_some_and(|detail| !detail.is_empty())
        } else {
            kind == Some("application/problem+json")
                && body["status"] == self.status
                && body["type"] == format!("urn:frontdesk:problem:{}", self.code())
        };
        let id = body["request_id"].as_str();
        is_in_form && !self.code().is_empty() && id.is_some() && id == self.header("x-request-id")
    }

    /// The refresh cookie this answer sets, as `name=value`.
    pub fn cookie(&self) -> Option<String> {
        let set = self.headers.iter().find(|(name, value)| name == "set-cookie" && value.contains("fd_refresh="))?;
        set.1.split(';').next().map(ToOwned::to_owned)
    }
}

/// Speaks to one server, as one caller.
#[derive(Debug)]
pub struct Http {
    base: String,
    client: reqwest::Client,
    token: Mutex<Option<String>>,
    guard: Guard,
}

#[expect(clippy::disallowed_methods, reason = "this client speaks to our own servers on loopback only")]
fn client() -> reqwest::Client {
    // The first caller of this process decides; they all decide alike.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        // As a proxy before the server: it ends what is idle for ten seconds, perhaps at the moment of the next request.
        .pool_idle_timeout(Duration::from_secs(5))
        .build()
        .unwrap()
}

fn headers_of(response: &reqwest::Response) -> Vec<(String, String)> {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
}

impl Http {
    /// A client of the server at `base`.
    pub fn new(base: &str, guard: Guard) -> Self {
        Self { base: base.to_owned(), client: client(), token: Mutex::default(), guard }
    }

    /// Another client of the same server and company, without a token.
    #[must_use]
    pub fn nobody(&self) -> Self {
        Self {
            base: self.base.clone(),
            client: self.client.clone(),
            token: Mutex::default(),
            guard: self.guard.clone(),
        }
    }

    /// Another client of the same server and company, with this token.
    #[must_use]
    pub fn with(&self, token: &str) -> Self {
        let other = self.nobody();
        other.take(token);
        other
    }

    /// Speaks with this token from now on.
    pub fn take(&self, token: &str) {
        *self.token.lock().unwrap() = Some(token.to_owned());
    }

    /// The token, or nothing.
    pub fn token(&self) -> String {
        self.token.lock().unwrap().clone().unwrap_or_default()
    }

    /// What looks at the bytes.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The server's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None, &[]).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, Some(body), &[]).await
    }

    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send("PUT", path, Some(body), &[]).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send("PATCH", path, Some(body), &[]).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None, &[]).await
    }

    /// Any request with an optional JSON body.
    pub async fn send(&self, method: &str, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Reply {
        let json = [("content-type", "application/json")];
        let body = body.map(|body| body.to_string().into_bytes());
        let all: Vec<(&str, &str)> =
            if body.is_some() { json.iter().chain(headers).copied().collect() } else { headers.to_vec() };
        self.raw(method, path, body.unwrap_or_default(), &all).await
    }

    /// Any request with any bytes.
    ///
    /// # Panics
    /// When no answer comes, or when it holds another company's words.
    pub async fn raw(&self, method: &str, path: &str, body: Vec<u8>, headers: &[(&str, &str)]) -> Reply {
        match self.try_raw(method, path, body, headers).await {
            Ok(reply) => reply,
            Err(error) => panic!("{method} {path} got no answer: {error:?}"),
        }
    }

    /// Opens an event stream.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn listen(&self, path: &str) -> EventStream {
        let request = self.client.get(format!("{}{path}", self.base)).bearer_auth(self.token());
        // As a browser: it would take it compressed, and longer than any answer may take.
        let request = request.header("accept", "text/event-stream").header("accept-encoding", "gzip");
        let response = request.timeout(Duration::from_mins(2)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let headers = headers_of(&response);
        EventStream::of(response, headers, self.guard.clone())
    }

    /// The same, where the server may be gone.
    pub async fn try_raw(
        &self,
        method: &str,
        path: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> Result<Reply, reqwest::Error> {
        let mut request =
            self.client.request(Method::from_bytes(method.as_bytes()).unwrap(), format!("{}{path}", self.base));
        let token = self.token();
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.body(body).send().await?;
        let status = response.status().as_u16();
        let headers = headers_of(&response);
        let is_endless =
            response.headers().get("content-type").is_some_and(|kind| kind.as_bytes() == b"text/event-stream");
        // Of a stream without end, the beginning.
        let bytes = if is_endless { response.chunk().await?.unwrap_or_default() } else { response.bytes().await? };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let reply = Reply { asked: format!("{method} {path}"), status, headers, text };
        self.guard.check(&reply.asked, &reply.text);
        for (name, value) in &reply.headers {
            self.guard.check(name, value);
        }
        Ok(reply)
    }
}
