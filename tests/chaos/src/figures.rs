//! What a run found, as figures with what they must be.

use load::report::{Report, Target};

use crate::run::{Findings, Setting};

/// How long after a fault everything may take to be well again.
const RECOVERY_SECONDS: f64 = 30.0;

/// The figures of a run.
pub(crate) fn report(setting: &Setting, findings: &Findings) -> Report {
    let mut report = Report::new(&format!("chaos {}", setting.scenario.name()), setting.seed);
    let (some, none) = (Target::AtLeast(1.0), Target::AtMost(0.0));
    let verdict = &findings.verdict;
    let longest = findings.wounds.iter().filter_map(|wound| wound.recovered).max().unwrap_or_default();
    let mut count = |name: &str, value: u64, target| report.figure(&format!("chaos.{name}"), value as f64, "", target);
    count("acked", findings.acked, some);
    count("lost", verdict.lost, none);
    count("doubled", verdict.doubled, none);
    count("reordered", verdict.reordered + verdict.gaps, none);
    count("phantom", verdict.phantom, none);
    count("canary_hits", verdict.leaked, none);
    count("words_in_logs", findings.words_in_logs, none);
    count("false_acks", verdict.misplaced, none);
    count("unequal_clients", verdict.reordered + verdict.behind, none);
    count("miscounted", verdict.miscounted, none);
    count("stuck", verdict.stuck, none);
    count("unsent", findings.unsent as u64, none);
    count("broken", findings.broken.len() as u64, none);
    count("answered_over_5s", findings.late.len() as u64, none);
    count("asked", findings.asked as u64, some);
    count("faults", findings.wounds.len() as u64, some);
    count("reconnects", findings.reconnects, Target::None);
    count("answers_swallowed", findings.swallowed, Target::None);
    count("connections_cut", findings.cut, Target::None);
    report.figure("chaos.recovery_s", longest.as_secs_f64(), "s", Target::AtMost(RECOVERY_SECONDS));
    report.figure("chaos.settled_s", findings.settled.as_secs_f64(), "s", Target::None);
    for more in &findings.more {
        report.figure(more.name, more.value, more.unit, more.target);
    }
    report
}
