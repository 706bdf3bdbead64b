//! One conversation that many write into at once, at several servers: its order is one, the same for everybody, and it goes on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use futures::future::{join_all, try_join, try_join_all};
use load::actors::{Client, Manner, Shows};
use load::check;
use load::cursor::Cursor;
use load::report::{Report, Target};
use load::scene::Scene;
use load::{Doing as _, Outcome};
use uuid::Uuid;

use super::overload::first_words;
use super::raw::Raw;
use super::{Spent, Stretch, chat_of, farewell, judge, now, rehearse, write_on};
use crate::Common;

/// Options of `hot`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Tabs of the visitor that write
    #[arg(long)]
    tabs: Option<usize>,
    /// Consoles that write
    #[arg(long)]
    agents: Option<usize>,
    /// Those who only watch: half of them consoles, half of them further tabs
    #[arg(long)]
    watchers: Option<usize>,
    /// Those who read over HTTP from the last place they have seen: half of them agents, half of them the visitor
    #[arg(long, default_value_t = 4)]
    cursors: usize,
}

/// Between two looks of somebody who reads by a cursor.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a cursor may take to come to the end afterwards.
const CATCHES_UP_WITHIN: Duration = Duration::from_mins(2);

/// Plays it.
pub(crate) async fn play(options: &Options, scene: &mut Scene, report: &mut Report) -> Outcome<()> {
    let common = &options.common;
    let (tabs, agents) = (common.size(options.tabs, 44, 12), common.size(options.agents, 20, 4));
    let watching = common.size(options.watchers, 20, 6);
    let long = common.seconds(60, 10);
    scene.companies(1).await?;
    let before = rehearse(scene, 1, 50).await?;
    now(&format!("{tabs} tabs of one visitor and {agents} consoles come, and {watching} who watch"));
    let visitor = scene.visitors(1, 1, Manner::default()).await?;
    first_words(&visitor).await?;
    let chat = chat_of(visitor.first().doing(|| "find the visitor".to_owned())?).await?;
    let manner = Manner { shows: Shows::All, ..Manner::default() };
    let mut writers = scene.tabs(&visitor, tabs).await?;
    writers.extend(scene.agents(1, agents, manner).await?);
    let mut watchers = scene.agents(1, watching / 2, manner).await?;
    watchers.extend(scene.tabs(&visitor, watching - watching / 2).await?);
    let mut readers = readers(options, scene, &visitor).await?;

    let raw = Raw::before(scene, common).await?;
    write(scene, &writers, chat, Duration::from_secs(2)).await?;
    now(&format!("{} write into one conversation for {} s", writers.len(), long.as_secs()));
    let tally = &scene.play.tally;
    let (put_off, gaps) = (tally.later_sends.now(), tally.gaps.now());
    tally.time_anew(scene.play.log.now());
    let until = Instant::now() + long;
    let reading = async { Ok(join_all(readers.iter_mut().map(|reader| reader.go_on(chat, until))).await) };
    let (spent, _) = try_join(write(scene, &writers, chat, long), reading).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (acks, deliveries) = (tally.ack_times.take(), tally.delivery_times.take());

    report.figure("hot.servers", scene.fleet.servers.len() as f64, "", Target::None);
    report.figure("hot.writers", writers.len() as f64, "", Target::None);
    report.figure("hot.messages", spent.acks as f64, "", Target::None);
    report.figure("hot.acked_per_s", spent.acks_per_second(), "/s", Target::AtLeast(100.0));
    report.times("hot.ack", &acks, Target::None, Target::AtMost(500.0));
    report.times("hot.delivery", &deliveries, Target::None, Target::None);
    report.figure("hot.put_off", (tally.later_sends.now() - put_off) as f64, "", Target::None);
    report.figure("hot.gaps_asked_for", (tally.gaps.now() - gaps) as f64, "", Target::None);
    spent.per_message("hot.cpu", report);
    let bare = raw.after("hot", report).await?;
    bare.times("hot.ack", &acks, report);
    bare.writes("hot.acked", spent.acks_per_second(), report);

    judge(scene, "hot", report, Duration::from_mins(1)).await?;
    let alike = check::whole(&scene.services, &scene.tenants, &watchers).await?;
    report.figure("hot.watchers", watchers.len() as f64, "", Target::None);
    report.figure("hot.watchers_alike", part(alike, watchers.len()), "", Target::AtLeast(1.0));
    cursors(scene, &mut readers, chat, report).await?;
    farewell(scene, "hot", report, before).await
}

/// How much of all that is. Nobody is not everybody.
fn part(some: usize, all: usize) -> f64 {
    some as f64 / all.max(1) as f64
}

/// All of them write, the next message when the last is acknowledged, for one window.
async fn write(scene: &Scene, writers: &[Arc<Client>], chat: Uuid, long: Duration) -> Outcome<Spent> {
    let (until, stretch) = (Instant::now() + long, Stretch::begin(scene)?);
    let writing = writers.iter().map(|writer| {
        let into = writer.is_agent.then_some(chat);
        write_on(writer, into, move |_| Instant::now() < until)
    });
    try_join_all(writing).await?;
    stretch.end(scene)
}

/// Somebody who reads by a cursor, and has no socket.
struct Reader {
    client: Arc<Client>,
    cursor: Cursor,
    pages: u64,
    failed: u64,
}

async fn readers(options: &Options, scene: &Scene, visitor: &[Arc<Client>]) -> Outcome<Vec<Reader>> {
    let company = scene.tenants.first().doing(|| "find the company".to_owned())?;
    let mut readers = Vec::new();
    for number in 0..options.cursors {
        let client = match visitor.first().filter(|_| number % 2 == 1) {
            Some(visitor) => visitor.tab(Manner::default()),
            None => Client::agent(&scene.play, company, Manner::default()).await?,
        };
        readers.push(Reader { client, cursor: Cursor::default(), pages: 0, failed: 0 });
    }
    Ok(readers)
}

impl Reader {
    /// Reads on once. Whether there is more, if it was answered.
    async fn read(&mut self, chat: Uuid) -> Option<bool> {
        match self.client.read_on(chat, self.cursor.after()).await {
            Ok((page, more)) => {
                self.pages += 1;
                self.cursor.take(&page);
                Some(more)
            }
            Err(_) => {
                self.failed += 1;
                None
            }
        }
    }

    async fn go_on(&mut self, chat: Uuid, until: Instant) {
        while Instant::now() < until {
            if self.read(chat).await != Some(true) {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Reads to the end, once nobody writes any more.
    async fn catch_up(&mut self, chat: Uuid) {
        let until = Instant::now() + CATCHES_UP_WITHIN;
        while Instant::now() < until {
            match self.read(chat).await {
                Some(false) => return,
                Some(true) => {}
                None => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
    }
}

/// Whether those who read by a cursor have missed nothing, and read what is stored.
async fn cursors(scene: &Scene, readers: &mut [Reader], chat: Uuid, report: &mut Report) -> Outcome<()> {
    for reader in &mut *readers {
        reader.catch_up(chat).await;
    }
    let company = scene.tenants.first().doing(|| "find the company".to_owned())?;
    let truth = check::truth::read(&mut scene.services.admin().await?, company).await?;
    let alike = readers.iter().filter(|reader| {
        let stored = check::visible(&truth, reader.client.is_agent);
        stored.get(&chat).is_some_and(|stored| stored == reader.cursor.read())
    });
    let (alike, all) = (alike.count(), readers.len());
    let sum = |of: fn(&Reader) -> u64| readers.iter().map(of).sum::<u64>() as f64;
    report.figure("hot.cursor_pages", sum(|reader| reader.pages), "", Target::None);
    report.figure("hot.cursor_failed_requests", sum(|reader| reader.failed), "", Target::None);
    report.figure("hot.cursor_skips", sum(|reader| reader.cursor.skipped()), "", Target::AtMost(0.0));
    if all > 0 {
        report.figure("hot.cursors_alike", part(alike, all), "", Target::AtLeast(1.0));
    }
    Ok(())
}
