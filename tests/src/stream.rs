//! A visitor's event stream: the frames of a socket over plain HTTP, read byte by byte as a browser would.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::task::AbortHandle;

use crate::canary::Guard;
use crate::wait::eventually;

#[derive(Debug, Default)]
struct Heard {
    frames: Vec<Value>,
    pings: usize,
    ended: bool,
    foreign: Option<String>,
}

/// An open stream.
#[derive(Debug)]
pub struct EventStream {
    heard: Arc<Mutex<Heard>>,
    task: AbortHandle,
    /// The headers of the answer, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.task.abort();
        let foreign = self.heard.lock().unwrap().foreign.clone();
        if let (Some(word), false) = (foreign, std::thread::panicking()) {
            panic!("a stream heard another company's words ({word})");
        }
    }
}

impl EventStream {
    pub(crate) fn of(mut response: reqwest::Response, headers: Vec<(String, String)>, guard: Guard) -> Self {
        let heard: Arc<Mutex<Heard>> = Arc::default();
        let told = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            let mut waiting = String::new();
            while let Ok(Some(chunk)) = response.chunk().await {
                waiting.push_str(std::str::from_utf8(&chunk).expect("whole characters"));
                while let Some((event, rest)) = waiting.split_once("\n\n") {
                    told.lock().unwrap().take(event, &guard);
                    waiting = rest.to_owned();
                }
            }
            told.lock().unwrap().ended = true;
        })
        .abort_handle();
        Self { heard, task, headers }
    }

    /// What was heard so far.
    pub fn frames(&self) -> Vec<Value> {
        self.heard.lock().unwrap().frames.clone()
    }

    /// How often it said that it is alive.
    pub fn pings(&self) -> usize {
        self.heard.lock().unwrap().pings
    }

    /// Whether the server has ended it.
    pub fn has_ended(&self) -> bool {
        self.heard.lock().unwrap().ended
    }

    /// The first frame of this type.
    pub async fn frame(&self, kind: &str) -> Value {
        self.first(kind, |frame| frame["type"] == kind).await
    }

    /// The first frame that fits.
    pub async fn first(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        eventually(what, async || self.frames().into_iter().find(|frame| fits(frame))).await
    }

    /// Waits until the server ends it.
    pub async fn ended(&self) {
        eventually("the server ends the stream", async || self.has_ended().then_some(())).await;
    }
}

impl Heard {
    fn take(&mut self, event: &str, guard: &Guard) {
        self.foreign = self.foreign.take().or_else(|| guard.finds(event));
        if event == ": ping" {
            self.pings += 1;
        } else {
            let data = event.strip_prefix("data: ").expect("one line of data and nothing else");
            self.frames.push(serde_json::from_str(data).expect("an event is a frame"));
        }
    }
}
