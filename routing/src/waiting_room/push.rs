//! Tells visitors where they stand and boards that the line has changed, whenever it has.
//!
//! What was said last is kept in the database, so that all processes agree on what is news. Whoever looks takes the same row
//! lock: two that look at once do not tell different things in the wrong order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use desk::ConversationId;
use desk::opening::Hours;
use desk::waiting_room::{self, History, InHand, Promise, Said, ToldBoards, Waiter};
use infra::Timestamp;
use infra::database::StoreError;
use infra::spoken::OrLog as _;
use tenant::{AccountId, Tenant};
use tokio::time::Instant;

use super::calibration::{Calibration, Promise as Kept};
use super::flow::{End, Flow, Waited};
use super::forecast::Running;
use super::handling::{HandleTimes, Handled, Prior};
use super::line::{News, View};
use super::standing::{Known, Standing, standings};
use super::turnover::Turnover;
use crate::Routing;
use crate::assignment::{Floor, floor};
use crate::realtime::{Eyes, ServerFrame, Topic};

/// The shortest time between two looks at one company's line.
const REST: Duration = Duration::from_millis(500);
/// A line that takes long to look at is looked at less often: this many times as long passes from one look to the next, whichever processes
/// they are of.
const SHARE: u32 = 4;
/// When to ask again for the turn that another process has.
const TAKEN: Duration = Duration::from_millis(100);
/// How many lines a process looks at once. Each place rests for as long as its look took: telling those who wait how they stand never
/// takes more than one processor's time from those who write.
pub(crate) const LOOKS_AT_ONCE: usize = 2;
/// The shortest time between two calls to the boards.
const BOARDS_EVERY: TimeDelta = TimeDelta::seconds(1);

/// Looks at a company's line and tells what has changed, without making anybody wait for it.
pub fn refresh_soon(routing: &Routing, account: AccountId) {
    let routing = routing.clone();
    tokio::spawn(async move { refresh(&routing, account).await });
}

/// Looks at a company's line and tells what has changed. Calls that come close together are one.
async fn refresh(routing: &Routing, account: AccountId) {
    let Some(mut turn) = routing.rooms.take(account) else { return };
    while {
        let place = routing.looks.acquire().await;
        let began = Instant::now();
        let outcome = look(routing, account, Haste::None).await.or_log("telling those who wait");
        let took = began.elapsed();
        let more = match outcome.unwrap_or(Looked::All) {
            Looked::Rests(left) => {
                drop(place);
                routing.world.clock.pause(left).await;
                true
            }
            looked @ (Looked::All | Looked::AllButBoards) => {
                routing.world.clock.pause(took).await;
                drop(place);
                routing.world.clock.pause(rest(took).saturating_sub(took)).await;
                looked == Looked::AllButBoards
            }
        };
        turn.again(more)
    } {}
}

/// How long a line is left alone after a look that took so long.
fn rest(took: Duration) -> Duration {
    REST.max(took * (SHARE - 1)).min(waiting_room::LONGEST_REST)
}

/// Looks at a company's line and tells what has changed, before whoever asks is answered.
pub async fn refresh_now(routing: &Routing, account: AccountId) -> Result<(), StoreError> {
    if look(routing, account, Haste::Asked).await? != Looked::All {
        refresh_soon(routing, account);
    }
    Ok(())
}

/// Whether somebody waits for the look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Haste {
    None,
    Asked,
}

/// What came of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looked {
    All,
    /// The boards are to be told of something later, because they were told of something else just now.
    AllButBoards,
    /// Somebody has just looked; for so long the line is left alone.
    Rests(Duration),
}

/// Everything that is read of a company's line at once.
struct Reading {
    floor: Floor,
    turned_away: HashMap<ConversationId, bool>,
    waiters: HashMap<ConversationId, Waiter>,
    hours: Hours,
    history: Arc<History>,
    in_hand: Vec<InHand>,
    unpromised: HashSet<ConversationId>,
    said: Vec<Said>,
    turnover: Turnover,
    now: Timestamp,
}

/// What follows from it.
struct Findings {
    news: News,
    promises: Vec<Promise>,
    boards: ToldBoards,
}

#[tracing::instrument(level = "debug", skip_all)]
async fn look(routing: &Routing, account: AccountId, haste: Haste) -> Result<Looked, StoreError> {
    let Some(tenant) = Tenant::find(&routing.world, account).await? else { return Ok(Looked::All) };
    // Most looks find nobody waiting, and must not queue for the lock to learn it.
    let calm = waiting_room::calm(&tenant.begin().await?).await?;
    if calm.is_quiet {
        return Ok(Looked::All);
    }
    if let (Haste::None, Some(left)) = (haste, calm.rest()) {
        return Ok(Looked::Rests(left));
    }
    // Before a connection is taken: a cache that hangs must not hold one.
    let here = routing.presence.who(account, tenant.now()).await;
    let tx = tenant.begin().await?;
    let turn = match haste {
        // Nobody is to wait for it with a connection in hand.
        Haste::None => waiting_room::take_free_turn(&tx).await?,
        Haste::Asked => Some(waiting_room::take_turn(&tx).await?),
    };
    let Some(boards) = turn else { return Ok(Looked::Rests(TAKEN)) };
    // Whoever had the turn before us may have looked meanwhile.
    if let (Haste::None, Some(left)) = (haste, waiting_room::calm(&tx).await?.rest()) {
        return Ok(Looked::Rests(left));
    }
    let began = Instant::now();
    let loaded = floor::load(&tx, &here, floor::Depth::Whole).await?;
    let waiters = waiting_room::waiters(&tx).await?;
    let turned_away = loaded.entries.values().filter(|entry| entry.turned_away);
    let turned_away = turned_away.map(|entry| (entry.conversation, entry.refused));
    let turnover = routing.turnovers.watch(account, &loaded.floor.seats, tx.now());
    let reading = Reading {
        turned_away: turned_away.collect(),
        floor: loaded.floor,
        waiters: waiters.into_iter().map(|waiter| (waiter.conversation, waiter)).collect(),
        hours: Hours::load(&tx).await?,
        history: routing.pasts.of(&tx).await?,
        in_hand: waiting_room::in_hand(&tx).await?,
        unpromised: waiting_room::unpromised(&tx).await?.into_iter().collect(),
        said: waiting_room::said(&tx).await?,
        turnover,
        now: tx.now(),
    };
    let found = tokio::task::spawn_blocking(move || reading.find());
    let found = found.await.map_err(|died| StoreError::Unavailable(died.to_string()))?;
    waiting_room::promise(&tx, &found.promises).await?;
    waiting_room::say(&tx, &found.news.told).await?;
    let gone: Vec<ConversationId> = found.news.gone.iter().map(|said| said.conversation).collect();
    waiting_room::unsay(&tx, &gone).await?;
    let mut frames = frames(account, &found.news);
    let changed = (found.boards.waiting, found.boards.longest_since, found.boards.digest)
        != (boards.waiting, boards.longest_since, boards.digest);
    let due = changed && tx.now() - boards.told_at >= BOARDS_EVERY;
    if due {
        waiting_room::tell_boards(&tx, &found.boards).await?;
        let frame = ServerFrame::Queue {
            waiting: Some(u32::try_from(found.boards.waiting).unwrap_or_default()),
            longest_since: found.boards.longest_since,
        };
        frames.push((Topic::AgentsWith(account, Eyes::Whole), frame.encode().into()));
        let frame = ServerFrame::Queue { waiting: None, longest_since: None };
        frames.push((Topic::AgentsWith(account, Eyes::Limited), frame.encode().into()));
    }
    // While the turn is still ours, so that what is said later is heard later. Were the commit to fail, it would be said again.
    if !frames.is_empty() {
        routing.switchboard.say_all(account, &frames).await;
    }
    let rest = rest(began.elapsed());
    // Short lines may be looked at by as many as like to: what each look costs is less than to write that down.
    if rest > REST {
        waiting_room::rest(&tx, rest).await?;
    }
    tx.commit().await?;
    Ok(if changed && !due { Looked::AllButBoards } else { Looked::All })
}

fn frames(account: AccountId, news: &News) -> Vec<(Topic, Bytes)> {
    let told = news.told.iter().map(|said| (said, Some(&said.place)));
    let gone = news.gone.iter().map(|said| (said, None));
    told.chain(gone)
        .map(|(said, queue)| {
            let frame = ServerFrame::WidgetQueue { conversation_id: said.conversation, queue };
            (Topic::Contact(account, said.contact), frame.encode().into())
        })
        .collect()
}

impl Reading {
    /// What follows. Takes a while for a long line.
    fn find(self) -> Findings {
        let standings = self.standings();
        let opening = |team, inbox| self.hours.opening(team, inbox, self.now);
        let view = View {
            floor: &self.floor,
            standings: &standings,
            waiters: &self.waiters,
            turned_away: &self.turned_away,
            opening: &opening,
            now: self.now,
        };
        let (waiting, longest_since) = view.length();
        let boards = ToldBoards {
            waiting: i32::try_from(waiting).unwrap_or(i32::MAX),
            longest_since,
            digest: view.digest(),
            told_at: self.now,
        };
        let unpromised = standings.iter().filter(|standing| self.unpromised.contains(&standing.conversation));
        Findings { promises: unpromised.map(promise).collect(), news: view.news(self.said), boards }
    }

    fn standings(&self) -> Vec<Standing> {
        if self.floor.tickets.is_empty() {
            return Vec::new();
        }
        let past: Vec<Handled> = self
            .history
            .work
            .iter()
            .map(|work| Handled { agent: work.agent, team: work.team, seconds: work.seconds, over: work.is_over })
            .collect();
        let running: Vec<Running> = self
            .in_hand
            .iter()
            .map(|work| Running {
                conversation: work.conversation,
                agent: work.agent,
                team: work.team,
                channel: work.channel.clone(),
                weight: u32::try_from(work.weight).unwrap_or_default(),
                started_at: work.started_at,
            })
            .collect();
        let kept: Vec<Kept> = self
            .history
            .promised
            .iter()
            .filter_map(|one| {
                let estimate = serde_json::from_value(one.uncorrected.clone()).ok()?;
                Some(Kept { estimate, actual_seconds: one.seconds })
            })
            .collect();
        let known = Known {
            running: &running,
            times: &HandleTimes::learn(&past, &Prior::default()),
            flow: &Flow::learn(self.waits()),
            turnover: &self.turnover,
            calibration: &Calibration::learn(&kept),
        };
        standings(&self.floor, &known, self.now)
    }

    /// The waits that ended last, and those that go on.
    fn waits(&self) -> impl Iterator<Item = Waited> {
        let over = self.history.waits.iter().map(|wait| Waited {
            seconds: wait.seconds,
            end: match (wait.was_served, wait.has_left) {
                (true, _) => End::Served,
                (false, true) => End::GaveUp,
                (false, false) => End::Open,
            },
            ahead: wait.ahead,
            asked_seconds: wait.asked_seconds,
        });
        let live = self.floor.tickets.iter().filter(|ticket| !ticket.patient);
        over.chain(live.map(|ticket| Waited {
            seconds: (self.now - ticket.since).as_seconds_f64(),
            end: End::Open,
            ahead: false,
            asked_seconds: None,
        }))
    }
}

fn promise(standing: &Standing) -> Promise {
    Promise {
        conversation: standing.conversation,
        position: standing.position,
        staffed: standing.staffed,
        seconds: standing.estimate.map(|estimate| [estimate.seconds, estimate.low_seconds, estimate.high_seconds]),
        uncorrected: standing.uncorrected.and_then(|estimate| serde_json::to_value(estimate).ok()),
    }
}
