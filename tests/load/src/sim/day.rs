//! A day of a company, from the first visitor to the last.

use std::collections::{BTreeSet, VecDeque};

use desk::TeamId;
use desk::queue::Reason;
use routing::assignment::Seat;
use routing::waiting_room::{Calibration, End, Estimate, HandleTimes, Prior, Promise, Shown, Turnover, Waited};
use tenant::AgentId;

use super::Tally;
use super::books::{Books, Chat, Ms, State, ms};
use super::company::Company;
use super::dice::Dice;
use super::happen::{Event, Queue};
use super::peers::{FORMULAS, Waits};
use super::turns::Turns;
use super::watch::Watch;
use crate::chance::Chance;

/// An estimate that is waiting for its truth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    pub(super) position: u32,
    pub(super) said: Estimate,
    pub(super) uncorrected: Estimate,
    pub(super) oracle: f64,
    pub(super) others: [f64; FORMULAS.len()],
}

/// A conversation that an agent began with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    pub(super) chat: usize,
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
    pub(super) queue: Queue,
    pub(super) watch: Watch,
    pub(super) turns: Turns,
    pub(super) tally: Tally,
    pub(super) seats: Vec<Seat>,
    pub(super) begun: VecDeque<Begun>,
    pub(super) pending: Vec<Option<Pending>>,
    pub(super) promises: VecDeque<Promise>,
    pub(super) waits: Vec<Waits>,
    /// The waits that ended last.
    pub(super) over: VecDeque<Waited>,
    pub(super) turnover: Turnover,
    pub(super) shown: Vec<Option<Shown>>,
    pub(super) awake_at: Option<Ms>,
    /// What is true of how long conversations take: known to nobody but the oracle.
    pub(super) truth: HandleTimes,
}

impl Day {
    pub(super) fn new(chance: Chance, number: u64) -> Self {
        let truth = Dice::new(chance.part("truth"));
        let dice = Dice::new(chance);
        let company = Company::random(&dice);
        let truth = HandleTimes::learn(&company.true_handling(&truth), &Prior::default());
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
            over: VecDeque::new(),
            turnover: Turnover::default(),
            shown: Vec::new(),
            awake_at: None,
            truth,
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
            Event::GiveUp { chat } => self.give_up(chat, now),
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
                    for chat in hand {
                        self.requeue(chat, agent, Reason::AgentGone, now);
                    }
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
            needs: company.need(dice),
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

    fn give_up(&mut self, n: usize, now: Ms) {
        let chat = &mut self.books.chats[n];
        let offered = match chat.state {
            State::Line => None,
            State::Offered { to, .. } => Some(to),
            State::Hand { .. } | State::Over => return,
        };
        (chat.state, chat.turn) = (State::Over, chat.turn + 1);
        self.books.line.remove(&n);
        self.end_wait(n, End::GaveUp, None, now);
        self.tally.left += u64::from(self.pending[n].take().is_some());
        if let Some(to) = offered {
            self.books.occupy(to, n, false);
        }
    }

    /// Writes down how a wait ended.
    pub(super) fn end_wait(&mut self, n: usize, end: End, asked_seconds: Option<f64>, now: Ms) {
        let chat = &self.books.chats[n];
        let seconds = (now - chat.since) as f64 / 1_000.0;
        let ahead = chat.vip || chat.rank > 0 || chat.entered != chat.since;
        self.over.push_back(Waited { seconds, end, ahead, asked_seconds });
        if self.over.len() > REMEMBERED {
            self.over.pop_front();
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

    pub(super) fn calibration(&mut self) -> Calibration {
        Calibration::learn(self.promises.make_contiguous())
    }
}
