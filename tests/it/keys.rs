//! Keys end by themselves, and change their secrets by the hand of somebody who has just shown who they are.

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
