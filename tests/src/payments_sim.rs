//! Random lives of paying companies, at times that the seed decides (ends of months, leap days and changes of clocks among them): usage
//! early, late and taken back, plans and rhythms that change in the middle of an hour, a clock that jumps by a day either way, two
//! senders that are cut off in the middle of anything, others that are processes of their own and are killed, a company that closes with
//! usage on its way, and a provider that answers with everything but an answer, sometimes for 36 days. Then a period ends while the provider is away. At the end, when all has drained, the
//! provider's count is ours, all of it is on an invoice, and every amount is what the rows of usage come to by a price list that is
//! written out here. What is older than the provider takes is stopped and said, and nothing else is missing.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use infra::Chance;
use serde_json::json;
use stripe_standin::{Down, Faults, Mail};
use tenant::closing;

use crate::payments::{Payments, Purchase, sign_in, uses, uses_many, write_rows, write_usage};
use crate::payments_books::{METERS, priced, unexplained};
use crate::payments_kills::one_is_killed;
use crate::price_list::included;
use crate::shop::{PASSWORD, Shop};
use crate::wait::eventually;

/// How a life ended.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ended {
    /// How many things were used.
    pub events: u64,
    /// How many times somebody was cut off.
    pub interruptions: u32,
    /// How many workers were processes of their own, and were killed.
    pub killed: u32,
    /// How many times a company changed what it has bought.
    pub changes: u32,
    /// How many companies closed and were deleted.
    pub closed: u32,
    /// How many times the provider was away for longer than it takes usage of the past.
    pub outages: u32,
    /// How many units came too late for that, and were stopped and said.
    pub stopped: u64,
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

impl Ended {
    /// Another life as well.
    pub fn take_in(&mut self, other: &Self) {
        self.events += other.events;
        self.interruptions += other.interruptions;
        self.killed += other.killed;
        self.changes += other.changes;
        self.closed += other.closed;
        self.outages += other.outages;
        self.stopped += other.stopped;
        self.requests += other.requests;
        self.units_diff += other.units_diff;
        self.uninvoiced += other.uninvoiced;
        self.mispriced += other.mispriced;
        self.charged += other.charged;
    }

    /// All that differs.
    pub fn wrong(&self) -> u64 {
        self.units_diff + self.uninvoiced + self.mispriced
    }
}

/// One company.
struct Company {
    shop: Shop,
    schema: String,
    customer: String,
    since: DateTime<Utc>,
    plan: &'static str,
    interval: &'static str,
    /// What it had used, meter by meter, when it was deleted; it uses nothing more from when it closes.
    closed: Option<Vec<i64>>,
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
    // Who dies is drawn apart: all else in a life is as it would be without.
    let (chance, deaths) = (Chance::seeded(seed), Chance::seeded(!seed));
    let mail = Mail { hold: false, twice: 200, shuffle: true };
    let payments = Payments::start(2, seed, mail).await;
    // On which day and at which hour it begins follows from the seed alone.
    let hours = TimeDelta::hours(below(&chance, 4 * 366 * 24));
    payments.comes("2031-01-01T00:20:00Z".parse::<DateTime<Utc>>().unwrap() + hours);
    let mut companies = Vec::new();
    for number in 0..=chance.below(2) {
        companies.push(company(&payments, &chance, number).await);
    }
    for company in &companies {
        // What came at once, in one row: up to half as much again as the period includes.
        for meter in METERS {
            let months = if company.interval == "year" { 12 } else { 1 };
            let much = included(company.plan, meter) * months * below(&chance, 150) / 100;
            uses(&company.shop, meter, much, company.since + TimeDelta::seconds(1)).await;
        }
    }
    let mut ended = Ended::default();
    let steps = 12 + chance.below(8);
    let most = events / steps / companies.len() as u64;
    let closes = chance.below(3 * steps);
    let mut latest = payments.app.clock().now();
    for step in 0..steps {
        payments.stripe.set_faults(faults(&chance));
        for company in &companies {
            ended.events += used(&payments, company, &chance, most).await;
        }
        if step == closes {
            close(&payments, &mut companies).await;
        }
        move_clock(&payments, &chance, latest);
        // The provider's own clock is never set back: while ours is behind, nobody changes anything there.
        if payments.app.clock().now() >= latest && chance.below(4) == 0 {
            ended.changes += change_plan(&payments, &mut companies, &chance).await;
        }
        latest = latest.max(payments.app.clock().now());
        if deaths.below(6) == 0 {
            ended.killed += one_is_killed(&payments, &deaths).await;
        }
        ended.interruptions += work(&payments, &chance).await;
    }
    payments.stripe.set_faults(Faults::default());
    // A clock that was set back comes to itself again.
    payments.comes(latest + TimeDelta::hours(30));
    payments.drain().await;
    ended.units_diff += apart(&payments, &companies, seed).await;
    if companies.iter().any(|company| company.closed.is_some()) {
        delete_closed(&payments, &mut companies).await;
        ended.closed += 1;
    }
    if chance.below(6) == 0 {
        ended.events += away_for_long(&payments, &companies, &chance, most / 10).await;
        ended.outages += 1;
        ended.units_diff += apart(&payments, &companies, seed).await;
    }
    ended.events += period_ends(&payments, &companies, &chance, most).await;
    for company in &companies {
        for (number, meter) in METERS.into_iter().enumerate() {
            let stopped = stopped(&payments, company, meter).await;
            let ours = match &company.closed {
                Some(used) => used[number],
                None => ours(&payments, company, meter).await - stopped,
            };
            let invoiced = payments.invoiced(&company.customer, meter);
            if ours != invoiced {
                eprintln!("seed {seed}: {meter} of {}: ours {ours}, invoiced {invoiced}", company.customer);
            }
            ended.stopped += stopped.unsigned_abs();
            ended.uninvoiced += ours.abs_diff(invoiced);
        }
        if company.closed.is_some() {
            continue;
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
async fn company(payments: &Payments, chance: &Chance, number: u64) -> Company {
    let (plan, currency) = (one_of(chance, ["pro", "scale"]), one_of(chance, ["usd", "eur", "cny"]));
    let (seats, code) = (seats(chance), one_of(chance, ["", "", "WELCOME20"]));
    let interval = one_of(chance, ["month", "month", "year"]);
    let shop = payments.app.shop(&format!("Sim {number}")).await;
    let customer = payments.buys_so(&shop, Purchase { plan, interval, currency, seats, code }).await;
    // A few hours in which nothing was told yet.
    let since = payments.app.clock().now();
    Company { schema: shop.schema().await, shop, customer, since, plan, interval, closed: None }
}

/// How far the provider's count is from ours, without what came too late for it.
async fn apart(payments: &Payments, companies: &[Company], seed: u64) -> u64 {
    let mut apart = 0;
    for company in companies.iter().filter(|company| company.closed.as_ref().is_none_or(Vec::is_empty)) {
        for meter in METERS {
            let ours = ours(payments, company, meter).await - stopped(payments, company, meter).await;
            let theirs = payments.counted(&company.customer, meter);
            if ours != theirs {
                eprintln!("seed {seed}: {meter} of {}: ours {ours}, theirs {theirs}", company.customer);
            }
            apart += ours.abs_diff(theirs);
        }
    }
    apart
}

/// The last company closes, whatever of its usage is still on its way.
async fn close(payments: &Payments, companies: &mut [Company]) {
    // The way to the provider is clear: the next round would try again.
    payments.stripe.set_faults(Faults::default());
    let Some(company) = companies.last_mut() else { return };
    sign_in(&company.shop).await;
    let http = &company.shop.owner.http;
    let slug = http.get("/v1/account").await.ok()["slug"].clone();
    http.post("/v1/account/close", json!({ "password": PASSWORD, "slug": slug })).await.ok();
    company.closed = Some(Vec::new());
    let ends =
        format!("select count(*) from shared.subscription where customer = '{}' and cancels_at_end", company.customer);
    eventually("its subscription is told to end", async || {
        payments.app.node(1).billing.let_closed_go().await.unwrap();
        (payments.app.count(&ends).await == 1).then_some(())
    })
    .await;
}

/// Companies that have closed are deleted. What they had used is noted: their rows go with them.
async fn delete_closed(payments: &Payments, companies: &mut [Company]) {
    for company in companies.iter_mut().filter(|company| company.closed.is_some()) {
        let mut used = Vec::new();
        for meter in METERS {
            used.push(ours(payments, company, meter).await);
        }
        company.closed = Some(used);
    }
    payments.app.clock().advance(TimeDelta::days(31));
    eventually("the closed company is gone", async || {
        payments.app.node(1).billing.let_closed_go().await.unwrap();
        closing::sweep(&payments.app.node(1).world).await.unwrap();
        (payments.app.count("select count(*) from shared.account where status = 'deleted'").await == 1).then_some(())
    })
    .await;
}

/// The provider is away for longer than it takes usage of the past. Says how much was used.
async fn away_for_long(payments: &Payments, companies: &[Company], chance: &Chance, most: u64) -> u64 {
    payments.stripe.set_faults(Faults { down: Some(Down::Refuse), ..Faults::default() });
    let mut events = 0;
    for _ in 0..6 {
        for company in companies {
            events += used(payments, company, chance, most).await;
        }
        payments.app.clock().advance(TimeDelta::days(6));
        work(payments, chance).await;
    }
    payments.stripe.set_faults(Faults::default());
    payments.drain().await;
    events
}

fn below(chance: &Chance, most: u64) -> i64 {
    i64::try_from(chance.below(most)).unwrap_or_default()
}

fn seats(chance: &Chance) -> u32 {
    1 + u32::try_from(chance.below(8)).unwrap_or_default()
}

/// How much of what a company has used came too late for the provider.
async fn stopped(payments: &Payments, company: &Company, meter: &str) -> i64 {
    let sum = format!(
        "select coalesce(sum(b.quantity), 0)::bigint from shared.meter_batch b \
         join shared.subscription s on s.account_id = b.account_id \
         where s.customer = '{}' and b.meter = '{meter}' and b.kind = 'usage' and b.state = 'stopped'",
        company.customer
    );
    payments.app.count(&sum).await
}

/// When the first of the periods that go on ends, as soon as that is known of all of them.
async fn next_end(payments: &Payments) -> DateTime<Utc> {
    let end = "select coalesce(extract(epoch from min(period_to))::bigint, 0) from shared.subscription \
         where provider = 'stripe' and status <> 'canceled'";
    eventually("all periods are known", async || {
        payments.stripe.deliver().await;
        payments.app.sql("update shared.subscription set look_wanted_at = now()").await;
        payments.app.node(1).billing.work_events().await.unwrap();
        payments.app.node(1).billing.look_afresh().await.unwrap();
        DateTime::from_timestamp(payments.app.count(end).await, 0).filter(|end| *end > payments.app.clock().now())
    })
    .await
}

/// The first of the periods ends while nobody answers, nor does anybody until its invoice is final; what was used meanwhile is told
/// afterwards. Then all others end, in peace. Says how much was used.
async fn period_ends(payments: &Payments, companies: &[Company], chance: &Chance, most: u64) -> u64 {
    let goes_on = companies.iter().any(|company| company.closed.is_none());
    let mut events = 0;
    if goes_on {
        let before = next_end(payments).await - TimeDelta::hours(3);
        payments.comes(before.max(payments.app.clock().now()));
        payments.stripe.set_faults(Faults { down: Some(Down::Refuse), ..Faults::default() });
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
    }
    // However long the present periods are: their invoices are final.
    let year = companies.iter().any(|company| company.interval == "year");
    payments.app.clock().advance(TimeDelta::days(if year { 367 } else { 32 }));
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
    if company.closed.is_some() {
        return 0;
    }
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
            write_usage(&payments.app, &company.schema, meter, &[(2, at), (-1, at)]).await;
        }
        events += count;
    }
    events
}

/// On, by minutes or hours; sometimes back, sometimes by a day either way. What is behind comes to itself after a while.
fn move_clock(payments: &Payments, chance: &Chance, latest: DateTime<Utc>) {
    let behind = latest - payments.app.clock().now();
    let by = match chance.below(12) {
        0 => TimeDelta::minutes(-60),
        1 => TimeDelta::days(1),
        2 if behind < TimeDelta::hours(1) => TimeDelta::days(-1),
        3..=6 if behind > TimeDelta::hours(2) => behind,
        _ => TimeDelta::minutes(20 + below(chance, 80)),
    };
    payments.app.clock().advance(by);
}

/// Some change plan, seats, and how often they pay, in the middle of whatever hour it is. Says how many did: who has changed prices in this
/// period already goes up and not down.
async fn change_plan(payments: &Payments, companies: &mut [Company], chance: &Chance) -> u32 {
    // The way to the provider is clear: a person would try again.
    payments.stripe.set_faults(Faults::default());
    let mut changes = 0;
    for company in companies.iter_mut().filter(|company| company.closed.is_none()) {
        sign_in(&company.shop).await;
        let (plan, interval) = (one_of(chance, ["pro", "scale"]), one_of(chance, ["month", "month", "year"]));
        let ask = json!({ "plan": plan, "interval": interval, "seats": seats(chance) });
        let reply = company.shop.owner.http.put("/v1/billing/plan", ask).await;
        assert!(reply.status < 500, "{}", reply.json());
        let rank = |plan: &str, interval: &str| (plan == "scale", interval == "year");
        let (was, is) = (rank(company.plan, company.interval), rank(plan, interval));
        let less = (was.0 && !is.0) || (was.1 && !is.1);
        assert!(less || reply.json()["code"] != "changed_this_period", "{}", reply.json());
        if reply.status == 200 {
            changes += u32::from((plan, interval) != (company.plan, company.interval));
            (company.plan, company.interval) = (plan, interval);
        }
    }
    changes
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
