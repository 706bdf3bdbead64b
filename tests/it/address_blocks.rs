//! Networks from which a company lets nobody in: told so, for as long as it was said, and nobody else is concerned.

use serde_json::{Value, json};
use tests::{Reply, Shop, Signer, TestApp, fresh};

/// Somebody opens the chat, seen by our proxy at this address.
async fn comes(shop: &Shop, from: &str, secret: Option<&str>) -> Reply {
    let ask = json!({ "key": shop.key(), "secret": secret });
    shop.stranger().send("POST", "/v1/widget/session", Some(ask), &[("x-forwarded-for", from)]).await
}

async fn blocks(shop: &Shop, network: &str) -> Value {
    let ask = json!({ "network": network, "note": shop.says("Spam since Monday") });
    shop.owner.http.post("/v1/safety/addresses", ask).await.ok()
}

#[tokio::test]
async fn nobody_comes_in_from_a_blocked_network_but_those_the_company_vouches_for() {
    let app = TestApp::start_with(1, |settings| settings.trusted_proxies = 1).await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let contacts = json!([{ "kind": "phone", "label": shop.says("Shop"), "value": "+49 30 123456" }]);
    shop.owner.http.put("/v1/emergency", json!({ "active": false, "contacts": contacts })).await.ok();
    let known = comes(&shop, "203.0.113.7", None).await.ok();
    let known = known["secret"].as_str().unwrap();

    let made = blocks(&shop, "203.0.113.99/24").await;
    assert_eq!((&made["network"], &made["ends_at"]), (&json!("203.0.113.0/24"), &Value::Null));

    for from in ["203.0.113.7", "8.8.8.8, 203.0.113.255", "::ffff:203.0.113.7"] {
        comes(&shop, from, None).await.refused(403, "address_blocked");
    }
    comes(&shop, "203.0.113.7", Some(known)).await.refused(403, "address_blocked");
    for from in ["203.0.114.7", "203.0.113.7, 198.51.100.7", "2001:db8::7"] {
        comes(&shop, from, None).await.ok();
    }
    comes(&other, "203.0.113.7", None).await.ok();
    // What the chat shows instead is there for them.
    let config = format!("/v1/widget/config?key={}", shop.key());
    let config = shop.stranger().send("GET", &config, None, &[("x-forwarded-for", "203.0.113.7")]).await.ok();
    assert_eq!(config["emergency"]["contacts"], contacts);
    // An IPv6 address alone is the house it is of.
    assert_eq!(blocks(&shop, "2001:db8:1:2::7").await["network"], "2001:db8:1:2::/64");
    comes(&shop, "2001:db8:1:2:ffff::1", None).await.refused(403, "address_blocked");
    comes(&shop, "2001:db8:1:3::7", None).await.ok();

    // An office shares its address with customers.
    let signer = Signer::make(&shop.owner.http, shop.inbox["id"].as_str().unwrap()).await;
    let ask = json!({ "key": shop.key(), "token": signer.token(&app, "user-1"), "attempt": fresh() });
    let from = [("x-forwarded-for", "203.0.113.7")];
    let vouched = shop.stranger().send("POST", "/v1/widget/identify", Some(ask), &from).await.ok();
    comes(&shop, "203.0.113.7", vouched["secret"].as_str()).await.ok();
}

#[tokio::test]
async fn a_block_ends_by_itself_or_by_hand_and_is_on_record() {
    let app = TestApp::start_with(1, |settings| settings.trusted_proxies = 1).await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let listed = async || {
        let list = http.get("/v1/safety/addresses").await.ok();
        let all = list["data"].as_array().unwrap();
        all.iter().map(|block| block["network"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = blocks(&shop, "198.51.100.0/24").await;
    let ask = json!({ "network": "203.0.113.7", "ends_at": "2099-01-01T00:00:00Z" });
    http.post("/v1/safety/addresses", ask.clone()).await.ok();
    assert_eq!(listed().await, ["203.0.113.7", "198.51.100.0/24"]);
    for (network, code) in
        [("203.0.113.7/32", "network_taken"), ("0.0.0.0/0", "network_too_wide"), ("the spammer", "network_invalid")]
    {
        let reply = http.post("/v1/safety/addresses", json!({ "network": network })).await;
        reply.refused(422, "validation_failed");
        let error = &reply.json()["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!("/network"), &json!(code)));
    }

    comes(&shop, "203.0.113.7", None).await.refused(403, "address_blocked");
    let over = "update {}.address_block set ends_at = now() - interval '1 minute' where ends_at is not null";
    app.sql(&over.replace("{}", &shop.schema().await)).await;
    comes(&shop, "203.0.113.7", None).await.ok();
    assert_eq!(listed().await, ["198.51.100.0/24"]);
    http.post("/v1/safety/addresses", ask).await.ok();
    comes(&shop, "203.0.113.7", None).await.refused(403, "address_blocked");

    comes(&shop, "198.51.100.9", None).await.refused(403, "address_blocked");
    let path = format!("/v1/safety/addresses/{}", first["id"].as_str().unwrap());
    assert_eq!(http.delete(&path).await.status, 204);
    http.delete(&path).await.refused(404, "address_block_unknown");
    comes(&shop, "198.51.100.9", None).await.ok();
    let log = http.get("/v1/audit-log?action=address_block").await.ok();
    let deeds: Vec<(&str, &str)> = log["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["action"].as_str().unwrap(), entry["detail"]["network"].as_str().unwrap()))
        .collect();
    assert_eq!(
        deeds,
        [
            ("address_block.removed", "198.51.100.0/24"),
            ("address_block.created", "203.0.113.7"),
            ("address_block.created", "203.0.113.7"),
            ("address_block.created", "198.51.100.0/24"),
        ]
    );
    assert!(!log.to_string().contains("Spam since Monday"), "a log holds no texts");
}
