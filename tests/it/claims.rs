//! Many routers at once, and routers that die: every waiting conversation goes to exactly one agent, and nobody gets too many.

use std::time::{Duration, Instant};

use serde_json::json;
use tenant::{Role, Tenant};
use tests::{Agent, Http, Program, Shop, Socket, TestApp, eventually, fresh};

/// Decisions that gave a conversation to somebody a second time without anybody having given it back.
const TWICE: &str = "select count(*) from (select from {}.assignment where agent_id is not null \
    group by conversation_id having count(*) > 1) twice";
/// Agents with more than they take.
const TOO_MANY: &str = "select count(*) from {}.agent a where a.capacity < \
    (select count(*) from {}.conversation c where c.assignee_id = a.id and c.status = 'open')";
/// Conversations that wait.
const WAITING: &str = "select count(*) from {}.conversation where status = 'open' and assignee_id is null";
/// Places in line of what does not wait, and waits without a place.
pub(crate) const ASTRAY: &str = "select count(*) from {}.conversation c full join {}.queue_entry q on q.conversation_id = c.id \
    where (c.status = 'open' and c.assignee_id is null) is distinct from (q.conversation_id is not null)";

/// Takes the turn to count free places, as a round does, and keeps it until the connection commits: there may have been none before.
async fn takes_the_turn(app: &TestApp, shop: &Shop) -> sqlx::PgConnection {
    let mut admin = app.database().admin().await;
    let turn = format!(
        "begin; insert into {}.counter as n (name, value) values ('assignment', 1) \
         on conflict (name) do update set value = n.value",
        shop.schema().await
    );
    sqlx::Executor::execute(&mut admin, sqlx::AssertSqlSafe(turn)).await.unwrap();
    admin
}

/// Waits until so many stand in line for it.
pub(crate) async fn wait_for_it(app: &TestApp, many: i64) {
    eventually("many stand in line for it", async || {
        let waiting =
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
        (app.count(waiting).await >= many).then_some(())
    })
    .await;
}

async fn capacity(shop: &Shop, agents: &[Agent], capacity: u32) {
    for agent in agents {
        let path = format!("/v1/agents/{}", agent.id);
        shop.owner.http.patch(&path, json!({ "capacity": capacity })).await.ok();
    }
}

#[tokio::test]
async fn fifty_routers_at_once_give_each_conversation_to_one_agent_and_fill_every_place() {
    let app = TestApp::start_nodes(3).await;
    let shop = app.shop("Tea").await;
    let mut agents = Vec::new();
    for number in 0..4 {
        let agent = shop.agent_on(number % 3, &format!("Agent {number}")).await;
        agent.chooses("busy").await;
        agents.push(agent);
    }
    capacity(&shop, &agents, 6).await;
    let mut visitors = Vec::new();
    for number in 0..30 {
        visitors.push(shop.visitor_on(number % 3, &format!("Visitor {number}")).await);
    }
    futures::future::join_all(visitors.iter().map(|visitor| visitor.writes("Hello"))).await;
    assert_eq!(shop.count(WAITING).await, 30);

    // All of them want to count free places at the same moment: nobody may before all have come.
    let schema = shop.schema().await;
    let mut admin = takes_the_turn(&app, &shop).await;
    app.sql(&format!("update {schema}.agent set availability = 'online'")).await;
    // Each by its own server's connections, of which a company has a few on each.
    let id = shop.tenant().await.id();
    let mut tenants = Vec::new();
    for number in 0..3 {
        tenants.push(Tenant::find(&app.node(number).world, id).await.unwrap().unwrap());
    }
    let claimers = (0..50).map(|number| {
        let routing = app.node(number % 3).routing.clone();
        let tenant = tenants[number % 3].clone();
        tokio::spawn(async move { routing::assignment::round(&routing, &tenant, number % 2 == 0).await })
    });
    let claimers: Vec<_> = claimers.collect();
    wait_for_it(&app, 3).await;
    sqlx::Executor::execute(&mut admin, "commit").await.unwrap();
    // Some find the database too busy and give up; none may do harm.
    let given: usize = futures::future::join_all(claimers)
        .await
        .into_iter()
        .filter_map(|round| Some(round.unwrap().ok()?.given))
        .sum();

    eventually("every place is taken", async || (shop.count(WAITING).await == 6).then_some(())).await;
    assert!(given <= 24, "{given} were given away, and there are 24 places");
    for (what, count) in [("given twice", TWICE), ("more than they take", TOO_MANY), ("astray", ASTRAY)] {
        assert_eq!(shop.count(count).await, 0, "{what}");
    }
}

#[tokio::test]
async fn what_a_dying_router_left_waiting_is_given_away_by_another() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let agents = [shop.agent("Bo").await, shop.agent("Cy").await];
    capacity(&shop, &agents, 40).await;

    for round in 0..3 {
        let mut dying = Program::start(app.settings()).await;
        // As pages do now and then: who says nothing for long is taken for gone, and three rounds may take a while.
        for agent in &agents {
            agent.socket().catch_up().await;
        }
        let mut sockets = Vec::new();
        for _ in 0..10 {
            let http = Http::new(&dying.base(), shop.guard());
            let session = http.post("/v1/widget/session", json!({ "key": shop.key() })).await.ok();
            let token = session["token"].as_str().unwrap().to_owned();
            sockets.push(Socket::open(&dying.base(), shop.guard(), &token, json!({})).await);
        }
        for socket in &sockets {
            socket.say(json!({ "type": "send", "client_message_id": fresh(), "text": shop.says("Hello") }));
        }
        // It dies between two of its own commits: some conversations are written, and nobody has been told of them.
        sockets[round * 4].frame("ack").await;
        dying.kill();
        let died = Instant::now();
        eventually("another one gives them away", async || (shop.count(WAITING).await == 0).then_some(())).await;
        assert!(died.elapsed() < Duration::from_secs(30));
    }
    assert!(shop.count("select count(*) from {}.conversation").await >= 3);
    for (what, count) in [("given twice", TWICE), ("more than they take", TOO_MANY), ("astray", ASTRAY)] {
        assert_eq!(shop.count(count).await, 0, "{what}");
    }
}

#[tokio::test]
async fn who_gives_or_takes_a_conversation_by_hand_does_so_between_two_counts_of_free_places() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.colleague("Bo", Role::Agent).await;
    for verb in ["assignee", "take_over"] {
        let ana = shop.visitor("Ana").await;
        ana.writes("Hello").await;
        let mut admin = takes_the_turn(&app, &shop).await;
        let by_hand = async {
            let path = format!("/v1/conversations/{}/{verb}", ana.chat());
            match verb {
                "assignee" => shop.owner.http.put(&path, json!({ "agent_id": bo.id })).await,
                _ => shop.owner.http.post(&path, json!({})).await,
            }
        };
        let count = async {
            wait_for_it(&app, 1).await;
            assert_eq!(shop.count(WAITING).await, 1, "{verb}");
            sqlx::Executor::execute(&mut admin, "commit").await.unwrap();
        };
        let (reply, ()) = futures::join!(by_hand, count);
        reply.ok();
        assert_eq!(shop.count(WAITING).await, 0, "{verb}");
    }
}
