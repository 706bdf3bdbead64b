//! Holding usage back while the prices of a company change. What had been told is invoiced with the change, at the old prices; what is
//! told afterwards for an instant before it would be on no invoice at all. So nothing sets out until the change has been seen.

use std::time::Duration;

use chrono::TimeDelta;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::AccountId;

use crate::service::Billing;

/// How long usage waits at most, should nobody let it go.
const HELD: TimeDelta = TimeDelta::seconds(60);
/// How often somebody on a page looks whether all that has set out has arrived, and the wait between.
const LOOKS: u32 = 30;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

#[derive(FromQueryResult)]
struct OnItsWay {
    batches: i64,
}

impl Billing {
    /// Keeps a company's usage from setting out, and waits until what has set out has arrived, for as long as a page can wait.
    pub(crate) async fn hold_usage(&self, account: AccountId) -> Result<(), StoreError> {
        let orm = self.world.database.orm();
        let now = self.world.now();
        orm.run(sql(
            "update shared.subscription set usage_held_until = $2 where account_id = $1",
            [account.uuid().into(), (now + HELD).into()],
        ))
        .await?;
        for _ in 0..LOOKS {
            let on_its_way: Option<OnItsWay> = orm
                .one(sql(
                    // A claim of the far future is one of a clock that has been set back since.
                    "select count(*) as batches from shared.meter_batch where account_id = $1 and state = 'sent' \
                     and claim_until >= $2 and claim_until <= $3",
                    [account.uuid().into(), now.into(), (now + HELD + HELD).into()],
                ))
                .await?;
            if on_its_way.is_none_or(|found| found.batches == 0) {
                return Ok(());
            }
            self.world.clock.pause(BETWEEN_LOOKS).await;
        }
        // Whoever has claimed it has died, and sends nothing any more.
        Ok(())
    }

    /// Lets a company's usage set out again.
    pub(crate) async fn let_usage_go(&self, account: AccountId) -> Result<(), StoreError> {
        self.world
            .database
            .orm()
            .run(sql(
                "update shared.subscription set usage_held_until = null where account_id = $1",
                [account.uuid().into()],
            ))
            .await
            .map(drop)
    }
}
