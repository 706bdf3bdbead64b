//! A stranger finds nothing. Every published operation and every frame is tried by everybody who should not.
//!
//! The clients themselves fail when they receive a byte of another company's words; here the refusals are looked at.

use std::collections::BTreeSet;

use routing::realtime::CLIENT_TYPES;
use serde_json::{Value, json};
use tenant::token::Audience;
use tests::{Reply, Shop, Socket, TestApp, fresh};

use crate::probes::{Door, Probe, SETUP, Things, without_limits};

/// Operations that take no token, each with its reason. This list may only shrink.
const OPEN: [(&str, &str); 24] = [
    ("GET /v1/invitations/by-token/{token}", "the link's secret is what lets in"),
    ("GET /v1/signup", "whether companies sign up here; says the same to all"),
    ("GET /v1/widget/config", "what a public web page shows; the key is printed on it"),
    (
        "POST /v1/account/restore",
        "who has closed a company cannot be inside; the owner's password and second factor are what let in",
    ),
    (
        "POST /v1/account/resume",
        "who has switched a company off cannot be inside; the owner's password and second factor are what let in",
    ),
    ("POST /v1/account/sso/domains/confirm", "the link's secret is what proves the domain"),
    ("POST /v1/auth/email/confirm", "the link's secret is what takes the address"),
    ("POST /v1/auth/forgot-password", "who has forgotten it cannot sign in; says the same to all"),
    ("POST /v1/auth/login", "it is the way in"),
    ("POST /v1/auth/login/passkey", "it is a way in, by a key of one's own"),
    ("POST /v1/auth/login/passkey/begin", "gives a challenge, which is worth nothing without a key"),
    ("POST /v1/auth/login/second-factor", "the challenge of a right password is what lets try"),
    ("POST /v1/auth/logout", "ends the session of the cookie sent with it, and nothing else"),
    ("POST /v1/auth/refresh", "the cookie's secret is what lets in"),
    ("POST /v1/auth/reset-password", "the link's secret is what lets in"),
    (
        "POST /v1/auth/sso/begin",
        "says whether a domain's company has a provider, which its own sign-in page says as well",
    ),
    ("POST /v1/auth/sso/finish", "the provider's code, in the browser that was sent, is what lets in"),
    ("POST /v1/auth/support", "the link's secret is what lets in, and the company's consent behind it"),
    ("POST /v1/auth/verify-email", "the link's secret is what lets in"),
    ("POST /v1/invitations/by-token/{token}/accept", "the link's secret is what lets in"),
    ("POST /v1/signup", "it is the way in"),
    ("POST /v1/widget/challenge", "gives work to do, which is worth nothing undone"),
    ("POST /v1/widget/identify", "the signature of the company's own server is what lets in"),
    ("POST /v1/widget/session", "anyone may become a visitor; the browser's secret finds their own thread"),
];

/// What one visitor may do with a thing that another one sees too, each with its reason.
const SHARED: [(&str, &str); 1] =
    [("POST /v1/widget/waiting-content/{id}/events", "the company shows it to all who wait; each is counted once")];

fn refused(probe: &Probe, who: &str, reply: &Reply) {
    let told = format!("{} by {who}: {} {}", probe.operation, reply.status, reply.text);
    assert!([401, 403, 404].contains(&reply.status), "{told}");
    reply.is_a_problem();
}

/// Good tokens of every other kind, about the very same person and session as this one.
fn of_other_kinds(shop: &Shop, token: &str) -> Vec<(String, tests::Http)> {
    let claims = crate::tokens::claims_of(token);
    let id = |name: &str| claims[name].as_str().unwrap().parse().unwrap();
    let world = &shop.app.node(0).world;
    let sign = |audience| {
        let token = world.keys.sign(audience, id("tid"), id("sub"), id("sid"), world.now()).unwrap();
        (format!("a token of the kind {audience:?}"), shop.stranger().with(&token))
    };
    [Audience::Support, Audience::Visit, Audience::Download, Audience::Challenge].map(sign).into()
}

async fn everything(shop: &Shop, things: &Things) -> Vec<Value> {
    let mut all = Vec::new();
    let chat = &things.chat;
    for path in [
        "/v1/account",
        "/v1/agents",
        "/v1/api-keys",
        "/v1/inboxes",
        "/v1/invitations",
        "/v1/roles",
        "/v1/survey-responses",
    ]
    .iter()
    .chain(&SETUP)
    {
        all.push(shop.owner.http.get(path).await.ok());
    }
    all.push(shop.owner.reads(chat).await);
    all.push(json!(shop.owner.thread(chat).await));
    all.push(shop.owner.http.get(&format!("/v1/contacts/{}", things.visitor.id)).await.ok());
    all
}

#[tokio::test]
async fn every_operation_tells_and_changes_nothing_for_whom_it_is_not() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.shop("Tea").await, app.shop("Coffee").await);
    without_limits(&ours).await;
    let (things, foreign) = (Things::of(&ours).await, Things::of(&theirs).await);
    let sibling = ours.visitor("Bea").await;
    sibling.writes("I am another visitor").await;
    let before = everything(&ours, &things).await;

    let public: BTreeSet<String> =
        things.probes().into_iter().filter(|probe| probe.door == Door::Public).map(|probe| probe.operation).collect();
    let listed: BTreeSet<String> = OPEN.iter().map(|(operation, _)| (*operation).to_owned()).collect();
    assert_eq!(public, listed, "what is open to all is listed, with a reason");

    let as_member = of_other_kinds(&ours, &ours.owner.http.token());
    let as_visitor = of_other_kinds(&ours, &things.visitor.http.token());
    for probe in things.probes() {
        let probe = probe.in_other_words(&ours.canary);
        for (who, http) in as_member.iter().chain(&as_visitor).filter(|_| probe.door != Door::Public) {
            refused(&probe, who, &probe.send(http).await);
        }
        let (insider, stranger, intruder, wrong) = match probe.door {
            Door::Public => continue,
            Door::Member => (None, &theirs.owner.http, &foreign.visitor.http, &things.visitor.http),
            Door::Visitor => (Some(&sibling.http), &foreign.visitor.http, &theirs.owner.http, &ours.owner.http),
        };
        refused(&probe, "nobody", &probe.send(&ours.stranger()).await);
        refused(&probe, "nobody", &probe.send(&app.stranger()).await);
        refused(&probe, "the other kind of token", &probe.send(wrong).await);
        refused(&probe, "the other kind of token from elsewhere", &probe.send(intruder).await);
        let reply = probe.send(stranger).await;
        if probe.names_a_thing {
            refused(&probe, "a stranger", &reply);
        }
        let is_shared = SHARED.iter().any(|(operation, _)| *operation == probe.operation);
        if let (Some(insider), true) = (insider, probe.names_a_thing && !is_shared) {
            let reply = probe.send(insider).await;
            refused(&probe, "another visitor", &reply);
            assert!(!reply.text.contains("Only Ana"), "{}", reply.text);
        }
    }

    assert_eq!(everything(&ours, &things).await, before, "nothing has changed");
}

#[tokio::test]
async fn ids_of_another_company_in_bodies_and_filters_find_nothing() {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.shop("Tea").await, app.shop("Coffee").await);
    let (things, foreign) = (Things::of(&ours).await, Things::of(&theirs).await);
    let http = &theirs.owner.http;
    let inbox = ours.inbox["id"].as_str().unwrap();
    for filter in [
        format!("inbox_id={inbox}"),
        format!("contact_id={}", things.visitor.id),
        format!("assignee={}", things.colleague.id),
    ] {
        let found = http.get(&format!("/v1/conversations?{filter}")).await;
        assert!(found.status == 404 || found.json()["data"] == json!([]), "{filter}: {}", found.text);
    }
    let found = http.get(&format!("/v1/contacts?query={}", ours.canary)).await.ok();
    assert_eq!(found["data"], json!([]));
    let give = json!({ "agent_id": things.colleague.id });
    http.put(&format!("/v1/conversations/{}/assignee", foreign.chat), give).await.refused(404, "agent_unknown");
    let cursor = ours.owner.http.get("/v1/audit-log?limit=1").await.ok()["next_cursor"].clone();
    http.get(&format!("/v1/audit-log?cursor={}", cursor.as_str().unwrap())).await.ok();

    // A browser's secret is worth something in its own inbox only.
    let body = json!({ "key": theirs.key(), "secret": things.visitor.secret });
    let session = theirs.stranger().post("/v1/widget/session", body).await.ok();
    assert!(
        session["secret"].is_string() && session["conversation"].is_null(),
        "an unknown secret makes a new visitor"
    );
    // A person of both companies sees each only where they act.
    let both = json!({ "company": theirs.says("Second"), "email": theirs.owner.email, "password": tests::PASSWORD });
    let second = theirs.stranger().post("/v1/signup", both).await.ok();
    let token = second["access_token"].as_str().unwrap();
    let list = theirs.stranger().with(token).get("/v1/conversations").await.ok();
    assert_eq!(list["data"], json!([]));
    let back = theirs.stranger().with(token).post("/v1/auth/switch", json!({ "account_id": theirs.id })).await.ok();
    assert_eq!(back["me"]["account"]["id"], theirs.id.as_str());
}

/// What somebody says with every type of frame about a conversation that is not theirs.
fn frame(kind: &str, chat: &str, other_token: &str) -> Value {
    match kind {
        "hello" => json!({ "type": "hello", "protocol": 1, "token": other_token, "resume": { chat: 0 } }),
        "send" => json!({ "type": "send", "client_message_id": fresh(), "conversation_id": chat, "text": "mine now" }),
        "read" | "delivered" => json!({ "type": kind, "conversation_id": chat, "seq": 1 }),
        "typing" => json!({ "type": "typing", "conversation_id": chat, "on": true }),
        "resume" => json!({ "type": "resume", "conversations": { chat: 0 } }),
        "renew" => json!({ "type": "renew", "token": other_token }),
        "ping" => json!({ "type": "ping" }),
        _ => panic!("the frame `{kind}` has no probe: say here how a stranger would use it"),
    }
}

fn allowed(kind: &str, answer: &Value) -> bool {
    match kind {
        "ping" => answer["type"] == "pong",
        "resume" => answer["type"] == "reset",
        "hello" => answer["code"] == "hello_repeated",
        "renew" => answer["code"] == "token_of_another",
        _ => ["conversation_unknown", "frame_fields_invalid", "frame_not_for_agents"]
            .contains(&answer["code"].as_str().unwrap_or("")),
    }
}

#[tokio::test]
async fn every_frame_tells_and_changes_nothing_for_whom_it_is_not() {
    let app = TestApp::start_nodes(2).await;
    let (ours, theirs) = (app.shop("Tea").await, app.shop("Coffee").await);
    let bo = ours.agent("Bo").await;
    let ana = ours.visitor("Ana").await;
    ana.writes("Only Ana may see this").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    let bea = ours.visitor("Bea").await;
    let (zoe, zed) = (theirs.visitor_on(1, "Zoe").await, theirs.agent_on(1, "Zed").await);
    let before = bo.reads(&chat).await;
    let (at_bo, at_ana) = (bo.socket().count(), ana.socket.count());

    let attackers: [(&str, &Socket, String); 3] = [
        ("another visitor", &bea.socket, ana.http.token()),
        ("another company's visitor", &zoe.socket, ana.http.token()),
        ("another company's agent", zed.socket(), bo.http.token()),
    ];
    for (who, socket, other_token) in &attackers {
        for kind in CLIENT_TYPES {
            let seen = socket.count();
            socket.say(frame(kind, &chat, other_token));
            let answer = socket
                .next(seen, kind, |frame| {
                    !["presence.updated", "conversation.updated"].contains(&frame["type"].as_str().unwrap())
                })
                .await;
            assert!(allowed(kind, &answer), "{who} said {kind} and heard {answer}");
        }
        let heard = Value::from(socket.frames()).to_string();
        assert!(!heard.contains("Only Ana") && !heard.contains(&ana.id), "{who} heard {heard}");
    }

    // Whose conversation it is has noticed nothing.
    assert_eq!(bo.reads(&chat).await, before);
    ana.writes("Still us").await;
    bo.sees(&chat, "Still us").await;
    ana.socket.catch_up().await;
    for (frames, seen) in [(bo.socket().frames(), at_bo), (ana.socket.frames(), at_ana)] {
        let odd = frames.iter().skip(seen).find(|frame| {
            ["typing", "conversation.read", "conversation.delivered"].contains(&frame["type"].as_str().unwrap())
        });
        assert_eq!(odd, None, "a stranger was heard");
    }
}

#[tokio::test]
async fn a_page_of_somebody_else_opens_no_socket() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let upgrade = |origin: &'static str| {
        let http = shop.stranger();
        async move {
            let headers = [
                ("connection", "Upgrade"),
                ("upgrade", "websocket"),
                ("sec-websocket-version", "13"),
                ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ("origin", origin),
            ];
            http.try_raw("GET", "/v1/realtime", Vec::new(), &headers).await
        }
    };
    for origin in
        ["null", "https://evil.example", "http://frontdesk.test.evil.example", "http://frontdesk.tes", "", "file://"]
    {
        let reply = upgrade(origin).await.unwrap();
        reply.refused(403, "origin_not_allowed");
    }
    let ours = tokio::time::timeout(std::time::Duration::from_millis(500), upgrade("http://frontdesk.test")).await;
    assert!(ours.is_err() || ours.is_ok_and(|reply| reply.is_ok_and(|reply| reply.status == 101)), "our own page may");
}

/// How a frame is answered to a colleague of a lower role: one who may only read, and one who does not see the conversation.
fn answer_to(kind: &str, sees: bool) -> (&'static str, &'static str) {
    match (kind, sees) {
        ("ping", _) => ("type", "pong"),
        ("resume", true) => ("type", "resumed"),
        ("resume", false) => ("type", "reset"),
        ("hello", _) => ("code", "hello_repeated"),
        ("renew", _) => ("code", "token_of_another"),
        ("delivered", _) => ("code", "frame_not_for_agents"),
        (_, true) => ("code", "permission_denied"),
        (_, false) => ("code", "conversation_unknown"),
    }
}

#[tokio::test]
async fn every_frame_of_a_lower_role_or_of_nobody_changes_nothing() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Only Ana may see this").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    let hands = tenant::Permissions::of(tenant::Role::Agent);
    let mut reader = shop.holder("Rea", json!(["conversations.read"]), "all").await;
    let mut blind = shop.holder("Tia", json!(hands), "teams").await;
    for (colleague, sees) in [(&mut reader, true), (&mut blind, false)] {
        colleague.connects().await;
        for kind in CLIENT_TYPES {
            let seen = colleague.socket().count();
            colleague.socket().say(frame(kind, &chat, &bo.http.token()));
            let (field, word) = answer_to(kind, sees);
            colleague.socket().next(seen, kind, |frame| frame[field] == word).await;
        }
        let heard = Value::from(colleague.socket().frames()).to_string();
        assert_eq!(heard.contains("Only Ana"), sees, "{} heard {heard}", colleague.name);
    }

    // Whoever has not been let in, and whoever was let in for something else.
    let key = shop.owner.http.post("/v1/api-keys", json!({ "name": "x", "scopes": ["contacts.read"] })).await.ok();
    for token in ["nonsense", key["secret"].as_str().unwrap(), bo.cookie.split_once('=').unwrap().1] {
        for kind in CLIENT_TYPES {
            let socket = Socket::connect(&app.base(0), shop.guard()).await;
            socket.say(frame(kind, &chat, token));
            let refused = socket.frame("error").await;
            let code = if kind == "hello" { "token_invalid" } else { "hello_first" };
            assert_eq!(refused["code"], code, "{kind}");
            assert_eq!(socket.count(), 1);
        }
    }
    assert_eq!(bo.reads(&chat).await["last_seq"], shop.owner.reads(&chat).await["last_seq"]);
    let thread = bo.thread(&chat).await;
    assert!(thread.iter().all(|message| message["text"] != "mine now"), "nobody else has written");
    assert_eq!(bo.reads(&chat).await["unread_count"], 1, "nobody else has read");
}
