//! The scenarios, and what they share.

pub(crate) mod batch;
mod beside;
pub(crate) mod billing;
pub(crate) mod fanout;
pub(crate) mod hot;
pub(crate) mod idle;
pub(crate) mod line;
pub(crate) mod mixed;
pub(crate) mod neighbour;
pub(crate) mod overload;
pub(crate) mod raw;
pub(crate) mod resume;
pub(crate) mod routing_sim;
pub(crate) mod send;
pub(crate) mod slow;
pub(crate) mod storm;
pub(crate) mod tenants;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use load::actors::{Client, Manner, Sent};
use load::chance::Chance;
use load::check;
use load::oplog::What;
use load::report::{Report, Target};
use load::scene::Scene;
use load::stage::{Footprint, cpu_seconds, own_cpu_seconds};
use load::{Doing as _, Failed, Outcome};
use uuid::Uuid;

use crate::Common;

/// Plays a scenario on a scene of its own, judges it, writes its figures. True when all targets are met.
pub(crate) async fn run(
    name: &str,
    common: &Common,
    play: impl AsyncFnOnce(&mut Scene, &mut Report) -> Outcome<()>,
) -> Outcome<bool> {
    let mut report = Report::new(name, common.seed);
    let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    let mut terminated = terminated.doing(|| "listen for signals".to_owned())?;
    let mut scene = Scene::open(&common.setting(name)).await?;
    let played = tokio::select! {
        played = play(&mut scene, &mut report) => played,
        _ = tokio::signal::ctrl_c() => Err(Failed::because("interrupted")),
        _ = terminated.recv() => Err(Failed::because("terminated")),
    };
    if let Some(path) = &common.oplog {
        scene.play.log.save(path)?;
    }
    let closed = scene.close().await;
    played?;
    closed?;
    println!("{}", report.table());
    report.save(&common.json(name))?;
    Ok(report.meets_all())
}

/// Says on stderr what happens now: some scenarios take minutes.
pub(crate) fn now(sentence: &str) {
    eprintln!("… {sentence}");
}

/// What was spent and done in a stretch of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) seconds: f64,
    pub(crate) acks: u64,
    pub(crate) deliveries: u64,
    pub(crate) server: f64,
    pub(crate) postgres: f64,
    pub(crate) generator: f64,
}

/// The beginning of a stretch of time.
pub(crate) struct Stretch {
    began: Instant,
    start: Spent,
}

fn spent(scene: &Scene) -> Outcome<Spent> {
    Ok(Spent {
        seconds: 0.0,
        acks: scene.play.tally.acks.now(),
        deliveries: scene.play.tally.deliveries.now(),
        server: scene.fleet.cpu_seconds(),
        postgres: cpu_seconds(scene.services.pid("Postgres")?),
        generator: own_cpu_seconds(std::process::id()),
    })
}

impl Stretch {
    pub(crate) fn begin(scene: &Scene) -> Outcome<Self> {
        Ok(Self { began: Instant::now(), start: spent(scene)? })
    }

    pub(crate) fn end(self, scene: &Scene) -> Outcome<Spent> {
        let (end, start) = (spent(scene)?, self.start);
        Ok(Spent {
            seconds: self.began.elapsed().as_secs_f64(),
            acks: end.acks - start.acks,
            deliveries: end.deliveries - start.deliveries,
            server: end.server - start.server,
            postgres: end.postgres - start.postgres,
            generator: end.generator - start.generator,
        })
    }
}

impl Spent {
    pub(crate) fn acks_per_second(&self) -> f64 {
        self.acks as f64 / self.seconds
    }

    /// Where the time goes: microseconds of processor for each acknowledged message.
    pub(crate) fn per_message(&self, name: &str, report: &mut Report) {
        let micros = |seconds: f64| seconds * 1e6 / (self.acks.max(1)) as f64;
        report.figure(&format!("{name}_server_us_per_message"), micros(self.server), "µs", Target::None);
        report.figure(&format!("{name}_postgres_us_per_message"), micros(self.postgres), "µs", Target::None);
        report.figure(&format!("{name}_generator_us_per_message"), micros(self.generator), "µs", Target::None);
    }
}

/// Visitors chosen at random among those who are connected send, so many a second in all, whatever the answers.
pub(crate) async fn pace(visitors: &Mutex<Vec<Arc<Client>>>, rate: f64, long: Duration, chance: &Chance) {
    let began = Instant::now();
    let mut tick = tokio::time::interval(Duration::from_millis(5));
    let mut sent = 0_u64;
    while began.elapsed() < long {
        tick.tick().await;
        let due = (began.elapsed().as_secs_f64() * rate) as u64;
        let visitors = visitors.lock().unwrap_or_else(PoisonError::into_inner);
        while sent < due {
            sent += 1;
            let draws = (0..50).filter_map(|_| visitors.get(chance.below(visitors.len() as u64) as usize));
            if let Some(visitor) = draws.into_iter().find(|visitor| visitor.is_here()) {
                visitor.send(None);
            }
        }
    }
}

/// One message after the other, the next when the last is acknowledged, as long as it `goes_on` after so many. The place of the last one.
pub(crate) async fn write_on(
    writer: &Client,
    conversation: Option<Uuid>,
    goes_on: impl Fn(usize) -> bool,
) -> Outcome<Option<i64>> {
    let (mut written, mut last) = (0, None);
    while goes_on(written) {
        match writer.send_and_wait(conversation).await? {
            Sent::At(place) => last = Some(place),
            Sent::Refused(code) => return Err(Failed::because(format!("a send was refused: {code}"))),
        }
        written += 1;
    }
    Ok(last)
}

/// The conversation of a visitor who has said a first word: the acknowledgement names it, and may come after the message itself.
pub(crate) async fn chat_of(visitor: &Client) -> Outcome<Uuid> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(10) {
        if let Some(chat) = visitor.chat() {
            return Ok(chat);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(Failed::because(format!("actor {} was not told of their conversation", visitor.number)))
}

/// Some come and go before anything is measured, and what the servers hold then is given: what one keeps for good after its first
/// visitors is not a leak.
pub(crate) async fn rehearse(scene: &mut Scene, companies: usize, visitors: usize) -> Outcome<Footprint> {
    let first = scene.visitors(companies, visitors, Manner::default()).await?;
    scene.dismiss(&first).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    Ok(scene.fleet.footprint())
}

/// Everybody goes, and what is still held then is written down.
pub(crate) async fn farewell(scene: &mut Scene, name: &str, report: &mut Report, before: Footprint) -> Outcome<()> {
    now("everybody goes");
    scene.leave().await;
    let held = check::leftovers(&scene.services, &scene.fleet, before, Duration::from_secs(20)).await?;
    for sentence in &held {
        eprintln!("  ✗ {sentence}");
    }
    report.figure(&format!("{name}.held_after_all_left"), held.len() as f64, "", Target::AtMost(0.0));
    Ok(())
}

/// Waits until everything tells one story, and writes down what does not.
pub(crate) async fn judge(scene: &Scene, name: &str, report: &mut Report, within: Duration) -> Outcome<()> {
    now("comparing what was acknowledged, stored and shown");
    let (verdict, took) = scene.settle(within).await?;
    report.verdict(name, &verdict);
    for example in &verdict.examples {
        eprintln!("  ✗ {example}");
    }
    let words = scene.fleet.words_in_logs()?;
    report.figure(&format!("{name}.words_in_logs"), words as f64, "", Target::AtMost(0.0));
    let log = &scene.play.log;
    report.figure(&format!("{name}.sends_checked"), log.count(What::Ok) as f64, "", Target::None);
    report.figure(&format!("{name}.settled_in_s"), took.as_secs_f64(), "s", Target::None);
    Ok(())
}
