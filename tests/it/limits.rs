//! Limits hold whatever server one comes to, whatever address one claims, with Redis and without; and they are one company's own affair.

use std::time::Duration;

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Http, Reply, Shop, Socket, TestApp, fresh};
use tokio::time::Instant;

/// Gives a company limits of its own, known to all servers.
async fn bound(shop: &Shop, nodes: usize, bounds: Value) {
    let schema = shop.schema().await;
    shop.app.sql(&format!("update shared.account set limits = '{bounds}' where schema_name = '{schema}'")).await;
    for node in 0..nodes {
        shop.app.node(node).world.directory.forget(shop.id.parse().unwrap());
    }
    // What was granted by the old limits is over.
    shop.app.clock().advance(TimeDelta::seconds(2));
}

/// An address that nobody has, another one each time.
fn invented() -> String {
    let bytes = *fresh().as_bytes();
    format!("{}.{}.{}.{}", bytes[12], bytes[13], bytes[14], bytes[15])
}

/// How many may have come by a pace of sixty a minute since then: a sixth of a minute's worth at once, and one with every second.
fn at_most(since: Instant) -> u32 {
    10 + u32::try_from(since.elapsed().as_secs()).unwrap()
}

async fn claiming(http: &Http, path: &str, body: Value) -> Reply {
    let (forwarded, real) = (invented(), invented());
    let told = format!("for={forwarded}");
    let headers = [("x-forwarded-for", forwarded.as_str()), ("x-real-ip", real.as_str()), ("forwarded", told.as_str())];
    http.send("POST", path, Some(body), &headers).await
}

#[tokio::test]
async fn a_company_beyond_its_pace_is_told_when_to_come_again_and_its_neighbour_notices_nothing() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let (ana, bea) = (shop.visitor("Ana").await, other.visitor("Bea").await);
    ana.writes("Hello").await;
    bound(&shop, 1, json!({ "messages_per_minute": 60 })).await;
    // An open socket knows its company as it was when it was opened.
    let socket = Socket::open(&app.base(0), shop.guard(), &ana.http.token(), json!({})).await;
    let (began, mut taken, mut put_off) = (Instant::now(), 0_usize, None);
    for _ in 0..20 {
        let answer = socket.send(json!({ "client_message_id": fresh(), "text": shop.says("More") })).await;
        match answer["type"].as_str().unwrap() {
            "ack" => taken += 1,
            _ => {
                assert_eq!(answer["code"], "company_busy", "{answer}");
                assert!((1..=1_000).contains(&answer["retry_after_ms"].as_u64().unwrap()), "{answer}");
                put_off = answer["client_message_id"].as_str().map(ToOwned::to_owned);
            }
        }
    }
    let most = usize::try_from(at_most(began)).unwrap();
    assert!((10..=most).contains(&taken), "{taken} were taken where {most} may be");
    let posts = join_all((0..5).map(|_| ana.posts("By HTTP"))).await;
    taken += posts.iter().filter(|reply| reply.status == 201).count();
    let reply = posts.iter().find(|reply| reply.status != 201).expect("five at once are too many now");
    reply.refused(429, "company_busy");
    assert_eq!(reply.header("retry-after"), Some("1"));
    bea.writes("Is it quiet here?").await;

    app.clock().advance(TimeDelta::seconds(10));
    let again = json!({ "client_message_id": put_off, "text": shop.says("More") });
    assert_eq!(socket.send(again).await["type"], "ack", "the same message, a little later");
    let stored = shop.count("select count(*) from {}.message where message_type = 'incoming'").await;
    assert_eq!(
        stored,
        i64::try_from(1 + taken + 1).unwrap(),
        "what was put off was not written, and what was taken was"
    );
}

#[tokio::test]
async fn answers_say_how_much_is_left() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    bound(&shop, 1, json!({ "requests_per_minute": 60, "key_requests_per_minute": 12, "sockets": 2 })).await;
    let reply = shop.owner.http.get("/v1/account").await;
    assert_eq!(reply.header("ratelimit-policy"), Some("\"requests\";q=60;w=60"));
    assert_eq!(reply.header("ratelimit"), Some("\"requests\";r=9;t=60"));
    let made = shop.owner.http.post("/v1/api-keys", json!({ "name": "x", "scopes": ["agents.read"] })).await.ok();
    let program = shop.stranger().with(made["secret"].as_str().unwrap());
    let began = Instant::now();
    let replies = [program.get("/v1/agents").await, program.get("/v1/agents").await, program.get("/v1/agents").await];
    assert_eq!(replies[0].header("ratelimit"), Some("\"key_requests\";r=1;t=60"));
    replies[2].refused(429, "rate_limited");
    // The next may come five seconds after the first.
    let wait: u64 = replies[2].header("retry-after").unwrap().parse().unwrap();
    let gone_by = began.elapsed().as_secs();
    assert!(wait <= 5 && wait + gone_by >= 5, "{wait} s after {gone_by} s");
    let told = format!("\"key_requests\";r=0;t={wait}");
    assert_eq!(replies[2].header("ratelimit"), Some(told.as_str()));

    let limits = shop.owner.http.get("/v1/limits").await.ok();
    assert_eq!(limits["pace"]["requests_per_minute"], 60);
    assert_eq!(limits["counts"][1], json!({ "class": "requests", "per_minute": 60, "burst": 10, "refused": 0 }));
    let while_busy = join_all((0..12).map(|_| shop.owner.http.get("/v1/account"))).await;
    let refused = while_busy.iter().find(|reply| reply.status == 429).expect("twelve at once are too many");
    refused.refused(429, "company_busy");
    assert_eq!(refused.header("ratelimit"), Some("\"requests\";r=0;t=1"));

    // Two sockets are open, a third finds no room; the chat goes on without it.
    let ana = shop.visitor("Ana").await;
    let _second = Socket::open(&app.base(0), shop.guard(), &ana.http.token(), json!({})).await;
    let third = Socket::connect(&app.base(0), shop.guard()).await;
    third.say(json!({ "type": "hello", "protocol": 1, "token": ana.http.token(), "resume": {} }));
    let full = third.frame("error").await;
    assert_eq!(full["code"], "sockets_full");
    assert!((10_000..25_000).contains(&full["retry_after_ms"].as_u64().unwrap()), "{full}");
    assert_eq!(third.closed_within(Duration::from_secs(2)).await, Some(4029));
    ana.posts("Without a third").await.ok();
}

#[tokio::test]
async fn three_servers_together_admit_what_one_may_with_redis_killed_in_the_middle() {
    let (app, cache) = TestApp::start_behind(3, |settings| &mut settings.redis_url).await;
    let shop = app.shop("Tea").await;
    let token = shop.owner.http.token();
    bound(&shop, 3, json!({ "requests_per_minute": 1_200 })).await;
    let began = Instant::now();
    let long = Duration::from_secs(16);
    let callers = (0..9).map(|caller| {
        let http = Http::new(&app.base(caller % 3), shop.guard());
        http.take(&token);
        async move {
            let (mut admitted, mut refused) = (0_u32, 0_u32);
            while began.elapsed() < long {
                let reply = http.get("/v1/account").await;
                match reply.status {
                    200 => admitted += 1,
                    429 => refused += 1,
                    _ => panic!("{} {}", reply.status, reply.text),
                }
                tokio::time::timeout(Duration::from_millis(8), std::future::pending::<()>()).await.unwrap_err();
            }
            (admitted, refused)
        }
    });
    let cut = async {
        tokio::time::timeout(long / 2, std::future::pending::<()>()).await.unwrap_err();
        cache.cut();
    };
    let (counts, ()) = tokio::join!(join_all(callers), cut);
    let admitted: u32 = counts.iter().map(|(admitted, _)| admitted).sum();
    let refused: u32 = counts.iter().map(|(_, refused)| refused).sum();
    let limit = 200.0 + 20.0 * began.elapsed().as_secs_f64();
    assert!(f64::from(admitted) <= limit * 1.1, "{admitted} of {limit}");
    assert!(f64::from(admitted) >= limit * 0.7, "{admitted} of {limit}: the limit is not half of itself");
    assert!(refused > admitted, "{refused} refused: they came faster than that");
}

#[tokio::test]
async fn guesses_at_a_password_are_counted_for_the_login_whatever_server_address_and_cache() {
    let (app, cache) = TestApp::start_behind(3, |settings| &mut settings.redis_url).await;
    let shop = app.shop("Tea").await;
    let strangers: Vec<Http> = (0..3).map(|node| Http::new(&app.base(node), shop.guard())).collect();
    let guess = async |turn: usize| {
        let ask = json!({ "email": shop.owner.email, "password": format!("guess {turn}") });
        let reply = claiming(&strangers[turn % 3], "/v1/auth/login", ask).await;
        match reply.status {
            401 => true,
            429 => {
                assert!(reply.header("retry-after").is_some_and(|wait| wait.parse::<u64>().unwrap() >= 1));
                assert!(reply.header("ratelimit").unwrap().starts_with("\"attempts\";r=0;t="), "{:?}", reply.headers);
                false
            }
            _ => panic!("{} {}", reply.status, reply.text),
        }
    };
    let mut tried = 0;
    for second in 0..60 {
        if second == 30 {
            cache.cut();
        }
        for turn in 0..3 {
            tried += usize::from(guess(second * 3 + turn).await);
        }
        app.clock().advance(TimeDelta::seconds(1));
    }
    assert!((8..=10).contains(&tried), "{tried} guesses in a minute");
}

#[tokio::test]
async fn strangers_from_one_address_are_slowed_whatever_they_claim_and_those_who_are_known_are_not() {
    let app = TestApp::start_with(1, |settings| settings.address_rate = 60).await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let ana = shop.visitor("Ana").await;
    let (began, mut came) = (Instant::now(), 0_u32);
    for _ in 0..30 {
        let reply = claiming(&shop.stranger(), "/v1/widget/session", json!({ "key": shop.key() })).await;
        match reply.status {
            200 => came += 1,
            _ => reply.refused(429, "rate_limited"),
        }
    }
    let most = at_most(began);
    assert!((9..=most).contains(&came), "{came} new visitors where {most} may come");
    // An office shares the address: whoever is known comes in, and another company is not concerned.
    let known = json!({ "key": shop.key(), "secret": ana.secret });
    claiming(&shop.stranger(), "/v1/widget/session", known).await.ok();
    ana.writes("I was here before").await;
    other.visitor("Bea").await;

    // Behind a proxy of ours everybody has the address that it saw.
    let app = TestApp::start_with(1, |settings| {
        settings.address_rate = 60;
        settings.trusted_proxies = 1;
    })
    .await;
    let shop = app.shop("Tea").await;
    for _ in 0..30 {
        claiming(&shop.stranger(), "/v1/widget/session", json!({ "key": shop.key() })).await.ok();
    }
    let (began, mut came) = (Instant::now(), 0_u32);
    for _ in 0..30 {
        let spoofed = format!("{}, 198.51.100.7", invented());
        let headers = [("x-forwarded-for", spoofed.as_str())];
        let ask = Some(json!({ "key": shop.key() }));
        came += u32::from(shop.stranger().send("POST", "/v1/widget/session", ask, &headers).await.status == 200);
    }
    let most = at_most(began);
    assert!((9..=most).contains(&came), "{came} where {most} may come from the one that the proxy saw");
}

#[tokio::test]
async fn a_company_that_fills_its_part_of_the_database_waits_for_itself_alone() {
    let app = TestApp::start_with(1, |settings| settings.database_share = 25).await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let tenant = shop.tenant().await;
    let places = app.node(0).world.shares.each();
    let mut held = Vec::new();
    for _ in 0..places {
        held.push(tenant.begin().await.unwrap());
    }
    let (crowded, neighbour) = tokio::join!(shop.owner.http.get("/v1/inboxes"), other.owner.http.get("/v1/inboxes"));
    crowded.refused(429, "company_busy");
    neighbour.ok();
    held.pop();
    shop.owner.http.get("/v1/inboxes").await.ok();
}
