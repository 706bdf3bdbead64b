//! Estimates against what came of them.

use std::fmt::Write as _;

use routing::waiting_room::Estimate;

use super::peers::FORMULAS;
use crate::report::median;

/// A wait that began with an estimate and ended with an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Wait {
    /// In which schedule.
    pub schedule: u64,
    /// Which conversation of it.
    pub number: usize,
    /// The place in line when it began.
    pub position: u32,
    /// What was said.
    pub said: Estimate,
    /// What would have been said without learning from earlier estimates.
    pub uncorrected: Estimate,
    /// What an oracle would have said who knows how long conversations take and how soon visitors give up.
    pub oracle: f64,
    /// What others would have said.
    pub others: [f64; FORMULAS.len()],
    /// What came.
    pub seconds: f64,
}

/// What the estimates were worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Worth {
    /// The median of how far they were off, as a share of the wait.
    pub median_error: f64,
    /// The share of waits that ended within the range.
    pub covered: f64,
    /// The median of how far an oracle is off who knows every distribution: nobody who has to learn them can be much better.
    pub oracle_error: f64,
    /// The median of how far the other formulas were off.
    pub others: Vec<(&'static str, f64)>,
}

/// What the estimates were worth. The error is a share of the wait that came: 60 s said, 80 s waited is 0.25.
pub fn worth(waits: &[&Wait]) -> Worth {
    let error = |said: f64, wait: &Wait| (said - wait.seconds).abs() / wait.seconds.max(1.0);
    let errors =
        |said: &dyn Fn(&Wait) -> f64| median(&waits.iter().map(|wait| error(said(wait), wait)).collect::<Vec<_>>());
    let within = |wait: &&&Wait| {
        (f64::from(wait.said.low_seconds)..=f64::from(wait.said.high_seconds)).contains(&wait.seconds.round())
    };
    let all = waits.len().max(1);
    Worth {
        median_error: errors(&|wait| f64::from(wait.said.seconds)),
        oracle_error: errors(&|wait| wait.oracle),
        covered: waits.iter().filter(within).count() as f64 / all as f64,
        others: FORMULAS
            .iter()
            .enumerate()
            .map(|(index, (name, _))| (*name, errors(&|wait| wait.others[index])))
            .collect(),
    }
}

/// All of them, with a head line.
pub fn table(waits: &[Wait]) -> String {
    let names = FORMULAS.map(|(name, _)| name).join(",");
    let mut text = format!(
        "schedule,number,position,seconds,said,low,high,uncorrected,uncorrected_low,uncorrected_high,oracle,{names}\n"
    );
    for wait in waits {
        let (said, raw) = (&wait.said, &wait.uncorrected);
        let others = wait.others.map(|seconds| format!("{seconds:.0}")).join(",");
        let _ = writeln!(
            text,
            "{},{},{},{:.3},{},{},{},{},{},{},{},{others}",
            wait.schedule,
            wait.number,
            wait.position,
            wait.seconds,
            said.seconds,
            said.low_seconds,
            said.high_seconds,
            raw.seconds,
            raw.low_seconds,
            raw.high_seconds,
            wait.oracle,
        );
    }
    text
}

/// The same before anything was learnt from earlier estimates: error and coverage.
pub fn uncorrected(waits: &[Wait]) -> (f64, f64) {
    let raw: Vec<Wait> = waits.iter().map(|wait| Wait { said: wait.uncorrected, ..wait.clone() }).collect();
    let worth = worth(&raw.iter().collect::<Vec<_>>());
    (worth.median_error, worth.covered)
}
