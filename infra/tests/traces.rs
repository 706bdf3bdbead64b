//! A span arrives at a collector: `cargo nextest run -p infra --features otel`.
#![cfg(feature = "otel")]
#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// One request, whole.
async fn collected(listener: TcpListener) -> Vec<u8> {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    loop {
        stream.read_buf(&mut request).await.unwrap();
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let Some(head) = text.find("\r\n\r\n") else { continue };
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
        let body = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(head) + 4;
        if request.len() >= body + length.unwrap_or(0) {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            return request;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_arrives_at_the_collector_and_text_of_others_does_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let collector = tokio::spawn(collected(listener));
    let telemetry = infra::telemetry::init(false, Some(&address));
    {
        let span = tracing::debug_span!(target: "api", "request", otel.name = "GET /v1/agents", status = 200);
        let _inside = span.enter();
        tracing::debug_span!(target: "somebody_else", "not ours").in_scope(|| {});
    }
    // What is left is sent when it goes, from a thread that may wait.
    tokio::task::spawn_blocking(move || drop(telemetry)).await.unwrap();
    let request = tokio::time::timeout(Duration::from_secs(10), collector).await.unwrap().unwrap();
    let holds = |word: &str| request.windows(word.len()).any(|some| some == word.as_bytes());
    assert!(request.starts_with(b"POST /v1/traces "), "{}", String::from_utf8_lossy(&request));
    assert!(holds("GET /v1/agents") && holds("frontdesk") && holds("status"));
    assert!(!holds("not ours"));
}
