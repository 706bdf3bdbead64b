//! Keys end by themselves and change their secrets, and the log tells of it to whoever asks for a part of it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Shop, Socket, TestApp};

async fn key(shop: &Shop, change: Value) -> Value {
    let mut ask = json!({ "name": shop.says("A program"), "scopes": ["conversations.read"] });
    for (name, value) in change.as_object().unwrap() {
        ask[name] = value.clone();
    }
    shop.owner.http.post("/v1/api-keys", ask).await.ok()
}

fn secret(made: &Value) -> &str {
    made["secret"].as_str().unwrap()
}

#[tokio::test]
async fn a_key_ends_by_itself_and_its_sockets_with_it() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let soon = app.clock().now() + TimeDelta::days(1);
    let made = key(&shop, json!({ "expires_at": soon })).await;
    let program = shop.stranger().with(secret(&made));
    program.get("/v1/conversations").await.ok();
    let socket = Socket::open(&app.base(0), shop.guard(), secret(&made), json!({})).await;
    for at in [app.clock().now() - TimeDelta::seconds(1), soon + TimeDelta::days(3000)] {
        let ask = json!({ "name": "x", "scopes": ["conversations.read"], "expires_at": at });
        shop.owner.http.post("/v1/api-keys", ask).await.refused(422, "validation_failed");
    }
    app.clock().advance(TimeDelta::days(1));
    program.get("/v1/conversations").await.refused(401, "token_invalid");
    // Whatever makes sockets look again finds it; otherwise they look every twenty seconds.
    let owner = shop.owner.http.nobody();
    let body = json!({ "email": shop.owner.email, "password": tests::PASSWORD });
    owner.take(owner.post("/v1/auth/login", body).await.ok()["access_token"].as_str().unwrap());
    let other = owner.post("/v1/api-keys", json!({ "name": "x", "scopes": ["conversations.read"] })).await.ok();
    assert_eq!(owner.delete(&format!("/v1/api-keys/{}", other["id"].as_str().unwrap())).await.status, 204);
    assert_eq!(socket.closed_within(std::time::Duration::from_secs(2)).await, Some(4003));
    owner
        .post(&format!("/v1/api-keys/{}/rotate", made["id"].as_str().unwrap()), json!({ "keep_previous_hours": 1 }))
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn both_secrets_of_a_rotated_key_work_for_a_while_and_then_the_new_one() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let made = key(&shop, json!({})).await;
    let rotate = format!("/v1/api-keys/{}/rotate", made["id"].as_str().unwrap());
    let anew = shop.owner.http.post(&rotate, json!({ "keep_previous_hours": 0 })).await.ok();
    let works = async |secret: &str| shop.stranger().with(secret).get("/v1/conversations").await.status == 200;
    assert!(!works(secret(&made)).await && works(secret(&anew)).await, "at once, when asked so");
    assert_eq!(anew["id"], made["id"]);
    let third = shop.owner.http.post(&rotate, json!({ "keep_previous_hours": 1 })).await.ok();
    assert!(works(secret(&anew)).await && works(secret(&third)).await);
    assert!(!works(secret(&made)).await, "only the last one before is kept");
    app.clock().advance(TimeDelta::minutes(61));
    assert!(!works(secret(&anew)).await && works(secret(&third)).await);
}

#[tokio::test]
async fn the_log_is_narrowed_by_who_what_when_and_words() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let ada = shop.colleague("Ada", tenant::Role::Admin).await;
    let made = key(&shop, json!({ "name": "Nightly 100% export" })).await;
    let team = ada.http.post("/v1/teams", json!({ "name": shop.says("Sales") })).await.ok();
    let later = app.clock().now() + TimeDelta::seconds(30);
    app.clock().advance(TimeDelta::minutes(1));
    ada.http.patch("/v1/account", json!({ "locale": "zh-CN" })).await.ok();
    let ask = async |query: String| {
        let page = shop.owner.http.get(&format!("/v1/audit-log?limit=100&{query}")).await.ok();
        let rows = page["data"].as_array().unwrap().clone();
        rows.iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ask(format!("actor_id={}", ada.id)).await, ["account.updated", "team.created"]);
    assert_eq!(ask("action=api_key".into()).await, ["api_key.created"]);
    assert_eq!(ask("action=api_key.created".into()).await, ["api_key.created"]);
    assert_eq!(ask("action=api".into()).await, Vec::<String>::new(), "a noun is whole");
    assert_eq!(ask(format!("target={}", team["id"].as_str().unwrap())).await, ["team.created"]);
    assert_eq!(ask("query=100%25%20exp".into()).await, ["api_key.created"]);
    assert_eq!(ask("query=100_".into()).await, Vec::<String>::new(), "a sign is a sign");
    let at = later.format("%Y-%m-%dT%H:%M:%SZ");
    assert_eq!(ask(format!("from={at}")).await, ["account.updated"]);
    assert!(!ask(format!("to={at}")).await.contains(&"account.updated".to_owned()));
    assert_eq!(ask(format!("action=team&query={}", made["id"].as_str().unwrap())).await, Vec::<String>::new());
    // Page by page, the same narrowing holds.
    let page = shop.owner.http.get("/v1/audit-log?action=account&limit=1").await.ok();
    let next = page["next_cursor"].as_str().unwrap();
    let rest = shop.owner.http.get(&format!("/v1/audit-log?action=account&limit=1&cursor={next}")).await.ok();
    assert_eq!(rest["data"][0]["action"], "account.created");
    assert!(!shop.owner.http.get("/v1/audit-log?limit=100").await.text.contains(secret(&made)));
}
