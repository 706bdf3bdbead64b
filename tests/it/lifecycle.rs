//! The life of a company after it has signed up: other names, an end with a way back, and an end without one.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tenant::account::Status;
use tenant::closing::{self, Step};
use tests::{PASSWORD, Program, Reply, Shop, Socket, TestApp, authenticator_code};

use crate::second_factor::sets_up;

const SOON: Duration = Duration::from_secs(2);

pub(crate) async fn closes(shop: &Shop) -> Value {
    let slug = shop.owner.http.get("/v1/account").await.ok()["slug"].clone();
    shop.owner.http.post("/v1/account/close", json!({ "password": PASSWORD, "slug": slug })).await.ok()
}

pub(crate) async fn restores(shop: &Shop) -> Reply {
    let who = json!({ "email": shop.owner.email, "password": PASSWORD });
    shop.stranger().post("/v1/account/restore", who).await
}

async fn signs_in(shop: &Shop) -> Reply {
    let who = json!({ "email": shop.owner.email, "password": PASSWORD });
    shop.stranger().post("/v1/auth/login", who).await
}

fn field(reply: &Reply) -> String {
    reply.refused(422, "validation_failed");
    reply.json()["errors"][0]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_name_in_addresses_is_ones_own_and_looks_like_nobody_elses() {
    let app = TestApp::start().await;
    let (tea, coffee) = (app.shop("Tea").await, app.shop("Coffee").await);
    let rename = async |slug: &str| tea.owner.http.patch("/v1/account", json!({ "slug": slug })).await;
    let schema = tea.schema().await;
    rename("jade-garden").await.ok();
    coffee.owner.http.patch("/v1/account", json!({ "slug": "blue-harbour" })).await.ok();
    for (slug, code) in [
        ("blue-harbour", "slug_taken"),
        ("b1ue-harb0ur", "slug_taken"),
        ("blueharbour", "slug_taken"),
        ("Jade-Garden", "slug_invalid"),
        ("jade_garden", "slug_invalid"),
        ("-jade", "slug_invalid"),
        ("jа-garden", "slug_invalid"),
        ("ｊａｄｅ", "slug_invalid"),
        ("x\"; drop schema shared", "slug_invalid"),
        ("", "slug_invalid"),
        ("ja", "slug_invalid"),
        ("admin", "slug_reserved"),
        ("adm1n", "slug_reserved"),
        ("sup-port", "slug_reserved"),
        (&"j".repeat(64), "slug_invalid"),
    ] {
        assert_eq!(field(&rename(slug).await), code, "{slug}");
    }
    rename("jade-garden").await.ok();
    let account = tea.owner.http.get("/v1/account").await.ok();
    assert_eq!(account["slug"], "jade-garden");
    assert_eq!(tea.schema().await, schema, "its rows stay where they are");
    // Two that want the same name at once: one has it.
    let both = tokio::join!(rename("twin-peaks"), async {
        coffee.owner.http.patch("/v1/account", json!({ "slug": "twin-peaks" })).await
    });
    let mut answers = [both.0.status, both.1.status];
    answers.sort_unstable();
    assert_eq!(answers, [200, 422]);
}

#[tokio::test]
async fn an_owner_switches_the_company_off_and_on_again_and_not_what_the_operator_has_switched_off() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(1, "Bo").await;
    let ana = shop.visitor_on(1, "Ana").await;
    ana.writes("Hello").await;
    let ask = |password: &str| json!({ "password": password });
    bo.http.post("/v1/account/suspend", ask(PASSWORD)).await.refused(403, "permission_denied");
    assert_eq!(field(&shop.owner.http.post("/v1/account/suspend", ask("wrong")).await), "password_wrong");
    let resumes = async |email: &str, password: &str| {
        let who = json!({ "email": email, "password": password });
        shop.stranger().post("/v1/account/resume", who).await
    };
    resumes(&shop.owner.email, PASSWORD).await.refused(409, "account_not_resumable");

    let off = shop.owner.http.post("/v1/account/suspend", ask(PASSWORD)).await.ok();
    assert_eq!((&off["account_id"], &off["status"]), (&json!(shop.id), &json!("suspended")));
    assert_eq!(bo.socket().closed_within(SOON).await, Some(4003));
    assert_eq!(ana.socket.closed_within(SOON).await, Some(4003));
    bo.http.get("/v1/conversations").await.refused(403, "account_suspended");
    signs_in(&shop).await.refused(403, "account_suspended");
    shop.stranger().get(&format!("/v1/widget/config?key={}", shop.key())).await.refused(404, "inbox_unknown");
    resumes(&bo.email, PASSWORD).await.refused(409, "account_not_resumable");
    resumes(&shop.owner.email, "a guess of somebody").await.refused(401, "credentials_invalid");
    assert_eq!(resumes(&shop.owner.email, PASSWORD).await.ok()["status"], "active");
    let back = signs_in(&shop).await.ok();
    let owner = shop.stranger().with(back["access_token"].as_str().unwrap());
    let log = owner.get("/v1/audit-log?action=account").await.ok()["data"].clone();
    assert_eq!((&log[0]["action"], &log[1]["action"]), (&json!("account.resumed"), &json!("account.suspended")));
    assert_eq!((&log[0]["actor"]["id"], &log[1]["actor"]["id"]), (&json!(shop.owner.id), &json!(shop.owner.id)));

    // The operator, over the owner, and alone: not the owner's to undo.
    app.clock().advance(TimeDelta::minutes(2));
    let slug = owner.get("/v1/account").await.ok()["slug"].as_str().unwrap().to_owned();
    owner.post("/v1/account/suspend", json!({})).await.ok();
    Program::run(app.settings(), &["tenant", "suspend", &slug]).await;
    resumes(&shop.owner.email, PASSWORD).await.refused(409, "account_not_resumable");
    let (well, _, why) = Program::try_run(app.settings(), &["tenant", "suspend", &slug]).await;
    assert!(!well && why.contains("is suspended"), "{why}");
    Program::run(app.settings(), &["tenant", "resume", &slug]).await;
    Program::run(app.settings(), &["tenant", "suspend", &slug]).await;
    resumes(&shop.owner.email, PASSWORD).await.refused(409, "account_not_resumable");
    Program::run(app.settings(), &["tenant", "resume", &slug]).await;
    app.clock().advance(TimeDelta::seconds(3));
    signs_in(&shop).await.ok();
}

#[tokio::test]
async fn with_a_second_factor_a_password_alone_neither_switches_a_company_on_nor_restores_it() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let (secret, codes) = sets_up(&app, &shop.owner.http).await;
    let (_, codes_of_another) = sets_up(&app, &other.owner.http).await;
    let asks = async |what: &str, who: &Shop, answer: Option<(&Value, &str)>| {
        let mut ask = json!({ "email": who.owner.email, "password": PASSWORD });
        if let Some((challenge, code)) = answer {
            ask["second_factor"] = json!({ "challenge": challenge["challenge"], "code": code });
        }
        shop.stranger().post(&format!("/v1/account/{what}"), ask).await
    };
    let asked = async |what: &str, who: &Shop| {
        let reply = asks(what, who, None).await;
        assert_eq!(reply.status, 202, "{}", reply.text);
        reply.json()
    };
    shop.owner.http.post("/v1/account/suspend", json!({})).await.ok();

    let challenge = asked("resume", &shop).await;
    assert_eq!(challenge["factors"], json!({ "totp": true, "passkey": false, "recovery_code": true }));
    signs_in(&shop).await.refused(403, "account_suspended");
    asks("resume", &shop, Some((&challenge, "abcd-efgh-jkmn"))).await.refused(401, "code_invalid");
    // What somebody else has proven of themselves.
    let theirs = asked("resume", &other).await;
    asks("resume", &shop, Some((&theirs, codes_of_another[0].as_str()))).await.refused(401, "challenge_over");
    signs_in(&shop).await.refused(403, "account_suspended");
    let right = Some((&challenge, codes[0].as_str()));
    assert_eq!(asks("resume", &shop, right).await.ok()["status"], "active");

    // The challenge was for this, and for nothing else.
    let challenge = asked("resume", &shop).await;
    let answer = json!({ "challenge": challenge["challenge"], "code": codes[1] });
    shop.stranger().post("/v1/auth/login/second-factor", answer).await.refused(401, "challenge_over");

    app.clock().advance(TimeDelta::minutes(2));
    closes(&shop).await;
    let challenge = asked("restore", &shop).await;
    signs_in(&shop).await.refused(403, "account_closed");
    let code = authenticator_code(&secret, app.clock().now());
    asks("restore", &shop, Some((&challenge, code.as_str()))).await.ok();
    assert_eq!(signs_in(&shop).await.status, 202, "it is open, and asks as ever");
}

#[tokio::test]
async fn a_closed_company_is_gone_for_everybody_and_comes_back_whole() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(1, "Bo").await;
    let ana = shop.visitor_on(1, "Ana").await;
    ana.writes("Hello").await;
    bo.sees(&ana.chat(), "Hello").await;
    let slug = shop.owner.http.get("/v1/account").await.ok()["slug"].clone();
    let ask = |password: &str, slug: &Value| json!({ "password": password, "slug": slug });
    bo.http.post("/v1/account/close", ask(PASSWORD, &slug)).await.refused(403, "permission_denied");
    assert_eq!(field(&shop.owner.http.post("/v1/account/close", ask("wrong", &slug)).await), "password_wrong");
    assert_eq!(field(&shop.owner.http.post("/v1/account/close", ask(PASSWORD, &json!("tea"))).await), "slug_differs");

    let closed = closes(&shop).await;
    let letter = app.mail().letter(&shop.owner.email, "closed").await;
    assert!(letter.text.contains(&closed["restorable_until"].as_str().unwrap()[..10]));
    assert_eq!(bo.socket().closed_within(SOON).await, Some(4003));
    assert_eq!(ana.socket.closed_within(SOON).await, Some(4003));
    shop.owner.http.get("/v1/account").await.refused(403, "account_closed");
    bo.http.get("/v1/conversations").await.refused(403, "account_closed");
    ana.http.get("/v1/widget/queue").await.refused(403, "account_closed");
    signs_in(&shop).await.refused(403, "account_closed");
    // The website is told that there is no chat, not why.
    shop.stranger().get(&format!("/v1/widget/config?key={}", shop.key())).await.refused(404, "inbox_unknown");
    let other = app.shop("Coffee").await;
    let stranger = json!({ "email": other.owner.email, "password": PASSWORD });
    shop.stranger().post("/v1/account/restore", stranger).await.refused(409, "account_not_restorable");
    let guess = json!({ "email": shop.owner.email, "password": "a guess of somebody" });
    shop.stranger().post("/v1/account/restore", guess).await.refused(401, "credentials_invalid");
    let not_owner = json!({ "email": bo.email, "password": PASSWORD });
    shop.stranger().post("/v1/account/restore", not_owner).await.refused(409, "account_not_restorable");

    app.clock().advance(TimeDelta::days(29));
    assert_eq!(closing::sweep(&app.node(0).world).await.unwrap(), 0);
    restores(&shop).await.ok();
    let back = signs_in(&shop).await.ok();
    let owner = shop.stranger().with(back["access_token"].as_str().unwrap());
    let thread = owner.get(&format!("/v1/conversations/{}/messages", ana.chat())).await.ok();
    assert!(thread["data"].to_string().contains("Hello"), "nothing is lost");
    let audit = owner.get("/v1/audit-log").await.ok().to_string();
    assert!(audit.contains("account.closed") && audit.contains("account.restored"));
    restores(&shop).await.refused(409, "account_not_restorable");
    let again = json!({ "key": shop.key(), "secret": ana.secret });
    let session = shop.stranger().post("/v1/widget/session", again).await.ok();
    Socket::open(&app.base(0), shop.guard(), session["token"].as_str().unwrap(), json!({})).await;
}

#[tokio::test]
async fn a_crash_between_any_two_steps_of_the_end_is_made_good() {
    for crash_after in 0..=4 {
        let app = TestApp::start().await;
        let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
        let ana = shop.visitor("Ana").await;
        ana.writes("Hello").await;
        let bo = shop.colleague("Bo", tenant::Role::Agent).await;
        let (schema, id) = (shop.schema().await, shop.tenant().await.id());
        let world = &app.node(0).world;
        // Somebody who works for both stays somebody.
        let both = json!({ "company": shop.says("Second"), "email": bo.email, "password": PASSWORD });
        shop.stranger().post("/v1/signup", both).await.ok();
        // What we wrote down of it ourselves when it let us in.
        app.sql(&format!(
            "with g as (insert into shared.support_grant (id, account_id, granted_by, changes, granted_at, expires_at) \
             select gen_random_uuid(), '{0}', id, false, now(), now() from shared.membership where account_id = '{0}' limit 1 returning id) \
             insert into shared.support_visit (id, grant_id, account_id, secret_hash, operator, reason, changes, begun_at, expires_at) \
             select gen_random_uuid(), id, '{0}', 'none', 'us', 'They asked about {1}', false, now(), now() from g",
            id.uuid(),
            shop.canary
        ))
        .await;
        let written = shop.count("select count(*) from {}.audit").await + 1;
        closes(&shop).await;
        app.mail().letter(&shop.owner.email, "closed").await;
        app.clock().advance(TimeDelta::days(31));
        let mut taken = Vec::new();
        for _ in 0..crash_after {
            taken.push(closing::advance(world, id).await.unwrap());
        }
        restores(&shop).await.refused(
            if crash_after == 4 { 401 } else { 409 },
            if crash_after == 4 { "credentials_invalid" } else { "account_not_restorable" },
        );
        closing::sweep(world).await.unwrap();
        assert_eq!(closing::advance(world, id).await.unwrap(), None);
        let all = [Step::Begun, Step::AuditKept, Step::SchemaDropped, Step::Forgotten];
        assert_eq!(taken, all.iter().take(crash_after).copied().map(Some).collect::<Vec<_>>());

        let gone = format!("select count(*) from pg_namespace where nspname = '{schema}'");
        assert_eq!(app.count(&gone).await, 0, "after a crash at {crash_after}");
        // Companies of the tests are copies of one template, whose roles stay with it.
        let role =
            "select count(*) from pg_roles r where not exists (select 1 from pg_shdepend d where d.refobjid = r.oid)";
        assert_eq!(app.count(&format!("{role} and rolname = '{schema}'")).await, 0);
        assert_eq!(
            app.count(&format!("select count(*) from shared.schema_level where schema_name = '{schema}'")).await,
            0
        );
        let kept = format!("select count(*) from shared.kept_audit where account_id = '{}'", id.uuid());
        assert_eq!(app.count(&kept).await, written, "the operator keeps the log, once");
        let account = world.directory.load(&world.database, id).await.unwrap().unwrap();
        assert_eq!((account.status, account.name.as_str()), (Status::Deleted, ""));
        // No table of the directory knows a word of theirs.
        // But for the name of somebody who is somebody elsewhere, and of their company there.
        for (word, known) in [(&shop.canary, 2), (&shop.owner.email, 0), (&bo.email, 1)] {
            assert_eq!(app.knows(word).await, known, "{word}");
        }
        signs_in(&shop).await.refused(401, "credentials_invalid");
        // The address and the name are free, and the other company has noticed nothing.
        let again = json!({ "company": shop.says("Tea"), "email": shop.owner.email, "password": PASSWORD });
        assert_eq!(shop.stranger().post("/v1/signup", again).await.status, 201);
        other.stranger().get(&format!("/v1/widget/config?key={}", other.key())).await.ok();
    }
}

#[tokio::test]
async fn who_has_another_company_sees_there_that_one_is_closed() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let second = json!({ "company": shop.says("Second"), "email": shop.owner.email, "password": PASSWORD });
    let second = shop.stranger().post("/v1/signup", second).await.ok();
    closes(&shop).await;
    let me = shop.stranger().with(second["access_token"].as_str().unwrap()).get("/v1/auth/me").await.ok();
    let accounts = me["accounts"].as_array().unwrap();
    let closed = accounts.iter().find(|account| account["id"] == shop.id.as_str()).unwrap();
    assert_eq!(closed["status"], "closed");
    assert!(closed["delete_after"].is_string());
    // Signing in finds the one that is open.
    let session = signs_in(&shop).await.ok();
    assert_eq!(session["me"]["account"]["id"], second["me"]["account"]["id"]);
    let which = json!({ "email": shop.owner.email, "password": PASSWORD, "account_id": shop.id });
    shop.stranger().post("/v1/account/restore", which).await.ok();
    shop.owner.http.get("/v1/account").await.ok();
}
