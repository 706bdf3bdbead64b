//! A day of a company, from the first visitor to the last.

use std::collections::{BTreeSet, VecDeque};

use desk::TeamId;
use desk::assignment_policy::Strategy;
use desk::queue::Reason;
use routing::assignment::{Floor, Seat, Teams, effective, plan};
use routing::waiting_room::{Calibration, Estimate, Flow, Promise, Shown, Turnover, advance};
use tenant::AgentId;

use super::books::{Asks, Books, Chat, Ms, State, conversation, instant, moment, ms};
use super::company::{Company, agent, team};
use super::dice::Dice;
use super::happen::{Event, Queue};
use super::peers::{FORMULAS, Waits};
use super::turns::Turns;
use super::watch::Watch;
use super::{Tally, eta};
use crate::chance::Chance;

/// An estimate that is waiting for its truth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    pub(super) position: u32,
    pub(super) said: Estimate,
    pub(super) uncorrected: Estimate,
    pub(super) others: [f64; FORMULAS.len()],
}

/// A conversation that an agent began with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    chat: usize,
    pub(super) agent: AgentId,
    pub(super) team: Option<TeamId>,
    pub(super) at: Ms,
    /// When it was taken off their hands, and whether it was over then.
    pub(super) ended: Option<(Ms, bool)>,
}

/// How many of those who come in a day are asked what they were told: estimates for all would cost more than all the rest.
const ASKED: f64 = 200.0;
/// In one day of so many, everybody's bar is watched.
const BARS_EVERY: u64 = 25;
/// One wake-up in fifty is lost; the sweep repairs it within a second.
const LOST: f64 = 0.02;
const SWEEP: Ms = 800;
/// How much of the past is remembered.
pub(super) const REMEMBERED: usize = 400;

pub(super) struct Day {
    pub(super) number: u64,
    pub(super) dice: Dice,
    pub(super) books: Books,
    queue: Queue,
    watch: Watch,
    turns: Turns,
    pub(super) tally: Tally,
    seats: Vec<Seat>,
    pub(super) begun: VecDeque<Begun>,
    pub(super) pending: Vec<Option<Pending>>,
    pub(super) promises: VecDeque<Promise>,
    pub(super) waits: Vec<Waits>,
    pub(super) flow: Flow,
    pub(super) turnover: Turnover,
    shown: Vec<Option<Shown>>,
    awake_at: Option<Ms>,
}

impl Day {
    pub(super) fn new(chance: Chance, number: u64) -> Self {
        let dice = Dice::new(chance);
        let company = Company::random(&dice);
        let agents = company.people.len();
        Self {
            number,
            queue: Queue::default(),
            watch: Watch::default(),
            turns: Turns::new(agents),
            tally: Tally { schedules: 1, ..Tally::default() },
            seats: (0..agents).map(|n| company.seat(n)).collect(),
            begun: VecDeque::new(),
            pending: Vec::new(),
            promises: VecDeque::new(),
            waits: vec![Waits::default(); company.teams + 1],
            flow: Flow::default(),
            turnover: Turnover::default(),
            shown: Vec::new(),
            awake_at: None,
            books: Books::new(company),
            dice,
        }
    }

    /// Lives through it.
    pub(super) fn live(mut self) -> Tally {
        self.open();
        let (mut before, closed) = (0, ms(self.books.company.long + 7_200.0));
        while let Some((now, event)) = self.queue.pop() {
            if now > closed {
                break;
            }
            // Up to a second ago nothing had changed but the time: whoever could be taken then has waited for too long.
            if now > before + 1_000 {
                self.watch.nobody_starves(&self.books, now - 1_000);
            }
            self.flow.waited_seconds += self.books.line.len() as f64 * (now - before) as f64 / 1_000.0;
            before = now;
            let asked = self.happen(event, now);
            if event != Event::Sweep && self.dice.yes(LOST) {
                self.queue.push(now + SWEEP, Event::Sweep);
            } else {
                self.decide(now);
            }
            if let Some(chat) = asked.filter(|chat| self.books.chats[*chat].state == State::Line) {
                self.ask(chat, now);
            }
            if self.number.is_multiple_of(BARS_EVERY) && self.books.line.len() <= 12 {
                self.show(now);
            }
        }
        self.tally.violations = self.watch.violations;
        self.tally.examples = self.watch.examples.iter().map(|one| format!("day {}: {one}", self.number)).collect();
        self.tally.steps = self.watch.steps;
        (self.tally.fairness_gap, self.tally.turns) = (self.turns.gap, self.turns.counted);
        self.tally.conversations = self.books.chats.len() as u64;
        self.tally
    }

    fn open(&mut self) {
        for n in 0..self.books.posts.len() {
            let (begins, ends) = self.books.company.people[n].shift;
            self.queue.push(ms(begins), Event::Shift { agent: n, begins: true });
            self.queue.push(ms(ends), Event::Shift { agent: n, begins: false });
            let first = begins + self.dice.exponential(self.books.company.flap_every);
            self.queue.push(ms(first), Event::Break { agent: n });
            if ends - begins > 10_000.0 {
                let pause = self.dice.between(begins + 3_000.0, ends - 3_000.0);
                self.queue.push(ms(pause), Event::Pause { agent: n, away: true });
            }
        }
        self.next_visitor(0);
    }

    /// The next visitor, by the curve of the day: those whom the curve does not want at that hour did not come.
    fn next_visitor(&mut self, now: Ms) {
        let company = &self.books.company;
        let mut at = now as f64 / 1_000.0;
        loop {
            at += self.dice.exponential(1.0 / (company.rate * company.busiest()));
            if at > company.long {
                return;
            }
            if self.dice.yes(company.curve(at) / company.busiest()) {
                self.queue.push(ms(at), Event::Arrive);
                return;
            }
        }
    }

    /// Lets something happen. Answers with whom to ask what they were told, if somebody has come.
    fn happen(&mut self, event: Event, now: Ms) -> Option<usize> {
        match event {
            Event::Arrive => return self.arrive(now),
            Event::Finish { chat, turn } => self.finish(chat, turn, now),
            Event::GiveUp { chat } => self.give_up(chat),
            Event::Answer { chat, turn, accepts } => self.answer(chat, turn, Some(accepts), now),
            Event::Expire { chat, turn } => self.answer(chat, turn, None, now),
            Event::ComeBack { chat, turn } => {
                let one = &mut self.books.chats[chat];
                if one.turn == turn && one.state == State::Line {
                    (one.only, one.since, one.reason, one.relaxed) = (None, now, Reason::Returned, None);
                }
            }
            Event::Shift { agent, begins } => self.books.posts[agent].on_shift = begins,
            Event::Break { agent } => self.lose(agent, now),
            Event::Mend { agent } => {
                self.books.posts[agent].connected = true;
                self.books.posts[agent].gone += 1;
            }
            Event::Absent { agent, gone } => {
                if self.books.posts[agent].gone == gone {
                    let hand: Vec<usize> = self.books.posts[agent].hand.iter().copied().collect();
                    hand.into_iter().for_each(|chat| self.requeue(chat, agent, Reason::AgentGone, now));
                }
            }
            Event::Pause { agent, away } => {
                self.books.posts[agent].away = away;
                if away {
                    let back = now + ms(self.dice.between(300.0, 1_500.0));
                    self.queue.push(back, Event::Pause { agent, away: false });
                }
            }
            Event::Wake | Event::Sweep => {}
        }
        None
    }

    fn arrive(&mut self, now: Ms) -> Option<usize> {
        self.next_visitor(now);
        let (company, dice) = (&self.books.company, &self.dice);
        let demand = |share: f64| -> Vec<(usize, u8)> {
            let wanted = dice.yes(share).then(|| (dice.below(3), 1 + dice.below(3) as u8));
            wanted.into_iter().collect()
        };
        let team = (!dice.yes(company.homeless_share)).then(|| dice.below(company.teams));
        let short = dice.yes(0.08);
        let chat = Chat {
            team,
            required: demand(company.skilled_share),
            preferred: demand(company.skilled_share / 2.0),
            chinese: dice.yes(0.3),
            channel: usize::from(dice.yes(0.15)),
            vip: dice.yes(0.03),
            rank: i16::from(dice.yes(0.04)),
            entered: now,
            since: now,
            // A few say hello and nothing more.
            needs: if short { dice.lognormal(0.12, 0.5) } else { dice.lognormal(1.0, company.handle.1) },
            last: dice.yes(0.2).then(|| dice.below(company.people.len())),
            only: None,
            declined: BTreeSet::new(),
            last_offer: None,
            reason: Reason::New,
            state: State::Line,
            turn: 0,
            relaxed: None,
        };
        let n = self.books.chats.len();
        if let Some(mean) = company.patience {
            self.queue.push(now + ms(dice.exponential(mean)), Event::GiveUp { chat: n });
        }
        self.books.chats.push(chat);
        self.books.line.insert(n);
        self.pending.push(None);
        self.shown.push(None);
        self.dice.yes(ASKED / (self.books.company.rate * self.books.company.long)).then_some(n)
    }

    fn finish(&mut self, n: usize, turn: u32, now: Ms) {
        let State::Hand { of, .. } = self.books.chats[n].state else { return };
        if self.books.chats[n].turn != turn {
            return;
        }
        if self.dice.yes(0.04) {
            // Passed on: to somebody by name, or back to the line.
            let to = self.dice.yes(0.5).then(|| self.dice.below(self.books.posts.len())).filter(|to| *to != of);
            self.requeue(n, of, Reason::Transferred, now);
            let chat = &mut self.books.chats[n];
            (chat.only, chat.last, chat.needs) = (to, None, chat.needs * 0.7);
            if to.is_some() {
                self.queue.push(now + 60_000, Event::ComeBack { chat: n, turn: chat.turn });
            }
            return;
        }
        self.let_go(n, of, true, now);
        self.books.chats[n].state = State::Over;
    }

    /// Takes a conversation off an agent's hands, at its end or before.
    fn let_go(&mut self, n: usize, of: usize, over: bool, now: Ms) {
        if let Some(begun) = self.begun.iter_mut().rev().find(|begun| begun.chat == n) {
            begun.ended = Some((now, over));
        }
        self.books.posts[of].hand.remove(&n);
        self.books.occupy(of, n, false);
        self.books.chats[n].turn += 1;
    }

    /// Back into line, at its old place.
    fn requeue(&mut self, n: usize, of: usize, reason: Reason, now: Ms) {
        self.let_go(n, of, reason == Reason::Transferred, now);
        let chat = &mut self.books.chats[n];
        (chat.state, chat.since, chat.reason, chat.relaxed) = (State::Line, now, reason, None);
        chat.declined.clear();
        self.books.line.insert(n);
    }

    fn give_up(&mut self, n: usize) {
        let chat = &mut self.books.chats[n];
        let offered = match chat.state {
            State::Line => None,
            State::Offered { to, .. } => Some(to),
            State::Hand { .. } | State::Over => return,
        };
        (chat.state, chat.turn) = (State::Over, chat.turn + 1);
        self.books.line.remove(&n);
        self.flow.gave_up += 1.0;
        self.tally.left += u64::from(self.pending[n].take().is_some());
        if let Some(to) = offered {
            self.books.occupy(to, n, false);
        }
    }

    /// An offer is accepted, declined, or runs out.
    fn answer(&mut self, n: usize, turn: u32, accepts: Option<bool>, now: Ms) {
        let State::Offered { to, .. } = self.books.chats[n].state else { return };
        if self.books.chats[n].turn != turn {
            return;
        }
        self.books.occupy(to, n, false);
        self.flow.offers += 1.0;
        self.flow.offered_seconds += (now - self.books.chats[n].last_offer.unwrap_or(now)) as f64 / 1_000.0;
        self.books.chats[n].turn += 1;
        self.books.chats[n].state = State::Line;
        if accepts == Some(true) {
            self.books.posts[to].missed = 0;
            self.begin(n, to, now);
            return;
        }
        let chat = &mut self.books.chats[n];
        chat.declined.insert(to);
        chat.reason = Reason::Declined;
        let post = &mut self.books.posts[to];
        post.missed += u32::from(accepts.is_none());
        let rules = self.books.policy(&self.books.chats[n]).rules.clone();
        if rules.auto_away_after_missed.is_some_and(|most| self.books.posts[to].missed >= most) {
            self.books.posts[to].missed = 0;
            self.queue.push(now, Event::Pause { agent: to, away: true });
        }
    }

    fn lose(&mut self, agent: usize, now: Ms) {
        let long = self.dice.scaled(2.0, 600.0);
        let post = &mut self.books.posts[agent];
        post.connected = false;
        post.gone += 1;
        let absent = self.books.company.policies[0].rules.absent_seconds;
        self.queue.push(now + Ms::from(absent) * 1_000, Event::Absent { agent, gone: self.books.posts[agent].gone });
        self.queue.push(now + ms(long), Event::Mend { agent });
        let next = long + self.dice.exponential(self.books.company.flap_every);
        self.queue.push(now + ms(next), Event::Break { agent });
    }

    /// An agent begins with it.
    fn begin(&mut self, n: usize, of: usize, now: Ms) {
        self.books.occupy(of, n, true);
        self.books.posts[of].hand.insert(n);
        self.books.line.remove(&n);
        let chat = &mut self.books.chats[n];
        (chat.state, chat.only) = (State::Hand { of, since: now }, None);
        self.begun.push_back(Begun { chat: n, agent: agent(of), team: chat.team.map(team), at: now, ended: None });
        if self.begun.len() > REMEMBERED {
            self.begun.pop_front();
        }
        chat.turn += 1;
        let (turn, first) = (chat.turn, chat.reason == Reason::New || chat.reason == Reason::Declined);
        let waited = (now - self.books.chats[n].entered) as f64 / 1_000.0;
        let line = self.books.chats[n].team.unwrap_or(self.books.company.teams);
        if first && waited > 0.0 {
            self.waits[line].add(waited);
        }
        self.keep_promise(n, waited);
        let (chat, company) = (&self.books.chats[n], &self.books.company);
        let others = self.books.posts[of].hand.len() as f64 - 1.0;
        let usual = company.handle.0 * company.handle.2[line] * company.people[of].pace * (1.0 + 0.07 * others);
        self.queue.push(now + ms(chat.needs * usual).max(1_000), Event::Finish { chat: n, turn });
    }

    fn keep_promise(&mut self, n: usize, seconds: f64) {
        let Some(pending) = self.pending[n].take() else { return };
        self.promises.push_back(Promise { estimate: pending.uncorrected, actual_seconds: seconds });
        if self.promises.len() > REMEMBERED {
            self.promises.pop_front();
        }
        self.tally.waits.push(eta::Wait {
            schedule: self.number,
            number: n,
            position: pending.position,
            said: pending.said,
            uncorrected: pending.uncorrected,
            others: pending.others,
            seconds,
        });
    }

    /// What production reads for a decision.
    pub(super) fn floor(&mut self) -> Floor {
        let mut seats = std::mem::take(&mut self.seats);
        for (n, seat) in seats.iter_mut().enumerate() {
            self.books.refresh(n, seat);
        }
        let tickets = self.books.line.iter().map(|n| self.books.ticket(*n)).collect();
        Floor { seats, tickets, brands: self.books.company.brands.clone() }
    }

    /// The seats are kept from one decision to the next.
    pub(super) fn put_back(&mut self, floor: Floor) {
        self.seats = floor.seats;
    }

    fn decide(&mut self, now: Ms) {
        let mut floor = self.floor();
        if self.tally.steps.is_multiple_of(7) {
            self.relaxes(&floor, now);
        }
        self.tally.steps += 1;
        self.turnover.observe(&floor.seats, instant(now));
        let decided = plan(&mut floor, instant(now));
        self.put_back(floor);
        let mut given = Vec::new();
        for decision in decided.decisions {
            let n = self.number_of(decision.conversation);
            let to = (decision.agent.uuid().as_u128() - 1) as usize;
            let (strategy, turns) = (self.books.policy(&self.books.chats[n]).rules.strategy, &mut self.turns);
            let equals = self.watch.judge(&self.books, n, to, now);
            if strategy == Strategy::RoundRobin || equals.len() < 2 {
                turns.given(to, &equals);
            } else {
                // Turns of another kind: whose load is equal now is not tomorrow, so a stretch ends here.
                turns.given(to, &[to]);
            }
            self.tally.decisions += 1;
            self.books.posts[to].last_assigned = Some(decision.stamp);
            if self.books.chats[n].state != State::Line {
                continue;
            }
            given.push(n);
            match decision.offer {
                None => self.begin(n, to, now),
                Some(seconds) => self.offer(n, to, (seconds, decision.new_round), now),
            }
        }
        if self.books.line.len() > given.len() {
            self.flow.given += given.len() as f64;
            let ahead = |n: &&usize| {
                let chat = &self.books.chats[**n];
                chat.vip || chat.rank > 0 || chat.entered != chat.since
            };
            self.flow.inserted += given.iter().filter(ahead).count() as f64;
        }
        self.watch.everything_fits(&self.books);
        self.watch.nobody_is_overtaken(&self.books, &given, now);
        self.watch.nobody_starves(&self.books, now);
        if let Some(at) =
            decided.wake_at.map(moment).filter(|at| self.awake_at.is_none_or(|other| other <= now || *at < other))
        {
            self.awake_at = Some(at);
            self.queue.push(at, Event::Wake);
        }
    }

    fn offer(&mut self, n: usize, to: usize, (seconds, new_round): (u32, bool), now: Ms) {
        let until = now + Ms::from(seconds) * 1_000;
        let chat = &mut self.books.chats[n];
        if new_round {
            chat.declined.clear();
        }
        chat.turn += 1;
        (chat.state, chat.last_offer) = (State::Offered { to, until }, Some(now));
        let turn = chat.turn;
        self.books.occupy(to, n, true);
        self.queue.push(until, Event::Expire { chat: n, turn });
        // Most answer within seconds, some never, a few say no.
        if !self.dice.yes(0.05) {
            let accepts = !self.dice.yes(0.03);
            self.queue.push(now + ms(self.dice.lognormal(4.0, 0.7)), Event::Answer { chat: n, turn, accepts });
        }
    }

    pub(super) fn number_of(&self, id: desk::ConversationId) -> usize {
        let n = (id.uuid().as_u128() >> 80) as usize;
        debug_assert_eq!(conversation(n), id);
        n
    }

    /// What the ladder says of everybody who waits is what the policy says, and never more than it said before.
    fn relaxes(&mut self, floor: &Floor, now: Ms) {
        for ticket in floor.tickets.iter().filter(|ticket| ticket.offer.is_none()) {
            let n = self.number_of(ticket.conversation);
            let reach = effective(ticket, &floor.brands, instant(now));
            let number = |uuid: uuid::Uuid| (uuid.as_u128() - 1) as usize;
            let demands = |demands: &[desk::skill::Demand]| {
                demands.iter().map(|demand| (number(demand.skill_id.uuid()), demand.level)).collect()
            };
            let said = Asks {
                home: reach.team.map(|team| number(team.uuid())),
                teams: match reach.teams {
                    Teams::All => None,
                    Teams::Of(teams) => Some(teams.into_iter().map(|team| number(team.uuid())).collect()),
                },
                required: demands(&reach.required),
                preferred: demands(&reach.preferred),
                steps: usize::from(reach.step),
            };
            self.watch.relaxes(&mut self.books, n, &said, now);
        }
    }

    /// Moves everybody's bar, and looks that none moves back unannounced.
    fn show(&mut self, now: Ms) {
        for standing in self.standings(now) {
            let n = self.number_of(standing.conversation);
            let waited = (now - self.books.chats[n].entered) as f64 / 1_000.0;
            let before = self.shown[n];
            let bar = advance(before, standing.position, waited, standing.estimate.as_ref());
            if let Some(before) = before {
                let back = bar.progress < before.progress;
                self.tally.bar_moves += u64::from(bar.progress > before.progress);
                let told = bar.inserted && standing.position > before.position;
                self.tally.bar_backward += u64::from(back && !told);
            }
            self.shown[n] = Some(Shown { position: standing.position, progress: bar.progress });
        }
    }

    pub(super) fn calibration(&mut self) -> Calibration {
        Calibration::learn(self.promises.make_contiguous())
    }
}
