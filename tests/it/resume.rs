//! Whatever happened while you were away is recovered, or you are told to load anew. Never silence.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tests::{Guard, Shop, Socket, TestApp};

async fn open(shop: &Shop, token: &str, resume: Value) -> Socket {
    Socket::open(&shop.app.base(0), shop.guard(), token, resume).await
}

async fn resumed(socket: &Socket, seen: usize) -> Value {
    socket
        .next(seen, "an answer to resume", |frame| ["resumed", "reset"].contains(&frame["type"].as_str().unwrap()))
        .await
}

fn places(frame: &Value) -> Vec<i64> {
    frame["messages"].as_array().unwrap().iter().map(|message| message["seq"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn who_comes_back_gets_exactly_what_was_missed() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let mut bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("one").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    bo.sees(&chat, "Assigned to Bo").await;
    ana.socket.cut();
    bo.replies(&chat, "two").await;
    bo.notes(&chat, "between us").await;
    bo.replies(&chat, "three").await;

    // The visitor had seen the first message of their numbering.
    let back = open(&shop, &ana.http.token(), json!({ &chat: 1 })).await;
    let missed = resumed(&back, 0).await;
    assert_eq!(places(&missed), [2, 3]);
    assert_eq!(shop.plain(missed["messages"].as_array().unwrap()), ["two", "three"]);
    assert_eq!((&missed["last_seq"], &missed["conversation"]["last_seq"]), (&json!(3), &json!(3)));

    // The agent had seen two places of theirs: the message and the assignment.
    bo.leaves();
    bo.resumes(json!({ &chat: 2 })).await;
    let missed = resumed(bo.socket(), 0).await;
    assert_eq!(places(&missed), [3, 4, 5]);
    assert_eq!(missed["messages"][1]["private"], true);

    // Nothing missed is an answer too.
    bo.leaves();
    bo.resumes(json!({ &chat: 5 })).await;
    assert_eq!(places(&resumed(bo.socket(), 0).await), Vec::<i64>::new());
}

#[tokio::test]
async fn what_cannot_be_brought_is_said_to_be_reset() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let bo = shop.agent("Bo").await;
    let (ana, bea) = (shop.visitor("Ana").await, shop.visitor("Bea").await);
    let zoe = other.visitor("Zoe").await;
    ana.writes("mine").await;
    bea.writes("hers").await;
    zoe.writes("another company's").await;
    let unknown = "conv_01h455vb4pex5vsknk084sn02q";

    let asked = json!({ ana.chat(): 0, bea.chat(): 0, zoe.chat(): 0, unknown: 0, "nonsense": 3, "": -9 });
    let many = open(&shop, &ana.http.token(), asked).await;
    many.catch_up().await;
    let answers: Vec<(String, String)> = many
        .frames()
        .iter()
        .filter(|frame| frame["type"] == "resumed" || frame["type"] == "reset")
        .map(|frame| {
            (frame["conversation_id"].as_str().unwrap().to_owned(), frame["type"].as_str().unwrap().to_owned())
        })
        .collect();
    assert_eq!(answers.len(), 6, "every entry is answered: {answers:?}");
    for (id, kind) in &answers {
        let expected = if *id == ana.chat() { "resumed" } else { "reset" };
        assert_eq!(kind, expected, "{id}");
    }

    // Ahead of what there is: the client counts something that this server never wrote.
    let seen = bo.socket().count();
    bo.socket().say(json!({ "type": "resume", "conversations": { ana.chat(): 99 } }));
    assert_eq!(resumed(bo.socket(), seen).await["type"], "reset");
    // Another company's conversation is as unknown to an agent as to a visitor.
    let seen = bo.socket().count();
    bo.socket().say(json!({ "type": "resume", "conversations": { zoe.chat(): 0 } }));
    assert_eq!(resumed(bo.socket(), seen).await["type"], "reset");
}

#[tokio::test]
async fn more_than_five_hundred_missed_messages_are_loaded_anew() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("the first").await;
    let chat = ana.chat();
    let schema = shop.schema().await;
    let id = chat.parse::<infra::Id<desk::conversation::ConversationKind>>().unwrap().uuid();
    app.sql(&format!(
        "insert into {schema}.message (id, conversation_id, seq, public_seq, episode, message_type, private, sender_kind, text, created_at) \
         select gen_random_uuid(), '{id}', n, n, 1, 'outgoing', false, 'system', 'n' || n, now() from generate_series(2, 502) n; \
         update {schema}.conversation set last_seq = 502, last_public_seq = 502 where id = '{id}'"
    ))
    .await;

    let far = open(&shop, &ana.http.token(), json!({ &chat: 1 })).await;
    assert_eq!(resumed(&far, 0).await["type"], "reset");
    let near = open(&shop, &ana.http.token(), json!({ &chat: 2 })).await;
    let missed = resumed(&near, 0).await;
    assert_eq!(places(&missed), (3..=502).collect::<Vec<i64>>());
}

#[tokio::test]
async fn whatever_is_cut_and_resumed_both_sides_end_with_the_same_thread() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let mut bo = shop.agent("Bo").await;
    let mut ana = shop.visitor("Ana").await;
    ana.writes("begin").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    // What each client has on its screen survives a cut; only the connection does not.
    let (mut agent_screen, mut visitor_screen) = (bo.socket().thread(&chat), ana.socket.thread(&chat));

    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let steps = prop::collection::vec(0_u8..6, 60).new_tree(&mut runner).unwrap().current();
    for (number, step) in steps.iter().enumerate() {
        match step {
            0 | 1 => drop(ana.posts(&format!("a{number}")).await.ok()),
            2 => drop(say_over_http(&bo.http, &shop, &chat, &format!("b{number}"), false).await),
            3 => drop(say_over_http(&bo.http, &shop, &chat, &format!("n{number}"), true).await),
            4 => {
                visitor_screen.extend(ana.socket.thread(&chat));
                ana.socket = open(&shop, &ana.http.token(), json!({ &chat: highest(&visitor_screen) })).await;
                resumed(&ana.socket, 0).await;
            }
            _ => {
                agent_screen.extend(bo.socket().thread(&chat));
                bo.leaves();
                bo.resumes(json!({ &chat: highest(&agent_screen) })).await;
                resumed(bo.socket(), 0).await;
            }
        }
    }
    ana.posts("end").await.ok();
    ana.sees("end").await;
    bo.sees(&chat, "end").await;
    visitor_screen.extend(ana.socket.thread(&chat));
    agent_screen.extend(bo.socket().thread(&chat));
    for (screen, who) in [(&visitor_screen, "visitor"), (&agent_screen, "agent")] {
        let whole = (1..=highest(screen)).collect::<Vec<i64>>();
        assert_eq!(screen.keys().copied().collect::<Vec<_>>(), whole, "no gap for the {who}; steps {steps:?}");
    }
    // HTTP tells the same; its pages hold a hundred.
    let at_agent = shop.plain(agent_screen.values());
    assert_eq!(at_agent, shop.plain(&bo.thread(&chat).await));
    assert_eq!(shop.plain(visitor_screen.values()), shop.plain(&ana.thread().await));
}

/// The newest place below which nothing is missing: what a careful client resumes from.
fn highest(screen: &std::collections::BTreeMap<i64, Value>) -> i64 {
    (1..=i64::try_from(screen.len()).unwrap()).take_while(|place| screen.contains_key(place)).last().unwrap_or(0)
}

async fn say_over_http(http: &tests::Http, shop: &Shop, chat: &str, text: &str, private: bool) -> Value {
    let body = json!({ "client_message_id": tests::fresh(), "text": shop.says(text), "private": private });
    http.post(&format!("/v1/conversations/{chat}/messages"), body).await.ok()
}

#[tokio::test]
async fn pages_of_a_thread_fit_together_whatever_their_size() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let ana = shop.visitor("Ana").await;
    for number in 1..=23 {
        ana.writes(&format!("m{number}")).await;
    }
    let path = format!("/v1/widget/conversations/{}/messages", ana.chat());
    for size in [1, 2, 5, 7, 22, 23, 24, 100] {
        let (mut forward, mut after) = (Vec::new(), 0);
        loop {
            let page = ana.http.get(&format!("{path}?after_seq={after}&limit={size}")).await.ok();
            forward.extend(places(&json!({ "messages": page["data"] })));
            after = *forward.last().unwrap();
            assert_eq!(page["last_seq"], 23);
            if page["has_more"] == false {
                break;
            }
        }
        assert_eq!(forward, (1..=23).collect::<Vec<_>>(), "forward by {size}");
        let (mut backward, mut before) = (Vec::new(), 24);
        loop {
            let page = ana.http.get(&format!("{path}?before_seq={before}&limit={size}")).await.ok();
            let mut these = places(&json!({ "messages": page["data"] }));
            before = these[0];
            these.append(&mut backward);
            backward = these;
            if page["has_more"] == false {
                break;
            }
        }
        assert_eq!(backward, (1..=23).collect::<Vec<_>>(), "backward by {size}");
    }
}

#[tokio::test]
async fn a_socket_that_says_nothing_is_not_let_in() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let silent = Socket::connect(&app.base(0), shop.guard()).await;
    let wrong = Socket::connect(&app.base(0), shop.guard()).await;
    wrong.say(json!({ "type": "hello", "protocol": 1, "token": "nonsense" }));
    assert_eq!(wrong.frame("error").await["code"], "token_invalid");
    assert_eq!(wrong.closed().await, Some(4001));
    assert_eq!(silent.closed().await, Some(4001), "ten seconds are enough to say hello");
    let guard: Guard = shop.guard();
    assert_eq!(guard.finds(&shop.canary), None);
}
