//! The audit log: found again, taken along, and proof against whoever would like it to say something else.

use serde_json::{Value, json};
use tenant::Role;
use tests::{Http, PASSWORD, Shop, TestApp, eventually};

async fn entries(http: &Http, query: &str) -> Vec<Value> {
    http.get(&format!("/v1/audit-log?{query}")).await.ok()["data"].as_array().unwrap().clone()
}

async fn actions(http: &Http, query: &str) -> Vec<String> {
    entries(http, query).await.iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

async fn inbox(shop: &Shop, http: &Http, name: &str) -> String {
    let made = http.post("/v1/inboxes", json!({ "name": shop.says(name), "settings": {} })).await.ok();
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_log_is_searched_by_who_what_whom_when_and_any_word() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let ada = shop.colleague("Ada", Role::Admin).await;
    let door = inbox(&shop, &ada.http, "Door").await;
    let before = app.clock().now();
    app.clock().advance(chrono::TimeDelta::minutes(1));
    http.patch("/v1/account", json!({ "locale": "zh-CN" })).await.ok();
    http.patch(&format!("/v1/inboxes/{door}"), json!({ "name": shop.says("Gate 100%") })).await.ok();

    assert_eq!(actions(http, &format!("actor_id={}", ada.id)).await, ["inbox.created", "session.began"]);
    assert_eq!(actions(http, "action=acc").await, Vec::<String>::new(), "a noun is whole");
    assert_eq!(actions(http, "action=account.updated").await, ["account.updated"]);
    assert_eq!(actions(http, "action=inbox").await.len(), 2, "a noun stands for all that was done to it");
    assert_eq!(actions(http, &format!("target={door}")).await, ["inbox.updated", "inbox.created"]);
    let time = before.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    assert_eq!(actions(http, &format!("from={time}")).await, ["inbox.updated", "account.updated"]);
    assert!(!actions(http, &format!("to={time}")).await.contains(&"account.updated".to_owned()));
    assert_eq!(actions(http, "query=gate%20100%25").await, ["inbox.updated"], "capitals do not matter");
    assert_eq!(actions(http, "query=gate_100").await, Vec::<String>::new(), "a stranger's wildcard is a letter");

    let mut walked = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = http.get(&format!("/v1/audit-log?limit=1{cursor}")).await.ok();
        walked.extend(page["data"].as_array().unwrap().iter().map(|entry| entry["number"].as_i64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let newest = *walked.first().unwrap();
    assert_eq!(walked, (1..=newest).rev().collect::<Vec<_>>(), "every entry once, numbered without gaps");
}

#[tokio::test]
async fn the_log_is_taken_along_as_a_table_that_computes_nothing_or_as_lines() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let formula = format!("=cmd|' /C calc'!A0 {}", shop.canary);
    http.post("/v1/inboxes", json!({ "name": formula, "settings": {} })).await.ok();
    let key = json!({ "name": "+1;\"Sum\"", "scopes": ["audit.read"] });
    let made = http.post("/v1/api-keys", key).await.ok();
    let program = shop.stranger().with(made["secret"].as_str().unwrap());
    program.get("/v1/audit-log/export?format=ndjson").await;

    let table = http.get("/v1/audit-log/export?format=csv").await;
    assert_eq!((table.status, table.header("content-type")), (200, Some("text/csv; charset=utf-8")));
    assert!(table.header("content-disposition").unwrap().starts_with("attachment; filename=\"audit-log-"));
    assert!(table.text.starts_with("\u{feff}number,at,actor_kind,"));
    assert!(!table.text.lines().any(|line| line.split(',').any(|cell| cell.trim_matches('"').starts_with(['=', '@']))));
    assert!(table.text.contains("\"'+1;"), "a name that looks like a formula is a text: {}", table.text);

    let lines = http.get("/v1/audit-log/export?format=ndjson&action=inbox").await;
    let lines: Vec<Value> = lines.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, entries(http, "action=inbox&limit=100").await);
    assert_eq!(lines[0]["detail"]["name"], formula.as_str(), "for programs, everything is as it was");
    assert_eq!(actions(http, "action=audit").await, ["audit.exported"; 3], "taking it is a deed too");

    http.get("/v1/audit-log/export?format=xlsx").await.refused(422, "query_invalid");
    let agent = shop.colleague("Bo", Role::Agent).await;
    agent.http.get("/v1/audit-log/export?format=csv").await.refused(403, "permission_denied");
}

#[tokio::test]
async fn what_was_refused_is_written_down_once_a_minute() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.colleague("Bo", Role::Agent).await;
    for _ in 0..5 {
        bo.http.get("/v1/audit-log").await.refused(403, "permission_denied");
        let wrong = json!({ "email": bo.email, "password": "not the one" });
        shop.stranger().post("/v1/auth/login", wrong).await.refused(401, "credentials_invalid");
    }
    let http = &shop.owner.http;
    let denied =
        eventually("the refusal is in the log", async || entries(http, "action=access.denied").await.first().cloned())
            .await;
    assert_eq!((&denied["actor"]["id"], &denied["detail"]), (&json!(bo.id), &json!({ "permission": "audit.read" })));
    let failed =
        eventually("the failed login too", async || entries(http, "action=login.failed").await.first().cloned()).await;
    assert_eq!(failed["target"], bo.id.as_str());
    assert!(!failed.to_string().contains("not the one") && !failed.to_string().contains(&bo.email), "{failed}");
    assert_eq!(actions(http, "action=access").await.len() + actions(http, "action=login").await.len(), 2);

    app.clock().advance(chrono::TimeDelta::minutes(2));
    shop.stranger().post("/v1/auth/login", json!({ "email": bo.email, "password": PASSWORD })).await.ok();
    shop.stranger().post("/v1/auth/login", json!({ "email": bo.email, "password": "guess" })).await;
    eventually("the next minute's guess", async || {
        (actions(http, "action=login.failed").await.len() == 2).then_some(())
    })
    .await;
}

async fn verdict(shop: &Shop) -> Value {
    shop.owner.http.get("/v1/audit-log/integrity").await.ok()
}

#[tokio::test]
async fn a_row_that_was_tampered_with_is_found_whatever_was_done_to_it() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    for locale in ["en", "zh-CN", "en", "zh-CN"] {
        shop.owner.http.patch("/v1/account", json!({ "locale": locale })).await.ok();
    }
    let whole = verdict(&shop).await;
    assert_eq!((&whole["intact"], &whole["broken_at"]), (&json!(true), &Value::Null), "{whole}");
    assert_eq!(whole["checked"], whole["newest"]);
    let schema = shop.schema().await;

    // The company's own role cannot rewrite it, whatever statement slips into its transactions.
    for statement in ["update audit set detail = '{}'", "delete from audit", "truncate audit"] {
        let tx = shop.tenant().await.begin().await.unwrap();
        let refused = sea_orm::ConnectionTrait::execute_unprepared(&*tx, statement).await;
        assert!(refused.unwrap_err().to_string().contains("permission denied"), "{statement}");
    }

    let row = format!("{schema}.audit where number = 3");
    for (tampering, mending, at) in [
        ("update {a} set actor_name = 'Somebody else' where number = 3", true, 3),
        ("update {a} set action = 'inbox.updated' where number = 3", true, 3),
        ("update {a} set detail = detail || '{\"name\": \"Other\"}' where number = 3", true, 3),
        ("update {a} set at = at - interval '1 hour' where number = 3", true, 3),
        ("update {a} set target = null where number = 3", true, 3),
        ("delete from {a} where number = 3", true, 3),
        ("update {a} set hash = sha256('x') where number = 3", true, 3),
        ("delete from {a} where number = (select max(number) from {a})", false, 0),
    ] {
        app.sql(&format!("create table public.kept as select * from {schema}.audit")).await;
        app.sql(&tampering.replace("{a}", &format!("{schema}.audit"))).await;
        let found = verdict(&shop).await;
        assert_eq!(found["intact"], false, "{tampering}");
        if mending {
            assert_eq!(found["broken_at"], at, "{tampering}");
        } else {
            assert_eq!(found["broken_at"], whole["newest"], "{tampering}");
        }
        app.sql(&format!(
            "delete from {schema}.audit; insert into {schema}.audit select * from public.kept; drop table public.kept"
        ))
        .await;
        assert_eq!(verdict(&shop).await, whole, "mended: {row}");
    }
}
