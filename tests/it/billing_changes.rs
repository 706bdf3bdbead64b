//! Plans and rhythms that change in the middle of an hour, while usage is anywhere on its way. Every unit is on one invoice, at a price that
//! held when it was told.

use chrono::TimeDelta;
use serde_json::{Value, json};
use stripe_standin::{Faults, Mail};
use tests::payments::{Payments, sign_in, uses};
use tests::payments_books::priced;
use tests::price_list::cost;
use tests::{Shop, eventually};

/// The way of usage events to the provider, and no other.
const EVENTS: &str = "/v1/billing/meter_event";

/// Twenty minutes past the full hour, so many hours from now.
fn comes_mid_hour(payments: &Payments, hours: i64) {
    payments.comes(payments.hour(-hours) + TimeDelta::minutes(20));
}

/// Usage goes on its way, until the provider counts so much in all.
async fn counts(payments: &Payments, customer: &str, all: i64) {
    payments.app.sql("update shared.subscription set rolled_to = null, roll_until = null").await;
    eventually(&format!("{all} are counted"), async || {
        payments.app.node(0).billing.roll_up().await.ok()?;
        payments.app.node(0).billing.send_due().await.ok()?;
        (payments.counted(customer, "messages") == all).then_some(())
    })
    .await;
}

async fn changes(shop: &Shop, ask: Value) {
    sign_in(shop).await;
    shop.owner.http.put("/v1/billing/plan", ask).await.ok();
}

#[tokio::test]
async fn plans_and_rhythms_that_change_in_mid_hour_leave_no_unit_out_and_bill_none_twice() {
    let payments = Payments::start(1, 21, Mail::default()).await;
    let app = &payments.app;
    let (shop, customer) = payments.customer("Tea", "pro", 2).await;
    let now = || app.clock().now();

    // By the month. Much is told, and not compared yet; what was used in the last full hour waits, and this hour is not over.
    comes_mid_hour(&payments, 48);
    uses(&shop, "messages", 700_000, payments.hour(4)).await;
    counts(&payments, &customer, 700_000).await;
    payments.stripe.set_faults(Faults { dropped: 1_000, only: EVENTS.into(), ..Faults::default() });
    uses(&shop, "messages", 40, payments.hour(1) + TimeDelta::minutes(7)).await;
    uses(&shop, "messages", 30, now() - TimeDelta::minutes(5)).await;
    app.sql("update shared.subscription set rolled_to = null, roll_until = null").await;
    eventually("forty wait", async || {
        app.node(0).billing.roll_up().await.ok()?;
        app.node(0).billing.send_due().await.ok()?;
        let waiting = "select count(*) from shared.meter_batch where quantity = 40 and state in ('pending', 'sent')";
        (app.count(waiting).await == 1).then_some(())
    })
    .await;
    changes(&shop, json!({ "plan": "pro", "interval": "year", "seats": 2 })).await;
    assert_eq!(payments.invoiced(&customer, "messages"), 700_000, "what was told is on the invoice of the change");

    // By the year: more of the same hour, and late news of an hour before the change.
    app.clock().advance(TimeDelta::minutes(10));
    uses(&shop, "messages", 50, now()).await;
    uses(&shop, "messages", 9, payments.hour(2)).await;
    payments.stripe.set_faults(Faults::default());
    app.clock().advance(TimeDelta::hours(2));
    counts(&payments, &customer, 700_129).await;
    comes_mid_hour(&payments, 60 * 24);
    uses(&shop, "messages", 6_400_000, payments.hour(4)).await;
    counts(&payments, &customer, 7_100_129).await;
    // These arrive, and nobody hears of it.
    payments.stripe.set_faults(Faults { lost: 1_000, only: EVENTS.into(), ..Faults::default() });
    uses(&shop, "messages", 25, payments.hour(2)).await;
    counts(&payments, &customer, 7_100_154).await;
    payments.stripe.set_faults(Faults::default());
    changes(&shop, json!({ "plan": "pro", "interval": "month", "seats": 2 })).await;
    assert_eq!(payments.invoiced(&customer, "messages"), 7_100_154, "and what the provider knew better than we");

    // By the month again, and to a larger plan in its middle: the period stays, the prices do not.
    let end = payments.period_end().await;
    comes_mid_hour(&payments, 24);
    uses(&shop, "messages", 600_000, payments.hour(4)).await;
    counts(&payments, &customer, 7_700_154).await;
    changes(&shop, json!({ "plan": "scale", "seats": 2 })).await;
    assert_eq!((payments.period_end().await, payments.invoiced(&customer, "messages")), (end, 7_700_154));
    uses(&shop, "messages", 21_000_000, now()).await;
    sign_in(&shop).await;
    let shown = shop.owner.http.get("/v1/billing/invoice-preview").await.ok()["preview"].clone();
    let usage = shown["lines"].as_array().unwrap().iter().find(|line| line["meter"] == "messages").unwrap();
    assert_eq!(usage["quantity"], 21_000_000, "the next invoice has what no other one has: {shown}");
    let report = shop.owner.http.get("/v1/usage?period=billing").await.ok();
    let meter = report["meters"].as_array().unwrap().iter().find(|meter| meter["meter"] == "messages").unwrap();
    assert_eq!((&meter["used"], &meter["included"]), (&json!(21_000_000), &json!(20_000_000)), "as usage is shown");
    shop.owner.http.put("/v1/billing/cancellation", json!({ "at_period_end": true })).await.ok();
    uses(&shop, "messages", 7, payments.hour(3)).await;
    app.clock().advance(TimeDelta::hours(2));
    counts(&payments, &customer, 28_700_161).await;
    payments.drain().await;

    payments.comes(end + TimeDelta::hours(2));
    assert_eq!(payments.invoiced(&customer, "messages"), 28_700_161);
    let (charged, wrong) = priced(&payments, &shop.schema().await, &customer).await;
    let of = |plan, months, quantity| cost(plan, "messages", "usd", months, quantity).unsigned_abs();
    let month = of("pro", 1, 700_000);
    let should = month + of("pro", 12, 6_400_154) + of("pro", 1, 600_000) + of("scale", 1, 21_000_007);
    assert_eq!((charged, wrong), (should, 0));
    let lost = "select count(*) from shared.meter_batch where state = 'stopped'";
    assert_eq!(app.count(lost).await + app.count("select count(*) from shared.meter_difference").await, 0);
}
