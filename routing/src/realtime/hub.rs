//! Who in this process listens to what. No sockets, no bus, no async.

use std::collections::{BTreeMap, BTreeSet};

use tenant::AccountId;

use super::topic::Topic;

/// One open socket of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u64);

/// The register of listeners.
#[derive(Debug, Default)]
pub struct Hub {
    topics: BTreeMap<Topic, BTreeSet<SocketId>>,
    sockets: BTreeMap<SocketId, BTreeSet<Topic>>,
    accounts: BTreeMap<AccountId, usize>,
}

impl Hub {
    /// True when this is the company's first listener here, so the caller must subscribe upstream.
    pub fn listen(&mut self, socket: SocketId, topic: Topic) -> bool {
        if !self.topics.entry(topic).or_default().insert(socket) {
            return false;
        }
        self.sockets.entry(socket).or_default().insert(topic);
        let listeners = self.accounts.entry(topic.account()).or_insert(0);
        *listeners += 1;
        *listeners == 1
    }

    /// The companies nobody here listens to any more, so the caller can unsubscribe.
    pub fn leave(&mut self, socket: SocketId) -> Vec<AccountId> {
        let mut quiet = Vec::new();
        for topic in self.sockets.remove(&socket).unwrap_or_default() {
            if let Some(listeners) = self.topics.get_mut(&topic) {
                listeners.remove(&socket);
                if listeners.is_empty() {
                    self.topics.remove(&topic);
                }
            }
            if let Some(count) = self.accounts.get_mut(&topic.account()) {
                *count -= 1;
                if *count == 0 {
                    self.accounts.remove(&topic.account());
                    quiet.push(topic.account());
                }
            }
        }
        quiet
    }

    /// Who listens to a topic.
    pub fn listeners(&self, topic: Topic) -> impl Iterator<Item = SocketId> + '_ {
        self.topics.get(&topic).into_iter().flatten().copied()
    }

    /// Whether anybody here listens to a company.
    pub fn knows(&self, account: AccountId) -> bool {
        self.accounts.contains_key(&account)
    }

    /// How many sockets listen.
    pub fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Whether none listens.
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    #[cfg(test)]
    fn check(&self) {
        for (topic, sockets) in &self.topics {
            assert!(!sockets.is_empty(), "an empty set is kept for {topic:?}");
            assert!(sockets.iter().all(|socket| self.sockets[socket].contains(topic)), "{topic:?} is not mirrored");
        }
        for (socket, topics) in &self.sockets {
            assert!(topics.iter().all(|topic| self.topics[topic].contains(socket)), "{socket:?} is not mirrored");
        }
        for (account, count) in &self.accounts {
            let listeners: usize = self
                .topics
                .iter()
                .filter(|(topic, _)| topic.account() == *account)
                .map(|(_, sockets)| sockets.len())
                .sum();
            assert_eq!(listeners, *count, "the count of {account} is wrong");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use infra::Id;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn topic(account: u8, kind: u8) -> Topic {
        let account = Id::from_uuid(Uuid::from_u128(u128::from(account)));
        match kind % 3 {
            0 => Topic::Agents(account),
            1 => Topic::Visitors(account),
            _ => Topic::Contact(account, Id::from_uuid(Uuid::from_u128(u128::from(kind)))),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]
        #[test]
        fn both_registers_agree_whatever_happens(steps in prop::collection::vec((any::<bool>(), 0_u64..6, 0_u8..3, 0_u8..9), 0..80)) {
            let mut hub = Hub::default();
            let mut subscribed = BTreeSet::new();
            for (listens, socket, account, kind) in steps {
                if listens {
                    let topic = topic(account, kind);
                    if hub.listen(SocketId(socket), topic) {
                        prop_assert!(subscribed.insert(topic.account()), "subscribed twice");
                    }
                } else {
                    for account in hub.leave(SocketId(socket)) {
                        prop_assert!(subscribed.remove(&account), "unsubscribed from nothing");
                    }
                }
                hub.check();
                prop_assert_eq!(subscribed.len(), hub.accounts.len());
            }
        }
    }
}
