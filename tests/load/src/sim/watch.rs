//! The checker. It knows the books and the policies, and nothing of how decisions are made.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use desk::assignment_policy::{LanguageRule, Strategy};

use super::books::{Asks, Books, Chat, Ms, State};

/// A promise that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// Somebody waited for more than a second while somebody who could take them was free.
    Starved,
    /// A conversation was given away that was not waiting.
    Doubled,
    /// An agent had more than fits.
    Overloaded,
    /// It went to somebody who could not do it, or was not here.
    Misplaced,
    /// Somebody came before an agent who had the better right to it.
    Unfair,
    /// Somebody was overtaken by one behind them who asked for the same.
    Overtaken,
    /// A wait asked for more than before.
    Tightened,
}

impl Violation {
    /// How many kinds there are.
    pub const KINDS: usize = 7;

    /// All of them, with their names.
    pub const ALL: [(Self, &'static str); Self::KINDS] = [
        (Self::Starved, "starved"),
        (Self::Doubled, "doubled"),
        (Self::Overloaded, "overloaded"),
        (Self::Misplaced, "misplaced"),
        (Self::Unfair, "unfair"),
        (Self::Overtaken, "overtaken"),
        (Self::Tightened, "tightened"),
    ];
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) violations: [u64; Violation::KINDS],
    pub(super) examples: Vec<String>,
    pub(super) steps: u64,
}

/// What speaks for an agent, spelled out, before it is asked whose turn it is: less comes first.
type Claim = (bool, bool, usize, bool, Reverse<u32>, u64);

impl Watch {
    fn saw(&mut self, what: Violation, sentence: impl FnOnce() -> String) {
        self.violations[what as usize] += 1;
        if self.examples.len() < 3 {
            self.examples.push(format!("{what:?}: {}", sentence()));
        }
    }

    /// Nobody waits whom somebody free could take. `at` is a moment up to which nothing has changed but the time.
    pub(super) fn nobody_starves(&mut self, books: &Books, at: Ms) {
        self.steps += 1;
        let free: Vec<usize> = (0..books.posts.len())
            .filter(|agent| books.takes(*agent) && books.posts[*agent].used < books.company.people[*agent].capacity)
            .collect();
        if free.is_empty() {
            return;
        }
        for n in &books.line {
            let chat = &books.chats[*n];
            if chat.state != State::Line {
                continue;
            }
            let asks = books.asks(chat, at);
            if let Some(agent) = free.iter().find(|agent| books.may_take(**agent, chat, &asks, at)) {
                self.saw(Violation::Starved, || format!("{n} waits at {at} while {agent} is free: {chat:?}"));
            }
        }
    }

    /// Whether it waits for whoever is free first: not for somebody by name, nor for anybody but those who declined.
    pub(super) fn is_in_turn(chat: &Chat) -> bool {
        chat.only.is_none() && chat.declined.is_empty()
    }

    /// Whoever is gone past, with the same wish and further ahead, has been overtaken. All those `given` were in turn.
    pub(super) fn nobody_is_overtaken(&mut self, books: &Books, given: &[usize], now: Ms) {
        let wish = |n: usize| {
            let chat = &books.chats[n];
            let asks = books.asks(chat, now);
            (chat.team, asks.home, asks.teams, asks.required, asks.preferred, chat.chinese, chat.channel)
        };
        let mut last: HashMap<_, (_, usize)> = HashMap::new();
        for n in given {
            let place = books.place(*n);
            let entry = last.entry(wish(*n)).or_insert((place, *n));
            *entry = (*entry).max((place, *n));
        }
        if last.is_empty() {
            return;
        }
        for n in &books.line {
            let chat = &books.chats[*n];
            if chat.state != State::Line || !Self::is_in_turn(chat) {
                continue;
            }
            if let Some((place, other)) = last.get(&wish(*n))
                && books.place(*n) < *place
            {
                self.saw(Violation::Overtaken, || format!("{n} by {other}"));
            }
        }
    }

    /// A wait only ever asks for less, but for a move to another team.
    pub(super) fn relaxes(&mut self, books: &mut Books, n: usize, said: &Asks, now: Ms) {
        let expected = books.asks(&books.chats[n], now);
        let fewer = |more: &[(usize, u8)], less: &[(usize, u8)]| {
            less.iter().all(|(skill, level)| more.iter().any(|(other, high)| other == skill && high >= level))
        };
        let before = books.chats[n].relaxed.replace(said.clone());
        let kept = before.is_none_or(|before| {
            let moved = before.home != said.home;
            let wider = match (&before.teams, &said.teams) {
                (_, None) => true,
                (None, Some(_)) => moved,
                (Some(before), Some(now)) => moved || now.is_superset(before),
            };
            wider
                && said.steps >= before.steps
                && fewer(&before.required, &said.required)
                && fewer(&before.preferred, &said.preferred)
        });
        if !kept || *said != expected {
            self.saw(Violation::Tightened, || format!("{n} asks for {said:?}, not {expected:?}"));
        }
    }

    /// Judges one decision before it is carried out. Answers with those who could have had it just as well.
    pub(super) fn judge(&mut self, books: &Books, n: usize, agent: usize, now: Ms) -> Vec<usize> {
        let chat = &books.chats[n];
        if chat.state != State::Line {
            self.saw(Violation::Doubled, || format!("{n} at {now}: {:?}", chat.state));
            return vec![agent];
        }
        let asks = books.asks(chat, now);
        if !books.has_room(agent, chat) {
            self.saw(Violation::Overloaded, || format!("{agent} with {:?}", books.posts[agent]));
        } else if !books.may_take(agent, chat, &asks, now) {
            self.saw(Violation::Misplaced, || format!("{n} with {agent}: {chat:?}"));
            return vec![agent];
        }
        if chat.only.is_some() {
            return vec![agent];
        }
        let round = books.second_round(chat, &asks, now);
        let able: Vec<(Claim, usize)> = (0..books.posts.len())
            .filter(|other| books.may_take(*other, chat, &asks, now))
            .map(|other| (claim(books, other, chat, &asks, round), other))
            .collect();
        let Some(best) = able.iter().map(|(claim, _)| *claim).min() else { return vec![agent] };
        let equals: Vec<usize> = able.iter().filter(|(claim, _)| *claim == best).map(|(_, other)| *other).collect();
        let turn = |agent: usize| (books.posts[agent].last_assigned, agent);
        if equals.iter().copied().min_by_key(|agent| turn(*agent)) != Some(agent) {
            self.saw(Violation::Unfair, || format!("{n} to {agent} at {now}, not to one of {equals:?}: {chat:?}"));
        }
        equals
    }

    /// After everything: no place is taken twice, and the books agree with themselves.
    pub(super) fn everything_fits(&mut self, books: &Books) {
        for (agent, (post, person)) in books.posts.iter().zip(&books.company.people).enumerate() {
            let over = post.channels.iter().zip(person.most).any(|(used, most)| *used > most);
            if post.used > person.capacity || over {
                self.saw(Violation::Overloaded, || format!("{agent}: {post:?}"));
            }
        }
        let mut held = BTreeSet::new();
        for (agent, post) in books.posts.iter().enumerate() {
            for chat in &post.hand {
                let right = matches!(books.chats[*chat].state, State::Hand { of, .. } if of == agent);
                if !right || !held.insert(*chat) {
                    self.saw(Violation::Doubled, || format!("{chat} with {agent}"));
                }
            }
        }
    }
}

fn claim(books: &Books, agent: usize, chat: &Chat, asks: &Asks, second_round: bool) -> Claim {
    let (post, person, rules) = (&books.posts[agent], &books.company.people[agent], &books.policy(chat).rules);
    let sticky = rules.sticky && chat.last == Some(agent) && !second_round;
    let misses = asks.preferred.iter().filter(|(skill, level)| person.skills[*skill] < *level).count();
    let asked: BTreeSet<usize> = asks.required.iter().chain(&asks.preferred).map(|(skill, _)| *skill).collect();
    let level = asked.iter().map(|skill| u32::from(person.skills[*skill])).sum();
    // Loads are compared as fractions with all capacities as one denominator: 100 × 5 × 4 × 3 is divided by each.
    let load = u64::from(post.used) * 6_000 / u64::from(person.capacity);
    let (level, load) = match rules.strategy {
        Strategy::RoundRobin | Strategy::Manual => (0, 0),
        Strategy::LeastBusy => (0, load),
        Strategy::BestSkill => (level, load),
    };
    (
        !sticky,
        rules.language != LanguageRule::Ignore && !books.speaks(agent, chat),
        misses,
        asks.home.is_some_and(|home| !person.teams.contains(&home)),
        Reverse(level),
        load,
    )
}
