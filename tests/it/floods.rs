//! Too much of a good thing: one visitor who writes without end, and connections that never say what they want.

use std::time::Duration;

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::json;
use tenant::AccountId;
use tenant::flood::Flood;
use tenant::throttle::Rate;
use tests::{Http, TestApp, fresh, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

#[tokio::test]
async fn who_writes_without_end_is_asked_to_wait_and_nobody_else_is() {
    let app = TestApp::start_with(1, |settings| settings.visitor_rate = 30).await;
    let shop = app.shop("Tea").await;
    let (ana, bea) = (shop.visitor("Ana").await, shop.visitor("Bea").await);
    let (mut taken, mut refused) = (0, [0, 0]);
    let began = Instant::now();
    // Three a second come back meanwhile: until both ways have refused one, however slow the machine is.
    for turn in 0.. {
        if refused[0] > 0 && refused[1] > 0 {
            break;
        }
        assert!(turn < 90, "{taken} taken, {refused:?} refused");
        let text = format!("{turn}");
        let code = if turn % 2 == 0 {
            let reply = ana.posts(&text).await;
            if reply.status == 429 {
                assert_eq!(reply.header("retry-after"), Some("1"));
                reply.is_a_problem();
            }
            reply.code()
        } else {
            let answer = ana.socket.send(json!({ "client_message_id": fresh(), "text": shop.says(&text) })).await;
            if answer["type"] == "error" {
                let wait = answer["retry_after_ms"].as_u64().unwrap();
                assert!(wait <= 1_000, "the next one is a third of a second away: {answer}");
                assert!(answer["client_message_id"].is_string(), "the sender knows which one: {answer}");
            }
            answer["code"].as_str().unwrap_or_default().to_owned()
        };
        match code.as_str() {
            "" => taken += 1,
            "rate_limited" => refused[turn % 2] += 1,
            other => panic!("{other}"),
        }
    }
    let most = 30 + 3 * (usize::try_from(began.elapsed().as_secs()).unwrap() + 1);
    assert!((30..=most).contains(&taken), "{taken} taken, {refused:?} refused");
    assert_eq!(ana.thread().await.len(), taken, "what was taken is there, what was refused is not");
    bea.writes("I only want to ask something").await;

    // A little later it is their turn again, with the same message.
    let body = json!({ "client_message_id": fresh(), "text": shop.says("at last") });
    app.clock().advance(TimeDelta::seconds(11));
    ana.http.post("/v1/widget/messages", body).await.ok();
    ana.sees("at last").await;
}

#[tokio::test]
async fn who_writes_to_two_servers_gets_no_more_than_at_one() {
    let app = TestApp::start_with(2, |settings| settings.visitor_rate = 30).await;
    let shop = app.shop("Tea").await;
    let (ana, bea) = (shop.visitor("Ana").await, shop.visitor_on(1, "Bea").await);
    let shares = async |node: usize| {
        let world = &app.node(node).world;
        world.flood.share(&world.cache).await;
    };
    let there = Http::new(&app.base(1), shop.guard()).with(&ana.http.token());
    let writes_there = async |text: &str| {
        let body = json!({ "client_message_id": fresh(), "text": shop.says(text) });
        there.post("/v1/widget/messages", body).await
    };
    let began = Instant::now();
    for turn in 0..30 {
        ana.posts(&format!("{turn}")).await.ok();
    }
    shares(0).await;
    // The other server hears of it with the first message there. Three a second come back meanwhile.
    let mut passed = 0;
    while passed < 20 && writes_there("and more").await.status != 429 {
        passed += 1;
        shares(1).await;
    }
    let allowed = 5 + 3 * (began.elapsed().as_secs() + 1);
    assert!((1..=allowed).contains(&passed), "{passed} more at the other server, of {allowed}");
    bea.posts("I only want to ask something").await.ok();
    app.clock().advance(TimeDelta::seconds(13));
    writes_there("at last").await.ok();
}

#[tokio::test]
async fn what_servers_tell_each_other_is_of_one_company_and_forgotten_when_clocks_are_set_back() {
    let app = TestApp::start().await;
    let world = &app.node(0).world;
    let server = || Flood::shared(Rate::new(30, 10));
    let (who, company, now) = (fresh(), AccountId::from_uuid(fresh()), app.clock().now());
    let (one, other) = (server(), server());
    for _ in 0..30 {
        one.attempt((company, who), now).unwrap();
    }
    one.share(&world.cache).await;
    other.attempt((company, who), now).unwrap();
    other.share(&world.cache).await;
    assert!(other.attempt((company, who), now).is_err(), "it was told");
    let elsewhere = (AccountId::from_uuid(fresh()), who);
    other.attempt(elsewhere, now).unwrap();
    other.share(&world.cache).await;
    other.attempt(elsewhere, now).unwrap();

    // Told by a clock that is an hour ahead, until it is put right.
    let later = (company, fresh());
    one.attempt(later, now + TimeDelta::hours(1)).unwrap();
    one.share(&world.cache).await;
    for _ in 0..2 {
        other.attempt(later, now).unwrap();
        other.share(&world.cache).await;
    }
}

/// Sends bytes and gives what came until the server hung up.
async fn half(address: &str, bytes: &str) -> (String, Duration) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let began = Instant::now();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is reset has ended as well.
    drop(stream.read_to_end(&mut answer).await);
    (String::from_utf8_lossy(&answer).into_owned(), began.elapsed())
}

#[tokio::test]
async fn half_a_request_is_cut_off_and_whole_ones_are_not_kept_waiting() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let address = app.base(0).replace("http://", "");
    let nothing = "";
    let line = "GET /livez HT";
    let headers = "GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: ";
    let halves = [nothing, line, headers].map(|bytes| half(&address, bytes));
    let many = join_all((0..200).map(|_| half(&address, headers)));
    let ((ends, crowd), ()) = tokio::join!(
        async { tokio::join!(join_all(halves), many) },
        // Before the first of the halves is cut off.
        within(Duration::from_secs(8), "the others are served", async {
            let ana = shop.visitor("Ana").await;
            ana.writes("Hello").await;
        })
    );
    for (answer, after) in ends.iter().chain(&crowd) {
        assert!(!answer.contains("200"), "{answer}");
        let bounds = Duration::from_secs(9)..Duration::from_secs(14);
        assert!(bounds.contains(after), "cut after {after:?}");
    }

    // A body that never comes is answered, and its connection is not kept.
    let body = "POST /v1/signup HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let (answer, after) = half(&address, body).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(after < Duration::from_secs(14), "{after:?}");
}
