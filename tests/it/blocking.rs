//! Somebody from whom the company does not want to hear: told so, kept from writing, and nothing of theirs is lost.

use std::time::Duration;

use serde_json::{Value, json};
use tenant::Role;
use tests::{Shop, Socket, TestApp, Visitor, fresh};

async fn session(shop: &Shop, visitor: &Visitor) -> Value {
    let ask = json!({ "key": shop.key(), "secret": visitor.secret });
    shop.stranger().post("/v1/widget/session", ask).await.ok()
}

#[tokio::test]
async fn who_is_blocked_is_told_so_reads_on_and_writes_no_more_until_they_may_again() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let (supervisor, agent) = (shop.colleague("Sue", Role::Supervisor).await, shop.agent("Bo").await);
    let ana = shop.visitor_on(1, "Ana").await;
    let bea = shop.visitor_on(1, "Bea").await;
    ana.writes("You are all thieves").await;
    let chat = ana.chat();
    let path = format!("/v1/contacts/{}/blocked", ana.id);
    agent.http.put(&path, json!({ "blocked": true })).await.refused(403, "permission_denied");

    let contact = supervisor.http.put(&path, json!({ "blocked": true })).await.ok();

    assert!(contact["blocked_at"].is_string(), "{contact}");
    assert_eq!(ana.socket.closed_within(Duration::from_secs(2)).await, Some(4003));
    bea.socket.catch_up().await;
    ana.posts("Hello?").await.refused(401, "token_invalid");
    let back = session(&shop, &ana).await;
    assert_eq!((&back["blocked"], &back["conversation"]["id"]), (&json!(true), &json!(chat)));
    let http = shop.stranger().with(back["token"].as_str().unwrap());
    let body = json!({ "client_message_id": fresh(), "text": shop.says("Let me in") });
    http.post("/v1/widget/messages", body.clone()).await.refused(403, "visitor_blocked");
    http.patch("/v1/widget/contact", json!({ "name": "x" })).await.refused(403, "visitor_blocked");
    http.post("/v1/widget/queue/leave", json!({ "kind": "message" })).await.refused(403, "visitor_blocked");
    let socket = Socket::open(&app.base(1), shop.guard(), back["token"].as_str().unwrap(), json!({})).await;
    let answer = socket.send(body.clone()).await;
    assert_eq!(answer["code"], "visitor_blocked", "{answer}");
    let thread = http.get(&format!("/v1/widget/conversations/{chat}/messages")).await.ok();
    assert_eq!(shop.plain(thread["data"].as_array().unwrap()), ["You are all thieves"]);

    supervisor.http.put(&path, json!({ "blocked": false })).await.ok();

    assert_eq!(socket.closed_within(Duration::from_secs(2)).await, Some(4003));
    let back = session(&shop, &ana).await;
    assert_eq!(back["blocked"], false);
    shop.stranger().with(back["token"].as_str().unwrap()).post("/v1/widget/messages", body).await.ok();
    let log = shop.owner.http.get("/v1/audit-log").await.ok().to_string();
    assert!(log.contains("contact.blocked") && log.contains("contact.unblocked"), "{log}");
}

#[tokio::test]
async fn becoming_somebody_else_does_not_lift_a_block() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let signer = tests::Signer::make(&shop.owner.http, shop.inbox["id"].as_str().unwrap()).await;
    let ask = json!({ "key": shop.key(), "token": signer.token(&app, "user-1"), "attempt": fresh() });
    let first = shop.stranger().post("/v1/widget/identify", ask).await.ok();
    let path = format!("/v1/contacts/{}/blocked", first["contact_id"].as_str().unwrap());
    shop.owner.http.put(&path, json!({ "blocked": true })).await.ok();
    let ask = json!({ "key": shop.key(), "token": signer.token(&app, "user-1"), "attempt": fresh() });
    let again = shop.stranger().post("/v1/widget/identify", ask).await.ok();
    assert_eq!((&again["verified"], &again["blocked"]), (&json!(true), &json!(true)));
}
