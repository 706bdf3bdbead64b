//! The line played forward: conversations end, places become free, whoever is first in line and fits takes them, some give up.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use desk::ConversationId;
use desk::assignment_policy::Strategy;
use desk::team::TeamId;
use infra::Timestamp;
use tenant::AgentId;

use super::draws::{Draw, chance, normal};
use super::handling::HandleTimes;
use super::standing::Known;
use super::turnover::Turnover;
use crate::assignment::ladder::effective;
use crate::assignment::model::{Floor, Ticket};
use crate::assignment::rank::Want;

/// A conversation that an agent has in hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Running {
    /// Which.
    pub conversation: ConversationId,
    /// Whose.
    pub agent: AgentId,
    /// For which team.
    pub team: Option<TeamId>,
    /// Where it came in.
    pub channel: String,
    /// How much of the agent's capacity it takes.
    pub weight: u32,
    /// Since when.
    pub started_at: Timestamp,
}

/// How many times the line is played. Primes, as [`Draw`] wants it; fewer for a line so long that its length evens chance out.
const RUNS: [(usize, u32); 3] = [(300, 101), (1_000, 61), (usize::MAX, 31)];

/// Further than this nobody looks, in seconds: whoever was not served by then has no estimate.
const HORIZON: f64 = 6.0 * 3_600.0;

/// One place that is taken now.
struct Taken {
    seat: usize,
    channel: usize,
    weight: i64,
    scale: f64,
    lasted: f64,
    draw: Draw,
}

/// Someone in line.
struct Waiting {
    team: Option<TeamId>,
    /// What they ask for now, then from when on what: seconds from now, kind.
    kinds: Vec<(f64, usize)>,
    only: Option<usize>,
    /// Whether it is offered before it is given.
    offered: bool,
    service: Draw,
    patience: Draw,
}

/// What some of them ask for.
struct Kind {
    weight: i64,
    channel: usize,
    able: Vec<usize>,
}

/// What stands where.
struct Index<'a> {
    places: HashMap<AgentId, usize>,
    channels: BTreeMap<&'a str, usize>,
    kinds: HashMap<Want, usize>,
}

/// The line and the floor, with everything looked up that does not change from run to run.
pub(super) struct Forecast {
    runs: u32,
    kinds: Vec<Kind>,
    /// For each seat: the kinds it may take.
    takes: Vec<Vec<usize>>,
    agents: Vec<AgentId>,
    room: Vec<i64>,
    /// For each seat, for each channel: how many more.
    channel_room: Vec<Vec<i64>>,
    taken: Vec<Taken>,
    line: Vec<Waiting>,
    served: Vec<Vec<f64>>,
    whole: Draw,
    /// Who takes conversations now, and when that changes.
    here: Vec<bool>,
    /// For how long who does not has been gone.
    gone: Vec<Option<f64>>,
    shift: Vec<Draw>,
    /// How many in line there is somebody for, here or not.
    servable: usize,
}

/// Seconds that are never negative, ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct At(u64);

impl At {
    fn seconds(seconds: f64) -> Self {
        // The bits of numbers that are not negative are in their order.
        Self(seconds.max(0.0).to_bits())
    }

    fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// So much of this seat is free again.
    Free { seat: usize, weight: i64, channel: usize },
    /// This one asks for less now.
    Rung { ticket: usize, kind: usize },
    /// This agent begins to take conversations.
    Comes { seat: usize },
    /// And stops.
    Goes { seat: usize },
}

/// What changes within a run.
struct Run<'a> {
    room: Vec<i64>,
    channel_room: Vec<Vec<i64>>,
    queues: Vec<BinaryHeap<Reverse<usize>>>,
    current: Vec<usize>,
    waiting: Vec<bool>,
    left: usize,
    events: BinaryHeap<Reverse<(At, Event)>>,
    times: &'a HandleTimes,
    /// How wrong the times are in this run.
    error: f64,
    number: u32,
    /// Places that have become free.
    count: u32,
    leave_rate: f64,
    offer_seconds: f64,
    /// Who takes conversations, and how that changes.
    here: Vec<bool>,
    turnover: &'a Turnover,
}

impl Forecast {
    /// `line` in line order.
    pub(super) fn new(floor: &Floor, line: &[&Ticket], known: &Known<'_>, now: Timestamp) -> Self {
        let runs = RUNS.iter().find(|(most, _)| line.len() <= *most).map_or(31, |(_, runs)| *runs);
        let places: HashMap<AgentId, usize> =
            floor.seats.iter().enumerate().map(|(index, seat)| (seat.agent, index)).collect();
        let mut channels: BTreeMap<&str, usize> = BTreeMap::new();
        for channel in line.iter().map(|one| &one.channel).chain(known.running.iter().map(|one| &one.channel)) {
            let next = channels.len();
            channels.entry(channel).or_insert(next);
        }
        let channel_room = floor.seats.iter().map(|seat| {
            let mut room = vec![i64::MAX; channels.len()];
            for (channel, index) in &channels {
                if let (Some(most), Some(room)) = (seat.channel_most.get(*channel), room.get_mut(*index)) {
                    let load = seat.channel_load.get(*channel).copied().unwrap_or_default();
                    *room = i64::from(*most) - i64::from(load);
                }
            }
            room
        });
        let mut forecast = Self {
            runs,
            kinds: Vec::new(),
            takes: vec![Vec::new(); floor.seats.len()],
            agents: floor.seats.iter().map(|seat| seat.agent).collect(),
            room: floor.seats.iter().map(|seat| i64::from(seat.capacity) - i64::from(seat.load)).collect(),
            channel_room: channel_room.collect(),
            taken: Vec::new(),
            line: Vec::new(),
            served: vec![Vec::new(); line.len()],
            whole: Draw::of(0, runs),
            here: floor.seats.iter().map(crate::assignment::Seat::takes).collect(),
            shift: floor.seats.iter().map(|seat| Draw::of(low_bits(seat.agent.uuid()) ^ 0x0ff5_41f7, runs)).collect(),
            gone: floor.seats.iter().map(|seat| known.turnover.gone_seconds(seat, now)).collect(),
            servable: 0,
        };
        for one in known.running {
            if let (Some(seat), Some(channel)) = (places.get(&one.agent), channels.get(one.channel.as_str())) {
                forecast.taken.push(Taken {
                    seat: *seat,
                    channel: *channel,
                    weight: one.weight.into(),
                    scale: known.times.scale(one.agent, one.team),
                    lasted: seconds(now - one.started_at),
                    draw: Draw::of(number_of(one.conversation), runs),
                });
            }
        }
        let mut index = Index { places, channels, kinds: HashMap::new() };
        for ticket in line {
            let waiting = forecast.waiting(floor, ticket, &mut index, now);
            forecast.line.push(waiting);
        }
        let kinds = &forecast.kinds;
        let somebody = |kind: &(f64, usize)| kinds.get(kind.1).is_some_and(|kind| !kind.able.is_empty());
        forecast.servable = forecast.line.iter().filter(|one| one.kinds.iter().any(somebody)).count();
        for (number, kind) in forecast.kinds.iter().enumerate() {
            for seat in &kind.able {
                if let Some(takes) = forecast.takes.get_mut(*seat) {
                    takes.push(number);
                }
            }
        }
        forecast
    }

    fn waiting(&mut self, floor: &Floor, ticket: &Ticket, index: &mut Index<'_>, now: Timestamp) -> Waiting {
        let only = ticket.only_agent.and_then(|agent| index.places.get(&agent).copied());
        let mut kinds: Vec<(f64, usize)> = Vec::new();
        let mut at = Some(now);
        let mut team = ticket.team;
        while let Some(moment) = at {
            let reach = effective(ticket, &floor.brands, moment);
            if moment == now {
                team = reach.team;
            }
            at = reach.next_at.filter(|next| *next > moment);
            // Who is meant for one agent alone is a kind of their own, and what nobody gives out is taken by nobody here.
            let want = Want::of(ticket, &reach);
            let shared = ticket.only_agent.is_none();
            let kind = index.kinds.get(&want).copied().filter(|_| shared).unwrap_or_else(|| {
                let able = |(place, seat): (usize, &crate::assignment::Seat)| {
                    let meant = if shared {
                        ticket.rules.strategy != Strategy::Manual && want.unable(seat).is_none()
                    } else {
                        only == Some(place)
                    };
                    meant.then_some(place)
                };
                self.kinds.push(Kind {
                    weight: want.weight.into(),
                    channel: index.channels.get(want.channel.as_str()).copied().unwrap_or_default(),
                    able: floor.seats.iter().enumerate().filter_map(able).collect(),
                });
                if shared {
                    index.kinds.insert(want, self.kinds.len() - 1);
                }
                self.kinds.len() - 1
            });
            if kinds.last().is_none_or(|(_, last)| *last != kind) {
                kinds.push((seconds(moment - now), kind));
            }
        }
        let number = number_of(ticket.conversation);
        Waiting {
            team,
            kinds,
            only,
            offered: ticket.rules.accept_seconds.is_some(),
            service: Draw::of(number, self.runs),
            patience: Draw::of(number ^ 0x5bd1_e995, self.runs),
        }
    }

    /// How many agents may take this one now.
    pub(super) fn staffed(&self, ticket: usize) -> usize {
        let kind = self.line.get(ticket).and_then(|one| one.kinds.first());
        let able = kind.and_then(|(_, kind)| self.kinds.get(*kind)).map(|kind| &kind.able);
        able.into_iter().flatten().filter(|seat| self.here.get(**seat) == Some(&true)).count()
    }

    /// Plays the line forward, and says for everybody in it after how many seconds they were served, in each run, rising.
    /// Whoever was not served in a run is missing from it.
    pub(super) fn play(mut self, known: &Known<'_>) -> Vec<Vec<f64>> {
        let inserted_share = known.flow.inserted_share();
        for number in 0..self.runs {
            let mut run = self.begin(known, number);
            for seat in 0..self.agents.len() {
                self.fill(&mut run, seat, 0.0);
            }
            while run.left > 0
                && let Some(Reverse((at, event))) = run.events.pop()
                && at.get() < HORIZON
            {
                match event {
                    Event::Free { seat, weight, channel } => {
                        run.count += 1;
                        if run.here.get(seat) == Some(&true) && chance(number, run.count) < inserted_share {
                            self.insert(&mut run, (seat, weight, channel), at.get());
                        } else {
                            run.give_back(seat, weight, channel);
                            self.fill(&mut run, seat, at.get());
                        }
                    }
                    Event::Rung { ticket, kind } => self.relax(&mut run, ticket, kind, at.get()),
                    Event::Comes { seat } => {
                        run.change_shift(seat, true, at.get());
                        self.fill(&mut run, seat, at.get());
                    }
                    Event::Goes { seat } => run.change_shift(seat, false, at.get()),
                }
            }
        }
        for served in &mut self.served {
            served.sort_by(f64::total_cmp);
        }
        self.served
    }

    /// How many runs there are.
    pub(super) fn runs(&self) -> u32 {
        self.runs
    }

    fn begin<'a>(&self, known: &Known<'a>, number: u32) -> Run<'a> {
        let times = known.times;
        let error = (times.doubt() * normal(self.whole.in_run(number))).exp();
        let mut queues: Vec<Vec<Reverse<usize>>> = vec![Vec::new(); self.kinds.len()];
        let mut events = Vec::with_capacity(self.taken.len() + self.line.len());
        for (ticket, one) in self.line.iter().enumerate() {
            let mut kinds = one.kinds.iter();
            if let Some(queue) = kinds.next().and_then(|(_, kind)| queues.get_mut(*kind)) {
                queue.push(Reverse(ticket));
            }
            events.extend(kinds.map(|(at, kind)| Reverse((At::seconds(*at), Event::Rung { ticket, kind: *kind }))));
        }
        for (seat, (gone, shift)) in self.gone.iter().zip(&self.shift).enumerate() {
            // Who can take nobody in line changes nothing.
            if self.takes.get(seat).is_none_or(Vec::is_empty) {
                continue;
            }
            events.extend(change(known.turnover, seat, *gone, shift.in_run(number), 0.0));
        }
        events.extend(self.taken.iter().map(|taken| {
            let remaining = times.remaining(taken.scale * error, taken.lasted, taken.draw.in_run(number));
            let event = Event::Free { seat: taken.seat, weight: taken.weight, channel: taken.channel };
            Reverse((At::seconds(remaining), event))
        }));
        Run {
            room: self.room.clone(),
            channel_room: self.channel_room.clone(),
            queues: queues.into_iter().map(BinaryHeap::from).collect(),
            current: self.line.iter().map(|one| one.kinds.first().map_or(0, |(_, kind)| *kind)).collect(),
            waiting: vec![true; self.line.len()],
            left: self.servable,
            events: BinaryHeap::from(events),
            times,
            error,
            number,
            count: 0,
            leave_rate: known.flow.leave_rate(),
            offer_seconds: known.flow.offer_seconds(),
            here: self.here.clone(),
            turnover: known.turnover,
        }
    }

    /// Gives this seat whoever is first in line and fits, until nobody does.
    fn fill(&mut self, run: &mut Run<'_>, seat: usize, at: f64) {
        loop {
            let mut first = None;
            for kind in self.takes.get(seat).into_iter().flatten() {
                if self.kinds.get(*kind).is_some_and(|kind| run.fits(seat, kind))
                    && let Some(ticket) = run.first(*kind)
                {
                    first = Some(first.map_or(ticket, |other: usize| other.min(ticket)));
                }
            }
            let Some(ticket) = first else { return };
            self.serve(run, ticket, seat, at);
        }
    }

    fn serve(&mut self, run: &mut Run<'_>, ticket: usize, seat: usize, at: f64) {
        let Some(one) = self.line.get(ticket) else { return };
        if let Some(waiting) = run.waiting.get_mut(ticket) {
            *waiting = false;
        }
        run.left -= 1;
        let begins = at + if one.offered { run.offer_seconds } else { 0.0 };
        if let Some(served) = self.served.get_mut(ticket) {
            served.push(begins);
        }
        // What their own wait would have been is known now; those behind have one less before them if they had given up.
        let patience = -(1.0 - one.patience.in_run(run.number)).ln() / run.leave_rate.max(1e-9);
        if patience < at && one.only.is_none() {
            return;
        }
        let kind = run.current.get(ticket).and_then(|kind| self.kinds.get(*kind));
        let (Some(kind), Some(agent)) = (kind, self.agents.get(seat)) else { return };
        let scale = run.times.scale(*agent, one.team) * run.error;
        let lasts = run.times.remaining(scale, 0.0, one.service.in_run(run.number));
        run.take(seat, kind);
        let event = Event::Free { seat, weight: kind.weight, channel: kind.channel };
        run.events.push(Reverse((At::seconds(begins + lasts), event)));
    }

    /// Somebody who is not in line yet is let in ahead, and takes the place that has become free.
    fn insert(&self, run: &mut Run<'_>, (seat, weight, channel): (usize, i64, usize), at: f64) {
        let Some(agent) = self.agents.get(seat) else { return };
        let scale = run.times.scale(*agent, None) * run.error;
        let lasts = run.times.remaining(scale, 0.0, chance(u32::MAX - run.number, run.count));
        run.events.push(Reverse((At::seconds(at + lasts), Event::Free { seat, weight, channel })));
    }

    fn relax(&mut self, run: &mut Run<'_>, ticket: usize, kind: usize, at: f64) {
        if !run.waiting.get(ticket).copied().unwrap_or_default() {
            return;
        }
        if let (Some(current), Some(queue)) = (run.current.get_mut(ticket), run.queues.get_mut(kind)) {
            *current = kind;
            queue.push(Reverse(ticket));
        }
        let Some(wanted) = self.kinds.get(kind) else { return };
        if let Some(seat) = wanted.able.iter().copied().find(|seat| run.fits(*seat, wanted)) {
            self.fill(run, seat, at);
        }
    }
}

impl Run<'_> {
    fn fits(&self, seat: usize, kind: &Kind) -> bool {
        let channel = self.channel_room.get(seat).and_then(|room| room.get(kind.channel)).copied();
        self.here.get(seat) == Some(&true)
            && self.room.get(seat).is_some_and(|room| *room >= kind.weight)
            && channel.is_none_or(|room| room > 0)
    }

    /// The first of this kind who still waits and still asks for it.
    fn first(&mut self, kind: usize) -> Option<usize> {
        let queue = self.queues.get_mut(kind)?;
        while let Some(Reverse(ticket)) = queue.peek().copied() {
            let waits = self.waiting.get(ticket).copied().unwrap_or_default();
            if waits && self.current.get(ticket) == Some(&kind) {
                return Some(ticket);
            }
            queue.pop();
        }
        None
    }

    /// Somebody comes or goes, and will go or come again.
    fn change_shift(&mut self, seat: usize, comes: bool, at: f64) {
        if let Some(here) = self.here.get_mut(seat) {
            *here = comes;
        }
        self.count += 1;
        let gone = (!comes).then_some(0.0);
        let next = change(self.turnover, seat, gone, chance(self.number, self.count), at);
        self.events.extend(next);
    }

    fn take(&mut self, seat: usize, kind: &Kind) {
        self.change(seat, -kind.weight, kind.channel, -1);
    }

    fn give_back(&mut self, seat: usize, weight: i64, channel: usize) {
        self.change(seat, weight, channel, 1);
    }

    fn change(&mut self, seat: usize, weight: i64, channel: usize, count: i64) {
        if let Some(room) = self.room.get_mut(seat) {
            *room += weight;
        }
        let room = self.channel_room.get_mut(seat).and_then(|room| room.get_mut(channel));
        if let Some(room) = room.filter(|room| **room != i64::MAX) {
            *room += count;
        }
    }
}

/// When somebody comes who has been gone for so long, or goes who is here.
fn change(turnover: &Turnover, seat: usize, gone: Option<f64>, chance: f64, at: f64) -> Option<Reverse<(At, Event)>> {
    let (after, event) = match gone {
        Some(gone) => (turnover.comes_after(gone, chance), Event::Comes { seat }),
        None => (turnover.goes_after(chance), Event::Goes { seat }),
    };
    after.map(|after| Reverse((At::seconds(at + after), event)))
}

/// A number of a conversation's own, so that it draws alike each time the line is played.
fn number_of(conversation: ConversationId) -> u64 {
    low_bits(conversation.uuid())
}

fn low_bits(uuid: uuid::Uuid) -> u64 {
    let (high, low) = uuid.as_u64_pair();
    high ^ low
}

fn seconds(span: chrono::TimeDelta) -> f64 {
    span.as_seconds_f64().max(0.0)
}
