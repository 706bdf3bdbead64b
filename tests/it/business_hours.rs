//! Business hours as they are written down, and when they are open.

use serde_json::{Value, json};
use tests::{Http, TestApp};

use crate::setup::{fault, faults, id, made};

fn slot(from: &str, to: &str) -> Value {
    json!({ "from": from, "to": to })
}

async fn open(http: &Http, hours: &Value, from: &str, to: &str) -> Vec<(String, String)> {
    let path = format!("/v1/business-hours/{}/schedule?from={from}&to={to}", id(hours));
    let schedule = http.get(&path).await.ok();
    let text = |span: &Value, end: &str| span[end].as_str().unwrap().to_owned();
    schedule["open"].as_array().unwrap().iter().map(|span| (text(span, "opens_at"), text(span, "closes_at"))).collect()
}

fn spans(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
}

#[tokio::test]
async fn a_schedule_follows_the_clock_on_the_wall() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let weekly = json!({ "sat": [slot("09:00", "12:00"), slot("21:00", "02:00")], "sun": [slot("10:00", "11:00")] });
    let special = json!([{ "date": "2026-10-31", "name": "Inventory", "slots": [] }]);
    let body =
        json!({ "name": "Berlin", "calendar": { "time_zone": "Europe/Berlin", "weekly": weekly, "special": special } });
    let hours = made(http, "/v1/business-hours", body.clone()).await;
    assert_eq!(hours["calendar"]["weekly"]["mon"], json!([]), "days that were not named are closed");
    assert_eq!(hours["warnings"], json!([]));

    // The clock goes back in the night to 25 October 2026, and the last Saturday of the month is a day off.
    let month = open(http, &hours, "2026-10-23T00:00:00Z", "2026-11-02T00:00:00Z").await;
    let expected = [
        ("2026-10-24T07:00:00Z", "2026-10-24T10:00:00Z"),
        ("2026-10-24T19:00:00Z", "2026-10-25T00:00:00Z"),
        ("2026-10-25T09:00:00Z", "2026-10-25T10:00:00Z"),
        ("2026-11-01T09:00:00Z", "2026-11-01T10:00:00Z"),
    ];
    assert_eq!(month, spans(&expected));
    let cut = open(http, &hours, "2026-10-24T20:00:00Z", "2026-10-24T21:00:00Z").await;
    assert_eq!(cut, spans(&[("2026-10-24T20:00:00Z", "2026-10-24T21:00:00Z")]), "cut at both ends");

    for (from, to) in [
        ("2026-10-24T00:00:00Z", "2026-10-24T00:00:00Z"),
        ("2026-10-24T00:00:00Z", "2026-10-23T00:00:00Z"),
        ("2026-10-24T00:00:00Z", "2026-12-26T00:00:00Z"),
    ] {
        let path = format!("/v1/business-hours/{}/schedule?from={from}&to={to}", id(&hours));
        assert_eq!(faults(&http.get(&path).await), fault("/to", "schedule_out_of_range"));
    }

    // Written anew, it is told anew; a calendar without hours is never open, and says so.
    let closed = json!({ "name": "Berlin", "calendar": { "time_zone": "Europe/Berlin" } });
    let closed = http.put(&format!("/v1/business-hours/{}", id(&hours)), closed).await.ok();
    assert_eq!(closed["warnings"][0]["code"], "never_open");
    assert_eq!(open(http, &hours, "2026-10-23T00:00:00Z", "2026-11-02T00:00:00Z").await, []);
}

#[tokio::test]
async fn a_calendar_that_makes_no_sense_is_refused_field_by_field() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let calendar = json!({
        "time_zone": "Mars/Olympus",
        "weekly": {
            "mon": [slot("09:00", "12:00"), slot("11:59", "13:00")], "tue": [slot("9:00", "12:00")],
            "fri": [slot("20:00", "03:00")], "sat": [slot("02:00", "04:00")],
        },
        "special": [{ "date": "2026-02-30" }, { "date": "2026-10-01" }, { "date": "2026-10-01" }],
    });
    let refused = http.post("/v1/business-hours", json!({ "name": "", "calendar": calendar })).await;
    let mut found = faults(&refused);
    found.sort();
    let expected = [
        ("/calendar/special/0/date", "date_invalid"),
        ("/calendar/special/2/date", "special_day_repeated"),
        ("/calendar/time_zone", "time_zone_unknown"),
        ("/calendar/weekly/fri", "slots_overlap"),
        ("/calendar/weekly/mon", "slots_overlap"),
        ("/calendar/weekly/tue/0/from", "time_invalid"),
        ("/name", "text_too_short"),
    ];
    assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    assert_eq!(http.get("/v1/business-hours").await.ok()["data"], json!([]));
}
