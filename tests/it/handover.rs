//! Offers, time limits and transfers: who has a conversation, and what becomes of it when they do not answer.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{Agent, Shop, TestApp, eventually};

use crate::deploy::writes_beside;

/// Rules as they are until somebody writes some, with changes.
fn rules(change: &Value) -> Value {
    let mut rules = json!({
        "strategy": "round_robin", "sticky": true, "language": "ignore", "accept_seconds": null, "answer_seconds": null,
        "absent_seconds": 120, "auto_away_after_missed": null, "ladder": [], "queue_limit": null,
        "when_full": { "kind": "message_form" },
    });
    for (name, value) in change.as_object().unwrap() {
        rules[name] = value.clone();
    }
    rules
}

/// Makes these the company's rules.
pub(crate) async fn decrees(shop: &Shop, change: Value) {
    let policy = json!({ "name": "House rules", "rules": rules(&change) });
    let made = shop.owner.http.post("/v1/assignment-policies", policy).await.ok();
    let chosen = json!({ "assignment_policy_id": made["id"] });
    shop.owner.http.put("/v1/assignment-policies/default", chosen).await.ok();
}

/// Waits until somebody is asked whether they take a conversation.
pub(crate) async fn is_offered(agent: &Agent, chat: &str, after: usize) -> Value {
    agent
        .socket()
        .next(after, "the conversation is offered", |frame| {
            frame["type"] == "conversation.offered" && frame["conversation"]["id"] == chat
        })
        .await
}

async fn ended(agent: &Agent, chat: &str, outcome: &str) {
    agent
        .socket()
        .next(0, "the offer has ended", |frame| {
            frame["type"] == "conversation.offer_ended"
                && frame["conversation_id"] == chat
                && frame["outcome"] == outcome
        })
        .await;
}

async fn post(agent: &Agent, chat: &str, verb: &str, body: Value) -> tests::Reply {
    agent.http.post(&format!("/v1/conversations/{chat}/{verb}"), body).await
}

async fn why(shop: &Shop, chat: &str) -> Value {
    shop.owner.http.get(&format!("/v1/conversations/{chat}/assignments")).await.ok()["data"][0].clone()
}

#[tokio::test]
async fn an_offer_that_is_declined_or_not_answered_goes_to_the_next_agent() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    decrees(&shop, json!({ "accept_seconds": 30, "auto_away_after_missed": 1 })).await;
    let (bo, cy, di) = (shop.agent("Bo").await, shop.agent("Cy").await, shop.agent("Di").await);
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let chat = ana.chat();

    // Whose turn it is, is asked; nobody has it before they accept.
    is_offered(&bo, &chat, 0).await;
    assert_eq!(shop.owner.reads(&chat).await["assignee_id"], Value::Null);
    post(&cy, &chat, "accept", json!({})).await.refused(409, "offer_ended");
    assert_eq!(post(&bo, &chat, "decline", json!({})).await.status, 204);
    ended(&bo, &chat, "declined").await;

    // The next one lets it pass, and is taken to be away.
    is_offered(&cy, &chat, 0).await;
    app.clock().advance(chrono::TimeDelta::seconds(31));
    ended(&cy, &chat, "expired").await;
    is_offered(&di, &chat, 0).await;
    eventually("who lets offers pass is away", async || {
        let agents = shop.owner.http.get("/v1/agents").await.ok();
        let cy = agents["data"].as_array()?.iter().find(|agent| agent["id"] == cy.id.as_str())?.clone();
        (cy["availability"] == "away").then_some(())
    })
    .await;

    let accepted = post(&di, &chat, "accept", json!({})).await.ok();
    assert_eq!(accepted["assignee_id"], di.id.as_str());
    ended(&di, &chat, "accepted").await;
    let why = why(&shop, &chat).await;
    assert_eq!((&why["agent_id"], &why["why"]["strategy"]), (&json!(di.id), &json!("round_robin")));
    let refused: Vec<&Value> =
        why["why"]["candidates"].as_array().unwrap().iter().map(|candidate| &candidate["refused"]).collect();
    assert!(refused.contains(&&json!("declined")), "why says who had declined: {why}");
    post(&di, &chat, "accept", json!({})).await.refused(409, "offer_ended");
}

#[tokio::test]
async fn who_comes_back_to_the_console_is_asked_again_what_still_stands() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    decrees(&shop, json!({ "accept_seconds": 120 })).await;
    let mut bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    is_offered(&bo, &ana.chat(), 0).await;

    // A page that is loaded anew is gone for a moment, which is no answer.
    bo.leaves();
    app.clock().pause(Duration::from_millis(1_500)).await;
    bo.connects().await;

    is_offered(&bo, &ana.chat(), 0).await;
    post(&bo, &ana.chat(), "accept", json!({})).await.ok();
    bo.is_given(&ana.chat()).await;
}

#[tokio::test]
async fn a_visitor_who_gets_no_answer_goes_to_somebody_else_before_those_who_came_later() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    decrees(&shop, json!({ "answer_seconds": 30 })).await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    bo.is_given(&ana.chat()).await;
    let cy = shop.agent("Cy").await;
    cy.chooses("busy").await;
    shop.owner.http.patch(&format!("/v1/agents/{}", bo.id), json!({ "capacity": 1 })).await.ok();
    app.clock().advance(chrono::TimeDelta::seconds(10));
    let bea = shop.visitor("Bea").await;
    bea.writes("Hello").await;

    app.clock().advance(chrono::TimeDelta::seconds(25));
    // Bo has not answered Ana and has a place again, which goes to Bea: Ana is not given back to who let her wait.
    bo.is_given(&bea.chat()).await;
    assert_eq!(shop.owner.reads(&ana.chat()).await["assignee_id"], Value::Null);
    cy.chooses("online").await;
    cy.is_given(&ana.chat()).await;
    assert_eq!(shop.count("select count(*) from {}.handling where ended_at is not null").await, 1);
    assert_eq!(shop.count("select count(*) from {}.wait where left_at is null").await, 0);
}

#[tokio::test]
async fn who_gives_up_or_stays_away_loses_what_waits_for_an_answer_and_keeps_the_rest() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    decrees(&shop, json!({ "absent_seconds": 60 })).await;
    let mut bo = shop.agent("Bo").await;
    let (ana, bea) = (shop.visitor("Ana").await, shop.visitor("Bea").await);
    ana.writes("Hello").await;
    bea.writes("Hello").await;
    bo.is_given(&ana.chat()).await;
    bo.is_given(&bea.chat()).await;
    bo.replies(&bea.chat(), "Here you are").await;
    let mut cy = shop.agent("Cy").await;

    bo.chooses("reassigning").await;
    cy.is_given(&ana.chat()).await;
    assert_eq!(shop.owner.reads(&bea.chat()).await["assignee_id"], bo.id.as_str(), "Bea has had her answer");

    bo.chooses("online").await;
    cy.leaves();
    // The owner, who never came, and Cy.
    eventually("Cy is noticed to be gone", async || {
        (shop.count("select count(*) from {}.agent where gone_at is not null").await == 2).then_some(())
    })
    .await;
    app.clock().advance(chrono::TimeDelta::seconds(61));
    bo.is_given(&ana.chat()).await;
    assert_eq!(why(&shop, &ana.chat()).await["agent_id"], bo.id.as_str());
    bo.leaves();
}

#[tokio::test]
async fn a_colleague_who_is_asked_first_gets_it_only_when_they_accept() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("My teapot leaks").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    let cy = shop.agent("Cy").await;
    let ask = json!({ "to": { "kind": "agent", "agent_id": cy.id }, "note": "Knows teapots", "accept_seconds": 30 });

    post(&bo, &chat, "transfer", ask.clone()).await.ok();
    let offered = is_offered(&cy, &chat, 0).await;
    assert_eq!(offered["from"], bo.name.as_str());
    assert_eq!(shop.owner.reads(&chat).await["assignee_id"], bo.id.as_str(), "until then it is Bo's");
    app.clock().advance(chrono::TimeDelta::seconds(31));
    ended(&bo, &chat, "expired").await;
    post(&cy, &chat, "accept", json!({})).await.refused(409, "offer_ended");
    assert_eq!(shop.owner.reads(&chat).await["assignee_id"], bo.id.as_str(), "nobody fell between two chairs");

    let di = shop.agent("Di").await;
    let instead = json!({ "to": { "kind": "agent", "agent_id": di.id }, "accept_seconds": 30 });
    post(&bo, &chat, "transfer", instead).await.ok();
    is_offered(&di, &chat, 0).await;
    let seen = cy.socket().count();
    post(&bo, &chat, "transfer", ask).await.ok();
    is_offered(&cy, &chat, seen).await;
    ended(&di, &chat, "withdrawn").await;
    post(&cy, &chat, "accept", json!({})).await.ok();
    cy.is_given(&chat).await;
    ended(&bo, &chat, "accepted").await;
    let notes = cy.thread(&chat).await;
    assert!(notes.iter().any(|message| message["private"] == true && message["text"] == "Knows teapots"));
    assert!(!ana.screen().iter().any(|text| text.contains("Knows")), "the visitor reads no note");

    let transfer = json!({ "to": { "kind": "agent", "agent_id": cy.id } });
    post(&cy, &chat, "transfer", transfer).await.refused(409, "theirs_already");
    let wrong =
        json!({ "to": { "kind": "team", "team_id": shop.owner.id.replace("agent", "team") }, "accept_seconds": 4 });
    post(&cy, &chat, "transfer", wrong).await.refused(422, "validation_failed");
}

#[tokio::test]
async fn a_conversation_passed_to_a_team_stands_at_the_head_of_its_line() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let team = shop.owner.http.post("/v1/teams", json!({ "name": "Repairs" })).await.ok();
    let team = team["id"].as_str().unwrap();
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("My teapot leaks").await;
    bo.is_given(&ana.chat()).await;
    bo.chooses("busy").await;
    app.clock().advance(chrono::TimeDelta::seconds(5));
    let bea = shop.visitor("Bea").await;
    bea.writes("Mine too").await;

    for chat in [bea.chat(), ana.chat()] {
        let to = json!({ "to": { "kind": "team", "team_id": team } });
        post(&bo, &chat, "transfer", to).await.ok();
    }
    let cy = shop.agent("Cy").await;
    assert_eq!(shop.owner.reads(&ana.chat()).await["assignee_id"], Value::Null, "Cy does no repairs");
    shop.owner.http.patch(&format!("/v1/agents/{}", cy.id), json!({ "capacity": 1 })).await.ok();
    shop.owner.http.put(&format!("/v1/teams/{team}/members"), json!({ "agent_ids": [cy.id] })).await.ok();

    cy.is_given(&ana.chat()).await;
    cy.resolves(&ana.chat()).await;
    cy.is_given(&bea.chat()).await;
    assert_eq!(shop.owner.reads(&bea.chat()).await["team_id"], team);
}

#[tokio::test]
async fn a_supervisor_joins_in_sight_of_the_visitor_and_takes_over() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("This is the third time").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    post(&bo, &chat, "join", json!({})).await.refused(403, "permission_denied");
    post(&bo, &chat, "take_over", json!({})).await.refused(403, "permission_denied");

    let sue = shop.colleague("Sue", tenant::Role::Supervisor).await;
    post(&sue, &chat, "join", json!({})).await.ok();
    let told =
        ana.socket.next(0, "the visitor is told", |frame| frame["message"]["content"]["kind"] == "agent_joined").await;
    assert_eq!(told["message"]["content"]["agent_name"], sue.name.as_str());
    assert_eq!(shop.owner.reads(&chat).await["assignee_id"], bo.id.as_str());

    assert_eq!(post(&sue, &chat, "take_over", json!({})).await.ok()["assignee_id"], sue.id.as_str());
    let why = why(&shop, &chat).await;
    assert_eq!((&why["decided_by"], &why["why"]["reason"]), (&json!(sue.id), &json!("by_hand")));
}

#[tokio::test]
async fn skills_decide_and_a_long_wait_asks_for_less() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let skill = shop.owner.http.post("/v1/skills", json!({ "name": "Teapots" })).await.ok();
    let skill = skill["id"].as_str().unwrap();
    let (bo, cy) = (shop.agent("Bo").await, shop.agent("Cy").await);
    let level = |level: u8| json!({ "skills": [{ "skill_id": skill, "level": level }] });
    shop.owner.http.put(&format!("/v1/agents/{}/skills", bo.id), level(2)).await.ok();
    shop.owner.http.put(&format!("/v1/agents/{}/skills", cy.id), level(4)).await.ok();
    decrees(&shop, json!({ "ladder": [{ "after_seconds": 30, "step": { "kind": "lower_level", "by": 2 } }] })).await;
    let rule = json!({
        "name": "Teapots", "active": true, "conditions": [{ "kind": "contact_tag", "tag": "teapot" }],
        "effects": { "require": [{ "skill_id": skill, "level": 4 }] },
    });
    shop.owner.http.post("/v1/routing-rules", rule).await.ok();
    let tagged = async |name: &str| {
        let visitor = shop.visitor(name).await;
        shop.owner.http.patch(&format!("/v1/contacts/{}", visitor.id), json!({ "tags": ["teapot"] })).await.ok();
        visitor.writes("It leaks").await;
        visitor
    };

    let ana = tagged("Ana").await;
    cy.is_given(&ana.chat()).await;
    let given = why(&shop, &ana.chat()).await;
    assert_eq!(given["why"]["required"], json!([{ "skill_id": skill, "level": 4 }]));
    cy.chooses("away").await;
    let bea = tagged("Bea").await;
    let cleo = shop.visitor("Cleo").await;
    cleo.writes("Just tea").await;
    bo.is_given(&cleo.chat()).await;
    assert_eq!(shop.owner.reads(&bea.chat()).await["assignee_id"], Value::Null, "Bo is not good enough yet");

    app.clock().advance(chrono::TimeDelta::seconds(31));

    bo.is_given(&bea.chat()).await;
    let given = why(&shop, &bea.chat()).await;
    assert_eq!((&given["why"]["step"], &given["why"]["required"][0]["level"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn a_free_agent_and_a_waiting_visitor_find_each_other_within_a_second() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(1, "Bo").await;
    bo.chooses("busy").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;

    // As if whoever changed this had died before anybody heard of it.
    let schema = shop.schema().await;
    app.sql(&format!("update {schema}.agent set availability = 'online'")).await;

    let (began, chat, beside) = (Instant::now(), ana.chat(), Mutex::default());
    tokio::select! {
        _ = bo.is_given(&chat) => {}
        () = writes_beside(&app, &beside) => {}
    }
    // The promise is one second; what this machine does besides may take as long again, and as long as it stands still without them.
    let (took, beside) = (began.elapsed(), *beside.lock().unwrap());
    assert!(took < Duration::from_secs(2) + beside, "it took {took:?}, and {beside:?} without any server");
}
