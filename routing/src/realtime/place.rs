//! A socket's place at the switchboard: what comes to it, in the order in which it is to be heeded.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc::Receiver;

use super::bell::{Bell, Call};
use super::hub::SocketId;
use super::switchboard::State;

/// What comes to a place.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// Write this frame.
    Frame(Bytes),
    /// Heed this, before any frame.
    Called(Call),
}

/// A place at the switchboard; given up when dropped.
pub struct Place {
    /// Which socket.
    pub socket: SocketId,
    frames: Receiver<Bytes>,
    bell: Arc<Bell>,
    is_sent_away: bool,
    state: Arc<Mutex<State>>,
}

impl Place {
    pub(super) fn new(socket: SocketId, frames: Receiver<Bytes>, bell: Arc<Bell>, state: Arc<Mutex<State>>) -> Self {
        Self { socket, frames, bell, is_sent_away: false, state }
    }

    /// What comes next. `None` once the socket was sent away and has written everything.
    pub async fn next(&mut self) -> Option<Delivery> {
        tokio::select! {
            biased;
            call = self.bell.rings(), if !self.is_sent_away => {
                self.is_sent_away = call == Call::SentAway;
                Some(Delivery::Called(call))
            }
            frame = self.frames.recv() => frame.map(|frame| Delivery::Frame(self.take(frame))),
        }
    }

    /// The next frame, if one waits.
    pub fn at_once(&mut self) -> Option<Bytes> {
        let frame = self.frames.try_recv().ok()?;
        Some(self.take(frame))
    }

    /// What it is told beside its frames, while one is being written.
    pub async fn called(&mut self) -> Call {
        if self.is_sent_away {
            // There is nobody any more who would tell it something.
            return std::future::pending().await;
        }
        let call = self.bell.rings().await;
        self.is_sent_away = call == Call::SentAway;
        call
    }

    fn take(&self, frame: Bytes) -> Bytes {
        self.bell.taken(frame.len());
        frame
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.seats.leave(self.socket);
    }
}
