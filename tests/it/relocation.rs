//! A company moves to another database while people talk: nothing acknowledged is lost, and its neighbours notice nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{Http, Program, Shop, TestApp, eventually, fresh};
use uuid::Uuid;

async fn slug(shop: &Shop) -> String {
    shop.owner.http.get("/v1/account").await.ok()["slug"].as_str().unwrap().to_owned()
}

async fn count(url: &str, sql: &str) -> i64 {
    use sqlx::Connection as _;
    let mut admin = sqlx::PgConnection::connect(url).await.unwrap();
    let count = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(&mut admin).await;
    admin.close().await.unwrap();
    count.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// Somebody who writes one message after the other, again until it is acknowledged, as a widget does.
struct Talker {
    acknowledged: BTreeMap<Uuid, i64>,
    longest: Duration,
    refused: usize,
}

async fn talk(shop: &Shop, base: &str, until: &tokio::sync::watch::Receiver<bool>) -> Talker {
    let http = Http::new(base, shop.guard());
    let session = http.post("/v1/widget/session", json!({ "key": shop.key() })).await.ok();
    http.take(session["token"].as_str().unwrap());
    let mut talker = Talker { acknowledged: BTreeMap::new(), longest: Duration::ZERO, refused: 0 };
    while !*until.borrow() {
        let (id, began) = (fresh(), Instant::now());
        let body = json!({ "client_message_id": id, "text": shop.says("still here") });
        loop {
            let reply = http.post("/v1/widget/messages", body.clone()).await;
            if reply.status == 503 {
                talker.refused += 1;
                assert!(reply.header("retry-after").is_some(), "{}", reply.text);
                shop.app.clock().pause(Duration::from_millis(100)).await;
                continue;
            }
            let seq = reply.ok()["message"]["seq"].as_i64().unwrap();
            talker.acknowledged.insert(id, seq);
            break;
        }
        talker.longest = talker.longest.max(began.elapsed());
        // People breathe: a flood would have the console's socket reset as too slow, which is another story.
        shop.app.clock().pause(Duration::from_millis(15)).await;
    }
    talker
}

#[tokio::test]
async fn a_company_moves_while_people_talk_and_nothing_acknowledged_is_lost() {
    let app = TestApp::start_beside_a_second_database(2).await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let (name, schema) = (slug(&shop).await, shop.schema().await);
    let bo = shop.agent_on(1, "Bo").await;
    let (end, until) = tokio::sync::watch::channel(false);
    let (base, second) = (app.base(0), app.base(1));
    let operator = async {
        eventually("people talk", async || (shop.count("select count(*) from {}.message").await > 20).then_some(()))
            .await;
        let said = Program::run(app.settings(), &["tenant", "move", &name, "--to", "second", "--json"]).await;
        // They go on for a while in the new place.
        let there = format!("select count(*) from {schema}.message");
        let arrived = count(&app.second().admin_url, &there).await;
        eventually("they go on", async || (count(&app.second().admin_url, &there).await > arrived + 10).then_some(()))
            .await;
        end.send(true).unwrap();
        serde_json::from_str::<Value>(&said).unwrap()
    };
    let (moved, one, two, three, neighbour) = tokio::join!(
        operator,
        talk(&shop, &base, &until),
        talk(&shop, &second, &until),
        talk(&shop, &second, &until),
        talk(&other, &second, &until),
    );

    assert!(moved["rows"].as_i64().unwrap() > 20, "{moved}");
    println!("moved {moved}; the longest wait for an answer was {:?}", one.longest.max(two.longest));
    let people = [&one, &two, &three];
    assert!(people.iter().any(|talker| talker.refused > 0), "somebody had to wait");
    assert_eq!(neighbour.refused, 0, "the neighbour had not");
    let acknowledged: usize = people.iter().map(|talker| talker.acknowledged.len()).sum();
    let stored = count(
        &app.second().admin_url,
        &format!("select count(*) from {schema}.message where message_type = 'incoming'"),
    )
    .await;
    assert_eq!(stored, i64::try_from(acknowledged).unwrap(), "every acknowledged message is there, and no other");
    for id in people.iter().flat_map(|talker| talker.acknowledged.keys()) {
        let one = format!("select count(*) from {schema}.message where client_message_id = '{id}'");
        assert_eq!(count(&app.second().admin_url, &one).await, 1);
    }
    // What was left behind cannot be written, and is not asked any more.
    let left = app.count(&format!("select count(*) from {schema}.message")).await;
    assert!(left < stored + 10);
    let rights = format!("select count(*) where has_table_privilege('{schema}', '{schema}.message', 'insert')");
    assert_eq!(app.count(&rights).await, 0);

    // An open console went on over the move, and hears what is new.
    let ana = shop.visitor("Ana").await;
    ana.writes("Where are you now?").await;
    bo.socket().next(0, "the new message", |frame| frame.to_string().contains("Where are you now?")).await;
    let log = shop.owner.http.get("/v1/audit-log").await.ok();
    assert_eq!(
        (&log["data"][0]["action"], &log["data"][0]["detail"]["to"]),
        (&"account.moved".into(), &"second".into())
    );

    let places: Value =
        serde_json::from_str(&Program::run(app.settings(), &["tenant", "databases", "--json"]).await).unwrap();
    assert_eq!(places[1], json!({ "name": "second", "companies": 1, "reachable": true }));
    let dropped = Program::run(app.settings(), &["tenant", "drop-copies", "--days", "0", "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&dropped).unwrap()[0]["schema"], schema.as_str());
    assert_eq!(app.count(&format!("select count(*) from pg_namespace where nspname = '{schema}'")).await, 0);
    ana.writes("And now?").await;

    // And back home again, with all it has.
    let before = count(&app.second().admin_url, &format!("select count(*) from {schema}.message")).await;
    Program::run(app.settings(), &["tenant", "move", &name, "--to", "home"]).await;
    assert_eq!(shop.count("select count(*) from {}.message").await, before);
    ana.writes("Home again").await;
}

#[tokio::test]
async fn a_move_that_is_cut_short_goes_on_or_is_undone_and_the_company_answers_meanwhile() {
    let app = TestApp::start_beside_a_second_database(1).await;
    let shop = app.shop("Tea").await;
    let (name, schema) = (slug(&shop).await, shop.schema().await);
    let ana = shop.visitor("Ana").await;
    ana.writes("Before").await;
    let world = &app.node(0).world;
    let id = shop.id.parse().unwrap();

    // Announced, and then nobody carried it over.
    tenant::relocate::announce(world, id, Some("second")).await.unwrap();
    shop.owner.http.get("/v1/conversations").await.ok();
    let said = json!({ "client_message_id": fresh(), "text": shop.says("Now?") });
    ana.http.post("/v1/widget/messages", said.clone()).await.refused(503, "temporarily_unavailable");
    let (well, _, why) = Program::try_run(app.settings(), &["tenant", "move", &name, "--to", "home"]).await;
    assert!(!well && why.contains("lives there already"), "{why}");
    Program::run(app.settings(), &["tenant", "move", &name, "--abort"]).await;
    eventually("it can be written again", async || {
        (ana.http.post("/v1/widget/messages", said.clone()).await.status < 300).then_some(())
    })
    .await;

    // Carried over and sealed, and then the directory did not hear of it.
    tenant::relocate::announce(world, id, Some("second")).await.unwrap();
    app.sql(&format!("revoke insert, update, delete, truncate on all tables in schema {schema} from {schema}")).await;
    Program::run(app.settings(), &["tenant", "move", &name, "--to", "second"]).await;
    eventually("it can be written there", async || {
        let more = json!({ "client_message_id": fresh(), "text": shop.says("Later") });
        (ana.http.post("/v1/widget/messages", more).await.status < 300).then_some(())
    })
    .await;
    let kept = count(
        &app.second().admin_url,
        &format!("select count(*) from {schema}.message where message_type = 'incoming'"),
    )
    .await;
    assert_eq!(kept, 3);
    let (well, _, why) = Program::try_run(app.settings(), &["tenant", "move", &name, "--to", "nowhere"]).await;
    assert!(!well && why.contains("no address for the database nowhere"), "{why}");
}
