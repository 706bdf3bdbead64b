//! What is set up for routing: what can never work is refused, what works otherwise than meant is said, nothing that is needed
//! goes away, and everything is noted.

use serde_json::{Value, json};
use tenant::Role;
use tests::{Http, Shop, TestApp};

pub(crate) async fn made(http: &Http, path: &str, body: Value) -> Value {
    let reply = http.post(path, body).await;
    assert_eq!(reply.status, 201, "{path}: {}", reply.text);
    reply.json()
}

pub(crate) fn id(thing: &Value) -> &str {
    thing["id"].as_str().unwrap()
}

async fn team(shop: &Shop, name: &str) -> Value {
    made(&shop.owner.http, "/v1/teams", json!({ "name": shop.says(name) })).await
}

/// A policy with this ladder; the rest is ordinary.
fn rules(ladder: Value) -> Value {
    let mut rules = json!({
        "strategy": "least_busy", "sticky": true, "language": "ignore", "accept_seconds": null, "answer_seconds": null,
        "absent_seconds": 60, "auto_away_after_missed": null, "queue_limit": null, "when_full": { "kind": "message_form" },
    });
    rules["ladder"] = ladder;
    rules
}

fn overflow(after: u32, team: &Value) -> Value {
    json!({ "after_seconds": after, "step": { "kind": "overflow_to_team", "team_id": team["id"] } })
}

async fn policy(shop: &Shop, name: &str, rules: Value) -> Value {
    made(&shop.owner.http, "/v1/assignment-policies", json!({ "name": shop.says(name), "rules": rules })).await
}

fn codes(thing: &Value) -> Vec<&str> {
    thing["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

pub(crate) fn faults(reply: &tests::Reply) -> Vec<(String, String)> {
    assert_eq!((reply.status, reply.code().as_str()), (422, "validation_failed"), "{}", reply.text);
    let body = reply.json();
    let text = |fault: &Value, field: &str| fault[field].as_str().unwrap().to_owned();
    let faults = body["errors"].as_array().unwrap().iter();
    faults.map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect()
}

pub(crate) fn fault(pointer: &str, code: &str) -> Vec<(String, String)> {
    vec![(pointer.to_owned(), code.to_owned())]
}

#[tokio::test]
async fn a_policy_by_which_conversations_would_go_round_for_ever_is_refused() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let (sales, support, billing) =
        (team(&shop, "Sales").await, team(&shop, "Support").await, team(&shop, "Billing").await);
    let uses = async |team: &Value, policy: &Value| {
        let body = json!({ "name": team["name"], "assignment_policy_id": policy["id"] });
        http.put(&format!("/v1/teams/{}", id(team)), body).await
    };
    let to_support = policy(&shop, "To support", rules(json!([overflow(60, &support)]))).await;
    let to_billing = policy(&shop, "To billing", rules(json!([overflow(60, &billing)]))).await;
    uses(&sales, &to_support).await.ok();
    uses(&support, &to_billing).await.ok();

    // Sales → Support → Billing, and now Billing → Sales: as a policy of a team, and by a policy that changes.
    let back = policy(&shop, "Back", rules(json!([overflow(90, &sales)]))).await;
    let refused = uses(&billing, &back).await;
    assert_eq!(faults(&refused), fault("/assignment_policy_id", "overflow_cycle"));
    assert!(refused.text.contains("→"), "the way is told: {}", refused.text);
    let home = policy(&shop, "Home", rules(json!([]))).await;
    uses(&billing, &home).await.ok();
    let change = json!({ "name": home["name"], "rules": rules(json!([overflow(30, &sales)])) });
    let path = format!("/v1/assignment-policies/{}", id(&home));
    assert_eq!(faults(&http.put(&path, change).await), fault("/rules/ladder/0/step/team_id", "overflow_cycle"));

    // The same by a line that is full, and by the default policy, which holds where no other is named.
    let mut full = rules(json!([]));
    full["queue_limit"] = json!(5);
    full["when_full"] = json!({ "kind": "overflow_to_team", "team_id": sales["id"] });
    let change = json!({ "name": home["name"], "rules": full });
    assert_eq!(faults(&http.put(&path, change).await), fault("/rules/when_full/team_id", "overflow_cycle"));
    let bare = json!({ "name": billing["name"] });
    http.put(&format!("/v1/teams/{}", id(&billing)), bare).await.ok();
    let choose = json!({ "assignment_policy_id": back["id"] });
    let refused = http.put("/v1/assignment-policies/default", choose).await;
    assert_eq!(faults(&refused), fault("/assignment_policy_id", "overflow_cycle"));

    // A team that overflows into itself is no circle: what is there stays there, and that is said.
    let own =
        http.put(&path, json!({ "name": home["name"], "rules": rules(json!([overflow(30, &billing)])) })).await.ok();
    assert_eq!(codes(&own), ["team_empty"]);
    uses(&billing, &home).await.ok();
    let own = http.get(&path).await.ok();
    assert_eq!(codes(&own), ["team_empty", "overflow_to_itself"]);
    assert_eq!(own["warnings"][1]["pointer"], "/rules/ladder/0/step/team_id");
    assert_eq!(own["warnings"][1]["subject"], billing["name"]);
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused_field_by_field() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let http = &shop.owner.http;
    let foreign = team(&other, "Theirs").await;
    let rung = |after: u32, step: Value| json!({ "after_seconds": after, "step": step });
    let ladder = json!([
        rung(60, json!({ "kind": "drop_preferred" })),
        rung(60, json!({ "kind": "lower_level", "by": 5 })),
        rung(0, json!({ "kind": "message_form" })),
    ]);
    let mut bad = rules(ladder);
    bad["accept_seconds"] = json!(4);
    bad["answer_seconds"] = json!(3601);
    bad["absent_seconds"] = json!(14);
    bad["auto_away_after_missed"] = json!(11);
    bad["queue_limit"] = json!(0);
    let refused = http.post("/v1/assignment-policies", json!({ "name": " ", "rules": bad })).await;
    let expected = [
        ("/name", "text_too_short"),
        ("/rules/accept_seconds", "number_out_of_range"),
        ("/rules/answer_seconds", "number_out_of_range"),
        ("/rules/absent_seconds", "number_out_of_range"),
        ("/rules/auto_away_after_missed", "number_out_of_range"),
        ("/rules/queue_limit", "number_out_of_range"),
        ("/rules/ladder/1/after_seconds", "ladder_not_rising"),
        ("/rules/ladder/1/step/by", "number_out_of_range"),
        ("/rules/ladder/2/after_seconds", "number_out_of_range"),
    ];
    assert_eq!(faults(&refused), expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));

    let long: Vec<Value> = (1..=11).map(|n| rung(n, json!({ "kind": "drop_preferred" }))).collect();
    let refused = http.post("/v1/assignment-policies", json!({ "name": "Long", "rules": rules(json!(long)) })).await;
    assert_eq!(faults(&refused), fault("/rules/ladder", "too_many"));
    let strange = json!([
        overflow(10, &foreign),
        rung(20, json!({ "kind": "overflow_to_brand", "brand_id": "brand_01h455vb4pex5vsknk084sn02q" }))
    ]);
    let refused = http.post("/v1/assignment-policies", json!({ "name": "Far", "rules": rules(strange) })).await;
    let expected =
        [("/rules/ladder/0/step/team_id", "team_unknown"), ("/rules/ladder/1/step/brand_id", "brand_unknown")];
    assert_eq!(faults(&refused), expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    for step in
        [json!({ "kind": "give_up" }), json!({}), json!("drop_preferred"), json!({ "kind": "drop_preferred", "x": 1 })]
    {
        let body = json!({ "name": "Odd", "rules": rules(json!([rung(5, step)])) });
        http.post("/v1/assignment-policies", body).await.refused(422, "body_fields_invalid");
    }

    // Nothing of it is there, and names are taken whatever their capitals.
    let all = http.get("/v1/assignment-policies").await.ok();
    assert_eq!(all["data"].as_array().unwrap().len(), 1, "{all}");
    let calm = policy(&shop, "Calm", rules(json!([]))).await;
    let again = json!({ "name": calm["name"].as_str().unwrap().to_uppercase(), "rules": rules(json!([])) });
    assert_eq!(faults(&http.post("/v1/assignment-policies", again).await), fault("/name", "name_taken"));
    let body = json!({ "name": "Ours", "assignment_policy_id": policy(&other, "X", rules(json!([]))).await["id"] });
    let refused = http.post("/v1/teams", body).await;
    assert_eq!(faults(&refused), fault("/assignment_policy_id", "assignment_policy_unknown"));
}

#[tokio::test]
async fn what_is_asked_for_in_vain_is_said() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let bo = shop.colleague("Bo", Role::Agent).await;
    let support = team(&shop, "Support").await;
    assert_eq!(codes(&support), ["team_empty"]);
    let skill = made(http, "/v1/skills", json!({ "name": shop.says("Chinese") })).await;
    let demand = json!([{ "skill_id": skill["id"], "level": 3 }]);
    let body = json!({ "name": shop.says("Needs it"), "active": true, "effects": { "require": demand, "team_id": support["id"] } });
    let rule = made(http, "/v1/routing-rules", body).await;
    assert_eq!(codes(&rule), ["team_empty", "skill_nobody_has"]);
    assert_eq!(rule["warnings"][1]["subject"], skill["name"]);
    let path = format!("/v1/routing-rules/{}", id(&rule));
    let skilled = async |agent: &str, level: u8| {
        let skills = json!({ "skills": [{ "skill_id": skill["id"], "level": level }] });
        http.put(&format!("/v1/agents/{agent}/skills"), skills).await.ok()
    };
    skilled(&bo.id, 2).await;
    assert_eq!(codes(&http.get(&path).await.ok()), ["team_empty", "level_nobody_has"]);
    let bo_now = skilled(&bo.id, 3).await;
    assert_eq!(bo_now["skills"], json!([{ "skill_id": skill["id"], "level": 3 }]));
    let members = format!("/v1/teams/{}/members", id(&support));
    let joined = http.put(&members, json!({ "agent_ids": [shop.owner.id] })).await.ok();
    assert_eq!(codes(&joined), [""; 0]);
    assert_eq!(codes(&http.get(&path).await.ok()), ["skill_nobody_in_team"]);
    http.put(&members, json!({ "agent_ids": [bo.id] })).await.ok();
    assert_eq!(codes(&http.get(&path).await.ok()), [""; 0]);

    // Somebody who is switched off has no skills to give and is nobody in a team.
    http.patch(&format!("/v1/agents/{}", bo.id), json!({ "disabled": true })).await.ok();
    assert_eq!(codes(&http.get(&path).await.ok()), ["team_empty", "skill_nobody_has"]);
    http.patch(&format!("/v1/agents/{}", bo.id), json!({ "disabled": false })).await.ok();

    // No capacity anywhere: nobody takes a conversation of any channel.
    let none = json!({ "channel_capacity": { "website": 0 } });
    http.patch(&format!("/v1/agents/{}", bo.id), none.clone()).await.ok();
    assert_eq!(codes(&http.get(&format!("/v1/teams/{}", id(&support))).await.ok()), ["no_capacity"]);
    assert_eq!(codes(&http.get("/v1/assignment-policies").await.ok()["data"][0]), [""; 0], "the owner still has room");
    http.patch(&format!("/v1/agents/{}", shop.owner.id), none).await.ok();
    assert_eq!(codes(&http.get("/v1/assignment-policies").await.ok()["data"][0]), ["no_capacity"]);

    let mut strict = rules(json!([]));
    strict["strategy"] = json!("manual");
    strict["language"] = json!("require");
    let strict = policy(&shop, "Strict", strict).await;
    assert_eq!(codes(&strict), ["manual_assigns_nobody", "nobody_speaks", "no_capacity"]);
    let mut best = rules(json!([]));
    best["strategy"] = json!("best_skill");
    let best = policy(&shop, "Best", best).await;
    assert_eq!(codes(&best), ["no_capacity"], "a rule asks for a skill");
    http.delete(&path).await.ok();
    let best = http.get(&format!("/v1/assignment-policies/{}", id(&best))).await.ok();
    assert_eq!(codes(&best), ["no_skill_asked", "no_capacity"]);

    let brand = made(http, "/v1/brands", json!({ "name": shop.says("Blue") })).await;
    let step = json!({ "kind": "overflow_to_brand", "brand_id": brand["id"] });
    let wide = policy(&shop, "Wide", rules(json!([{ "after_seconds": 9, "step": step }]))).await;
    assert_eq!(codes(&wide), ["no_capacity", "brand_empty"]);
}

#[tokio::test]
async fn nothing_goes_away_while_something_needs_it() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let hours = json!({ "name": "Office", "calendar": { "time_zone": "Europe/Berlin", "weekly": { "mon": [{ "from": "09:00", "to": "17:00" }] } } });
    let hours = made(http, "/v1/business-hours", hours).await;
    let brand = made(http, "/v1/brands", json!({ "name": "Blue", "business_hours_id": hours["id"] })).await;
    let skill = made(http, "/v1/skills", json!({ "name": "Tea" })).await;
    let team = made(http, "/v1/teams", json!({ "name": "Buyers", "brand_id": brand["id"] })).await;
    let to_team = policy(&shop, "To buyers", rules(json!([overflow(60, &team)]))).await;
    let inbox = format!("/v1/inboxes/{}", shop.inbox["id"].as_str().unwrap());
    let course = json!({ "assignment_policy_id": to_team["id"], "brand_id": brand["id"], "weight": 50 });
    let there = http.patch(&inbox, course).await.ok();
    assert_eq!((&there["brand_id"], &there["weight"]), (&brand["id"], &json!(50)));
    let demand = json!([{ "skill_id": skill["id"], "level": 1 }]);
    let rule =
        made(http, "/v1/routing-rules", json!({ "name": "Tea", "active": false, "effects": { "prefer": demand } }))
            .await;

    let path = |noun: &str, thing: &Value| format!("/v1/{noun}/{}", id(thing));
    http.delete(&path("business-hours", &hours)).await.refused(409, "business_hours_in_use");
    http.delete(&path("brands", &brand)).await.refused(409, "brand_in_use");
    http.delete(&path("skills", &skill)).await.refused(409, "skill_in_use");
    let refused = http.delete(&path("teams", &team)).await;
    refused.refused(409, "team_in_use");
    assert!(refused.text.contains("To buyers"), "it says what needs it: {}", refused.text);
    http.delete(&path("assignment-policies", &to_team)).await.refused(409, "assignment_policy_in_use");

    // Cleared with null, kept when absent; then everything may go, from what needs to what is needed.
    let freed = http.patch(&inbox, json!({ "assignment_policy_id": null, "brand_id": null })).await.ok();
    assert_eq!(
        (&freed["brand_id"], &freed["assignment_policy_id"], &freed["weight"]),
        (&Value::Null, &Value::Null, &json!(50))
    );
    for (noun, thing) in [
        ("routing-rules", &rule),
        ("assignment-policies", &to_team),
        ("teams", &team),
        ("skills", &skill),
        ("brands", &brand),
        ("business-hours", &hours),
    ] {
        assert_eq!(http.delete(&path(noun, thing)).await.status, 204, "{noun}");
        assert_eq!(http.get(&path(noun, thing)).await.status, 404, "{noun}");
    }

    // There is always one default, whoever it is.
    let only = http.get("/v1/assignment-policies").await.ok()["data"][0].clone();
    assert_eq!(only["is_default"], true);
    http.delete(&path("assignment-policies", &only)).await.refused(409, "assignment_policy_is_default");
    let next = policy(&shop, "Next", rules(json!([]))).await;
    http.put("/v1/assignment-policies/default", json!({ "assignment_policy_id": next["id"] })).await.ok();
    assert_eq!(http.delete(&path("assignment-policies", &only)).await.status, 204);
    let all = http.get("/v1/assignment-policies").await.ok();
    assert_eq!((all["data"].as_array().unwrap().len(), &all["data"][0]["id"]), (1, &next["id"]));
}

#[tokio::test]
async fn a_team_keeps_what_it_has_in_hand() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let team = team(&shop, "Support").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let (schema, uuid) = (shop.schema().await, infra::ids::decode(&id(&team)[5..]).unwrap());
    app.sql(&format!("update {schema}.conversation set team_id = '{uuid}'")).await;
    let path = format!("/v1/teams/{}", id(&team));
    shop.owner.http.delete(&path).await.refused(409, "team_in_use");
    shop.owner.resolves(&ana.chat()).await;
    assert_eq!(shop.owner.http.delete(&path).await.status, 204, "what is resolved needs no team");
}

#[tokio::test]
async fn rules_amount_to_what_somebody_tries_beforehand() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let (sales, support) = (team(&shop, "Sales").await, team(&shop, "Support").await);
    let skill = made(http, "/v1/skills", json!({ "name": "Refunds" })).await;
    let demand = |level: u8| json!([{ "skill_id": skill["id"], "level": level }]);
    let rule = async |name: &str, conditions: Value, effects: Value| {
        let body = json!({ "name": name, "conditions": conditions, "effects": effects, "active": true });
        id(&made(http, "/v1/routing-rules", body).await).to_owned()
    };
    let vip =
        rule("Gold", json!([{ "kind": "contact_tag", "tag": "GOLD" }]), json!({ "vip": true, "priority": "high" }))
            .await;
    let refund = json!([{ "kind": "intent", "equals": "refund" }, { "kind": "locale", "equals": "zh" }]);
    let refund = rule("Refund", refund, json!({ "require": demand(2), "team_id": support["id"] })).await;
    let order = json!([{ "kind": "answer", "key": "about", "equals": "an order" }, { "kind": "page_contains", "text": "/CART" }]);
    let order =
        rule("Order", order, json!({ "require": demand(4), "prefer": demand(3), "team_id": sales["id"] })).await;
    let plan =
        rule("Plan", json!([{ "kind": "attribute", "name": "plan", "equals": "3" }]), json!({ "priority": "urgent" }))
            .await;

    let ana = shop.visitor("Ana").await;
    let change = json!({ "tags": ["gold", "Gold", "new"], "attributes": { "plan": 3 } });
    let contact = http.patch(&format!("/v1/contacts/{}", ana.id), change).await.ok();
    assert_eq!(contact["tags"], json!(["gold", "new"]));
    let inbox = &shop.inbox["id"];
    let tries = async |body: Value| http.post("/v1/routing-rules/test", body).await.ok();
    let nothing = tries(json!({ "inbox_id": inbox })).await;
    assert_eq!(nothing["rule_ids"], json!([]));
    assert_eq!((&nothing["vip"], &nothing["team_id"]), (&json!(false), &Value::Null));
    let start = json!({
        "page": { "url": "https://shop.example/cart/2", "title": "", "referrer": "" },
        "answers": { "about": "An order" }, "attributes": { "intent": "refund" },
    });
    let all = tries(json!({ "inbox_id": inbox, "contact_id": ana.id, "locale": "zh-CN", "start": start })).await;
    assert_eq!(all["rule_ids"], json!([vip, refund, order, plan]));
    assert_eq!((&all["team_id"], &all["priority"], &all["vip"]), (&sales["id"], &json!("urgent"), &json!(true)));
    assert_eq!(all["demands"]["required"], demand(4), "the higher level of both, and not preferred beside it");
    assert_eq!(all["demands"]["preferred"], json!([]));

    // In another order the later team is another one; what is switched off does not count.
    let arranged = http.put("/v1/routing-rules/order", json!({ "ids": [order] })).await.ok();
    let ids: Vec<&str> = arranged["data"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(ids, [&order, &vip, &refund, &plan]);
    let again = tries(json!({ "inbox_id": inbox, "tags": ["gold"], "locale": "zh", "start": start })).await;
    assert_eq!((&again["rule_ids"], &again["team_id"]), (&json!([order, vip, refund]), &support["id"]));
    let off = json!({ "name": "Gold", "conditions": [], "effects": { "vip": true }, "active": false });
    http.put(&format!("/v1/routing-rules/{vip}"), off).await.ok();
    let less = tries(json!({ "inbox_id": inbox, "tags": ["gold"] })).await;
    assert_eq!(less["rule_ids"], json!([]));
    let idle = json!({ "name": "Idle", "conditions": [], "effects": {}, "active": true });
    assert_eq!(faults(&http.post("/v1/routing-rules", idle).await), fault("/effects", "effects_empty"));
}

#[tokio::test]
async fn an_agent_says_why_they_take_no_chats_and_what_they_speak() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let colleague = shop.agent("Cy").await;
    let choose = async |body: Value| bo.http.put("/v1/agents/me/availability", body).await;
    for availability in ["busy", "away", "reassigning"] {
        let now = choose(json!({ "availability": availability, "reason": "Lunch" })).await.ok();
        assert_eq!((&now["chosen_availability"], &now["availability"]), (&json!(availability), &json!(availability)));
        assert_eq!((&now["away_reason"], &now["availability_by"]), (&json!("Lunch"), &json!("self")));
        let told = |frame: &Value| frame["agent_id"] == bo.id.as_str() && frame["availability"] == availability;
        colleague.socket().until(availability, |frames| frames.iter().find(|frame| told(frame)).cloned()).await;
    }
    let now = choose(json!({ "availability": "online", "reason": "Lunch" })).await.ok();
    assert_eq!((&now["away_reason"], &now["availability"]), (&Value::Null, &json!("online")));
    let long = choose(json!({ "availability": "away", "reason": "x".repeat(81) })).await;
    assert_eq!(faults(&long), fault("/reason", "text_too_long"));
    choose(json!({ "availability": "asleep" })).await.refused(422, "body_fields_invalid");

    let path = format!("/v1/agents/{}", bo.id);
    let speaks = bo.http.patch(&path, json!({ "languages": ["zh-CN", "en", "en"] })).await.ok();
    assert_eq!(speaks["languages"], json!(["en", "zh-CN"]), "one's own languages are one's own");
    bo.http.patch(&path, json!({ "channel_capacity": { "website": 1 } })).await.refused(403, "permission_denied");
    let owner = &shop.owner.http;
    for (body, pointer, code) in [
        (json!({ "languages": ["no language!"] }), "/languages/0", "language_invalid"),
        (json!({ "channel_capacity": { "pigeon": 1 } }), "/channel_capacity", "channel_unknown"),
        (json!({ "channel_capacity": { "website": 101 } }), "/channel_capacity", "capacity_out_of_range"),
    ] {
        assert_eq!(faults(&owner.patch(&path, body).await), fault(pointer, code));
    }
    let bounded = owner.patch(&path, json!({ "channel_capacity": { "website": 2 } })).await.ok();
    assert_eq!(
        (&bounded["channel_capacity"], &bounded["languages"]),
        (&json!({ "website": 2 }), &json!(["en", "zh-CN"]))
    );
    let skill = id(&made(owner, "/v1/skills", json!({ "name": "Tea" })).await).to_owned();
    for (skills, pointer, code) in [
        (json!([{ "skill_id": skill, "level": 6 }]), "/skills/0/level", "level_out_of_range"),
        (json!([{ "skill_id": skill, "level": 1 }, { "skill_id": skill, "level": 2 }]), "/skills", "skill_twice"),
        (json!([{ "skill_id": "skill_01h455vb4pex5vsknk084sn02q", "level": 1 }]), "/skills", "skill_unknown"),
    ] {
        assert_eq!(
            faults(&owner.put(&format!("{path}/skills"), json!({ "skills": skills })).await),
            fault(pointer, code)
        );
    }
}

#[tokio::test]
async fn every_change_of_the_setup_is_noted_with_who_made_it() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let sue = shop.colleague("Sue", Role::Supervisor).await;
    let http = &sue.http;
    let calendar = json!({ "time_zone": "UTC", "weekly": {} });
    let content = json!({ "kind": "card", "title": "A", "active": true });
    let rule = json!({ "name": "A", "effects": { "vip": true }, "active": true });
    let nouns = [
        ("team", "teams", json!({ "name": "A" })),
        ("brand", "brands", json!({ "name": "A" })),
        ("skill", "skills", json!({ "name": "A" })),
        ("business_hours", "business-hours", json!({ "name": "A", "calendar": calendar })),
        ("assignment_policy", "assignment-policies", json!({ "name": "A", "rules": rules(json!([])) })),
        ("routing_rule", "routing-rules", rule),
        ("waiting_content", "waiting-content", content),
    ];
    // They signed in, to begin with.
    let mut expected: Vec<String> = vec!["session.began".into()];
    for (noun, path, body) in nouns {
        let thing = made(http, &format!("/v1/{path}"), body.clone()).await;
        if noun == "business_hours" {
            assert_eq!(codes(&thing), ["never_open"]);
        }
        let one = format!("/v1/{path}/{}", id(&thing));
        http.put(&one, body).await.ok();
        match noun {
            "team" => {
                http.put(&format!("{one}/members"), json!({ "agent_ids": [sue.id] })).await.ok();
            }
            "skill" => {
                let skills = json!({ "skills": [{ "skill_id": thing["id"], "level": 1 }] });
                http.put(&format!("/v1/agents/{}/skills", sue.id), skills).await.ok();
            }
            "routing_rule" | "waiting_content" => {
                http.put(&format!("/v1/{path}/order"), json!({ "ids": [thing["id"]] })).await.ok();
            }
            _ => {}
        }
        assert_eq!(http.delete(&one).await.status, 204);
        expected.extend(["created", "updated"].map(|deed| format!("{noun}.{deed}")));
        match noun {
            "team" => expected.push("team.members_changed".into()),
            "skill" => expected.push("agent.skills_changed".into()),
            "routing_rule" | "waiting_content" => expected.push(format!("{noun}.arranged")),
            _ => {}
        }
        expected.push(format!("{noun}.removed"));
    }
    http.put("/v1/queue/thresholds", json!({ "waiting": 10 })).await.ok();
    expected.push("queue.thresholds_changed".into());
    let first = http.get("/v1/assignment-policies").await.ok()["data"][0]["id"].clone();
    http.put("/v1/assignment-policies/default", json!({ "assignment_policy_id": first })).await.ok();
    expected.push("assignment_policy.made_default".into());

    let log = shop.owner.http.get("/v1/audit-log?limit=100").await.ok();
    let log = log["data"].as_array().unwrap();
    let mut noted: Vec<&str> = log
        .iter()
        .filter(|entry| entry["actor"]["id"] == sue.id.as_str())
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    noted.reverse();
    assert_eq!(noted, expected);
    assert_eq!(shop.owner.http.get("/v1/queue/thresholds").await.ok()["waiting"], 10);
}
