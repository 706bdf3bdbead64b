//! Redis and NATS may be away. Chat goes on.

use tests::{Socket, TestApp, eventually, fresh};

#[tokio::test]
async fn without_redis_the_main_job_goes_on() {
    let app = TestApp::start_with(1, |settings| settings.redis_url = "redis://127.0.0.1:1".into()).await;
    the_main_job(&app).await;
}

#[tokio::test]
async fn without_nats_the_main_job_goes_on_within_one_server() {
    let app = TestApp::start_with(1, |settings| settings.nats_url = "nats://127.0.0.1:1".into()).await;
    the_main_job(&app).await;
}

#[tokio::test]
async fn without_either_the_main_job_goes_on() {
    let app = TestApp::start_with(1, |settings| {
        settings.redis_url = "redis://127.0.0.1:1".into();
        settings.nats_url = "nats://127.0.0.1:1".into();
    })
    .await;
    the_main_job(&app).await;
}

async fn the_main_job(app: &TestApp) {
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    bo.sees(&chat, "Hello").await;
    bo.replies(&chat, "Hi").await;
    ana.sees("Hi").await;
    bo.resolves(&chat).await;
    ana.socket
        .until("the survey is asked", |frames| {
            frames.iter().any(|frame| frame["message"]["content"]["kind"] == "survey").then_some(())
        })
        .await;
    let ready = app.stranger().get("/readyz").await;
    assert_eq!(ready.status, 200, "a server without them can still take messages: {}", ready.text);
    // Limits still hold, counted by the server itself.
    let email = format!("{}@mail.test", fresh().simple());
    let ask = serde_json::json!({ "email": email, "password": "wrong wrong" });
    let mut refused = 0;
    for _ in 0..12 {
        refused += u32::from(app.stranger().post("/v1/auth/login", ask.clone()).await.code() == "rate_limited");
    }
    assert!(refused >= 1, "a login flood is refused without Redis too");
}

#[tokio::test]
async fn a_visitor_who_comes_back_after_the_bus_was_away_misses_nothing() {
    let app = TestApp::start_with(1, |settings| settings.nats_url = "nats://127.0.0.1:1".into()).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    bo.is_given(&ana.chat()).await;
    ana.socket.cut();
    for number in 0..5 {
        bo.replies(&ana.chat(), &format!("reply {number}")).await;
    }
    let back = Socket::open(&app.base(0), shop.guard(), &ana.http.token(), serde_json::json!({ ana.chat(): 1 })).await;
    assert_eq!(back.frame("resumed").await["messages"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn while_postgres_is_away_nothing_is_promised_and_afterwards_everything_works() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("before").await;

    // Every connection is cut, as by a restart, while many are writing.
    let sends = futures::future::join_all((0..30).map(|number| {
        let body = serde_json::json!({ "client_message_id": fresh(), "text": shop.says(&format!("m{number}")) });
        ana.http.post("/v1/widget/messages", body)
    }));
    let cut = app.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
    let (replies, ()) = futures::join!(sends, cut);

    let promised = replies.iter().filter(|reply| reply.status == 201).count();
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        assert_eq!((reply.status, reply.header("retry-after").is_some()), (503, true), "{}", reply.text);
    }
    eventually("the next send is taken", async || (ana.posts("after").await.status == 201).then_some(())).await;
    let kept = usize::try_from(shop.count("select count(*) from {}.message where text like 'm%'").await).unwrap();
    assert!(kept >= promised, "{promised} promised, {kept} kept");
    assert_eq!(shop.count("select max(seq) - count(*) from {}.message").await, 0, "no gap");
}
