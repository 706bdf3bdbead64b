//! `frontdesk billing`: the price list brought to the payment provider, books compared, and how it all stands.

use std::collections::BTreeMap;

use billing::report::Report;
use clap::Subcommand;
use infra::config::Settings;

use crate::App;
use crate::serve::{clock, require_time};

/// What can be done about money from outside.
#[derive(Subcommand)]
pub(crate) enum Money {
    /// Bring plans, prices, meters and coupons to Stripe; what is there and right is left alone
    Sync,
    /// Send what is due and compare all meters with Stripe's sums; what differs is repaired
    Reconcile,
    /// Show what comes in, how companies stand, and what is not as it should be
    Report {
        /// For programs
        #[arg(long)]
        json: bool,
    },
}

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

pub(crate) async fn run(settings: &Settings, what: Money) -> Outcome {
    let (app, _facts) = App::new(settings, clock()).await?;
    require_time(&app).await?;
    match what {
        Money::Sync => {
            let done = app.billing.sync().await?;
            println!("made: {}, right already: {}", done.made, done.kept);
        }
        Money::Reconcile => {
            let rolled = app.billing.roll_up_all().await?;
            let mut accepted = 0;
            loop {
                let sent = app.billing.send_due().await?;
                accepted += sent.accepted;
                if sent.accepted == 0 {
                    break;
                }
            }
            let compared = app.billing.compare_all().await?;
            println!(
                "rolled up: {rolled}, accepted: {accepted}, confirmed: {}, hours that agree: {}, hours that differ: {}",
                compared.confirmed, compared.agreeing, compared.differing
            );
        }
        Money::Report { json } => {
            let report = app.billing.report().await?;
            if json {
                println!("{}", serde_json::to_string_pretty(&report)?);
            } else {
                show(&report);
            }
        }
    }
    Ok(())
}

/// An amount of the smallest unit of a currency, as people write it.
pub(crate) fn amount(minor: i64) -> String {
    let (sign, minor) = (if minor < 0 { "-" } else { "" }, minor.unsigned_abs());
    format!("{sign}{}.{:02}", minor / 100, minor % 100)
}

fn show(report: &Report) {
    let money = |what: &str, sums: &BTreeMap<String, i64>| {
        let words: Vec<String> =
            sums.iter().map(|(currency, minor)| format!("{} {}", amount(*minor), currency.to_uppercase())).collect();
        println!("{what:<28}{}", if words.is_empty() { "nothing".to_owned() } else { words.join(", ") });
    };
    let counts = |what: &str, counts: &BTreeMap<String, i64>| {
        let words: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        println!("{what:<28}{}", if words.is_empty() { "none".to_owned() } else { words.join(", ") });
    };
    money("recurring each month", &report.monthly_recurring_minor);
    money("paid in 30 days", &report.paid_30_days_minor);
    money("paid in the 30 days before", &report.paid_30_days_before_minor);
    money("to be paid", &report.open_minor);
    counts("companies", &report.accounts);
    counts("plans", &report.plans);
    println!("{:<28}{}", "companies that do not pay", report.unpaid.len());
    for company in &report.unpaid {
        let since = company
            .since
            .map_or_else(|| "no failed payment on record".to_owned(), |at| format!("since {}", at.to_rfc3339()));
        println!("  {} {}: {}, {since}", company.company, company.plan, company.state);
    }
    counts("usage on its way", &report.batches);
    counts("units not confirmed", &report.units);
    match report.oldest_unsent {
        Some(at) => println!("{:<28}{}", "oldest usage not accepted", at.to_rfc3339()),
        None => println!("{:<28}all accepted", "oldest usage not accepted"),
    }
    println!("{:<28}{}", "events that wait", report.events_waiting);
    match report.comparison.last_at {
        Some(at) => println!("{:<28}{}", "meters last compared", at.to_rfc3339()),
        None => println!("{:<28}never", "meters last compared"),
    }
    if let Some(at) = report.comparison.oldest_at {
        println!("{:<28}{}", "the longest ago", at.to_rfc3339());
    }
    println!("{:<28}{}", "waiting to be compared", report.comparison.waiting);
    println!("{:<28}{}", "used, never invoiced", report.unbilled.len());
    for left in &report.unbilled {
        println!("  {} {}: {}, ended {}", left.company, left.meter, left.quantity, left.ended_at.to_rfc3339());
    }
    println!("{:<28}{}", "hours that differed", report.differences.len());
    let unmended = report.differences.iter().filter(|found| !found.mended);
    println!("{:<28}{}", "of them not mended yet", unmended.clone().count());
    for found in unmended {
        println!(
            "  {} {} {}: ours {}, theirs {}, repair {}",
            found.company,
            found.meter,
            found.hour.to_rfc3339(),
            found.ours,
            found.theirs,
            found.repair.as_deref().unwrap_or("none")
        );
    }
}
