//! The bus loses single messages and says nothing of it. What was said is there all the same, also when nothing follows it.

use std::time::Duration;

use tests::{LossyBus, TestApp, within};

/// Two servers, each with a wire of its own to the bus.
async fn wired() -> (TestApp, Vec<LossyBus>) {
    let mut wires = Vec::new();
    let app = TestApp::start_each(2, |_, settings| {
        let wire = LossyBus::to(&settings.nats_url);
        settings.nats_url = wire.url(&settings.nats_url);
        wires.push(wire);
    })
    .await;
    (app, wires)
}

#[tokio::test]
async fn a_last_word_that_the_bus_loses_is_there_within_five_seconds() {
    let (app, wires) = wired().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(1, "Bo").await;
    let ana = shop.visitor_on(0, "Ana").await;
    ana.writes("Hello").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    bo.sees(&chat, "Hello").await;

    wires[1].loses("word of Ana");
    ana.writes("the last word of Ana").await;
    within(Duration::from_secs(5), "it is found in time", bo.sees(&chat, "the last word of Ana")).await;
    assert!(wires[1].lost() > 0, "it was not lost at all");
    wires[0].loses("word of Bo");
    bo.replies(&chat, "the last word of Bo").await;
    within(Duration::from_secs(5), "it is found in time", ana.sees("the last word of Bo")).await;
    assert!(wires[0].lost() > 0, "it was not lost at all");

    let words = |texts: Vec<String>| texts.into_iter().filter(|text| text.contains("last word")).collect::<Vec<_>>();
    let said = ["the last word of Ana", "the last word of Bo"];
    assert_eq!(
        (words(bo.screen(&chat)), words(ana.screen())),
        (said.map(String::from).into(), said.map(String::from).into())
    );
    assert!(bo.socket().is_open() && ana.socket.is_open(), "nobody had to come again");
}

#[tokio::test]
async fn the_first_word_that_a_server_ever_says_of_a_company_may_be_lost_as_well() {
    let (app, wires) = wired().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(1, "Bo").await;
    wires[1].loses("first word");
    let ana = shop.visitor_on(0, "Ana").await;
    ana.writes("the first word").await;
    within(Duration::from_secs(5), "it is found in time", bo.sees(&ana.chat(), "the first word")).await;
    assert!(wires[1].lost() > 0, "it was not lost at all");
}
