//! What decisions promise, each in a small floor.

use desk::assignment_policy::{LanguageRule, Rules, Rung, Step};
use desk::skill::Demand;
use tenant::agent::Availability;

use super::test_floor::{agent, at, chat, floor, seat, skill, skilled, team, ticket, with_rules};
use super::*;

fn given(floor: &mut Floor, now: i64) -> Vec<(ConversationId, AgentId)> {
    plan(floor, at(now)).decisions.iter().map(|decision| (decision.conversation, decision.agent)).collect()
}

fn rules(strategy: Strategy) -> Rules {
    Rules { strategy, ..Rules::default() }
}

#[test]
fn the_line_is_served_in_order_vip_and_rank_before_age_and_the_patient_last() {
    let mut line: Vec<Ticket> = (1..=5_u32).map(|n| ticket(n.into(), n.into())).collect();
    line[1].patient = true;
    line[3].rank = 1;
    line[4].vip = true;
    line.reverse();
    let mut floor = floor(vec![seat(1, 9)], line);
    let order: Vec<_> = given(&mut floor, 10).into_iter().map(|(conversation, _)| conversation).collect();
    assert_eq!(order, [chat(5), chat(4), chat(1), chat(3), chat(2)]);
}

#[test]
fn equals_take_turns_whatever_comes_at_once() {
    let mut floor = floor((1..=3).map(|n| seat(n, 100)).collect(), Vec::new());
    let mut all = Vec::new();
    let mut n = 0;
    for (moment, burst) in [2_u32, 1, 4, 3, 1, 5, 2].into_iter().enumerate() {
        for _ in 0..burst {
            n += 1;
            floor.tickets.push(ticket(n, 0));
        }
        all.extend(given(&mut floor, i64::try_from(moment).unwrap()).into_iter().map(|(_, agent)| agent));
    }
    for window in all.windows(3) {
        assert_eq!(window.iter().collect::<BTreeSet<_>>().len(), 3, "{all:?}");
    }
}

#[test]
fn turns_go_on_when_another_machines_clock_was_ahead() {
    let ahead = Seat { last_assigned_at: Some(at(500)), ..seat(1, 9) };
    let mut floor = floor(vec![ahead, seat(2, 9)], vec![ticket(1, 0), ticket(2, 0)]);
    let plan = plan(&mut floor, at(100));
    assert_eq!(plan.decisions[0].agent, agent(2));
    assert!(plan.decisions[0].stamp > at(500) && plan.decisions[1].stamp > plan.decisions[0].stamp);
    assert_eq!(plan.decisions[1].agent, agent(1));
}

#[test]
fn load_counts_against_capacity_and_weight_against_room() {
    let busy = Seat { load: 200, ..seat(1, 4) };
    let busier = Seat { load: 300, ..seat(2, 10) };
    let it = with_rules(ticket(1, 0), rules(Strategy::LeastBusy));
    assert_eq!(given(&mut floor(vec![busy, busier], vec![it]), 0), [(chat(1), agent(2))]);

    let half = Seat { load: 50, ..seat(1, 1) };
    let light = Ticket { weight: 50, ..ticket(2, 1) };
    let mut floor = floor(vec![half], vec![ticket(1, 0), light]);
    assert_eq!(given(&mut floor, 2), [(chat(2), agent(1))]);
    assert_eq!((floor.seats[0].load, floor.tickets.len()), (100, 1));
}

#[test]
fn nobody_gets_more_than_they_can_take_or_while_away_or_gone() {
    let full = Seat { load: 500, ..seat(1, 5) };
    let away = Seat { availability: Availability::Away, ..seat(2, 5) };
    let gone = Seat { here: false, ..seat(3, 5) };
    let mut chats = seat(4, 5);
    chats.channel_most.insert("website".to_owned(), 1);
    chats.channel_load.insert("website".to_owned(), 1);
    let mut floor = floor(vec![full, away, gone, chats, seat(5, 0)], vec![ticket(1, 0)]);
    assert_eq!(given(&mut floor, 1), []);
    let reach = effective(&floor.tickets[0], &floor.brands, at(1));
    let refused: Vec<_> = floor.seats.iter().map(|seat| refusal(seat, &floor.tickets[0], &reach)).collect();
    assert_eq!(
        refused,
        [Refusal::Full, Refusal::Away, Refusal::Offline, Refusal::ChannelFull, Refusal::Full].map(Some)
    );
}

#[test]
fn the_last_agent_comes_first_only_if_here_able_and_with_room() {
    let mut it = with_rules(ticket(1, 0), rules(Strategy::LeastBusy));
    it.last_agent = Some(agent(2));
    let last = Seat { load: 400, ..seat(2, 5) };
    let decisions = plan(&mut floor(vec![seat(1, 5), last.clone()], vec![it.clone()]), at(3)).decisions;
    assert_eq!((decisions[0].agent, decisions[0].why.reason), (agent(2), Ground::LastAgent));
    for unable in [
        Seat { here: false, ..last.clone() },
        Seat { availability: Availability::Away, ..last.clone() },
        Seat { load: 500, ..last },
    ] {
        let decisions = plan(&mut floor(vec![seat(1, 5), unable], vec![it.clone()]), at(3)).decisions;
        assert_eq!((decisions[0].agent, decisions[0].why.reason), (agent(1), Ground::LeastBusy));
    }
}

#[test]
fn skills_are_required_or_preferred_and_the_best_is_found() {
    let seats = || vec![skilled(1, &[(1, 2)]), skilled(2, &[(1, 3), (2, 1)]), skilled(3, &[(1, 5)]), skilled(4, &[])];
    let mut it = ticket(1, 0);
    it.demands.required = vec![Demand { skill_id: skill(1), level: 3 }];
    assert_eq!(given(&mut floor(seats(), vec![it.clone()]), 0), [(chat(1), agent(2))]);
    let best = with_rules(it.clone(), rules(Strategy::BestSkill));
    assert_eq!(given(&mut floor(seats(), vec![best]), 0), [(chat(1), agent(3))]);
    it.demands.required = Vec::new();
    it.demands.preferred = vec![Demand { skill_id: skill(2), level: 1 }];
    assert_eq!(given(&mut floor(seats(), vec![it.clone()]), 0), [(chat(1), agent(2))]);
    it.demands.required = vec![Demand { skill_id: skill(9), level: 1 }];
    assert_eq!(given(&mut floor(seats(), vec![it]), 0), []);
}

#[test]
fn a_rare_demand_at_the_head_holds_up_nobody_behind_it() {
    let mut rare = ticket(1, 0);
    rare.demands.required = vec![Demand { skill_id: skill(1), level: 1 }];
    let mut floor = floor(vec![seat(1, 2)], vec![rare, ticket(2, 1), ticket(3, 2)]);
    assert_eq!(given(&mut floor, 3), [(chat(2), agent(1)), (chat(3), agent(1))]);
}

#[test]
fn language_is_ignored_preferred_or_required() {
    let chinese = Seat { languages: vec!["zh-CN".to_owned()], load: 100, ..seat(2, 2) };
    let seats = vec![seat(1, 2), chinese];
    let it = |language| {
        let rules = Rules { language, ..rules(Strategy::LeastBusy) };
        Ticket { language: Some("zh".to_owned()), ..with_rules(ticket(1, 0), rules) }
    };
    let got =
        |seats: &[Seat], rule| given(&mut floor(seats.to_vec(), vec![it(rule)]), 0).first().map(|(_, agent)| *agent);
    assert_eq!(got(&seats, LanguageRule::Ignore), Some(agent(1)));
    assert_eq!(got(&seats, LanguageRule::Prefer), Some(agent(2)));
    assert_eq!(got(&seats[..1], LanguageRule::Prefer), Some(agent(1)));
    assert_eq!(got(&seats[..1], LanguageRule::Require), None);
}

#[test]
fn a_widened_wait_goes_to_the_own_team_first() {
    let step = Step::WidenToTeam { team_id: team(2) };
    let wide = Rules { ladder: vec![Rung { after_seconds: 10, step }], ..rules(Strategy::LeastBusy) };
    let mut own = Seat { load: 100, ..seat(1, 2) };
    own.teams.insert(team(1));
    let mut other = seat(2, 2);
    other.teams.insert(team(2));
    let it = Ticket { team: Some(team(1)), ..with_rules(ticket(1, 0), wide) };
    let mut both = floor(vec![other.clone(), own], vec![it.clone()]);
    assert_eq!(given(&mut both, 10), [(chat(1), agent(1))]);
    let mut only_other = floor(vec![other], vec![it]);
    let early = plan(&mut only_other, at(9));
    assert_eq!((early.decisions.len(), early.wake_at), (0, Some(at(10))));
    assert_eq!(given(&mut only_other, 10), [(chat(1), agent(2))]);
}

#[test]
fn a_wait_that_may_not_move_is_given_where_it_stands() {
    let step = Step::OverflowToTeam { team_id: team(2) };
    let over = Rules { ladder: vec![Rung { after_seconds: 10, step }], ..rules(Strategy::LeastBusy) };
    let (mut own, mut other) = (seat(1, 2), seat(2, 2));
    own.teams.insert(team(1));
    other.teams.insert(team(2));
    let it = Ticket { team: Some(team(1)), moved_from: [team(2)].into(), ..with_rules(ticket(1, 0), over) };
    assert_eq!(given(&mut floor(vec![own, other.clone()], vec![it.clone()]), 10), [(chat(1), agent(1))]);
    assert_eq!(given(&mut floor(vec![other], vec![it]), 10), []);
}

#[test]
fn manual_gives_nothing_but_what_was_passed_on_to_somebody() {
    let manual = with_rules(ticket(1, 0), rules(Strategy::Manual));
    let mut passed = Ticket { only_agent: Some(agent(2)), ..manual.clone() };
    passed.conversation = chat(2);
    passed.demands.required = vec![Demand { skill_id: skill(1), level: 5 }];
    let decisions = plan(&mut floor(vec![seat(1, 9), seat(2, 9)], vec![manual, passed]), at(1)).decisions;
    assert_eq!(decisions.len(), 1);
    assert_eq!((decisions[0].agent, decisions[0].why.reason), (agent(2), Ground::Named));
}

#[test]
fn an_offer_keeps_the_place_and_whoever_declines_is_asked_again_only_when_all_have() {
    let offers = Rules { accept_seconds: Some(20), ..rules(Strategy::RoundRobin) };
    let mut floor = floor(
        vec![seat(1, 1), seat(2, 1)],
        vec![with_rules(ticket(1, 0), offers.clone()), with_rules(ticket(2, 1), offers.clone())],
    );
    let first = plan(&mut floor, at(2));
    assert_eq!((first.decisions.len(), first.decisions[0].offer, first.wake_at), (2, Some(20), Some(at(22))));
    floor.tickets.push(with_rules(ticket(3, 2), offers));
    assert_eq!(given(&mut floor, 3), [], "both places are kept");
    assert!(floor.seats.iter().all(|seat| seat.load == 0), "and are not a load yet");

    let decline = |floor: &mut Floor, n: usize| {
        let to = floor.tickets[n].offer.take().unwrap().to;
        floor.tickets[n].declined.insert(to);
    };
    decline(&mut floor, 0);
    assert_eq!(given(&mut floor, 5), [(chat(3), agent(1))], "who declined one gets the next");
    decline(&mut floor, 2);
    let waiting = plan(&mut floor, at(6));
    assert_eq!(waiting.decisions.len(), 0, "the other one has not been asked, and is busy with an offer");
    floor.tickets[0].declined.insert(agent(2));
    assert_eq!(plan(&mut floor, at(7)).wake_at, Some(at(22)), "all have declined: not before a while has passed");
    let again = plan(&mut floor, at(22)).decisions;
    assert_eq!(again[0].conversation, chat(1));
    assert_eq!((again[0].new_round, again[0].why.reason), (true, Ground::SecondRound));
    assert!(floor.tickets[0].declined.is_empty());
}

#[test]
fn the_grounds_name_the_chosen_the_next_best_and_who_could_not() {
    let mut it = with_rules(ticket(1, 0), rules(Strategy::LeastBusy));
    it.demands.required = vec![Demand { skill_id: skill(1), level: 2 }];
    let full = Seat { load: 100, ..skilled(3, &[(1, 5)]) };
    let away = Seat { availability: Availability::Away, ..skilled(4, &[(1, 5)]) };
    let seats = vec![skilled(1, &[(1, 2)]), skilled(2, &[(1, 4)]), full, away, skilled(5, &[(1, 1)]), skilled(6, &[])];
    let why = plan(&mut floor(seats, vec![it]), at(90)).decisions.remove(0).why;
    assert_eq!((why.waited_seconds, why.reason, why.step), (90, Ground::LeastBusy, 0));
    let named: Vec<_> = why.candidates.iter().map(|one| (one.agent_id, one.level, one.refused)).collect();
    assert_eq!(
        named,
        [
            (agent(1), 2, None),
            (agent(2), 4, None),
            (agent(3), 5, Some(Refusal::Full)),
            (agent(4), 5, Some(Refusal::Away)),
            (agent(5), 1, Some(Refusal::LevelTooLow)),
            (agent(6), 0, Some(Refusal::SkillMissing)),
        ]
    );
}

#[test]
fn a_thousand_candidates_leave_ten_on_record() {
    let mut floor = floor((1..=1000).map(|n| seat(n, 1)).collect(), vec![ticket(1, 0)]);
    assert_eq!(plan(&mut floor, at(0)).decisions[0].why.candidates.len(), 10);
}
