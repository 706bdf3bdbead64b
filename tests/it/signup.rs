//! A company signs up by itself: atomic, repeatable, and never another's.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use tenant::signup;
use tests::{PASSWORD, Reply, TestApp, eventually, fresh};

fn ask(company: &str, email: &str) -> Value {
    json!({ "company": company, "email": email, "password": PASSWORD })
}

fn address() -> String {
    format!("{}@mail.test", fresh().simple())
}

async fn sign_up(app: &TestApp, ask: Value, key: &str) -> Reply {
    app.stranger().send("POST", "/v1/signup", Some(ask), &[("idempotency-key", key)]).await
}

#[tokio::test]
async fn a_signup_repeated_with_its_key_finds_the_same_company() {
    let app = TestApp::start().await;
    let (email, key) = (address(), fresh().to_string());
    let first = sign_up(&app, ask("Tea", &email), &key).await.ok();
    let again = sign_up(&app, ask("Tea", &email), &key).await.ok();
    assert_eq!(again["me"]["account"], first["me"]["account"]);
    assert_eq!(again["me"]["user"]["id"], first["me"]["user"]["id"]);
    sign_up(&app, ask("Coffee", &email), &key).await.refused(409, "idempotency_key_reused");
    let other_password = json!({ "company": "Tea", "email": email, "password": "quite another one" });
    sign_up(&app, other_password.clone(), &key).await.refused(409, "idempotency_key_reused");
    sign_up(&app, other_password, &fresh().to_string()).await.refused(409, "email_taken");
    assert_eq!(app.count("select count(*) from shared.account").await, 1);
    assert_eq!(app.count("select count(*) from shared.login").await, 1);
}

#[tokio::test]
async fn fifty_at_once_with_one_key_are_one_company() {
    let app = TestApp::start().await;
    let (email, key) = (address(), fresh().to_string());
    let replies = join_all((0..50).map(|_| sign_up(&app, ask("Tea", &email), &key))).await;
    let mut seen = Vec::new();
    for reply in &replies {
        match reply.status {
            201 => seen.push(reply.json()["me"]["account"]["id"].clone()),
            429 => reply.refused(429, "rate_limited"),
            _ => reply.refused(503, "temporarily_unavailable"),
        }
    }
    assert!(!seen.is_empty(), "somebody got through");
    seen.dedup();
    assert_eq!(seen.len(), 1, "and everybody who did is in the same company");
    assert_eq!(app.count("select count(*) from shared.account").await, 1);
    assert_eq!(app.count("select count(*) from shared.membership").await, 1);
    // A letter that has just gone out is a job still: they are counted when nothing waits any more.
    app.mail().letter(&email, "Verify").await;
    let waits = "select count(*) from shared.job where kind = 'send_mail'";
    eventually("no letter waits any more", async || (app.count(waits).await == 0).then_some(())).await;
    assert_eq!(app.mail().all().len(), 1, "one letter");
}

#[tokio::test]
async fn many_at_once_with_one_name_are_as_many_companies_with_as_many_addresses() {
    let app = TestApp::start().await;
    let one = async || {
        let began = Instant::now();
        // Beyond what the server takes at once it says when to come again, as a browser would.
        let (email, key) = (address(), fresh().to_string());
        for _ in 0..20 {
            let reply = sign_up(&app, ask("Blue Teapot", &email), &key).await;
            if reply.status != 503 {
                return (reply, began.elapsed());
            }
            let seconds = reply.header("retry-after").unwrap().parse().unwrap();
            app.clock().pause(Duration::from_secs(seconds)).await;
        }
        panic!("no signup in twenty tries");
    };
    let done = join_all((0..24).map(|_| one())).await;
    let mut slugs: Vec<String> = Vec::new();
    for (reply, _) in &done {
        slugs.push(reply.ok()["me"]["account"]["slug"].as_str().unwrap().to_owned());
    }
    let mut took: Vec<Duration> = done.iter().map(|(_, took)| *took).collect();
    took.sort();
    println!("24 signups at once: p50 {:?}, p95 {:?}", took[12], took[22]);
    slugs.sort();
    slugs.dedup();
    assert_eq!(slugs.len(), 24);
    assert!(slugs.iter().all(|slug| slug.starts_with("blue-teapot")), "{slugs:?}");
    assert_eq!(app.count("select count(distinct schema_name) from shared.account where status = 'active'").await, 24);
    assert_eq!(
        app.count("select count(*) from shared.account a join shared.spare_schema s using (schema_name)").await,
        0
    );
}

#[tokio::test]
async fn fifty_at_once_with_one_address_are_one_login() {
    let app = TestApp::start().await;
    let email = address();
    let replies = join_all((0..50).map(|number| {
        let (app, email) = (&app, &email);
        async move { sign_up(app, ask(&format!("Company {number}"), email), &fresh().to_string()).await }
    }))
    .await;
    for reply in &replies {
        assert!([201, 409, 429, 503].contains(&reply.status), "{}", reply.text);
    }
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    assert!(made >= 1, "somebody got through");
    assert_eq!(app.count("select count(*) from shared.login").await, 1);
    let accounts = app.count("select count(*) from shared.account where status = 'active'").await;
    assert!(accounts >= i64::try_from(made).unwrap());
    assert_eq!(app.count("select count(*) from shared.account a where not exists (select from shared.membership m where m.account_id = a.id)").await, 0);
}

#[tokio::test]
async fn a_signup_cut_short_by_a_crash_is_finished_by_the_sweep() {
    let app = TestApp::start().await;
    let world = &app.node(0).world;
    let (email, key) = (address(), fresh());
    let request = signup::Request {
        company: "Tea".into(),
        email: email.clone(),
        password: PASSWORD.into(),
        name: None,
        locale: "en".into(),
        setup: None,
    };
    let reserved = signup::reserve(world, key, request.clone()).await.unwrap();

    let login = json!({ "email": email, "password": PASSWORD });
    app.stranger().post("/v1/auth/login", login.clone()).await.refused(403, "account_suspended");
    assert_eq!(api::onboarding::sweep(world).await.unwrap(), 0, "what is at work is left alone");
    app.clock().advance(TimeDelta::seconds(21));
    assert_eq!(api::onboarding::sweep(world).await.unwrap(), 1);
    assert_eq!(api::onboarding::sweep(world).await.unwrap(), 0);

    let session = app.stranger().post("/v1/auth/login", login).await.ok();
    let http = app.stranger().with(session["access_token"].as_str().unwrap());
    assert_eq!(http.get("/v1/inboxes").await.ok()["data"].as_array().unwrap().len(), 1);
    assert_eq!(http.get("/v1/audit-log?action=account").await.ok()["data"].as_array().unwrap().len(), 1);
    let again = signup::reserve(world, key, request).await.unwrap();
    assert_eq!(again.account_id, reserved.account_id);

    // Cut one step later: furnished, and not yet opened.
    app.sql("update shared.account set status = 'provisioning'").await;
    world.directory.forget(reserved.account_id);
    app.clock().advance(TimeDelta::seconds(21));
    assert_eq!(api::onboarding::sweep(world).await.unwrap(), 1);
    assert_eq!(http.get("/v1/inboxes").await.ok()["data"].as_array().unwrap().len(), 1, "furnished once");
    app.mail().letter(&email, "Verify").await;
}

#[tokio::test]
async fn a_company_gets_no_name_that_could_pass_for_ours_or_anothers() {
    let app = TestApp::start().await;
    for (company, forbidden) in [
        ("Admin", "admin"),
        ("ADMIN", "admin"),
        ("adm1n", "admin"),
        ("\u{ff41}\u{ff44}\u{ff4d}\u{ff49}\u{ff4e}", "admin"),
        ("Àdmin", "admin"),
        ("frontdesk", "frontdesk"),
        ("Front Desk", "front-desk"),
        ("API", "api"),
        ("shared", "shared"),
        ("supp0rt", "support"),
    ] {
        let session = sign_up(&app, ask(company, &address()), &fresh().to_string()).await.ok();
        let slug = session["me"]["account"]["slug"].as_str().unwrap().to_owned();
        assert_ne!(slug, forbidden, "{company}");
        assert_eq!(session["me"]["account"]["name"], company, "the name itself stays as it was written");
        assert!(slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{slug}");
    }
    for company in ["", "   ", "\u{0}", &"x".repeat(81), "a\nb"] {
        sign_up(&app, ask(company, &address()), &fresh().to_string()).await.refused(422, "validation_failed");
    }
    let odd =
        ["\"; drop schema shared cascade; --", "../../etc", "t_01h455vb4pex5vsknk084sn02q", &"长".repeat(80), "😀"];
    for company in odd {
        let session = sign_up(&app, ask(company, &address()), &fresh().to_string()).await.ok();
        let slug = session["me"]["account"]["slug"].as_str().unwrap();
        assert!((3..=40).contains(&slug.len()), "{slug}");
    }
}

#[tokio::test]
async fn weak_passwords_and_bad_addresses_are_named_field_by_field() {
    let app = TestApp::start().await;
    let spoilt = json!({ "company": "", "email": "nobody", "password": "short", "locale": "fr" });
    let reply = app.stranger().post("/v1/signup", spoilt).await;
    reply.refused(422, "validation_failed");
    let mut fields: Vec<String> = reply.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["pointer"].as_str().unwrap().to_owned())
        .collect();
    fields.sort();
    assert_eq!(fields, ["/company", "/email", "/locale", "/password"], "all at once, so that a form can show them");
    for weak in ["password", "12345678", "88888888", "QWERTYUIOP"] {
        let ask = json!({ "company": "Tea", "email": address(), "password": weak });
        let reply = app.stranger().post("/v1/signup", ask).await;
        assert_eq!(reply.json()["errors"][0]["code"], "password_weak", "{weak}: {}", reply.text);
    }
    assert_eq!(app.count("select count(*) from shared.account").await, 0);
}
