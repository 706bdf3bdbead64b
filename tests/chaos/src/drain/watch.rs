//! Looks at the floor four times a second, holds it against what was promised, and lets agents end what they have in hand.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use load::Outcome;
use load::stage::Tenant;
use sqlx::PgConnection;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};
use uuid::Uuid;

use super::crowd::Crowd;
use super::floor::{self, Floor};
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
    /// Conversations somebody is about to end.
    ending: Arc<Mutex<HashSet<Uuid>>>,
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
        company: &Tenant,
        crowd: &Arc<Crowd>,
        unrest: &Arc<Unrest>,
    ) -> Outcome<Self> {
        let schema = floor::schema(admin, company).await?;
        let seen = Arc::<Mutex<Seen>>::default();
        let eyes = Eyes {
            crowd: Arc::clone(crowd),
            unrest: Arc::clone(unrest),
            seen: Arc::clone(&seen),
            ending: Arc::default(),
            held: HashMap::new(),
            free: HashMap::new(),
            free_in_calm: HashMap::new(),
        };
        let task = tokio::spawn(look(admin.clone(), schema, eyes));
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

async fn look(admin: Admin, schema: String, mut eyes: Eyes) {
    let mut clock = interval(EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut connection: Option<PgConnection> = None;
    loop {
        clock.tick().await;
        let began = Instant::now();
        let floor = match &mut connection {
            Some(connection) => tokio::time::timeout(Duration::from_secs(5), floor::read(connection, &schema)).await,
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
            let before = self.held.insert(*id, hand.holds.clone()).unwrap_or_default();
            let got_some = hand.holds.iter().any(|one| !before.contains(one));
            if !(hand.online && holds < hand.capacity && floor.waiting > 0 && member.is_here()) || got_some {
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
        self.end_some(floor);
    }

    /// Whoever has something in hand ends it after a while, if they are still here and it is still theirs.
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
                tokio::spawn(async move {
                    sleep(IN_HAND.mul_f64(share)).await;
                    if member.is_here() {
                        // Refused when it has become somebody else's meanwhile: they will end it.
                        let _answer = member.resolve(conversation).await;
                    }
                    locked(&ending).remove(&conversation);
                });
            }
        }
    }
}
