//! Two servers, one installation: it does not matter which one a browser is connected to.

use api::serve::{Parts, Running};
use chrono::TimeDelta;
use infra::Clock;
use serde_json::{Value, json};
use tenant::Role;
use tests::{Http, Socket, TestApp, eventually};

#[tokio::test]
async fn a_visitor_on_one_server_and_an_agent_on_another_talk_as_if_side_by_side() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(1, "Bo").await;
    let ana = shop.visitor_on(0, "Ana").await;

    ana.writes("Hello from here").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    bo.sees(&chat, "Hello from here").await;
    bo.replies(&chat, "Hello from there").await;
    ana.sees("Hello from there").await;

    // Typing, both ways, and never to whom it does not concern.
    let bystander = shop.visitor_on(1, "Bea").await;
    bo.socket().say(json!({ "type": "typing", "conversation_id": chat, "on": true }));
    let typing = ana.socket.frame("typing").await;
    assert_eq!((&typing["by"]["kind"], &typing["by"]["name"]), (&json!("agent"), &json!(bo.name)));
    ana.socket.say(json!({ "type": "typing", "conversation_id": chat, "on": true }));
    let typing = bo.socket().frame("typing").await;
    assert_eq!((&typing["by"]["kind"], &typing["on"]), (&json!("contact"), &json!(true)));

    // Delivered, then read, in the visitor's numbering for the agent.
    ana.socket.say(json!({ "type": "delivered", "conversation_id": chat, "seq": 2 }));
    assert_eq!(bo.socket().frame("conversation.delivered").await["seq"], 2);
    ana.socket.say(json!({ "type": "read", "conversation_id": chat, "seq": 2 }));
    let read = bo
        .socket()
        .next(0, "the visitor has read", |frame| frame["type"] == "conversation.read" && frame["by"] == "contact");
    assert_eq!(read.await["seq"], 2);
    let last = bo.reads(&chat).await["last_seq"].clone();
    bo.socket().say(json!({ "type": "read", "conversation_id": chat, "seq": last }));
    let read = ana
        .socket
        .next(0, "the agent has read", |frame| frame["type"] == "conversation.read" && frame["by"] == "agent");
    assert_eq!(read.await["seq"], 2, "in the visitor's own numbering");
    let now = bo.reads(&chat).await;
    assert_eq!((&now["contact_read_seq"], &now["unread_count"]), (&json!(2), &json!(0)));

    bystander.socket.catch_up().await;
    let heard: Vec<Value> = bystander.socket.frames();
    assert!(heard.iter().all(|frame| frame["conversation_id"].is_null()), "another visitor hears nothing: {heard:?}");
}

#[tokio::test]
async fn everybody_learns_at_once_who_came_and_went_wherever_they_are_connected() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(0, "Bo").await;
    let ana = shop.visitor_on(0, "Ana").await;

    let mut cy = shop.agent_on(1, "Cy").await;
    let about = |id: String, availability: &'static str| {
        move |frame: &Value| frame["agent_id"] == id.as_str() && frame["availability"] == availability
    };
    bo.socket().next(0, "Cy is online", about(cy.id.clone(), "online")).await;
    cy.chooses("away").await;
    bo.socket().next(0, "Cy is away", about(cy.id.clone(), "away")).await;
    cy.leaves();
    bo.socket().next(0, "Cy is offline", about(cy.id.clone(), "offline")).await;

    let seen = ana.socket.count();
    bo.chooses("away").await;
    let offline = |frame: &Value| frame["type"] == "presence.updated" && frame["online"] == false;
    ana.socket.next(seen, "nobody is online any more", offline).await;
}

#[tokio::test]
async fn an_agent_with_two_windows_on_two_servers_is_here_until_both_are_closed() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let mut bo = shop.agent_on(0, "Bo").await;
    let second = tests::Socket::open(&app.base(1), shop.guard(), &bo.http.token(), json!({})).await;
    let availability = async || {
        let agents = shop.owner.http.get("/v1/agents").await.ok();
        let agents = agents["data"].as_array().unwrap().clone();
        agents.into_iter().find(|agent| agent["id"] == bo.id.as_str()).unwrap()["availability"].clone()
    };
    assert_eq!(availability().await, "online");
    drop(second);
    eventually("one server has noticed", async || {
        (app.node(1).routing.presence.accounts_here().is_empty()).then_some(())
    })
    .await;
    assert_eq!(availability().await, "online", "one window is still open");
    bo.leaves();
    let id = bo.id.clone();
    eventually("Bo is offline", async || {
        let agents = shop.owner.http.get("/v1/agents").await.ok();
        let offline = |agent: &&Value| agent["id"] == id.as_str() && agent["availability"] == "offline";
        agents["data"].as_array().unwrap().iter().find(offline).map(drop)
    })
    .await;
}

#[tokio::test]
async fn a_server_that_goes_away_tells_its_clients_and_its_agents_come_back_elsewhere() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let mut bo = shop.agent_on(1, "Bo").await;
    let ana = shop.visitor_on(0, "Ana").await;
    ana.writes("Before").await;
    bo.is_given(&ana.chat()).await;
    let seen = bo.screen(&ana.chat()).len();

    app.stop(1).await;
    let reconnect = bo.socket().frame("reconnect").await;
    assert!(reconnect["after_ms"].as_u64().is_some_and(|wait| wait >= 200), "{reconnect}");
    assert_eq!(bo.socket().closed().await, Some(1012));
    ana.writes("Meanwhile").await;

    bo.http = tests::Http::new(&app.base(0), shop.guard()).with(&bo.http.token());
    bo.resumes(json!({ ana.chat(): seen })).await;
    bo.sees(&ana.chat(), "Meanwhile").await;
    bo.replies(&ana.chat(), "Here I am").await;
    ana.sees("Here I am").await;
}

#[tokio::test]
async fn a_server_whose_clock_is_an_hour_ahead_goes_by_the_databases_and_takes_nobody_for_gone() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let cy = shop.colleague("Cy", Role::Agent).await;

    let clock = Clock::wrong_by(TimeDelta::hours(1));
    let ahead = Running::start(app.settings(), clock.clone(), Parts { web: true, workers: true }).await.unwrap();
    let apart = (clock.now() - app.clock().now()).abs();
    assert!(apart < TimeDelta::seconds(2), "they are {apart} apart");

    // Whom it notes, it notes beside the others: nobody has been here for too long. A note that Redis was too slow to take comes with the
    // next heartbeat.
    let http = Http::new(&format!("http://{}", ahead.address), shop.guard()).with(&cy.http.token());
    let console = Socket::open(http.base(), shop.guard(), &http.token(), json!({})).await;
    let is_true = |agent: &Value| {
        let is_here = agent["id"] == bo.id.as_str() || agent["id"] == cy.id.as_str();
        (agent["availability"] == "online") == is_here
    };
    for http in [&http, &shop.owner.http] {
        eventually("both are here, and nobody else", async || {
            http.get("/v1/agents").await.ok()["data"].as_array().unwrap().iter().all(is_true).then_some(())
        })
        .await;
    }
    drop(console);
    ahead.stop().await;
}
