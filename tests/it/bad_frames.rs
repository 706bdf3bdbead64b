//! Whatever a socket is told, the answer is a typed error in constant words, and the socket lives on.

use serde_json::json;
use tests::{Socket, TestApp, fresh};
use tokio_tungstenite::tungstenite::{Bytes, Message};

fn text(text: impl Into<String>) -> Message {
    Message::text(text.into())
}

/// What is wrong, the frame, the code it gets.
fn bad_frames(chat: &str) -> Vec<(&'static str, Message, &'static str)> {
    let send = |rest: &str| text(format!("{{\"type\":\"send\",\"client_message_id\":\"{}\",{rest}}}", fresh()));
    let read = |seq: &str| text(format!("{{\"type\":\"read\",\"conversation_id\":\"{chat}\",\"seq\":{seq}}}"));
    vec![
        ("not JSON", text("hello"), "frame_not_json"),
        ("nothing", text(""), "frame_not_json"),
        ("half a JSON", text("{\"type\":\"ping\""), "frame_not_json"),
        ("a list", text("[]"), "frame_type_unknown"),
        ("a number", text("7"), "frame_type_unknown"),
        ("no type", text("{}"), "frame_type_unknown"),
        ("an unknown type", text("{\"type\":\"subscribe\"}"), "frame_type_unknown"),
        ("a type that is no text", text("{\"type\":{\"type\":\"ping\"}}"), "frame_type_unknown"),
        ("an unknown field", text("{\"type\":\"ping\",\"tenant_id\":1}"), "frame_fields_invalid"),
        ("a field twice", read("1,\"seq\":2"), "frame_fields_invalid"),
        ("a huge number", read("1e99"), "frame_fields_invalid"),
        ("a number of many digits", read("123456789012345678901234567890"), "frame_fields_invalid"),
        ("a bad id", text("{\"type\":\"typing\",\"conversation_id\":\"conv_x\",\"on\":true}"), "frame_fields_invalid"),
        ("fields missing", text("{\"type\":\"send\",\"text\":\"x\"}"), "frame_fields_invalid"),
        ("binary", Message::Binary(Bytes::from_static(b"\x00\x01")), "frame_not_text"),
        ("65 KiB", text(format!("{{\"type\":\"ping\",\"x\":\"{}\"}}", "x".repeat(65 * 1024))), "frame_too_large"),
        ("a deep JSON", text(format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))), "frame_type_unknown"),
        ("hello twice", text("{\"type\":\"hello\",\"protocol\":1,\"token\":\"x\"}"), "hello_repeated"),
        ("a bad token", text("{\"type\":\"renew\",\"token\":\"x\"}"), "token_invalid"),
        ("an empty text", send("\"text\":\" \""), "validation_failed"),
        ("NUL", send("\"text\":\"a\\u0000b\""), "validation_failed"),
        ("a long text", send(&format!("\"text\":\"{}\"", "x".repeat(10_001))), "validation_failed"),
        ("a visitor's private note", send("\"text\":\"x\",\"private\":true"), "frame_fields_invalid"),
        (
            "a visitor's choice of place",
            send(&format!("\"text\":\"x\",\"conversation_id\":\"{chat}\"")),
            "frame_fields_invalid",
        ),
    ]
}

#[tokio::test]
async fn bad_frames_get_a_typed_error_and_the_socket_lives_on() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let chat = ana.chat();
    for (what, frame, code) in bad_frames(&chat) {
        let seen = ana.socket.count();
        ana.socket.say_raw(frame);
        let answer = ana.socket.next(seen, what, |frame| frame["type"] == "error").await;
        assert_eq!(answer["code"], code, "{what}: {answer}");
        let detail = answer["detail"].as_str().unwrap();
        assert!(!detail.contains("line ") && !detail.contains("column") && !detail.contains("expected"), "{detail}");
        assert!(ana.socket.is_open(), "{what}");
    }
    let without_place = bo.socket().send(json!({ "client_message_id": fresh(), "text": "where?" })).await;
    assert_eq!(without_place["code"], "frame_fields_invalid");
    let seen = bo.socket().count();
    bo.socket().say(json!({ "type": "delivered", "conversation_id": chat, "seq": 1 }));
    let refused = bo.socket().next(seen, "an error", |frame| frame["type"] == "error").await;
    assert_eq!(refused["code"], "frame_not_for_agents");
    // Marks beyond both ends are as good as the ends.
    for seq in [i64::MIN, -1, 0, i64::MAX] {
        ana.socket.say(json!({ "type": "read", "conversation_id": chat, "seq": seq }));
        ana.socket.say(json!({ "type": "delivered", "conversation_id": chat, "seq": seq }));
        ana.socket.say(json!({ "type": "resume", "conversations": { &chat: seq } }));
    }
    ana.writes("Still here").await;
    bo.sees(&chat, "Still here").await;
    let now = bo.reads(&chat).await;
    assert_eq!(now["contact_read_seq"], 2, "a mark never passes the end");
    assert_eq!(shop.count("select count(*) from {}.message where message_type = 'incoming'").await, 2);
}

#[tokio::test]
async fn before_hello_only_hello_counts() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    let socket = Socket::connect(&app.base(0), shop.guard()).await;
    for (frame, code) in [
        ("{\"type\":\"ping\"}".to_owned(), "hello_first"),
        (json!({ "type": "send", "client_message_id": fresh(), "text": "x" }).to_string(), "hello_first"),
        ("nonsense".to_owned(), "frame_not_json"),
        (json!({ "type": "hello", "protocol": 2, "token": ana.http.token() }).to_string(), "protocol_unknown"),
    ] {
        let seen = socket.count();
        socket.say_raw(text(frame));
        assert_eq!(socket.next(seen, code, |frame| frame["type"] == "error").await["code"], code);
    }
    socket.say(json!({ "type": "hello", "protocol": 1, "token": ana.http.token() }));
    assert_eq!(socket.frame("welcome").await["audience"], "visitor");

    // But nobody is listened to for ever.
    let chatter = Socket::connect(&app.base(0), shop.guard()).await;
    for _ in 0..12 {
        chatter.say_raw(text("nonsense"));
    }
    assert_eq!(chatter.closed().await, Some(4001));
    // A frame beyond every bound ends its own socket only.
    let shouter = Socket::connect(&app.base(0), shop.guard()).await;
    shouter.say_raw(text("x".repeat(2 * 1024 * 1024)));
    shouter.closed().await;
    socket.catch_up().await;
}
