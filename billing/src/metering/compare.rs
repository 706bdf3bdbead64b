//! Holding our books against the provider's sums, hour by hour. What agrees is confirmed; what differs is written down and repaired
//! by a batch of its own, which is then confirmed like any other.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use serde::Serialize;
use tenant::AccountId;
use tenant::usage::Meter;
use uuid::Uuid;

use super::batch::{self, Kind, NewBatch, Sum};
use super::stamp::counted_for;
use super::{CHARGED, COUNTED_WITHIN, TOO_OLD};
use crate::gateway::GatewayError;
use crate::period::{counted_at, hour_of};
use crate::service::{Billing, BillingError};
use crate::stripe::{HourSums, Names, Stripe};
use crate::subscription;

/// How often everything is compared, back to what is too old to be mended.
const EVERY: TimeDelta = TimeDelta::hours(24);

/// Which subscriptions are compared.
macro_rules! compared {
    () => {
        "s.provider = 'stripe' and s.customer is not null and s.metered_from is not null and a.status not in ('deleting', 'deleted')"
    };
}

/// Which of them wait to be compared from end to end, by now ($1) and by [`EVERY`] before ($2). One from days that are still to come was
/// compared by a clock that was wrong.
macro_rules! due {
    () => {
        "(s.checked_at is null or s.checked_at < $2 or s.checked_at > $1)"
    };
}

/// When meters were held against the provider's sums, from end to end, as is done once a day for each company that is metered.
#[derive(Debug, Clone, Default, Serialize, FromQueryResult)]
pub struct Comparison {
    /// The last time, of any company.
    pub last_at: Option<Timestamp>,
    /// The time of the company whose last one is the longest ago.
    pub oldest_at: Option<Timestamp>,
    /// How many companies wait for one, the first or the next.
    pub waiting: i64,
}

/// What a comparison has come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Hours that agree.
    pub agreeing: usize,
    /// Batches that were confirmed.
    pub confirmed: usize,
    /// Hours that differed, and are being repaired.
    pub differing: usize,
}

impl Compared {
    fn take_in(&mut self, found: Self) {
        self.agreeing += found.agreeing;
        self.confirmed += found.confirmed;
        self.differing += found.differing;
    }
}

/// An hour in both books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// What should be there of what we know to have been accepted.
    pub(super) expected: i64,
    /// What is there.
    pub(super) theirs: i64,
}

#[derive(FromQueryResult)]
struct Due {
    account_id: Uuid,
    customer: String,
    whole: bool,
    since: Option<Timestamp>,
}

impl Billing {
    /// Lets the next comparison be of everything.
    pub async fn compare_all_soon(&self) -> Result<(), StoreError> {
        let orm = self.world.database.orm();
        orm.run(sql("update shared.subscription set checked_at = null where provider = 'stripe'", [])).await.map(drop)
    }

    /// Compares companies with something unconfirmed, and each of them wholly once a day.
    pub async fn compare_due(&self) -> Result<Compared, StoreError> {
        Ok(self.compare_round().await?.0)
    }

    /// Compares everything of everybody, however many they are.
    pub async fn compare_all(&self) -> Result<Compared, StoreError> {
        self.compare_all_soon().await?;
        let mut done = Compared::default();
        loop {
            let (found, wholly) = self.compare_round().await?;
            done.take_in(found);
            if wholly == 0 {
                return Ok(done);
            }
        }
    }

    /// When that was done, and for how many it is to be done.
    pub(crate) async fn comparison(&self) -> Result<Comparison, StoreError> {
        let now = self.world.now();
        let comparison: Option<Comparison> = self
            .world
            .database
            .orm()
            .one(sql(
                concat!(
                    "select max(s.checked_at) as last_at, min(s.checked_at) as oldest_at, count(*) filter (where ",
                    due!(),
                    ") as waiting from shared.subscription s join shared.account a on a.id = s.account_id where ",
                    compared!()
                ),
                [now.into(), (now - EVERY).into()],
            ))
            .await?;
        Ok(comparison.unwrap_or_default())
    }

    /// Says as well how many companies were compared wholly.
    async fn compare_round(&self) -> Result<(Compared, usize), StoreError> {
        let Some(stripe) = self.gateway.stripe() else { return Ok((Compared::default(), 0)) };
        let now = self.world.now();
        let due: Vec<Due> = self
            .world
            .database
            .orm()
            .all(sql(
                concat!(
                    "select s.account_id, s.customer, ",
                    due!(),
                    " as whole, \
                     (select min(b.counted_at) from shared.meter_batch b where b.account_id = s.account_id and b.state = 'accepted' \
                       and b.accepted_at < $3) as since \
                     from shared.subscription s join shared.account a on a.id = s.account_id where ",
                    compared!(),
                    " and (",
                    due!(),
                    " or exists (select 1 from shared.meter_batch b \
                       where b.account_id = s.account_id and b.state = 'accepted' and b.accepted_at < $3)) \
                     order by s.checked_at nulls first limit 100"
                ),
                [now.into(), (now - EVERY).into(), (now - COUNTED_WITHIN).into()],
            ))
            .await?;
        let (mut done, mut wholly) = (Compared::default(), 0);
        for row in due {
            let account = AccountId::from_uuid(row.account_id);
            let since = if row.whole { None } else { row.since };
            match self.compare(stripe, account, &row.customer, since).await {
                Ok(found) => {
                    done.take_in(found);
                    wholly += usize::from(row.whole);
                }
                Err(BillingError::Gateway(GatewayError::Away(why))) => {
                    tracing::warn!(why, "meters cannot be compared now");
                    break;
                }
                Err(error) => tracing::error!(%account, %error, "meters cannot be compared"),
            }
        }
        Ok((done, wholly))
    }

    /// Compares one company: everything that can still be mended, or what was counted since.
    async fn compare(
        &self,
        stripe: &Stripe,
        account: AccountId,
        customer: &str,
        since: Option<Timestamp>,
    ) -> Result<Compared, BillingError> {
        let now = self.world.now();
        let mut done = Compared::default();
        if since.is_none()
            && let Err(error) = self.roll(account, TOO_OLD).await
        {
            // Its own database may be away: what was rolled up before can be compared all the same.
            tracing::error!(%account, %error, "a company's usage cannot be rolled up now");
        }
        let to = hour_of(now) + TimeDelta::hours(1);
        let from =
            hour_of(since.unwrap_or(now - TOO_OLD).max(now - TOO_OLD)) + TimeDelta::hours(i64::from(since.is_none()));
        let names = stripe.names(&self.world).await?;
        for meter in CHARGED {
            let theirs = self.hours(stripe, &names, meter, customer, (from, to)).await??;
            done.take_in(self.settle_hours(account, meter, &theirs, (from, to), now).await?);
        }
        if since.is_none() {
            self.world
                .database
                .orm()
                .run(sql(
                    "update shared.subscription set checked_at = $2 where account_id = $1",
                    [account.uuid().into(), now.into()],
                ))
                .await?;
        }
        Ok(done)
    }

    async fn settle_hours(
        &self,
        account: AccountId,
        meter: Meter,
        theirs: &HourSums,
        (from, to): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<Compared, StoreError> {
        let tx = self.world.database.begin("".into()).await?;
        // The roll-up and another comparison wait here, so that revisions follow each other.
        let subscription = subscription::lock(&tx, account, now).await?;
        let sums = batch::sums(&tx, account, meter, from, to).await?;
        let rolled = batch::rolled(&tx, account, from, to).await?;
        let verdict = verdict(&sums, theirs, (from, to), now);
        let mut done = Compared { agreeing: verdict.agreeing.len(), ..Compared::default() };
        for identifier in sums.iter().filter(|sum| verdict.confirms(sum)).map(|sum| sum.identifier.clone()) {
            done.confirmed += 1;
            tx.run(sql(
                "update shared.meter_batch set state = 'confirmed', confirmed_at = $2 where identifier = $1 and state = 'accepted'",
                [identifier.into(), now.into()],
            ))
            .await?;
        }
        for (hour, standing) in &verdict.differing {
            let last = rolled.get(&(meter.as_str().to_owned(), *hour)).copied().unwrap_or_default();
            let repair = NewBatch {
                meter,
                hour: *hour,
                revision: last.revision + 1,
                kind: Kind::Repair,
                quantity: standing.expected - standing.theirs,
                counted_at: counted_for(counted_at(*hour), &subscription, now).min(now),
            };
            tracing::error!(%account, meter = meter.as_str(), %hour, ours = standing.expected, theirs = standing.theirs,
                "an hour differs from the provider's sum and is repaired");
            batch::insert(&tx, account, &repair, false, now).await?;
            tx.run(sql(
                "insert into shared.meter_difference (id, account_id, meter, hour, ours, theirs, repaired_by, found_at) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8)",
                [
                    self.world.chance.uuid(now).into(),
                    account.uuid().into(),
                    meter.as_str().into(),
                    (*hour).into(),
                    standing.expected.into(),
                    standing.theirs.into(),
                    repair.identifier(account).into(),
                    now.into(),
                ],
            ))
            .await?;
            done.differing += 1;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// What the provider has counted of a meter in `from..to`. Each page is asked for in a turn of its own.
    async fn hours(
        &self,
        stripe: &Stripe,
        names: &Names,
        meter: Meter,
        customer: &str,
        span: (Timestamp, Timestamp),
    ) -> Result<Result<HourSums, GatewayError>, StoreError> {
        let mut sums = HourSums::new();
        let mut after: Option<String> = None;
        loop {
            let last = after.as_deref();
            let page = match self.ask(move || stripe.hours(names, meter, customer, span, last)).await? {
                Ok(page) => page,
                Err(error) => return Ok(Err(error)),
            };
            sums.extend(page.sums);
            if page.next.is_none() {
                return Ok(Ok(sums));
            }
            after = page.next;
        }
    }

    /// One hour in both books: the one that an instant counts for.
    pub(super) async fn standing(
        &self,
        stripe: &Stripe,
        account: AccountId,
        meter: Meter,
        customer: &str,
        counted_at: Timestamp,
    ) -> Result<Result<Standing, GatewayError>, StoreError> {
        let (from, to) = (hour_of(counted_at), hour_of(counted_at) + TimeDelta::hours(1));
        let names = match stripe.names(&self.world).await {
            Ok(names) => names,
            Err(BillingError::Store(error)) => return Err(error),
            Err(error) => return Ok(Err(GatewayError::NotSynced(error.to_string()))),
        };
        let theirs = match self.hours(stripe, &names, meter, customer, (from, to)).await? {
            Ok(theirs) => theirs.get(&from).copied().unwrap_or(0),
            Err(error) => return Ok(Err(error)),
        };
        let sums = batch::sums(self.world.database.orm(), account, meter, from, to).await?;
        Ok(Ok(Standing { expected: expected(&sums).get(&from).copied().unwrap_or(0), theirs }))
    }
}

/// What should be at the provider, by the hour it counts for. A repair adds where it counts and explains where it repairs.
fn expected(sums: &[Sum]) -> BTreeMap<Timestamp, i64> {
    let mut hours = BTreeMap::new();
    for sum in sums.iter().filter(|sum| sum.state == "accepted" || sum.state == "confirmed") {
        *hours.entry(hour_of(sum.counted_at)).or_insert(0) += sum.quantity;
        if sum.kind == "repair" {
            *hours.entry(sum.hour).or_insert(0) -= sum.quantity;
        }
    }
    hours
}

struct Verdict {
    agreeing: BTreeSet<Timestamp>,
    differing: Vec<(Timestamp, Standing)>,
}

impl Verdict {
    /// A batch is confirmed with the hour it counts for.
    fn confirms(&self, sum: &Sum) -> bool {
        sum.state == "accepted" && self.agreeing.contains(&hour_of(sum.counted_at))
    }
}

/// Judges every hour of which all that is on its way has arrived.
fn verdict(sums: &[Sum], theirs: &HourSums, (from, to): (Timestamp, Timestamp), now: Timestamp) -> Verdict {
    let expected = expected(sums);
    let is_unsettled = |sum: &Sum| match sum.state.as_str() {
        "pending" | "sent" => true,
        "accepted" => sum.accepted_at.is_none_or(|at| at > now - COUNTED_WITHIN),
        _ => false,
    };
    let mut unsettled = BTreeSet::new();
    for sum in sums.iter().filter(|sum| is_unsettled(sum)) {
        unsettled.insert(hour_of(sum.counted_at));
        if sum.kind == "repair" {
            unsettled.insert(sum.hour);
        }
    }
    let mut verdict = Verdict { agreeing: BTreeSet::new(), differing: Vec::new() };
    let hours: BTreeSet<Timestamp> = expected.keys().chain(theirs.keys()).copied().collect();
    // A repair may reach out of the hours that were asked for.
    for hour in hours.difference(&unsettled).filter(|hour| (from..to).contains(*hour)) {
        let standing = Standing {
            expected: expected.get(hour).copied().unwrap_or(0),
            theirs: theirs.get(hour).copied().unwrap_or(0),
        };
        if standing.expected == standing.theirs {
            verdict.agreeing.insert(*hour);
        } else {
            verdict.differing.push((*hour, standing));
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(number: i64) -> Timestamp {
        "2027-03-10T00:00:00Z".parse::<Timestamp>().unwrap() + TimeDelta::hours(number)
    }

    fn sum(of: i64, quantity: i64, state: &str) -> Sum {
        Sum {
            hour: hour(of),
            counted_at: hour(of) + TimeDelta::seconds(3599),
            kind: "usage".into(),
            quantity,
            state: state.into(),
            identifier: format!("{of}:{quantity}"),
            accepted_at: Some(hour(of + 1)),
        }
    }

    fn repair(of: i64, counted: i64, quantity: i64, state: &str) -> Sum {
        Sum { kind: "repair".into(), counted_at: hour(counted) + TimeDelta::minutes(7), ..sum(of, quantity, state) }
    }

    fn differing(sums: &[Sum], theirs: &[(i64, i64)]) -> Vec<(i64, i64)> {
        let theirs = theirs.iter().map(|(number, quantity)| (hour(*number), *quantity)).collect();
        let found = verdict(sums, &theirs, (hour(0), hour(150)), hour(200)).differing;
        found
            .into_iter()
            .map(|(at, standing)| ((at - hour(0)).num_hours(), standing.expected - standing.theirs))
            .collect()
    }

    #[test]
    fn what_is_lost_doubled_or_foreign_is_found() {
        let sums = [sum(1, 5, "accepted"), sum(2, 7, "confirmed"), sum(3, 2, "accepted")];
        assert_eq!(differing(&sums, &[(1, 5), (2, 7), (3, 2)]), []);
        assert_eq!(differing(&sums, &[(2, 14), (3, 2), (9, 4)]), [(1, 5), (2, -7), (9, -4)]);
    }

    #[test]
    fn hours_with_something_on_its_way_are_left_alone() {
        let sums = [sum(1, 5, "accepted"), sum(1, 2, "sent"), sum(2, 3, "pending")];
        assert_eq!(differing(&sums, &[(1, 7)]), []);
        let young = Sum { accepted_at: Some(hour(200)), ..sum(4, 9, "accepted") };
        assert_eq!(differing(&[young], &[]), [], "it may not be counted yet");
    }

    #[test]
    fn a_repair_in_its_own_hour_makes_the_hour_agree() {
        let sums = [sum(1, 5, "accepted"), repair(1, 1, 5, "accepted")];
        assert_eq!(differing(&sums, &[(1, 5)]), []);
    }

    #[test]
    fn a_repair_that_counts_elsewhere_explains_both_hours() {
        let sums = [sum(1, 5, "accepted"), sum(50, 3, "accepted"), repair(1, 50, 5, "accepted")];
        assert_eq!(differing(&sums, &[(50, 8)]), []);
        assert_eq!(differing(&sums, &[(50, 3)]), [(50, 5)], "a repair that is lost is found as well");
    }

    #[test]
    fn only_hours_that_were_asked_for_are_judged() {
        assert_eq!(differing(&[repair(-3, 5, 2, "accepted")], &[(5, 2)]), []);
    }

    #[test]
    fn all_that_is_expected_is_all_that_was_used() {
        let sums = [
            sum(1, 5, "accepted"),
            sum(2, 4, "confirmed"),
            repair(1, 50, 5, "accepted"),
            repair(2, 2, -4, "confirmed"),
        ];
        assert_eq!(expected(&sums).values().sum::<i64>(), 9);
    }
}
