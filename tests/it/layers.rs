//! Each layer of the fence between companies is switched off by itself, and the others stop two hundred attempts from a seed.
//!
//! A layer is off when what it would have done is not done: the attempt begins where that layer would have ended it.

use std::collections::BTreeMap;

use infra::{Chance, Id};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use tenant::token::Audience;
use tests::{Shop, TestApp, eventually};
use uuid::Uuid;

const ATTEMPTS: u32 = 200;

/// Chance that a red run can be repeated with.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let place = self.below(from.len());
        &from[place]
    }
}

async fn tables(app: &TestApp, schema: &str) -> Vec<String> {
    let mut admin = app.database().admin().await;
    let rows = sqlx::query(
        "select c.relname::text from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = 'r' order by 1",
    )
    .bind(schema)
    .fetch_all(&mut admin)
    .await
    .unwrap();
    admin.close().await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Every row of a company, as one number for each table.
async fn everything(app: &TestApp, schema: &str) -> BTreeMap<String, String> {
    let mut admin = app.database().admin().await;
    let mut all = BTreeMap::new();
    // What was published is taken from the outbox when the server finds the time.
    for table in tables(app, schema).await.into_iter().filter(|table| table != "outbox") {
        // Nor is it anybody's doing here when the line is looked at next.
        let sql = format!(
            "select coalesce(sum(hashtext((to_jsonb(t) - 'rest_until')::text)::bigint), 0)::text || '/' || count(*) \
             from {schema}.{table} t"
        );
        all.insert(table, sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut admin).await.unwrap());
    }
    admin.close().await.unwrap();
    all
}

/// The same, once the server has said to the company's agents who waits, which it does when it finds the time.
async fn everything_told(app: &TestApp, schema: &str) -> BTreeMap<String, String> {
    let mut admin = app.database().admin().await;
    let told = format!(
        "select exists (select from {schema}.waiting_room where waiting = (select count(*) from {schema}.queue_entry)) \
         and not exists (select from {schema}.wait where left_at is null and position = 0)"
    );
    eventually("the waiting room is told", async || {
        let told: bool = sqlx::query_scalar(AssertSqlSafe(told.clone())).fetch_one(&mut admin).await.unwrap();
        told.then_some(())
    })
    .await;
    admin.close().await.unwrap();
    everything(app, schema).await
}

/// An attempt to read or change a table, named in full or not.
fn statement(dice: &mut Seeded, schema: Option<&str>, tables: &[String]) -> String {
    let table = dice.pick(tables);
    let place = schema.map_or_else(|| table.clone(), |schema| format!("{schema}.{table}"));
    match dice.below(6) {
        0 => format!("select * from {place}"),
        1 => format!("select count(*) from {place} where true"),
        2 => format!("delete from {place}"),
        3 => format!("truncate {place} cascade"),
        4 => format!("copy {place} to stdout"),
        _ => format!("alter table {place} add column stolen text"),
    }
}

/// The login role, as every connection of the product begins.
async fn login(app: &TestApp) -> PgConnection {
    let mut login = PgConnection::connect(&app.database().url).await.unwrap();
    login.execute("set search_path = pg_catalog").await.unwrap();
    login
}

/// How the database answers as the login role: the state of a refusal, nothing when it was done.
async fn tried(connection: &mut PgConnection, sql: String) -> Option<String> {
    let outcome = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await;
    connection.execute("rollback").await.unwrap();
    outcome.err().map(|error| {
        error.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_default().into_owned()
    })
}

#[tokio::test]
async fn without_the_role_or_without_the_search_path_the_database_still_refuses_every_attempt() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.shop("Tea").await, app.shop("Coffee").await);
    let (a, b) = (ours.schema().await, theirs.schema().await);
    ours.visitor("Ana").await.writes("Only ours").await;
    let names = tables(&app, &a).await;
    let before = everything_told(&app, &a).await;
    let mut login = login(&app).await;
    let mut dice = Seeded(7);
    for attempt in 0..ATTEMPTS {
        // The role is off: only the search path says whose transaction this is, and it says the wrong one.
        let ask = statement(&mut dice, Some(&a), &names);
        let state = tried(&mut login, format!("begin; set local search_path = {a}, pg_catalog; {ask}")).await;
        assert_eq!(state.as_deref(), Some("42501"), "without the role, attempt {attempt}: {ask}");
        // The search path is off: the role is another company's, and the statement finds or names a table.
        let ask = statement(&mut dice, Some(&a), &names);
        let state = tried(&mut login, format!("begin; set local role {b}; {ask}")).await;
        assert_eq!(state.as_deref(), Some("42501"), "without the search path, attempt {attempt}: {ask}");
        let ask = statement(&mut dice, None, &names);
        let state = tried(&mut login, format!("begin; set local role {b}; {ask}")).await;
        assert_eq!(state.as_deref(), Some("42P01"), "without the search path, attempt {attempt}: {ask}");
        // Both are off: a query that forgot its company altogether.
        let ask = statement(&mut dice, None, &names);
        let state = tried(&mut login, format!("begin; {ask}")).await;
        assert_eq!(state.as_deref(), Some("42P01"), "without both, attempt {attempt}: {ask}");
    }
    login.close().await.unwrap();
    assert_eq!(everything(&app, &a).await, before);
}

#[tokio::test]
async fn without_the_look_at_returning_connections_the_next_company_still_stands_on_its_own_ground() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.shop("Tea").await, app.shop("Coffee").await);
    let (a, b) = (ours.schema().await, theirs.schema().await);
    let before = everything(&app, &a).await;
    let mut login = login(&app).await;
    let mut dice = Seeded(8);
    for attempt in 0..ATTEMPTS {
        // What a careless caller may leave behind: its role, its path, a transaction that never ended, or all of them.
        let left = match dice.below(4) {
            0 => format!("set role {a}"),
            1 => format!("set search_path = {a}, pg_catalog"),
            2 => format!("begin; set local role {a}; set local search_path = {a}, pg_catalog"),
            _ => format!("set role {a}; set search_path = {a}, pg_catalog; begin"),
        };
        login.execute(AssertSqlSafe(left.clone())).await.unwrap();
        // The next company begins as every transaction does.
        let enter = format!("begin; set local role {b}; set local search_path = {b}, pg_catalog");
        login.execute(AssertSqlSafe(enter)).await.unwrap();
        let names: Vec<String> = sqlx::query_scalar("select name from inbox").fetch_all(&mut login).await.unwrap();
        assert!(names.iter().all(|name| !name.contains(&ours.canary)), "attempt {attempt} after {left}: {names:?}");
        let place: String = sqlx::query_scalar("select format('%s %s', current_user, current_schema())")
            .fetch_one(&mut login)
            .await
            .unwrap();
        assert_eq!(place, format!("{b} {b}"), "attempt {attempt} after {left}");
        login.execute("rollback; reset role; set search_path = pg_catalog").await.unwrap();
    }
    login.close().await.unwrap();
    assert_eq!(everything(&app, &a).await, before);
}

#[tokio::test]
async fn a_token_that_lies_about_the_company_is_stopped_by_the_directory_and_an_id_from_elsewhere_by_the_schema() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.shop("Tea").await, app.shop("Coffee").await);
    let world = &app.node(0).world;
    let (our_id, their_id) = (account(&ours), account(&theirs));
    let ana = ours.visitor("Ana").await;
    ana.writes("Only ours").await;
    let chat = ana.chat();
    let zoe = theirs.visitor("Zoe").await;
    zoe.writes("Only theirs").await;
    let zed = theirs.colleague("Zed", tenant::Role::Admin).await;
    let before = everything_told(&app, &ours.schema().await).await;
    let paths = [
        "/v1/account".to_owned(),
        "/v1/agents".to_owned(),
        "/v1/contacts".to_owned(),
        "/v1/conversations".to_owned(),
        format!("/v1/conversations/{chat}"),
        format!("/v1/conversations/{chat}/messages"),
        format!("/v1/contacts/{}", ana.id),
        "/v1/audit-log".to_owned(),
    ];
    let session = claim(&zed.http.token(), "sid");
    let mut dice = Seeded(9);
    for attempt in 0..ATTEMPTS {
        // The signature is off: whoever asks has the installation's keys, and says that they are of our company.
        let sub: Uuid = zed.id.parse::<tenant::AgentId>().unwrap().uuid();
        let token = world.keys.sign(Audience::Member, our_id, sub, session, world.now()).unwrap();
        let path = dice.pick(&paths);
        theirs.stranger().with(&token).get(path).await.refused(401, "token_invalid");
        // The directory's word is off as well: the token is of their own company, and the id of ours.
        let own = theirs.owner.http.get(&format!("/v1/conversations/{chat}")).await;
        assert_eq!(own.status, 404, "attempt {attempt}: {}", own.text);
    }
    // A visitor's token has no row behind it but its own company's: with our company in it, their contact finds nothing.
    let contact: Uuid = zoe.id.parse::<Id<tenant::scope::ContactKind>>().unwrap().uuid();
    let inbox: Uuid = theirs.inbox["id"].as_str().unwrap().parse::<Id<tenant::scope::InboxKind>>().unwrap().uuid();
    for _ in 0..ATTEMPTS {
        let token = world.keys.sign(Audience::Visitor, our_id, contact, inbox, world.now()).unwrap();
        let http = theirs.stranger().with(&token);
        let reply = http.get(&format!("/v1/widget/conversations/{chat}/messages")).await;
        assert!([401, 403, 404].contains(&reply.status), "{}", reply.text);
        let token = world.keys.sign(Audience::Visitor, their_id, contact, inbox, world.now()).unwrap();
        let reply = theirs.stranger().with(&token).get(&format!("/v1/widget/conversations/{chat}/messages")).await;
        assert!([401, 403, 404].contains(&reply.status), "{}", reply.text);
    }
    assert_eq!(everything(&app, &ours.schema().await).await, before);
}

#[tokio::test]
async fn what_comes_under_the_wrong_subject_of_the_bus_or_lies_in_the_wrong_key_of_the_cache_is_not_believed() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.shop("Tea").await, app.shop("Coffee").await);
    let bo = ours.agent("Bo").await;
    let ana = ours.visitor("Ana").await;
    let zed = theirs.agent("Zed").await;
    let bus = &app.node(0).routing.bus;
    let (our_mark, their_mark) = (suffix(&ours.id), suffix(&theirs.id));
    let mut dice = Seeded(10);
    let seen = (bo.socket().count(), ana.socket.count());
    for attempt in 0..ATTEMPTS {
        // The subject's prefix is off: their envelope arrives under ours.
        let whose = *dice.pick(&["agents", "visitors"]);
        let frame = json!({ "type": "message.created", "text": format!("foreign {attempt}") });
        let envelope = format!("elsewhere\t{their_mark}\n{whose}\t{frame}\n");
        bus.publish(format!("t.{our_mark}.frames"), envelope.into()).await.unwrap();
    }
    bus.flush().await.unwrap();
    // What is really ours still comes, after all of it.
    let envelope =
        format!("elsewhere\t{our_mark}\nagents\t{}\n", json!({ "type": "presence.updated", "mark": "ours" }));
    bus.publish(format!("t.{our_mark}.frames"), envelope.into()).await.unwrap();
    bo.socket().next(seen.0, "our own frame", |frame| frame["mark"] == "ours").await;
    ana.socket.catch_up().await;
    for (who, socket) in [("an agent", bo.socket()), ("a visitor", &ana.socket)] {
        let heard = serde_json::Value::from(socket.frames()).to_string();
        assert!(!heard.contains("foreign "), "{who} heard {heard}");
    }

    // The cache's prefix is off: strangers are said to be here.
    let world = &app.node(0).world;
    let mut lies = infra::cache::redis::pipe();
    let until = (world.now() + chrono::TimeDelta::minutes(5)).timestamp_millis();
    for _ in 0..ATTEMPTS {
        let stranger: Id<tenant::membership::AgentKind> = Chance::system().id(world.now());
        lies.cmd("ZADD")
            .arg(format!("fd:presence:{}", ours.id))
            .arg(until)
            .arg(format!("{stranger}|elsewhere"))
            .ignore();
    }
    lies.cmd("ZADD").arg(format!("fd:presence:{}", ours.id)).arg(until).arg(format!("{}|elsewhere", zed.id)).ignore();
    world.cache.ask::<()>(&lies).await.unwrap();
    let agents = ours.owner.http.get("/v1/agents").await;
    let told = agents.ok();
    assert_eq!(told["data"].as_array().unwrap().len(), 2, "{told}");
    assert!(!agents.text.contains(&zed.id));
    ana.writes("Who is there?").await;
    bo.is_given(&ana.chat()).await;
}

fn account(shop: &Shop) -> Uuid {
    shop.id.parse::<tenant::AccountId>().unwrap().uuid()
}

fn suffix(id: &str) -> String {
    id.split_once('_').unwrap().1.to_owned()
}

/// A word of a token's middle.
fn claim(token: &str, name: &str) -> Uuid {
    use base64::Engine as _;
    let middle = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(middle).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    claims[name].as_str().unwrap().parse().unwrap()
}
