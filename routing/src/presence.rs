//! Who is here: agents with an open socket anywhere. Kept in Redis for a while after each heartbeat; while Redis is away,
//! a process knows at least its own.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use infra::Timestamp;
use infra::cache::{Cache, redis};
use tenant::agent::{Availability, Profile};
use tenant::{AccountId, AgentId};

/// How long a heartbeat counts. Sockets beat every third of it.
pub const LIFETIME: Duration = Duration::from_secs(45);
/// How often a process beats for its sockets.
pub const BEAT: Duration = Duration::from_secs(15);

/// What others see of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectiveAvailability {
    /// Here and taking chats.
    Online,
    /// Here, but no new chats.
    Away,
    /// Not here.
    Offline,
}

impl EffectiveAvailability {
    /// What the choice amounts to, given whether there is a socket.
    pub const fn of(chosen: Availability, here: bool) -> Self {
        match (here, chosen) {
            (false, _) => Self::Offline,
            (true, Availability::Online) => Self::Online,
            (true, Availability::Away) => Self::Away,
        }
    }
}

/// The register of agents that are here.
pub struct Presence {
    cache: Cache,
    node: String,
    local: Mutex<HashMap<AccountId, HashMap<AgentId, usize>>>,
}

impl Presence {
    /// Nobody is here yet. `node` tells this process from others.
    pub fn new(cache: Cache, node: String) -> Self {
        Self { cache, node, local: Mutex::default() }
    }

    /// A socket of this agent has opened here. True when it is their first in this process.
    pub async fn arrive(&self, account: AccountId, agent: AgentId, now: Timestamp) -> bool {
        let first = {
            let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
            let sockets = local.entry(account).or_default().entry(agent).or_insert(0);
            *sockets += 1;
            *sockets == 1
        };
        self.note(account, &[agent], now).await;
        first
    }

    /// A socket of this agent has closed here. True when it was their last in this process.
    pub async fn leave(&self, account: AccountId, agent: AgentId) -> bool {
        let last = {
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
        };
        if last && let Ok(mut connection) = self.cache.connection().await {
            let mut command = redis::cmd("ZREM");
            command.arg(key(account)).arg(self.member(agent));
            drop(tokio::time::timeout(Duration::from_millis(250), command.query_async::<i64>(&mut connection)).await);
        }
        last
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
        let Ok(mut connection) = self.cache.connection().await else { return here };
        let mut command = redis::cmd("ZRANGEBYSCORE");
        command.arg(key(account)).arg(now.timestamp_millis()).arg("+inf");
        if let Ok(Ok(members)) =
            tokio::time::timeout(Duration::from_millis(250), command.query_async::<Vec<String>>(&mut connection)).await
        {
            here.extend(
                members
                    .iter()
                    .filter_map(|member| member.split_once('|'))
                    .filter_map(|(agent, _)| agent.parse::<AgentId>().ok()),
            );
        }
        here
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

    fn member(&self, agent: AgentId) -> String {
        format!("{agent}|{}", self.node)
    }

    async fn note(&self, account: AccountId, agents: &[AgentId], now: Timestamp) {
        let Ok(mut connection) = self.cache.connection().await else { return };
        let until = now.timestamp_millis() + i64::try_from(LIFETIME.as_millis()).unwrap_or(0);
        let mut all = redis::pipe();
        for agent in agents {
            all.cmd("ZADD").arg(key(account)).arg(until).arg(self.member(*agent)).ignore();
        }
        all.cmd("ZREMRANGEBYSCORE").arg(key(account)).arg("-inf").arg(now.timestamp_millis()).ignore();
        all.cmd("PEXPIRE").arg(key(account)).arg(2 * LIFETIME.as_millis()).ignore();
        drop(tokio::time::timeout(Duration::from_millis(250), all.query_async::<()>(&mut connection)).await);
    }
}

fn key(account: AccountId) -> String {
    format!("fd:presence:{account}")
}
