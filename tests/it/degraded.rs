//! Redis or NATS hang, vanish and come back in the middle of a chat. Chat goes on, the consoles say so, and it heals by itself.

use std::time::{Duration, Instant};

use infra::cache::{Cache, redis};
use serde_json::{Value, json};
use tests::{Agent, Proxy, Shop, Socket, TestApp, Visitor, eventually, within};

/// Every two seconds a server looks whether the bus is there, waits a second for its answer, and reads Postgres instead: three seconds at
/// the worst. A machine that stands still meanwhile may take as long again, and a little.
const FOUND: Duration = Duration::from_secs(8);

/// Servers that reach Redis and NATS by wires of their own.
async fn wired(nodes: usize) -> (TestApp, Proxy, Proxy) {
    let mut wires = None;
    let app = TestApp::start_with(nodes, |settings| {
        let (cache, bus) = (Proxy::before(&mut settings.redis_url), Proxy::before(&mut settings.nats_url));
        wires = Some((cache, bus));
    })
    .await;
    let (cache, bus) = wires.unwrap();
    (app, cache, bus)
}

/// Whether a server that may have missed something has asked its socket to come again.
fn is_sent_away(frames: &[Value]) -> bool {
    frames.iter().any(|frame| frame["type"] == "reconnect")
}

/// A page of somebody's, which comes again when it is asked to, and resumes.
trait Page {
    fn line(&self) -> &Socket;

    async fn comes_again(&mut self, chat: &str);

    /// Comes again if it was asked to, before somebody writes.
    async fn heeds(&mut self, chat: &str) {
        if is_sent_away(&self.line().frames()) {
            self.comes_again(chat).await;
        }
    }

    /// Waits until a message with this text is on the screen.
    async fn shows(&mut self, shop: &Shop, chat: &str, text: &str) {
        let text = shop.says(text);
        let has = |frame: &Value| {
            let resumed =
                frame["messages"].as_array().is_some_and(|all| all.iter().any(|one| one["text"] == text.as_str()));
            frame["conversation_id"] == chat && (resumed || frame["message"]["text"] == text.as_str())
        };
        for _ in 0..2 {
            let told = self.line().until(&text, |frames| {
                let shown = frames.iter().any(has);
                (shown || is_sent_away(frames)).then_some(shown)
            });
            if told.await {
                return;
            }
            self.comes_again(chat).await;
        }
        panic!("it was sent away twice for one word");
    }
}

impl Page for Agent {
    fn line(&self) -> &Socket {
        self.socket()
    }

    async fn comes_again(&mut self, chat: &str) {
        self.resumes(json!({ chat: 0 })).await;
    }
}

impl Page for Visitor {
    fn line(&self) -> &Socket {
        &self.socket
    }

    async fn comes_again(&mut self, chat: &str) {
        let guard = self.http.guard().clone();
        self.socket = Socket::open(self.http.base(), guard, &self.http.token(), json!({ chat: 0 })).await;
    }
}

/// Waits until a console is told that exactly this is degraded, after `seen` frames.
async fn is_told(agent: &mut Agent, chat: &str, mut seen: usize, degraded: Value) {
    let what = format!("the console is told: {degraded}");
    let about = |frame: &Value| frame["type"] == "service.updated";
    let told = async {
        loop {
            let told = agent.socket().until(&what, |frames| {
                let told = frames.iter().skip(seen).any(|frame| about(frame) && frame["degraded"] == degraded);
                (told || is_sent_away(frames)).then_some(told)
            });
            if told.await {
                return;
            }
            agent.comes_again(chat).await;
            seen = 0;
            // Who comes again is told with the welcome, and of nothing when all is well.
            agent.socket().catch_up().await;
            if degraded == json!([]) && !agent.socket().frames().iter().any(about) {
                return;
            }
        }
    };
    within(Duration::from_secs(5), &what, told).await;
}

/// Words go to and fro between two servers, each by a sweep.
async fn talk_without_the_bus(shop: &Shop, ana: &mut Visitor, bo: &mut Agent, chat: &str) {
    let began = Instant::now();
    for number in 0..3 {
        ana.heeds(chat).await;
        ana.writes(&format!("question {number}")).await;
        bo.shows(shop, chat, &format!("question {number}")).await;
        bo.heeds(chat).await;
        bo.replies(chat, &format!("answer {number}")).await;
        ana.shows(shop, chat, &format!("answer {number}")).await;
    }
    let each = began.elapsed() / 6;
    assert!(each < Duration::from_secs(3), "a message from server to server took {each:?} on average");
}

#[tokio::test]
async fn redis_hangs_in_the_middle_of_a_chat_and_soon_costs_nobody_anything() {
    let (app, cache, _bus) = wired(1).await;
    let shop = app.shop("Tea").await;
    let mut bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;

    cache.hang();
    bo.replies(&chat, "While it hangs").await;
    ana.sees("While it hangs").await;
    is_told(&mut bo, &chat, 0, json!(["cache"])).await;
    assert_eq!(app.stranger().get("/readyz").await.status, 200, "messages can be taken");
    // The list of agents asks Redis who is here.
    let mut took = Vec::new();
    for _ in 0..20 {
        let began = Instant::now();
        let agents = shop.owner.http.get("/v1/agents").await.ok();
        let here = agents["data"].as_array().unwrap().iter().find(|agent| agent["id"] == bo.id.as_str()).unwrap();
        assert_eq!(here["availability"], "online", "a server knows its own");
        took.push(began.elapsed());
    }
    // What waits for Redis is each of them. A machine that stands still for a moment is in one, or two.
    took.sort_unstable();
    let most: Duration = took[..18].iter().sum();
    assert!(most < Duration::from_millis(2_700), "18 of 20 requests took {most:?}: {took:?}");
    let mut late = shop.agent("Cy").await;
    assert_eq!(late.socket().frame("service.updated").await["degraded"], json!(["cache"]), "told with the welcome");

    let seen = bo.socket().count();
    cache.mend();
    is_told(&mut bo, &chat, seen, json!([])).await;
    late.connects().await;
    ana.writes("And after").await;
    bo.sees(&chat, "And after").await;
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
    let mut bo = shop.agent_on(1, "Bo").await;
    let mut ana = shop.visitor_on(0, "Ana").await;
    ana.writes("Hello").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    bo.sees(&chat, "Hello").await;

    fail(&bus);
    is_told(&mut bo, &chat, 0, json!(["bus"])).await;
    assert_eq!(app.stranger().get("/readyz").await.status, 200, "messages can be taken");
    talk_without_the_bus(&shop, &mut ana, &mut bo, &chat).await;

    let seen = bo.socket().count();
    bus.mend();
    is_told(&mut bo, &chat, seen, json!([])).await;
    // Each server finds its own way back.
    eventually("both have the bus again", async || {
        [0, 1].iter().all(|node| app.node(*node).routing.health.now().bus).then_some(())
    })
    .await;
    ana.heeds(&chat).await;
    ana.writes("And after").await;
    // It was written, and is on its way from server to server.
    let began = Instant::now();
    bo.shows(&shop, &chat, "And after").await;
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
        wires.push(Proxy::before(&mut settings.nats_url));
    })
    .await;
    let shop = app.shop("Tea").await;
    let mut bo = shop.agent_on(1, "Bo").await;
    let mut ana = shop.visitor_on(0, "Ana").await;
    ana.writes("Hello").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    bo.sees(&chat, "Hello").await;

    fail(&wires[1]);
    // To the others all is well, and nobody has noticed yet that it is not.
    ana.writes("question at once").await;
    within(FOUND, "it is found in time", bo.shows(&shop, &chat, "question at once")).await;
    is_told(&mut bo, &chat, 0, json!(["bus"])).await;
    talk_without_the_bus(&shop, &mut ana, &mut bo, &chat).await;

    let seen = bo.socket().count();
    wires[1].mend();
    // In the moment of its return, too.
    ana.writes("question on return").await;
    within(FOUND, "it is found in time", bo.shows(&shop, &chat, "question on return")).await;
    is_told(&mut bo, &chat, seen, json!([])).await;
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
