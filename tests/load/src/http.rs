//! A small HTTP/1.1 client that speaks from any loopback address and shows a guard every byte it receives.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::canary::Guard;
use crate::outcome::{Doing as _, Failed, Outcome};
use crate::ws::connect;

/// How long a request may take.
const WITHIN: Duration = Duration::from_secs(15);

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Whether it is a success.
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it asks to come again later.
    pub fn puts_off(&self) -> bool {
        self.status == 429 || self.status == 503
    }

    /// The body of a success.
    pub fn read<T: DeserializeOwned>(&self) -> Outcome<T> {
        if !self.is_ok() {
            return Err(Failed::because(format!("{}: {}", self.status, String::from_utf8_lossy(&self.body))));
        }
        serde_json::from_slice(&self.body).doing(|| "read an answer".to_owned())
    }

    /// When to come again, as a refusal says.
    pub fn retry_after(&self) -> Option<Duration> {
        self.header("retry-after").and_then(|value| value.parse().ok()).map(Duration::from_secs)
    }
}

/// One connection to one server.
#[derive(Debug)]
pub struct Http {
    from: IpAddr,
    to: SocketAddr,
    stream: Option<TcpStream>,
    guard: Option<Guard>,
    headers: String,
}

impl Http {
    /// Speaks to `to` from `from`, and shows `guard` what it receives.
    pub fn new(from: IpAddr, to: SocketAddr, guard: Option<Guard>) -> Self {
        Self { from, to, stream: None, guard, headers: String::new() }
    }

    /// Sends this token along.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        self.headers = format!("Authorization: Bearer {token}\r\n");
        self
    }

    /// Sends this header along.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        let _written = write!(self.headers, "{name}: {value}\r\n");
        self
    }

    /// Asks, and waits for the answer.
    pub async fn ask(&mut self, method: &str, path: &str, body: &str) -> Outcome<Reply> {
        let answered = tokio::time::timeout(WITHIN, self.exchange(method, path, body)).await;
        let answer = match answered {
            Ok(answer) => answer,
            Err(_) => Err(Failed::because(format!("{method} {path} was not answered in time"))),
        };
        match &answer {
            Ok(reply) => {
                if let Some(guard) = &self.guard {
                    guard.look(reply.head.as_bytes());
                    guard.look(&reply.body);
                }
            }
            // Whatever is on its way there is not the answer to the next request.
            Err(_) => self.stream = None,
        }
        answer
    }

    async fn exchange(&mut self, method: &str, path: &str, body: &str) -> Outcome<Reply> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.from, self.to).await?,
        };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let ask = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{}{kind}Content-Length: {}\r\n\r\n{body}",
            self.to,
            self.headers,
            body.len()
        );
        stream.write_all(ask.as_bytes()).await.doing(|| format!("ask {method} {path}"))?;
        let mut received = Vec::with_capacity(2048);
        let end = loop {
            more(&mut stream, &mut received).await?;
            if let Some(at) = memchr::memmem::find(&received, b"\r\n\r\n") {
                break at + 4;
            }
        };
        let mut body = received.split_off(end);
        let head = String::from_utf8_lossy(&received).into_owned();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut reply = Reply { status: status.doing(|| "read a status".to_owned())?, head, body: Vec::new() };
        if let Some(length) = reply.header("content-length").and_then(|value| value.parse::<usize>().ok()) {
            while body.len() < length {
                more(&mut stream, &mut body).await?;
            }
        } else if reply.header("transfer-encoding").is_some() {
            body = unchunk(&mut stream, body).await?;
        }
        let closes = reply.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        reply.body = body;
        self.stream = (!closes).then_some(stream);
        Ok(reply)
    }
}

async fn more(stream: &mut TcpStream, into: &mut Vec<u8>) -> Outcome<()> {
    match stream.read_buf(into).await.doing(|| "read an answer".to_owned())? {
        0 => Err(Failed::because("the server hung up")),
        _ => Ok(()),
    }
}

async fn unchunk(stream: &mut TcpStream, mut raw: Vec<u8>) -> Outcome<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = memchr::memmem::find(&raw, b"\r\n") {
                break at;
            }
            more(stream, &mut raw).await?;
        };
        let size = String::from_utf8_lossy(raw.get(..end).unwrap_or_default()).into_owned();
        let size = usize::from_str_radix(size.trim(), 16).doing(|| "read a chunk".to_owned())?;
        while raw.len() < end + 2 + size + 2 {
            more(stream, &mut raw).await?;
        }
        whole.extend_from_slice(raw.get(end + 2..end + 2 + size).unwrap_or_default());
        raw.drain(..end + 4 + size);
        if size == 0 {
            return Ok(whole);
        }
    }
}

/// A request that may be repeated, until the server takes it: it is away, or says when to come again.
pub async fn insist(http: &mut Http, method: &str, path: &str, body: &str, patience: Duration) -> Outcome<Reply> {
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        let answer = http.ask(method, path, body).await;
        let again = match &answer {
            Ok(reply) if reply.status == 429 || reply.status >= 500 => {
                reply.retry_after().unwrap_or(Duration::from_millis(500))
            }
            Ok(_) => return answer,
            Err(_) => Duration::from_millis(300),
        };
        if tokio::time::Instant::now() + again > deadline {
            return answer;
        }
        tokio::time::sleep(again).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_of_both_shapes_are_read_on_one_connection() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 4096];
            for answer in [
                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue",
                "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
            ] {
                assert!(stream.read(&mut buffer).await.unwrap() > 0);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let mut http = Http::new("127.0.0.1".parse().unwrap(), to, None);
        assert!(http.ask("GET", "/a", "").await.unwrap().read::<bool>().unwrap());
        let refused = http.ask("POST", "/b", "{}").await.unwrap();
        assert_eq!((refused.status, refused.body.as_slice()), (429, &b"abcd"[..]));
        assert_eq!(refused.retry_after(), Some(Duration::from_secs(7)));
    }
}
