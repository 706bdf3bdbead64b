//! Usage events: once by identifier for a day, within their window, and what the summaries say of them.

use serde_json::json;
use stripe_standin::Faults;

use crate::scene::{DAY, NOW, Scene, id};

#[tokio::test]
async fn an_identifier_counts_once_for_a_day_and_is_then_forgotten() {
    let scene = Scene::open().await;
    let customer = scene.customer(true);
    scene.use_messages(&customer, "one", 5, NOW);
    let again = format!("event_name=messages&identifier=one&payload[stripe_customer_id]={customer}&payload[value]=5");
    let refused = scene.standin.act("POST", "/v1/billing/meter_events", &again).unwrap_err();
    assert_eq!((refused.status, refused.message.as_str()), (400, "An event already exists with identifier one."));
    scene.pass(DAY);
    scene.act("POST", "/v1/billing/meter_events", &again);
    assert_eq!(scene.standin.counted().iter().map(|event| event.value).sum::<i64>(), 10);
}

#[tokio::test]
async fn events_from_too_long_ago_and_from_the_future_are_refused() {
    let scene = Scene::open().await;
    let customer = scene.customer(true);
    let at = |at: i64| {
        let form =
            format!("event_name=messages&timestamp={at}&payload[stripe_customer_id]={customer}&payload[value]=1");
        scene.standin.act("POST", "/v1/billing/meter_events", &form)
    };
    assert!(at(NOW - 35 * DAY).is_ok() && at(NOW + 300).is_ok());
    assert_eq!(at(NOW - 35 * DAY - 1).unwrap_err().code.as_deref(), Some("timestamp_too_far_in_past"));
    assert_eq!(at(NOW + 301).unwrap_err().param.as_deref(), Some("timestamp"));
}

#[tokio::test]
async fn an_event_can_be_taken_back_within_a_day() {
    let scene = Scene::open().await;
    let customer = scene.customer(true);
    scene.use_messages(&customer, "one", 5, NOW);
    scene.use_messages(&customer, "two", 7, NOW);
    let cancel = |name: &str| {
        let form = format!("event_name=messages&type=cancel&cancel[identifier]={name}");
        scene.standin.act("POST", "/v1/billing/meter_event_adjustments", &form)
    };
    assert_eq!(cancel("one").unwrap()["status"], "pending");
    assert_eq!(cancel("three").unwrap_err().code.as_deref(), Some("resource_missing"));
    scene.pass(DAY);
    assert_eq!(cancel("two").unwrap_err().status, 400);
    assert_eq!(scene.standin.counted().iter().map(|event| event.value).sum::<i64>(), 7);
}

#[tokio::test]
async fn summaries_add_up_by_hour_and_by_day_within_aligned_bounds() {
    let scene = Scene::open().await;
    let customer = scene.customer(true);
    let hour = NOW - NOW % 3_600;
    for (number, (at, value)) in
        [(hour - 1, 1), (hour, 2), (hour + 3_599, 3), (hour - 7_200, -4)].into_iter().enumerate()
    {
        scene.pass(if number == 2 { 3_600 } else { 0 });
        scene.use_messages(&customer, &format!("e{number}"), value, at);
    }
    let ask = |query: &str| {
        let path = format!("/v1/billing/meters/{}/event_summaries", scene.meter);
        scene.standin.act("GET", &path, &format!("customer={customer}&{query}"))
    };
    let by_hour =
        ask(&format!("start_time={}&end_time={}&value_grouping_window=hour", hour - 7_200, hour + 3_600)).unwrap();
    let values: Vec<_> =
        by_hour["data"].as_array().unwrap().iter().map(|row| row["aggregated_value"].clone()).collect();
    assert_eq!(values, [json!(5), json!(1), json!(-4)]);
    let whole = ask(&format!("start_time={}&end_time={}", hour - 7_200, hour + 3_600)).unwrap();
    assert_eq!(whole["data"][0]["aggregated_value"], 2);
    let crooked = ask(&format!("start_time={}&end_time={}&value_grouping_window=hour", hour + 60, hour + 3_600));
    assert_eq!(crooked.unwrap_err().param.as_deref(), Some("start_time"));
    assert!(ask(&format!("start_time={}&end_time={}", hour + 1, hour + 3_600)).is_err());
}

#[tokio::test]
async fn an_event_may_be_taken_and_then_found_not_to_count() {
    let scene = Scene::open().await;
    let customer = scene.customer(true);
    scene.standin.set_faults(Faults { reject_usage: 1_000, ..Faults::default() });
    let form = format!("event_name=messages&identifier=lost&payload[stripe_customer_id]={customer}&payload[value]=5");
    let (status, _, _) = scene.http("POST", "/v1/billing/meter_events", "", &form).await.unwrap();
    assert_eq!((status, scene.standin.counted().len()), (200, 0));
    let told = scene.standin.events().pop().unwrap();
    assert_eq!(told.kind, "v1.billing.meter.error_report_triggered");
    let thin: serde_json::Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!((thin["object"].as_str(), thin["data"].clone()), (Some("v2.core.event"), json!(null)));
    assert_eq!(thin["related_object"]["id"], json!(scene.meter));
    let full = scene.get(&format!("/v2/core/events/{}", told.id));
    let sample = &full["data"]["reason"]["error_types"][0]["sample_errors"][0];
    assert_eq!(sample["request"]["identifier"], "lost");
}

#[tokio::test]
async fn a_meter_in_use_stays_and_a_name_belongs_to_one() {
    let scene = Scene::open().await;
    let twin = "display_name=Twin&event_name=messages&default_aggregation[formula]=sum";
    assert!(scene.standin.act("POST", "/v1/billing/meters", twin).is_err());
    let path = format!("/v1/billing/meters/{}", scene.meter);
    assert!(scene.standin.act("POST", &format!("{path}/deactivate"), "").is_err());
    scene.act("POST", &format!("/v1/prices/{}", scene.messages), "active=false");
    assert_eq!(scene.act("POST", &format!("{path}/deactivate"), "")["status"], "inactive");
    let refused = scene.standin.act(
        "POST",
        "/v1/billing/meter_events",
        "event_name=messages&payload[stripe_customer_id]=x&payload[value]=1",
    );
    assert_eq!(refused.unwrap_err().code.as_deref(), Some("archived_meter"));
    assert_eq!(id(&scene.act("POST", &format!("{path}/reactivate"), "")), scene.meter);
}
