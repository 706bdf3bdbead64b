//! What happened, as it is told to webhooks and kept in the list of events.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Books, VERSION};
use crate::shelf::Kept;

/// One event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) created: i64,
    /// As it is sent.
    pub(crate) body: Value,
    /// A thin event says little when it is sent, and all when it is asked for.
    pub(crate) full: Option<Value>,
}

impl Kept for Event {
    const WHAT: &'static str = "event";
    fn id(&self) -> &str {
        &self.id
    }
}

/// The request that caused an event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cause {
    pub(crate) request: Option<String>,
    pub(crate) key: Option<String>,
}

impl Books {
    /// Something has happened to an object.
    pub(crate) fn tell(&mut self, kind: &str, at: i64, object: Value) {
        self.record(kind, at, object, None);
    }

    /// An object has changed. Nothing is told when nothing is different.
    pub(crate) fn tell_change(&mut self, kind: &str, at: i64, before: &Value, after: Value) {
        let previous = differences(before, &after);
        if !previous.is_empty() {
            self.record(kind, at, after, Some(Value::Object(previous)));
        }
    }

    fn record(&mut self, kind: &str, at: i64, object: Value, previous: Option<Value>) {
        let id = self.new_id("evt");
        let mut data = Map::from_iter([("object".to_owned(), object)]);
        data.extend(previous.map(|previous| ("previous_attributes".to_owned(), previous)));
        let body = json!({
            "id": id, "object": "event", "api_version": VERSION, "created": at, "data": data,
            "livemode": self.habits.livemode, "pending_webhooks": self.endpoints.len(),
            "request": { "id": self.cause.request, "idempotency_key": self.cause.key }, "type": kind,
        });
        self.keep(Event { id, kind: kind.to_owned(), created: at, body, full: None });
    }

    /// An event of the second generation: what is sent names the object, and the rest is to be fetched.
    pub(crate) fn tell_thin(&mut self, kind: &str, at: i64, related: &Value, details: &Value) {
        let id = self.new_id("evt");
        let created = chrono::DateTime::from_timestamp(at, 0).unwrap_or_default();
        let body = json!({
            "id": id, "object": "v2.core.event", "type": kind, "livemode": self.habits.livemode,
            "created": created.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(), "related_object": related,
        });
        let mut full = body.clone();
        if let Value::Object(fields) = &mut full {
            fields.insert("data".to_owned(), details.clone());
        }
        self.keep(Event { id, kind: kind.to_owned(), created: at, body, full: Some(full) });
    }

    fn keep(&mut self, event: Event) {
        self.fresh.push_back(event.id.clone());
        self.events.put(event);
    }
}

/// The old values of what is different.
fn differences(before: &Value, after: &Value) -> Map<String, Value> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return Map::new() };
    let names = after.keys().chain(before.keys().filter(|name| !after.contains_key(*name)));
    names
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| (name.clone(), before.get(name).cloned().unwrap_or(Value::Null)))
        .collect()
}
