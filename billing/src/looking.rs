//! Asking the provider how a company stands, and taking the answer over. One look at a time for each company: who is late, or was
//! overtaken, changes nothing.
//!
//! What must be absent: believing an event. An event says that there is something to see; what is seen counts.

use std::time::Duration;

use chrono::TimeDelta;
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, Tx, sql};
use infra::spoken::OrLog as _;
use sea_orm::FromQueryResult;
use tenant::{AccountId, Tenant};
use uuid::Uuid;

use crate::failpoint;
use crate::gateway::{GatewayError, Provider};
use crate::invoice::{self, InvoiceStatus};
use crate::service::{Billing, BillingError};
use crate::stripe::{Buyer, Listed, Look, Stripe};
use crate::subscription::{self, Subscription};

/// How long a look may take before another one may begin.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How long somebody who has just changed something waits for a look that is under way.
const TURNS: u32 = 30;
const TURN: Duration = Duration::from_millis(100);
/// How old what is known of a subscription may get without an event.
const AFRESH: TimeDelta = TimeDelta::hours(24);

#[derive(FromQueryResult)]
struct Asked {
    customer: Option<String>,
}

#[derive(FromQueryResult)]
struct Name {
    id: String,
}

#[derive(FromQueryResult)]
struct Whose {
    account_id: Uuid,
}

impl Billing {
    /// The provider's name for a company; makes it known there first if need be.
    pub(crate) async fn customer(
        &self,
        stripe: &Stripe,
        tenant: &Tenant,
        before: &Subscription,
        email: &str,
    ) -> Result<String, BillingError> {
        if let Some(customer) = &before.customer {
            return Ok(customer.clone());
        }
        let buyer = Buyer { account: tenant.id(), name: tenant.account.name.clone(), email: email.to_owned() };
        let customer = stripe.customer(&buyer).await?;
        let now = self.world.now();
        let tx = self.world.database.begin("".into()).await?;
        let found = subscription::lock(&tx, tenant.id(), now).await?;
        // Somebody was quicker: theirs holds, so that there is one.
        let customer = found.customer.clone().unwrap_or(customer);
        subscription::save(&tx, &Subscription { customer: Some(customer.clone()), ..found }, now).await?;
        tx.commit().await?;
        Ok(customer)
    }

    /// Looks, and waits for its turn to.
    pub(crate) async fn look_now(&self, stripe: &Stripe, tenant: &Tenant) -> Result<Subscription, BillingError> {
        for _ in 0..TURNS {
            if self.look_at(stripe, tenant.id()).await?.is_some() {
                return Ok(self.subscription(tenant).await?);
            }
            self.world.clock.pause(TURN).await;
        }
        Ok(self.subscription(tenant).await?)
    }

    /// Waits until nobody else asks about a company, which has a row. Nobody else does until the look is ended by the token.
    pub(crate) async fn turn(&self, account: AccountId) -> Result<Uuid, BillingError> {
        let token = self.world.chance.uuid(self.world.now());
        for _ in 0..TURNS {
            if self.claim_look(account, token).await?.is_some() {
                return Ok(token);
            }
            self.world.clock.pause(TURN).await;
        }
        Err(GatewayError::Away("somebody else is asking it about this company".into()).into())
    }

    /// Looks how a company stands. `None` when somebody else is looking; otherwise whether what it may have has changed.
    pub async fn look_at(&self, stripe: &Stripe, account: AccountId) -> Result<Option<bool>, BillingError> {
        let token = self.world.chance.uuid(self.world.now());
        match self.claim_look(account, token).await? {
            Some(asked) => self.look_in_turn(stripe, (account, token), asked.customer).await,
            None => Ok(None),
        }
    }

    /// The same for whoever has the turn, which ends with the look.
    pub(crate) async fn look_in_turn(
        &self,
        stripe: &Stripe,
        (account, token): (AccountId, Uuid),
        customer: Option<String>,
    ) -> Result<Option<bool>, BillingError> {
        let Some(customer) = customer else {
            self.end_look(account, token).await?;
            return Ok(Some(false));
        };
        // What comes while we look is looked at again.
        let began = self.world.now();
        let events = self.pending_of(&customer).await?;
        match self.see(stripe, (account, token), &customer).await {
            Ok(look) => self.take_over(account, (token, began), look, &events).await,
            Err(error) => {
                self.postpone(&events, &error.to_string()).await?;
                self.end_look(account, token).await?;
                Err(error)
            }
        }
    }

    /// What the provider says now, each question in a turn of its own: events come by the dozen.
    async fn see(&self, stripe: &Stripe, whose: (AccountId, Uuid), customer: &str) -> Result<Look, BillingError> {
        let (account, token) = whose;
        let names = &stripe.names(&self.world).await?;
        let bought = self.ask(move || stripe.bought(customer)).await??;
        let mut invoices = Vec::new();
        for Listed { mut copy, off, mut after } in self.ask(move || stripe.invoices(names, customer)).await?? {
            // What is paid or void changes no more: what is kept of it need not be read page by page for every event.
            if after.is_some()
                && matches!(copy.status, InvoiceStatus::Paid | InvoiceStatus::Void)
                && let Some(kept) = invoice::kept_lines(&self.world, account, &copy).await?
                && kept.len() > copy.lines.len() + usize::from(off.is_some())
            {
                copy.lines = kept;
                invoices.push(copy);
                continue;
            }
            while let Some(last) = after.as_deref() {
                self.go_on_looking(account, token).await?;
                let invoice = copy.provider_id.as_str();
                let (lines, next) = self.ask(move || stripe.further_lines(names, invoice, last)).await??;
                copy.lines.extend(lines);
                after = next;
            }
            copy.lines.extend(off);
            invoices.push(copy);
        }
        // A customer without a subscription owes nothing, and may be gone.
        let lives = bought.iter().any(|bought| bought.contract.status.is_live());
        let credit = if lives { self.ask(move || stripe.credit(customer)).await?? } else { 0 };
        Ok(Look::of(bought, credit, invoices))
    }

    /// The names of everything that a customer has bought from us and that lives; the one that counts is the last.
    pub(crate) async fn living(&self, stripe: &Stripe, customer: &str) -> Result<Vec<String>, BillingError> {
        let bought = self.ask(move || stripe.bought(customer)).await??.into_iter();
        let contracts = bought.map(|bought| bought.contract);
        Ok(contracts.filter(|contract| contract.status.is_live()).map(|contract| contract.provider_id).collect())
    }

    async fn claim_look(&self, account: AccountId, token: Uuid) -> Result<Option<Asked>, StoreError> {
        let now = self.world.now();
        // A lease of the far future is one of a clock that has been set back since.
        self.world
            .database
            .orm()
            .one(sql(
                "update shared.subscription set look_token = $2, look_until = $3 where account_id = $1 \
                 and (look_until is null or look_until < $4 or look_until > $5) returning customer",
                [
                    account.uuid().into(),
                    token.into(),
                    (now + LEASE).into(),
                    now.into(),
                    (now + LEASE + TimeDelta::seconds(5)).into(),
                ],
            ))
            .await
    }

    /// Keeps others waiting while there is more to ask. False for who was overtaken all the same; a look finds that out at its end.
    pub(crate) async fn go_on_looking(&self, account: AccountId, token: Uuid) -> Result<bool, StoreError> {
        self.world
            .database
            .orm()
            .run(sql(
                "update shared.subscription set look_until = $3 where account_id = $1 and look_token = $2",
                [account.uuid().into(), token.into(), (self.world.now() + LEASE).into()],
            ))
            .await
            .map(|kept| kept > 0)
    }

    /// Lets others ask.
    pub(crate) async fn end_look(&self, account: AccountId, token: Uuid) -> Result<(), StoreError> {
        self.world
            .database
            .orm()
            .run(sql(
                "update shared.subscription set look_token = null, look_until = null where account_id = $1 and look_token = $2",
                [account.uuid().into(), token.into()],
            ))
            .await
            .map(drop)
    }

    async fn take_over(
        &self,
        account: AccountId,
        (token, began): (Uuid, Timestamp),
        look: Look,
        events: &[String],
    ) -> Result<Option<bool>, BillingError> {
        let now = self.world.now();
        if look.living > 1 {
            tracing::error!(%account, living = look.living, "a company has more than one living subscription");
        }
        let tx = self.world.database.begin("".into()).await?;
        let before = subscription::lock(&tx, account, now).await?;
        if !still_ours(&tx, account, token, (began, now)).await? {
            return Ok(None);
        }
        let was = (before.state, before.plan.clone(), before.live().map(|contract| contract.terms));
        let credit_minor = look.credit_minor;
        let (told, discounts) = look.bought.map(|bought| (bought.contract, bought.discounts)).unzip();
        let discounts = discounts.unwrap_or_default();
        let contract = before.holding(told);
        let after = before.seen(contract, now).settled(now);
        let there = after.contract.as_ref().is_some_and(|contract| contract.provider == Provider::Stripe);
        // What nobody charges for has books of our own.
        let after = if there { Subscription { credit_minor, discounts, ..after } } else { after };
        let is = (after.state, after.plan.clone(), after.live().map(|contract| contract.terms));
        subscription::save(&tx, &after, now).await?;
        self.tell_of(&tx, was.0, &after).await?;
        for copy in look.invoices {
            invoice::keep(&tx, &self.world.chance, account, copy, now).await?;
        }
        done(&tx, events, now).await?;
        failpoint::pass("event-applied");
        tx.commit().await?;
        self.world.directory.forget(account);
        Ok(Some(was != is))
    }

    async fn pending_of(&self, customer: &str) -> Result<Vec<String>, StoreError> {
        let rows: Vec<Name> = self
            .world
            .database
            .orm()
            .all(sql("select id from shared.stripe_event where customer = $1 and state = 'pending'", [customer.into()]))
            .await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }

    /// Tries the same again later, each time after a longer wait.
    pub(crate) async fn postpone(&self, events: &[String], why: &str) -> Result<(), StoreError> {
        let why: String = why.chars().take(500).collect();
        self.world
            .database
            .orm()
            .run(sql(
                "update shared.stripe_event set attempts = attempts + 1, note = $3, \
                   try_at = $2::timestamptz + least(interval '15 minutes', interval '1 second' * power(2, least(attempts, 12))) \
                 where id = any($1) and state = 'pending'",
                [events.to_vec().into(), self.world.now().into(), why.into()],
            ))
            .await
            .map(drop)
    }

    /// Looks at companies of which nothing was heard for a day, and at all of them when something was heard that named nobody. Says whose
    /// entitlements have changed.
    pub async fn look_afresh(&self) -> Result<Vec<AccountId>, StoreError> {
        let Some(stripe) = self.gateway.stripe() else { return Ok(Vec::new()) };
        let rows: Vec<Whose> = self
            .world
            .database
            .orm()
            .all(sql(
                "select s.account_id from shared.subscription s join shared.account a on a.id = s.account_id \
                 where s.customer is not null and a.status not in ('deleting', 'deleted') \
                 and (s.seen_at is null or s.seen_at < $1 or s.look_wanted_at is not null) and (s.look_until is null or s.look_until < $2) \
                 order by s.seen_at nulls first limit 100",
                [(self.world.now() - AFRESH).into(), self.world.now().into()],
            ))
            .await?;
        let mut changed = Vec::new();
        for row in rows {
            let account = AccountId::from_uuid(row.account_id);
            match self.look_at(stripe, account).await {
                Ok(Some(true)) => changed.push(account),
                Ok(_) => {}
                // No use in asking for the next one.
                Err(BillingError::Gateway(GatewayError::Away(why))) => {
                    tracing::warn!(why, "the payment provider is away");
                    break;
                }
                Err(error) => drop(Err::<(), _>(error).or_log("looking at a subscription")),
            }
        }
        Ok(changed)
    }
}

/// Whoever wished for a look since it began has another one. Usage that was held before it sets out again: a change of prices is seen. What
/// lies in the far future was written by a clock that has been set back since.
async fn still_ours(
    tx: &Tx,
    account: AccountId,
    token: Uuid,
    (began, now): (Timestamp, Timestamp),
) -> Result<bool, StoreError> {
    let cleared = tx
        .run(sql(
            "update shared.subscription set look_token = null, look_until = null, \
               look_wanted_at = case when look_wanted_at > $3 and look_wanted_at <= $4 then look_wanted_at end, \
               usage_held_at = case when usage_held_at > $3 and usage_held_at <= $4 then usage_held_at end \
             where account_id = $1 and look_token = $2",
            [account.uuid().into(), token.into(), began.into(), (now + LEASE).into()],
        ))
        .await?;
    Ok(cleared > 0)
}

async fn done(tx: &Tx, events: &[String], now: Timestamp) -> Result<(), StoreError> {
    tx.run(sql(
        "update shared.stripe_event set state = 'done', done_at = $2, note = null where id = any($1) and state = 'pending'",
        [events.to_vec().into(), now.into()],
    ))
    .await
    .map(drop)
}
