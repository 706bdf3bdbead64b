//! The sockets of this process and what waits to be written on each: what threads share, and nothing else. No bus, no async.
//!
//! Whoever has the lock around it changes it in one step, so this is where threads meet; the tests go through the ways in which
//! they can.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use tenant::{AccountId, AgentId};
use tokio::sync::mpsc::Sender;

use super::bell::{Bell, Call};
use super::eyes::View;
use super::hub::{Hub, SocketId};
use super::topic::Topic;

/// How many bytes of frames may wait for one socket. One frame alone may be of any size.
const WAITING_BYTES: usize = 4 * 1024 * 1024;

/// One socket.
pub(super) struct Line {
    /// What it is to write. Ends when the socket was too slow, or sent away.
    pub(super) sender: Sender<Bytes>,
    /// What it is told beside.
    pub(super) bell: Arc<Bell>,
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
                if eyes.is_some_and(|eyes| !line.view.has(eyes)) {
                    return false;
                }
                let before = line.bell.waits(frame.len());
                (before > 0 && before + frame.len() > WAITING_BYTES) || line.sender.try_send(frame.clone()).is_err()
            })
        };
        let slow: Vec<SocketId> = self.hub.listeners(heard).filter(deaf).collect();
        for socket in &slow {
            if let Some(line) = self.lines.get(socket) {
                // It may be in the middle of a write that takes its time.
                line.bell.ring(Call::TooSlow);
            }
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
            line.bell.waits(frame.len());
            // Where there is no room for it the end of the queue says enough.
            drop(line.sender.try_send(frame));
            line.bell.ring(Call::SentAway);
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
    pub(super) fn notify_limited(&self, account: AccountId, what: Call) {
        for line in self.lines.values().filter(|line| line.account == account && line.view.is_limited()) {
            line.bell.ring(what);
        }
    }

    /// Tells those sockets of a company whose agent fits, before any frame that waits for them.
    pub(super) fn notify(&self, account: AccountId, fits: impl Fn(Option<AgentId>) -> bool, what: Call) {
        for line in self.lines.values().filter(|line| line.account == account && fits(line.agent)) {
            line.bell.ring(what);
        }
    }

    /// The same for those who listen to a topic.
    pub(super) fn notify_listeners(&self, topic: Topic, what: Call) {
        for line in self.hub.listeners(topic).filter_map(|socket| self.lines.get(&socket)) {
            line.bell.ring(what);
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

    /// What waits for a socket, and what it is told beside.
    type Queue = (Receiver<Bytes>, Shared<Bell>);

    fn account() -> AccountId {
        Id::from_uuid(Uuid::from_u128(7))
    }

    fn sit(seats: &Mutex<Seats<Counted>>, open: &Shared<AtomicI64>, socket: u64, room: usize) -> Queue {
        let (sender, frames) = channel(room);
        let (agent, bell) = (Some(Id::from_uuid(Uuid::from_u128(9))), Shared::new(Bell::default()));
        let line = Line { sender, bell: Shared::clone(&bell), agent, account: account(), view: View::WHOLE };
        let topics = [Topic::Agents(account()), Topic::Visitors(account())];
        let mut seats = seats.lock().unwrap();
        assert!(seats.join(SocketId(socket), line, &topics, |_| Counted::begin(open)).is_some());
        (frames, bell)
    }

    /// What a socket's writer makes of its queue: the numbers of the frames it writes, and whether it is told to close, behind which it
    /// writes nothing.
    fn write_out((frames, bell): &mut Queue) -> (Vec<u8>, bool) {
        let mut written = Vec::new();
        loop {
            if bell.told().is_some_and(|call| call == Call::Revoked || call == Call::TooSlow) {
                return (written, true);
            }
            let Ok(frame) = frames.try_recv() else { return (written, false) };
            bell.taken(frame.len());
            written.extend(frame.first());
        }
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
            move || seats.lock().unwrap().notify(account(), |agent| agent.is_some(), Call::Revoked)
        });
        let guests: Vec<_> = [(1, 1), (2, 16), (3, 16)]
            .into_iter()
            .map(|(socket, room)| {
                let (seats, open) = (Arc::clone(&seats), Shared::clone(&open));
                thread::spawn(move || {
                    let mut queue = sit(&seats, &open, socket, room);
                    thread::yield_now();
                    let (mut heard, closed) = write_out(&mut queue);
                    thread::yield_now();
                    seats.lock().unwrap().leave(SocketId(socket));
                    if !closed {
                        heard.extend(write_out(&mut queue).0);
                    }
                    // What is missing is missing at the ends alone: a client can resume from there. A hole it would not notice.
                    for pair in heard.windows(2) {
                        assert_eq!(pair[0] + 1, pair[1], "a hole in {heard:?}");
                    }
                    assert!(queue.0.is_closed(), "a place is kept after it was given up");
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

    fn a_large_moment() {
        let open = Shared::default();
        let seats = Mutex::new(Seats::default());
        let (mut frames, bell) = sit(&seats, &open, 1, 1_024);
        let deliver = |size| seats.lock().unwrap().deliver(Topic::Agents(account()), &Bytes::from(vec![0; size]));
        assert_eq!(deliver(WAITING_BYTES + 1), 0, "one alone may be of any size");
        bell.taken(frames.try_recv().unwrap().len());
        let half = WAITING_BYTES / 2;
        assert_eq!((deliver(half), deliver(half)), (0, 0));
        assert_eq!((deliver(1), bell.told()), (1, Some(Call::TooSlow)));
        assert_eq!(seats.lock().unwrap().len(), 0, "it has lost its place");
    }

    #[test]
    fn what_waits_for_a_socket_is_bounded_by_its_size_too() {
        shuttle::check_random(a_large_moment, 1);
    }

    #[test]
    fn no_order_of_threads_loses_a_frame_in_the_middle_or_keeps_a_subscription() {
        shuttle::check_random(a_busy_moment, 5_000);
        shuttle::check_pct(a_busy_moment, 5_000, 3);
    }
}
