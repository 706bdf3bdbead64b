//! tenant fences: who asks, for which company, within which fence.
//!
//! **Invariant.** The only ways to a company's tables are [`Scope::begin`] and a [`lane::Lane`]; both run under that company's own
//! database role, so a query that escapes it finds no table it may read.
//! **Invariant.** Nothing here knows what a conversation is, or what it costs.
//!
//! To add a table to every company: a file in `migrations/tenant/`, listed in [`migrate`].

pub mod account;
pub mod agent;
pub mod api_key;
pub mod archive;
pub mod audit;
pub mod challenge;
pub mod closing;
pub mod data_key;
pub mod device;
pub mod doctor;
pub mod email_change;
pub mod email_token;
pub mod erasure;
pub mod export;
pub mod flood;
pub mod gate;
pub mod idempotency;
pub mod identity;
pub mod invitation;
pub mod jobs;
pub mod lane;
pub mod letters;
pub mod limits;
pub mod login;
pub mod membership;
pub mod migrate;
pub mod money_letters;
pub mod organisation;
pub mod outbox;
pub mod overview;
pub mod pace;
pub mod page;
pub mod password;
pub mod permission;
pub mod proof;
pub mod provision;
pub mod provisioning;
pub mod refusals;
pub mod relocate;
pub mod role;
pub mod scope;
pub mod seal;
pub mod session;
pub mod setup_link;
pub mod shares;
pub mod sight;
pub mod sign_in;
pub mod sign_in_letters;
pub mod signup;
pub mod sites;
pub mod slug;
pub mod sso;
pub mod support;
pub mod suspension;
pub mod throttle;
pub mod token;
pub mod tx;
pub mod usage;
pub mod vault;
pub mod visits;
pub mod world;
pub mod writes;

mod hash;
mod schema;
mod tally;
mod turned_away;

pub use account::{Account, AccountId};
pub use limits::Limits;
pub use membership::{AgentId, Role};
pub use outbox::Fact;
pub use pace::Pace;
pub use permission::{Permission, Permissions};
pub use role::{RoleId, Standing};
pub use schema::SchemaName;
pub use scope::{Actor, Member, Scope, Tenant, Visitor};
pub use sight::{Sight, Visibility};
pub use tx::TenantTx;
pub use world::World;
