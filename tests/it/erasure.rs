//! Who is erased is nowhere any more: not in a row, a file, a kept answer or a socket, and not after an older backup came back.

use std::path::{Path, PathBuf};

use desk::erasure::{PLACES, Place};
use memchr::memmem;
use serde_json::{Value, json};
use tenant::Role;
use tests::{Http, Program, Shop, TestApp, Visitor, eventually, fresh};

/// A word that stands nowhere else.
fn word() -> String {
    infra::ids::encode(fresh()).chars().rev().collect()
}

/// Fills every field that can hold something of a person with the word. Their conversations: a resolved one with notes and a rating,
/// and one that is going on.
async fn fill(shop: &Shop, word: &str) -> Visitor {
    let ana = shop.visitor(&format!("Ana {word}")).await;
    ana.http.patch("/v1/widget/contact", json!({ "email": format!("{word}@mail.test") })).await.ok();
    let page = json!({ "url": format!("https://shop.example/{word}"), "title": word, "referrer": format!("https://r.example/{word}") });
    let start = json!({ "page": page, "answers": { "order": word }, "attributes": { "intent": word } });
    let ask = json!({ "client_message_id": fresh(), "text": shop.says(word), "page": page, "start": start });
    let chat = ana.http.post("/v1/widget/messages", ask).await.ok()["conversation"]["id"].as_str().unwrap().to_owned();
    let owner = &shop.owner.http;
    for private in [true, false] {
        let text =
            json!({ "client_message_id": fresh(), "text": shop.says(&format!("About {word}")), "private": private });
        owner.post(&format!("/v1/conversations/{chat}/messages"), text).await.ok();
    }
    shop.owner.resolves(&chat).await;
    let rating = json!({ "rating": 4, "comment": shop.says(word) });
    ana.http.post(&format!("/v1/widget/conversations/{chat}/survey"), rating).await.ok();
    let change = json!({ "phone": format!("+1 {word}"), "attributes": { word: word }, "tags": [word] });
    let key = fresh().to_string();
    let path = format!("/v1/contacts/{}", ana.id);
    owner.send("PATCH", &path, Some(change), &[("idempotency-key", &key)]).await.ok();
    // What only a company's own server could have told us. The word is not in the statement: a slow one is logged as it was written.
    let schema = shop.schema().await;
    let id: tenant::scope::ContactId = ana.id.parse().unwrap();
    let told = format!("update {schema}.contact set external_id = $1, user_agent = $1, locale = 'en' where id = $2");
    let mut admin = shop.app.database().admin().await;
    sqlx::query(sqlx::AssertSqlSafe(told)).bind(word).bind(id.uuid()).execute(&mut admin).await.unwrap();
    ana.writes(&format!("Again {word}")).await;
    ana
}

fn files(below: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(below).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&entry.path(), all),
            Ok(kind) if kind.is_file() => all.push(entry.path()),
            _ => {}
        }
    }
}

/// Every file in which the word stands: of this app's database after it was written anew and to disk, of the store of files, and of
/// whatever else the services keep or log. The write-ahead log is not looked at: it is overwritten in its own time.
async fn places_with(app: &TestApp, word: &str) -> Vec<String> {
    let mut admin = app.database().admin().await;
    let scalar = async |admin: &mut sqlx::PgConnection, sql: String| -> Vec<String> {
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(admin).await.unwrap()
    };
    // A table that is written anew keeps the dead rows that a transaction of before may still want to see.
    let now = scalar(&mut admin, "select clock_timestamp()::text".into()).await;
    let older = format!(
        "select count(*) from pg_stat_activity where datname = current_database() and xact_start < '{}'",
        now[0]
    );
    eventually("nobody reads what was before", async || (app.count(&older).await == 0).then_some(())).await;
    let tables = "select format('%I.%I', schemaname, tablename) from pg_tables \
        where schemaname = 'shared' or schemaname in (select schema_name from shared.account)";
    for table in scalar(&mut admin, tables.into()).await {
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("vacuum (full, analyze) {table}")))
            .execute(&mut admin)
            .await
            .unwrap();
    }
    // Postgres keeps samples of what is in columns, for its plans.
    sqlx::raw_sql("vacuum full pg_statistic").execute(&mut admin).await.unwrap();
    sqlx::raw_sql("checkpoint").execute(&mut admin).await.unwrap();
    let data = PathBuf::from(&scalar(&mut admin, "show data_directory".into()).await[0]);
    let own = scalar(&mut admin, "select oid::text from pg_database where datname = current_database()".into()).await;
    let mut all = Vec::new();
    files(&data, &mut all);
    all.retain(|path| {
        let inside = path.strip_prefix(&data).unwrap();
        !inside.starts_with("pg_wal")
            && (!inside.starts_with("base") || inside.starts_with(Path::new("base").join(&own[0])))
    });
    assert!(all.len() > 100, "the database's files are looked at");
    // Redis, NATS and the logs of all three lie beside it.
    let stack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-stack").canonicalize();
    let mut beside = Vec::new();
    files(&stack.unwrap_or_default(), &mut beside);
    all.extend(beside.into_iter().filter(|path| !path.starts_with(&data)));
    files(Path::new(app.settings().blobs.place.strip_prefix("file:").unwrap()), &mut all);
    let finder = memmem::Finder::new(word.as_bytes());
    let has = |path: &PathBuf| std::fs::read(path).is_ok_and(|bytes| finder.find(&bytes).is_some());
    let mut found: Vec<String> = all.iter().filter(|path| has(path)).map(|path| path.display().to_string()).collect();
    found.extend(keys_with(app, word).await);
    found
}

/// Keys of Redis that hold the word, or are called by it.
async fn keys_with(app: &TestApp, word: &str) -> Vec<String> {
    let cache = infra::cache::Cache::new(&app.settings().redis_url).unwrap();
    let mut question = infra::cache::redis::pipe();
    question.cmd("KEYS").arg("*");
    let (keys,): (Vec<String>,) = cache.ask(&question).await.unwrap();
    let mut found = Vec::new();
    for key in keys {
        let mut question = infra::cache::redis::pipe();
        question.cmd("TYPE").arg(&key);
        let Ok((kind,)) = cache.ask::<(String,)>(&question).await else { continue };
        let mut question = infra::cache::redis::pipe();
        match kind.as_str() {
            "string" => question.cmd("MGET").arg(&key),
            "zset" => question.cmd("ZRANGE").arg(&key).arg(0).arg(-1),
            "hash" => question.cmd("HGETALL").arg(&key),
            "set" => question.cmd("SMEMBERS").arg(&key),
            _ => question.cmd("LRANGE").arg(&key).arg(0).arg(-1),
        };
        let values = cache.ask::<(Vec<String>,)>(&question).await.map(|(values,)| values).unwrap_or_default();
        if key.contains(word) || values.iter().any(|value| value.contains(word)) {
            found.push(format!("redis: {key}"));
        }
    }
    found
}

async fn preview(http: &Http, id: &str) -> Value {
    http.get(&format!("/v1/contacts/{id}/erasure")).await.ok()
}

#[tokio::test]
async fn after_an_erasure_no_store_holds_a_word_of_the_person() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let (word, other) = (word(), word());
    let ana = fill(&shop, &word).await;
    let bea = fill(&shop, &other).await;
    let http = &shop.owner.http;
    // Archives that hold her, of which one is packed and would not show the word.
    for ask in [json!({ "holds": "contact", "contact_id": ana.id }), json!({ "holds": "account" })] {
        http.post("/v1/data-exports", ask).await.ok();
    }
    eventually("the archives are made", async || {
        let all = http.get("/v1/data-exports").await.ok();
        all["data"].as_array().unwrap().iter().all(|one| one["status"] == "ready").then_some(())
    })
    .await;
    eventually("all is published", async || (shop.count("select count(*) from {}.outbox").await == 0).then_some(()))
        .await;
    let before = places_with(&app, &word).await;
    assert!(before.len() >= 5, "the scan finds what is there: {before:?}");
    let billed = async || {
        let mut meters = http.get("/v1/usage").await.ok()["meters"].as_array().unwrap().clone();
        // The person's archives are gone, and take no room any more.
        meters.retain(|meter| meter["meter"] != "storage_bytes");
        meters
    };
    let usage = billed().await;

    let what = preview(http, &ana.id).await;
    assert_eq!(what["confirm_with"], ana.name.as_str());
    assert_eq!(
        (&what["conversations"], &what["open_conversations"], &what["ratings"]),
        (&json!(1), &json!(1), &json!(1))
    );
    let erase = format!("/v1/contacts/{}/erase", ana.id);
    http.post(&erase, json!({ "confirm": "Ana" })).await.refused(422, "erasure_unconfirmed");
    assert_eq!(preview(http, &ana.id).await["erased_at"], Value::Null, "a slip erases nobody");
    http.post(&erase, json!({ "confirm": ana.name })).await.ok();

    eventually("all is published", async || (shop.count("select count(*) from {}.outbox").await == 0).then_some(()))
        .await;
    assert_eq!(places_with(&app, &word).await, Vec::<String>::new(), "not a trace");
    assert!(places_with(&app, &other).await.len() >= 3, "nobody else was touched");
    let folder = app.settings().blobs.place.strip_prefix("file:").unwrap().to_owned();
    let mut left = Vec::new();
    files(Path::new(&folder), &mut left);
    assert!(
        left.iter().all(|path| !path.to_string_lossy().contains("/exports/")),
        "archives with her are gone: {left:?}"
    );

    // What the company still knows: that there was somebody, and the numbers.
    let contact = http.get(&format!("/v1/contacts/{}", ana.id)).await.ok();
    assert!(contact["erased_at"].is_string() && contact["name"].is_null() && contact["attributes"] == json!({}));
    let chat = ana.chat();
    let conversation = shop.owner.reads(&chat).await;
    assert_eq!((&conversation["status"], &conversation["survey"]["rating"]), (&json!("resolved"), &json!(4)));
    let thread = shop.owner.thread(&chat).await;
    assert!(
        thread.len() > 4
            && thread.iter().all(|message| message["text"] == "" && message["content"]["kind"] == "erased")
    );
    assert!(!usage.is_empty());
    assert_eq!(billed().await, usage, "what is billed stays");
    assert_eq!(http.get("/v1/audit-log/integrity").await.ok()["intact"], true);
    let log = http.get("/v1/audit-log?action=contact.erased").await.ok();
    assert_eq!((log["data"].as_array().unwrap().len(), &log["data"][0]["target"]), (1, &json!(ana.id)));
    assert!(bea.thread().await.len() >= 4, "and she goes on");
}

#[tokio::test]
async fn the_session_of_who_is_erased_ends_everywhere_and_nothing_is_written_down_any_more() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor_on(1, "Ana").await;
    ana.writes("Hello").await;
    let bo = shop.agent("Bo").await;
    let agent = shop.colleague("Vic", Role::Supervisor).await;
    let body = json!({ "confirm": ana.name });
    let erase = format!("/v1/contacts/{}/erase", ana.id);
    agent.http.post(&erase, body.clone()).await.refused(403, "permission_denied");
    shop.owner.http.post(&erase, body.clone()).await.ok();

    assert_eq!(ana.socket.closed().await, Some(4003), "her socket at the other server is closed");
    eventually("her token is refused there", async || {
        (ana.http.get("/v1/widget/queue").await.status == 401).then_some(())
    })
    .await;
    ana.posts("Still here?").await.refused(401, "token_invalid");
    // News of before, of her name, may still be on its way.
    let erased = |frame: &Value| frame["type"] == "contact.updated" && frame["contact"]["erased_at"].is_string();
    bo.socket().next(0, "colleagues see it", erased).await;
    shop.owner
        .http
        .patch(&format!("/v1/contacts/{}", ana.id), json!({ "name": "Ana again" }))
        .await
        .refused(409, "contact_erased");
    shop.owner.http.post(&erase, json!({ "confirm": ana.id })).await.ok();

    // Whoever comes back with the same browser is somebody new.
    let session = json!({ "key": shop.key(), "secret": ana.secret });
    let session = shop.stranger().post("/v1/widget/session", session).await.ok();
    assert_ne!(session["contact_id"], ana.id.as_str());
    ana.http.take(session["token"].as_str().unwrap());
    ana.posts("Good morning").await.ok();
}

#[tokio::test]
async fn an_older_backup_does_not_bring_back_who_was_erased() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let (word, other) = (word(), word());
    let ana = fill(&shop, &word).await;
    fill(&shop, &other).await;
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup.zip");
    let file = backup.to_str().unwrap();
    let dumped = Program::run(app.settings(), &["tenant", "dump", &shop.id, file, "--json"]).await;
    assert!(dumped.contains("\"sha256\""), "{dumped}");
    shop.owner.http.post(&format!("/v1/contacts/{}/erase", ana.id), json!({ "confirm": ana.name })).await.ok();

    // Beside the living one.
    let ask = ["tenant", "import", file, "--into", "tea-as-it-was", "--owner", &shop.owner.email, "--json"];
    let made = Program::run(app.settings(), &ask).await;
    let made: Value = serde_json::from_str(&made).unwrap();
    assert_eq!(made["erased_again"], 1, "{made}");
    let at = &app.node(0).world;
    let copy = tenant::Tenant::find(at, made["account"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    let schema = copy.account.schema.as_str();
    assert_eq!(places_with(&app, &word).await.len(), 0);
    assert_eq!(app.count(&format!("select count(*) from {schema}.contact where external_id = '{other}'")).await, 1);

    // In its place, as when the whole database was turned back: the list of the directory is gone too.
    let schema = shop.schema().await;
    app.sql(&format!(
        "update {schema}.contact set erased_at = null, name = '{word}' where erased_at is not null; delete from shared.erasure"
    ))
    .await;
    let again = Program::run(app.settings(), &["tenant", "reapply-erasures", "--json"]).await;
    let again: Value = serde_json::from_str(&again).unwrap();
    let of_shop = again.as_array().unwrap().iter().find(|one| one["account"] == shop.id.as_str()).unwrap();
    assert_eq!(of_shop["erased_again"], 1, "{again}");
    assert_eq!(
        app.count(&format!("select count(*) from {schema}.contact where name is not null and erased_at is null")).await,
        1
    );
    assert_eq!(app.count("select count(*) from shared.erasure").await, 1, "and the directory knows it again");
}

#[tokio::test]
async fn every_table_says_what_becomes_of_it_when_somebody_is_erased() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let schema = shop.schema().await;
    let mut admin = app.database().admin().await;
    let rows: Vec<(String, String)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "select table_name::text, column_name::text from information_schema.columns where table_schema = '{schema}' order by 1, 2"
    )))
    .fetch_all(&mut admin)
    .await
    .unwrap();
    let mut missing = Vec::new();
    for (table, column) in &rows {
        let known = PLACES.iter().any(|place| match place {
            Place::Other { table: other, .. } => other == table,
            Place::Personal(place) => place.table == table && place.columns.contains(&column.as_str()),
        });
        if !known {
            missing.push(format!("{table}.{column}"));
        }
    }
    assert!(missing.is_empty(), "say in desk/src/erasure/places.rs what becomes of them: {missing:?}");
    for place in PLACES {
        let (Place::Other { table, .. } | Place::Personal(desk::erasure::Personal { table, .. })) = place;
        assert!(rows.iter().any(|(known, _)| known == table), "{table} is no table any more");
    }
}
