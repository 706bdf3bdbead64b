//! How many checks passed and failed, and how the test runners say so.

use std::fmt;
use std::ops::AddAssign;

use serde::Deserialize;

/// Checks that passed and failed. A step that is no test run counts as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl Tally {
    /// One check that passed.
    pub(super) fn success() -> Self {
        Self { passed: 1, failed: 0 }
    }

    /// One check that failed.
    pub(super) fn failure() -> Self {
        Self { passed: 0, failed: 1 }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// What nextest writes down as `JUnit` XML: the totals are attributes of its first element.
pub(super) fn from_junit(xml: &str) -> Option<Tally> {
    let (_, after) = xml.split_once("<testsuites ")?;
    let head = after.split('>').next()?;
    let count = |name: &str| -> Option<u64> {
        let (_, rest) = head.split_once(&format!("{name}=\""))?;
        rest.split('"').next()?.parse().ok()
    };
    let failed = count("failures")? + count("errors")?;
    Some(Tally { passed: count("tests")?.checked_sub(failed)?, failed })
}

/// What `cargo test` prints, one line per test program.
pub(super) fn from_libtest(output: &str) -> Tally {
    let mut total = Tally::default();
    for line in output.lines().filter(|line| line.starts_with("test result: ")) {
        let count = |name: &str| {
            let before = line.split_once(name).map_or("", |(before, _)| before).trim_end();
            before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
        };
        total += Tally { passed: count("passed"), failed: count("failed") };
    }
    total
}

/// What vitest's JSON reporter writes.
pub(super) fn from_vitest(json: &str) -> Option<Tally> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Report {
        num_passed_tests: u64,
        num_failed_tests: u64,
    }
    let report: Report = serde_json::from_str(json).ok()?;
    Some(Tally { passed: report.num_passed_tests, failed: report.num_failed_tests })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reports_of_all_three_runners_are_read() {
        let junit = r#"<?xml version="1.0"?><testsuites name="nextest-run" tests="12" failures="2" errors="1" uuid="x"><testsuite tests="1"/></testsuites>"#;
        assert_eq!(from_junit(junit), Some(Tally { passed: 9, failed: 3 }));
        assert_eq!(from_junit("<html>"), None);
        let libtest =
            "test result: ok. 5 passed; 0 failed; 0 ignored\ntest result: FAILED. 1 passed; 2 failed; 0 ignored";
        assert_eq!(from_libtest(libtest), Tally { passed: 6, failed: 2 });
        assert_eq!(
            from_vitest(r#"{"numPassedTests":7,"numFailedTests":0,"success":true}"#),
            Some(Tally { passed: 7, failed: 0 })
        );
    }

    #[test]
    fn the_closing_line_is_plain() {
        let mut total = Tally::success();
        total += Tally { passed: 41, failed: 1 };
        assert_eq!(total.to_string(), "42 passed, 1 failed");
    }
}
