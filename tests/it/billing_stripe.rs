//! Plans and money with Stripe, as far as a stand-in that speaks its wire format can tell: buying, using, being charged, failing to
//! pay and recovering.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use ::billing::Billing;
use ::billing::catalogue::{Currency, Interval};
use ::billing::service::Order;
use ::billing::subscription::Terms;
use chrono::TimeDelta;
use infra::Clock;
use serde_json::{Value, json};
use stripe_standin::{Habits, Mail, Options, Standin};
use tenant::Role;
pub(crate) use tests::payments::sign_in as again;
use tests::{Http, Shop, TestApp, eventually, fresh};

const SECRET: &str = "whsec_of_the_story";
const CARD: &str = "4242424242424242";

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

/// Opens the page where a plan is bought; its name at Stripe.
async fn opens(http: &Http, plan: &str, seats: u32) -> String {
    let order = json!({ "plan": plan, "interval": "month", "currency": "usd", "seats": seats });
    let url = http.post("/v1/billing/checkout", order).await.ok()["url"].as_str().unwrap().to_owned();
    url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned()
}

/// Buys a plan with a card, as far as the hosted page's own answer.
pub(crate) async fn buys(shop: &Shop, stripe: &Standin, plan: &str, seats: u32, card: &str) -> String {
    stripe.buy(&opens(&shop.owner.http, plan, seats).await, card, "").unwrap()
}

/// Buys a year of Pro as it was bought before Stripe was set up: nobody is charged.
pub(crate) async fn bought_for_nothing(shop: &Shop, seats: u32) {
    let before = Billing::new(Arc::clone(&shop.app.node(0).world), None).unwrap();
    let terms = Terms { currency: Currency::Usd, interval: Interval::Year, seats };
    let order = Order { plan: "pro".into(), terms, taken: 1 };
    before.check_out(&shop.tenant().await, &order, &shop.owner.email, "http://shop.test").await.unwrap();
}

/// All that Stripe lists.
fn listed(stripe: &Standin, path: &str, form: &str) -> Vec<Value> {
    stripe.act("GET", path, form).unwrap()["data"].as_array().unwrap().clone()
}

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
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

#[tokio::test]
async fn two_open_pages_make_one_subscription_and_leaving_ends_every_one_there_is() {
    let (app, stripe) = start(1).await;
    stripe.set_mail(Mail { hold: true, ..Mail::default() });
    let shop = app.shop("Tea").await;
    let owner = &shop.owner.http;
    let bo = shop.colleague("Bo", Role::Admin).await;
    let (one, other) = tokio::join!(opens(owner, "pro", 2), opens(&bo.http, "pro", 3));
    assert_eq!(listed(&stripe, "/v1/checkout/sessions", "status=open").len(), 1, "the page of before is closed");
    let paid = [one, other].iter().filter(|page| stripe.buy(page, CARD, "").is_ok()).count();
    assert_eq!(paid, 1);
    // Nobody has told us of it, and yet it is known.
    let order = json!({ "plan": "pro", "interval": "month", "currency": "usd", "seats": 2 });
    owner.post("/v1/billing/checkout", order).await.refused(409, "already_subscribed");
    assert_eq!(billing(owner).await["state"], "active");
    let all = || listed(&stripe, "/v1/subscriptions", "status=all");
    assert_eq!(all().len(), 1);

    // Somebody has paid twice in days of old.
    let first = all().remove(0);
    let customer = first["customer"].as_str().unwrap();
    stripe.give_card(customer, true).unwrap();
    let items = first["items"]["data"].as_array().unwrap();
    let seats = items.iter().find(|item| item["price"]["metadata"]["frontdesk_part"] == "seats").unwrap();
    let again = format!("customer={customer}&items[0][price]={}&items[0][quantity]=2", id(&seats["price"]));
    stripe.act("POST", "/v1/subscriptions", &again).unwrap();
    let ending = || all().iter().filter(|one| one["cancel_at_period_end"] == true).count();
    owner.put("/v1/billing/cancellation", json!({ "at_period_end": true })).await.ok();
    assert_eq!((all().len(), ending()), (2, 2), "who leaves pays for nothing any more");
    owner.put("/v1/billing/cancellation", json!({ "at_period_end": false })).await.ok();
    assert_eq!(ending(), 1, "and who stays, once");
}

#[tokio::test]
async fn what_somebody_else_sells_to_a_customer_is_neither_in_the_way_nor_ended() {
    let (app, stripe) = start(1).await;
    let shop = app.shop("Tea").await;
    let owner = &shop.owner.http;
    buys(&shop, &stripe, "pro", 2, CARD).await;
    until(&shop, "active").await;
    let customers = listed(&stripe, "/v1/customers", "");
    stripe.give_card(id(&customers[0]), true).unwrap();
    stripe.act("POST", "/v1/products", "id=cups&name=Cups").unwrap();
    let price = "product=cups&currency=usd&unit_amount=500&recurring[interval]=month";
    let price = stripe.act("POST", "/v1/prices", price).unwrap();
    let form = format!("customer={}&items[0][price]={}&items[0][quantity]=1", id(&customers[0]), id(&price));
    let cups = stripe.act("POST", "/v1/subscriptions", &form).unwrap();

    let grown = owner.put("/v1/billing/seats", json!({ "seats": 4 })).await.ok();
    assert_eq!((&grown["state"], &grown["seats"]["total"]), (&json!("active"), &json!(4)));
    let leaving = owner.put("/v1/billing/cancellation", json!({ "at_period_end": true })).await.ok();
    assert_eq!(leaving["cancels_at_end"], true);
    let cups = stripe.act("GET", &format!("/v1/subscriptions/{}", id(&cups)), "").unwrap();
    assert_eq!((&cups["status"], &cups["cancel_at_period_end"]), (&json!("active"), &json!(false)));
}

#[tokio::test]
async fn what_was_bought_before_stripe_was_set_up_is_changed_and_left_here_and_bought_there() {
    let (app, stripe) = start(1).await;
    let shop = app.shop("Tea").await;
    let owner = &shop.owner.http;
    bought_for_nothing(&shop, 3).await;
    let ask = json!({ "plan": "scale", "seats": 4 });
    assert_eq!(owner.post("/v1/billing/plan/preview", ask.clone()).await.ok()["provider"], "local");
    let changed = owner.put("/v1/billing/plan", ask).await.ok();
    assert_eq!((&changed["plan"], &changed["provider"]), (&json!("scale"), &json!("local")));
    for at_end in [true, false] {
        let told = owner.put("/v1/billing/cancellation", json!({ "at_period_end": at_end })).await.ok();
        assert_eq!(told["cancels_at_end"], at_end);
    }

    let page = opens(owner, "pro", 2).await;
    eventually("Stripe has told of its customer", async || {
        let told = "select count(*) from shared.stripe_event where kind = 'customer.created' and state = 'done'";
        (app.count(told).await == 1).then_some(())
    })
    .await;
    let waiting = billing(owner).await;
    assert_eq!((&waiting["plan"], &waiting["state"]), (&json!("scale"), &json!("active")), "nothing is bought yet");
    stripe.buy(&page, CARD, "").unwrap();
    let bought = eventually("the checkout is known", async || {
        let now = billing(owner).await;
        (now["provider"] == "stripe").then_some(now)
    })
    .await;
    let stands = (&bought["plan"], &bought["state"], &bought["seats"]["total"]);
    assert_eq!(stands, (&json!("pro"), &json!("active"), &json!(2)));
}

#[tokio::test]
async fn a_customer_that_an_earlier_try_has_made_unheard_is_found_again() {
    let (app, stripe) = start(1).await;
    let shop = app.shop("Tea").await;
    let form = format!("email=bo@mail.test&metadata[account_id]={}", shop.id);
    let made = stripe.act("POST", "/v1/customers", &form).unwrap();
    buys(&shop, &stripe, "pro", 2, CARD).await;
    until(&shop, "active").await;
    let customers = listed(&stripe, "/v1/customers", "");
    assert_eq!(customers.iter().map(id).collect::<Vec<_>>(), [id(&made)]);
}

#[tokio::test]
async fn every_server_sells_at_a_new_price_and_understands_the_one_before() {
    let (app, stripe) = start(2).await;
    let (tea, cups) = (app.shop("Tea").await, app.shop("Cups").await);
    let elsewhere = |shop: &Shop| Http::new(&app.base(1), shop.guard()).with(&shop.owner.http.token());
    stripe.buy(&opens(&elsewhere(&tea), "pro", 2).await, CARD, "").unwrap();
    until(&tea, "active").await;
    let before = listed(&stripe, "/v1/prices", "lookup_keys[0]=frontdesk_pro_seats_usd_month");
    let price = format!("/v1/prices/{}", id(&before[0]));
    stripe.act("POST", &price, "metadata[frontdesk_fingerprint]=seat:1800").unwrap();
    assert_eq!(app.node(0).billing.sync().await.unwrap().made, 1);

    stripe.buy(&opens(&elsewhere(&cups), "pro", 2).await, CARD, "").unwrap();
    until(&cups, "active").await;
    tea.owner.http.put("/v1/billing/cancellation", json!({ "at_period_end": true })).await.ok();
    let invoices = tea.owner.http.get("/v1/billing/invoices").await.ok();
    assert_eq!(invoices["data"][0]["lines"][0]["kind"], "seats", "{invoices}");
}

#[tokio::test]
async fn what_is_left_over_pays_for_the_next_change_as_it_was_shown() {
    let (app, stripe) = start(1).await;
    let shop = app.shop("Tea").await;
    let owner = &shop.owner.http;
    buys(&shop, &stripe, "pro", 5, CARD).await;
    until(&shop, "active").await;
    owner.put("/v1/billing/seats", json!({ "seats": 2 })).await.ok();
    let preview = owner.post("/v1/billing/plan/preview", json!({ "plan": "pro", "seats": 3 })).await.ok();
    let credit = preview["credit_minor"].as_i64().unwrap();
    assert_eq!(preview["due_now_minor"], 0, "{preview}");
    assert!((3_700..=3_900).contains(&credit), "two of the three seats that were given back: {preview}");
    let next = owner.get("/v1/billing/invoice-preview").await.ok()["preview"].clone();
    assert_eq!((&next["credit_minor"], &next["total_minor"]), (&json!(3_800), &json!(0)), "all of the next month");
}

#[tokio::test]
async fn the_operator_reads_what_companies_pay_have_paid_and_owe() {
    let (app, stripe) = start(1).await;
    // Nobody is given up for not paying.
    stripe.set_habits(Habits { after_retries: "past_due".into(), ..Habits::default() });
    let (shop, own) = (app.shop("Tea").await, app.shop("Own").await);
    bought_for_nothing(&own, 3).await;
    buys(&shop, &stripe, "pro", 2, CARD).await;
    until(&shop, "active").await;
    let reads = async |what: &str, paid: i64, open: i64| {
        eventually(what, async || {
            let report = app.node(0).billing.report().await.unwrap();
            let sum = |sums: &BTreeMap<String, i64>| sums.get("usd").copied().unwrap_or(0);
            let sums = (sum(&report.paid_30_days_minor), sum(&report.open_minor));
            assert_eq!(sum(&report.monthly_recurring_minor), 3_800, "nobody pays for what was had for nothing");
            (sums == (paid, open)).then_some(())
        })
        .await;
    };
    reads("two seats are paid", 3_800, 0).await;
    stripe.give_card(id(&listed(&stripe, "/v1/customers", "")[0]), false).unwrap();
    app.clock().advance(TimeDelta::days(32));
    again(&shop).await;
    until(&shop, "grace").await;
    reads("the next month is not, and the first is long ago", 0, 3_800).await;
    app.clock().advance(TimeDelta::days(31));
    reads("nor is the month after it", 0, 7_600).await;
    // One of the two was issued more than thirty days ago.
    stripe.give_card(id(&listed(&stripe, "/v1/customers", "")[0]), true).unwrap();
    reads("both are paid now", 7_600, 0).await;
}

#[tokio::test]
async fn a_coupon_with_other_terms_gets_a_successor_that_its_word_stands_for() {
    let (app, stripe) = start(1).await;
    stripe.act("DELETE", "/v1/coupons/frontdesk_welcome", "").unwrap();
    stripe.act("POST", "/v1/coupons", "id=frontdesk_welcome&percent_off=50&duration=forever").unwrap();
    assert_eq!(app.node(0).billing.sync().await.unwrap().made, 2, "a coupon and its word");
    let words = listed(&stripe, "/v1/promotion_codes", "code=WELCOME20&active=true");
    let coupons: Vec<_> = words.iter().map(|word| word["promotion"]["coupon"].as_str().unwrap()).collect();
    assert_eq!(coupons, ["frontdesk_welcome_20_3"]);
    assert_eq!(app.node(0).billing.sync().await.unwrap().made, 0);
    let shop = app.shop("Tea").await;
    stripe.buy(&opens(&shop.owner.http, "pro", 2).await, CARD, "WELCOME20").unwrap();
    until(&shop, "active").await;
    let invoices = shop.owner.http.get("/v1/billing/invoices").await.ok();
    assert_eq!(invoices["data"][0]["total_minor"], 3_800 - 760, "{invoices}");
}

#[tokio::test]
async fn a_long_invoice_is_kept_with_every_line_and_the_price_of_one_thing() {
    let (app, stripe) = start(1).await;
    let shop = app.shop("Tea").await;
    buys(&shop, &stripe, "pro", 2, CARD).await;
    until(&shop, "active").await;
    let subscription = listed(&stripe, "/v1/subscriptions", "").remove(0);
    let of = format!("customer={}&subscription={}", subscription["customer"].as_str().unwrap(), id(&subscription));
    for number in 0..115 {
        let item = format!("{of}&amount={}&currency=usd&description=extra{number}", 100 + number);
        stripe.act("POST", "/v1/invoiceitems", &item).unwrap();
    }
    app.clock().advance(TimeDelta::days(32));
    again(&shop).await;
    let renewal = eventually("the renewal is known", async || {
        let invoices = shop.owner.http.get("/v1/billing/invoices").await.ok();
        (invoices["data"].as_array().unwrap().len() == 2).then(|| invoices["data"][0].clone())
    })
    .await;
    let lines = renewal["lines"].as_array().unwrap();
    let extra = lines.iter().filter(|line| line["kind"] == "other").count();
    let sum: i64 = lines.iter().map(|line| line["amount_minor"].as_i64().unwrap()).sum();
    assert_eq!((extra, json!(sum)), (115, renewal["subtotal_minor"].clone()));
    let seats = lines.iter().find(|line| line["kind"] == "seats").unwrap();
    assert_eq!((&seats["quantity"], &seats["unit_micros"]), (&json!(2), &json!(1_900_000_000)));
}
