//! Hundreds of agents who come and go before a line of thousands, while everything around them breaks: does it drain, does
//! everybody go to one agent, does nobody get too many, and is a free place ever left free while somebody waits?

mod crowd;
mod floor;
mod watch;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use load::actors::{Client, Manner, Play};
use load::http::insist;
use load::report::Target;
use load::stage::Tenant;
use load::{Doing as _, Outcome};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::nemesis::Arena;
use crate::pulse::Pulse;
use crate::run::{Extra, Findings, Setting, Troubles, beats, judge, strike_by_plan};
use crate::unrest::Unrest;
use crowd::Crowd;
use watch::{Seen, Watch};

/// How many people come in at once.
const AT_ONCE: usize = 24;
/// Visitors go on coming while things break, so many a second.
const ARRIVALS: u64 = 5;
/// After the last fault, the whole line has to be served and everything resolved within this time.
const DRAINED_WITHIN: Duration = Duration::from_mins(8);
/// A place may stay free for so long while somebody waits.
const FREE_FOR: f64 = 1.0;
/// What somebody who is gone leaves behind is given to others within this time.
const GIVEN_ON_WITHIN: f64 = 30.0;

/// Plays it.
pub(crate) async fn act(setting: &Setting, arena: &mut Arena) -> Outcome<Findings> {
    let scene = arena.fleet.scene_mut();
    scene.companies(2).await?;
    let (pulse_company, companies) = scene.tenants.split_last().doing(|| "find a company".to_owned())?;
    let company = companies.first().doing(|| "find another company".to_owned())?.clone();
    let (pulse_company, play) = (pulse_company.clone(), Arc::clone(&scene.play));
    let came = play.tally.opened.now();
    let pulse = Pulse::take(&play, &arena.fleet, &pulse_company).await?;
    let mut broken = beats(&pulse).await;

    let crowd = Crowd::enlist(&play, &arena.admin, &company, setting).await?;
    policy(&play, &company).await?;
    let began = Instant::now();
    arrive(&play, &company, setting.waiting).await?;
    eprintln!("  {} wait, come in {:.1} s", setting.waiting, began.elapsed().as_secs_f64());

    let unrest = Arc::<Unrest>::default();
    let watch = Watch::begin(&arena.admin, &company, &crowd, &unrest).await?;
    crowd.begin();
    let more = tokio::spawn(keep_coming(Arc::clone(&play), company.clone()));
    let (wounds, struck) = strike_by_plan(setting, arena, &pulse, &unrest).await?;
    broken.extend(struck);
    more.abort();
    let calm = Instant::now();
    let left = watch.drained(DRAINED_WITHIN).await;
    let drained = calm.elapsed();
    eprintln!("  the line was served {:.1} s after the last fault", drained.as_secs_f64());
    crowd.stay().await?;
    let seen = watch.end();
    if let Some(at) = seen.freest_at {
        let at = play.log.now() as f64 / 1e6 - at.elapsed().as_secs_f64();
        eprintln!("  {at:>7.1} s  somebody had a place free for {:.2} s by then", seen.free_in_calm.as_secs_f64());
    }
    broken.extend(seen.broken.clone());

    let (asked, late) = pulse.waited();
    drop(pulse);
    arena.fleet.scene_mut().clients.extend(crowd.clients());
    let mut findings = judge(arena, Troubles { wounds, broken, late, asked }, came).await?;
    let assigned = floor::assigned(&arena.admin, &company).await?;
    findings.more = extras(setting, &seen, &crowd, assigned, left, drained);
    Ok(findings)
}

fn extras(
    setting: &Setting,
    seen: &Seen,
    crowd: &Crowd,
    (assigned, doubled): (u64, u64),
    left: u64,
    drained: Duration,
) -> Vec<Extra> {
    let (none, some) = (Target::AtMost(0.0), Target::AtLeast(1.0));
    let count = |name, value: u64, target| Extra { name, value: value as f64, unit: "", target };
    let seconds = |name, value: Duration, target| Extra { name, value: value.as_secs_f64(), unit: "s", target };
    vec![
        count("drain.agents", setting.agents.into(), some),
        count("drain.agents_came_and_went", crowd.comings(), some),
        count("drain.waiting_max", seen.longest_line, some),
        count("drain.assigned", assigned, some),
        count("drain.doubled", doubled, none),
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

/// Who is gone is waited for as briefly as a company may choose.
async fn policy(play: &Play, company: &Tenant) -> Outcome<()> {
    let mut http = crowd::http(play, company)?;
    let patience = Duration::from_secs(30);
    let page: serde_json::Value = insist(&mut http, "GET", "/v1/assignment-policies", "", patience).await?.read()?;
    let policy = page.pointer("/data/0").doing(|| "find the first policy".to_owned())?;
    let id = policy.get("id").and_then(serde_json::Value::as_str).doing(|| "read its id".to_owned())?;
    let mut rules = policy.get("rules").doing(|| "read its rules".to_owned())?.clone();
    if let Some(rules) = rules.as_object_mut() {
        rules.insert("absent_seconds".to_owned(), 15.into());
    }
    let body = serde_json::json!({ "name": policy.get("name"), "rules": rules }).to_string();
    let path = format!("/v1/assignment-policies/{id}");
    insist(&mut http, "PUT", &path, &body, patience).await?.read::<serde_json::Value>().map(drop)
}

/// So many visitors come, write, and stand in line.
async fn arrive(play: &Arc<Play>, company: &Tenant, count: usize) -> Outcome<()> {
    let coming = futures::stream::iter(0..count).map(|_| come(play, company));
    let came: Vec<Outcome<()>> = coming.buffer_unordered(AT_ONCE).collect().await;
    came.into_iter().collect()
}

async fn come(play: &Arc<Play>, company: &Tenant) -> Outcome<()> {
    let visitor = Client::visitor(play, company, Manner::default()).await?;
    visitor.post().await.map(drop)
}

async fn keep_coming(play: Arc<Play>, company: Tenant) {
    let mut clock = interval(Duration::from_nanos(1_000_000_000 / ARRIVALS));
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let (play, company) = (Arc::clone(&play), company.clone());
        tokio::spawn(async move {
            // Who could not even come in gives up; who could is counted by what they sent.
            if come(&play, &company).await.is_err() {
                sleep(Duration::from_secs(1)).await;
            }
        });
    }
}
