//! Business hours as they are written down, when they are open, and who has what comes then.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};
use tests::{Http, Shop, TestApp, Visitor};

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

/// Open from nine to six every day but the special ones.
async fn shop_hours(http: &Http, name: &str, time_zone: &str, special: Value) -> Value {
    let every =
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|day| (day.to_owned(), json!([slot("09:00", "18:00")])));
    let weekly = Value::Object(every.into_iter().collect());
    let calendar = json!({ "time_zone": time_zone, "weekly": weekly, "special": special });
    made(http, "/v1/business-hours", json!({ "name": name, "calendar": calendar })).await
}

/// By day these, by night those, with less haste. Gives the rules' ids.
async fn day_and_night(http: &Http, day: &Value, night: &Value) -> [Value; 2] {
    let mut rules = Vec::new();
    for (name, open, effects) in [
        ("By day", true, json!({ "team_id": day["id"] })),
        ("By night", false, json!({ "team_id": night["id"], "priority": "low" })),
    ] {
        let conditions = json!([{ "kind": "hours", "open": open }]);
        let body = json!({ "name": name, "active": true, "conditions": conditions, "effects": effects });
        rules.push(made(http, "/v1/routing-rules", body).await["id"].clone());
    }
    [rules.remove(0), rules.remove(0)]
}

/// The clock goes on until it is this hour of this day in Shanghai, where it never leaps. Everybody comes in again.
async fn it_becomes(shop: &mut Shop, visitor: &mut Visitor, day: NaiveDate, hour: u32) {
    let at = day.and_hms_opt(hour, 0, 0).unwrap().and_utc() - TimeDelta::hours(8);
    let clock = shop.app.clock();
    clock.advance(at - clock.now());
    shop.owner.signs_in().await.ok();
    visitor.reloads().await;
}

#[tokio::test]
async fn the_same_words_go_to_the_day_team_at_noon_and_to_the_night_team_at_night_and_on_a_holiday() {
    let app = TestApp::start().await;
    let mut shop = app.shop("Tea").await;
    let tomorrow = (app.clock().now() + TimeDelta::hours(8) + TimeDelta::days(1)).date_naive();
    let holiday = tomorrow + TimeDelta::days(1);
    let special = json!([{ "date": holiday, "name": "National Day", "slots": [] }]);
    let hours = shop_hours(&shop.owner.http, "Shanghai", "Asia/Shanghai", special).await;
    let inbox = format!("/v1/inboxes/{}", id(&shop.inbox));
    shop.owner.http.patch(&inbox, json!({ "business_hours_id": hours["id"] })).await.ok();
    let day = made(&shop.owner.http, "/v1/teams", json!({ "name": "Day" })).await;
    let night = made(&shop.owner.http, "/v1/teams", json!({ "name": "Night" })).await;
    day_and_night(&shop.owner.http, &day, &night).await;
    let mut ana = shop.visitor("Ana").await;

    for (date, hour, team, priority) in
        [(tomorrow, 12, &day, Value::Null), (tomorrow, 21, &night, json!("low")), (holiday, 12, &night, json!("low"))]
    {
        it_becomes(&mut shop, &mut ana, date, hour).await;
        ana.writes("My teapot leaks").await;
        let chat = shop.owner.reads(&ana.chat()).await;
        assert_eq!((&chat["team_id"], &chat["priority"]), (&team["id"], &priority), "{date} at {hour}");
        shop.owner.resolves(&ana.chat()).await;
    }

    // What came at noon is passed on at night: it was day when it came, which its summary still says.
    let workday = holiday + TimeDelta::days(1);
    it_becomes(&mut shop, &mut ana, workday, 12).await;
    ana.writes("My teapot leaks").await;
    let chat = ana.chat();
    assert_eq!(shop.owner.reads(&chat).await["team_id"], day["id"]);
    it_becomes(&mut shop, &mut ana, workday, 21).await;
    let repairs = made(&shop.owner.http, "/v1/teams", json!({ "name": "Repairs" })).await;
    let to = json!({ "to": { "kind": "team", "team_id": repairs["id"] } });
    shop.owner.http.post(&format!("/v1/conversations/{chat}/transfer"), to).await.ok();
    assert_eq!(shop.owner.reads(&chat).await["team_id"], repairs["id"]);
    let thread = shop.owner.thread(&chat).await;
    let passed = thread.iter().find(|message| message["content"]["kind"] == "transferred").unwrap();
    assert_eq!(passed["content"]["summary"]["rules"], json!(["By day"]));
}

#[tokio::test]
async fn a_rule_that_goes_by_hours_is_tried_for_any_moment_and_says_when_there_are_none() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let day = made(http, "/v1/teams", json!({ "name": "Day" })).await;
    let night = made(http, "/v1/teams", json!({ "name": "Night" })).await;
    let [by_day, by_night] = day_and_night(http, &day, &night).await;
    let path = format!("/v1/routing-rules/{}", by_night.as_str().unwrap());
    let warnings = async || {
        let rule = http.get(&path).await.ok();
        let warnings = rule["warnings"].as_array().unwrap().iter();
        warnings.map(|warning| json!([warning["code"], warning["pointer"]])).collect::<Vec<_>>()
    };
    let tries = async |body: Value| http.post("/v1/routing-rules/test", body).await.ok()["rule_ids"].clone();
    let at = |at: &str| json!({ "inbox_id": shop.inbox["id"], "at": at });
    let nobody_there = json!(["team_empty", "/effects/team_id"]);
    assert_eq!(warnings().await, [nobody_there.clone(), json!(["no_hours", "/conditions/0"])]);
    assert_eq!(tries(at("2027-03-27T03:00:00Z")).await, json!([by_day]), "without hours it is always open");

    let hours = shop_hours(http, "Berlin", "Europe/Berlin", json!([])).await;
    let inbox = format!("/v1/inboxes/{}", id(&shop.inbox));
    http.patch(&inbox, json!({ "business_hours_id": hours["id"] })).await.ok();
    assert_eq!(warnings().await, [nobody_there]);

    // In the night to 28 March 2027 the clock leaps ahead: the same minutes of UTC are an hour later on the wall.
    for (moment, rule) in [
        ("2027-03-27T07:30:00Z", &by_night),
        ("2027-03-27T16:30:00Z", &by_day),
        ("2027-03-28T07:30:00Z", &by_day),
        ("2027-03-28T16:30:00Z", &by_night),
    ] {
        assert_eq!(tries(at(moment)).await, json!([rule]), "{moment}");
    }

    // The hours of the team that was chosen come before the inbox's own, and so do those of the inbox's team.
    let late = made(http, "/v1/business-hours", late_hours()).await;
    let late = made(http, "/v1/teams", json!({ "name": "Late", "business_hours_id": late["id"] })).await;
    let chosen = json!({
        "inbox_id": shop.inbox["id"], "at": "2027-03-28T16:30:00Z", "start": { "team_id": late["id"] },
    });
    assert_eq!(tries(chosen).await, json!([by_day]));
    http.patch(&inbox, json!({ "team_id": late["id"] })).await.ok();
    assert_eq!(tries(at("2027-03-28T16:30:00Z")).await, json!([by_day]));

    for wrong in [json!({ "kind": "hours" }), json!({ "kind": "hours", "open": "no" })] {
        let body = json!({ "name": "Bad", "active": true, "conditions": [wrong], "effects": { "vip": true } });
        http.post("/v1/routing-rules", body).await.refused(422, "body_fields_invalid");
    }
}

/// Open on Sunday evenings.
fn late_hours() -> Value {
    let calendar = json!({ "time_zone": "Europe/Berlin", "weekly": { "sun": [slot("18:00", "20:00")] } });
    json!({ "name": "Late", "calendar": calendar })
}
