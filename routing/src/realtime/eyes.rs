//! Which of a company's agents hear of a conversation: what a socket sees, and for which eyes a frame is.

use std::collections::BTreeSet;

use desk::{Audience, TeamId};
use infra::ids;
use tenant::Sight;

/// For which of a company's agents a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Eyes {
    /// Those who see everything.
    Whole,
    /// Those who do not.
    Limited,
    /// Those who see a conversation that is there.
    Seeing(Audience),
    /// The same, without those who see everything.
    LimitedSeeing(Audience),
    /// Those who saw a conversation where it was, and do not where it is.
    Losing {
        /// Where it was.
        from: Audience,
        /// Where it is.
        to: Audience,
    },
}

/// What one socket of an agent sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    sight: Sight,
    teams: BTreeSet<TeamId>,
}

impl View {
    /// Everything.
    pub const WHOLE: Self = Self { sight: Sight::All, teams: BTreeSet::new() };

    /// What an agent in these teams sees.
    pub const fn new(sight: Sight, teams: BTreeSet<TeamId>) -> Self {
        Self { sight, teams }
    }

    /// Whether anything is hidden.
    pub const fn is_limited(&self) -> bool {
        self.sight.is_limited()
    }

    /// Whether a frame is for this socket.
    pub(super) fn has(&self, eyes: Eyes) -> bool {
        let sees = |audience: Audience| audience.is_seen_by(self.sight, &self.teams);
        match eyes {
            Eyes::Whole => !self.is_limited(),
            Eyes::Limited => self.is_limited(),
            Eyes::Seeing(audience) => sees(audience),
            Eyes::LimitedSeeing(audience) => self.is_limited() && sees(audience),
            Eyes::Losing { from, to } => sees(from) && !sees(to),
        }
    }
}

impl Eyes {
    /// As it stands in an envelope.
    pub(super) fn mark(self) -> String {
        match self {
            Self::Whole => "whole".to_owned(),
            Self::Limited => "limited".to_owned(),
            Self::Seeing(audience) => format!("see.{}", place(audience)),
            Self::LimitedSeeing(audience) => format!("lsee.{}", place(audience)),
            Self::Losing { from, to } => format!("lose.{}.{}", place(from), place(to)),
        }
    }

    pub(super) fn of_mark(mark: &str) -> Option<Self> {
        let mut parts = mark.split('.');
        let kind = parts.next()?;
        let mut audience = || {
            let (team, assignee) = (id(parts.next()?).ok()?, id(parts.next()?).ok()?);
            Some(Audience { team, assignee })
        };
        match kind {
            "whole" => Some(Self::Whole),
            "limited" => Some(Self::Limited),
            "see" => audience().map(Self::Seeing),
            "lsee" => audience().map(Self::LimitedSeeing),
            "lose" => Some(Self::Losing { from: audience()?, to: audience()? }),
            _ => None,
        }
    }
}

fn place(audience: Audience) -> String {
    let team = audience.team.map(infra::Id::suffix).unwrap_or_default();
    let assignee = audience.assignee.map(infra::Id::suffix).unwrap_or_default();
    format!("{team}.{assignee}")
}

/// What we did not write.
struct NotOurs;

/// An id that may be none.
fn id<E>(text: &str) -> Result<Option<infra::Id<E>>, NotOurs> {
    if text.is_empty() { Ok(None) } else { ids::decode(text).map(infra::Id::from_uuid).map(Some).ok_or(NotOurs) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use infra::Id;
    use uuid::Uuid;

    #[test]
    fn whoever_loses_sight_of_a_conversation_is_told_and_nobody_else() {
        let (me, team) = (Id::from_uuid(Uuid::from_u128(1)), Id::from_uuid(Uuid::from_u128(2)));
        let mine = Audience { team: Some(team), assignee: Some(me) };
        let away = Audience { team: None, assignee: Some(Id::from_uuid(Uuid::from_u128(3))) };
        let own = View::new(Sight::Own(me), BTreeSet::from([team]));
        assert!(own.has(Eyes::Losing { from: mine, to: away }));
        assert!(!own.has(Eyes::Losing { from: away, to: mine }));
        assert!(!View::WHOLE.has(Eyes::Losing { from: mine, to: away }), "who sees all loses nothing");
        assert!(own.has(Eyes::Seeing(mine)) && !own.has(Eyes::Seeing(away)));
        assert!(View::WHOLE.has(Eyes::Seeing(away)) && !View::WHOLE.has(Eyes::LimitedSeeing(away)));
    }
}
