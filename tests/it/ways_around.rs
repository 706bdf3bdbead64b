//! What looks like a way around proof, rights or seats, and is none.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tenant::Role;
use tenant::export;
use tests::{Http, PASSWORD, TestApp, fresh};

#[tokio::test]
async fn going_to_another_company_is_no_new_proof() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let group = http.post("/v1/organisations", json!({ "name": shop.says("House") })).await.ok();
    let accounts = format!("/v1/organisations/{}/accounts", group["id"].as_str().unwrap());
    let brand = http.post(&accounts, json!({ "company": shop.says("Cups"), "locale": "en" })).await.ok();
    app.clock().advance(TimeDelta::minutes(11));
    // The session is an hour old; only the access token is fresh.
    let body = json!({ "email": shop.owner.email, "password": PASSWORD });
    let reply = http.nobody().post("/v1/auth/login", body).await;
    let browser = shop.stranger().with(reply.ok()["access_token"].as_str().unwrap());
    app.clock().advance(TimeDelta::minutes(11));
    let headers = [("cookie", reply.cookie().unwrap()), ("x-frontdesk", "1".to_owned())];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let fresh = browser.nobody().send("POST", "/v1/auth/refresh", None, &headers).await.ok();
    browser.take(fresh["access_token"].as_str().unwrap());
    let change = async |http: &Http| http.put("/v1/auth/password", json!({ "password": "an even better one" })).await;
    change(&browser).await.refused(403, "reauthentication_required");
    for id in [&json!(shop.id), &brand["id"]] {
        let there = browser.post("/v1/auth/switch", json!({ "account_id": id })).await.ok();
        let there = shop.stranger().with(there["access_token"].as_str().unwrap());
        change(&there).await.refused(403, "reauthentication_required");
        let key = json!({ "name": "x", "scopes": ["conversations.read"] });
        there.post("/v1/api-keys", key).await.refused(403, "reauthentication_required");
        let security = there.get("/v1/auth/security").await.ok();
        assert!(security["proven_until"].is_null(), "{security}");
    }
}

#[tokio::test]
async fn a_new_password_keeps_the_address_what_it_is() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let theirs = format!("thief-{}@mail.test", fresh().simple());
    assert_eq!(http.post("/v1/auth/email", json!({ "email": theirs })).await.status, 204);
    let letter = app.mail().letter(&theirs, "Confirm your new e-mail address").await;
    shop.stranger().post("/v1/auth/forgot-password", json!({ "email": shop.owner.email })).await;
    let token = app.mail().letter(&shop.owner.email, "password").await.token();
    let reset = json!({ "token": token, "password": "an even better password" });
    assert_eq!(shop.stranger().post("/v1/auth/reset-password", reset).await.status, 204);
    let confirm = json!({ "token": letter.token() });
    shop.stranger().post("/v1/auth/email/confirm", confirm).await.refused(404, "link_invalid");
    let body = json!({ "email": shop.owner.email, "password": "an even better password" });
    shop.stranger().post("/v1/auth/login", body).await.ok();
}

#[tokio::test]
async fn nobody_takes_over_a_key_that_can_do_more_than_they() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let make = async |by: &Http, scopes: Value| {
        by.post("/v1/api-keys", json!({ "name": shop.says("A program"), "scopes": scopes })).await.ok()
    };
    let max = shop.holder("Max", json!(["api_keys.manage", "conversations.read"]), "own").await;
    let (strong, wide) = (
        make(&shop.owner.http, json!(["audit.read"])).await,
        make(&shop.owner.http, json!(["conversations.read"])).await,
    );
    let own = make(&max.http, json!(["conversations.read"])).await;
    let rotate = async |key: &Value| {
        let path = format!("/v1/api-keys/{}/rotate", key["id"].as_str().unwrap());
        let once = fresh().to_string();
        let body = Some(json!({ "keep_previous_hours": 24 }));
        max.http.send("POST", &path, body, &[("idempotency-key", &once)]).await
    };
    rotate(&strong).await.refused(403, "permission_denied");
    rotate(&wide).await.refused(403, "permission_denied");
    let anew = rotate(&own).await.ok();
    // A repeat is not answered from a note that would hold the secret.
    let secret = anew["secret"].as_str().unwrap();
    let kept =
        format!("select count(*) from shared.idempotent_answer where convert_from(body, 'utf8') like '%{secret}%'");
    assert_eq!(app.count(&kept).await, 0);
    shop.stranger().with(strong["secret"].as_str().unwrap()).get("/v1/audit-log").await.ok();
}

#[tokio::test]
async fn who_may_only_manage_the_account_makes_nobody_an_admin_by_a_provider() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let max = shop.holder("Max", json!(["account.manage"]), "teams").await;
    let settings =
        json!({ "issuer": "https://login.example", "client_id": "x", "client_secret": "y", "default_role": "agent" });
    max.http.put("/v1/account/sso", settings).await.refused(403, "permission_denied");
    let domain = json!({ "domain": format!("{}.test", fresh().simple()), "mailbox": "postmaster" });
    max.http.post("/v1/account/sso/domains", domain.clone()).await.refused(403, "permission_denied");
    max.http.delete("/v1/account/sso").await.refused(403, "permission_denied");
    max.http.get("/v1/account/sign-in").await.ok();
    let ada = shop.colleague("Ada", Role::Admin).await;
    ada.http.post("/v1/account/sso/domains", domain).await.ok();
}

#[tokio::test]
async fn seats_are_not_multiplied_by_switching_people_off_and_on() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let mut colleagues = Vec::new();
    for name in ["Bo", "Cy", "Di", "Ed"] {
        colleagues.push(shop.colleague(name, Role::Agent).await);
    }
    let switch = async |id: &str, off: bool| {
        shop.owner.http.patch(&format!("/v1/agents/{id}"), json!({ "disabled": off })).await
    };
    for colleague in &colleagues {
        switch(&colleague.id, true).await.ok();
    }
    let tenant = shop.tenant().await;
    let by = shop.owner.id.parse().unwrap();
    let mut links = Vec::new();
    for _ in 0..4 {
        let email = format!("{}@mail.test", fresh().simple());
        let standing = tenant::Standing::built_in(Role::Agent);
        let invited = tenant::invitation::invite(&tenant.world, &tenant.account, by, "Olive", &email, standing).await;
        links.push(format!("/v1/invitations/by-token/{}/accept", invited.unwrap().1));
    }
    switch(&colleagues[0].id, false).await.refused(403, "limit_reached");
    let accept = json!({ "name": shop.says("New"), "password": PASSWORD });
    shop.stranger().post(&links[0], accept.clone()).await.ok();
    // Somebody who came back all the same, as when the seats were fewer: then the seat of the invitation is gone.
    app.sql(&format!(
        "update shared.membership set disabled_at = null where account_id = '{}'",
        shop.id.parse::<tenant::AccountId>().unwrap().uuid()
    ))
    .await;
    shop.stranger().post(&links[1], accept).await.refused(403, "limit_reached");
}

#[tokio::test]
async fn a_group_fills_no_strangers_mailbox() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let group = http.post("/v1/organisations", json!({ "name": shop.says("House") })).await.ok();
    let members = format!("/v1/organisations/{}/accounts/{}/members", group["id"].as_str().unwrap(), shop.id);
    let stranger = json!({ "email": format!("{}@mail.test", fresh().simple()), "role": "agent" });
    // Five a day, of which four may come at once.
    for _ in 0..4 {
        http.put(&members, stranger.clone()).await.ok();
    }
    http.put(&members, stranger).await.refused(429, "rate_limited");
}

#[tokio::test]
async fn a_maker_who_comes_late_takes_no_finished_export_away() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let world = &app.node(0).world;
    // No worker of the app takes it: both makers of this story have it in their hands.
    let (account, by) = (shop.id.parse().unwrap(), shop.owner.id.parse().unwrap());
    app.sql("update shared.data_export set status = 'failed' where status in ('waiting', 'working')").await;
    let asked = export::ask(world, account, by, None, None).await.unwrap();
    let take = async |attempt: i32| {
        app.sql(&format!(
            "update shared.data_export set status = 'working', attempts = {attempt}, locked_until = now() + interval '1 hour' where id = '{}'",
            asked.id.uuid()
        ))
        .await;
        export::find(world, account, asked.id).await.unwrap()
    };
    let (late, second) = (take(1).await, take(2).await);
    assert_ne!(late.path(), second.path());
    assert!(!export::progress(world, &late, 5, 10).await.unwrap(), "another one has it now");
    assert!(!export::finish(world, &late, 1, "early".to_owned()).await.unwrap());
    assert!(export::finish(world, &second, 2, "whole".to_owned()).await.unwrap());
    export::fail(world, &late).await.unwrap();
    let stands = export::find(world, account, asked.id).await.unwrap();
    assert_eq!((stands.status, stands.sha256.as_deref()), (export::ExportStatus::Ready, Some("whole")));
    assert_eq!(stands.path(), second.path());
}
