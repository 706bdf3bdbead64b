//! Plans and rhythms that change in the middle of an hour, while usage is anywhere on its way. Every unit is on one invoice, at a price that
//! held when it was told.

use chrono::TimeDelta;
use serde_json::{Value, json};
use stripe_standin::{Faults, Mail};
use tests::payments::{Payments, Purchase, sign_in, uses};
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

/// Neither shown nor made: prices were changed in this period already.
async fn waits_for_the_next_period(shop: &Shop, ask: Value) {
    sign_in(shop).await;
    shop.owner.http.post("/v1/billing/plan/preview", ask.clone()).await.refused(409, "changed_this_period");
    shop.owner.http.put("/v1/billing/plan", ask).await.refused(409, "changed_this_period");
}

#[tokio::test]
async fn plans_and_rhythms_that_change_in_mid_hour_leave_no_unit_out_and_bill_none_twice() {
    let payments = Payments::start(1, 21, Mail::default()).await;
    let app = &payments.app;
    let shop = app.shop("Tea").await;
    let bought = Purchase { plan: "pro", interval: "year", currency: "usd", seats: 2, code: "" };
    let customer = payments.buys_so(&shop, bought).await;
    let now = || app.clock().now();

    // By the year. Much is told, and not compared yet; what was used in the last full hour waits, and this hour is not over.
    comes_mid_hour(&payments, 48);
    uses(&shop, "messages", 6_400_000, payments.hour(4)).await;
    counts(&payments, &customer, 6_400_000).await;
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
    changes(&shop, json!({ "plan": "pro", "interval": "month", "seats": 2 })).await;
    assert_eq!(payments.invoiced(&customer, "messages"), 6_400_000, "what was told is on the invoice of the change");

    // By the month: more of the same hour, and late news of an hour before the change.
    app.clock().advance(TimeDelta::minutes(10));
    uses(&shop, "messages", 50, now()).await;
    uses(&shop, "messages", 9, payments.hour(2)).await;
    payments.stripe.set_faults(Faults::default());
    app.clock().advance(TimeDelta::hours(2));
    counts(&payments, &customer, 6_400_129).await;
    comes_mid_hour(&payments, 20 * 24);
    uses(&shop, "messages", 700_000, payments.hour(4)).await;
    counts(&payments, &customer, 7_100_129).await;
    // These arrive, and nobody hears of it.
    payments.stripe.set_faults(Faults { lost: 1_000, only: EVENTS.into(), ..Faults::default() });
    uses(&shop, "messages", 25, payments.hour(2)).await;
    counts(&payments, &customer, 7_100_154).await;
    payments.stripe.set_faults(Faults::default());
    changes(&shop, json!({ "plan": "pro", "interval": "year", "seats": 2 })).await;
    assert_eq!(payments.invoiced(&customer, "messages"), 7_100_154, "and what the provider knew better than we");
    waits_for_the_next_period(&shop, json!({ "plan": "pro", "interval": "month" })).await;

    // By the year again, and to a larger plan in its middle: the period stays, the prices do not.
    let end = payments.period_end().await;
    comes_mid_hour(&payments, 24);
    uses(&shop, "messages", 6_600_000, payments.hour(4)).await;
    counts(&payments, &customer, 13_700_154).await;
    changes(&shop, json!({ "plan": "scale", "seats": 2 })).await;
    assert_eq!((payments.period_end().await, payments.invoiced(&customer, "messages")), (end, 13_700_154));
    uses(&shop, "messages", 241_000_000, now()).await;
    sign_in(&shop).await;
    let shown = shop.owner.http.get("/v1/billing/invoice-preview").await.ok()["preview"].clone();
    let usage = shown["lines"].as_array().unwrap().iter().find(|line| line["meter"] == "messages").unwrap();
    assert_eq!(usage["quantity"], 241_000_000, "the next invoice has what no other one has: {shown}");
    let report = shop.owner.http.get("/v1/usage?period=billing").await.ok();
    let meter = report["meters"].as_array().unwrap().iter().find(|meter| meter["meter"] == "messages").unwrap();
    assert_eq!((&meter["used"], &meter["included"]), (&json!(241_000_000), &json!(240_000_000)), "as usage is shown");
    waits_for_the_next_period(&shop, json!({ "plan": "pro" })).await;
    uses(&shop, "messages", 7, payments.hour(3)).await;
    app.clock().advance(TimeDelta::hours(2));
    counts(&payments, &customer, 254_700_161).await;
    payments.drain().await;

    // What was refused is possible in the next period.
    payments.comes(end + TimeDelta::hours(2));
    eventually("the next period is known", async || (payments.period_end().await > end).then_some(())).await;
    assert_eq!(payments.invoiced(&customer, "messages"), 254_700_161);
    changes(&shop, json!({ "plan": "pro", "interval": "month" })).await;
    let (charged, wrong) = priced(&payments, &shop.schema().await, &customer).await;
    let of = |plan, months, quantity| cost(plan, "messages", "usd", months, quantity).unsigned_abs();
    let years = of("pro", 12, 6_400_000) + of("pro", 12, 6_600_000) + of("scale", 12, 241_000_007);
    assert_eq!((charged, wrong), (years + of("pro", 1, 700_154), 0));
    let lost = "select count(*) from shared.meter_batch where state = 'stopped'";
    assert_eq!(app.count(lost).await + app.count("select count(*) from shared.meter_difference").await, 0);
}

#[tokio::test]
async fn a_subscription_of_the_classic_mode_is_brought_to_the_other_one_before_its_prices_change() {
    let payments = Payments::start(1, 22, Mail::default()).await;
    let (shop, customer) = payments.customer("Tea", "pro", 2).await;
    let sold =
        payments.stripe.act("GET", "/v1/subscriptions", &format!("customer={customer}")).unwrap()["data"][0].clone();
    // As it was sold before the other mode was asked for.
    assert!(payments.stripe.make_classic(sold["id"].as_str().unwrap()));

    comes_mid_hour(&payments, 48);
    uses(&shop, "messages", 700_000, payments.hour(4)).await;
    counts(&payments, &customer, 700_000).await;
    let migrated = || payments.stripe.requests().iter().filter(|asked| asked.what.ends_with("/migrate")).count();
    sign_in(&shop).await;
    shop.owner.http.post("/v1/billing/plan/preview", json!({ "plan": "scale" })).await.ok();
    assert_eq!(migrated(), 0, "whoever only asks what it costs changes nothing");
    changes(&shop, json!({ "plan": "scale" })).await;
    assert_eq!((payments.invoiced(&customer, "messages"), migrated()), (700_000, 1));
    let (charged, wrong) = priced(&payments, &shop.schema().await, &customer).await;
    assert_eq!((charged, wrong), (cost("pro", "messages", "usd", 1, 700_000).unsigned_abs(), 0));
    changes(&shop, json!({ "plan": "scale", "seats": 3 })).await;
    assert_eq!(migrated(), 1, "it is in that mode already");
}

#[tokio::test]
async fn usage_that_is_slow_to_arrive_is_waited_for_and_nothing_is_changed_beside_what_stays_away() {
    let payments = Payments::start(1, 23, Mail::default()).await;
    let app = &payments.app;
    let (shop, customer) = payments.customer("Tea", "pro", 2).await;
    comes_mid_hour(&payments, 48);
    payments.stripe.set_faults(Faults { slow_ms: 3_000, only: EVENTS.into(), ..Faults::default() });
    uses(&shop, "messages", 700_000, payments.hour(4)).await;
    sign_in(&shop).await;
    app.sql("update shared.subscription set rolled_to = null, roll_until = null").await;
    eventually("it has set out", async || {
        app.node(0).billing.roll_up().await.ok()?;
        let out = "select count(*) from shared.meter_batch where state = 'sent' and last_try_at is not null";
        (app.count(out).await == 1).then_some(())
    })
    .await;
    assert_eq!(payments.counted(&customer, "messages"), 0, "it is on its way");
    shop.owner.http.put("/v1/billing/plan", json!({ "plan": "scale" })).await.ok();
    assert_eq!(payments.invoiced(&customer, "messages"), 700_000, "it was there before the prices changed");

    // Sent by a server whose clock is ahead, for all that can be told.
    payments.stripe.set_faults(Faults::default());
    eventually("nothing is sent", async || {
        (app.count("select count(*) from shared.meter_batch where state <> 'accepted'").await == 0).then_some(())
    })
    .await;
    let (tried, again) = (app.clock().now() + TimeDelta::seconds(7), app.clock().now() + TimeDelta::minutes(5));
    let out = format!("state = 'sent', last_try_at = '{}', try_at = '{}'", tried.to_rfc3339(), again.to_rfc3339());
    app.sql(&format!("update shared.meter_batch set {out}")).await;
    let more = json!({ "plan": "scale", "seats": 3 });
    shop.owner.http.put("/v1/billing/plan", more).await.refused(503, "payment_provider_away");
    assert_eq!(shop.owner.http.get("/v1/billing").await.ok()["seats"]["total"], 2);
    let held = "select count(*) from shared.subscription where usage_held_at is not null";
    assert_eq!(app.count(held).await, 0, "and nothing waits for it");
}

#[tokio::test]
async fn a_budget_is_of_the_whole_period_however_often_its_prices_change() {
    let payments = Payments::start(1, 24, Mail::default()).await;
    let app = &payments.app;
    let (shop, customer) = payments.customer("Tea", "pro", 2).await;
    comes_mid_hour(&payments, 48);
    sign_in(&shop).await;
    let budget = json!({ "included": false, "budget_minor": 10_000 });
    shop.owner.http.put("/v1/billing/alerts", budget).await.ok();
    let told = async |owed: &str| {
        eventually(&format!("a letter tells of {owed}"), async || {
            app.node(0).billing.write_alerts().await.ok()?;
            app.mail().all().iter().any(|mail| mail.text.contains(owed)).then_some(())
        })
        .await;
    };
    uses(&shop, "messages", 680_000, payments.hour(4)).await;
    counts(&payments, &customer, 680_000).await;
    told("90.00 USD").await;
    changes(&shop, json!({ "plan": "scale" })).await;
    uses(&shop, "messages", 20_475_000, app.clock().now()).await;
    told("185.00 USD").await;
}
