//! The server dies with all its sockets, and comes back: everybody wants in at once, and those who are in want to write.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use load::actors::{Manner, Shows};
use load::report::{Report, Target};
use load::scene::{Scene, all_here};
use load::stage::{Machine, Services, cpu_seconds};
use load::tally::millis;
use load::{Doing as _, Failed, Outcome};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::raw::Raw;
use super::{farewell, judge, now, pace, rehearse};
use crate::Common;

/// Options of `storm`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Visitors' sockets
    #[arg(long)]
    sockets: Option<usize>,
    /// Messages a second before and after
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// For how many seconds nobody is there
    #[arg(long, default_value_t = 5)]
    away: u64,
    /// Postgres crashes and recovers when the sockets come back
    #[arg(long)]
    restart_postgres: bool,
}

const COMPANIES: u32 = 50;
/// Longer than anybody should need to come back.
const OBSERVED: Duration = Duration::from_secs(150);
/// Of the machine's processors. Where Postgres takes more, nobody else gets on.
const BUSY: f64 = 0.9;
/// How long Postgres may take to end, and then to come back.
const CRASHED_WITHIN: Duration = Duration::from_secs(10);
const RECOVERED_WITHIN: Duration = Duration::from_mins(2);

/// Plays it.
pub(crate) async fn play(options: &Options, scene: &mut Scene, report: &mut Report) -> Outcome<()> {
    let common = &options.common;
    let sockets = common.size(options.sockets, 15_000, 1_500);
    now(&format!("{COMPANIES} companies sign up, and {sockets} visitors come"));
    scene.companies(COMPANIES).await?;
    let before = rehearse(scene, COMPANIES as usize, 200).await?;
    let watches = Manner { shows: Shows::All, ..Manner::default() };
    scene.agents(COMPANIES as usize, COMPANIES as usize, watches).await?;
    let visitors = scene.visitors(COMPANIES as usize, sockets, Manner::default()).await?;
    let (chance, all) = (scene.play.chance.part("storm"), Mutex::new(visitors));
    let raw = Raw::before(scene, common).await?;
    pace(&all, options.rate, common.seconds(5, 3), &chance).await;

    now("the servers are killed");
    scene.play.tally.back_times.take();
    let killed = Instant::now();
    for server in &mut scene.fleet.servers {
        server.kill().await?;
    }
    sleep(Duration::from_secs(options.away)).await;
    for number in 0..scene.fleet.servers.len() {
        scene.fleet.begin(number).await?;
    }
    now("they are there again");
    let (play, clients) = (scene.play.clone(), scene.clients.clone());
    // Sends are timed from here on, ways back from the loss of the socket on.
    play.tally.time_anew(play.log.now());
    let everybody_back = async {
        let back = all_here(&clients, OBSERVED).await;
        back.map(|()| killed.elapsed())
    };
    let writing = pace(&all, options.rate, Duration::from_secs(if common.quick { 20 } else { 45 }), &chance);
    let restarted = async { if options.restart_postgres { crash(&scene.services).await.map(Some) } else { Ok(None) } };
    let over = AtomicBool::new(false);
    let storm = async {
        let came = tokio::join!(everybody_back, writing, restarted);
        over.store(true, Ordering::Relaxed);
        came
    };
    let ((back, (), away), share) = tokio::join!(storm, watch_postgres(&scene.services, &over));
    let (back, away, share) = (back?, away?, share?);
    let times = play.tally.back_times.take();
    report.figure("storm.sockets", clients.len() as f64, "", Target::None);
    report.figure("storm.back_p95_s", millis(&times, 0.95) / 1000.0, "s", Target::AtMost(60.0));
    report.figure("storm.back_all_s", back.as_secs_f64(), "s", Target::AtMost(120.0));
    report.figure("storm.postgres_busy_s", share.busy_seconds as f64, "s", Target::AtMost(30.0));
    report.figure("storm.postgres_share_max", share.most, "", Target::None);
    if let Some(away) = away {
        report.figure("storm.postgres_away_s", away.as_secs_f64(), "s", Target::None);
    }
    let acks = play.tally.ack_times.take();
    report.times("storm.ack", &acks, Target::None, Target::AtMost(2000.0));
    raw.after("storm", report).await?.times("storm.ack", &acks, report);
    judge(scene, "storm", report, Duration::from_mins(1)).await?;
    drop(clients);
    farewell(scene, "storm", report, before).await
}

/// One process of Postgres dies; the first one then ends all others, and recovers from the log. Gives for how long nobody was let in.
async fn crash(services: &Services) -> Outcome<Duration> {
    now("Postgres crashes");
    let (mut victim, mut witness) = (services.admin().await?, services.admin().await?);
    let pid: i32 = sqlx::query_scalar("select pg_backend_pid()")
        .fetch_one(&mut victim)
        .await
        .doing(|| "ask Postgres for a process".to_owned())?;
    let crashed = Instant::now();
    let killed = Command::new("kill").arg("-KILL").arg(pid.to_string()).status().await;
    if !killed.is_ok_and(|status| status.success()) {
        return Err(Failed::because(format!("process {pid} of Postgres could not be killed")));
    }
    // Until it has noticed, it lets people in as before.
    let ends = async {
        while sqlx::query("select 1").execute(&mut witness).await.is_ok() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(CRASHED_WITHIN, ends).await.doing(|| "see Postgres crash".to_owned())?;
    while !lets_in(services).await {
        if crashed.elapsed() > RECOVERED_WITHIN {
            return Err(Failed::because("Postgres does not recover"));
        }
        sleep(Duration::from_millis(20)).await;
    }
    now("Postgres is there again");
    Ok(crashed.elapsed())
}

/// Whether Postgres takes a connection and answers.
async fn lets_in(services: &Services) -> bool {
    let asked = async {
        let mut admin = services.admin().await.ok()?;
        sqlx::query("select 1").execute(&mut admin).await.ok()
    };
    timeout(Duration::from_secs(5), asked).await.ok().flatten().is_some()
}

/// How much of the machine's processors Postgres took.
struct Share {
    /// In so many seconds it was more than [`BUSY`].
    busy_seconds: usize,
    /// In the worst second.
    most: f64,
}

/// Looks every second until it is over. A second in which processes of Postgres ended seems quieter than it was.
async fn watch_postgres(services: &Services, over: &AtomicBool) -> Outcome<Share> {
    let (cores, postgres) = (Machine::this().cores as f64, services.pid("Postgres")?);
    let mut share = Share { busy_seconds: 0, most: 0.0 };
    while !over.load(Ordering::Relaxed) {
        let (from, before) = (Instant::now(), cpu_seconds(postgres));
        sleep(Duration::from_secs(1)).await;
        let taken = (cpu_seconds(postgres) - before) / from.elapsed().as_secs_f64() / cores;
        share.most = share.most.max(taken);
        share.busy_seconds += usize::from(taken > BUSY);
    }
    Ok(share)
}
