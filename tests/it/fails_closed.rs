//! When something breaks, nobody gets in by it: what cannot be looked up opens nothing, what needs no looking up stays there, and a
//! handler that dies takes nothing along.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use tenant::{Role, Tenant};
use tests::{Http, PASSWORD, Reply, Shop, Signer, Socket, TestApp, eventually, fresh};
use tower::ServiceExt as _;

/// What needs no database: whether the process lives, pages with the loader, and the description of the API.
const STAYS: [&str; 10] = [
    "/livez",
    "/signup",
    "/login",
    "/console",
    "/portal",
    "/demo",
    "/widget.js",
    "/docs/",
    "/openapi.json",
    "/v1/no-such-thing",
];

async fn pages(app: &TestApp) -> Vec<(u16, String)> {
    let stranger = app.stranger();
    let replies = join_all(STAYS.map(|path| stranger.get(path))).await;
    // Each problem names its request.
    replies
        .into_iter()
        .map(|reply| (reply.status, if reply.status == 404 { reply.code() } else { reply.text }))
        .collect()
}

/// Everybody who wants something: who they are, and what came of it.
async fn knocks(shop: &Shop, callers: &[(&'static str, Http)], signer: &Signer, secret: &str) -> Vec<(String, Reply)> {
    let stranger = shop.stranger();
    let login = json!({ "email": shop.owner.email, "password": PASSWORD });
    let wrong = json!({ "email": shop.owner.email, "password": "guess guess" });
    let signup =
        json!({ "company": "Cocoa", "email": format!("{}@mail.test", fresh().simple()), "password": PASSWORD });
    let browser = json!({ "key": shop.key(), "secret": secret });
    let vouched = signer.token(&shop.app, "user-1");
    let vouched = json!({ "key": shop.key(), "token": vouched, "attempt": fresh() });
    let cookie = [("cookie", shop.owner.cookie.as_str()), ("x-frontdesk", "1")];
    let posts = [
        ("signing in", "/v1/auth/login", login),
        ("guessing", "/v1/auth/login", wrong),
        ("signing up", "/v1/signup", signup),
        ("coming back as a visitor", "/v1/widget/session", browser),
        ("coming in vouched for", "/v1/widget/identify", vouched),
    ];
    let mut all = Vec::new();
    let at_the_door = join_all(posts.map(|(what, path, body)| {
        let stranger = &stranger;
        async move { (what.to_owned(), stranger.post(path, body).await) }
    }));
    let refresh =
        async { ("staying signed in".to_owned(), stranger.send("POST", "/v1/auth/refresh", None, &cookie).await) };
    let inside = callers.iter().flat_map(|(who, http)| {
        ["/v1/auth/me", "/v1/conversations", "/v1/scim/v2/Users", "/v1/account"]
            .map(|path| async move { (format!("{who} at {path}"), http.get(path).await) })
    });
    let writes = callers.iter().map(|(who, http)| async move {
        let body = json!({ "client_message_id": fresh(), "text": "Hello" });
        (format!("{who} writing"), http.post("/v1/widget/messages", body).await)
    });
    let (door, refreshed, read, written) = futures::join!(at_the_door, refresh, join_all(inside), join_all(writes));
    all.extend(door);
    all.push(refreshed);
    all.extend(read.into_iter().chain(written));
    all
}

#[tokio::test]
async fn what_cannot_be_looked_up_opens_nothing_and_pages_are_there_all_the_same() {
    let (app, wire) = TestApp::start_behind(1, |settings| &mut settings.database_url).await;
    let shop = app.shop("Tea").await;
    let inbox = shop.inbox["id"].as_str().unwrap().to_owned();
    let signer = Signer::make(&shop.owner.http, &inbox).await;
    shop.owner.http.put(&format!("/v1/inboxes/{inbox}/identity"), json!({ "required": false })).await.ok();
    let key = json!({ "name": "x", "scopes": ["conversations.read", "scim"] });
    let key = shop.owner.http.post("/v1/api-keys", key).await.ok();
    let (bo, cy) = (shop.colleague("Bo", Role::Agent).await, shop.colleague("Cy", Role::Agent).await);
    shop.owner.http.patch(&format!("/v1/agents/{}", cy.id), json!({ "disabled": true })).await.ok();
    let ana = shop.visitor("Ana").await;
    let as_caller = |token: &str| shop.stranger().with(token);
    let callers = [
        ("the owner", as_caller(&shop.owner.http.token())),
        ("an agent", as_caller(&bo.http.token())),
        ("somebody switched off", as_caller(&cy.http.token())),
        ("a program", as_caller(key["secret"].as_str().unwrap())),
        ("a visitor", as_caller(&ana.http.token())),
        ("an unknown key", as_caller("fdk_01h455vb4pex5vsknk084sn02q_x")),
        ("nobody", as_caller("")),
    ];
    shop.owner.http.get("/v1/auth/me").await.ok();
    let there = pages(&app).await;

    wire.cut();
    // What a server remembers of people is believed for three seconds.
    app.clock().advance(TimeDelta::seconds(4));
    for (what, reply) in knocks(&shop, &callers, &signer, &ana.secret).await {
        assert!([401, 403, 429, 503].contains(&reply.status), "{what} got {}: {}", reply.status, reply.text);
        reply.is_a_problem();
    }
    let socket = Socket::connect(&app.base(0), shop.guard()).await;
    socket.say(json!({ "type": "hello", "protocol": 1, "token": shop.owner.http.token(), "resume": {} }));
    socket.closed().await;
    assert!(socket.frames().iter().all(|frame| frame["type"] != "welcome"), "{:?}", socket.frames());
    assert_eq!(pages(&app).await, there, "who only looks at pages notices nothing");
    let not_ready = async || (app.stranger().get("/readyz").await.status == 503).then_some(());
    eventually("it says that it is not ready", not_ready).await;

    wire.mend();
    let me = async || (shop.owner.http.get("/v1/auth/me").await.status == 200).then_some(());
    eventually("the owner works on", me).await;
    assert_eq!(cy.http.get("/v1/auth/me").await.status, 401);
}

#[tokio::test]
async fn without_redis_and_nats_nobody_may_more_than_they_may() {
    let app = TestApp::start_with(1, |settings| {
        settings.redis_url = "redis://127.0.0.1:1".into();
        settings.nats_url = "nats://127.0.0.1:1".into();
    })
    .await;
    let (shop, other) = (app.shop("Tea").await, app.shop("Coffee").await);
    let bo = shop.colleague("Bo", Role::Agent).await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    bo.http.get("/v1/usage").await.refused(403, "permission_denied");
    let chat = format!("/v1/conversations/{}", ana.chat());
    assert_eq!(other.owner.http.get(&chat).await.status, 404);
    shop.owner.http.patch(&format!("/v1/agents/{}", bo.id), json!({ "disabled": true })).await.ok();
    app.clock().advance(TimeDelta::seconds(4));
    for token in [bo.http.token().as_str(), "fdk_01h455vb4pex5vsknk084sn02q_x", ""] {
        assert_eq!(shop.stranger().with(token).get(&chat).await.status, 401, "{token}");
    }
}

/// Begins something in the company, and dies of an error of ours before it has come to an end.
async fn dies(tenant: Tenant) -> &'static str {
    let _begun = tenant.begin().await.unwrap();
    panic!("an error of ours");
}

async fn asked(router: &Router, path: &str) -> (u16, Value) {
    let request = Request::get(path).header("x-request-id", "0123456789").body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    assert_eq!(response.headers()["x-request-id"], "0123456789");
    let body = axum::body::to_bytes(response.into_body(), 100_000).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn a_handler_that_dies_takes_nobody_and_nothing_along() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let tenant = shop.tenant().await;
    let shared = app.node(0).shared();
    let deadly = || {
        let tenant = tenant.clone();
        get(move || dies(tenant.clone()))
    };
    // In a task of its own, as ordinary requests are, and as sockets and streams are opened.
    let apart = api::uncancelled(&shared, Router::new().route("/v1/deadly", deadly()));
    let plain = Router::new().route("/v1/deadly-as-well", deadly()).route("/v1/well", get(|| async { "well" }));
    let router = api::dressed(Arc::clone(&shared), apart.merge(plain));

    let places = shared.world.shares.each();
    for _ in 0..3 {
        let all = (0..places * 2).map(|number| {
            let path = if number % 2 == 0 { "/v1/deadly" } else { "/v1/deadly-as-well" };
            asked(&router, path)
        });
        let (died, well) = futures::join!(join_all(all), asked(&router, "/v1/well"));
        for (status, problem) in died {
            assert_eq!((status, &problem["code"]), (500, &json!("internal")), "{problem}");
            assert!(
                !problem.to_string().contains("an error of ours"),
                "what went wrong is not a caller's affair: {problem}"
            );
        }
        assert_eq!(well.0, 200);
    }

    // Every place at the database is free again, every lock can be taken, and chat goes on.
    let mut held = Vec::new();
    for _ in 0..places {
        held.push(eventually("a place is free again", async || tenant.begin().await.ok()).await);
    }
    drop(held);
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    bo.is_given(&ana.chat()).await;
    bo.replies(&ana.chat(), "Hi").await;
    ana.sees("Hi").await;
}
