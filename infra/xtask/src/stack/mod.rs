//! The three services on this machine: Postgres, Redis and NATS, on loopback, with a data folder of their own.
//!
//! `cargo dev` runs a durable stack that ends with it; the tests share one that forgets and stays.

mod account;
pub(crate) mod cli;
mod home;
mod nats;
mod orphans;
mod ports;
mod postgres;
mod record;
mod redis;

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::outcome::{Context, Outcome, Stop};
use crate::process::{Lifetime, Running};
use crate::say;
use crate::tools::Toolbox;
use crate::workspace::{Workspace, make_folder, remove_folder};

pub(crate) use ports::{free_from, is_free};

/// How long a service may take to end before it is ended.
const GRACE: Duration = Duration::from_secs(20);

/// What to start, and where.
pub(crate) struct Plan {
    /// The folder with data, logs and the record of what runs.
    pub(crate) folder: PathBuf,
    /// Postgres, Redis and NATS take this port and the two after it, or the next free ones.
    pub(crate) base_port: u16,
    /// Whether data must survive.
    pub(crate) durability: Durability,
    /// Whether the services end with us.
    pub(crate) lifetime: Lifetime,
}

/// What a stack promises to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Everything that was committed, also through a power cut.
    Durable,
    /// Nothing: every start begins with empty data, quickly.
    Ephemeral,
}

/// How to reach the services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are the variables that programs know, and the printed JSON")]
pub(crate) struct Urls {
    /// As the role that the product logs in with.
    pub(crate) database_url: String,
    /// As Postgres' superuser; never for the product.
    pub(crate) admin_database_url: String,
    /// Redis.
    pub(crate) redis_url: String,
    /// NATS.
    pub(crate) nats_url: String,
}

/// Services that run.
pub(crate) struct Stack {
    urls: Urls,
    services: Vec<Running>,
    folder: PathBuf,
    lifetime: Lifetime,
    /// True when it ran before we came.
    found: bool,
}

impl Stack {
    /// Starts the services, or takes over those that an earlier call left running for everybody.
    pub(crate) fn up(workspace: &Workspace, plan: &Plan) -> Outcome<Self> {
        make_folder(&plan.folder.join("logs"))?;
        // Several test processes may ask at once; the first one starts, the others find.
        let _turn = turn(plan)?;
        if let Some(earlier) = record::read(&plan.folder) {
            let (urls, mut services) = earlier;
            let shared = plan.lifetime == Lifetime::UntilDown;
            if shared && !services.is_empty() && services.iter_mut().all(Running::alive) {
                return Ok(Self { urls, services, folder: plan.folder.clone(), lifetime: plan.lifetime, found: true });
            }
            stop_all(&mut services);
            record::forget(&plan.folder);
        }
        start(workspace, plan)
    }

    /// How to reach the services.
    pub(crate) fn urls(&self) -> &Urls {
        &self.urls
    }

    /// True when the services ran before we came, so that ending them is not ours.
    pub(crate) fn was_running(&self) -> bool {
        self.found
    }

    /// The first service that has ended by itself.
    pub(crate) fn fallen(&mut self) -> Option<&str> {
        self.services.iter_mut().find_map(|service| if service.alive() { None } else { Some(service.name()) })
    }

    /// Ends the services in order.
    pub(crate) fn stop(&mut self) {
        stop_all(&mut self.services);
        record::forget(&self.folder);
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if self.lifetime == Lifetime::WithUs && !self.services.is_empty() {
            self.stop();
        }
    }
}

/// Ends what an earlier call left running in this folder. True when there was something.
pub(crate) fn down(plan: &Plan) -> Outcome<bool> {
    if !plan.folder.is_dir() {
        return Ok(false);
    }
    let _turn = turn(plan)?;
    let mut was_running = false;
    if let Some((_, mut services)) = record::read(&plan.folder) {
        was_running = services.iter_mut().any(Running::alive);
        stop_all(&mut services);
        record::forget(&plan.folder);
    }
    Ok(was_running)
}

/// Ends what runs and removes the data.
pub(crate) fn remove(workspace: &Workspace, plan: &Plan) -> Outcome<()> {
    down(plan)?;
    home::remove(workspace, &plan.folder)?;
    remove_folder(&plan.folder)
}

fn start(workspace: &Workspace, plan: &Plan) -> Outcome<Stack> {
    let account = account::for_services()?;
    let home = home::choose(workspace, &plan.folder, account.as_ref())?;
    orphans::end(workspace, &home, &postgres::data_folder(&home))?;
    let made_by = match plan.durability {
        Durability::Durable => postgres::data_version(&home),
        Durability::Ephemeral => None,
    };
    let tools = Toolbox::ready(workspace, made_by)?;
    let setting = Setting { workspace, tools: &tools, plan, home, account: account.as_ref() };
    let mut stack = Stack {
        urls: Urls::default(),
        services: Vec::new(),
        folder: plan.folder.clone(),
        lifetime: plan.lifetime,
        found: false,
    };
    if let Err(stop) = start_each(&setting, &mut stack) {
        // A stack that was to stay is not left half started.
        stack.stop();
        return Err(stop);
    }
    Ok(stack)
}

fn start_each(setting: &Setting<'_>, stack: &mut Stack) -> Outcome<()> {
    let base = setting.plan.base_port;
    let next = |after: u16| base.saturating_add(after);

    let began = Instant::now();
    let port = free_from(base)?;
    let (service, passwords) = postgres::start(setting, port)?;
    stack.admit(service)?;
    postgres::await_ready(setting, stack.services.last_mut())?;
    let (app, admin) = postgres::prepare(setting, port, &passwords)?;
    (stack.urls.database_url, stack.urls.admin_database_url) = (app, admin);
    let version = setting.tools.postgres.major;
    say::done("postgres", &format!("Postgres {version} on 127.0.0.1:{port}"), began.elapsed());

    let began = Instant::now();
    let port = free_from(next(1))?;
    stack.admit(redis::start(setting, port)?)?;
    redis::await_ready(setting, stack.services.last_mut(), port)?;
    stack.urls.redis_url = format!("redis://127.0.0.1:{port}");
    say::done("redis", &format!("Redis on 127.0.0.1:{port}, nothing written to disk"), began.elapsed());

    let began = Instant::now();
    let port = free_from(next(2))?;
    stack.admit(nats::start(setting, port)?)?;
    nats::await_ready(setting, stack.services.last_mut(), port)?;
    stack.urls.nats_url = format!("nats://127.0.0.1:{port}");
    say::done("nats", &format!("NATS on 127.0.0.1:{port}"), began.elapsed());

    record::write(&stack.folder, &stack.urls, &stack.services)
}

impl Stack {
    /// Written down at once: a kill in the middle must not leave a service that nobody knows.
    fn admit(&mut self, service: Running) -> Outcome<()> {
        self.services.push(service);
        record::write(&self.folder, &self.urls, &self.services)
    }
}

/// What starting a service needs to know.
struct Setting<'a> {
    workspace: &'a Workspace,
    tools: &'a Toolbox,
    plan: &'a Plan,
    home: PathBuf,
    account: Option<&'a crate::process::Account>,
}

impl Setting<'_> {
    fn log(&self, name: &str) -> PathBuf {
        self.plan.folder.join("logs").join(name)
    }

    fn environment(&self) -> Vec<(&'static str, std::ffi::OsString)> {
        let mut variables = vec![("HOME", self.home.clone().into_os_string())];
        if let Some(libraries) = &self.tools.libraries {
            variables.push(("LD_LIBRARY_PATH", libraries.clone()));
        }
        variables
    }

    /// Asks until the service answers, it has ended, or patience has.
    fn await_answer(
        &self,
        service: Option<&mut Running>,
        log: &str,
        patience: Duration,
        answers: impl Fn() -> bool,
    ) -> Outcome<()> {
        let Some(service) = service else { return Ok(()) };
        let began = Instant::now();
        while !answers() {
            self.workspace.go_on()?;
            let log = self.log(log);
            if !service.alive() {
                let tail = say::excerpt(&log);
                return Err(Stop::because(format!("{} ended; from {}:\n{tail}", service.name(), log.display())));
            }
            if began.elapsed() > patience {
                let (name, waited) = (service.name(), say::seconds(patience));
                return Err(Stop::because(format!(
                    "{name} did not get ready within {waited}; see {}, or begin afresh with `cargo dev --reset`",
                    log.display()
                )));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

fn stop_all(services: &mut Vec<Running>) {
    while let Some(mut service) = services.pop() {
        service.stop(GRACE);
    }
}

/// Waits until no other command starts or stops services in this folder. The lock goes with the file.
fn turn(plan: &Plan) -> Outcome<File> {
    let path = plan.folder.join("turn.lock");
    let file = File::create(&path).doing(|| format!("write {}", path.display()))?;
    file.lock().doing(|| format!("lock {}", path.display()))?;
    Ok(file)
}
