//! Assignment policies: how waiting conversations are given to agents, for a team, an inbox, or the whole company.

mod rules;

use infra::{Id, ids};

pub use rules::{LanguageRule, Rules, Rung, Step, Strategy, WhenFull};

/// Marks ids of assignment policies.
#[derive(Debug)]
pub enum PolicyKind {}
impl ids::Prefixed for PolicyKind {
    const PREFIX: &'static str = "policy";
}
/// The id of an assignment policy.
pub type PolicyId = Id<PolicyKind>;
