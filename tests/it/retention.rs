//! Nothing is kept for longer than the company has chosen, and nothing goes before that.

use routing::rights;
use serde_json::{Value, json};
use tests::{Shop, TestApp};

async fn texts(shop: &Shop, chat: &str) -> usize {
    shop.owner.thread(chat).await.iter().filter(|message| message["text"] != "").count()
}

#[tokio::test]
async fn what_is_over_goes_in_its_time_and_a_preview_says_so_before() {
    let app = TestApp::start().await;
    let mut shop = app.shop("Tea").await;
    let (ana, bea) = (shop.visitor("Ana").await, shop.visitor("Bea").await);
    ana.writes("An old story").await;
    bea.writes("Still going on").await;
    let (old, open) = (ana.chat(), bea.chat());
    shop.owner.resolves(&old).await;
    let (said, open_said) = (texts(&shop, &old).await, texts(&shop, &open).await);
    let http = shop.owner.http.with(&shop.owner.http.token());
    let choice = json!({ "conversation_days": 30, "contact_days": 90, "audit_days": 60 });
    let nothing = http.post("/v1/retention/preview", choice.clone()).await.ok();
    assert_eq!(nothing, json!({ "conversations": 0, "contacts": 0, "audit_entries": 0 }));
    http.put("/v1/retention", json!({ "conversation_days": 0 })).await.refused(422, "validation_failed");
    http.put("/v1/retention", choice.clone()).await.ok();

    let tenant = shop.tenant().await;
    let routing = &app.node(0).routing;
    let swept = async |days: i64| {
        app.clock().advance(chrono::TimeDelta::days(days));
        rights::sweep(routing, &tenant).await.unwrap()
    };
    assert_eq!(swept(29).await.conversations, 0, "not a day early");
    shop.owner.signs_in().await.ok();
    assert_eq!(texts(&shop, &old).await, said);
    let soon = shop.owner.http.post("/v1/retention/preview", json!({ "conversation_days": 1 })).await.ok();
    assert_eq!(soon["conversations"], 1, "a preview says what another choice would do");

    assert_eq!(swept(2).await.conversations, 1);
    shop.owner.signs_in().await.ok();
    assert_eq!((texts(&shop, &old).await, texts(&shop, &open).await), (0, open_said), "what goes on stays");
    let contact = shop.owner.http.get(&format!("/v1/contacts/{}", ana.id)).await.ok();
    assert_eq!((&contact["name"], &contact["erased_at"]), (&json!(ana.name), &Value::Null));

    // Contacts who are long gone, but for those who are still being talked to; and the beginning of the log.
    let swept = swept(60).await;
    assert_eq!((swept.conversations, swept.contacts), (0, 1));
    assert!(swept.audit_entries > 0);
    shop.owner.signs_in().await.ok();
    let http = &shop.owner.http;
    assert!(http.get(&format!("/v1/contacts/{}", ana.id)).await.ok()["erased_at"].is_string());
    assert!(http.get(&format!("/v1/contacts/{}", bea.id)).await.ok()["erased_at"].is_null());
    let verdict = http.get("/v1/audit-log/integrity").await.ok();
    assert_eq!((&verdict["intact"], verdict["removed"].as_i64().unwrap() > 0), (&json!(true), true), "{verdict}");
    let log = http.get("/v1/audit-log?action=retention").await.ok();
    let newest = &log["data"][0];
    assert_eq!((&newest["action"], &newest["actor"]["kind"]), (&json!("retention.carried_out"), &json!("system")));
    assert_eq!(newest["detail"]["contacts"], 1);

    let quick = rights::sweep(routing, &tenant).await.unwrap();
    assert_eq!(quick, rights::sweep(routing, &tenant).await.unwrap(), "within the hour nobody looks again");
}

#[tokio::test]
async fn who_has_chosen_nothing_keeps_everything() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("A story").await;
    shop.owner.resolves(&ana.chat()).await;
    app.clock().advance(chrono::TimeDelta::days(4_000));
    rights::sweep_all(&app.node(0).routing).await.unwrap();
    assert_eq!(shop.count("select count(*) from {}.message where text = ''").await, 0);
    assert_eq!(shop.count("select count(*) from {}.contact where erased_at is null").await, 1);
}
