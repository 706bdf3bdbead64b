//! Companies that close. What they have bought ends with the period it was paid for, so that restoring within it costs nothing; and
//! at the latest when the company is deleted, so that nobody pays for a company that is gone.

use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::{AccountId, Tenant};
use uuid::Uuid;

use crate::catalogue;
use crate::gateway::GatewayError;
use crate::local::{self, Outcome};
use crate::service::{Billing, BillingError};
use crate::stripe::Stripe;
use crate::subscription::Contract;

#[derive(FromQueryResult)]
struct Leaving {
    account_id: Uuid,
    is_over: bool,
}

impl Billing {
    /// Ends what closed companies have bought. Says how many subscriptions it has told so; what fails is tried again by the next call.
    pub async fn let_closed_go(&self) -> Result<usize, StoreError> {
        let now = self.world.now();
        let leaving: Vec<Leaving> = self
            .world
            .database
            .orm()
            .all(sql(
                "select s.account_id, (a.status = 'deleting' or a.delete_after <= $1) as is_over \
                 from shared.subscription s join shared.account a on a.id = s.account_id \
                 where a.status in ('closed', 'deleting') and s.status in ('trialing', 'active', 'past_due', 'unpaid', 'paused') \
                 and (not s.cancels_at_end or a.status = 'deleting' or a.delete_after <= $1) order by s.account_id limit 500",
                [now.into()],
            ))
            .await?;
        let mut told = 0;
        for Leaving { account_id, is_over } in leaving {
            let account = AccountId::from_uuid(account_id);
            let Some(tenant) = Tenant::find(&self.world, account).await? else { continue };
            match self.let_go(&tenant, is_over).await {
                Ok(()) => told += 1,
                Err(error) => tracing::warn!(%account, %error, "the subscription of a closed company goes on for now"),
            }
        }
        Ok(told)
    }

    async fn let_go(&self, tenant: &Tenant, is_over: bool) -> Result<(), BillingError> {
        let before = self.subscription(tenant).await?;
        let Some(contract) = before.live() else { return Ok(()) };
        let Some(stripe) = self.gateway.keeper(contract.provider)? else {
            let now = self.world.now();
            let used = if is_over { self.used(tenant, &before, contract, now).await? } else { Vec::new() };
            return self
                .change_row(tenant.id(), |found, now| {
                    let Some(contract) = found.live().cloned() else {
                        return Ok(Outcome { subscription: found, invoice: None });
                    };
                    if !is_over {
                        return Ok(local::cancel(found, &contract, true, now));
                    }
                    let offer = catalogue::plan(&contract.plan).ok_or(BillingError::PlanUnknown)?;
                    Ok(local::end(found, &contract, &offer, &used, now))
                })
                .await
                .map(drop);
        };
        let customer = before.customer.as_deref().ok_or(GatewayError::NoPortal)?;
        if is_over {
            self.end_all(stripe, customer).await?;
        } else {
            self.cancel_at(stripe, customer, contract, true).await?;
        }
        self.look_now(stripe, tenant).await.map(drop)
    }

    /// Lets all that a customer has bought from us end with its period. What goes on is the one that counts, and no other.
    pub(crate) async fn cancel_at(
        &self,
        stripe: &Stripe,
        customer: &str,
        contract: &Contract,
        at_end: bool,
    ) -> Result<(), BillingError> {
        let ids = if at_end { self.living(stripe, customer).await? } else { vec![contract.provider_id.clone()] };
        for id in &ids {
            self.ask(move || stripe.cancel(id, at_end)).await??;
        }
        Ok(())
    }

    /// Ends all that a customer has bought from us now. What has ended unheard is not there any more the next time.
    async fn end_all(&self, stripe: &Stripe, customer: &str) -> Result<(), BillingError> {
        for id in self.living(stripe, customer).await? {
            self.take_turn().await?;
            stripe.end(&id).await?;
        }
        Ok(())
    }
}
