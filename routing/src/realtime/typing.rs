//! Signs that somebody types. They are many and worth little: to whom one goes is asked once for each conversation and remembered
//! for a while, so that a person who types is not a question to the database with every few letters. It is asked anew when the
//! conversation has changed hands.

use std::collections::HashMap;

use desk::conversation::{self, ConversationError, ConversationId};
use desk::message::SenderKind;
use tenant::agent;
use tenant::permission::Permission;
use tokio::time::Instant;

use super::eyes::Eyes;
use super::frame::{ServerFrame, Who};
use super::moves::FOR;
use super::refusal::SessionError;
use super::session::{Session, Speaker};
use super::topic::Topic;

/// In how many conversations one socket is remembered to type.
const MOST: usize = 64;

/// Where the signs of one socket go.
#[derive(Default)]
pub(super) struct Typing(HashMap<ConversationId, (Instant, Topic, Who)>);

impl Typing {
    fn recall(&self, id: ConversationId, has_moved: impl FnOnce(Instant) -> bool) -> Option<(Topic, Who)> {
        let (since, topic, who) = self.0.get(&id)?;
        (since.elapsed() < FOR && !has_moved(*since)).then(|| (*topic, who.clone()))
    }

    /// What was asked at that moment. It may have become another before the answer came.
    fn remember(&mut self, id: ConversationId, asked: Instant, topic: Topic, who: Who) {
        if self.0.len() >= MOST {
            self.0.retain(|_, (since, ..)| since.elapsed() < FOR);
        }
        if self.0.len() < MOST || self.0.contains_key(&id) {
            self.0.insert(id, (asked, topic, who));
        }
    }
}

impl Session {
    /// Tells the other end, unless messages have to wait long: then signs are the first to be left out, and whoever hears none for a
    /// while takes it that nobody types.
    pub(super) async fn type_sign(&mut self, id: ConversationId, on: bool) -> Result<(), SessionError> {
        if self.routing.writer.is_pressed(self.tenant()) {
            metrics::counter!("frontdesk_typing_shed_total").increment(1);
            return Ok(());
        }
        let (topic, by) = match self.typing.recall(id, |since| self.routing.switchboard.has_moved(id, since)) {
            Some(known) => known,
            None => {
                let asked = Instant::now();
                let (topic, by) = self.other_end(id).await?;
                self.typing.remember(id, asked, topic, by.clone());
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

#[cfg(test)]
mod tests {
    use infra::Id;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn whose_a_conversation_was_is_forgotten_when_it_changes_hands() {
        let (id, asked) = (Id::from_uuid(Uuid::from_u128(1)), Instant::now());
        let topic = Topic::Agents(Id::from_uuid(Uuid::from_u128(2)));
        let mut typing = Typing::default();
        typing.remember(id, asked, topic, Who { kind: SenderKind::Contact, name: None });
        assert!(typing.recall(id, |_| false).is_some_and(|(known, _)| known == topic));
        assert!(typing.recall(id, |since| since == asked).is_none());
        for number in 3..200 {
            typing.remember(
                Id::from_uuid(Uuid::from_u128(number)),
                asked,
                topic,
                Who { kind: SenderKind::Contact, name: None },
            );
        }
        assert_eq!(typing.0.len(), MOST, "one socket is remembered in so many conversations");
        let later = Instant::now();
        typing.remember(id, later, topic, Who { kind: SenderKind::Contact, name: None });
        assert!(typing.recall(id, |since| since == asked).is_some(), "asked anew, also where there is no more room");
    }
}
