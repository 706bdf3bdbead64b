//! A client that asks for very much at once is answered about all of it, in bounds.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::{TestApp, fresh};

/// So many conversations, none of which exists.
fn strange(count: usize) -> BTreeMap<String, i64> {
    (0..count).map(|_| (format!("conv_{}", infra::ids::encode(fresh())), 7)).collect()
}

fn resets(frames: &[Value], of: &BTreeMap<String, i64>) -> usize {
    let known = |frame: &&Value| {
        frame["type"] == "reset" && of.contains_key(frame["conversation_id"].as_str().unwrap_or_default())
    };
    frames.iter().filter(known).count()
}

#[tokio::test]
async fn every_conversation_asked_for_is_answered_or_to_be_loaded_anew() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;

    // As many as fit into a frame, one of them real, in the middle of the strange ones or not among the first.
    let mut asked = strange(1000);
    asked.insert(ana.chat(), 0);
    bo.socket().say(json!({ "type": "resume", "conversations": asked }));
    bo.socket()
        .until("an answer about each", |frames| {
            let resumed = frames.iter().filter(|frame| frame["type"] == "resumed").count();
            (resets(frames, &asked) + resumed == asked.len()).then_some(())
        })
        .await;
    // Ids that are none are told like unknown ones, and cut to size.
    let nonsense: BTreeMap<String, i64> =
        ["", "nonsense", "conv_\u{0}", "<script>"].iter().map(|id| ((*id).to_owned(), -1)).collect();
    bo.socket().say(json!({ "type": "resume", "conversations": { "x".repeat(10_000): i64::MAX } }));
    bo.socket().say(json!({ "type": "resume", "conversations": nonsense }));
    bo.socket().until("resets", |frames| (resets(frames, &nonsense) == nonsense.len()).then_some(())).await;
    let longest = bo.socket().frames().iter().filter_map(|frame| frame["conversation_id"].as_str().map(str::len)).max();
    assert_eq!(longest, Some(60));

    // Five thousand do not fit, and neither do 300 KiB into a message: the first is told, the second ends its socket.
    let seen = bo.socket().count();
    bo.socket().say(json!({ "type": "resume", "conversations": strange(5000) }));
    let refused = bo.socket().next(seen, "an error", |frame| frame["type"] == "error").await;
    assert_eq!(refused["code"], "frame_too_large");
    ana.socket.say(json!({ "type": "ping", "padding": "x".repeat(300 * 1024) }));
    ana.socket.closed().await;
    bo.replies(&ana.chat(), "Still here").await;
}
