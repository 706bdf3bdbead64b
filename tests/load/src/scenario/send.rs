//! How many sends a second are acknowledged, by company count, against single-row inserts into the same Postgres in the same
//! minutes; and how long an acknowledgement takes under the usual load.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Args;
use load::Outcome;
use load::actors::{Client, Manner, Shows};
use load::report::{Report, Target, median};
use load::scene::Scene;
use load::yardstick::{Yardstick, echo};

use super::{Spent, Stretch, farewell, judge, now, pace, rehearse};
use crate::Common;

/// Options of `send`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Sockets that send in each measured window
    #[arg(long)]
    sockets: Option<usize>,
    /// Sends in flight on each socket
    #[arg(long, default_value_t = 1)]
    window: usize,
    /// Companies in the largest case
    #[arg(long)]
    most_tenants: Option<u32>,
    /// How often each window is measured; the figures are medians
    #[arg(long)]
    rounds: Option<usize>,
    /// Leave out the usual load (5,000 sockets, 200 messages a second)
    #[arg(long)]
    no_usual_load: bool,
}

const SOME_TENANTS: u32 = 50;

/// Sends as fast as answers come, for one window, after a warm-up.
pub(crate) async fn press(scene: &Scene, senders: &[Arc<Client>], window: usize, long: Duration) -> Outcome<Spent> {
    for sender in senders {
        sender.press(window);
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let stretch = Stretch::begin(scene)?;
    tokio::time::sleep(long).await;
    let spent = stretch.end(scene)?;
    for sender in senders {
        sender.press(0);
    }
    while senders.iter().any(|sender| sender.unanswered() > 0) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(spent)
}

/// Several groups of senders and the yardstick, in turns: what drifts, drifts for all.
struct Turns {
    yardstick: Yardstick,
    window: usize,
    long: Duration,
    rounds: usize,
}

impl Turns {
    /// Medians: of the yardstick, and of each group.
    async fn measure(&self, scene: &Scene, groups: &[(&str, &[Arc<Client>])]) -> Outcome<(f64, Vec<f64>, Vec<Spent>)> {
        let mut yard = vec![self.yardstick.measure(self.long / 2).await?];
        let mut rates = vec![Vec::new(); groups.len()];
        let mut last = Vec::new();
        // Each company's first statements are planned anew on the connection that serves it: that is not how anybody lives.
        for (name, senders) in groups {
            let spent = press(scene, senders, self.window, self.long).await?;
            now(&format!("warming up: {name}: {:.0}/s", spent.acks_per_second()));
        }
        for round in 1..=self.rounds {
            last.clear();
            for ((name, senders), rates) in groups.iter().zip(&mut rates) {
                let spent = press(scene, senders, self.window, self.long).await?;
                yard.push(self.yardstick.measure(self.long / 2).await?);
                now(&format!(
                    "round {round}: {name}: {:.0}/s; the yardstick: {:.0}/s",
                    spent.acks_per_second(),
                    yard.last().unwrap_or(&0.0)
                ));
                rates.push(spent.acks_per_second());
                last.push(spent);
            }
        }
        Ok((median(&yard), rates.iter().map(|rates| median(rates)).collect(), last))
    }
}

/// Plays it.
pub(crate) async fn play(options: &Options, scene: &mut Scene, report: &mut Report) -> Outcome<()> {
    let common = &options.common;
    let sockets = common.size(options.sockets, 1000, 200);
    let most = common.size(options.most_tenants, 1000, SOME_TENANTS);
    let (long, rounds) = (common.seconds(8, 3), common.size(options.rounds, 3, 1));
    let yardstick = Yardstick::prepare(&scene.services).await?;
    let quiet = Manner::default();

    now(&format!("{SOME_TENANTS} companies sign up, and {sockets} visitors come to one of them, and to all"));
    scene.companies(SOME_TENANTS).await?;
    let before = rehearse(scene, SOME_TENANTS as usize, 200).await?;
    let at_one = scene.visitors(1, sockets, quiet).await?;
    let at_some = scene.visitors(SOME_TENANTS as usize, sockets, quiet).await?;
    let exchanges = echo(sockets.min(1000), 1, long / 4).await?.per_second;
    let turns = Turns { yardstick, window: options.window, long, rounds };
    let (yard, rates, last) = turns.measure(scene, &[("1 company", &at_one), ("50 companies", &at_some)]).await?;
    let (one, some) = (rates.first().copied().unwrap_or_default(), rates.get(1).copied().unwrap_or_default());
    report.figure("send.per_s_1", one, "/s", Target::None);
    report.figure("send.per_s_50", some, "/s", Target::None);
    report.figure("send.raw_insert_per_s", yard, "/s", Target::None);
    report.figure("send.ratio_to_raw_insert", some / yard, "", Target::AtLeast(1.0));
    report.figure("send.loopback_echo_per_s", exchanges, "/s", Target::None);
    if let Some(spent) = last.get(1) {
        spent.per_message("send.at_50", report);
    }

    let watchers =
        scene.agents(SOME_TENANTS as usize, SOME_TENANTS as usize, Manner { shows: Shows::All, ..quiet }).await?;
    let (_, rates, last) = turns.measure(scene, &[("50 companies, watched", &at_some)]).await?;
    report.figure("send.per_s_50_watched", rates.first().copied().unwrap_or_default(), "/s", Target::None);
    if let Some(spent) = last.first() {
        spent.per_message("send.at_50_watched", report);
    }
    if !options.no_usual_load {
        usual_load(common, scene, report, &at_some).await?;
    }
    if most > SOME_TENANTS {
        many(scene, report, most, sockets, &turns, &at_one).await?;
    }
    memory(scene, report)?;
    judge(scene, "send", report, Duration::from_secs(30)).await?;
    drop(watchers);
    farewell(scene, "send", report, before).await
}

/// 50 companies, 5,000 sockets, 200 messages a second.
async fn usual_load(common: &Common, scene: &mut Scene, report: &mut Report, at_some: &[Arc<Client>]) -> Outcome<()> {
    let sockets = if common.quick { 500 } else { 5_000 };
    now(&format!("the usual load: {sockets} sockets, 200 messages a second"));
    let missing = usize::saturating_sub(sockets, scene.clients.len());
    let more = scene.visitors(SOME_TENANTS as usize, missing, Manner::default()).await?;
    let all = Mutex::new(at_some.iter().chain(&more).cloned().collect::<Vec<_>>());
    let chance = scene.play.chance.part("usual load");
    pace(&all, 200.0, Duration::from_secs(3), &chance).await;
    scene.play.tally.time_anew(scene.play.log.now());
    pace(&all, 200.0, common.seconds(20, 5), &chance).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    report.times("send.ack", &scene.play.tally.ack_times.take(), Target::None, Target::AtMost(100.0));
    report.times("send.delivery", &scene.play.tally.delivery_times.take(), Target::None, Target::None);
    scene.dismiss(&more).await;
    Ok(())
}

/// A thousand companies beside one of them, in one database.
async fn many(
    scene: &mut Scene,
    report: &mut Report,
    most: u32,
    sockets: usize,
    turns: &Turns,
    at_one: &[Arc<Client>],
) -> Outcome<()> {
    now(&format!("{most} companies sign up"));
    scene.companies(most).await?;
    let mut took: Vec<f64> = scene.tenants.iter().map(|tenant| tenant.took.as_secs_f64() * 1000.0).collect();
    took.sort_by(f64::total_cmp);
    let p95 = took.get(took.len() * 95 / 100).copied().unwrap_or_default();
    let at_all = scene.visitors(most as usize, sockets.max(most as usize), Manner::default()).await?;
    let (_, rates, last) = turns.measure(scene, &[("1 company", at_one), ("all companies", &at_all)]).await?;
    let (one, all) = (rates.first().copied().unwrap_or_default(), rates.get(1).copied().unwrap_or_default());
    report.figure(&format!("send.per_s_{most}"), all, "/s", Target::None);
    report.figure(&format!("send.ratio_tenants_{most}"), all / one, "", Target::AtLeast(0.5));
    report.figure("send.signup_p95_ms", p95, "ms", Target::None);
    if let Some(spent) = last.get(1) {
        spent.per_message(&format!("send.at_{most}"), report);
    }
    Ok(())
}

/// What servers and Postgres' processes hold after all this.
fn memory(scene: &Scene, report: &mut Report) -> Outcome<()> {
    let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
    let (processes, largest, all) = scene.services.postgres_memory()?;
    report.figure("send.postgres_processes", processes as f64, "", Target::None);
    report.figure("send.postgres_largest_mb", mib(largest), "MiB", Target::None);
    report.figure("send.postgres_all_mb", mib(all), "MiB", Target::None);
    report.figure("send.server_rss_mb", mib(scene.fleet.footprint().rss), "MiB", Target::None);
    Ok(())
}
