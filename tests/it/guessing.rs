//! Strangers at the door: what they ask about an address tells them nothing of it, they are slowed down by where they come from too,
//! and however many passwords wait to be looked at, chat goes on.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::{Value, json};
use tenant::{Role, account};
use tests::{Agent, Http, PASSWORD, Reply, Shop, TestApp, fresh};
use tokio::time::Instant;

use crate::second_factor::sets_up;

/// How many may knock from one address, at once or in a minute; how many more come with each second.
const KNOCKS: u64 = 300;
const A_SECOND: u64 = 5;

/// Everything that an answer shows but what is of this request alone.
fn face(reply: &Reply) -> (u16, BTreeMap<String, String>, Value) {
    let mut body = reply.json();
    if let Some(members) = body.as_object_mut() {
        members.remove("request_id");
    }
    let shown = reply.headers.iter().filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()));
    (reply.status, shown.cloned().collect(), body)
}

fn nobody() -> String {
    format!("{}@mail.test", fresh().simple())
}

async fn login(http: &Http, email: &str, password: &str) -> Reply {
    http.nobody().post("/v1/auth/login", json!({ "email": email, "password": password })).await
}

async fn forgot(http: &Http, email: &str) -> Reply {
    http.nobody().post("/v1/auth/forgot-password", json!({ "email": email })).await
}

/// A colleague who was switched off.
async fn switched_off(shop: &Shop) -> Agent {
    let bo = shop.colleague("Bo", Role::Agent).await;
    shop.owner.http.patch(&format!("/v1/agents/{}", bo.id), json!({ "disabled": true })).await.ok();
    bo
}

#[tokio::test]
async fn whoever_asks_about_an_address_sees_the_same_whoever_has_it() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let away = switched_off(&shop).await;
    let careful = shop.colleague("Cy", Role::Agent).await;
    sets_up(&app, &careful.http).await;
    let suspended = other.tenant().await;
    let (world, to) = (&suspended.world, account::Status::Suspended);
    assert!(account::set_status(&world.database, &suspended.account, to, world.now()).await.unwrap());

    let stranger = app.stranger();
    let known = [&shop.owner.email, &away.email, &careful.email, &other.owner.email];
    let unknown = login(&stranger, &nobody(), "guess guess").await;
    unknown.refused(401, "credentials_invalid");
    for email in known {
        assert_eq!(face(&login(&stranger, email, "guess guess").await), face(&unknown), "{email}");
    }
    assert_eq!(face(&login(&stranger, &away.email, PASSWORD).await), face(&unknown), "who may not come in is nobody");

    let unknown = forgot(&stranger, &nobody()).await;
    assert_eq!((unknown.status, unknown.text.as_str()), (204, ""));
    for email in known {
        assert_eq!(face(&forgot(&stranger, email).await), face(&unknown), "{email}");
    }

    let change = async |email: &str| shop.owner.http.post("/v1/auth/email", json!({ "email": email })).await;
    for email in [&nobody(), &other.owner.email] {
        let asked = change(email).await;
        assert_eq!((asked.status, asked.text.as_str()), (204, ""), "{email}");
    }

    // However often: where one is slowed down, so is the other.
    let (known, unknown) = (nobody(), nobody());
    let ask = json!({ "company": "Cocoa", "email": known, "password": PASSWORD });
    stranger.post("/v1/signup", ask).await.ok();
    for _ in 0..9 {
        let replies = [login(&stranger, &known, "guess guess").await, login(&stranger, &unknown, "guess guess").await];
        assert_eq!((replies[0].status, replies[0].code()), (replies[1].status, replies[1].code()));
    }
    assert_eq!(login(&stranger, &known, "guess guess").await.code(), "rate_limited");
}

#[tokio::test]
async fn signing_up_tells_whether_an_address_is_known_to_few_guesses_only() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let guess = async |turn: u32| {
        let password = format!("a guess, number {turn}");
        let ask = json!({ "company": "Cocoa", "email": shop.owner.email, "password": password });
        app.stranger().post("/v1/signup", ask).await
    };
    // One of the twenty an hour was the company's own signup.
    for turn in 0..14 {
        guess(turn).await.refused(409, "email_taken");
    }
    let slowed = guess(14).await;
    slowed.refused(429, "rate_limited");
    assert!(slowed.header("retry-after").is_some_and(|wait| wait.parse::<u64>().unwrap() > 60));
    assert_eq!(app.count("select count(*) from shared.account").await, 1);
}

#[tokio::test]
async fn whoever_knocks_without_end_is_slowed_by_where_they_come_from_and_nobody_else_is() {
    let app = TestApp::start_with(1, |settings| settings.trusted_proxies = 1).await;
    let shop = app.shop("Tea").await;
    let doors =
        ["/v1/auth/login", "/v1/auth/forgot-password", "/v1/signup", "/v1/account/resume", "/v1/account/restore"];
    // What it is about does not matter: it is not read any more.
    let knock = async |door: &str, from: &str| {
        let forwarded = format!("203.0.113.{}, {from}", fresh().as_bytes()[15]);
        shop.stranger().send("POST", door, Some(json!({})), &[("x-forwarded-for", forwarded.as_str())]).await
    };
    let began = Instant::now();
    let mut taken = 0;
    let refused = loop {
        let reply = knock(doors[usize::try_from(taken).unwrap() % doors.len()], "198.51.100.7").await;
        if reply.status == 429 {
            break reply;
        }
        reply.refused(422, "body_fields_invalid");
        taken += 1;
        assert!(taken < 3 * KNOCKS, "nobody is slowed down");
    };
    refused.refused(429, "rate_limited");
    assert!(refused.header("retry-after").is_some());
    let most = KNOCKS + A_SECOND * (began.elapsed().as_secs() + 1);
    assert!((KNOCKS..=most).contains(&taken), "{taken} where {most} may");

    knock("/v1/auth/login", "198.51.100.8").await.refused(422, "body_fields_invalid");
    shop.owner.http.get("/v1/auth/me").await.ok();
    let headers = [("cookie", shop.owner.cookie.as_str()), ("x-frontdesk", "1"), ("x-forwarded-for", "198.51.100.7")];
    shop.stranger().send("POST", "/v1/auth/refresh", None, &headers).await.ok();
}

#[tokio::test]
async fn while_every_place_for_passwords_is_taken_chat_goes_on_and_sign_ins_are_put_off() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    let stranger = app.stranger();
    let places = tenant::password::take_every_turn().await.unwrap();
    let emails: Vec<String> = (0..64).map(|_| nobody()).collect();
    let logins = join_all(emails.iter().map(|email| login(&stranger, email, "guess guess")));
    let chat = async {
        for turn in 0..5 {
            ana.writes(&format!("question {turn}")).await;
            bo.is_given(&ana.chat()).await;
            bo.replies(&ana.chat(), &format!("answer {turn}")).await;
            ana.sees(&format!("answer {turn}")).await;
        }
        shop.owner.http.get("/v1/conversations").await.ok();
    };
    let (replies, ()) = futures::join!(logins, chat);
    for reply in &replies {
        // Nobody was looked at beside those who have the places, and nobody waits behind them for ever.
        reply.refused(503, "temporarily_unavailable");
        assert!(reply.header("retry-after").is_some(), "{:?}", reply.headers);
    }
    drop(places);
    login(&shop.stranger(), &shop.owner.email, PASSWORD).await.ok();
}
