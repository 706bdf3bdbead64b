//! The fences in Postgres itself: one schema and one role a company, the same for a fresh company as for an old one.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use tests::TestApp;

/// Everything that defines a schema, as text, with its own name taken out.
async fn shape(admin: &mut PgConnection, schema: &str) -> Vec<String> {
    let sql = format!(
        "select format('column %s.%s %s %s %s', table_name, column_name, data_type, is_nullable, coalesce(column_default, '')) \
           from information_schema.columns where table_schema = '{schema}' \
         union all select format('index %s %s', tablename, indexdef) from pg_indexes where schemaname = '{schema}' \
         union all select format('constraint %s %s %s', conrelid::regclass::text, conname, pg_get_constraintdef(oid)) \
           from pg_constraint where connamespace = '{schema}'::regnamespace \
         union all select format('owner %s %s', relname, pg_get_userbyid(relowner)) from pg_class \
           where relnamespace = '{schema}'::regnamespace and relkind in ('r', 'S', 'v') \
         union all select format('rights %s %s', relname, coalesce(relacl::text, 'default')) from pg_class \
           where relnamespace = '{schema}'::regnamespace and relkind = 'r' order by 1"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(admin).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0).replace(schema, "SCHEMA")).collect()
}

/// The numbered steps that every company's schema goes through.
fn steps() -> Vec<(i32, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tenant/migrations/tenant");
    let mut steps: Vec<(i32, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name[..4].parse().unwrap(), std::fs::read_to_string(path).unwrap())
        })
        .collect();
    steps.sort();
    steps
}

/// What a company had on that day: one of each.
const THINGS: &str = "\
    insert into agent (id, name, availability, capacity, created_at) values (gen_random_uuid(), 'Bo', 'away', 5, now()); \
    insert into inbox (id, name, channel, settings, created_at, updated_at) \
        values (gen_random_uuid(), 'Site', 'website', '{}', now(), now()); \
    insert into contact (id, name, created_at) values (gen_random_uuid(), 'Ana', now()); \
    insert into conversation (id, number, inbox_id, contact_id, status, assignee_id, episode, last_seq, last_public_seq, agent_read_seq, \
        agent_read_public_seq, contact_read_seq, contact_delivered_seq, unread_count, contact_unread_count, last_activity_at, created_at, updated_at) \
        select gen_random_uuid(), 1, i.id, p.id, 'open', a.id, 1, 0, 0, 0, 0, 0, 0, 0, 0, now(), now(), now() from inbox i, contact p, agent a";

#[tokio::test]
async fn a_company_that_was_there_from_the_first_step_has_the_schema_of_one_founded_today() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let fresh = shop.schema().await;
    let steps = steps();
    assert_eq!(steps.last().unwrap().0, tenant::migrate::latest_tenant(), "every file is listed in migrate.rs");
    assert_eq!(
        steps.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
        (1..=tenant::migrate::latest_tenant()).collect::<Vec<_>>()
    );

    // An old company: made at the first step, with the program of that day.
    let old = "t_00000000000000000000000old";
    let (_, first) = &steps[0];
    app.sql(&format!(
        "create role {old} nologin noinherit; grant {old} to frontdesk; create schema {old} authorization {old}; \
         set role {old}; set search_path = {old}; {first}; \
         insert into migration (version, applied_at) values (1, now()); {THINGS}; reset role; reset search_path; \
         insert into shared.schema_level (schema_name, version, migrated_at) values ('{old}', 1, now())"
    ))
    .await;
    let world = &app.node(0).world;
    let done = tenant::migrate::run(&world.sites, &world.clock, 2).await.unwrap();
    let behind = usize::from(tenant::migrate::latest_tenant() > 1);
    assert_eq!((done.shared_steps, done.tenants), (0, behind));
    assert!(tenant::migrate::is_current(&world.database).await.unwrap());

    let kept = format!(
        "select count(*) from {old}.agent a, {old}.inbox i, {old}.contact p, {old}.conversation c \
         where a.availability = 'away' and a.availability_by = 'self' and a.languages = '{{}}' and i.weight = 100 \
         and p.tags = '{{}}' and p.name = 'Ana' and c.assignee_id = a.id and c.team_id is null"
    );
    assert_eq!(app.count(&kept).await, 1, "what it had is still there, and is as it was");

    let mut admin = app.database().admin().await;
    let (of_fresh, of_old) = (shape(&mut admin, &fresh).await, shape(&mut admin, old).await);
    assert!(of_fresh.len() > 150, "the comparison is a real one: {}", of_fresh.len());
    for (fresh, old) in of_fresh.iter().zip(&of_old) {
        assert_eq!(fresh, old);
    }
    assert_eq!(of_fresh.len(), of_old.len());
    let levels = "select count(distinct version) from shared.schema_level";
    assert_eq!(app.count(levels).await, 1, "nobody is left behind");
    sqlx::raw_sql(AssertSqlSafe(format!("drop schema {old} cascade; drop role {old}")))
        .execute(&mut admin)
        .await
        .unwrap();
    admin.close().await.unwrap();
}

#[tokio::test]
async fn several_programs_may_migrate_at_once() {
    let app = TestApp::start().await;
    app.sql("update shared.schema_level set version = version").await;
    let world = &app.node(0).world;
    let runs = futures::future::join_all((0..4).map(|_| tenant::migrate::run(&world.sites, &world.clock, 2))).await;
    for run in runs {
        assert_eq!(run.unwrap().shared_steps, 0);
    }
}

/// What a statement answers, as the login role that every server uses.
async fn as_login(app: &TestApp, statements: &str) -> Result<(), String> {
    let mut login = PgConnection::connect(&app.database().url).await.unwrap();
    let done = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut login).await;
    let state = done.map(drop).map_err(|error| match error.as_database_error() {
        Some(refusal) => refusal.code().unwrap_or_default().into_owned(),
        None => error.to_string(),
    });
    login.close().await.ok();
    state
}

/// SQLSTATE of a missing right, and of a table that is not on the path.
const NO_RIGHT: &str = "42501";
const NO_TABLE: &str = "42P01";

#[tokio::test]
async fn outside_its_own_transaction_a_companys_tables_are_out_of_reach() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.shop("Tea").await, app.shop("Coffee").await);
    let (a, b) = (ours.schema().await, theirs.schema().await);
    let tables = [
        "agent",
        "inbox",
        "contact",
        "conversation",
        "message",
        "outbox",
        "audit",
        "usage_event",
        "counter",
        "migration",
    ];
    for table in tables {
        // The login role itself, in and out of transactions.
        assert_eq!(as_login(&app, &format!("select * from {a}.{table}")).await, Err(NO_RIGHT.into()), "{table}");
        assert_eq!(as_login(&app, &format!("delete from {a}.{table}")).await, Err(NO_RIGHT.into()), "{table}");
        assert_eq!(
            as_login(&app, &format!("set search_path = {a}; select * from {table}")).await,
            Err(NO_TABLE.into()),
            "{table}"
        );
        // One company's role at another's tables.
        assert_eq!(
            as_login(&app, &format!("set role {b}; select * from {a}.{table}")).await,
            Err(NO_RIGHT.into()),
            "{table}"
        );
        assert_eq!(
            as_login(&app, &format!("set role {b}; set search_path = {a}; select * from {table}")).await,
            Err(NO_TABLE.into()),
            "{table}"
        );
        assert_eq!(
            as_login(&app, &format!("set role {a}; select * from {a}.{table}")).await,
            Ok(()),
            "its own role may"
        );
    }
    for table in [
        "account",
        "login",
        "membership",
        "session",
        "api_key",
        "job",
        "idempotent_answer",
        "signup",
        "invitation",
        "email_token",
    ] {
        let asked = as_login(&app, &format!("set role {a}; select * from shared.{table}")).await;
        assert_eq!(asked, Err(NO_RIGHT.into()), "a company's role has nothing in the directory: {table}");
    }
    for forbidden in [
        format!("set role {a}; set role {b}; reset role; set local role {b}; create table {a}.x ()"),
        format!("set role {a}; create schema mine"),
        format!("set role {a}; grant select on {b}.message to {a}"),
        format!("set role {a}; create table public.x ()"),
        format!("set role {a}; create role other"),
        format!("set role {a}; alter role {b} login"),
        format!("set role {a}; copy {a}.message to '/tmp/x'"),
        format!("set role {a}; select pg_read_file('/etc/passwd')"),
    ] {
        let refused = as_login(&app, &forbidden).await;
        assert_eq!(refused, Err(NO_RIGHT.into()), "{forbidden}");
    }
    let loose = "select count(*) from pg_roles where rolname ~ '^t_' and (rolcanlogin or rolinherit or rolsuper or rolcreaterole or rolcreatedb or rolbypassrls)";
    assert_eq!(app.count(loose).await, 0, "a company's role can do nothing but own its schema");
    let functions = "select count(*) from pg_proc p join pg_namespace n on n.oid = p.pronamespace where prosecdef and n.nspname not in ('pg_catalog', 'information_schema')";
    assert_eq!(app.count(functions).await, 0, "no function lends its owner's rights");
    assert_eq!(app.count("select count(*) where has_schema_privilege('public', 'public', 'create')").await, 0);
}
