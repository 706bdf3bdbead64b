//! Frames as a client needs them: only the fields that matter, borrowed from what was received.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;
use uuid::Uuid;

use crate::ids;

/// A message, as far as a client must know it.
#[derive(Debug, Deserialize)]
pub struct Message<'a> {
    /// Its id, `msg_…`.
    pub id: &'a str,
    /// Its place, as this audience counts.
    pub seq: i64,
    /// What it says.
    #[serde(borrow)]
    pub text: Cow<'a, str>,
    /// `incoming`, `outgoing`, `activity` or `template`.
    pub message_type: &'a str,
    /// The sender's own id for it.
    pub client_message_id: Option<Uuid>,
}

impl Message<'_> {
    /// Its id as the database holds it.
    pub fn uuid(&self) -> Uuid {
        ids::decode(self.id).unwrap_or_default()
    }
}

/// What a client takes notice of.
#[derive(Debug)]
pub enum Heard<'a> {
    /// The hello was good.
    Welcome,
    /// A message was written, durably.
    Ack(Ack<'a>),
    /// A message.
    Message(Created<'a>),
    /// What was missed.
    Resumed(Resumed<'a>),
    /// Load it anew.
    Reset(&'a str),
    /// A refusal.
    Error(Refusal),
    /// The server goes away; come again after so many milliseconds.
    Reconnect(u64),
    /// The line has changed: hardly anybody wants to know, and whoever does reads the frame with [`queue`].
    Queue(&'a str),
    /// A conversation is new, or has changed; the same with [`held`].
    Conversation(&'a str),
    /// Something else that is well formed.
    Other,
    /// Not a frame of the protocol.
    Nonsense,
}

/// An acknowledgement.
#[derive(Debug, Deserialize)]
pub struct Ack<'a> {
    /// Of what.
    pub client_message_id: Uuid,
    /// Where it went.
    pub conversation_id: &'a str,
    /// As it stands now.
    #[serde(borrow)]
    pub message: Message<'a>,
}

/// A message of a conversation.
#[derive(Debug, Deserialize)]
pub struct Created<'a> {
    /// Where.
    pub conversation_id: &'a str,
    /// What.
    #[serde(borrow)]
    pub message: Message<'a>,
}

/// What was missed of a conversation.
#[derive(Debug, Deserialize)]
pub struct Resumed<'a> {
    /// Where.
    pub conversation_id: &'a str,
    /// What.
    #[serde(borrow)]
    pub messages: Vec<Message<'a>>,
}

/// A refusal.
#[derive(Debug, Deserialize)]
pub struct Refusal {
    /// Of what.
    #[serde(default)]
    pub client_message_id: Option<Uuid>,
    /// Why.
    pub code: String,
    /// When to try again.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
}

/// Where a visitor stands in line.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Place {
    /// Their place, from 1.
    pub position: u32,
    /// How far the bar has come, 0 to 1.
    pub progress: f32,
}

/// What a visitor is told of the line.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Queue {
    /// Where they stand; nothing once they have left the line.
    pub queue: Option<Place>,
}

/// A conversation, as far as it says whose it is.
#[derive(Debug, Deserialize)]
pub struct Held<'a> {
    /// Its id, `conv_…`.
    pub id: &'a str,
    /// `open`, `pending`, `snoozed` or `resolved`.
    pub status: &'a str,
    /// Whose it is, `agent_…`.
    #[serde(borrow)]
    pub assignee_id: Option<&'a str>,
}

#[derive(Deserialize)]
struct ChangedFrame<'a> {
    #[serde(borrow)]
    conversation: Held<'a>,
}

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Deserialize)]
struct ResetFrame<'a> {
    conversation_id: &'a str,
}

#[derive(Deserialize)]
struct ReconnectFrame {
    after_ms: u64,
}

/// The type stands first in practice; where it does not, the whole frame is read for it.
fn kind(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix("{\"type\":\"") {
        return rest.split('"').next();
    }
    serde_json::from_str::<Typed>(text).ok().map(|typed| typed.kind)
}

/// Reads a server's frame.
pub fn read(text: &str) -> Heard<'_> {
    fn parsed<'a, T: Deserialize<'a>>(text: &'a str, wrap: impl FnOnce(T) -> Heard<'a>) -> Heard<'a> {
        serde_json::from_str(text).map_or(Heard::Nonsense, wrap)
    }
    match kind(text) {
        Some("message.created") => parsed(text, Heard::Message),
        Some("ack") => parsed(text, Heard::Ack),
        Some("resumed") => parsed(text, Heard::Resumed),
        Some("reset") => parsed(text, |frame: ResetFrame| Heard::Reset(frame.conversation_id)),
        Some("welcome") => Heard::Welcome,
        Some("error") => parsed(text, Heard::Error),
        Some("reconnect") => parsed(text, |frame: ReconnectFrame| Heard::Reconnect(frame.after_ms)),
        Some("queue.updated") => Heard::Queue(text),
        Some("conversation.created" | "conversation.updated") => Heard::Conversation(text),
        Some(_) => Heard::Other,
        None => Heard::Nonsense,
    }
}

/// What a visitor is told of the line.
pub fn queue(text: &str) -> Option<Queue> {
    serde_json::from_str(text).ok()
}

/// The conversation that an agent is told of.
pub fn held(text: &str) -> Option<Held<'_>> {
    serde_json::from_str::<ChangedFrame>(text).ok().map(|frame| frame.conversation)
}

/// The first frame: who speaks, and what they have seen.
pub fn hello(token: &str, seen: &[(Uuid, i64)]) -> String {
    let mut text = format!(r#"{{"type":"hello","protocol":1,"token":"{token}","resume":{{"#);
    list(&mut text, seen);
    text.push_str("}}");
    text
}

/// Asks for what is missing.
pub fn resume(seen: &[(Uuid, i64)]) -> String {
    let mut text = String::from(r#"{"type":"resume","conversations":{"#);
    list(&mut text, seen);
    text.push_str("}}");
    text
}

fn list(text: &mut String, seen: &[(Uuid, i64)]) {
    for (place, (conversation, seq)) in seen.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        // Writing to a string cannot fail.
        let _written = write!(text, r#"{comma}"{}":{seq}"#, ids::conversation(*conversation));
    }
}

/// A message. Texts of this crate hold nothing that JSON would escape.
pub fn send(client_message_id: Uuid, conversation: Option<Uuid>, text: &str) -> String {
    let mut frame = format!(r#"{{"type":"send","client_message_id":"{client_message_id}","#);
    if let Some(conversation) = conversation {
        let _written = write!(frame, r#""conversation_id":"{}","#, ids::conversation(conversation));
    }
    let _written = write!(frame, r#""text":"{text}"}}"#);
    frame
}

/// Seen on the screen up to here.
pub fn read_mark(conversation: Uuid, seq: i64) -> String {
    format!(r#"{{"type":"read","conversation_id":"{}","seq":{seq}}}"#, ids::conversation(conversation))
}

/// Begins or ends typing.
pub fn typing(conversation: Uuid, on: bool) -> String {
    format!(r#"{{"type":"typing","conversation_id":"{}","on":{on}}}"#, ids::conversation(conversation))
}

/// A fresh token.
pub fn renew(token: &str) -> String {
    format!(r#"{{"type":"renew","token":"{token}"}}"#)
}

/// Still here.
pub const PING: &str = r#"{"type":"ping"}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_wherever_their_type_stands() {
        let message = r#"{"id":"msg_01h455vb4pex5vsknk084sn02q","seq":7,"text":"a \"b\"","message_type":"incoming","client_message_id":null,"more":[1]}"#;
        for text in [
            format!(r#"{{"type":"message.created","conversation_id":"conv_x","message":{message}}}"#),
            format!(r#"{{"message":{message},"conversation_id":"conv_x","type":"message.created"}}"#),
        ] {
            let Heard::Message(created) = read(&text) else { panic!("{text}") };
            assert_eq!((created.message.seq, &*created.message.text), (7, "a \"b\""));
            assert!(!created.message.uuid().is_nil());
        }
        assert!(matches!(read(r#"{"type":"pong"}"#), Heard::Other));
        assert!(matches!(read("nonsense"), Heard::Nonsense));
        assert!(matches!(read(r#"{"type":"ack"}"#), Heard::Nonsense), "an ack without a message is none");
    }

    #[test]
    fn a_place_in_line_and_whose_a_conversation_is_are_read_by_those_who_want_to_know() {
        let stands = r#"{"type":"queue.updated","conversation_id":"conv_x","queue":{"position":3,"ahead":2,"estimate":null,"progress":0.25}}"#;
        let Heard::Queue(text) = read(stands) else { panic!("{stands}") };
        assert_eq!(queue(text).unwrap().queue, Some(Place { position: 3, progress: 0.25 }));
        let left = r#"{"type":"queue.updated","conversation_id":"conv_x","queue":null}"#;
        assert_eq!(queue(left), Some(Queue { queue: None }));
        assert_eq!(queue(r#"{"type":"queue.updated","queue":{"position":"first"}}"#), None);
        for (assignee, whose) in [("null", None), (r#""agent_y""#, Some("agent_y"))] {
            let text = format!(
                r#"{{"type":"conversation.updated","conversation":{{"id":"conv_x","number":1,"status":"open","assignee_id":{assignee},"contact":{{"id":"cont_x"}}}}}}"#
            );
            let Heard::Conversation(text) = read(&text) else { panic!("{text}") };
            let held = held(text).unwrap();
            assert_eq!((held.id, held.status, held.assignee_id), ("conv_x", "open", whose));
        }
    }

    #[test]
    fn what_is_said_is_json() {
        let id = Uuid::from_u128(5);
        for text in
            [hello("t", &[(id, 3), (id, 4)]), resume(&[]), send(id, Some(id), "x"), read_mark(id, 1), typing(id, true)]
        {
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
        }
    }
}
