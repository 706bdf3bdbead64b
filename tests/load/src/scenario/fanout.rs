//! One company, many consoles: each message goes to all of them.

use std::sync::Mutex;
use std::time::Duration;

use clap::Args;
use load::Outcome;
use load::actors::{Manner, Shows};
use load::report::{Report, Target};
use load::scene::Scene;

use super::raw::Raw;
use super::{Stretch, farewell, judge, now, pace, rehearse};
use crate::Common;

/// Options of `fanout`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Consoles that watch
    #[arg(long)]
    agents: Option<usize>,
    /// Visitors who write
    #[arg(long, default_value_t = 20)]
    visitors: usize,
    /// Messages a second while latency is measured
    #[arg(long, default_value_t = 20.0)]
    rate: f64,
}

/// Plays it.
pub(crate) async fn play(options: &Options, scene: &mut Scene, report: &mut Report) -> Outcome<()> {
    let common = &options.common;
    let agents = common.size(options.agents, 200, 50);
    let long = common.seconds(15, 5);
    scene.companies(1).await?;
    let before = rehearse(scene, 1, 50).await?;
    now(&format!("{agents} consoles watch {} visitors", options.visitors));
    scene.agents(1, agents, Manner { shows: Shows::All, ..Manner::default() }).await?;
    let visitors = scene.visitors(1, options.visitors, Manner::default()).await?;
    let chance = scene.play.chance.part("fanout");

    let all = Mutex::new(visitors.clone());
    let raw = Raw::before(scene, common).await?;
    pace(&all, options.rate, Duration::from_secs(3), &chance).await;
    scene.play.tally.time_anew(scene.play.log.now());
    pace(&all, options.rate, long, &chance).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let times = scene.play.tally.delivery_times.take();
    report.times("fanout.delivery", &times, Target::AtMost(50.0), Target::AtMost(300.0));

    now("as many as go through");
    for visitor in &visitors {
        visitor.press(1);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let stretch = Stretch::begin(scene)?;
    tokio::time::sleep(long).await;
    let spent = stretch.end(scene)?;
    for visitor in &visitors {
        visitor.press(0);
    }
    report.figure("fanout.deliveries_per_s", spent.deliveries as f64 / spent.seconds, "/s", Target::None);
    report.figure("fanout.sends_per_s", spent.acks_per_second(), "/s", Target::None);
    let micros = |seconds: f64| seconds * 1e6 / spent.deliveries.max(1) as f64;
    report.figure("fanout.server_us_per_delivery", micros(spent.server), "µs", Target::None);
    report.figure("fanout.generator_us_per_delivery", micros(spent.generator), "µs", Target::None);
    while visitors.iter().any(|visitor| visitor.unanswered() > 0) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let bare = raw.after("fanout", report).await?;
    bare.times("fanout.delivery", &times, report);
    bare.passes("fanout.deliveries", spent.deliveries as f64 / spent.seconds, report);
    bare.writes("fanout.sends", spent.acks_per_second(), report);
    judge(scene, "fanout", report, Duration::from_secs(30)).await?;
    farewell(scene, "fanout", report, before).await
}
