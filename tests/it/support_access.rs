//! Our own people come in only while the company says so, are seen, and are out the moment it says no.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tenant::Role;
use tests::{Http, Program, Shop, Socket, TestApp, eventually, fresh};

async fn slug(shop: &Shop) -> String {
    shop.owner.http.get("/v1/account").await.ok()["slug"].as_str().unwrap().to_owned()
}

/// The secret of a link that the command line prints.
async fn link(app: &TestApp, company: &str, more: &[&str]) -> String {
    let ask = ["tenant", "impersonate", company, "--operator", "Kim", "--reason", "ticket 7", "--json"];
    let said = Program::run(app.settings(), &[&ask, more].concat()).await;
    let said: Value = serde_json::from_str(&said).unwrap();
    let link = said["link"].as_str().unwrap();
    let (page, secret) = link.split_once("#support=").unwrap();
    assert!(page.ends_with("/portal"), "{link}");
    secret.to_owned()
}

async fn comes_in(shop: &Shop, node: usize, secret: &str) -> Http {
    let http = Http::new(&shop.app.base(node), shop.guard());
    let session = http.post("/v1/auth/support", json!({ "token": secret })).await;
    assert!(session.cookie().is_none(), "nobody of ours keeps a session");
    http.take(session.ok()["access_token"].as_str().unwrap());
    http
}

#[tokio::test]
async fn nobody_comes_in_without_consent_and_who_does_looks_only_is_seen_and_is_out_at_once() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let name = slug(&shop).await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let chat = ana.chat();
    let bo = shop.colleague("Bo", Role::Agent).await;
    let path = "/v1/account/support-access";

    let ask = ["tenant", "impersonate", &name, "--operator", "Kim", "--reason", "curious"];
    let (well, _, why) = Program::try_run(app.settings(), &ask).await;
    assert!(!well && why.contains("has not let support in"), "{why}");
    bo.http.post(path, json!({ "hours": 1 })).await.refused(403, "permission_denied");
    for hours in [0, -1, 73] {
        shop.owner.http.post(path, json!({ "hours": hours })).await.refused(422, "validation_failed");
    }

    shop.owner.http.post(path, json!({ "hours": 2 })).await.ok();
    let (well, _, why) = Program::try_run(app.settings(), &[&ask[..], &["--changes"]].concat()).await;
    assert!(!well && why.contains("has not let support in to change things"), "{why}");
    let secret = link(&app, &name, &[]).await;
    let kim = comes_in(&shop, 1, &secret).await;

    // They see what the owner sees, and are no owner.
    let me = kim.get("/v1/auth/me").await.ok();
    assert_eq!((&me["account"]["id"], &me["support"]["operator"]), (&shop.id.as_str().into(), &"Kim".into()));
    assert_eq!(me["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(kim.get(&format!("/v1/conversations/{chat}/messages")).await.ok()["data"].as_array().unwrap().len(), 1);
    let message = json!({ "client_message_id": fresh(), "text": "I was never here", "private": false });
    kim.post(&format!("/v1/conversations/{chat}/messages"), message).await.refused(403, "support_looks_only");
    kim.post(&format!("/v1/conversations/{chat}/read"), json!({ "seq": 1 })).await.refused(403, "support_looks_only");
    kim.patch("/v1/account", json!({ "name": "Ours" })).await.refused(403, "support_looks_only");
    kim.post(path, json!({ "hours": 72, "changes": true })).await.refused(403, "support_looks_only");
    kim.get("/v1/api-keys").await.refused(403, "permission_denied");

    // A socket of theirs hears, and is nobody who could be given a conversation.
    let socket = Socket::open(&app.base(1), shop.guard(), &kim.token(), json!({})).await;
    ana.writes("Are you there?").await;
    socket.next(0, "the message", |frame| frame["type"] == "message.created").await;
    let answer = socket.send(json!({ "client_message_id": fresh(), "conversation_id": chat, "text": "no" })).await;
    assert_eq!(answer["code"], "permission_denied", "{answer}");
    let agents = bo.http.get("/v1/agents").await.ok();
    let owner = agents["data"].as_array().unwrap().iter().find(|agent| agent["id"] == shop.owner.id.as_str()).unwrap();
    assert_eq!(owner["availability"], "offline", "{owner}");

    // Everybody in the company sees that they are there, and what for.
    let seen = bo.http.get(path).await.ok();
    let visit = &seen["visits"][0];
    assert_eq!(
        (&visit["operator"], &visit["reason"], &visit["live"]),
        (&"Kim".into(), &"ticket 7".into(), &true.into())
    );
    let log = shop.owner.http.get("/v1/audit-log?action=support").await.ok();
    assert_eq!(
        (&log["data"][0]["action"], &log["data"][1]["action"]),
        (&"support.visited".into(), &"support.granted".into())
    );

    assert_eq!(shop.owner.http.delete(path).await.status, 204);
    assert_eq!(socket.closed_within(Duration::from_secs(2)).await, Some(4003));
    kim.get("/v1/conversations").await.refused(401, "token_invalid");
    shop.stranger().post("/v1/auth/support", json!({ "token": secret })).await.refused(401, "support_visit_over");
    let seen = bo.http.get(path).await.ok();
    assert_eq!((&seen["grant"], &seen["visits"][0]["live"]), (&Value::Null, &false.into()));
    let (well, ..) = Program::try_run(app.settings(), &ask).await;
    assert!(!well);
}

#[tokio::test]
async fn with_consent_to_changes_support_changes_settings_under_its_own_name_until_its_time_is_over() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let name = slug(&shop).await;
    let elsewhere = json!({ "company": shop.says("Second"), "email": shop.owner.email, "password": tests::PASSWORD });
    shop.stranger().post("/v1/signup", elsewhere).await.ok();
    shop.owner.http.post("/v1/account/support-access", json!({ "hours": 1, "changes": true })).await.ok();
    let kim = comes_in(&shop, 0, &link(&app, &name, &["--changes"]).await).await;

    kim.post("/v1/skills", json!({ "name": shop.says("Green tea") })).await.ok();
    let log = shop.owner.http.get("/v1/audit-log").await.ok();
    let entry = &log["data"][0];
    assert_eq!(
        (&entry["actor"]["kind"], &entry["actor"]["name"]),
        (&"support".into(), &"Frontdesk support (Kim)".into())
    );
    let invite = json!({ "email": "friend@mail.test", "role": "admin" });
    kim.post("/v1/invitations", invite).await.refused(403, "permission_denied");
    kim.post("/v1/auth/switch", json!({ "account_id": shop.id })).await.refused(403, "permission_denied");
    assert_eq!(
        kim.get("/v1/auth/me").await.ok()["accounts"].as_array().unwrap().len(),
        1,
        "not the owner's other company"
    );

    app.clock().advance(TimeDelta::minutes(61));
    eventually("the visit is over", async || (kim.get("/v1/skills").await.status == 401).then_some(())).await;
}
