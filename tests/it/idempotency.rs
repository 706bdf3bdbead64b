//! A write is admitted once, however often it is tried.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Socket, TestApp, fresh};

#[tokio::test]
async fn a_repeated_send_finds_the_first_message_and_another_text_is_refused() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    let id = fresh();
    let ask = |text: &str| json!({ "client_message_id": id, "text": shop.says(text) });

    let first = ana.http.post("/v1/widget/messages", ask("once")).await;
    assert_eq!(first.status, 201);
    let again = ana.http.post("/v1/widget/messages", ask("once")).await;
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!(again.json()["message"], first.json()["message"]);
    ana.http.post("/v1/widget/messages", ask("twice")).await.refused(409, "client_message_id_reused");
    let over_socket = ana.socket.send(ask("once")).await;
    assert_eq!(over_socket["message"]["id"], first.json()["message"]["id"]);
    let refused = ana.socket.send(ask("twice")).await;
    assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("client_message_id_reused")));
    assert_eq!(refused["client_message_id"], id.to_string());

    // An agent's ids are the agent's own: the same id is no repeat of the visitor's message.
    let chat = first.json()["conversation"]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/conversations/{chat}/messages");
    let theirs = bo.http.post(&path, ask("once")).await;
    assert_eq!(theirs.status, 201, "{}", theirs.text);
    assert_eq!(bo.http.post(&path, ask("once")).await.status, 200);
    let as_note = json!({ "client_message_id": id, "text": shop.says("once"), "private": true });
    bo.http.post(&path, as_note).await.refused(409, "client_message_id_reused");
    assert_eq!(shop.count("select count(*) from {}.message where client_message_id is not null").await, 2);
}

#[tokio::test]
async fn the_same_message_on_eight_sockets_at_once_is_one_message() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    let mut sockets = Vec::new();
    for number in 0..8 {
        sockets.push(Socket::open(&app.base(number % 2), shop.guard(), &ana.http.token(), json!({})).await);
    }
    // The very first message as well as later ones: the first also makes the conversation.
    for round in 1..=5 {
        let frame = json!({ "client_message_id": fresh(), "text": shop.says(&format!("round {round}")) });
        let answers = join_all(sockets.iter().map(|socket| socket.send(frame.clone()))).await;
        for answer in &answers {
            assert_eq!(answer["type"], "ack", "{answer}");
            assert_eq!(answer["message"], answers[0]["message"]);
        }
        assert_eq!(answers[0]["message"]["seq"], round);
    }
    assert_eq!(shop.count("select count(*) from {}.conversation").await, 1);
    assert_eq!(shop.count("select count(*) from {}.message where message_type = 'incoming'").await, 5);
    assert_eq!(shop.count("select count(*) from {}.usage_event where meter = 'messages'").await, 5);
}

#[tokio::test]
async fn many_writers_in_one_conversation_leave_no_gap_and_everybody_sees_one_order() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let (bo, cy) = (shop.agent_on(0, "Bo").await, shop.agent_on(1, "Cy").await);
    let ana = shop.visitor("Ana").await;
    ana.writes("begin").await;
    let chat = ana.chat();
    let visitor = join_all((0..15).map(|_| ana.writes("from Ana")));
    let first = join_all((0..15).map(|_| bo.replies(&chat, "from Bo")));
    let second = join_all((0..15).map(|_| cy.notes(&chat, "from Cy")));
    futures::join!(visitor, first, second);

    let thread = bo.thread(&chat).await;
    let places: Vec<i64> = thread.iter().map(|message| message["seq"].as_i64().unwrap()).collect();
    assert_eq!(places, (1..=i64::try_from(thread.len()).unwrap()).collect::<Vec<_>>());
    let public: Vec<i64> = thread.iter().filter_map(|message| message["public_seq"].as_i64()).collect();
    assert_eq!(public, (1..=31).collect::<Vec<_>>(), "the visitor's numbering has no gap either");
    let last = thread.last().unwrap()["seq"].clone();
    for agent in [&bo, &cy] {
        agent
            .socket()
            .until("the whole thread", |frames| {
                frames.iter().any(|frame| frame["message"]["seq"] == last).then_some(())
            })
            .await;
        let expected: Vec<Value> = thread.iter().map(|message| message["id"].clone()).collect();
        tests::eventually("both consoles show the same", async || {
            let shown: Vec<Value> =
                agent.socket().thread(&chat).values().map(|message| message["id"].clone()).collect();
            (shown == expected).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_write_with_an_idempotency_key_is_done_once() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let key = fresh().to_string();
    let headers = [("idempotency-key", key.as_str())];
    let ask = json!({ "name": shop.says("Support") });
    let http = &shop.owner.http;

    let first = http.send("POST", "/v1/inboxes", Some(ask.clone()), &headers).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let again = http.send("POST", "/v1/inboxes", Some(ask.clone()), &headers).await;
    assert_eq!((again.status, again.json()), (201, first.json()));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let other = json!({ "name": shop.says("Sales") });
    http.send("POST", "/v1/inboxes", Some(other), &headers).await.refused(409, "idempotency_key_reused");
    let bad = [("idempotency-key", "not a uuid")];
    http.send("POST", "/v1/inboxes", Some(ask.clone()), &bad).await.refused(422, "idempotency_key_invalid");
    assert_eq!(http.get("/v1/inboxes").await.ok()["data"].as_array().unwrap().len(), 2);

    // A refusal is not kept: the mended request may use the key again.
    let key = fresh().to_string();
    let headers = [("idempotency-key", key.as_str())];
    http.send("POST", "/v1/inboxes", Some(json!({ "name": "" })), &headers).await.refused(422, "validation_failed");
    assert_eq!(http.send("POST", "/v1/inboxes", Some(ask), &headers).await.status, 201);

    // Another company's key of the same text is another key.
    let other = app.shop("Coffee").await;
    let theirs = other.owner.http.send("POST", "/v1/inboxes", Some(json!({ "name": "Till" })), &headers).await;
    assert_eq!(theirs.status, 201, "{}", theirs.text);
}

#[tokio::test]
async fn a_key_used_on_many_connections_at_once_makes_one_thing() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let key = fresh().to_string();
    let clients: Vec<tests::Http> = (0..8)
        .map(|number| tests::Http::new(&app.base(number % 2), shop.guard()).with(&shop.owner.http.token()))
        .collect();
    let ask = json!({ "name": shop.says("Support") });
    let headers = [("idempotency-key", key.as_str())];
    let replies =
        join_all(clients.iter().map(|http| http.send("POST", "/v1/inboxes", Some(ask.clone()), &headers))).await;
    for reply in &replies {
        assert!(reply.status == 201 || reply.code() == "idempotency_key_busy", "{}: {}", reply.status, reply.text);
    }
    assert!(replies.iter().any(|reply| reply.status == 201));
    assert_eq!(shop.count("select count(*) from {}.inbox").await, 2, "the first one and this one");
}
