//! One good request for every operation of what is set up for routing.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::{Http, Shop, Visitor, fresh};

/// What a company has set up.
pub(crate) struct SetUp {
    pub(crate) team: String,
    pub(crate) brand: String,
    pub(crate) skill: String,
    pub(crate) hours: String,
    pub(crate) policy: String,
    pub(crate) rule: String,
    pub(crate) content: String,
    /// One more of each, to be removed: nothing leads to them.
    spare: BTreeMap<&'static str, String>,
    agent: String,
    inbox: String,
    contact: String,
}

async fn made(http: &Http, path: &str, body: Value) -> String {
    let reply = http.post(path, body).await;
    assert_eq!(reply.status, 201, "{path}: {}", reply.text);
    reply.json()["id"].as_str().unwrap().to_owned()
}

fn calendar() -> Value {
    json!({
        "time_zone": "Asia/Shanghai",
        "weekly": {
            "mon": [{ "from": "09:00", "to": "12:00" }, { "from": "21:00", "to": "02:00" }], "tue": [], "wed": [],
            "thu": [], "fri": [{ "from": "00:00", "to": "24:00" }], "sat": [], "sun": [],
        },
        "special": [{ "date": "2026-10-01", "name": "National Day", "slots": [] }],
    })
}

fn rules(team: &str) -> Value {
    json!({
        "strategy": "best_skill", "sticky": true, "language": "prefer", "accept_seconds": 30, "answer_seconds": 120,
        "absent_seconds": 60, "auto_away_after_missed": 3, "queue_limit": 50, "when_full": { "kind": "message_form" },
        "ladder": [
            { "after_seconds": 30, "step": { "kind": "drop_preferred" } },
            { "after_seconds": 60, "step": { "kind": "lower_level", "by": 1 } },
            { "after_seconds": 90, "step": { "kind": "widen_to_team", "team_id": team } },
            { "after_seconds": 300, "step": { "kind": "message_form" } },
        ],
    })
}

impl SetUp {
    /// Two of everything.
    pub(crate) async fn of(shop: &Shop, visitor: &Visitor) -> Self {
        let (mut first, mut spare) = (BTreeMap::new(), BTreeMap::new());
        for all in [&mut first, &mut spare] {
            for (noun, body) in simple_ones(&|text| shop.says(text)) {
                all.insert(noun, made(&shop.owner.http, &format!("/v1/{noun}"), body).await);
            }
        }
        let mut take = |noun: &str| first.remove(noun).unwrap();
        Self {
            team: take("teams"),
            brand: take("brands"),
            skill: take("skills"),
            hours: take("business-hours"),
            policy: take("assignment-policies"),
            rule: take("routing-rules"),
            content: take("waiting-content"),
            spare,
            agent: shop.owner.id.clone(),
            inbox: shop.inbox["id"].as_str().unwrap().to_owned(),
            contact: visitor.id.clone(),
        }
    }

    /// Whose id it names, and the body.
    pub(crate) fn probe(
        &self,
        operation: &str,
        says: &dyn Fn(&str) -> String,
    ) -> Option<(Option<&String>, Option<Value>)> {
        let (method, path) = operation.split_once(' ').unwrap();
        let noun = path.trim_start_matches("/v1/").split('/').next().unwrap();
        let (id, body) = match noun {
            "teams" => (&self.team, self.team_body(says)),
            "brands" => (&self.brand, json!({ "name": name(says), "business_hours_id": self.hours })),
            "skills" => (&self.skill, json!({ "name": name(says), "description": says("Green and black") })),
            "business-hours" => (&self.hours, json!({ "name": name(says), "calendar": calendar() })),
            "assignment-policies" => (&self.policy, json!({ "name": name(says), "rules": rules(&self.team) })),
            "routing-rules" => (&self.rule, self.rule_body(says)),
            "waiting-content" => (&self.content, self.content_body(says)),
            "agents" | "queue" => (&self.agent, Value::Null),
            _ => return None,
        };
        let body = match operation {
            "PUT /v1/agents/{id}/skills" => json!({ "skills": [{ "skill_id": self.skill, "level": 3 }] }),
            "PUT /v1/teams/{id}/members" => json!({ "agent_ids": [self.agent] }),
            "PUT /v1/assignment-policies/default" => json!({ "assignment_policy_id": self.policy }),
            "PUT /v1/routing-rules/order" => json!({ "ids": [self.rule] }),
            "PUT /v1/waiting-content/order" => json!({ "ids": [self.content] }),
            "PUT /v1/queue/thresholds" => json!({ "waiting": 10, "longest_seconds": 300 }),
            "POST /v1/routing-rules/test" => self.trial(says),
            _ if noun == "agents" || noun == "queue" => return None,
            _ => body,
        };
        let id = if method == "DELETE" { &self.spare[noun] } else { id };
        let names_one = path.contains("{id}");
        let has_body = ["POST", "PUT", "PATCH"].contains(&method);
        Some((names_one.then_some(id), has_body.then_some(body)))
    }

    fn team_body(&self, says: &dyn Fn(&str) -> String) -> Value {
        json!({
            "name": name(says), "description": says("Before you buy"), "brand_id": self.brand, "public": true,
            "assignment_policy_id": self.policy, "business_hours_id": self.hours, "position": 2,
        })
    }

    fn rule_body(&self, says: &dyn Fn(&str) -> String) -> Value {
        let demand = json!([{ "skill_id": self.skill, "level": 2 }]);
        json!({
            "name": name(says), "active": true,
            "conditions": [
                { "kind": "contact_tag", "tag": says("vip") }, { "kind": "attribute", "name": "plan", "equals": "gold" },
                { "kind": "page_contains", "text": "/tea" }, { "kind": "intent", "equals": "buy" },
                { "kind": "answer", "key": "about", "equals": "tea" }, { "kind": "locale", "equals": "zh" },
                { "kind": "inbox", "inbox_id": self.inbox }, { "kind": "hours", "open": true },
            ],
            "effects": { "require": demand, "prefer": [], "team_id": self.team, "priority": "high", "vip": true },
        })
    }

    fn content_body(&self, says: &dyn Fn(&str) -> String) -> Value {
        json!({
            "kind": "coupon", "title": says("Ten percent"), "body": says("On all teas"), "active": true,
            "media_url": "https://shop.example/a.jpg", "link_url": "https://shop.example/", "coupon_code": "TEA10",
            "conditions": { "pages": ["/tea"], "tags": ["vip"], "team_ids": [self.team], "locales": ["en"] },
        })
    }

    fn trial(&self, says: &dyn Fn(&str) -> String) -> Value {
        let page = json!({ "url": "https://shop.example/tea", "title": "Tea", "referrer": "" });
        let start = json!({
            "team_id": self.team, "page": page, "answers": { "about": "tea" }, "attributes": { "intent": "buy" },
        });
        json!({
            "inbox_id": self.inbox, "contact_id": self.contact, "tags": [says("vip")], "locale": "zh-CN", "start": start,
            "at": "2027-03-28T07:30:00Z",
        })
    }
}

/// No two have the same name, however often they are made.
fn name(says: &dyn Fn(&str) -> String) -> String {
    says(&fresh().simple().to_string()[20..])
}

/// One of everything, none of which leads to another.
fn simple_ones(says: &dyn Fn(&str) -> String) -> [(&'static str, Value); 7] {
    let mut rules = rules("");
    rules["ladder"] = json!([]);
    let rule = json!({ "name": name(says), "effects": { "priority": "high" }, "active": true });
    [
        ("teams", json!({ "name": name(says) })),
        ("brands", json!({ "name": name(says) })),
        ("skills", json!({ "name": name(says) })),
        ("business-hours", json!({ "name": name(says), "calendar": calendar() })),
        ("assignment-policies", json!({ "name": name(says), "rules": rules })),
        ("routing-rules", rule),
        ("waiting-content", json!({ "kind": "card", "title": name(says), "active": true })),
    ]
}
