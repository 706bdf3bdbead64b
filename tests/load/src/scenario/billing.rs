//! What metering costs on the way of a message: the same released servers on the same Postgres, with the usage row and without it,
//! in turns.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use load::actors::{Client, Manner};
use load::report::{Report, Target, median};
use load::scene::Scene;
use load::stage::{Cut, Relay, workspace};
use load::{Failed, Outcome};
use serde::Deserialize;

use super::beside::{Side, in_turns, middle_ratio, rates};
use super::{judge, now};
use crate::Common;

/// Options of `billing`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Sockets that send in each measured window
    #[arg(long)]
    sockets: Option<usize>,
    /// How often each window is measured; the figures are medians
    #[arg(long)]
    rounds: Option<usize>,
    /// How many companies live through faults of the payment provider
    #[arg(long)]
    lives: Option<u64>,
}

const COMPANIES: u32 = 50;
/// Where the lane's statement counts; what stands there instead keeps the type of the value it no longer writes.
const USAGE_ROW: Cut = Cut { after: "counted as (", before: "), told as (", instead: "select $12::text where false" };
/// A share of messages that may be counted where none should: a visitor's first one goes by another way.
const ASTRAY: f64 = 0.05;

/// Plays it.
pub(crate) async fn play(options: &Options, scene: &mut Scene, report: &mut Report) -> Outcome<()> {
    let common = &options.common;
    let sockets = common.size(options.sockets, 1000, 200);
    let (long, rounds) = (common.seconds(6, 3), common.size(options.rounds, 7, 3));
    let direct = scene.services.addresses.database_url.clone();
    let (metered, blind) = (Relay::open(&direct, None).await?, Relay::open(&direct, Some(USAGE_ROW)).await?);
    scene.fleet.stop().await?;
    let through = scene.beside(&[("DATABASE_URL", metered.url.as_str())], common.seed).await?;
    (scene.fleet, scene.play) = (through.fleet, through.play);
    let mut other = scene.beside(&[("DATABASE_URL", blind.url.as_str())], common.seed.wrapping_add(1)).await?;
    now(&format!("{COMPANIES} companies sign up at each of two servers, and {sockets} visitors come to each"));
    let measured = measure(scene, &mut other, sockets, long, rounds, report).await;
    let stopped = other.fleet.stop().await;
    measured?;
    stopped?;
    if blind.cuts() == 0 {
        return Err(Failed::because(
            "the statement that counts messages is not what it was: bring USAGE_ROW up to date",
        ));
    }
    judge(scene, "billing", report, Duration::from_secs(30)).await?;
    reconcile(common, common.size(options.lives, 20, 4), report).await
}

/// What the soak says as its last line.
#[derive(Deserialize)]
struct Reconciled {
    runs: f64,
    events: f64,
    interruptions: f64,
    killed: f64,
    units_diff: f64,
    uninvoiced: f64,
    mispriced: f64,
    planted_found: f64,
}

/// Random lives of paying companies on their own services and clock, against the stand-in for the payment provider: nothing here is
/// about speed.
async fn reconcile(common: &Common, lives: u64, report: &mut Report) -> Outcome<()> {
    now(&format!("{lives} companies live through faults of the payment provider"));
    let output = soak()
        .args([lives, common.seed, common.size(None, 20_000, 2_000), 2].map(|number: u64| number.max(1).to_string()))
        // Its lives are years away from the released program, which takes its time from nobody.
        .env_remove("FRONTDESK_BIN")
        .current_dir(workspace())
        .stderr(std::process::Stdio::inherit())
        .output()
        .await
        .map_err(|error| Failed::because(format!("the soak of metering could not be run: {error}")))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let last = said.lines().rev().find(|line| line.starts_with('{')).unwrap_or_default();
    let found: Reconciled = serde_json::from_str(last)
        .map_err(|_| Failed::because(format!("the soak of metering ended without a result: {said}")))?;
    let Reconciled { runs, events, interruptions, killed, units_diff, uninvoiced, mispriced, planted_found } = found;
    report.figure("billing.soak_lives", runs, "", Target::AtLeast(lives as f64));
    report.figure("billing.soak_events", events, "", Target::None);
    report.figure("billing.soak_interruptions", interruptions, "", Target::AtLeast(1.0));
    report.figure("billing.soak_killed", killed, "", Target::None);
    report.figure("billing.units_diff", units_diff, "", Target::AtMost(0.0));
    report.figure("billing.uninvoiced", uninvoiced, "", Target::AtMost(0.0));
    report.figure("billing.mispriced", mispriced, "", Target::AtMost(0.0));
    if !output.status.success() {
        return Err(Failed::because(format!("a life of the soak of metering went wrong: {last}")));
    }
    report.figure("billing.planted_found", planted_found, "of 100", Target::Within(100.0, 100.0));
    Ok(())
}

/// The soak: as `FRONTDESK_BILLING_SIM` names it, or else built here from the code that is judged. What lies about of an earlier build would
/// give the verdict of earlier code.
fn soak() -> tokio::process::Command {
    if let Some(program) = std::env::var_os("FRONTDESK_BILLING_SIM") {
        return tokio::process::Command::new(program);
    }
    let mut built = tokio::process::Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    built.args(["run", "--release", "--quiet", "--locked", "--package", "tests", "--example", "billing_sim", "--"]);
    built
}

async fn measure(
    scene: &mut Scene,
    other: &mut Scene,
    sockets: usize,
    long: Duration,
    rounds: usize,
    report: &mut Report,
) -> Outcome<()> {
    scene.companies(COMPANIES).await?;
    other.companies(COMPANIES).await?;
    let with = scene.visitors(COMPANIES as usize, sockets, Manner::default()).await?;
    let without = other.visitors(COMPANIES as usize, sockets, Manner::default()).await?;
    let sides =
        [Side { name: "with", scene, senders: &with }, Side { name: "without", scene: other, senders: &without }];
    let [counted, uncounted] = in_turns(&sides, rounds, async |side| side.press(long).await).await?;
    let cost = (1.0 - middle_ratio(&rates(&counted), &rates(&uncounted))).max(0.0) * 100.0;
    report.figure("billing.per_s_metered", median(&rates(&counted)), "/s", Target::None);
    report.figure("billing.per_s_unmetered", median(&rates(&uncounted)), "/s", Target::None);
    report.figure("billing.throughput_cost", cost, "%", Target::AtMost(5.0));
    if let (Some(one), Some(two)) = (counted.last(), uncounted.last()) {
        one.per_message("billing.metered", report);
        two.per_message("billing.unmetered", report);
    }
    nothing_counted(other, &without).await
}

/// Where the row is left out, none is written.
async fn nothing_counted(other: &Scene, senders: &[Arc<Client>]) -> Outcome<()> {
    let mut admin = other.services.admin().await?;
    let mut rows = 0;
    for tenant in &other.tenants {
        let truth = load::check::truth::read(&mut admin, tenant).await?;
        rows += truth.billed_messages;
    }
    let acknowledged = other.play.tally.acks.now();
    let share = rows as f64 / acknowledged.max(1) as f64;
    if share > ASTRAY {
        return Err(Failed::because(format!("{rows} of {acknowledged} messages were counted where none should be")));
    }
    now(&format!("{} visitors sent {acknowledged} messages that nobody counted, and {rows} first ones", senders.len()));
    Ok(())
}
