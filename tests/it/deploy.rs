//! A new version is rolled out, server after server, while people talk. Nobody notices.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use infra::Clock;
use serde_json::{Value, json};
use tests::{Http, Program, Shop, Socket, TestApp, eventually, fresh, within};
use uuid::Uuid;

/// Writes to Postgres without any server, again and again: how long the slowest takes is the machine's affair, and no server's.
pub(crate) async fn writes_beside(app: &TestApp, slowest: &Mutex<Duration>) {
    let clock = Clock::system();
    app.sql("create table public.beside (n integer)").await;
    for number in 0.. {
        let began = Instant::now();
        app.sql(&format!("insert into public.beside values ({number})")).await;
        let longest = began.elapsed().max(*slowest.lock().unwrap());
        *slowest.lock().unwrap() = longest;
        clock.pause(Duration::from_millis(100)).await;
    }
}

/// Someone who writes, over HTTP, to whichever server answers.
struct Writer {
    doors: Vec<Http>,
    sent: Mutex<Vec<Uuid>>,
    took: Mutex<Vec<Duration>>,
}

impl Writer {
    async fn new(shop: &Shop, bases: &[String]) -> Self {
        let session = shop.stranger().post("/v1/widget/session", json!({ "key": shop.key() })).await.ok();
        let token = session["token"].as_str().unwrap();
        let doors = bases.iter().map(|base| Http::new(base, shop.guard()).with(token)).collect();
        Self { doors, sent: Mutex::default(), took: Mutex::default() }
    }

    /// Writes until told to stop. A send that fails is repeated with the same id, at the other server, as clients do.
    async fn goes_on(&self, shop: &Shop, enough: &AtomicBool) {
        let clock = Clock::system();
        for number in 0.. {
            if enough.load(Ordering::Relaxed) {
                return;
            }
            let id = fresh();
            let body = json!({ "client_message_id": id, "text": shop.says(&format!("m{number}")) });
            let headers = [("content-type", "application/json")];
            let began = Instant::now();
            for attempt in 0.. {
                assert!(attempt < 20, "a send fails for ever");
                let door = &self.doors[(number + attempt) % self.doors.len()];
                let bytes = body.to_string().into_bytes();
                match door.try_raw("POST", "/v1/widget/messages", bytes, &headers).await {
                    Ok(reply) if reply.status == 201 || reply.status == 200 => break,
                    Ok(reply) => assert_eq!(reply.status, 503, "{}", reply.text),
                    Err(_) => {}
                }
                clock.pause(Duration::from_millis(50)).await;
            }
            self.sent.lock().unwrap().push(id);
            self.took.lock().unwrap().push(began.elapsed());
            clock.pause(Duration::from_millis(20)).await;
        }
    }
}

/// A console that comes back when it is asked to, at whichever server answers.
struct Console<'a> {
    shop: &'a Shop,
    token: String,
    bases: Vec<String>,
    seen: Mutex<BTreeMap<String, BTreeMap<i64, Value>>>,
    comebacks: Mutex<Vec<Duration>>,
}

impl Console<'_> {
    async fn goes_on(&self) {
        let clock = Clock::system();
        let mut gone: Option<Instant> = None;
        for turn in 0.. {
            let resume: BTreeMap<String, i64> = {
                let seen = self.seen.lock().unwrap();
                seen.iter().map(|(chat, thread)| (chat.clone(), end_of_whole(thread))).collect()
            };
            let base = &self.bases[turn % self.bases.len()];
            let Ok(socket) = Socket::try_connect(base, self.shop.guard()).await else {
                clock.pause(Duration::from_millis(50)).await;
                continue;
            };
            socket.greets(&self.token, json!(resume)).await;
            if let Some(gone) = gone.take() {
                self.comebacks.lock().unwrap().push(gone.elapsed());
            }
            let mut read = 0;
            let after = loop {
                let frames =
                    socket.until("something", |frames| (frames.len() > read).then(|| frames[read..].to_vec())).await;
                read += frames.len();
                self.takes(&frames);
                if let Some(ask) = frames.iter().find(|frame| frame["type"] == "reconnect") {
                    break ask["after_ms"].as_u64().unwrap();
                }
            };
            assert_eq!(socket.closed().await, Some(1012));
            self.takes(&socket.frames_after(read));
            gone = Some(Instant::now());
            clock.pause(Duration::from_millis(after)).await;
        }
    }

    fn takes(&self, frames: &[Value]) {
        let mut seen = self.seen.lock().unwrap();
        for frame in frames {
            let Some(chat) = frame["conversation_id"].as_str() else { continue };
            let thread = seen.entry(chat.to_owned()).or_default();
            let messages = match frame["type"].as_str() {
                Some("message.created") => vec![frame["message"].clone()],
                Some("resumed") => frame["messages"].as_array().unwrap().clone(),
                _ => Vec::new(),
            };
            for message in messages {
                let earlier = thread.insert(message["seq"].as_i64().unwrap(), message.clone());
                assert!(earlier.is_none_or(|earlier| earlier["id"] == message["id"]), "one place, two messages");
            }
        }
    }
}

/// Up to where a thread has no gap.
fn end_of_whole(thread: &BTreeMap<i64, Value>) -> i64 {
    (1..).zip(thread.keys()).take_while(|(seq, key)| seq == *key).last().map_or(0, |(seq, _)| seq)
}

#[tokio::test]
async fn two_servers_are_replaced_one_after_the_other_under_traffic_and_nothing_is_lost() {
    let app = TestApp::start_with(1, |settings| settings.drain_seconds = 1).await;
    let shop = app.shop("Tea").await;
    let bo = shop.colleague("Bo", tenant::Role::Agent).await;
    let mut programs = [Program::start(app.settings()).await, Program::start(app.settings()).await];
    let bases: Vec<String> = programs.iter().map(Program::base).collect();
    let mut writers = Vec::new();
    for _ in 0..4 {
        writers.push(Writer::new(&shop, &bases).await);
    }
    let console = Console {
        shop: &shop,
        token: bo.http.token(),
        bases: bases.clone(),
        seen: Mutex::default(),
        comebacks: Mutex::default(),
    };
    let (enough, beside) = (AtomicBool::new(false), Mutex::default());
    let count = || writers.iter().map(|writer| writer.sent.lock().unwrap().len()).sum::<usize>();
    let rollout = async {
        eventually("people talk", async || (count() > 40).then_some(())).await;
        for program in &mut programs {
            let (port, before) = (program.port(), count());
            program.terminate();
            within(Duration::from_secs(30), "the old version ends", async {
                assert!(program.ended().await, "it ends content");
            })
            .await;
            *program = Program::start_on(app.settings(), port).await;
            eventually("people talk on", async || (count() > before + 40).then_some(())).await;
        }
        enough.store(true, Ordering::Relaxed);
        let sent = i64::try_from(count()).unwrap();
        eventually("the console has everything", async || {
            let seen = console.seen.lock().unwrap();
            let incoming = seen.values().flat_map(BTreeMap::values).filter(|one| one["message_type"] == "incoming");
            (i64::try_from(incoming.count()).unwrap() >= sent).then_some(())
        })
        .await;
    };
    let writing = futures::future::join_all(writers.iter().map(|writer| writer.goes_on(&shop, &enough)));
    tokio::select! {
        ((), _) = async { tokio::join!(rollout, writing) } => {}
        () = console.goes_on() => {}
        () = writes_beside(&app, &beside) => {}
    }

    let sent: BTreeSet<Uuid> = writers.iter().flat_map(|writer| writer.sent.lock().unwrap().clone()).collect();
    let total = i64::try_from(sent.len()).unwrap();
    assert_eq!(shop.count("select count(*) from {}.message where message_type = 'incoming'").await, total, "each once");
    assert_eq!(shop.count("select count(*) from {}.conversation").await, 4);
    assert_eq!(
        shop.count("select sum(last_seq)::bigint from {}.conversation").await,
        shop.count("select count(*) from {}.message").await
    );
    for thread in console.seen.lock().unwrap().values() {
        assert_eq!(usize::try_from(end_of_whole(thread)).unwrap(), thread.len(), "a gap on the console's screen");
    }
    let comebacks = console.comebacks.lock().unwrap().clone();
    assert!((1..=4).contains(&comebacks.len()), "one or two for each restart: {comebacks:?}");
    let beside = *beside.lock().unwrap();
    let bound = Duration::from_secs(3) + beside;
    assert!(comebacks.iter().all(|gap| *gap < bound), "{comebacks:?}, and {beside:?} without any server");
    let slowest = writers.iter().flat_map(|writer| writer.took.lock().unwrap().clone()).max().unwrap();
    assert!(slowest < bound, "a send took {slowest:?} with its retries, and {beside:?} without any server");
}

#[tokio::test]
async fn a_server_told_to_go_says_so_first_and_takes_what_still_comes() {
    let app = TestApp::start_with(1, |settings| settings.drain_seconds = 4).await;
    let shop = app.shop("Tea").await;
    let mut program = Program::start(app.settings()).await;
    let writer = Writer::new(&shop, &[program.base()]).await;
    let door = &writer.doors[0];

    program.terminate();

    let not_ready = async || (door.get("/readyz").await.status == 503).then_some(());
    within(Duration::from_secs(2), "it is not ready", eventually("it is not ready", not_ready)).await;
    let body = json!({ "client_message_id": fresh(), "text": shop.says("just in time") });
    assert_eq!(door.post("/v1/widget/messages", body).await.status, 201);
    assert!(program.ended().await, "it ends content");
    assert_eq!(shop.count("select count(*) from {}.message where text like 'just in time%'").await, 1);
}

#[tokio::test]
async fn what_was_said_just_before_a_server_went_is_heard_elsewhere_without_a_sweep() {
    let app = TestApp::start_nodes(2).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(1, "Bo").await;
    let ana = shop.visitor_on(0, "Ana").await;
    ana.writes("Hello").await;
    bo.is_given(&ana.chat()).await;
    let sends = futures::future::join_all((0..40).map(|number| {
        let body = json!({ "client_message_id": fresh(), "text": shop.says(&format!("m{number}")) });
        ana.http.post("/v1/widget/messages", body)
    }));
    for reply in sends.await {
        assert_eq!(reply.status, 201, "{}", reply.text);
    }

    app.stop(0).await;

    let all = |frames: &[Value]| {
        let of = |frame: &&Value| frame["type"] == "message.created" && frame["message"]["message_type"] == "incoming";
        (frames.iter().filter(of).count() >= 41).then_some(())
    };
    within(Duration::from_secs(1), "the other server heard it all", bo.socket().until("all of it", all)).await;
}
