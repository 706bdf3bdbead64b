//! The whole setup at one glance: what a policy is held against.

use std::collections::{BTreeMap, BTreeSet};

use infra::database::StoreError;
use infra::validate::{Check, Invalid};
use tenant::{AgentId, TenantTx, agent};

use super::{AssignmentPolicy, Rules, Step, WhenFull};
use crate::brand::{self, Brand, BrandId};
use crate::inbox;
use crate::routing_rule::{self, RoutingRule};
use crate::skill::{self, AgentSkill, Level, Skill, SkillId};
use crate::team::{self, Team, TeamId};

/// Everything that is set up.
#[derive(Debug, Default)]
pub struct Landscape {
    pub(super) teams: Vec<Team>,
    pub(super) brands: Vec<Brand>,
    skills: Vec<Skill>,
    pub(super) rules: Vec<RoutingRule>,
    policies: Vec<AssignmentPolicy>,
    held: BTreeMap<AgentId, Vec<AgentSkill>>,
    /// Who takes conversations at all, and of which channels none.
    pub(super) agents: BTreeMap<AgentId, Able>,
    pub(super) channels: BTreeSet<String>,
    /// Whether a team, an inbox or a brand has hours.
    pub(super) has_hours: bool,
}

/// What the judgement needs of an agent.
#[derive(Debug)]
pub(super) struct Able {
    pub(super) languages: Vec<String>,
    pub(super) never: BTreeSet<String>,
}

impl Landscape {
    /// As it is in this transaction.
    pub async fn load(tx: &TenantTx) -> Result<Self, StoreError> {
        let able = |profile: agent::Profile| {
            let never = profile.channel_capacity.into_iter().filter(|(_, most)| *most == 0);
            (profile.id, Able { languages: profile.languages, never: never.map(|(channel, _)| channel).collect() })
        };
        let (teams, brands, inboxes) = (team::list(tx).await?, brand::list(tx).await?, inbox::list(tx).await?);
        let has_hours = teams.iter().any(|team| team.business_hours_id.is_some())
            || brands.iter().any(|brand| brand.business_hours_id.is_some())
            || inboxes.iter().any(|inbox| inbox.business_hours_id.is_some());
        Ok(Self {
            teams,
            brands,
            has_hours,
            skills: skill::list(tx).await?,
            rules: routing_rule::list(tx).await?,
            policies: super::list(tx).await?,
            held: skill::of_agents(tx).await?,
            agents: agent::list(tx).await?.into_iter().map(able).collect(),
            channels: inboxes.into_iter().map(|inbox| inbox.channel).collect(),
        })
    }

    /// Without agents who are switched off.
    #[must_use]
    pub fn without(mut self, disabled: &BTreeSet<AgentId>) -> Self {
        self.agents.retain(|id, _| !disabled.contains(id));
        self
    }

    /// Every team, in order.
    pub fn teams(&self) -> &[Team] {
        &self.teams
    }

    /// Every policy, the default first.
    pub fn policies(&self) -> &[AssignmentPolicy] {
        &self.policies
    }

    /// Every routing rule, in order.
    pub fn rules(&self) -> &[RoutingRule] {
        &self.rules
    }

    pub(super) fn team(&self, id: TeamId) -> Option<&Team> {
        self.teams.iter().find(|team| team.id == id)
    }

    pub(super) fn brand(&self, id: BrandId) -> Option<&Brand> {
        self.brands.iter().find(|brand| brand.id == id)
    }

    pub(crate) fn skill(&self, id: SkillId) -> Option<&Skill> {
        self.skills.iter().find(|skill| skill.id == id)
    }

    /// Who of a team takes conversations at all.
    pub(super) fn crew(&self, team: &Team) -> Vec<AgentId> {
        team.agent_ids.iter().copied().filter(|id| self.agents.contains_key(id)).collect()
    }

    /// The best level that anybody has, of a team or of all.
    pub(super) fn best(&self, skill: SkillId, team: Option<&Team>) -> Option<Level> {
        let counts =
            |agent: &AgentId| self.agents.contains_key(agent) && team.is_none_or(|team| team.agent_ids.contains(agent));
        self.held
            .iter()
            .filter(|(agent, _)| counts(agent))
            .flat_map(|(_, skills)| skills)
            .filter(|held| held.skill_id == skill)
            .map(|held| held.level)
            .max()
    }

    /// The rules that hold in a team's line when the inbox has none of its own.
    fn rules_of(&self, team: &Team) -> Option<&Rules> {
        let id = team.assignment_policy_id;
        let policy = self.policies.iter().find(|policy| id.map_or(policy.is_default, |id| policy.id == id));
        policy.map(|policy| &policy.rules)
    }

    /// The teams that use a policy.
    pub(super) fn users(&self, policy: &AssignmentPolicy) -> impl Iterator<Item = &Team> {
        let (id, is_default) = (policy.id, policy.is_default);
        self.teams.iter().filter(move |team| team.assignment_policy_id.map_or(is_default, |own| own == id))
    }

    /// Teams in whose lines a conversation would go round for ever, in order. A team that overflows into itself is not one:
    /// whoever is there already stays.
    pub fn circle(&self) -> Option<Vec<TeamId>> {
        let mut proven = BTreeSet::new();
        for team in &self.teams {
            let mut path = Vec::new();
            if self.walk(team.id, &mut path, &mut proven) {
                return Some(path);
            }
        }
        None
    }

    fn walk(&self, at: TeamId, path: &mut Vec<TeamId>, proven: &mut BTreeSet<TeamId>) -> bool {
        if let Some(start) = path.iter().position(|team| *team == at) {
            path.drain(..start);
            path.push(at);
            return true;
        }
        if proven.contains(&at) {
            return false;
        }
        path.push(at);
        let rules = self.team(at).and_then(|team| self.rules_of(team));
        for (_, next) in rules.into_iter().flat_map(moves).filter(|(_, next)| *next != at) {
            if self.walk(next, path, proven) {
                return true;
            }
        }
        path.pop();
        proven.insert(at);
        false
    }

    /// A circle in words.
    pub fn tell_circle(&self, circle: &[TeamId]) -> String {
        let name = |id: &TeamId| self.team(*id).map_or("?", |team| team.name.as_str());
        let way: Vec<&str> = circle.iter().map(name).collect();
        format!("Conversations would go round for ever: {}.", way.join(" → "))
    }

    /// Refuses a policy that names what is not there, or that can never come to an end.
    pub(super) fn refuse(&self, policy: &AssignmentPolicy) -> Result<(), Invalid> {
        let mut check = Check::new();
        for (place, rung) in policy.rules.ladder.iter().enumerate() {
            match rung.step {
                Step::WidenToTeam { team_id } | Step::OverflowToTeam { team_id } if self.team(team_id).is_none() => {
                    check.refuse(&format!("rules/ladder/{place}/step/team_id"), "team_unknown", "No such team.");
                }
                Step::OverflowToBrand { brand_id } if self.brand(brand_id).is_none() => {
                    check.refuse(&format!("rules/ladder/{place}/step/brand_id"), "brand_unknown", "No such brand.");
                }
                Step::DropPreferred {}
                | Step::LowerLevel { .. }
                | Step::WidenToTeam { .. }
                | Step::OverflowToTeam { .. }
                | Step::OverflowToBrand { .. }
                | Step::MessageForm {} => {}
            }
        }
        if let WhenFull::OverflowToTeam { team_id } = policy.rules.when_full
            && self.team(team_id).is_none()
        {
            check.refuse("rules/when_full/team_id", "team_unknown", "No such team.");
        }
        if let Some(circle) = self.circle() {
            let guilty = moves(&policy.rules).find(|(_, team)| circle.contains(team));
            let field = guilty.map_or("rules/ladder".to_owned(), |(field, _)| field);
            check.refuse(&field, "overflow_cycle", &self.tell_circle(&circle));
        }
        check.finish()
    }
}

/// Where a conversation moves by these rules, with the field that says so.
pub(super) fn moves(rules: &Rules) -> impl Iterator<Item = (String, TeamId)> {
    let rungs = rules.ladder.iter().enumerate().filter_map(|(place, rung)| match rung.step {
        Step::OverflowToTeam { team_id } => Some((format!("rules/ladder/{place}/step/team_id"), team_id)),
        Step::DropPreferred {}
        | Step::LowerLevel { .. }
        | Step::WidenToTeam { .. }
        | Step::OverflowToBrand { .. }
        | Step::MessageForm {} => None,
    });
    let full = match rules.when_full {
        WhenFull::OverflowToTeam { team_id } if rules.queue_limit.is_some() => {
            Some(("rules/when_full/team_id".to_owned(), team_id))
        }
        WhenFull::OverflowToTeam { .. } | WhenFull::MessageForm {} | WhenFull::Refuse {} => None,
    };
    rungs.chain(full)
}
