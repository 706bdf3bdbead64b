//! Waiting for what is to happen, with a deadline, and fresh names for what must not collide.

use std::time::Duration;

use infra::{Chance, Clock};
use uuid::Uuid;

use crate::http::Reply;

/// How long anything may take on a busy machine before it counts as not happening.
pub const DEADLINE: Duration = Duration::from_secs(15);

/// Too much at once, and away for a moment.
pub const COME_AGAIN: [u16; 2] = [429, 503];

/// Chance, for names.
pub fn chance() -> Chance {
    Chance::system()
}

/// A fresh id.
pub fn fresh() -> Uuid {
    chance().uuid(Clock::system().now())
}

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none before the deadline.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let clock = Clock::system();
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited in vain: {what}");
        clock.pause(Duration::from_millis(20)).await;
    }
}

/// Asks again and again for as long as the answer is to come again, as clients do.
///
/// # Panics
/// When there is no other before the deadline.
pub async fn insistently(what: &str, ask: impl AsyncFn() -> Reply) -> Reply {
    eventually(what, async || {
        let reply = ask().await;
        (!COME_AGAIN.contains(&reply.status)).then_some(reply)
    })
    .await
}

/// What the future gives, if it gives it in time.
///
/// # Panics
/// When it does not.
pub async fn within<T>(limit: Duration, what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("took longer than {limit:?}: {what}"),
    }
}
