//! Hundreds of agents who come and go before a line of thousands, while everything around them breaks: does it drain, does
//! everybody go to one agent who is able, does nobody get too many, and is a free place ever left free while somebody waits?

mod able;
mod crowd;
mod floor;
mod lines;
mod watch;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use load::actors::{Client, Manner, Play};
use load::report::Target;
use load::stage::Tenant;
use load::{Doing as _, Outcome};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::nemesis::Arena;
use crate::pulse::Pulse;
use crate::run::{Extra, Findings, Setting, Troubles, beats, judge, strike_by_plan};
use crate::unrest::Unrest;
use crowd::Crowd;
use floor::Decided;
use lines::{Kind, Line};
use watch::{Seen, Watch};

/// One for each line, and the last one's pulse is taken.
const COMPANIES: u32 = 4;
/// How many people come in at once.
const AT_ONCE: usize = 24;
/// Sign-ins come from addresses of their own, far from those of the actors, and each line's from others.
const FIRST_ADDRESS: u32 = 4_000_000;
const ADDRESSES: u32 = 10_000;
/// Visitors go on coming into the long line while things break, so many a second.
const ARRIVALS: u64 = 5;
/// After the last fault, the whole line has to be served and everything resolved within this time.
const DRAINED_WITHIN: Duration = Duration::from_mins(8);
/// A place may stay free for so long while somebody waits.
const FREE_FOR: f64 = 1.0;
/// What somebody who is gone leaves behind is given to others within this time.
const GIVEN_ON_WITHIN: f64 = 30.0;

/// One line with all that belongs to it.
struct Place {
    line: Arc<Line>,
    crowd: Arc<Crowd>,
    watch: Watch,
}

/// Plays it.
pub(crate) async fn act(setting: &Setting, arena: &mut Arena) -> Outcome<Findings> {
    let scene = arena.fleet.scene_mut();
    scene.companies(COMPANIES).await?;
    let (pulse_company, companies) = scene.tenants.split_last().doing(|| "find a company".to_owned())?;
    let (pulse_company, companies) = (pulse_company.clone(), companies.to_vec());
    let play = Arc::clone(&scene.play);
    let came = play.tally.opened.now();
    let pulse = Pulse::take(&play, &arena.fleet, &pulse_company).await?;
    let mut broken = beats(&pulse).await;

    let unrest = Arc::<Unrest>::default();
    let mut places = Vec::new();
    for ((kind, company), first) in
        Kind::ALL.into_iter().zip(&companies).zip((FIRST_ADDRESS..).step_by(ADDRESSES as usize))
    {
        let line = Arc::new(Line::prepare(kind, &play, company, setting).await?);
        let crowd = Crowd::enlist(&play, &arena.admin, &line, setting.seed, first).await?;
        let talents = floor::endow(&arena.admin, &line).await?;
        let began = Instant::now();
        arrive(&play, &line).await?;
        eprintln!("  {} wait for {} agents, come in {:.1} s", line.waiting, line.agents, began.elapsed().as_secs_f64());
        let watch = Watch::begin(&arena.admin, &line, &crowd, talents, &unrest).await?;
        places.push(Place { line, crowd, watch });
    }
    let mut coming = Vec::new();
    for place in &places {
        place.crowd.begin();
        coming.push(tokio::spawn(keep_coming(Arc::clone(&play), Arc::clone(&place.line))));
    }
    let (wounds, struck) = strike_by_plan(setting, arena, &pulse, &unrest).await?;
    broken.extend(struck);
    coming.iter().for_each(tokio::task::JoinHandle::abort);
    let calm = Instant::now();
    let left = futures::future::join_all(places.iter().map(|place| place.watch.drained(DRAINED_WITHIN))).await;
    let drained = calm.elapsed();
    eprintln!("  the lines were served {:.1} s after the last fault", drained.as_secs_f64());
    for stayed in futures::future::join_all(places.iter().map(|place| place.crowd.stay())).await {
        stayed?;
    }

    let (asked, late) = pulse.waited();
    drop(pulse);
    let (mut decided, mut all_seen, mut crowds) = (Decided::default(), Vec::new(), Vec::new());
    for Place { line, crowd, watch } in places {
        all_seen.push(watch.end());
        decided.add(&floor::decided(&arena.admin, &line).await?);
        arena.fleet.scene_mut().clients.extend(crowd.clients());
        crowds.push(crowd);
    }
    let seen = Seen::together(all_seen);
    if let Some(at) = seen.freest_at {
        let at = play.log.now() as f64 / 1e6 - at.elapsed().as_secs_f64();
        eprintln!("  {at:>7.1} s  somebody had a place free for {:.2} s by then", seen.free_in_calm.as_secs_f64());
    }
    broken.extend(seen.broken.clone());
    let mut findings = judge(arena, Troubles { wounds, broken, late, asked }, came).await?;
    findings.more = extras(&seen, &crowds, &decided, left.iter().sum(), drained);
    Ok(findings)
}

fn extras(seen: &Seen, crowds: &[Arc<Crowd>], decided: &Decided, left: u64, drained: Duration) -> Vec<Extra> {
    let (none, some) = (Target::AtMost(0.0), Target::AtLeast(1.0));
    let count = |name, value: u64, target| Extra { name, value: value as f64, unit: "", target };
    let seconds = |name, value: Duration, target| Extra { name, value: value.as_secs_f64(), unit: "s", target };
    vec![
        count("drain.agents", crowds.iter().map(|crowd| crowd.count()).sum(), some),
        count("drain.agents_came_and_went", crowds.iter().map(|crowd| crowd.comings()).sum(), some),
        count("drain.waiting_max", seen.longest_line, some),
        count("drain.assigned", decided.given, some),
        count("drain.asked", seen.asked, some),
        count("drain.asked_in_vain", seen.asked_in_vain, some),
        count("drain.passed_on", seen.passed_on, some),
        count("drain.doubled", decided.doubled, none),
        count("drain.incapable", decided.incapable, none),
        count("drain.over_capacity", seen.over_capacity, none),
        count("drain.astray", seen.astray, none),
        count("drain.left_waiting", left, none),
        count("drain.looks", seen.looks, some),
        seconds("drain.free_while_waiting_s", seen.free_in_calm, Target::AtMost(FREE_FOR)),
        seconds("drain.free_while_waiting_in_faults_s", seen.free_in_faults, Target::None),
        seconds("drain.given_on_s", seen.given_on_in_calm, Target::AtMost(GIVEN_ON_WITHIN)),
        seconds("drain.given_on_in_faults_s", seen.given_on_in_faults, Target::None),
        seconds("drain.drained_s", drained, Target::None),
    ]
}

/// Visitors come, write, and stand in line: as many by each door.
async fn arrive(play: &Arc<Play>, line: &Line) -> Outcome<()> {
    let coming = futures::stream::iter(line.doors.iter().cycle().take(line.waiting)).map(|door| come(play, door));
    let came: Vec<Outcome<()>> = coming.buffer_unordered(AT_ONCE).collect().await;
    came.into_iter().collect()
}

async fn come(play: &Arc<Play>, door: &Tenant) -> Outcome<()> {
    let visitor = Client::visitor(play, door, Manner::default()).await?;
    visitor.post().await.map(drop)
}

async fn keep_coming(play: Arc<Play>, line: Arc<Line>) {
    let mut clock = interval(Duration::from_nanos(1_000_000_000 / line.arrivals.max(1)));
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for door in line.doors.iter().cycle() {
        clock.tick().await;
        let (play, door) = (Arc::clone(&play), door.clone());
        tokio::spawn(async move {
            // Who could not even come in gives up; who could is counted by what they sent.
            if come(&play, &door).await.is_err() {
                sleep(Duration::from_secs(1)).await;
            }
        });
    }
}
