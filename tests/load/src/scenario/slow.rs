//! Sockets that read nothing beside those that do: what a slow reader costs the others, and the server.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Args;
use load::actors::{Client, Manner, Shows};
use load::check;
use load::report::{Report, Target};
use load::scene::{Scene, all_here};
use load::stage::connected_to;
use load::tally::millis;
use load::{Doing as _, Failed, Outcome};

use super::overload::first_words;
use super::raw::Raw;
use super::{farewell, judge, now, pace, rehearse};
use crate::Common;

/// Options of `slow`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Sockets that read
    #[arg(long)]
    sockets: Option<usize>,
    /// Sockets that stop reading: consoles of one company, and further tabs of its busiest visitors
    #[arg(long)]
    slow: Option<usize>,
    /// How many of them are consoles, which hear every conversation of their company
    #[arg(long)]
    agents: Option<usize>,
    /// Messages a second
    #[arg(long)]
    rate: Option<f64>,
    /// How many conversations of the company are the busiest …
    #[arg(long, default_value_t = 20)]
    busiest: usize,
    /// … and what part of all messages is written in them
    #[arg(long, default_value_t = 0.1)]
    share: f64,
}

const COMPANIES: u32 = 50;
/// By when a socket that reads nothing is to be closed.
const CLOSED_WITHIN: Duration = Duration::from_secs(30);
/// How long they may take to be back and to show everything.
const BACK_WITHIN: Duration = Duration::from_secs(90);
/// Below a fifth of a millisecond the clock is what is measured.
const LEAST_MS: f64 = 0.2;
const MIB: f64 = 1_048_576.0;

/// Plays it.
pub(crate) async fn play(options: &Options, scene: &mut Scene, report: &mut Report) -> Outcome<()> {
    let common = &options.common;
    let (sockets, rate) = (common.size(options.sockets, 4_000, 600), common.size(options.rate, 600.0, 150.0));
    let long = common.seconds(60, 40);
    now(&format!("{COMPANIES} companies sign up, and {sockets} visitors and a console each come"));
    scene.companies(COMPANIES).await?;
    let before = rehearse(scene, COMPANIES as usize, 200).await?;
    let watches = Manner { shows: Shows::All, ..Manner::default() };
    scene.agents(COMPANIES as usize, COMPANIES as usize, watches).await?;
    let visitors = scene.visitors(COMPANIES as usize, sockets, Manner::default()).await?;
    let talk = Talk::of(&visitors, options.busiest, options.share, rate);
    first_words(&talk.everybody()).await?;
    let mut raw = Raw::before(scene, common).await?;
    talk.run(scene, Duration::from_secs(5), "warm").await;

    now(&format!("{rate} messages a second, and everybody reads"));
    let quick = window(scene, &talk, &[], long, "quick").await?;

    raw.read().await?;
    let rss = scene.fleet.footprint().rss;
    let slow = come(scene, options, &talk).await?;
    talk.run(scene, Duration::from_secs(5), "together").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let addresses: Vec<IpAddr> = slow.iter().map(|client| client.address()).collect();
    all_connected(scene, &slow, &addresses).await?;
    let causes = Causes::read(scene).await?;
    now(&format!("{} of them stop reading", slow.len()));
    for client in &slow {
        client.listen(false);
    }
    let beside = window(scene, &talk, &addresses, long, "slow").await?;
    causes.until_now(scene, report).await?;

    let ratio = |with: f64, without: f64| with / without.max(LEAST_MS);
    let (ack, delivery) = (ratio(beside.ack, quick.ack), ratio(beside.delivery, quick.delivery));
    for (name, p99) in [
        ("ack_p99_without_ms", quick.ack),
        ("ack_p99_with_ms", beside.ack),
        ("delivery_p99_without_ms", quick.delivery),
        ("delivery_p99_with_ms", beside.delivery),
    ] {
        report.figure(&format!("slow.{name}"), p99, "ms", Target::None);
    }
    // The worse of the two.
    report.figure("slow.healthy_p99_ratio", ack.max(delivery), "", Target::AtMost(1.5));
    let count = slow.len();
    report.figure("slow.sockets", count as f64, "", Target::None);
    let (share, all) = (closed_within(&beside.seen, count, CLOSED_WITHIN), closed_all(&beside.seen, count));
    report.figure("slow.closed_within_30_s", share, "", Target::AtLeast(1.0));
    if let Some(all) = all {
        report.figure("slow.closed_all_s", all.as_secs_f64(), "s", Target::None);
    }
    let most = beside.seen.iter().map(|seen| seen.rss).max().unwrap_or_default();
    let growth = most.saturating_sub(rss) as f64 / MIB;
    report.figure("slow.rss_growth_mb", growth, "MiB", Target::AtMost(300.0));
    report.figure("slow.rss_growth_mb_per_socket", growth / count.max(1) as f64, "MiB", Target::AtMost(2.0));

    back(scene, &slow, report).await?;
    let bare = raw.after("slow", report).await?;
    bare.p99("slow.ack_with", beside.ack, report);
    bare.p99("slow.delivery_with", beside.delivery, report);
    judge(scene, "slow", report, Duration::from_mins(1)).await?;
    drop(slow);
    farewell(scene, "slow", report, before).await
}

/// Those who write: the busiest conversations of the first company, and some in every other.
struct Talk {
    busiest: Mutex<Vec<Arc<Client>>>,
    others: Mutex<Vec<Arc<Client>>>,
    rates: (f64, f64),
}

impl Talk {
    /// One visitor in four is in conversation.
    fn of(visitors: &[Arc<Client>], busiest: usize, share: f64, rate: f64) -> Self {
        let (mut first, mut others): (Vec<_>, Vec<_>) = visitors.iter().cloned().partition(|client| client.tenant == 0);
        first.truncate(busiest);
        others.truncate(visitors.len() / 4);
        let rates = (rate * share, rate * (1.0 - share));
        Self { busiest: Mutex::new(first), others: Mutex::new(others), rates }
    }

    fn of_the_busiest(&self) -> Vec<Arc<Client>> {
        self.busiest.lock().map(|busiest| busiest.clone()).unwrap_or_default()
    }

    fn everybody(&self) -> Vec<Arc<Client>> {
        let others = self.others.lock().map(|others| others.clone()).unwrap_or_default();
        [self.of_the_busiest(), others].concat()
    }

    async fn run(&self, scene: &Scene, long: Duration, part: &str) {
        let chance = &scene.play.chance;
        let (one, other) = (chance.part(&format!("busiest {part}")), chance.part(&format!("others {part}")));
        tokio::join!(pace(&self.busiest, self.rates.0, long, &one), pace(&self.others, self.rates.1, long, &other));
    }
}

/// What was seen in one window.
struct Window {
    ack: f64,
    delivery: f64,
    seen: Vec<Seen>,
}

/// One look at the server.
#[derive(Debug, Clone, Copy)]
struct Seen {
    at: Duration,
    /// How many of those that read nothing it has closed.
    closed: usize,
    rss: u64,
}

/// Both windows are looked at in the same way: looking costs as well.
async fn window(scene: &Scene, talk: &Talk, slow: &[IpAddr], long: Duration, part: &str) -> Outcome<Window> {
    let tally = &scene.play.tally;
    tally.time_anew(scene.play.log.now());
    let (seen, ()) = tokio::join!(watch(scene, slow, long), talk.run(scene, long, part));
    let seen = seen?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (ack, delivery) = (millis(&tally.ack_times.take(), 0.99), millis(&tally.delivery_times.take(), 0.99));
    Ok(Window { ack, delivery, seen })
}

/// Who has a connection that the servers have not closed.
async fn connected(scene: &Scene) -> Outcome<HashSet<IpAddr>> {
    let servers: Vec<SocketAddr> = scene.fleet.servers.iter().map(|server| server.address).collect();
    let open = tokio::task::spawn_blocking(move || connected_to(&servers)).await;
    open.doing(|| "look at connections".to_owned())?
}

/// Whoever was not connected before would count as closed.
async fn all_connected(scene: &Scene, slow: &[Arc<Client>], addresses: &[IpAddr]) -> Outcome<()> {
    all_here(slow, Duration::from_secs(30)).await?;
    let open = connected(scene).await?;
    match addresses.iter().find(|address| !open.contains(*address)) {
        Some(address) => Err(Failed::because(format!("{address} is not connected, and has not stopped reading yet"))),
        None => Ok(()),
    }
}

/// Why the servers have closed sockets, as they count it themselves.
struct Causes {
    /// Everybody who read too slowly, or said nothing for too long.
    too_slow: u64,
    /// Those of them for whom too much waited.
    full: u64,
    /// Those of them who said nothing.
    silent: u64,
}

impl Causes {
    async fn read(scene: &Scene) -> Outcome<Self> {
        Ok(Self {
            too_slow: scene.fleet.counted(r#"frontdesk_socket_closes_total{reason="too slow"}"#).await?,
            full: scene.fleet.counted("frontdesk_slow_sockets_total").await?,
            silent: scene.fleet.counted("frontdesk_silent_sockets_total").await?,
        })
    }

    /// What has come since. Whoever reads nothing still says that they are there: nobody is closed for silence.
    async fn until_now(self, scene: &Scene, report: &mut Report) -> Outcome<()> {
        let now = Self::read(scene).await?;
        for (name, count, target) in [
            ("too_slow", now.too_slow - self.too_slow, Target::None),
            ("too_much_waited", now.full - self.full, Target::None),
            ("silent", now.silent - self.silent, Target::AtMost(0.0)),
        ] {
            report.figure(&format!("slow.closed_{name}"), count as f64, "", target);
        }
        Ok(())
    }
}

async fn watch(scene: &Scene, slow: &[IpAddr], long: Duration) -> Outcome<Vec<Seen>> {
    let (began, mut seen) = (Instant::now(), Vec::new());
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    while began.elapsed() < long {
        tick.tick().await;
        let open = connected(scene).await?;
        let closed = slow.iter().filter(|address| !open.contains(*address)).count();
        seen.push(Seen { at: began.elapsed(), closed, rss: scene.fleet.footprint().rss });
    }
    Ok(seen)
}

/// Which part of so many was closed by then; 0 when there are none.
fn closed_within(seen: &[Seen], count: usize, by: Duration) -> f64 {
    let closed = seen.iter().filter(|seen| seen.at <= by).map(|seen| seen.closed).max().unwrap_or_default();
    closed as f64 / count.max(1) as f64
}

/// When all of so many were found closed.
fn closed_all(seen: &[Seen], count: usize) -> Option<Duration> {
    seen.iter().find(|seen| seen.closed >= count).map(|seen| seen.at)
}

/// Consoles of the first company, and tabs of those who write in its busiest conversations.
async fn come(scene: &mut Scene, options: &Options, talk: &Talk) -> Outcome<Vec<Arc<Client>>> {
    let common = &options.common;
    let count = common.size(options.slow, 1_000, 150);
    let agents = common.size(options.agents, 200, 30).min(count);
    now(&format!("{agents} consoles of one company and {} tabs of its busiest visitors come", count - agents));
    let narrow = Manner { narrow: true, ..Manner::default() };
    let mut came = Vec::with_capacity(count);
    let company = scene.tenants.first().cloned().doing(|| "find a company".to_owned())?;
    for _ in 0..agents {
        came.push(Client::agent(&scene.play, &company, narrow).await?);
    }
    let busiest = talk.of_the_busiest();
    came.extend(busiest.iter().cycle().take(count - agents).map(|visitor| visitor.tab(narrow)));
    for client in &came {
        client.connect();
    }
    scene.clients.extend(came.iter().cloned());
    all_here(&came, Duration::from_mins(2)).await?;
    Ok(came)
}

/// They read again: what lay there, that the socket is closed, and then, on a new one, what they have missed.
async fn back(scene: &Scene, slow: &[Arc<Client>], report: &mut Report) -> Outcome<()> {
    now("they read again");
    let began = Instant::now();
    for client in slow {
        client.listen(true);
    }
    let mut whole = 0;
    while began.elapsed() < BACK_WITHIN {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if slow.iter().all(|client| client.is_here()) {
            whole = check::whole(&scene.services, &scene.tenants, slow).await?;
            if whole == slow.len() {
                break;
            }
        }
    }
    report.figure("slow.resumed", whole as f64 / slow.len().max(1) as f64, "", Target::AtLeast(1.0));
    report.figure("slow.resumed_in_s", began.elapsed().as_secs_f64(), "s", Target::None);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_after_half_a_minute_does_not_count_as_closed_within_it() {
        let looks = [(1, 0), (29, 7), (31, 10)];
        let seen = looks.map(|(at, closed)| Seen { at: Duration::from_secs(at), closed, rss: 0 });
        assert!((closed_within(&seen, 10, CLOSED_WITHIN) - 0.7).abs() < 1e-9);
        assert_eq!(closed_all(&seen, 10), Some(Duration::from_secs(31)));
        assert_eq!(closed_all(&seen, 11), None);
        assert!(closed_within(&[], 10, CLOSED_WITHIN).abs() < 1e-9, "nobody looked");
    }
}
