//! What operators rely on: the runbook's commands work, what the dashboard shows and the alerts ask for is counted, and the logs
//! hold nobody's words.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tests::{Http, PASSWORD, Program, Proxy, Shop, Socket, TestApp, eventually, free_port, fresh};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn file(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn free_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}

/// A directive of nginx: its words, and what is in its block.
#[derive(Debug)]
struct Directive {
    words: Vec<String>,
    block: Vec<Directive>,
}

/// Reads what nginx would read, until the block ends.
fn directives(tokens: &mut impl Iterator<Item = String>, is_block: bool) -> Vec<Directive> {
    let (mut all, mut words) = (Vec::new(), Vec::new());
    while let Some(token) = tokens.next() {
        match token.as_str() {
            ";" => all.push(Directive { words: std::mem::take(&mut words), block: Vec::new() }),
            "{" => all.push(Directive { words: std::mem::take(&mut words), block: directives(tokens, true) }),
            "}" => {
                assert!(is_block && words.is_empty(), "a block ends too early, after {all:?} {words:?}");
                return all;
            }
            _ => words.push(token),
        }
    }
    assert!(!is_block && words.is_empty(), "it ends in the middle of {words:?}");
    all
}

/// A chat at the program, with a failed sign-in beside it.
async fn traffic(shop: &Shop, base: &str) {
    let bo = shop.colleague("Bo", tenant::Role::Agent).await;
    let console = Socket::open(base, shop.guard(), &bo.http.token(), json!({})).await;
    let widget = Http::new(base, shop.guard());
    let session = widget.post("/v1/widget/session", json!({ "key": shop.key() })).await.ok();
    widget.take(session["token"].as_str().unwrap());
    let body = json!({ "client_message_id": fresh(), "text": shop.says("Hello there") });
    let sent = widget.post("/v1/widget/messages", body).await.ok();
    let chat = sent["conversation"]["id"].clone();
    console.next(0, "the chat is given", |frame| frame["conversation"]["assignee_id"] == bo.id.as_str()).await;
    let reply = json!({ "client_message_id": fresh(), "conversation_id": chat, "text": shop.says("Hi") });
    assert_eq!(console.send(reply).await["type"], "ack");
    let wrong = json!({ "email": bo.email, "password": format!("{PASSWORD} wrong") });
    widget.nobody().post("/v1/auth/login", wrong).await.refused(401, "credentials_invalid");
}

/// Every name of ours in a text, without what Prometheus appends to histograms.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let ours = words.filter(|word| word.starts_with("frontdesk_"));
    let plain =
        ours.map(|word| ["_bucket", "_sum", "_count"].iter().fold(word, |word, end| word.trim_end_matches(end)));
    plain.map(ToOwned::to_owned).collect()
}

#[test]
fn the_loaders_proxy_keeps_it_for_as_long_as_there_is_no_server() {
    let text = file("infra/deploy/nginx/loader.conf");
    let lines = text.lines().map(|line| line.split('#').next().unwrap());
    let spaced = lines.map(|line| line.replace(';', " ; ").replace('{', " { ").replace('}', " } "));
    let tokens: Vec<String> =
        spaced.flat_map(|line| line.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>()).collect();
    let all = directives(&mut tokens.into_iter(), false);
    let find = |among: &[Directive], words: &[&str]| -> Option<usize> {
        among.iter().position(|directive| words.iter().all(|word| directive.words.iter().any(|has| has == word)))
    };
    let server = &all[find(&all, &["server"]).unwrap()].block;
    let loader = &server[find(server, &["location", "=", "/widget.js"]).unwrap()].block;
    let stale =
        ["proxy_cache_use_stale", "error", "timeout", "updating", "http_500", "http_502", "http_503", "http_504"];
    for words in [&stale[..], &["proxy_cache_background_update", "on"], &["proxy_pass", "http://frontdesk"]] {
        assert!(find(loader, words).is_some(), "{words:?} is not in {loader:?}");
    }
    let zone = &loader[find(loader, &["proxy_cache"]).unwrap()].words[1];
    let kept = &all[find(&all, &["proxy_cache_path"]).unwrap()].words;
    assert!(kept.iter().any(|word| word.starts_with(&format!("keys_zone={zone}:"))), "{kept:?}");
    assert!(kept.iter().any(|word| word == "inactive=30d"), "it is kept through a long outage: {kept:?}");
}

#[tokio::test]
async fn everything_on_the_dashboard_and_in_the_alerts_is_counted_and_every_alert_has_its_page() {
    let address = free_address();
    let app = TestApp::start_with(1, |settings| settings.metrics_listen = Some(address)).await;
    let shop = app.shop("Tea").await;
    let program = Program::start(app.settings()).await;
    traffic(&shop, &program.base()).await;

    let metrics = Http::new(&format!("http://{address}"), app.guard(None));
    // A service that took too long to answer a moment ago counts as away until it is asked again.
    let counted = eventually("every service is said to be well", async || {
        let counted = metrics.get("/metrics").await.text;
        let is_well = |service: &str| counted.contains(&format!("frontdesk_degraded{{service=\"{service}\"}} 0"));
        (is_well("database") && is_well("cache") && is_well("bus")).then(|| counted.clone())
    })
    .await;
    let (dashboard, alerts) = (file("infra/deploy/grafana/frontdesk.json"), file("infra/deploy/prometheus/alerts.yml"));
    let parsed: Value = serde_json::from_str(&dashboard).unwrap();
    for panel in parsed["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            assert!(!names(target["expr"].as_str().unwrap()).is_empty(), "{} shows nothing", panel["title"]);
        }
    }
    let wanted: BTreeSet<String> = names(&dashboard).union(&names(&alerts)).cloned().collect();
    assert!(wanted.len() >= 12, "{wanted:?}");
    let there = names(&counted);
    let missing: Vec<&String> = wanted.difference(&there).collect();
    assert!(missing.is_empty(), "shown or watched, but never counted: {missing:?}");
    assert!(!counted.contains(&shop.canary) && !counted.contains(&shop.id), "a label tells of a company");

    let runbook = file("docs/OPERATIONS.md").to_lowercase();
    for line in alerts.lines().filter_map(|line| line.trim().strip_prefix("runbook: docs/OPERATIONS.md#")) {
        assert!(runbook.contains(&format!("\n## {}\n", line.replace('-', " "))), "the runbook has no section {line}");
    }
}

#[tokio::test]
async fn every_command_of_the_runbook_works_as_it_stands_there() {
    let address = free_address();
    let app = TestApp::start_with(1, |settings| settings.metrics_listen = Some(address)).await;
    let shop = app.shop("Tea").await;
    let program = Program::start(app.settings()).await;
    let slug = shop.owner.http.get("/v1/account").await.ok()["slug"].as_str().unwrap().to_owned();
    let (base, metrics, token) = (program.base(), format!("http://{address}"), shop.owner.http.token());
    let variables = [
        ("FRONTDESK_URL", base.as_str()),
        ("METRICS_URL", metrics.as_str()),
        ("ADMIN_DATABASE_URL", app.database().admin_url.as_str()),
        ("COMPANY", slug.as_str()),
        ("TOKEN", token.as_str()),
    ];
    let runbook = file("docs/OPERATIONS.md");
    let blocks: Vec<&str> =
        runbook.split("```sh run\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 12, "the runbook's commands are found");
    for block in blocks {
        let (well, said) = Program::script(app.settings(), &variables, block).await;
        assert!(well, "{block}\nended with:\n{said}");
    }
    let active = format!("select count(*) from shared.account where status = 'active' and slug = '{slug}'");
    assert_eq!(app.count(&active).await, 1, "the company is switched on again");
    assert_eq!(shop.owner.http.get("/v1/emergency").await.ok()["active"], false);
}

#[tokio::test]
async fn a_whole_postgres_goes_back_to_an_instant_by_what_the_handbook_says() {
    let (drill, handbook) = (file("tests/drills/restore.sh"), file("docs/OPERATIONS.md"));
    let setting = |text: &str, name: &str| -> Option<String> {
        let line = text.lines().find(|line| line.starts_with(&format!("{name} = ")))?;
        Some(line.split('#').next()?.trim().replace("$home/wal", "/backup/wal"))
    };
    for name in
        ["wal_level", "archive_mode", "archive_timeout", "archive_command", "restore_command", "recovery_target_action"]
    {
        let told = setting(&handbook, name);
        assert!(told.is_some() && told == setting(&drill, name), "{name} is another one in the drill: {told:?}");
    }
    for words in ["--checkpoint fast --wal-method none --manifest-checksums SHA256", "pg_verifybackup\" --no-parse-wal"]
    {
        assert!(drill.contains(words), "{words}");
        assert!(handbook.contains(&words.replace('"', "")), "{words}");
    }

    let app = TestApp::start().await;
    let checkout = root();
    let (well, said) = Program::script(app.settings(), &[("CHECKOUT", checkout.to_str().unwrap())], &drill).await;
    assert!(well, "{said}");
    for word in ["the backup is whole", "with every row", "Frontdesk goes on there", "a changed byte is found"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[tokio::test]
async fn logs_hold_no_text_no_token_no_password_and_no_address() {
    let mut wire = None;
    let app = TestApp::start_with(1, |settings| {
        let proxy = Proxy::to(&settings.database_url);
        wire = Some((proxy.url(&settings.database_url), proxy));
    })
    .await;
    let (through, wire) = wire.unwrap();
    let shop = app.shop("Tea").await;
    let log = std::env::temp_dir().join(format!("frontdesk-log-{}.json", fresh().simple()));
    let settings = infra::config::Settings { database_url: through, ..app.settings().clone() };
    let program = Program::start_talkative(&settings, &log).await;
    traffic(&shop, &program.base()).await;
    // What goes wrong is logged in more words: a secret in a path, a body that is no good, a database that is away.
    let owner = Http::new(&program.base(), shop.guard()).with(&shop.owner.http.token());
    let secret = format!("secret-{}", fresh().simple());
    owner.get(&format!("/v1/invitations/by-token/{secret}")).await;
    owner.post("/v1/invitations", json!({ "email": shop.owner.email, "role": "owner", "x": shop.says("x") })).await;
    wire.cut();
    owner.get("/v1/agents").await.is_a_problem();
    owner.get(&format!("/v1/invitations/by-token/{secret}")).await;
    owner.nobody().post("/v1/auth/login", json!({ "email": shop.owner.email, "password": PASSWORD })).await;

    let lines = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(&log).unwrap();
    assert!(
        lines.lines().count() > 10 && lines.contains("\"level\":\"ERROR\""),
        "the log tells what went wrong: {lines}"
    );
    for line in lines.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    let token = shop.owner.http.token();
    for (what, word) in [
        ("a text or a name", shop.canary.as_str()),
        ("a token", token.as_str()),
        ("a secret", secret.as_str()),
        ("a password", PASSWORD),
        ("an address", "@mail.test"),
        ("our secret", app.settings().secret.as_str()),
    ] {
        let told = lines.lines().find(|line| line.contains(word));
        assert!(told.is_none(), "the log holds {what}: {told:?}");
    }
}

/// What a line of the log would look like that says what never happened.
const FORGED: &str = "2027-01-01T00:00:00.000000Z  INFO forged: nobody was here";

#[tokio::test]
async fn what_strangers_write_begins_no_line_of_the_log_and_moves_no_cursor() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    // A service whose refusals repeat what a stranger wrote, and do worse.
    let schema = shop.schema().await;
    app.sql(&format!(
        "create function {schema}.echo() returns trigger language plpgsql as $$ begin \
             raise exception 'not this: % %', new.text, chr(27) || '[2J' || chr(155) || '31m' || chr(8238); end $$; \
         create trigger echo before insert on {schema}.message for each row execute function {schema}.echo()"
    ))
    .await;
    for format in ["", "json"] {
        let log = std::env::temp_dir().join(format!("frontdesk-log-{}", fresh().simple()));
        let program = Program::start_telling(app.settings(), &log, format).await;
        let widget = Http::new(&program.base(), shop.guard());
        let session = widget.post("/v1/widget/session", json!({ "key": shop.key() })).await.ok();
        let visitor = widget.with(session["token"].as_str().unwrap());
        let text = format!("Hello\r\n{FORGED}\n");
        let refused = visitor.post("/v1/widget/messages", json!({ "client_message_id": fresh(), "text": text })).await;
        assert!(refused.status >= 500, "{}", refused.text);
        refused.is_a_problem();
        // By every other way that a stranger has.
        visitor.patch("/v1/widget/contact", json!({ "name": text })).await.is_a_problem();
        let headers = [("x-request-id", "forged forged"), ("x-time-zone", "Forged/Zone"), ("user-agent", FORGED)];
        let login = json!({ "email": format!("a\r\n{FORGED}@mail.test"), "password": "\u{1b}[2J", "x\r\n": FORGED });
        widget.send("POST", "/v1/auth/login", Some(login), &headers).await.is_a_problem();
        widget.get("/v1/invitations/by-token/x%0d%0aforged%1b%5b2J").await.is_a_problem();
        widget.get("/v1/forged%0d%0a?forged=%1b%5b2J").await.is_a_problem();
        let mut raw = tokio::net::TcpStream::connect(("127.0.0.1", program.port())).await.unwrap();
        let head = "FORGED /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-request-id: \u{1b}[31mforged\r\n\r\n";
        raw.write_all(head.as_bytes()).await.unwrap();
        drop(raw.read_to_end(&mut Vec::new()).await);

        // A line that is being written would be read torn.
        drop(program);
        let told = std::fs::read_to_string(&log).unwrap();
        std::fs::remove_file(&log).unwrap();
        assert!(told.contains("not this: Hello") && told.contains("nobody was here"), "the refusal is told: {told}");
        for line in told.split_terminator('\n') {
            let unseen = line.chars().find(|letter| letter.is_control() || *letter == '\u{202e}');
            assert_eq!(unseen, None, "{line:?}");
            if format == "json" {
                serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            } else {
                assert!(!line.starts_with(FORGED) && line.starts_with("20"), "{line}");
            }
        }
    }
}

/// How many series there are of each metric, buckets and quantiles left out.
fn series(told: &str) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    let is_left_out = |line: &str| ["#", "_bucket{", "quantile="].iter().any(|mark| line.contains(mark));
    for line in told.lines().filter(|line| !line.is_empty() && !is_left_out(line)) {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        *all.entry(name.to_owned()).or_default() += 1;
    }
    all
}

#[tokio::test]
async fn there_are_as_many_series_for_many_companies_as_for_one() {
    const MORE: usize = 8;
    let address = free_address();
    let app = TestApp::start_with(1, |settings| settings.metrics_listen = Some(address)).await;
    let program = Program::start(app.settings()).await;
    let metrics = Http::new(&format!("http://{address}"), app.guard(None));
    let mut shops = vec![app.shop("Tea").await];
    traffic(&shops[0], &program.base()).await;
    let before = series(&metrics.get("/metrics").await.text);
    for number in 0..MORE {
        let shop = app.shop(&format!("Shop {number}")).await;
        traffic(&shop, &program.base()).await;
        shops.push(shop);
    }
    let told = metrics.get("/metrics").await.text;
    let after = series(&told);
    assert!(before.contains_key("frontdesk_http_requests_total") && after.len() > 10, "{after:?}");
    // One more now and then is another reason, or another kind of event; one for each company would be a company.
    for (name, many) in &after {
        let grown = many - before.get(name).copied().unwrap_or_default();
        assert!(grown < MORE, "{name} has {grown} series more for {MORE} companies more");
    }
    for shop in &shops {
        assert!(!told.contains(&shop.canary) && !told.contains(&shop.id) && !told.contains(&shop.schema().await));
    }
}

#[test]
fn the_plain_program_knows_nothing_of_collectors() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let tree = |features: &[&str]| {
        let mut ask = Command::new(&cargo);
        ask.args(["tree", "--offline", "--locked", "-e", "normal", "-p", "api", "--prefix", "none"]).args(features);
        let output = ask.current_dir(root()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!tree(&[]).contains("opentelemetry"));
    assert!(tree(&["--features", "otel"]).contains("opentelemetry-otlp"));
}
