//! Who listens, and how frames travel on the bus: in envelopes of one company each. A [`Topic`] always names its company.

use bytes::Bytes;
use desk::ContactId;
use infra::Id;
use tenant::{AccountId, AgentId};

use super::count::Count;
use super::eyes::Eyes;

/// What tells an agent from a contact in an envelope; no id begins so.
const AGENT: &str = "agent-";
/// What agents with some kind of eyes are marked by.
const EYES: &str = "eyes-";
/// What the line of an envelope begins with that says how far its sender has come. No topic's mark: who does not know it passes it over.
const COUNT: &str = "#";

/// Who listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Every agent of a company.
    Agents(AccountId),
    /// Those agents of a company who have such eyes. Nobody listens to it: it is told to whom it concerns among its agents.
    AgentsWith(AccountId, Eyes),
    /// One agent, on all their devices.
    Agent(AccountId, AgentId),
    /// Every visitor of a company.
    Visitors(AccountId),
    /// One contact, on all their devices.
    Contact(AccountId, ContactId),
}

impl Topic {
    /// Whose.
    pub const fn account(self) -> AccountId {
        match self {
            Self::Agents(account)
            | Self::AgentsWith(account, _)
            | Self::Agent(account, _)
            | Self::Visitors(account)
            | Self::Contact(account, _) => account,
        }
    }

    /// The subject under which a company's envelopes travel.
    pub fn subject(account: AccountId) -> String {
        format!("t.{}.frames", account.suffix())
    }

    /// As it stands in an envelope.
    fn mark(self) -> String {
        match self {
            Self::Agents(_) => "agents".to_owned(),
            Self::AgentsWith(_, eyes) => format!("{EYES}{}", eyes.mark()),
            Self::Agent(_, agent) => format!("{AGENT}{}", agent.suffix()),
            Self::Visitors(_) => "visitors".to_owned(),
            Self::Contact(_, contact) => contact.suffix(),
        }
    }

    fn of_mark(account: AccountId, mark: &str) -> Option<Self> {
        match mark {
            "agents" => Some(Self::Agents(account)),
            "visitors" => Some(Self::Visitors(account)),
            one => Some(match (one.strip_prefix(EYES), one.strip_prefix(AGENT)) {
                (Some(eyes), _) => Self::AgentsWith(account, Eyes::of_mark(eyes)?),
                (None, Some(agent)) => Self::Agent(account, Id::from_uuid(infra::ids::decode(agent)?)),
                (None, None) => Self::Contact(account, Id::from_uuid(infra::ids::decode(one)?)),
            }),
        }
    }
}

/// Frames of one company on their way through the bus: a line that says which process sent them and whose they are, a line for each,
/// and one with its number. JSON holds no line feed and no tab of its own.
#[derive(Debug)]
pub(super) struct Envelope {
    bytes: Vec<u8>,
    frames: usize,
}

impl Envelope {
    /// An empty one from this process.
    pub(super) fn new(node: &str, account: AccountId) -> Self {
        Self { bytes: format!("{node}\t{}\n", account.suffix()).into_bytes(), frames: 0 }
    }

    /// How large it is, in bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it holds no frame yet.
    pub(super) fn is_empty(&self) -> bool {
        self.frames == 0
    }

    /// Puts a frame in. The topic is of the same company.
    pub(super) fn put(&mut self, topic: Topic, frame: &[u8]) {
        self.bytes.extend_from_slice(topic.mark().as_bytes());
        self.bytes.push(b'\t');
        self.bytes.extend_from_slice(frame);
        self.bytes.push(b'\n');
        self.frames += 1;
    }

    /// Says how far its sender has come.
    pub(super) fn count(&mut self, count: Count) {
        self.bytes.extend_from_slice(format!("{COUNT}\t{count}\n").as_bytes());
    }

    /// As it travels.
    pub(super) fn into_bytes(self) -> Bytes {
        self.bytes.into()
    }

    /// Opens an envelope that arrived for a company. One that says it is another company's is not opened, whatever subject it came
    /// under.
    pub(super) fn open(account: AccountId, bytes: &Bytes) -> Option<Opened<'_>> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (head, rest) = text.split_once('\n')?;
        let (node, whose) = head.split_once('\t')?;
        if whose != account.suffix() {
            return None;
        }
        let mut opened = Opened { node, count: None, frames: Vec::new() };
        for (mark, frame) in rest.lines().filter_map(|line| line.split_once('\t')) {
            if mark == COUNT {
                opened.count = Count::parse(frame);
            } else if let Some(topic) = Topic::of_mark(account, mark) {
                opened.frames.push((topic, bytes.slice_ref(frame.as_bytes())));
            }
        }
        Some(opened)
    }
}

/// What was in an envelope.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    /// Which process sent it.
    pub(super) node: &'a str,
    /// How far that process has come, if it counts.
    pub(super) count: Option<Count>,
    /// What it says.
    pub(super) frames: Vec<(Topic, Bytes)>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use desk::Audience;
    use uuid::Uuid;

    #[test]
    fn an_envelope_of_another_company_is_not_opened() {
        let (ours, theirs) = (Id::from_uuid(Uuid::from_u128(1)), Id::from_uuid(Uuid::from_u128(2)));
        let there = Audience {
            team: Some(Id::from_uuid(Uuid::from_u128(4))),
            assignee: Some(Id::from_uuid(Uuid::from_u128(5))),
        };
        let topics = [
            Topic::Agents(ours),
            Topic::AgentsWith(ours, Eyes::Whole),
            Topic::AgentsWith(ours, Eyes::Limited),
            Topic::AgentsWith(ours, Eyes::Seeing(there)),
            Topic::AgentsWith(ours, Eyes::LimitedSeeing(Audience::default())),
            Topic::AgentsWith(ours, Eyes::Losing { from: there, to: Audience::default() }),
            Topic::Agent(ours, Id::from_uuid(Uuid::from_u128(3))),
            Topic::Visitors(ours),
            Topic::Contact(ours, Id::from_uuid(Uuid::from_u128(3))),
        ];
        let mut envelope = Envelope::new("node", ours);
        for topic in topics {
            envelope.put(topic, b"{\"text\":\"tab \\t and line \\n\"}");
        }
        let count = Count { before: 6, number: 7, ago: Duration::from_millis(12) };
        envelope.count(count);
        let bytes = envelope.into_bytes();
        let Opened { node, count: counted, frames } = Envelope::open(ours, &bytes).unwrap();
        assert_eq!((node, counted), ("node", Some(count)));
        assert_eq!(frames.iter().map(|(topic, _)| *topic).collect::<Vec<_>>(), topics);
        assert!(frames.iter().all(|(_, frame)| frame.starts_with(b"{") && frame.ends_with(b"}")));
        assert!(Envelope::open(theirs, &bytes).is_none());
    }
}
