//! Redis or NATS hang, vanish and come back in the middle of a chat. Chat goes on, the consoles say so, and it heals by itself.

use std::time::{Duration, Instant};

use infra::cache::{Cache, redis};
use serde_json::{Value, json};
use tests::{Agent, Proxy, TestApp, Visitor, eventually, within};

/// Servers that reach Redis and NATS by wires of their own.
async fn wired(nodes: usize) -> (TestApp, Proxy, Proxy) {
    let mut wires = None;
    let app = TestApp::start_with(nodes, |settings| {
        let (cache, bus) = (Proxy::to(&settings.redis_url), Proxy::to(&settings.nats_url));
        settings.redis_url = cache.url(&settings.redis_url);
        settings.nats_url = bus.url(&settings.nats_url);
        wires = Some((cache, bus));
    })
    .await;
    let (cache, bus) = wires.unwrap();
    (app, cache, bus)
}

/// Waits until a console is told that exactly this is degraded, after `seen` frames.
async fn is_told(agent: &Agent, seen: usize, degraded: Value) {
    let what = format!("the console is told: {degraded}");
    let fits = |frame: &Value| frame["type"] == "service.updated" && frame["degraded"] == degraded;
    within(Duration::from_secs(5), &what, agent.socket().next(seen, &what, fits)).await;
}

/// Words go to and fro between two servers, each by a sweep.
async fn talk_without_the_bus(ana: &Visitor, bo: &Agent, chat: &str) {
    let began = Instant::now();
    for number in 0..3 {
        ana.writes(&format!("question {number}")).await;
        bo.sees(chat, &format!("question {number}")).await;
        bo.replies(chat, &format!("answer {number}")).await;
        ana.sees(&format!("answer {number}")).await;
    }
    let each = began.elapsed() / 6;
    assert!(each < Duration::from_secs(3), "a message from server to server took {each:?} on average");
}

#[tokio::test]
async fn redis_hangs_in_the_middle_of_a_chat_and_soon_costs_nobody_anything() {
    let (app, cache, _bus) = wired(1).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    bo.is_given(&ana.chat()).await;

    cache.hang();
    bo.replies(&ana.chat(), "While it hangs").await;
    ana.sees("While it hangs").await;
    is_told(&bo, 0, json!(["cache"])).await;
    assert_eq!(app.stranger().get("/readyz").await.status, 200, "messages can be taken");
    // The list of agents asks Redis who is here.
    let began = Instant::now();
    for _ in 0..20 {
        let agents = shop.owner.http.get("/v1/agents").await.ok();
        let here = agents["data"].as_array().unwrap().iter().find(|agent| agent["id"] == bo.id.as_str()).unwrap();
        assert_eq!(here["availability"], "online", "a server knows its own");
    }
    assert!(began.elapsed() < Duration::from_secs(3), "20 requests took {:?}", began.elapsed());
    let mut late = shop.agent("Cy").await;
    assert_eq!(late.socket().frame("service.updated").await["degraded"], json!(["cache"]), "told with the welcome");

    let seen = bo.socket().count();
    cache.mend();
    is_told(&bo, seen, json!([])).await;
    late.connects().await;
    ana.writes("And after").await;
    bo.sees(&ana.chat(), "And after").await;
    let healthy = late.socket().frames().iter().all(|frame| frame["type"] != "service.updated");
    assert!(healthy, "nothing is told when all is well");
}

#[tokio::test]
async fn without_redis_servers_believe_for_a_while_who_was_elsewhere() {
    let (app, cache, _bus) = wired(2).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(1, "Bo").await;
    let availability = async || {
        let agents = shop.owner.http.get("/v1/agents").await.ok();
        let agents = agents["data"].as_array().unwrap().clone();
        agents.into_iter().find(|agent| agent["id"] == bo.id.as_str()).unwrap()["availability"].clone()
    };
    eventually("Bo is online", async || (availability().await == "online").then_some(())).await;
    cache.cut();
    assert_eq!(availability().await, "online", "as Redis said last");
    app.clock().advance(chrono::TimeDelta::seconds(50));
    assert_eq!(availability().await, "offline", "that is too long ago");
    eventually("Bo's server has noticed", async || (!app.node(1).routing.health.now().cache).then_some(())).await;
    cache.mend();
    within(Duration::from_secs(5), "Bo is noted again", async {
        eventually("Bo is online", async || (availability().await == "online").then_some(())).await;
    })
    .await;
}

#[tokio::test]
async fn a_redis_that_forgot_everything_is_told_again_who_is_here() {
    let mut url = String::new();
    let app = TestApp::start_with(2, |settings| {
        // A corner of Redis that no other story uses.
        settings.redis_url = format!("{}/9", settings.redis_url);
        url.clone_from(&settings.redis_url);
    })
    .await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(1, "Bo").await;
    let ana = shop.visitor_on(0, "Ana").await;
    ana.writes("Hello").await;
    bo.is_given(&ana.chat()).await;

    Cache::new(&url).unwrap().ask::<()>(redis::pipe().cmd("FLUSHDB").ignore()).await.unwrap();

    within(Duration::from_secs(5), "the other server knows again that Bo is here", async {
        let account = shop.id.parse().unwrap();
        eventually("Bo is here", async || {
            let app = app.node(0);
            app.routing.presence.who(account, app.world.now()).await.contains(&bo.id.parse().unwrap()).then_some(())
        })
        .await;
    })
    .await;
    ana.writes("Still there?").await;
    bo.sees(&ana.chat(), "Still there?").await;
}

async fn the_bus_fails(fail: impl Fn(&Proxy)) {
    let (app, _cache, bus) = wired(2).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(1, "Bo").await;
    let ana = shop.visitor_on(0, "Ana").await;
    ana.writes("Hello").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    bo.sees(&chat, "Hello").await;

    fail(&bus);
    is_told(&bo, 0, json!(["bus"])).await;
    assert_eq!(app.stranger().get("/readyz").await.status, 200, "messages can be taken");
    talk_without_the_bus(&ana, &bo, &chat).await;

    let seen = bo.socket().count();
    bus.mend();
    is_told(&bo, seen, json!([])).await;
    let began = Instant::now();
    ana.writes("And after").await;
    bo.sees(&chat, "And after").await;
    assert!(began.elapsed() < Duration::from_secs(1), "by the bus again, not by the sweep: {:?}", began.elapsed());
    let texts: Vec<String> = bo.screen(&chat).into_iter().filter(|text| text.starts_with("question")).collect();
    assert_eq!(texts, ["question 0", "question 1", "question 2"], "each once, in order");
}

#[tokio::test]
async fn nats_vanishes_in_the_middle_of_a_chat_between_two_servers() {
    the_bus_fails(Proxy::cut).await;
}

#[tokio::test]
async fn nats_hangs_in_the_middle_of_a_chat_between_two_servers() {
    the_bus_fails(Proxy::hang).await;
}

/// Only the second server's wire to the bus fails.
async fn one_server_loses_the_bus(fail: impl Fn(&Proxy)) {
    let mut wires = Vec::new();
    let app = TestApp::start_each(2, |_, settings| {
        let wire = Proxy::to(&settings.nats_url);
        settings.nats_url = wire.url(&settings.nats_url);
        wires.push(wire);
    })
    .await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(1, "Bo").await;
    let ana = shop.visitor_on(0, "Ana").await;
    ana.writes("Hello").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    bo.sees(&chat, "Hello").await;

    fail(&wires[1]);
    // To the others all is well, and nobody has noticed yet that it is not.
    ana.writes("question at once").await;
    within(Duration::from_secs(5), "it is found in time", bo.sees(&chat, "question at once")).await;
    is_told(&bo, 0, json!(["bus"])).await;
    talk_without_the_bus(&ana, &bo, &chat).await;

    let seen = bo.socket().count();
    wires[1].mend();
    // In the moment of its return, too.
    ana.writes("question on return").await;
    within(Duration::from_secs(5), "it is found in time", bo.sees(&chat, "question on return")).await;
    is_told(&bo, seen, json!([])).await;
    let texts: Vec<String> = bo.screen(&chat).into_iter().filter(|text| text.starts_with("question")).collect();
    let said = ["at once", "0", "1", "2", "on return"].map(|which| format!("question {which}"));
    assert_eq!(texts, said, "each once, in order");
}

#[tokio::test]
async fn a_server_from_which_alone_nats_vanishes_misses_nothing_that_the_others_say() {
    one_server_loses_the_bus(Proxy::cut).await;
}

#[tokio::test]
async fn a_server_for_which_alone_nats_hangs_misses_nothing_that_the_others_say() {
    one_server_loses_the_bus(Proxy::hang).await;
}
