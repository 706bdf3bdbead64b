//! For whoever runs the installation: what comes in, how companies stand, and what is not as it should be.

use std::collections::BTreeMap;

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::{FromQueryResult, Statement};
use serde::Serialize;

use crate::catalogue::{self, Currency, Interval};
use crate::metering::Comparison;
use crate::service::Billing;

/// The whole of it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// When.
    pub at: Timestamp,
    /// Seats of all companies that pay, a month's worth, by currency, in its smallest unit. What nobody is charged for is in none of these.
    pub monthly_recurring_minor: BTreeMap<String, i64>,
    /// What was paid in the last 30 days, by currency.
    pub paid_30_days_minor: BTreeMap<String, i64>,
    /// What was paid in the 30 days before those, by currency.
    pub paid_30_days_before_minor: BTreeMap<String, i64>,
    /// What is to be paid, by currency.
    pub open_minor: BTreeMap<String, i64>,
    /// How many companies are in which state.
    pub accounts: BTreeMap<String, i64>,
    /// How many companies are on which plan.
    pub plans: BTreeMap<String, i64>,
    /// Usage on its way: how many batches are in which state.
    pub batches: BTreeMap<String, i64>,
    /// How many units are in those that are not confirmed; what is taken back counts as well, not against the others.
    pub units: BTreeMap<String, i64>,
    /// When meters were held against the provider's sums.
    pub comparison: Comparison,
    /// The oldest usage that the provider has not accepted.
    pub oldest_unsent: Option<Timestamp>,
    /// Events that wait for their effect.
    pub events_waiting: i64,
    /// Companies whose payment is missing, or of whose subscription nothing was heard for too long: restricted ones first, then by how long.
    pub unpaid: Vec<Unpaid>,
    /// Usage of subscriptions that Stripe has ended without a last invoice: it was counted there, and nobody is charged for it.
    pub unbilled: Vec<Unbilled>,
    /// Hours that differed from the provider's: those that are not mended yet first, whenever they were found, and then those of the last
    /// 35 days; each newest first.
    pub differences: Vec<Difference>,
}

/// A company that does not pay at present.
#[derive(Debug, Clone, Serialize, FromQueryResult)]
pub struct Unpaid {
    /// Its name in addresses.
    pub company: String,
    /// Its name as it has written it.
    pub name: String,
    /// `grace` or `restricted`.
    pub state: String,
    /// What it has bought.
    pub plan: String,
    /// Since when a payment is missing; none where nothing was heard.
    pub since: Option<Timestamp>,
}

/// Usage that no invoice takes any more.
#[derive(Debug, Clone, Serialize, FromQueryResult)]
pub struct Unbilled {
    /// Whose.
    pub company: String,
    /// Which meter.
    pub meter: String,
    /// How much of it.
    pub quantity: i64,
    /// When the subscription ended.
    pub ended_at: Timestamp,
}

/// An hour that differed.
#[derive(Debug, Clone, Serialize, FromQueryResult)]
pub struct Difference {
    /// Whose.
    pub company: String,
    /// Which meter.
    pub meter: String,
    /// Which hour.
    pub hour: Timestamp,
    /// Our sum.
    pub ours: i64,
    /// The provider's.
    pub theirs: i64,
    /// How the repair stands.
    pub repair: Option<String>,
    /// Whether it has been mended: the provider's sum agrees with ours.
    pub mended: bool,
    /// When it was found.
    pub found_at: Timestamp,
}

#[derive(FromQueryResult)]
struct Batches {
    state: String,
    count: i64,
    units: i64,
}

#[derive(FromQueryResult)]
struct Count {
    name: String,
    count: i64,
}

#[derive(FromQueryResult)]
struct Paying {
    plan: String,
    currency: String,
    every: String,
    seats: i64,
}

#[derive(FromQueryResult)]
struct Oldest {
    at: Option<Timestamp>,
}

/// What an alarm looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct Vitals {
    /// For how long the oldest usage has waited to be accepted, in seconds.
    pub unsent_seconds: i64,
    /// How many batches came too late to be charged.
    pub stopped: i64,
    /// For how long the oldest event has waited for its effect, in seconds.
    pub event_seconds: i64,
    /// How many hours differed from the provider's in the last day.
    pub differences: i64,
}

impl Billing {
    /// What an alarm looks at; nothing where nothing is charged.
    pub async fn vitals(&self) -> Result<Option<Vitals>, StoreError> {
        if self.gateway.stripe().is_none() {
            return Ok(None);
        }
        let now = self.world.now();
        self.world
            .database
            .orm()
            .one(sql(
                "select coalesce((select extract(epoch from $1 - min(created_at)) from shared.meter_batch \
                     where state in ('pending', 'sent')), 0)::bigint as unsent_seconds, \
                   (select count(*) from shared.meter_batch where state = 'stopped') as stopped, \
                   coalesce((select extract(epoch from $1 - min(received_at)) from shared.stripe_event \
                     where state = 'pending'), 0)::bigint as event_seconds, \
                   (select count(*) from shared.meter_difference where found_at >= $2) as differences",
                [now.into(), (now - chrono::TimeDelta::days(1)).into()],
            ))
            .await
    }

    /// Looks at everything.
    pub async fn report(&self) -> Result<Report, StoreError> {
        let orm = self.world.database.orm();
        let now = self.world.now();
        let ago = |days: i64| now - chrono::TimeDelta::days(days);
        let count = |statement: Statement| self.counts(statement);
        let paying: Vec<Paying> = orm
            .all(sql(
                "select plan, currency, every, sum(seats)::bigint as seats from shared.subscription \
                 where provider = 'stripe' and state in ('active', 'grace', 'restricted') and status in ('active', 'past_due', 'unpaid') group by 1, 2, 3",
                [],
            ))
            .await?;
        let oldest: Option<Oldest> = orm
            .one(sql("select min(hour) as at from shared.meter_batch where state in ('pending', 'sent')", []))
            .await?;
        let waiting =
            count(sql("select 'all' as name, count(*) as count from shared.stripe_event where state = 'pending'", []))
                .await?;
        let (batches, units) = self.batches().await?;
        Ok(Report {
            at: now,
            monthly_recurring_minor: recurring(&paying),
            paid_30_days_minor: count(sql(
                "select currency as name, sum(paid_minor)::bigint as count from shared.invoice \
                 where provider = 'stripe' and status = 'paid' and paid_minor > 0 and paid_at >= $1 group by 1",
                [ago(30).into()],
            ))
            .await?,
            paid_30_days_before_minor: count(sql(
                "select currency as name, sum(paid_minor)::bigint as count from shared.invoice \
                 where provider = 'stripe' and status = 'paid' and paid_minor > 0 and paid_at >= $1 and paid_at < $2 group by 1",
                [ago(60).into(), ago(30).into()],
            ))
            .await?,
            open_minor: count(sql(
                "select currency as name, sum(open_minor)::bigint as count from shared.invoice \
                 where provider = 'stripe' and status = 'open' and open_minor > 0 group by 1",
                [],
            ))
            .await?,
            accounts: count(sql(
                "select coalesce(s.state, 'free') as name, count(*) as count from shared.account a \
                 left join shared.subscription s on s.account_id = a.id where a.status = 'active' group by 1",
                [],
            ))
            .await?,
            plans: count(sql(
                "select plan as name, count(*) as count from shared.account where status = 'active' group by 1",
                [],
            ))
            .await?,
            batches,
            units,
            comparison: self.comparison().await?,
            oldest_unsent: oldest.and_then(|row| row.at),
            events_waiting: waiting.get("all").copied().unwrap_or(0),
            unpaid: self.unpaid().await?,
            unbilled: self.unbilled().await?,
            differences: self.differences(ago(35)).await?,
        })
    }

    /// How many batches are in which state, and how many units in those that are not confirmed: one look, for the table only grows.
    async fn batches(&self) -> Result<(BTreeMap<String, i64>, BTreeMap<String, i64>), StoreError> {
        let rows: Vec<Batches> = self
            .world
            .database
            .orm()
            .all(sql(
                "select state, count(*) as count, sum(abs(quantity))::bigint as units from shared.meter_batch group by 1",
                [],
            ))
            .await?;
        let units =
            rows.iter().filter(|row| row.state != "confirmed").map(|row| (row.state.clone(), row.units)).collect();
        Ok((rows.into_iter().map(|row| (row.state, row.count)).collect(), units))
    }

    /// What a statement counts, by name.
    async fn counts(&self, statement: Statement) -> Result<BTreeMap<String, i64>, StoreError> {
        let rows: Vec<Count> = self.world.database.orm().all(statement).await?;
        Ok(rows.into_iter().map(|row| (row.name, row.count)).collect())
    }

    async fn differences(&self, since: Timestamp) -> Result<Vec<Difference>, StoreError> {
        self.world
            .database
            .orm()
            .all(sql(
                "select a.slug as company, d.meter, d.hour, d.ours, d.theirs, b.state as repair, \
                   b.state is not distinct from 'confirmed' as mended, d.found_at \
                 from shared.meter_difference d join shared.account a on a.id = d.account_id \
                 left join shared.meter_batch b on b.identifier = d.repaired_by \
                 where d.found_at >= $1 or b.state is distinct from 'confirmed' \
                 order by mended, d.found_at desc, d.id desc limit 1000",
                [since.into()],
            ))
            .await
    }

    async fn unpaid(&self) -> Result<Vec<Unpaid>, StoreError> {
        self.world
            .database
            .orm()
            .all(sql(
                "select a.slug as company, a.name, s.state, s.plan, s.payment_failed_at as since \
                 from shared.subscription s join shared.account a on a.id = s.account_id \
                 where s.state in ('grace', 'restricted') and a.status not in ('deleting', 'deleted') \
                 order by s.state desc, s.payment_failed_at nulls first, a.slug limit 1000",
                [],
            ))
            .await
    }

    /// Who does not pay is ended by Stripe without a last invoice. What is used while trying is free in any case.
    async fn unbilled(&self) -> Result<Vec<Unbilled>, StoreError> {
        self.world
            .database
            .orm()
            .all(sql(
                "select a.slug as company, b.meter, sum(b.quantity)::bigint as quantity, s.period_to as ended_at \
                 from shared.subscription s join shared.account a on a.id = s.account_id \
                 join shared.meter_batch b on b.account_id = s.account_id and b.kind = 'usage' and b.state in ('accepted', 'confirmed') \
                   and b.counted_at >= greatest(s.period_from, s.turned_at) and b.counted_at < s.period_to \
                 where s.provider = 'stripe' and s.status = 'canceled' \
                 and (s.trial_ends_at is null or date_trunc('second', s.trial_ends_at) < s.period_to) \
                 and not exists (select 1 from shared.invoice i where i.account_id = s.account_id and i.provider = 'stripe' \
                   and i.issued_at >= s.period_to - interval '5 minutes') \
                 group by a.slug, b.meter, s.period_to having sum(b.quantity) > 0 \
                 order by s.period_to desc, a.slug, b.meter limit 1000",
                [],
            ))
            .await
    }
}

/// Seats at list price, a year's as a twelfth of it.
fn recurring(paying: &[Paying]) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for row in paying {
        let (Some(currency), Some(interval)) = (Currency::parse(&row.currency), Interval::parse(&row.every)) else {
            continue;
        };
        let seat = catalogue::plan(&row.plan)
            .and_then(|offer| offer.price(currency, interval).map(|price| price.seat_minor))
            .unwrap_or(0);
        let month = seat.saturating_mul(row.seats) / i64::from(interval.months());
        *sums.entry(row.currency.clone()).or_insert(0) += month;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_counts_as_a_twelfth_of_it_each_month() {
        let row =
            |every: &str, seats| Paying { plan: "pro".into(), currency: "usd".into(), every: every.into(), seats };
        let sums = recurring(&[row("month", 3), row("year", 6)]);
        assert_eq!(sums, BTreeMap::from([("usd".to_owned(), 3 * 1_900 + 6 * 19_000 / 12)]));
    }
}
