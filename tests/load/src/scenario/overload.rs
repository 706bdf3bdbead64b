//! More than there is room for, and then the usual again: whether the server keeps its best while it turns people away, and is itself
//! again when they are gone.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Args;
use futures::StreamExt as _;
use load::Outcome;
use load::actors::{ANSWER_WITHIN, Client, Manner, Shows};
use load::chance::Chance;
use load::newcomers::{Met, keep_coming};
use load::oplog::Timed;
use load::pacer::Pacer;
use load::recovery::normal_again;
use load::report::{Report, Target};
use load::scene::Scene;
use load::tally::millis;

use super::raw::Raw;
use super::send::press;
use super::{farewell, judge, now, pace, rehearse};
use crate::Common;

/// Options of `overload`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Visitors' sockets, all of them in conversation; the same from the first phase to the last
    #[arg(long)]
    sockets: Option<usize>,
    /// Messages a second before and after
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// How many times the most that goes through is offered
    #[arg(long, default_value_t = 3)]
    times: u64,
    /// Sends on their way at a time on each socket; our own clients have one
    #[arg(long, default_value_t = 1)]
    at_once: usize,
    /// Sends without an outcome that one visitor may have; what is offered beyond is held back, and counted
    #[arg(long, default_value_t = 2)]
    outstanding: usize,
    /// New visitors who are at the door at a time
    #[arg(long, default_value_t = 32)]
    newcomers: u32,
}

const COMPANIES: u32 = 50;
/// Sockets that are pressed to find the most that goes through, as `send` does.
const PRESSED: usize = 1_000;
/// For how long it is watched how things become normal again.
const WATCHED: Duration = Duration::from_mins(1);
/// An acknowledgement within so many milliseconds is normal, however quick it was before.
const NORMAL_MS: f64 = 100.0;

/// Plays it.
pub(crate) async fn play(options: &Options, scene: &mut Scene, report: &mut Report) -> Outcome<()> {
    let common = &options.common;
    let sockets = common.size(options.sockets, 15_000, 1_500);
    now(&format!("{COMPANIES} companies sign up, and {sockets} visitors and a console each come"));
    scene.companies(COMPANIES).await?;
    let before = rehearse(scene, COMPANIES as usize, 200).await?;
    let watches = Manner { shows: Shows::All, ..Manner::default() };
    scene.agents(COMPANIES as usize, COMPANIES as usize, watches).await?;
    let ours = Manner { at_once: options.at_once, ..Manner::default() };
    let visitors = scene.visitors(COMPANIES as usize, sockets, ours).await?;
    now("everybody says a first word");
    first_words(&visitors).await?;

    let (chance, all) = (scene.play.chance.part("overload"), Mutex::new(visitors.clone()));
    let raw = Raw::before(scene, common).await?;
    let usual = if common.quick { Duration::from_secs(5) } else { Duration::from_secs(20) };
    now(&format!("{} messages a second", options.rate));
    pace(&all, options.rate, Duration::from_secs(3), &chance).await;
    scene.play.tally.time_anew(scene.play.log.now());
    pace(&all, options.rate, usual, &chance).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let times = scene.play.tally.ack_times.take();
    report.times("overload.usual_ack", &times, Target::None, Target::None);

    let peak = most(scene, &visitors, if common.quick { 3 } else { 8 }).await?;
    report.figure("overload.sockets", sockets as f64, "", Target::None);
    report.figure("overload.peak_per_s", peak, "/s", Target::None);
    let (met, unanswered) = (Arc::new(Met::default()), unanswered_by(scene));
    let phase = too_much(options, scene, report, &visitors, peak, &met).await?;

    now("and the usual again");
    let normal = (2.0 * millis(&times, 0.99)).max(NORMAL_MS);
    let again = back_to_normal(scene, &all, options.rate, normal, &chance).await;
    phase.goodput(scene, report, peak);
    report.figure("overload.normal_within_ms", normal, "ms", Target::None);
    let seconds = again.unwrap_or(WATCHED).as_secs_f64();
    // What was on its way when the overload ended has had its time by now.
    let unanswered = unanswered_by(scene) - unanswered + met.unanswered.now();
    report.figure("overload.unanswered_over_5_s", unanswered as f64, "", Target::AtMost(0.0));
    report.figure("overload.normal_again_s", seconds, "s", Target::AtMost(30.0));
    let bare = raw.after("overload", report).await?;
    bare.times("overload.usual_ack", &times, report);
    bare.writes("overload.peak", peak, report);
    judge(scene, "overload", report, Duration::from_mins(1)).await?;
    farewell(scene, "overload", report, before).await
}

/// How often the server has said nothing to somebody for as long as an answer may take: to a send, a request, or a hello.
fn unanswered_by(scene: &Scene) -> u64 {
    let tally = &scene.play.tally;
    tally.unanswered.now() + tally.hung.now()
}

/// A conversation's first message costs many times what the next one does: it belongs to neither the best nor the overload.
pub(super) async fn first_words(visitors: &[Arc<Client>]) -> Outcome<()> {
    let mut words = futures::stream::iter(visitors).map(|visitor| visitor.send_and_wait(None)).buffer_unordered(64);
    while let Some(sent) = words.next().await {
        sent?;
    }
    Ok(())
}

/// The most that is acknowledged in a second while nobody asks for more than they get.
async fn most(scene: &Scene, visitors: &[Arc<Client>], seconds: u64) -> Outcome<f64> {
    let pressed = visitors.get(..PRESSED.min(visitors.len())).unwrap_or(visitors);
    let (long, mut most) = (Duration::from_secs(seconds), 0.0_f64);
    for round in 0..3 {
        let spent = press(scene, pressed, 1, long).await?;
        now(&format!("as many as go through: {:.0}/s", spent.acks_per_second()));
        // In the first, statements are planned.
        if round > 0 {
            most = most.max(spent.acks_per_second());
        }
    }
    Ok(most)
}

/// What was offered to the visitors, and what they had no hands free for.
#[derive(Default)]
struct Offered {
    begun: u64,
    held_back: u64,
}

/// People want to write, so many a second, whatever becomes of what was written before.
async fn offer(visitors: &[Arc<Client>], per_second: u64, most: usize, long: Duration, chance: &Chance) -> Offered {
    let (began, mut pacer, mut offered) = (Instant::now(), Pacer::new(per_second), Offered::default());
    let mut tick = tokio::time::interval(Duration::from_millis(5));
    while began.elapsed() < long {
        tick.tick().await;
        for _ in 0..pacer.due(began.elapsed()) {
            let drawn = visitors.get(chance.below(visitors.len() as u64) as usize);
            if drawn.is_some_and(|visitor| visitor.offer(most)) {
                offered.begun += 1;
            } else {
                offered.held_back += 1;
            }
        }
    }
    offered.held_back += pacer.left_out();
    offered
}

/// What the actors have counted of what goes wrong.
#[derive(Clone, Copy)]
struct Counted {
    put_off: u64,
    put_off_sends: u64,
    untold: u64,
    refused: u64,
    lost: u64,
}

fn counted(scene: &Scene) -> Counted {
    let tally = &scene.play.tally;
    Counted {
        put_off: tally.later.now(),
        put_off_sends: tally.later_sends.now(),
        untold: tally.untold.now(),
        refused: tally.refused.now(),
        lost: tally.lost.now(),
    }
}

async fn too_much(
    options: &Options,
    scene: &Scene,
    report: &mut Report,
    visitors: &[Arc<Client>],
    peak: f64,
    met: &Arc<Met>,
) -> Outcome<Phase> {
    let window = options.common.seconds(60, 10);
    let per_second = (peak as u64).max(1) * options.times;
    now(&format!(
        "{per_second} messages a second are offered for {} s, and new visitors come all the time",
        window.as_secs()
    ));
    let (log, chance) = (&scene.play.log, scene.play.chance.part("too much"));
    let (rss, start, lines, began) = (scene.fleet.footprint().rss, counted(scene), log.len(), Instant::now());
    // Who is at the door when it is over goes away: nothing lies between this and what follows.
    let offered = tokio::select! {
        offered = offer(visitors, per_second, options.outstanding, window, &chance) => offered,
        Err(error) = keep_coming(&scene.play, &scene.tenants, met, options.newcomers) => return Err(error),
    };
    let (over, took) = (log.now(), began.elapsed().as_secs_f64());
    let (held, end) = (scene.fleet.footprint().rss, counted(scene));
    let wanted = offered.begun + offered.held_back;
    report.figure("overload.offered_per_s", wanted as f64 / took, "/s", Target::None);
    report.figure("overload.begun_per_s", offered.begun as f64 / took, "/s", Target::None);
    report.figure("overload.held_back", offered.held_back as f64, "", Target::None);
    let untold = end.untold - start.untold + met.untold.now();
    let refused = end.put_off - start.put_off + met.put_off.now() + met.untold.now();
    let sends = end.put_off_sends - start.put_off_sends;
    report.figure("overload.refused", refused as f64, "", Target::None);
    report.figure("overload.refused_sends", sends as f64, "", Target::None);
    report.figure("overload.refused_told_when", (refused - untold) as f64, "", Target::None);
    report.figure("overload.refused_not_told_when", untold as f64, "", Target::AtMost(0.0));
    report.figure("overload.refused_for_good", (end.refused - start.refused) as f64, "", Target::AtMost(0.0));
    report.figure("overload.sockets_lost", (end.lost - start.lost) as f64, "", Target::None);
    report.figure("overload.newcomers_per_s", met.welcomed.now() as f64 / took, "/s", Target::None);
    report.figure("overload.newcomers_failed", met.failed.now() as f64, "", Target::AtMost(0.0));
    report.figure("overload.rss_ratio", held as f64 / rss.max(1) as f64, "", Target::None);
    Ok(Phase { lines, over, took })
}

/// Where the overload stands in the log.
struct Phase {
    lines: usize,
    over: u64,
    took: f64,
}

impl Phase {
    /// Worked out when everything is over: millions of lines take their time.
    fn goodput(&self, scene: &Scene, report: &mut Report, peak: f64) {
        let goodput = in_time(&scene.play.log.sends_after(self.lines), self.over) as f64 / self.took;
        report.figure("overload.goodput_per_s", goodput, "/s", Target::None);
        report.figure("overload.goodput_ratio", goodput / peak.max(1.0), "", Target::AtLeast(0.8));
    }
}

/// How many were acknowledged before it was over, each within the time that an answer may take.
fn in_time(sends: &[Timed], over: u64) -> usize {
    let within = u64::try_from(ANSWER_WITHIN.as_micros()).unwrap_or(u64::MAX);
    let counts = |send: &&Timed| {
        let Timed { began, acknowledged } = **send;
        acknowledged.is_some_and(|at| at <= over && at.saturating_sub(began) <= within)
    };
    sends.iter().filter(counts).count()
}

/// Writes at the usual pace until that goes as it used to. How long that took; nothing when it was not so in time.
async fn back_to_normal(
    scene: &Scene,
    visitors: &Mutex<Vec<Arc<Client>>>,
    rate: f64,
    normal_ms: f64,
    chance: &Chance,
) -> Option<Duration> {
    let log = &scene.play.log;
    let (fell, lines, began) = (log.now(), log.len(), Instant::now());
    let within = (normal_ms * 1000.0) as u64;
    while began.elapsed() < WATCHED {
        pace(visitors, rate, Duration::from_secs(3), chance).await;
        // What has had less time than is allowed is not late yet.
        let until = log.now().saturating_sub(within);
        if let Some(again) = normal_again(&log.sends_after(lines), fell, until, within) {
            return Some(again);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_acknowledged_too_late_or_after_the_end_is_not_in_time() {
        let sends = [
            Timed { began: 0, acknowledged: Some(5_000_000) },
            Timed { began: 0, acknowledged: Some(5_000_001) },
            Timed { began: 9_000_000, acknowledged: Some(10_000_000) },
            Timed { began: 9_000_000, acknowledged: Some(10_000_001) },
            Timed { began: 1, acknowledged: None },
        ];
        assert_eq!(in_time(&sends, 10_000_000), 2);
    }
}
