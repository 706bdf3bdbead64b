//! A crowd of newcomers is not refused but asked for some work, where the company guards itself; nobody else notices.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests::{Reply, Shop, TestApp};

async fn guards(shop: &Shop, active: bool, visitors: u32, conversations: Option<u32>) {
    let guard = json!({
        "active": active, "visitors_per_minute": visitors, "conversations_per_minute": conversations,
    });
    shop.owner.http.put("/v1/safety/spam-guard", guard).await.ok();
}

async fn comes(shop: &Shop, from: &str, proof: Option<&Value>) -> Reply {
    let mut ask = json!({ "key": shop.key() });
    if let Some(proof) = proof {
        ask["proof"] = proof.clone();
    }
    shop.stranger().send("POST", "/v1/widget/session", Some(ask), &[("x-forwarded-for", from)]).await
}

/// Gets a challenge and does what it asks, as a browser would.
async fn works(shop: &Shop, from: &str) -> Value {
    let ask = Some(json!({ "key": shop.key() }));
    let asked = shop.stranger().send("POST", "/v1/widget/challenge", ask, &[("x-forwarded-for", from)]).await.ok();
    assert_eq!((&asked["kind"], &asked["expires_in"]), (&json!("proof_of_work"), &json!(120)));
    let (challenge, bits) = (asked["challenge"].as_str().unwrap(), asked["bits"].as_u64().unwrap());
    assert!((8..=24).contains(&bits), "a telephone can do it: {bits}");
    let question: String = Sha256::digest(challenge).iter().map(|byte| format!("{byte:02x}")).collect();
    let answer = (0..=u64::MAX)
        .find(|number| {
            let hash = Sha256::digest(format!("{question}{number}"));
            u64::from_be_bytes(hash[..8].try_into().unwrap()).leading_zeros() >= u32::try_from(bits).unwrap()
        })
        .unwrap();
    json!({ "challenge": challenge, "answer": answer.to_string() })
}

#[tokio::test]
async fn a_crowd_works_to_come_in_and_who_is_known_or_comes_in_a_calm_does_not() {
    let app = TestApp::start_with(1, |settings| settings.trusted_proxies = 1).await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let before = shop.owner.http.get("/v1/safety/spam-guard").await.ok();
    assert_eq!((&before["active"], &before["updated_at"]), (&json!(false), &Value::Null));
    guards(&shop, true, 2, None).await;
    let known = comes(&shop, "198.51.100.1", None).await.ok();
    comes(&shop, "198.51.100.2", None).await.ok();

    comes(&shop, "198.51.100.3", None).await.refused(403, "challenge_needed");
    comes(&other, "198.51.100.3", None).await.ok();
    let back = json!({ "key": shop.key(), "secret": known["secret"] });
    shop.stranger().post("/v1/widget/session", back).await.ok();

    let proof = works(&shop, "198.51.100.3").await;
    let session = comes(&shop, "198.51.100.3", Some(&proof)).await.ok();
    let visitor = shop.stranger().with(session["token"].as_str().unwrap());
    let message = json!({ "client_message_id": tests::fresh(), "text": shop.says("I am a person") });
    visitor.post("/v1/widget/messages", message).await.ok();
    // An answer may be lost on its way, and is given once more. It is not worth a crowd.
    comes(&shop, "198.51.100.3", Some(&proof)).await.ok();
    comes(&shop, "198.51.100.3", Some(&proof)).await.refused(403, "challenge_failed");
    // It is worth nothing elsewhere, nor with another number, nor later.
    let proof = works(&shop, "198.51.100.3").await;
    comes(&shop, "198.51.100.4", Some(&proof)).await.refused(403, "challenge_failed");
    let theirs = works(&other, "198.51.100.3").await;
    comes(&shop, "198.51.100.3", Some(&theirs)).await.refused(403, "challenge_failed");
    for answer in ["0", "-1", "1e3", "not a number"] {
        let guess = json!({ "challenge": proof["challenge"], "answer": answer });
        comes(&shop, "198.51.100.3", Some(&guess)).await.refused(403, "challenge_failed");
    }
    let token = json!({ "challenge": session["token"], "answer": proof["answer"] });
    comes(&shop, "198.51.100.3", Some(&token)).await.refused(403, "challenge_failed");
    app.clock().advance(TimeDelta::seconds(121));
    comes(&shop, "198.51.100.3", Some(&proof)).await.refused(403, "challenge_failed");

    // The crowd has gone by.
    comes(&shop, "198.51.100.5", None).await.ok();
    let log = shop.owner.http.get("/v1/audit-log?action=spam_guard").await.ok();
    assert_eq!(log["data"][0]["detail"]["visitors_per_minute"], 2, "{log}");
}

#[tokio::test]
async fn an_office_behind_one_address_is_asked_where_it_was_refused() {
    let app = TestApp::start_with(1, |settings| {
        settings.address_rate = 6;
        settings.trusted_proxies = 1;
    })
    .await;
    let shop = app.shop("Tea").await;
    let office = "203.0.113.7";
    let mut refused = 0;
    for _ in 0..8 {
        let reply = comes(&shop, office, None).await;
        if reply.status != 200 {
            reply.refused(429, "rate_limited");
            refused += 1;
        }
    }
    assert!(refused >= 4, "{refused} of an office were refused");
    guards(&shop, true, 1_000, None).await;
    comes(&shop, office, None).await.refused(403, "challenge_needed");
    for _ in 0..4 {
        let proof = works(&shop, office).await;
        comes(&shop, office, Some(&proof)).await.ok();
    }
}

#[tokio::test]
async fn conversations_of_newcomers_are_counted_where_the_company_wishes_and_bad_paces_are_named() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    guards(&shop, true, 1_000, Some(2)).await;
    let known = shop.visitor("Kim").await;
    known.writes("Hello").await;
    for _ in 0..3 {
        shop.stranger().post("/v1/widget/session", json!({ "key": shop.key() })).await.ok();
    }
    let bea = shop.visitor("Bea").await;
    bea.writes("Hello").await;
    bea.writes("Anybody?").await;
    let ask = json!({ "key": shop.key() });
    shop.stranger().post("/v1/widget/session", ask.clone()).await.refused(403, "challenge_needed");
    guards(&shop, false, 1_000, Some(2)).await;
    shop.stranger().post("/v1/widget/session", ask).await.ok();

    for (guard, pointer) in [
        (json!({ "active": true, "visitors_per_minute": 0 }), "/visitors_per_minute"),
        (
            json!({ "active": true, "visitors_per_minute": 1, "conversations_per_minute": 100_001 }),
            "/conversations_per_minute",
        ),
    ] {
        let reply = shop.owner.http.put("/v1/safety/spam-guard", guard).await;
        reply.refused(422, "validation_failed");
        let error = &reply.json()["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!("pace_out_of_range")));
    }
    let malformed = json!({ "key": shop.key(), "proof": { "challenge": "x", "answer": "\u{1b}" } });
    shop.stranger().post("/v1/widget/session", malformed).await.refused(422, "validation_failed");
}
