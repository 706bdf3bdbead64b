//! What those who wait are told: their place, how long it takes, and that they may leave without giving up.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Agent, Shop, Socket, TestApp, Visitor, eventually, fresh};

/// What a socket was told last of a conversation's place; `None` when nothing.
fn told<'a>(frames: &'a [Value], chat: &str) -> Option<&'a Value> {
    frames.iter().rev().find(|frame| frame["type"] == "queue.updated" && frame["conversation_id"] == chat)
}

async fn stands_at(socket: &Socket, chat: &str, position: u64) -> Value {
    let what = format!("the place in line is {position}");
    socket
        .until(&what, |frames| {
            told(frames, chat).map(|frame| frame["queue"].clone()).filter(|queue| queue["position"] == position)
        })
        .await
}

async fn has_left(socket: &Socket, chat: &str) {
    socket
        .until("the line is behind them", |frames| told(frames, chat).filter(|frame| frame["queue"].is_null()).cloned())
        .await;
}

async fn asks(visitor: &Visitor) -> Value {
    visitor.http.get("/v1/widget/queue").await.ok()
}

/// An agent who takes one conversation at a time.
async fn single(shop: &Shop, name: &str) -> Agent {
    let agent = shop.agent(name).await;
    shop.owner.http.patch(&format!("/v1/agents/{}", agent.id), json!({ "capacity": 1 })).await.ok();
    agent
}

/// Somebody who comes and has to wait.
async fn waits(shop: &Shop, name: &str, position: u64) -> Visitor {
    let visitor = shop.visitor(name).await;
    visitor.writes("Hello").await;
    stands_at(&visitor.socket, &visitor.chat(), position).await;
    visitor
}

#[tokio::test]
async fn who_waits_moves_up_on_every_device_and_keeps_the_place_when_the_tab_is_closed() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let bo = single(&shop, "Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    bo.is_given(&ana.chat()).await;
    assert_eq!(asks(&ana).await, json!({ "conversation_id": null, "queue": null }), "who is served does not wait");
    let bea = waits(&shop, "Bea", 1).await;
    let tablet = Socket::open(&app.base(1), shop.guard(), &bea.http.token(), json!({})).await;
    let mut cleo = waits(&shop, "Cleo", 2).await;
    let mut dee = waits(&shop, "Dee", 3).await;
    let place = asks(&cleo).await;
    assert_eq!(place["conversation_id"], cleo.chat().as_str());
    assert_eq!((&place["queue"]["ahead"], &place["queue"]["open"]), (&json!(1), &json!(true)));
    assert_eq!((&place["queue"]["patient"], &place["queue"]["message_form"]), (&json!(false), &json!(false)));
    let board = |frame: &Value| frame["type"] == "queue.updated" && frame["waiting"] == 3;
    let heard = bo.socket().next(0, "the board hears of three", board).await;
    assert!(heard["longest_since"].is_string());

    // A closed tab keeps its place, and finds it again.
    let since = place["queue"]["since"].clone();
    cleo.reloads().await;
    let again = asks(&cleo).await["queue"].clone();
    assert_eq!((&again["position"], &again["since"]), (&json!(2), &since));

    let mut slowest = Duration::ZERO;
    let mut bar = again["progress"].as_f64().unwrap();
    for (done, next, others) in [(&ana, &bea, [(&cleo, 1), (&dee, 2)]), (&bea, &cleo, [(&dee, 1), (&dee, 1)])] {
        bo.resolves(&done.chat()).await;
        let began = Instant::now();
        has_left(&next.socket, &next.chat()).await;
        for (other, position) in others {
            let place = stands_at(&other.socket, &other.chat(), position).await;
            assert_eq!(place["ahead"], position - 1);
            assert_eq!(place["vip_insert"], false);
        }
        slowest = slowest.max(began.elapsed());
        bo.is_given(&next.chat()).await;
    }
    assert!(slowest <= Duration::from_secs(1), "the line moved {slowest:?} after a conversation had ended");
    has_left(&tablet, &bea.chat()).await;
    for frame in cleo.socket.frames().iter().filter(|frame| frame["queue"].is_object()) {
        let now = frame["queue"]["progress"].as_f64().unwrap();
        assert!(now >= bar, "the bar went from {bar} back to {now}");
        bar = now;
    }
    // Told once, and nobody else's.
    dee.reloads().await;
    let gone =
        bea.socket.frames().iter().filter(|frame| frame["type"] == "queue.updated" && frame["queue"].is_null()).count();
    assert_eq!(gone, 1);
    for (who, chat) in [(&bea, cleo.chat()), (&dee, bea.chat()), (&ana, bea.chat())] {
        assert!(told(&who.socket.frames(), &chat).is_none(), "one visitor's place is told to another");
    }
    assert_eq!(asks(&dee).await["conversation_id"], dee.chat().as_str());
    assert_eq!(asks(&bea).await["queue"], Value::Null);
}

#[tokio::test]
async fn who_is_let_in_ahead_is_announced_to_those_behind() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let rule = json!({
        "name": "Gold first", "active": true, "conditions": [{ "kind": "attribute", "name": "plan", "equals": "gold" }],
        "effects": { "vip": true },
    });
    let made = shop.owner.http.post("/v1/routing-rules", rule).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let ana = waits(&shop, "Ana", 1).await;
    let gold = shop.visitor("Goldie").await;
    let start = json!({ "attributes": { "plan": "gold" } });
    let sent =
        gold.socket.send(json!({ "client_message_id": fresh(), "text": shop.says("Hello"), "start": start })).await;
    let chat = sent["conversation_id"].as_str().unwrap();

    stands_at(&gold.socket, chat, 1).await;
    let behind = stands_at(&ana.socket, &ana.chat(), 2).await;
    assert_eq!((&behind["vip_insert"], &behind["ahead"]), (&json!(true), &json!(1)));
    let board = shop.owner.http.get("/v1/queue").await.ok();
    let line: Vec<(&Value, &Value)> =
        board["waiting"].as_array().unwrap().iter().map(|one| (&one["conversation_id"], &one["vip"])).collect();
    assert_eq!(line, [(&json!(chat), &json!(true)), (&json!(ana.chat()), &json!(false))]);
    assert_eq!(board["teams"][0]["waiting"], 2);
}

#[tokio::test]
async fn a_closed_shop_says_when_it_opens_and_names_the_teams_to_choose_from() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let http = &shop.owner.http;
    let tomorrow = (app.clock().now() + TimeDelta::days(1)).date_naive();
    let opens_at = format!("{tomorrow}T09:00:00Z");
    let calendar =
        json!({ "time_zone": "UTC", "special": [{ "date": tomorrow, "slots": [{ "from": "09:00", "to": "10:00" }] }] });
    let hours = http.post("/v1/business-hours", json!({ "name": "Once", "calendar": calendar })).await.json();
    let always = json!({ "from": "00:00", "to": "24:00" });
    let week: Value = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        .iter()
        .map(|day| ((*day).to_owned(), json!([always])))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let calendar = json!({ "time_zone": "UTC", "weekly": week });
    let open = http.post("/v1/business-hours", json!({ "name": "Always", "calendar": calendar })).await.json();
    let inbox = format!("/v1/inboxes/{}", shop.inbox["id"].as_str().unwrap());
    http.patch(&inbox, json!({ "business_hours_id": hours["id"] })).await.ok();
    let team = |name: &str, public: bool, hours: &Value| json!({ "name": shop.says(name), "public": public, "business_hours_id": hours });
    let sales = http.post("/v1/teams", team("Sales", true, &open["id"])).await.json();
    let backup = http.post("/v1/teams", team("Backup", false, &Value::Null)).await.json();

    let config = shop.stranger().get(&format!("/v1/widget/config?key={}", shop.key())).await.ok();
    let closed = json!({ "open": false, "opens_at": opens_at });
    assert_eq!(config["hours"], closed);
    let offered =
        json!([{ "id": sales["id"], "name": shop.says("Sales"), "description": "", "open": true, "waiting": 0 }]);
    assert_eq!(config["teams"], offered);
    let ana = waits(&shop, "Ana", 1).await;
    let place = asks(&ana).await["queue"].clone();
    assert_eq!(json!({ "open": place["open"], "opens_at": place["opens_at"] }), closed);
    assert_eq!(place["estimate"], Value::Null, "nobody knows while nobody is here");

    // Only what is offered can be chosen, and only when something begins.
    let choose = |team: &Value| json!({ "client_message_id": fresh(), "text": shop.says("Hello"), "start": { "team_id": team } });
    let bea = shop.visitor("Bea").await;
    for team in [&backup["id"], &json!("team_00000000000000000000000000")] {
        let refused = bea.http.post("/v1/widget/messages", choose(team)).await;
        refused.refused(422, "validation_failed");
        let fault = &refused.json()["errors"][0];
        assert_eq!((&fault["pointer"], &fault["code"]), (&json!("/start/team_id"), &json!("team_unknown")));
    }
    assert_eq!(shop.count("select count(*) from {}.conversation").await, 1, "what was refused began nothing");
    bea.http.post("/v1/widget/messages", choose(&sales["id"])).await.ok();
    let place = asks(&bea).await["queue"].clone();
    assert_eq!((&place["position"], &place["open"]), (&json!(1), &json!(true)), "the first in line at Sales");
    bea.http.post("/v1/widget/messages", choose(&backup["id"])).await.ok();
    let kept = "select count(*) from {}.conversation where start->>'team_id' is not null and team_id is not null";
    assert_eq!(shop.count(kept).await, 1);
    let many = json!({ "answers": (0..21).map(|n| (n.to_string(), json!("x"))).collect::<serde_json::Map<_, _>>() });
    let flood = json!({ "client_message_id": fresh(), "text": shop.says("Hello"), "start": many });
    bea.http.post("/v1/widget/messages", flood.clone()).await.refused(422, "validation_failed");
    assert_eq!(bea.socket.send(flood).await["code"], "validation_failed");
    let session = json!({ "key": shop.key(), "secret": bea.secret });
    let session = shop.stranger().post("/v1/widget/session", session).await.ok();
    assert_eq!((&session["teams"][0]["waiting"], &session["hours"]), (&json!(1), &closed));
}

#[tokio::test]
async fn who_would_rather_be_called_leaves_the_line_and_is_not_forgotten() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let (ana, bea) = (waits(&shop, "Ana", 1).await, waits(&shop, "Bea", 2).await);
    let leave = |visitor: &Visitor, body: Value| {
        let http = visitor.http.with(&visitor.http.token());
        async move { http.post("/v1/widget/queue/leave", body).await }
    };
    for (body, pointer, code) in [
        (json!({ "kind": "callback" }), "/phone", "phone_missing"),
        (json!({ "kind": "email" }), "/email", "email_missing"),
        (json!({ "kind": "callback", "phone": "call me" }), "/phone", "phone_invalid"),
        (json!({ "kind": "email", "email": "nobody" }), "/email", "email_invalid"),
        (json!({ "kind": "message", "text": "x".repeat(10_001) }), "/text", "text_too_long"),
    ] {
        let refused = leave(&ana, body).await;
        refused.refused(422, "validation_failed");
        let fault = &refused.json()["errors"][0];
        assert_eq!((&fault["pointer"], &fault["code"]), (&json!(pointer), &json!(code)));
    }
    let nobody = shop.visitor("Cleo").await;
    leave(&nobody, json!({ "kind": "message" })).await.refused(409, "not_waiting");

    let text = shop.says("After five, please");
    let body = json!({ "kind": "callback", "phone": "+49 30 123456", "text": text, "client_message_id": fresh() });
    let left = leave(&ana, body.clone()).await.ok();
    assert_eq!((&left["queue"]["patient"], &left["queue"]["position"]), (&json!(true), &json!(2)));
    // Whose answer was lost asks once more, and it is written once.
    assert_eq!(leave(&ana, body.clone()).await.ok()["queue"]["patient"], true);
    let mut otherwise = body;
    otherwise["text"] = json!("Before five");
    leave(&ana, otherwise).await.refused(409, "client_message_id_reused");
    stands_at(&bea.socket, &bea.chat(), 1).await;
    let contact = shop.owner.http.get(&format!("/v1/contacts/{}", ana.id)).await.ok();
    assert_eq!(contact["phone"], "+49 30 123456");
    let thread = shop.owner.thread(&ana.chat()).await;
    let lines: Vec<_> = thread.iter().filter(|message| message["content"]["kind"] == "left_waiting_room").collect();
    let [line] = lines[..] else { panic!("it is noted once: {lines:?}") };
    assert_eq!((&line["content"]["way"], &line["content"]["phone"]), (&json!("callback"), &json!("+49 30 123456")));
    assert_eq!(thread.iter().filter(|message| message["text"] == text.as_str()).count(), 1);
    assert!(ana.thread().await.iter().all(|message| message["content"]["kind"] != "left_waiting_room"));
    let outcome = "select count(*) from {}.wait where outcome = 'patient' and left_at is not null";
    assert_eq!(shop.count(outcome).await, 1);

    // A number that the company knows is not a stranger's to change, and agents take care of them in the end.
    leave(&ana, json!({ "kind": "callback", "phone": "+49 30 999" })).await.ok();
    assert_eq!(shop.owner.http.get(&format!("/v1/contacts/{}", ana.id)).await.ok()["phone"], "+49 30 123456");
    let bo = shop.agent("Bo").await;
    bo.is_given(&bea.chat()).await;
    bo.is_given(&ana.chat()).await;
    has_left(&ana.socket, &ana.chat()).await;
}

#[tokio::test]
async fn an_estimate_is_given_while_somebody_is_here_and_held_against_what_came() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = single(&shop, "Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    bo.is_given(&ana.chat()).await;
    let agent = bo.id.parse::<tenant::AgentId>().unwrap().uuid();
    app.sql(&format!(
        "insert into {0}.handling (id, conversation_id, episode, agent_id, started_at, ended_at) \
         select gen_random_uuid(), gen_random_uuid(), 1, '{agent}', now() - interval '1 day', now() - interval '1 day' + n * interval '10 seconds' \
         from generate_series(20, 60) n",
        shop.schema().await
    ))
    .await;
    let bea = waits(&shop, "Bea", 1).await;
    let cleo = waits(&shop, "Cleo", 2).await;
    let seconds = |place: &Value| place["queue"]["estimate"]["seconds"].as_u64();
    let (first, second) = (seconds(&asks(&bea).await).unwrap(), seconds(&asks(&cleo).await).unwrap());
    assert!((120..900).contains(&first), "chats take some seven minutes, and one has just begun: {first}");
    assert!(second > first + 120, "one more chat to wait for: {second} after {first}");
    let range = asks(&bea).await["queue"]["estimate"].clone();
    assert!(range["low_seconds"].as_u64() <= Some(first) && Some(first) <= range["high_seconds"].as_u64());
    let board = shop.owner.http.get("/v1/queue").await.ok();
    assert_eq!(board["waiting"][0]["estimate"], range);
    let seat = board["agents"].as_array().unwrap().iter().find(|seat| seat["agent_id"] == bo.id.as_str()).unwrap();
    assert_eq!((&seat["load"], &seat["capacity"], &seat["here"]), (&json!(100), &json!(100), &json!(true)));

    bo.chooses("away").await;
    eventually("nobody knows how long it takes while nobody takes conversations", async || {
        asks(&bea).await["queue"]["estimate"].is_null().then_some(())
    })
    .await;
    bo.chooses("online").await;
    app.clock().advance(TimeDelta::seconds(100));
    bo.resolves(&ana.chat()).await;
    bo.is_given(&bea.chat()).await;

    let report = shop.owner.http.get("/v1/reports/wait-estimates?days=7").await.ok();
    assert_eq!((&report["waits"], &report["points"][0]["predicted"]), (&json!(1), &json!(first)));
    let actual = report["points"][0]["actual"].as_u64().unwrap();
    assert!((100..160).contains(&actual), "{actual}");
    assert_eq!(report["by_team"][0]["waits"], 1);
    assert!(report["median_abs_error"].as_f64().unwrap() > 0.0);
    shop.owner.http.get("/v1/reports/wait-estimates?days=0").await.refused(422, "days_out_of_range");
    bo.http.get("/v1/reports/wait-estimates").await.refused(403, "permission_denied");
}
