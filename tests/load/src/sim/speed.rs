//! What a decision costs, and how that grows with agents, waiting and companies.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use desk::assignment_policy::{Rules, Rung, Step, Strategy};
use desk::queue::Reason;
use desk::skill::{Demand, Demands};
use routing::assignment::floor::HEAD;
use routing::assignment::{Floor, Plan, Seat, Ticket, plan, plan_to};
use routing::waiting_room::{
    Calibration, End, Flow, HandleTimes, Handled, Known, Prior, Running, Turnover, Waited, standings,
};
use tenant::agent::Availability;

use super::books::{conversation, instant};
use super::company::{agent, skill, team};
use crate::report::median;

/// So many decisions in so much time.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Decisions.
    pub decisions: usize,
    /// How long they took.
    pub seconds: f64,
}

impl Cost {
    /// Decisions a second.
    pub fn per_second(self) -> f64 {
        self.decisions as f64 / self.seconds
    }
}

/// Agents of eight teams with six skills on five levels, places for all who wait or for none; and a line in which every team,
/// skill and language is asked for, under three policies with ladders.
fn floor(agents: usize, waiting: usize, free: bool) -> Floor {
    let places = (waiting / agents + 2) as u32;
    let seats = (0..agents).map(|n| Seat {
        agent: agent(n),
        here: true,
        availability: Availability::Online,
        capacity: places * 100,
        load: if free { 0 } else { places * 100 },
        channel_load: BTreeMap::new(),
        channel_most: [("website".to_owned(), 100)].into(),
        teams: [team(n % 8), team(n / 8 % 8)].into(),
        skills: (0..6)
            .filter(|skill| (n >> skill) & 1 == 0)
            .map(|which| (skill(which), 1 + (n / 7 % 5) as u8))
            .collect(),
        languages: vec!["en".to_owned(), if n % 3 == 0 { "zh-CN" } else { "fr" }.to_owned()],
        last_assigned_at: Some(instant(n as u64)),
    });
    let rules = policies();
    let mut tickets: Vec<Ticket> = (0..waiting).map(|n| ticket(n, agents, &rules)).collect();
    tickets.sort_unstable_by_key(Ticket::place);
    Floor { seats: seats.collect(), tickets, brands: BTreeMap::new() }
}

fn policies() -> [Arc<Rules>; 3] {
    let ladder = vec![
        Rung { after_seconds: 60, step: Step::DropPreferred {} },
        Rung { after_seconds: 7_200, step: Step::LowerLevel { by: 1 } },
    ];
    [Strategy::RoundRobin, Strategy::LeastBusy, Strategy::BestSkill]
        .map(|strategy| Arc::new(Rules { strategy, ladder: ladder.clone(), ..Rules::default() }))
}

/// The conversation with this number.
fn ticket(n: usize, agents: usize, rules: &[Arc<Rules>; 3]) -> Ticket {
    Ticket {
        conversation: conversation(n),
        team: (n % 9 < 8).then(|| team(n % 9)),
        rules: rules[n % 3].clone(),
        policy: None,
        // Strewn over the last hour, and in no order.
        entered_at: instant(3_600_000 + (n * 7_919 % 3_600_000) as u64),
        since: instant(3_600_000 + (n * 7_919 % 3_600_000) as u64),
        rank: i16::from(n.is_multiple_of(20)),
        vip: n.is_multiple_of(50),
        patient: false,
        demands: Demands {
            required: n
                .is_multiple_of(2)
                .then(|| Demand { skill_id: skill(n / 2 % 6), level: 1 })
                .into_iter()
                .collect(),
            preferred: (n % 4 == 1).then(|| Demand { skill_id: skill(n / 4 % 6), level: 3 }).into_iter().collect(),
        },
        language: Some(["en", "zh"][n / 3 % 2].to_owned()),
        channel: "website".to_owned(),
        weight: 100,
        last_agent: n.is_multiple_of(5).then(|| agent(n % agents)),
        only_agent: None,
        declined: [].into(),
        last_offer_at: None,
        offer: None,
        reason: Reason::New,
        step: 0,
        moved_from: [].into(),
    }
}

/// The present of all floors.
const NOW: u64 = 7_200_000;
const ROUNDS: usize = 9;

/// Everybody at once: places for all who wait.
pub fn all_at_once(agents: usize, waiting: usize) -> Cost {
    let fresh = floor(agents, waiting, true);
    let mut decisions = 0;
    let times = (0..ROUNDS).map(|_| {
        let mut floor = fresh.clone();
        let began = Instant::now();
        decisions = black_box(plan(&mut floor, instant(NOW))).decisions.len();
        began.elapsed().as_secs_f64()
    });
    Cost { seconds: median(&times.collect::<Vec<_>>()), decisions }
}

/// A full house: what it costs to learn that there is nothing to give. Seconds.
pub fn nothing_to_give(agents: usize, waiting: usize) -> f64 {
    let mut floor = floor(agents, waiting, true);
    // Everybody has room, and nobody can do what is asked for: everything has to be looked at.
    for seat in &mut floor.seats {
        seat.skills.clear();
    }
    for ticket in &mut floor.tickets {
        if ticket.demands.required.is_empty() {
            ticket.demands.required.push(Demand { skill_id: skill(5), level: 2 });
        }
    }
    let times = (0..ROUNDS).map(|_| {
        let began = Instant::now();
        black_box(plan(&mut floor, instant(NOW)));
        began.elapsed().as_secs_f64()
    });
    median(&times.collect::<Vec<_>>())
}

/// The usual: everybody is busy, a place becomes free, and who gets it is decided, again and again: from the head of the line, and from all
/// of it where nobody there fits, as rounds do.
pub fn one_by_one(agents: usize, waiting: usize) -> Cost {
    let mut floors = vec![floor(agents, waiting, false)];
    freed_again_and_again(&mut floors, 2_000.min(waiting))
}

/// The same in so many companies in turn, each with 20 agents and 100 in line.
pub fn many_tenants(tenants: usize) -> Cost {
    let mut floors: Vec<Floor> = (0..tenants).map(|_| floor(20, 100, false)).collect();
    // As often as there is somebody to give: afterwards nothing would be decided.
    freed_again_and_again(&mut floors, 20_000.min(tenants * 100))
}

fn freed_again_and_again(floors: &mut [Floor], times: usize) -> Cost {
    let (mut decisions, mut seconds) = (0, 0.0);
    let rules = policies();
    for turn in 0..times {
        let count = floors.len();
        let floor = &mut floors[turn % count];
        let agents = floor.seats.len();
        let seat = &mut floor.seats[turn / count * 7 % agents];
        seat.load = seat.load.min(seat.capacity - 100);
        let (planned, took) = as_a_round_does(floor, NOW + turn as u64);
        seconds += took;
        let made = planned.decisions;
        decisions += made.len();
        // Another one like it comes, so that the line stays as it was.
        for decision in made {
            let n = (decision.conversation.uuid().as_u128() >> 80) as usize;
            let at = instant(NOW + turn as u64);
            let newcomer = Ticket { entered_at: at, since: at, ..ticket(n, agents, &rules) };
            let behind = floor.tickets.partition_point(|other| other.place() < newcomer.place());
            floor.tickets.insert(behind, newcomer);
        }
    }
    Cost { decisions, seconds }
}

/// Plans for a floor whose line is in order, and says how many seconds that took.
fn as_a_round_does(floor: &mut Floor, now: u64) -> (Plan, f64) {
    let rest = floor.tickets.split_off(floor.tickets.len().min(HEAD as usize));
    let is_cut = !rest.is_empty();
    let last = floor.tickets.last().map(Ticket::place).filter(|_| is_cut);
    let began = Instant::now();
    let planned = black_box(plan_to(floor, instant(now), last));
    let took = began.elapsed().as_secs_f64();
    floor.tickets.extend(rest);
    if !(is_cut && planned.has_room && planned.decisions.is_empty()) {
        return (planned, took);
    }
    let began = Instant::now();
    let planned = black_box(plan(floor, instant(now)));
    (planned, took + began.elapsed().as_secs_f64())
}

/// What it costs to say where everybody stands, in seconds.
pub fn estimate(agents: usize, waiting: usize) -> f64 {
    let floor = floor(agents, waiting, false);
    let places = (waiting / agents + 2) as u32;
    let running: Vec<Running> = (0..agents)
        .flat_map(|n| (0..places).map(move |place| (n, place)))
        .map(|(n, place)| Running {
            conversation: conversation(1_000_000 + n * 100 + place as usize),
            agent: agent(n),
            team: Some(team(n % 8)),
            channel: "website".to_owned(),
            weight: 100,
            started_at: instant(NOW - (n as u64 * 7_919 + u64::from(place) * 104_729) % 900_000),
        })
        .collect();
    let past: Vec<Handled> = (0..400)
        .map(|n| Handled {
            agent: agent(n % agents),
            team: Some(team(n % 8)),
            seconds: 60.0 + (n * 7_919 % 900) as f64,
            over: true,
        })
        .collect();
    let waits: Vec<Waited> = (0_u32..400)
        .map(|n| Waited {
            seconds: 30.0 + f64::from(n * 7_919 % 300),
            end: if n.is_multiple_of(20) { End::GaveUp } else { End::Served },
            ahead: n.is_multiple_of(12),
            asked_seconds: None,
        })
        .collect();
    let times: Vec<f64> = (0..5)
        .map(|_| {
            let began = Instant::now();
            let times = HandleTimes::learn(&past, &Prior::default());
            let calibration = Calibration::default();
            let turnover = Turnover::default();
            let flow = Flow::learn(waits.iter().copied());
            let known =
                Known { running: &running, times: &times, flow: &flow, turnover: &turnover, calibration: &calibration };
            black_box(standings(&floor, &known, instant(NOW)));
            began.elapsed().as_secs_f64()
        })
        .collect();
    median(&times)
}
