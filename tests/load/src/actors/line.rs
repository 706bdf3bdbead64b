//! The life of a client's connection: open, talk, lose, wait a random while, open again.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::time::{sleep, sleep_until};
use uuid::Uuid;

use super::{ANSWER_WITHIN, Client, Pending, Sent, State, Tell};
use crate::frame;
use crate::oplog::{What, text_mark};
use crate::screen::Screen;
use crate::tally::Tally;
use crate::ws::{Came, Opening, Ws};

/// How often the server wants to hear something.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// What the kernel keeps of what somebody who takes little at a time has not read; it may make a little more of it.
const NARROW: u32 = 4 * 1024;
/// How many conversations one resume may name.
const RESUMED_AT_ONCE: usize = 50;
/// Who is cut off waits up to a second the first time, then up to two, four … at most this long.
const LONGEST_WAIT_MS: u64 = 60_000;

/// How a connection ended.
pub(super) enum End {
    /// The page was closed.
    Left,
    /// The run cut it.
    Cut,
    /// It was lost. The server may have said when to come again.
    Lost(Option<Duration>),
}

/// What a client says next, and whether it ends.
#[derive(Default)]
pub(super) struct Saying {
    pub(super) frames: Vec<String>,
    pub(super) end: Option<End>,
    pub(super) again_after: Option<Duration>,
}

pub(super) async fn live(client: Arc<Client>, mut told: UnboundedReceiver<Tell>) {
    let mut failures = 0_u32;
    loop {
        if client.stays_away(&mut told).await {
            return;
        }
        let wait;
        match open(&client).await {
            Ok(ws) => {
                let ended = talk(&client, ws, &mut told).await;
                if client.here.swap(false, Ordering::Relaxed) {
                    failures = 0;
                } else {
                    client.play.tally.not_opened.up();
                    failures += 1;
                }
                let unknown = client.is_cut_off();
                match ended {
                    End::Left => return,
                    End::Cut => wait = client.away.load(Ordering::Relaxed).then_some(Duration::ZERO),
                    End::Lost(after) => {
                        wait = after;
                        client.play.tally.lost.up();
                        (0..unknown).for_each(|_| client.play.tally.unknown.up());
                    }
                }
            }
            Err(after) => {
                wait = after;
                client.play.tally.not_opened.up();
                failures += 1;
            }
        }
        let most = 1000_u64.saturating_mul(1 << failures.min(6)).min(LONGEST_WAIT_MS);
        let wait = wait.unwrap_or_else(|| Duration::from_millis(client.play.chance.below(most)));
        if client.waits(wait, &mut told).await {
            return;
        }
    }
}

/// A socket with a hello on its way; or when to come again, if that was said.
async fn open(client: &Client) -> Result<Ws, Option<Duration>> {
    let Ok(to) = client.play.target() else { return Err(None) };
    let Ok(token) = client.entry.token(client, to).await else { return Err(None) };
    let unread = client.manner.narrow.then_some(NARROW);
    let mut asked = Awaited::since(Instant::now(), &client.play.tally);
    let opening = Ws::ask(client.from, to, "/v1/realtime", unread).await;
    asked.is_answered();
    let mut ws = match opening {
        Ok(Opening::Open(ws)) => ws,
        Ok(Opening::Refused(reply)) => {
            let after = reply.retry_after();
            if reply.puts_off() {
                client.is_put_off(after.is_some());
            }
            return Err(after);
        }
        Err(_) => return Err(None),
    };
    let seen = client.on_screen();
    client.has_asked(&seen);
    ws.say(&frame::hello(&token, seen.get(..seen.len().min(RESUMED_AT_ONCE)).unwrap_or_default()));
    for more in seen.chunks(RESUMED_AT_ONCE).skip(1) {
        ws.say(&frame::resume(more));
    }
    Ok(ws)
}

/// A request or a hello, until something comes: when that takes longer than an answer may take, or there is an end before it, it hung.
pub(super) struct Awaited<'a> {
    asked: Instant,
    tally: &'a Tally,
    answered: bool,
}

impl<'a> Awaited<'a> {
    pub(super) fn since(asked: Instant, tally: &'a Tally) -> Self {
        Self { asked, tally, answered: false }
    }

    /// Something came, whatever it is.
    pub(super) fn is_answered(&mut self) {
        if !std::mem::replace(&mut self.answered, true) && self.asked.elapsed() > ANSWER_WITHIN {
            self.tally.hung.up();
        }
    }
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        self.is_answered();
    }
}

async fn talk(client: &Arc<Client>, mut ws: Ws, told: &mut UnboundedReceiver<Tell>) -> End {
    let opened = Instant::now();
    let (mut hello, mut again_after) = (Awaited::since(opened, &client.play.tally), None);
    let mut last_said = opened;
    let mut sleeper = pin!(sleep_until((opened + HEARTBEAT).into()));
    loop {
        let mut saying = Saying::default();
        let hears = client.hears.load(Ordering::Relaxed);
        tokio::select! {
            moved = ws.go_on(hears), if hears || ws.has_unwritten() => {
                if !hears {
                    // Who does not read has no eyes for what writing comes to either. They notice when they read again.
                    continue;
                }
                if moved.is_err() {
                    return End::Lost(again_after);
                }
                hello.is_answered();
                let mut code = None;
                let taken = ws.take(|came| match came {
                    Came::Text(text) => client.hear(text, &mut saying),
                    Came::Close(with) => code = Some(with),
                });
                // What is said before a close may come before it.
                again_after = saying.again_after.or(again_after);
                if let Some(code) = code {
                    if code == 4001 || code == 4003 {
                        client.entry.is_refused();
                    }
                    return End::Lost(again_after);
                }
                if taken.is_err() {
                    client.play.tally.nonsense.up();
                    return End::Lost(None);
                }
            }
            tell = told.recv() => {
                let Some(tell) = tell else { return End::Left };
                client.heed(tell, &mut saying);
                // What is told after the end of this connection is for the next.
                while saying.end.is_none()
                    && let Ok(tell) = told.try_recv()
                {
                    client.heed(tell, &mut saying);
                }
            }
            () = &mut sleeper => {
                let now = Instant::now();
                if now >= last_said + HEARTBEAT {
                    saying.frames.push(frame::PING.to_owned());
                    renew(client);
                }
                client.look_at_the_clock(now, &mut saying);
                if !client.is_here() && now > opened + ANSWER_WITHIN * 2 {
                    return End::Lost(None);
                }
                sleeper.as_mut().reset(client.next_deadline(now + HEARTBEAT).into());
            }
        }
        if let Some(end) = saying.end {
            return end;
        }
        if !saying.frames.is_empty() {
            last_said = Instant::now();
            for frame in &saying.frames {
                ws.say(frame);
            }
        }
        let due = client.next_deadline(last_said + HEARTBEAT);
        if due < sleeper.deadline().into_std() {
            sleeper.as_mut().reset(due.into());
        }
    }
}

/// Brings a fresh token in time, beside the conversation.
fn renew(client: &Arc<Client>) {
    if !client.entry.is_old() {
        return;
    }
    let client = Arc::clone(client);
    tokio::spawn(async move {
        if let Ok(to) = client.play.target() {
            match client.entry.token(&client, to).await {
                Ok(token) => client.tell(Tell::Renewed(token)),
                Err(_) => client.play.tally.failed_requests.up(),
            }
        }
    });
}

impl Client {
    /// What stands on the screen, and up to where. Whoever watches everything asks by the list instead.
    fn on_screen(&self) -> Vec<(Uuid, i64)> {
        if self.watches_all() {
            return Vec::new();
        }
        let state = self.state();
        let mut seen: Vec<(Uuid, i64)> = state.screens.iter().map(|(id, screen)| (*id, screen.last())).collect();
        if let Some(chat) = state.chat
            && !state.screens.contains_key(&chat)
        {
            seen.push((chat, 0));
        }
        seen
    }

    /// What is missing of these was asked for, and is to be answered.
    fn has_asked(&self, conversations: &[(Uuid, i64)]) {
        let due = Instant::now() + ANSWER_WITHIN;
        self.state().asked.extend(conversations.iter().map(|(id, _)| (*id, due)));
    }

    /// Whatever was on its way has an unknown outcome now. Says how much.
    fn is_cut_off(&self) -> usize {
        let mut state = self.state();
        // Whoever comes back asks anew.
        state.asked.clear();
        let (mut unknown, now) = (0, Instant::now());
        state.lost_at.get_or_insert(self.play.log.now());
        for (id, pending) in &mut state.pending {
            if std::mem::take(&mut pending.on_the_wire) {
                unknown += 1;
                pending.deadline = now;
                self.note(What::Unknown, *id, pending.conversation, 0);
            }
        }
        unknown
    }

    /// Waits for as long as it is away. True when the page was closed meanwhile.
    async fn stays_away(&self, told: &mut UnboundedReceiver<Tell>) -> bool {
        while self.away.load(Ordering::Relaxed) {
            let Some(tell) = told.recv().await else { return true };
            let mut saying = Saying::default();
            self.heed(tell, &mut saying);
            if matches!(saying.end, Some(End::Left)) {
                return true;
            }
        }
        false
    }

    /// Waits before the next attempt. True when the page was closed meanwhile.
    async fn waits(&self, long: Duration, told: &mut UnboundedReceiver<Tell>) -> bool {
        let mut over = pin!(sleep(long));
        loop {
            tokio::select! {
                () = &mut over => return false,
                tell = told.recv() => {
                    let Some(tell) = tell else { return true };
                    let mut saying = Saying::default();
                    self.heed(tell, &mut saying);
                    if matches!(saying.end, Some(End::Left)) {
                        return true;
                    }
                }
            }
        }
    }

    fn heed(&self, tell: Tell, saying: &mut Saying) {
        match tell {
            Tell::Send { conversation, done } => {
                self.begin(conversation, done, saying);
                self.told.fetch_sub(1, Ordering::Relaxed);
            }
            Tell::Say(frame) => {
                if self.is_here() {
                    saying.frames.push(frame);
                }
            }
            Tell::Kick => self.keep_pressing(saying),
            Tell::Loaded(conversation, messages) => {
                for (seq, id) in messages {
                    self.take(conversation, seq, id);
                }
            }
            Tell::Listed(conversations) => {
                let mut state = self.state();
                let newest = conversations.into_iter().map(|(id, last)| {
                    let shown = state.screens.entry(id).or_default().last();
                    (id, shown, last)
                });
                let behind: Vec<(Uuid, i64)> =
                    newest.filter(|(_, shown, last)| shown < last).map(|(id, shown, _)| (id, shown)).collect();
                drop(state);
                self.has_asked(&behind);
                saying.frames.extend(behind.chunks(RESUMED_AT_ONCE).map(frame::resume));
            }
            Tell::Renewed(token) => saying.frames.push(frame::renew(&token)),
            Tell::Cut => saying.end = Some(End::Cut),
            Tell::Leave => saying.end = Some(End::Left),
        }
    }

    /// A new message of one's own. It goes out when the socket stands.
    fn begin(&self, conversation: Option<Uuid>, done: Option<oneshot::Sender<Sent>>, saying: &mut Saying) {
        let id = self.play.chance.uuid();
        let (text, first_sent) = self.compose();
        self.note(What::Invoke, id, conversation, text_mark(&text));
        let mut state = self.state();
        let goes = self.is_here() && self.has_turn(&state);
        if goes {
            saying.frames.push(frame::send(id, conversation, &text));
        }
        let deadline = if goes { Instant::now() + ANSWER_WITHIN } else { Instant::now() };
        let pending = Pending { conversation, text, first_sent, deadline, on_the_wire: goes, tries: 0, done };
        state.pending.insert(id, pending);
    }

    /// Fills the window of sends in flight.
    pub(super) fn keep_pressing(&self, saying: &mut Saying) {
        let window = self.window.load(Ordering::Relaxed);
        for _ in self.unanswered()..window {
            self.begin(None, None, saying);
        }
    }

    /// Repeats what was not answered in time, and asks for what is missing.
    fn look_at_the_clock(&self, now: Instant, saying: &mut Saying) {
        if !self.is_here() {
            return;
        }
        self.send_what_is_due(now, saying);
        let mut state = self.state();
        let mut missing = Vec::new();
        let State { screens, gapped, asked, .. } = &mut *state;
        // A refusal of a resume names no conversation: what was not answered is asked again.
        for (id, due) in asked.iter_mut().filter(|(_, due)| **due <= now) {
            missing.push((*id, screens.get(id).map_or(0, Screen::last)));
            *due = now + ANSWER_WITHIN;
        }
        for id in gapped.iter() {
            let Some(screen) = screens.get_mut(id) else { continue };
            if screen.gap_due().is_some_and(|due| due <= now) {
                missing.push((*id, screen.last()));
                screen.asked(now);
                self.play.tally.gaps.up();
            }
        }
        saying.frames.extend(missing.chunks(RESUMED_AT_ONCE).map(frame::resume));
    }

    fn next_deadline(&self, latest: Instant) -> Instant {
        if !self.is_here() {
            return latest;
        }
        let state = self.state();
        let answers = self.answers_due(&state);
        // Hundreds of screens are looked at only when one of them has a gap.
        let gaps = state.gapped.iter().filter_map(|id| state.screens.get(id)?.gap_due());
        let resumes = state.asked.values().copied();
        answers.into_iter().chain(gaps).chain(resumes).min().map_or(latest, |due| due.min(latest))
    }

    /// Loads a conversation anew, beside everything else.
    pub(super) fn load_anew(self: &Arc<Self>, conversation: Uuid) {
        let client = Arc::clone(self);
        tokio::spawn(async move {
            for attempt in 0_u32.. {
                if let Ok(messages) = client.entry.load(&client, conversation).await {
                    client.tell(Tell::Loaded(conversation, messages));
                    return;
                }
                client.play.tally.failed_requests.up();
                // Whoever has lost the socket asks again when it stands.
                if !client.is_here() {
                    return;
                }
                sleep(Duration::from_millis(500 << attempt.min(4))).await;
            }
        });
    }

    /// Lists the company's conversations, to ask for what was missed of any.
    pub(super) fn look_around(self: &Arc<Self>) {
        let client = Arc::clone(self);
        tokio::spawn(async move {
            for attempt in 0_u32.. {
                if let Ok(found) = client.entry.conversations(&client).await {
                    client.tell(Tell::Listed(found));
                    return;
                }
                client.play.tally.failed_requests.up();
                // Whoever has lost the socket asks again when it stands.
                if !client.is_here() {
                    return;
                }
                sleep(Duration::from_millis(500 << attempt.min(4))).await;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_answered_too_late_or_never_has_hung_once() {
        let tally = Tally::default();
        Awaited::since(Instant::now(), &tally).is_answered();
        drop(Awaited::since(Instant::now(), &tally));
        assert_eq!(tally.hung.now(), 0);
        let long_ago = Instant::now().checked_sub(ANSWER_WITHIN * 2).unwrap();
        let mut late = Awaited::since(long_ago, &tally);
        late.is_answered();
        late.is_answered();
        drop(late);
        drop(Awaited::since(long_ago, &tally));
        assert_eq!(tally.hung.now(), 2);
    }
}
