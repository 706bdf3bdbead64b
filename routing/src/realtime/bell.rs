//! What one socket is told beside its frames, and how much waits for it. It is heard at once, however much waits to be written.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// What a socket is told beside its frames. The greater is the stronger, and silences the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// Look whether who opened this socket still may have it.
    Recheck,
    /// It has its last frame: what waits may be written, but not for long.
    SentAway,
    /// It reads too slowly, and has lost its place.
    TooSlow,
    /// Close: who opened this socket may not have it any more.
    Revoked,
}

/// Between whoever has something for a socket and the one who writes on it.
#[derive(Debug, Default)]
pub(super) struct Bell {
    call: Mutex<Option<Call>>,
    rung: Notify,
    /// How many bytes of frames wait.
    bytes: AtomicUsize,
}

impl Bell {
    /// Tells the socket. Never waits.
    pub(super) fn ring(&self, call: Call) {
        {
            let mut told = self.call.lock().unwrap_or_else(PoisonError::into_inner);
            *told = (*told).max(Some(call));
        }
        self.rung.notify_one();
    }

    /// What the socket was told. A recheck is told once; what ends it stays.
    pub(super) fn told(&self) -> Option<Call> {
        let mut told = self.call.lock().unwrap_or_else(PoisonError::into_inner);
        let now = *told;
        if now == Some(Call::Recheck) {
            *told = None;
        }
        now
    }

    /// Waits to be told something. Nothing is lost when nobody waits for it to the end.
    pub(super) async fn rings(&self) -> Call {
        loop {
            if let Some(call) = self.told() {
                return call;
            }
            self.rung.notified().await;
        }
    }

    /// A frame is about to wait. How many bytes wait before it.
    pub(super) fn waits(&self, frame: usize) -> usize {
        self.bytes.fetch_add(frame, Ordering::Relaxed)
    }

    /// A frame waits no more.
    pub(super) fn taken(&self, frame: usize) {
        self.bytes.fetch_sub(frame, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn a_recheck_is_told_once_and_an_end_is_told_whatever_comes_after_it() {
        let bell = Bell::default();
        assert_eq!(bell.rings().now_or_never(), None);
        bell.ring(Call::Recheck);
        bell.ring(Call::Recheck);
        assert_eq!(bell.rings().now_or_never(), Some(Call::Recheck));
        assert_eq!(bell.rings().now_or_never(), None);
        bell.ring(Call::Revoked);
        bell.ring(Call::Recheck);
        bell.ring(Call::SentAway);
        for _ in 0..2 {
            assert_eq!(bell.rings().now_or_never(), Some(Call::Revoked));
        }
    }

    #[test]
    fn who_waits_is_woken() {
        let bell = Bell::default();
        let mut waiting = Box::pin(bell.rings());
        assert_eq!(waiting.as_mut().now_or_never(), None);
        bell.ring(Call::TooSlow);
        assert_eq!(waiting.as_mut().now_or_never(), Some(Call::TooSlow));
    }
}
