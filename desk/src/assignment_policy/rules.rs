//! What a policy says: plain data that the API, the store and the decisions share. What follows from it is decided elsewhere.

use serde::{Deserialize, Serialize};

use crate::brand::BrandId;
use crate::skill::Level;
use crate::team::TeamId;

/// Which of the able agents gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PolicyStrategy)]
pub enum Strategy {
    /// Whoever has waited longest for one.
    RoundRobin,
    /// Whoever has the smallest load for their capacity.
    LeastBusy,
    /// Whoever is best at what it needs.
    BestSkill,
    /// Nobody: agents pick for themselves.
    Manual,
}

/// What the visitor's language means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LanguageRule {
    /// Nothing.
    Ignore,
    /// Agents who speak it come first.
    Prefer,
    /// Only agents who speak it.
    Require,
}

/// What happens to a wait that has become too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = LadderStep)]
pub enum Step {
    /// What was preferred does not matter any more.
    DropPreferred {},
    /// Every required level is this much lower, but never below 1.
    LowerLevel {
        /// By how much, 1 to 4.
        #[schema(value_type = u8)]
        by: Level,
    },
    /// Another team may take it as well.
    WidenToTeam {
        /// Which.
        team_id: TeamId,
    },
    /// It moves to another team.
    OverflowToTeam {
        /// Which.
        team_id: TeamId,
    },
    /// Every team of a brand may take it.
    OverflowToBrand {
        /// Which.
        brand_id: BrandId,
    },
    /// The visitor is asked to leave a message instead.
    MessageForm {},
}

/// One rung of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LadderRung)]
pub struct Rung {
    /// How long the visitor has waited, in seconds: 1 to 86,400, and more than the rung before.
    pub after_seconds: u32,
    /// What happens then.
    pub step: Step,
}

/// What happens to whoever comes when the line is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum WhenFull {
    /// They may leave a message.
    MessageForm {},
    /// They are told that nobody can be reached now, and are asked for nothing.
    Refuse {},
    /// They wait in another team's line.
    OverflowToTeam {
        /// Which.
        team_id: TeamId,
    },
}

/// How waiting conversations are given to agents.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PolicyRules)]
pub struct Rules {
    /// Which of the able agents gets it.
    pub strategy: Strategy,
    /// Whether whoever had the visitor last gets them again, if online and with room.
    pub sticky: bool,
    /// What the visitor's language means.
    pub language: LanguageRule,
    /// How long an agent may think about an offer, 5 to 300; null to give without asking.
    pub accept_seconds: Option<u32>,
    /// How long a visitor may wait for an answer of the agent who has them before another one gets them, 30 to 3,600; null for
    /// as long as it takes.
    pub answer_seconds: Option<u32>,
    /// How long an agent may be gone before what waits for their answer goes to others, 15 to 3,600.
    pub absent_seconds: u32,
    /// After how many missed offers in a row an agent is set to away, 1 to 10; null for never.
    pub auto_away_after_missed: Option<u32>,
    /// What happens as a wait grows longer; at most 10 rungs, rising.
    pub ladder: Vec<Rung>,
    /// How many may wait, 1 to 10,000; null for any number.
    pub queue_limit: Option<u32>,
    /// What happens to whoever comes then.
    pub when_full: WhenFull,
}

impl Default for Rules {
    /// What holds until somebody says otherwise: the last agent if here, else the least busy.
    fn default() -> Self {
        Self {
            strategy: Strategy::LeastBusy,
            sticky: true,
            language: LanguageRule::Prefer,
            accept_seconds: None,
            answer_seconds: None,
            absent_seconds: 120,
            auto_away_after_missed: None,
            ladder: Vec::new(),
            queue_limit: None,
            when_full: WhenFull::MessageForm {},
        }
    }
}
