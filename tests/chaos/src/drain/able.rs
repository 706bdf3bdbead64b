//! Who could take what waits, worked out from rows: the drill believes nobody's word for it but its own.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::lines::Ways;

/// Something that waits and is offered to nobody; what many wait for alike is here once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Want {
    /// Whose line it stands in; none for everybody's.
    pub(super) team: Option<Uuid>,
    /// The door it came in by.
    pub(super) inbox: Uuid,
    /// Who was asked in vain.
    pub(super) declined: Vec<Uuid>,
    /// How many rungs this wait has reached. Those of earlier waits count too, and are left out: then more is asked for than must be.
    pub(super) rungs: usize,
}

/// What agents can do.
#[derive(Debug, Default)]
pub(super) struct Talents {
    /// By agent and skill.
    pub(super) levels: HashMap<(Uuid, Uuid), u8>,
    /// By team.
    pub(super) members: HashMap<Uuid, HashSet<Uuid>>,
}

impl Talents {
    /// Whether an agent who has room could certainly take this.
    pub(super) fn could_take(&self, agent: Uuid, want: &Want, ways: &Ways) -> bool {
        let is_in = |team: &Uuid| self.members.get(team).is_some_and(|members| members.contains(&agent));
        let level = |skill: Uuid| self.levels.get(&(agent, skill)).copied().unwrap_or(0);
        let mut demands = ways.demands.iter().filter(|demand| demand.inbox == want.inbox);
        want.team.as_ref().is_none_or(is_in)
            && !want.declined.contains(&agent)
            && demands.all(|demand| level(demand.skill) >= demand.after(want.rungs))
    }
}

#[cfg(test)]
mod tests {
    use super::super::lines::Demand;
    use super::*;

    #[test]
    fn team_skill_level_and_patience_decide_who_could_take_it() {
        let [bo, cy, team, inbox, skill] = [1, 2, 3, 4, 5].map(Uuid::from_u128);
        let talents = Talents {
            levels: HashMap::from([((bo, skill), 5), ((cy, skill), 3)]),
            members: HashMap::from([(team, HashSet::from([cy]))]),
        };
        let ways = Ways { demands: vec![Demand { inbox, skill, level: 5 }], ..Ways::default() };
        let want = Want { team: None, inbox, declined: Vec::new(), rungs: 0 };
        let can = |want: &Want| [bo, cy, team].map(|agent| talents.could_take(agent, want, &ways));
        assert_eq!(can(&want), [true, false, false]);
        assert_eq!(can(&Want { rungs: 1, ..want.clone() }), [true, true, false]);
        assert_eq!(can(&Want { rungs: 1, team: Some(team), ..want.clone() }), [false, true, false]);
        assert_eq!(can(&Want { declined: vec![bo], ..want.clone() }), [false, false, false]);
        assert_eq!(can(&Want { inbox: skill, ..want }), [true, true, true], "nothing is asked for at another door");
    }
}
