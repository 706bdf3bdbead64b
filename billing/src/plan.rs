//! Plans as data.

use serde::Serialize;
use tenant::Limits;

/// What a company can choose.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Plan {
    /// Its stable name.
    #[schema(example = "free")]
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// What it includes.
    pub limits: Limits,
}

const GIB: u64 = 1024 * 1024 * 1024;

/// Every plan, smallest first. `private` is for installations of one's own and is not for sale.
pub fn all() -> [Plan; 4] {
    let limits = |agents, inboxes, conversations, messages, storage_gib: u64| Limits {
        agents: Some(agents),
        inboxes: Some(inboxes),
        conversations_per_month: Some(conversations),
        messages_per_month: Some(messages),
        storage_bytes: Some(storage_gib * GIB),
    };
    [
        Plan { id: "free", name: "Free", limits: limits(5, 3, 1_000, 20_000, 1) },
        Plan { id: "pro", name: "Pro", limits: limits(50, 20, 20_000, 500_000, 50) },
        Plan { id: "scale", name: "Scale", limits: limits(1_000, 200, 500_000, 20_000_000, 1_000) },
        Plan { id: "private", name: "Private", limits: Limits::default() },
    ]
}

/// What a plan includes. A plan that no longer exists keeps its company on the smallest one rather than on none.
pub fn limits(plan: &str) -> Limits {
    let plans = all();
    let [free, ..] = &plans;
    plans.iter().find(|candidate| candidate.id == plan).unwrap_or(free).limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_of_yesterday_does_not_lift_every_limit() {
        assert_eq!(limits("gold-2019"), limits("free"));
        assert_eq!(limits("private"), Limits::default());
        assert!(limits("pro").agents > limits("free").agents);
    }
}
