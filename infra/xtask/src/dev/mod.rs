//! `cargo dev`: one command from a fresh checkout to a running Frontdesk with a demo company in it.
//!
//! Everything it starts ends with it, and everything it keeps lies under `.dev/`.

mod banner;
mod demo;
mod http;
mod server;
mod services;
mod stripe;
mod turn;
mod web;

use std::thread;
use std::time::{Duration, Instant};

use clap::Args;

use crate::outcome::{Outcome, Stop};
use crate::say;
use crate::stack;
use crate::tools;
use crate::workspace::{Workspace, make_folder, remove_folder};

pub(crate) use web::install as install_web;

const PORT: u16 = 7400;
/// Where to look next when another checkout is at the first port: each has its server and three services in a row.
const NEXT_BLOCK: u16 = 10;

/// How `cargo dev` is asked to work.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line and independent of the others")]
pub(crate) struct Options {
    /// The port of the server; the services take the three after it [default: 7400, or the next free block].
    #[arg(long)]
    port: Option<u16>,
    /// Build and run the optimised server.
    #[arg(long)]
    release: bool,
    /// Leave the web apps as they were built last.
    #[arg(long)]
    no_web: bool,
    /// Delete the local data first and begin afresh.
    #[arg(long)]
    reset: bool,
    /// Start everything, look whether it answers, print how long each step took, and stop.
    #[arg(long)]
    check: bool,
    /// Charge for it too: a stand-in for Stripe runs beside the server, with pages to pay on.
    #[arg(long)]
    stripe: bool,
    /// Let so many visitors play a lively day into the demo company once it is there.
    #[arg(long, value_name = "HOW MANY", conflicts_with = "check")]
    visitors: Option<u16>,
}

/// Starts everything and stays until Ctrl-C.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Outcome<()> {
    make_folder(&workspace.state("logs"))?;
    let turn = turn::take(workspace)?;
    if options.reset {
        reset(workspace)?;
    }
    let port = choose_port(options.port)?;
    turn.announce(port)?;

    let mut phases = Phases::default();
    if !options.no_web {
        tools::ensure_node()?;
    }
    let mut services = phases.time("services", || services::ready(workspace, port))?;
    if !options.no_web {
        phases.time("web", || web::build(workspace))?;
    }
    let program = phases.time("build", || server::build(workspace, options.release))?;
    let mut stripe =
        if options.stripe { Some(phases.time("stripe", || stripe::start(workspace, port))?) } else { None };
    let more = stripe.as_ref().map(stripe::Stripe::environment).unwrap_or_default();
    let setting = server::Setting::new(workspace, program, services.urls(), port, more)?;
    phases.time("migrate", || setting.migrate())?;
    if stripe.is_some() {
        phases.time("catalogue", || setting.sync_billing())?;
    }
    let demo = phases.time("demo", || setting.seed())?;
    let mut server = phases.time("start", || setting.serve())?;

    if options.check {
        let page = phases.time("page", || http::page(port, "/signup"))?;
        say::note(&format!("GET /signup answered 200 with {} bytes of HTML", page.len()));
        server.stop();
        services.stop();
        say::result(&phases.table());
        return Ok(());
    }
    let hosted = stripe.as_ref().map(stripe::Stripe::port);
    say::result(&banner::text(port, hosted, &demo, setting.log(), phases.total()));
    let mut play = options.visitors.map(|visitors| setting.play(visitors)).transpose()?;
    let end = watch(workspace, &mut server, &mut services, stripe.as_mut());
    say::note("stopping");
    if let Some(play) = &mut play {
        play.stop(Duration::from_secs(3));
    }
    server.stop();
    services.stop();
    end
}

/// Until Ctrl-C, or until something that should run does not.
fn watch(
    workspace: &Workspace,
    server: &mut server::Server,
    services: &mut services::Services,
    mut stripe: Option<&mut stripe::Stripe>,
) -> Outcome<()> {
    loop {
        if workspace.go_on().is_err() {
            return Ok(());
        }
        if let Some(name) = services.fallen() {
            return Err(Stop::because(format!("{name} ended by itself; see .dev/services/logs")));
        }
        if !server.alive() {
            return Err(server.obituary());
        }
        if stripe.as_mut().is_some_and(|stripe| !stripe.alive()) {
            return Err(Stop::because("the stand-in for Stripe ended by itself; see .dev/logs/stripe.log"));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// The wanted port exactly, or the first block where the server's port is free.
fn choose_port(wanted: Option<u16>) -> Outcome<u16> {
    if let Some(port) = wanted {
        return if stack::is_free(port) {
            Ok(port)
        } else {
            Err(Stop::because(format!(
                "port {port} is taken: end what listens there (`ss -ltnp` shows it) or choose another"
            )))
        };
    }
    let mut blocks = (PORT..PORT + 10 * NEXT_BLOCK).step_by(usize::from(NEXT_BLOCK));
    let port = blocks.find(|port| stack::is_free(*port)).ok_or_else(|| {
        Stop::because(format!("port {PORT} and the next ones are taken; choose a free one with --port"))
    })?;
    if port != PORT {
        say::note(&format!("port {PORT} is taken, so this one is at {port}"));
    }
    Ok(port)
}

/// Removes the data and all that was derived from it, and leaves what was downloaded.
fn reset(workspace: &Workspace) -> Outcome<()> {
    if services::external().is_some() {
        return Err(Stop::because(
            "--reset deletes private data only, and DATABASE_URL points to services of your own: empty those yourself, or unset it",
        ));
    }
    stack::remove(workspace, &services::plan(workspace, PORT))?;
    for folder in ["mail", "stamps"] {
        remove_folder(&workspace.state(folder))?;
    }
    let _absent = std::fs::remove_file(workspace.state("secret"));
    let _absent = std::fs::remove_file(stripe::books(workspace));
    say::note("the local data is deleted");
    Ok(())
}

/// How long each step took.
#[derive(Default)]
struct Phases(Vec<(&'static str, Duration)>);

impl Phases {
    fn time<T>(&mut self, name: &'static str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let began = Instant::now();
        let result = work()?;
        self.0.push((name, began.elapsed()));
        Ok(result)
    }

    fn total(&self) -> Duration {
        self.0.iter().map(|(_, took)| *took).sum()
    }

    fn table(&self) -> String {
        let rows = self.0.iter().map(|(name, took)| format!("{name:<10} {:>8.2} s\n", took.as_secs_f64()));
        rows.collect::<String>() + &format!("{:<10} {:>8.2} s", "total", self.total().as_secs_f64())
    }
}
