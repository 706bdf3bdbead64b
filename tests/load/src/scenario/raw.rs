//! What the bare machine does in the same run, before what is measured and after it: rows into the same Postgres, frames there and back
//! over loopback. A figure of ours alone says more about the machine than about us.

use std::time::Duration;

use hdrhistogram::Histogram;
use load::Outcome;
use load::report::{Report, Target, median};
use load::scene::Scene;
use load::tally::millis;
use load::yardstick::{Yardstick, echo};

use super::now;
use crate::Common;

/// As many bytes as a message has as a frame.
const FRAME: usize = 600;
/// As many connections as the yardstick's.
const CONNECTIONS: usize = 16;

/// Takes the readings. Nobody acts meanwhile, or both would measure each other.
pub(crate) struct Raw {
    yardstick: Yardstick,
    long: Duration,
    readings: Vec<Bare>,
}

/// One reading, or the middle of several.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bare {
    inserts: f64,
    exchanges: f64,
    p50: f64,
    p99: f64,
}

impl Raw {
    /// The first reading.
    pub(crate) async fn before(scene: &Scene, common: &Common) -> Outcome<Self> {
        let long = Duration::from_secs(if common.quick { 3 } else { 5 });
        let mut raw = Self { yardstick: Yardstick::prepare(&scene.services).await?, long, readings: Vec::new() };
        raw.read().await?;
        Ok(raw)
    }

    /// One more.
    pub(crate) async fn read(&mut self) -> Outcome<()> {
        now("what the bare machine does");
        let inserts = self.yardstick.measure(self.long).await?;
        let echoed = echo(CONNECTIONS, FRAME, self.long).await?;
        let (p50, p99) = (millis(&echoed.times, 0.50), millis(&echoed.times, 0.99));
        self.readings.push(Bare { inserts, exchanges: echoed.per_second, p50, p99 });
        Ok(())
    }

    /// The last, and what came out of all of them.
    pub(crate) async fn after(mut self, scenario: &str, report: &mut Report) -> Outcome<Bare> {
        self.read().await?;
        let bare = Bare::middle(&self.readings);
        report.figure(&format!("{scenario}.raw_insert_per_s"), bare.inserts, "/s", Target::None);
        report.figure(&format!("{scenario}.raw_loopback_per_s"), bare.exchanges, "/s", Target::None);
        report.figure(&format!("{scenario}.raw_loopback_p50_ms"), bare.p50, "ms", Target::None);
        report.figure(&format!("{scenario}.raw_loopback_p99_ms"), bare.p99, "ms", Target::None);
        Ok(bare)
    }
}

impl Bare {
    fn middle(readings: &[Self]) -> Self {
        let of = |each: fn(&Self) -> f64| median(&readings.iter().map(each).collect::<Vec<_>>());
        Self {
            inserts: of(|one| one.inserts),
            exchanges: of(|one| one.exchanges),
            p50: of(|one| one.p50),
            p99: of(|one| one.p99),
        }
    }

    /// Times of ours, as multiples of a frame's way there and back.
    pub(crate) fn times(&self, name: &str, times: &Histogram<u64>, report: &mut Report) {
        ratio(&format!("{name}_p50_ratio_to_raw_loopback"), millis(times, 0.50), self.p50, report);
        self.p99(name, millis(times, 0.99), report);
    }

    /// A p99 of ours alone.
    pub(crate) fn p99(&self, name: &str, ms: f64, report: &mut Report) {
        ratio(&format!("{name}_p99_ratio_to_raw_loopback"), ms, self.p99, report);
    }

    /// What we write a second, as a part of the rows that could be.
    pub(crate) fn writes(&self, name: &str, per_second: f64, report: &mut Report) {
        ratio(&format!("{name}_ratio_to_raw_insert"), per_second, self.inserts, report);
    }

    /// What goes over sockets a second, as a part of the frames that could.
    pub(crate) fn passes(&self, name: &str, per_second: f64, report: &mut Report) {
        ratio(&format!("{name}_ratio_to_raw_loopback"), per_second, self.exchanges, report);
    }
}

/// No ratio to nothing: a file with an infinite figure is none that machines read.
fn ratio(name: &str, ours: f64, raw: f64, report: &mut Report) {
    if raw > 0.0 {
        report.figure(name, ours / raw, "", Target::None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_to_the_middle_of_the_readings_and_none_is_infinite() {
        let reading = |inserts| Bare { inserts, exchanges: 0.0, p50: 0.05, p99: 0.2 };
        let bare = Bare::middle(&[reading(9_000.0), reading(10_000.0), reading(20_000.0)]);
        let mut report = Report::new("x", 1);
        bare.writes("x.sends", 5_000.0, &mut report);
        bare.p99("x.ack", 30.0, &mut report);
        bare.passes("x.deliveries", 1.0, &mut report);
        let figures: Vec<(&str, f64)> = report.figures.iter().map(|one| (one.name.as_str(), one.value)).collect();
        assert_eq!(figures, [("x.sends_ratio_to_raw_insert", 0.5), ("x.ack_p99_ratio_to_raw_loopback", 150.0)]);
    }
}
