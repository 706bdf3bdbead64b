//! The sockets of this process and what waits to be written on each: what threads share, and nothing else. No bus, no async.
//!
//! Whoever has the lock around it changes it in one step, so this is where threads meet; the tests go through the ways in which
//! they can.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use tenant::{AccountId, AgentId};
use tokio::sync::mpsc::Sender;

use super::eyes::View;
use super::hub::{Hub, SocketId};
use super::topic::Topic;

/// What a socket's writer gets.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// Write this frame.
    Frame(Bytes),
    /// Close: who opened this socket may not have it any more.
    Revoked,
    /// Look whether who opened this socket still may have it.
    Recheck,
}

/// One socket.
pub(super) struct Line {
    /// Ends when the socket was too slow.
    pub(super) sender: Sender<Delivery>,
    /// Who opened it, if a member did.
    pub(super) agent: Option<AgentId>,
    /// Whose it is.
    pub(super) account: AccountId,
    /// What it sees.
    pub(super) view: View,
}

/// Every socket, what it listens to, and a subscription for each company that somebody listens to. A subscription that is
/// dropped has ended.
pub(super) struct Seats<S> {
    hub: Hub,
    lines: HashMap<SocketId, Line>,
    /// How many of them each company has.
    crowds: HashMap<AccountId, usize>,
    subscriptions: HashMap<AccountId, S>,
}

impl<S> Default for Seats<S> {
    fn default() -> Self {
        Self { hub: Hub::default(), lines: HashMap::new(), crowds: HashMap::new(), subscriptions: HashMap::new() }
    }
}

impl<S> Seats<S> {
    /// Seats a socket. Topics of another company than its own are left out. The first of a company has it subscribed to.
    pub(super) fn join(
        &mut self,
        socket: SocketId,
        line: Line,
        topics: &[Topic],
        subscribe: impl Fn(AccountId) -> S,
    ) -> Option<&S> {
        let account = line.account;
        self.lines.insert(socket, line);
        *self.crowds.entry(account).or_default() += 1;
        for topic in topics.iter().filter(|topic| topic.account() == account) {
            if self.hub.listen(socket, *topic) {
                self.subscriptions.insert(account, subscribe(account));
            }
        }
        self.subscriptions.get(&account)
    }

    /// The socket's place is free. With the last of a company its subscription ends.
    pub(super) fn leave(&mut self, socket: SocketId) {
        if let Some(line) = self.lines.remove(&socket)
            && let Some(crowd) = self.crowds.get_mut(&line.account)
        {
            *crowd -= 1;
            if *crowd == 0 {
                self.crowds.remove(&line.account);
            }
        }
        for account in self.hub.leave(socket) {
            self.subscriptions.remove(&account);
        }
    }

    /// Hands a frame to everybody who listens. One whose queue is full loses its place: it alone is reset, and resumes from what
    /// it has seen. How many lost theirs.
    pub(super) fn deliver(&mut self, topic: Topic, frame: &Bytes) -> u64 {
        let (heard, eyes) = match topic {
            Topic::AgentsWith(account, eyes) => (Topic::Agents(account), Some(eyes)),
            other @ (Topic::Agents(_) | Topic::Agent(..) | Topic::Visitors(_) | Topic::Contact(..)) => (other, None),
        };
        let deaf = |socket: &SocketId| {
            self.lines.get(socket).is_some_and(|line| {
                eyes.is_none_or(|eyes| line.view.has(eyes))
                    && line.sender.try_send(Delivery::Frame(frame.clone())).is_err()
            })
        };
        let slow: Vec<SocketId> = self.hub.listeners(heard).filter(deaf).collect();
        for socket in &slow {
            self.leave(*socket);
        }
        slow.len().try_into().unwrap_or(u64::MAX)
    }

    /// The sockets of these companies.
    pub(super) fn of_any(&self, accounts: &HashSet<AccountId>) -> Vec<SocketId> {
        let theirs = self.lines.iter().filter(|(_, line)| accounts.contains(&line.account));
        theirs.map(|(socket, _)| *socket).collect()
    }

    /// Gives a socket its last frame. Its place is free then.
    pub(super) fn send_away(&mut self, socket: SocketId, frame: Bytes) {
        if let Some(line) = self.lines.get(&socket) {
            // Where there is no room for it the end of the queue says enough.
            drop(line.sender.try_send(Delivery::Frame(frame)));
        }
        self.leave(socket);
    }

    /// What a socket sees from now on.
    pub(super) fn look(&mut self, socket: SocketId, view: View) {
        if let Some(line) = self.lines.get_mut(&socket) {
            line.view = view;
        }
    }

    /// Tells those sockets of a company that do not see everything, as [`Seats::notify`] does.
    pub(super) fn notify_limited(&mut self, account: AccountId, what: &Delivery) {
        let lines = self.lines.values().filter(|line| line.account == account && line.view.is_limited());
        let limited: Vec<AgentId> = lines.filter_map(|line| line.agent).collect();
        self.notify(account, |agent| agent.is_some_and(|agent| limited.contains(&agent)), what);
    }

    /// Tells those sockets of a company whose agent fits. One whose queue is full loses its place instead: it must not outlive
    /// what it was to be told.
    pub(super) fn notify(&mut self, account: AccountId, fits: impl Fn(Option<AgentId>) -> bool, what: &Delivery) {
        let told = self.lines.iter().filter(|(_, line)| line.account == account && fits(line.agent));
        let deaf: Vec<SocketId> =
            told.filter(|(_, line)| line.sender.try_send(what.clone()).is_err()).map(|(socket, _)| *socket).collect();
        for socket in deaf {
            self.leave(socket);
        }
    }

    /// The same for those who listen to a topic.
    pub(super) fn notify_listeners(&mut self, topic: Topic, what: &Delivery) {
        let deaf =
            |socket: &SocketId| self.lines.get(socket).is_some_and(|line| line.sender.try_send(what.clone()).is_err());
        let deaf: Vec<SocketId> = self.hub.listeners(topic).filter(deaf).collect();
        for socket in deaf {
            self.leave(socket);
        }
    }

    /// How many sockets a company has.
    pub(super) fn of(&self, account: AccountId) -> usize {
        self.crowds.get(&account).copied().unwrap_or(0)
    }

    /// What is heard of each company that somebody here listens to.
    pub(super) fn subscriptions(&self) -> impl Iterator<Item = (AccountId, &S)> + '_ {
        self.subscriptions.iter().map(|(account, subscription)| (*account, subscription))
    }

    /// The same of one company.
    pub(super) fn subscription(&self, account: AccountId) -> Option<&S> {
        self.subscriptions.get(&account)
    }

    /// The companies somebody here listens to.
    pub(super) fn accounts(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.subscriptions.keys().copied()
    }

    /// How many sockets listen.
    pub(super) fn len(&self) -> usize {
        self.hub.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc as Shared;
    use std::sync::atomic::{AtomicI64, Ordering};

    use infra::Id;
    use shuttle::sync::{Arc, Mutex};
    use shuttle::thread;
    use tokio::sync::mpsc::{Receiver, channel};
    use uuid::Uuid;

    use super::*;

    /// A subscription that is counted while it lives.
    struct Counted(Shared<AtomicI64>);

    impl Counted {
        fn begin(open: &Shared<AtomicI64>) -> Self {
            assert_eq!(open.fetch_add(1, Ordering::SeqCst), 0, "a company is subscribed to twice");
            Self(Shared::clone(open))
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    const FRAMES: u8 = 4;

    fn account() -> AccountId {
        Id::from_uuid(Uuid::from_u128(7))
    }

    fn sit(seats: &Mutex<Seats<Counted>>, open: &Shared<AtomicI64>, socket: u64, room: usize) -> Receiver<Delivery> {
        let (sender, deliveries) = channel(room);
        let agent = Some(Id::from_uuid(Uuid::from_u128(9)));
        let line = Line { sender, agent, account: account(), view: View::WHOLE };
        let topics = [Topic::Agents(account()), Topic::Visitors(account())];
        let mut seats = seats.lock().unwrap();
        assert!(seats.join(SocketId(socket), line, &topics, |_| Counted::begin(open)).is_some());
        deliveries
    }

    /// What a socket's writer makes of its queue: the numbers of the frames it writes, and whether it is told to close, behind which it
    /// writes nothing.
    fn write_out(deliveries: &mut Receiver<Delivery>) -> (Vec<u8>, bool) {
        let mut frames = Vec::new();
        while let Ok(delivery) = deliveries.try_recv() {
            match delivery {
                Delivery::Frame(frame) => frames.extend(frame.first()),
                Delivery::Revoked => return (frames, true),
                Delivery::Recheck => {}
            }
        }
        (frames, false)
    }

    /// Sockets come and go, one of them with room for a single frame, while frames are handed out and a member is shut out.
    fn a_busy_moment() {
        let open = Shared::new(AtomicI64::new(0));
        let seats = Arc::new(Mutex::new(Seats::default()));
        let speaker = thread::spawn({
            let seats = Arc::clone(&seats);
            move || {
                for number in 0..FRAMES {
                    seats.lock().unwrap().deliver(Topic::Agents(account()), &Bytes::copy_from_slice(&[number]));
                }
            }
        });
        let shut_out = thread::spawn({
            let seats = Arc::clone(&seats);
            move || seats.lock().unwrap().notify(account(), |agent| agent.is_some(), &Delivery::Revoked)
        });
        let guests: Vec<_> = [(1, 1), (2, 16), (3, 16)]
            .into_iter()
            .map(|(socket, room)| {
                let (seats, open) = (Arc::clone(&seats), Shared::clone(&open));
                thread::spawn(move || {
                    let mut deliveries = sit(&seats, &open, socket, room);
                    thread::yield_now();
                    let (mut heard, closed) = write_out(&mut deliveries);
                    thread::yield_now();
                    seats.lock().unwrap().leave(SocketId(socket));
                    if !closed {
                        heard.extend(write_out(&mut deliveries).0);
                    }
                    // What is missing is missing at the ends alone: a client can resume from there. A hole it would not notice.
                    for pair in heard.windows(2) {
                        assert_eq!(pair[0] + 1, pair[1], "a hole in {heard:?}");
                    }
                    assert!(deliveries.is_closed(), "a place is kept after it was given up");
                })
            })
            .collect();
        for thread in guests.into_iter().chain([speaker, shut_out]) {
            thread.join().unwrap();
        }
        let seats = seats.lock().unwrap();
        let left = (seats.len(), seats.accounts().count(), seats.lines.len(), seats.of(account()));
        assert_eq!(left, (0, 0, 0, 0), "somebody is still seated");
        assert_eq!(open.load(Ordering::SeqCst), 0, "a subscription outlives its last listener");
    }

    #[test]
    fn no_order_of_threads_loses_a_frame_in_the_middle_or_keeps_a_subscription() {
        shuttle::check_random(a_busy_moment, 5_000);
        shuttle::check_pct(a_busy_moment, 5_000, 3);
    }
}
