//! Who may speak to what: the port for the public has nothing that is the operator's, and Redis and NATS are asked with a password, as
//! the handbook and the files for containers say.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use infra::cache::{Cache, redis};
use infra::config::Settings;
use serde_json::{Value, json};
use tests::{Http, Program, Socket, TestApp, eventually, free_port, fresh};

/// What operators, debuggers and neighbours have elsewhere, and who looks for it.
const NOT_HERE: [&str; 20] = [
    "/metrics",
    "/metrics/",
    "/v1/metrics",
    "/internal",
    "/internal/metrics",
    "/v1/internal",
    "/admin",
    "/v1/admin",
    "/debug",
    "/debug/vars",
    "/debug/pprof/",
    "/debug/pprof/profile",
    "/actuator/env",
    "/server-status",
    "/nginx_status",
    "/varz",
    "/connz",
    "/dev/outbox",
    "/.env",
    "/.git/config",
];

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(name);
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The ports that a process listens on.
#[cfg(target_os = "linux")]
fn listens_on(process: u32) -> Vec<u16> {
    let home = PathBuf::from(format!("/proc/{process}"));
    let sockets: Vec<String> = std::fs::read_dir(home.join("fd"))
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut ports = Vec::new();
    for table in ["net/tcp", "net/tcp6"] {
        for row in std::fs::read_to_string(home.join(table)).unwrap_or_default().lines().skip(1) {
            let words: Vec<&str> = row.split_whitespace().collect();
            // Its address, its state, which is 0A for one that listens, and its number.
            if words[3] == "0A" && sockets.iter().any(|socket| socket == words[9]) {
                ports.push(u16::from_str_radix(words[1].rsplit(':').next().unwrap(), 16).unwrap());
            }
        }
    }
    ports.sort_unstable();
    ports
}

/// A service of the story's own; gone with it.
struct Service {
    child: Child,
    folder: PathBuf,
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// A Redis that asks for a password, with a user besides who may what the handbook says.
async fn guarded_redis(port: u16, rights: &str) -> Service {
    let folder = std::env::temp_dir().join(format!("frontdesk-redis-{}", fresh().simple()));
    std::fs::create_dir_all(&folder).unwrap();
    let config = folder.join("redis.conf");
    let lines = [
        format!("port {port}"),
        "bind 127.0.0.1".to_owned(),
        format!("dir {}", folder.display()),
        "save \"\"".to_owned(),
        "appendonly no".to_owned(),
        "requirepass celadon".to_owned(),
        format!("user frontdesk on >celadon {rights}"),
    ];
    std::fs::write(&config, lines.join("\n")).unwrap();
    let mut command = Command::new("redis-server");
    command.arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
    let service = Service { child: command.spawn().expect("redis-server is installed"), folder };
    eventually("Redis answers", async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop))
        .await;
    service
}

/// How bad the doctor finds a thing.
async fn finds(settings: &Settings, code: &str) -> Value {
    let (_, said, why) = Program::try_run(settings, &["doctor", "--json"]).await;
    let report: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said} {why}"));
    let findings = report["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["code"] == code).unwrap()["severity"].clone()
}

#[tokio::test]
async fn the_port_for_the_public_has_nothing_that_is_the_operators() {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let app = TestApp::start_with(1, |settings| settings.metrics_listen = Some(address)).await;
    let program = Program::start(app.settings()).await;
    let public = Http::new(&program.base(), app.guard(None));
    for path in NOT_HERE {
        for method in ["GET", "POST", "OPTIONS"] {
            let reply = public.send(method, path, None, &[]).await;
            // Some know who they are not for before they know what is asked.
            assert!([404, 405].contains(&reply.status), "{method} {path} got {}: {}", reply.status, reply.text);
            assert!(!reply.text.contains("frontdesk_"), "{path}: {}", reply.text);
        }
    }
    let metrics = Http::new(&format!("http://{address}"), app.guard(None));
    assert!(metrics.get("/metrics").await.text.contains("frontdesk_http_requests_total"), "it is there, elsewhere");
    for path in ["/", "/v1/account", "/v1/signup", "/readyz", "/hooks/stripe", "/v1/realtime"] {
        assert_eq!(metrics.get(path).await.status, 404, "{path}");
    }
    #[cfg(target_os = "linux")]
    {
        let mut both = vec![program.port(), address.port()];
        both.sort_unstable();
        assert_eq!(listens_on(program.id()), both, "and nothing else listens");
        let settings = Settings { metrics_listen: None, ..app.settings().clone() };
        let alone = Program::start(&settings).await;
        assert_eq!(listens_on(alone.id()), [alone.port()]);
    }
}

#[tokio::test]
async fn redis_is_spoken_to_with_a_password_and_with_the_rights_that_the_handbook_gives() {
    let handbook = file("docs/OPERATIONS.md");
    let rights = handbook.split("or an ACL user with\n`").nth(1).unwrap().split('`').next().unwrap();
    assert!(rights.contains("~fd:*") && rights.contains("-@dangerous"), "{rights}");
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let port = free_port();
    let _redis = guarded_redis(port, rights).await;
    let by = |who: &str| Settings { redis_url: format!("redis://{who}127.0.0.1:{port}"), ..app.settings().clone() };

    assert_eq!(finds(&by(""), "cache_away").await, "failure", "without a password it does not answer");
    for who in [":celadon@", "frontdesk:celadon@"] {
        let settings = by(who);
        for code in ["cache_away", "cache_old", "cache_open"] {
            // The doctor asks once, and gives it a quarter of a second.
            let well = async || (finds(&settings, code).await == "ok").then_some(());
            eventually(&format!("{code} {who}"), well).await;
        }
        let program = Program::start(&settings).await;
        let bo = shop.colleague("Bo", tenant::Role::Agent).await;
        let console = Socket::open(&program.base(), shop.guard(), &bo.http.token(), json!({})).await;
        let widget = Http::new(&program.base(), shop.guard());
        let session = widget.post("/v1/widget/session", json!({ "key": shop.key() })).await.ok();
        let ana = widget.with(session["token"].as_str().unwrap());
        let hello = json!({ "client_message_id": fresh(), "text": shop.says("Hello") });
        ana.post("/v1/widget/messages", hello).await.ok();
        console.next(0, "it is heard", |frame| frame["type"] == "message.created").await;
        eventually("Redis is well", async || (widget.get("/readyz").await.json()["cache"] == true).then_some(())).await;
    }
    // What was refused to somebody, Redis remembers; whoever had no password is told so, and is not in it.
    let operator = Cache::new(&by(":celadon@").redis_url).unwrap();
    let refused = eventually("Redis says what it refused", async || {
        operator.ask::<(Vec<redis::Value>,)>(redis::pipe().cmd("ACL").arg("LOG")).await.ok()
    })
    .await;
    let commands: Vec<String> = refused.0.iter().map(|entry| format!("{entry:?}")).collect();
    assert!(commands.iter().all(|entry| !entry.contains("frontdesk")), "{commands:?}");
}

#[test]
fn an_installation_in_containers_asks_for_passwords_and_is_reached_at_the_server_alone() {
    let installation = file("infra/deploy/installation.yaml");
    let ports: Vec<&str> = installation.lines().map(str::trim).filter(|line| line.starts_with("ports:")).collect();
    assert_eq!(ports, ["ports: [\"127.0.0.1:7400:7400\"]"], "for a TLS proxy on the same machine");
    for words in [
        "DATABASE_URL: postgres://frontdesk:${FRONTDESK_DATABASE_PASSWORD:?}@postgres:5432/frontdesk",
        "REDIS_URL: redis://:${FRONTDESK_REDIS_PASSWORD:?}@redis:6379",
        "NATS_URL: nats://frontdesk:${FRONTDESK_NATS_PASSWORD:?}@nats:4222",
        "--requirepass, \"${FRONTDESK_REDIS_PASSWORD:?}\"",
        "./nats/frontdesk.conf:/etc/nats/frontdesk.conf:ro",
    ] {
        assert!(installation.contains(words), "{words}");
    }
    let secrets = ["PASSWORD", "FRONTDESK_SECRET"];
    for asked in installation.split("${").skip(1).map(|rest| rest.split('}').next().unwrap()) {
        let name = asked.split(':').next().unwrap();
        assert!(!secrets.iter().any(|end| name.ends_with(end)) || asked.ends_with(":?"), "{asked} has a default");
    }

    let allowed = |text: &str| -> Vec<String> {
        let lines =
            text.lines().map(str::trim).filter(|line| line.starts_with("publish:") || line.starts_with("subscribe:"));
        lines.map(|line| line.split_once(']').unwrap().0.to_owned()).collect()
    };
    let (conf, handbook) = (file("infra/deploy/nats/frontdesk.conf"), file("docs/OPERATIONS.md"));
    assert_eq!(allowed(&conf).len(), 2, "{conf}");
    assert_eq!(allowed(&conf), allowed(&handbook), "the handbook allows what the file allows");
    assert!(conf.contains("password: $FRONTDESK_NATS_PASSWORD"));
    assert!(conf.contains("http: \"127.0.0.1:"), "what NATS tells of itself stays within");
}
