//! Who may not be here any more is not: their sockets close within two seconds in every server, and nobody else's do.

use std::time::Duration;

use serde_json::json;
use tests::{PASSWORD, Program, Socket, TestApp, eventually};

/// The promise, when the bus is there.
const SOON: Duration = Duration::from_secs(2);

#[tokio::test]
async fn signing_out_closes_the_sockets_of_that_browser_in_every_server_and_no_others() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let mut bo = shop.agent_on(1, "Bo").await;
    let at_home = Socket::open(&app.base(1), shop.guard(), &bo.http.token(), json!({})).await;
    let cookie = bo.cookie.clone();
    assert_eq!(bo.signs_in().await.status, 200);
    bo.connects().await;
    let cy = shop.agent_on(1, "Cy").await;

    let out = [("cookie", cookie.as_str()), ("x-frontdesk", "1")];
    let reply = shop.stranger().send("POST", "/v1/auth/logout", None, &out).await;
    assert_eq!(reply.status, 204, "{}", reply.text);

    assert_eq!(at_home.closed_within(SOON).await, Some(4003));
    bo.socket().catch_up().await;
    cy.socket().catch_up().await;
    bo.http.get("/v1/auth/me").await.ok();
}

#[tokio::test]
async fn a_new_password_closes_every_socket_of_its_owner() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(1, "Bo").await;
    let elsewhere = Socket::open(&app.base(0), shop.guard(), &bo.http.token(), json!({})).await;
    let cy = shop.agent_on(1, "Cy").await;
    shop.stranger().post("/v1/auth/forgot-password", json!({ "email": bo.email })).await;
    let token = app.mail().letter(&bo.email, "password").await.token();

    let reset = json!({ "token": token, "password": format!("{PASSWORD} anew") });
    assert_eq!(shop.stranger().post("/v1/auth/reset-password", reset).await.status, 204);

    assert_eq!(bo.socket().closed_within(SOON).await, Some(4003));
    assert_eq!(elsewhere.closed_within(SOON).await, Some(4003));
    bo.http.get("/v1/auth/me").await.refused(401, "token_invalid");
    cy.socket().catch_up().await;
}

#[tokio::test]
async fn switching_off_a_colleague_and_revoking_a_key_close_their_sockets_elsewhere() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(1, "Bo").await;
    let cy = shop.agent_on(1, "Cy").await;
    let key = shop.owner.http.post("/v1/api-keys", json!({ "name": "x", "scopes": ["conversations.read"] })).await.ok();
    let program = Socket::open(&app.base(1), shop.guard(), key["secret"].as_str().unwrap(), json!({})).await;

    shop.owner.http.delete(&format!("/v1/api-keys/{}", key["id"].as_str().unwrap())).await;
    assert_eq!(program.closed_within(SOON).await, Some(4003));
    shop.owner.http.patch(&format!("/v1/agents/{}", bo.id), json!({ "disabled": true })).await.ok();
    assert_eq!(bo.socket().closed_within(SOON).await, Some(4003));
    // What the other server remembered of them is forgotten too.
    bo.http.get("/v1/auth/me").await.refused(401, "token_invalid");
    cy.socket().catch_up().await;
}

#[tokio::test]
async fn a_suspended_company_is_cut_off_at_once_everywhere_and_a_restored_one_is_back() {
    let app = TestApp::start_nodes(2).await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let bo = shop.agent_on(1, "Bo").await;
    let ana = shop.visitor_on(0, "Ana").await;
    let neighbour = other.agent_on(1, "Cy").await;
    let slug = shop.owner.http.get("/v1/account").await.ok()["slug"].as_str().unwrap().to_owned();

    let said = Program::run(app.settings(), &["tenant", "suspend", &slug]).await;

    assert!(said.contains("suspended; every server knows at once"), "{said}");
    assert_eq!(bo.socket().closed_within(SOON).await, Some(4003));
    assert_eq!(ana.socket.closed_within(SOON).await, Some(4003));
    bo.http.get("/v1/auth/me").await.refused(403, "account_suspended");
    neighbour.socket().catch_up().await;
    Program::run(app.settings(), &["tenant", "resume", &slug]).await;
    eventually("the company is back", async || (bo.http.get("/v1/auth/me").await.status == 200).then_some(())).await;
    let log = shop.owner.http.get("/v1/audit-log").await.ok();
    assert_eq!(log["data"][0]["action"], "account.resumed", "{log}");
}

#[tokio::test]
async fn a_socket_that_may_not_be_is_found_out_without_the_bus() {
    let (app, bus) = TestApp::start_behind(2, |settings| &mut settings.nats_url).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(1, "Bo").await;
    let cy = shop.agent_on(1, "Cy").await;
    bus.cut();

    shop.owner.http.patch(&format!("/v1/agents/{}", bo.id), json!({ "disabled": true })).await.ok();

    assert_eq!(bo.socket().closed_within(Duration::from_secs(30)).await, Some(4003));
    cy.socket().catch_up().await;
}
