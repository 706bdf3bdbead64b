//! Holding usage back while the prices of a company change. What had been told is invoiced with the change, at the old prices; what is
//! told afterwards for an instant before it would be on no invoice at all. So nothing sets out until the change has been seen, however
//! long that takes: whoever asked for it may have died when it was done.

use std::time::Duration;

use chrono::TimeDelta;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::AccountId;
use uuid::Uuid;

use crate::gateway::GatewayError;
use crate::service::{Billing, BillingError};

/// So long after it has set out a batch has arrived or will not: it is sent once, and six seconds are waited for the answer.
const ARRIVED_WITHIN: TimeDelta = TimeDelta::seconds(8);
/// How often somebody on a page looks whether all that has set out has arrived, and the wait between: as long as that takes at most.
const LOOKS: u32 = 85;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

#[derive(FromQueryResult)]
struct Found {
    found: i64,
}

impl Billing {
    /// Keeps a company's usage from setting out, for whoever has the turn to ask about it, and waits until what has set out has arrived. A
    /// look is wanted from now on: it ends this, also when nobody else does.
    pub(crate) async fn hold_usage(&self, account: AccountId, token: Uuid) -> Result<(), BillingError> {
        let orm = self.world.database.orm();
        let held = orm
            .run(sql(
                // What is held already is a change of before, which nobody has seen.
                "update shared.subscription set usage_held_at = $3, look_wanted_at = $3 \
                 where account_id = $1 and look_token = $2 and usage_held_at is null",
                [account.uuid().into(), token.into(), self.world.now().into()],
            ))
            .await?;
        if held == 0 {
            return Err(GatewayError::Away("another change of this company's prices is not seen yet".into()).into());
        }
        for _ in 0..LOOKS {
            let now = self.world.now();
            let on_its_way: Option<Found> = orm
                .one(sql(
                    // Also what has failed: it may arrive after its answer was given up. What lies in the far future was tried by a clock
                    // that has been set back since.
                    "select count(*) as found from shared.meter_batch where account_id = $1 and state = 'sent' \
                     and last_try_at >= $2 and last_try_at <= $3",
                    [account.uuid().into(), (now - ARRIVED_WITHIN).into(), (now + ARRIVED_WITHIN).into()],
                ))
                .await?;
            if on_its_way.is_none_or(|rows| rows.found == 0) {
                return Ok(());
            }
            self.world.clock.pause(BETWEEN_LOOKS).await;
        }
        self.let_usage_go(account, token).await?;
        Err(GatewayError::Away("usage of this company is still on its way to it".into()).into())
    }

    /// Whether a company's usage is held.
    pub(crate) async fn is_usage_held(&self, account: AccountId) -> Result<bool, StoreError> {
        let held: Option<Found> = self
            .world
            .database
            .orm()
            .one(sql(
                "select count(*) as found from shared.subscription where account_id = $1 and usage_held_at is not null",
                [account.uuid().into()],
            ))
            .await?;
        Ok(held.is_some_and(|rows| rows.found > 0))
    }

    /// Holds it on, and wants another look: a change has been made, and nobody has seen it.
    pub(crate) async fn hold_usage_on(&self, account: AccountId) -> Result<(), StoreError> {
        self.world
            .database
            .orm()
            .run(sql(
                "update shared.subscription set usage_held_at = $2, look_wanted_at = $2 where account_id = $1",
                [account.uuid().into(), self.world.now().into()],
            ))
            .await
            .map(drop)
    }

    /// Lets a company's usage set out again, and others ask: nothing was changed. Who has lost the turn leaves it to the next look.
    pub(crate) async fn let_usage_go(&self, account: AccountId, token: Uuid) -> Result<(), StoreError> {
        self.world
            .database
            .orm()
            .run(sql(
                "update shared.subscription set usage_held_at = null, look_token = null, look_until = null \
                 where account_id = $1 and look_token = $2",
                [account.uuid().into(), token.into()],
            ))
            .await
            .map(drop)
    }
}
