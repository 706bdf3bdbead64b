//! What a company has bought, chosen and owes: one row of `shared.subscription`, and the state that follows from it.
//!
//! What must be absent: talking to a provider.

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, Tx, sql};
use sea_orm::FromQueryResult;
use tenant::AccountId;
use tenant::world::World;
use uuid::Uuid;

use crate::catalogue::{Currency, Interval};
use crate::gateway::Provider;
use crate::invoice::discount::Discount;
use crate::lifecycle::{self, Facts, NotNow, State, Status, Verb};
use crate::metering;

/// What was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// In which currency.
    pub currency: Currency,
    /// How often is paid.
    pub interval: Interval,
    /// For how many people.
    pub seats: u32,
}

/// A subscription as its provider tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// Who keeps it.
    pub provider: Provider,
    /// Its name there.
    pub provider_id: String,
    /// How it stands.
    pub status: Status,
    /// The plan.
    pub plan: String,
    /// And how much of it.
    pub terms: Terms,
    /// The first instant of the present period.
    pub period_from: Timestamp,
    /// The first instant after it.
    pub period_to: Timestamp,
    /// Whether it ends then.
    pub cancels_at_end: bool,
    /// When it began: usage of before is not charged.
    pub began_at: Timestamp,
}

/// What letters a company wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alerts {
    /// When half, most and all of what is included has been used.
    pub included: bool,
    /// When half, most and all of this amount a period is owed.
    pub budget_minor: Option<i64>,
}

/// Everything that is known of a company's subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Whose.
    pub account_id: AccountId,
    /// The plan that was chosen last; it holds while the state says so.
    pub plan: String,
    /// As it was settled last.
    pub state: State,
    /// The contract, when there is or was one.
    pub contract: Option<Contract>,
    /// When the trial began, if it ever did.
    pub trial_started_at: Option<Timestamp>,
    /// When it ends or ended.
    pub trial_ends_at: Option<Timestamp>,
    /// Since when a payment is missing.
    pub payment_failed_at: Option<Timestamp>,
    /// Usage from before it is not charged.
    pub metered_from: Option<Timestamp>,
    /// When prices were last changed before the period was over, by another plan or rhythm: what had been told was invoiced at once.
    pub turned_at: Option<Timestamp>,
    /// What is left over of downgrades; in the provider's books, when it was bought there.
    pub credit_minor: i64,
    /// What coupons take off at the provider.
    pub discounts: Vec<Discount>,
    /// The provider's name for the company.
    pub customer: Option<String>,
    /// Usage stops at what is included.
    pub hard_limit: bool,
    /// What letters are wanted.
    pub alerts: Alerts,
    /// When the provider was last asked.
    pub seen_at: Option<Timestamp>,
}

impl Subscription {
    /// A company that has never done anything about it. `plan` is what its account says.
    pub fn none(account_id: AccountId, plan: &str) -> Self {
        Self {
            account_id,
            plan: plan.to_owned(),
            state: State::Free,
            contract: None,
            trial_started_at: None,
            trial_ends_at: None,
            payment_failed_at: None,
            metered_from: None,
            turned_at: None,
            credit_minor: 0,
            discounts: Vec::new(),
            customer: None,
            hard_limit: false,
            alerts: Alerts { included: true, budget_minor: None },
            seen_at: None,
        }
    }

    /// Whether there is a contract that can be changed.
    pub fn live(&self) -> Option<&Contract> {
        self.contract.as_ref().filter(|contract| contract.status.is_live())
    }

    /// Since when what is used now is charged together, and what is included counts: since the period began, or its prices changed.
    pub fn open_since(&self, contract: &Contract) -> Timestamp {
        match contract.provider {
            Provider::Local => contract.period_from,
            Provider::Stripe => metering::open_since(contract, self.turned_at),
        }
    }

    /// What was bought, for a change of it; refused when nothing was.
    pub fn live_terms(&self) -> Result<Terms, NotNow> {
        self.state.may(Verb::Change, self.live().is_some())?;
        self.live().map_or_else(|| Err(NotNow::of(Verb::Change, self.state)), |contract| Ok(contract.terms))
    }

    /// What the state follows from.
    pub fn facts(&self) -> Facts {
        Facts {
            status: self.contract.as_ref().map(|contract| contract.status),
            trial_ends_at: self.trial_ends_at,
            period_to: self.contract.as_ref().map(|contract| contract.period_to),
            payment_failed_at: self.payment_failed_at,
            elsewhere: self.contract.as_ref().is_some_and(|contract| contract.provider == Provider::Stripe),
        }
    }

    /// What holds after the provider was asked: what was bought from us alone does, until something has been bought there.
    pub(crate) fn holding(&self, told: Option<Contract>) -> Option<Contract> {
        let lives = told.as_ref().is_some_and(|contract| contract.status.is_live());
        let ours = self.contract.as_ref().filter(|contract| contract.provider == Provider::Local && !lives);
        ours.cloned().or(told)
    }

    /// Takes in what the provider says now. Says nothing of the past: what was known before only tells since when a payment is missing.
    #[must_use]
    pub fn seen(self, contract: Option<Contract>, now: Timestamp) -> Self {
        let overdue = contract.as_ref().is_some_and(|contract| match contract.status {
            Status::PastDue | Status::Unpaid => true,
            Status::Incomplete
            | Status::IncompleteExpired
            | Status::Trialing
            | Status::Active
            | Status::Paused
            | Status::Canceled => false,
        });
        // A contract that has begun uses the trial up.
        let began = contract.as_ref().filter(|contract| contract.status.is_live()).map(|contract| contract.began_at);
        let metered_from = match (&self.contract, &contract) {
            (Some(before), Some(after)) if before.provider_id == after.provider_id => {
                self.metered_from.or(Some(after.began_at))
            }
            (_, Some(after)) => Some(after.began_at),
            (_, None) => self.metered_from,
        };
        let turned_at = metering::turned_at(&self, contract.as_ref(), now);
        // What is not paid yet changes nothing of what is held.
        let held = contract.as_ref().filter(|contract| contract.status.is_live());
        let plan = held.map_or_else(|| self.plan.clone(), |contract| contract.plan.clone());
        Self {
            plan,
            payment_failed_at: if overdue { self.payment_failed_at.or(Some(now)) } else { None },
            trial_started_at: self.trial_started_at.or(began),
            metered_from,
            turned_at,
            contract,
            seen_at: Some(now),
            ..self
        }
    }

    /// Computes the state anew.
    #[must_use]
    pub fn settled(self, now: Timestamp) -> Self {
        Self { state: lifecycle::state(&self.facts(), now), ..self }
    }
}

#[derive(FromQueryResult)]
struct Row {
    account_id: Uuid,
    plan: String,
    state: String,
    provider: Option<String>,
    status: Option<String>,
    currency: Option<String>,
    every: Option<String>,
    seats: Option<i32>,
    period_from: Option<Timestamp>,
    period_to: Option<Timestamp>,
    cancels_at_end: bool,
    trial_started_at: Option<Timestamp>,
    trial_ends_at: Option<Timestamp>,
    payment_failed_at: Option<Timestamp>,
    metered_from: Option<Timestamp>,
    turned_at: Option<Timestamp>,
    began_at: Option<Timestamp>,
    credit_minor: i64,
    discounts: serde_json::Value,
    customer: Option<String>,
    provider_id: Option<String>,
    hard_limit: bool,
    alert_included: bool,
    budget_minor: Option<i64>,
    seen_at: Option<Timestamp>,
}

impl TryFrom<Row> for Subscription {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let account_id = AccountId::from_uuid(row.account_id);
        let bad = |what: &str| StoreError::Inconsistent {
            table: "shared.subscription",
            id: account_id.to_string(),
            what: what.to_owned(),
        };
        let contract = match (row.provider.as_deref(), row.status.as_deref()) {
            (Some(provider), Some(status)) => Some(Contract {
                provider: Provider::parse(provider).ok_or_else(|| bad("an unknown provider"))?,
                provider_id: row.provider_id.ok_or_else(|| bad("a contract without a name"))?,
                status: Status::parse(status).ok_or_else(|| bad("an unknown status"))?,
                plan: row.plan.clone(),
                terms: Terms {
                    currency: row.currency.as_deref().and_then(Currency::parse).ok_or_else(|| bad("no currency"))?,
                    interval: row.every.as_deref().and_then(Interval::parse).ok_or_else(|| bad("no interval"))?,
                    seats: row.seats.and_then(|seats| u32::try_from(seats).ok()).ok_or_else(|| bad("no seats"))?,
                },
                period_from: row.period_from.ok_or_else(|| bad("a contract without a period"))?,
                period_to: row.period_to.ok_or_else(|| bad("a contract without a period"))?,
                cancels_at_end: row.cancels_at_end,
                began_at: row.began_at.ok_or_else(|| bad("a contract that never began"))?,
            }),
            _ => None,
        };
        Ok(Self {
            account_id,
            state: State::parse(&row.state).ok_or_else(|| bad("an unknown state"))?,
            plan: row.plan,
            contract,
            trial_started_at: row.trial_started_at,
            trial_ends_at: row.trial_ends_at,
            payment_failed_at: row.payment_failed_at,
            metered_from: row.metered_from,
            turned_at: row.turned_at,
            credit_minor: row.credit_minor,
            discounts: serde_json::from_value(row.discounts).map_err(|_| bad("unreadable discounts"))?,
            customer: row.customer,
            hard_limit: row.hard_limit,
            alerts: Alerts { included: row.alert_included, budget_minor: row.budget_minor },
            seen_at: row.seen_at,
        })
    }
}

/// The columns of [`Row`], with `$tail` behind them.
macro_rules! select_subscription {
    ($tail:literal) => {
        concat!(
            "select account_id, plan, state, provider, status, currency, every, seats, period_from, period_to, cancels_at_end, trial_started_at, \
               trial_ends_at, payment_failed_at, metered_from, began_at, credit_minor, customer, provider_id, hard_limit, alert_included, \
               budget_minor, seen_at, turned_at, discounts from shared.subscription ",
            $tail
        )
    };
}

/// What is known of a company; `plan` is what its account says, for one that has no row yet.
pub async fn find(world: &World, account: AccountId, plan: &str) -> Result<Subscription, StoreError> {
    let row: Option<Row> =
        world.database.orm().one(sql(select_subscription!("where account_id = $1"), [account.uuid().into()])).await?;
    row.map_or_else(|| Ok(Subscription::none(account, plan)), Subscription::try_from)
}

/// The same, locked until the end of the transaction. Makes the row when there is none.
pub async fn lock(tx: &Tx, account: AccountId, now: Timestamp) -> Result<Subscription, StoreError> {
    tx.run(sql(
        "insert into shared.subscription (account_id, plan, state, created_at, updated_at) \
         select id, plan, 'free', $2, $2 from shared.account where id = $1 on conflict do nothing",
        [account.uuid().into(), now.into()],
    ))
    .await?;
    let row: Option<Row> =
        tx.one(sql(select_subscription!("where account_id = $1 for update"), [account.uuid().into()])).await?;
    row.ok_or_else(|| StoreError::Refused("a subscription of no account".into()))?.try_into()
}

/// Saves all of it, with the plan that holds now on the account itself.
pub async fn save(tx: &Tx, subscription: &Subscription, now: Timestamp) -> Result<(), StoreError> {
    let contract = subscription.contract.as_ref();
    let terms = contract.map(|contract| contract.terms);
    let discounts =
        serde_json::to_value(&subscription.discounts).map_err(|error| StoreError::Refused(error.to_string()))?;
    tx.run(sql(
        "update shared.subscription set plan = $2, state = $3, provider = $4, status = $5, currency = $6, every = $7, seats = $8, \
           period_from = $9, period_to = $10, cancels_at_end = $11, trial_started_at = $12, trial_ends_at = $13, \
           payment_failed_at = $14, metered_from = $15, credit_minor = $16, customer = $17, provider_id = $18, hard_limit = $19, \
           alert_included = $20, budget_minor = $21, seen_at = $22, began_at = $23, turned_at = $24, updated_at = $25, \
           discounts = $26 where account_id = $1",
        [
            subscription.account_id.uuid().into(),
            subscription.plan.clone().into(),
            subscription.state.as_str().into(),
            contract.map(|contract| contract.provider.as_str()).into(),
            contract.map(|contract| contract.status.as_str()).into(),
            terms.map(|terms| terms.currency.as_str()).into(),
            terms.map(|terms| terms.interval.as_str()).into(),
            terms.and_then(|terms| i32::try_from(terms.seats).ok()).into(),
            contract.map(|contract| contract.period_from).into(),
            contract.map(|contract| contract.period_to).into(),
            contract.is_some_and(|contract| contract.cancels_at_end).into(),
            subscription.trial_started_at.into(),
            subscription.trial_ends_at.into(),
            subscription.payment_failed_at.into(),
            subscription.metered_from.into(),
            subscription.credit_minor.into(),
            subscription.customer.clone().into(),
            contract.map(|contract| contract.provider_id.clone()).into(),
            subscription.hard_limit.into(),
            subscription.alerts.included.into(),
            subscription.alerts.budget_minor.into(),
            subscription.seen_at.into(),
            contract.map(|contract| contract.began_at).into(),
            subscription.turned_at.into(),
            now.into(),
            discounts.into(),
        ],
    ))
    .await?;
    // A company of a plan that is not for sale keeps it until it buys one.
    if subscription.contract.is_some() || subscription.trial_started_at.is_some() {
        let plan = if subscription.state.holds_plan() { subscription.plan.as_str() } else { "free" };
        tx.run(sql(
            "update shared.account set plan = $2, updated_at = $3 where id = $1 and plan <> $2",
            [subscription.account_id.uuid().into(), plan.into(), now.into()],
        ))
        .await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct Whose {
    account_id: Uuid,
}

/// Companies whose state may have changed by time alone.
pub async fn to_settle(world: &World, now: Timestamp) -> Result<Vec<AccountId>, StoreError> {
    let rows: Vec<Whose> = world
        .database
        .orm()
        .all(sql(
            "select account_id from shared.subscription where (state = 'trialing' and trial_ends_at <= $1 and status is null) \
             or (state = 'grace' and payment_failed_at <= $2) \
             or (state in ('active', 'trialing') and provider = 'stripe' and period_to <= $3) \
             or (provider = 'local' and status in ('active', 'trialing') and period_to <= $1) order by account_id limit 500",
            [now.into(), (now - lifecycle::GRACE).into(), (now - lifecycle::LAST_KNOWN_GOOD).into()],
        ))
        .await?;
    Ok(rows.into_iter().map(|row| AccountId::from_uuid(row.account_id)).collect())
}

/// Whose customer this is at the provider.
pub async fn of_customer(world: &World, customer: &str) -> Result<Option<AccountId>, StoreError> {
    let row: Option<Whose> = world
        .database
        .orm()
        .one(sql("select account_id from shared.subscription where customer = $1", [customer.into()]))
        .await?;
    Ok(row.map(|row| AccountId::from_uuid(row.account_id)))
}

#[derive(FromQueryResult)]
struct Company {
    name: String,
}

/// A company's name.
pub(crate) async fn company(tx: &Tx, account: AccountId) -> Result<String, StoreError> {
    let row: Option<Company> =
        tx.one(sql("select name from shared.account where id = $1", [account.uuid().into()])).await?;
    Ok(row.map(|row| row.name).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(day: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::days(day)
    }

    fn contract(status: Status) -> Contract {
        Contract {
            provider: Provider::Stripe,
            provider_id: "sub_1".into(),
            status,
            plan: "pro".into(),
            terms: Terms { currency: Currency::Usd, interval: Interval::Month, seats: 3 },
            period_from: at(0),
            period_to: at(30),
            cancels_at_end: false,
            began_at: at(0),
        }
    }

    fn new() -> Subscription {
        Subscription::none(AccountId::from_uuid(Uuid::nil()), "free")
    }

    #[test]
    fn the_grace_period_counts_from_the_first_failure_seen() {
        let once = new().seen(Some(contract(Status::PastDue)), at(1));
        let twice = once.seen(Some(contract(Status::PastDue)), at(5)).settled(at(5));
        assert_eq!((twice.payment_failed_at, twice.state), (Some(at(1)), State::Grace));
        assert_eq!(twice.clone().settled(at(8)).state, State::Restricted);
        let paid = twice.seen(Some(contract(Status::Active)), at(9)).settled(at(9));
        assert_eq!((paid.payment_failed_at, paid.state), (None, State::Active));
    }

    #[test]
    fn looking_twice_changes_nothing() {
        let once = new().seen(Some(contract(Status::Active)), at(1)).settled(at(1));
        assert_eq!(once.clone().seen(Some(contract(Status::Active)), at(1)).settled(at(1)), once);
    }

    #[test]
    fn a_checkout_that_was_not_paid_gives_nothing() {
        let trying = Subscription { plan: "pro".into(), trial_ends_at: Some(at(14)), ..new() };
        let larger = Contract { plan: "scale".into(), ..contract(Status::Incomplete) };
        let after = trying.seen(Some(larger), at(1)).settled(at(1));
        assert_eq!((after.plan.as_str(), after.state), ("pro", State::Trialing));
    }

    #[test]
    fn what_was_bought_before_there_was_a_provider_holds_until_something_is_bought_there() {
        let local = Contract { provider: Provider::Local, ..contract(Status::Active) };
        let before = new().seen(Some(local.clone()), at(1));
        assert_eq!(before.holding(None), Some(local.clone()));
        assert_eq!(before.holding(Some(contract(Status::Incomplete))), Some(local));
        assert_eq!(before.holding(Some(contract(Status::Trialing))), Some(contract(Status::Trialing)));
        let there = new().seen(Some(contract(Status::Active)), at(1));
        assert_eq!(there.holding(None), None);
    }

    #[test]
    fn a_period_that_is_cut_short_is_known_and_one_that_ends_in_time_is_none() {
        let once = new().seen(Some(contract(Status::Active)), at(1));
        let next = Contract { period_from: at(30), period_to: at(60), ..contract(Status::Active) };
        let renewed = once.clone().seen(Some(next.clone()), at(31));
        assert_eq!((once.turned_at, renewed.turned_at), (None, None));
        let year = Contract { period_from: at(40), period_to: at(405), ..next };
        let turned = renewed.seen(Some(year.clone()), at(40));
        assert_eq!(turned.turned_at, Some(at(40)));
        assert_eq!(turned.seen(Some(year), at(41)).turned_at, Some(at(40)), "looking twice changes nothing");
    }

    #[test]
    fn a_second_subscription_is_metered_from_its_own_beginning() {
        let first = new().seen(Some(contract(Status::Canceled)), at(20));
        assert_eq!(first.metered_from, Some(at(0)));
        let next = Contract { provider_id: "sub_2".into(), began_at: at(40), ..contract(Status::Active) };
        assert_eq!(first.seen(Some(next), at(41)).metered_from, Some(at(40)));
    }

    #[test]
    fn who_has_bought_cannot_try_for_nothing_afterwards() {
        let ended = new().seen(Some(contract(Status::Active)), at(1)).seen(None, at(2)).settled(at(2));
        assert!(ended.trial_started_at.is_some());
    }
}
