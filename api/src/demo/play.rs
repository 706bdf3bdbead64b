//! The lively day: who comes when, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use infra::Chance;
use infra::config::Settings;
use infra::http::reqwest::Method;
use infra::http::{Cookies, client};
use infra::spoken::OrLog as _;
use serde::Deserialize;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::bo::{Bo, Colleague};
use super::doors::{DoorError, Doors, Identity, Keyring};
use super::script::{self, Book, Person, Story};
use super::seed::{self, AGENT, OWNER, PASSWORD};
use super::stage::{Stage, say};
use super::visitor::Visitor;

/// What the day is to be like.
pub(super) struct Day {
    pub(super) visitors: u32,
    pub(super) minutes: u32,
    pub(super) seed: Option<u64>,
    pub(super) url: Option<String>,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Deserialize)]
struct List<T> {
    data: Vec<T>,
}

#[derive(Deserialize)]
struct Inbox {
    key: String,
}

#[derive(Deserialize)]
struct Me {
    agent: Colleague,
}

/// Mixes a number into a seed, so that each player's chance is its own and a repeat plays the same day.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// Plays a day into the demo company, from outside.
pub(super) async fn play(settings: &Settings, day: Day) -> Outcome<()> {
    let base = day.url.as_deref().unwrap_or(&settings.public_url).trim_end_matches('/').to_owned();
    let seed = day.seed.unwrap_or_else(|| Chance::system().below(1_000_000));
    let over = CancellationToken::new();
    let visitors = Doors::new(
        client("Mozilla/5.0 (X11; Linux x86_64) Frontdesk-Demo/1.0", Cookies::Refused)?,
        base,
        over.clone(),
        Chance::seeded(seed),
    );
    visitors.knock().await?;
    let told = tokio::spawn(until_told(over.clone()));
    let office = visitors.with(client("Frontdesk-Demo/1.0", Cookies::Kept)?);
    let keys = Arc::new(Keyring::new(office, Identity::Member { email: AGENT.1, password: PASSWORD }));
    sign_in(settings, &day, &keys).await?;

    let stories = script::stories()?;
    let stage = set(&visitors, &keys, Book::of(&stories)).await?;
    greet(&stage, &day, seed);
    let bo = hire(&stage, Arc::clone(&keys), Chance::seeded(seed ^ MIX)).await?;
    let player = bo.me.name.clone();
    let mut players = JoinSet::new();
    players.spawn(bo.work());
    let mut guests = invite(&stage, stories, script::people()?, &day, seed, &player);

    let length = Duration::from_secs(u64::from(day.minutes) * 60);
    let mut finished = 0;
    let mut end = std::pin::pin!(stage.doors.pause(length));
    loop {
        tokio::select! {
            _ = &mut end => break,
            left = guests.join_next() => match left {
                Some(Ok(Err(error))) if !matches!(error, DoorError::Over) => stage.comment("!", &error.to_string()),
                Some(_) => finished += 1,
                None => break,
            },
            Some(Ok(Err(error))) = players.join_next() => {
                if !matches!(error, DoorError::Over) {
                    stage.comment("!", &format!("{player} cannot go on: {error}"));
                }
            }
        }
    }
    over.cancel();
    told.abort();
    stage.tracker.close();
    let leaving = async {
        while guests.join_next().await.is_some() {}
        while players.join_next().await.is_some() {}
        stage.tracker.wait().await;
    };
    // A socket that will not close is closed by the end of the process.
    drop(tokio::time::timeout(Duration::from_secs(3), leaving).await);
    sum_up(&stage, finished);
    Ok(())
}

/// Ends the play at Ctrl-C, or when told to stop.
async fn until_told(over: CancellationToken) {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    let Some(mut terminate) = terminate.or_log("waiting for signals") else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    over.cancel();
}

/// Signs Bo in. A server of our own that has no demo company gets one.
async fn sign_in(settings: &Settings, day: &Day, keys: &Keyring) -> Outcome<()> {
    match keys.token().await {
        Err(DoorError::Refused { code, .. }) if code == "credentials_invalid" => {
            if day.url.is_some() {
                return Err("there is no demo company on that server: run `frontdesk demo seed` there first".into());
            }
            say("Making the demo company first.");
            seed::seed(settings).await?;
            keys.token().await?;
            Ok(())
        }
        other => Ok(other.map(drop)?),
    }
}

async fn set(doors: &Doors, keys: &Keyring, book: Book) -> Outcome<Arc<Stage>> {
    let inboxes: List<Inbox> = keys.call(Method::GET, "/v1/inboxes", None).await?;
    let inbox = inboxes.data.into_iter().next().ok_or("the demo company has no inbox")?;
    // Any page that shows the widget asks for this first.
    let _: Value = doors.call(Method::GET, &format!("/v1/widget/config?key={}", inbox.key), None, None).await?;
    Ok(Arc::new(Stage::new(doors.clone(), inbox.key, book)))
}

async fn hire(stage: &Arc<Stage>, keys: Arc<Keyring>, chance: Chance) -> Outcome<Arc<Bo>> {
    let me: Me = keys.call(Method::GET, "/v1/auth/me", None).await?;
    let all: List<Colleague> = keys.call(Method::GET, "/v1/agents", None).await?;
    let mei = all.data.into_iter().find(|agent| agent.email == OWNER.1).ok_or("the demo company has no owner")?;
    Ok(Arc::new(Bo::new(Arc::clone(stage), keys, chance, me.agent, mei)))
}

/// Lets visitors come over the first part of the day, so that the last ones can still be answered.
fn invite(
    stage: &Arc<Stage>,
    mut stories: Vec<Arc<Story>>,
    mut people: Vec<Person>,
    day: &Day,
    seed: u64,
    player: &str,
) -> JoinSet<Result<(), DoorError>> {
    let chance = Chance::seeded(seed);
    shuffle(&mut stories, &chance);
    shuffle(&mut people, &chance);
    let spread = u64::from(day.minutes) * 60_000 * 6 / 10;
    let each = spread / u64::from(day.visitors.max(1));
    let mut guests = JoinSet::new();
    for (place, story) in (0..day.visitors).zip(stories.iter().cycle()) {
        let round = usize::try_from(place).unwrap_or(0) / people.len().max(1);
        let mut speaks = people.iter().filter(|person| person.locale == story.locale).cycle();
        let nth =
            stories.iter().take_while(|other| !Arc::ptr_eq(other, story)).filter(|other| other.locale == story.locale);
        let Some(person) = speaks.nth(nth.count() + round * 5) else { continue };
        let wait = Duration::from_millis(600 + each * u64::from(place) + chance.below(each.max(1)) / 2);
        let visitor = Visitor {
            stage: Arc::clone(stage),
            person: person.clone(),
            story: Arc::clone(story),
            chance: Chance::seeded(seed ^ MIX.wrapping_mul(u64::from(place) + 2)),
            player: player.to_owned(),
        };
        let stage = Arc::clone(stage);
        guests.spawn(async move {
            stage.doors.pause(wait).await?;
            visitor.visit().await
        });
    }
    guests
}

fn shuffle<T>(items: &mut [T], chance: &Chance) {
    for last in (1..items.len()).rev() {
        let bound = u64::try_from(last).unwrap_or(0) + 1;
        items.swap(last, usize::try_from(chance.below(bound)).unwrap_or(0));
    }
}

fn greet(stage: &Stage, day: &Day, seed: u64) {
    let base = &stage.doors.base;
    say(&format!(
        "A lively day at the {} begins: {} visitors in {} min (seed {seed}).",
        seed::COMPANY,
        day.visitors,
        day.minutes
    ));
    say(&format!("Watch it at {base}/console as {} with the password {PASSWORD}.", OWNER.1));
    say(&format!("{} answers his visitors; the others wait for you. Ctrl-C ends the day.", AGENT.0));
    say("");
}

fn sum_up(stage: &Stage, finished: u32) {
    let tally = stage.tally();
    let many = i32::try_from(tally.ratings.len()).unwrap_or(0);
    let sum: i32 = tally.ratings.iter().map(|stars| i32::from(*stars)).sum();
    let average =
        if many > 0 { format!(", {:.1} stars on average", f64::from(sum) / f64::from(many)) } else { String::new() };
    say("");
    say("The day is over.");
    say(&format!(
        "  {} visitors wrote {} messages, {} came back after being helped",
        tally.visitors, tally.questions, tally.reopened
    ));
    say(&format!(
        "  {} wrote {} replies and {} notes, and resolved {}",
        AGENT.0, tally.replies, tally.notes, tally.resolved
    ));
    say(&format!(
        "  {} were passed on to Mei, {} taken over from her, {} replies came from others",
        tally.handed_over, tally.taken_over, tally.by_others
    ));
    say(&format!("  {many} ratings{average}"));
    if tally.outages > 0 {
        say(&format!("  {} connections were lost and came back", tally.outages));
    }
    let waiting = tally.visitors.saturating_sub(finished);
    if waiting > 0 {
        say(&format!("  {waiting} visits were still going on, or waited for an answer"));
    }
    say(&format!("Look at what is left: {}/console", stage.doors.base));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_shuffles_alike_and_loses_nobody() {
        let mixed = |seed| {
            let mut items: Vec<u32> = (0..50).collect();
            shuffle(&mut items, &Chance::seeded(seed));
            items
        };
        assert_eq!(mixed(7), mixed(7));
        assert_ne!(mixed(7), mixed(8));
        let mut sorted = mixed(7);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
    }
}
