//! The realtime protocol as a model: a server that numbers what is said, a network that loses, repeats and shuffles frames and
//! breaks connections, and a client that follows the rules. The server's decision and the client's screen are the real ones.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use routing::realtime::continues;
use uuid::Uuid;

use crate::screen::{PATIENCE, Screen};

/// How many missed messages the server of the model sends in one answer.
const MOST: usize = 4;

/// What may happen next.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Somebody says something.
    Say,
    /// A frame arrives, and which of those on their way.
    Arrive(usize),
    /// A frame arrives and stays on its way.
    ArriveTwice(usize),
    /// A frame is lost, though the connection stands.
    Lose(usize),
    /// The connection breaks, with what is on its way.
    Cut,
    /// The client connects and says what it has seen.
    Resume,
    /// The answer to a resume is lost with the connection.
    ResumeInVain,
    /// So much time goes by that a gap is asked for.
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Say),
        6 => any::<usize>().prop_map(Step::Arrive),
        2 => any::<usize>().prop_map(Step::ArriveTwice),
        2 => any::<usize>().prop_map(Step::Lose),
        1 => Just(Step::Cut),
        2 => Just(Step::Resume),
        1 => Just(Step::ResumeInVain),
        1 => Just(Step::Wait),
    ]
}

/// Both ends and what is between them.
struct World {
    said: Vec<Uuid>,
    way: Vec<(i64, Uuid)>,
    connected: bool,
    screen: Screen,
    now: Instant,
    anew: usize,
}

impl World {
    fn new() -> Self {
        let screen = Screen::default();
        Self { said: Vec::new(), way: Vec::new(), connected: true, screen, now: Instant::now(), anew: 0 }
    }

    fn newest(&self) -> i64 {
        self.said.len().try_into().unwrap()
    }

    fn numbered(&self, after: i64) -> impl Iterator<Item = (i64, Uuid)> + '_ {
        (1..).zip(self.said.iter().copied()).skip(after.try_into().unwrap())
    }

    fn take(&mut self, (seq, id): (i64, Uuid)) {
        self.screen.take(seq, id, self.now).expect("one place holds one message");
    }

    /// What the server answers to somebody who has seen so much, and what the client makes of it.
    fn resume(&mut self) {
        let after = self.screen.last();
        let missed: Vec<_> = self.numbered(after).take(MOST).collect();
        let more = self.numbered(after).nth(MOST).is_some();
        if continues(after, self.newest(), more) {
            for message in missed {
                self.take(message);
            }
        } else {
            self.anew += 1;
            self.screen.clear();
            let all: Vec<_> = self.numbered(0).collect();
            for message in all {
                self.take(message);
            }
        }
        assert_eq!(self.screen.shown(), self.said, "an answer to a resume leaves something out");
    }

    fn pick(&self, which: usize) -> Option<usize> {
        (!self.way.is_empty()).then(|| which % self.way.len())
    }

    fn happen(&mut self, step: Step) {
        match step {
            Step::Say => {
                self.said.push(Uuid::from_u128(1_000 + self.said.len() as u128));
                if let (true, Some(id)) = (self.connected, self.said.last()) {
                    self.way.push((self.newest(), *id));
                }
            }
            Step::Arrive(which) => {
                if let Some(place) = self.pick(which) {
                    let message = self.way.remove(place);
                    self.take(message);
                }
            }
            Step::ArriveTwice(which) => {
                if let Some(place) = self.pick(which) {
                    self.take(self.way[place]);
                }
            }
            Step::Lose(which) => {
                if let Some(place) = self.pick(which) {
                    self.way.remove(place);
                }
            }
            Step::Cut | Step::ResumeInVain => {
                self.way.clear();
                self.connected = false;
            }
            Step::Resume => {
                self.connected = true;
                self.resume();
            }
            Step::Wait => {
                self.now += PATIENCE + Duration::from_millis(1);
                if self.connected && self.screen.gap_due().is_some_and(|due| due <= self.now) {
                    self.screen.asked(self.now);
                    self.resume();
                }
            }
        }
        let shown = self.screen.shown();
        assert_eq!(shown, &self.said[..shown.len()], "the screen shows another order than was said");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// At every moment the screen shows a beginning of what was said, without holes; and whoever connects once more has it all.
    #[test]
    fn whatever_the_network_does_a_resume_brings_everything(steps in prop::collection::vec(step(), 0..60)) {
        let mut world = World::new();
        for step in steps {
            world.happen(step);
        }
        world.happen(Step::Resume);
        prop_assert_eq!(world.screen.shown(), &world.said[..]);
        prop_assert_eq!(world.screen.gap_due(), None);
    }
}

#[test]
fn who_has_missed_too_much_or_seen_too_much_loads_anew() {
    let mut world = World::new();
    world.happen(Step::Cut);
    for _ in 0..=MOST {
        world.happen(Step::Say);
    }
    world.happen(Step::Resume);
    assert_eq!(world.anew, 1);
    // A database that was brought back from a copy has fewer.
    world.said.truncate(2);
    world.happen(Step::Resume);
    assert_eq!((world.anew, world.screen.last()), (2, 2));
}
