//! A random company: its people, its rules, and what its visitors are like.

use std::collections::BTreeMap;
use std::sync::Arc;

use desk::assignment_policy::{LanguageRule, Rules, Rung, Step, Strategy, WhenFull};
use desk::brand::BrandId;
use desk::skill::SkillId;
use desk::team::TeamId;
use infra::Id;
use routing::assignment::Seat;
use routing::waiting_room::Handled;
use tenant::AgentId;
use tenant::agent::Availability;
use uuid::Uuid;

use super::dice::Dice;

/// Seconds.
pub(super) type Seconds = f64;

pub(super) fn team(n: usize) -> TeamId {
    Id::from_uuid(Uuid::from_u128(n as u128 + 1))
}

pub(super) fn skill(n: usize) -> SkillId {
    Id::from_uuid(Uuid::from_u128(n as u128 + 1))
}

pub(super) fn agent(n: usize) -> AgentId {
    Id::from_uuid(Uuid::from_u128(n as u128 + 1))
}

fn brand() -> BrandId {
    Id::from_uuid(Uuid::from_u128(1))
}

/// A rung as the checker understands it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Climb {
    DropPreferred,
    Lower(u8),
    Widen(usize),
    Move(usize),
    Everybody,
    Form,
}

/// A team's way of serving, once for the checker and once for the decision code.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) ladder: Vec<(u32, Climb)>,
    pub(super) rules: Arc<Rules>,
}

/// One agent as hired.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) capacity: u32,
    pub(super) most: [u32; 2],
    pub(super) teams: Vec<usize>,
    pub(super) skills: [u8; 3],
    pub(super) chinese: bool,
    /// How many times as long as usual they take.
    pub(super) pace: f64,
    /// When they work, in seconds of the day.
    pub(super) shift: (Seconds, Seconds),
}

/// The two channels there are: which, and what a conversation of it weighs.
pub(super) const CHANNELS: [(&str, u32); 2] = [("website", 100), ("whatsapp", 50)];

/// A company and its day.
#[derive(Debug)]
pub(super) struct Company {
    pub(super) people: Vec<Person>,
    pub(super) teams: usize,
    /// For each team, and behind them for whoever has none.
    pub(super) policies: Vec<Policy>,
    pub(super) brands: BTreeMap<BrandId, std::collections::BTreeSet<TeamId>>,
    pub(super) long: Seconds,
    /// Handling: the median, how it scatters, and the factor of each team.
    pub(super) handle: (Seconds, f64, Vec<f64>),
    pub(super) patience: Option<Seconds>,
    pub(super) skilled_share: f64,
    pub(super) homeless_share: f64,
    /// Visitors a second, where the curve is at 1.
    pub(super) rate: f64,
    /// When the two humps of the day are, in parts of it, and how much a campaign adds, when.
    pub(super) humps: (f64, f64),
    pub(super) campaign: Option<(Seconds, f64)>,
    /// How often an agent's connection breaks: the mean time between.
    pub(super) flap_every: Seconds,
}

impl Company {
    pub(super) fn random(dice: &Dice) -> Self {
        let size = dice.scaled(2.0, 40.0) as usize;
        let teams = 1 + dice.below(if size < 6 { 2 } else { 4 });
        let long = dice.between(5.0, 9.0) * 3600.0;
        let places = 1 + dice.below(4) as u32;
        let people: Vec<Person> = (0..size.max(2)).map(|n| person(n, teams, places, long, dice)).collect();
        let median = dice.scaled(120.0, 700.0);
        let spread = dice.between(0.4, 0.9);
        let factors: Vec<f64> = (0..=teams).map(|_| dice.lognormal(1.0, 0.25)).collect();
        // What the people can do in a second, all at work; the curve makes peaks and valleys of it.
        let staffed: f64 =
            people.iter().map(|one| f64::from(one.capacity) / 100.0 * (one.shift.1 - one.shift.0) / long).sum();
        let mean = median * (spread * spread / 2.0).exp();
        let rate = dice.between(0.75, 1.35) * staffed / mean;
        Self {
            policies: (0..=teams).map(|home| policy(home, teams, dice)).collect(),
            brands: [(brand(), (0..teams).map(team).collect())].into(),
            teams,
            long,
            handle: (median, spread, factors),
            patience: dice.yes(0.7).then(|| dice.between(900.0, 3600.0)),
            skilled_share: if dice.yes(0.6) { dice.between(0.1, 0.5) } else { 0.0 },
            homeless_share: if dice.yes(0.5) { dice.between(0.0, 0.5) } else { 0.0 },
            rate,
            humps: (dice.between(0.2, 0.45), dice.between(0.55, 0.85)),
            campaign: dice.yes(0.25).then(|| (dice.between(0.2, 0.7) * long, dice.between(0.5, 1.5))),
            flap_every: dice.scaled(1_200.0, 20_000.0),
            people,
        }
    }

    /// How busy it is, where 1 is usual.
    pub(super) fn curve(&self, at: Seconds) -> f64 {
        let part = at / self.long;
        let hump = |middle: f64| (-((part - middle) / 0.13).powi(2)).exp();
        let campaign =
            self.campaign.filter(|(from, _)| (*from..from + 1_200.0).contains(&at)).map_or(0.0, |more| more.1);
        0.45 + 0.9 * hump(self.humps.0) + 0.8 * hump(self.humps.1) + campaign
    }

    /// As much as the curve ever is.
    pub(super) fn busiest(&self) -> f64 {
        2.2 + self.campaign.map_or(0.0, |more| more.1)
    }

    /// How many times the usual an agent takes who has so many others in hand.
    pub(super) fn slowed(others: usize) -> f64 {
        1.0 + 0.07 * others as f64
    }

    /// How long a conversation takes, as a multiple of the company's median.
    pub(super) fn need(&self, dice: &Dice) -> f64 {
        // A few say hello and nothing more.
        if dice.yes(0.08) { dice.lognormal(0.12, 0.5) } else { dice.lognormal(1.0, self.handle.1) }
    }

    /// How long everybody takes for anything, as nobody in the company knows it: as if it had been measured for ever, of agents who
    /// have all they can take.
    pub(super) fn true_handling(&self, dice: &Dice) -> Vec<Handled> {
        let (median, _, factors) = &self.handle;
        let mut needs: Vec<f64> = (0..4_000).map(|_| self.need(dice)).collect();
        needs.sort_by(f64::total_cmp);
        let mut all = Vec::new();
        for (n, person) in self.people.iter().enumerate() {
            for (line, factor) in factors.iter().enumerate() {
                let usual = median * factor * person.pace * Self::slowed(person.capacity as usize / 100 - 1);
                let team = (line < self.teams).then(|| team(line));
                let of = |need: &f64| Handled { agent: agent(n), team, seconds: need * usual, over: true };
                all.extend(needs.iter().skip(40).step_by(80).map(of));
            }
        }
        all
    }

    /// The seat of an agent, empty.
    pub(super) fn seat(&self, n: usize) -> Seat {
        let person = &self.people[n];
        let skills = person.skills.iter().enumerate().filter(|(_, level)| **level > 0);
        Seat {
            agent: agent(n),
            here: false,
            availability: Availability::Online,
            capacity: person.capacity,
            load: 0,
            channel_load: BTreeMap::new(),
            channel_most: CHANNELS
                .iter()
                .zip(person.most)
                .map(|((name, _), most)| ((*name).to_owned(), most))
                .collect(),
            teams: person.teams.iter().copied().map(team).collect(),
            skills: skills.map(|(n, level)| (skill(n), *level)).collect(),
            languages: if person.chinese { vec!["en".into(), "zh-CN".into()] } else { vec!["en".into()] },
            last_assigned_at: None,
        }
    }
}

fn person(n: usize, teams: usize, places: u32, long: Seconds, dice: &Dice) -> Person {
    // Everybody has a team, every team has somebody, and some help out in another.
    let mut of = vec![n % teams];
    if teams > 1 && dice.yes(0.35) {
        of.push((n + 1) % teams);
    }
    let mut skills = [0; 3];
    for level in &mut skills {
        *level = if dice.yes(0.55) { 1 + dice.below(5) as u8 } else { 0 };
    }
    let whole = dice.yes(0.4);
    let begins = if whole || n < teams { 0.0 } else { dice.between(0.0, 0.5) * long };
    let ends = if whole || n < teams { long } else { (begins + dice.between(0.35, 0.7) * long).min(long) };
    Person {
        capacity: 100 * (places + u32::from(dice.yes(0.3))),
        most: [places + 2, if dice.yes(0.3) { 1 } else { 9 }],
        teams: of,
        skills,
        chinese: dice.yes(0.6),
        pace: dice.lognormal(1.0, 0.2),
        shift: (begins, ends),
    }
}

fn policy(home: usize, teams: usize, dice: &Dice) -> Policy {
    let strategy = [Strategy::RoundRobin, Strategy::LeastBusy, Strategy::BestSkill][dice.below(3)];
    let mut after = 0;
    let mut ladder = Vec::new();
    let mut moved = false;
    for _ in 0..dice.below(4) {
        after += 20 + dice.below(300) as u32;
        let climb = match dice.below(6) {
            0 => Climb::DropPreferred,
            1 => Climb::Lower(1 + dice.below(3) as u8),
            2 => Climb::Widen(dice.below(teams)),
            // Moving away twice would be a policy nobody writes.
            3 if !moved && teams > 1 => {
                moved = true;
                Climb::Move((home + 1) % teams)
            }
            4 => Climb::Everybody,
            _ => Climb::Form,
        };
        ladder.push((after, climb));
    }
    let rungs = ladder.iter().map(|(after_seconds, climb)| {
        let step = match *climb {
            Climb::DropPreferred => Step::DropPreferred {},
            Climb::Lower(by) => Step::LowerLevel { by },
            Climb::Widen(to) => Step::WidenToTeam { team_id: team(to) },
            Climb::Move(to) => Step::OverflowToTeam { team_id: team(to) },
            Climb::Everybody => Step::OverflowToBrand { brand_id: brand() },
            Climb::Form => Step::MessageForm {},
        };
        Rung { after_seconds: *after_seconds, step }
    });
    let rules = Rules {
        strategy,
        sticky: dice.yes(0.5),
        language: [LanguageRule::Ignore, LanguageRule::Prefer, LanguageRule::Require][dice.below(3)],
        accept_seconds: dice.yes(0.4).then(|| 10 + dice.below(30) as u32),
        answer_seconds: None,
        absent_seconds: 30 + dice.below(120) as u32,
        auto_away_after_missed: dice.yes(0.5).then_some(3),
        ladder: rungs.collect(),
        queue_limit: None,
        when_full: WhenFull::MessageForm {},
    };
    Policy { ladder, rules: Arc::new(rules) }
}
