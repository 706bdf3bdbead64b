//! Where no socket gets through, a visitor hears the same over plain HTTP: as a stream of events, or by asking again and again.

use std::time::Duration;

use axum::body::Bytes;
use serde_json::{Value, json};
use tenant::token::Audience;
use tests::{EventStream, Http, TestApp, Visitor, eventually, within};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

async fn listens(ana: &Visitor, after: i64) -> EventStream {
    ana.http.listen(&format!("/v1/widget/events?conversation_id={}&after_seq={after}", ana.chat())).await
}

async fn polls(ana: &Visitor, after: i64, wait: u64) -> Vec<Value> {
    let path = "/v1/widget/events/poll";
    let path = format!("{path}?conversation_id={}&after_seq={after}&wait_seconds={wait}", ana.chat());
    ana.http.get(&path).await.ok()["frames"].as_array().unwrap().clone()
}

/// Frames about messages and conversations, which everybody hears alike.
fn told(frames: &[Value]) -> Vec<Value> {
    let kinds = ["message.created", "conversation.updated", "conversation.read"];
    frames.iter().filter(|frame| kinds.contains(&frame["type"].as_str().unwrap())).cloned().collect()
}

fn places(frames: &[Value]) -> Vec<i64> {
    let mut all = Vec::new();
    for frame in frames {
        match frame["type"].as_str().unwrap() {
            "message.created" => all.push(frame["message"]["seq"].as_i64().unwrap()),
            "resumed" => {
                all.extend(frame["messages"].as_array().unwrap().iter().map(|one| one["seq"].as_i64().unwrap()));
            }
            _ => {}
        }
    }
    all
}

#[tokio::test]
async fn a_stream_and_a_socket_tell_the_same_and_never_a_note() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor_on(1, "Ana").await;
    ana.writes("one").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    let stream = listens(&ana, 0).await;
    assert_eq!(stream.first("anything", |_| true).await["type"], "welcome");
    assert_eq!(stream.frame("welcome").await["audience"], "visitor");
    assert_eq!(places(&[stream.frame("resumed").await]), [1]);
    for (name, value) in
        [("content-type", "text/event-stream"), ("cache-control", "no-store"), ("x-accel-buffering", "no")]
    {
        assert!(stream.headers.contains(&(name.to_owned(), value.to_owned())), "{name}: {:?}", stream.headers);
    }
    assert!(stream.headers.iter().all(|(name, _)| name != "content-encoding"), "nothing keeps events back");

    let begin = ana.socket.count();
    bo.replies(&chat, "two").await;
    bo.notes(&chat, "between us").await;
    bo.replies(&chat, "three").await;
    bo.resolves(&chat).await;
    let resolved = |frame: &Value| frame["conversation"]["status"] == "resolved";
    ana.socket.next(begin, "resolved", resolved).await;
    stream.first("resolved", resolved).await;
    ana.writes("four").await;
    let last = |frame: &Value| frame["message"]["text"] == shop.says("four").as_str();
    stream.first("the last message", last).await;
    ana.socket.next(begin, "the last message", |frame| frame["type"] == "message.created" && last(frame)).await;

    let (by_stream, by_socket) = (told(&stream.frames()), told(&ana.socket.frames()));
    // The socket was there first, and the other server's news of the first message came when it came.
    let since = by_socket.iter().position(|frame| *frame == by_stream[0]).unwrap_or(0);
    let by_socket = &by_socket[since..];
    let common = by_stream.len().min(by_socket.len());
    assert!(common >= 5, "{by_stream:?}");
    assert_eq!(by_stream[..common], by_socket[..common], "the same frames in the same order");
    let all = Value::from(stream.frames()).to_string();
    assert!(!all.contains("between us") && !all.contains("\"private\""), "{all}");
    let heard = places(&stream.frames());
    assert_eq!(heard, (1..=i64::try_from(heard.len()).unwrap()).collect::<Vec<_>>(), "every place once, no hole");
}

#[tokio::test]
async fn who_asks_again_and_again_misses_nothing() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.posts("one").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;

    // Something was missed: told at once, however long one would wait.
    assert_eq!(places(&within(Duration::from_secs(5), "an answer at once", polls(&ana, 0, 25)).await), [1]);
    // Nothing was: told when something happens, and notes are nothing.
    assert_eq!(polls(&ana, 1, 0).await, Vec::<Value>::new());
    let mut seen = 1;
    let (mut heard, mut answers) = (Vec::new(), 0);
    let asks = async {
        while seen < 6 {
            let frames = polls(&ana, seen, 25).await;
            answers += 1;
            let fresh: Vec<i64> = places(&frames).into_iter().filter(|place| *place > seen).collect();
            seen = fresh.last().copied().unwrap_or(seen);
            heard.extend(fresh);
            assert!(!Value::from(frames).to_string().contains("between us"));
        }
    };
    let writes = async {
        for text in ["two", "three", "four", "five", "six"] {
            bo.replies(&chat, text).await;
            bo.notes(&chat, "between us").await;
        }
    };
    within(tests::DEADLINE, "everything is heard", async { tokio::join!(asks, writes) }).await;
    assert_eq!(heard, [2, 3, 4, 5, 6]);
    assert!(answers <= 40, "an answer is worth its question: {answers}");

    // A change of the conversation alone is found by its version, even when it fell between two questions.
    let known = bo.reads(&chat).await["version"].as_i64().unwrap();
    bo.http.put(&format!("/v1/conversations/{chat}/priority"), json!({ "priority": "high" })).await.ok();
    let path = format!("/v1/widget/events/poll?conversation_id={chat}&after_seq=6&after_version={known}");
    let changed = within(Duration::from_secs(5), "an answer at once", ana.http.get(&path)).await.ok();
    let last = changed["frames"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["type"], &last["messages"]), (&json!("resumed"), &json!([])));
    assert!(last["conversation"]["version"].as_i64().is_some_and(|version| version > known), "{last}");

    // The wait may be longer than any ordinary answer may take, once what was said has reached everybody.
    eventually("silence", async || polls(&ana, 6, 1).await.is_empty().then_some(())).await;
    let began = tokio::time::Instant::now();
    assert_eq!(polls(&ana, 6, 6).await.len(), 0);
    assert!(began.elapsed() >= Duration::from_secs(6));
}

#[tokio::test]
async fn a_gap_is_filled_or_said_to_be_too_wide() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let bo = shop.agent("Bo").await;
    let (ana, bea, zoe) = (shop.visitor("Ana").await, shop.visitor("Bea").await, other.visitor("Zoe").await);
    for visitor in [&ana, &bea, &zoe] {
        visitor.writes("mine").await;
    }
    bo.is_given(&ana.chat()).await;
    bo.replies(&ana.chat(), "two").await;
    bo.notes(&ana.chat(), "between us").await;
    bo.replies(&ana.chat(), "three").await;

    let back = listens(&ana, 1).await;
    let missed = back.frame("resumed").await;
    assert_eq!(places(std::slice::from_ref(&missed)), [2, 3]);
    assert_eq!((&missed["last_seq"], &missed["conversation"]["id"]), (&json!(3), &json!(ana.chat())));
    assert_eq!(places(&polls(&ana, 1, 25).await), [2, 3]);

    let unknown = "conv_01h455vb4pex5vsknk084sn02q".to_owned();
    for (id, after) in [(bea.chat(), 0), (zoe.chat(), 0), (unknown, 0), (ana.chat(), 99)] {
        let reset = json!({ "type": "reset", "conversation_id": id });
        let query = format!("conversation_id={id}&after_seq={after}");
        let stream = ana.http.listen(&format!("/v1/widget/events?{query}")).await;
        assert_eq!(stream.frame("reset").await, reset);
        assert_eq!(ana.http.get(&format!("/v1/widget/events/poll?{query}")).await.ok()["frames"], json!([reset]));
    }
    // And of what happens there, nothing is heard.
    let stream = ana.http.listen(&format!("/v1/widget/events?conversation_id={}&after_seq=0", bea.chat())).await;
    stream.frame("reset").await;
    bea.writes("for the shop only").await;
    bo.replies(&ana.chat(), "four").await;
    stream.first("one's own", |frame| frame["message"]["text"] == shop.says("four").as_str()).await;
    assert!(!Value::from(stream.frames()).to_string().contains("for the shop only"));
}

#[tokio::test]
async fn only_a_visitor_may_listen() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let wrong: [(&str, Http); 3] = [
        ("nobody", shop.stranger()),
        ("nonsense", shop.stranger().with("nonsense")),
        ("an agent", shop.stranger().with(&shop.owner.http.token())),
    ];
    for path in ["/v1/widget/events", "/v1/widget/events/poll"] {
        for (_, http) in &wrong {
            http.get(path).await.refused(401, "token_invalid");
        }
        shop.stranger().get(&format!("{path}?token={}", ana.http.token())).await.refused(422, "query_invalid");
        ana.http.get(&format!("{path}?after_seq=1")).await.refused(422, "query_invalid");
        ana.http.get(&format!("{path}?conversation_id={}", ana.chat())).await.refused(422, "query_invalid");
    }
    ana.http.get("/v1/widget/events/poll?wait_seconds=26").await.refused(422, "wait_out_of_range");
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    // Time enough to open one, on any machine.
    app.clock().advance(Audience::Visitor.lifetime() - chrono::TimeDelta::seconds(9));
    let stream = ana.http.listen("/v1/widget/events").await;
    stream.frame("welcome").await;
    assert!(!stream.has_ended());
    stream.ended().await;
    ana.http.get("/v1/widget/events").await.refused(401, "token_invalid");
}

#[tokio::test]
async fn a_stream_says_that_it_is_alive_until_its_company_is_suspended() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let (ana, zoe) = (shop.visitor("Ana").await, other.visitor("Zoe").await);
    let (lives, ends) = (ana.http.listen("/v1/widget/events").await, zoe.http.listen("/v1/widget/events").await);
    lives.frame("welcome").await;
    ends.frame("welcome").await;
    let schema = other.schema().await;
    app.sql(&format!("update shared.account set status = 'suspended' where schema_name = '{schema}'")).await;
    within(Duration::from_secs(30), "a sign of life, and an end", async {
        while lives.pings() == 0 || !ends.has_ended() {
            app.clock().pause(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert!(!lives.has_ended());
    zoe.http.get("/v1/widget/events").await.refused(403, "account_suspended");
}

#[tokio::test]
async fn a_server_that_goes_away_says_when_to_come_back() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor_on(1, "Ana").await;
    ana.writes("Hello").await;
    let stream = listens(&ana, 1).await;
    stream.frame("resumed").await;
    eventually("silence", async || polls(&ana, 1, 1).await.is_empty().then_some(())).await;
    // What routing still had to say of the chat is an answer as well: it is asked again until there is the one to leave.
    let waiting = async {
        loop {
            let frames = polls(&ana, 1, 25).await;
            if let Some(leave) = frames.iter().find(|frame| frame["type"] == "reconnect") {
                return leave.clone();
            }
        }
    };
    let goes = async {
        eventually("both listen", async || (app.node(1).routing.switchboard.sockets() == 3).then_some(())).await;
        within(Duration::from_secs(8), "nobody holds the server up", app.stop(1)).await;
    };
    let (answer, ()) = tokio::join!(waiting, goes);
    for reconnect in [&answer, &stream.frame("reconnect").await] {
        assert_eq!(reconnect["type"], "reconnect");
        assert!(reconnect["after_ms"].as_u64().is_some_and(|wait| wait >= 200), "{reconnect}");
    }
    stream.ended().await;
}

#[tokio::test]
async fn a_stream_that_is_not_read_is_given_up_alone() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let (ana, bea) = (shop.visitor("Ana").await, shop.visitor("Bea").await);
    let address = app.base(0).replace("http://", "");
    let mut deaf = TcpStream::connect(&address).await.unwrap();
    let ask = format!(
        "GET /v1/widget/events HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\r\n",
        ana.http.token()
    );
    deaf.write_all(ask.as_bytes()).await.unwrap();
    let switchboard = &app.node(0).routing.switchboard;
    eventually("it listens", async || (switchboard.sockets() == 3).then_some(())).await;
    let hears = bea.http.listen("/v1/widget/events").await;
    hears.frame("welcome").await;

    // More than every buffer between here and there holds.
    let topic = routing::realtime::Topic::Contact(shop.id.parse().unwrap(), ana.id.parse().unwrap());
    let large = json!({ "type": "typing", "padding": "x".repeat(60_000) }).to_string();
    let large = [(topic, Bytes::from(large))];
    eventually("its place is taken away", async || {
        for _ in 0..20 {
            switchboard.deliver(&large);
        }
        ana.socket.catch_up().await;
        (switchboard.sockets() == 3).then_some(())
    })
    .await;
    assert!(ana.socket.is_open(), "who reads keeps their place");
    let chat = bea.writes("Still here").await;
    hears.first("the others go on", |frame| frame["message"]["id"] == chat["id"]).await;
    drop(deaf);
}

#[tokio::test]
async fn a_browser_without_a_socket_says_what_it_has_received() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let (ana, bea) = (shop.visitor("Ana").await, shop.visitor("Bea").await);
    ana.posts("one").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    bo.replies(&chat, "two").await;
    let path = format!("/v1/widget/conversations/{chat}/delivered");
    assert_eq!(ana.http.post(&path, json!({ "seq": 2 })).await.status, 204);
    assert_eq!(bo.socket().frame("conversation.delivered").await["seq"], 2);
    assert_eq!(bo.reads(&chat).await["contact_delivered_seq"], 2);
    bea.http.post(&path, json!({ "seq": 2 })).await.refused(404, "conversation_unknown");
}
