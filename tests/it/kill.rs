//! The real program is killed in the middle of its work. What was acknowledged is there, once, in its place.

use std::collections::{BTreeMap, BTreeSet};

use api::serve::{Parts, Running};
use desk::message::{self, Author};
use serde_json::{Value, json};
use tests::{Http, Program, Shop, Socket, TestApp, eventually, fresh};
use uuid::Uuid;

/// A visitor's socket at the program, and their token.
async fn visitor(shop: &Shop, base: &str) -> (Http, String) {
    let http = Http::new(base, shop.guard());
    let session = http.post("/v1/widget/session", json!({ "key": shop.key() })).await.ok();
    http.take(session["token"].as_str().unwrap());
    (http, session["contact_id"].as_str().unwrap().to_owned())
}

fn acknowledged(socket: &Socket) -> BTreeMap<Uuid, i64> {
    let acks = socket.frames().into_iter().filter(|frame| frame["type"] == "ack");
    acks.map(|frame| {
        (serde_json::from_value(frame["client_message_id"].clone()).unwrap(), frame["message"]["seq"].as_i64().unwrap())
    })
    .collect()
}

#[tokio::test]
async fn a_message_whose_ack_was_lost_in_a_crash_is_written_once_when_it_is_sent_again() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let mut program = Program::start(app.settings()).await;
    let port = program.port();
    let (http, _) = visitor(&shop, &program.base()).await;
    let (mut sent, mut promised) = (Vec::<(Uuid, String)>::new(), BTreeMap::<Uuid, i64>::new());
    let mut lost = 0;

    for round in 0_usize..8 {
        let socket = Socket::open(&program.base(), shop.guard(), &http.token(), json!({})).await;
        let batch: Vec<(Uuid, String)> = (0..12).map(|n| (fresh(), shop.says(&format!("r{round} m{n}")))).collect();
        for (id, text) in &batch {
            socket.say(json!({ "type": "send", "client_message_id": id, "text": text }));
        }
        // A different place in the stream each time: before the first ack, among them, after the last.
        let enough = round * 12 / 7;
        socket
            .until("some acks", |frames| {
                (frames.iter().filter(|frame| frame["type"] == "ack").count() >= enough).then_some(())
            })
            .await;
        program.kill();
        socket.closed().await;
        promised.extend(acknowledged(&socket));
        sent.extend(batch);

        program = Program::start_on(app.settings(), port).await;
        let socket = Socket::open(&program.base(), shop.guard(), &http.token(), json!({})).await;
        for (id, text) in &sent {
            if promised.contains_key(id) {
                continue;
            }
            lost += 1;
            let answer = socket.send(json!({ "client_message_id": id, "text": text })).await;
            assert_eq!(answer["type"], "ack", "{answer}");
            promised.insert(*id, answer["message"]["seq"].as_i64().unwrap());
        }
    }

    assert!(lost > 0, "some acks were really lost");
    let session = http.post("/v1/widget/session", json!({ "key": shop.key() })).await.ok();
    assert_eq!(session["conversation"], Value::Null, "a stranger has none");
    assert_eq!(shop.count("select count(*) from {}.message").await, i64::try_from(sent.len()).unwrap());
    assert_eq!(shop.count("select last_public_seq from {}.conversation").await, i64::try_from(sent.len()).unwrap());
    let places: BTreeSet<i64> = promised.values().copied().collect();
    assert_eq!(places, (1..=i64::try_from(sent.len()).unwrap()).collect(), "every place once, no gap");
    assert_eq!(
        shop.count("select count(*) from {}.usage_event where meter = 'messages'").await,
        i64::try_from(sent.len()).unwrap(),
        "and each is counted once"
    );
}

#[tokio::test]
async fn a_program_told_to_end_says_so_finishes_and_loses_nothing() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let mut program = Program::start(app.settings()).await;
    let (http, _) = visitor(&shop, &program.base()).await;
    let socket = Socket::open(&program.base(), shop.guard(), &http.token(), json!({})).await;
    let mut sent = BTreeSet::new();
    for number in 0..20 {
        let id = fresh();
        socket.say(json!({ "type": "send", "client_message_id": id, "text": shop.says(&format!("m{number}")) }));
        sent.insert(id);
    }
    socket.frame("ack").await;

    program.terminate();

    let reconnect = socket.frame("reconnect").await;
    assert!(reconnect["after_ms"].as_u64().is_some(), "{reconnect}");
    assert_eq!(socket.closed().await, Some(1012));
    assert!(program.ended().await, "it ends content");
    let acked = acknowledged(&socket);
    let written = shop.count("select count(*) from {}.message").await;
    assert!(written >= i64::try_from(acked.len()).unwrap(), "{} acks, {written} messages", acked.len());
    // What it had not taken any more is sent again elsewhere.
    let other = Http::new(&app.base(0), shop.guard()).with(&http.token());
    for (number, id) in sent.iter().enumerate().filter(|(_, id)| !acked.contains_key(id)) {
        let body = json!({ "client_message_id": id, "text": shop.says(&format!("m{number}")) });
        other.post("/v1/widget/messages", body).await.ok();
    }
    assert_eq!(shop.count("select count(*) from {}.message where message_type = 'incoming'").await, 20);
}

#[tokio::test]
async fn an_agent_elsewhere_hears_what_a_killed_server_had_acknowledged() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let mut program = Program::start(app.settings()).await;
    let (http, _) = visitor(&shop, &program.base()).await;
    let socket = Socket::open(&program.base(), shop.guard(), &http.token(), json!({})).await;
    for number in 0..5 {
        socket.say(json!({ "type": "send", "client_message_id": fresh(), "text": shop.says(&format!("m{number}")) }));
    }
    socket.frame("ack").await;
    program.kill();
    socket.closed().await;
    let acked = acknowledged(&socket);

    let chat = shop.owner.http.get("/v1/conversations").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    app.clock().advance(chrono::TimeDelta::seconds(9));
    let seen = |id: &Uuid| {
        let thread = bo.socket().thread(&chat);
        thread.values().any(|message| message["client_message_id"] == id.to_string())
    };
    eventually("every acknowledged message is on the agent's screen", async || acked.keys().all(seen).then_some(()))
        .await;
    bo.is_given(&chat).await;
}

#[tokio::test]
async fn what_was_committed_and_never_published_is_published_by_the_sweep() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    let unpublished = async |wanted: i64| {
        let left = shop.count("select count(*) from {}.outbox").await;
        (left == wanted).then_some(())
    };
    eventually("what came before is marked", async || unpublished(0).await).await;

    // A server that dies between COMMIT and the bus: nobody takes its facts.
    let (dying, facts) = api::App::new(app.settings(), app.clock().clone()).await.unwrap();
    drop(facts);
    let tenant = tenant::Tenant::find(&dying.world, shop.id.parse().unwrap()).await.unwrap().unwrap();
    let mut tx = tenant.begin().await.unwrap();
    let author = Author::Agent { id: bo.id.parse().unwrap(), name: bo.name.clone() };
    message::send(&mut tx, chat.parse().unwrap(), author, &shop.says("Last words"), false, fresh()).await.unwrap();
    tx.commit().await.unwrap();
    dying.world.sites.close().await;
    assert_eq!(unpublished(1).await, Some(()));
    ana.socket.catch_up().await;
    assert!(!ana.screen().contains(&"Last words".to_owned()), "nobody has published it yet");

    app.clock().advance(chrono::TimeDelta::seconds(8));

    ana.sees("Last words").await;
    bo.sees(&chat, "Last words").await;
    eventually("the fact is marked", async || unpublished(0).await).await;
}

#[tokio::test]
async fn a_worker_beside_the_servers_sends_the_mail_and_takes_over_the_sweeps() {
    let app = TestApp::start_with(0, |_| {}).await;
    let parts = |web, workers| Parts { web, workers };
    let web = Running::start(app.settings(), app.clock().clone(), parts(true, false)).await.unwrap();
    let http = Http::new(&format!("http://{}", web.address), app.guard(None));
    let email = format!("mei-{}@mail.test", fresh().simple());
    let ask = json!({ "company": "Teapot", "email": email, "password": tests::PASSWORD });
    http.post("/v1/signup", ask).await.ok();
    assert_eq!(app.count("select count(*) from shared.job").await, 1, "the letter waits for a worker");

    let worker = Running::start(app.settings(), app.clock().clone(), parts(false, true)).await.unwrap();

    let letter = app.mail().letter(&email, "Verify").await;
    http.post("/v1/auth/verify-email", json!({ "token": letter.token() })).await.ok();
    worker.stop().await;
    web.stop().await;
}
