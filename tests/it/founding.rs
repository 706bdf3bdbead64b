//! A company is founded wholly or not at all: the program is killed at every step of it, and a hundred come at once.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tests::{Http, PASSWORD, Program, TestApp, eventually, fresh};

/// Every table that a founding writes, in its order, and what is done to it.
const STEPS: [(&str, &str); 10] = [
    ("shared.spare_schema", "delete"),
    ("shared.login", "insert"),
    ("shared.account", "insert"),
    ("shared.membership", "insert"),
    ("shared.signup", "insert"),
    ("shared.job", "insert"),
    ("{}.agent", "insert"),
    ("{}.inbox", "insert"),
    ("{}.audit", "insert"),
    ("shared.account", "update"),
];

/// What would be a half company, or one company's part at another's.
const HALVES: [(&str, &str); 6] = [
    (
        "a company without an owner",
        "select count(*) from shared.account a where not exists (select from shared.membership m where m.account_id = a.id and m.role = 'owner')",
    ),
    (
        "a login without a company",
        "select count(*) from shared.login l where not exists (select from shared.membership m where m.login_id = l.id)",
    ),
    ("a company that is not ready", "select count(*) from shared.account where status = 'provisioning'"),
    ("a schema given twice", "select count(*) from shared.account join shared.spare_schema using (schema_name)"),
    (
        "a company without a schema",
        "select count(*) from shared.account where schema_name not in (select nspname from pg_namespace)",
    ),
    (
        "a schema that is nobody's",
        "select count(*) from pg_namespace where nspname ~ '^t_' and nspname not in (select schema_name from shared.account union select schema_name from shared.spare_schema)",
    ),
];

async fn whole(app: &TestApp, when: &str) {
    for (what, sql) in HALVES {
        assert_eq!(app.count(sql).await, 0, "{what} {when}");
    }
}

/// Every schema, spare or taken.
async fn schemas(admin: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar("select nspname::text from pg_namespace where nspname ~ '^t_'").fetch_all(admin).await.unwrap()
}

#[tokio::test]
async fn a_founding_that_is_killed_at_any_step_is_undone_or_finished_and_can_be_repeated() {
    // The program alone makes spare schemas: the eldest is taken, by clocks that differ here, and it has to be one that is known.
    let app = TestApp::start_with(1, |settings| settings.spare_schemas = 0).await;
    let mut admin = app.database().admin().await;
    admin
        .execute("create function public.stall() returns trigger language plpgsql as $$ begin perform pg_catalog.pg_sleep(4); return coalesce(new, old); end $$")
        .await
        .unwrap();
    let mut program = Program::start(app.settings()).await;
    let port = program.port();
    for (number, (table, deed)) in STEPS.into_iter().enumerate() {
        // Or the next company would get a schema that is made later, and has no trigger.
        let spare = "select count(*) from shared.spare_schema";
        eventually("a schema waits for a company", async || (app.count(spare).await > 0).then_some(())).await;
        let tables: Vec<String> = match table.strip_prefix("{}") {
            None => vec![table.to_owned()],
            Some(rest) => schemas(&mut admin).await.iter().map(|schema| format!("{schema}{rest}")).collect(),
        };
        for table in &tables {
            let trigger =
                format!("create trigger stall before {deed} on {table} for each row execute function public.stall()");
            admin.execute(AssertSqlSafe(trigger)).await.unwrap();
        }
        let (email, key) = (format!("{}@mail.test", fresh().simple()), fresh().to_string());
        let ask = json!({ "company": "Tea", "email": email, "password": PASSWORD });
        let http = Http::new(&program.base(), app.guard(None));
        let body = ask.to_string().into_bytes();
        let headers =
            [("content-type".to_owned(), "application/json".to_owned()), ("idempotency-key".to_owned(), key.clone())];
        let asking = tokio::spawn(async move {
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            http.try_raw("POST", "/v1/signup", body, &headers).await.map(drop)
        });
        let here = String::from(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep' and application_name like 'frontdesk%'",
        );
        eventually(&format!("it has come to step {number}, {deed} on {table}"), async || {
            (app.count(&here).await > 0).then_some(())
        })
        .await;
        program.kill();
        assert!(asking.await.unwrap().is_err(), "step {number}: nobody was told anything");
        // The backend of a killed program notices when it next speaks.
        let gone = format!("{here} and pg_terminate_backend(pid)");
        app.count(&gone).await;
        eventually("its transaction is undone", async || (app.count(&here).await == 0).then_some(())).await;
        for table in &tables {
            admin.execute(AssertSqlSafe(format!("drop trigger stall on {table}"))).await.unwrap();
        }

        // What the directory had taken in is finished by the sweep, and the rest never was.
        app.clock().advance(TimeDelta::seconds(21));
        // The server here sweeps as well, and one of its own connections may have been ended with the program's.
        let half = "select count(*) from shared.account where status = 'provisioning'";
        eventually(&format!("everything is finished after step {number}"), async || {
            api::onboarding::sweep(&app.node(0).world).await.ok()?;
            (app.count(half).await == 0).then_some(())
        })
        .await;
        whole(&app, &format!("after a kill at step {number}, {deed} on {table}")).await;

        program = Program::start_on(app.settings(), port).await;
        let http = Http::new(&program.base(), app.guard(None));
        let again = http.send("POST", "/v1/signup", Some(ask), &[("idempotency-key", &key)]).await.ok();
        let count = app.count(&format!("select count(*) from shared.login where email = '{email}'")).await;
        assert_eq!(count, 1, "step {number}");
        let inside = http.with(again["access_token"].as_str().unwrap());
        assert_eq!(inside.get("/v1/inboxes").await.ok()["data"].as_array().unwrap().len(), 1, "step {number}");
        assert_eq!(inside.get("/v1/agents").await.ok()["data"].as_array().unwrap().len(), 1, "step {number}");
    }
    whole(&app, "in the end").await;
    admin.close().await.unwrap();
}

#[tokio::test]
async fn a_hundred_at_once_with_one_name_and_fifty_addresses_are_whole_companies_each_with_its_own_schema() {
    let app = TestApp::start().await;
    let addresses: Vec<String> = (0..50).map(|_| format!("{}@mail.test", fresh().simple())).collect();
    let one = |number: usize| {
        let (app, email) = (&app, addresses[number % 50].clone());
        async move {
            let key = fresh().to_string();
            let ask = json!({ "company": "Blue Teapot", "email": email, "password": PASSWORD });
            for _ in 0..60 {
                let reply =
                    app.stranger().send("POST", "/v1/signup", Some(ask.clone()), &[("idempotency-key", &key)]).await;
                match reply.status {
                    503 => {
                        let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
                        app.clock().pause(std::time::Duration::from_secs(seconds)).await;
                    }
                    // Two with a new address at the same moment: the one that came second is told that it has a login now.
                    409 if reply.code() == "email_taken" => {}
                    _ => return reply,
                }
            }
            panic!("no signup in sixty tries");
        }
    };
    let replies = futures::future::join_all((0..100).map(one)).await;
    let mut founded: Vec<Value> = Vec::new();
    for reply in &replies {
        founded.push(reply.ok()["me"]["account"].clone());
    }
    let distinct = |name: &str| {
        let mut values: Vec<String> = founded.iter().map(|account| account[name].to_string()).collect();
        values.sort();
        values.dedup();
        values.len()
    };
    assert_eq!((distinct("id"), distinct("slug")), (100, 100));
    assert_eq!(app.count("select count(distinct schema_name) from shared.account where status = 'active'").await, 100);
    assert_eq!(app.count("select count(*) from shared.login").await, 50);
    app.clock().advance(TimeDelta::seconds(21));
    api::onboarding::sweep(&app.node(0).world).await.unwrap();
    whole(&app, "after a hundred at once").await;
}
