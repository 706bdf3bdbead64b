//! Lines that the system writes: what happened to a conversation, and requests with a form.

use std::sync::Arc;

use infra::Timestamp;
use infra::database::StoreError;
use serde::Serialize;
use tenant::{AgentId, TenantTx};
use uuid::Uuid;

use super::store::{Draft, append, place, write};
use super::{MessageType, Sender, SenderKind};
use crate::conversation::{Conversation, PassedTo, Status, Summary};
use crate::event::Event;
use crate::setup;
use crate::waiting_room::Way;

/// Something that happened, as a line among the messages.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Activity {
    /// Given to somebody.
    Assigned {
        /// To whom.
        agent_id: AgentId,
        /// Their name.
        agent_name: String,
        /// The colleague who did it; the routing when absent.
        by: Option<String>,
    },
    /// Taken from everybody.
    Unassigned {
        /// The colleague who did it; the routing when absent.
        by: Option<String>,
    },
    /// Passed on, or a colleague is asked to take it.
    Transferred {
        /// To a colleague or a team.
        to: PassedTo,
        /// What they are called.
        name: String,
        /// The colleague who did it.
        by: String,
        /// What is known of it.
        summary: Box<Summary>,
    },
    /// Nobody in a team took it in time, and it is back in the line it was in.
    NotTaken {
        /// Which team.
        team: Option<String>,
        /// Whose line that is; none for the line of the whole company.
        back_to: Option<String>,
    },
    /// Opened, put aside, snoozed or resolved.
    StatusChanged {
        /// To what.
        status: Status,
        /// Until when, if snoozed.
        until: Option<Timestamp>,
        /// The colleague who did it; the clock when absent.
        by: Option<String>,
    },
    /// The visitor does not wait any longer, and wants to be answered another way.
    LeftWaitingRoom {
        /// How.
        way: Way,
        /// Where to write to.
        email: Option<String>,
        /// Where to call.
        phone: Option<String>,
    },
}

impl Activity {
    /// For readers without a catalogue of their own.
    fn text(&self) -> String {
        match self {
            Self::Assigned { agent_name, .. } => format!("Assigned to {agent_name}"),
            Self::Unassigned { .. } => "Unassigned".to_owned(),
            Self::Transferred { name, by, .. } => format!("Handed over to {name} by {by}"),
            Self::NotTaken { team, back_to } => format!(
                "Not taken in time by {}: back in the line of {}",
                team.as_deref().unwrap_or("the team"),
                back_to.as_deref().unwrap_or("the company")
            ),
            Self::StatusChanged { status, .. } => format!("Marked {}", status.as_str()),
            Self::LeftWaitingRoom { way, email, phone } => match way {
                Way::Message => "Left the waiting room: an answer here will do".to_owned(),
                Way::Callback => format!("Left the waiting room: wants a call, {}", phone.as_deref().unwrap_or("-")),
                Way::Email => format!("Left the waiting room: wants an e-mail, {}", email.as_deref().unwrap_or("-")),
            },
        }
    }
}

const SYSTEM: Sender = Sender { kind: SenderKind::System, id: None, name: None };

/// Writes an activity line. Saving the conversation is the caller's.
pub(crate) async fn note_activity(
    tx: &mut TenantTx,
    conversation: &mut Conversation,
    activity: Activity,
) -> Result<(), StoreError> {
    note_activity_as(tx, conversation, activity, None).await
}

/// The same under an id by which whoever brought it about finds it again.
pub(crate) async fn note_activity_as(
    tx: &mut TenantTx,
    conversation: &mut Conversation,
    activity: Activity,
    client_message_id: Option<Uuid>,
) -> Result<(), StoreError> {
    let line = draft(&activity, client_message_id)?;
    note_all(tx, vec![(conversation, line)]).await
}

/// An activity line for each of these conversations.
pub(crate) async fn note_activities(
    tx: &mut TenantTx,
    lines: Vec<(&mut Conversation, Activity)>,
) -> Result<(), StoreError> {
    let drafts = lines.into_iter().map(|(conversation, activity)| Ok((conversation, draft(&activity, None)?)));
    note_all(tx, drafts.collect::<Result<_, StoreError>>()?).await
}

fn draft(activity: &Activity, client_message_id: Option<Uuid>) -> Result<Draft, StoreError> {
    Ok(Draft {
        message_type: MessageType::Activity,
        private: true,
        sender: SYSTEM,
        sender_uuid: None,
        text: activity.text(),
        content: Some(setup::stored(activity)?),
        client_message_id,
    })
}

async fn note_all(tx: &mut TenantTx, lines: Vec<(&mut Conversation, Draft)>) -> Result<(), StoreError> {
    if lines.is_empty() {
        return Ok(());
    }
    let (mut placed, mut after) = (Vec::with_capacity(lines.len()), Vec::with_capacity(lines.len()));
    for (conversation, draft) in lines {
        // A line about the thread is not news in it: the list keeps showing the last thing somebody said.
        let (brief, at) = (conversation.last_message.clone(), conversation.last_activity_at);
        placed.push(place(tx, conversation, draft));
        conversation.last_message = brief;
        conversation.last_activity_at = at;
        after.push(Arc::new(conversation.clone()));
    }
    write(tx, &placed).await?;
    for (placed, conversation) in placed.into_iter().zip(after) {
        Event::MessageCreated { message: Arc::new(placed.message), conversation }.tell(tx)?;
    }
    Ok(())
}

/// Writes a message with a form. Saving the conversation is the caller's.
pub(crate) async fn write_template(
    tx: &mut TenantTx,
    conversation: &mut Conversation,
    text: &str,
    content: serde_json::Value,
) -> Result<(), StoreError> {
    let brief = conversation.last_message.clone();
    let draft = Draft {
        message_type: MessageType::Template,
        private: false,
        sender: SYSTEM,
        sender_uuid: None,
        text: text.to_owned(),
        content: Some(content),
        client_message_id: None,
    };
    let message = append(tx, conversation, draft).await?;
    conversation.last_message = brief;
    Event::MessageCreated { message: Arc::new(message), conversation: Arc::new(conversation.clone()) }.tell(tx)
}
