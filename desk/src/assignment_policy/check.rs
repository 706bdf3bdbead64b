//! Judges what is set up: numbers that make no sense are refused, and what will not work as somebody hopes is said.

use infra::validate::Check;
use serde::Serialize;

use super::landscape::moves;
use super::{AssignmentPolicy, Landscape, LanguageRule, Rules, Step, Strategy};
use crate::routing_rule::{Condition, RoutingRule};
use crate::skill::Demand;
use crate::team::{Team, TeamId};

/// How many rungs a ladder may have.
const MOST_RUNGS: usize = 10;
/// The longest wait that a ladder knows, in seconds.
const LONGEST: u32 = 86_400;

/// Something that works, but hardly as meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SetupWarning)]
pub struct Warning {
    /// Stable code.
    #[schema(example = "team_empty")]
    pub code: String,
    /// What will happen, as an English sentence.
    pub detail: String,
    /// JSON Pointer to the field that causes it, when there is one.
    #[schema(example = "/rules/ladder/0/step/team_id")]
    pub pointer: Option<String>,
    /// The name of what it is about: a team, a brand, a skill.
    pub subject: Option<String>,
}

impl Warning {
    /// About no field and nothing by name.
    pub(crate) fn new(code: &str, detail: String) -> Self {
        Self { code: code.to_owned(), detail, pointer: None, subject: None }
    }

    fn at(self, field: &str) -> Self {
        Self { pointer: Some(format!("/{field}")), ..self }
    }

    fn about(self, name: &str) -> Self {
        Self { subject: Some(name.to_owned()), ..self }
    }
}

impl Rules {
    /// Refuses numbers that make no sense.
    pub(super) fn check(&self, check: &mut Check) {
        let bounds = [
            ("accept_seconds", self.accept_seconds, 5, 300),
            ("answer_seconds", self.answer_seconds, 30, 3600),
            ("absent_seconds", Some(self.absent_seconds), 15, 3600),
            ("auto_away_after_missed", self.auto_away_after_missed, 1, 10),
            ("queue_limit", self.queue_limit, 1, 10_000),
        ];
        for (field, value, least, most) in bounds {
            if value.is_some_and(|value| !(least..=most).contains(&value)) {
                check.refuse(&format!("rules/{field}"), "number_out_of_range", &format!("{least} to {most}."));
            }
        }
        if self.ladder.len() > MOST_RUNGS {
            check.refuse("rules/ladder", "too_many", "At most 10 rungs.");
        }
        let mut before = 0;
        for (place, rung) in self.ladder.iter().enumerate().take(MOST_RUNGS) {
            let field = format!("rules/ladder/{place}");
            if !(1..=LONGEST).contains(&rung.after_seconds) {
                check.refuse(&format!("{field}/after_seconds"), "number_out_of_range", "1 to 86400.");
            } else if rung.after_seconds <= before {
                check.refuse(&format!("{field}/after_seconds"), "ladder_not_rising", "Later than the rung before.");
            }
            before = rung.after_seconds;
            if let Step::LowerLevel { by } = rung.step
                && !(1..=4).contains(&by)
            {
                check.refuse(&format!("{field}/step/by"), "number_out_of_range", "1 to 4.");
            }
        }
    }
}

impl Landscape {
    /// What a policy will not do as somebody may hope.
    pub fn warn_of_policy(&self, policy: &AssignmentPolicy) -> Vec<Warning> {
        let rules = &policy.rules;
        let mut found = Vec::new();
        if rules.strategy == Strategy::Manual {
            let text = "Nobody is given a conversation by itself: each waits until an agent takes it.";
            found.push(Warning::new("manual_assigns_nobody", text.into()).at("rules/strategy"));
        }
        if rules.strategy == Strategy::BestSkill && !self.any_skill_asked() {
            let text = "No active rule asks for a skill: everybody is equally good, and takes turns.";
            found.push(Warning::new("no_skill_asked", text.into()).at("rules/strategy"));
        }
        if rules.language == LanguageRule::Require && self.agents.values().all(|agent| agent.languages.is_empty()) {
            let text = "No agent says which languages they speak: every conversation waits.";
            found.push(Warning::new("nobody_speaks", text.into()).at("rules/language"));
        }
        if !self.agents.is_empty() && self.agents.keys().all(|agent| self.takes_nothing(*agent)) {
            let text = "No agent takes conversations of any channel: every conversation waits.";
            found.push(Warning::new("no_capacity", text.into()));
        }
        for (place, rung) in rules.ladder.iter().enumerate() {
            self.warn_of_step(rung.step, &format!("rules/ladder/{place}/step"), &mut found);
        }
        if let Some((field, team)) = moves(rules).find(|(field, _)| field.starts_with("rules/when_full")) {
            self.warn_of_empty(team, &field, &mut found);
        }
        let users: Vec<TeamId> = self.users(policy).map(|team| team.id).collect();
        for (field, team) in moves(rules).filter(|(_, team)| users.contains(team)) {
            let name = self.team(team).map_or("", |team| team.name.as_str());
            let text = format!("{name} uses this policy: what waits there already stays there.");
            found.push(Warning::new("overflow_to_itself", text).at(&field).about(name));
        }
        found
    }

    fn warn_of_step(&self, step: Step, field: &str, found: &mut Vec<Warning>) {
        match step {
            Step::WidenToTeam { team_id } | Step::OverflowToTeam { team_id } => {
                self.warn_of_empty(team_id, &format!("{field}/team_id"), found);
            }
            Step::OverflowToBrand { brand_id } => {
                let crewed = |team: &Team| team.brand_id == Some(brand_id) && !self.crew(team).is_empty();
                if let (Some(brand), false) = (self.brand(brand_id), self.teams.iter().any(crewed)) {
                    let text = format!("Nobody is in a team of {}: what overflows there goes on waiting.", brand.name);
                    found.push(Warning::new("brand_empty", text).at(&format!("{field}/brand_id")).about(&brand.name));
                }
            }
            Step::DropPreferred {} | Step::LowerLevel { .. } | Step::MessageForm {} => {}
        }
    }

    fn warn_of_empty(&self, team: TeamId, field: &str, found: &mut Vec<Warning>) {
        if let Some(team) = self.team(team).filter(|team| self.crew(team).is_empty()) {
            let text = format!("Nobody is in {}: what comes there waits until somebody joins.", team.name);
            found.push(Warning::new("team_empty", text).at(field).about(&team.name));
        }
    }

    /// What a team cannot do.
    pub fn warn_of_team(&self, team: &Team) -> Vec<Warning> {
        let crew = self.crew(team);
        if crew.is_empty() {
            let text = format!("Nobody is in {}: what comes there waits until somebody joins.", team.name);
            return vec![Warning::new("team_empty", text).at("agent_ids").about(&team.name)];
        }
        if crew.iter().all(|agent| self.takes_nothing(*agent)) {
            let text = format!("Nobody in {} takes conversations of any channel: what comes there waits.", team.name);
            return vec![Warning::new("no_capacity", text).at("agent_ids").about(&team.name)];
        }
        Vec::new()
    }

    /// What a routing rule asks in vain.
    pub fn warn_of_rule(&self, rule: &RoutingRule) -> Vec<Warning> {
        let team = rule.effects.team_id.and_then(|id| self.team(id));
        let mut found = Vec::new();
        if let Some(team) = team {
            self.warn_of_empty(team.id, "effects/team_id", &mut found);
        }
        let of_hours = |condition: &Condition| matches!(condition, Condition::Hours { .. });
        if let (false, Some(place)) = (self.has_hours, rule.conditions.iter().position(of_hours)) {
            let text = "No team, inbox or brand has business hours: it is always open.";
            found.push(Warning::new("no_hours", text.into()).at(&format!("conditions/{place}")));
        }
        for (place, demand) in rule.effects.require.iter().enumerate() {
            found.extend(self.warn_of_demand(*demand, team, &format!("effects/require/{place}")));
        }
        found
    }

    fn warn_of_demand(&self, demand: Demand, team: Option<&Team>, field: &str) -> Option<Warning> {
        let skill = &self.skill(demand.skill_id)?.name;
        let level = demand.level;
        let warning = match (self.best(demand.skill_id, None), team) {
            (None, _) => {
                let text = format!("Nobody has {skill}: conversations that need it wait until somebody does.");
                Warning::new("skill_nobody_has", text)
            }
            (Some(best), _) if best < level => {
                let text = format!(
                    "Nobody has {skill} at level {level}; {best} is the best. Conversations wait until the ladder asks for less."
                );
                Warning::new("level_nobody_has", text)
            }
            (Some(_), Some(team)) if self.best(demand.skill_id, Some(team)).is_none_or(|best| best < level) => {
                let text = format!("Nobody in {} has {skill} at level {level}: conversations wait there.", team.name);
                Warning::new("skill_nobody_in_team", text)
            }
            (Some(_), _) => return None,
        };
        Some(warning.at(field).about(skill))
    }

    fn any_skill_asked(&self) -> bool {
        let asks = |rule: &RoutingRule| !rule.effects.require.is_empty() || !rule.effects.prefer.is_empty();
        self.rules.iter().any(|rule| rule.active && asks(rule))
    }

    fn takes_nothing(&self, agent: tenant::AgentId) -> bool {
        let able = self.agents.get(&agent);
        !self.channels.is_empty() && able.is_none_or(|able| self.channels.is_subset(&able.never))
    }
}
