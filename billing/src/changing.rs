//! Changing what was bought at the provider: by one at a time for each company, with its usage held back until somebody has seen what came
//! of it.
//!
//! What must be absent: letting usage go while a change may have been made that nobody has seen.

use infra::Timestamp;
use tenant::{AccountId, Tenant};
use uuid::Uuid;

use crate::catalogue::{self, Offer};
use crate::failpoint;
use crate::gateway::{GatewayError, Provider};
use crate::service::{Billing, BillingError, Order, changeable};
use crate::stripe::{Names, Stripe};
use crate::subscription::{Contract, Subscription, Terms};

impl Billing {
    /// Changes plan, rhythm or seats there, and looks what holds then.
    pub(crate) async fn change_at(
        &self,
        stripe: &Stripe,
        tenant: &Tenant,
        (offer, order): (&Offer, &Order),
    ) -> Result<Subscription, BillingError> {
        let account = tenant.id();
        let names = stripe.names(&self.world).await?;
        let mut token = self.turn(account).await?;
        if self.is_usage_held(account).await? {
            // A change of before may have been made, and nobody has seen it.
            let customer = self.subscription(tenant).await?.customer;
            self.look_in_turn(stripe, (account, token), customer).await?;
            token = self.turn(account).await?;
        }
        // As it stands now: the turn may have waited for a look that saw something new.
        let (before, customer) = match self.to_change(tenant, order).await {
            Ok(found) => found,
            Err(error) => {
                self.end_look(account, token).await?;
                return Err(error);
            }
        };
        let other = |contract: &&Contract| contract.plan != offer.id || contract.terms != order.terms;
        let Some(contract) = before.live().filter(other) else {
            self.end_look(account, token).await?;
            return self.look_now(stripe, tenant).await;
        };
        match self.swap(stripe, (account, token), (&names, contract), (offer, order.terms)).await {
            Ok(()) => {}
            Err(error) if is_undone(&error) => {
                self.let_usage_go(account, token).await?;
                return Err(error);
            }
            // It may have been done: usage waits for whoever looks, and somebody will.
            Err(error) => {
                self.end_look(account, token).await?;
                return Err(error);
            }
        }
        match self.look_in_turn(stripe, (account, token), Some(customer)).await {
            Ok(Some(_)) => {
                failpoint::pass("change-seen");
                Ok(self.subscription(tenant).await?)
            }
            // Somebody else has looked, and perhaps before it was done.
            Ok(None) => {
                self.hold_usage_on(account).await?;
                self.look_now(stripe, tenant).await
            }
            Err(error) => {
                self.hold_usage_on(account).await?;
                Err(error)
            }
        }
    }

    /// What is to be changed, and whose it is there; refused when that cannot be done now.
    async fn to_change(&self, tenant: &Tenant, order: &Order) -> Result<(Subscription, String), BillingError> {
        let before = self.subscription(tenant).await?;
        let contract = changeable(&before, order)?;
        may_be_less(&before, contract, order, self.world.now())?;
        // Nothing of what we keep ourselves is changed there.
        if contract.provider != Provider::Stripe {
            return Err(GatewayError::NoPortal.into());
        }
        let customer = before.customer.clone().ok_or(GatewayError::NoPortal)?;
        Ok((before, customer))
    }

    /// Holds usage and asks for the change; each question is shorter than the turn.
    async fn swap(
        &self,
        stripe: &Stripe,
        (account, token): (AccountId, Uuid),
        (names, contract): (&Names, &Contract),
        (offer, terms): (&Offer, Terms),
    ) -> Result<(), BillingError> {
        self.hold_usage(account, token).await?;
        failpoint::pass("change-held");
        self.stay_in_turn(account, token).await?;
        stripe.make_flexible(&contract.provider_id).await?;
        self.stay_in_turn(account, token).await?;
        stripe.change(names, contract, offer, terms).await?;
        failpoint::pass("change-done");
        Ok(())
    }

    async fn stay_in_turn(&self, account: AccountId, token: Uuid) -> Result<(), BillingError> {
        if self.go_on_looking(account, token).await? {
            return Ok(());
        }
        Err(GatewayError::Away("somebody else is asking it about this company by now".into()).into())
    }
}

/// Whether it is certain that nothing was done; whatever else went wrong may have been done all the same.
fn is_undone(error: &BillingError) -> bool {
    matches!(
        error,
        BillingError::Gateway(
            GatewayError::Declined | GatewayError::Coupon | GatewayError::Refused(_) | GatewayError::NotSynced(_)
        )
    )
}

/// A smaller plan or a shorter rhythm waits for the next period where prices were changed in this one: after each change everything that a
/// plan includes is included anew, and there and back again would be a way to use for nothing.
pub(crate) fn may_be_less(
    before: &Subscription,
    contract: &Contract,
    order: &Order,
    now: Timestamp,
) -> Result<(), BillingError> {
    let rank = |plan: &str| catalogue::all().iter().position(|offer| offer.id == plan);
    let less = rank(&order.plan) < rank(&contract.plan) || order.terms.interval < contract.terms.interval;
    let changed = before.turned_at.is_some_and(|at| at >= contract.period_from) && now < contract.period_to;
    if contract.provider == Provider::Stripe && less && changed {
        return Err(BillingError::ChangedThisPeriod(contract.period_to));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::catalogue::{Currency, Interval};
    use crate::lifecycle::Status;

    fn at(day: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::days(day)
    }

    fn wanted(plan: &str, interval: Interval) -> Order {
        Order { plan: plan.into(), terms: Terms { currency: Currency::Usd, interval, seats: 3 }, taken: 1 }
    }

    #[test]
    fn what_was_changed_is_made_less_in_the_next_period_and_more_at_any_time() {
        let contract = |provider| Contract {
            provider,
            provider_id: "sub_1".into(),
            status: Status::Active,
            plan: "scale".into(),
            terms: wanted("scale", Interval::Year).terms,
            period_from: at(0),
            period_to: at(365),
            cancels_at_end: false,
            began_at: at(-30),
        };
        let none = Subscription::none(AccountId::from_uuid(Uuid::nil()), "free");
        let changed = |day| Subscription { turned_at: Some(at(day)), ..none.clone() };
        let there = contract(Provider::Stripe);
        let may = |before: &Subscription, contract: &Contract, plan: &str, interval, day| {
            may_be_less(before, contract, &wanted(plan, interval), at(day)).is_ok()
        };
        for less in [("pro", Interval::Year), ("scale", Interval::Month)] {
            assert!(may(&none, &there, less.0, less.1, 40), "nothing was changed yet");
            assert!(!may(&changed(0), &there, less.0, less.1, 40), "the period began with the change");
            assert!(!may(&changed(30), &there, less.0, less.1, 40));
            assert!(may(&changed(-1), &there, less.0, less.1, 40), "that was in another period");
            assert!(may(&changed(30), &there, less.0, less.1, 365), "the next one has begun");
            assert!(may(&changed(30), &contract(Provider::Local), less.0, less.1, 40));
        }
        assert!(may(&changed(30), &there, "scale", Interval::Year, 40), "seats are no prices");
        let monthly = Contract { terms: wanted("scale", Interval::Month).terms, ..there };
        assert!(!may(&changed(30), &monthly, "pro", Interval::Year, 40), "less often paid is no way around it");
        let smaller = Contract { plan: "pro".into(), ..monthly };
        assert!(may(&changed(30), &smaller, "scale", Interval::Year, 40));
    }

    #[test]
    fn only_what_was_refused_outright_is_undone() {
        let unclear = [GatewayError::Away(String::new()), GatewayError::Unreadable(String::new())];
        let clear = [GatewayError::Declined, GatewayError::Coupon, GatewayError::Refused(String::new())];
        assert!(unclear.into_iter().all(|error| !is_undone(&error.into())));
        assert!(clear.into_iter().all(|error| is_undone(&error.into())));
    }
}
