//! What rules amount to for one conversation. Pure.

use serde::Serialize;

use super::{Condition, RoutingRule, RuleId};
use crate::contact::Contact;
use crate::conversation::Priority;
use crate::inbox::InboxId;
use crate::skill::{Demand, Demands};
use crate::start::Start;
use crate::team::TeamId;

/// What is known of a conversation when its episode begins.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Where it comes in.
    pub inbox: InboxId,
    /// The labels of the contact.
    pub tags: &'a [String],
    /// What the company knows of the contact.
    pub attributes: &'a serde_json::Value,
    /// The contact's language.
    pub locale: Option<&'a str>,
    /// What else is known.
    pub start: &'a Start,
}

impl<'a> Facts<'a> {
    /// Of a contact who begins in an inbox.
    pub fn of(contact: &'a Contact, inbox: InboxId, start: &'a Start) -> Self {
        Self { inbox, tags: &contact.tags, attributes: &contact.attributes, locale: contact.locale.as_deref(), start }
    }
}

/// What the rules that match amount to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = RoutingOutcome)]
pub struct Outcome {
    /// What it asks for.
    pub demands: Demands,
    /// The team it goes to.
    pub team_id: Option<TeamId>,
    /// How much it matters.
    pub priority: Option<Priority>,
    /// Whether it goes before those who are not.
    pub vip: bool,
    /// The rules that matched, in order.
    pub rule_ids: Vec<RuleId>,
}

/// Applies every active rule that matches, in order: demands add up to the higher level, the later team and priority win.
pub fn apply(rules: &[RoutingRule], facts: Facts<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let matches = |rule: &&RoutingRule| rule.active && rule.conditions.iter().all(|condition| condition.matches(facts));
    for rule in rules.iter().filter(matches) {
        let effects = &rule.effects;
        effects.require.iter().for_each(|demand| raise(&mut outcome.demands.required, *demand));
        effects.prefer.iter().for_each(|demand| raise(&mut outcome.demands.preferred, *demand));
        outcome.team_id = effects.team_id.or(outcome.team_id);
        outcome.priority = effects.priority.or(outcome.priority);
        outcome.vip |= effects.vip;
        outcome.rule_ids.push(rule.id);
    }
    // What is required anyway is not preferred beside it.
    let Demands { required, preferred } = &mut outcome.demands;
    preferred.retain(|demand| !required.iter().any(|one| one.skill_id == demand.skill_id && one.level >= demand.level));
    outcome
}

fn raise(demands: &mut Vec<Demand>, demand: Demand) {
    match demands.iter_mut().find(|one| one.skill_id == demand.skill_id) {
        Some(one) => one.level = one.level.max(demand.level),
        None => demands.push(demand),
    }
}

impl Condition {
    fn matches(&self, facts: Facts<'_>) -> bool {
        let start = facts.start;
        match self {
            Self::ContactTag { tag } => facts.tags.iter().any(|one| same(one, tag)),
            Self::Attribute { name, equals } => {
                let value = start.attributes.get(name).or_else(|| facts.attributes.get(name));
                value.is_some_and(|value| same(&spoken(value), equals))
            }
            Self::PageContains { text } => {
                let url = start.page.as_ref().map(|page| page.url.to_lowercase());
                url.is_some_and(|url| url.contains(&text.to_lowercase()))
            }
            Self::Intent { equals } => {
                start.attributes.get("intent").is_some_and(|intent| same(&spoken(intent), equals))
            }
            Self::Answer { key, equals } => start.answers.get(key).is_some_and(|answer| same(answer, equals)),
            Self::Locale { equals } => facts.locale.is_some_and(|locale| speaks(locale, equals)),
            Self::Inbox { inbox_id } => facts.inbox == *inbox_id,
        }
    }
}

/// A value as somebody would write it.
fn spoken(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// The same words, whatever their capitals and the space around them.
fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// Whether a language is the wanted one, or a kind of it: `zh-Hans-CN` and `zh-CN` are `zh`; `zh` is not `zh-CN`.
pub(crate) fn speaks(locale: &str, wanted: &str) -> bool {
    let (locale, wanted) = (locale.to_lowercase().replace('_', "-"), wanted.to_lowercase().replace('_', "-"));
    locale == wanted || locale.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_spoken_by_its_kinds_and_not_the_other_way_round() {
        for (locale, wanted) in [("zh-CN", "zh"), ("ZH_hans_cn", "zh-Hans"), ("en", "EN"), ("pt-BR", "pt-br")] {
            assert!(speaks(locale, wanted), "{locale} {wanted}");
        }
        for (locale, wanted) in [("zh", "zh-CN"), ("zhx", "zh"), ("en-GB", "en-US"), ("", "en"), ("english", "en")] {
            assert!(!speaks(locale, wanted), "{locale} {wanted}");
        }
    }

    #[test]
    fn a_value_is_compared_as_somebody_would_write_it() {
        let start = Start {
            attributes: serde_json::json!({ "plan": "Gold ", "seats": 12, "trial": true, "none": null }),
            ..Start::default()
        };
        let contact = serde_json::json!({ "plan": "silver", "city": "上海" });
        let facts = Facts {
            inbox: infra::Id::from_uuid(uuid::Uuid::nil()),
            tags: &[],
            attributes: &contact,
            locale: None,
            start: &start,
        };
        let is =
            |name: &str, equals: &str| Condition::Attribute { name: name.into(), equals: equals.into() }.matches(facts);
        assert!(is("plan", "gold") && is("seats", "12") && is("trial", "TRUE") && is("city", "上海"));
        assert!(!is("plan", "silver"), "what the conversation began with is said last");
        assert!(!is("seats", "12.0") && !is("absent", "") && !is("city", "上"));
    }
}
