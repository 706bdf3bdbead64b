//! The life of subscriptions and invoices, as Stripe documents it.

use serde_json::{Value, json};
use stripe_standin::{Habits, Options};

use crate::scene::{DAY, NOW, Scene, id};

const HOUR: i64 = 3_600;

fn amounts(invoice: &Value) -> Vec<i64> {
    invoice["lines"]["data"].as_array().unwrap().iter().map(|line| line["amount"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_period_is_paid_ahead_and_what_was_used_is_paid_after_it() {
    let scene = Scene::open().await;
    let customer = scene.customer(true);
    let subscription = scene.subscribe(&customer, "");
    assert_eq!(subscription["status"], "active");
    assert_eq!(scene.invoices(&customer)[0]["amount_paid"], 2_000);
    scene.use_messages(&customer, "a", 1_400, NOW + 60);
    // The draft waits an hour, and what comes late still counts in it.
    scene.pass(31 * DAY + 60);
    assert_eq!(scene.invoices(&customer)[1]["status"], "draft");
    scene.use_messages(&customer, "b", 200, NOW + 30 * DAY);
    scene.use_messages(&customer, "next period", 50_000, scene.now());
    scene.pass(HOUR);
    let renewal = &scene.invoices(&customer)[1];
    assert_eq!(
        (renewal["status"].as_str(), renewal["billing_reason"].as_str()),
        (Some("paid"), Some("subscription_cycle"))
    );
    // 1,000 for nothing, 600 at half a cent, and two seats ahead.
    assert_eq!(amounts(renewal), [0, 300, 2_000]);
    let again = scene.get(&format!("/v1/subscriptions/{}", id(&subscription)));
    assert_eq!(again["items"]["data"][0]["current_period_start"], NOW + 31 * DAY);
}

#[tokio::test]
async fn a_trial_costs_nothing_warns_three_days_before_its_end_and_is_then_paid() {
    let scene = Scene::open().await;
    let customer = scene.customer(true);
    let subscription = scene.subscribe(&customer, "trial_period_days=14");
    assert_eq!(
        (subscription["status"].as_str(), scene.invoices(&customer)[0]["total"].clone()),
        (Some("trialing"), json!(0))
    );
    scene.pass(11 * DAY);
    scene.standin.now();
    assert!(scene.kinds().contains(&"customer.subscription.trial_will_end".to_owned()));
    scene.pass(3 * DAY + HOUR);
    assert_eq!(scene.status(&subscription), "active");
    assert_eq!(scene.invoices(&customer)[1]["amount_paid"], 2_000);
}

#[tokio::test]
async fn a_trial_without_a_card_ends_as_it_was_agreed() {
    let scene = Scene::open().await;
    for (behavior, status) in [("cancel", "canceled"), ("pause", "paused"), ("create_invoice", "past_due")] {
        let customer = id(&scene.act("POST", "/v1/customers", "email=a@b.example"));
        let more = format!("trial_period_days=7&trial_settings[end_behavior][missing_payment_method]={behavior}");
        let subscription = scene.subscribe(&customer, &more);
        scene.pass(7 * DAY + 2 * HOUR);
        assert_eq!(scene.status(&subscription), status, "{behavior}");
    }
}

#[tokio::test]
async fn a_renewal_that_fails_is_tried_again_and_ends_as_the_account_has_chosen() {
    for (choice, end) in [("cancel", "canceled"), ("unpaid", "unpaid"), ("past_due", "past_due")] {
        let habits = Habits { after_retries: choice.to_owned(), ..Habits::default() };
        let scene = Scene::with(Options { habits, ..Options::default() }).await;
        let customer = scene.customer(true);
        let subscription = scene.subscribe(&customer, "");
        scene.standin.give_card(&customer, false).unwrap();
        scene.pass(31 * DAY + 2 * HOUR);
        assert_eq!(scene.status(&subscription), "past_due");
        let failed = scene.invoices(&customer)[1].clone();
        assert_eq!((failed["status"].as_str(), failed["attempt_count"].clone()), (Some("open"), json!(1)));
        scene.pass(17 * DAY);
        assert_eq!(scene.status(&subscription), end);
        assert_eq!(scene.invoices(&customer)[1]["attempt_count"], 5);
    }
}

#[tokio::test]
async fn another_card_pays_the_debt_and_brings_the_subscription_back() {
    let scene = Scene::open().await;
    let customer = scene.customer(true);
    let subscription = scene.subscribe(&customer, "");
    scene.standin.give_card(&customer, false).unwrap();
    scene.pass(31 * DAY + 2 * HOUR);
    assert_eq!(scene.get(&format!("/v1/customers/{customer}"))["delinquent"], true);
    scene.standin.give_card(&customer, true).unwrap();
    assert_eq!(scene.status(&subscription), "active");
    assert_eq!(scene.get(&format!("/v1/customers/{customer}"))["delinquent"], false);
}

#[tokio::test]
async fn a_first_payment_that_fails_may_be_repeated_for_a_day() {
    let scene = Scene::open().await;
    let customer = scene.customer(false);
    let kept = scene.subscribe(&customer, "");
    let left = scene.subscribe(&customer, "");
    assert_eq!(kept["status"], "incomplete");
    scene
        .standin
        .act("POST", &format!("/v1/invoices/{}/pay", kept["latest_invoice"].as_str().unwrap()), "")
        .unwrap_err();
    let card = id(&scene.act("POST", "/v1/payment_methods/pm_card_visa/attach", &format!("customer={customer}")));
    scene.act(
        "POST",
        &format!("/v1/invoices/{}/pay", kept["latest_invoice"].as_str().unwrap()),
        &format!("payment_method={card}"),
    );
    scene.pass(DAY);
    assert_eq!((scene.status(&kept), scene.status(&left)), ("active".to_owned(), "incomplete_expired".to_owned()));
    assert_eq!(scene.get(&format!("/v1/invoices/{}", left["latest_invoice"].as_str().unwrap()))["status"], "void");
    let refused = scene.standin.act(
        "POST",
        "/v1/subscriptions",
        &format!(
            "customer={customer}&items[0][price]={}&payment_behavior=error_if_incomplete&default_payment_method={}",
            scene.seats, "pm_none"
        ),
    );
    assert_eq!(refused.unwrap_err().code.as_deref(), Some("resource_missing"));
}

#[tokio::test]
async fn a_change_in_mid_period_gives_back_what_is_not_used_and_charges_what_is_left() {
    let scene = Scene::open().await;
    let customer = scene.customer(true);
    let subscription = scene.subscribe(&customer, "");
    let (sub, item) = (id(&subscription), id(&subscription["items"]["data"][0]));
    scene.pass(31 * DAY / 2);
    let change = format!(
        "items[0][id]={item}&items[0][price]={}&items[0][quantity]=3&proration_behavior=always_invoice",
        scene.dear
    );
    let details = format!(
        "subscription={sub}&subscription_details[items][0][id]={item}&subscription_details[items][0][price]={}\
         &subscription_details[items][0][quantity]=3&subscription_details[proration_behavior]=always_invoice",
        scene.dear
    );
    let preview = scene.act("POST", "/v1/invoices/create_preview", &details);
    let before = scene.invoices(&customer).len();
    scene.act("POST", &format!("/v1/subscriptions/{sub}"), &change);
    let invoice = scene.invoices(&customer).pop().unwrap();
    // Half of two seats at $10 back, half of three at $30 to pay.
    assert_eq!((amounts(&invoice), amounts(&preview)), (vec![-1_000, 4_500], vec![-1_000, 4_500]));
    assert_eq!((before, invoice["amount_paid"].clone(), preview["total"].clone()), (1, json!(3_500), json!(3_500)));
}

#[tokio::test]
async fn credit_from_a_smaller_plan_is_used_before_money() {
    let scene = Scene::open().await;
    let customer = scene.customer(true);
    let subscription = scene.subscribe(&customer, "");
    let (sub, item) = (id(&subscription), id(&subscription["items"]["data"][0]));
    scene.pass(31 * DAY / 2);
    scene.act(
        "POST",
        &format!("/v1/subscriptions/{sub}"),
        &format!("items[0][id]={item}&items[0][quantity]=1&proration_behavior=always_invoice"),
    );
    assert_eq!(scene.get(&format!("/v1/customers/{customer}"))["balance"], -500);
    scene.pass(31 * DAY / 2 + 2 * HOUR);
    let renewal = scene.invoices(&customer).pop().unwrap();
    assert_eq!((renewal["total"].clone(), renewal["amount_due"].clone()), (json!(1_000), json!(500)));
    assert_eq!(scene.get(&format!("/v1/customers/{customer}"))["balance"], 0);
}

#[tokio::test]
async fn what_was_used_before_a_metered_price_is_swapped_is_paid_at_the_old_one_and_in_classic_billing_never() {
    let scene = Scene::open().await;
    let free = id(&scene.act(
        "POST",
        "/v1/prices",
        &format!("product=message&currency=usd&unit_amount=0&recurring[interval]=month&recurring[usage_type]=metered&recurring[meter]={}", scene.meter),
    ));
    let paid = || vec![(400, 200), (1_000, 0), (5_000, 0)];
    for (mode, due) in [("classic", vec![(5_000, 0)]), ("flexible", paid()), ("migrated", paid())] {
        let customer = scene.customer(true);
        let begins = if mode == "flexible" { mode } else { "classic" };
        let subscription = scene.subscribe(&customer, &format!("billing_mode[type]={begins}"));
        let migrate = format!("/v1/subscriptions/{}/migrate", id(&subscription));
        if mode == "migrated" {
            let now = scene.act("POST", &migrate, "billing_mode[type]=flexible");
            assert_eq!(now["billing_mode"]["type"], "flexible");
        }
        if mode != "classic" {
            assert_eq!(scene.standin.act("POST", &migrate, "billing_mode[type]=flexible").unwrap_err().status, 400);
        }
        let (sub, item) = (id(&subscription), id(&subscription["items"]["data"][1]));
        let start = scene.now();
        scene.use_messages(&customer, &format!("{mode}1"), 1_400, start + 60);
        scene.pass(HOUR);
        scene.act("POST", &format!("/v1/subscriptions/{sub}"), &format!("items[0][id]={item}&items[0][price]={free}"));
        scene.use_messages(&customer, &format!("{mode}2"), 5_000, start + 2 * HOUR - HOUR);
        scene.pass(32 * DAY);
        let renewal = &scene.invoices(&customer)[1];
        let lines = renewal["lines"]["data"].as_array().unwrap().iter();
        let number = |line: &Value, field: &str| line[field].as_i64().unwrap();
        let mut found: Vec<_> = lines.map(|line| (number(line, "quantity"), number(line, "amount"))).collect();
        found.retain(|(_, amount)| *amount != 2_000);
        found.sort_unstable();
        assert_eq!(found, due, "{mode}");
    }
}

#[tokio::test]
async fn who_leaves_at_the_end_of_the_period_may_come_back_before_it_and_pays_what_was_used() {
    let scene = Scene::open().await;
    let customer = scene.customer(true);
    let subscription = id(&scene.subscribe(&customer, ""));
    let path = format!("/v1/subscriptions/{subscription}");
    let leaving = scene.act("POST", &path, "cancel_at_period_end=true");
    assert_eq!((leaving["cancel_at"].clone(), leaving["status"].as_str()), (json!(NOW + 31 * DAY), Some("active")));
    assert_eq!(scene.act("POST", &path, "cancel_at_period_end=false")["cancel_at"], Value::Null);
    scene.act("POST", &path, "cancel_at_period_end=true");
    scene.use_messages(&customer, "a", 3_000, NOW);
    scene.pass(31 * DAY + 2 * HOUR);
    assert_eq!(scene.get(&path)["status"], "canceled");
    let last = scene.invoices(&customer).pop().unwrap();
    assert_eq!((amounts(&last), last["status"].as_str()), (vec![0, 1_000], Some("paid")));
    assert!(scene.kinds().contains(&"customer.subscription.deleted".to_owned()));
    assert_eq!(scene.standin.act("DELETE", &path, "").unwrap_err().status, 404);
}

#[tokio::test]
async fn coupons_take_off_once_or_for_months_and_taxes_come_on_top() {
    let scene =
        Scene::with(Options { habits: Habits { tax_per_mille: 190, ..Habits::default() }, ..Options::default() }).await;
    scene.act("POST", "/v1/coupons", "id=QUARTER&percent_off=25&duration=once");
    scene.act("POST", "/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=QUARTER&code=SPRING");
    let customer = scene.customer(true);
    scene.subscribe(&customer, "discounts[0][coupon]=QUARTER&automatic_tax[enabled]=true");
    let first = scene.invoices(&customer)[0].clone();
    assert_eq!(
        (first["subtotal"].clone(), first["total_discount_amounts"][0]["amount"].clone(), first["total"].clone()),
        (json!(2_000), json!(500), json!(1_785))
    );
    scene.pass(31 * DAY + 2 * HOUR);
    assert_eq!(scene.invoices(&customer)[1]["total"], 2_380);
    let nowhere = id(&scene.act("POST", "/v1/customers", "email=a@b.example"));
    let refused = scene.standin.act(
        "POST",
        "/v1/subscriptions",
        &format!("customer={nowhere}&items[0][price]={}&automatic_tax[enabled]=true", scene.seats),
    );
    assert_eq!(refused.unwrap_err().code.as_deref(), Some("customer_tax_location_invalid"));
}

#[tokio::test]
async fn a_buyer_is_declined_on_the_page_tries_another_card_and_arrives() {
    let scene = Scene::open().await;
    let form = format!(
        "mode=subscription&success_url=http://shop.example/done?s={{CHECKOUT_SESSION_ID}}&line_items[0][price]={}&line_items[0][quantity]=2\
         &line_items[1][price]={}&client_reference_id=acct_1&subscription_data[metadata][account]=acct_1&allow_promotion_codes=true",
        scene.seats, scene.messages
    );
    let session = id(&scene.act("POST", "/v1/checkout/sessions", &form.replace('+', "%2B")));
    assert_eq!(scene.standin.buy(&session, "4000000000000002", "").unwrap_err().status, 402);
    assert_eq!(scene.standin.buy(&session, "4000000000000341", "").unwrap_err().status, 402);
    let to = scene.standin.buy(&session, "4242424242424242", "").unwrap();
    assert_eq!(to, format!("http://shop.example/done?s={session}"));
    let session = scene.get(&format!("/v1/checkout/sessions/{session}"));
    assert_eq!(
        (session["status"].as_str(), session["payment_status"].as_str(), session["amount_total"].clone()),
        (Some("complete"), Some("paid"), json!(2_000))
    );
    let subscription = scene.get(&format!("/v1/subscriptions/{}", session["subscription"].as_str().unwrap()));
    assert_eq!(
        (subscription["status"].as_str(), subscription["metadata"]["account"].as_str()),
        (Some("active"), Some("acct_1"))
    );
    let late = id(&scene.act("POST", "/v1/checkout/sessions", &form));
    scene.pass(DAY);
    assert_eq!(scene.get(&format!("/v1/checkout/sessions/{late}"))["status"], "expired");
}

#[tokio::test]
async fn customers_of_a_test_clock_live_by_it() {
    let scene = Scene::open().await;
    let clock = id(&scene.act("POST", "/v1/test_helpers/test_clocks", &format!("frozen_time={NOW}")));
    let customer = id(&scene.act("POST", "/v1/customers", &format!("test_clock={clock}")));
    scene.standin.give_card(&customer, true).unwrap();
    scene.subscribe(&customer, "");
    scene.act(
        "POST",
        &format!("/v1/test_helpers/test_clocks/{clock}/advance"),
        &format!("frozen_time={}", NOW + 65 * DAY),
    );
    assert_eq!(scene.invoices(&customer).len(), 3);
    assert_eq!(scene.now(), NOW);
}
