//! Plans and money with real hands: the built pages, a real browser, and the stand-in for Stripe with its own hosted pages. The story
//! is told in `tests/browser/billing.mjs`; time is moved here.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use chrono::TimeDelta;
use infra::Clock;
use serde_json::{Value, json};
use stripe_standin::{Options, Standin};
use tests::{TestApp, fresh};

use crate::browser::perform;

const SECRET: &str = "whsec_of_the_browser";

/// What the story may do that no browser can.
struct Backstage {
    app: TestApp,
    stripe: Standin,
}

/// Lets days pass.
async fn later(State(stage): State<Arc<Backstage>>, Query(query): Query<HashMap<String, i64>>) -> Json<Value> {
    stage.app.clock().advance(TimeDelta::days(query["days"]));
    Json(json!({}))
}

/// Uses a meter on a day to come, as the message path will have written it by then.
async fn used(State(stage): State<Arc<Backstage>>, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let at = stage.app.clock().now().to_rfc3339();
    let (meter, quantity, days) = (&query["meter"], &query["quantity"], &query["days"]);
    // There is one company.
    let insert = format!(
        "do $$ begin execute format('insert into %I.usage_event values (%L, %L, {quantity}, timestamptz ''{at}'' + interval ''{days} days'')', \
         (select schema_name from shared.account), '{meter}', '{}'); end $$",
        fresh()
    );
    stage.app.sql(&insert).await;
    Json(json!({}))
}

/// Tells Stripe what has been used; says how many conversations it has counted.
async fn told(State(stage): State<Arc<Backstage>>) -> Json<Value> {
    let billing = &stage.app.node(0).billing;
    billing.roll_up().await.unwrap();
    billing.send_due().await.unwrap();
    let counted = stage.stripe.counted();
    let conversations = counted.iter().filter(|one| one.event_name == "frontdesk_conversations");
    Json(json!({ "conversations": conversations.map(|one| one.value).sum::<i64>() }))
}

/// From now on the company's card pays, or does not.
async fn card(State(stage): State<Arc<Backstage>>, Query(query): Query<HashMap<String, bool>>) -> Json<Value> {
    let customers = stage.stripe.act("GET", "/v1/customers", "").unwrap();
    let customer = customers["data"][0]["id"].as_str().unwrap();
    stage.stripe.give_card(customer, query["pays"]).unwrap();
    Json(json!({}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_tried_bought_used_not_paid_and_recovered_by_hand() {
    let clock: Arc<OnceLock<Clock>> = Arc::default();
    let shared = Arc::clone(&clock);
    let now = move || shared.get().unwrap_or(&Clock::system()).now().timestamp();
    let stripe = Standin::start(Options { now: Some(Arc::new(now)), ..Options::default() }).await.unwrap();
    let (url, key) = (stripe.url(), stripe.key().to_owned());
    perform(
        "billing",
        |settings| {
            settings.stripe_key = Some(key);
            settings.stripe_url = Some(url);
            settings.stripe_webhook_secrets = vec![SECRET.into()];
        },
        async |app| {
            clock.set(app.clock().clone()).unwrap();
            stripe.set_endpoints(vec![(format!("{}/hooks/stripe", app.base(0)), vec![SECRET.into()])]);
            app.node(0).billing.sync().await.unwrap();
            Router::new()
                .route("/later", get(later))
                .route("/used", get(used))
                .route("/told", get(told))
                .route("/card", get(card))
                .with_state(Arc::new(Backstage { app: app.clone(), stripe }))
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_payment_provider_the_same_pages_charge_nobody() {
    perform("billing_local", |_| {}, async |_| Router::new()).await;
}
