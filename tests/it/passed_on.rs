//! What goes with a conversation that is passed on, and where it goes when nobody takes it.

use serde_json::{Value, json};
use tests::{Agent, Shop, TestApp, fresh};

async fn passes_on(agent: &Agent, chat: &str, body: Value) -> tests::Reply {
    agent.http.post(&format!("/v1/conversations/{chat}/transfer"), body).await
}

/// Somebody writes from a page, having answered a question.
async fn begins(shop: &Shop, name: &str, text: &str, start: Value) -> (tests::Visitor, String) {
    let visitor = shop.visitor(name).await;
    let ask = json!({ "client_message_id": fresh(), "text": shop.says(text), "start": start });
    let answer = visitor.socket.send(ask).await;
    let chat = answer["conversation_id"].as_str().unwrap().to_owned();
    (visitor, chat)
}

/// The lines of this kind in a thread.
async fn lines(agent: &Agent, chat: &str, kind: &str) -> Vec<Value> {
    let thread = agent.thread(chat).await;
    thread.into_iter().map(|message| message["content"].clone()).filter(|content| content["kind"] == kind).collect()
}

#[tokio::test]
async fn who_is_asked_to_take_a_conversation_reads_what_is_known_of_it_and_the_visitor_does_not() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    for (name, answer) in [("Teapots first", "teapot"), ("Kettles first", "kettle")] {
        let conditions = json!([{ "kind": "answer", "key": "Topic", "equals": answer }]);
        let rule = json!({ "name": name, "active": true, "conditions": conditions, "effects": { "priority": "high" } });
        shop.owner.http.post("/v1/routing-rules", rule).await.ok();
    }
    let bo = shop.agent("Bo").await;
    let page = json!({ "url": "https://shop.test/teapots", "title": "Teapots" });
    let start = json!({ "page": page, "answers": { "Topic": "teapot" } });
    let (ana, chat) = begins(&shop, "Ana", "My teapot leaks", start).await;
    bo.is_given(&chat).await;
    bo.notes(&chat, "The third this week").await;
    bo.replies(&chat, "Since when?").await;
    app.clock().advance(chrono::TimeDelta::seconds(40));
    let cy = shop.agent("Cy").await;

    let to = json!({ "kind": "agent", "agent_id": cy.id });
    passes_on(&bo, &chat, json!({ "to": to, "note": "Knows teapots", "accept_seconds": 60 })).await.ok();
    let offered = cy
        .socket()
        .next(0, "the conversation is offered", |frame| {
            frame["type"] == "conversation.offered" && frame["conversation"]["id"] == chat.as_str()
        })
        .await;

    let known = &offered["summary"];
    assert_eq!((&known["page"]["title"], &known["answers"]["Topic"]), (&json!("Teapots"), &json!("teapot")));
    assert_eq!(known["rules"], json!(["Teapots first"]), "the rule that did not match is not named");
    assert_eq!(known["holders"][0]["name"], bo.name.as_str());
    assert!((40..60).contains(&known["holders"][0]["seconds"].as_i64().unwrap()), "{known}");
    let said: Vec<(&Value, &Value)> =
        known["messages"].as_array().unwrap().iter().map(|line| (&line["by"], &line["text"])).collect();
    let words = [json!(shop.says("My teapot leaks")), json!(shop.says("Since when?"))];
    assert_eq!(said, [(&json!("contact"), &words[0]), (&json!("agent"), &words[1])], "notes are not what was said");

    // It stays in the thread, for whoever reads it later; who comes back is shown it again.
    let line = lines(&cy, &chat, "transferred").await;
    assert_eq!((line.len(), &line[0]["name"], &line[0]["by"]), (1, &json!(cy.name), &json!(bo.name)));
    assert_eq!(&line[0]["summary"], known);
    let read = ana.socket.thread(&chat);
    assert!(
        read.values().all(|message| message["content"]["kind"] != "transferred"),
        "the visitor reads nothing of it"
    );
    let mut cy = cy;
    cy.connects().await;
    let again = cy.socket().next(0, "it is offered still", |frame| frame["type"] == "conversation.offered").await;
    assert_eq!(&again["summary"]["rules"], &known["rules"]);
}
