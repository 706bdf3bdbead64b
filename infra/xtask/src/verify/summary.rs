//! The table at the end: every step, what came of it, how long it took.

use std::fmt::Write;
use std::time::Duration;

use super::tally::Tally;
use crate::say;

/// One step of the table.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) verdict: Verdict,
    pub(super) took: Duration,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed(Tally),
    Failed(Tally),
    NotRun,
}

impl Verdict {
    /// A step with one failed check has failed.
    pub(super) fn of(tally: Tally) -> Self {
        if tally.failed == 0 { Self::Passed(tally) } else { Self::Failed(tally) }
    }
}

impl Line {
    pub(super) fn not_run(name: &'static str) -> Self {
        Self { name, verdict: Verdict::NotRun, took: Duration::ZERO }
    }

    pub(super) fn failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed(_))
    }
}

/// All steps together.
pub(super) fn total(lines: &[Line]) -> Tally {
    let mut total = Tally::default();
    for line in lines {
        if let Verdict::Passed(tally) | Verdict::Failed(tally) = line.verdict {
            total += tally;
        }
    }
    total
}

/// The table as text.
pub(super) fn table(lines: &[Line]) -> String {
    let mut rows = String::new();
    for line in lines {
        let (mark, what) = match line.verdict {
            Verdict::Passed(tally) => (say::green("✓"), count(tally)),
            Verdict::Failed(tally) => (say::red("✗"), count(tally)),
            Verdict::NotRun => (say::dim("-"), "not run".to_owned()),
        };
        let took = say::seconds(line.took);
        let _infallible = writeln!(rows, "  {mark} {:<14} {what:<28} {took:>12}", line.name);
    }
    let took = lines.iter().map(|line| line.took).sum();
    rows + &format!("    {:<43} {:>12}", "", say::seconds(took))
}

fn count(tally: Tally) -> String {
    match (tally.passed, tally.failed) {
        (1, 0) => "ok".to_owned(),
        (0, 1) => "failed".to_owned(),
        _ => tally.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_were_not_run_count_for_nothing() {
        let lines = [
            Line { name: "format", verdict: Verdict::of(Tally::success()), took: Duration::from_secs(1) },
            Line { name: "tests", verdict: Verdict::of(Tally { passed: 3, failed: 1 }), took: Duration::from_secs(2) },
            Line::not_run("build"),
        ];
        assert_eq!(total(&lines), Tally { passed: 4, failed: 1 });
        assert!(lines.iter().any(Line::failed));
        let table = table(&lines);
        assert!(
            table.contains("3 passed, 1 failed") && table.contains("not run") && table.contains("3.0 s"),
            "{table}"
        );
    }
}
