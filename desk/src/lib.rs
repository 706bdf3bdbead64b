//! desk knows: what is true about customers and conversations.
//!
//! **Invariant.** Everything here happens inside a [`tenant::TenantTx`] that the caller opened and commits.
//! **Invariant.** `routing` and `billing` are unknown here: facts rise as [`event::Event`]s, orders descend as calls.
//!
//! Every verb has one silhouette: fetch (locking), decide (purely), save, tell.

pub mod assignment_policy;
mod backlog;
pub mod brand;
pub mod contact;
pub mod conversation;
pub mod emergency;
pub mod event;
pub mod inbox;
pub mod message;
pub mod skill;
pub mod survey;
pub mod team;

pub use assignment_policy::PolicyId;
pub use brand::BrandId;
pub use contact::{Contact, ContactId};
pub use conversation::{Conversation, ConversationId};
pub use emergency::{Emergency, EmergencyNotice};
pub use event::Event;
pub use inbox::{Inbox, InboxId};
pub use message::{Message, MessageId};
pub use skill::SkillId;
pub use team::TeamId;
