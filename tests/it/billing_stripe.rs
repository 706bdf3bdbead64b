//! Plans and money with Stripe, as far as a stand-in that speaks its wire format can tell: buying, using, being charged, failing to
//! pay and recovering.

use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;
use infra::Clock;
use serde_json::{Value, json};
use stripe_standin::{Options, Standin};
use tests::{Http, PASSWORD, Shop, TestApp, eventually, fresh};

const SECRET: &str = "whsec_of_the_story";

/// Servers whose money goes to a stand-in that shares their clock.
pub(crate) async fn start(nodes: usize) -> (TestApp, Standin) {
    let clock: Arc<OnceLock<Clock>> = Arc::default();
    let shared = Arc::clone(&clock);
    let now = move || shared.get().unwrap_or(&Clock::system()).now().timestamp();
    let options = Options { now: Some(Arc::new(now)), ..Options::default() };
    let stripe = Standin::start(options).await.unwrap();
    let (url, key) = (stripe.url(), stripe.key().to_owned());
    let app = TestApp::start_with(nodes, |settings| {
        settings.stripe_key = Some(key);
        settings.stripe_url = Some(url);
        settings.stripe_webhook_secrets = vec!["whsec_of_yesterday".into(), SECRET.into()];
    })
    .await;
    clock.set(app.clock().clone()).unwrap();
    stripe.set_endpoints(vec![(format!("{}/hooks/stripe", app.base(0)), vec![SECRET.into()])]);
    app.node(0).billing.sync().await.unwrap();
    (app, stripe)
}

/// Signs the owner in again: their token was for a quarter of an hour.
pub(crate) async fn again(shop: &Shop) {
    let ask = json!({ "email": shop.owner.email, "password": PASSWORD });
    let session = shop.owner.http.nobody().post("/v1/auth/login", ask).await.ok();
    shop.owner.http.take(session["access_token"].as_str().unwrap());
}

async fn billing(http: &Http) -> Value {
    http.get("/v1/billing").await.ok()
}

async fn until(shop: &Shop, state: &str) -> Value {
    eventually(&format!("the company is {state}"), async || {
        let now = billing(&shop.owner.http).await;
        (now["state"] == state).then_some(now)
    })
    .await
}

/// The owner answers, from the portal's tab.
async fn answers(shop: &Shop, chat: &str, text: &str) {
    let message = json!({ "client_message_id": fresh(), "text": shop.says(text) });
    shop.owner.http.post(&format!("/v1/conversations/{chat}/messages"), message).await.ok();
}

/// Usage of the past, as the message path would have written it.
pub(crate) async fn uses(shop: &Shop, meter: &str, quantity: i64, ago: &str) {
    let (schema, at) = (shop.schema().await, shop.app.clock().now().to_rfc3339());
    let row = format!("('{meter}', '{}', {quantity}, timestamptz '{at}' - interval '{ago}')", fresh());
    shop.app.sql(&format!("insert into {schema}.usage_event values {row}")).await;
}

/// Buys a plan with a card, as far as the hosted page's own answer.
pub(crate) async fn buys(shop: &Shop, stripe: &Standin, plan: &str, seats: u32, card: &str) -> String {
    let order = json!({ "plan": plan, "interval": "month", "currency": "usd", "seats": seats });
    let url = shop.owner.http.post("/v1/billing/checkout", order).await.ok()["url"].as_str().unwrap().to_owned();
    let session = url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    stripe.buy(&session, card, "").unwrap()
}

#[tokio::test]
async fn a_company_buys_uses_is_charged_cannot_pay_recovers_and_leaves() {
    let (app, stripe) = start(1).await;
    let shop = app.shop("Tea").await;
    let owner = &shop.owner.http;
    let again_nothing = app.node(0).billing.sync().await.unwrap();
    assert_eq!(again_nothing.made, 0, "a second synchronisation changes nothing: {again_nothing:?}");

    owner.post("/v1/billing/trial", json!({ "plan": "pro" })).await.ok();
    let back = buys(&shop, &stripe, "pro", 3, "4242424242424242").await;
    assert!(back.ends_with("/portal/billing?checkout=done"), "{back}");
    let trying = eventually("the checkout is known", async || {
        let now = billing(owner).await;
        (now["seats"]["total"] == 3).then_some(now)
    })
    .await;
    assert_eq!((&trying["state"], &trying["provider"]), (&json!("trialing"), &json!("stripe")));
    app.clock().advance(TimeDelta::days(15));
    again(&shop).await;
    let active = until(&shop, "active").await;
    assert_eq!((&active["plan"], &active["seats"]["total"]), (&json!("pro"), &json!(3)));

    uses(&shop, "conversations", 20_100, "1 hour").await;
    app.clock().advance(TimeDelta::hours(2));
    again(&shop).await;
    let billing_of = &app.node(0).billing;
    billing_of.roll_up().await.unwrap();
    eventually("the usage has arrived", async || {
        billing_of.send_due().await.unwrap();
        let counted: i64 = stripe.counted().iter().map(|counted| counted.value).sum();
        (counted == 20_100).then_some(())
    })
    .await;
    let ask = json!({ "plan": "pro", "seats": 5 });
    let preview = owner.post("/v1/billing/plan/preview", ask.clone()).await.ok();
    assert!(preview["due_now_minor"].as_i64().unwrap() > 0, "{preview}");
    let grown = owner.put("/v1/billing/plan", ask).await.ok();
    assert_eq!(grown["seats"]["total"], 5);
    let portal = owner.post("/v1/billing/portal", json!({})).await.ok();
    assert!(portal["url"].as_str().unwrap().starts_with(&stripe.url()), "{portal}");

    let customer = stripe.counted()[0].customer.clone();
    stripe.give_card(&customer, false).unwrap();
    app.clock().advance(TimeDelta::days(31));
    again(&shop).await;
    let failed = until(&shop, "grace").await;
    assert!(failed["payment_url"].as_str().unwrap().starts_with(&stripe.url()), "{failed}");
    app.mail().letter(&shop.owner.email, "has failed").await;
    let invoices = owner.get("/v1/billing/invoices").await.ok();
    let usage = invoices["data"].as_array().unwrap().iter().flat_map(|invoice| invoice["lines"].as_array().unwrap());
    let charged: i64 =
        usage.filter(|line| line["meter"] == "conversations").map(|line| line["amount_minor"].as_i64().unwrap()).sum();
    assert_eq!(charged, 200, "a hundred beyond what is included: {invoices}");

    stripe.give_card(&customer, true).unwrap();
    until(&shop, "active").await;
    app.mail().letter(&shop.owner.email, "is paid").await;
    owner.put("/v1/billing/cancellation", json!({ "at_period_end": true })).await.ok();
    app.clock().advance(TimeDelta::days(32));
    again(&shop).await;
    let ended = until(&shop, "ended").await;
    assert_eq!(ended["plan"], "free");
    let report = billing_of.report().await.unwrap();
    assert_eq!((report.accounts.get("ended"), report.differences.len()), (Some(&1), 0));
}

#[tokio::test]
async fn without_stripe_trials_begin_chats_go_on_and_buying_says_so() {
    let (app, stripe) = start(1).await;
    let shop = app.shop("Tea").await;
    drop(stripe);
    let owner = &shop.owner.http;
    owner.post("/v1/billing/trial", json!({ "plan": "pro" })).await.ok();
    let order = json!({ "plan": "pro", "interval": "month", "currency": "usd", "seats": 2 });
    owner.post("/v1/billing/checkout", order).await.refused(503, "payment_provider_away");
    let visitor = shop.visitor("Ana").await;
    visitor.writes("Is anybody there?").await;
    answers(&shop, &visitor.chat(), "Always").await;
    assert_eq!(billing(owner).await["state"], "trialing");
}
