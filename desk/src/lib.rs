//! desk knows: what is true about customers and conversations.
//!
//! **Invariant.** Everything here happens inside a [`tenant::TenantTx`] that the caller opened and commits.
//! **Invariant.** `routing` and `billing` are unknown here: facts rise as [`event::Event`]s, orders descend as calls.
//!
//! Every verb has one silhouette: fetch (locking), decide (purely), save, tell.

pub mod address_block;
pub mod assignment_policy;
mod backlog;
pub mod brand;
pub mod business_hours;
pub mod choice;
pub mod contact;
pub mod conversation;
pub mod emergency;
pub mod erasure;
pub mod event;
pub mod hours;
pub mod inbox;
pub mod look;
pub mod masking;
pub mod message;
pub mod queue;
pub mod read_back;
pub mod retention;
pub mod routing_rule;
pub mod setup;
pub mod sight;
pub mod skill;
pub mod spam_guard;
pub mod start;
pub mod survey;
pub mod team;
pub mod waiting_content;
pub mod waiting_room;

pub mod opening;
mod order;

pub use assignment_policy::PolicyId;
pub use brand::BrandId;
pub use business_hours::HoursId;
pub use contact::{Contact, ContactId};
pub use conversation::{Conversation, ConversationId};
pub use emergency::{Emergency, EmergencyNotice};
pub use event::Event;
pub use inbox::{Inbox, InboxId};
pub use message::{Message, MessageId};
pub use queue::QueueEntry;
pub use routing_rule::RuleId;
pub use sight::Audience;
pub use skill::SkillId;
pub use start::Start;
pub use team::TeamId;
