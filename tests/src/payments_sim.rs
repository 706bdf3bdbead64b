//! Random lives of paying companies: usage early, late and taken back, plans that change in the middle of an hour, a clock that jumps,
//! two senders that are cut off in the middle of anything, and a provider that answers with everything but an answer. Then the period
//! ends while the provider is away. At the end, when all has drained, the provider's count is ours, all of it is on an invoice, and every
//! amount is what the rows of usage come to by a price list that is written out here.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use infra::Chance;
use serde_json::json;
use stripe_standin::{Down, Faults, Mail};

use crate::payments::{Payments, Purchase, product, sign_in, uses, uses_many, write_rows};
use crate::price_list::{cost, included};
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
    /// How far their amounts are from what the rows of usage come to, and our copies of them from their lines.
    pub mispriced: u64,
    /// How much the metered lines come to, in the smallest units of all currencies.
    pub charged: u64,
}

/// One company.
struct Company {
    shop: Shop,
    schema: String,
    customer: String,
    since: DateTime<Utc>,
    plan: &'static str,
}

/// One of some words.
fn one_of<const N: usize>(chance: &Chance, words: [&'static str; N]) -> &'static str {
    words[usize::try_from(chance.below(N as u64)).unwrap_or_default()]
}

/// Lives one life of about so many events.
///
/// # Panics
/// When anything fails that must not.
pub async fn live(seed: u64, events: u64) -> Ended {
    let chance = Chance::seeded(seed);
    let mail = Mail { hold: false, twice: 200, shuffle: true };
    let payments = Payments::start(2, seed, mail).await;
    // All of them pay in the same rhythm, so that their periods end together.
    let interval = one_of(&chance, ["month", "month", "year"]);
    let months = if interval == "year" { 12 } else { 1 };
    let mut companies = Vec::new();
    for number in 0..=chance.below(2) {
        companies.push(company(&payments, &chance, number, interval).await);
    }
    for company in &companies {
        // What came at once, in one row: up to half as much again as the period includes.
        for meter in METERS {
            let much = included(company.plan, meter) * months * below(&chance, 150) / 100;
            uses(&company.shop, meter, much, company.since + TimeDelta::seconds(1)).await;
        }
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
            change_plan(&payments, &mut companies, &chance).await;
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
    ended.events += period_ends(&payments, &companies, &chance, most, months).await;
    for company in &companies {
        for meter in METERS {
            let ours = ours(&payments, company, meter).await;
            let invoiced = payments.invoiced(&company.customer, meter);
            if ours != invoiced {
                eprintln!("seed {seed}: {meter} of {}: ours {ours}, invoiced {invoiced}", company.customer);
            }
            ended.uninvoiced += ours.abs_diff(invoiced);
        }
        let (charged, wrong) = priced(&payments, &company.schema, &company.customer).await;
        ended.charged += charged;
        ended.mispriced += wrong;
        if wrong > 0 {
            eprintln!("seed {seed}: amounts of {} are wrong by {wrong}", company.customer);
        }
    }
    ended.mispriced += unexplained(&payments).await;
    ended.requests = payments.stripe.requests().len();
    ended
}

/// A company that buys something.
async fn company(payments: &Payments, chance: &Chance, number: u64, interval: &str) -> Company {
    let (plan, currency) = (one_of(chance, ["pro", "scale"]), one_of(chance, ["usd", "eur", "cny"]));
    let (seats, code) = (seats(chance), one_of(chance, ["", "", "WELCOME20"]));
    let shop = payments.app.shop(&format!("Sim {number}")).await;
    let customer = payments.buys_so(&shop, Purchase { plan, interval, currency, seats, code }).await;
    // A few hours in which nothing was told yet.
    let since = payments.app.clock().now();
    Company { schema: shop.schema().await, shop, customer, since, plan }
}

fn below(chance: &Chance, most: u64) -> i64 {
    i64::try_from(chance.below(most)).unwrap_or_default()
}

fn seats(chance: &Chance) -> u32 {
    1 + u32::try_from(chance.below(8)).unwrap_or_default()
}

/// What the metered lines of a customer's invoices come to, and how far that is from what they should: each price in each stretch of time
/// by itself, from the rows of usage.
pub async fn priced(payments: &Payments, schema: &str, customer: &str) -> (u64, u64) {
    let (mut charged, mut wrong) = (0, 0);
    for invoice in payments.invoices(customer) {
        let currency = invoice["currency"].as_str().unwrap();
        let mut sums: BTreeMap<(String, String, i64, i64), i64> = BTreeMap::new();
        for line in payments.lines(&invoice).iter().filter(|line| METERS.iter().any(|m| product(line).ends_with(m))) {
            let price = line["pricing"]["price_details"]["price"].as_str().unwrap().to_owned();
            let (from, to) = (line["period"]["start"].as_i64().unwrap(), line["period"]["end"].as_i64().unwrap());
            *sums.entry((product(line).to_owned(), price, from, to)).or_default() += line["amount"].as_i64().unwrap();
        }
        for ((product, price, from, to), amount) in sums {
            let part = product.strip_prefix("frontdesk_").unwrap();
            let (plan, meter) = part.split_once('_').unwrap();
            let price = payments.stripe.act("GET", &format!("/v1/prices/{price}"), "").unwrap();
            let months = if price["recurring"]["interval"] == "year" { 12 } else { 1 };
            let quantity = chargeable(payments, (schema, customer), meter, (from, to)).await;
            let should = cost(plan, meter, currency, months, quantity);
            if amount != should {
                eprintln!("{product} of {customer}: {quantity} come to {should}, and {amount} is charged");
            }
            charged += amount.unsigned_abs();
            wrong += amount.abs_diff(should);
        }
    }
    (charged, wrong)
}

/// What a stretch of time has to charge, from the rows of usage: those whose hour ends in it, without what was told for later than its own
/// hour because its invoice was final, and with what was told for it so.
async fn chargeable(payments: &Payments, (schema, customer): (&str, &str), meter: &str, (from, to): (i64, i64)) -> i64 {
    let within = |at: &str| {
        format!(
            "date_trunc('second', {at}) >= to_timestamp({from}) and date_trunc('second', {at}) < to_timestamp({to})"
        )
    };
    let used = within("date_trunc('hour', occurred_at) + interval '59 minutes 59 seconds'");
    let (told, lies) = (within("b.counted_at"), within("b.hour + interval '59 minutes 59 seconds'"));
    let sum = format!(
        "select (coalesce((select sum(quantity) from {schema}.usage_event where meter = '{meter}' \
             and occurred_at >= (select metered_from from shared.subscription where customer = '{customer}') and {used}), 0) \
           + coalesce((select sum(case when {told} then b.quantity else 0 end - case when {lies} then b.quantity else 0 end) \
             from shared.meter_batch b join shared.subscription s on s.account_id = b.account_id \
             where s.customer = '{customer}' and b.meter = '{meter}'), 0))::bigint"
    );
    payments.app.count(&sum).await
}

/// By how much our copies of invoices differ from what their lines come to.
async fn unexplained(payments: &Payments) -> u64 {
    let sum = "select coalesce(sum(abs(i.subtotal_minor - (select coalesce(sum((line ->> 'amount_minor')::bigint), 0) \
         from jsonb_array_elements(i.lines) line))), 0)::bigint from shared.invoice i where i.status <> 'draft'";
    payments.app.count(sum).await.unsigned_abs()
}

/// The period ends while nobody answers, nor does anybody until its invoice is final; what was used meanwhile is told afterwards. Then
/// another period ends, in peace. Says how much was used.
async fn period_ends(payments: &Payments, companies: &[Company], chance: &Chance, most: u64, months: i64) -> u64 {
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
    payments.comes(end + TimeDelta::days(31 * months) + TimeDelta::hours(2));
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
    let schema = &company.schema;
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

/// Usage of the last hours, thing by thing; some of it is taken back.
async fn used(payments: &Payments, company: &Company, chance: &Chance, most: u64) -> u64 {
    let now = payments.app.clock().now();
    let mut events = 0;
    for meter in METERS {
        let count = 1 + chance.below(most / METERS.len() as u64 + 1);
        let late = below(chance, 6) * below(chance, 4);
        let span = (now - TimeDelta::hours(late), company.since);
        write_rows(&payments.app, &company.schema, meter, count, span).await;
        if chance.below(6) == 0 {
            // Of what has just been used: a stretch of time that has used less than nothing is charged nothing.
            let at = span.0.max(company.since);
            uses_many(&company.shop, meter, &[(2, at), (-1, at)]).await;
        }
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

async fn change_plan(payments: &Payments, companies: &mut [Company], chance: &Chance) {
    // The way to the provider is clear: a person would try again.
    payments.stripe.set_faults(Faults::default());
    for company in companies {
        sign_in(&company.shop).await;
        let ask = json!({ "plan": one_of(chance, ["pro", "scale"]), "seats": seats(chance) });
        let reply = company.shop.owner.http.put("/v1/billing/plan", ask.clone()).await;
        assert!(reply.status < 500, "{}", reply.json());
        if reply.status == 200 {
            company.plan = if ask["plan"] == "pro" { "pro" } else { "scale" };
        }
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
