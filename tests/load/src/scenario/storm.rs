//! The server dies with all its sockets, and comes back: everybody wants in at once, and those who are in want to write.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::Args;
use load::Outcome;
use load::actors::{Manner, Shows};
use load::report::{Report, Target};
use load::scene::{Scene, all_here};
use load::tally::millis;

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
}

const COMPANIES: u32 = 50;
/// Longer than anybody should need to come back.
const OBSERVED: Duration = Duration::from_secs(150);

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
    tokio::time::sleep(Duration::from_secs(options.away)).await;
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
    let (back, ()) = tokio::join!(everybody_back, writing);
    let back = back?;
    let times = play.tally.back_times.take();
    report.figure("storm.sockets", clients.len() as f64, "", Target::None);
    report.figure("storm.back_p95_s", millis(&times, 0.95) / 1000.0, "s", Target::AtMost(60.0));
    report.figure("storm.back_all_s", back.as_secs_f64(), "s", Target::AtMost(120.0));
    let acks = play.tally.ack_times.take();
    report.times("storm.ack", &acks, Target::None, Target::AtMost(2000.0));
    raw.after("storm", report).await?.times("storm.ack", &acks, report);
    judge(scene, "storm", report, Duration::from_mins(1)).await?;
    drop(clients);
    farewell(scene, "storm", report, before).await
}
