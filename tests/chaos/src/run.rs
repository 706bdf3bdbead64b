//! One run: put everything up, let people write, break things by the plan, and look whether a promise was broken too.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use load::actors::{Client, Manner, Play, Shows};
use load::check::Verdict;
use load::report::Target;
use load::scene::{Scene, all_here};
use load::stage::Fleet as Servers;
use load::tally::millis;
use load::{Doing as _, Failed, Outcome};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::admin::Admin;
use crate::bus::Disturbed;
use crate::dice::Dice;
use crate::drain;
use crate::fleet::Fleet;
use crate::image::Image;
use crate::nemesis::{Arena, Pace, Plan, Strike};
use crate::proxy::{Proxy, Weather};
use crate::pulse::Pulse;
use crate::scenario::Scenario;
use crate::services::{Kind, Services, redirected};
use crate::tracer::Tracer;
use crate::twins::Twins;
use crate::unrest::Unrest;

/// How long everything may take to tell one story after the last fault.
const SETTLED_WITHIN: Duration = Duration::from_mins(5);
/// After that, a fault counts as not recovered from.
const RECOVERED_WITHIN: Duration = Duration::from_mins(1);
/// Room for the services' data, of which only what is used is taken.
const DISK_MEGABYTES: u64 = 8 * 1024;
/// Visitors who send over HTTP, where there are any.
const TWINS: u32 = 24;
/// How long the worst hundredth of clients may be without a socket when their server is replaced.
const GAP_SECONDS: f64 = 3.0;

/// What to play.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) scenario: Scenario,
    pub(crate) seed: u64,
    pub(crate) length: Duration,
    pub(crate) pace: Pace,
    pub(crate) folder: PathBuf,
    pub(crate) base_port: u16,
    pub(crate) servers: usize,
    pub(crate) companies: u32,
    pub(crate) visitors: usize,
    /// Sends a second of all visitors together; 0 for as many as go.
    pub(crate) rate: u64,
    /// Agents before a long line, and how many stand in it.
    pub(crate) agents: u32,
    pub(crate) waiting: usize,
}

/// What came of a strike.
#[derive(Clone, Debug)]
pub(crate) struct Wound {
    pub(crate) strike: Strike,
    /// Milliseconds since the run began.
    pub(crate) at: u64,
    /// Until every server acknowledged and delivered again.
    pub(crate) recovered: Option<Duration>,
}

/// What came of a run.
pub(crate) struct Findings {
    pub(crate) verdict: Verdict,
    /// Words of companies in what the servers wrote to their logs.
    pub(crate) words_in_logs: u64,
    pub(crate) acked: u64,
    pub(crate) wounds: Vec<Wound>,
    /// What must not happen, and did.
    pub(crate) broken: Vec<String>,
    /// Requests that waited longer than promised.
    pub(crate) late: Vec<String>,
    pub(crate) asked: usize,
    /// Sockets opened again.
    pub(crate) reconnects: u64,
    /// Clients that still had something to send when all was well again.
    pub(crate) unsent: usize,
    /// From the last fault until all told one story.
    pub(crate) settled: Duration,
    /// Answers swallowed, and connections cut.
    pub(crate) swallowed: u64,
    pub(crate) cut: u64,
    /// What was done to the messages of the bus.
    pub(crate) bus: Disturbed,
    /// How long each server that was told to go took to end.
    pub(crate) exits: Vec<Duration>,
    /// Figures that only this scenario has.
    pub(crate) more: Vec<Extra>,
}

/// A figure that only one scenario has.
pub(crate) struct Extra {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) target: Target,
}

/// Plays.
pub(crate) async fn play(setting: &Setting) -> Outcome<Findings> {
    let folder = &setting.folder;
    let _absent = fs::remove_dir_all(folder.join("logs"));
    fs::create_dir_all(folder).doing(|| format!("make {}", folder.display()))?;
    let image = if setting.scenario.needs_disk() {
        Some(Image::make(&folder.join("disk.img"), &folder.join("disk"), DISK_MEGABYTES).await?)
    } else {
        None
    };
    let mut arena = Box::pin(open(setting, image)).await?;
    let findings = if setting.scenario == Scenario::Drain {
        Box::pin(drain::act(setting, &mut arena)).await
    } else {
        Box::pin(act(setting, &mut arena)).await
    };
    if let Ok(findings) = &findings {
        write_down(setting, findings)?;
    }
    arena.fleet.scene().play.log.save(&folder.join("operations.jsonl"))?;
    Box::pin(close(arena)).await?;
    findings
}

/// Services, servers and everything between them.
async fn open(setting: &Setting, image: Option<Image>) -> Outcome<Arena> {
    let stack_folder = setting.folder.join(if image.is_some() { "disk/stack" } else { "stack" });
    let services = Services::up(&stack_folder, setting.base_port).await?;
    let data = services.data()?;
    if image.is_some() && !data.starts_with(&stack_folder) {
        let at = data.display();
        return Err(Failed::because(format!(
            "the data are at {at}, not on the disk that is to fail: choose another --dir"
        )));
    }
    let mut lines = std::collections::BTreeMap::new();
    for (kind, salt) in Kind::ALL.into_iter().zip(100..) {
        let (address, seed) = (services.address(kind)?, setting.seed.wrapping_add(salt));
        let line =
            if kind == Kind::Nats { Proxy::to_bus(address, seed).await? } else { Proxy::to(address, seed).await? };
        lines.insert(kind, line);
    }
    let mut seen_by_servers = services.stack().clone();
    // Not on the disk that may lose what it was told last.
    seen_by_servers.folder = setting.folder.clone();
    let addresses = &mut seen_by_servers.addresses;
    let urls = [&mut addresses.database_url, &mut addresses.redis_url, &mut addresses.nats_url];
    for (line, url) in lines.values().zip(urls) {
        *url = redirected(url, line.address())?;
    }
    let admin = Admin::new(&services.stack().addresses.admin_database_url, &services.stack().addresses.database_url);
    let spares = (setting.companies + 2).to_string();
    // Behind the proxies that break things, everybody comes from one address.
    let settings = [
        ("FRONTDESK_SPARE_SCHEMAS", spares.as_str()),
        ("FRONTDESK_VISITOR_RATE", "1000000"),
        ("FRONTDESK_ADDRESS_RATE", "1000000"),
    ];
    let servers = Servers::start(&seen_by_servers, setting.servers, &settings, false).await?;
    let scene = Scene {
        services: services.stack().clone(),
        play: Play::new(&servers, setting.seed),
        fleet: servers,
        tenants: Vec::new(),
        clients: Vec::new(),
    };
    let fleet = Fleet::behind_proxies(scene, setting.seed).await?;
    Ok(Arena { services, lines, fleet, admin, image, rest: setting.scenario.rest(), exits: Vec::new() })
}

async fn act(setting: &Setting, arena: &mut Arena) -> Outcome<Findings> {
    let scene = arena.fleet.scene_mut();
    scene.companies(setting.companies + 1).await?;
    let (pulse_company, companies) = scene.tenants.split_last().doing(|| "find a company".to_owned())?;
    let (pulse_company, companies) = (pulse_company.clone(), companies.to_vec());
    // Who answers thousands of messages a second would be answering long after the last of them.
    let answers_one_in = if setting.rate == 0 { 40 } else { 4 };
    let agents = Manner { answers_one_in, reads: true, shows: Shows::All, ..Manner::default() };
    scene.agents(companies.len(), companies.len() * 2, agents).await?;
    let visitors =
        scene.visitors(companies.len(), setting.visitors, Manner { reads: true, ..Manner::default() }).await?;
    let play = Arc::clone(&scene.play);
    let came = play.tally.opened.now();
    let pulse = Pulse::take(&play, &arena.fleet, &pulse_company).await?;
    let door = arena.fleet.addresses().first().copied().doing(|| "find a server".to_owned())?;
    let twins = if setting.scenario.has_twins() {
        Some(Twins::come(&play, &companies, TWINS, door, setting.seed).await?)
    } else {
        None
    };
    let mut broken = beats(&pulse).await;

    let times_gaps = setting.scenario == Scenario::Deploy;
    if times_gaps {
        // Nobody is cut off by us: what is timed from here on is what deploys do.
        play.tally.back_times.take();
    } else {
        arena.set_clients(&setting.scenario.rest());
    }
    let driver = drive(setting, visitors.clone());
    let (wounds, struck) = strike_by_plan(setting, arena, &pulse, &Unrest::default()).await?;
    broken.extend(struck);
    driver.stop(&visitors);
    let mut more = Vec::new();
    if times_gaps {
        let (gaps, away) = gaps(arena.fleet.scene()).await;
        more.extend(gaps);
        broken.extend(away);
    }

    arena.set_clients(&Weather::default());
    let impostors = match twins {
        Some(twins) => twins.finish().await,
        None => 0,
    };
    if impostors > 0 {
        broken.push(format!("{impostors} times other words were taken under an id that was taken"));
    }
    let (asked, late) = pulse.waited();
    drop(pulse);
    let mut findings = judge(arena, Troubles { wounds, broken, late, asked }, came).await?;
    findings.more = more;
    Ok(findings)
}

/// How long clients were without a socket when their server went: from its end to the welcome at whichever they came to. Somebody who
/// has not come back is in none of these, and is told apart.
async fn gaps(scene: &Scene) -> (Vec<Extra>, Option<String>) {
    let away = all_here(&scene.clients, RECOVERED_WITHIN).await.err().map(|failed| failed.to_string());
    let times = scene.play.tally.back_times.take();
    let seconds = |name, quantile, target| Extra { name, value: millis(&times, quantile) / 1000.0, unit: "s", target };
    let figures = vec![
        Extra { name: "chaos.gaps", value: times.len() as f64, unit: "", target: Target::AtLeast(1.0) },
        seconds("chaos.gap_p50_s", 0.50, Target::None),
        seconds("chaos.gap_p99_s", 0.99, Target::AtMost(GAP_SECONDS)),
        seconds("chaos.gap_max_s", 1.0, Target::None),
    ];
    (figures, away)
}

/// What went wrong while the run went on.
pub(crate) struct Troubles {
    pub(crate) wounds: Vec<Wound>,
    pub(crate) broken: Vec<String>,
    pub(crate) late: Vec<String>,
    pub(crate) asked: usize,
}

/// Whether the servers answer and deliver before anything is broken.
pub(crate) async fn beats(pulse: &Pulse) -> Vec<String> {
    match pulse.recovered(Instant::now(), RECOVERED_WITHIN).await {
        Some(_) => Vec::new(),
        None => vec!["there was no pulse before anything was broken".to_owned()],
    }
}

/// Waits until everybody is back and all tell one story. `came` is how many sockets had been opened before.
pub(crate) async fn judge(arena: &Arena, troubles: Troubles, came: u64) -> Outcome<Findings> {
    let Troubles { wounds, broken, late, asked } = troubles;
    let scene = arena.fleet.scene();
    let play = &scene.play;
    let calm = Instant::now();
    let _who_does_not_come_is_found_below = all_here(&scene.clients, SETTLED_WITHIN).await;
    eprintln!("  everybody is back after {:.1} s", calm.elapsed().as_secs_f64());
    let (verdict, _) = scene.settle(SETTLED_WITHIN).await?;
    let settled = calm.elapsed();
    let stories = play.log.stories();
    let (cut, swallowed) =
        arena.fleet.proxies().map(Proxy::cuts).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    Ok(Findings {
        acked: stories.values().filter(|story| story.acknowledged.is_some()).count() as u64,
        unsent: scene.clients.iter().filter(|client| client.unanswered() > 0).count(),
        reconnects: play.tally.opened.now().saturating_sub(came),
        words_in_logs: scene.fleet.words_in_logs()?,
        verdict,
        wounds,
        broken,
        late,
        asked,
        settled,
        swallowed,
        cut,
        exits: arena.exits.clone(),
        bus: arena.lines.get(&Kind::Nats).map(Proxy::disturbed).unwrap_or_default(),
        more: Vec::new(),
    })
}

/// Follows the plan until the time is up.
pub(crate) async fn strike_by_plan(
    setting: &Setting,
    arena: &mut Arena,
    pulse: &Pulse,
    unrest: &Unrest,
) -> Outcome<(Vec<Wound>, Vec<String>)> {
    let faults = setting.scenario.faults(setting.servers, Tracer::available().await);
    let deadline = Instant::now() + setting.length;
    let play = Arc::clone(&arena.fleet.scene().play);
    let (mut wounds, mut broken) = (Vec::new(), Vec::new());
    for strike in Plan::new(setting.seed, &faults, setting.pace) {
        sleep(strike.after.min(deadline.saturating_duration_since(Instant::now()))).await;
        if Instant::now() + strike.hold >= deadline {
            break;
        }
        let at = play.log.now() / 1000;
        eprint!("  {:>7.1} s  {}", play.log.now() as f64 / 1e6, strike.fault);
        unrest.begin();
        let struck = arena.strike(&strike).await.doing(|| format!("carry out `{strike}`"))?;
        let recovered = pulse.recovered(struck.over, RECOVERED_WITHIN).await;
        unrest.end();
        match recovered {
            Some(took) => {
                let (hold, took) = (strike.hold.as_secs_f64(), took.as_secs_f64());
                eprintln!(" for {hold:.1} s, well again after {took:.1} s");
            }
            None => {
                eprintln!(" for {:.1} s, and it did not get well", strike.hold.as_secs_f64());
                broken.push(format!("no recovery from `{strike}` at {at} ms"));
            }
        }
        broken.extend(struck.broken.into_iter().map(|what| format!("{what}, in `{strike}` at {at} ms")));
        wounds.push(Wound { strike, at, recovered });
    }
    Ok((wounds, broken))
}

/// Lets the visitors write: so many a second together, or each as fast as it goes.
struct Driver(Option<JoinHandle<()>>);

fn drive(setting: &Setting, visitors: Vec<Arc<Client>>) -> Driver {
    if setting.rate == 0 {
        press(&visitors, 2);
        return Driver(None);
    }
    let (rate, dice) = (setting.rate, Dice::new(setting.seed, "driver"));
    Driver(Some(tokio::spawn(async move {
        let mut clock = interval(Duration::from_nanos(1_000_000_000 / rate.max(1)));
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            clock.tick().await;
            if let Some(visitor) = dice.pick(&visitors) {
                visitor.send(None);
            }
        }
    })))
}

/// Each visitor keeps so many sends in flight.
fn press(visitors: &[Arc<Client>], window: usize) {
    for visitor in visitors {
        visitor.press(window);
    }
}

impl Driver {
    fn stop(self, visitors: &[Arc<Client>]) {
        press(visitors, 0);
        if let Some(task) = self.0 {
            task.abort();
        }
    }
}

/// The plan as it was carried out, beside the log of operations.
fn write_down(setting: &Setting, findings: &Findings) -> Outcome<()> {
    let wounds = findings.wounds.iter().map(|wound| {
        let recovered = wound.recovered.map(|took| took.as_secs_f64());
        let hold = wound.strike.hold.as_secs_f64();
        json!({ "at_ms": wound.at, "fault": wound.strike.fault.to_string(), "hold_s": hold, "recovered_s": recovered })
    });
    let all = json!({
        "scenario": setting.scenario.name(),
        "seed": setting.seed,
        "faults": wounds.collect::<Vec<_>>(),
        "broken": findings.broken,
        "late": findings.late,
        "examples": findings.verdict.examples,
    });
    let text = serde_json::to_string_pretty(&all).doing(|| "write the plan".to_owned())?;
    let path = setting.folder.join("nemesis.json");
    fs::write(&path, text + "\n").doing(|| format!("write {}", path.display()))
}

async fn close(arena: Arena) -> Outcome<()> {
    let Arena { services, lines, fleet, image, .. } = arena;
    let stopped = Box::pin(fleet.close()).await;
    drop(lines);
    let data = services.stack().folder.clone();
    drop(services);
    if let Some(image) = image {
        let file = image.file().to_owned();
        image.close().await?;
        forget(&file);
    }
    forget(&data);
    stopped
}

/// The logs stay; the data are of no use to anybody.
fn forget(path: &Path) {
    let _absent = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}
