//! What looks like a way around what a plan includes and what a meter counts, and is none: to take away what was said, to open again what
//! was counted, to set the clock, to change the currency, to come with many at many servers, and to write numbers that are none.

use chrono::{DateTime, Datelike as _, Months, TimeDelta, Utc};
use infra::Fault as _;
use routing::rights;
use serde_json::{Value, json};
use tenant::AccountId;
use tenant::usage::{UsedUp, room_for_a_conversation};
use tests::payments::{sign_in, uses};
use tests::price_list::cost;
use tests::{Http, Shop, TestApp, eventually, insistently};

/// So many conversations a month, known to every server.
async fn stops_at(shop: &Shop, nodes: usize, conversations: u32) {
    let (schema, limits) = (shop.schema().await, json!({ "conversations_per_month": conversations }));
    shop.app.sql(&format!("update shared.account set limits = '{limits}' where schema_name = '{schema}'")).await;
    for node in 0..nodes {
        shop.app.node(node).world.directory.forget(shop.id.parse().unwrap());
    }
}

/// The first instant of the month after the present one.
fn next_month(app: &TestApp) -> DateTime<Utc> {
    let first = app.clock().now().date_naive().with_day(1).unwrap() + Months::new(1);
    first.and_time(chrono::NaiveTime::MIN).and_utc()
}

/// The clock goes to an instant, whichever way that is.
fn comes(app: &TestApp, at: DateTime<Utc>) {
    app.clock().advance(at - app.clock().now());
}

/// Whether somebody new would be taken now.
async fn has_room(shop: &Shop) -> bool {
    let tenant = shop.tenant().await;
    let tx = tenant.begin().await.unwrap();
    match room_for_a_conversation(&tx).await {
        Ok(()) => true,
        Err(UsedUp::Limit(_)) => false,
        Err(UsedUp::Store(error)) => panic!("{error}"),
    }
}

/// What has been counted: conversations and messages, as it is shown, as the rows say, and as there are conversations and messages.
async fn agrees(shop: &Shop) -> (i64, i64) {
    let counted = async |meter: &str| {
        let sum = "select coalesce(sum(quantity), 0)::bigint from {}.usage_event where meter =";
        shop.count(&format!("{sum} '{meter}'")).await
    };
    let rows = (counted("conversations").await, counted("messages").await);
    let begun = shop.count("select coalesce(sum(episode), 0)::bigint from {}.conversation").await;
    let said = shop.count("select count(*) from {}.message where message_type in ('incoming', 'outgoing')").await;
    assert_eq!(rows, (begun, said), "each is counted once, and nothing else is");
    let shown = shop.owner.http.get("/v1/usage").await.ok();
    let used = |meter: &str| {
        let meters = shown["meters"].as_array().unwrap();
        meters.iter().find(|one| one["meter"] == meter).unwrap()["used"].as_i64().unwrap()
    };
    assert_eq!((used("conversations"), used("messages")), rows, "as it is shown");
    rows
}

#[tokio::test]
async fn what_was_counted_stays_counted_whoever_opens_or_erases_it() {
    let app = TestApp::start().await;
    // Early in a month, so that the days of this story are all in it.
    comes(&app, next_month(&app) + TimeDelta::hours(1));
    let shop = app.shop("Tea").await;
    stops_at(&shop, 1, 2).await;
    let owner = &shop.owner.http;
    let (ana, bea, cem) = (shop.visitor("Ana").await, shop.visitor("Bea").await, shop.visitor("Cem").await);
    ana.writes("Hello").await;
    bea.writes("Hello").await;
    bea.writes("And once more").await;
    cem.posts("One too many").await.refused(403, "limit_reached");

    // One that is over is begun anew by nobody, and takes no other one's place.
    let chat = format!("/v1/conversations/{}", ana.chat());
    shop.owner.resolves(&ana.chat()).await;
    ana.posts("Again").await.refused(403, "limit_reached");
    let open = json!({ "status": "open" });
    owner.put(&format!("{chat}/status"), open).await.refused(403, "limit_reached");
    assert_eq!(shop.owner.reads(&ana.chat()).await["status"], "resolved");
    cem.posts("Is there room now?").await.refused(403, "limit_reached");
    assert_eq!(agrees(&shop).await, (2, 3));

    // There is no way to take a message back or to write it anew.
    let message = format!("{chat}/messages/{}", ana.thread().await[0]["id"].as_str().unwrap());
    for (method, path) in [("DELETE", &message), ("PATCH", &message), ("PUT", &message), ("DELETE", &chat)] {
        let reply = owner.send(method, path, Some(json!({ "text": "" })), &[]).await;
        assert!([404, 405].contains(&reply.status), "{method} {path}: {}", reply.status);
    }

    // A person is erased, and what is over goes in its time. What they used was used.
    owner.post(&format!("/v1/contacts/{}/erase", bea.id), json!({ "confirm": bea.name })).await.ok();
    owner.put("/v1/retention", json!({ "conversation_days": 1, "contact_days": 1, "audit_days": 30 })).await.ok();
    app.clock().advance(TimeDelta::days(3));
    let swept = rights::sweep(&app.node(0).routing, &shop.tenant().await).await.unwrap();
    assert!(swept.conversations > 0, "{swept:?}");
    sign_in(&shop).await;
    shop.visitor("Dee").await.posts("And now?").await.refused(403, "limit_reached");
    assert_eq!(agrees(&shop).await, (2, 3));
}

#[tokio::test]
async fn a_clock_that_is_set_makes_no_second_month_and_no_second_trial() {
    let app = TestApp::start().await;
    let first = next_month(&app);
    comes(&app, first + TimeDelta::days(12));
    let shop = app.shop("Tea").await;
    stops_at(&shop, 1, 2).await;
    let one_more = async || uses(&shop, "conversations", 1, app.clock().now()).await;
    one_more().await;
    assert!(has_room(&shop).await);
    one_more().await;
    let noon = app.clock().now();
    for at in [noon, noon - TimeDelta::hours(1), noon - TimeDelta::days(1), noon + TimeDelta::days(1)] {
        comes(&app, at);
        assert!(!has_room(&shop).await, "two were used, and it is {at}");
    }
    let next = next_month(&app);
    comes(&app, next - TimeDelta::minutes(1));
    assert!(!has_room(&shop).await, "the month is not over");
    comes(&app, next + TimeDelta::minutes(1));
    assert!(has_room(&shop).await);
    one_more().await;
    comes(&app, next - TimeDelta::days(1));
    assert!(!has_room(&shop).await, "what was used before the clock was set back is no less");
    comes(&app, next + TimeDelta::minutes(2));
    assert!(has_room(&shop).await);
    one_more().await;
    assert!(!has_room(&shop).await, "and what was used ahead of it was used");

    let (billing, account) = (&app.node(0).billing, shop.id.parse::<AccountId>().unwrap());
    let ends = billing.start_trial(account, "pro").await.unwrap().trial_ends_at.unwrap();
    for days in [-1, 8, 8] {
        app.clock().advance(TimeDelta::days(days));
        billing.settle_due().await.unwrap();
        let again = billing.start_trial(account, "pro").await.unwrap_err();
        assert!(["trial_not_possible", "trial_used"].contains(&again.code()), "{again}");
    }
    let stands = billing.subscription(&shop.tenant().await).await.unwrap();
    assert_eq!(stands.trial_ends_at, Some(ends), "it ends when it was to end");
    assert!(app.clock().now() > ends);
}

#[tokio::test]
async fn a_subscription_keeps_its_currency_and_each_is_invoiced_in_its_own() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let owner = &shop.owner.http;
    let order = |currency: &str| json!({ "plan": "pro", "interval": "month", "currency": currency, "seats": 2 });
    for none in ["CNY", "jpy", "usd,cny", ""] {
        owner.post("/v1/billing/checkout", order(none)).await.refused(422, "body_fields_invalid");
    }
    owner.post("/v1/billing/checkout", order("cny")).await.ok();
    // Where a dollar is worth seven, another currency would be a seventh of the price, or seven times as much of it included.
    for cheaper in ["usd", "eur"] {
        owner.post("/v1/billing/checkout", order(cheaper)).await.refused(409, "already_subscribed");
        let change = json!({ "plan": "pro", "seats": 2, "currency": cheaper });
        owner.put("/v1/billing/plan", change).await.refused(422, "body_fields_invalid");
    }
    app.clock().advance(TimeDelta::days(2));
    sign_in(&shop).await;
    uses(&shop, "conversations", 20_100, app.clock().now() - TimeDelta::hours(3)).await;
    let shown = owner.get("/v1/billing/invoice-preview").await.ok()["preview"].clone();
    let charged = cost("pro", "conversations", "cny", 1, 20_100);
    assert_eq!((&shown["currency"], &shown["total_minor"]), (&json!("cny"), &json!(2 * 12_900 + charged)));

    // Whoever leaves owes what was used in the currency of then; whoever comes back begins with nothing used.
    owner.put("/v1/billing/cancellation", json!({ "at_period_end": true })).await.ok();
    owner.post("/v1/billing/checkout", order("usd")).await.refused(409, "already_subscribed");
    app.clock().advance(TimeDelta::days(32));
    sign_in(&shop).await;
    eventually("it has ended", async || (owner.get("/v1/billing").await.ok()["state"] == "ended").then_some(())).await;
    owner.post("/v1/billing/checkout", order("eur")).await.ok();
    let invoices = owner.get("/v1/billing/invoices").await.ok();
    let owed: Vec<(&str, i64)> = invoices["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|invoice| (invoice["currency"].as_str().unwrap(), invoice["total_minor"].as_i64().unwrap()))
        .collect();
    assert_eq!(owed, [("eur", 2 * 1_800), ("cny", charged), ("cny", 2 * 12_900)]);
    let next = owner.get("/v1/billing/invoice-preview").await.ok()["preview"].clone();
    assert_eq!((&next["currency"], &next["total_minor"]), (&json!("eur"), &json!(2 * 1_800)));
}

#[tokio::test]
async fn crowds_of_two_companies_at_two_servers_get_what_each_of_them_has_left_and_no_more() {
    let app = TestApp::start_nodes(2).await;
    let shops = [app.shop("Tea").await, app.shop("Milk").await];
    for (shop, most) in shops.iter().zip([1, 3]) {
        stops_at(shop, 2, most).await;
    }
    let mut crowd = Vec::new();
    for number in 0..6 {
        for (which, shop) in shops.iter().enumerate() {
            crowd.push((which, shop.visitor_on(number % 2, &format!("Visitor {number}")).await));
        }
    }
    // Who is put off comes again, as the chat does by itself.
    let posts = crowd.iter().map(|(_, visitor)| insistently("a message", async || visitor.posts("Hello").await));
    let replies = futures::future::join_all(posts).await;
    let mut taken = [0, 0];
    for ((which, _), reply) in crowd.iter().zip(&replies) {
        if reply.status < 300 {
            taken[*which] += 1;
        } else {
            reply.refused(403, "limit_reached");
        }
    }
    assert_eq!(taken, [1, 3], "nobody's room is another's");
    for (shop, most) in shops.iter().zip([1, 3]) {
        assert_eq!(agrees(shop).await, (most, most));
    }

    // A company more is one by itself: it has its own meters, and takes nothing off another's.
    let owner = &shops[0].owner.http;
    let group = owner.post("/v1/organisations", json!({ "name": shops[0].says("House") })).await.ok();
    let accounts = format!("/v1/organisations/{}/accounts", group["id"].as_str().unwrap());
    owner.post(&accounts, json!({ "company": shops[0].says("Cups"), "locale": "en" })).await.ok();
    let late = shops[0].visitor_on(1, "Too late").await;
    late.posts("Is there room now?").await.refused(403, "limit_reached");
}

/// No number of seats that Pro is sold with.
const SEATS: [&str; 10] =
    ["0", "-1", "-0.5", "1.5", "\"3\"", "51", "100001", "4294967295", "4294967297", "9223372036854775808"];
/// No amount that anybody could want to be told of.
const BUDGETS: [&str; 6] = ["0", "-1", "0.5", "100000000001", "9223372036854775807", "1e30"];

/// Refuses each of these where `#` stands in the body.
async fn takes_none(http: &Http, method: &str, path: &str, body: &str, numbers: &[&str]) {
    for number in numbers {
        let sent = body.replace('#', number).into_bytes();
        let reply = http.raw(method, path, sent, &[("content-type", "application/json")]).await;
        assert_eq!(reply.status, 422, "{method} {path} with {number}: {}", reply.text);
        reply.is_a_problem();
    }
}

#[tokio::test]
async fn numbers_that_are_none_buy_nothing_and_much_is_charged_to_the_last() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let owner = &shop.owner.http;
    let order = "{\"plan\":\"pro\",\"interval\":\"month\",\"currency\":\"usd\",\"seats\":#}";
    takes_none(owner, "POST", "/v1/billing/checkout", order, &SEATS).await;
    let nothing = owner.get("/v1/billing").await.ok();
    assert_eq!((&nothing["plan"], &nothing["seats"]["total"]), (&json!("free"), &json!(5)));

    let bought = json!({ "plan": "pro", "interval": "month", "currency": "usd", "seats": 2 });
    owner.post("/v1/billing/checkout", bought).await.ok();
    let before = owner.get("/v1/billing").await.ok();
    let of_pro = "{\"plan\":\"pro\",\"seats\":#}";
    takes_none(owner, "PUT", "/v1/billing/seats", "{\"seats\":#}", &SEATS).await;
    takes_none(owner, "PUT", "/v1/billing/plan", of_pro, &SEATS).await;
    takes_none(owner, "POST", "/v1/billing/plan/preview", of_pro, &SEATS).await;
    let alerts = "{\"included\":true,\"budget_minor\":#}";
    takes_none(owner, "PUT", "/v1/billing/alerts", alerts, &BUDGETS).await;
    takes_none(owner, "PUT", "/v1/billing/hard-limit", "{\"enabled\":#}", &["0", "1", "\"true\"", "null"]).await;
    assert_eq!(owner.get("/v1/billing").await.ok(), before, "nothing has become of it");
    let invoices = owner.get("/v1/billing/invoices").await.ok();
    assert_eq!(invoices["data"].as_array().unwrap().len(), 1, "{invoices}");

    app.clock().advance(TimeDelta::hours(5));
    sign_in(&shop).await;
    let much = 100_000_000_000_000;
    uses(&shop, "messages", much, app.clock().now() - TimeDelta::hours(1)).await;
    let shown = owner.get("/v1/billing/invoice-preview").await.ok()["preview"].clone();
    let line = |meter: &str| -> Value {
        let lines = shown["lines"].as_array().unwrap();
        lines.iter().find(|line| line["meter"] == meter).unwrap().clone()
    };
    assert_eq!(
        (&line("messages")["quantity"], &line("messages")["amount_minor"]),
        (&json!(much), &json!(cost("pro", "messages", "usd", 1, much)))
    );
    assert_eq!(line("conversations")["amount_minor"], 0);
}
