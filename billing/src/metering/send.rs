//! Sending batches. Any number of processes may: rows are claimed, and who was overtaken notes nothing. A batch whose fate is
//! unknown is sent again under the same name while the provider knows it, and afterwards only when the provider's sum says that it
//! is not there. What an invoice cannot take any more is told to count for now, once it is certain that no earlier try has arrived.

use chrono::TimeDelta;
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::AccountId;
use tenant::usage::Meter;
use uuid::Uuid;

use super::compare::Standing;
use super::stamp::{Charged, charged, counted_for, is_behind};
use super::{COUNTED_WITHIN, KNOWN_FOR, TOO_OLD};
use crate::failpoint;
use crate::gateway::GatewayError;
use crate::service::Billing;
use crate::stripe::{Arrived, MeterEvent, Stripe};
use crate::subscription;

/// How many are taken at a time.
const AT_ONCE: u32 = 20;
/// How long a claim holds.
const CLAIM: TimeDelta = TimeDelta::seconds(60);
/// The longest wait between two tries.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(10);

/// What a round of sending has come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Accepted.
    pub accepted: usize,
    /// To be tried again.
    pub left: usize,
}

#[derive(Debug, Clone, FromQueryResult)]
struct Claimed {
    account_id: Uuid,
    meter: String,
    kind: String,
    quantity: i64,
    identifier: String,
    counted_at: Timestamp,
    attempts: i32,
    first_try_at: Option<Timestamp>,
    last_try_at: Option<Timestamp>,
    customer: Option<String>,
}

impl Billing {
    /// Sends what is due, at most a handful, at the common pace.
    pub async fn send_due(&self) -> Result<Sent, StoreError> {
        let Some(stripe) = self.gateway.stripe() else { return Ok(Sent::default()) };
        let token = self.world.chance.uuid(self.world.now());
        let claimed = self.claim(token).await?;
        failpoint::pass("meter-claimed");
        let mut done = Sent::default();
        if claimed.is_empty() {
            return Ok(done);
        }
        let mut gone = false;
        for batch in claimed {
            // The rest is left to the next round, at once: nobody answers.
            let outcome = if gone {
                Err(GatewayError::Away("not tried".into()))
            } else {
                self.forward(stripe, &batch, token).await?
            };
            match outcome {
                Ok(()) => {
                    failpoint::pass("meter-sent");
                    self.note_accepted(&batch, token).await?;
                    failpoint::pass("meter-noted");
                    done.accepted += 1;
                }
                Err(error) => {
                    gone |= matches!(error, GatewayError::Away(_));
                    self.note_failed(&batch, token, &error).await?;
                    done.left += 1;
                }
            }
        }
        Ok(done)
    }

    async fn claim(&self, token: Uuid) -> Result<Vec<Claimed>, StoreError> {
        let now = self.world.now();
        self.world
            .database
            .orm()
            .all(sql(
                "update shared.meter_batch b set state = 'sent', claim_token = $1, claim_until = $2, attempts = b.attempts + 1 \
                   from shared.subscription s \
                 where s.account_id = b.account_id and (b.account_id, b.meter, b.hour, b.revision) in ( \
                   select account_id, meter, hour, revision from shared.meter_batch \
                   where state in ('pending', 'sent') and (try_at <= $3 or try_at > $6) and (claim_until is null or claim_until < $3 or claim_until > $5) \
                   order by counted_at limit $4 for update skip locked) \
                 returning b.account_id, b.meter, b.kind, b.quantity, b.identifier, b.counted_at, b.attempts, b.first_try_at, \
                   b.last_try_at, s.customer",
                [
                    token.into(),
                    (now + CLAIM).into(),
                    now.into(),
                    i64::from(AT_ONCE).into(),
                    (now + CLAIM + CLAIM).into(),
                    // Later than anybody waits: the clock has been set back since.
                    (now + LONGEST_WAIT + CLAIM).into(),
                ],
            ))
            .await
    }

    /// `Ok(Ok)` when the provider has it, by this try or an earlier one.
    async fn forward(
        &self,
        stripe: &Stripe,
        batch: &Claimed,
        token: Uuid,
    ) -> Result<Result<(), GatewayError>, StoreError> {
        let now = self.world.now();
        let Some(customer) = batch.customer.clone() else {
            return Ok(Err(GatewayError::Refused("a company without a customer".into())));
        };
        let Some(meter) = Meter::parse(&batch.meter) else {
            return Ok(Err(GatewayError::Refused("an unknown meter".into())));
        };
        if batch.counted_at < now - TOO_OLD {
            self.stop(batch).await?;
            return Ok(Err(GatewayError::Refused("too old".into())));
        }
        let subscription = match subscription::find(&self.world, AccountId::from_uuid(batch.account_id), "").await {
            Ok(subscription) => subscription,
            // One company's row that nobody can read keeps nobody else waiting.
            Err(error @ StoreError::Inconsistent { .. }) => return Ok(Err(GatewayError::Refused(error.to_string()))),
            Err(error) => return Err(error),
        };
        let charged = charged(batch.counted_at, &subscription, now);
        if charged == Charged::Now && is_behind(&subscription, now) {
            return Ok(Err(GatewayError::Refused("the clock is behind the last change of prices".into())));
        }
        // A repair makes sums agree, also where nothing is charged any more.
        let is_lost = charged == Charged::Nowhere && batch.kind == "usage";
        let anew = match batch.first_try_at {
            None => true,
            Some(at) if now - at < KNOWN_FOR && charged != Charged::Now && !is_lost => false,
            // What was tried last may be there already, and not in the sums yet.
            Some(at) if (now - batch.last_try_at.unwrap_or(at)).abs() < COUNTED_WITHIN => {
                return Ok(Err(GatewayError::Refused("whether an earlier try has arrived is not known yet".into())));
            }
            Some(_) => match self.is_there(stripe, batch, meter, &customer).await? {
                Ok(true) => return Ok(Ok(())),
                Ok(false) => true,
                Err(error) => return Ok(Err(error)),
            },
        };
        if is_lost {
            self.stop(batch).await?;
            return Ok(Err(GatewayError::Refused("the last invoice is final".into())));
        }
        self.take_turn().await?;
        let now = self.world.now();
        let counted_at = if anew { counted_for(batch.counted_at, &subscription, now) } else { batch.counted_at };
        if !self.begin(batch, token, (counted_at, anew), subscription.turned_at).await? {
            return Ok(Err(GatewayError::Refused("somebody else sends it, or prices are being changed".into())));
        }
        let event =
            MeterEvent { meter, customer, quantity: batch.quantity, identifier: batch.identifier.clone(), counted_at };
        Ok(match stripe.send(&event).await {
            Ok(Arrived::Now | Arrived::Before) => Ok(()),
            Err(error) => Err(error),
        })
    }

    /// Whether an old try has arrived, by the provider's sum of the hour it counts for.
    async fn is_there(
        &self,
        stripe: &Stripe,
        batch: &Claimed,
        meter: Meter,
        customer: &str,
    ) -> Result<Result<bool, GatewayError>, StoreError> {
        let account = AccountId::from_uuid(batch.account_id);
        let standing = match self.standing(stripe, account, meter, customer, batch.counted_at).await? {
            Ok(standing) => standing,
            Err(error) => return Ok(Err(error)),
        };
        let Standing { expected, theirs } = standing;
        // Neither there nor not there: the comparison of all hours will find what differs, and mend it.
        Ok(Ok(theirs != expected))
    }

    /// From now on it may be there, for this instant. False when somebody else has taken it over meanwhile, while usage is held, and when
    /// prices have been changed since this was decided.
    async fn begin(
        &self,
        batch: &Claimed,
        token: Uuid,
        (counted_at, anew): (Timestamp, bool),
        turned_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let now = self.world.now();
        let first = batch.first_try_at.filter(|_| !anew).unwrap_or(now);
        let ours = self
            .world
            .database
            .orm()
            .run(sql(
                // Whoever begins to hold usage waits for this one, and finds it on its way.
                "update shared.meter_batch b set counted_at = $3, first_try_at = $4, last_try_at = $5 \
                 where b.identifier = $1 and b.claim_token = $2 and b.state = 'sent' and exists ( \
                   select 1 from shared.subscription s where s.account_id = b.account_id \
                   and s.usage_held_at is null and s.turned_at is not distinct from $6::timestamptz for share)",
                [
                    batch.identifier.clone().into(),
                    token.into(),
                    counted_at.into(),
                    first.into(),
                    now.into(),
                    turned_at.into(),
                ],
            ))
            .await?;
        Ok(ours > 0)
    }

    async fn stop(&self, batch: &Claimed) -> Result<(), StoreError> {
        tracing::error!(
            batch = batch.identifier,
            quantity = batch.quantity,
            "usage is too late to be charged: somebody has to see to it"
        );
        self.world
            .database
            .orm()
            .run(sql(
                "update shared.meter_batch set state = 'stopped', claim_token = null, claim_until = null where identifier = $1",
                [batch.identifier.clone().into()],
            ))
            .await
            .map(drop)
    }

    async fn note_accepted(&self, batch: &Claimed, token: Uuid) -> Result<(), StoreError> {
        self.world
            .database
            .orm()
            .run(sql(
                "update shared.meter_batch set state = 'accepted', accepted_at = $3, claim_token = null, claim_until = null, \
                   last_error = null where identifier = $1 and claim_token = $2 and state = 'sent'",
                [batch.identifier.clone().into(), token.into(), self.world.now().into()],
            ))
            .await
            .map(drop)
    }

    async fn note_failed(&self, batch: &Claimed, token: Uuid, error: &GatewayError) -> Result<(), StoreError> {
        tracing::warn!(batch = batch.identifier, attempts = batch.attempts, %error, "usage was not taken and will be sent again");
        let wait = TimeDelta::seconds(1_i64 << batch.attempts.clamp(0, 10)).min(LONGEST_WAIT);
        let why: String = error.to_string().chars().take(500).collect();
        self.world
            .database
            .orm()
            .run(sql(
                "update shared.meter_batch set try_at = $3, last_error = $4, claim_token = null, claim_until = null \
                 where identifier = $1 and claim_token = $2 and state = 'sent'",
                [batch.identifier.clone().into(), token.into(), (self.world.now() + wait).into(), why.into()],
            ))
            .await
            .map(drop)
    }
}
