//! Workers of random lives that are processes of their own, and are killed in the middle of whatever they do.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use chrono::TimeDelta;
use infra::config::Settings;
use infra::{Chance, Clock};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::payments::Payments;
use crate::program::Worker;

/// Where the program lets itself die while it brings usage to the provider; the last ones in the middle of a handful of batches.
const PLACES: [&str; 6] =
    ["meter-rolled", "meter-claimed", "meter-sent", "meter-noted", "meter-sent:3", "meter-noted:2"];
/// How soon a worker is killed, and how much later at most: from before it has begun to when its first round may be over.
const SOONEST: u64 = 300;
const LATER: u64 = 3_000;
/// Longer than anything is claimed for: then whoever comes next takes it up.
const CLAIMED: TimeDelta = TimeDelta::minutes(2);
/// How the process may end: by us, or by its own hand at a place.
const SIGKILL: i32 = 9;
const SIGABRT: i32 = 6;

/// A worker that is a process of its own begins beside those that there are, on the clock of this life, and is killed: half of them at a
/// place, if they come there in time, all others at any moment. Says how many were.
///
/// # Panics
/// When it ends in another way.
pub(crate) async fn one_is_killed(payments: &Payments, chance: &Chance) -> u32 {
    let settings = payments.app.settings();
    let moved = payments.app.clock().now() - Clock::system().now();
    takes_the_time(settings, moved).await;
    let place = if chance.below(2) == 0 { "" } else { one_of(chance) };
    let patience = Duration::from_millis(SOONEST + chance.below(LATER));
    let mut worker = Worker::begin(settings, moved, place).await;
    let deadline = Instant::now() + patience;
    let mut ended = None;
    while ended.is_none() && Instant::now() < deadline {
        Clock::system().pause(Duration::from_millis(10)).await;
        ended = worker.ended();
    }
    let status = ended.unwrap_or_else(|| worker.kill());
    assert!(matches!(status.signal(), Some(SIGKILL | SIGABRT)), "it was to die at {place:?}: {status}");
    payments.app.clock().advance(CLAIMED);
    1
}

fn one_of(chance: &Chance) -> &'static str {
    PLACES[usize::try_from(chance.below(PLACES.len() as u64)).unwrap_or_default()]
}

/// A program that goes by the machine's time would tell of usage years before it was.
async fn takes_the_time(settings: &Settings, moved: TimeDelta) {
    static ASKED: OnceCell<()> = OnceCell::const_new();
    ASKED
        .get_or_init(|| async {
            let (says, is) = (Worker::asked_for_the_time(settings, moved).await, Clock::system().now() + moved);
            let right = (says - is).abs() < TimeDelta::minutes(5);
            assert!(right, "FRONTDESK_BIN is no program for tests: it says {says}, and it is {is}");
        })
        .await;
}
