//! The realtime protocol as a document: JSON Schema of every frame, generated from the types that the server speaks with.

use std::collections::BTreeMap;

use api::realtime::{ClientFrame, Close, HEARTBEAT_SECONDS, LARGEST, RESUME_MOST, SILENCE, ServerFrame};
use serde_json::{Value, json};
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

/// The document, pretty, ending in a line break.
pub fn realtime() -> Result<String, serde_json::Error> {
    let mut schemas: Vec<(String, RefOr<Schema>)> = Vec::new();
    ClientFrame::schemas(&mut schemas);
    ServerFrame::schemas(&mut schemas);
    let mut named: BTreeMap<String, Value> = BTreeMap::new();
    for (name, mut schema) in schemas {
        api::promise(&name, &mut schema);
        named.insert(name, serde_json::to_value(schema)?);
    }
    named.insert("ClientFrame".into(), serde_json::to_value(ClientFrame::schema())?);
    named.insert("ServerFrame".into(), serde_json::to_value(ServerFrame::schema())?);
    let closes = [Close::Unauthenticated, Close::Revoked, Close::TooSlow, Close::Full, Close::GoingAway];
    let document = json!({
        "title": "Frontdesk realtime protocol",
        "protocol": 1,
        "url": "/v1/realtime",
        "description": [
            "Frames are JSON texts with a `type`. The first one, within 10 seconds, is `hello` with an access token (a member's or a visitor's); no token ever stands in the address.",
            "`welcome` follows, then for each entry of `hello.resume` a `resumed` with what was missed, in order, or a `reset`: load it anew over HTTP. Never silence.",
            "Messages are numbered without gaps: agents see `seq`, visitors see their own numbering, which leaves out notes and activity. Drop a number already seen; on a gap send `resume`.",
            "`send` is answered by `ack` after the message is durable, or by `error`. Repeat an unanswered send with the same `client_message_id`: it is written once.",
            "Who waits is told by `queue.updated` when their place has changed, and with a null `queue` once they have left the line. After `welcome` read it once over HTTP (`GET /v1/widget/queue`). Agents' `queue.updated` says that a board should be read again.",
            "Visitors without a socket hear the same frames as server-sent events (`GET /v1/widget/events`) or by asking again and again (`GET /v1/widget/events/poll`).",
            "Ping every `heartbeat_seconds`. A refused frame gets an `error` and the socket lives on. `reconnect` asks to come back after `after_ms`, as before a deploy."
        ],
        "limits": {
            "frame_bytes": LARGEST,
            "heartbeat_seconds": HEARTBEAT_SECONDS,
            "silence_seconds": SILENCE.as_secs(),
            "resume_messages": RESUME_MOST
        },
        "close_codes": closes.iter().map(|close| (close.code().to_string(), close.reason())).collect::<BTreeMap<_, _>>(),
        "client": { "$ref": "#/components/schemas/ClientFrame" },
        "server": { "$ref": "#/components/schemas/ServerFrame" },
        "components": { "schemas": named }
    });
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}
