//! What it costs to be open: an idle socket, an idle server, a cold start.

use std::time::{Duration, Instant};

use clap::Args;
use load::Outcome;
use load::report::{Report, Target, median};
use load::scene::{Scene, all_here};

use super::raw::Raw;
use super::{Stretch, now};
use crate::Common;

/// Options of `idle`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// How many sockets; 18,000 fit into a server that may open 20,000 files
    #[arg(long)]
    sockets: Option<usize>,
}

const COMPANIES: u32 = 50;
const STARTS: usize = 5;

/// Plays it.
pub(crate) async fn play(options: &Options, scene: &mut Scene, report: &mut Report) -> Outcome<()> {
    let common = &options.common;
    let sockets = common.size(options.sockets, 15_000, 2_000);
    now(&format!("{COMPANIES} companies sign up, and {sockets} visitors come"));
    scene.companies(COMPANIES).await?;
    let visitors = scene.unconnected(COMPANIES as usize, sockets).await?;

    now("servers start on what is there now");
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        for number in 0..scene.fleet.servers.len() {
            if let Some(server) = scene.fleet.servers.get_mut(number) {
                server.terminate().await?;
            }
            starts.push(scene.fleet.begin(number).await?.as_secs_f64() * 1000.0);
        }
    }
    report.figure("idle.cold_start_ms", median(&starts), "ms", Target::AtMost(300.0));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (empty, servers) = (scene.fleet.footprint(), scene.fleet.servers.len() as f64);
    report.figure("idle.server_rss_mb", empty.rss as f64 / 1_048_576.0 / servers, "MiB", Target::AtMost(60.0));

    let raw = Raw::before(scene, common).await?;
    now("everybody connects");
    let began = Instant::now();
    for visitor in &visitors {
        visitor.connect();
    }
    all_here(&visitors, Duration::from_mins(5)).await?;
    let opened = sockets as f64 / began.elapsed().as_secs_f64();
    report.figure("idle.opened_per_s", opened, "/s", Target::None);

    // Until each has said that it is still here, and each has been looked at again.
    tokio::time::sleep(common.seconds(30, 25)).await;
    let stretch = Stretch::begin(scene)?;
    tokio::time::sleep(Duration::from_secs(20)).await;
    let spent = stretch.end(scene)?;
    let full = scene.fleet.footprint();
    let each = (full.rss.saturating_sub(empty.rss)) as f64 / sockets as f64;
    report.figure("idle.sockets", sockets as f64, "", Target::None);
    report.figure("idle.bytes_per_socket", each, "bytes", Target::AtMost(12_288.0));
    report.figure("idle.server_core_percent", spent.server / spent.seconds * 100.0, "%", Target::None);
    report.figure("idle.postgres_core_percent", spent.postgres / spent.seconds * 100.0, "%", Target::None);
    let lost = scene.play.tally.lost.now();
    report.figure("idle.sockets_lost", lost as f64, "", Target::AtMost(0.0));
    let bare = raw.after("idle", report).await?;
    bare.passes("idle.opened", opened, report);
    Ok(())
}
