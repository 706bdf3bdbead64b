//! Who gets a waiting conversation.

use std::collections::BTreeMap;

use serde_json::json;
use tests::{Shop, TestApp, eventually};

async fn assignee(shop: &Shop, chat: &str) -> Option<String> {
    shop.owner.reads(chat).await["assignee_id"].as_str().map(ToOwned::to_owned)
}

#[tokio::test]
async fn a_conversation_that_came_while_nobody_was_here_goes_to_the_first_who_comes() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let mut bo = shop.colleague("Bo", tenant::Role::Agent).await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Anybody there?").await;
    let config = shop.stranger().get(&format!("/v1/widget/config?key={}", shop.key())).await.ok();
    assert_eq!(config["online"], false);
    assert_eq!(assignee(&shop, &ana.chat()).await, None);

    bo.connects().await;

    bo.is_given(&ana.chat()).await;
    let told = ana.socket.next(0, "the visitor learns that someone is online", |frame| {
        frame["type"] == "presence.updated" && frame["online"] == true
    });
    told.await;
}

#[tokio::test]
async fn who_is_away_gets_nothing_until_they_are_back() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let (bo, cy) = (shop.agent("Bo").await, shop.agent("Cy").await);
    bo.chooses("away").await;

    let mut chats = Vec::new();
    for name in ["Ana", "Bea", "Cleo"] {
        let visitor = shop.visitor(name).await;
        visitor.writes("Hello").await;
        cy.is_given(&visitor.chat()).await;
        chats.push(visitor);
    }
    cy.chooses("away").await;
    let dee = shop.visitor("Dee").await;
    dee.writes("Hello").await;
    let config = shop.stranger().get(&format!("/v1/widget/config?key={}", shop.key())).await.ok();
    assert_eq!(config["online"], false, "an agent who is away does not count as online");
    bo.sees(&dee.chat(), "Hello").await;
    assert_eq!(assignee(&shop, &dee.chat()).await, None);

    bo.chooses("online").await;

    bo.is_given(&dee.chat()).await;
}

#[tokio::test]
async fn agents_take_turns() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let team = [shop.agent("Bo").await, shop.agent("Cy").await, shop.agent("Di").await];

    let mut visitors = Vec::new();
    for number in 0..12 {
        let visitor = shop.visitor(&format!("Visitor {number}")).await;
        visitor.writes("Hello").await;
        visitors.push(visitor);
        let chat = visitors[number].chat();
        eventually("it is given to someone", async || assignee(&shop, &chat).await).await;
        let mut given: BTreeMap<String, usize> = team.iter().map(|agent| (agent.id.clone(), 0)).collect();
        for visitor in &visitors {
            *given.get_mut(&assignee(&shop, &visitor.chat()).await.unwrap()).expect("an agent who is here") += 1;
        }
        let (least, most) = (given.values().min().unwrap(), given.values().max().unwrap());
        assert!(most - least <= 1, "after {} conversations: {given:?}", number + 1);
    }
}

#[tokio::test]
async fn nobody_gets_more_than_they_can_take_and_the_longest_waiting_is_next() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    shop.owner.http.patch(&format!("/v1/agents/{}", bo.id), json!({ "capacity": 2 })).await.ok();

    let mut visitors = Vec::new();
    for name in ["Ana", "Bea", "Cleo", "Dee"] {
        let visitor = shop.visitor(name).await;
        visitor.writes("Hello").await;
        bo.sees(&visitor.chat(), "Hello").await;
        visitors.push(visitor);
    }
    bo.is_given(&visitors[1].chat()).await;
    assert_eq!(assignee(&shop, &visitors[2].chat()).await, None, "two are enough for Bo");

    bo.resolves(&visitors[0].chat()).await;

    bo.is_given(&visitors[2].chat()).await;
    assert_eq!(assignee(&shop, &visitors[3].chat()).await, None, "Cleo has waited longer than Dee");
}

#[tokio::test]
async fn many_conversations_at_once_are_each_given_to_exactly_one_agent() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let team = [shop.agent_on(0, "Bo").await, shop.agent_on(1, "Cy").await];
    // What Redis does not take at once, it is told with the next beat.
    eventually("both servers know that both are here", async || {
        for node in [app.node(0), app.node(1)] {
            let here = node.routing.presence.who(shop.id.parse().unwrap(), node.world.now()).await;
            if !team.iter().all(|agent| here.contains(&agent.id.parse().unwrap())) {
                return None;
            }
        }
        Some(())
    })
    .await;
    let mut visitors = Vec::new();
    for number in 0..14 {
        visitors.push(shop.visitor_on(number % 2, &format!("Visitor {number}")).await);
    }

    futures::future::join_all(visitors.iter().map(|visitor| visitor.writes("Hello"))).await;

    for visitor in &visitors {
        let chat = visitor.chat();
        eventually("it is given to someone", async || assignee(&shop, &chat).await).await;
    }
    let doubles = "select count(*) from (select from {}.assignment group by conversation_id having count(*) > 1) twice";
    assert_eq!(shop.count(doubles).await, 0, "one decision a conversation");
    let busiest = "select max(n) from (select count(*) as n from {}.conversation group by assignee_id) loads";
    assert_eq!(shop.count(busiest).await, 7, "both agents have seven");
}

#[tokio::test]
async fn a_program_that_listens_is_nobody_to_give_a_conversation_to() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let scopes = json!(["conversations.read", "conversations.reply"]);
    let key = shop.owner.http.post("/v1/api-keys", json!({ "name": "Mirror", "scopes": scopes })).await.ok();
    let secret = key["secret"].as_str().unwrap();
    let program = tests::Socket::open(&app.base(0), shop.guard(), secret, json!({})).await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Anybody there?").await;
    let heard = program.next(0, "it hears everything", |frame| frame["type"] == "message.created").await;
    assert_eq!(heard["message"]["text"], shop.says("Anybody there?"));
    let config = shop.stranger().get(&format!("/v1/widget/config?key={}", shop.key())).await.ok();
    assert_eq!(config["online"], false);
    assert_eq!(assignee(&shop, &ana.chat()).await, None);
    program.say(json!({ "type": "renew", "token": shop.owner.http.token() }));
    assert_eq!(program.frame("error").await["code"], "token_of_another");

    let bo = shop.agent("Bo").await;
    bo.is_given(&ana.chat()).await;
    shop.owner.http.delete(&format!("/v1/api-keys/{}", key["id"].as_str().unwrap())).await;
    let late = tests::Socket::connect(&app.base(0), shop.guard()).await;
    late.say(json!({ "type": "hello", "protocol": 1, "token": secret }));
    assert_eq!(late.closed().await, Some(4001));
}

#[tokio::test]
async fn a_snoozed_conversation_wakes_at_its_time() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Call me tomorrow").await;
    bo.is_given(&ana.chat()).await;
    let path = format!("/v1/conversations/{}/status", ana.chat());
    let until = app.clock().now() + chrono::TimeDelta::hours(20);
    let snoozed = bo.http.put(&path, json!({ "status": "snoozed", "snoozed_until": until })).await.ok();
    assert_eq!(snoozed["status"], "snoozed");
    let past = json!({ "status": "snoozed", "snoozed_until": app.clock().now() - chrono::TimeDelta::hours(1) });
    bo.http.put(&path, past).await.refused(422, "snooze_time_invalid");

    routing::relay::sweep_all(&app.node(0).routing).await.unwrap();
    assert_eq!(shop.count("select count(*) from {}.conversation where status = 'snoozed'").await, 1);
    app.clock().advance(chrono::TimeDelta::hours(21));
    routing::relay::sweep_all(&app.node(0).routing).await.unwrap();

    assert_eq!(shop.count("select count(*) from {}.conversation where status = 'open'").await, 1);
    let woken = |frame: &serde_json::Value| {
        frame["conversation"]["status"] == "open" && frame["type"] == "conversation.updated"
    };
    let seen = bo.socket().frames().iter().position(|frame| frame["conversation"]["status"] == "snoozed").unwrap_or(0);
    bo.socket().next(seen, "the console shows it open again", woken).await;
}
