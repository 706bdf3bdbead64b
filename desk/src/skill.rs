//! Skills: what agents can do, and how well.

use infra::{Id, ids};
use serde::{Deserialize, Serialize};

/// Marks ids of skills.
#[derive(Debug)]
pub enum SkillKind {}
impl ids::Prefixed for SkillKind {
    const PREFIX: &'static str = "skill";
}
/// The id of a skill.
pub type SkillId = Id<SkillKind>;

/// How well: 1 (a little) to 5 (an expert).
pub type Level = u8;

/// A skill that a conversation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// Which.
    pub skill_id: SkillId,
    /// At least this level, 1 to 5.
    pub level: Level,
}

/// Everything that a conversation asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Demands {
    /// Only agents who have all of these.
    pub required: Vec<Demand>,
    /// Agents who have these come first.
    pub preferred: Vec<Demand>,
}
