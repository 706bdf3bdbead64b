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

#[tokio::test]
async fn what_nobody_in_a_team_takes_in_time_goes_back_to_the_head_of_the_line_it_came_from() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let team = shop.owner.http.post("/v1/teams", json!({ "name": "Repairs" })).await.ok()["id"].clone();
    let bo = shop.agent("Bo").await;
    shop.owner.http.patch(&format!("/v1/agents/{}", bo.id), json!({ "capacity": 1 })).await.ok();
    let ana = shop.visitor("Ana").await;
    ana.writes("My teapot leaks").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    bo.chooses("busy").await;
    app.clock().advance(chrono::TimeDelta::seconds(5));
    let bea = shop.visitor("Bea").await;
    bea.writes("Mine too").await;
    let to = json!({ "kind": "team", "team_id": team });
    passes_on(&bo, &chat, json!({ "to": to, "accept_seconds": 3_601 })).await.refused(422, "validation_failed");

    passes_on(&bo, &chat, json!({ "to": to, "accept_seconds": 60 })).await.ok();
    assert_eq!(shop.owner.reads(&chat).await["team_id"], team);
    app.clock().advance(chrono::TimeDelta::seconds(50));
    bo.chooses("online").await;
    bo.is_given(&bea.chat()).await;
    assert_eq!(shop.owner.reads(&chat).await["team_id"], team, "its time is not over");
    bo.chooses("busy").await;
    bo.resolves(&bea.chat()).await;
    let cleo = shop.visitor("Cleo").await;
    cleo.writes("And mine").await;

    app.clock().advance(chrono::TimeDelta::seconds(11));

    tests::eventually("it is back", async || shop.owner.reads(&chat).await["team_id"].is_null().then_some(())).await;
    let told = lines(&bo, &chat, "not_taken").await;
    assert_eq!(told, [json!({ "kind": "not_taken", "team": "Repairs", "back_to": null })]);
    let decided = shop.owner.http.get(&format!("/v1/conversations/{chat}/assignments")).await.ok();
    assert_eq!(decided["data"][0]["why"], json!({ "reason": "not_taken", "team_id": team }));
    bo.chooses("online").await;
    bo.is_given(&chat).await;
    assert_eq!(shop.owner.reads(&cleo.chat()).await["assignee_id"], Value::Null, "it kept its place before Cleo's");
}

#[tokio::test]
async fn what_a_brand_takes_in_time_stays_there() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let brand = shop.owner.http.post("/v1/brands", json!({ "name": "Teapots" })).await.ok()["id"].clone();
    let team = json!({ "name": "Repairs", "brand_id": brand });
    let team = shop.owner.http.post("/v1/teams", team).await.ok()["id"].as_str().unwrap().to_owned();
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("My teapot leaks").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    let to = json!({ "kind": "brand", "brand_id": brand });

    // Nobody is there: it comes back, and Bo has it again.
    passes_on(&bo, &chat, json!({ "to": to, "accept_seconds": 30 })).await.ok();
    assert_eq!(shop.owner.reads(&chat).await["assignee_id"], Value::Null);
    let seen = bo.socket().count();
    app.clock().advance(chrono::TimeDelta::seconds(31));
    let mine = |frame: &Value| {
        frame["type"] == "conversation.updated"
            && frame["conversation"]["id"] == chat.as_str()
            && frame["conversation"]["assignee_id"] == bo.id.as_str()
    };
    bo.socket().next(seen, "it is Bo's again", mine).await;

    let cy = shop.agent("Cy").await;
    shop.owner.http.put(&format!("/v1/teams/{team}/members"), json!({ "agent_ids": [cy.id] })).await.ok();
    passes_on(&bo, &chat, json!({ "to": to, "accept_seconds": 30 })).await.ok();
    cy.is_given(&chat).await;
    app.clock().advance(chrono::TimeDelta::seconds(31));
    app.clock().pause(std::time::Duration::from_millis(1_500)).await;
    let still = shop.owner.reads(&chat).await;
    assert_eq!((&still["assignee_id"], &still["team_id"]), (&json!(cy.id), &json!(team)));
}

#[tokio::test]
async fn nobody_is_given_more_than_they_take_by_hand_unless_a_supervisor_means_it() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let (bo, cy) = (shop.agent("Bo").await, shop.agent("Cy").await);
    let sue = shop.colleague("Sue", tenant::Role::Supervisor).await;
    for agent in [&bo, &cy, &sue] {
        shop.owner.http.patch(&format!("/v1/agents/{}", agent.id), json!({ "capacity": 1 })).await.ok();
    }
    let mut chats = Vec::new();
    for (name, agent) in [("Ana", Some(&bo)), ("Bea", Some(&cy)), ("Cleo", None)] {
        let visitor = shop.visitor(name).await;
        visitor.writes("Hello").await;
        if let Some(agent) = agent {
            agent.is_given(&visitor.chat()).await;
        }
        chats.push(visitor.chat());
    }
    let [ana, bea, cleo] = [chats[0].as_str(), chats[1].as_str(), chats[2].as_str()];
    let gives = async |by: &Agent, chat: &str, to: &Agent, even: bool| {
        let body = json!({ "agent_id": to.id, "even_if_full": even });
        by.http.put(&format!("/v1/conversations/{chat}/assignee"), body).await
    };

    gives(&bo, cleo, &bo, false).await.refused(409, "agent_full");
    gives(&bo, cleo, &bo, true).await.refused(403, "permission_denied");
    let to = json!({ "kind": "agent", "agent_id": cy.id });
    passes_on(&bo, ana, json!({ "to": to, "accept_seconds": 60 })).await.refused(409, "agent_full");
    passes_on(&bo, ana, json!({ "to": to })).await.refused(409, "agent_full");
    assert_eq!(lines(&bo, ana, "transferred").await.len(), 0, "what was refused has left no trace");
    // What is theirs already is no more than they have.
    gives(&cy, bea, &cy, false).await.ok();

    let takes =
        async |query: &str| sue.http.post(&format!("/v1/conversations/{cleo}/take_over{query}"), json!({})).await;
    takes("").await.ok();
    gives(&sue, ana, &sue, false).await.refused(409, "agent_full");
    gives(&sue, ana, &sue, true).await.ok();
    let over = sue.http.post(&format!("/v1/conversations/{bea}/take_over"), json!({})).await;
    over.refused(409, "agent_full");
    let meant = sue.http.post(&format!("/v1/conversations/{bea}/take_over?even_if_full=true"), json!({})).await.ok();
    assert_eq!(meant["assignee_id"], sue.id.as_str());
}
