//! Three servers in processes of their own, and fifty agents who all take the same conversations at once; one of the three dies. What
//! came of it is judged from the rows that Postgres holds, by rules that know nothing of how it is decided.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _};
use tests::{Agent, Http, Program, Shop, Socket, TestApp, eventually, fresh, within};

const AGENTS: u32 = 50;
/// Those who are left when a third of them is gone have room for all.
const CAPACITY: u32 = 2;
const VISITORS: usize = 48;
/// More of them come while everybody takes.
const LATE: usize = 12;
/// How often each agent takes, at three servers at once.
const TURNS: usize = 3;
/// Which of the three servers dies: the last.
const DYING: usize = 2;
/// Whoever would have to wait for too long, as all of a company's connections wait for their turn, is told to come again.
const TOO_BUSY: [u16; 2] = [429, 503];
/// So many answers are there when the server dies.
const IN_THE_MIDST: usize = 60;
/// So long those who are gone are waited for, as the policy says.
const ABSENT: Duration = Duration::from_secs(15);
/// What they have left is given to others within this time after that.
const GIVEN_ON_WITHIN: Duration = Duration::from_secs(15);
/// Whoever is free is given what waits within this time: a machine of two cores has four processes to run.
const FILLED_WITHIN: Duration = Duration::from_secs(5);

/// A server that stood still while everybody took may have to send its consoles away; not again and again.
const SENT_AWAY: usize = 2;
/// Longer than the story.
const FOR_GOOD: Duration = Duration::from_mins(10);

/// Somebody with a console at one of the servers, who reaches all of them.
struct Taker {
    id: String,
    home: usize,
    doors: Vec<Http>,
}

/// What the servers have answered.
#[derive(Default)]
struct Answers {
    all: AtomicUsize,
    refused: AtomicUsize,
    /// Conversation and agent.
    taken: Mutex<Vec<(String, String)>>,
}

/// One decision about a conversation, as its row says: which it is, its number, who has it from then on, and who decided.
type Decision = (String, i32, Option<String>, String);

async fn comes(shop: &Shop, door: &Http) -> String {
    let session = insists(door, "/v1/widget/session", json!({ "key": shop.key() })).await;
    let visitor = door.with(session["token"].as_str().unwrap());
    let hello = json!({ "client_message_id": fresh(), "text": shop.says("Hello") });
    let reply = insists(&visitor, "/v1/widget/messages", hello).await;
    reply["conversation"]["id"].as_str().unwrap().to_owned()
}

/// Asks again for as long as the company has too much to do, as pages do.
async fn insists(http: &Http, path: &str, body: Value) -> Value {
    eventually(path, async || {
        let reply = http.post(path, body.clone()).await;
        (!TOO_BUSY.contains(&reply.status)).then(|| reply.ok())
    })
    .await
}

/// So many visitors write, a dozen at a time.
async fn come(shop: &Shop, doors: &[Http], many: usize) -> Vec<String> {
    let mut chats = Vec::new();
    for begun in (0..many).step_by(12) {
        let coming = (begun..many.min(begun + 12)).map(|number| comes(shop, &doors[number % doors.len()]));
        chats.extend(futures::future::join_all(coming).await);
    }
    chats
}

async fn sits_down(shop: &Shop, doors: &[Http], home: usize, agent: &Agent) -> (Taker, Socket) {
    let token = agent.http.token();
    let doors = doors.iter().map(|door| door.with(&token)).collect();
    let taker = Taker { id: agent.id.clone(), home, doors };
    let console = taker.connects(shop).await;
    (taker, console)
}

async fn waits_briefly_for_who_is_gone(shop: &Shop) {
    let rules = json!({
        "strategy": "least_busy", "sticky": false, "language": "ignore", "accept_seconds": null, "answer_seconds": null,
        "absent_seconds": ABSENT.as_secs(), "auto_away_after_missed": null, "ladder": [], "queue_limit": null,
        "when_full": { "kind": "message_form" },
    });
    let policy = json!({ "name": "Brief", "rules": rules });
    let made = shop.owner.http.post("/v1/assignment-policies", policy).await.ok();
    let chosen = json!({ "assignment_policy_id": made["id"] });
    shop.owner.http.put("/v1/assignment-policies/default", chosen).await.ok();
}

impl Taker {
    async fn connects(&self, shop: &Shop) -> Socket {
        let home = &self.doors[self.home];
        Socket::open(home.base(), shop.guard(), &home.token(), json!({})).await
    }

    /// Keeps the console open as a page does: whom a server sends away, because it could not tell them everything in time, comes back.
    /// Whose server is dead does not.
    async fn stays(&self, shop: &Shop, mut console: Socket) -> Infallible {
        for _ in 0..=SENT_AWAY {
            console.closed_within(FOR_GOOD).await;
            if self.home == DYING {
                return std::future::pending().await;
            }
            console = self.connects(shop).await;
        }
        panic!("{} was sent away more than {SENT_AWAY} times", self.id);
    }

    /// Gives it to somebody, or back to the line. True when that was done, false when it was refused; nothing from who is dead.
    async fn puts(&self, door: usize, chat: &str, to: Value, answers: &Answers) -> Option<bool> {
        let path = format!("/v1/conversations/{chat}/assignee");
        let body = json!({ "agent_id": to }).to_string().into_bytes();
        let headers = [("content-type", "application/json")];
        let reply = self.doors[door].try_raw("PUT", &path, body, &headers).await.ok()?;
        answers.all.fetch_add(1, Ordering::Relaxed);
        let is_done = match (reply.status, reply.code().as_str()) {
            (200, _) => true,
            (409, "agent_full") => false,
            (busy, _) if TOO_BUSY.contains(&busy) => false,
            _ => panic!("{} answered {}: {}", reply.asked, reply.status, reply.text),
        };
        answers.refused.fetch_add(usize::from(!is_done), Ordering::Relaxed);
        Some(is_done)
    }

    /// Takes again and again. Whose server has died takes nothing any more.
    async fn goes_on_taking(&self, chats: &[String], number: usize, answers: &Answers, is_dead: &AtomicBool) {
        for turn in 0..TURNS {
            if self.home == DYING && is_dead.load(Ordering::Relaxed) {
                return;
            }
            self.takes(chats, turn, number, answers).await;
        }
    }

    /// Takes three at the same moment, each at another server, from whoever has them; and gives one of them back, now and then.
    async fn takes(&self, chats: &[String], turn: usize, number: usize, answers: &Answers) {
        let chat = |door: usize| chats[(number * 7 + turn * 11 + door * 3) % chats.len()].as_str();
        let all = (0..self.doors.len()).map(|door| self.puts(door, chat(door), json!(self.id), answers));
        let done = futures::future::join_all(all).await;
        for (door, is_done) in done.iter().enumerate() {
            if *is_done == Some(true) {
                answers.taken.lock().unwrap().push((chat(door).to_owned(), self.id.clone()));
            }
        }
        if (turn + number).is_multiple_of(3) && done[self.home] == Some(true) {
            self.puts(self.home, chat(self.home), Value::Null, answers).await;
        }
    }
}

/// Looks into every agent's hands until it is enough: each look is one snapshot. Gives how many there were.
async fn watches(app: &TestApp, schema: &str, enough: &AtomicBool) -> usize {
    let look = format!(
        "select (select count(*) from {schema}.agent a where a.capacity < \
             (select count(*) from {schema}.conversation c where c.assignee_id = a.id and c.status = 'open')), \
         (select count(*) from {schema}.conversation c full join {schema}.queue_entry q on q.conversation_id = c.id \
             where (c.status = 'open' and c.assignee_id is null) is distinct from (q.conversation_id is not null)), \
         (select count(*) from (select from {schema}.handling where ended_at is null \
             group by conversation_id having count(*) > 1) twice)"
    );
    let mut admin = app.database().admin().await;
    let mut looks = 0;
    while !enough.load(Ordering::Relaxed) {
        let seen: (i64, i64, i64) = sqlx::query_as(AssertSqlSafe(look.clone())).fetch_one(&mut admin).await.unwrap();
        assert_eq!(seen, (0, 0, 0), "have more than they take, are astray in line, are in two hands");
        looks += 1;
        app.clock().pause(Duration::from_millis(10)).await;
    }
    admin.close().await.unwrap();
    looks
}

/// What is wrong with a history: each conversation's decisions follow each other without a gap, the routing gives nothing that
/// somebody has, and the last one says who has it now.
fn judge(history: &[Decision], now: &BTreeMap<String, Option<String>>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut had: BTreeMap<&str, (i32, Option<&str>)> = BTreeMap::new();
    for (chat, number, agent, by) in history {
        let (next, before) = had.get(chat.as_str()).copied().unwrap_or((0, None));
        if *number != next {
            wrong.push(format!("{chat}: decision {number} stands where {next} should"));
        }
        if before == agent.as_deref() {
            wrong.push(format!("{chat}: decision {number} decides nothing"));
        }
        if by == "routing" && before.is_some() && agent.is_some() {
            wrong.push(format!("{chat}: decision {number} gave it away while somebody had it"));
        }
        had.insert(chat, (number + 1, agent.as_deref()));
    }
    for (chat, agent) in now {
        let last = had.get(chat.as_str()).and_then(|(_, agent)| *agent);
        if last != agent.as_deref() {
            wrong.push(format!("{chat}: {last:?} was the last to get it, and {agent:?} has it"));
        }
    }
    wrong
}

/// Holds what was decided, and what was acknowledged, against what is.
async fn is_true(app: &TestApp, schema: &str, answers: &Answers) {
    let mut admin = app.database().admin().await;
    let ask = format!(
        "select conversation_id::text, number, agent_id::text, decided_by from {schema}.assignment \
         order by conversation_id, number, created_at"
    );
    let history: Vec<Decision> = sqlx::query_as(AssertSqlSafe(ask)).fetch_all(&mut admin).await.unwrap();
    let ask = format!("select id::text, assignee_id::text from {schema}.conversation");
    let now: Vec<(String, Option<String>)> = sqlx::query_as(AssertSqlSafe(ask)).fetch_all(&mut admin).await.unwrap();
    let ask = format!(
        "select count(*) from {schema}.conversation c \
         full join (select * from {schema}.handling where ended_at is null) h on h.conversation_id = c.id \
         where c.assignee_id is distinct from h.agent_id"
    );
    let otherwise: i64 = sqlx::query_scalar(AssertSqlSafe(ask)).fetch_one(&mut admin).await.unwrap();
    admin.close().await.unwrap();

    assert_eq!(now.len(), VISITORS + LATE);
    assert_eq!(judge(&history, &now.into_iter().collect()), Vec::<String>::new());
    assert_eq!(otherwise, 0, "times in hand are of those who have it");
    let by_routing = history.iter().filter(|(.., agent, by)| by == "routing" && agent.is_some()).count();
    assert!(by_routing >= LATE, "the routing has given {by_routing} away meanwhile");
    let taken = answers.taken.lock().unwrap();
    assert!(
        taken.len() >= 20,
        "{} were taken by hand, {} refused",
        taken.len(),
        answers.refused.load(Ordering::Relaxed)
    );
    for (chat, agent) in taken.iter() {
        let (chat, agent) = (
            chat.parse::<desk::ConversationId>().unwrap().uuid().to_string(),
            agent.parse::<tenant::AgentId>().unwrap().uuid().to_string(),
        );
        let is_there = |(which, _, to, _): &Decision| *which == chat && to.as_ref() == Some(&agent);
        assert!(history.iter().any(is_there), "{agent} was told that {chat} is theirs");
    }
}

#[tokio::test]
async fn fifty_agents_take_at_once_from_three_servers_one_dies_and_nothing_is_given_twice_or_left_behind() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    waits_briefly_for_who_is_gone(&shop).await;
    let schema = shop.schema().await;
    let crowd = shop.crowd(AGENTS, CAPACITY).await;
    let mut programs = futures::future::join_all((0..3).map(|_| Program::start(app.settings()))).await;
    // From here on there are the three.
    app.stop(0).await;
    let doors: Vec<Http> = programs.iter().map(|program| Http::new(&program.base(), shop.guard())).collect();
    let chats = come(&shop, &doors, VISITORS).await;
    let sitting = crowd.iter().enumerate().map(|(number, agent)| sits_down(&shop, &doors, number % 3, agent));
    let (takers, consoles): (Vec<Taker>, Vec<Socket>) = futures::future::join_all(sitting).await.into_iter().unzip();
    let staying = takers.iter().zip(consoles).map(|(taker, console)| taker.stays(&shop, console));
    let staying = futures::future::select_all(staying.map(Box::pin));
    let waiting = format!("select count(*) from {schema}.queue_entry");
    assert_eq!(app.count(&waiting).await, i64::try_from(VISITORS).unwrap(), "nobody takes anything yet");

    let (answers, is_dead, enough) = (Answers::default(), AtomicBool::new(false), AtomicBool::new(false));
    let mut dying = programs.pop().unwrap();
    let (gone, here): (Vec<&Taker>, Vec<&Taker>) = takers.iter().partition(|taker| taker.home == DYING);
    app.sql(&format!("update {schema}.agent set availability = 'online' where availability = 'busy'")).await;
    let racing =
        takers.iter().enumerate().map(|(number, taker)| taker.goes_on_taking(&chats, number, &answers, &is_dead));
    let race = futures::future::join_all(racing);
    let left = left_with(&schema, &gone);
    let away = format!("select count(*) from {schema}.agent where gone_at is not null and id in ({})", listed(&here));
    let killing = async {
        let many = async || (answers.all.load(Ordering::Relaxed) >= IN_THE_MIDST).then_some(());
        eventually("everybody is taking", many).await;
        dying.kill();
        is_dead.store(true, Ordering::Relaxed);
        let died = Instant::now();
        // Others take it from them, by hand and soon by the policy: later there may be nothing of it.
        assert!(app.count(&left).await > 0, "they have something to leave behind");
        died
    };
    let story = async {
        let (_, newcomers, died) = futures::join!(race, come(&shop, &doors[..2], LATE), killing);
        assert_eq!(newcomers.len(), LATE);
        // While everybody takes at once, nobody is free for long.
        let from = (died + ABSENT).max(Instant::now());
        given_on(&app, &schema, &left, from).await;
        eventually("nobody else has gone", async || (app.count(&away).await == 0).then_some(())).await;
        enough.store(true, Ordering::Relaxed);
    };
    let (looks, ()) = tokio::select! {
        both = async { futures::join!(watches(&app, &schema, &enough), story) } => both,
        (never, ..) = staying => match never {},
    };

    assert!(looks > 100, "{looks} looks");
    is_true(&app, &schema, &answers).await;
}

/// Counts what those who are gone still have.
fn left_with(schema: &str, gone: &[&Taker]) -> String {
    format!("select count(*) from {schema}.conversation where status = 'open' and assignee_id in ({})", listed(gone))
}

fn listed(takers: &[&Taker]) -> String {
    let ids = takers.iter().map(|taker| format!("'{}'", taker.id.parse::<tenant::AgentId>().unwrap().uuid()));
    ids.collect::<Vec<String>>().join(", ")
}

/// Waits until nobody waits, and then until nothing is left with those who are gone; that time is counted from `from`.
async fn given_on(app: &TestApp, schema: &str, left: &str, from: Instant) {
    all_are_given(app, schema).await;
    let time = (from + GIVEN_ON_WITHIN).saturating_duration_since(Instant::now());
    within(time, "what they left is given to others", none(app, left)).await;
    all_are_given(app, schema).await;
    // Whoever has it now is here, and nobody gave it back to them.
    assert_eq!(app.count(left).await, 0);
}

async fn none(app: &TestApp, count: &str) {
    while app.count(count).await > 0 {
        app.clock().pause(Duration::from_millis(100)).await;
    }
}

/// Nobody waits beside a free place. If somebody does, it is told who, and what the agents have in hand, in few words.
async fn all_are_given(app: &TestApp, schema: &str) {
    let waiting = format!("select count(*) from {schema}.queue_entry");
    if tokio::time::timeout(FILLED_WITHIN, none(app, &waiting)).await.is_ok() {
        return;
    }
    let mut admin = app.database().admin().await;
    let floor = format!(
        "(select 'waits: ' || row_to_json(q)::text from {schema}.queue_entry q limit 2) union all \
         select format('%s agents: %s, %s, have %s', count(*), a.availability, case when a.gone_at is null then 'here' else 'gone' end, \
             sum((select count(*) from {schema}.conversation c where c.assignee_id = a.id and c.status = 'open'))) \
             from {schema}.agent a group by a.availability, a.gone_at is null union all \
         select format('%s sessions: %s, %s %s, for up to %s: %s', count(*), state, wait_event_type, wait_event, \
             max(now() - state_change), left(min(query), 80)) from pg_stat_activity where datname = current_database() \
             group by state, wait_event_type, wait_event"
    );
    let floor: Vec<String> = sqlx::query_scalar(AssertSqlSafe(floor)).fetch_all(&mut admin).await.unwrap();
    panic!("somebody waits beside a free place after {FILLED_WITHIN:?}:\n{}", floor.join("\n"));
}

#[test]
fn a_conversation_given_away_twice_would_be_found() {
    let decided =
        |number, agent: Option<&str>, by: &str| ("c".to_owned(), number, agent.map(ToOwned::to_owned), by.to_owned());
    let now = |agent: Option<&str>| BTreeMap::from([("c".to_owned(), agent.map(ToOwned::to_owned))]);
    let fine = [
        decided(0, Some("bo"), "routing"),
        decided(1, Some("cy"), "cy"),
        decided(2, None, "routing"),
        decided(3, Some("bo"), "routing"),
    ];
    assert_eq!(judge(&fine, &now(Some("bo"))), Vec::<String>::new());
    assert_eq!(judge(&fine, &now(Some("cy"))).len(), 1, "somebody else has it");
    for twice in [decided(4, Some("cy"), "routing"), decided(3, Some("cy"), "cy"), decided(5, Some("cy"), "cy")] {
        let mut history = fine.to_vec();
        history.push(twice);
        assert_eq!(judge(&history, &now(Some("cy"))).len(), 1, "{history:?}");
    }
}
