//! Signs that somebody types. They are many and worth little: to whom one goes is asked once for each conversation and remembered
//! for a while, so that a person who types is not a question to the database with every few letters.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use desk::conversation::{self, ConversationError, ConversationId};
use desk::message::SenderKind;
use tenant::agent;
use tenant::permission::Permission;

use super::eyes::Eyes;
use super::frame::{ServerFrame, Who};
use super::refusal::SessionError;
use super::session::{Session, Speaker};
use super::topic::Topic;

/// For how long it is remembered. A conversation that changes hands meanwhile shows the sign for so long to those who had it.
const FOR: Duration = Duration::from_secs(20);
/// In how many conversations one socket is remembered to type.
const MOST: usize = 64;

/// Where the signs of one socket go.
#[derive(Default)]
pub(super) struct Typing(HashMap<ConversationId, (Instant, Topic, Who)>);

impl Typing {
    fn recall(&self, id: ConversationId) -> Option<(Topic, Who)> {
        let (since, topic, who) = self.0.get(&id)?;
        (since.elapsed() < FOR).then(|| (*topic, who.clone()))
    }

    fn remember(&mut self, id: ConversationId, topic: Topic, who: Who) {
        if self.0.len() >= MOST {
            self.0.retain(|_, (since, ..)| since.elapsed() < FOR);
        }
        if self.0.len() < MOST {
            self.0.insert(id, (Instant::now(), topic, who));
        }
    }
}

impl Session {
    /// Tells the other end.
    pub(super) async fn type_sign(&mut self, id: ConversationId, on: bool) -> Result<(), SessionError> {
        let (topic, by) = match self.typing.recall(id) {
            Some(known) => known,
            None => {
                let (topic, by) = self.other_end(id).await?;
                self.typing.remember(id, topic, by.clone());
                (topic, by)
            }
        };
        self.routing.switchboard.say(topic, ServerFrame::Typing { conversation_id: id, by, on }.encode()).await;
        Ok(())
    }

    async fn other_end(&self, id: ConversationId) -> Result<(Topic, Who), SessionError> {
        match &self.speaker {
            Speaker::Agent(scope) => {
                scope.require(Permission::ConversationsReply)?;
                let tx = scope.begin().await?;
                let ends = conversation::ends(&tx, id).await?.ok_or(ConversationError::Unknown)?;
                let name = Some(agent::signature(&tx, &scope.who).await?);
                Ok((Topic::Contact(scope.tenant.id(), ends.contact), Who { kind: SenderKind::Agent, name }))
            }
            Speaker::Visitor(scope) => {
                let tx = scope.begin().await?;
                let own = conversation::ends(&tx, id).await?.filter(|ends| ends.contact == scope.who.contact_id);
                let ends = own.ok_or(ConversationError::Unknown)?;
                let topic = Topic::AgentsWith(scope.tenant.id(), Eyes::Seeing(ends.audience));
                Ok((topic, Who { kind: SenderKind::Contact, name: ends.contact_name }))
            }
        }
    }
}
