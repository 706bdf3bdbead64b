//! Every unit is told once: through a provider that is away, that loses answers and that forgets; and what differs all the same is found
//! and mended.

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use serde_json::{Value, json};
use stripe_standin::{Down, Faults, Mail};
use tenant::closing;
use tests::payments::{Payments, Purchase, sign_in, uses, uses_many, write_usage};
use tests::payments_sim::{live, planted};
use tests::{Shop, eventually};

use crate::lifecycle::closes;

async fn used(shop: &Shop, meter: &str) -> i64 {
    let schema = shop.schema().await;
    shop.app
        .count(&format!("select coalesce(sum(quantity), 0)::bigint from {schema}.usage_event where meter = '{meter}'"))
        .await
}

#[tokio::test]
async fn random_lives_end_with_the_same_count_on_both_sides_and_on_invoices() {
    let lives = futures::future::join_all((0..3).map(|seed| live(100 + seed, 2_000))).await;
    let interruptions: u32 = lives.iter().map(|ended| ended.interruptions).sum();
    assert!(lives.iter().all(|ended| ended.wrong() == 0), "{lives:#?}");
    assert!(lives.iter().any(|ended| ended.charged > 0), "amounts that are all nothing prove nothing: {lives:#?}");
    assert!(interruptions > 6, "somebody must have been cut off: {interruptions}");
    assert!(lives.iter().any(|ended| ended.killed > 0), "and somebody killed: {lives:#?}");
}

#[tokio::test]
async fn a_hundred_hours_that_differ_are_found_and_mended_in_one_comparison() {
    let planted = planted(11).await;
    assert_eq!((planted.planted, planted.found, planted.units_diff), (100, 100, 0), "what is mended differs no more");
}

#[tokio::test]
async fn seventy_two_hours_without_the_provider_disturb_no_chat_and_lose_no_unit() {
    let payments = Payments::start(2, 13, Mail::default()).await;
    let (shop, customer) = payments.customer("Tea", "pro", 2).await;
    // The period ends in their middle, and its invoice becomes final without anything that was used in the hours before.
    let end = payments.period_end().await;
    payments.comes(end - TimeDelta::hours(36));
    payments.stripe.set_faults(Faults { down: Some(Down::Refuse), ..Faults::default() });
    let before = used(&shop, "messages").await;
    for day in 0..12 {
        payments.pass(TimeDelta::hours(6), &[&shop]).await;
        let rows: Vec<_> = (1..=6).map(|ago| (2 + ago, payments.hour(ago) + TimeDelta::minutes(7))).collect();
        for meter in ["conversations", "messages", "ai_resolutions"] {
            uses_many(&shop, meter, &rows).await;
        }
        let visitor = shop.visitor(&format!("Vi {day}")).await;
        visitor.writes(&shop.says("hello")).await;
        for node in 0..2 {
            payments.app.node(node).billing.roll_up().await.unwrap();
            payments.app.node(node).billing.send_due().await.unwrap();
        }
        let view = shop.owner.http.get("/v1/billing").await.ok();
        assert_eq!((&view["plan"], &view["state"]), (&"pro".into(), &"active".into()));
    }
    let messages = used(&shop, "messages").await;
    assert_eq!(messages, before + 12 * (1 + 3 + 4 + 5 + 6 + 7 + 8));
    assert_eq!(payments.counted(&customer, "messages"), 0);
    let since = payments.stripe.requests().len();
    payments.stripe.set_faults(Faults::default());
    // The hour of the last message ends.
    payments.app.clock().advance(TimeDelta::minutes(66));
    payments.drain().await;
    assert_eq!(payments.counted(&customer, "messages"), messages);
    let asked = asked(&payments, since);
    assert!(asked.len() > 200, "so few need no pace: {}", asked.len());
    assert!(busiest_second(&asked) <= 25, "{}", busiest_second(&asked));
    payments.comes(end + TimeDelta::days(31) + TimeDelta::hours(2));
    for meter in ["conversations", "messages", "ai_resolutions"] {
        assert_eq!(payments.invoiced(&customer, meter), used(&shop, meter).await, "{meter}");
    }
}

/// When the provider was asked for anything at all, in milliseconds of the machine's clock.
fn asked(payments: &Payments, since: usize) -> Vec<i64> {
    payments.stripe.requests().iter().skip(since).map(|noted| noted.real_ms).collect()
}

/// The most of them within one second.
fn busiest_second(times: &[i64]) -> usize {
    times.iter().map(|start| times.iter().filter(|at| (*start..start + 1_000).contains(*at)).count()).max().unwrap_or(0)
}

#[tokio::test]
async fn a_company_that_is_gone_or_out_of_reach_stops_nobody_elses_meter() {
    let payments = Payments::start(1, 16, Mail::default()).await;
    let (app, billing) = (&payments.app, &payments.app.node(0).billing);
    let (gone, its_customer) = payments.customer("Tea", "pro", 1).await;
    let (away, from_afar) = payments.customer("Milk", "pro", 1).await;
    let (shop, customer) = payments.customer("Coffee", "pro", 1).await;
    closes(&gone).await;
    app.mail().letter(&gone.owner.email, "closed").await;
    app.clock().advance(TimeDelta::days(31));
    eventually("Tea is gone", async || {
        billing.let_closed_go().await.unwrap();
        closing::sweep(&app.node(0).world).await.unwrap();
        (app.count("select count(*) from shared.account where status = 'deleted'").await == 1).then_some(())
    })
    .await;
    let schema = away.schema().await;
    app.sql(&format!("alter schema {schema} rename to {schema}_away")).await;
    write_usage(app, &format!("{schema}_away"), "messages", &[(40, payments.hour(2))]).await;
    uses(&shop, "messages", 40, payments.hour(2)).await;
    eventually("what Coffee has used is told", async || {
        billing.roll_up().await.unwrap();
        billing.send_due().await.unwrap();
        (payments.counted(&customer, "messages") == 40).then_some(())
    })
    .await;
    app.clock().advance(TimeDelta::minutes(31));
    eventually("and compared", async || {
        billing.compare_all_soon().await.unwrap();
        billing.compare_due().await.unwrap();
        let unconfirmed = "select count(*) from shared.meter_batch where state <> 'confirmed'";
        (app.count(unconfirmed).await == 0).then_some(())
    })
    .await;
    assert_eq!(payments.counted(&from_afar, "messages"), 0);
    app.sql(&format!("alter schema {schema}_away rename to {schema}")).await;
    app.clock().advance(TimeDelta::minutes(2));
    eventually("who can be reached again is told of as well", async || {
        billing.roll_up().await.unwrap();
        billing.send_due().await.unwrap();
        (payments.counted(&from_afar, "messages") == 40).then_some(())
    })
    .await;

    // Stripe's last words of Tea come when it is forgotten.
    payments.stripe.act("POST", &format!("/v1/customers/{its_customer}"), "phone=1").unwrap();
    payments.stripe.deliver().await;
    eventually("they have come", async || {
        let told = "select count(*) from shared.stripe_event where kind = 'customer.updated' and customer";
        (app.count(&format!("{told} = '{its_customer}'")).await > 0).then_some(())
    })
    .await;
    assert_eq!(app.knows(&gone.owner.email).await, 0);
}

#[tokio::test]
async fn an_event_that_the_provider_forgets_after_a_day_is_not_told_twice() {
    let payments = Payments::start(1, 14, Mail::default()).await;
    let (shop, customer) = payments.customer("Tea", "pro", 2).await;
    payments.paid_since(2).await;
    uses(&shop, "messages", 40, payments.hour(2)).await;
    // It is done, and nobody hears of it; for two days nobody gets through.
    payments.stripe.set_faults(Faults { lost: 1_000, ..Faults::default() });
    payments.app.node(0).billing.roll_up().await.unwrap();
    payments.app.node(0).billing.send_due().await.unwrap();
    assert_eq!(payments.counted(&customer, "messages"), 40);
    payments.stripe.set_faults(Faults { down: Some(Down::Unavailable), ..Faults::default() });
    for _ in 0..8 {
        payments.app.clock().advance(TimeDelta::hours(6));
        payments.app.node(0).billing.send_due().await.unwrap();
    }
    payments.stripe.set_faults(Faults::default());
    payments.drain().await;
    assert_eq!(payments.counted(&customer, "messages"), 40);
}

#[tokio::test]
async fn an_invoice_is_the_sum_of_what_was_used_in_its_period() {
    let payments = Payments::start(1, 15, Mail::default()).await;
    let (shop, customer) = payments.customer("Tea", "pro", 2).await;
    let begun = payments.app.clock().now();
    // More than is included, every third day, up to the last hours of the period.
    let period = i64::from(days_in_month(begun));
    for step in 0..period / 3 {
        payments.app.clock().advance(TimeDelta::days(if step == 0 { 3 + period % 3 } else { 3 }));
        uses(&shop, "messages", 60_000 + step, payments.app.clock().now() - TimeDelta::hours(2)).await;
        payments.tell_usage().await;
    }
    payments.app.clock().advance(TimeDelta::hours(1));
    payments.drain().await;
    payments.app.clock().advance(TimeDelta::hours(2));
    let list = payments.stripe.act("GET", "/v1/invoices", &format!("customer={customer}")).unwrap();
    let renewal = &list["data"][0];
    assert_eq!(renewal["billing_reason"], "subscription_cycle");
    let (from, to) = (renewal["period_start"].as_i64().unwrap(), renewal["period_end"].as_i64().unwrap());
    let schema = shop.schema().await;
    let ours = payments
        .app
        .count(&format!(
            "select coalesce(sum(quantity), 0)::bigint from {schema}.usage_event where meter = 'messages' \
             and date_trunc('hour', occurred_at) + interval '59 minutes 59 seconds' >= to_timestamp({from}) \
             and date_trunc('hour', occurred_at) + interval '59 minutes 59 seconds' < to_timestamp({to})"
        ))
        .await;
    let lines = metered_lines(renewal, "messages");
    assert!(ours > 600_000, "{ours}");
    assert_eq!(lines.iter().map(|(quantity, _, _)| quantity).sum::<i64>(), ours);
    for (quantity, unit, amount) in lines {
        let exact = unit * f64::from(i32::try_from(quantity).unwrap());
        assert!((exact - f64::from(i32::try_from(amount).unwrap())).abs() <= 0.5, "{quantity} × {unit} is {amount}");
    }
}

#[tokio::test]
async fn the_next_invoice_is_shown_with_coupon_credit_and_what_came_too_late_for_the_last_one() {
    let payments = Payments::start(1, 18, Mail::default()).await;
    let (app, billing) = (&payments.app, &payments.app.node(0).billing);
    let shop = app.shop("Tea").await;
    let purchase = Purchase { plan: "pro", interval: "month", currency: "eur", seats: 3, code: "WELCOME20" };
    let customer = payments.buys_so(&shop, purchase).await;
    let end = payments.period_end().await;
    payments.comes(end - TimeDelta::hours(3));
    payments.stripe.set_faults(Faults { down: Some(Down::Refuse), ..Faults::default() });
    uses(&shop, "messages", 600_000, end - TimeDelta::hours(4)).await;
    payments.comes(end + TimeDelta::hours(3));
    payments.stripe.set_faults(Faults::default());
    eventually("the next period is known", async || {
        payments.stripe.deliver().await;
        billing.work_events().await.unwrap();
        (payments.period_end().await > end).then_some(())
    })
    .await;
    payments.drain().await;
    sign_in(&shop).await;
    let owner = &shop.owner.http;
    owner.put("/v1/billing/seats", json!({ "seats": 1 })).await.ok();

    let shown = owner.get("/v1/billing/invoice-preview").await.ok()["preview"].clone();
    let amounts: Vec<(&str, i64)> = shown["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["kind"].as_str().unwrap(), line["amount_minor"].as_i64().unwrap()))
        .filter(|(_, amount)| *amount != 0)
        .collect();
    // A hundred thousand beyond what is included, though none of them was used in this period; a fifth less of everything.
    assert_eq!(amounts, [("seats", 1_800), ("usage", 4_700), ("discount", -1_300)]);
    assert!(shown["credit_minor"].as_i64().unwrap() > 2_000, "two seats for nearly a month: {shown}");
    assert_eq!(payments.invoiced(&customer, "messages"), 0);

    payments.comes(payments.period_end().await + TimeDelta::hours(2));
    let made = payments.invoices(&customer).remove(0);
    assert_eq!(made["billing_reason"], "subscription_cycle");
    assert_eq!(made["amount_due"], shown["total_minor"], "{made}");
}

fn days_in_month(at: DateTime<Utc>) -> u32 {
    let next = at.date_naive().checked_add_months(chrono::Months::new(1)).unwrap();
    u32::try_from((next - at.date_naive()).num_days()).unwrap().max(at.day().min(28))
}

/// Quantity, price of one and amount of the lines of one meter.
fn metered_lines(invoice: &Value, part: &str) -> Vec<(i64, f64, i64)> {
    let lines = invoice["lines"]["data"].as_array().unwrap().iter();
    let product =
        |line: &Value| line["pricing"]["price_details"]["product"].as_str().unwrap_or_default().ends_with(part);
    let number = |line: &Value| {
        let unit: f64 = line["pricing"]["unit_amount_decimal"].as_str().unwrap().parse().unwrap();
        (line["quantity"].as_i64().unwrap(), unit, line["amount"].as_i64().unwrap())
    };
    lines.filter(|line| product(line)).map(number).collect()
}
