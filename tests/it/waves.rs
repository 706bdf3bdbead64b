//! Migrations of many companies: cut short anywhere they go on, a company in use is passed over, and two levels live side by side.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tests::{Program, TestApp};

const OLD: usize = 30;

/// A company from the day of the first step.
async fn old_company(admin: &mut PgConnection, number: usize) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tenant/migrations/tenant/0001_base.sql");
    let first = std::fs::read_to_string(folder).unwrap();
    let name = format!("t_{number:022}wave");
    let sql = format!(
        "do $$ begin if not exists (select from pg_roles where rolname = '{name}') then create role {name} nologin noinherit; end if; end $$; \
         grant {name} to frontdesk; create schema {name} authorization {name}; set role {name}; set search_path = {name}; {first}; \
         insert into migration (version, applied_at) values (1, now()); reset role; reset search_path; \
         insert into shared.schema_level (schema_name, version, migrated_at) values ('{name}', 1, now())"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *admin).await.unwrap();
    name
}

async fn remove(admin: &mut PgConnection, names: &[String]) {
    for name in names {
        // Another database of this cluster may hold a role of the same name's things just now; then it stays.
        let schema = format!("drop schema {name} cascade");
        admin.execute(AssertSqlSafe(schema)).await.unwrap();
        drop(admin.execute(AssertSqlSafe(format!("drop role {name}"))).await);
    }
}

#[tokio::test]
async fn a_migration_killed_again_and_again_goes_on_where_it_was_and_passes_over_who_is_in_use() {
    let app = TestApp::start().await;
    let mut admin = app.database().admin().await;
    let mut names = Vec::new();
    for number in 0..OLD {
        names.push(old_company(&mut admin, number).await);
    }
    let latest = tenant::migrate::latest_tenant();
    let behind = format!("select count(*) from shared.schema_level where version < {latest}");
    assert_eq!(app.count(&behind).await, i64::try_from(OLD).unwrap());
    // Somebody holds a table of the first company for longer than a migration waits for it.
    let mut holder = app.database().admin().await;
    holder
        .execute(AssertSqlSafe(format!("begin; lock table {}.agent in access exclusive mode", names[0])))
        .await
        .unwrap();

    let mut kills = 0;
    for milliseconds in [120, 180, 240, 300, 360] {
        let mut run = Program::begin(app.settings(), &["migrate", "--parallel", "3"]).await;
        app.clock().pause(Duration::from_millis(milliseconds)).await;
        kills += usize::from(run.try_wait().unwrap().is_none());
        run.kill().unwrap();
        run.wait().unwrap();
    }
    let left = app.count(&behind).await;
    assert!(kills > 0 && left > 0, "{kills} runs were killed, {left} companies were left");
    let release = async {
        app.clock().pause(Duration::from_millis(3_500)).await;
        holder.execute("rollback").await.unwrap();
    };
    let (said, ()) = tokio::join!(Program::run(app.settings(), &["migrate", "--parallel", "3"]), release);
    assert!(said.contains("tenant schemas brought up to date"), "{said}");

    assert_eq!(app.count(&behind).await, 0);
    for name in &names {
        let own = format!("select count(*) from {name}.migration");
        assert_eq!(app.count(&own).await, i64::from(latest), "{name}: each step once");
    }
    let again = Program::run(app.settings(), &["migrate"]).await;
    assert_eq!(again.trim(), "shared steps: 0, tenant schemas brought up to date: 0");
    let levels = Program::run(app.settings(), &["tenant", "levels", "--json"]).await;
    let levels: serde_json::Value = serde_json::from_str(&levels).unwrap();
    assert_eq!((&levels["latest"], levels["schemas"].as_object().unwrap().len()), (&latest.into(), 1), "{levels}");
    remove(&mut admin, &names).await;
    holder.close().await.unwrap();
    admin.close().await.unwrap();
}

#[tokio::test]
async fn a_company_whose_schema_is_newer_than_the_program_goes_on_beside_those_that_are_not() {
    let app = TestApp::start().await;
    let (newer, older) = (app.shop("Tea").await, app.shop("Coffee").await);
    let (bo, cy) = (newer.agent("Bo").await, older.agent("Cy").await);
    let (ana, zoe) = (newer.visitor("Ana").await, older.visitor("Zoe").await);
    // Every statement has been prepared on the connections of both by now.
    for (agent, visitor) in [(&bo, &ana), (&cy, &zoe)] {
        visitor.writes("Before").await;
        agent.is_given(&visitor.chat()).await;
        agent.replies(&visitor.chat(), "Hello").await;
    }
    // What the next version of the program would add: to every table that a message touches.
    let schema = newer.schema().await;
    for table in ["message", "conversation", "contact", "agent", "inbox", "outbox", "usage_event", "audit"] {
        app.sql(&format!("set role {schema}; alter table {schema}.{table} add column tomorrow text default 'new', add column later jsonb")).await;
    }
    app.sql(&format!("set role {schema}; create table {schema}.tomorrow (id uuid primary key)")).await;
    app.sql(&format!("update shared.schema_level set version = version + 1 where schema_name = '{schema}'")).await;
    for round in 0..5 {
        for (agent, visitor) in [(&bo, &ana), (&cy, &zoe)] {
            visitor.writes(&format!("After {round}")).await;
            agent.sees(&visitor.chat(), &format!("After {round}")).await;
            agent.replies(&visitor.chat(), &format!("Yes {round}")).await;
        }
    }
    newer.owner.http.get("/v1/audit-log").await.ok();
    assert!(
        tenant::migrate::is_current(&app.node(0).world.database).await.unwrap(),
        "the old program is content with it"
    );
    bo.resolves(&ana.chat()).await;
}
