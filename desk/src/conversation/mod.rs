//! Conversations: one thread between a contact and the company, in episodes that begin when it opens and end when it is resolved.

mod assignments;
mod hand_over;
mod list;
mod marks;
mod state;
pub(crate) mod store;
mod summary;
mod verbs;

use chrono::{DateTime, Utc};
use infra::database::StoreError;
use infra::{Fault, Id, Kind, ids};
use serde::{Deserialize, Serialize};
use tenant::AgentId;
use tenant::usage::UsedUp;

use crate::contact::ContactId;
use crate::inbox::InboxId;
use crate::message::{MessageType, Sender};
use crate::sight::Audience;
use crate::team::TeamId;

pub use assignments::{Assignment, assignments};
pub use hand_over::{AssignedBy, Claim, Requeue, assign, claim, release_all_of, requeue};
pub use list::{Counts, Filter, Progress, counts, list, progress};
pub use marks::{Mark, Marker, note};
pub use state::{State, StateError, Status};
pub use store::{ends, find, find_of_contact, latest_of_contact, lock_only};
pub use summary::{Holder, Line, PassedTo, Summary, note_transfer, summary};
pub(crate) use verbs::{begin_episode, count_episode};
pub use verbs::{give_back, join, next_to_wake, overflow, pass_to_team, set_priority, set_status, wake_snoozed};

/// Marks ids of conversations.
#[derive(Debug)]
pub enum ConversationKind {}
impl ids::Prefixed for ConversationKind {
    const PREFIX: &'static str = "conv";
}
/// The id of a conversation.
pub type ConversationId = Id<ConversationKind>;

/// Who is at the two ends of a conversation.
#[derive(Debug, Clone)]
pub struct Ends {
    /// Whose it is.
    pub contact: ContactId,
    /// What they are called.
    pub contact_name: Option<String>,
    /// Which agents see it.
    pub audience: Audience,
}

/// How much a conversation matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Can wait.
    Low,
    /// As usual.
    Medium,
    /// Soon.
    High,
    /// Now.
    Urgent,
}

impl Priority {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High, Self::Urgent].into_iter().find(|priority| priority.as_str() == text)
    }
}

/// The contact of a conversation, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContactBrief {
    /// Who.
    pub id: ContactId,
    /// Their name, once known.
    pub name: Option<String>,
    /// Their address, once known.
    pub email: Option<String>,
}

/// The newest message, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MessageBrief {
    /// Its place in the conversation.
    pub seq: i64,
    /// Its first 200 characters.
    pub text: String,
    /// Its type.
    pub message_type: MessageType,
    /// Whether it is a note among colleagues.
    pub private: bool,
    /// Who wrote it.
    pub sender: Sender,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// The rating asked for, or given, at the end of an episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Survey {
    /// The episode it is about.
    pub episode: i32,
    /// 1 (bad) to 5 (good), once given.
    pub rating: Option<i16>,
    /// What the visitor wrote beside it.
    pub comment: Option<String>,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
    /// When it was answered.
    pub answered_at: Option<DateTime<Utc>>,
}

/// A conversation, as agents see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Where it was when it was read: who saw it then, and does not any more, is told.
    #[serde(skip)]
    pub(crate) was: Audience,
    /// Its number, for people; counts from 1 in each company.
    pub number: i64,
    /// Where it stands.
    pub status: Status,
    /// Where it came in.
    pub inbox_id: InboxId,
    /// With whom.
    pub contact: ContactBrief,
    /// Whose it is.
    pub assignee_id: Option<AgentId>,
    /// The assignee's name.
    pub assignee_name: Option<String>,
    /// The team whose line it is in, or was in last.
    pub team_id: Option<TeamId>,
    /// How much it matters.
    pub priority: Option<Priority>,
    /// Counts from 1; a reopened conversation begins the next.
    pub episode: i32,
    /// Rises with every change: of two views of a conversation, the one with the higher version is the newer.
    pub version: i64,
    /// The place of the newest message; messages count 1, 2, 3 … without gaps.
    pub last_seq: i64,
    /// The same in the visitor's numbering, which leaves out notes and activity.
    pub last_public_seq: i64,
    /// Up to where the company has read.
    pub agent_read_seq: i64,
    /// The same in the visitor's numbering.
    pub agent_read_public_seq: i64,
    /// Up to where the visitor has read, in the visitor's numbering.
    pub contact_read_seq: i64,
    /// Up to where the visitor's browser has received, in the visitor's numbering.
    pub contact_delivered_seq: i64,
    /// The visitor's messages that the company has not read.
    pub unread_count: i32,
    /// The company's messages that the visitor has not read.
    pub contact_unread_count: i32,
    /// The newest message, in short.
    pub last_message: Option<MessageBrief>,
    /// Since when the visitor waits for an answer.
    pub waiting_since: Option<DateTime<Utc>>,
    /// Until when it is snoozed.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// When this episode was first answered by a person.
    pub first_reply_at: Option<DateTime<Utc>>,
    /// When it was resolved.
    pub resolved_at: Option<DateTime<Utc>>,
    /// When something was last written in it.
    pub last_activity_at: DateTime<Utc>,
    /// The latest rating asked for.
    pub survey: Option<Survey>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Whether the visitor may still expect an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WidgetStatus {
    /// Going on. Whether it is pending or snoozed is the company's own affair.
    Open,
    /// Ended, until the visitor writes again.
    Resolved,
}

/// The agent a visitor talks to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WidgetAgent {
    /// The name to show.
    pub name: String,
}

/// A conversation, as its visitor sees it: nothing of notes, colleagues or priorities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WidgetConversation {
    /// Its id.
    pub id: ConversationId,
    /// Where it stands.
    pub status: WidgetStatus,
    /// Counts from 1; a reopened conversation begins the next.
    pub episode: i32,
    /// Rises with every change: of two views of a conversation, the one with the higher version is the newer.
    pub version: i64,
    /// Who answers.
    pub assignee: Option<WidgetAgent>,
    /// The place of the newest message the visitor sees; without gaps.
    pub last_seq: i64,
    /// Up to where the company has read.
    pub agent_read_seq: i64,
    /// Up to where the visitor has read.
    pub contact_read_seq: i64,
    /// What the visitor has not read.
    pub unread_count: i32,
    /// The latest rating asked for.
    pub survey: Option<Survey>,
    /// When it began.
    pub created_at: DateTime<Utc>,
}

impl Conversation {
    /// What the visitor may see of it.
    pub fn for_visitor(&self) -> WidgetConversation {
        WidgetConversation {
            id: self.id,
            status: match self.status {
                Status::Open | Status::Pending | Status::Snoozed => WidgetStatus::Open,
                Status::Resolved => WidgetStatus::Resolved,
            },
            episode: self.episode,
            version: self.version,
            assignee: self.assignee_name.clone().map(|name| WidgetAgent { name }),
            last_seq: self.last_public_seq,
            agent_read_seq: self.agent_read_public_seq,
            contact_read_seq: self.contact_read_seq,
            unread_count: self.contact_unread_count,
            survey: self.survey.clone(),
            created_at: self.created_at,
        }
    }

    /// Where it is, as far as it decides who sees it.
    pub fn audience(&self) -> Audience {
        Audience { team: self.team_id, assignee: self.assignee_id }
    }

    /// Where it was before whatever happened to it.
    pub fn audience_before(&self) -> Audience {
        self.was
    }

    /// Whether it waits for an agent to be found.
    pub fn is_waiting(&self) -> bool {
        self.assignee_id.is_none() && self.status == Status::Open
    }
}

/// What can go wrong with a conversation.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    /// No such conversation here, or not yours to know of.
    #[error("no such conversation")]
    Unknown,
    /// No such agent here.
    #[error("no such agent")]
    AgentUnknown,
    /// The agent has as much as they take.
    #[error("this agent has as much as they take")]
    AgentFull,
    /// It is not in a state that allows this.
    #[error(transparent)]
    State(#[from] StateError),
    /// The month's conversations are used up.
    #[error(transparent)]
    UsedUp(#[from] UsedUp),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ConversationError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown | Self::AgentUnknown => Kind::NotFound,
            Self::AgentFull => Kind::Conflict,
            Self::State(error) => error.kind(),
            Self::UsedUp(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "conversation_unknown",
            Self::AgentUnknown => "agent_unknown",
            Self::AgentFull => "agent_full",
            Self::State(error) => error.code(),
            Self::UsedUp(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}
