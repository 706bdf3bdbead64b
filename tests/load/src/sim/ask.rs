//! What somebody in line is told, by us and by the formulas of others, from what production would know at that moment.

use routing::waiting_room::{HandleTimes, Handled, Known, Prior, Running, Standing, standings};

use super::books::{Ms, State, conversation, instant};
use super::company::{CHANNELS, agent, team};
use super::day::{Day, Pending};
use super::peers::{FORMULAS, Knowledge};

/// Before anything was measured, nobody is thought to give up.
const GIVE_UP_WORTH: f64 = 7_200.0;

impl Day {
    /// Where everybody stands: from the floor, what is in hand, and what was measured so far.
    pub(super) fn standings(&mut self, now: Ms) -> Vec<Standing> {
        let floor = self.floor();
        let running: Vec<Running> = self
            .books
            .posts
            .iter()
            .flat_map(|post| &post.hand)
            .filter_map(|n| {
                let chat = &self.books.chats[*n];
                let State::Hand { of, since } = chat.state else { return None };
                Some(Running {
                    conversation: conversation(*n),
                    agent: agent(of),
                    team: chat.team.map(team),
                    channel: CHANNELS[chat.channel].0.to_owned(),
                    weight: CHANNELS[chat.channel].1,
                    started_at: instant(since),
                })
            })
            .collect();
        let going_on = running.iter().map(|one| Handled {
            agent: one.agent,
            team: one.team,
            seconds: (instant(now) - one.started_at).as_seconds_f64(),
            over: false,
        });
        let past: Vec<Handled> = self.past.iter().copied().chain(going_on).collect();
        let times = HandleTimes::learn(&past, &Prior::default());
        let calibration = self.calibration();
        let leave_rate = self.gave_up / (self.waited + GIVE_UP_WORTH);
        let known = Known { running: &running, times: &times, leave_rate, calibration: &calibration };
        let standings = standings(&floor, &known, instant(now));
        self.put_back(floor);
        standings
    }

    /// Asks what this one is told.
    pub(super) fn ask(&mut self, n: usize, now: Ms) {
        let standings = self.standings(now);
        let Some(standing) = standings.iter().find(|one| one.conversation == conversation(n)) else { return };
        let (Some(said), Some(uncorrected)) = (standing.estimate, standing.uncorrected) else {
            self.tally.unknown += 1;
            return;
        };
        let prior = Prior::default();
        let believed = prior.median_seconds * (prior.spread * prior.spread / 2.0).exp();
        let over: f64 = self.past.iter().map(|one| one.seconds).sum();
        let known = Knowledge {
            position: standing.position.into(),
            queue: standings.iter().filter(|one| one.team == standing.team).count() as f64,
            mean_handle: (over + prior.worth * believed) / (self.past.len() as f64 + prior.worth),
            mean_wait: self.waits[self.books.chats[n].team.unwrap_or(self.books.company.teams)].mean(),
        };
        let others = FORMULAS.map(|(_, formula)| formula(&known));
        self.pending[n] = Some(Pending { position: standing.position, said, uncorrected, others });
    }
}
