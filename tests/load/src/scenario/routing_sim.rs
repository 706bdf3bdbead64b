//! Routing on a virtual clock: promises kept over a thousand random days, fairness, estimates against the truth, and what a
//! decision costs.

use clap::Args;
use load::report::{Report, Target};
use load::sim::{self, Violation, eta, speed};
use load::{Doing as _, Outcome};

use super::now;
use crate::Common;

/// Options of `routing-sim`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// How many random companies live through a day
    #[arg(long)]
    schedules: Option<u64>,
    /// Write every estimate, what others would have said, and the wait that came, to this file (CSV)
    #[arg(long)]
    waits: Option<std::path::PathBuf>,
}

/// Plays it. No services: everything happens in this process.
pub(crate) fn play(options: &Options) -> Outcome<bool> {
    let common = &options.common;
    let mut report = Report::new("routing-sim", common.seed);
    let schedules = common.size(options.schedules, 1_000, 60);
    now(&format!("{schedules} companies live through a day"));
    let tally = sim::play(common.seed, schedules);
    for example in &tally.examples {
        eprintln!("  ✗ {example}");
    }
    let zero = Target::AtMost(0.0);
    report.figure("routing.schedules", tally.schedules as f64, "", Target::None);
    report.figure("routing.conversations", tally.conversations as f64, "", Target::None);
    report.figure("routing.decisions", tally.decisions as f64, "", Target::None);
    report.figure("routing.steps_checked", tally.steps as f64, "", Target::None);
    report.figure("routing.violations", tally.broken() as f64, "", zero);
    for ((_, name), count) in Violation::ALL.iter().zip(tally.violations) {
        report.figure(&format!("routing.{name}"), count as f64, "", zero);
    }
    report.figure("routing.bar_moves", tally.bar_moves as f64, "", Target::None);
    report.figure("routing.bar_moved_back", tally.bar_backward as f64, "", zero);
    report.figure("routing.fairness_turns", tally.turns as f64, "", Target::None);
    report.figure("routing.fairness_max_gap", tally.fairness_gap as f64, "", Target::AtMost(1.0));
    estimates(&tally, &mut report);
    if let Some(path) = &options.waits {
        std::fs::write(path, eta::table(&tally.waits)).doing(|| format!("write {}", path.display()))?;
    }
    now("deciding as fast as it goes");
    costs(&mut report);
    println!("{}", report.table());
    report.save(&common.json("routing-sim"))?;
    Ok(report.meets_all())
}

fn estimates(tally: &sim::Tally, report: &mut Report) {
    let worth = eta::worth(&tally.waits.iter().collect::<Vec<_>>());
    report.figure("routing.eta_waits", tally.waits.len() as f64, "", Target::None);
    report.figure("routing.eta_left_before", tally.left as f64, "", Target::None);
    report.figure("routing.eta_not_given", tally.unknown as f64, "", Target::None);
    report.figure("routing.eta_median_abs_error", worth.median_error, "", Target::AtMost(0.25));
    report.figure("routing.eta_p80_cover", worth.covered, "", Target::Within(0.75, 0.85));
    report.figure("routing.eta_oracle_error", worth.oracle_error, "", Target::None);
    for (name, error) in &worth.others {
        // Ours must be better than each of them.
        report.figure(&format!("routing.eta_{name}_error"), *error, "", Target::AtLeast(worth.median_error));
    }
    let (error, covered) = eta::uncorrected(&tally.waits);
    report.figure("routing.eta_uncorrected_median_abs_error", error, "", Target::None);
    report.figure("routing.eta_uncorrected_p80_cover", covered, "", Target::None);
    for (name, from, to) in [("1_to_3", 1, 3), ("4_to_10", 4, 10), ("11_to_30", 11, 30), ("31_up", 31, u32::MAX)] {
        let some: Vec<_> = tally.waits.iter().filter(|wait| (from..=to).contains(&wait.position)).collect();
        let worth = eta::worth(&some);
        report.figure(&format!("routing.eta_waits_at_{name}"), some.len() as f64, "", Target::None);
        report.figure(&format!("routing.eta_median_abs_error_at_{name}"), worth.median_error, "", Target::None);
        report.figure(&format!("routing.eta_p80_cover_at_{name}"), worth.covered, "", Target::None);
    }
}

fn costs(report: &mut Report) {
    let full = speed::all_at_once(1_000, 5_000);
    report.figure("routing.decisions_per_s", full.per_second(), "/s", Target::AtLeast(10_000.0));
    report.figure("routing.plan_5000_ms", full.seconds * 1_000.0, "ms", Target::AtMost(100.0));
    report.figure(
        "routing.plan_nothing_ms",
        speed::nothing_to_give(1_000, 5_000) * 1_000.0,
        "ms",
        Target::AtMost(100.0),
    );
    for (agents, waiting) in [(100, 500), (1_000, 500), (100, 5_000), (1_000, 5_000)] {
        let one = speed::one_by_one(agents, waiting);
        let name = format!("routing.one_by_one_{agents}_agents_{waiting}_waiting");
        let target = if (agents, waiting) == (1_000, 5_000) { Target::AtLeast(2_000.0) } else { Target::None };
        report.figure(&format!("{name}_per_s"), one.per_second(), "/s", target);
    }
    for tenants in [1, 50, 1_000] {
        let each = speed::many_tenants(tenants);
        report.figure(&format!("routing.one_by_one_{tenants}_tenants_per_s"), each.per_second(), "/s", Target::None);
    }
    for (agents, waiting) in [(10, 20), (100, 500), (1_000, 5_000)] {
        let name = format!("routing.estimate_{agents}_agents_{waiting}_waiting_ms");
        report.figure(&name, speed::estimate(agents, waiting) * 1_000.0, "ms", Target::None);
    }
}
