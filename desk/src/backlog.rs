//! What waits to be written, in turns. Pure: companies take turns, and of one sender only one thing is in hand at a time.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;

/// What waits, by company.
#[derive(Debug)]
pub(crate) struct Backlog<G, T> {
    turns: VecDeque<G>,
    waiting: HashMap<G, VecDeque<(u128, T)>>,
    length: usize,
}

/// What is taken at once, by company.
pub(crate) type Load<G, T> = Vec<(G, Vec<T>)>;

impl<G, T> Default for Backlog<G, T> {
    fn default() -> Self {
        Self { turns: VecDeque::new(), waiting: HashMap::new(), length: 0 }
    }
}

impl<G: Copy + Eq + Hash, T> Backlog<G, T> {
    /// Puts something at the end of its company's queue. Things with the same `key` leave in the order in which they came, and
    /// never together.
    pub(crate) fn push(&mut self, group: G, key: u128, thing: T) {
        let queue = self.waiting.entry(group).or_default();
        if queue.is_empty() {
            self.turns.push_back(group);
        }
        queue.push_back((key, thing));
        self.length += 1;
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Takes up to `each` things of up to `groups` companies, the company that has waited longest first; who got a turn goes to
    /// the end of the line. A company that `goes_alone` is not put together with others.
    pub(crate) fn take(&mut self, groups: usize, each: usize, goes_alone: impl Fn(G) -> bool) -> Load<G, T> {
        let mut load: Load<G, T> = Vec::new();
        for _ in 0..groups.min(self.turns.len()) {
            let Some(group) = self.turns.pop_front() else { break };
            let alone = goes_alone(group);
            if alone && !load.is_empty() {
                self.turns.push_front(group);
                break;
            }
            let things = self.take_of(group, each);
            if self.waiting.contains_key(&group) {
                self.turns.push_back(group);
            }
            load.push((group, things));
            if alone {
                break;
            }
        }
        load
    }

    fn take_of(&mut self, group: G, most: usize) -> Vec<T> {
        let Some(queue) = self.waiting.remove(&group) else { return Vec::new() };
        let mut taken = Vec::with_capacity(most.min(queue.len()));
        let mut keys = HashSet::new();
        let mut left = VecDeque::new();
        for (key, thing) in queue {
            if taken.len() < most && keys.insert(key) {
                taken.push(thing);
            } else {
                left.push_back((key, thing));
            }
        }
        self.length -= taken.len();
        if !left.is_empty() {
            self.waiting.insert(group, left);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// Whatever comes and whenever it is taken: nothing is lost or doubled, a sender's things stay in order and apart, a company
        /// that goes alone is alone, and nobody waits longer than one round of everybody.
        #[test]
        fn everything_leaves_once_in_order_and_in_its_turn(
            arrivals in prop::collection::vec((0_u8..5, 0_u128..4), 0..60),
            pauses in prop::collection::vec(any::<bool>(), 60),
            groups in 1_usize..4,
            each in 1_usize..5,
            alone in 0_u8..6,
        ) {
            let mut backlog = Backlog::default();
            let mut waiting: HashMap<u8, Vec<(u128, usize)>> = HashMap::new();
            let mut passed_over: HashMap<u8, usize> = HashMap::new();
            let mut number = 0;
            let mut arrivals = arrivals.into_iter();
            let mut pauses = pauses.into_iter();
            loop {
                let arrival = arrivals.next();
                if let Some((group, key)) = arrival {
                    backlog.push(group, key, (key, number));
                    waiting.entry(group).or_default().push((key, number));
                    number += 1;
                    if pauses.next().unwrap_or(false) {
                        continue;
                    }
                } else if backlog.is_empty() {
                    break;
                }
                let load = backlog.take(groups, each, |group| group == alone);
                prop_assert!(load.len() <= groups);
                prop_assert!(load.len() == 1 || load.iter().all(|(group, _)| *group != alone));
                for (group, things) in &load {
                    prop_assert!(!things.is_empty() && things.len() <= each);
                    let mut keys = HashSet::new();
                    for (key, number) in things {
                        prop_assert!(keys.insert(*key), "two of one sender together");
                        let queue = waiting.get_mut(group).unwrap();
                        let first = queue.iter().position(|(other, _)| other == key).unwrap();
                        prop_assert_eq!(queue.remove(first), (*key, *number), "out of order");
                    }
                    passed_over.remove(group);
                }
                for group in waiting.iter().filter(|(_, queue)| !queue.is_empty()).map(|(group, _)| *group) {
                    if load.iter().all(|(taken, _)| *taken != group) {
                        let passed = passed_over.entry(group).or_insert(0);
                        *passed += 1;
                        prop_assert!(*passed <= 5, "company {} waits too long", group);
                    }
                }
            }
            prop_assert!(waiting.values().all(Vec::is_empty), "something was lost");
        }
    }
}
