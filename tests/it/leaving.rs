//! A company that closes while it pays: it pays for what it has paid for, and for nothing after it is gone.

use chrono::TimeDelta;
use serde_json::json;
use stripe_standin::{Down, Faults};
use tenant::account::Status;
use tenant::closing;
use tests::{Shop, TestApp};

use crate::billing_stripe::{again, bought_for_nothing, buys, start, uses};
use crate::lifecycle::{closes, restores};

/// What the workers of a server do about closed companies, every ten minutes.
async fn works(app: &TestApp) {
    app.node(0).billing.let_closed_go().await.unwrap();
    closing::sweep(&app.node(0).world).await.unwrap();
}

async fn status(app: &TestApp, shop: &Shop) -> Status {
    let world = &app.node(0).world;
    let id = shop.id.parse().unwrap();
    world.directory.load(&world.database, id).await.unwrap().unwrap().status
}

#[tokio::test]
async fn stripe_stops_charging_a_company_that_closes_and_nothing_is_deleted_before_it_does() {
    let (app, stripe) = start(1).await;
    let shop = app.shop("Tea").await;
    buys(&shop, &stripe, "pro", 3, "4242424242424242").await;
    let sold = || {
        let all = stripe.act("GET", "/v1/subscriptions", "status=all").unwrap();
        let one = &all["data"][0];
        (one["status"].as_str().unwrap().to_owned(), one["cancel_at_period_end"].as_bool().unwrap())
    };
    tests::eventually("the checkout is known", async || {
        (shop.owner.http.get("/v1/billing").await.ok()["state"] == "active").then_some(())
    })
    .await;
    closes(&shop).await;
    works(&app).await;
    assert_eq!(sold(), ("active".into(), true), "what was paid for is not taken away");
    restores(&shop).await.ok();
    again(&shop).await;
    let back = shop.owner.http.get("/v1/billing").await.ok();
    assert_eq!((&back["state"], &back["cancels_at_end"]), (&json!("active"), &json!(true)), "and said on its return");
    shop.owner.http.put("/v1/billing/cancellation", json!({ "at_period_end": false })).await.ok();
    assert_eq!(sold(), ("active".into(), false));

    closes(&shop).await;
    stripe.set_faults(Faults { down: Some(Down::Refuse), ..Faults::default() });
    app.clock().advance(TimeDelta::days(31));
    works(&app).await;
    assert_eq!(status(&app, &shop).await, Status::Closed, "nobody is deleted who would go on paying");
    stripe.set_faults(Faults::default());
    works(&app).await;
    assert_eq!(sold().0, "canceled");
    assert_eq!(status(&app, &shop).await, Status::Deleted);
}

#[tokio::test]
async fn without_a_provider_the_last_usage_of_a_closed_company_is_still_invoiced() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let order = json!({ "plan": "pro", "interval": "year", "currency": "usd", "seats": 2 });
    shop.owner.http.post("/v1/billing/checkout", order).await.ok();
    app.clock().advance(TimeDelta::hours(2));
    again(&shop).await;
    uses(&shop, "conversations", 20_000 * 12 + 100, "1 hour").await;
    closes(&shop).await;
    works(&app).await;
    app.clock().advance(TimeDelta::days(31));
    works(&app).await;
    assert_eq!(status(&app, &shop).await, Status::Deleted);
    let invoices = "select count(*) from shared.invoice i cross join jsonb_array_elements(i.lines) line \
        where line ->> 'meter' = 'conversations' and (line ->> 'amount_minor')::bigint > 0";
    assert_eq!(app.count(invoices).await, 1);
    let living = "select count(*) from shared.subscription where status <> 'canceled'";
    assert_eq!(app.count(living).await, 0);
}

#[tokio::test]
async fn what_was_bought_before_stripe_was_set_up_ends_without_asking_stripe() {
    let (app, stripe) = start(1).await;
    let shop = app.shop("Tea").await;
    bought_for_nothing(&shop, 2).await;
    stripe.set_faults(Faults { down: Some(Down::Refuse), ..Faults::default() });
    closes(&shop).await;
    works(&app).await;
    app.clock().advance(TimeDelta::days(31));
    works(&app).await;
    assert_eq!(status(&app, &shop).await, Status::Deleted);
}
