//! A line moves up, one place at a time: how soon everybody who waits is told, and how soon the next one is given to whoever is free.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use hdrhistogram::Histogram;
use load::actors::{Client, Given, Manner, Play, Remembers, Shows, Told};
use load::frame::Place;
use load::http::{Http, insist};
use load::report::{Report, Target};
use load::scene::{Scene, all_here};
use load::stage::{Tenant, enlist, sign_in};
use load::tally::Times;
use load::{Doing as _, Failed, Outcome};
use serde::de::IgnoredAny;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use super::overload::first_words;
use super::raw::Raw;
use super::{Stretch, farewell, judge, now, rehearse};
use crate::Common;

/// Options of `line`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Agents who take one conversation each
    #[arg(long)]
    agents: Option<u32>,
    /// Visitors who stand in line in the beginning
    #[arg(long)]
    waiting: Option<u32>,
    /// Conversations that agents end in a second, all together
    #[arg(long, default_value_t = 2.0)]
    rate: f64,
}

/// Sign-ins come from addresses of their own, far from those of the actors.
const FIRST_ADDRESS: u32 = 4_000_000;
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take until all stand in line and know where.
const STANDS_WITHIN: Duration = Duration::from_mins(2);
/// What was not heard in this time counts as not heard.
const HEARD_WITHIN: Duration = Duration::from_secs(10);
/// What is promised of both, in milliseconds.
const PROMISED: Target = Target::AtMost(1000.0);

/// Plays it.
pub(crate) async fn play(options: &Options, scene: &mut Scene, report: &mut Report) -> Outcome<()> {
    let common = &options.common;
    let (agents, waiting) = (common.size(options.agents, 5, 3).max(1), common.size(options.waiting, 200, 60));
    let long = common.seconds(20, 8);
    let pause = Duration::try_from_secs_f64(1.0 / options.rate).ok().filter(|pause| !pause.is_zero());
    let pause = pause.doing(|| format!("end {} conversations a second", options.rate))?;
    // In a line that has run empty nobody is left who could be told.
    if long.as_secs_f64() * options.rate + f64::from(agents) >= f64::from(waiting) {
        return Err(Failed::because(format!(
            "{waiting} visitors are too few: the line would run empty within {long:?}"
        )));
    }

    scene.companies(1).await?;
    let before = rehearse(scene, 1, 50).await?;
    now(&format!("{agents} agents come, and {waiting} visitors more than they can take"));
    let desks = open_desks(scene, agents).await?;
    let remembers = Manner { remembers: Remembers::Line, ..Manner::default() };
    let visitors = scene.visitors(1, (waiting + agents) as usize, remembers).await?;
    first_words(&visitors).await?;
    all_stand(&visitors, &desks, waiting).await?;
    let raw = Raw::before(scene, common).await?;
    all_stand(&visitors, &desks, waiting).await?;

    now(&format!("{} conversations a second end", options.rate));
    let play = Arc::clone(&scene.play);
    let (since, stretch) = (play.log.now(), Stretch::begin(scene)?);
    let changes = serve(&play, &desks, pause, long).await?;
    let spent = stretch.end(scene)?;
    let seen = all_heard(&visitors, &desks, &changes, since).await;
    let (pushed, given) = (seen.pushed.times(), seen.given.times());
    report.figure("line.waiting", f64::from(waiting), "", Target::None);
    // A server that stood still would have been asked for fewer.
    let most = 0.9 * long.as_secs_f64() * options.rate;
    report.figure("line.changes", changes.len() as f64, "", Target::AtLeast(most));
    report.figure("line.told", seen.pushed.micros.len() as f64, "", Target::AtLeast(1.0));
    report.times("line.pushed", &pushed, Target::None, PROMISED);
    report.figure("line.pushed_max_ms", pushed.max() as f64 / 1000.0, "ms", Target::None);
    report.figure("line.untold", seen.pushed.missing as f64, "", Target::AtMost(0.0));
    report.figure("line.backward", seen.backward as f64, "", Target::AtMost(0.0));
    report.times("line.given", &given, Target::None, PROMISED);
    report.figure("line.not_given", seen.given.missing as f64, "", Target::AtMost(0.0));
    report.figure("line.server_core_percent", spent.server / spent.seconds * 100.0, "%", Target::None);
    report.figure("line.postgres_core_percent", spent.postgres / spent.seconds * 100.0, "%", Target::None);
    let bare = raw.after("line", report).await?;
    bare.times("line.pushed", &pushed, report);
    judge(scene, "line", report, Duration::from_secs(30)).await?;
    farewell(scene, "line", report, before).await
}

/// An agent, and the console that is open before them.
struct Desk {
    tenant: Tenant,
    agent: Uuid,
    client: Arc<Client>,
}

/// Agents who are online, and take one conversation each.
async fn open_desks(scene: &mut Scene, count: u32) -> Outcome<Vec<Desk>> {
    let company = scene.tenants.first().doing(|| "find the company".to_owned())?.clone();
    let play = Arc::clone(&scene.play);
    // Whoever is online counts as having room, also the owner, at whose desk nobody sits.
    choose(&play, &company, "busy").await?;
    let emails = enlist(&mut scene.services.admin().await?, &company, count, 1).await?;
    let mut desks = Vec::new();
    for (from, email) in (FIRST_ADDRESS..).zip(emails) {
        let tenant = sign_in(play.target()?, from, &company, &email).await?;
        choose(&play, &tenant, "online").await?;
        let agent = load::ids::decode(&tenant.owner.agent).doing(|| "read an agent's id".to_owned())?;
        let manner = Manner { shows: Shows::Nothing, remembers: Remembers::Line, ..Manner::default() };
        let client = Client::agent(&play, &tenant, manner).await?;
        client.connect();
        scene.clients.push(Arc::clone(&client));
        desks.push(Desk { tenant, agent, client });
    }
    let clients: Vec<Arc<Client>> = desks.iter().map(|desk| Arc::clone(&desk.client)).collect();
    all_here(&clients, PATIENCE).await?;
    Ok(desks)
}

/// Asks as somebody of the company, for something that has to be done.
async fn put(play: &Play, tenant: &Tenant, path: &str, body: &str) -> Outcome<()> {
    let http = Http::new([127, 0, 0, 1].into(), play.target()?, Some(tenant.guard.clone()));
    let reply = insist(&mut http.with_token(&tenant.owner.token), "PUT", path, body, PATIENCE).await?;
    reply.read::<IgnoredAny>().map(drop)
}

async fn choose(play: &Play, tenant: &Tenant, availability: &str) -> Outcome<()> {
    put(play, tenant, "/v1/agents/me/availability", &format!(r#"{{"availability":"{availability}"}}"#)).await
}

/// Waits until so many stand in line and each knows where, and every agent has something in hand.
async fn all_stand(visitors: &[Arc<Client>], desks: &[Desk], waiting: u32) -> Outcome<()> {
    let began = Instant::now();
    loop {
        let places = visitors.iter().filter_map(|visitor| visitor.place()).map(|place| place.position).collect();
        if is_a_line(places, waiting) && desks.iter().all(|desk| desk.in_hand().is_some()) {
            return Ok(());
        }
        if began.elapsed() > STANDS_WITHIN {
            return Err(Failed::because(format!("{waiting} visitors do not stand in line after {STANDS_WITHIN:?}")));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether these are the places of so many, each at one of their own.
fn is_a_line(mut places: Vec<u32>, waiting: u32) -> bool {
    places.sort_unstable();
    places.into_iter().eq(1..=waiting)
}

/// A conversation that was ended.
#[derive(Debug, Clone, Copy)]
struct Change {
    /// Who had it, and which it was.
    agent: Uuid,
    conversation: Uuid,
    /// When it was asked for, and when it was acknowledged.
    asked: u64,
    at: u64,
}

/// Agents end what they have in hand, one after the other, with this pause between any two. Gives the changes in the order in which they
/// were acknowledged.
async fn serve(play: &Play, desks: &[Desk], pause: Duration, long: Duration) -> Outcome<Vec<Change>> {
    let (began, count) = (Instant::now(), u32::try_from(desks.len()).unwrap_or(u32::MAX));
    let work =
        (0..count).zip(desks).map(|(turn, desk)| desk.work(play, began + pause * turn, pause * count, began + long));
    let ended: Vec<Outcome<Vec<Change>>> = futures::future::join_all(work).await;
    let ended: Vec<Vec<Change>> = ended.into_iter().collect::<Outcome<_>>()?;
    let mut changes = ended.concat();
    changes.sort_unstable_by_key(|change| change.at);
    Ok(changes)
}

impl Desk {
    /// What was given to them last, as far as their console has heard.
    fn in_hand(&self) -> Option<Uuid> {
        self.client.given().iter().rfind(|given| given.agent == self.agent).map(|given| given.conversation)
    }

    /// Ends one conversation at a time, as often as this, until the time is over.
    async fn work(&self, play: &Play, first: Instant, every: Duration, until: Instant) -> Outcome<Vec<Change>> {
        let mut clock = tokio::time::interval_at(first.into(), every);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut changes: Vec<Change> = Vec::new();
        loop {
            clock.tick().await;
            // Whoever was given nothing yet has nothing to end.
            let conversation = loop {
                if Instant::now() >= until {
                    return Ok(changes);
                }
                let ended = changes.last().map(|change| change.conversation);
                match self.in_hand().filter(|conversation| ended != Some(*conversation)) {
                    Some(conversation) => break conversation,
                    None => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            };
            let asked = play.log.now();
            let path = format!("/v1/conversations/{}/status", load::ids::conversation(conversation));
            put(play, &self.tenant, &path, r#"{"status":"resolved"}"#).await?;
            changes.push(Change { agent: self.agent, conversation, asked, at: play.log.now() });
        }
    }
}

/// What came of the changes.
struct Seen {
    pushed: Waits,
    given: Waits,
    backward: u64,
}

/// Waits until everything was heard that should be, or cannot be heard in time any more.
async fn all_heard(visitors: &[Arc<Client>], desks: &[Desk], changes: &[Change], since: u64) -> Seen {
    let began = Instant::now();
    loop {
        let waiters: Vec<Waiter> =
            visitors.iter().filter_map(|visitor| Waiter::since(since, &visitor.places())).collect();
        let acknowledged: Vec<u64> = changes.iter().map(|change| change.at).collect();
        let mut given = Waits::default();
        for desk in desks {
            given_next(desk.agent, changes, &desk.client.given(), &mut given);
        }
        let backward: u64 = waiters.iter().map(Waiter::backward).sum();
        let seen = Seen { pushed: moved_up(&waiters, &acknowledged), given, backward };
        if (seen.pushed.missing == 0 && seen.given.missing == 0) || began.elapsed() > HEARD_WITHIN {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// How long it took until things were heard, in microseconds, and how many were not heard in time.
#[derive(Debug, Default, PartialEq, Eq)]
struct Waits {
    micros: Vec<u64>,
    missing: u64,
}

impl Waits {
    /// What is heard before whoever caused it has their answer took no time.
    fn note(&mut self, since: u64, heard: Option<u64>) {
        let took = heard.map(|at| at.saturating_sub(since));
        self.missing += u64::from(took.is_none_or(|took| Duration::from_micros(took) > HEARD_WITHIN));
        self.micros.extend(took);
    }

    fn times(&self) -> Histogram<u64> {
        let times = Times::default();
        for took in &self.micros {
            times.note(*took);
        }
        times.take()
    }
}

/// Somebody in line: where they stood before the first change, and what they were told from then on.
#[derive(Debug)]
struct Waiter {
    stood: Place,
    told: Vec<Told>,
}

impl Waiter {
    /// Nobody, if they did not stand in line then.
    fn since(since: u64, told: &[Told]) -> Option<Self> {
        let (before, told) = told.split_at(told.partition_point(|told| told.at < since));
        Some(Self { stood: before.last()?.place?, told: told.to_vec() })
    }

    /// How often they were told to stand further back than before, or their bar moved back. Nobody is let in ahead here.
    fn backward(&self) -> u64 {
        let before = std::iter::once(Some(self.stood)).chain(self.told.iter().map(|told| told.place));
        let is_back = |(was, is): (Option<Place>, Option<Place>)| match (was, is) {
            (Some(was), Some(is)) => is.position > was.position || is.progress < was.progress,
            (None, Some(_)) => true,
            (Some(_) | None, None) => false,
        };
        before.zip(self.told.iter().map(|told| told.place)).filter(|step| is_back(*step)).count() as u64
    }
}

/// Each change moves everybody up by one. For each, and for everybody who waits after it: the time until they are told to stand there, or
/// further up, because one frame may tell of several changes; who has left the line stands before it.
fn moved_up(waiters: &[Waiter], acknowledged: &[u64]) -> Waits {
    let mut waits = Waits::default();
    for waiter in waiters {
        for (at, due) in acknowledged.iter().zip((1..waiter.stood.position).rev()) {
            let stands = |told: &&Told| told.place.map_or(0, |place| place.position) <= due;
            waits.note(*at, waiter.told.iter().find(stands).map(|told| told.at));
        }
    }
    waits
}

/// For each conversation that this agent ended: the time until their console heard that they were given another one.
fn given_next(agent: Uuid, changes: &[Change], heard: &[Given], waits: &mut Waits) {
    for change in changes.iter().filter(|change| change.agent == agent) {
        // What they ended goes on changing for a while.
        let is_next = |given: &&Given| {
            given.agent == agent && given.at >= change.asked && given.conversation != change.conversation
        };
        waits.note(change.at, heard.iter().find(is_next).map(|given| given.at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(position: u32, progress: f32) -> Place {
        Place { position, progress }
    }

    fn told(at: u64, position: u32) -> Told {
        Told { at, place: Some(place(position, 0.5)) }
    }

    fn waiter(stood: u32, told: Vec<Told>) -> Waiter {
        Waiter { stood: place(stood, 0.5), told }
    }

    #[test]
    fn a_line_is_all_its_places_and_each_once() {
        assert!(is_a_line(vec![3, 1, 2], 3));
        for wrong in [vec![1, 2], vec![1, 2, 2], vec![2, 3, 4], vec![1, 2, 3, 4]] {
            assert!(!is_a_line(wrong.clone(), 3), "{wrong:?}");
        }
    }

    #[test]
    fn one_frame_may_tell_of_several_changes_and_counts_for_each() {
        // Two changes in one frame, after an estimate that moved nobody; the third is told before it is acknowledged.
        let fifth = waiter(5, vec![told(50, 5), told(900, 3), told(1_900, 2)]);
        assert_eq!(moved_up(&[fifth], &[100, 600, 2_000]), Waits { micros: vec![800, 300, 0], missing: 0 });
    }

    #[test]
    fn who_was_given_away_is_told_of_what_came_before_and_of_nothing_after() {
        let left = Told { at: 700, place: None };
        let (head, third) = (waiter(1, vec![left]), waiter(3, vec![told(300, 2), left]));
        assert_eq!(moved_up(&[head, third], &[100, 200, 650, 900]), Waits { micros: vec![200, 500], missing: 0 });
    }

    #[test]
    fn what_is_told_too_late_or_never_is_missing() {
        let late = waiter(3, vec![told(10_000_101, 2)]);
        assert_eq!(moved_up(&[late], &[100, 200]), Waits { micros: vec![10_000_001], missing: 2 });
        let in_time = waiter(2, vec![told(10_000_100, 1)]);
        assert_eq!(moved_up(&[in_time], &[100]), Waits { micros: vec![10_000_000], missing: 0 });
    }

    #[test]
    fn only_who_stood_in_line_is_asked_where_they_stand() {
        let heard = [told(10, 4), told(20, 3), told(30, 2)];
        let waiter = Waiter::since(30, &heard).unwrap();
        assert_eq!((waiter.stood.position, waiter.told.as_slice()), (3, &heard[2..]));
        assert!(Waiter::since(10, &heard).is_none(), "they came later");
        assert!(Waiter::since(40, &[told(10, 1), Told { at: 20, place: None }]).is_none(), "they had left it");
    }

    #[test]
    fn a_place_or_a_bar_that_moves_back_is_found() {
        let step = |position, progress| Told { at: 1, place: Some(place(position, progress)) };
        let left = Told { at: 1, place: None };
        assert_eq!(waiter(3, vec![step(3, 0.5), step(2, 0.6), step(2, 0.7), left]).backward(), 0);
        assert_eq!(waiter(3, vec![step(4, 0.5), step(3, 0.5)]).backward(), 1, "a place");
        assert_eq!(waiter(3, vec![step(2, 0.4), step(1, 0.3)]).backward(), 2, "a bar, twice");
        assert_eq!(waiter(1, vec![left, step(1, 0.9)]).backward(), 1, "back in line");
    }

    #[test]
    fn the_next_one_is_another_than_the_one_that_ended_and_ones_own() {
        let [ana, ben, first, second, third] = [1, 2, 11, 12, 13].map(Uuid::from_u128);
        let given = |at, conversation, agent| Given { at, conversation, agent };
        let heard = [
            given(10, first, ana),
            given(120, first, ana),
            given(130, third, ben),
            given(400, second, ana),
            given(450, second, ana),
        ];
        let change = |agent, conversation, asked, at| Change { agent, conversation, asked, at };
        let mut waits = Waits::default();
        given_next(ana, &[change(ana, first, 100, 150), change(ben, third, 100, 150)], &heard, &mut waits);
        assert_eq!(waits, Waits { micros: vec![250], missing: 0 });
        given_next(ana, &[change(ana, second, 500, 550)], &heard, &mut waits);
        assert_eq!(waits, Waits { micros: vec![250], missing: 1 });
    }
}
