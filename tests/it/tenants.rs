//! `frontdesk tenant …` and `frontdesk doctor`: operators look after companies, and faults that are planted are found.

use std::time::Duration;

use serde_json::Value;
use tests::{Program, Shop, TestApp, eventually};

async fn slug(shop: &Shop) -> String {
    shop.owner.http.get("/v1/account").await.ok()["slug"].as_str().unwrap().to_owned()
}

async fn told(app: &TestApp, arguments: &[&str]) -> Value {
    let said = Program::run(app.settings(), arguments).await;
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {said}"))
}

#[tokio::test]
async fn an_operator_lists_companies_looks_at_one_and_takes_it_through_its_life() {
    let app = TestApp::start_nodes(2).await;
    let (tea, coffee) = (app.shop("Tea").await, app.shop("Coffee").await);
    let name = slug(&tea).await;
    let bo = tea.agent_on(1, "Bo").await;
    let neighbour = coffee.agent_on(1, "Cy").await;

    let list = told(&app, &["tenant", "list", "--json"]).await;
    let mine = list.as_array().unwrap().iter().find(|company| company["slug"] == name.as_str()).unwrap();
    assert_eq!((&mine["status"], &mine["members"], &mine["database"]), (&"active".into(), &2.into(), &"home".into()));
    let shown = told(&app, &["tenant", "show", &name, "--json"]).await;
    assert_eq!(shown["id"], tea.id.as_str());
    assert_eq!(shown["owners"][0], tea.owner.email.as_str());
    assert!(shown["tables"].as_i64().unwrap() > 20 && shown["bytes"].as_i64().unwrap() > 100_000, "{shown}");
    assert!(Program::run(app.settings(), &["tenant", "show", &tea.id]).await.contains(&name), "found by its id too");

    let done = told(&app, &["tenant", "suspend", &name, "--reason", "a test", "--json"]).await;
    assert_eq!((&done["status"], &done["told"]), (&"suspended".into(), &true.into()));
    assert_eq!(bo.socket().closed_within(Duration::from_secs(2)).await, Some(4003));
    bo.http.get("/v1/auth/me").await.refused(403, "account_suspended");
    let (well, _, why) = Program::try_run(app.settings(), &["tenant", "suspend", &name]).await;
    assert!(!well && why.contains("is suspended, so this cannot be done"), "{why}");
    assert_eq!(told(&app, &["tenant", "list", "--status", "suspended", "--json"]).await.as_array().unwrap().len(), 1);

    for (verb, status) in [("resume", 200), ("close", 403), ("restore", 200)] {
        Program::run(app.settings(), &["tenant", verb, &name]).await;
        eventually(verb, async || (bo.http.get("/v1/auth/me").await.status == status).then_some(())).await;
    }
    let log = tea.owner.http.get("/v1/audit-log").await.ok();
    let actions: Vec<&str> =
        log["data"].as_array().unwrap().iter().take(4).map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["account.restored", "account.closed", "account.resumed", "account.suspended"]);
    assert_eq!(log["data"][3]["detail"]["reason"], "a test");
    neighbour.socket().catch_up().await;
    let (well, _, why) = Program::try_run(app.settings(), &["tenant", "show", "nobody-here"]).await;
    assert!(!well && why.contains("no company is called nobody-here"), "{why}");
}

/// What a doctor's report says of each code that is not well.
async fn findings(app: &TestApp) -> (bool, Vec<(String, String)>) {
    let (well, said, why) = Program::try_run(app.settings(), &["doctor", "--json"]).await;
    let report: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said} {why}"));
    assert_eq!(report["healthy"], well, "the exit code says the same");
    let bad = report["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "ok");
    let all = bad.map(|finding| {
        assert!(finding["advice"].as_str().is_some_and(|advice| advice.len() > 10), "{finding}");
        (finding["code"].as_str().unwrap().to_owned(), finding["seen"].as_str().unwrap().to_owned())
    });
    (well, all.collect())
}

#[tokio::test]
async fn the_doctor_finds_every_fault_that_is_planted_and_none_before() {
    let app = TestApp::start().await;
    let (tea, coffee) = (app.shop("Tea").await, app.shop("Coffee").await);
    let (a, b) = (tea.schema().await, coffee.schema().await);
    let spare = "t_0000000000000000000000fa11";
    let now = app.clock().now();
    let (well, before) = findings(&app).await;
    assert!(well, "{before:?}");

    let planted = [
        ("tenant_schema_open", format!("grant usage on schema {a} to public"), format!("revoke usage on schema {a} from public")),
        ("login_reaches_tenants", format!("grant usage on schema {a} to frontdesk"), format!("revoke usage on schema {a} from frontdesk")),
        ("tenant_schema_open", format!("grant select on {a}.message to {b}"), format!("revoke select on {a}.message from {b}")),
        ("tenant_role_loose", format!("alter role {a} login"), format!("alter role {a} nologin")),
        ("tenant_role_shared", format!("grant {a} to {b}"), format!("revoke {a} from {b}")),
        (
            "security_definer",
            "create function shared.lend() returns int language sql security definer as 'select 1'".into(),
            "drop function shared.lend()".into(),
        ),
        ("public_schema_open", "grant create on schema public to public".into(), "revoke create on schema public from public".into()),
        (
            "schema_behind",
            format!("update shared.schema_level set version = 1 where schema_name = '{a}'"),
            format!("update shared.schema_level set version = {} where schema_name = '{a}'", tenant::migrate::latest_tenant()),
        ),
        (
            "level_unknown",
            format!("update shared.schema_level set schema_name = 'gone' where schema_name = '{a}'"),
            format!("update shared.schema_level set schema_name = '{a}' where schema_name = 'gone'"),
        ),
        ("schema_missing", format!("alter schema {a} rename to t_hidden"), format!("alter schema t_hidden rename to {a}")),
        ("schema_orphan", format!("create schema {spare}"), format!("drop schema {spare}")),
        (
            "schema_given_twice",
            format!("insert into shared.spare_schema values ('{a}', now())"),
            format!("delete from shared.spare_schema where schema_name = '{a}'"),
        ),
        (
            "account_half_made",
            format!("update shared.account set status = 'provisioning', created_at = now() - interval '1 hour' where schema_name = '{a}'"),
            format!("update shared.account set status = 'active' where schema_name = '{a}'"),
        ),
        (
            "account_without_owner",
            format!("update shared.membership set role = 'admin' where id = '{}'", uuid(&tea.owner.id)),
            format!("update shared.membership set role = 'owner' where id = '{}'", uuid(&tea.owner.id)),
        ),
        (
            "jobs_late",
            "insert into shared.job (id, kind, payload, run_at, locked_until, created_at) \
             values (gen_random_uuid(), 'planted', '{}', now() - interval '1 hour', now() - interval '10 minutes', now())"
                .into(),
            "delete from shared.job where kind = 'planted'".into(),
        ),
        (
            "move_unfinished",
            format!("update shared.account set moving_since = '{now}'::timestamptz - interval '1 hour' where schema_name = '{a}'"),
            format!("update shared.account set moving_since = null where schema_name = '{a}'"),
        ),
        (
            "copy_left_behind",
            format!("insert into shared.left_behind select schema_name, null, id, now() - interval '30 days' from shared.account where schema_name = '{a}'"),
            "delete from shared.left_behind".into(),
        ),
        ("spares_none", "create table keep as table shared.spare_schema; delete from shared.spare_schema".into(), "insert into shared.spare_schema table keep; drop table keep".into()),
    ];
    // The server would mend some of these by itself.
    app.stop(0).await;
    for (code, plant, mend) in &planted {
        app.sql(plant).await;
        let (_, found) = findings(&app).await;
        app.sql(mend).await;
        assert!(found.iter().any(|(found, _)| found == code), "{code} after {plant}: {found:?}");
    }
    let (well, after) = findings(&app).await;
    let codes = |list: &[(String, String)]| list.iter().map(|(code, _)| code.clone()).collect::<Vec<_>>();
    assert!(well, "{after:?}");
    assert_eq!(codes(&after), codes(&before), "everything is as it was");
}

#[tokio::test]
async fn the_doctor_is_content_with_a_bus_that_asks_who_is_there_and_lets_nobody_speak_on_other_subjects() {
    let app = TestApp::start().await;
    let open = findings(&app).await.1;
    let code = |name: &str, found: &[(String, String)]| found.iter().any(|(code, _)| code == name);
    assert!(code("bus_open", &open) && code("bus_subjects_open", &open) && code("cache_open", &open), "{open:?}");

    // As the handbook says.
    let handbook = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/OPERATIONS.md")).unwrap();
    let block = handbook.split("```\nauthorization {").nth(1).unwrap().split("```").next().unwrap();
    let folder = std::env::temp_dir().join(format!("frontdesk-bus-{}", tests::fresh().simple()));
    std::fs::create_dir_all(&folder).unwrap();
    let config = folder.join("nats.conf");
    let port = tests::free_port();
    std::fs::write(&config, format!("listen: \"127.0.0.1:{port}\"\nauthorization {{{}", block.replace('…', "celadon")))
        .unwrap();
    let mut server = std::process::Command::new("nats-server")
        .arg("-c")
        .arg(&config)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("nats-server is installed");
    let settings = infra::config::Settings {
        nats_url: format!("nats://frontdesk:celadon@127.0.0.1:{port}"),
        ..app.settings().clone()
    };
    eventually("it answers", async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop)).await;
    let (well, said, why) = Program::try_run(&settings, &["doctor", "--json"]).await;
    // What servers say to each other goes over it as well.
    let program = Program::start(&settings).await;
    let degraded = tests::Http::new(&program.base(), app.guard(None)).get("/readyz").await;
    server.kill().unwrap();
    server.wait().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(well, "{said} {why}");
    assert_eq!(degraded.status, 200);
    for name in ["bus_open", "bus_subjects_open", "bus_away"] {
        let report: Value = serde_json::from_str(&said).unwrap();
        let finding = report["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == name).unwrap();
        assert_eq!(finding["severity"], "ok", "{finding}");
    }
}

/// The key of a row in the database.
fn uuid(id: &str) -> String {
    id.parse::<tenant::AgentId>().unwrap().uuid().to_string()
}
