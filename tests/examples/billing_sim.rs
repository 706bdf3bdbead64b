//! The soak of metering: many lives of paying companies, one after the other and several at once, each from its seed; then a
//! hundred differences that are planted between the books, to be found.
//!
//! ```sh
//! cargo run --release -p tests --example billing_sim -- RUNS SEED EVENTS AT_ONCE
//! ```
//!
//! After each life it prints a line of JSON with all that has passed so far, so that it can be stopped at any time; SIGTERM and ctrl-c let
//! it print the last one. A life that fails is named by its seed and does not end the others.
#![expect(clippy::print_stdout, reason = "a soak prints")]

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use futures::{FutureExt as _, StreamExt as _};
use tests::payments_sim::{Ended, Planted, live, planted};
use tokio::signal::unix::{SignalKind, signal};

/// All that has passed.
#[derive(Default)]
struct Soak {
    runs: u64,
    all: Ended,
    wrong: Vec<u64>,
    planted: Planted,
}

impl Soak {
    /// One line for programs.
    fn say(&self) {
        let Ended { events, interruptions, killed, changes, closed, outages, stopped, requests, .. } = self.all;
        println!(
            "{}",
            serde_json::json!({
                "runs": self.runs, "events": events, "interruptions": interruptions, "killed": killed, "changes": changes,
                "closed": closed, "outages": outages, "stopped": stopped, "requests": requests, "charged": self.all.charged,
                "units_diff": self.all.units_diff + self.planted.units_diff, "uninvoiced": self.all.uninvoiced,
                "mispriced": self.all.mispriced, "planted": self.planted.planted, "planted_found": self.planted.found,
                "wrong": self.wrong,
            })
        );
    }

    fn is_right(&self) -> bool {
        self.wrong.is_empty() && self.planted.found == self.planted.planted && self.planted.units_diff == 0
    }
}

/// Ends when somebody wishes it to.
async fn told_to_stop() {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse::<u64>().unwrap_or_default());
    let mut next = |usual: u64| numbers.next().filter(|number| *number > 0).unwrap_or(usual);
    let (runs, seed, events, at_once) = (next(1_000), next(1), next(100_000), next(8));
    // Not while people wait for an answer.
    tests::build_program().await;
    let lives = futures::stream::iter(seed..seed + runs)
        .map(|seed| async move { (seed, AssertUnwindSafe(live(seed, events)).catch_unwind().await) });
    let mut lives = Box::pin(lives.buffer_unordered(usize::try_from(at_once).unwrap_or(8)));
    let mut stop = Box::pin(told_to_stop());
    let mut soak = Soak::default();
    loop {
        let (seed, ended) = tokio::select! {
            () = &mut stop => break,
            life = lives.next() => match life {
                Some(life) => life,
                None => {
                    soak.planted = planted(seed).await;
                    break;
                }
            },
        };
        soak.runs += 1;
        match ended {
            Ok(ended) if ended.wrong() == 0 => soak.all.take_in(&ended),
            Ok(ended) => {
                soak.all.take_in(&ended);
                soak.wrong.push(seed);
            }
            // What it said is above.
            Err(_) => soak.wrong.push(seed),
        }
        soak.say();
    }
    soak.say();
    if soak.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
