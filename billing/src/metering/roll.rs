//! The roll-up: sums of closed hours become batches. What an hour has become since, up or down, becomes a further revision of it
//! with the difference, so that nothing is ever taken back or counted twice.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::usage::{Hour, hourly};
use tenant::{AccountId, Tenant};
use uuid::Uuid;

use super::batch::{self, Kind, NewBatch, Rolled};
use super::stamp::counted_for;
use super::{CHARGED, CLOSED_AFTER, TOO_OLD};
use crate::failpoint;
use crate::gateway::Provider;
use crate::lifecycle::Status;
use crate::period::{counted_at, hour_of};
use crate::service::Billing;
use crate::subscription::{self, Subscription};

/// How far back an ordinary roll-up looks for what came late.
const USUAL_LOOK_BACK: TimeDelta = TimeDelta::hours(26);
/// How long a roll-up may take before another one may begin.
const LEASE: TimeDelta = TimeDelta::seconds(60);

#[derive(FromQueryResult)]
struct Due {
    account_id: Uuid,
    database: Option<String>,
}

/// What a round of rolling up has come to.
#[derive(Debug, Clone, Copy, Default)]
struct Round {
    companies: usize,
    batches: usize,
}

#[derive(FromQueryResult)]
struct Claimed {
    rolled_to: Option<Timestamp>,
}

impl Billing {
    /// Rolls up what companies have used in hours that have closed since the last time. Says how many batches that made.
    pub async fn roll_up(&self) -> Result<usize, StoreError> {
        Ok(self.roll_round().await?.batches)
    }

    /// The same for everybody, however many they are.
    pub async fn roll_up_all(&self) -> Result<usize, StoreError> {
        let mut made = 0;
        loop {
            let round = self.roll_round().await?;
            made += round.batches;
            if round.companies == 0 {
                return Ok(made);
            }
        }
    }

    async fn roll_round(&self) -> Result<Round, StoreError> {
        if self.gateway.stripe().is_none() {
            return Ok(Round::default());
        }
        let closed = hour_of(self.world.now() - CLOSED_AFTER);
        let due: Vec<Due> = self
            .world
            .database
            .orm()
            .all(sql(
                // A mark ahead of the clock is one of a clock that has been set back since: the hours are looked at again. Who
                // could not be rolled up the last time still has its lease, and comes after everybody else.
                "select s.account_id, a.database from shared.subscription s join shared.account a on a.id = s.account_id \
                 where s.provider = 'stripe' and s.customer is not null and s.metered_from is not null \
                 and a.status not in ('deleting', 'deleted') and (s.rolled_to is null or s.rolled_to <> $1) \
                 and (s.roll_until is null or s.roll_until < $2 or s.roll_until > $3) \
                 order by s.roll_until nulls first, s.rolled_to nulls first limit 500",
                [closed.into(), self.world.now().into(), (self.world.now() + LEASE + LEASE).into()],
            ))
            .await?;
        let mut round = Round::default();
        // Further databases that do not answer: this round waits for each of them once.
        let mut away: Vec<String> = Vec::new();
        for row in due {
            if row.database.as_ref().is_some_and(|database| away.contains(database)) {
                continue;
            }
            let account = AccountId::from_uuid(row.account_id);
            match self.roll(account, USUAL_LOOK_BACK).await {
                Ok(made) => {
                    round.companies += 1;
                    round.batches += made;
                }
                Err(error) => {
                    tracing::error!(%account, %error, "a company's usage cannot be rolled up now");
                    if matches!(error, StoreError::Unavailable(_)) {
                        away.extend(row.database);
                    }
                }
            }
        }
        Ok(round)
    }

    /// Rolls one company up, looking so far back.
    pub(super) async fn roll(&self, account: AccountId, look_back: TimeDelta) -> Result<usize, StoreError> {
        let Some(tenant) = Tenant::find(&self.world, account).await? else { return Ok(0) };
        let now = self.world.now();
        let token = self.world.chance.uuid(now);
        let claimed: Option<Claimed> = self
            .world
            .database
            .orm()
            .one(sql(
                "update shared.subscription set roll_token = $2, roll_until = $3 where account_id = $1 \
                 and (roll_until is null or roll_until < $4 or roll_until > $5) returning rolled_to",
                [account.uuid().into(), token.into(), (now + LEASE).into(), now.into(), (now + LEASE + LEASE).into()],
            ))
            .await?;
        let Some(claimed) = claimed else { return Ok(0) };
        let subscription = subscription::find(&self.world, account, &tenant.account.plan).await?;
        let Some(metered_from) = subscription.metered_from else { return Ok(0) };
        let closed = hour_of(now - CLOSED_AFTER);
        let end = end_of(&subscription).map_or(closed, |end| end.min(closed));
        let from = hour_of(metered_from).max(end.min(claimed.rolled_to.unwrap_or(metered_from)) - look_back);
        let from = hour_of(from).max(hour_of(metered_from));
        let tx = tenant.begin().await?;
        let usage = if from < end { hourly(&tx, from.max(metered_from), end).await? } else { Vec::new() };
        drop(tx);

        let tx = self.world.database.begin("".into()).await?;
        // Only who still holds the lease writes: what was read before somebody else's roll-up is old.
        let ours = tx
            .run(sql(
                "update shared.subscription set roll_token = null, roll_until = null, rolled_to = $3 where account_id = $1 and roll_token = $2",
                [account.uuid().into(), token.into(), closed.into()],
            ))
            .await?;
        if ours == 0 {
            return Ok(0);
        }
        let rolled = batch::rolled(&tx, account, from, end).await?;
        let batches = revisions(&usage, &rolled, &subscription, now);
        for batch in &batches {
            let too_old = batch.counted_at < now - TOO_OLD;
            if too_old {
                tracing::error!(%account, meter = batch.meter.as_str(), hour = %batch.hour, quantity = batch.quantity,
                    "usage is too old to be charged: somebody has to see to it");
            }
            batch::insert(&tx, account, batch, too_old, now).await?;
        }
        failpoint::pass("meter-rolled");
        tx.commit().await?;
        Ok(batches.len())
    }
}

/// Usage from after the end of a subscription is not charged.
fn end_of(subscription: &Subscription) -> Option<Timestamp> {
    let contract = subscription.contract.as_ref().filter(|contract| contract.provider == Provider::Stripe)?;
    (contract.status == Status::Canceled).then(|| hour_of(contract.period_to))
}

/// The differences between what was used and what has been rolled up of it.
fn revisions(
    usage: &[Hour],
    rolled: &BTreeMap<(String, Timestamp), Rolled>,
    subscription: &Subscription,
    now: Timestamp,
) -> Vec<NewBatch> {
    let mut hours: BTreeMap<(String, Timestamp), i64> = rolled.keys().map(|key| (key.clone(), 0)).collect();
    for hour in usage {
        hours.insert((hour.meter.clone(), hour.hour), hour.quantity);
    }
    let mut batches = Vec::new();
    for ((name, hour), quantity) in hours {
        let Some(meter) = CHARGED.into_iter().find(|meter| meter.as_str() == name) else { continue };
        let known = rolled.get(&(name, hour)).copied().unwrap_or_default();
        if quantity != known.quantity {
            batches.push(NewBatch {
                meter,
                hour,
                revision: known.revision + 1,
                kind: Kind::Usage,
                quantity: quantity - known.quantity,
                counted_at: counted_for(counted_at(hour), subscription, now),
            });
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Currency, Interval};
    use crate::subscription::{Contract, Terms};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn subscription() -> Subscription {
        let contract = Contract {
            provider: Provider::Stripe,
            provider_id: "sub_1".into(),
            status: Status::Active,
            plan: "pro".into(),
            terms: Terms { currency: Currency::Usd, interval: Interval::Month, seats: 1 },
            period_from: at("2027-03-01T02:17:33Z"),
            period_to: at("2027-04-01T02:17:33Z"),
            cancels_at_end: false,
            began_at: at("2027-01-01T02:17:33Z"),
        };
        let none = Subscription::none(AccountId::from_uuid(Uuid::nil()), "free");
        none.seen(Some(contract), at("2027-03-02T00:00:00Z"))
    }

    fn used(hour: &str, quantity: i64) -> Hour {
        Hour { meter: "messages".into(), hour: at(hour), quantity }
    }

    fn known(hour: &str, quantity: i64, revision: i32) -> BTreeMap<(String, Timestamp), Rolled> {
        BTreeMap::from([(("messages".to_owned(), at(hour)), Rolled { quantity, revision })])
    }

    #[test]
    fn an_hour_is_told_once_and_then_only_its_difference() {
        let now = at("2027-03-10T12:10:00Z");
        let hour = "2027-03-10T10:00:00Z";
        let told = |usage: &[Hour], known| -> Vec<(i32, i64)> {
            revisions(usage, &known, &subscription(), now)
                .iter()
                .map(|batch| (batch.revision, batch.quantity))
                .collect()
        };
        assert_eq!(told(&[used(hour, 7)], BTreeMap::new()), [(1, 7)]);
        assert_eq!(told(&[used(hour, 7)], known(hour, 7, 1)), []);
        assert_eq!(told(&[used(hour, 9)], known(hour, 7, 1)), [(2, 2)]);
        assert_eq!(told(&[used(hour, 4)], known(hour, 9, 2)), [(3, -5)]);
        assert_eq!(told(&[], known(hour, 4, 3)), [(4, -4)], "what is gone is taken back");
    }

    #[test]
    fn what_is_not_charged_is_not_told() {
        let seats = Hour { meter: "agents".into(), ..used("2027-03-10T10:00:00Z", 3) };
        assert_eq!(revisions(&[seats], &BTreeMap::new(), &subscription(), at("2027-03-10T12:10:00Z")), []);
    }

    #[test]
    fn the_name_of_a_batch_is_the_company_the_meter_the_hour_and_the_revision() {
        let batches = revisions(
            &[used("2027-03-10T10:00:00Z", 7)],
            &BTreeMap::new(),
            &subscription(),
            at("2027-03-10T12:10:00Z"),
        );
        let name = batches[0].identifier(AccountId::from_uuid(Uuid::nil()));
        assert_eq!(name, "00000000000000000000000000:messages:20270310T10:1");
    }
}
