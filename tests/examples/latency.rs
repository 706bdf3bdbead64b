//! How long things take: from a visitor's send to the agent's screen, on one server and on two, a signup among many companies, and
//! the answer to whoever asks about an address that has a login and about one that has none. Prints JSON.
//! `cargo run --release -p tests --example latency`
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measuring program fails loudly and prints"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{PASSWORD, TestApp, fresh};

/// A light load: so many messages a second, for so long.
const A_SECOND: u32 = 20;
const SECONDS: u32 = 20;
/// How often an address of each kind is asked about.
const ASKED: usize = 200;

#[tokio::main]
async fn main() {
    let one = deliveries(1).await;
    let two = deliveries(2).await;
    let signups = signups(&[1, 50, 200]).await;
    let times = login_times().await;
    let all = json!({
        "send_to_agent_one_server": one, "send_to_agent_two_servers": two, "signup": signups, "login_times": times,
    });
    println!("{}", serde_json::to_string_pretty(&all).unwrap());
}

fn figures(mut took: Vec<Duration>) -> Value {
    took.sort();
    let at = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    let round = |ms: f64| (ms * 10.0).round() / 10.0;
    json!({ "count": took.len(), "p50_ms": round(at(50)), "p95_ms": round(at(95)), "p99_ms": round(at(99)) })
}

/// The visitor is at the first server, the agent at the last.
async fn deliveries(nodes: usize) -> Value {
    let app = TestApp::start_nodes(nodes).await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent_on(nodes - 1, "Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    bo.is_given(&ana.chat()).await;

    let sent: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let total = usize::try_from(A_SECOND * SECONDS).unwrap();
    let writer = async {
        let mut beat = tokio::time::interval(Duration::from_secs(1) / A_SECOND);
        for number in 0..total {
            beat.tick().await;
            let id = fresh().to_string();
            sent.lock().unwrap().insert(id.clone(), Instant::now());
            let text = shop.says(&format!("message {number}"));
            ana.socket.say(json!({ "type": "send", "client_message_id": id, "text": text }));
        }
    };
    let reader = async {
        let mut took = Vec::with_capacity(total);
        let mut read = bo.socket().count();
        while took.len() < total {
            bo.socket().until("more", |frames| (frames.len() > read).then_some(())).await;
            let now = Instant::now();
            let frames = bo.socket().frames_after(read);
            read += frames.len();
            for frame in frames.iter().filter(|frame| frame["type"] == "message.created") {
                if let Some(id) = frame["message"]["client_message_id"].as_str()
                    && let Some(began) = sent.lock().unwrap().remove(id)
                {
                    took.push(now - began);
                }
            }
        }
        took
    };
    let ((), took) = tokio::join!(writer, reader);
    figures(took)
}

/// One signup after another, among so many companies.
async fn signups(sizes: &[usize]) -> Value {
    let app = TestApp::start_with(1, |settings| settings.spare_schemas = 8).await;
    let mut companies = 0;
    let mut all = serde_json::Map::new();
    for size in sizes {
        while companies < *size {
            sign_up(&app).await;
            companies += 1;
        }
        let mut took = Vec::new();
        for _ in 0..20 {
            took.push(sign_up(&app).await);
            companies += 1;
            // People do not sign up back to back; the spares are made meanwhile.
            app.clock().pause(Duration::from_millis(500)).await;
        }
        all.insert(format!("among_{size}"), figures(took));
    }
    Value::Object(all)
}

async fn sign_up(app: &TestApp) -> Duration {
    let email = format!("{}@mail.test", fresh().simple());
    let began = Instant::now();
    app.stranger().post("/v1/signup", json!({ "company": "Tea", "email": email, "password": PASSWORD })).await.ok();
    began.elapsed()
}

/// What a stranger could learn of an address by a watch: wrong passwords, and links for new ones.
async fn login_times() -> Value {
    let app = TestApp::start().await;
    let known = app.shop("Tea").await.owner.email;
    let login = apart(&app, "/v1/auth/login", &known, json!({ "password": "guess guess" }), 401).await;
    let forgot = apart(&app, "/v1/auth/forgot-password", &known, json!({}), 204).await;
    json!({ "login": login, "forgot_password": forgot })
}

/// Asks about the known address and about one that nobody has, in turn.
async fn apart(app: &TestApp, path: &str, known: &str, mut ask: Value, status: u16) -> Value {
    let mut took = [Vec::new(), Vec::new()];
    let http = app.stranger();
    for _ in 0..ASKED {
        let unknown = format!("{}@mail.test", fresh().simple());
        for (kind, email) in [known, unknown.as_str()].into_iter().enumerate() {
            ask["email"] = json!(email);
            let began = Instant::now();
            let reply = http.post(path, ask.clone()).await;
            took[kind].push(began.elapsed());
            assert_eq!(reply.status, status, "{}", reply.text);
        }
        // So that nobody has asked too often, and each mailbox may get its letter.
        app.clock().advance(TimeDelta::days(1));
    }
    let [known, unknown] = took.map(figures);
    let median = |of: &Value| of["p50_ms"].as_f64().unwrap();
    let ratio = (median(&known) / median(&unknown) * 1000.0).round() / 1000.0;
    json!({ "known": known, "unknown": unknown, "known_to_unknown": ratio })
}
