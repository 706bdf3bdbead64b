//! How far a member sees: everything, what their teams have, or only what is theirs. A [`crate::TenantTx`] carries it, so that
//! whatever reads in a member's transaction reads with their eyes. What there is to see, `desk` knows.

use infra::Id;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::membership::AgentId;
use crate::scope::{Member, Visitor};

/// How far the holders of a role see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Conversations that are theirs, and those of their teams that are nobody's yet.
    Own,
    /// Conversations that are theirs, and all those of their teams.
    Teams,
    /// Every conversation.
    All,
}

impl Visibility {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Teams => "teams",
            Self::All => "all",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Own, Self::Teams, Self::All].into_iter().find(|one| one.as_str() == text)
    }
}

/// Whose eyes see, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Everything: the system itself, and whoever is not limited.
    All,
    /// What this agent's teams have, and what is theirs.
    Teams(AgentId),
    /// What is this agent's, and what nobody has yet in their teams.
    Own(AgentId),
}

impl Sight {
    /// An agent's.
    pub const fn of(agent: AgentId, visibility: Visibility) -> Self {
        match visibility {
            Visibility::All => Self::All,
            Visibility::Teams => Self::Teams(agent),
            Visibility::Own => Self::Own(agent),
        }
    }

    /// Whether anything is hidden.
    pub const fn is_limited(self) -> bool {
        match self {
            Self::All => false,
            Self::Teams(_) | Self::Own(_) => true,
        }
    }

    /// As two nullable statement values: how far, and whose. Both null when nothing is hidden.
    pub fn parts(self) -> (Option<&'static str>, Option<Uuid>) {
        match self {
            Self::All => (None, None),
            Self::Teams(agent) => (Some(Visibility::Teams.as_str()), Some(Id::uuid(agent))),
            Self::Own(agent) => (Some(Visibility::Own.as_str()), Some(Id::uuid(agent))),
        }
    }
}

/// Whoever has eyes of their own inside a company.
pub trait Sees {
    /// How far.
    fn sight(&self) -> Sight;
}

impl Sees for Member {
    fn sight(&self) -> Sight {
        self.sight
    }
}

impl Sees for Visitor {
    /// A visitor's verbs ask for their own things by name.
    fn sight(&self) -> Sight {
        Sight::All
    }
}
