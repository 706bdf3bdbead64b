//! The main job with real hands: the built pages in a real browser, and the widget on a site of another origin. The stories
//! are told in `tests/browser`; what they saw lies in `tests/artefacts`.

use std::collections::HashMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use infra::config::Settings;
use serde_json::{Value, json};
use tests::{OpenIdProvider, Program, Proxy, TestApp, within};
use tokio::process::Command;

/// How long a story may take on a busy machine.
const CURTAIN: Duration = Duration::from_mins(4);

/// Letters, for who cannot look into the mail server: the newest to an address about something, once it has come.
async fn letter(State(app): State<TestApp>, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let letter = app.mail().letter(&query["to"], &query["about"]).await;
    Json(json!({ "subject": letter.subject, "text": letter.text, "html": letter.html }))
}

/// What an operator's command line gives for coming in as support.
async fn support(State(app): State<TestApp>, Query(query): Query<HashMap<String, String>>) -> String {
    let ask =
        ["tenant", "impersonate", &query["company"], "--operator", &query["operator"], "--reason", &query["reason"]];
    let said = Program::run(app.settings(), &ask).await;
    said.lines().next().unwrap_or_default().to_owned()
}

/// The wires by which the server reaches what it can do without.
struct Wires {
    cache: Proxy,
    bus: Proxy,
}

/// Hangs, cuts or mends one of them.
async fn wire(State(wires): State<Arc<Wires>>, Query(query): Query<HashMap<String, String>>) -> StatusCode {
    let wire = match query["service"].as_str() {
        "cache" => &wires.cache,
        "bus" => &wires.bus,
        _ => return StatusCode::NOT_FOUND,
    };
    match query["what"].as_str() {
        "hang" => wire.hang(),
        "cut" => wire.cut(),
        "mend" => wire.mend(),
        _ => return StatusCode::NOT_FOUND,
    }
    StatusCode::NO_CONTENT
}

async fn tell(story: &str) {
    perform(story, |_| {}, async |_| Router::new()).await;
}

/// The same on a stage of one's own: settings, and rooms beside the harness's office.
pub(crate) async fn perform(
    story: &str,
    change: impl FnOnce(&mut Settings),
    rooms: impl AsyncFnOnce(&TestApp) -> Router,
) {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
    for (needed, advice) in [
        ("dist/portal/index.html", "the pages are not built: run `npm ci && npm run build` in web/"),
        ("dist/widget.js", "the widget is not built: run `npm ci && npm run build` in web/"),
        ("node_modules/playwright-core", "the browser's driver is not installed: run `npm ci` in web/"),
    ] {
        assert!(web.join(needed).exists(), "{advice}");
    }
    let (mut base, mut wires) = (String::new(), None);
    let app = TestApp::start_with(1, |settings| {
        let (cache, bus) = (Proxy::before(&mut settings.redis_url), Proxy::before(&mut settings.nats_url));
        wires = Some(Arc::new(Wires { cache, bus }));
        // Cookies, the check of origins and the links of letters all depend on the address, so it must be known beforehand. It is chosen
        // last: whatever else listens in this process might be given the same port until the server has it.
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        base = format!("http://localhost:{port}");
        settings.listen = ([127, 0, 0, 1], port).into();
        settings.public_url.clone_from(&base);
        // A company's own sign-in service stands in this process as well.
        settings.private_outbound = true;
        change(settings);
    })
    .await;
    let provider = OpenIdProvider::open(app.clock()).await;
    let door = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let office_at = format!("http://{}", door.local_addr().unwrap());
    let letters = Router::new().route("/letter", get(letter)).route("/support", get(support)).with_state(app.clone());
    let office = letters.merge(Router::new().route("/wire", get(wire)).with_state(wires.unwrap()));
    let office = office.merge(rooms(&app).await);
    let office = tokio::spawn(async move { axum::serve(door, office).await });

    let run = Command::new("node")
        .arg(format!("browser/{story}.mjs"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("FRONTDESK_BASE", &base)
        .env("FRONTDESK_OFFICE", office_at)
        .env("FRONTDESK_PROVIDER", provider.issuer())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = within(CURTAIN, "the story in the browser", run).await.expect("node can be run");
    office.abort();

    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success(),
        "tests/browser/{story}.mjs failed; its pictures are in tests/artefacts\n{out}\n{err}"
    );
    println!("{out}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_main_job_in_a_real_browser() {
    tell("main_job").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_in_chinese_and_in_the_dark() {
    tell("chinese").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_text_of_a_stranger_ever_runs() {
    tell("hostile").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_goes_on_over_whatever_the_network_lets_through() {
    tell("networks").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_written_while_the_server_is_away_arrive_once() {
    tell("outage").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_emergency_plan_is_seen_by_everybody_at_once() {
    tell("emergency").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_waiting_room_tells_the_truth_on_every_device() {
    tell("waiting_room").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn support_comes_in_by_consent_and_in_sight() {
    tell("support").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conversations_change_hands() {
    tell("handover").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn routing_is_set_up_by_hand() {
    tell("routing_setup").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_are_told_what_the_server_does_without() {
    tell("degraded").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_groups_and_the_life_of_a_company_are_managed_by_hand() {
    tell("governance").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_is_vouched_for_and_blocked_by_hand() {
    tell("identity").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_is_taken_along_and_a_person_is_forgotten_by_hand() {
    tell("rights").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_masked_and_who_is_kept_out_is_chosen_by_hand() {
    tell("safety").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_prove_who_they_are_by_app_by_passkey_and_by_their_company() {
    tell("sign_in").await;
}
