//! What the provider tells us: in any order, twice, forged. Where we stand follows from what the provider knows, and from nobody else.

use chrono::TimeDelta;
use serde_json::{Value, json};
use stripe_standin::{Mail, signature_header};
use tests::payments::{GOOD_CARD, Payments, WEBHOOK_SECRET, standing};
use tests::{Http, eventually, fresh};

const HELD: Mail = Mail { hold: true, twice: 0, shuffle: false };

/// Hands a webhook over; the status of the answer.
async fn tell(payments: &Payments, body: &str, signature: &str) -> u16 {
    let http = Http::new(&payments.app.base(0), payments.app.guard(None));
    http.raw("POST", "/hooks/stripe", body.as_bytes().to_vec(), &[("stripe-signature", signature)]).await.status
}

async fn tell_signed(payments: &Payments, body: &str) -> u16 {
    let now = payments.app.clock().now().timestamp();
    tell(payments, body, &signature_header(body, &[WEBHOOK_SECRET], now)).await
}

/// All orders of four things.
fn permutations() -> Vec<[usize; 4]> {
    let all = (0..256).map(|number| [number % 4, number / 4 % 4, number / 16 % 4, number / 64]);
    all.filter(|order| (0..4).all(|one| order.contains(&one))).collect()
}

/// What the provider tells of: each of them is reason enough to look.
const KINDS: [&str; 4] =
    ["checkout.session.completed", "invoice.paid", "customer.subscription.updated", "customer.subscription.deleted"];

/// A notice about a customer. What it says of them is nothing to go by.
fn notice(kind: &str, customer: &str) -> String {
    let object = kind.rsplit_once('.').map_or(kind, |(object, _)| object);
    json!({
        "id": format!("evt_{}", fresh().simple()), "object": "event", "type": kind, "livemode": false,
        "data": { "object": { "object": object, "customer": customer } },
    })
    .to_string()
}

/// A company buys a plan and pays, and nobody hears of it yet; the id it has as a customer.
async fn buys_in_silence(payments: &Payments, name: &str) -> String {
    let shop = payments.app.shop(name).await;
    let ask = json!({ "plan": "pro", "interval": "month", "currency": "usd", "seats": 3 });
    let page = shop.owner.http.post("/v1/billing/checkout", ask).await.ok();
    let session = page["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    payments.stripe.buy(&session, GOOD_CARD, "").unwrap();
    let session = payments.stripe.act("GET", &format!("/v1/checkout/sessions/{session}"), "").unwrap();
    session["customer"].as_str().unwrap().to_owned()
}

/// The next thing that happens to a customer at the provider.
fn happens(payments: &Payments, step: usize, customer: &str) {
    let list = payments.stripe.act("GET", "/v1/subscriptions", &format!("customer={customer}&status=all")).unwrap();
    let subscription = &list["data"][0];
    let path = format!("/v1/subscriptions/{}", subscription["id"].as_str().unwrap());
    match step {
        0 => {
            let mut items = subscription["items"]["data"].as_array().unwrap().iter();
            let seats = items.find(|item| item["quantity"].is_number()).unwrap()["id"].as_str().unwrap();
            let more = format!("items[0][id]={seats}&items[0][quantity]=5");
            payments.stripe.act("POST", &path, &more).unwrap();
        }
        1 => payments.stripe.give_card(customer, false).unwrap(),
        2 => payments.stripe.give_card(customer, true).unwrap(),
        _ => drop(payments.stripe.act("DELETE", &path, "").unwrap()),
    }
}

#[tokio::test]
async fn a_life_told_in_any_order_and_twice_is_followed_step_by_step() {
    let payments = Payments::start(1, 7, HELD).await;
    let app = &payments.app;
    let mut lives = Vec::new();
    for (number, order) in permutations().into_iter().enumerate() {
        lives.push((buys_in_silence(&payments, &format!("Life {number}")).await, order));
    }
    // All of them grow, fail to pay, pay again and leave. At each of these steps each of them hears of another kind of thing.
    let stands = [("active", "pro"), ("grace", "pro"), ("active", "pro"), ("ended", "free")];
    for (step, (state, plan)) in stands.into_iter().enumerate() {
        // Nobody is looked at unasked.
        app.sql("update shared.subscription set seen_at = '2999-01-01'").await;
        for (customer, _) in &lives {
            happens(&payments, step, customer);
        }
        if step == 1 {
            app.clock().advance(TimeDelta::days(32));
        }
        for (customer, order) in &lives {
            let body = notice(KINDS[order[step]], customer);
            for _ in 0..2 {
                assert_eq!(tell_signed(&payments, &body).await, 200);
            }
        }
        eventually("the events are done", async || {
            app.node(0).billing.work_events().await.unwrap();
            let waiting = "select count(*) from shared.stripe_event where state = 'pending'";
            (app.count(waiting).await == 0).then_some(())
        })
        .await;
        let standing = format!(
            "select count(*) from shared.subscription s join shared.account a on a.id = s.account_id \
             where s.state = '{state}' and a.plan = '{plan}' and s.seats = 5"
        );
        assert_eq!(app.count(&standing).await, 24, "step {step}: all of them are {state} on {plan}");
    }
    let kept = app.count("select count(*) from shared.stripe_event").await;
    assert_eq!(kept, 24 * 4, "each event is kept once");
    assert_eq!(app.count("select count(*) from shared.stripe_event where body <> ''").await, 0, "and not what it says");
    app.clock().advance(TimeDelta::days(36));
    assert_eq!(app.node(0).billing.forget_events().await.unwrap(), 24 * 4, "and for some weeks");
}

/// A way to spoil a header or a body.
fn spoil(number: usize, body: &str, now: i64) -> (String, String) {
    let good = signature_header(body, &[WEBHOOK_SECRET], now);
    let (time, signature) = good.split_once(",v1=").unwrap();
    let place = number / 16;
    let seconds = i64::try_from(place).unwrap();
    match number % 16 {
        0 => (body.to_owned(), String::new()),
        1 => (body.to_owned(), signature_header(body, &[""], now)),
        2 => (body.to_owned(), signature_header(body, &["whsec_of_another"], now)),
        3 => (body.to_owned(), signature_header(body, &[WEBHOOK_SECRET], now - 301 - seconds)),
        // Further ahead than the clock comes while all of them are tried.
        4 => (body.to_owned(), signature_header(body, &[WEBHOOK_SECRET], now + 600 + seconds)),
        5 => (serde_json::from_str::<Value>(body).unwrap().to_string(), good.clone()),
        6 => (format!("{body} "), good.clone()),
        7 => (body.to_owned(), format!("{time},v0={signature}")),
        8 => (body.to_owned(), format!("t={},v1={signature}", now - 1 - seconds % 299)),
        9 => (body.to_owned(), format!("{time},v1={}", &signature[..place % 64])),
        10 => (body.to_owned(), format!("{time},v1={}", flipped(signature, place))),
        11 => (flipped(body, place), good.clone()),
        12 => (body.to_owned(), format!("v1={signature}")),
        13 => (body.to_owned(), format!("t=,v1={signature}")),
        14 => (
            body.to_owned(),
            format!("{time},v1={}", signature_header(&format!("{place}{body}"), &[WEBHOOK_SECRET], now)),
        ),
        _ => (body.replacen("evt_", &format!("evt_{place}"), 1), good.clone()),
    }
}

/// Another character at one place.
fn flipped(text: &str, place: usize) -> String {
    let place = place * 7 % text.len();
    let letters = text.bytes().enumerate();
    let other = letters.map(|(at, byte)| if at == place { if byte == b'a' { b'b' } else { b'a' } } else { byte });
    String::from_utf8_lossy(&other.collect::<Vec<u8>>()).into_owned()
}

#[tokio::test]
async fn ten_thousand_forged_webhooks_change_nothing() {
    let payments = Payments::start(1, 8, HELD).await;
    let (shop, _) = payments.customer("Tea", "pro", 3).await;
    let kept = payments.app.count("select count(*) from shared.stripe_event").await;
    let before = standing(&shop.owner.http).await;
    let body = payments.stripe.events().pop().unwrap().body;
    let now = payments.app.clock().now().timestamp();
    let http = Http::new(&payments.app.base(0), payments.app.guard(None));
    let mut accepted = 0;
    for start in (0..10_000).step_by(50) {
        let tries = (start..start + 50).map(|number| {
            let (body, signature) = spoil(number, &body, now);
            let http = &http;
            async move {
                http.raw("POST", "/hooks/stripe", body.into_bytes(), &[("stripe-signature", &signature)]).await.status
            }
        });
        for status in futures::future::join_all(tries).await {
            accepted += usize::from(status != 401);
        }
    }
    assert_eq!(accepted, 0);
    assert_eq!(payments.app.count("select count(*) from shared.stripe_event").await, kept);
    assert_eq!(standing(&shop.owner.http).await, before);
    assert_eq!(tell_signed(&payments, &body).await, 200, "the same body with its signature");
}

#[tokio::test]
async fn what_is_told_in_the_words_of_a_version_to_come_is_a_reason_to_look_all_the_same() {
    let payments = Payments::start(1, 10, HELD).await;
    let (shop, customer) = payments.customer("Tea", "pro", 3).await;
    let billing = &payments.app.node(0).billing;
    let tells = async |object: Value| {
        let body = json!({
            "id": format!("evt_{}", fresh().simple()), "object": "event", "type": "customer.subscription.updated", "livemode": false,
            "api_version": "2031-01-01.unheard-of", "data": { "object": object },
        });
        assert_eq!(tell_signed(&payments, &body.to_string()).await, 200);
    };
    let until = async |what: &str, field: &str, value: Value| {
        eventually(what, async || {
            billing.work_events().await.unwrap();
            billing.look_afresh().await.unwrap();
            (shop.owner.http.get("/v1/billing").await.ok().pointer(field) == Some(&value)).then_some(())
        })
        .await;
    };
    happens(&payments, 0, &customer);
    tells(json!({ "object": "agreement", "parties": [{ "buyer": { "reference": customer } }] })).await;
    until("a customer in another place is found", "/seats/total", json!(5)).await;

    let list = payments.stripe.act("GET", "/v1/subscriptions", &format!("customer={customer}")).unwrap();
    let subscription = format!("/v1/subscriptions/{}", list["data"][0]["id"].as_str().unwrap());
    payments.stripe.act("POST", &subscription, "cancel_at_period_end=true").unwrap();
    tells(json!({ "object": "agreement", "number": 7 })).await;
    until("nobody is named, and everybody is looked at", "/cancels_at_end", json!(true)).await;
    let over =
        "select count(*) from shared.stripe_event where api_version = '2031-01-01.unheard-of' and state = 'done'";
    assert_eq!(payments.app.count(over).await, 2);
    assert_eq!(
        payments.app.count("select count(*) from shared.subscription where look_wanted_at is not null").await,
        0
    );
}

#[tokio::test]
async fn a_webhook_signed_with_the_old_secret_and_the_new_one_is_taken() {
    let payments = Payments::start(1, 9, HELD).await;
    payments.stripe.act("POST", "/v1/customers", "name=A").unwrap();
    let body = payments.stripe.events().pop().unwrap().body;
    let now = payments.app.clock().now().timestamp();
    let both = signature_header(&body, &["whsec_of_tomorrow", WEBHOOK_SECRET], now);
    assert_eq!(tell(&payments, &body, &both).await, 200);
    assert_eq!(tell(&payments, &body, &signature_header(&body, &["whsec_of_tomorrow"], now)).await, 401);
}
