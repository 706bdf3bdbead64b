//! One good request for every operation about plans and money.

use serde_json::{Value, json};
use tests::Shop;

/// An invoice of the company's; buys it the largest plan, once.
pub(crate) async fn invoice(shop: &Shop) -> String {
    let http = &shop.owner.http;
    let order = json!({ "plan": "scale", "interval": "month", "currency": "cny", "seats": 500 });
    http.post("/v1/billing/checkout", order).await;
    http.get("/v1/billing/invoices").await.ok()["data"][0]["id"].as_str().unwrap().to_owned()
}

/// The body of a good request; none where it takes none.
pub(crate) fn body(operation: &str) -> Option<Value> {
    match operation {
        "GET /v1/billing"
        | "GET /v1/billing/catalogue"
        | "GET /v1/billing/invoices"
        | "GET /v1/billing/invoice-preview"
        | "POST /v1/billing/portal" => None,
        "POST /v1/billing/trial" => Some(json!({ "plan": "pro" })),
        "POST /v1/billing/checkout" => {
            Some(json!({ "plan": "pro", "interval": "year", "currency": "eur", "seats": 50 }))
        }
        "POST /v1/billing/plan/preview" => Some(json!({ "plan": "scale", "interval": "year", "seats": 600 })),
        "PUT /v1/billing/plan" => Some(json!({ "plan": "scale", "interval": "month", "seats": 500 })),
        "PUT /v1/billing/seats" => Some(json!({ "seats": 500 })),
        "PUT /v1/billing/cancellation" => Some(json!({ "at_period_end": false })),
        "PUT /v1/billing/hard-limit" => Some(json!({ "enabled": false })),
        "PUT /v1/billing/alerts" => Some(json!({ "included": true, "budget_minor": 100_000 })),
        _ => panic!("{operation} has no probe: say here what a good request looks like"),
    }
}
