//! All kinds of people at once, for minutes, at a multiple of the usual load; afterwards everything is compared.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use load::Outcome;
use load::actors::{Client, Manner, Shows};
use load::chance::Chance;
use load::report::{Report, Target};
use load::scene::Scene;
use load::stage::Tenant;

use super::raw::Raw;
use super::{Stretch, farewell, judge, now, rehearse};
use crate::Common;

/// Options of `mixed3x`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// How many times the usual load: 50 companies, 5,000 sockets, 200 messages a second
    #[arg(long, default_value_t = 3)]
    times: usize,
}

const COMPANIES: u32 = 50;
const SOCKETS: usize = 5_000;
const RATE: f64 = 200.0;
/// Of three messages two are visitors', one is an agent's: they answer every other message.
const VISITORS_SHARE: f64 = 2.0 / 3.0;
/// Most who have the widget on their page say nothing: one in ten is in a conversation.
const TALKING: usize = 10;
/// How many messages a visitor writes, on average, before another visitor begins a conversation instead.
const WRITES: u64 = 8;
/// How many visitors go, come, lose their connection, or write by HTTP a second, for each multiple of the usual load.
const CHURN: f64 = 4.0;

/// Plays it.
pub(crate) async fn play(options: &Options, scene: &mut Scene, report: &mut Report) -> Outcome<()> {
    let common = &options.common;
    let sockets = if common.quick { SOCKETS * options.times / 10 } else { SOCKETS * options.times };
    let rate = RATE * options.times as f64;
    let long = common.seconds(60, 10);
    now(&format!("{COMPANIES} companies sign up"));
    scene.companies(COMPANIES).await?;
    let before = rehearse(scene, COMPANIES as usize, sockets / 10).await?;

    now(&format!("{sockets} visitors come, and an agent to each company"));
    let answers = Manner { answers_one_in: 2, reads: true, types: true, shows: Shows::All, ..Manner::default() };
    scene.agents(COMPANIES as usize, COMPANIES as usize, answers).await?;
    let reads = Manner { reads: true, ..Manner::default() };
    let visitors = Mutex::new(scene.visitors(COMPANIES as usize, sockets, reads).await?);
    let chance = scene.play.chance.part("mixed");
    let mut talk = Talk { visitors: &visitors, talking: Vec::new(), most: sockets / TALKING, chance };
    let raw = Raw::before(scene, common).await?;
    talk.run(rate * VISITORS_SHARE, Duration::from_secs(10)).await;

    now(&format!("{rate} messages a second for {} s", long.as_secs()));
    let play = Arc::clone(&scene.play);
    play.tally.time_anew(play.log.now());
    let errors = play.tally.errors();
    let stretch = Stretch::begin(scene)?;
    let churn = Churn {
        scene,
        visitors: &visitors,
        manner: reads,
        every: Duration::from_secs_f64(1.0 / (CHURN * options.times as f64)),
    };
    let (churned, ()) = tokio::join!(churn.run(long), talk.run(rate * VISITORS_SHARE, long));
    let spent = stretch.end(scene)?;
    let (gone, come) = churned?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    report.figure("mixed.messages_per_s", spent.acks_per_second(), "/s", Target::None);
    // The usual load is held to more than what is a multiple of it.
    let (ack, delivery_p50, delivery) =
        if options.times == 1 { (100.0, Target::AtMost(5.0), 50.0) } else { (250.0, Target::None, 300.0) };
    let (acks, deliveries) = (play.tally.ack_times.take(), play.tally.delivery_times.take());
    report.times("mixed.ack", &acks, Target::None, Target::AtMost(ack));
    report.times("mixed.delivery", &deliveries, delivery_p50, Target::AtMost(delivery));
    let errors: Vec<(&str, u64)> =
        play.tally.errors().iter().zip(errors).map(|((kind, now), (_, before))| (*kind, now - before)).collect();
    let all: u64 = errors.iter().map(|(_, count)| count).sum();
    report.figure("mixed.errors", all as f64, "", Target::AtMost(0.0));
    for (kind, count) in errors.iter().filter(|(_, count)| *count > 0) {
        report.figure(&format!("mixed.errors_{kind}"), *count as f64, "", Target::None);
    }
    report.figure("mixed.gaps_seen", play.tally.gaps.now() as f64, "", Target::None);
    spent.per_message("mixed.cpu", report);
    let bare = raw.after("mixed", report).await?;
    bare.times("mixed.ack", &acks, report);
    bare.times("mixed.delivery", &deliveries, report);
    bare.writes("mixed.messages", spent.acks_per_second(), report);

    scene.clients.retain(|client| !gone.iter().any(|left| Arc::ptr_eq(left, client)));
    scene.clients.extend(come);
    judge(scene, "mixed", report, Duration::from_mins(1)).await?;

    farewell(scene, "mixed", report, before).await?;
    let after = scene.fleet.footprint();
    report.figure("mixed.rss_before_mb", before.rss as f64 / 1_048_576.0, "MiB", Target::None);
    report.figure("mixed.rss_after_ratio", after.rss as f64 / before.rss.max(1) as f64, "", Target::AtMost(1.1));
    Ok(())
}

/// Visitors in conversation: each writes some messages, then somebody else begins.
struct Talk<'a> {
    visitors: &'a Mutex<Vec<Arc<Client>>>,
    talking: Vec<Arc<Client>>,
    most: usize,
    chance: Chance,
}

impl Talk<'_> {
    /// So many messages a second in all, whatever the answers.
    async fn run(&mut self, rate: f64, long: Duration) {
        let began = Instant::now();
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        let mut sent = 0_u64;
        while began.elapsed() < long {
            tick.tick().await;
            let due = (began.elapsed().as_secs_f64() * rate) as u64;
            while sent < due {
                sent += 1;
                self.say();
            }
        }
    }

    fn say(&mut self) {
        if self.talking.len() < self.most {
            let visitors = self.visitors.lock().unwrap_or_else(PoisonError::into_inner);
            self.talking.extend(visitors.get(self.chance.below(visitors.len() as u64) as usize).cloned());
        }
        for _ in 0..50 {
            let at = self.chance.below(self.talking.len().max(1) as u64) as usize;
            let Some(visitor) = self.talking.get(at) else { return };
            let is_here = visitor.is_here();
            if is_here {
                visitor.send(None);
            }
            if !is_here || self.chance.below(WRITES) == 0 {
                self.talking.swap_remove(at);
            }
            if is_here {
                return;
            }
        }
    }
}

/// Visitors who go, come, lose their connection, and write by HTTP.
struct Churn<'a> {
    scene: &'a Scene,
    visitors: &'a Mutex<Vec<Arc<Client>>>,
    manner: Manner,
    every: Duration,
}

impl Churn<'_> {
    /// Gives those who went and those who came.
    async fn run(&self, long: Duration) -> Outcome<(Vec<Arc<Client>>, Vec<Arc<Client>>)> {
        let chance = self.scene.play.chance.part("churn");
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        let began = Instant::now();
        let mut tick = tokio::time::interval(self.every);
        while began.elapsed() < long {
            tick.tick().await;
            match chance.below(4) {
                0 => {
                    if let Some(visitor) = self.one(chance.bits()) {
                        visitor.cut();
                    }
                }
                1 => {
                    let left = self.take_one(chance.bits());
                    if let Some(visitor) = left {
                        visitor.leave().await;
                        gone.push(visitor);
                    }
                }
                2 => {
                    if let Some(visitor) = self.one(chance.bits()) {
                        visitor.post().await?;
                    }
                }
                _ => {
                    let Some(tenant) = self.company(chance.bits()) else { continue };
                    let visitor = Client::visitor(&self.scene.play, tenant, self.manner).await?;
                    visitor.connect();
                    come.push(Arc::clone(&visitor));
                    self.visitors.lock().unwrap_or_else(PoisonError::into_inner).push(visitor);
                }
            }
        }
        // Who came and went again is not among those to look at in the end.
        come.retain(|visitor| !gone.iter().any(|left| Arc::ptr_eq(left, visitor)));
        Ok((gone, come))
    }

    fn company(&self, draw: u64) -> Option<&Tenant> {
        let tenants = &self.scene.tenants;
        tenants.get(draw as usize % tenants.len().max(1))
    }

    fn one(&self, draw: u64) -> Option<Arc<Client>> {
        let visitors = self.visitors.lock().unwrap_or_else(PoisonError::into_inner);
        visitors.get(draw as usize % visitors.len().max(1)).cloned()
    }

    fn take_one(&self, draw: u64) -> Option<Arc<Client>> {
        let mut visitors = self.visitors.lock().unwrap_or_else(PoisonError::into_inner);
        let at = draw as usize % visitors.len().max(1);
        (at < visitors.len()).then(|| visitors.swap_remove(at))
    }
}
