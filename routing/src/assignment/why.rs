//! The grounds of a decision, kept with each assignment and shown to whoever asks why.

use desk::assignment_policy::{PolicyId, Strategy};
use desk::skill::Demand;
use serde::{Deserialize, Serialize};
use tenant::AgentId;

/// What spoke for the one chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// It was passed on to them.
    Named,
    /// They had the contact last.
    LastAgent,
    /// They have waited longest for one.
    LongestWithout,
    /// They have the smallest load for their capacity.
    LeastBusy,
    /// They are best at what it needs.
    BestSkill,
    /// Everybody able had declined, and it is their turn again.
    SecondRound,
}

/// Why an agent could not have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Is not connected.
    Offline,
    /// Is here and takes none now.
    Away,
    /// Has no room.
    Full,
    /// Has as many of this channel as they take.
    ChannelFull,
    /// Is in none of the teams.
    OtherTeam,
    /// Lacks a required skill.
    SkillMissing,
    /// Has a required skill, on too low a level.
    LevelTooLow,
    /// Does not speak the language.
    Language,
    /// Was offered it in vain.
    Declined,
    /// It was passed on to somebody else.
    NotNamed,
}

/// One of those looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Candidate {
    /// Who.
    pub agent_id: AgentId,
    /// How much they had, in hundredths of a conversation.
    pub load: u32,
    /// How much they take.
    pub capacity: u32,
    /// The sum of their levels in the skills asked for.
    pub level: u16,
    /// Why they could not have it; absent for those who could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refusal>,
}

/// Why this agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Why {
    /// The policy; `null` for the rules that hold until somebody writes some.
    pub policy: Option<PolicyId>,
    /// Its strategy.
    pub strategy: Strategy,
    /// How many rungs of the ladder had been taken.
    pub step: u16,
    /// What was required, after these.
    pub required: Vec<Demand>,
    /// What was preferred, after these.
    pub preferred: Vec<Demand>,
    /// The one chosen first, then the next best, then some who could not; at most 10.
    pub candidates: Vec<Candidate>,
    /// What spoke for the one chosen.
    pub reason: Ground,
    /// How long it had been waiting.
    pub waited_seconds: i64,
}
