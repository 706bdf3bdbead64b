//! Any floor: the plan is what a clerk would decide who looks at every agent for every conversation, one after the other.

use std::cmp::Reverse;

use desk::assignment_policy::{LanguageRule, Rules, Rung, Step};
use desk::skill::Demand;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::{Just, ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest};
use proptest::strategy::Strategy;
use tenant::agent::Availability;

use super::test_floor::{agent, at, floor, seat, skill, team, ticket, with_rules};
use super::*;

fn seats() -> impl Strategy<Value = Vec<Seat>> {
    let one = (
        (prop::bool::weighted(0.8), prop::bool::weighted(0.8), 0_u32..4, 0_u32..4, 0_i64..50),
        (
            btree_set(0_u128..3, 0..3),
            btree_map(0_u128..3, 1_u8..=5, 0..4),
            option::of(Just("zh")),
            option::of(0_u32..2),
        ),
    );
    vec(one, 1..8).prop_map(|seats| {
        let seats = seats.into_iter().enumerate().map(|(index, (who, what))| {
            let ((here, online, capacity, load, last), (teams, skills, language, most)) = (who, what);
            let mut seat = seat(index as u128 + 1, capacity);
            seat.here = here;
            seat.availability = if online { Availability::Online } else { Availability::Away };
            seat.load = load * 50;
            seat.last_assigned_at = (last > 9).then(|| at(last));
            seat.teams = teams.into_iter().map(team).collect();
            seat.skills = skills.into_iter().map(|(which, level)| (skill(which), level)).collect();
            seat.languages = language.into_iter().map(str::to_owned).collect();
            seat.channel_most = most.into_iter().map(|most| ("website".to_owned(), most)).collect();
            seat
        });
        seats.collect()
    })
}

fn tickets() -> impl Strategy<Value = Vec<Ticket>> {
    let strategies = prop::sample::select(vec![
        desk::assignment_policy::Strategy::RoundRobin,
        desk::assignment_policy::Strategy::LeastBusy,
        desk::assignment_policy::Strategy::BestSkill,
    ]);
    let languages = prop::sample::select(vec![LanguageRule::Ignore, LanguageRule::Prefer, LanguageRule::Require]);
    let demands = || vec((0_u128..3, 1_u8..=5), 0..2);
    let one = (
        (0_i64..60, 0_i16..2, any::<bool>(), option::of(0_u128..3), 1_u32..=2),
        (demands(), demands(), any::<bool>(), strategies, languages),
        (option::of(1_u128..8), option::weighted(0.1, 1_u128..8), btree_set(1_u128..8, 0..3), any::<bool>()),
    );
    vec(one, 0..12).prop_map(|tickets| {
        let tickets = tickets.into_iter().enumerate().map(|(index, (line, asks, agents))| {
            let ladder = vec![
                Rung { after_seconds: 30, step: Step::LowerLevel { by: 2 } },
                Rung { after_seconds: 50, step: Step::WidenToTeam { team_id: team(2) } },
            ];
            let rules = Rules { strategy: asks.3, language: asks.4, ladder, ..Rules::default() };
            let mut it = with_rules(ticket(index as u128 + 1, line.0), rules);
            (it.rank, it.vip, it.team, it.weight) = (line.1, line.2, line.3.map(team), line.4 * 50);
            let demand = |(which, level): (u128, u8)| Demand { skill_id: skill(which), level };
            it.demands.required = asks.0.into_iter().map(demand).collect();
            it.demands.preferred = asks.1.into_iter().map(demand).collect();
            it.language = asks.2.then(|| "zh-TW".to_owned());
            (it.last_agent, it.only_agent) = (agents.0.map(agent), agents.1.map(agent));
            it.declined = agents.2.into_iter().map(agent).collect();
            it.offer = agents.3.then_some(Offer { to: agent(1), until: at(80) }).filter(|_| index < 2);
            it.last_offer_at = Some(at(59));
            it
        });
        tickets.collect()
    })
}

/// One after the other, looking at everybody, with the order of preference spelled out.
fn clerk(mut floor: Floor, now: Timestamp) -> Vec<(ConversationId, AgentId)> {
    let on_offer: Vec<_> =
        floor.tickets.iter().filter_map(|it| Some((it.offer?.to, it.weight, it.channel.clone()))).collect();
    for (to, weight, channel) in on_offer {
        let seat = floor.seats.iter_mut().find(|seat| seat.agent == to);
        if let Some(seat) = seat {
            seat.add(weight, &channel);
        }
    }
    let mut line: Vec<Ticket> = floor.tickets.into_iter().filter(|it| it.offer.is_none()).collect();
    line.sort_by_key(Ticket::place);
    let mut turn = now.max(floor.seats.iter().filter_map(|seat| seat.last_assigned_at).max().unwrap_or(now));
    let mut given = Vec::new();
    for it in line {
        let reach = effective(&it, &floor.brands, now);
        let able = floor.seats.iter().filter(|seat| refusal(seat, &it, &reach).is_none());
        let best = able.min_by_key(|seat| {
            let misses = |demand: &&Demand| seat.skills.get(&demand.skill_id).is_none_or(|level| *level < demand.level);
            let speaks = it.rules.language == LanguageRule::Ignore || it.language.is_none() || seat.speaks("zh");
            let asked: BTreeSet<_> =
                reach.required.iter().chain(&reach.preferred).map(|demand| demand.skill_id).collect();
            let level: u32 = asked.iter().filter_map(|skill| seat.skills.get(skill)).map(|l| u32::from(*l)).sum();
            let load = u64::from(seat.load) * 1_000_000_007 / u64::from(seat.capacity.max(1));
            let (level, load) = match it.rules.strategy {
                desk::assignment_policy::Strategy::BestSkill => (level, load),
                desk::assignment_policy::Strategy::LeastBusy => (0, load),
                desk::assignment_policy::Strategy::RoundRobin | desk::assignment_policy::Strategy::Manual => (0, 0),
            };
            (
                !(it.rules.sticky && it.last_agent == Some(seat.agent)),
                !speaks,
                reach.preferred.iter().filter(misses).count(),
                reach.team.is_some_and(|team| !seat.teams.contains(&team)),
                Reverse(level),
                load,
                seat.last_assigned_at,
                seat.agent,
            )
        });
        let Some(chosen) = best.map(|seat| seat.agent) else { continue };
        turn += TimeDelta::microseconds(1);
        let seat = floor.seats.iter_mut().find(|seat| seat.agent == chosen).unwrap();
        seat.add(it.weight, &it.channel);
        seat.last_assigned_at = Some(turn);
        given.push((it.conversation, chosen));
    }
    given
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_plan_is_what_a_patient_clerk_decides(seats in seats(), tickets in tickets()) {
        let mut floor = floor(seats, tickets);
        let expected = clerk(floor.clone(), at(60));
        let before = floor.clone();
        let decisions = plan(&mut floor, at(60)).decisions;
        let got: Vec<_> = decisions.iter().map(|one| (one.conversation, one.agent)).collect();
        prop_assert_eq!(got, expected);
        for (seat, old) in floor.seats.iter().zip(&before.seats) {
            prop_assert!(seat.load <= seat.capacity.max(old.load));
        }
        for decision in &decisions {
            let first = decision.why.candidates.first().unwrap();
            prop_assert_eq!((first.agent_id, first.refused), (decision.agent, None));
        }
        prop_assert_eq!(plan(&mut floor.clone(), at(60)).decisions, vec![], "nothing is left to decide");
    }

    #[test]
    fn a_plan_for_the_head_of_the_line_is_the_head_of_the_plan_for_all_of_it(
        seats in seats(), tickets in tickets(), most in 1_usize..12, besides in 1_u128..4,
    ) {
        let mut whole = floor(seats, tickets);
        let mut head = whole.clone();
        let last = whole.line().into_iter().take(most).map(Ticket::place).next_back();
        // Whoever is being asked about has a place kept for them, wherever they stand; of the others behind it some are there.
        let is_there = |it: &Ticket| {
            let is_due = it.conversation.uuid().as_u128().is_multiple_of(besides + 1);
            last.is_some_and(|last| it.place() <= last) || it.offer.is_some() || is_due
        };
        head.tickets.retain(is_there);
        let (of_head, of_whole) = (plan_to(&mut head, at(60), last), plan(&mut whole, at(60)));
        prop_assert!(of_whole.decisions.starts_with(&of_head.decisions));
        prop_assert!(of_head.has_room || of_whole.decisions.len() == of_head.decisions.len(), "nobody behind it could have got anything");
    }
}
