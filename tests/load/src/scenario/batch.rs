//! What writing together gains: the same released servers on the same Postgres, one as it is, one that lets companies share no
//! transaction, and one that lets a company's messages share none, in turns. And whether a send that comes alone pays for it.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use load::actors::{Client, Manner};
use load::report::{Report, Target, median};
use load::scene::Scene;
use load::tally::millis;
use load::{Failed, Outcome};

use super::beside::{Side, in_turns, middle_ratio, rates};
use super::overload::first_words;
use super::send::press;
use super::{farewell, judge, now, rehearse};
use crate::Common;

/// Options of `batch`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Sockets that send to each server in its windows
    #[arg(long)]
    sockets: Option<usize>,
    /// How often each window is measured; the figures are medians
    #[arg(long)]
    rounds: Option<usize>,
}

const COMPANIES: u32 = 50;
/// No transaction carries two companies.
const APART: (&str, &str) = ("FRONTDESK_DB_MIXED_BATCHES", "off");
/// No transaction carries two messages of one company.
const SINGLE: (&str, &str) = ("FRONTDESK_DB_BATCH", "1");

/// Plays it.
pub(crate) async fn play(options: &Options, scene: &mut Scene, report: &mut Report) -> Outcome<()> {
    let seed = options.common.seed;
    scene.companies(COMPANIES).await?;
    let before = rehearse(scene, COMPANIES as usize, 200).await?;
    let mut apart = scene.beside(&[APART], seed.wrapping_add(1)).await?;
    let mut single = scene.beside(&[SINGLE], seed.wrapping_add(2)).await?;
    let measured = measure(options, scene, &mut apart, &mut single, report).await;
    let stopped = (stop(&mut apart).await, stop(&mut single).await);
    measured?;
    stopped.0?;
    stopped.1?;
    farewell(scene, "batch", report, before).await
}

/// Everybody goes, and the server too.
async fn stop(other: &mut Scene) -> Outcome<()> {
    other.leave().await;
    other.fleet.stop().await
}

/// Visitors whose conversations are going on: only of those are messages written together.
async fn crowd(scene: &mut Scene, sockets: usize) -> Outcome<Vec<Arc<Client>>> {
    now(&format!("{COMPANIES} companies and {sockets} visitors come to a server, and say a first word"));
    scene.companies(COMPANIES).await?;
    let visitors = scene.visitors(COMPANIES as usize, sockets, Manner::default()).await?;
    first_words(&visitors).await?;
    Ok(visitors)
}

async fn measure(
    options: &Options,
    scene: &mut Scene,
    apart: &mut Scene,
    single: &mut Scene,
    report: &mut Report,
) -> Outcome<()> {
    let common = &options.common;
    let sockets = common.size(options.sockets, 1000, 200);
    let (long, rounds) = (common.seconds(6, 3), common.size(options.rounds, 6, 2));
    let crowds = [crowd(scene, sockets).await?, crowd(apart, sockets).await?, crowd(single, sockets).await?];
    let [to_all, to_apart, to_single] = &crowds;
    let sides = [
        Side { name: "together", scene, senders: to_all },
        Side { name: "companies apart", scene: apart, senders: to_apart },
        Side { name: "messages apart", scene: single, senders: to_single },
    ];
    now("warming up: statements are planned");
    in_turns(&sides, 1, async |side| side.press(long).await).await?;
    let [together, companies_apart, messages_apart] =
        in_turns(&sides, rounds, async |side| side.press(long).await).await?;
    let [all, mixed, within] = [&together, &companies_apart, &messages_apart].map(|windows| rates(windows));
    report.figure("batch.per_s", median(&all), "/s", Target::None);
    report.figure("batch.per_s_companies_apart", median(&mixed), "/s", Target::None);
    report.figure("batch.per_s_messages_apart", median(&within), "/s", Target::None);
    report.figure("batch.gain_mixed", middle_ratio(&all, &mixed), "", Target::AtLeast(1.0));
    report.figure("batch.gain_within", middle_ratio(&all, &within), "", Target::AtLeast(1.0));
    for (name, windows) in
        [("together", &together), ("companies_apart", &companies_apart), ("messages_apart", &messages_apart)]
    {
        if let Some(spent) = windows.last() {
            spent.per_message(&format!("batch.{name}"), report);
        }
    }

    now("one send at a time");
    let [all, mixed, within] = in_turns(&sides, rounds, async |side| lone(side, long / 2).await).await?;
    report.figure("batch.lone_ack_p50_ms", median(&all), "ms", Target::None);
    report.figure("batch.lone_ack_companies_apart_p50_ms", median(&mixed), "ms", Target::None);
    report.figure("batch.lone_ack_messages_apart_p50_ms", median(&within), "ms", Target::None);
    report.figure("batch.lone_ack_ratio", middle_ratio(&all, &mixed), "", Target::AtMost(1.1));

    let patience = Duration::from_secs(30);
    for (name, side) in ["batch", "batch.companies_apart", "batch.messages_apart"].into_iter().zip(&sides) {
        judge(side.scene, name, report, patience).await?;
    }
    Ok(())
}

/// One visitor sends, and again when the answer is there, while nobody else does: the middle acknowledgement in milliseconds.
async fn lone(side: &Side<'_>, long: Duration) -> Outcome<f64> {
    let (play, one) = (&side.scene.play, side.senders.get(..1).unwrap_or_default());
    play.tally.time_anew(play.log.now());
    press(side.scene, one, 1, long).await?;
    let p50 = millis(&play.tally.ack_times.take(), 0.50);
    // Nothing acknowledged would be quick.
    if p50 <= 0.0 {
        return Err(Failed::because(format!("{}: nothing was acknowledged to who sends alone", side.name)));
    }
    now(&format!("{}: {p50:.2} ms", side.name));
    Ok(p50)
}
