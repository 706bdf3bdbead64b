//! The soak of metering: many lives of paying companies, one after the other and several at once, each from its seed; then a
//! hundred differences that are planted between the books, to be found.
//!
//! ```sh
//! cargo run -p tests --example billing_sim -- RUNS SEED EVENTS AT_ONCE
//! ```

use futures::StreamExt as _;
use tests::payments_sim::{Ended, live, planted};

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse::<u64>().unwrap_or_default());
    let mut next = |usual: u64| numbers.next().filter(|number| *number > 0).unwrap_or(usual);
    let (runs, seed, events, at_once) = (next(1_000), next(1), next(100_000), next(8));
    let lives = futures::stream::iter(seed..seed + runs).map(|seed| async move { (seed, live(seed, events).await) });
    let mut lives = lives.buffer_unordered(usize::try_from(at_once).unwrap_or(8));
    let (mut all, mut done, mut wrong) = (Ended::default(), 0_u64, Vec::new());
    while let Some((seed, ended)) = lives.next().await {
        done += 1;
        all.events += ended.events;
        all.kills += ended.kills;
        all.requests += ended.requests;
        all.units_diff += ended.units_diff;
        all.uninvoiced += ended.uninvoiced;
        all.mispriced += ended.mispriced;
        all.charged += ended.charged;
        if ended.units_diff + ended.uninvoiced + ended.mispriced > 0 {
            wrong.push(seed);
        }
        if done.is_multiple_of(20) || done == runs {
            println!("{done} lives: {all:?}, wrong: {wrong:?}");
        }
    }
    let planted = planted(seed).await;
    // The last line is for programs.
    println!(
        "{}",
        serde_json::json!({
            "lives": done, "events": all.events, "kills": all.kills, "requests": all.requests,
            "units_diff": all.units_diff + planted.units_diff, "uninvoiced": all.uninvoiced, "mispriced": all.mispriced, "charged": all.charged, "planted": planted.planted, "planted_found": planted.found,
        })
    );
    if wrong.is_empty() && planted.found == planted.planted && planted.units_diff == 0 {
        std::process::ExitCode::SUCCESS
    } else {
        std::process::ExitCode::FAILURE
    }
}
