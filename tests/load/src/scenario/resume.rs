//! Sockets that were away while much was written come back: how long until the last of it is on the screen, for one alone and for many
//! in the same moment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use futures::future::try_join_all;
use load::actors::{Client, Manner};
use load::report::{Report, Target};
use load::scene::Scene;
use load::tally::Times;
use load::{Doing as _, Failed, Outcome, check};
use uuid::Uuid;

use super::overload::first_words;
use super::raw::Raw;
use super::{chat_of, farewell, judge, now, rehearse, write_on};
use crate::Common;

/// Options of `resume`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// How many messages each of them misses
    #[arg(long, default_value_t = 1_000)]
    missed: usize,
    /// Sockets that come back in the same moment, and as many one after the other
    #[arg(long)]
    at_once: Option<usize>,
    /// How many companies they are of
    #[arg(long)]
    companies: Option<u32>,
    /// How often; each time others come back
    #[arg(long)]
    rounds: Option<usize>,
}

/// How long it may take until everybody who goes is gone.
const GONE_WITHIN: Duration = Duration::from_secs(10);
/// Who does not show the last message by then counts as late, and as having taken so long.
const BACK_WITHIN: Duration = Duration::from_secs(30);
/// How often the screens are looked at.
const LOOK: Duration = Duration::from_millis(1);
/// What is promised of the slowest in a hundred, in milliseconds.
const PROMISED: Target = Target::AtMost(500.0);

/// Plays it.
pub(crate) async fn play(options: &Options, scene: &mut Scene, report: &mut Report) -> Outcome<()> {
    let common = &options.common;
    let (count, companies) = (common.size(options.at_once, 50, 10), common.size(options.companies, 50, 10));
    let rounds = common.size(options.rounds, 4, 1);
    now(&format!("{companies} companies sign up"));
    scene.companies(companies).await?;
    let companies = companies as usize;
    let before = rehearse(scene, companies, 50).await?;
    let raw = Raw::before(scene, common).await?;
    let (mut one, mut many, mut back) = (Way::default(), Way::default(), Vec::new());
    let resets = scene.play.tally.resets.now();
    for round in 1..=rounds {
        now(&format!(
            "round {round} of {rounds}: {} visitors go, and {} messages are written to each",
            2 * count,
            options.missed
        ));
        let (first, then) =
            (away(options, scene, companies, count).await?, away(options, scene, companies, count).await?);
        one.one_by_one(&first).await;
        many.at_once(&then).await;
        back.extend(first.into_iter().chain(then).map(|gone| gone.client));
    }
    let bare = raw.after("resume", report).await?;
    report.figure("resume.missed", options.missed as f64, "", Target::None);
    report.figure("resume.at_once", count as f64, "", Target::None);
    report.figure("resume.came_back", back.len() as f64, "", Target::None);
    report.figure("resume.loaded_anew", (scene.play.tally.resets.now() - resets) as f64, "", Target::None);
    for (name, way) in [("resume.one", one), ("resume.many", many)] {
        let times = way.times.take();
        report.times(name, &times, Target::None, PROMISED);
        report.figure(&format!("{name}_late"), way.late as f64, "", Target::AtMost(0.0));
        bare.times(name, &times, report);
    }
    judge(scene, "resume", report, Duration::from_mins(1)).await?;
    let whole = check::whole(&scene.services, &scene.tenants, &back).await?;
    report.figure("resume.whole", whole as f64 / back.len().max(1) as f64, "", Target::AtLeast(1.0));
    farewell(scene, "resume", report, before).await
}

/// Somebody who is away, and what they have not seen.
struct Gone {
    client: Arc<Client>,
    chat: Uuid,
    /// The last message that was written meanwhile.
    last: i64,
}

impl Gone {
    /// Whether the last message is on the screen, and all before it.
    fn has_all(&self) -> bool {
        self.client.seen().into_iter().any(|(chat, place)| chat == self.chat && place >= self.last)
    }
}

/// Visitors who said a word and have gone since; another tab of theirs has written on.
async fn away(options: &Options, scene: &mut Scene, companies: usize, count: usize) -> Outcome<Vec<Gone>> {
    let visitors = scene.visitors(companies, count, Manner::default()).await?;
    first_words(&visitors).await?;
    let mut chats = Vec::with_capacity(visitors.len());
    for visitor in &visitors {
        chats.push(chat_of(visitor).await?);
    }
    let writers = scene.tabs(&visitors, 1).await?;
    for visitor in &visitors {
        visitor.stay_away(true);
    }
    all_gone(&visitors).await?;
    let missed = options.missed;
    let writing = writers.iter().map(|writer| write_on(writer, None, move |written| written < missed));
    let places = try_join_all(writing).await?;
    scene.dismiss(&writers).await;
    let gone = visitors.into_iter().zip(chats).zip(places);
    let gone = gone.map(|((client, chat), last)| {
        let last = last.doing(|| "come back to something new: nothing was written".to_owned());
        last.map(|last| Gone { client, chat, last })
    });
    gone.collect()
}

async fn all_gone(visitors: &[Arc<Client>]) -> Outcome<()> {
    let began = Instant::now();
    while let Some(stays) = visitors.iter().find(|visitor| visitor.is_here()) {
        if began.elapsed() > GONE_WITHIN {
            return Err(Failed::because(format!("actor {} does not go", stays.number)));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// How long those took who came back in one way.
#[derive(Default)]
struct Way {
    times: Times,
    late: u64,
}

impl Way {
    /// The next comes when the one before shows everything.
    async fn one_by_one(&mut self, gone: &[Gone]) {
        for one in gone {
            self.at_once(std::slice::from_ref(one)).await;
        }
    }

    async fn at_once(&mut self, gone: &[Gone]) {
        let began = Instant::now();
        for one in gone {
            one.client.stay_away(false);
        }
        let mut missing: Vec<&Gone> = gone.iter().collect();
        while !missing.is_empty() && began.elapsed() < BACK_WITHIN {
            tokio::time::sleep(LOOK).await;
            let waited = missing.len();
            missing.retain(|one| !one.has_all());
            self.note(began.elapsed(), waited - missing.len());
        }
        self.note(began.elapsed(), missing.len());
        self.late += missing.len() as u64;
    }

    fn note(&self, took: Duration, how_many: usize) {
        for _ in 0..how_many {
            self.times.note(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
    }
}
