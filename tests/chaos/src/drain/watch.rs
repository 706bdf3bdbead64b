//! Looks at the floor four times a second, holds it against what was promised, and lets agents end what they have in hand.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use load::Outcome;
use sqlx::PgConnection;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};
use uuid::Uuid;

use super::able::Talents;
use super::crowd::{Crowd, Member};
use super::floor::{self, Floor, Hand};
use super::lines::{Kind, Line, Ways};
use crate::admin::Admin;
use crate::unrest::Unrest;

const EVERY: Duration = Duration::from_millis(250);
/// How long a conversation is in hand, at most; on average half of it.
const IN_HAND: Duration = Duration::from_secs(16);
/// Sentences about one kind of trouble.
const EXAMPLES: usize = 5;

/// What was seen.
#[derive(Debug, Default, Clone)]
pub(super) struct Seen {
    pub(super) looks: u64,
    pub(super) longest_line: u64,
    pub(super) over_capacity: u64,
    pub(super) astray: u64,
    /// For how long somebody who was here had a free place while others waited, while nothing was broken, and otherwise.
    pub(super) free_in_calm: Duration,
    /// When that was.
    pub(super) freest_at: Option<Instant>,
    pub(super) free_in_faults: Duration,
    /// For how long somebody who was gone kept what waited for an answer.
    pub(super) given_on_in_calm: Duration,
    pub(super) given_on_in_faults: Duration,
    /// How often somebody was asked, how often somebody who never answers, and how often something was passed on.
    pub(super) asked: u64,
    pub(super) asked_in_vain: u64,
    pub(super) passed_on: u64,
    pub(super) broken: Vec<String>,
    waiting: u64,
    in_hand: u64,
}

/// Looks until it is ended.
pub(super) struct Watch {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// What is remembered from look to look.
struct Eyes {
    crowd: Arc<Crowd>,
    unrest: Arc<Unrest>,
    seen: Arc<Mutex<Seen>>,
    ways: Ways,
    talents: Talents,
    /// Conversations somebody is about to end.
    ending: Arc<Mutex<HashSet<Uuid>>>,
    /// Questions somebody is about to answer: who, and about what.
    answering: Arc<Mutex<HashSet<(Uuid, Uuid)>>>,
    held: HashMap<Uuid, HashSet<Uuid>>,
    free: HashMap<Uuid, Instant>,
    free_in_calm: HashMap<Uuid, Instant>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    /// Begins to look.
    pub(super) async fn begin(
        admin: &Admin,
        line: &Line,
        crowd: &Arc<Crowd>,
        talents: Talents,
        unrest: &Arc<Unrest>,
    ) -> Outcome<Self> {
        let schema = floor::schema(admin, line.company()?).await?;
        let seen = Arc::<Mutex<Seen>>::default();
        let eyes = Eyes {
            crowd: Arc::clone(crowd),
            unrest: Arc::clone(unrest),
            seen: Arc::clone(&seen),
            ways: line.ways.clone(),
            talents,
            ending: Arc::default(),
            answering: Arc::default(),
            held: HashMap::new(),
            free: HashMap::new(),
            free_in_calm: HashMap::new(),
        };
        let task = tokio::spawn(look(admin.clone(), schema, line.kind == Kind::Skilled, eyes));
        Ok(Self { seen, task })
    }

    /// Waits until nobody waits and nothing is in hand. Gives how many were left when the patience was.
    pub(super) async fn drained(&self, within: Duration) -> u64 {
        let (deadline, before) = (Instant::now() + within, locked(&self.seen).looks);
        loop {
            sleep(EVERY).await;
            let seen = locked(&self.seen);
            let left = seen.waiting + seen.in_hand;
            // Not what was seen before the last of them came.
            if seen.looks > before + 8 && left == 0 {
                return 0;
            }
            if Instant::now() > deadline {
                return left.max(1);
            }
        }
    }

    /// What was seen.
    pub(super) fn end(self) -> Seen {
        self.task.abort();
        locked(&self.seen).clone()
    }
}

async fn look(admin: Admin, schema: String, climbs: bool, mut eyes: Eyes) {
    let mut clock = interval(EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut connection: Option<PgConnection> = None;
    loop {
        clock.tick().await;
        let began = Instant::now();
        let floor = match &mut connection {
            Some(connection) => {
                tokio::time::timeout(Duration::from_secs(5), floor::read(connection, &schema, climbs)).await
            }
            None => {
                connection = admin.connect().await.ok();
                continue;
            }
        };
        if let Ok(Ok(floor)) = floor {
            eyes.take_in(began, floor);
        } else {
            // The database is away: what is not seen cannot be held against anybody.
            connection = None;
            eyes.free.clear();
            eyes.free_in_calm.clear();
        }
    }
}

impl Eyes {
    fn take_in(&mut self, now: Instant, floor: Floor) {
        let calm = !self.unrest.touches(now.checked_sub(EVERY).unwrap_or(now), now);
        let mut seen = locked(&self.seen);
        seen.looks += 1;
        seen.waiting = floor.waiting;
        seen.longest_line = seen.longest_line.max(floor.waiting);
        seen.in_hand = floor.hands.values().map(|hand| hand.holds.len() as u64).sum();
        seen.astray += floor.astray;
        if floor.astray > 0 && seen.broken.len() < EXAMPLES {
            seen.broken.push(format!("{} places in line were astray", floor.astray));
        }
        for (id, hand) in &floor.hands {
            let holds = hand.holds.len();
            if holds > hand.capacity {
                seen.over_capacity += 1;
                if seen.broken.len() < EXAMPLES {
                    seen.broken.push(format!("agent {id} had {holds} in hand, of {}", hand.capacity));
                }
            }
            let Some(member) = self.crowd.member(*id) else { continue };
            let places: HashSet<Uuid> = hand.holds.union(&hand.asked).copied().collect();
            let taken = places.len();
            seen.note_questions(member, hand, self.held.get(id));
            let before = self.held.insert(*id, places.clone()).unwrap_or_default();
            let got_some = places.iter().any(|one| !before.contains(one));
            let could = || floor.wants.iter().any(|want| self.talents.could_take(*id, want, &self.ways));
            if !(hand.online && taken < hand.capacity && member.is_here() && could()) || got_some {
                self.free.remove(id);
                self.free_in_calm.remove(id);
            } else {
                let since = *self.free.entry(*id).or_insert(now);
                if calm {
                    let since = *self.free_in_calm.entry(*id).or_insert(now);
                    if now - since > seen.free_in_calm {
                        (seen.free_in_calm, seen.freest_at) = (now - since, Some(now));
                    }
                } else {
                    self.free_in_calm.remove(id);
                    seen.free_in_faults = seen.free_in_faults.max(now - since);
                }
            }
            if holds > 0
                && let Some(since) = member.gone_since().filter(|since| *since < now)
            {
                let longest = if self.unrest.touches(since, now) {
                    &mut seen.given_on_in_faults
                } else {
                    &mut seen.given_on_in_calm
                };
                *longest = (*longest).max(now - since);
            }
        }
        drop(seen);
        self.answer_some(&floor);
        self.end_some(floor);
    }

    /// Whoever is asked says yes after a while, if they are still here; some never do.
    fn answer_some(&self, floor: &Floor) {
        for (id, hand) in &floor.hands {
            let Some(member) = self.crowd.member(*id).filter(|member| !member.never_answers) else { continue };
            for conversation in &hand.asked {
                let question = (*id, *conversation);
                if !locked(&self.answering).insert(question) {
                    continue;
                }
                let (member, answering) = (Arc::clone(member), Arc::clone(&self.answering));
                tokio::spawn(async move {
                    sleep(member.thinks()).await;
                    if member.is_here() {
                        // Refused when they are not asked any more.
                        let _answer = member.accept(question.1).await;
                    }
                    locked(&answering).remove(&question);
                });
            }
        }
    }

    /// Whoever has something in hand ends it after a while, or passes it on, if they are still here and it is still theirs.
    fn end_some(&self, floor: Floor) {
        for (id, hand) in floor.hands {
            let Some(member) = self.crowd.member(id) else { continue };
            for conversation in hand.holds {
                if !locked(&self.ending).insert(conversation) {
                    continue;
                }
                // Of the conversation's own, so that a seed is a story as far as it can be.
                let share = (conversation.as_u64_pair().1 % 1000) as f64 / 1000.0;
                let (member, ending) = (Arc::clone(member), Arc::clone(&self.ending));
                let (crowd, ways, seen) = (Arc::clone(&self.crowd), self.ways.clone(), Arc::clone(&self.seen));
                tokio::spawn(async move {
                    sleep(IN_HAND.mul_f64(share)).await;
                    if member.is_here() {
                        // Refused when it has become somebody else's meanwhile: they will end it.
                        match ways.team.as_deref().filter(|_| member.feels_like(ways.passes_on)) {
                            Some(team) => {
                                let to = crowd.colleague_or(&member, team);
                                let answer = member.pass_on(conversation, to).await;
                                locked(&seen).passed_on += u64::from(answer.is_ok_and(|reply| reply.is_ok()));
                            }
                            None => drop(member.resolve(conversation).await),
                        }
                    }
                    locked(&ending).remove(&conversation);
                });
            }
        }
    }
}

impl Seen {
    /// Counts what somebody was not asked when last looked at.
    fn note_questions(&mut self, member: &Member, hand: &Hand, before: Option<&HashSet<Uuid>>) {
        let is_new = |one: &&Uuid| before.is_none_or(|before| !before.contains(*one));
        let asked = hand.asked.iter().filter(is_new).count() as u64;
        self.asked += asked;
        self.asked_in_vain += if member.never_answers { asked } else { 0 };
    }

    /// The same of several lines.
    pub(super) fn together(all: impl IntoIterator<Item = Self>) -> Self {
        let mut sum = Self::default();
        for one in all {
            sum.looks += one.looks;
            sum.longest_line = sum.longest_line.max(one.longest_line);
            sum.over_capacity += one.over_capacity;
            sum.astray += one.astray;
            if one.free_in_calm > sum.free_in_calm {
                (sum.free_in_calm, sum.freest_at) = (one.free_in_calm, one.freest_at);
            }
            sum.free_in_faults = sum.free_in_faults.max(one.free_in_faults);
            sum.given_on_in_calm = sum.given_on_in_calm.max(one.given_on_in_calm);
            sum.given_on_in_faults = sum.given_on_in_faults.max(one.given_on_in_faults);
            sum.asked += one.asked;
            sum.asked_in_vain += one.asked_in_vain;
            sum.passed_on += one.passed_on;
            sum.broken.extend(one.broken);
        }
        sum
    }
}
