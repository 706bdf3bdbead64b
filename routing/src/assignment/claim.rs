//! Gives waiting conversations to agents, in one transaction: the last agent if here, else the least busy, in turns among equals.

use std::collections::BTreeSet;

use desk::conversation::{self, ConversationError};
use infra::database::{Rows as _, sql};
use infra::fault::{Fault, Kind};
use tenant::agent::{self, Availability, Profile};
use tenant::{AgentId, Tenant};

use crate::presence::Presence;

/// A decision and its grounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Who gets it.
    pub agent: AgentId,
    /// Why, for the record.
    pub why: serde_json::Value,
}

/// Chooses among the agents. Pure: the same company gives the same answer.
///
/// Load is open conversations over capacity, compared without rounding; ties go to the agent assigned longest ago (round robin).
pub fn decide(profiles: &[Profile], here: &BTreeSet<AgentId>, last: Option<AgentId>) -> Option<Decision> {
    let able: Vec<&Profile> = profiles
        .iter()
        .filter(|profile| {
            here.contains(&profile.id)
                && profile.availability == Availability::Online
                && profile.open_conversations < i64::from(profile.capacity)
        })
        .collect();
    let candidates: Vec<serde_json::Value> = able
        .iter()
        .map(|profile| serde_json::json!({ "agent_id": profile.id, "open": profile.open_conversations, "capacity": profile.capacity }))
        .collect();
    if let Some(profile) = able.iter().find(|profile| Some(profile.id) == last) {
        return Some(Decision {
            agent: profile.id,
            why: serde_json::json!({ "policy": "last_agent", "candidates": candidates }),
        });
    }
    let chosen = able.iter().min_by(|left, right| {
        let load = |one: &Profile, other: &Profile| one.open_conversations * i64::from(other.capacity);
        load(left, right)
            .cmp(&load(right, left))
            .then(left.last_assigned_at.cmp(&right.last_assigned_at))
            .then(left.id.cmp(&right.id))
    })?;
    Some(Decision {
        agent: chosen.id,
        why: serde_json::json!({ "policy": "least_busy_then_round_robin", "candidates": candidates }),
    })
}

/// Gives waiting conversations to agents who are here and have room; says how many. Safe to call at any time, from anywhere.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn assign_waiting(tenant: &Tenant, presence: &Presence) -> Result<usize, ConversationError> {
    let here = presence.who(tenant.id(), tenant.now()).await;
    if here.is_empty() {
        return Ok(0);
    }
    let mut tx = tenant.begin().await?;
    // Most calls find nothing to do, and must not queue for the lock to learn it.
    if conversation::longest_waiting(&tx, 1).await?.is_empty() {
        return Ok(0);
    }
    // One decision at a time in a company: two would count the same free place.
    tx.run(sql(
        "insert into counter as n (name, value) values ('assignment', 1) on conflict (name) do update set value = n.value + 1",
        [],
    ))
    .await?;
    let waiting = conversation::longest_waiting(&tx, 100).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let mut profiles = agent::list(&tx).await?;
    let (mut given, mut waits) = (0, Vec::new());
    for conversation in waiting {
        let last = conversation::last_assignee(&tx, conversation.id).await?;
        let Some(decision) = decide(&profiles, &here, last) else { break };
        if conversation::claim(&mut tx, conversation.id, decision.agent, decision.why).await?.is_some() {
            given += 1;
            let now = tx.now();
            if let Some(since) = conversation.waiting_since {
                waits.push((now - since).to_std().unwrap_or_default());
            }
            if let Some(profile) = profiles.iter_mut().find(|profile| profile.id == decision.agent) {
                profile.open_conversations += 1;
                profile.last_assigned_at = Some(now);
            }
        }
    }
    if given > 0 {
        tx.commit().await?;
        for wait in waits {
            metrics::histogram!("frontdesk_assignment_seconds").record(wait);
        }
        metrics::counter!("frontdesk_assignments_total").increment(u64::try_from(given).unwrap_or(0));
    }
    Ok(given)
}

/// Whether a failed assignment is worth a line in the log: a database that is away is reported elsewhere.
pub fn is_noteworthy(error: &ConversationError) -> bool {
    !matches!(error.kind(), Kind::Unavailable(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use infra::{Id, Timestamp};
    use tenant::agent::{ChannelCapacity, ChosenBy};
    use uuid::Uuid;

    fn agent(n: u128, open: i64, capacity: i32, assigned: Option<i64>) -> Profile {
        Profile {
            id: Id::from_uuid(Uuid::from_u128(n)),
            name: format!("agent {n}"),
            availability: Availability::Online,
            away_reason: None,
            availability_by: ChosenBy::Oneself,
            availability_since: None,
            languages: Vec::new(),
            capacity,
            channel_capacity: ChannelCapacity::new(),
            open_conversations: open,
            missed_offers: 0,
            last_assigned_at: assigned.map(at),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn all(profiles: &[Profile]) -> BTreeSet<AgentId> {
        profiles.iter().map(|profile| profile.id).collect()
    }

    #[test]
    fn equals_take_turns() {
        let mut agents = vec![agent(1, 0, 100, None), agent(2, 0, 100, None), agent(3, 0, 100, None)];
        let here = all(&agents);
        let mut given = [0; 3];
        for turn in 0..30 {
            let chosen = decide(&agents, &here, None).unwrap().agent;
            let place = agents.iter().position(|profile| profile.id == chosen).unwrap();
            given[place] += 1;
            agents[place].open_conversations += 1;
            agents[place].last_assigned_at = Some(at(turn));
            assert!(given.iter().max().unwrap() - given.iter().min().unwrap() <= 1, "{given:?}");
        }
    }

    #[test]
    fn load_counts_against_capacity() {
        let agents = [agent(1, 2, 4, None), agent(2, 3, 10, None)];
        assert_eq!(decide(&agents, &all(&agents), None).unwrap().agent, agents[1].id);
    }

    #[test]
    fn nobody_gets_more_than_they_can_take_or_while_away() {
        let mut away = agent(2, 0, 5, None);
        away.availability = Availability::Away;
        let agents = [agent(1, 5, 5, None), away, agent(3, 0, 5, None)];
        let here: BTreeSet<AgentId> = [agents[0].id, agents[1].id].into();
        assert_eq!(decide(&agents, &here, None), None);
        assert_eq!(decide(&agents, &here, Some(agents[0].id)), None);
    }

    #[test]
    fn the_agent_who_had_it_gets_it_back() {
        let agents = [agent(1, 4, 5, None), agent(2, 0, 5, None)];
        let decision = decide(&agents, &all(&agents), Some(agents[0].id)).unwrap();
        assert_eq!(decision.agent, agents[0].id);
        assert_eq!(decision.why["policy"], "last_agent");
    }
}
