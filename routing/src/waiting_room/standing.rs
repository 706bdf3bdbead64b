//! Where everybody in line stands, and how long it will take.

use std::collections::BTreeMap;

use desk::ConversationId;
use desk::team::TeamId;
use infra::Timestamp;
use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::flow::Flow;
use super::forecast::{Forecast, Running};
use super::handling::HandleTimes;
use super::turnover::Turnover;
use crate::assignment::ladder::effective;
use crate::assignment::model::{Floor, Ticket};

/// How much longer somebody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Estimate {
    /// As likely longer as shorter.
    pub seconds: u32,
    /// One in ten waits is shorter.
    pub low_seconds: u32,
    /// One in ten waits is longer.
    pub high_seconds: u32,
}

/// Where somebody stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Who.
    pub conversation: ConversationId,
    /// Whose line they stand in by now.
    pub team: Option<TeamId>,
    /// Their place in it, from 1.
    pub position: u32,
    /// How many agents are here who may take them.
    pub staffed: u32,
    /// How much longer, if it can be known: nobody knows when somebody will come if nobody is here.
    pub estimate: Option<Estimate>,
    /// The same before it was corrected by how true earlier ones were: what [`Calibration`] learns from.
    pub uncorrected: Option<Estimate>,
}

/// What is known of the company besides its floor.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What agents have in hand.
    pub running: &'a [Running],
    /// How long that takes.
    pub times: &'a HandleTimes,
    /// Who gives up, and who is let in ahead.
    pub flow: &'a Flow,
    /// How often agents come and go.
    pub turnover: &'a Turnover,
    /// How true earlier estimates were.
    pub calibration: &'a Calibration,
}

/// Says where everybody in line stands, in line order.
pub fn standings(floor: &Floor, known: &Known<'_>, now: Timestamp) -> Vec<Standing> {
    let line = floor.line();
    let forecast = Forecast::new(floor, &line, known, now);
    let staffed: Vec<usize> = (0..line.len()).map(|ticket| forecast.staffed(ticket)).collect();
    let runs = forecast.runs();
    let served = forecast.play(known);
    let mut positions: BTreeMap<Option<TeamId>, u32> = BTreeMap::new();
    line.into_iter()
        .zip(staffed)
        .zip(served)
        .map(|((ticket, staffed), served)| {
            let team = effective(ticket, &floor.brands, now).team;
            let position = positions.entry(team).or_default();
            *position += 1;
            let uncorrected = estimate(ticket, staffed, &served, runs as usize);
            Standing {
                conversation: ticket.conversation,
                team,
                position: *position,
                staffed: u32::try_from(staffed).unwrap_or(u32::MAX),
                estimate: uncorrected.map(|estimate| known.calibration.correct(estimate)),
                uncorrected,
            }
        })
        .collect()
}

fn estimate(ticket: &Ticket, staffed: usize, served: &[f64], runs: usize) -> Option<Estimate> {
    if staffed == 0 || ticket.patient {
        return None;
    }
    let within = |share| quantile(served, runs, share).map(|seconds| seconds.clamp(0.0, 86_400.0).round() as u32);
    Some(Estimate { seconds: within(0.5)?, low_seconds: within(0.1)?, high_seconds: within(0.9)? })
}

/// The value below which this share of `all` lies. `rising` may lack the greatest of them; `None` when that is too many.
pub(super) fn quantile(rising: &[f64], all: usize, share: f64) -> Option<f64> {
    let place = (share * all as f64 - 0.5).max(0.0);
    let below = place as usize;
    let low = rising.get(below)?;
    let high = if place.fract() > 0.0 { rising.get(below + 1)? } else { low };
    Some(low + (high - low) * place.fract())
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::super::flow::{End, Waited};
    use super::super::handling::{Handled, Prior};
    use super::*;
    use crate::assignment::Seat;
    use crate::assignment::plan::test_floor::{agent, at, chat, floor, seat, ticket};

    fn running(n: u128, who: u128, started: i64) -> Running {
        Running {
            conversation: chat(n),
            agent: agent(who),
            team: None,
            channel: "website".to_owned(),
            weight: 100,
            started_at: at(started),
        }
    }

    /// Everybody takes about five minutes.
    fn times() -> HandleTimes {
        let past: Vec<Handled> = (0_u32..400)
            .map(|n| Handled { agent: agent(1), team: None, seconds: 200.0 + f64::from(n % 20) * 10.0, over: true })
            .collect();
        HandleTimes::learn(&past, &Prior::default())
    }

    static STILL: LazyLock<Flow> = LazyLock::new(Flow::default);
    static STAY: LazyLock<Turnover> = LazyLock::new(Turnover::default);

    fn known<'a>(running: &'a [Running], times: &'a HandleTimes, calibration: &'a Calibration) -> Known<'a> {
        Known { running, times, flow: &STILL, turnover: &STAY, calibration }
    }

    /// So many in line before one agent who has been busy for so long.
    fn line(seats: Vec<Seat>, waiting: u32, running: &[Running], now: i64) -> Vec<Standing> {
        let tickets = (0..waiting).map(|n| ticket(100 + u128::from(n), i64::from(n))).collect();
        let (times, calibration) = (times(), Calibration::default());
        standings(&floor(seats, tickets), &known(running, &times, &calibration), at(now))
    }

    fn waited(seconds: f64, end: End) -> Waited {
        Waited { seconds, end, ahead: false, asked_seconds: None }
    }

    fn busy(n: u128) -> Seat {
        Seat { load: 100, ..seat(n, 1) }
    }

    fn estimates(standings: &[Standing]) -> Vec<u32> {
        standings.iter().map(|standing| standing.estimate.unwrap().seconds).collect()
    }

    #[test]
    fn each_place_further_back_is_a_conversation_longer() {
        let seen = line(vec![busy(1)], 4, &[running(1, 1, 0)], 100);
        assert_eq!(seen.iter().map(|one| one.position).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let seconds = estimates(&seen);
        assert!((150..250).contains(&seconds[0]), "{seconds:?}");
        assert!(seconds.windows(2).all(|pair| (230..370).contains(&(pair[1] - pair[0]))), "{seconds:?}");
        for one in &seen {
            let estimate = one.estimate.unwrap();
            assert!(estimate.low_seconds < estimate.seconds && estimate.seconds < estimate.high_seconds);
        }
    }

    #[test]
    fn more_hands_are_quicker_and_time_already_spent_counts() {
        let one = estimates(&line(vec![busy(1)], 6, &[running(1, 1, 0)], 30));
        let hands = [running(1, 1, 0), running(2, 2, 0), running(3, 3, 0)];
        let three = estimates(&line((1..=3).map(busy).collect(), 6, &hands, 30));
        assert!(three[5] * 2 < one[5], "{three:?} {one:?}");
        let later = estimates(&line(vec![busy(1)], 6, &[running(1, 1, 0)], 200));
        assert!(later[0] < one[0] && later[5] < one[5], "{later:?} {one:?}");
    }

    #[test]
    fn nobody_knows_when_nobody_is_here_or_whoever_left_a_message_is_called() {
        let gone = Seat { here: false, ..busy(1) };
        assert!(line(vec![gone], 1, &[], 10).iter().all(|one| one.estimate.is_none() && one.staffed == 0));
        let mut floor = floor(vec![busy(1)], vec![ticket(1, 0)]);
        floor.tickets[0].patient = true;
        let (times, calibration) = (times(), Calibration::default());
        let hand = [running(9, 1, 0)];
        assert_eq!(standings(&floor, &known(&hand, &times, &calibration), at(10))[0].estimate, None);
    }

    #[test]
    fn those_who_ask_for_others_do_not_stand_in_the_way() {
        use crate::assignment::plan::test_floor::skill;
        use desk::skill::Demand;
        let mut expert = busy(2);
        expert.skills.insert(skill(1), 5);
        let mut tickets: Vec<Ticket> = (0..5).map(|n| ticket(100 + n, 0)).collect();
        for rare in &mut tickets[..4] {
            rare.demands.required = vec![Demand { skill_id: skill(1), level: 5 }];
        }
        let hands = [running(1, 1, 0), running(2, 2, 0)];
        let (times, calibration) = (times(), Calibration::default());
        let seen = standings(&floor(vec![busy(1), expert], tickets), &known(&hands, &times, &calibration), at(100));
        let seconds = estimates(&seen);
        assert_eq!((seen[4].position, seen[4].staffed, seen[3].staffed), (5, 2, 1));
        assert!(seconds[4] < seconds[1], "{seconds:?}");
    }

    #[test]
    fn whoever_gives_up_makes_room_for_those_behind() {
        let tickets: Vec<Ticket> = (0..8).map(|n| ticket(100 + n, 0)).collect();
        let (times, calibration) = (times(), Calibration::default());
        let hand = [running(1, 1, 0)];
        let stay = known(&hand, &times, &calibration);
        let floor = floor(vec![busy(1)], tickets);
        let patient = estimates(&standings(&floor, &stay, at(10)));
        let flow = Flow::learn((0..100).map(|_| waited(600.0, End::GaveUp)));
        let leaving = estimates(&standings(&floor, &Known { flow: &flow, ..stay }, at(10)));
        assert!(leaving[0] == patient[0] && leaving[7] < patient[7], "{leaving:?} {patient:?}");
    }

    #[test]
    fn whoever_is_let_in_ahead_takes_places_from_those_in_line() {
        let tickets: Vec<Ticket> = (0..8).map(|n| ticket(100 + n, 0)).collect();
        let (times, calibration) = (times(), Calibration::default());
        let hand = [running(1, 1, 0)];
        let none = known(&hand, &times, &calibration);
        let floor = floor(vec![busy(1)], tickets);
        let quiet = estimates(&standings(&floor, &none, at(10)));
        let flow = Flow::learn((0..400).map(|n| Waited { ahead: n % 4 == 0, ..waited(90.0, End::Served) }));
        let pushed = estimates(&standings(&floor, &Known { flow: &flow, ..none }, at(10)));
        assert!(f64::from(pushed[7]) > 1.15 * f64::from(quiet[7]), "{pushed:?} {quiet:?}");
    }

    #[test]
    fn who_comes_and_goes_makes_long_waits_longer_or_shorter() {
        let watch = |here: bool| {
            let mut turnover = Turnover::default();
            let mut seats: Vec<Seat> = (1..=8).map(busy).collect();
            for minute in 0..600_i64 {
                for (n, seat) in (0_i64..).zip(&mut seats) {
                    seat.here = (minute + 7 * n) % 60 < 50 && (here || n < 2);
                }
                turnover.observe(&seats, at(minute * 60));
            }
            turnover
        };
        let mut seats: Vec<Seat> = (1..=8).map(busy).collect();
        for gone in &mut seats[2..] {
            (gone.here, gone.load) = (false, 0);
        }
        let hands = [running(1, 1, 0), running(2, 2, 0)];
        let tickets: Vec<Ticket> = (0..12).map(|n| ticket(100 + n, 0)).collect();
        let (floor, times, calibration) = (floor(seats, tickets), times(), Calibration::default());
        let last = |turnover: &Turnover| {
            let known = Known { turnover, ..known(&hands, &times, &calibration) };
            estimates(&standings(&floor, &known, at(50)))[11]
        };
        let (still, coming) = (last(&STAY), last(&watch(true)));
        assert!(coming < still / 2, "{coming} {still}");
    }

    #[test]
    fn equal_knowledge_gives_equal_estimates() {
        let hands = [running(1, 1, 0), running(2, 2, 0)];
        let once = || line((1..=2).map(busy).collect(), 9, &hands, 50);
        assert_eq!(once(), once());
    }
}
