//! What somebody in line is told, by us and by the formulas of others, from what production would know at that moment.

use routing::waiting_room::{End, Flow, HandleTimes, Handled, Known, Prior, Running, Standing, Waited, standings};

use super::books::{Ms, State, conversation, instant};
use super::company::{CHANNELS, agent, team};
use super::day::{Day, Pending};
use super::peers::{FORMULAS, Knowledge};

impl Day {
    /// Where everybody stands: from the floor, what is in hand, and what was measured so far.
    pub(super) fn standings(&mut self, now: Ms) -> Vec<Standing> {
        let past: Vec<Handled> = self
            .begun
            .iter()
            .map(|begun| {
                let (until, over) = begun.ended.unwrap_or((now, false));
                let seconds = (until - begun.at) as f64 / 1_000.0;
                Handled { agent: begun.agent, team: begun.team, seconds, over }
            })
            .collect();
        let times = HandleTimes::learn(&past, &Prior::default());
        let live = self.books.line.iter().map(|n| Waited {
            seconds: (now - self.books.chats[*n].since) as f64 / 1_000.0,
            end: End::Open,
            ahead: false,
            asked_seconds: None,
        });
        let flow = Flow::learn(self.over.iter().copied().chain(live));
        self.standings_by(&times, &flow, now)
    }

    /// The same by an oracle who knows how long conversations take and how soon visitors give up, as nobody in the company does.
    fn true_standings(&mut self, now: Ms) -> Vec<Standing> {
        let over = self.over.iter().copied().filter(|one| one.end == End::Served);
        let gone = self.books.company.patience.map(|seconds| Waited {
            seconds,
            end: End::GaveUp,
            ahead: false,
            asked_seconds: None,
        });
        // So many that what is measured and believed besides does not count.
        let flow = Flow::learn(over.chain(gone.into_iter().cycle().take(20_000)));
        let truth = self.truth.clone();
        self.standings_by(&truth, &flow, now)
    }

    fn standings_by(&mut self, times: &HandleTimes, flow: &Flow, now: Ms) -> Vec<Standing> {
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
        let calibration = self.calibration();
        let known = Known { running: &running, times, flow, turnover: &self.turnover, calibration: &calibration };
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
        let oracle = self.true_standings(now).into_iter().find(|one| one.conversation == conversation(n));
        let oracle = oracle.and_then(|one| one.uncorrected).map_or(0.0, |estimate| estimate.seconds.into());
        let prior = Prior::default();
        let believed = prior.median_seconds * (prior.spread * prior.spread / 2.0).exp();
        let over = self.begun.iter().filter_map(|begun| Some((begun.ended?.0 - begun.at) as f64 / 1_000.0));
        let (count, sum) = over.fold((0.0, 0.0), |(count, sum), seconds| (count + 1.0, sum + seconds));
        let known = Knowledge {
            position: standing.position.into(),
            queue: standings.iter().filter(|one| one.team == standing.team).count() as f64,
            mean_handle: (sum + prior.worth * believed) / (count + prior.worth),
            mean_wait: self.waits[self.books.chats[n].team.unwrap_or(self.books.company.teams)].mean(),
        };
        let others = FORMULAS.map(|(_, formula)| formula(&known));
        self.pending[n] = Some(Pending { position: standing.position, said, uncorrected, oracle, others });
    }
}
