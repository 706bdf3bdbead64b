//! What a policy says, seen from the line: where it ends, where a wait goes, and who gets it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Agent, Shop, Signer, TestApp, Visitor, eventually, fresh};

/// A policy with these changes to what holds until somebody writes one.
async fn policy(shop: &Shop, name: &str, change: Value) -> Value {
    let mut rules = json!({
        "strategy": "round_robin", "sticky": false, "language": "ignore", "accept_seconds": null, "answer_seconds": null,
        "absent_seconds": 120, "auto_away_after_missed": null, "ladder": [], "queue_limit": null,
        "when_full": { "kind": "message_form" },
    });
    for (name, value) in change.as_object().unwrap() {
        rules[name] = value.clone();
    }
    shop.owner.http.post("/v1/assignment-policies", json!({ "name": name, "rules": rules })).await.ok()["id"].clone()
}

/// Makes these the company's rules.
async fn decrees(shop: &Shop, change: Value) {
    let chosen = json!({ "assignment_policy_id": policy(shop, "House rules", change).await });
    shop.owner.http.put("/v1/assignment-policies/default", chosen).await.ok();
}

/// A team with these members.
async fn team(shop: &Shop, name: &str, members: &[&Agent]) -> String {
    let made = shop.owner.http.post("/v1/teams", json!({ "name": name })).await.ok();
    let id = made["id"].as_str().unwrap().to_owned();
    let ids: Vec<&str> = members.iter().map(|agent| agent.id.as_str()).collect();
    shop.owner.http.put(&format!("/v1/teams/{id}/members"), json!({ "agent_ids": ids })).await.ok();
    id
}

async fn writes(shop: &Shop, name: &str) -> Visitor {
    let visitor = shop.visitor(name).await;
    visitor.writes("Hello").await;
    visitor
}

async fn place(visitor: &Visitor) -> Value {
    visitor.http.get("/v1/widget/queue").await.ok()["queue"].clone()
}

#[tokio::test]
async fn a_line_that_has_an_end_asks_whoever_comes_then_for_a_message() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    decrees(&shop, json!({ "queue_limit": 1 })).await;
    let ana = writes(&shop, "Ana").await;
    let bea = writes(&shop, "Bea").await;

    assert_eq!(place(&ana).await["full"], false);
    let full = place(&bea).await;
    let told = |place: &Value| ["full", "refused", "message_form", "patient"].map(|name| place[name] == true);
    assert_eq!(told(&full), [true, false, true, false], "{full}");
    bea.http.post("/v1/widget/queue/leave", json!({ "kind": "message", "text": shop.says("Later") })).await.ok();
    assert_eq!(told(&place(&bea).await), [false, false, false, true], "who has left a message is asked for none");
}

#[tokio::test]
async fn a_line_ends_where_it_should_also_for_those_who_come_back_at_the_same_moment() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let mut visitors = Vec::new();
    for n in 0..12 {
        let visitor = writes(&shop, &format!("Visitor {n}")).await;
        shop.owner.resolves(&visitor.chat()).await;
        visitors.push(visitor);
    }
    decrees(&shop, json!({ "queue_limit": 3 })).await;

    // Old and new conversations take their places by different ways.
    let newcomer = shop.visitor("Newcomer").await;
    visitors.push(newcomer);
    let coming = visitors.iter().map(|visitor| visitor.insists("Here again"));
    futures::future::join_all(coming).await;

    assert_eq!(shop.count("select count(*) from {}.queue_entry where not patient").await, 3);
    assert_eq!(shop.count("select count(*) from {}.queue_entry where turned_away").await, 10);
}

#[tokio::test]
async fn where_nobody_can_be_reached_no_message_is_asked_for_and_whoever_is_free_answers_all_the_same() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    decrees(&shop, json!({ "queue_limit": 1, "when_full": { "kind": "refuse" } })).await;
    let ana = writes(&shop, "Ana").await;
    let bea = writes(&shop, "Bea").await;

    let full = place(&bea).await;
    let told = ["full", "refused", "message_form", "patient"].map(|name| full[name] == true);
    assert_eq!(told, [true, true, false, false], "{full}");
    bea.http.post("/v1/widget/queue/leave", json!({ "kind": "message" })).await.refused(409, "not_waiting");
    assert_eq!(place(&bea).await["refused"], true);
    let bo = shop.agent("Bo").await;
    bo.is_given(&ana.chat()).await;
    bo.is_given(&bea.chat()).await;
    assert_eq!(place(&bea).await, Value::Null);
}

#[tokio::test]
async fn a_full_line_flows_over_into_another_teams() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let cy = shop.agent("Cy").await;
    let (front, back) = (team(&shop, "Front", &[]).await, team(&shop, "Back", &[&cy]).await);
    let inbox = format!("/v1/inboxes/{}", shop.inbox["id"].as_str().unwrap());
    shop.owner.http.patch(&inbox, json!({ "team_id": front })).await.ok();
    let over = json!({ "queue_limit": 1, "when_full": { "kind": "overflow_to_team", "team_id": back } });
    let rules = policy(&shop, "Front rules", over).await;
    let change = json!({ "name": "Front", "assignment_policy_id": rules });
    shop.owner.http.put(&format!("/v1/teams/{front}"), change).await.ok();

    let ana = writes(&shop, "Ana").await;
    let bea = writes(&shop, "Bea").await;

    cy.is_given(&bea.chat()).await;
    assert_eq!(shop.owner.reads(&bea.chat()).await["team_id"], back.as_str());
    assert_eq!(shop.owner.reads(&ana.chat()).await["assignee_id"], Value::Null, "Cy is not in her line");
}

/// How many times this team has had conversations in hand, and how many waits were in its line.
async fn counted(shop: &Shop, team: &str) -> (i64, i64) {
    let team = team.parse::<desk::TeamId>().unwrap().uuid();
    let handled = format!("select count(*) from {{}}.handling where team_id = '{team}'");
    let waited = format!("select count(*) from {{}}.wait where team_id = '{team}'");
    (shop.count(&handled).await, shop.count(&waited).await)
}

#[tokio::test]
async fn a_wait_that_overflows_goes_on_in_the_other_line_and_belongs_there() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let cy = shop.agent("Cy").await;
    let (front, back) = (team(&shop, "Front", &[]).await, team(&shop, "Back", &[&cy]).await);
    let over = json!([{ "after_seconds": 30, "step": { "kind": "overflow_to_team", "team_id": back } }]);
    let rules = policy(&shop, "Front rules", json!({ "ladder": over })).await;
    let change = json!({ "name": "Front", "assignment_policy_id": rules });
    shop.owner.http.put(&format!("/v1/teams/{front}"), change).await.ok();
    let back_rules = policy(&shop, "Back rules", json!({ "strategy": "manual" })).await;
    let change = json!({ "name": "Back", "assignment_policy_id": back_rules });
    shop.owner.http.put(&format!("/v1/teams/{back}"), change).await.ok();
    let inbox = format!("/v1/inboxes/{}", shop.inbox["id"].as_str().unwrap());
    shop.owner.http.patch(&inbox, json!({ "team_id": front })).await.ok();
    let ana = writes(&shop, "Ana").await;
    let chat = ana.chat();
    let since = place(&ana).await["since"].clone();
    assert_eq!(shop.owner.reads(&chat).await["team_id"], front.as_str());

    app.clock().advance(TimeDelta::seconds(31));

    eventually("it is in the other line", async || {
        (shop.owner.reads(&chat).await["team_id"] == back.as_str()).then_some(())
    })
    .await;
    assert_eq!(place(&ana).await["since"], since, "it is the same wait");
    app.clock().pause(std::time::Duration::from_millis(1_500)).await;
    assert_eq!(shop.owner.reads(&chat).await["assignee_id"], Value::Null, "the rules there give nothing by themselves");
    cy.http.put(&format!("/v1/conversations/{chat}/assignee"), json!({ "agent_id": cy.id })).await.ok();
    assert_eq!(counted(&shop, &back).await, (1, 1));
    assert_eq!(counted(&shop, &front).await, (0, 0));
    cy.http.put(&format!("/v1/conversations/{chat}/assignee"), json!({ "agent_id": null })).await.ok();
    assert_eq!(shop.owner.reads(&chat).await["team_id"], back.as_str(), "what comes back comes back there");
}

#[tokio::test]
async fn a_wait_that_may_not_go_back_where_it_came_from_is_given_where_it_stands() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let cy = shop.agent("Cy").await;
    let (front, back) = (team(&shop, "Front", &[]).await, team(&shop, "Back", &[&cy]).await);
    let over = |team: &str| json!([{ "after_seconds": 30, "step": { "kind": "overflow_to_team", "team_id": team } }]);
    let follows = async |team: &str, name: &str, rules: Value| {
        let change = json!({ "name": name, "assignment_policy_id": rules });
        shop.owner.http.put(&format!("/v1/teams/{team}"), change).await.ok();
    };
    follows(&front, "Front", policy(&shop, "To the back", json!({ "ladder": over(&back) })).await).await;
    follows(&back, "Back", policy(&shop, "By hand", json!({ "strategy": "manual" })).await).await;
    let inbox = format!("/v1/inboxes/{}", shop.inbox["id"].as_str().unwrap());
    shop.owner.http.patch(&inbox, json!({ "team_id": front })).await.ok();
    let ana = writes(&shop, "Ana").await;
    let chat = ana.chat();
    app.clock().advance(TimeDelta::seconds(31));
    eventually("it is in the other line", async || {
        (shop.owner.reads(&chat).await["team_id"] == back.as_str()).then_some(())
    })
    .await;

    // From now on the way leads from the back to the front, where this wait has been already.
    follows(&front, "Front", policy(&shop, "Stay", json!({})).await).await;
    follows(&back, "Back", policy(&shop, "To the front", json!({ "ladder": over(&front) })).await).await;

    cy.is_given(&chat).await;
    assert_eq!(shop.owner.reads(&chat).await["team_id"], back.as_str());
}

#[tokio::test]
async fn a_rung_once_taken_stays_taken_when_the_conversation_comes_back() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let skill = shop.owner.http.post("/v1/skills", json!({ "name": "Teapots" })).await.ok()["id"].clone();
    decrees(&shop, json!({ "ladder": [{ "after_seconds": 30, "step": { "kind": "lower_level", "by": 2 } }] })).await;
    let require = json!({ "require": [{ "skill_id": skill, "level": 4 }] });
    let rule = json!({ "name": "Experts", "active": true, "conditions": [], "effects": require });
    shop.owner.http.post("/v1/routing-rules", rule).await.ok();
    let bo = shop.agent("Bo").await;
    let level = json!({ "skills": [{ "skill_id": skill, "level": 2 }] });
    shop.owner.http.put(&format!("/v1/agents/{}/skills", bo.id), level).await.ok();
    let ana = writes(&shop, "Ana").await;
    let chat = ana.chat();
    assert_eq!(shop.owner.reads(&chat).await["assignee_id"], Value::Null, "Bo is not good enough yet");
    app.clock().advance(TimeDelta::seconds(31));
    bo.is_given(&chat).await;

    let seen = bo.socket().count();
    bo.http.put(&format!("/v1/conversations/{chat}/assignee"), json!({ "agent_id": null })).await.ok();

    // At once, and not after another half minute.
    let again = |frame: &Value| {
        frame["type"] == "conversation.updated"
            && frame["conversation"]["id"] == chat.as_str()
            && frame["conversation"]["assignee_id"] == bo.id.as_str()
    };
    bo.socket().next(seen, "it is Bo's again", again).await;
    let decided = shop.owner.http.get(&format!("/v1/conversations/{chat}/assignments")).await.ok();
    assert_eq!(decided["data"][0]["why"]["step"], 1);
}

/// A person for whom the company vouches writes in an inbox. Gives the conversation.
async fn known_person_writes(shop: &Shop, inbox: &Value, text: &str) -> String {
    let signer = Signer::make(&shop.owner.http, inbox["id"].as_str().unwrap()).await;
    let token = signer.sign(&signer.claims(&shop.app, "user-1"));
    let ask = json!({ "key": inbox["key"], "token": token, "attempt": fresh(), "secret": null });
    let session = shop.stranger().post("/v1/widget/identify", ask).await.ok();
    let http = shop.stranger().with(session["token"].as_str().unwrap());
    let hello = json!({ "client_message_id": fresh(), "text": shop.says(text) });
    http.post("/v1/widget/messages", hello).await.ok()["conversation"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn who_had_the_contact_last_gets_them_again_also_by_another_door_and_not_while_they_are_away() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    decrees(&shop, json!({ "sticky": true })).await;
    let (outlet, bazaar) = (
        shop.owner.http.post("/v1/inboxes", json!({ "name": "Outlet" })).await.ok(),
        shop.owner.http.post("/v1/inboxes", json!({ "name": "Bazaar" })).await.ok(),
    );
    let bo = shop.agent("Bo").await;
    let first = known_person_writes(&shop, &shop.inbox, "My teapot leaks").await;
    bo.is_given(&first).await;
    // It is Cy's turn, who has had none yet.
    let cy = shop.agent("Cy").await;

    let second = known_person_writes(&shop, &outlet, "The new one, too").await;
    bo.is_given(&second).await;
    let decided = shop.owner.http.get(&format!("/v1/conversations/{second}/assignments")).await.ok();
    assert_eq!(decided["data"][0]["why"]["reason"], "last_agent");

    bo.chooses("away").await;
    let third = known_person_writes(&shop, &bazaar, "And the third").await;
    cy.is_given(&third).await;
}

/// Somebody who speaks this language writes. Gives the conversation.
async fn speaker_writes(shop: &Shop, locale: &str) -> String {
    let session = json!({ "key": shop.key(), "locale": locale });
    let session = shop.stranger().post("/v1/widget/session", session).await.ok();
    let http = shop.stranger().with(session["token"].as_str().unwrap());
    let hello = json!({ "client_message_id": fresh(), "text": shop.says("Hello") });
    http.post("/v1/widget/messages", hello).await.ok()["conversation"]["id"].as_str().unwrap().to_owned()
}

/// Changes how an agent is set up.
async fn set(shop: &Shop, agent: &Agent, change: Value) {
    shop.owner.http.patch(&format!("/v1/agents/{}", agent.id), change).await.ok();
}

#[tokio::test]
async fn a_language_that_is_preferred_decides_and_one_that_is_required_waits() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    decrees(&shop, json!({ "language": "prefer" })).await;
    let (bo, cy) = (shop.agent("Bo").await, shop.agent("Cy").await);
    set(&shop, &bo, json!({ "languages": ["en"] })).await;
    set(&shop, &cy, json!({ "languages": ["zh"] })).await;

    // Whoever's turn it is: three times the one who speaks it.
    for _ in 0..3 {
        cy.is_given(&speaker_writes(&shop, "zh-CN").await).await;
    }
    cy.chooses("away").await;
    bo.is_given(&speaker_writes(&shop, "zh-CN").await).await;

    let strict = json!({ "assignment_policy_id": policy(&shop, "Strict", json!({ "language": "require" })).await });
    shop.owner.http.put("/v1/assignment-policies/default", strict).await.ok();
    let waits = speaker_writes(&shop, "zh-CN").await;
    bo.is_given(&speaker_writes(&shop, "en-GB").await).await;
    assert_eq!(shop.owner.reads(&waits).await["assignee_id"], Value::Null, "Bo speaks no Chinese");
    cy.chooses("online").await;
    cy.is_given(&waits).await;
}

#[tokio::test]
async fn where_agents_pick_for_themselves_nobody_is_given_anything() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    decrees(&shop, json!({ "strategy": "manual" })).await;
    let bo = shop.agent("Bo").await;
    let ana = writes(&shop, "Ana").await;
    let chat = ana.chat();
    // As long as several sweeps.
    app.clock().pause(std::time::Duration::from_millis(2_500)).await;
    assert_eq!(shop.owner.reads(&chat).await["assignee_id"], Value::Null);
    let board = shop.owner.http.get("/v1/queue").await.ok();
    assert_eq!(board["waiting"][0]["conversation_id"], chat.as_str());

    bo.http.put(&format!("/v1/conversations/{chat}/assignee"), json!({ "agent_id": bo.id })).await.ok();

    bo.is_given(&chat).await;
    assert_eq!(place(&ana).await, Value::Null);
}

#[tokio::test]
async fn a_light_channel_takes_half_a_place_and_an_agent_may_take_fewer_of_it() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    decrees(&shop, json!({})).await;
    let inbox = format!("/v1/inboxes/{}", shop.inbox["id"].as_str().unwrap());
    shop.owner.http.patch(&inbox, json!({ "weight": 50 })).await.ok();
    let bo = shop.agent("Bo").await;
    set(&shop, &bo, json!({ "capacity": 1 })).await;

    let (ana, bea) = (writes(&shop, "Ana").await, writes(&shop, "Bea").await);
    bo.is_given(&ana.chat()).await;
    bo.is_given(&bea.chat()).await;
    let cleo = writes(&shop, "Cleo").await;
    assert_eq!(place(&cleo).await["position"], 1, "two halves are all that Bo takes");

    // Of this channel Cy takes one, whatever room is left.
    let cy = shop.agent("Cy").await;
    cy.is_given(&cleo.chat()).await;
    set(&shop, &cy, json!({ "channel_capacity": { "website": 1 } })).await;
    let dee = writes(&shop, "Dee").await;
    assert_eq!(place(&dee).await["position"], 1);
    assert_eq!(shop.owner.reads(&dee.chat()).await["assignee_id"], Value::Null);
    set(&shop, &cy, json!({ "channel_capacity": {} })).await;
    cy.is_given(&dee.chat()).await;
}
