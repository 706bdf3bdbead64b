//! A brand looks like itself: its inboxes show its name, colour and picture, and all else as before.

use serde_json::{Value, json};
use tests::TestApp;

/// A picture of one point.
const DOT: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

#[tokio::test]
async fn an_inbox_of_a_brand_looks_like_the_brand() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let look = json!({ "display_name": shop.says("Cups"), "color": "#FF8800", "logo": DOT });
    let brand = http.post("/v1/brands", json!({ "name": shop.says("Cups"), "look": look })).await.ok();
    assert_eq!(brand["look"]["color"], "#ff8800");
    let config = async || shop.stranger().get(&format!("/v1/widget/config?key={}", shop.key())).await.ok();
    let before = config().await;
    assert_eq!((&before["company"], &before["logo"]), (&json!(shop.name), &Value::Null));
    let inbox = format!("/v1/inboxes/{}", shop.inbox["id"].as_str().unwrap());
    http.patch(&inbox, json!({ "brand_id": brand["id"] })).await.ok();
    let after = config().await;
    assert_eq!(
        (&after["company"], &after["color"], &after["logo"]),
        (&look["display_name"], &json!("#ff8800"), &json!(DOT))
    );
    assert_eq!(after["title"], before["title"]);

    // What is left out is as the inbox has it, and nothing but a picture is a picture.
    let path = format!("/v1/brands/{}", brand["id"].as_str().unwrap());
    http.put(&path, json!({ "name": shop.says("Cups") })).await.ok();
    assert_eq!(config().await["color"], before["color"]);
    for (bad, code) in [
        (json!({ "logo": "https://example.com/logo.png" }), "logo_invalid"),
        (json!({ "logo": "data:image/svg+xml;base64,PHN2Zz4=" }), "logo_invalid"),
        (json!({ "logo": format!("data:image/png;base64,{}", "A".repeat(40_000)) }), "logo_too_large"),
        (json!({ "color": "red" }), "color_invalid"),
    ] {
        let refused = http.put(&path, json!({ "name": shop.says("Cups"), "look": bad })).await;
        refused.refused(422, "validation_failed");
        assert_eq!(refused.json()["errors"][0]["code"], code);
    }
}
