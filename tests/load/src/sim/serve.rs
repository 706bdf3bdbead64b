//! Those who wait are served: the real decision code decides, the checker looks on, and agents take what they are given or not.

use desk::assignment_policy::Strategy;
use desk::queue::Reason;
use routing::assignment::{Floor, Teams, effective, plan};
use routing::waiting_room::{End, Promise, Shown, advance};

use super::books::{Asks, Ms, State, instant, moment, ms, number_of};
use super::company::{Company, agent, team};
use super::day::{Begun, Day, REMEMBERED};
use super::eta;
use super::happen::Event;
use super::watch::Watch;

impl Day {
    /// An agent begins with it.
    fn begin(&mut self, n: usize, of: usize, asked_seconds: Option<f64>, now: Ms) {
        self.end_wait(n, End::Served, asked_seconds, now);
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
        let others = self.books.posts[of].hand.len() - 1;
        let usual = company.handle.0 * company.handle.2[line] * company.people[of].pace * Company::slowed(others);
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
            oracle: pending.oracle,
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

    pub(super) fn decide(&mut self, now: Ms) {
        let mut floor = self.floor();
        if self.tally.steps.is_multiple_of(7) {
            self.relaxes(&floor, now);
        }
        self.tally.steps += 1;
        // As in production, the floor is looked at while somebody waits.
        if !floor.tickets.is_empty() {
            self.turnover.observe(&floor.seats, instant(now));
        }
        let decided = plan(&mut floor, instant(now));
        self.put_back(floor);
        let mut given = Vec::new();
        for decision in decided.decisions {
            let n = number_of(decision.conversation);
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
            // As it is now: carried out, it is nobody's by name any more, and those who declined are forgotten.
            if Watch::is_in_turn(&self.books.chats[n]) {
                given.push(n);
            }
            match decision.offer {
                None => self.begin(n, to, None, now),
                Some(seconds) => self.offer(n, to, (seconds, decision.new_round), now),
            }
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

    /// An offer is accepted, declined, or runs out.
    pub(super) fn answer(&mut self, n: usize, turn: u32, accepts: Option<bool>, now: Ms) {
        let State::Offered { to, .. } = self.books.chats[n].state else { return };
        if self.books.chats[n].turn != turn {
            return;
        }
        self.books.occupy(to, n, false);
        self.books.chats[n].turn += 1;
        self.books.chats[n].state = State::Line;
        if accepts == Some(true) {
            self.books.posts[to].missed = 0;
            let asked = self.books.chats[n].last_offer.unwrap_or(now);
            self.begin(n, to, Some((now - asked) as f64 / 1_000.0), now);
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

    /// What the ladder says of everybody who waits is what the policy says, and never more than it said before.
    fn relaxes(&mut self, floor: &Floor, now: Ms) {
        for ticket in floor.tickets.iter().filter(|ticket| ticket.offer.is_none()) {
            let n = number_of(ticket.conversation);
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
    pub(super) fn show(&mut self, now: Ms) {
        for standing in self.standings(now) {
            let n = number_of(standing.conversation);
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
}
