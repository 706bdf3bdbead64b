//! One company goes at twenty times its pace while the others live as usual: do they notice, and is it told so kindly.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Args;
use load::actors::{Client, Manner, Play};
use load::flood::{Rate, Told, flood};
use load::report::{Report, Target, median};
use load::scene::Scene;
use load::stage::Tenant;
use load::tally::millis;
use load::{Doing as _, Outcome};

use super::{judge, now, pace};
use crate::Common;

/// Options of `neighbour`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// How many messages a minute the company that floods may send; it sends twenty times as many
    #[arg(long, default_value_t = 3_000)]
    limit: u32,
    /// How many messages the others send together in a second
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// How often each window is measured; the figures are medians
    #[arg(long)]
    rounds: Option<usize>,
}

const COMPANIES: u32 = 50;
const TIMES: f64 = 20.0;

struct Window {
    p99: f64,
    sent: u64,
    errors: u64,
}

/// The usual life of the others, for one window.
async fn live(scene: &Scene, visitors: &Mutex<Vec<Arc<Client>>>, rate: f64, long: Duration, part: &str) -> Window {
    let tally = &scene.play.tally;
    let (acks, errors) = (tally.acks.now(), sum(&tally.errors()));
    tally.time_anew(scene.play.log.now());
    pace(visitors, rate, long, &scene.play.chance.part(part)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let p99 = millis(&tally.ack_times.take(), 0.99);
    Window { p99, sent: tally.acks.now() - acks, errors: sum(&tally.errors()) - errors }
}

fn sum(errors: &[(&'static str, u64)]) -> u64 {
    errors.iter().map(|(_, count)| count).sum()
}

/// Plays it.
pub(crate) async fn play(options: &Options, scene: &mut Scene, report: &mut Report) -> Outcome<()> {
    let common = &options.common;
    let (long, rounds) = (common.seconds(15, 5), common.size(options.rounds, 3, 1));
    let sockets = if common.quick { 300 } else { 1_500 };
    now(&format!("{COMPANIES} companies sign up, and {sockets} visitors come to all but one of them"));
    scene.companies(COMPANIES).await?;
    let Some(loud) = scene.tenants.pop() else { return Ok(()) };
    bound(scene, &loud, options.limit).await?;
    let visitors = Mutex::new(scene.visitors(COMPANIES as usize, sockets, Manner::default()).await?);
    let watching = scene.play.chance.part("warm");
    pace(&visitors, options.rate, Duration::from_secs(5), &watching).await;

    // It has a book of its own: the others' is compared afterwards.
    let crowd = Play::new(&scene.fleet, common.seed + 1);
    let told = Arc::new(Told::default());
    let per_second = f64::from(options.limit) / 60.0;
    let rate = Rate { sends: per_second * TIMES, sockets: 40, requests: 40.0 };
    let (mut quiet, mut loud_p99) = (Vec::new(), Vec::new());
    let (mut sent, mut errors, mut over) = (0, 0, Vec::new());
    for round in 1..=rounds {
        let window = live(scene, &visitors, options.rate, long, &format!("quiet {round}")).await;
        quiet.push(window.p99);
        let before = told.taken.now();
        let flooding = flood(&crowd, &loud, &told, rate, long);
        let name = format!("loud {round}");
        let (flooded, window) = tokio::join!(flooding, live(scene, &visitors, options.rate, long, &name));
        flooded?;
        loud_p99.push(window.p99);
        sent += window.sent;
        errors += window.errors;
        // A sixth of a minute's worth may come at once.
        let allowed = per_second * 10.0 + per_second * (long.as_secs_f64() + 3.0);
        over.push((told.taken.now() - before) as f64 / allowed);
        now(&format!(
            "round {round}: the others' p99 is {:.1} ms beside {:.1} ms; the loud one got {} of {} through",
            window.p99,
            quiet.last().unwrap_or(&0.0),
            told.taken.now(),
            told.sent.now()
        ));
    }
    // Below a fifth of a millisecond the clock is what is measured.
    let ratio = median(&loud_p99) / median(&quiet).max(0.2);
    report.figure("neighbour.p99_quiet_ms", median(&quiet), "ms", Target::None);
    report.figure("neighbour.p99_loud_ms", median(&loud_p99), "ms", Target::None);
    report.figure("neighbour.p99_ratio", ratio, "", Target::AtMost(1.5));
    report.figure("neighbour.others_sends", sent as f64, "", Target::None);
    report.figure("neighbour.others_errors", errors as f64 / sent.max(1) as f64, "", Target::AtMost(0.001));
    report.figure("neighbour.sent", told.sent.now() as f64, "", Target::None);
    report.figure("neighbour.admitted", told.taken.now() as f64, "", Target::None);
    report.figure("neighbour.put_off", (told.put_off.now() + told.held.now()) as f64, "", Target::AtLeast(1.0));
    report.figure("neighbour.refused_5xx", told.failed.now() as f64, "", Target::AtMost(0.0));
    report.figure("neighbour.admitted_over_limit", over.iter().copied().fold(0.0, f64::max), "", Target::AtMost(1.1));
    judge(scene, "neighbour", report, Duration::from_secs(30)).await
}

/// Limits are data: this company may send so many, and ask for half as many.
async fn bound(scene: &Scene, loud: &Tenant, limit: u32) -> Outcome<()> {
    let bounds = format!(r#"{{"messages_per_minute": {limit}, "requests_per_minute": 120}}"#);
    let id = load::ids::decode(&loud.id).doing(|| "read the loud company's id".to_owned())?;
    scene.services.set_limits(id, &bounds).await?;
    // What a server remembers of a company is a few seconds old.
    tokio::time::sleep(Duration::from_secs(4)).await;
    Ok(())
}
