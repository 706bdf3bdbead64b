//! How long conversations are in hand: one curve for the company, and how its teams and people differ from it.

use std::collections::BTreeMap;

use desk::team::TeamId;
use tenant::AgentId;

use super::survival::{Observed, Survival};

/// One conversation that an agent has, or had, in hand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Handled {
    /// Who.
    pub agent: AgentId,
    /// For which team.
    pub team: Option<TeamId>,
    /// How long, so far.
    pub seconds: f64,
    /// Whether it is over. False also for what was taken off their hands.
    pub over: bool,
}

/// What is believed before anything was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Half of all conversations take longer.
    pub median_seconds: f64,
    /// How far they scatter: the standard deviation of their logarithms.
    pub spread: f64,
    /// For how many measured ones it counts.
    pub worth: f64,
}

impl Default for Prior {
    /// A chat is over after seven minutes or so; a sixth of them take more than a quarter of an hour.
    fn default() -> Self {
        Self { median_seconds: 420.0, spread: 0.8, worth: 2.5 }
    }
}

/// For how many measured ones the assumption counts that a team or an agent is like all.
const ALIKE: f64 = 12.0;

/// How much one hour differs from the hours before, as a standard deviation of the logarithm.
const DRIFT: f64 = 0.15;

/// What is known of how long conversations are in hand.
#[derive(Debug, Clone)]
pub struct HandleTimes {
    /// Of a usual agent in a usual team, in units of `mean`.
    curve: Survival,
    mean: f64,
    teams: BTreeMap<Option<TeamId>, f64>,
    agents: BTreeMap<AgentId, f64>,
    /// How wrong the whole may be: the standard deviation of its logarithm.
    doubt: f64,
}

/// Time spent, and how many were finished in it.
#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    seconds: f64,
    over: f64,
}

impl Spent {
    fn add(&mut self, seconds: f64, over: bool) {
        self.seconds += seconds;
        self.over += if over { 1.0 } else { 0.0 };
    }

    /// How many times as long as usual, where `usual` is what one takes.
    fn factor(self, usual: f64) -> f64 {
        (self.seconds + ALIKE * usual) / ((self.over + ALIKE) * usual).max(f64::MIN_POSITIVE)
    }
}

impl HandleTimes {
    /// Learns from the conversations that were begun last, whether they are over or go on: some hundreds. Not from those that
    /// ended last: the long ones would be missing among what was begun, or what goes on would count twice.
    pub fn learn(past: &[Handled], prior: &Prior) -> Self {
        let past: Vec<Handled> =
            past.iter().copied().filter(|one| one.seconds.is_finite() && one.seconds >= 0.0).collect();
        let mut all = Spent::default();
        for one in &past {
            all.add(one.seconds, one.over);
        }
        let believed = prior.median_seconds * (prior.spread * prior.spread / 2.0).exp();
        let mean = (all.seconds + prior.worth * believed) / (all.over + prior.worth);
        // In turns, so that a slow agent does not make a team look slow, nor the other way round.
        let (mut teams, mut agents) = (BTreeMap::new(), BTreeMap::new());
        for _ in 0..3 {
            teams = factors(&past, mean, |one| one.team, |one| agents.get(&one.agent).copied());
            agents = factors(&past, mean, |one| one.agent, |one| teams.get(&one.team).copied());
        }
        let of_team = |team: &Option<TeamId>| teams.get(team).copied().unwrap_or(1.0);

        let mut observed: Vec<Observed> = past
            .iter()
            .map(|one| {
                let factor = mean * of_team(&one.team) * agents.get(&one.agent).copied().unwrap_or(1.0);
                Observed { lasted: one.seconds / factor, over: one.over, weight: 1.0 }
            })
            .collect();
        observed.extend(believed_in(prior, believed));
        let doubt = (prior.spread * prior.spread / (all.over + prior.worth) + DRIFT * DRIFT).sqrt();
        Self { curve: Survival::learn(observed), mean, teams, agents, doubt }
    }

    /// How many times as long as usual this agent takes for this team.
    pub(super) fn scale(&self, agent: AgentId, team: Option<TeamId>) -> f64 {
        let team = self.teams.get(&team).copied().unwrap_or(1.0);
        self.mean * team * self.agents.get(&agent).copied().unwrap_or(1.0)
    }

    /// How much longer it takes what was scaled by `scale` and has lasted so long.
    pub(super) fn remaining(&self, scale: f64, lasted: f64, chance: f64) -> f64 {
        self.curve.remaining(lasted / scale, chance) * scale
    }

    /// The mean for a team, in seconds.
    pub fn mean_seconds(&self, team: Option<TeamId>) -> f64 {
        self.curve.mean() * self.mean * self.teams.get(&team).copied().unwrap_or(1.0)
    }

    /// How wrong the whole may be: the standard deviation of its logarithm.
    pub(super) fn doubt(&self) -> f64 {
        self.doubt
    }
}

/// How many times as long as usual each takes, the other influence taken out.
fn factors<K: Ord>(
    past: &[Handled],
    usual: f64,
    key: impl Fn(&Handled) -> K,
    other: impl Fn(&Handled) -> Option<f64>,
) -> BTreeMap<K, f64> {
    let mut spent: BTreeMap<K, Spent> = BTreeMap::new();
    for one in past {
        spent.entry(key(one)).or_default().add(one.seconds / other(one).unwrap_or(1.0), one.over);
    }
    spent.into_iter().map(|(key, spent)| (key, spent.factor(usual))).collect()
}

/// The prior as if it had been measured: a handful of conversations at even quantiles of a lognormal distribution.
fn believed_in(prior: &Prior, mean: f64) -> impl Iterator<Item = Observed> {
    /// The standard normal distribution at 2.5 %, 7.5 % … 97.5 %.
    const NORMAL: [f64; 20] = [
        -1.960, -1.440, -1.150, -0.935, -0.755, -0.598, -0.454, -0.319, -0.189, -0.063, 0.063, 0.189, 0.319, 0.454,
        0.598, 0.755, 0.935, 1.150, 1.440, 1.960,
    ];
    let (worth, spread, median) = (prior.worth / 20.0, prior.spread, prior.median_seconds / mean);
    NORMAL.into_iter().map(move |z| Observed { lasted: median * (spread * z).exp(), over: true, weight: worth })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::plan::test_floor::{agent, team};

    fn handled(who: u128, which: u128, seconds: f64) -> Handled {
        Handled { agent: agent(who), team: Some(team(which)), seconds, over: true }
    }

    #[test]
    fn a_new_company_is_believed_to_be_like_others_and_then_to_be_as_measured() {
        let none = HandleTimes::learn(&[], &Prior::default());
        let mean = none.mean_seconds(None);
        assert!((500.0..650.0).contains(&mean), "{mean}");
        let quick: Vec<Handled> = (0..300).map(|n| handled(n % 5, 1, 60.0 + (n % 7) as f64)).collect();
        let learnt = HandleTimes::learn(&quick, &Prior::default());
        let mean = learnt.mean_seconds(Some(team(1)));
        assert!((60.0..80.0).contains(&mean), "{mean}");
        assert!(learnt.doubt() < none.doubt());
    }

    #[test]
    fn teams_and_people_differ_once_there_is_reason_to_think_so() {
        let mut past: Vec<Handled> = (0..100).map(|n| handled(n % 4, 1, 300.0)).collect();
        past.extend((0..100).map(|n| handled(n % 4, 2, 600.0)));
        past.extend((0..100).map(|_| handled(9, 1, 900.0)));
        let times = HandleTimes::learn(&past, &Prior::default());
        assert!(times.mean_seconds(Some(team(2))) > 1.1 * times.mean_seconds(Some(team(1))));
        assert!(times.scale(agent(9), Some(team(1))) > 1.5 * times.scale(agent(1), Some(team(1))));
        assert!((times.scale(agent(77), None) / times.mean - 1.0).abs() < 1e-9, "a stranger is like all");
    }

    #[test]
    fn what_has_lasted_long_will_last_longer() {
        let times = HandleTimes::learn(&[], &Prior::default());
        let scale = times.scale(agent(1), None);
        let early = times.remaining(scale, 0.0, 0.5);
        assert!((350.0..500.0).contains(&early), "{early}");
        assert!(times.remaining(scale, 3000.0, 0.5) > early);
    }
}
