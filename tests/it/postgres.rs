//! Postgres is in trouble. Every request is answered within five seconds, nothing is promised that was not kept, and it heals by
//! itself.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::Connection as _;
use tests::{Proxy, Reply, Shop, TestApp, Visitor, eventually, fresh, within};
use uuid::Uuid;

/// The promise to whoever asks.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
/// What a request waits for while nobody knows that Postgres is away.
const PATIENCE: Duration = Duration::from_secs(4);
/// The promise of what heals.
const HEALED_WITHIN: Duration = Duration::from_secs(10);

/// A server that reaches Postgres by a wire of its own.
async fn wired() -> (TestApp, Proxy) {
    TestApp::start_behind(1, |settings| &mut settings.database_url).await
}

/// A message that may or may not be taken; repeated with the same id later.
struct Attempt {
    body: Value,
    reply: Reply,
    took: Duration,
}

async fn attempts(shop: &Shop, ana: &Visitor, what: &str, many: usize) -> Vec<Attempt> {
    let one = async |number| {
        let id = fresh();
        let body = json!({ "client_message_id": id, "text": shop.says(&format!("{what} {number}")) });
        let began = Instant::now();
        let reply = ana.http.post("/v1/widget/messages", body.clone()).await;
        Attempt { body, reply, took: began.elapsed() }
    };
    futures::future::join_all((0..many).map(one)).await
}

/// Every answer was in time: a message that was taken, or a 503 that says when to try again.
fn are_answered(attempts: &[Attempt]) {
    for Attempt { reply, took, .. } in attempts {
        assert!(*took < ANSWERED_WITHIN, "an answer after {took:?}: {}", reply.text);
        if reply.status != 201 {
            assert_eq!(reply.status, 503, "{}", reply.text);
            reply.is_a_problem();
            assert!(reply.header("retry-after").is_some(), "it says when to try again");
        }
    }
}

/// After a repair everything is sent again until it is taken; then each is there once, and all that was promised is.
async fn heals(shop: &Shop, ana: &Visitor, attempts: Vec<Attempt>) {
    let began = Instant::now();
    let many = i64::try_from(attempts.len()).unwrap();
    for Attempt { body, .. } in attempts {
        eventually("it is taken", async || {
            let reply = ana.http.post("/v1/widget/messages", body.clone()).await;
            assert!([200, 201, 503].contains(&reply.status), "{}", reply.text);
            (reply.status != 503).then_some(())
        })
        .await;
    }
    assert!(began.elapsed() < HEALED_WITHIN, "healed after {:?}", began.elapsed());
    assert_eq!(shop.count("select count(*) from {}.message where text like 'trouble %'").await, many, "each once");
    assert_eq!(shop.count("select max(seq) - count(*) from {}.message").await, 0, "no gap");
    eventually("it is ready", async || (ana.http.get("/readyz").await.status == 200).then_some(())).await;
}

/// On an open socket a send is refused with a time to try again, and the socket lives on.
async fn is_refused_on_the_socket(shop: &Shop, ana: &Visitor) -> Uuid {
    let id = fresh();
    let began = Instant::now();
    let answer = ana.socket.send(json!({ "client_message_id": id, "text": shop.says("on the socket") })).await;
    assert!(began.elapsed() < ANSWERED_WITHIN, "an answer after {:?}", began.elapsed());
    assert_eq!(answer["type"], "error", "{answer}");
    assert_eq!(answer["client_message_id"], id.to_string());
    assert!(answer["retry_after_ms"].as_u64().is_some_and(|wait| wait > 0), "{answer}");
    assert!(ana.socket.is_open());
    id
}

#[tokio::test]
async fn postgres_hangs_and_nobody_waits_for_it() {
    let (app, wire) = wired().await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("before").await;

    wire.hang();
    let mut all = attempts(&shop, &ana, "trouble early", 12).await;
    let on_the_socket = is_refused_on_the_socket(&shop, &ana).await;
    let not_ready = async || (ana.http.get("/readyz").await.status == 503).then_some(());
    within(ANSWERED_WITHIN, "it is not ready", eventually("it is not ready", not_ready)).await;
    let later = attempts(&shop, &ana, "trouble later", 6).await;
    for Attempt { took, reply, .. } in &later {
        assert!(*took < PATIENCE, "known to be away, it is told sooner: {took:?} {}", reply.text);
    }
    all.extend(later);
    are_answered(&all);

    wire.mend();
    heals(&shop, &ana, all).await;
    // What hung on the socket may have been taken after all; the repeat finds it or is taken now.
    let answer =
        ana.socket.send(json!({ "client_message_id": on_the_socket, "text": shop.says("on the socket") })).await;
    assert_eq!(answer["type"], "ack", "{answer}");
    assert_eq!(shop.count("select count(*) from {}.message where text like 'on the socket%'").await, 1);
}

#[tokio::test]
async fn postgres_is_restarted_and_the_first_to_ask_afterwards_is_served() {
    let (app, wire) = wired().await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    // Every connection of the pool has been used.
    futures::future::join_all((0..12).map(|number| {
        let body = json!({ "client_message_id": fresh(), "text": shop.says(&format!("before {number}")) });
        ana.http.post("/v1/widget/messages", body)
    }))
    .await;

    wire.cut();
    let all = attempts(&shop, &ana, "trouble", 10).await;
    are_answered(&all);
    assert!(all.iter().all(|attempt| attempt.reply.status == 503), "nothing is promised");
    is_refused_on_the_socket(&shop, &ana).await;
    wire.mend();
    heals(&shop, &ana, all).await;

    // Between two requests, unnoticed: the pool's connections are dead when they are used next.
    wire.cut();
    wire.mend();
    let replies = futures::future::join_all((0..6).map(|number| {
        let body = json!({ "client_message_id": fresh(), "text": shop.says(&format!("at once {number}")) });
        ana.http.post("/v1/widget/messages", body)
    }))
    .await;
    for reply in &replies {
        assert_eq!(reply.status, 201, "a dead connection is replaced before anything was asked of it: {}", reply.text);
    }
}

#[tokio::test]
async fn postgres_has_no_connection_left_to_give() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("before").await;
    let name = app.database().url.rsplit('/').next().unwrap().to_owned();
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity \
               where datname = current_database() and pid <> pg_backend_pid()";

    app.sql(&format!("alter database {name} connection limit 0")).await;
    app.sql(cut).await;
    let all = attempts(&shop, &ana, "trouble", 10).await;
    are_answered(&all);
    assert!(all.iter().all(|attempt| attempt.reply.status == 503), "nothing is promised");

    app.sql(&format!("alter database {name} connection limit -1")).await;
    heals(&shop, &ana, all).await;
}

#[tokio::test]
async fn a_table_is_locked_for_long_and_the_queue_does_not_grow() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let ana = shop.visitor("Ana").await;
    let neighbour = other.visitor("Bea").await;
    ana.writes("before").await;
    neighbour.writes("before").await;
    let schema = shop.schema().await;
    let mut admin = app.database().admin().await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("begin; lock table {schema}.message in access exclusive mode")))
        .execute(&mut admin)
        .await
        .unwrap();

    // Fewer than there are connections: the lock is one company's.
    let all = attempts(&shop, &ana, "trouble", 3).await;
    are_answered(&all);
    let began = Instant::now();
    neighbour.writes("meanwhile").await;
    assert!(began.elapsed() < ANSWERED_WITHIN, "a neighbour is served");

    admin.close().await.unwrap();
    heals(&shop, &ana, all).await;
}

#[tokio::test]
async fn the_disk_is_full_and_nothing_is_promised() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("before").await;
    let schema = shop.schema().await;
    // As Postgres says it when a table cannot grow.
    app.sql(&format!(
        "create function {schema}.full_disk() returns trigger language plpgsql as \
         $$begin raise exception 'could not extend file' using errcode = 'disk_full'; end$$; \
         create trigger full_disk before insert on {schema}.message for each row execute function {schema}.full_disk()"
    ))
    .await;

    let all = attempts(&shop, &ana, "trouble", 6).await;
    are_answered(&all);
    assert!(all.iter().all(|attempt| attempt.reply.status == 503), "nothing is promised");
    is_refused_on_the_socket(&shop, &ana).await;

    app.sql(&format!("drop function {schema}.full_disk() cascade")).await;
    heals(&shop, &ana, all).await;
}
