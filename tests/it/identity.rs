//! Visitors for whom the company's own server vouches: one person, one history. Whoever only says so is nobody.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Http, Reply, Shop, Signer, Socket, TestApp, fresh};

async fn identify(http: &Http, key: &str, token: &str, secret: Option<&str>) -> Reply {
    let ask = json!({ "key": key, "token": token, "attempt": fresh(), "secret": secret });
    http.post("/v1/widget/identify", ask).await
}

/// The first inbox's key, and a signer for it.
async fn signer(shop: &Shop) -> Signer {
    Signer::make(&shop.owner.http, shop.inbox["id"].as_str().unwrap()).await
}

async fn welcome_strangers(shop: &Shop, welcome: bool) {
    let path = format!("/v1/inboxes/{}/identity", shop.inbox["id"].as_str().unwrap());
    shop.owner.http.put(&path, json!({ "required": !welcome })).await.ok();
}

/// Somebody comes in by a token; gives their session and their side of HTTP.
async fn comes_in(shop: &Shop, token: &str, secret: Option<&str>) -> (Value, Http) {
    let session = identify(&shop.stranger(), shop.key(), token, secret).await.ok();
    let http = shop.stranger().with(session["token"].as_str().unwrap());
    (session, http)
}

async fn writes(shop: &Shop, http: &Http, text: &str) -> Value {
    let body = json!({ "client_message_id": fresh(), "text": shop.says(text) });
    http.post("/v1/widget/messages", body).await.ok()["conversation"].clone()
}

#[tokio::test]
async fn what_a_browser_said_joins_the_person_and_so_do_all_their_devices() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let signer = signer(&shop).await;
    welcome_strangers(&shop, true).await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor_on(1, "Ana").await;
    let id = fresh();
    let first = json!({ "client_message_id": id, "text": shop.says("Where is my order?") });
    ana.socket.send(first.clone()).await;
    let chat = shop.owner.http.get("/v1/conversations").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    bo.is_given(&chat).await;

    let mut claims = signer.claims(&app, "user-1");
    claims["name"] = json!(shop.says("Ana Wu"));
    claims["email"] = json!("ana@mail.test");
    claims["attributes"] = json!({ "plan": shop.says("gold") });
    let (session, at_home) = comes_in(&shop, &signer.sign(&claims), Some(&ana.secret)).await;

    assert_eq!((&session["verified"], &session["blocked"]), (&json!(true), &json!(false)));
    assert_eq!(session["conversation"]["id"], chat.as_str(), "the thread of this browser is theirs now");
    assert_ne!(session["contact_id"], ana.id.as_str());
    let contact = shop.owner.http.get(&format!("/v1/contacts/{}", session["contact_id"].as_str().unwrap())).await.ok();
    assert_eq!((&contact["verified"], &contact["external_id"]), (&json!(true), &json!("user-1")));
    assert_eq!((&contact["name"], &contact["attributes"]), (&claims["name"], &claims["attributes"]));
    let told = bo.socket().until("who it is", |frames| {
        frames.iter().rev().find(|frame| frame["conversation"]["contact"]["email"] == "ana@mail.test").cloned()
    });
    assert_eq!(told.await["conversation"]["id"], chat.as_str());

    // Who they were before is over, in every server: the anonymous tab is sent away, and its secret is worth nothing.
    assert_eq!(ana.socket.closed_within(Duration::from_secs(2)).await, Some(4003));
    ana.http.post("/v1/widget/messages", first.clone()).await.refused(401, "token_invalid");
    let other = json!({ "key": shop.key(), "secret": ana.secret });
    let stranger = shop.stranger().post("/v1/widget/session", other).await.ok();
    assert!(stranger["secret"].is_string() && stranger["conversation"].is_null(), "{stranger}");

    // What was sent once is there once, under whatever name it is sent again.
    at_home.post("/v1/widget/messages", first).await.ok();
    let (session, at_work) = comes_in(&shop, &signer.token(&app, "user-1"), None).await;
    assert_eq!(session["conversation"]["id"], chat.as_str(), "the same person on another device");
    writes(&shop, &at_work, "Found it").await;
    let thread = at_home.get(&format!("/v1/widget/conversations/{chat}/messages")).await.ok();
    let texts = shop.plain(thread["data"].as_array().unwrap());
    assert_eq!(texts, ["Where is my order?", "Found it"]);
    // What a page of theirs was given goes on giving tokens; a token that says less takes nothing away.
    let again = json!({ "key": shop.key(), "secret": session["secret"] });
    let again = shop.stranger().post("/v1/widget/session", again).await.ok();
    assert_eq!((&again["contact_id"], &again["verified"]), (&session["contact_id"], &json!(true)));
    let contact = shop.owner.http.get(&format!("/v1/contacts/{}", session["contact_id"].as_str().unwrap())).await.ok();
    assert_eq!(contact["email"], "ana@mail.test");
}

#[tokio::test]
async fn nobody_becomes_somebody_by_saying_so() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let (signer, stranger) =
        (signer(&shop).await, Signer::make(&other.owner.http, other.inbox["id"].as_str().unwrap()).await);
    welcome_strangers(&shop, true).await;
    let second = shop.owner.http.post("/v1/inboxes", json!({ "name": shop.says("Second") })).await.ok();
    let elsewhere = Signer::make(&shop.owner.http, second["id"].as_str().unwrap()).await;
    let mut real = signer.claims(&app, "user-1");
    real["email"] = json!("ana@mail.test");
    let used = signer.sign(&real);
    let (victim, at_home) = comes_in(&shop, &used, None).await;
    writes(&shop, &at_home, "Only Ana may see this").await;

    let refused = async |what: &str, token: String, code: &str| {
        let reply = identify(&shop.stranger(), shop.key(), &token, None).await;
        assert_eq!((reply.status, reply.code().as_str()), (401, code), "{what}: {}", reply.text);
        reply.is_a_problem();
    };
    let forged = Signer { secret: "fdi_guessed".into(), ..signer.clone() };
    refused("forged", forged.token(&app, "user-1"), "identity_signature_wrong").await;
    refused("presented before", used.clone(), "identity_replayed").await;
    refused("another inbox's", elsewhere.token(&app, "user-1"), "identity_key_unknown").await;
    let named = Signer { inbox: signer.inbox.clone(), ..elsewhere.clone() };
    refused("another inbox's key, our inbox", named.token(&app, "user-1"), "identity_key_unknown").await;
    let meant = Signer { inbox: elsewhere.inbox.clone(), ..signer.clone() };
    refused("our key, another inbox", meant.token(&app, "user-1"), "identity_inbox_wrong").await;
    refused("another company's", stranger.token(&app, "user-1"), "identity_key_unknown").await;
    let theirs = Signer { inbox: signer.inbox.clone(), ..stranger };
    refused("another company's key, our inbox", theirs.token(&app, "user-1"), "identity_key_unknown").await;
    refused("our own token of a visitor", victim["token"].as_str().unwrap().to_owned(), "identity_key_missing").await;
    refused("our own token of a member", shop.owner.http.token(), "identity_key_missing").await;
    let mut late = signer.claims(&app, "user-1");
    late["exp"] = json!(late["iat"].as_i64().unwrap() - 1);
    refused("past its time", signer.sign(&late), "identity_expired").await;

    // The answer was lost: the same attempt gets it again, another one does not.
    let (token, attempt) = (signer.token(&app, "user-2"), fresh());
    let ask = json!({ "key": shop.key(), "token": token, "attempt": attempt });
    shop.stranger().post("/v1/widget/identify", ask.clone()).await.ok();
    shop.stranger().post("/v1/widget/identify", ask).await.ok();
    refused("stolen on the way", token, "identity_replayed").await;

    // A browser that says it is her is another contact, and stays one.
    let mallory = shop.visitor("Mallory").await;
    let claim = json!({ "email": "ana@mail.test", "name": shop.says("Ana") });
    mallory.http.patch("/v1/widget/contact", claim).await.ok();
    mallory.writes("It is me, Ana").await;
    let session = json!({ "key": shop.key(), "secret": mallory.secret });
    let session = shop.stranger().post("/v1/widget/session", session).await.ok();
    assert_eq!((&session["contact_id"], &session["verified"]), (&json!(mallory.id), &json!(false)));
    assert_ne!(session["conversation"]["id"], victim["conversation"]["id"]);
    // Who sits at her browser cannot change who she is.
    at_home.patch("/v1/widget/contact", json!({ "email": "eve@mail.test" })).await.refused(403, "contact_vouched_for");
    // Another person's secret brings nothing along that was vouched for.
    let (eve, _) = comes_in(&shop, &signer.token(&app, "eve"), victim["secret"].as_str()).await;
    assert_ne!(eve["contact_id"], victim["contact_id"]);
    assert!(eve["conversation"].is_null(), "{eve}");
    let contact = shop.owner.http.get(&format!("/v1/contacts/{}", victim["contact_id"].as_str().unwrap())).await.ok();
    assert_eq!((&contact["email"], &contact["verified"]), (&json!("ana@mail.test"), &json!(true)));
}

#[tokio::test]
async fn a_key_is_replaced_without_a_gap_and_a_revoked_one_ends_what_it_began() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let old = signer(&shop).await;
    welcome_strangers(&shop, true).await;
    let owner = &shop.owner.http;
    let keys = format!("/v1/inboxes/{}/identity/keys", old.inbox);

    let made = owner.post(&format!("{keys}/{}/rotate", old.kid), json!({ "overlap_hours": 24 })).await.ok();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let new = Signer { kid: text("id"), secret: text("secret"), ..old.clone() };
    comes_in(&shop, &old.token(&app, "user-1"), None).await;
    let (session, http) = comes_in(&shop, &new.token(&app, "user-1"), None).await;
    let on_other = Socket::open(&app.base(1), shop.guard(), session["token"].as_str().unwrap(), json!({})).await;
    let passer_by = shop.visitor_on(1, "Bea").await;

    owner.delete(&format!("{keys}/{}", new.kid)).await;

    assert_eq!(on_other.closed_within(Duration::from_secs(2)).await, Some(4003));
    passer_by.socket.catch_up().await;
    http.get("/v1/widget/queue").await.refused(401, "token_invalid");
    let renew = json!({ "key": shop.key(), "secret": session["secret"] });
    shop.stranger().post("/v1/widget/session", renew).await.refused(401, "identity_expired");
    let refused = identify(&shop.stranger(), shop.key(), &new.token(&app, "user-1"), None).await;
    refused.refused(401, "identity_key_ended");
    let stored = shop
        .count("select count(*) from {}.identity_key where position('fdi_' in encode(material, 'escape')) > 0")
        .await;
    assert_eq!(stored, 0, "secrets are sealed");
    let log = owner.get("/v1/audit-log").await.ok().to_string();
    for action in ["identity_key.created", "identity_key.rotated", "identity_key.revoked", "inbox.identity_changed"] {
        assert!(log.contains(action), "{action} is not in {log}");
    }
    assert!(!log.contains("fdi_"), "a secret is in the log");

    comes_in(&shop, &old.token(&app, "user-1"), None).await;
    app.clock().advance(TimeDelta::hours(24));
    let late = identify(&shop.stranger(), shop.key(), &old.token(&app, "user-1"), None).await;
    late.refused(401, "identity_key_ended");
}

#[tokio::test]
async fn an_inbox_may_take_only_those_who_are_vouched_for_once_the_site_can_sign() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let signer = signer(&shop).await;
    let path = format!("/v1/inboxes/{}/identity", signer.inbox);
    let policy = shop.owner.http.get(&path).await.ok();
    assert_eq!((&policy["required"], &policy["enforced"]), (&json!(true), &json!(false)), "nothing was signed so far");
    let early = shop.visitor("Bea").await;
    early.writes("I came before").await;

    let (_, ana) = comes_in(&shop, &signer.token(&app, "user-1"), None).await;

    assert_eq!(shop.owner.http.get(&path).await.ok()["enforced"], true);
    assert_eq!(early.socket.closed_within(Duration::from_secs(2)).await, Some(4003));
    early.posts("Am I still welcome?").await.refused(401, "token_invalid");
    for secret in [Value::Null, json!(early.secret)] {
        let ask = json!({ "key": shop.key(), "secret": secret });
        shop.stranger().post("/v1/widget/session", ask).await.refused(403, "identity_required");
    }
    let config = format!("/v1/widget/config?key={}", shop.key());
    assert_eq!(shop.stranger().get(&config).await.ok()["identity_required"], true);
    writes(&shop, &ana, "I may").await;

    welcome_strangers(&shop, true).await;
    let back =
        shop.stranger().post("/v1/widget/session", json!({ "key": shop.key(), "secret": early.secret })).await.ok();
    assert_eq!(back["contact_id"], early.id.as_str(), "nothing of theirs was lost");
    assert_eq!(shop.stranger().get(&config).await.ok()["identity_required"], false);
}

#[tokio::test]
async fn signing_out_ends_the_visit_of_that_page_alone() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let signer = signer(&shop).await;
    let (shared, at_cafe) = comes_in(&shop, &signer.token(&app, "user-1"), None).await;
    let (_, at_home) = comes_in(&shop, &signer.token(&app, "user-1"), None).await;
    let on_other = Socket::open(&app.base(1), shop.guard(), shared["token"].as_str().unwrap(), json!({})).await;
    writes(&shop, &at_home, "Mine").await;

    assert_eq!(at_cafe.post("/v1/widget/logout", Value::Null).await.status, 204);

    assert_eq!(on_other.closed_within(Duration::from_secs(2)).await, Some(4003));
    at_cafe.get("/v1/widget/queue").await.refused(401, "token_invalid");
    let renew = json!({ "key": shop.key(), "secret": shared["secret"] });
    shop.stranger().post("/v1/widget/session", renew).await.refused(401, "identity_expired");
    writes(&shop, &at_home, "Still mine").await;
}

#[tokio::test]
async fn a_visit_that_has_ended_is_found_out_without_the_bus() {
    let (app, bus) = TestApp::start_behind(2, |settings| &mut settings.nats_url).await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor_on(1, "Ana").await;
    let bea = shop.visitor_on(1, "Bea").await;
    bus.cut();

    shop.owner.http.delete(&format!("/v1/contacts/{}/sessions", ana.id)).await;

    assert_eq!(ana.socket.closed_within(Duration::from_secs(30)).await, Some(4003));
    ana.posts("Hello?").await.refused(401, "token_invalid");
    bea.socket.catch_up().await;
}

#[tokio::test]
async fn a_developer_reads_what_is_wrong_with_a_token_without_using_it() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let signer = signer(&shop).await;
    let path = format!("/v1/inboxes/{}/identity/check", signer.inbox);
    let check = async |token: &str| shop.owner.http.post(&path, json!({ "token": token })).await.ok();
    let good = signer.token(&app, "user-1");
    for _ in 0..2 {
        let told = check(&good).await;
        assert_eq!((&told["accepted"], &told["vouched"]["external_id"]), (&json!(true), &json!("user-1")), "{told}");
    }
    comes_in(&shop, &good, None).await;
    assert_eq!(check(&good).await["code"], "identity_replayed");
    let mut claims = signer.claims(&app, "user-1");
    claims.as_object_mut().unwrap().remove("jti");
    let told = check(&signer.sign(&claims)).await;
    assert_eq!(told["code"], "identity_claims_invalid");
    assert!(told["detail"].as_str().unwrap().contains("jti"), "{told}");
}
