//! Buying at the provider: by one at a time for each company, on one page, and not beside something that lives there already.

use infra::Timestamp;
use tenant::Tenant;

use crate::catalogue::Offer;
use crate::gateway::Provider;
use crate::lifecycle::{NotNow, Verb};
use crate::local::Outcome;
use crate::service::{Billing, BillingError};
use crate::stripe::Stripe;
use crate::subscription::{Subscription, Terms};

impl Billing {
    /// The provider's page where a plan is bought. On those that were opened before nothing can be bought any more.
    pub(crate) async fn check_out_at(
        &self,
        stripe: &Stripe,
        tenant: &Tenant,
        order: (&Offer, Terms),
        email: &str,
        back: &str,
    ) -> Result<String, BillingError> {
        // Turns are taken at the company's row, which is there from now on.
        self.change_row(tenant.id(), |before, now| {
            let bought = elsewhere(before.clone(), now);
            bought.state.may(Verb::CheckOut, bought.live().is_some())?;
            Ok(Outcome { subscription: before, invoice: None })
        })
        .await?;
        let token = self.turn(tenant.id()).await?;
        let page = self.open_page(stripe, tenant, order, email, back).await;
        self.end_look(tenant.id(), token).await?;
        if let Some(url) = page? {
            return Ok(url);
        }
        let known = self.look_now(stripe, tenant).await?;
        Err(NotNow::of(Verb::CheckOut, known.state).into())
    }

    /// `None` when something of the company's lives at the provider, whether or not we had heard of it.
    async fn open_page(
        &self,
        stripe: &Stripe,
        tenant: &Tenant,
        order: (&Offer, Terms),
        email: &str,
        back: &str,
    ) -> Result<Option<String>, BillingError> {
        let names = stripe.names(&self.world).await?;
        let before = self.subscription(tenant).await?;
        let customer = self.customer(stripe, tenant, &before, email).await?;
        // In this order: what was paid just before its page was closed is seen.
        stripe.close_pages(&customer, tenant.id()).await?;
        if !self.living(stripe, &customer).await?.is_empty() {
            return Ok(None);
        }
        // Stripe takes only trials that last two days more.
        let soonest = self.world.now() + chrono::TimeDelta::hours(49);
        let trial = before.trial_ends_at.filter(|end| *end > soonest);
        Ok(Some(stripe.checkout(&names, &customer, tenant.id(), order, trial, back).await?))
    }
}

/// How a company stands with the provider: what nobody charges for was not bought there.
fn elsewhere(before: Subscription, now: Timestamp) -> Subscription {
    if before.contract.as_ref().is_some_and(|contract| contract.provider == Provider::Local) {
        Subscription { contract: None, ..before }.settled(now)
    } else {
        before
    }
}
