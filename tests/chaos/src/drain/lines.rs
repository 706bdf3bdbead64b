//! The lines of the drill, each of a company of its own: one where whoever is free is given what waits; one where agents are asked
//! first, and some never answer; one where visitors ask for skills, and for less of them as they wait. In the last two, agents pass
//! some of what they have on.

use std::sync::Arc;
use std::time::Duration;

use load::actors::Play;
use load::http::{Http, insist};
use load::stage::Tenant;
use load::{Doing as _, Outcome};
use serde_json::{Value, json};
use uuid::Uuid;

use super::crowd;
use crate::run::Setting;

/// How long a request to the first, whole servers may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// After so many seconds of a wait, every level that is asked for is so much lower.
pub(super) const LADDER: [(u32, u8); 2] = [(20, 2), (60, 2)];
/// Beside the long line, the others are a tenth of it.
const PART: u32 = 10;
/// But no fewer agents than this: some never answer, some have no skill.
const FEWEST: u32 = 10;
/// How much of what they have agents pass on, in thousandths.
const PASSED_ON: u32 = 150;

/// How a line is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whoever is free is given what waits.
    Given,
    /// Whoever is free is asked.
    Asked,
    /// Whoever is free and has the skill is given it.
    Skilled,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Given, Self::Asked, Self::Skilled];
}

/// What whoever comes in by a door asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    pub(super) inbox: Uuid,
    pub(super) skill: Uuid,
    pub(super) level: u8,
}

impl Demand {
    /// The level that is left when so many rungs have been taken.
    pub(super) fn after(&self, rungs: usize) -> u8 {
        let lower: u8 = LADDER.iter().take(rungs).map(|(_, by)| by).sum();
        self.level.saturating_sub(lower).max(1)
    }
}

/// What visitors ask for and agents do.
#[derive(Debug, Clone, Default)]
pub(super) struct Ways {
    pub(super) demands: Vec<Demand>,
    /// The team that some things are passed on to, as the API writes its id.
    pub(super) team: Option<String>,
    /// How much is passed on, in thousandths.
    pub(super) passes_on: u32,
}

/// One of them.
pub(super) struct Line {
    pub(super) kind: Kind,
    /// Its company, by each door that visitors come in by.
    pub(super) doors: Vec<Tenant>,
    pub(super) ways: Ways,
    /// How many agents take from it, how many wait in the beginning, and how many more come in a second.
    pub(super) agents: u32,
    pub(super) waiting: usize,
    pub(super) arrivals: u64,
}

/// Speaks as a company's owner.
struct Owner(Http);

impl Owner {
    async fn asks(&mut self, method: &str, path: &str, body: &Value) -> Outcome<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        insist(&mut self.0, method, path, &body, PATIENCE).await?.read()
    }
}

fn text(of: &Value, pointer: &str) -> Outcome<String> {
    let found = of.pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned);
    found.doing(|| format!("find {pointer} in {of}"))
}

fn id(of: &Value, pointer: &str) -> Outcome<Uuid> {
    load::ids::decode(&text(of, pointer)?).doing(|| format!("read {pointer} in {of}"))
}

impl Line {
    /// Sets a company up for it.
    pub(super) async fn prepare(kind: Kind, play: &Arc<Play>, company: &Tenant, setting: &Setting) -> Outcome<Self> {
        let mut owner = Owner(crowd::http(play, company)?);
        let mut doors = vec![company.clone()];
        let mut ways = Ways::default();
        let mut changes = vec![("absent_seconds", json!(15))];
        match kind {
            Kind::Given => {}
            Kind::Asked => changes.push(("accept_seconds", json!(5))),
            Kind::Skilled => {
                let rung = |(after, by): (u32, u8)| json!({ "after_seconds": after, "step": { "kind": "lower_level", "by": by } });
                changes.push(("ladder", LADDER.into_iter().map(rung).collect()));
                ways.demands = demand(&mut owner, &mut doors).await?;
            }
        }
        // Who is gone is waited for as briefly as a company may choose.
        policy(&mut owner, changes).await?;
        let (mut agents, mut waiting, mut arrivals) = (setting.agents, setting.waiting, super::ARRIVALS);
        if kind != Kind::Given {
            let team = owner.asks("POST", "/v1/teams", &json!({ "name": "Second" })).await?;
            (ways.team, ways.passes_on) = (Some(text(&team, "/id")?), PASSED_ON);
            agents = (agents / PART).max(FEWEST);
            waiting /= PART as usize;
            arrivals = 1;
        }
        Ok(Self { kind, doors, ways, agents, waiting, arrivals })
    }

    /// The company.
    pub(super) fn company(&self) -> Outcome<&Tenant> {
        self.doors.first().doing(|| "find a line's company".to_owned())
    }
}

async fn policy(owner: &mut Owner, changes: Vec<(&str, Value)>) -> Outcome<()> {
    let page = owner.asks("GET", "/v1/assignment-policies", &Value::Null).await?;
    let first = page.pointer("/data/0").doing(|| "find the first policy".to_owned())?;
    let mut rules = first.get("rules").doing(|| "read its rules".to_owned())?.clone();
    if let Some(rules) = rules.as_object_mut() {
        rules.extend(changes.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    let path = format!("/v1/assignment-policies/{}", text(first, "/id")?);
    owner.asks("PUT", &path, &json!({ "name": first.get("name"), "rules": rules })).await.map(drop)
}

/// Two doors, a skill for each, and a rule that asks for it.
async fn demand(owner: &mut Owner, doors: &mut Vec<Tenant>) -> Outcome<Vec<Demand>> {
    let company = doors.first().doing(|| "find a door".to_owned())?.clone();
    let inboxes = owner.asks("GET", "/v1/inboxes", &Value::Null).await?;
    let second = owner.asks("POST", "/v1/inboxes", &json!({ "name": "Second door" })).await?;
    doors.push(Tenant { key: text(&second, "/key")?, ..company });
    let first = inboxes.pointer("/data/0").doing(|| "find the first inbox".to_owned())?;
    let mut demands = Vec::new();
    for (inbox, name, level) in [(first, "Teapots", 5_u8), (&second, "Kettles", 3)] {
        let skill = owner.asks("POST", "/v1/skills", &json!({ "name": name })).await?;
        let rule = json!({
            "name": name, "active": true,
            "conditions": [{ "kind": "inbox", "inbox_id": inbox.get("id") }],
            "effects": { "require": [{ "skill_id": skill.get("id"), "level": level }] },
        });
        owner.asks("POST", "/v1/routing-rules", &rule).await?;
        demands.push(Demand { inbox: id(inbox, "/id")?, skill: id(&skill, "/id")?, level });
    }
    Ok(demands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_falls_with_every_rung_and_never_below_one() {
        let (inbox, skill) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let demand = Demand { inbox, skill, level: 5 };
        assert_eq!([0, 1, 2, 3].map(|rungs| demand.after(rungs)), [5, 3, 1, 1]);
    }
}
