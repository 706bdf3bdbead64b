//! One pace for every request to the provider that nobody on a page has asked for: of all loops, of all processes.
//!
//! What must be absent: a request of such work without a turn. What is asked again is a request of its own.

use std::time::Duration;

use chrono::TimeDelta;
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;

use crate::gateway::GatewayError;
use crate::service::Billing;

/// The pace of all processes together: twenty a second, below the provider's 25.
const PACE: TimeDelta = TimeDelta::milliseconds(50);
/// How often a question is asked before it is given up for now.
const TRIES: u32 = 3;
/// The wait before it is asked again.
const AGAIN_AFTER: Duration = Duration::from_millis(300);

#[derive(FromQueryResult)]
struct Slot {
    begins_at: Timestamp,
}

impl Billing {
    /// Waits for a place in the common pace of all processes.
    pub(crate) async fn take_turn(&self) -> Result<(), StoreError> {
        let now = self.world.now();
        let slot: Option<Slot> = self
            .world
            .database
            .orm()
            .one(sql(
                // A place in the far future is one of a clock that has been set back since.
                "insert into shared.billing_pace as p (provider, next_at) values ('stripe', $1::timestamptz + $2::bigint * interval '1 millisecond') \
                 on conflict (provider) do update set next_at = case when p.next_at < $1 or p.next_at > $1 + interval '30 seconds' \
                   then $1 else p.next_at end + $2::bigint * interval '1 millisecond' \
                 returning next_at - $2::bigint * interval '1 millisecond' as begins_at",
                [now.into(), PACE.num_milliseconds().into()],
            ))
            .await?;
        let begins_at = slot.map_or(now, |slot| slot.begins_at);
        let wait = (begins_at - now).to_std().unwrap_or_default().min(Duration::from_secs(30));
        self.world.clock.pause(wait).await;
        Ok(())
    }

    /// Asks in a turn, and again in another one when nobody answers. Only for what may be asked twice.
    pub(crate) async fn ask<T, F, Asking>(&self, question: F) -> Result<Result<T, GatewayError>, StoreError>
    where
        T: Send,
        F: Fn() -> Asking + Send + Sync,
        Asking: Future<Output = Result<T, GatewayError>> + Send,
    {
        let mut tried = 1;
        loop {
            self.take_turn().await?;
            match question().await {
                Err(GatewayError::Away(_)) if tried < TRIES => {
                    self.world.clock.pause(AGAIN_AFTER * tried).await;
                    tried += 1;
                }
                answer => return Ok(answer),
            }
        }
    }
}
