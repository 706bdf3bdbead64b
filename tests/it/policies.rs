//! What a policy says, seen from the line: where it ends, where a wait goes, and who gets it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Agent, Shop, TestApp, Visitor, eventually};

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
