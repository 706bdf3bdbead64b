//! Who is here: agents with an open socket anywhere. Kept in Redis for a while after each heartbeat; while Redis is away,
//! a process knows its own, and believes what it last heard of the others for as long as their heartbeats count.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use infra::Timestamp;
use infra::cache::{Cache, redis};
use tenant::agent::{Availability, Profile};
use tenant::{AccountId, AgentId};

/// How long a heartbeat counts. What agents of a process that died have in hand waits for so long, and then for as long as their
/// company waits for somebody who is gone.
pub const LIFETIME: Duration = Duration::from_secs(10);
/// How often a process beats for its sockets.
pub const BEAT: Duration = Duration::from_secs(3);
/// While Redis is silent nobody's heartbeat can be heard: what was heard last counts for so much longer.
const SILENCE: Duration = Duration::from_secs(35);

/// What others see of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectiveAvailability {
    /// Here and taking chats.
    Online,
    /// Here, at work on what they have.
    Busy,
    /// Here, but no new chats.
    Away,
    /// Away, and what waits for their answer goes to others.
    Reassigning,
    /// Not here.
    Offline,
}

impl EffectiveAvailability {
    /// What the choice amounts to, given whether there is a socket.
    pub const fn of(chosen: Availability, here: bool) -> Self {
        match (here, chosen) {
            (false, _) => Self::Offline,
            (true, Availability::Online) => Self::Online,
            (true, Availability::Busy) => Self::Busy,
            (true, Availability::Away) => Self::Away,
            (true, Availability::Reassigning) => Self::Reassigning,
        }
    }
}

/// The register of agents that are here.
pub struct Presence {
    cache: Cache,
    node: String,
    local: Mutex<HashMap<AccountId, HashMap<AgentId, usize>>>,
    /// What Redis said last: who is here, and until when that counts, in milliseconds. For when it says nothing.
    heard: Mutex<HashMap<AccountId, Vec<(AgentId, i64)>>>,
}

/// An open socket's share in its agent's being here. However that socket's life ends, it does not count any more then: who is
/// gone and still counts would keep what waits for them for ever.
pub struct Seat {
    presence: Arc<Presence>,
    account: AccountId,
    agent: AgentId,
    first: bool,
    taken: bool,
}

impl Seat {
    /// Whether it was the agent's first in this process.
    pub const fn is_first(&self) -> bool {
        self.first
    }

    /// The socket has closed. True when it was the agent's last in this process.
    pub async fn give_up(mut self) -> bool {
        self.taken = false;
        let last = self.presence.count_down(self.account, self.agent);
        if last {
            self.presence.forget(self.account, self.agent).await;
        }
        last
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.taken {
            // The other processes find out when the last heartbeat no longer counts.
            self.presence.count_down(self.account, self.agent);
        }
    }
}

/// Of how many companies the last answer is kept; the ones nobody here asks about are dropped first come.
const REMEMBERED: usize = 10_000;

impl Presence {
    /// Nobody is here yet. `node` tells this process from others.
    pub fn new(cache: Cache, node: String) -> Self {
        Self { cache, node, local: Mutex::default(), heard: Mutex::default() }
    }

    /// A socket of this agent has opened here: it counts from now until the seat is given up or dropped. [`Self::announce`]
    /// tells the other processes.
    pub fn arrive(self: &Arc<Self>, account: AccountId, agent: AgentId) -> Seat {
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        let sockets = local.entry(account).or_default().entry(agent).or_insert(0);
        *sockets += 1;
        Seat { presence: Arc::clone(self), account, agent, first: *sockets == 1, taken: true }
    }

    /// Tells the other processes of who has just come.
    pub async fn announce(&self, seat: &Seat, now: Timestamp) {
        self.note(seat.account, &[seat.agent], now).await;
    }

    /// One socket less. True when it was the agent's last in this process.
    fn count_down(&self, account: AccountId, agent: AgentId) -> bool {
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(agents) = local.get_mut(&account) else { return false };
        let sockets = agents.entry(agent).or_insert(0);
        *sockets = sockets.saturating_sub(1);
        let last = *sockets == 0;
        if last {
            agents.remove(&agent);
        }
        if agents.is_empty() {
            local.remove(&account);
        }
        last
    }

    async fn forget(&self, account: AccountId, agent: AgentId) {
        let mut question = redis::pipe();
        question.cmd("ZREM").arg(key(account)).arg(self.member(agent)).ignore();
        // Not told, it is forgotten when its last heartbeat no longer counts.
        drop(self.cache.ask::<()>(&question).await);
    }

    /// Says again that the agents of this process are here.
    pub async fn beat(&self, now: Timestamp) {
        let here: Vec<(AccountId, Vec<AgentId>)> = {
            let local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
            local.iter().map(|(account, agents)| (*account, agents.keys().copied().collect())).collect()
        };
        for (account, agents) in here {
            self.note(account, &agents, now).await;
        }
    }

    /// The companies with agents in this process.
    pub fn accounts_here(&self) -> Vec<AccountId> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// The agents of a company that are here, in any process.
    pub async fn who(&self, account: AccountId, now: Timestamp) -> BTreeSet<AgentId> {
        let mut here: BTreeSet<AgentId> = {
            let local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
            local.get(&account).map(|agents| agents.keys().copied().collect()).unwrap_or_default()
        };
        here.extend(self.elsewhere(account, now).await);
        here
    }

    /// The agents that some process has noted, as Redis knows them or as it last knew them.
    async fn elsewhere(&self, account: AccountId, now: Timestamp) -> Vec<AgentId> {
        let now = now.timestamp_millis();
        let mut question = redis::pipe();
        question.cmd("ZRANGEBYSCORE").arg(key(account)).arg(now).arg("+inf").arg("WITHSCORES");
        let told = self.cache.ask::<(Vec<(String, i64)>,)>(&question).await;
        let silence = if told.is_err() { i64::try_from(SILENCE.as_millis()).unwrap_or(0) } else { 0 };
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok((members,)) = told {
            let ours = |node: &str| node == self.node;
            let of = |(member, until): &(String, i64)| {
                let (agent, node) = member.split_once('|')?;
                // Our own we know better.
                if ours(node) { None } else { Some((agent.parse().ok()?, *until)) }
            };
            let noted: Vec<(AgentId, i64)> = members.iter().filter_map(of).collect();
            if noted.is_empty() {
                heard.remove(&account);
            } else {
                if heard.len() >= REMEMBERED {
                    let kept = now - i64::try_from(SILENCE.as_millis()).unwrap_or(0);
                    heard.retain(|_, noted| noted.iter().any(|(_, until)| *until >= kept));
                }
                heard.insert(account, noted);
            }
        }
        let noted = heard.get(&account).into_iter().flatten();
        noted.filter(|(_, until)| until + silence >= now).map(|(agent, _)| *agent).collect()
    }

    /// What others see of each agent.
    pub async fn availability(
        &self,
        account: AccountId,
        profiles: &[Profile],
        now: Timestamp,
    ) -> HashMap<AgentId, EffectiveAvailability> {
        let here = self.who(account, now).await;
        profiles
            .iter()
            .map(|profile| (profile.id, EffectiveAvailability::of(profile.availability, here.contains(&profile.id))))
            .collect()
    }

    /// The key under which Redis keeps a mark of this process, for as long as it remembers anything.
    pub fn mark(&self) -> String {
        format!("fd:node:{}", self.node)
    }

    fn member(&self, agent: AgentId) -> String {
        format!("{agent}|{}", self.node)
    }

    async fn note(&self, account: AccountId, agents: &[AgentId], now: Timestamp) {
        let until = now.timestamp_millis() + i64::try_from(LIFETIME.as_millis()).unwrap_or(0);
        let mut all = redis::pipe();
        for agent in agents {
            all.cmd("ZADD").arg(key(account)).arg(until).arg(self.member(*agent)).ignore();
        }
        all.cmd("ZREMRANGEBYSCORE").arg(key(account)).arg("-inf").arg(now.timestamp_millis()).ignore();
        all.cmd("PEXPIRE").arg(key(account)).arg(2 * LIFETIME.as_millis()).ignore();
        // What is not noted now is noted by the next beat.
        drop(self.cache.ask::<()>(&all).await);
    }
}

fn key(account: AccountId) -> String {
    format!("fd:presence:{account}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use infra::Id;
    use uuid::Uuid;

    #[tokio::test]
    async fn a_socket_that_ends_without_a_word_does_not_count_any_more() {
        // Nobody is asked: what a process knows of itself needs no Redis.
        let presence = Arc::new(Presence::new(Cache::new("redis://127.0.0.1:1").unwrap(), "one".to_owned()));
        let (account, agent) = (Id::from_uuid(Uuid::from_u128(1)), Id::from_uuid(Uuid::from_u128(2)));
        let (first, second) = (presence.arrive(account, agent), presence.arrive(account, agent));
        assert!(first.is_first() && !second.is_first());
        assert!(!second.give_up().await, "the other tab is open");
        assert_eq!(presence.accounts_here(), [account]);
        drop(first);
        assert!(presence.accounts_here().is_empty());
    }
}
