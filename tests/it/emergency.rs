//! A company that cannot answer as usual says so to everybody at once, and says where else to turn.

use api::serve::{Parts, Running};
use serde_json::{Value, json};
use tenant::Role;
use tests::{Http, Shop, Socket, TestApp};

fn plan(shop: &Shop) -> Value {
    json!({
        "active": true,
        "message": shop.says("Our systems are down. Please call."),
        "contacts": [
            { "kind": "phone", "label": "Hotline", "value": "+49 30 123456" },
            { "kind": "email", "label": "Mail", "value": "help@shop.example" },
            { "kind": "link", "label": "Status", "value": "https://status.shop.example/now" },
            { "kind": "other", "label": "Shop", "value": "Main Street 1" },
        ],
    })
}

async fn visitor_is_told(shop: &Shop, http: &Http) -> Value {
    let session = http.post("/v1/widget/session", json!({ "key": shop.key() })).await.ok();
    let config = http.get(&format!("/v1/widget/config?key={}", shop.key())).await.ok();
    assert_eq!(session["emergency"], config["emergency"]);
    session["emergency"].clone()
}

#[tokio::test]
async fn the_emergency_plan_reaches_everybody_and_outlives_the_server() {
    let app = TestApp::start_nodes(2).await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let bo = shop.agent_on(1, "Bo").await;
    let ana = shop.visitor_on(1, "Ana").await;
    let stream = ana.http.listen("/v1/widget/events").await;
    stream.frame("welcome").await;
    let (zed, zoe) = (other.agent_on(1, "Zed").await, other.visitor_on(1, "Zoe").await);

    let quiet = json!({ "active": false, "message": null, "contacts": [] });
    let http = &shop.owner.http;
    let before = http.get("/v1/emergency").await.ok();
    assert_eq!(before, json!({ "active": false, "message": null, "contacts": [], "updated_at": null }));
    assert_eq!(visitor_is_told(&shop, &shop.stranger()).await, quiet);

    let plan = plan(&shop);
    let set = http.put("/v1/emergency", plan.clone()).await.ok();
    assert!(set["updated_at"].is_string(), "{set}");
    let pushed = json!({ "type": "emergency.updated", "emergency": plan });
    assert_eq!(bo.socket().frame("emergency.updated").await, pushed);
    assert_eq!(ana.socket.frame("emergency.updated").await, pushed);
    assert_eq!(stream.frame("emergency.updated").await, pushed);
    assert_eq!(visitor_is_told(&shop, &shop.stranger()).await, plan);

    // Chat goes on.
    ana.writes("Anybody there?").await;
    bo.is_given(&ana.chat()).await;
    bo.replies(&ana.chat(), "Slowly, but yes").await;
    ana.sees("Slowly, but yes").await;

    // Who comes later hears of it too, be it on an old page.
    let late = Socket::open(ana.http.base(), shop.guard(), &ana.http.token(), json!({})).await;
    assert_eq!(late.frame("emergency.updated").await, pushed);

    // It is nobody else's emergency.
    for socket in [zed.socket(), &zoe.socket] {
        socket.catch_up().await;
        assert!(socket.frames().iter().all(|frame| frame["type"] != "emergency.updated"));
    }
    assert_eq!(visitor_is_told(&other, &other.stranger()).await, quiet);

    app.stop(0).await;
    let again = Running::start(app.settings(), app.clock().clone(), Parts { web: true, workers: true }).await.unwrap();
    let at_new = Http::new(&format!("http://{}", again.address), shop.guard());
    assert_eq!(visitor_is_told(&shop, &at_new).await, plan);
    let owner = at_new.with(&http.token());
    assert_eq!(owner.get("/v1/emergency").await.ok(), set);

    let begin = (bo.socket().count(), ana.socket.count());
    owner.put("/v1/emergency", json!({ "active": false })).await.ok();
    let over = |frame: &Value| frame["emergency"] == quiet;
    bo.socket().next(begin.0, "it is over", over).await;
    ana.socket.next(begin.1, "it is over", over).await;
    let log = owner.get("/v1/audit-log?limit=5").await.ok();
    let deeds: Vec<(&Value, &Value)> = log["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "emergency.updated")
        .map(|entry| (&entry["detail"]["active"], &entry["actor"]["id"]))
        .collect();
    let by = json!(shop.owner.id);
    assert_eq!(deeds, [(&json!(false), &by), (&json!(true), &by)]);
    assert!(!log.to_string().contains("Our systems are down"), "a log holds no texts");
    drop(stream);
    again.stop().await;
}

#[tokio::test]
async fn only_those_who_run_the_company_switch_it_and_only_to_something_safe() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let admin = shop.colleague("Ada", Role::Admin).await;
    let ana = shop.visitor("Ana").await;
    for role in [Role::Supervisor, Role::Agent] {
        let colleague = shop.colleague("Bo", role).await;
        colleague.http.get("/v1/emergency").await.ok();
        colleague.http.put("/v1/emergency", plan(&shop)).await.refused(403, "permission_denied");
    }
    ana.http.get("/v1/emergency").await.refused(401, "token_invalid");
    admin.http.put("/v1/emergency", plan(&shop)).await.ok();
    let before = admin.http.get("/v1/emergency").await.ok();

    let contact = |kind: &str, value: &str| json!([{ "kind": kind, "label": "x", "value": value }]);
    for (change, pointer, code) in [
        (json!({ "message": "x".repeat(501) }), "/message", "text_too_long"),
        (json!({ "message": "  " }), "/message", "text_too_short"),
        (json!({ "contacts": contact("link", "javascript:alert(1)") }), "/contacts/0/value", "link_invalid"),
        (json!({ "contacts": contact("link", "https://a@b.example") }), "/contacts/0/value", "link_invalid"),
        (json!({ "contacts": contact("phone", "call us") }), "/contacts/0/value", "phone_invalid"),
        (json!({ "contacts": contact("email", "nobody") }), "/contacts/0/value", "email_invalid"),
        (json!({ "contacts": contact("other", "") }), "/contacts/0/value", "text_too_short"),
        (json!({ "contacts": vec![contact("other", "x")[0].clone(); 7] }), "/contacts", "too_many"),
    ] {
        let mut ask = plan(&shop);
        ask.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let reply = admin.http.put("/v1/emergency", ask).await;
        reply.refused(422, "validation_failed");
        let error = &reply.json()["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)));
    }
    let strange = json!({ "active": true, "contacts": contact("fax", "1") });
    admin.http.put("/v1/emergency", strange).await.refused(422, "body_fields_invalid");
    assert_eq!(admin.http.get("/v1/emergency").await.ok(), before);
    ana.socket.catch_up().await;
    let pushed = ana.socket.frames().iter().filter(|frame| frame["type"] == "emergency.updated").count();
    assert_eq!(pushed, 1, "what was refused is told to nobody");
}
