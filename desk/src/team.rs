//! Teams: who answers together.

use infra::{Id, ids};

/// Marks ids of teams.
#[derive(Debug)]
pub enum TeamKind {}
impl ids::Prefixed for TeamKind {
    const PREFIX: &'static str = "team";
}
/// The id of a team.
pub type TeamId = Id<TeamKind>;
