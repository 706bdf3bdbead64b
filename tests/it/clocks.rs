//! Servers on machines whose clocks are wrong: one is right, one an hour behind, one thirty-six days ahead. They go by Postgres's
//! time: nothing comes in another order, nothing ends too soon or twice, and no token is taken for old.

use api::serve::{Parts, Running};
use chrono::{DateTime, TimeDelta, Utc};
use infra::Clock;
use serde_json::{Value, json};
use tenant::closing;
use tests::{Agent, Http, Program, Proxy, Shop, TestApp, eventually, fresh};

use crate::lifecycle::closes;

const BEHIND: &str = "-1h";
const AHEAD: &str = "+36d";
const MESSAGES: usize = 18;
/// How long an agent may think.
const THINKS: i64 = 5;

/// Seconds, as a report writes them, between that clock and Postgres's.
const APART: [(&str, i64); 2] = [(BEHIND, 3_600), (AHEAD, -36 * 86_400)];

async fn asks_first(shop: &Shop) {
    let rules = json!({
        "strategy": "round_robin", "sticky": false, "language": "ignore", "accept_seconds": THINKS, "answer_seconds": null,
        "absent_seconds": 15, "auto_away_after_missed": null, "ladder": [], "queue_limit": null,
        "when_full": { "kind": "message_form" },
    });
    let made = shop.owner.http.post("/v1/assignment-policies", json!({ "name": "Ask", "rules": rules })).await.ok();
    let chosen = json!({ "assignment_policy_id": made["id"] });
    shop.owner.http.put("/v1/assignment-policies/default", chosen).await.ok();
}

/// They sign in at one server and open the console at another.
async fn comes_in(shop: &Shop, agent: &mut Agent, at: &str, console: &str) {
    agent.http = Http::new(at, shop.guard());
    assert_eq!(agent.signs_in().await.status, 200);
    agent.http = Http::new(console, shop.guard()).with(&agent.http.token());
    agent.connects().await;
}

/// Somebody writes, each message at two servers at the same moment. Gives the conversation and what they read of it at the last one.
async fn writes_everywhere(shop: &Shop, doors: &[Http]) -> (String, Vec<Value>) {
    let mut chat = String::new();
    for number in 0..MESSAGES {
        let hello = json!({ "client_message_id": fresh(), "text": shop.says(&format!("m{number}")) });
        let (one, other) = (&doors[number % doors.len()], &doors[(number + 1) % doors.len()]);
        let (one, other) = futures::join!(
            one.post("/v1/widget/messages", hello.clone()),
            other.post("/v1/widget/messages", hello.clone())
        );
        let [one, other] = [one.ok(), other.ok()];
        assert!(
            one["message"]["id"].is_string() && one["message"]["id"] == other["message"]["id"],
            "it is one message"
        );
        one["conversation"]["id"].as_str().unwrap().clone_into(&mut chat);
    }
    let path = format!("/v1/widget/conversations/{chat}/messages?limit=100");
    let thread = doors.last().unwrap().get(&path).await.ok();
    (chat, thread["data"].as_array().unwrap().clone())
}

/// Who is asked, and the question; the agent who is not asked comes second.
async fn asked<'a>(agents: [&'a Agent; 2], chat: &str) -> (&'a Agent, &'a Agent, Value) {
    let question = |agent: &Agent| {
        let frames = agent.socket().frames();
        frames.into_iter().find(|frame| frame["type"] == "conversation.offered" && frame["conversation"]["id"] == chat)
    };
    let [one, other] = agents;
    eventually("somebody is asked", async || {
        question(one).map(|frame| (one, other, frame)).or_else(|| question(other).map(|frame| (other, one, frame)))
    })
    .await
}

fn ended(frame: &Value, chat: &str) -> bool {
    frame["type"] == "conversation.offer_ended" && frame["conversation_id"] == chat
}

#[tokio::test]
async fn three_servers_with_three_clocks_keep_one_order_one_time_and_each_others_tokens() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    asks_first(&shop).await;
    let schema = shop.schema().await;
    let mut crowd = shop.crowd(2, 3).await;
    let programs = [
        Program::start(app.settings()).await,
        Program::start_wrong_by(app.settings(), BEHIND).await,
        Program::start_wrong_by(app.settings(), AHEAD).await,
    ];
    // From here on there are the three.
    app.stop(0).await;
    let bases: Vec<String> = programs.iter().map(Program::base).collect();
    let began = app.clock().now();

    // A visitor comes to the one whose clock is ahead, and writes at all of them.
    let ahead = Http::new(&bases[2], shop.guard());
    let session = ahead.post("/v1/widget/session", json!({ "key": shop.key() })).await.ok();
    let token = session["token"].as_str().unwrap();
    let doors: Vec<Http> = bases.iter().map(|base| Http::new(base, shop.guard()).with(token)).collect();
    let (chat, thread) = writes_everywhere(&shop, &doors).await;
    let texts: Vec<String> = (0..MESSAGES).map(|number| format!("m{number}")).collect();
    assert_eq!(shop.plain(&thread), texts, "one order, and each once");
    let seqs: Vec<i64> = thread.iter().map(|message| message["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, (1..=i64::try_from(MESSAGES).unwrap()).collect::<Vec<_>>());

    // Agents of both wrong servers, who have come in at the other one.
    let [mut bo, mut cy] = [crowd.remove(0), crowd.remove(0)];
    comes_in(&shop, &mut bo, &bases[2], &bases[1]).await;
    comes_in(&shop, &mut cy, &bases[1], &bases[2]).await;
    for agent in [&bo, &cy] {
        agent.chooses("online").await;
    }
    let (first, second, question) = asked([&bo, &cy], &chat).await;
    let until: DateTime<Utc> = question["expires_at"].as_str().unwrap().parse().unwrap();
    // As the row says, however late the question is seen: it is this one's, or already of the next one.
    let (now, little) = (app.clock().now() + TimeDelta::seconds(2), TimeDelta::milliseconds(1));
    let question = format!(
        "select count(*) from {schema}.queue_entry \
         where (offered_until between '{}' and '{}' and offered_at between '{}' and '{now}' \
             and abs(extract(epoch from offered_until - offered_at) - {THINKS}) < 0.5) \
         or offered_at between '{until}' and '{now}'",
        until - little,
        until + little,
        began - TimeDelta::seconds(2),
    );
    assert_eq!(app.count(&question).await, 1, "they have {THINKS} seconds of Postgres's to think, until {until}");
    let passed = first.socket().next(0, "the question has ended", |frame| ended(frame, &chat)).await;
    assert_eq!(passed["outcome"], "expired");
    assert!(app.clock().now() > until - TimeDelta::seconds(1), "it had not lasted");
    let seen = |frame: &Value| frame["type"] == "conversation.offered" && frame["conversation"]["id"] == chat.as_str();
    second.socket().next(0, "the other one is asked", seen).await;
    let by_the_right_one = Http::new(&bases[0], shop.guard()).with(&second.http.token());
    by_the_right_one.post(&format!("/v1/conversations/{chat}/accept"), json!({})).await.ok();
    second.is_given(&chat).await;

    // Long enough for a timer that is wrong to ring again: everybody is here, and it has ended once.
    app.clock().pause(std::time::Duration::from_secs(3)).await;
    for base in &bases {
        let agents = Http::new(base, shop.guard()).with(&bo.http.token()).get("/v1/agents").await.ok();
        let agents = agents["data"].as_array().unwrap();
        let online = agents.iter().filter(|agent| agent["availability"] == "online").count();
        assert_eq!(online, 2, "{agents:?}");
    }
    assert_eq!(first.socket().frames().iter().filter(|frame| ended(frame, &chat)).count(), 1);
    let of = |what: &str| format!("select count(*) from {schema}.{what}");
    assert_eq!(app.count(&of("agent where missed_offers = 1")).await, 1, "one question was let pass, once");
    assert_eq!(app.count(&of("agent where missed_offers > 1")).await, 0);
    assert_eq!(app.count(&of("assignment where agent_id is not null")).await, 1);
    let now = app.clock().now();
    let (from, to) = (began - TimeDelta::seconds(2), now + TimeDelta::seconds(2));
    for (table, column) in [
        ("message", "created_at"),
        ("conversation", "created_at"),
        ("wait", "entered_at"),
        ("handling", "started_at"),
        ("assignment", "created_at"),
    ] {
        let count = app.count(&of(table)).await;
        assert!(count > 0, "{table}");
        let within = of(&format!("{table} where {column} between '{from}' and '{to}'"));
        assert_eq!(app.count(&within).await, count, "{table}.{column} is Postgres's time");
    }
}

/// What the doctor has to say on a machine, by code.
fn findings(said: &str) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(said).unwrap();
    let bad = report["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "ok");
    bad.map(|finding| {
        (finding["code"].as_str().unwrap().to_owned(), finding["seen"].as_str().unwrap_or_default().to_owned())
    })
    .collect()
}

#[tokio::test]
async fn a_command_goes_by_the_databases_time_too_and_the_doctor_says_by_how_much_the_machines_is_wrong() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let (_, right, _) = Program::try_run(app.settings(), &["doctor", "--json"]).await;
    let codes = |said: &str| findings(said).into_iter().map(|(code, _)| code).collect::<Vec<_>>();
    let usual = codes(&right);
    assert!(!usual.contains(&"clocks_differ".to_owned()), "{right}");

    for (by, seconds) in APART {
        let (_, said, why) = Program::try_run_wrong_by(app.settings(), by, &["doctor", "--json"]).await;
        let found = findings(&said);
        let (_, apart) =
            found.iter().find(|(code, _)| code == "clocks_differ").unwrap_or_else(|| panic!("{said} {why}"));
        let apart: i64 = apart.split(' ').find_map(|word| word.parse().ok()).unwrap();
        assert!((apart - seconds).abs() <= 5, "{apart}, and the clock is {by}");
        let others: Vec<String> = codes(&said).into_iter().filter(|code| code != "clocks_differ").collect();
        assert_eq!(others, usual, "nothing else is taken for late");
    }

    for verb in ["suspend", "resume"] {
        let (well, _, why) = Program::try_run_wrong_by(app.settings(), AHEAD, &["tenant", verb, &shop.id]).await;
        assert!(well, "{why}");
    }
    let acted = "select count(*) from {}.audit where action in ('account.suspended', 'account.resumed')";
    assert_eq!(shop.count(acted).await, 2);
    let soon = format!(
        "{acted} and at between clock_timestamp() - interval '1 minute' and clock_timestamp() + interval '5 seconds'"
    );
    assert_eq!(shop.count(&soon).await, 2, "it was done now");
}

#[tokio::test]
async fn a_server_that_does_not_know_the_time_yet_takes_no_closed_company_away() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    closes(&shop).await;
    app.mail().letter(&shop.owner.email, "closed").await;
    let mut settings = app.settings().clone();
    let wire = Proxy::before(&mut settings.database_url);
    wire.hang();

    // By its clock the thirty days are over, and Postgres says nothing while it starts.
    let clock = Clock::wrong_by(TimeDelta::days(36));
    let ahead = Running::start(&settings, clock.clone(), Parts { web: true, workers: true }).await.unwrap();
    assert!(!clock.is_compared());
    let http = Http::new(&format!("http://{}", ahead.address), shop.guard());
    let ask = json!({ "email": shop.owner.email, "password": "not this one" });
    let turned_away = http.post("/v1/auth/login", ask.clone()).await;
    turned_away.refused(503, "temporarily_unavailable");
    assert!(turned_away.header("retry-after").is_some(), "{}", turned_away.text);
    assert_eq!((http.get("/livez").await.status, http.get("/readyz").await.status), (204, 503));
    let (well, _, why) = Program::try_run(&settings, &["tenant", "restore", &shop.id]).await;
    assert!(!well && why.contains("what time it is"), "{why}");
    assert!(!clock.is_compared());
    wire.mend();
    eventually("it knows the time", async || clock.is_compared().then_some(())).await;
    eventually("it is ready", async || (http.get("/readyz").await.status == 200).then_some(())).await;
    eventually("it takes requests", async || {
        (http.post("/v1/auth/login", ask.clone()).await.status != 503).then_some(())
    })
    .await;

    assert!((clock.now() - app.clock().now()).abs() < TimeDelta::seconds(2));
    // It looks at closed companies now, and not again for ten minutes.
    app.clock().pause(std::time::Duration::from_secs(2)).await;
    assert_eq!(app.count("select count(*) from shared.account where status = 'closed'").await, 1);
    ahead.stop().await;
    app.clock().advance(TimeDelta::days(36));
    assert_eq!(closing::sweep(&app.node(0).world).await.unwrap(), 1, "when they are over, it goes");
}
