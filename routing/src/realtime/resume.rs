//! What a socket has missed, by the places it has seen.

use std::collections::BTreeMap;

use desk::conversation::{self, ConversationId};
use desk::message::{self, Span};
use infra::database::StoreError;
use infra::spoken::OrLog as _;
use tenant::TenantTx;

use super::RESUME_MOST;
use super::frame::ServerFrame;
use super::refusal::SessionError;
use super::session::{Session, Speaker};

/// How many conversations are looked up for one frame; the rest are to be loaded anew.
const RESUMED_AT_ONCE: usize = 50;

/// An answer to a resume.
struct Resumed {
    frame: String,
    last_seq: i64,
    version: i64,
}

/// Whether a client that has seen everything up to `after` can go on from there: with the messages behind it, of which there are
/// no `more` than were read, it then has all up to `newest`. Otherwise it is to load the conversation anew: it has missed too much,
/// or has seen what is not stored (any more).
pub const fn continues(after: i64, newest: i64, more: bool) -> bool {
    !more && after <= newest
}

fn value(of: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(of).unwrap_or_default()
}

impl Session {
    /// What was missed of each conversation, or a request to load it anew: never silence. One transaction reads them all.
    pub(super) async fn resume(&self, seen: BTreeMap<String, i64>) -> Vec<String> {
        if seen.is_empty() {
            return Vec::new();
        }
        let tx = self.begin().await.or_log("opening a transaction to resume");
        let mut frames = Vec::new();
        for (place, (id, after)) in seen.into_iter().enumerate() {
            let resumed = match (id.parse(), &tx) {
                (Ok(parsed), Some(tx)) if place < RESUMED_AT_ONCE => self.resume_one(tx, parsed, after.max(0)).await,
                _ => Ok(None),
            };
            frames.push(match resumed {
                Ok(Some(found)) => found.frame,
                Ok(None) => ServerFrame::reset(&id),
                // An error names no conversation; asked to load it anew, the client tries until it has it.
                Err(error) => {
                    tracing::debug!(%error, "a conversation could not be resumed");
                    ServerFrame::reset(&id)
                }
            });
        }
        frames
    }

    async fn begin(&self) -> Result<TenantTx, StoreError> {
        match &self.speaker {
            Speaker::Agent(scope) => scope.begin().await,
            Speaker::Visitor(scope) => scope.begin().await,
        }
    }

    /// What was missed of one conversation, of which this place and perhaps this version were seen; `None` when nothing was.
    pub async fn missed(
        &self,
        id: ConversationId,
        after: i64,
        version: Option<i64>,
    ) -> Result<Option<String>, SessionError> {
        let after = after.max(0);
        let tx = self.begin().await?;
        Ok(match self.resume_one(&tx, id, after).await? {
            Some(found) => {
                let has_news = after < found.last_seq || version.is_some_and(|version| version < found.version);
                has_news.then_some(found.frame)
            }
            None => Some(ServerFrame::Reset { conversation_id: id.to_string() }.encode()),
        })
    }

    async fn resume_one(&self, tx: &TenantTx, id: ConversationId, after: i64) -> Result<Option<Resumed>, SessionError> {
        let span = Span { after: Some(after), before: None, limit: RESUME_MOST };
        let (messages, last_seq, version, conversation, more) = match &self.speaker {
            Speaker::Agent(_) => {
                let Some(conversation) = conversation::find(tx, id).await? else { return Ok(None) };
                let (messages, more) = message::list(tx, id, span).await?;
                (value(&messages), conversation.last_seq, conversation.version, value(&conversation), more)
            }
            Speaker::Visitor(scope) => {
                let Some(conversation) = conversation::find_of_contact(tx, id, scope.who.contact_id).await? else {
                    return Ok(None);
                };
                let (messages, more) = message::list_public(tx, id, span).await?;
                let version = conversation.version;
                (value(&messages), conversation.last_public_seq, version, value(&conversation.for_visitor()), more)
            }
        };
        if !continues(after, last_seq, more) {
            return Ok(None);
        }
        let frame = ServerFrame::Resumed { conversation_id: id, messages, last_seq, conversation }.encode();
        Ok(Some(Resumed { frame, last_seq, version }))
    }
}
