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
    /// Whether it is open as it comes, which [`Hours::open_to`](crate::opening::Hours::open_to) says.
    pub open: bool,
    /// What else is known.
    pub start: &'a Start,
}

impl<'a> Facts<'a> {
    /// Of a contact who begins in an inbox, while it is open or closed.
    pub fn of(contact: &'a Contact, inbox: InboxId, open: bool, start: &'a Start) -> Self {
        let locale = contact.locale.as_deref();
        Self { inbox, tags: &contact.tags, attributes: &contact.attributes, locale, open, start }
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

/// Whether a rule that counts asks for hours: where none does, nobody has to read them.
pub(crate) fn ask_for_hours(rules: &[RoutingRule]) -> bool {
    let asks = |condition: &Condition| matches!(condition, Condition::Hours { .. });
    rules.iter().any(|rule| rule.active && rule.conditions.iter().any(asks))
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
            Self::Hours { open } => facts.open == *open,
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
    use super::super::Effects;
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
            open: true,
            start: &start,
        };
        let is =
            |name: &str, equals: &str| Condition::Attribute { name: name.into(), equals: equals.into() }.matches(facts);
        assert!(is("plan", "gold") && is("seats", "12") && is("trial", "TRUE") && is("city", "上海"));
        assert!(!is("plan", "silver"), "what the conversation began with is said last");
        assert!(!is("seats", "12.0") && !is("absent", "") && !is("city", "上"));
    }

    fn rule(number: u128, active: bool, conditions: Vec<Condition>, priority: Priority) -> RoutingRule {
        RoutingRule {
            id: infra::Id::from_uuid(uuid::Uuid::from_u128(number)),
            position: 0,
            name: String::new(),
            conditions,
            effects: Effects { priority: Some(priority), ..Effects::default() },
            active,
            warnings: Vec::new(),
            created_at: chrono::DateTime::UNIX_EPOCH,
            updated_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_rule_goes_by_whether_it_is_open_beside_whatever_else_it_asks() {
        let hours = |open| Condition::Hours { open };
        let tag = Condition::ContactTag { tag: "regular".into() };
        let rules = [
            rule(1, true, vec![hours(true)], Priority::High),
            rule(2, true, vec![hours(false)], Priority::Low),
            rule(3, true, vec![hours(false), tag], Priority::Urgent),
            rule(4, true, vec![hours(true), hours(false)], Priority::Urgent),
        ];
        let (start, regular) = (Start::default(), ["Regular".to_owned()]);
        let matched = |open: bool, tags: &[String]| {
            let inbox = infra::Id::from_uuid(uuid::Uuid::nil());
            let facts = Facts { inbox, tags, attributes: &serde_json::Value::Null, locale: None, open, start: &start };
            let outcome = apply(&rules, facts);
            (outcome.rule_ids.iter().map(|id| id.uuid().as_u128()).collect::<Vec<_>>(), outcome.priority)
        };
        assert_eq!(matched(true, &regular), (vec![1], Some(Priority::High)));
        assert_eq!(matched(false, &[]), (vec![2], Some(Priority::Low)));
        assert_eq!(matched(false, &regular), (vec![2, 3], Some(Priority::Urgent)));
    }

    #[test]
    fn hours_are_read_only_where_a_rule_that_counts_asks_for_them() {
        let asks = |active, conditions| ask_for_hours(&[rule(1, active, conditions, Priority::Low)]);
        let (shut, chinese) = (Condition::Hours { open: false }, Condition::Locale { equals: "zh".into() });
        assert!(asks(true, vec![chinese.clone(), shut.clone()]));
        assert!(!asks(false, vec![shut]) && !asks(true, vec![chinese]) && !asks(true, Vec::new()));
    }

    #[test]
    fn a_condition_on_hours_is_written_as_documented_and_nothing_else_is_understood() {
        let read = |text: &str| serde_json::from_str::<Condition>(text).ok();
        assert_eq!(read(r#"{"kind":"hours","open":false}"#), Some(Condition::Hours { open: false }));
        for wrong in [
            r#"{"kind":"hours"}"#,
            r#"{"kind":"hours","open":"no"}"#,
            r#"{"kind":"hours","open":null}"#,
            r#"{"kind":"hours","open":true,"closed":false}"#,
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
