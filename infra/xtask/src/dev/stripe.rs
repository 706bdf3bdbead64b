//! `cargo dev --stripe`: the stand-in for Stripe beside the server, with books that are kept, and the settings that lead to it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::http;
use crate::chance::random_hex;
use crate::outcome::{Outcome, Stop};
use crate::process::{Launch, Lifetime, Running, StopSignal};
use crate::program;
use crate::say;
use crate::stack;
use crate::workspace::Workspace;

/// Not among the ports of the server and the services.
const BEHIND: u16 = 6;
const PATIENCE: Duration = Duration::from_secs(20);
const KEY: &str = "sk_test_standin";

/// The stand-in; it ends with us.
pub(super) struct Stripe {
    running: Running,
    port: u16,
    secret: String,
}

/// Where its books are.
pub(super) fn books(workspace: &Workspace) -> PathBuf {
    workspace.state("stripe.json")
}

/// Builds it, starts it, and waits until it answers.
pub(super) fn start(workspace: &Workspace, server_port: u16) -> Outcome<Stripe> {
    let began = Instant::now();
    say::begin("stripe", "cargo build --package stripe-standin");
    let program =
        program::build(workspace, "stripe-standin", &["--package", "stripe-standin", "--bin", "stripe-standin"])?;
    let port = stack::free_from(server_port.saturating_add(BEHIND))?;
    let secret = format!("whsec_{}", random_hex(16)?);
    let words = [
        "--listen".to_owned(),
        format!("127.0.0.1:{port}"),
        "--key".to_owned(),
        KEY.to_owned(),
        "--webhook".to_owned(),
        format!("http://127.0.0.1:{server_port}/hooks/stripe"),
        "--secret".to_owned(),
        secret.clone(),
        "--file".to_owned(),
        books(workspace).to_string_lossy().into_owned(),
    ];
    let running = Launch {
        name: "the stand-in for Stripe",
        program,
        arguments: words.into_iter().map(OsString::from).collect(),
        environment: Vec::new(),
        folder: workspace.root().to_owned(),
        log: workspace.state("logs/stripe.log"),
        account: None,
        lifetime: Lifetime::WithUs,
        stop: StopSignal::Terminate,
    }
    .start()?;
    let mut stripe = Stripe { running, port, secret };
    while http::get(port, "/_script").is_none_or(|(status, _)| status != 200) {
        workspace.go_on()?;
        if !stripe.running.alive() || began.elapsed() > PATIENCE {
            return Err(Stop::because("the stand-in for Stripe does not answer; see .dev/logs/stripe.log"));
        }
        thread::sleep(Duration::from_millis(25));
    }
    say::done("stripe", &format!("the stand-in for Stripe is at http://localhost:{port}"), began.elapsed());
    Ok(stripe)
}

impl Stripe {
    /// What leads the server to it.
    pub(super) fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("FRONTDESK_STRIPE_KEY", KEY.into()),
            ("FRONTDESK_STRIPE_URL", format!("http://127.0.0.1:{}/", self.port).into()),
            ("FRONTDESK_STRIPE_WEBHOOK_SECRETS", self.secret.clone().into()),
        ]
    }

    /// Its port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn alive(&mut self) -> bool {
        self.running.alive()
    }

    pub(super) fn stop(&mut self) {
        self.running.stop(Duration::from_secs(3));
    }
}

impl Drop for Stripe {
    fn drop(&mut self) {
        if self.alive() {
            self.stop();
        }
    }
}
