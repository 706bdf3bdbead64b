//! Random lives of paying companies: usage early, late and taken back, plans that change in the middle of an hour, a clock that jumps,
//! two senders that are cut off in the middle of anything, and a provider that answers with everything but an answer. Then the period
//! ends while the provider is away. At the end, when all has drained, the provider's count is ours, and all of it is on an invoice.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use infra::Chance;
use serde_json::json;
use stripe_standin::{Down, Faults, Mail};

use crate::payments::{Payments, sign_in, uses_many};
use crate::shop::Shop;

/// What is charged for.
const METERS: [&str; 3] = ["conversations", "messages", "ai_resolutions"];

/// How a life ended.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ended {
    /// How many things were used.
    pub events: u64,
    /// How many times somebody was cut off.
    pub kills: u32,
    /// How many requests the provider got.
    pub requests: usize,
    /// How far the counts are apart, all together.
    pub units_diff: u64,
    /// How far the invoices are from what was used, all together.
    pub uninvoiced: u64,
}

/// One company.
struct Company {
    shop: Shop,
    customer: String,
    since: DateTime<Utc>,
}

/// Lives one life of about so many events.
///
/// # Panics
/// When anything fails that must not.
pub async fn live(seed: u64, events: u64) -> Ended {
    let chance = Chance::seeded(seed);
    let mail = Mail { hold: false, twice: 200, shuffle: true };
    let payments = Payments::start(2, seed, mail).await;
    let mut companies = Vec::new();
    for number in 0..=chance.below(2) {
        let plan = if chance.below(2) == 0 { "pro" } else { "scale" };
        let (shop, customer) = payments.customer(&format!("Sim {number}"), plan, 2).await;
        // A few hours in which nothing was told yet.
        let since = payments.app.clock().now();
        companies.push(Company { shop, customer, since });
    }
    let mut ended = Ended::default();
    let steps = 12 + chance.below(8);
    let most = events / steps / companies.len() as u64;
    for _ in 0..steps {
        payments.stripe.set_faults(faults(&chance));
        for company in &companies {
            ended.events += used(&payments, company, &chance, most).await;
        }
        move_clock(&payments, &chance);
        if chance.below(5) == 0 {
            change_plan(&payments, &companies, &chance).await;
        }
        ended.kills += work(&payments, &chance).await;
    }
    payments.stripe.set_faults(Faults::default());
    // A clock that was set back comes to itself again.
    payments.app.clock().advance(TimeDelta::hours(30));
    payments.drain().await;
    for company in &companies {
        for meter in METERS {
            let ours = ours(&payments, company, meter).await;
            let theirs = payments.counted(&company.customer, meter);
            if ours != theirs {
                eprintln!("seed {seed}: {meter} of {}: ours {ours}, theirs {theirs}", company.customer);
            }
            ended.units_diff += ours.abs_diff(theirs);
        }
    }
    ended.events += period_ends(&payments, &companies, &chance, most).await;
    for company in &companies {
        for meter in METERS {
            let ours = ours(&payments, company, meter).await;
            let invoiced = payments.invoiced(&company.customer, meter);
            if ours != invoiced {
                eprintln!("seed {seed}: {meter} of {}: ours {ours}, invoiced {invoiced}", company.customer);
            }
            ended.uninvoiced += ours.abs_diff(invoiced);
        }
    }
    ended.requests = payments.stripe.requests().len();
    ended
}

/// The period ends while nobody answers, nor does anybody until its invoice is final; what was used meanwhile is told afterwards. Then
/// another period ends, in peace. Says how much was used.
async fn period_ends(payments: &Payments, companies: &[Company], chance: &Chance, most: u64) -> u64 {
    let end = payments.period_end().await;
    payments.comes(end - TimeDelta::hours(3));
    payments.stripe.set_faults(Faults { down: Some(Down::Refuse), ..Faults::default() });
    let mut events = 0;
    for _ in 0..5 + chance.below(3) {
        for company in companies {
            events += used(payments, company, chance, most).await;
        }
        payments.app.clock().advance(TimeDelta::hours(1));
        work(payments, chance).await;
    }
    payments.stripe.set_faults(Faults::default());
    for company in companies {
        events += used(payments, company, chance, most).await;
    }
    payments.app.clock().advance(TimeDelta::hours(2));
    payments.drain().await;
    // However long the next period is: its invoice is final, and the one after it is far away.
    payments.comes(end + TimeDelta::days(31) + TimeDelta::hours(2));
    events
}

/// What came of differences that were planted between the books.
#[derive(Debug, Clone, Copy, Default)]
pub struct Planted {
    /// In how many hours of a meter.
    pub planted: i64,
    /// How many of them one comparison has found; more when it sees what is not there.
    pub found: i64,
    /// How far the counts are apart after they were mended.
    pub units_diff: u64,
}

/// Plants a hundred differences, each in an hour of its own, and lets them be found: lost, doubled, one too many, one too few.
///
/// # Panics
/// When anything fails that must not.
pub async fn planted(seed: u64) -> Planted {
    let payments = Payments::start(1, seed, Mail::default()).await;
    let (shop, customer) = payments.customer("Tea", "pro", 2).await;
    let meters = ["messages", "conversations"];
    payments.paid_since(3).await;
    for meter in meters {
        let rows: Vec<_> = (2..52).map(|ago| (10 + ago, payments.hour(ago) + TimeDelta::minutes(7))).collect();
        uses_many(&shop, meter, &rows).await;
    }
    payments.drain().await;
    let counted = payments.stripe.counted();
    let mut planted = Planted::default();
    for (number, event) in counted.iter().enumerate() {
        let value = match number % 4 {
            0 => None,
            1 => Some(event.value * 2),
            2 => Some(event.value + 1),
            _ => Some(event.value - 1),
        };
        planted.planted += i64::from(payments.stripe.falsify(&event.identifier, value));
    }
    payments.app.clock().advance(TimeDelta::hours(25));
    payments.app.node(0).billing.compare_due().await.unwrap();
    payments.drain().await;
    planted.found = payments.app.count("select count(distinct (meter, hour)) from shared.meter_difference").await;
    let schema = shop.schema().await;
    for meter in meters {
        let sum =
            format!("select coalesce(sum(quantity), 0)::bigint from {schema}.usage_event where meter = '{meter}'");
        planted.units_diff += payments.app.count(&sum).await.abs_diff(payments.counted(&customer, meter));
    }
    planted
}

/// What a company has used since it pays.
async fn ours(payments: &Payments, company: &Company, meter: &str) -> i64 {
    let schema = company.shop.schema().await;
    let since = format!("(select metered_from from shared.subscription where customer = '{}')", company.customer);
    let sum = format!(
        "select coalesce(sum(quantity), 0)::bigint from {schema}.usage_event where meter = '{meter}' and occurred_at >= {since}"
    );
    payments.app.count(&sum).await
}

fn faults(chance: &Chance) -> Faults {
    let share = |most: u64| u32::try_from(chance.below(most)).unwrap_or_default();
    if chance.below(4) == 0 {
        return Faults::default();
    }
    let only = "/v1/billing/".to_owned();
    Faults {
        only,
        too_many: share(200),
        broken: share(200),
        broken_after: share(100),
        dropped: share(100),
        lost: share(200),
        reject_usage: share(60),
        ..Faults::default()
    }
}

/// Usage of the last hours; some of it is taken back.
async fn used(payments: &Payments, company: &Company, chance: &Chance, most: u64) -> u64 {
    let now = payments.app.clock().now();
    let mut events = 0;
    for meter in METERS {
        let count = 1 + chance.below(most / METERS.len() as u64 + 1);
        // Many things in few rows: a batch of messages is one row, too.
        let rows = (1 + chance.below(20)).min(count);
        let late = i64::try_from(chance.below(6) * chance.below(4)).unwrap_or_default();
        let at = |second: u64| {
            (now - TimeDelta::hours(late) - TimeDelta::seconds(i64::try_from(second).unwrap_or_default()))
                .max(company.since)
        };
        let mut written: Vec<(i64, DateTime<Utc>)> = (0..rows)
            .map(|row| {
                let share = count / rows + u64::from(row < count % rows);
                (i64::try_from(share).unwrap_or_default(), at(chance.below(1800)))
            })
            .collect();
        if chance.below(6) == 0 {
            written.push((-1, at(0)));
        }
        uses_many(&company.shop, meter, &written).await;
        events += count;
    }
    events
}

/// On, by minutes or hours; sometimes back, sometimes by a day.
fn move_clock(payments: &Payments, chance: &Chance) {
    let minutes = match chance.below(10) {
        0 => -60,
        1 => 24 * 60,
        _ => i64::try_from(20 + chance.below(80)).unwrap_or_default(),
    };
    payments.app.clock().advance(TimeDelta::minutes(minutes));
}

async fn change_plan(payments: &Payments, companies: &[Company], chance: &Chance) {
    // The way to the provider is clear: a person would try again.
    payments.stripe.set_faults(Faults::default());
    for company in companies {
        sign_in(&company.shop).await;
        let plan = if chance.below(2) == 0 { "pro" } else { "scale" };
        let reply = company.shop.owner.http.put("/v1/billing/plan", json!({ "plan": plan })).await;
        assert!(reply.status < 500, "{}", reply.json());
    }
}

/// Two senders at once, some of them cut off in the middle; how many were.
async fn work(payments: &Payments, chance: &Chance) -> u32 {
    let mut kills = 0;
    for _ in 0..3 {
        let patience = [chance.below(400), chance.below(400)].map(|millis| Duration::from_millis(20 + millis));
        let sender = async |node: usize| {
            let billing = &payments.app.node(node).billing;
            let work = async {
                billing.roll_up().await.unwrap();
                billing.send_due().await.unwrap();
                billing.compare_due().await.unwrap();
            };
            // Whatever it is at: the future is dropped, as a process is that dies.
            tokio::time::timeout(patience[node], work).await.is_err()
        };
        let (one, two) = tokio::join!(sender(0), sender(1));
        kills += u32::from(one) + u32::from(two);
    }
    kills
}
