//! Figures, as a file for machines and a table for people.

use std::path::Path;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::check::Verdict;
use crate::outcome::{Doing as _, Outcome};
use crate::stage::Machine;
use crate::tally::millis;

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What, like `send.per_s_50`.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// What it must be.
    pub target: Option<f64>,
    /// Whether it is.
    pub meets: Option<bool>,
}

/// The figures of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Which scenario.
    pub scenario: String,
    /// Its seed.
    pub seed: u64,
    /// Where it ran.
    pub machine: Machine,
    /// What came out.
    pub figures: Vec<Figure>,
}

/// What a figure is held against.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// Nothing.
    None,
    /// It must be so much or more.
    AtLeast(f64),
    /// It must be so much or less.
    AtMost(f64),
    /// It must be between the two; the file names the middle.
    Within(f64, f64),
}

impl Report {
    /// An empty one.
    pub fn new(scenario: &str, seed: u64) -> Self {
        Self { scenario: scenario.to_owned(), seed, machine: Machine::this(), figures: Vec::new() }
    }

    /// Adds a figure.
    pub fn figure(&mut self, name: &str, value: f64, unit: &'static str, target: Target) {
        // Judged as it is written, so that nobody reads `100 (target 100)` and a cross beside it.
        let value = (value * 1000.0).round() / 1000.0;
        let (target, meets) = match target {
            Target::None => (None, None),
            Target::AtLeast(least) => (Some(least), Some(value >= least)),
            Target::AtMost(most) => (Some(most), Some(value <= most)),
            Target::Within(least, most) => (Some(f64::midpoint(least, most)), Some((least..=most).contains(&value))),
        };
        self.figures.push(Figure { name: name.to_owned(), value, unit, target, meets });
    }

    /// Adds quantiles of times, in milliseconds; targets are upper bounds.
    pub fn times(&mut self, name: &str, times: &Histogram<u64>, p50: Target, p99: Target) {
        self.figure(&format!("{name}_p50_ms"), millis(times, 0.50), "ms", p50);
        self.figure(&format!("{name}_p99_ms"), millis(times, 0.99), "ms", p99);
    }

    /// Adds what the checkers found: nothing, or it is not met.
    pub fn verdict(&mut self, scenario: &str, verdict: &Verdict) {
        for (fault, count) in verdict.faults() {
            self.figure(&format!("{scenario}.{fault}"), count as f64, "", Target::AtMost(0.0));
        }
    }

    /// Whether every figure that has a target meets it.
    pub fn meets_all(&self) -> bool {
        self.figures.iter().all(|figure| figure.meets != Some(false))
    }

    /// Writes the file.
    pub fn save(&self, path: &Path) -> Outcome<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).doing(|| format!("make {}", folder.display()))?;
        }
        let text = serde_json::to_string_pretty(self).doing(|| "write figures".to_owned())?;
        std::fs::write(path, text + "\n").doing(|| format!("write {}", path.display()))
    }

    /// The table.
    pub fn table(&self) -> String {
        let mut lines = vec![format!(
            "{} (seed {}, {} cores, {} MiB, {})",
            self.scenario, self.seed, self.machine.cores, self.machine.memory_mib, self.machine.processor
        )];
        for figure in &self.figures {
            let target = figure.target.map_or_else(String::new, |target| format!("target {target}"));
            let mark = match figure.meets {
                Some(true) => "✓",
                Some(false) => "✗",
                None => " ",
            };
            lines.push(format!("  {mark} {:<38} {:>14} {:<6} {target}", figure.name, shown(figure.value), figure.unit));
        }
        lines.join("\n")
    }
}

fn shown(value: f64) -> String {
    if value.abs() >= 1000.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}").trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// The middle of some values.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
    if sorted.len().is_multiple_of(2) { f64::midpoint(at(middle.saturating_sub(1)), at(middle)) } else { at(middle) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_judged_by_its_target() {
        let mut report = Report::new("send", 1);
        report.figure("a", 1.0, "", Target::AtLeast(1.0));
        report.figure("b", 5.5, "ms", Target::None);
        report.figure("w", 0.84, "", Target::Within(0.75, 0.85));
        assert!(report.meets_all());
        report.figure("x", 0.86, "", Target::Within(0.75, 0.85));
        assert!(!report.meets_all());
        report.figures.truncate(2);
        report.figure("c", 100.1, "ms", Target::AtMost(100.0));
        assert!(!report.meets_all());
        assert!(report.table().contains("✗ c"), "{}", report.table());
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(
            (&json["figures"][1]["target"], &json["figures"][2]["meets"]),
            (&serde_json::Value::Null, &false.into())
        );
    }

    #[test]
    fn the_middle_is_the_middle() {
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0, 2.0, 3.0]), median(&[])), (2.0, 2.5, 0.0));
    }
}
