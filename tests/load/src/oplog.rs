//! What was asked of the product and what came of it: append-only, in memory, and in a file at the end.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use uuid::Uuid;

use crate::chance::hash;
use crate::outcome::{Doing as _, Outcome};

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It is about to be sent for the first time. `mark` is the hash of its text.
    Invoke,
    /// It was acknowledged. `mark` is its place as the sender counts.
    Ok,
    /// It was refused for good: it must not have happened.
    Fail,
    /// Nobody knows; it is tried again under the same id.
    Unknown,
}

impl What {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::Ok => "ok",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

/// One line of the log.
#[derive(Debug, Clone, Copy)]
pub struct Op {
    /// Microseconds since the run began.
    pub at: u64,
    /// What became of it.
    pub what: What,
    /// Which company, by its place on the stage.
    pub tenant: u32,
    /// Which actor.
    pub actor: u32,
    /// Whether an agent wrote, who counts all messages; a visitor counts those they may see.
    pub by_agent: bool,
    /// Where, once known; nil before.
    pub conversation: Uuid,
    /// The sender's own id for it.
    pub client_message_id: Uuid,
    /// The hash of the text when invoked, the place when acknowledged.
    pub mark: u64,
}

/// The log of a run.
#[derive(Debug)]
pub struct OpLog {
    began: Instant,
    ops: Mutex<Vec<Op>>,
}

impl Default for OpLog {
    fn default() -> Self {
        Self { began: Instant::now(), ops: Mutex::default() }
    }
}

/// What the log says of one message.
#[derive(Debug, Clone, Copy)]
pub struct Story {
    /// Its invocation.
    pub invoked: Op,
    /// The place it was acknowledged at.
    pub acknowledged: Option<u64>,
    /// Whether two acknowledgements named different places.
    pub contradicted: bool,
    /// Whether it was refused for good.
    pub refused: bool,
}

/// One send in time, in microseconds since the run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed {
    /// When it was sent for the first time.
    pub began: u64,
    /// When it was acknowledged, if it was.
    pub acknowledged: Option<u64>,
}

impl Timed {
    /// How long that took.
    pub fn took(&self) -> Option<u64> {
        Some(self.acknowledged?.saturating_sub(self.began))
    }
}

impl OpLog {
    /// Microseconds since the run began.
    pub fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Appends.
    pub fn note(&self, op: Op) {
        if let Ok(mut ops) = self.ops.lock() {
            ops.push(op);
        }
    }

    /// How many lines.
    pub fn len(&self) -> usize {
        self.ops.lock().map_or(0, |ops| ops.len())
    }

    /// Whether nothing was asked yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many operations ended so.
    pub fn count(&self, what: What) -> u64 {
        let count = |ops: &Vec<Op>| ops.iter().filter(|op| op.what == what).count() as u64;
        self.ops.lock().map_or(0, |ops| count(&ops))
    }

    /// The log by company and message.
    pub fn stories(&self) -> HashMap<(u32, Uuid), Story> {
        let mut stories: HashMap<(u32, Uuid), Story> = HashMap::new();
        let Ok(ops) = self.ops.lock() else { return stories };
        for op in ops.iter() {
            let fresh = Story { invoked: *op, acknowledged: None, contradicted: false, refused: false };
            let story = stories.entry((op.tenant, op.client_message_id)).or_insert(fresh);
            match op.what {
                What::Invoke | What::Unknown => {}
                What::Ok => {
                    story.contradicted |= story.acknowledged.is_some_and(|place| place != op.mark);
                    story.acknowledged = Some(op.mark);
                }
                What::Fail => story.refused = true,
            }
        }
        stories
    }

    /// The sends that were begun after the log's first `lines`, and what has become of them.
    pub fn sends_after(&self, lines: usize) -> Vec<Timed> {
        // Whoever writes to the log meanwhile is being timed, and must not wait for this.
        let ops = self.ops.lock().map(|ops| ops.get(lines..).unwrap_or_default().to_vec()).unwrap_or_default();
        let mut sends: HashMap<Uuid, Timed> = HashMap::new();
        for op in &ops {
            match op.what {
                What::Invoke => {
                    sends.insert(op.client_message_id, Timed { began: op.at, acknowledged: None });
                }
                What::Ok => {
                    if let Some(send) = sends.get_mut(&op.client_message_id) {
                        send.acknowledged.get_or_insert(op.at);
                    }
                }
                What::Fail | What::Unknown => {}
            }
        }
        sends.into_values().collect()
    }

    /// Writes it as lines of JSON.
    pub fn save(&self, path: &Path) -> Outcome<()> {
        let doing = || format!("write {}", path.display());
        let mut file = BufWriter::new(File::create(path).doing(doing)?);
        let ops = self.ops.lock().doing(|| "read the log".to_owned())?;
        for op in ops.iter() {
            let Op { at, what, tenant, actor, by_agent, conversation, client_message_id, mark } = op;
            writeln!(
                file,
                r#"{{"at":{at},"what":"{}","tenant":{tenant},"actor":{actor},"agent":{by_agent},"conversation":"{conversation}","client_message_id":"{client_message_id}","mark":{mark}}}"#,
                what.as_str()
            )
            .doing(doing)?;
        }
        file.flush().doing(doing)
    }
}

/// What stands for a text in the log.
pub fn text_mark(text: &str) -> u64 {
    hash(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sends_are_timed_from_their_first_attempt_to_their_first_acknowledgement() {
        let log = OpLog::default();
        let note = |at, what, id| {
            let client_message_id = Uuid::from_u128(id);
            let (conversation, by_agent) = (Uuid::nil(), false);
            log.note(Op { at, what, tenant: 0, actor: 0, by_agent, conversation, client_message_id, mark: 0 });
        };
        note(10, What::Invoke, 1);
        let before = log.len();
        note(20, What::Invoke, 2);
        note(25, What::Ok, 1);
        note(30, What::Unknown, 2);
        note(70, What::Ok, 2);
        note(90, What::Ok, 2);
        note(95, What::Invoke, 3);
        let mut sends = log.sends_after(before);
        sends.sort_by_key(|send| send.began);
        assert_eq!(sends.iter().map(Timed::took).collect::<Vec<_>>(), [Some(50), None]);
        assert_eq!(log.sends_after(0).len(), 3);
        assert_eq!(log.sends_after(100), []);
    }
}
