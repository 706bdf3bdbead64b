//! What those who wait are shown: chosen for each, counted once, and safe to look at.

use serde_json::{Value, json};
use tests::{Http, TestApp};

use crate::setup::{fault, faults, id, made};

#[tokio::test]
async fn those_who_wait_are_shown_what_is_for_them_and_counted_once_a_day() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let http = &shop.owner.http;
    let make = async |title: &str, more: Value| {
        let mut body = json!({ "kind": "card", "title": shop.says(title), "active": true });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        id(&made(http, "/v1/waiting-content", body).await).to_owned()
    };
    let coupon =
        json!({ "kind": "coupon", "coupon_code": "TEA10", "conditions": { "tags": ["gold"], "pages": ["/tea"] } });
    let coupon = make("Ten percent", coupon).await;
    let video =
        json!({ "kind": "video", "media_url": "https://shop.example/a.mp4", "conditions": { "locales": ["zh"] } });
    let video = make("How tea is made", video).await;
    let card = make("Hello", json!({})).await;
    make("Hidden", json!({ "active": false })).await;

    let (ana, bea) = (shop.visitor("Ana").await, shop.visitor("Bea").await);
    http.patch(&format!("/v1/contacts/{}", ana.id), json!({ "tags": ["Gold"] })).await.ok();
    let page = json!({ "url": "https://shop.example/tea/green", "title": "", "referrer": "" });
    let session = json!({ "key": shop.key(), "secret": ana.secret, "page": page });
    ana.http.nobody().post("/v1/widget/session", session).await.ok();
    let shown = async |http: &Http| {
        let list = http.get("/v1/widget/waiting-content").await.ok();
        list["data"].as_array().unwrap().iter().map(|one| id(one).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(shown(&ana.http).await, [coupon.clone(), card.clone()]);
    assert_eq!(shown(&bea.http).await, std::slice::from_ref(&card));
    http.put("/v1/waiting-content/order", json!({ "ids": [card] })).await.ok();
    assert_eq!(shown(&ana.http).await, [card.clone(), coupon.clone()]);

    let note = async |http: &Http, id: &str, kind: &str| {
        http.post(&format!("/v1/widget/waiting-content/{id}/events"), json!({ "kind": kind })).await.status
    };
    for (who, kind) in
        [(&ana, "impression"), (&ana, "impression"), (&bea, "impression"), (&ana, "click"), (&ana, "click")]
    {
        assert_eq!(note(&who.http, &card, kind).await, 204);
    }
    let counts = async |id: &str| http.get(&format!("/v1/waiting-content/{id}")).await.ok()["counts"].clone();
    assert_eq!(counts(&card).await, json!({ "impressions": 2, "clicks": 1 }));
    assert_eq!(counts(&video).await, json!({ "impressions": 0, "clicks": 0 }));
    let zed = other.visitor("Zed").await;
    assert_eq!(note(&zed.http, &card, "click").await, 404);
    // What a page could be harmed with, and what is not complete, is refused.
    for (more, pointer, code) in [
        (json!({ "kind": "video" }), "/media_url", "media_missing"),
        (json!({ "kind": "coupon" }), "/coupon_code", "coupon_missing"),
        (json!({ "kind": "article" }), "/body", "article_empty"),
        (json!({ "media_url": "http://shop.example/a.jpg" }), "/media_url", "link_invalid"),
        (json!({ "link_url": "javascript:alert(1)" }), "/link_url", "link_invalid"),
        (
            json!({ "conditions": { "team_ids": ["team_01h455vb4pex5vsknk084sn02q"] } }),
            "/conditions/team_ids/0",
            "team_unknown",
        ),
    ] {
        let mut body = json!({ "kind": "card", "title": "Bad", "active": true });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(faults(&http.post("/v1/waiting-content", body).await), fault(pointer, code));
    }

    app.clock().advance(chrono::TimeDelta::hours(25));
    let session =
        ana.http.nobody().post("/v1/widget/session", json!({ "key": shop.key(), "secret": ana.secret })).await.ok();
    let ana_tomorrow = ana.http.with(session["token"].as_str().unwrap());
    assert_eq!(note(&ana_tomorrow, &card, "impression").await, 204);
    assert_eq!(shop.count("select coalesce(sum(impressions), 0)::bigint from {}.waiting_content_count").await, 3);
}
