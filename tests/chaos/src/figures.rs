//! What a run found, as figures with what they must be.

use load::report::{Report, Target};

use crate::nemesis::Fault;
use crate::run::{Findings, Setting, Wound};

/// How long after a fault everything may take to be well again.
const RECOVERY_SECONDS: f64 = 30.0;
/// How long a server that is told to go may take to end.
const EXIT_SECONDS: f64 = 30.0;

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
    count("bus_doubled", findings.bus.doubled, felt(&findings.wounds, Fault::ShuffleBus));
    count("bus_moved", findings.bus.moved, felt(&findings.wounds, Fault::ShuffleBus));
    count("bus_lost", findings.bus.lost, felt(&findings.wounds, Fault::LossyBus));
    report.figure("chaos.recovery_s", longest.as_secs_f64(), "s", Target::AtMost(RECOVERY_SECONDS));
    report.figure("chaos.settled_s", findings.settled.as_secs_f64(), "s", Target::None);
    if let Some(longest) = findings.exits.iter().max() {
        report.figure("chaos.exit_max_s", longest.as_secs_f64(), "s", Target::AtMost(EXIT_SECONDS));
    }
    for more in &findings.more {
        report.figure(more.name, more.value, more.unit, more.target);
    }
    report
}

/// What a fault is known by must have happened, in a run that had it: one that touched nothing was none.
fn felt(wounds: &[Wound], fault: Fault) -> Target {
    if wounds.iter().any(|wound| wound.strike.fault == fault) { Target::AtLeast(1.0) } else { Target::None }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::nemesis::Strike;

    #[test]
    fn a_fault_that_touched_nothing_does_not_pass() {
        let strike = Strike { after: Duration::ZERO, fault: Fault::ShuffleBus, hold: Duration::from_secs(4) };
        let wounds = [Wound { strike, at: 0, recovered: Some(Duration::ZERO) }];
        assert!(matches!(felt(&wounds, Fault::LossyBus), Target::None));
        for (moved, passes) in [(0.0, false), (1.0, true)] {
            let mut report = Report::new("chaos bus", 1);
            report.figure("chaos.bus_moved", moved, "", felt(&wounds, Fault::ShuffleBus));
            assert_eq!(report.meets_all(), passes, "{moved}");
        }
    }
}
