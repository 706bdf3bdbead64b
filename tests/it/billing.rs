//! Plans and money without a payment provider: what is chosen holds at once on every server, and what it would cost is written down.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tenant::Role;
use tests::payments::sign_in as again;
use tests::{Http, PASSWORD, Shop, TestApp, eventually, fresh};

fn buy(plan: &str, seats: u32) -> Value {
    json!({ "plan": plan, "interval": "month", "currency": "usd", "seats": seats })
}

async fn billing(http: &Http) -> Value {
    http.get("/v1/billing").await.ok()
}

async fn actions(shop: &Shop) -> Vec<String> {
    let log = shop.owner.http.get("/v1/audit-log").await.ok();
    log["data"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

/// The owner answers, from the portal's tab.
async fn answers(shop: &Shop, chat: &str, text: &str) {
    let message = json!({ "client_message_id": fresh(), "text": shop.says(text) });
    shop.owner.http.post(&format!("/v1/conversations/{chat}/messages"), message).await.ok();
}

/// Usage of the past, as the message path would have written it.
async fn uses(shop: &Shop, meter: &str, quantity: i64, ago: &str) {
    let schema = shop.schema().await;
    let at = (shop.app.clock().now()).to_rfc3339();
    let insert = format!(
        "insert into {schema}.usage_event values ('{meter}', '{}', {quantity}, timestamptz '{at}' - interval '{ago}')",
        fresh()
    );
    shop.app.sql(&insert).await;
}

#[tokio::test]
async fn a_company_tries_buys_grows_shrinks_leaves_and_comes_back() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let owner = &shop.owner.http;
    let start = billing(owner).await;
    assert_eq!(
        (&start["plan"], &start["state"], &start["provider"]),
        (&json!("free"), &json!("free"), &json!("local"))
    );
    assert_eq!((&start["seats"]["taken"], &start["seats"]["total"]), (&json!(1), &json!(5)));
    assert_eq!(start["trial"]["available"], true);
    assert_eq!(owner.get("/v1/billing/invoice-preview").await.ok()["preview"], Value::Null);

    let trying = owner.post("/v1/billing/trial", json!({ "plan": "pro" })).await.ok();
    assert_eq!(
        (&trying["plan"], &trying["state"], &trying["seats"]["total"]),
        (&json!("pro"), &json!("trialing"), &json!(50))
    );
    owner.post("/v1/billing/trial", json!({ "plan": "scale" })).await.refused(409, "trial_not_possible");
    owner.put("/v1/billing/seats", json!({ "seats": 4 })).await.refused(409, "not_subscribed");

    let elsewhere = owner.post("/v1/billing/checkout", buy("pro", 3)).await.ok();
    assert!(elsewhere["url"].as_str().unwrap().contains("/portal/billing"), "{elsewhere}");
    owner.post("/v1/billing/checkout", buy("scale", 3)).await.refused(409, "already_subscribed");
    let bought = billing(owner).await;
    assert_eq!((&bought["state"], &bought["seats"]["total"]), (&json!("active"), &json!(3)));
    let invoices = owner.get("/v1/billing/invoices").await.ok();
    assert_eq!(
        (&invoices["data"][0]["total_minor"], &invoices["data"][0]["lines"][0]["quantity"]),
        (&json!(5_700), &json!(3))
    );

    shop.colleague("Bo", Role::Agent).await;
    owner.put("/v1/billing/seats", json!({ "seats": 1 })).await.refused(409, "seats_taken");
    owner.put("/v1/billing/seats", json!({ "seats": 51 })).await.refused(422, "seats_too_many");
    let ask = json!({ "plan": "scale", "seats": 4 });
    let preview = owner.post("/v1/billing/plan/preview", ask.clone()).await.ok();
    assert_eq!(preview["due_now_minor"], json!(4 * 4_900 - 3 * 1_900), "nothing of the period is over yet");
    let grown = owner.put("/v1/billing/plan", ask).await.ok();
    assert_eq!((&grown["plan"], &grown["seats"]["total"]), (&json!("scale"), &json!(4)));
    let less = owner.put("/v1/billing/seats", json!({ "seats": 2 })).await.ok();
    assert_eq!(less["seats"]["total"], 2);

    let leaving = owner.put("/v1/billing/cancellation", json!({ "at_period_end": true })).await.ok();
    assert_eq!((&leaving["state"], &leaving["cancels_at_end"]), (&json!("active"), &json!(true)));
    let staying = owner.put("/v1/billing/cancellation", json!({ "at_period_end": false })).await.ok();
    assert_eq!(staying["cancels_at_end"], false);
    owner.put("/v1/billing/cancellation", json!({ "at_period_end": true })).await.ok();
    app.clock().advance(TimeDelta::days(32));
    again(&shop).await;
    eventually("the subscription ends with its period", async || {
        let now = billing(owner).await;
        (now["state"] == "ended" && now["plan"] == "free").then_some(())
    })
    .await;
    owner.post("/v1/billing/trial", json!({ "plan": "pro" })).await.refused(409, "trial_not_possible");
    owner.post("/v1/billing/checkout", buy("pro", 2)).await.ok();
    assert_eq!(billing(owner).await["state"], "active", "who has left may come back");
    let noted = actions(&shop).await;
    for action in ["trial_started", "checkout_started", "plan_changed", "seats_changed", "cancelled", "reactivated"] {
        assert!(noted.contains(&format!("billing.{action}")), "{action} is not in {noted:?}");
    }
}

#[tokio::test]
async fn what_a_company_pays_is_changed_by_who_has_just_shown_who_they_are() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let owner = &shop.owner.http;
    owner.post("/v1/billing/checkout", buy("pro", 3)).await.ok();
    let key = json!({ "name": "seats", "scopes": ["billing.manage", "usage.read"] });
    let key = owner.post("/v1/api-keys", key).await.ok();
    // The tab has been open all the while.
    app.clock().advance(TimeDelta::minutes(11));
    let headers = [("cookie", shop.owner.cookie.as_str()), ("x-frontdesk", "1")];
    let renewed = owner.nobody().send("POST", "/v1/auth/refresh", None, &headers).await.ok();
    owner.take(renewed["access_token"].as_str().unwrap());
    let asks = [
        ("POST", "/v1/billing/checkout", buy("scale", 3)),
        ("PUT", "/v1/billing/plan", json!({ "plan": "scale" })),
        ("PUT", "/v1/billing/seats", json!({ "seats": 4 })),
        ("PUT", "/v1/billing/cancellation", json!({ "at_period_end": true })),
        ("PUT", "/v1/billing/cancellation", json!({ "at_period_end": false })),
    ];
    for (method, path, body) in asks {
        owner.send(method, path, Some(body), &[]).await.refused(403, "reauthentication_required");
    }
    owner.post("/v1/billing/plan/preview", json!({ "plan": "scale" })).await.ok();
    let now = billing(owner).await;
    assert_eq!(
        (&now["plan"], &now["seats"]["total"], &now["cancels_at_end"]),
        (&json!("pro"), &json!(3), &json!(false))
    );
    let program = shop.stranger().with(key["secret"].as_str().unwrap());
    let grown = program.put("/v1/billing/seats", json!({ "seats": 4 })).await.ok();
    assert_eq!(grown["seats"]["total"], 4, "a key may what it was made for");
    let proof = owner.post("/v1/auth/reauthenticate", json!({ "password": PASSWORD })).await;
    assert!(proof.status < 300, "{}", proof.text);
    assert_eq!(owner.put("/v1/billing/seats", json!({ "seats": 5 })).await.ok()["seats"]["total"], 5);
}

#[tokio::test]
async fn a_trial_takes_nobody_off_a_plan_that_is_not_for_sale() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let owner = &shop.owner.http;
    app.sql("update shared.account set plan = 'private'").await;
    assert_eq!(billing(owner).await["trial"]["available"], false);
    owner.post("/v1/billing/trial", json!({ "plan": "pro" })).await.refused(409, "trial_not_possible");
    assert_eq!(billing(owner).await["plan"], "private");
}

#[tokio::test]
async fn what_is_bought_holds_on_every_server_within_two_seconds() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let elsewhere = Http::new(&app.base(1), shop.guard()).with(&shop.owner.http.token());
    let seats = async || elsewhere.get("/v1/auth/me").await.ok()["limits"]["agents"].clone();
    assert_eq!(seats().await, 5);
    shop.owner.http.post("/v1/billing/checkout", buy("pro", 7)).await.ok();
    let told = tokio::time::Instant::now();
    eventually("the other server knows", async || {
        // However long an answer takes: whoever asks two seconds later is told what was bought.
        let asked = told.elapsed();
        let knows = seats().await == 7;
        assert!(knows || asked < std::time::Duration::from_secs(2), "asked {asked:?} after it was bought");
        knows.then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_next_invoice_explains_every_line_and_comes_as_it_was_shown() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let owner = &shop.owner.http;
    uses(&shop, "conversations", 4_000, "1 second").await;
    owner.post("/v1/billing/checkout", buy("pro", 2)).await.ok();
    app.clock().advance(TimeDelta::days(5));
    again(&shop).await;
    uses(&shop, "conversations", 20_050, "1 day").await;
    uses(&shop, "messages", 600_000, "1 day").await;
    uses(&shop, "ai_resolutions", 3, "1 day").await;

    let preview = owner.get("/v1/billing/invoice-preview").await.ok()["preview"].clone();
    let lines = preview["lines"].as_array().unwrap();
    let told: Vec<(&str, i64)> = lines
        .iter()
        .map(|line| (line["meter"].as_str().unwrap_or("seats"), line["amount_minor"].as_i64().unwrap()))
        .collect();
    assert_eq!(told, [("seats", 3_800), ("conversations", 100), ("messages", 5_000), ("ai_resolutions", 0)]);
    let conversations = &lines[1];
    assert_eq!((&conversations["quantity"], &conversations["included"]), (&json!(20_050), &json!(20_000)));
    assert_eq!(conversations["tiers"].as_array().unwrap().len(), 2);
    assert_eq!(preview["total_minor"], 8_900);

    let usage = owner.get("/v1/usage?period=billing").await.ok();
    let meter =
        |name: &str| usage["meters"].as_array().unwrap().iter().find(|meter| meter["meter"] == name).unwrap().clone();
    assert_eq!(
        (&meter("conversations")["used"], &meter("conversations")["included"]),
        (&json!(20_050), &json!(20_000))
    );
    assert!(meter("conversations")["forecast"].as_i64().unwrap() > 20_050);
    assert_eq!((&meter("conversations")["limit"], &meter("agents")["limit"]), (&Value::Null, &json!(2)));

    app.clock().advance(TimeDelta::days(27));
    again(&shop).await;
    let invoice = eventually("the period is invoiced", async || {
        let invoices = owner.get("/v1/billing/invoices").await.ok();
        (invoices["data"].as_array().unwrap().len() == 2).then(|| invoices["data"][0].clone())
    })
    .await;
    assert_eq!(invoice["total_minor"], 8_900);
    let shown = owner.get(&format!("/v1/billing/invoices/{}", invoice["id"].as_str().unwrap())).await.ok();
    assert_eq!(shown, invoice);
}

#[tokio::test]
async fn overdue_payments_stop_growth_and_nothing_else() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let owner = &shop.owner.http;
    owner.post("/v1/billing/checkout", buy("pro", 9)).await.ok();
    let fails = "update shared.subscription set status = 'past_due', payment_failed_at = now(), state = 'grace'";
    app.sql(fails).await;
    let visitor = shop.visitor("Ana").await;
    visitor.writes("Before").await;
    owner.post("/v1/inboxes", json!({ "name": shop.says("Second") })).await.ok();
    app.clock().advance(TimeDelta::days(8));
    again(&shop).await;
    eventually("the grace period ends", async || (billing(owner).await["state"] == "restricted").then_some(())).await;

    let invite = json!({ "email": format!("{}@mail.test", fresh().simple()), "role": "agent" });
    owner.post("/v1/invitations", invite).await.refused(403, "billing_restricted");
    owner.post("/v1/inboxes", json!({ "name": shop.says("Third") })).await.refused(403, "billing_restricted");
    owner.put("/v1/billing/seats", json!({ "seats": 10 })).await.refused(409, "billing_payment_needed");
    let visitor = shop.visitor("Bea").await;
    visitor.writes("Customers are not made to pay for it").await;
    answers(&shop, &visitor.chat(), "We are here").await;
    assert_eq!(billing(owner).await["plan"], "pro");
}

#[tokio::test]
async fn a_company_chooses_whether_usage_stops_and_which_letters_it_gets() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let owner = &shop.owner.http;
    owner.post("/v1/billing/checkout", buy("pro", 2)).await.ok();
    let limits = |view: &Value| view["limits"]["conversations_per_month"].clone();
    assert_eq!(limits(&billing(owner).await), Value::Null);
    let stops = owner.put("/v1/billing/hard-limit", json!({ "enabled": true })).await.ok();
    assert_eq!((limits(&stops), &stops["hard_limit"]), (json!(20_000), &json!(true)));
    let asked = json!({ "included": false, "budget_minor": 25_000 });
    let alerts = owner.put("/v1/billing/alerts", asked.clone()).await.ok();
    assert_eq!(alerts["alerts"], asked);
    owner
        .put("/v1/billing/alerts", json!({ "included": true, "budget_minor": 0 }))
        .await
        .refused(422, "validation_failed");
    owner.post("/v1/billing/portal", json!({})).await.refused(409, "payment_portal_absent");
}

#[tokio::test]
async fn where_usage_stops_nobody_new_is_taken_and_nobody_is_cut_off() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let talking = shop.visitor("Ana").await;
    talking.writes("I was here before").await;
    // One of the thousand is Ana's.
    uses(&shop, "conversations", 997, "1 second").await;
    let mut crowd = Vec::new();
    for number in 0..6 {
        crowd.push(shop.visitor(&format!("Visitor {number}")).await);
    }
    let replies = futures::future::join_all(crowd.iter().map(|visitor| visitor.posts("Hello"))).await;
    let (taken, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status < 300);
    assert_eq!((taken.len(), refused.len()), (2, 4), "at once, and yet not one too many");
    for answer in refused {
        answer.refused(403, "limit_reached");
    }
    talking.writes("I still am").await;
    answers(&shop, &talking.chat(), "So you are").await;
    shop.owner.http.post("/v1/billing/checkout", buy("pro", 2)).await.ok();
    let late = shop.visitor("Bea").await;
    late.writes("A paid plan takes more").await;
    assert_eq!(
        shop.count("select sum(quantity)::bigint from {}.usage_event where meter = 'conversations'").await,
        1_001
    );
}

#[tokio::test]
async fn a_trial_stops_at_what_its_plan_includes_and_goes_on_when_it_is_bought() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let owner = &shop.owner.http;
    let trying = owner.post("/v1/billing/trial", json!({ "plan": "pro" })).await.ok();
    assert_eq!((&trying["limits"]["conversations_per_month"], &trying["hard_limit"]), (&json!(20_000), &json!(false)));
    uses(&shop, "conversations", 19_999, "1 second").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("The last one").await;
    shop.visitor("Bea").await.posts("One too many").await.refused(403, "limit_reached");
    ana.writes("And I go on").await;
    answers(&shop, &ana.chat(), "So do we").await;
    owner.post("/v1/billing/checkout", buy("pro", 2)).await.ok();
    assert_eq!(billing(owner).await["limits"]["conversations_per_month"], Value::Null);
    shop.visitor("Cem").await.writes("Paid for").await;
}

#[tokio::test]
async fn a_year_that_stops_at_what_it_includes_stops_at_all_of_it_at_any_time_of_it() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let owner = &shop.owner.http;
    // Of before it was bought: nothing is charged for it, and nothing stops for it.
    uses(&shop, "conversations", 900, "1 second").await;
    let year = json!({ "plan": "pro", "interval": "year", "currency": "usd", "seats": 2 });
    owner.post("/v1/billing/checkout", year).await.ok();
    owner.put("/v1/billing/hard-limit", json!({ "enabled": true })).await.ok();
    app.clock().advance(TimeDelta::days(70));
    again(&shop).await;
    uses(&shop, "conversations", 12 * 20_000 - 1, "1 hour").await;
    shop.visitor("Ana").await.writes("The last one of this year").await;
    let usage = owner.get("/v1/usage?period=billing").await.ok();
    let conversations = &usage["meters"][0];
    assert_eq!((&conversations["used"], &conversations["limit"]), (&json!(240_000), &json!(240_000)));
    assert_eq!(owner.get("/v1/usage").await.ok()["meters"][0]["limit"], Value::Null, "no month has a bound of its own");
    let late = shop.visitor("Bea").await;
    late.posts("One too many").await.refused(403, "limit_reached");
    app.clock().advance(TimeDelta::days(35));
    let later = shop.visitor("Cem").await;
    later.posts("Another month, the same year").await.refused(403, "limit_reached");
    app.clock().advance(TimeDelta::days(265));
    shop.visitor("Dee").await.writes("Another year").await;
}

#[tokio::test]
async fn letters_tell_of_usage_and_budget_once_and_of_the_highest_mark() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let write = async || app.node(0).billing.write_alerts().await.unwrap();
    uses(&shop, "conversations", 499, "1 second").await;
    assert_eq!(write().await, 0);
    uses(&shop, "conversations", 350, "1 second").await;
    assert_eq!(write().await, 1);
    assert_eq!(write().await, 0, "it was said");
    let mail = app.mail().letter(&shop.owner.email, "80%").await;
    assert!(mail.text.contains("849") && mail.text.contains("1000"), "{}", mail.text);

    shop.owner.http.post("/v1/billing/checkout", buy("pro", 1)).await.ok();
    let budget = json!({ "included": false, "budget_minor": 1_000 });
    shop.owner.http.put("/v1/billing/alerts", budget).await.ok();
    uses(&shop, "ai_resolutions", 212, "0 seconds").await;
    assert_eq!(write().await, 1);
    let mail = app.mail().letter(&shop.owner.email, "budget").await;
    assert!(mail.text.contains("6.00 USD") && mail.text.contains("10.00 USD"), "{}", mail.text);
}
